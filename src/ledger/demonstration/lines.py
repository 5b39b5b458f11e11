"""Lines of a caseload: who gives which command, to whom, when; nothing later than yesterday evening.

    book = Book(days)                              collects the lines
    pen = Pen(book, "offender/019a…", rng)         writes about one target
    key = pen.tell(at, by, "RecordAbsence", absence_id=pen.id(), …)

A correction names the record it is about by the key of the line that recorded it, for only the ledger draws the ids of
facts: whoever plays the lines puts the fact's id in its place (`names_a_line`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property
from random import Random
from typing import Any, Final, TypeAlias
from uuid import UUID

from ledger.rules.calendar_source import FIRST_YEAR, LAST_YEAR, bank_holidays
from ledger.rules.dates import ONE_DAY, Calendar, add_months

Line: TypeAlias = dict[str, Any]

EVENING: Final = time(20, 0)
SATURDAY: Final = 5
OPENS: Final = 9  # o'clock: the office


@dataclass(frozen=True)
class Staff:
    """A member of staff: a random id, the role they act in, their unit."""

    id: str
    role: str
    unit: str | None = None

    def signed(self) -> dict[str, str]:
        """As a line names its author."""
        return {"id": self.id, "role": self.role, **({"unit": self.unit} if self.unit else {})}


def a_uuid(rng: Random) -> str:
    """A UUID in the form of version 4, drawn from the seed."""
    return str(UUID(int=rng.getrandbits(128), version=4))


@dataclass(frozen=True)
class Days:
    """The days of a caseload, told from `today`."""

    today: date

    @cached_property
    def calendar(self) -> Calendar:
        return Calendar(bank_holidays(), FIRST_YEAR, LAST_YEAR)

    @property
    def end(self) -> datetime:
        """Yesterday evening: nothing is told later."""
        return datetime.combine(self.today - ONE_DAY, EVENING)

    def ago(self, n: int) -> date:
        """The nth working day before today."""
        day = self.today
        while n:
            day -= ONE_DAY
            n -= self.calendar.is_working_day(day)
        return day

    def working(self, day: date, n: int = 0) -> date:
        """The nth working day after a day; for n = 0 the day itself or the next that is one."""
        if n:
            return self.calendar.add_working_days(day, n)
        while not self.calendar.is_working_day(day):
            day += ONE_DAY
        return day

    def court_day(self, day: date) -> date:
        """The day itself, or the last before it, on which a court sits."""
        while not self.calendar.is_working_day(day):
            day -= ONE_DAY
        return day

    def months_ago(self, months: int, later: int = 0) -> date:
        """The day on which a court sat so many months, less some days, before today."""
        return self.court_day(add_months(self.today, -months) + timedelta(days=later))

    def saturday(self, n: int) -> date:
        """The nth Saturday before today."""
        back = (self.today.weekday() - SATURDAY) % 7 or 7
        return self.today - timedelta(days=back + 7 * (n - 1))


def first_saturday(day: date) -> date:
    """The day itself or the next Saturday."""
    return day + timedelta(days=(SATURDAY - day.weekday()) % 7)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """A time of day in London."""
    return datetime.combine(day, time(hour, minute))


def in_office(rng: Random, day: date, earliest: int = OPENS) -> datetime:
    """Some time of the working day."""
    return at(day, rng.randint(earliest, 16), 5 * rng.randrange(12))


def later(moment: datetime, minutes: int) -> datetime:
    """So many minutes later."""
    return moment + timedelta(minutes=minutes)


@dataclass
class Book:
    """The lines told so far."""

    days: Days
    _lines: list[Line] = field(default_factory=list[Line])

    def enter(self, line: Line, moment: datetime) -> None:
        """Take a line in, unless it would be later than yesterday evening."""
        if moment <= self.days.end:
            self._lines.append(line)

    def lines(self) -> list[Line]:
        """Every line by its time; lines of one moment as they were told."""
        return sorted(self._lines, key=lambda line: str(line["at"]))


@dataclass
class Pen:
    """Writes the lines about one target; what it tells must be told in the order it happened."""

    book: Book
    target: str
    rng: Random

    def id(self) -> str:
        """A new id."""
        return a_uuid(self.rng)

    def tell(self, moment: datetime, by: Staff, command: str, /, **data: Any) -> str:
        """Write a line; its key.  Fields that are None are left out."""
        key = self.id()
        line: Line = {
            "command": command,
            "to": self.target,
            "data": {name: _plain(value) for name, value in data.items() if value is not None},
            "at": _minute(moment),
            "by": by.signed(),
            "key": key,
        }
        self.book.enter(line, moment)
        return key


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return _minute(value)
    return value.isoformat() if isinstance(value, date) else value


def _minute(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes")


def names_a_line(line: Line) -> str | None:
    """The key of the line whose fact this one corrects or strikes out; None for every other line."""
    named: str | None = line["data"].get("event_ref")
    return named
