"""What checklists come to, when the next is due, and how long was worked without a contact."""

from datetime import date, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.aggregates.siting import Q1, Siting, park, school

from ledger.aggregates.placement.quality_of import contact_of, quality_of
from ledger.rules.dates import add_months
from ledger.rules.quality import minutes_on_site

DIRECT = Q1 | {"with_direct_beneficiary": True}
RECHECK = {"signatures": ["A."], "remedial_completed_by": "a1"}


def quality(site, day):
    found = quality_of(site.folded(), date.fromisoformat(day), site.policy())
    return found.initial, found.revised, found.accredited


def rechecked(site, day, scores, audit="q1"):
    data = RECHECK | {"audit_id": audit, "rechecked_on": day, "revised_scores": scores}
    return site.coordinator(f"{day} 15:00", "RecheckQuality", **data)


# ---------------------------------------------------------------------------------------- totals


@given(
    st.lists(st.integers(0, 2), min_size=5, max_size=5),
    st.lists(st.none() | st.integers(0, 2), min_size=5, max_size=5),
    st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_a_total_takes_the_revised_score_of_a_question_where_there_is_one(scores, revised, direct):
    if not direct:
        scores[0] = min(scores[0], 1)
        revised[0] = None if revised[0] is None else min(revised[0], 1)
    site = Siting().opened().audited("q1", "2025-02-01", scores=scores, q1_details=DIRECT if direct else Q1)
    assert quality(site, "2025-02-01") == (sum(scores), None, sum(scores) >= 6)
    best = sum(old if new is None else new for old, new in zip(scores, revised, strict=True))
    rechecked(site, "2025-02-03", revised)
    assert quality(site, "2025-02-03") == (sum(scores), best, best >= 6)
    assert quality(site, "2025-02-02") == (sum(scores), None, sum(scores) >= 6)


def test_a_placement_never_audited_is_not_accredited():
    site = Siting().opened()
    assert quality(site, "2025-01-13") == (None, None, False)
    assert site.shown("2025-01-13")["quality"]["next_due"] is None


def test_a_later_audit_counts_and_a_recheck_of_an_earlier_one_does_not():
    site = park().audited("q1", "2025-04-01", scores=[1, 2, 2, 2, 2]).audited("q2", "2025-05-01")
    rechecked(site, "2025-05-02", [None, 2, 2, 2, 2], "q1")
    assert quality(site, "2025-04-30") == (9, None, True)
    assert quality(site, "2025-05-02") == (5, None, False)


def test_the_least_total_is_that_of_the_day_asked_about():
    site = park().audited("q1", "2025-04-01", scores=[1, 2, 2, 1, 1])
    data = {"key": "plc.pqs_accredited_min", "new": "8", "effective_from": "2025-06-01", "reason": "as told"}
    data |= {"endorsed_by": ["KCPC", "MCPC"]}
    site.tell("2025-05-01 09:00", "chief-officer", "ChangeSetting", to="policy/policy", **data)
    assert quality(site, "2025-05-31")[2] is True
    assert quality(site, "2025-06-01")[2] is False


# ---------------------------------------------------------------------------------------- when the next is due


@given(st.dates(date(2024, 1, 1), date(2028, 12, 31)), st.integers(0, 400))
@settings(max_examples=60, deadline=None)
def test_the_next_audit_is_due_three_months_on_at_a_school_84_days(day, later):
    """The corresponding day, else the last of the month: 30 Nov 2023 to 29 Feb 2024, 30 Nov 2024 to 28 Feb 2025."""
    asked = day + timedelta(days=later)
    for school_premises, due in ((False, add_months(day, 3)), (True, day + timedelta(days=84))):
        site = Siting().opened("2023-12-01 10:00", on_school_premises=school_premises).audited("q1", str(day))
        found = quality_of(site.folded(), asked, site.policy())
        assert found.next_due == due


@pytest.mark.parametrize(
    "audited,due",
    [
        ("2023-11-30", "2024-02-29"),
        ("2024-11-30", "2025-02-28"),
        ("2024-02-29", "2024-05-29"),
        ("2025-01-31", "2025-04-30"),
    ],
)
def test_months_end_where_months_end(audited, due):
    site = Siting().opened("2023-11-01 10:00").audited("q1", audited)
    assert str(site.shown(audited)["quality"]["next_due"]) == due


def test_a_significant_change_makes_the_next_audit_due_at_once():
    site = park().coordinator("2025-04-01 10:00", "RecordPlacementChange", what="as told", on="2025-03-31")
    due = {day: str(site.shown(day)["quality"]["next_due"]) for day in ("2025-03-30", "2025-03-31", "2025-05-01")}
    assert list(due.values()) == ["2025-04-22", "2025-03-31", "2025-03-31"]
    assert str(site.audited("q1", "2025-05-02").shown("2025-05-02")["quality"]["next_due"]) == "2025-08-02"


def test_a_closed_placement_is_audited_no_more():
    site = park().coordinator("2025-04-01 10:00", "ClosePlacement", on="2025-04-01", reason="as told")
    assert site.shown("2025-04-01")["quality"]["next_due"] is None
    assert site.shown("2025-03-31")["quality"]["next_due"] is not None


# ---------------------------------------------------------------------------------------- contact


def contact(site, day):
    found = contact_of(site.folded(), date.fromisoformat(day), site.policy())
    return found.minutes, found.overdue


def logged(site, day):
    data = {"sheet_no": 1, "on": day, "initials": "S. S.", "kind": "work", "entry": "as told"}
    return site.tell(f"{day} 22:00", "supervisor", "LogContact", **data)


def test_hours_count_by_the_clock_however_many_work():
    site = park().joined("ann", "o1").joined("bob", "b1")
    site.comes("ann", "o1", "s1", "2025-03-08", "09:30", "12:00").comes(
        "bob", "b1", "s2", "2025-03-08", "10:00", "13:00"
    )
    site.comes("ann", "o1", "s3", "2025-03-09", "09:00", "10:00").comes(
        "bob", "b1", "s4", "2025-03-09", "11:00", "12:00"
    )
    assert [contact(site, f"2025-03-0{n}") for n in (7, 8, 9)] == [(0, False), (210, False), (330, False)]


def test_a_contact_begins_the_count_anew_the_day_after():
    site = park().joined("ann", "o1").comes("ann", "o1", "s1", "2025-03-08")
    logged(site, "2025-03-08").comes("ann", "o1", "s2", "2025-03-09")
    assert [contact(site, f"2025-03-0{n}") for n in (8, 9)] == [(0, False), (360, False)]


def test_more_than_thirty_hours_is_too_long_and_thirty_are_not():
    site = park().joined("ann", "o1")
    for n in range(1, 6):
        site.comes("ann", "o1", f"s{n}", f"2025-03-1{n}")
    assert contact(site, "2025-03-15") == (1800, False)
    assert site.shown("2025-03-15")["contact_overdue"] is False
    site.comes("ann", "o1", "s6", "2025-03-16", "09:00", "09:01")
    assert contact(site, "2025-03-16") == (1801, True)


@given(st.lists(st.tuples(st.integers(0, 1439), st.integers(0, 1439)).map(sorted), max_size=6))
def test_minutes_on_site_are_those_in_which_anybody_was_there(spans):
    minutes = {minute for begins, ends in spans for minute in range(begins, ends)}
    told = [(time(begins // 60, begins % 60), time(ends // 60, ends % 60)) for begins, ends in spans]
    assert minutes_on_site(told) == len(minutes)


def test_a_school_too_counts_from_each_audit_not_from_its_review():
    site = school().reviewed("2025-10-20")
    assert str(site.shown("2025-10-20")["quality"]["next_due"]) == "2025-11-12"
