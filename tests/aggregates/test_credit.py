"""Credit for work under the Sentencing Act 2026, and orders without a period: told line by line, asked by day."""

from __future__ import annotations

import pytest
from tests.aggregates.telling import Telling

from ledger.rules.orders import NOT_LATER
from ledger.rules.sentencing_2026 import NOTHING_TO_EXTEND

CREDIT, PERIOD = "hrs.credit_edition", "upw.period_edition"
BOTH = {CREDIT: "sentencing-2026", PERIOD: "sentencing-2026"}


def case(settings=BOTH, hours=40, **more):
    return Telling(settings=settings).order(hours=hours, **more)


def ete(telling, day, minutes):
    """Minutes that count like work, on a day: education agreed with the practitioner."""
    if "e1" not in telling.__dict__.setdefault("agreed", set()):
        telling.agreed.add("e1")
        change = {"key": "hrs.ete_max_percent", "new": "100", "effective_from": "2025-01-01", "reason": "for this test"}
        telling.tell("2025-01-07 08:00", "chief-officer", "ChangeSetting", to="policy/policy", **change)
        told = {
            "ete_id": "e1",
            "order_id": "o1",
            "activity": "reading",
            "purpose": "KEEP_JOB",
            "agreed_on": "2025-01-07",
        }
        telling.tell("2025-01-07 09:00", "practitioner", "AgreeEte", **told)
    told = {"ete_id": "e1", "minutes": minutes, "evidence": "as told", "on": day}
    return telling.tell(f"{day} 20:00", "practitioner", "CreditEteHours", **told)


def hours(telling, as_at):
    """(credited, reduction, balance), and whether anything was noted beyond the order"""
    row = telling.progress(as_at)
    return row["credited_minutes"], row["credit"]["reduction_minutes"], row["balance_minutes"], row["noted_minutes"]


@pytest.mark.parametrize(
    "minutes,found",
    [
        ([600], (600, 0, 1800, 0)),  # the quarter of 40 hours
        ([659], (659, 0, 1741, 0)),
        ([660], (660, 30, 1710, 0)),
        ([600, 59, 1], (660, 30, 1710, 0)),
        ([1740], (1740, 570, 90, 0)),
        ([1800], (1800, 600, 0, 0)),  # three quarters worked, the last earned
        ([1790, 60], (1800, 600, 0, 50)),
    ],
)
def test_work_beyond_the_quarter_shortens_the_requirement(minutes, found):
    telling = case()
    for day, each in enumerate(minutes, start=8):
        ete(telling, f"2025-01-{day:02}", each)
    assert hours(telling, "2025-02-01") == found
    assert telling.progress("2025-02-01")["completion_proposed"] is (found[2] == 0)


@pytest.mark.parametrize(
    "first,absent,second,found",
    [
        (500, "2025-01-20", 700, (1200, 0, 1200, 0)),  # within the first quarter: nothing is ever earned
        (780, "2025-01-20", 700, (1480, 90, 830, 0)),  # after it: what was earned stays, no more is
    ],
)
def test_a_failure_to_attend_without_reasonable_excuse_disqualifies(first, absent, second, found):
    telling = ete(case(), "2025-01-10", first)
    telling.absence("a1", absent).letter("l1", "a1", "2025-01-21")
    ete(telling, "2025-02-10", second)
    assert hours(telling, "2025-02-10") == found
    assert str(telling.progress("2025-02-10")["credit"]["disqualified_on"]) == absent
    # as long as it is not found unacceptable it takes nothing away; judged acceptable later, it gives it back
    assert telling.progress("2025-01-22")["credit"]["disqualified_on"] is None
    telling.rejudge("a1", "2025-02-11", "ACCEPTABLE")
    earned = (first + second - 600) // 60 * 30
    assert hours(telling, "2025-02-11")[1] == earned


def test_the_day_of_sentence_chooses_whether_there_is_credit():
    for start, credited in (("2025-01-06", True), ("2025-01-07", False)):
        telling = case(settings={})
        change = {"key": CREDIT, "new": "sentencing-2026", "effective_from": start, "reason": "as told"}
        telling.tell("2025-01-07 07:00", "chief-officer", "ChangeSetting", to="policy/policy", **change)
        row = ete(telling, "2025-01-08", 660).progress("2025-01-08")
        assert (row["balance_minutes"], "credit" in row) == ((1710, True) if credited else (1740, False))


# ------------------------------------------------------------------------------------------ the period


@pytest.mark.parametrize(
    "as_at,due,state",
    [("2026-01-07", "2026-01-06", "outstanding"), ("2026-04-30", "2026-01-06", "outstanding"),
     ("2026-05-01", None, "in-time"), ("2030-01-01", None, "in-time")],
)  # fmt: skip
def test_from_its_commencement_no_order_has_a_period_whenever_it_was_made(as_at, due, state):
    telling = case(settings={})
    change = {"key": PERIOD, "new": "sentencing-2026", "effective_from": "2026-05-01", "reason": "S.I. 2026/402"}
    telling.tell("2026-01-10 07:00", "chief-officer", "ChangeSetting", to="policy/policy", **change)
    row = telling.progress(as_at)
    assert (row["due_on"] and str(row["due_on"]), row["state"]) == (due, state)
    assert (row["twelve_month_point"] is None, row["outstanding_at_twelve_months"] is None) == (
        due is None,
        due is None,
    )


def test_an_operational_period_ends_a_requirement_that_has_no_period_of_its_own():
    telling = case(order_type="SSO", operational_period_end="2026-03-31")
    assert str(telling.progress("2026-03-31")["working_end"]) == "2026-03-31"
    assert telling.progress("2026-03-31")["state"] == "in-time"
    assert telling.progress("2026-04-01")["state"] == "operational-period-ended"


@pytest.mark.parametrize(
    "settings,end,said",
    [(BOTH, "2026-06-30", NOTHING_TO_EXTEND), (BOTH, None, NOTHING_TO_EXTEND), ({}, "2025-06-30", NOT_LATER)],
)
def test_an_extension_of_nothing_is_not_applied_for(settings, end, said):
    told = {"order_id": "o1", "application": "EXTENSION", "made_on": "2025-12-01", "requested_end_date": end}
    told = {name: value for name, value in told.items() if value}
    refused = case(settings).refused("2025-12-01 10:00", "practitioner", "ApplyToCourt", **told)
    assert refused == ("UPW-07", said)


def test_what_a_court_extends_all_the_same_is_recorded_with_a_warning_and_moves_no_day():
    telling = case()
    told = {"order_id": "o1", "result": "EXTENDED", "new_end_date": "2026-06-30", "decided_on": "2025-12-01"}
    telling.tell("2025-12-01 10:00", "court-officer", "RecordCourtVariation", court="Nowhere", **told)
    assert ("UPW-07", NOTHING_TO_EXTEND) in telling.warned
    assert telling.progress("2026-07-01")["due_on"] is None
    assert telling.progress("2026-07-01")["state"] == "in-time"
