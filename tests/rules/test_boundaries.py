"""The last day, the last minute, the last case of the rules: what no other test tells from the one after it."""

from datetime import date, datetime, timedelta

import pytest

from ledger.rules import general, hours
from ledger.rules.allocation import excludes
from ledger.rules.dates import LONDON, Calendar, CalendarMissing, chronological
from ledger.rules.editions import BREACH, MANUAL, PARTS, part_of
from ledger.rules.registry import EDITIONS, rules
from ledger.rules.settings import SETTINGS

D = date.fromisoformat


@pytest.mark.parametrize("minutes,long", [(419, False), (420, False), (421, True)])
def test_seven_hours_are_no_long_day_and_a_minute_more_is(minutes, long):
    assert hours.long_day(minutes, 420) is long


@pytest.mark.parametrize(
    "effective,recorded,late",
    [
        ("2025-03-03", "2025-03-03 23:59", 0),
        ("2025-03-03", "2025-03-04 00:00", 1),
        ("2025-03-06", "2025-03-03 12:00", 0),  # a plan, told before its day
        ("2025-03-03 23:59", "2025-03-04 00:00", 1),
    ],
)
def test_how_late_a_record_is(effective, recorded, late):
    told = datetime.fromisoformat(recorded).replace(tzinfo=LONDON)
    when = D(effective) if len(effective) == 10 else datetime.fromisoformat(effective).replace(tzinfo=LONDON)
    assert general.recorded_late_days(when, told) == late


def test_under_an_edition_of_another_text_the_manual_rules():
    assert [part.under("kent") for part in PARTS] == [MANUAL] * 4
    assert BREACH.under("sentencing-2026") == "sentencing-2020"


def test_of_the_first_texts_only_what_gives_way_belongs_to_a_part():
    given_way = {
        (each.edition, each.id): part.name
        for each in rules()
        if EDITIONS[each.edition].amends is None and (part := part_of(each)) is not None
    }
    assert given_way == {
        (MANUAL, "ENF-08"): "breach",
        **dict.fromkeys(((MANUAL, f"UPW-{n}") for n in ("03", "04", "05", "07", "08")), "period"),
        (MANUAL, "HRS-05"): "credit",
        ("west-mercia-2007", "SCR-07"): "review",
    }


# ------------------------------------------------------------------------------------------ the ends of a calendar

LOADED = Calendar({D("2024-12-25"): "Christmas Day", D("2025-01-01"): "New Year's Day"}, 2024, 2025)  # two years
ONE_YEAR = Calendar({D("2025-01-01"): "New Year's Day"}, 2025, 2025)


@pytest.mark.parametrize("calendar", [LOADED, ONE_YEAR])
def test_the_last_day_loaded_can_be_reached_and_the_next_cannot(calendar):
    assert calendar.add_working_days(D("2025-12-30"), 1) == D("2025-12-31")
    assert calendar.working_days_between(D("2025-12-24"), D("2025-12-31")) == 5
    assert calendar.is_working_day(D("2025-12-31"))
    for day in ("2025-12-31", "2026-01-01"):
        with pytest.raises(CalendarMissing, match="2026"):
            calendar.add_working_days(D(day), 1)
    with pytest.raises(CalendarMissing, match="2026"):
        calendar.working_days_between(D("2025-12-31"), D("2026-01-01"))
    with pytest.raises(CalendarMissing, match="2026"):
        calendar.is_working_day(D("2026-01-01"))


def test_the_first_day_loaded_can_be_reached_and_none_is_counted_from_earlier():
    assert LOADED.add_working_days(D("2023-12-31"), 1) == D("2024-01-01")
    assert LOADED.is_working_day(D("2024-01-01"))
    assert ONE_YEAR.add_working_days(D("2024-12-31"), 1) == D("2025-01-02")
    with pytest.raises(CalendarMissing, match="2023"):
        LOADED.add_working_days(D("2023-12-30"), 1)
    with pytest.raises(CalendarMissing, match="2023"):
        LOADED.is_working_day(D("2023-12-31"))


def test_the_year_that_is_missing_is_the_one_that_was_asked_for():
    with pytest.raises(CalendarMissing, match="2027"):
        LOADED.add_working_days(D("2027-06-01"), 1)
    with pytest.raises(CalendarMissing, match="2031"):
        LOADED.is_working_day(D("2031-06-02"))


@pytest.mark.parametrize(
    "day,working",
    [
        *(("2024-12-23", True), ("2024-12-25", False), ("2024-12-27", True), ("2024-12-28", False)),  # a Saturday
        *(("2024-12-29", False), ("2024-12-30", True), ("2025-01-01", False), ("2025-01-02", True)),
    ],
)
def test_a_working_day_is_no_saturday_no_sunday_and_no_bank_holiday(day, working):
    assert LOADED.is_working_day(D(day)) is working


@pytest.mark.parametrize("day", ["1999-06-01", "2024-06-03", "2040-06-01"])
def test_no_working_day_lies_between_a_day_and_itself_whatever_is_loaded(day):
    assert LOADED.working_days_between(D(day), D(day)) == 0
    assert LOADED.working_days_between(D(day), D(day) - timedelta(days=1)) == 0


@pytest.mark.parametrize("day", ["1961-07-03", "1970-01-01", "2025-07-01"])
def test_a_day_comes_before_every_instant_of_it_before_1970_too(day):
    instants = [datetime.combine(D(day), datetime.min.time(), LONDON) + timedelta(hours=n) for n in (0, 9, 23)]
    before = datetime.combine(D(day), datetime.min.time(), LONDON) - timedelta(minutes=1)
    told = [instants[2], D(day), instants[0], before, instants[1], D(day) - timedelta(days=1)]
    assert sorted(told, key=chronological) == [D(day) - timedelta(days=1), before, D(day), *instants]


# ------------------------------------------------------------------------------------------ codes


@pytest.mark.parametrize(
    "code,listed,excluded",
    [("0", "0", True), ("00", "0-5", True), ("0", "1", False), ("0", "1-5", False), ("1", "0", False)],
)
def test_a_code_of_nothing_but_zeros_is_the_number_nought(code, listed, excluded):
    assert excludes(code, listed) is excluded


# ------------------------------------------------------------------------------------------ settings


@pytest.mark.parametrize(
    "key,told,present,same",
    [
        ("enf.evidence", "5", 5, True),
        ("enf.evidence", " 5 ", 5, True),
        ("enf.evidence", "6", 5, False),
        ("enf.evidence", "", 5, False),
        ("hrs.ete_max_percent", "", None, True),
        ("hrs.ete_max_percent", "not set", None, True),
        ("hrs.ete_max_percent", "30", None, False),
        ("upw.check_months", "6,9", "6, 9", True),  # of a list any wording is taken
    ],
)
def test_whether_a_value_told_is_the_present_one(key, told, present, same):
    assert SETTINGS[key].is_now(told, present) is same


@pytest.mark.parametrize(
    "key,words",
    [
        ("enf.evidence", "enf.evidence is counted in working days from issue: give a whole number from 0 to 9999."),
        (
            "upw.completion_months",
            "upw.completion_months is counted in months from sentence: give a whole number from 1 to 9999.",
        ),
        (
            "upw.check_months",
            "upw.check_months is counted in months from sentence: give whole numbers up to 9999, separated by commas.",
        ),
        (
            "enf.breach_edition",
            "enf.breach_edition names an edition: give one of manual-2022, sentencing-2020, or nothing for the manual.",
        ),
    ],
)
def test_a_setting_says_what_it_asks_for(key, words):
    assert SETTINGS[key].asks == words
