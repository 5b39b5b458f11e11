"""Days, months and ends of day against slow references that walk the calendar one day at a time."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.rules.calendar_source import FIRST_YEAR, LAST_YEAR, bank_holidays
from ledger.rules.dates import (
    LONDON,
    Calendar,
    CalendarMissing,
    add_months,
    chronological,
    end_of_day,
    exists_in_london,
    london_day,
    next_midnight,
    printed,
)

HOLIDAYS = bank_holidays()
CALENDAR = Calendar(HOLIDAYS, FIRST_YEAR, LAST_YEAR)
DAYS = st.dates(date(FIRST_YEAR - 1, 12, 31), date(LAST_YEAR - 1, 12, 31))


def walked(day, n, holidays):
    """The nth working day, looked for one day at a time."""
    while n:
        day += timedelta(days=1)
        if day.weekday() < 5 and day not in holidays:
            n -= 1
    return day


@given(DAYS, st.integers(0, 60), st.sets(st.dates(date(2012, 1, 1), date(2030, 12, 31)), max_size=20))
def test_a_due_day_is_where_a_walk_over_the_calendar_ends(day, n, more):
    holidays = {**HOLIDAYS, **dict.fromkeys(more, "set")}
    assert Calendar(holidays, FIRST_YEAR, LAST_YEAR).add_working_days(day, n) == walked(day, n, holidays)


@given(DAYS, st.integers(0, 60))
def test_the_days_listed_are_the_working_days_up_to_the_due_day(day, n):
    listed = CALENDAR.working_days_after(day, n)
    assert len(listed) == n
    assert all(CALENDAR.is_working_day(each) for each in listed)
    assert CALENDAR.working_days_between(day, CALENDAR.add_working_days(day, n)) == n


@given(DAYS, DAYS)
def test_working_days_between_two_days_are_counted_one_by_one(after, until):
    span = (after + timedelta(days=n) for n in range(1, (until - after).days + 1))
    assert CALENDAR.working_days_between(after, until) == sum(d.weekday() < 5 and d not in HOLIDAYS for d in span)


@pytest.mark.parametrize(
    "issued,due",
    [
        (date(2025, 4, 17), date(2025, 4, 28)),
        (date(2026, 4, 2), date(2026, 4, 13)),
        (date(2025, 12, 23), date(2026, 1, 2)),
        (date(2026, 12, 24), date(2027, 1, 5)),
        (date(2025, 6, 14), date(2025, 6, 20)),
    ],
)
def test_five_working_days_after_a_letter(issued, due):
    assert CALENDAR.add_working_days(issued, 5) == due


@pytest.mark.parametrize("day", [date(LAST_YEAR, 12, 30), date(LAST_YEAR + 1, 1, 1), date(FIRST_YEAR - 1, 12, 30)])
def test_nothing_is_guessed_beyond_the_years_loaded(day):
    with pytest.raises(CalendarMissing, match=r"No bank holidays are loaded for \d{4}\."):
        CALENDAR.add_working_days(day, 5)


def test_a_calendar_of_no_release_knows_no_day():
    with pytest.raises(CalendarMissing):
        Calendar({}, 1, 0).add_working_days(date(2025, 1, 6), 1)


def naive_months(day, n):
    """n months later: the same day of the month, else step back to the last day there is."""
    year, month, number = day.year + (day.month - 1 + n) // 12, (day.month - 1 + n) % 12 + 1, day.day
    while True:
        try:
            return date(year, month, number)
        except ValueError:
            number -= 1


@given(st.dates(date(1990, 1, 1), date(2080, 12, 31)), st.integers(0, 60))
def test_months_end_on_the_corresponding_or_the_last_day(day, n):
    assert add_months(day, n) == naive_months(day, n)


@pytest.mark.parametrize("n,end", [(6, date(2026, 2, 28)), (9, date(2026, 5, 31)), (12, date(2026, 8, 31))])
def test_months_from_the_last_of_august_are_never_chained(n, end):
    assert add_months(date(2025, 8, 31), n) == end


@given(st.dates(date(2000, 1, 1), date(2037, 12, 30)))
def test_a_day_ends_one_microsecond_before_the_next_begins(day):
    assert london_day(end_of_day(day)) == day
    assert london_day(next_midnight(day)) == day + timedelta(days=1)
    assert next_midnight(day) - end_of_day(day) == timedelta(microseconds=1)


def test_the_day_of_an_instant_is_londons():
    assert london_day(datetime(2025, 7, 1, 23, 30, tzinfo=UTC)) == date(2025, 7, 2)
    assert london_day(datetime(2025, 1, 1, 23, 30, tzinfo=UTC)) == date(2025, 1, 1)


def test_an_hour_of_spring_does_not_exist():
    assert not exists_in_london(datetime(2025, 3, 30, 1, 30, tzinfo=LONDON))
    assert exists_in_london(datetime(2025, 10, 26, 1, 30, tzinfo=LONDON))


def test_a_day_comes_before_the_instants_of_its_day():
    day, first, second = date(2025, 7, 1), datetime(2025, 6, 30, 23, 0, tzinfo=UTC), datetime(2025, 7, 1, tzinfo=UTC)
    assert sorted([second, first, day], key=chronological) == [day, first, second]


def test_messages_print_days_as_people_write_them():
    assert printed(date(2025, 4, 8)) == "8 Apr 2025"
