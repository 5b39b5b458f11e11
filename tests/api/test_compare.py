"""What a file said at two moments, over HTTP: through the same limits, readings and words of erasure as its views."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from tests.access.entries import readings
from tests.api.test_views import tick
from tests.doors import SURNAME, Case, Door, a_problem, days_ago
from tests.erasing.family import ERASED, Family

from ledger.aggregates import AGGREGATES
from ledger.aggregates.roles import ROLES
from ledger.projections import VIEWS


@pytest.fixture
def case(door: Door) -> Case:
    return door.new_case()


def compare(door: Door, case: Case, role: str = "practitioner", **query: str) -> dict[str, Any]:
    response = door.get(f"{case.path}/compare", role, **query)
    assert response.status_code == 200, response.text
    return response.json()


def test_it_tells_what_was_added_and_which_statuses_differ_with_both_reasons(door: Door, case: Case):
    body = case.absence(30)
    door.post(f"{case.path}/record-absence", body, "supervisor")
    letter = {"letter_id": str(uuid4()), "absence_id": body["absence_id"], "channel": "post"}
    then = tick()
    door.post(f"{case.path}/issue-enforcement-letter", letter | {"issued_on": days_ago(29)})
    now = tick()
    found = compare(door, case, **{"known_at": then, "with": now})
    assert found["position"] + 1 == found["with"]["position"] == door.size
    (added,) = found["facts"]
    assert (added["change"], added["type"], added["position"]) == ("added", "EnforcementLetterIssued", door.size)
    at = f"orders[{case.order}].absences[{body['absence_id']}].status"
    (status,) = [each for each in found["statuses"] if each["view"] == "enforcement" and each["at"] == at]
    assert (status["before"], status["after"]) == ("no-letter", "unacceptable")
    assert status["why_before"]["rules"] == ["ENF-03@manual-2022"]
    assert status["why_after"]["rules"] == ["ENF-06@manual-2022"]
    assert door.size in status["why_after"]["facts"]


def test_what_each_view_says_at_both_moments_is_what_the_comparison_rests_on(door: Door, case: Case):
    then = tick()
    door.post(f"{case.path}/record-absence", case.absence(30), "supervisor")
    now = tick()
    found = compare(door, case, **{"known_at": then, "with": now, "as_at": days_ago(2)})
    assert {found["as_at"], found["with"]["as_at"]} == {days_ago(2)}
    changed = {each["view"] for each in found["statuses"]}
    for view in (each.name for each in VIEWS if each.noun == "offender"):
        answers = [
            door.get(f"{case.path}/{view}", known_at=each, as_at=days_ago(2), explain="true").json()
            for each in (then, now)
        ]
        said = [{n: v for n, v in each.items() if n not in ("known_at", "position", "events")} for each in answers]
        assert (said[0] != said[1]) is (view in changed), view


def test_of_nothing_that_happened_nothing_differs_and_the_later_moment_may_be_left_out(door: Door, case: Case):
    found = compare(door, case, known_at=tick(), as_at=days_ago(0))
    assert (found["facts"], found["statuses"]) == ([], [])
    assert found["position"] == found["with"]["position"]


def test_before_there_was_such_a_case_it_said_nothing(door: Door):
    before = tick()
    case = door.new_case()
    found = compare(door, case, known_at=before)
    assert found["position"] == 0
    assert [each["type"] for each in found["facts"]] == ["OffenderRecorded", "OrderMade"]
    assert all(each["before"] is None for each in found["statuses"])
    a_problem(door.get(f"/offenders/{uuid4()}/compare", known_at=before), 404)


@pytest.mark.parametrize("query", [{}, {"known_at": "soon"}, {"known_at": "2025-01-01T10:00", "with": "later"}])
def test_two_moments_in_order_are_asked_for(door: Door, case: Case, query: dict[str, str]):
    a_problem(door.get(f"{case.path}/compare", **query), 422)
    problem = a_problem(door.get(f"{case.path}/compare", **{"known_at": tick(), "with": "2025-01-01T10:00"}), 422)
    assert problem["errors"] == {"with": "before known_at"}


def test_a_noun_without_views_is_not_compared(door: Door):
    a_problem(door.get("/policy/policy/compare", known_at=tick()), 404)


@pytest.mark.parametrize("noun", sorted({each.noun for each in VIEWS}))
def test_a_case_of_every_noun_that_has_views_can_be_compared_or_is_not_there(door: Door, noun: str):
    id_ = "2026-01" if noun == "register-report" else str(uuid4())
    response = door.get(f"/{AGGREGATES[noun].collection}/{id_}/compare", known_at=tick())
    a_problem(response, 404)
    assert noun in response.text


# ------------------------------------------------------------------------------------ what may leave, and to whom


@pytest.mark.parametrize("role", ["inspector", "auditor"])
def test_those_who_read_no_values_are_told_none(door: Door, role: str):
    before = tick()
    case = door.new_case()
    response = door.get(f"{case.path}/compare", role, known_at=before)
    assert SURNAME not in response.text
    assert response.json()["facts"][0]["values"]["surname"] == "[sealed]"
    assert SURNAME in door.get(f"{case.path}/compare", known_at=before).text


def test_a_corrected_value_is_told_to_those_alone_who_may_read_the_field(door: Door, case: Case):
    then = tick()
    events = {each["type"]: each["id"] for each in door.get(f"{case.path}/chronology").json()["events"]}
    fix = {
        "event_ref": events["OffenderRecorded"],
        "field": "surname",
        "corrected_value": "Ramsbottom",
        "reason": "as she spells it",
    }
    assert door.post(f"{case.path}/correct-record", fix, "senior-practitioner").status_code == 201
    (corrected, _) = compare(door, case, known_at=then)["facts"]
    assert corrected["fields"] == {"surname": [SURNAME, "Ramsbottom"]}
    told = door.get(f"{case.path}/compare", "auditor", known_at=then)
    assert "Ramsbottom" not in told.text
    assert {each["type"] for each in told.json()["facts"]} == {"OffenderRecorded", "RecordCorrected"}


@pytest.mark.parametrize("role", ROLES)
def test_whoever_reads_views_reads_comparisons(door: Door, case: Case, role: str):
    statuses = [
        door.get(f"{case.path}/{name}", role, **more).status_code
        for name, more in (("enforcement", {}), ("compare", {"known_at": tick()}))
    ]
    assert statuses[0] == statuses[1]


def test_both_moments_are_sealed_in_the_access_log_before_the_answer_leaves(door: Door, case: Case):
    then = tick()
    door.post(f"{case.path}/record-absence", case.absence(30), "supervisor")
    found = compare(door, case, known_at=then)
    two = [each["values"] for each in readings(door) if each["values"]["view"] == "compare"][-2:]
    assert [each["position"] for each in two] == [found["position"], found["with"]["position"]]
    assert {each["target_ref"] for each in two} == {case.to}


def test_what_was_erased_between_the_moments_says_so_and_no_value_of_it_comes_back(door: Door):
    family = Family(door)
    child = family.child()
    family.leaves(family.entered([child]))
    then = tick()
    family.erase(child)
    found = door.get(f"/children/{child}/compare", "information-officer", known_at=then)
    assert found.status_code == 200, found.text
    assert not any(word in found.text for word in family.words[child])
    erased = {each["type"]: each["fields"] for each in found.json()["facts"] if each["change"] == "erased"}
    assert erased["ChildRecorded"]["surname"] == [ERASED, ERASED]
    assert all(said == [ERASED, ERASED] for fields in erased.values() for said in fields.values())
    assert "ChildDataErased" in {each["type"] for each in found.json()["facts"] if each["change"] == "added"}
    assert door.get(f"/children/{child}/compare", "information-officer", known_at=tick()).json()["facts"] == []
