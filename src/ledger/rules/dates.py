"""Days, months and ends of day: the one place they come from (GEN-01 to GEN-04).

A `Calendar` says which days are working days; it knows only the years it was loaded with and refuses to guess beyond
them.  All days are London's.  Proven by tests/rules/test_dates.py against a slow walk over the calendar.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from ledger.rules.registry import rule, stated

LONDON: Final = ZoneInfo("Europe/London")
ONE_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5


def exists_in_london(local: datetime) -> bool:
    """False for the hour the clocks jump over in spring: it comes back changed from a trip through UTC."""
    return local.astimezone(UTC).astimezone(LONDON).replace(tzinfo=None) == local.replace(tzinfo=None)


class CalendarMissing(Exception):
    """GEN-01: no bank holidays are loaded for `year`."""

    def __init__(self, year: int) -> None:
        super().__init__(f"No bank holidays are loaded for {year}.")
        self.year = year


@dataclass(frozen=True)
class Calendar:
    """Working days: Monday to Friday except the bank holidays of England and Wales, for the years loaded.

    `label` names where it came from ("england-and-wales@release 1 + policy 3").
    """

    holidays: Mapping[date, str]
    first_year: int
    last_year: int
    label: str = "england-and-wales"
    _added: dict[tuple[date, int], date] = field(
        default_factory=dict[tuple[date, int], date], compare=False, repr=False
    )

    def is_working_day(self, day: date) -> bool:
        """Monday to Friday and no bank holiday.  CalendarMissing outside the years loaded."""
        if not self.first_year <= day.year <= self.last_year:
            raise CalendarMissing(day.year)
        return day.weekday() < _SATURDAY and day not in self.holidays

    def walk(self, day: date) -> Iterator[date]:
        """The working days after `day`, for ever."""
        while True:
            day += ONE_DAY
            if self.is_working_day(day):
                yield day

    def working_days_after(self, day: date, n: int) -> list[date]:
        """The n working days that follow `day` (day 0)."""
        return [each for each, _ in zip(self.walk(day), range(n), strict=False)]

    def add_working_days(self, day: date, n: int) -> date:
        """The nth working day after `day` (day 0); `day` itself for n = 0."""
        found = self._added.get((day, n))
        if found is None:
            found = self._added[day, n] = self.working_days_after(day, n)[-1] if n else day
        return found

    def working_days_between(self, after: date, until: date) -> int:
        """How many working days lie after `after`, up to and including `until`; 0 if it is not later."""
        span = range(1, (until - after).days + 1)
        return sum(1 for n in span if self.is_working_day(after + timedelta(days=n)))


stated(
    "GEN-01",
    "A working day is Monday to Friday except the bank holidays of England and Wales; the day of the trigger is day 0. "
    "A deadline told to someone stands on the calendar known when it was told; a holiday set later only lengthens it.",
    edition="conventions-1",
    cite="CPOM s1; WMPA 4.5",
)
stated(
    "GEN-02",
    "Days without 'working' are calendar days, and a deadline does not move off a weekend.",
    edition="conventions-1",
    cite="WMPA 3.1, 4.5",
)


@rule("GEN-03", edition="conventions-1", cite="CPOM s1; WMPA 4.6, 5.2, 8.5", anchor="day")
def add_months(day: date, n: int) -> date:
    """The corresponding day n months later, or the last day of that month when it has no such day.

    Always counted from the original anchor, never from the point before.
    """
    years, month = divmod(day.month - 1 + n, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@rule("GEN-04", edition="conventions-1", cite="CPOM s3", anchor="day")
def end_of_day(day: date) -> datetime:
    """A deadline counted in days expires with the day in London: the last microsecond before the next midnight."""
    return next_midnight(day) - timedelta(microseconds=1)


def next_midnight(day: date) -> datetime:
    """The first instant after `day` in London, as UTC."""
    return datetime.combine(day + ONE_DAY, time.min, LONDON).astimezone(UTC)


def london_day(moment: datetime) -> date:
    """The day in London of an aware instant."""
    return moment.astimezone(LONDON).date()


def day_of(when: date | datetime) -> date:
    """The London day of a day or of an instant."""
    return london_day(when) if isinstance(when, datetime) else when


def printed(day: date) -> str:
    """How messages print a day: 28 Apr 2025."""
    return f"{day.day} {day:%b %Y}"


def chronological(when: date | datetime) -> tuple[date, bool, float]:
    """A sort key: a day comes before the instants of its London day."""
    if isinstance(when, datetime):
        return london_day(when), True, when.timestamp()
    return when, False, 0.0
