"""The action plan of a review: who does what by when, what is overdue, the hold that waits for it (SCR-12, SCR-06)."""

from datetime import date, timedelta

import pytest
from tests.aggregates.test_decisions_case_review import R1, Reviewing

from ledger.rules.case_review import action_overdue

A1 = {"action_id": "a1", "text": "Brief every team", "owner": "ACO", "due": "2026-02-28", "outcome_measure": "all told"}
A2 = A1 | {"action_id": "a2", "due": "2026-01-31"}


class Planning(Reviewing):
    def issued(self, *actions, at="2025-12-01 10:00", **more):
        return self.says(at, "chief-officer", "IssueActionPlan", actions=list(actions or (A1,)), **more)

    def completed(self, action="a1", on="2026-01-15", by="practitioner"):
        return self.says(f"{on} 10:00", by, "CompleteReviewAction", action_id=action, on=on, evidence="minutes")

    def actions(self, as_at):
        return [(each["action_id"], each["state"]) for each in self.shown(R1, as_at)["actions"]]


def test_the_actions_show_by_day_with_where_each_stands():
    case = Planning().referred().issued(A1, A2).completed("a2", "2026-02-01")
    assert case.actions("2025-11-30") == []
    assert case.actions("2026-01-31") == [("a2", "open"), ("a1", "open")]
    assert case.actions("2026-02-01") == [("a2", "done-late"), ("a1", "open")]
    assert case.actions("2026-02-28") == [("a2", "done-late"), ("a1", "open")]
    assert case.actions("2026-03-01") == [("a2", "done-late"), ("a1", "overdue")]


def test_an_action_done_by_its_day_is_done():
    assert Planning().referred().issued().completed(on="2026-02-28").actions("2026-03-31") == [("a1", "done")]


def test_a_plan_issued_anew_takes_the_place_of_the_first_and_what_is_done_stays_done():
    case = Planning().referred().issued(A1, A2).completed("a1")
    case.issued(A1 | {"due": "2026-06-30"}, at="2026-01-20 10:00")
    assert case.actions("2026-02-01") == [("a1", "done")]


@pytest.mark.parametrize("days", range(-40, 41, 8))
def test_an_action_is_overdue_from_the_day_after_its_day(days):
    due = date(2026, 2, 28)
    day = due + timedelta(days=days)
    assert action_overdue(due, None, day) is (days > 0)
    assert action_overdue(due, day, due + timedelta(days=400)) is (days > 0)


@pytest.mark.parametrize("lacking", ["text", "owner", "due", "outcome_measure"])
def test_an_action_says_what_who_by_when_and_what_comes_of_it(lacking):
    plan = {"actions": [A2, {name: value for name, value in A1.items() if name != lacking}]}
    rule, message = Planning().referred().stops("2025-12-01 10:00", "chief-officer", "IssueActionPlan", **plan)
    assert rule == "SCR-12"
    assert f"Action 2 of the plan lacks {lacking};" in message


def test_an_action_without_an_id_is_known_by_its_number_and_its_author_is_warned():
    nameless = {name: value for name, value in A1.items() if name != "action_id"}
    case = Planning().referred().issued(A2, nameless)
    assert case.actions("2026-02-28") == [("a2", "overdue"), ("2", "open")]
    assert case.actions("2026-03-01") == [("a2", "overdue"), ("2", "overdue")]
    assert [rule for rule, _ in case.warned] == ["SCR-12"]


@pytest.mark.parametrize(
    "actions,message",
    [
        ([], "An action plan has at least one action."),
        ([A1, A1], "Two actions of the plan have the same action_id; give each its own."),
        ([A1 | {"due": "soon"}], "Action 1 of the plan: due is a day, such as 2026-01-31."),
        ([A1 | {"due": "20260131"}], "Action 1 of the plan: due is a day, such as 2026-01-31."),
    ],
)
def test_what_is_no_plan_is_refused(actions, message):
    found = Planning().referred().stops("2025-12-01 10:00", "chief-officer", "IssueActionPlan", actions=actions)
    assert found == ("SCR-12", message)


def test_an_action_that_no_plan_has_is_not_completed():
    case = Planning().referred().issued()
    data = {"action_id": "other", "on": "2026-01-15", "evidence": "minutes"}
    assert case.stops("2026-01-15 10:00", "practitioner", "CompleteReviewAction", **data)[0] == "GEN-06"


def test_days_that_are_given_must_be_those_of_the_actions():
    case = Planning().referred()
    plan = {"actions": [A1], "due_days": {case.names.id("a1"): "2026-03-01"}}
    assert case.stops("2025-12-01 10:00", "chief-officer", "IssueActionPlan", **plan)[0] == "SCR-12"


def test_a_plan_is_issued_anew_and_not_corrected():
    case = Planning().referred().issued(label="plan")
    amended = {"event_ref": "plan", "field": "actions", "corrected_value": [], "reason": "none"}
    found = case.stops("2025-12-02 10:00", "aco", "CorrectRecord", **amended)
    assert found == ("SCR-12", "An action plan is not corrected; issue it anew.")


def test_a_hold_waits_for_the_plan_that_answers_the_report():
    case = Planning().referred()
    case.says(
        "2025-11-03 10:00", "aco", "PlaceHold", hold_id="h1", offender_refs=["dora"], placed_at="2025-11-03 10:00"
    )
    case.says("2025-11-20 10:00", "case-reviewer", "PresentOverview", on="2025-11-20")
    release = {"hold_id": "h1", "released_at": "2025-12-01 09:00", "authority": "the chair's letter"}
    found = case.stops("2025-12-01 09:00", "chief-officer", "ReleaseHold", **release)
    assert found == ("SCR-06", "Review is not finished.")
    case.issued()
    case.says("2025-12-01 11:00", "chief-officer", "ReleaseHold", **(release | {"released_at": "2025-12-01 11:00"}))


def test_a_hold_of_a_review_without_a_report_waits_for_no_plan():
    case = Planning().referred()
    case.says(
        "2025-11-03 10:00", "aco", "PlaceHold", hold_id="h1", offender_refs=["dora"], placed_at="2025-11-03 10:00"
    )
    release = {"hold_id": "h1", "released_at": "2025-12-01 09:00", "authority": "the chair's letter"}
    case.says("2025-12-01 09:00", "chief-officer", "ReleaseHold", **release)
