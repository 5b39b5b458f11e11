"""A breach of personal data: 72 elapsed hours from when anybody here knew."""

from datetime import date

import pytest
from tests.aggregates.telling import Telling

D = date.fromisoformat
B1 = "data-breach/b1"
FOUND = {"discovered_at": "2025-03-28 15:00", "what": "a letter went to the house next door"}


def found(case=None, **more):
    return (case or Telling().recorded()).tell(
        "2025-03-28 15:30", "team-admin", "RecordDataBreach", to=B1, **FOUND, **more
    )


def reported(case, at):
    return case.tell(at, "information-manager", "ReportDataBreach", to=B1, reported_at=at, reported_to="ICO")


def shown(case, as_at):
    return case.ledger.ask(f"data-breach/{case.names.id('b1')}", D(as_at), None)


def listed(case, as_at):
    return case.names.named(case.ledger.ask("worklist/data-breaches", D(as_at), None)["items"])


def test_the_hours_run_across_a_change_of_clocks():
    """Found on Friday at 15:00 GMT; the clocks go forward on Sunday, so Monday's 16:00 BST is 72 hours later."""
    assert shown(found(), "2025-03-28")["report_due"].isoformat() == "2025-03-31T15:00:00+00:00"


@pytest.mark.parametrize("at,state", [("2025-03-31 16:00", "reported"), ("2025-03-31 16:01", "reported-late")])
def test_a_report_is_in_time_to_the_minute(at, state):
    assert shown(reported(found(), at), "2025-04-01")["state"] == state


def test_it_is_on_the_list_until_it_is_reported():
    case = found()
    assert [(row["breach_id"], row["state"]) for row in listed(case, "2025-03-30")] == [("b1", "awaiting-report")]
    assert [row["state"] for row in listed(case, "2025-03-31")] == ["overdue"]
    reported(case, "2025-04-01 09:00")
    assert listed(case, "2025-04-01") == []


def test_where_no_risk_follows_nothing_is_reported_and_somebody_said_so():
    case = found()
    judged = {"judged_at": "2025-03-29 10:00", "risk": False, "reason": "came back unopened"}
    case.tell("2025-03-29 10:00", "data-protection-officer", "JudgeDataBreach", to=B1, **judged)
    assert shown(case, "2025-04-10")["state"] == "no-risk"
    assert listed(case, "2025-04-10") == []
    judged = {"judged_at": "2025-03-30 10:00", "risk": True, "reason": "it had been opened"}
    case.tell("2025-03-30 10:00", "data-protection-officer", "JudgeDataBreach", to=B1, **judged)
    assert shown(case, "2025-04-10")["state"] == "overdue"


def test_it_stands_in_the_chain_of_each_person_it_names():
    case = found(offender_refs=["ann"])
    chain = case.ledger.history(f"offender-{case.names.id('ann')}")
    assert [type(each.fact).__name__ for each in chain][-1] == "DataBreachRecorded"
    reported(case, "2025-03-29 10:00")
    assert len(case.ledger.history(f"offender-{case.names.id('ann')}")) == len(chain) + 1


def test_a_breach_is_reported_once_and_not_before_it_was_found():
    case = found()
    early = {"reported_at": "2025-03-28 14:00", "reported_to": "ICO"}
    assert case.refused("2025-03-28 16:00", "information-manager", "ReportDataBreach", to=B1, **early)[0] == "GEN-06"
    reported(case, "2025-03-29 10:00")
    again = {"reported_at": "2025-03-30 10:00", "reported_to": "ICO"}
    assert case.refused("2025-03-30 10:00", "information-manager", "ReportDataBreach", to=B1, **again)[0] == "GEN-06"
