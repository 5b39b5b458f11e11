"""Days, months and ends of day: the one place they come from (GEN-01 to GEN-04).

A `Calendar` says which days are working days; it knows only the years it was loaded with and refuses to guess beyond
them.  All days are London's.  Proven by tests/rules/test_dates.py against a slow walk over the calendar.
"""

from __future__ import annotations

from bisect import bisect_right
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
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


@lru_cache(maxsize=64)  # a policy read anew brings the same calendar again
def _working_days(holidays: frozenset[date], first_year: int, last_year: int) -> list[date]:
    if last_year < first_year:
        return []
    first, last = date(first_year, 1, 1).toordinal(), date(last_year, 12, 31).toordinal()
    days = (date.fromordinal(n) for n in range(first, last + 1))
    return [day for day in days if day.weekday() < _SATURDAY and day not in holidays]


@dataclass(frozen=True)
class Calendar:
    """Working days: Monday to Friday except the bank holidays of England and Wales, for the years loaded.

    `label` names where it came from ("england-and-wales@release 1 + policy 3").  Every method raises CalendarMissing
    where it would have to look beyond the years loaded.
    """

    holidays: Mapping[date, str]
    first_year: int
    last_year: int
    label: str = "england-and-wales"

    @cached_property
    def _days(self) -> list[date]:
        """Every working day of the years loaded, in order."""
        return _working_days(frozenset(self.holidays), self.first_year, self.last_year)

    def _index(self, day: date) -> int:
        """How many working days of the calendar there are up to and including `day`."""
        if not self.first_year <= (day + ONE_DAY).year <= self.last_year + 1:
            raise CalendarMissing(day.year)
        return bisect_right(self._days, day)

    def is_working_day(self, day: date) -> bool:
        """Monday to Friday and no bank holiday."""
        if not self.first_year <= day.year <= self.last_year:
            raise CalendarMissing(day.year)
        return day.weekday() < _SATURDAY and day not in self.holidays

    def working_days_after(self, day: date, n: int) -> list[date]:
        """The n working days that follow `day` (day 0)."""
        start = self._index(day)
        found = self._days[start : start + n]
        if len(found) < n:
            raise CalendarMissing(self.last_year + 1)
        return found

    def add_working_days(self, day: date, n: int) -> date:
        """The nth working day after `day` (day 0); `day` itself for n = 0."""
        return self.working_days_after(day, n)[-1] if n else day

    def working_days_between(self, after: date, until: date) -> int:
        """How many working days lie after `after`, up to and including `until`; 0 if it is not later."""
        if until <= after:
            return 0
        if until.year > self.last_year:
            raise CalendarMissing(until.year)
        return self._index(until) - self._index(after)


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
    kept="by every deadline in days: the days are added, and nothing moves the sum",
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


@lru_cache(maxsize=65_536)  # a fold asks the same of every fact again and again
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
