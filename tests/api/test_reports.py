"""Reports over the whole caseload, over HTTP: numbers for managers, sealed before they leave, of nobody's case."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from tests.access.entries import readings, size
from tests.doors import SURNAME, Door, a_problem, days_ago

from ledger.aggregates.roles import ROLES, SENIOR_OR_ABOVE

REPORTS = ("late-recording", "backlog", "judgements")


def report(door: Door, name: str, **query: str) -> dict[str, Any]:
    door.run(door.ledger.follower.catch_up())
    response = door.get(f"/reports/{name}", "unit-manager", **query)
    assert response.status_code == 200, response.text
    return response.json()


def of(found: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    return next((each for each in found["items"] if each[name] == value), {})


def judged(door: Door, result: str) -> None:
    case = door.new_case()
    body = case.absence(20)
    door.give(case.to, "RecordAbsence", body, "supervisor")
    letter = {"letter_id": str(uuid4()), "absence_id": body["absence_id"], "issued_on": days_ago(19), "channel": "post"}
    door.give(case.to, "IssueEnforcementLetter", letter, "practitioner")
    evidence = {"absence_id": body["absence_id"], "received_at": f"{days_ago(18)}T10:00", "kind": "note"}
    door.give(case.to, "ReceiveEvidence", evidence | {"description": "a note"}, "team-admin")
    verdict = {"absence_id": body["absence_id"], "result": result, "reason_code": "bereavement", "reason": SURNAME}
    door.give(case.to, "JudgeAbsence", verdict | {"judged_on": days_ago(17)}, "practitioner")


def test_the_same_reason_with_different_results_is_counted_by_whoever_judged(door: Door):
    before = of(report(door, "judgements"), "reason_code", "bereavement")
    judged(door, "ACCEPTABLE")
    judged(door, "UNACCEPTABLE")
    after = report(door, "judgements")
    row = of(after, "reason_code", "bereavement")
    assert row["acceptable"] == before.get("acceptable", 0) + 1
    assert row["unacceptable"] == before.get("unacceptable", 0) + 1
    assert row["differs"] is True
    assert door.actor("practitioner").id in {each["staff_id"] for each in row["by"]}
    assert SURNAME not in str(after)
    earlier = report(door, "judgements", as_at=days_ago(18))
    assert of(earlier, "reason_code", "bereavement") == {}


def test_what_came_late_is_summed_up_by_team(door: Door):
    before = of(report(door, "late-recording"), "unit", None)
    case = door.new_case()
    door.give(case.to, "RecordAbsence", case.absence(10), "supervisor")
    after = of(report(door, "late-recording"), "unit", None)
    assert after["late"] == before.get("late", 0) + 1
    assert after["longest_minutes"] >= 9 * 24 * 60
    assert after["median_minutes"] <= after["longest_minutes"]


BEYOND = {"sentence_date": days_ago(400), "order_end_date": days_ago(-100)}


def test_requirements_beyond_twelve_months_are_counted_by_unit_and_nobody_is_named(door: Door):
    unit, case = f"unit-{uuid4().hex[:8]}", door.new_case(**BEYOND)
    told = {"order_id": case.order, "from_unit": "nowhere", "to_unit": unit, "notified_on": days_ago(1)}
    door.give(case.to, "TransferCase", told | {"documents": []}, "senior-practitioner")
    after = report(door, "backlog")
    row = of(after, "unit", unit)
    assert (row["requirements"], row["outstanding"], row["extended"], row["owing_minutes"]) == (1, 1, 0, 6000)
    assert 30 <= row["longest_days"] <= 40
    assert case.id not in str(after)
    assert case.order not in str(after)
    assert of(report(door, "backlog", as_at=days_ago(2)), "unit", unit) == {}  # it was elsewhere


def test_a_case_that_its_reader_may_not_read_is_left_out_and_that_is_said(door: Door):
    case = door.new_case(**BEYOND)
    door.give(case.to, "RecordAbsence", case.absence(10), "supervisor")
    before = {name: report(door, name) for name in REPORTS}
    shut = {"user_id": door.actor("unit-manager").id, "message": "Ask the area manager.", "reason": "kin"}
    door.give(case.to, "ExcludeAccess", shut, "risk-manager")
    after = {name: report(door, name) for name in REPORTS}
    for name in REPORTS:
        assert after[name]["left_out"] == before[name]["left_out"] + 1
    for name, counted in (("late-recording", "late"), ("backlog", "requirements")):
        numbers = [of(found[name], "unit", None).get(counted, 0) for found in (before, after)]
        assert numbers[1] == numbers[0] - 1, name


@pytest.mark.parametrize("name", [*REPORTS, "register-reports"])
def test_each_is_a_reading_sealed_in_the_access_log(door: Door, name: str):
    before = size(door)
    report(door, name)
    entries = [each["values"] for each in readings(door, before)]
    assert {(each["view"], each["target_ref"], each["category"]) for each in entries} == {
        (name, f"report/{name}", "combination")
    }


@pytest.mark.parametrize("role", ROLES)
def test_they_are_for_senior_practitioners_and_above(door: Door, role: str):
    door.run(door.ledger.follower.catch_up())
    assert door.get("/reports/late-recording", role).status_code == (200 if role in SENIOR_OR_ABOVE else 403)


def test_a_report_that_there_is_not_and_a_day_that_is_none_are_said(door: Door):
    a_problem(door.get("/reports/everything", "unit-manager"), 404)
    a_problem(door.get("/reports/judgements", "unit-manager", as_at="today"), 422)
