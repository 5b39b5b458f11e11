"""Editions: which one rules a day, what its rules say at each boundary day, and that they differ where their text does.

The months are held against a walk over the calendar, day by day; the credit for work against hours worked one by one.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.rules.editions import (
    BREACH,
    CREDIT,
    MANUAL,
    NAMES,
    PARTS,
    PERIOD,
    REVIEW,
    WEST_MERCIA,
    Failure,
    part_of,
    settings_under,
)
from ledger.rules.orders import twelve_month_point
from ledger.rules.registry import EDITIONS, label, labels, rules
from ledger.rules.sentencing_2020 import Warned, left_unsaid, must_be_referred, still_counts, warned_until
from ledger.rules.sentencing_2026 import (
    counted_with_credit,
    disqualifies,
    no_end_of_period,
    qualifying_minutes,
    reduction_minutes,
)
from ledger.rules.settings import SETTINGS

DAY = timedelta(days=1)
days = st.dates(date(2020, 1, 1), date(2030, 12, 31))


def day(text):
    return date.fromisoformat(text)


# ------------------------------------------------------------------------------------------ the twelve months


@pytest.mark.parametrize(
    "given_on,order_type,until",
    [
        ("2025-06-12", "CO", "2026-06-11"),  # twelve months beginning with the day of the warning
        ("2025-06-12", "SSO", "2026-06-12"),  # the next twelve months
        ("2024-02-29", "CO", "2025-02-27"),
        ("2024-02-29", "SSO", "2025-02-28"),
        ("2025-03-01", "CO", "2026-02-28"),
        ("2023-03-01", "CO", "2024-02-29"),
        ("2025-01-01", "CO", "2025-12-31"),
    ],
)
def test_the_last_day_of_the_months_of_a_warning(given_on, order_type, until):
    assert warned_until(day(given_on), order_type) == day(until)


def corresponding(start):
    """Walk day by day until the calendar has turned twelve times and shows the day again, or the month's last."""
    at, turned = start, 0
    while turned < 12:
        at += DAY
        turned += at.day == 1
    while at.day < start.day and (at + DAY).month == at.month:
        at += DAY
    return at


@given(days)
def test_the_months_of_a_warning_are_those_of_a_slow_walk(given_on):
    assert warned_until(given_on, "SSO") == corresponding(given_on)
    assert warned_until(given_on, "CO") == corresponding(given_on) - DAY


@pytest.mark.parametrize(
    "failed_on,must",
    [("2025-06-11", False), ("2025-06-12", True), ("2026-06-11", True), ("2026-06-12", False)],
)
def test_a_failure_within_the_months_of_a_warning_must_be_referred(failed_on, must):
    warned = Warned(day("2025-06-12"), warned_until(day("2025-06-12"), "CO"))
    assert must_be_referred(day(failed_on), [warned]) is must
    assert must_be_referred(day(failed_on), []) is False
    assert must_be_referred(day(failed_on), [Warned(day("2020-01-01"), day("2020-12-31")), warned]) is must


@pytest.mark.parametrize(
    "on,counts",
    [("2025-06-11", False), ("2025-06-12", True), ("2025-09-30", True), ("2025-10-01", False)],
)
def test_a_warning_counts_from_its_day_until_the_day_it_is_withdrawn(on, counts):
    assert still_counts(day("2025-06-12"), day("2025-10-01"), day(on)) is counts
    assert still_counts(day("2025-06-12"), None, day(on)) is (day(on) >= day("2025-06-12"))


@pytest.mark.parametrize(
    "unacceptable,liable,missing", [(True, True, 0), (False, True, 1), (True, False, 1), (False, False, 2)]
)
def test_a_warning_says_both_things_the_act_asks_for(unacceptable, liable, missing):
    assert len(left_unsaid(unacceptable, liable)) == missing


# ------------------------------------------------------------------------------------------ what makes a breach


@pytest.mark.parametrize(
    "failures,manual,statutory",
    [
        ([], 0, 0),
        ([Failure("a")], 1, 0),
        ([Failure("a"), Failure("b")], 2, 0),
        ([Failure("a", referred=True)], 1, 1),
        ([Failure("a"), Failure("b", must_be=True)], 2, 1),
    ],
)
def test_which_failures_count(failures, manual, statutory):
    assert len(BREACH.laws[MANUAL].counting(failures)) == manual
    assert len(BREACH.laws["sentencing-2020"].counting(failures)) == statutory


def test_the_manual_needs_as_many_as_the_setting_says_and_the_act_one():
    assert [BREACH.laws[each].needed(3) for each in BREACH.laws] == [3, 1]


# ------------------------------------------------------------------------------------------ the period


@given(days, st.integers(1, 36))
def test_the_manual_has_a_period_and_the_amended_code_has_none(sentence, months):
    assert PERIOD.laws[MANUAL](sentence, months) == twelve_month_point(sentence, months)
    assert PERIOD.laws["sentencing-2026"](sentence, months) is no_end_of_period(sentence, months) is None


# ------------------------------------------------------------------------------------------ credit


@pytest.mark.parametrize("hours,quarter", [(40, 600), (41, 615), (42, 630), (43, 645), (100, 1500), (300, 4500)])
def test_a_quarter_of_the_hours_a_fraction_of_an_hour_included(hours, quarter):
    assert qualifying_minutes(hours * 60) == quarter


@pytest.mark.parametrize(
    "credited,until,reduced",
    [
        (1499, None, 0),
        (1500, None, 0),
        (1559, None, 0),
        (1560, None, 30),
        (1619, None, 30),
        (1620, None, 60),
        (4500, None, 1500),
        (4500, 1500, 0),
        (4500, 1560, 30),
        (4500, 1400, 0),  # before the quarter was done: nothing is ever earned
        (0, 0, 0),
    ],
)
def test_half_an_hour_for_every_hour_beyond_the_quarter(credited, until, reduced):
    assert reduction_minutes(credited, 1500, until) == reduced


def worked_minute_by_minute(minutes, ordered, credited, qualifying, until):
    """Work a minute, look whether anything is still owed, work the next: a slow reference that adds half hours up."""
    count = 0
    for _ in range(minutes):
        worked, earned = credited + count, 0
        for hour in range(1, 1000):
            done = qualifying + hour * 60
            if done <= worked and (until is None or done <= until):
                earned += 30
        if ordered - worked - earned <= 0:
            break
        count += 1
    return count


@given(
    st.integers(0, 480),
    st.integers(40, 60),
    st.integers(0, 60 * 60),
    st.one_of(st.none(), st.integers(0, 60 * 60)),
)
def test_as_many_minutes_count_as_working_them_one_by_one_finds_owing(minutes, hours, credited, until):
    ordered, quarter = hours * 60, qualifying_minutes(hours * 60)
    slow = worked_minute_by_minute(min(minutes, 90), ordered, credited, quarter, until)
    assert counted_with_credit(min(minutes, 90), ordered, credited, quarter, until) == slow


@given(st.integers(0, 20_000), st.integers(40, 300), st.integers(0, 20_000))
def test_without_a_minute_beyond_the_quarter_both_editions_count_the_same(minutes, hours, credited):
    ordered = hours * 60
    plain = max(0, min(minutes, ordered - credited))
    assert counted_with_credit(minutes, ordered, credited, qualifying_minutes(ordered), 0) == plain


@pytest.mark.parametrize("hours", [40, 100, 300])
def test_who_never_fails_works_three_quarters_of_the_hours(hours):
    ordered = hours * 60
    assert counted_with_credit(ordered, ordered, 0, qualifying_minutes(ordered), None) == ordered * 3 // 4


@pytest.mark.parametrize(
    "kind,unacceptable,found",
    [
        ("FTA", True, True),
        ("FTA", False, False),
        ("FAILURE_TO_COMPLY", True, False),
        ("FAILURE_TO_COMPLY", False, False),
        ("ASKED_TO_LEAVE", False, True),
    ],
)
def test_what_disqualifies(kind, unacceptable, found):
    assert disqualifies(kind, unacceptable) is found


# ------------------------------------------------------------------------------------------ editions and their settings


def test_an_edition_has_a_name_a_title_a_source_and_what_it_amends():
    for name in NAMES:
        assert EDITIONS[name].title
        assert EDITIONS[name].source
    assert [EDITIONS[name].amends for name in NAMES] == [None, MANUAL, "sentencing-2020"]


def test_nothing_but_the_manual_is_in_force_until_somebody_sets_it():
    for part in PARTS:
        assert SETTINGS[part.key].read(SETTINGS[part.key].value) is None
        assert next(iter(part.laws)) == MANUAL


@pytest.mark.parametrize("part", PARTS, ids=lambda each: each.name)
def test_a_setting_takes_the_editions_of_its_part_and_nothing_else(part):
    setting = SETTINGS[part.key]
    assert all(setting.accepts(each) for each in (*part.laws, ""))
    assert not any(setting.accepts(each) for each in ("kent", "sentencing-1999", "2026-05-01", "west-mercia-2007"))
    assert setting.source
    assert all(each in setting.asks for each in part.laws)


def test_an_edition_rules_with_those_it_amends():
    manual = dict.fromkeys((BREACH.key, PERIOD.key, CREDIT.key), MANUAL)
    assert settings_under(MANUAL) == manual
    assert settings_under("sentencing-2020") == manual | {BREACH.key: "sentencing-2020"}
    assert settings_under("sentencing-2026") == {
        BREACH.key: "sentencing-2020",
        PERIOD.key: "sentencing-2026",
        CREDIT.key: "sentencing-2026",
    }
    with pytest.raises(KeyError):
        settings_under("kent")


def test_every_rule_of_an_amendment_belongs_to_the_part_that_commences_it():
    amendments = [each for each in rules() if EDITIONS[each.edition].amends]
    assert {each.id for each in amendments} == {each for part in PARTS for each in part.rules}
    for each in amendments:
        part = part_of(each)
        assert part is not None
        assert each.edition in part.laws
        reading = each.cite == "not in the Act (reading)"
        assert ("Working Together 2018" if part is REVIEW else "Sentencing Act 20") in each.cite or reading


def test_a_rule_of_the_manual_that_gives_way_is_known_and_the_first_in_its_name():
    for part in PARTS:
        for each in part.replaces:
            first = WEST_MERCIA if part is REVIEW else MANUAL
            assert label(each) == f"{each}@{first}"
    assert labels(["ENF-08", "ENF-09"], {"ENF-09": "sentencing-2020"}) == (
        "ENF-08@manual-2022",
        "ENF-09@sentencing-2020",
    )
    assert labels(["UPW-12"], {"HRS-05": "sentencing-2026"}) == ("UPW-12@manual-2022", "HRS-05@sentencing-2026")
