"""What is due this week as a calendar: London days from Monday to Sunday, and before them what is overdue.

    week(counted, today, filters)

`counted`: (worklist, due day, how many), of lists with due dates.  What is still there and was due on an earlier day is
overdue, on a day of this week as well as before it; the page says so in words.  Pure; proven by tests/web/test_home.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from ledger.api.filters import Filters, week_of
from ledger.api.web.words import MONTHS

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Item:
    """So many of a list, and where they are shown."""

    name: str
    count: int
    at: str


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the week: `when` is past, today or to-come."""

    weekday: str
    says: str
    when: str
    items: list[Item] = field(default_factory=list[Item])


@dataclass(frozen=True, slots=True)
class Week:
    """`overdue`: by list, all that was due before today; `days`: seven, the first a Monday."""

    overdue: list[Item]
    days: list[Day]

    @property
    def overdue_count(self) -> int:
        return sum(each.count for each in self.overdue)

    @property
    def count(self) -> int:
        """How much is due on these seven days."""
        return sum(each.count for day in self.days for each in day.items)


def week(counted: Iterable[tuple[str, date, int]], today: date, filters: Filters) -> Week:
    """The week of a day."""
    monday, _ = week_of(today)
    days = [_day(monday + timedelta(days=number), today) for number in range(len(WEEKDAYS))]
    late: dict[str, int] = {}
    for name, due, count in counted:
        if due != date.min and due < today:
            late[name] = late.get(name, 0) + count
        if monday <= due <= monday + timedelta(days=6):
            at = filters.narrowed(due.isoformat()).at(f"/lists/{name}")
            days[(due - monday).days].items.append(Item(name, count, at))
    overdue = filters.narrowed("overdue")
    return Week([Item(name, count, overdue.at(f"/lists/{name}")) for name, count in late.items()], days)


def _day(day: date, today: date) -> Day:
    when = "today" if day == today else "past" if day < today else "to-come"
    return Day(WEEKDAYS[day.weekday()], f"{day.day} {MONTHS[day.month - 1]}", when)
