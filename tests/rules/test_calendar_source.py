"""The two sources of bank holidays name the same working days wherever both speak."""

from datetime import date

from ledger.rules.calendar_source import FIRST_YEAR, LAST_YEAR, bank_holidays, computed, published


def test_both_libraries_agree_wherever_both_speak():
    listed = published()
    first, last = min(listed).year, max(listed).year
    weekdays = {day for day in listed if day.weekday() < 5}
    assert weekdays == set(computed(first, last))


def test_the_years_needed_are_loaded():
    years = {day.year for day in bank_holidays()}
    assert years == set(range(FIRST_YEAR, LAST_YEAR + 1))
    assert (FIRST_YEAR, LAST_YEAR) == (2012, 2030)
    assert years >= set(range(2023, 2029))


def test_substitutes_and_one_off_holidays_are_there():
    holidays = bank_holidays()
    assert {date(2026, 12, 28), date(2022, 9, 19), date(2023, 5, 8), date(2012, 1, 2)} <= set(holidays)
    assert all(day.weekday() < 5 for day in holidays)
    assert holidays[date(2025, 1, 1)] == "New Year's Day"
