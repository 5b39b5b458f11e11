"""Views answer as at a day and as known at an instant, say why, and show each role no more than it may see."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.doors import SURNAME, Case, Door, a_problem, days_ago

from ledger.aggregates.roles import ROLES
from ledger.projections import VIEWS, WORKLISTS

NAMES = [view.name for view in VIEWS if view.noun == "offender"]


@pytest.fixture
def case(door: Door) -> Case:
    return door.new_case()


def now() -> str:
    return datetime.now(UTC).isoformat()


def tick() -> str:
    """This instant, and none that was before or will be after."""
    time.sleep(0.002)
    found = now()
    time.sleep(0.002)
    return found


def absences(door: Door, case: Case, **query: str) -> list[dict[str, Any]]:
    response = door.get(f"{case.path}/enforcement", **query)
    assert response.status_code == 200, response.text
    return [each for order in response.json()["orders"] for each in order["absences"]]


# ------------------------------------------------------------------------------------ two times


@pytest.mark.parametrize("name", NAMES)
def test_every_answer_says_as_at_when_and_as_known_when_and_up_to_which_position(door: Door, case: Case, name: str):
    answer = door.get(f"{case.path}/{name}").json()
    assert answer["as_at"] == datetime.now(ZoneInfo("Europe/London")).date().isoformat()
    assert abs(datetime.fromisoformat(answer["known_at"]) - datetime.now(UTC)) < timedelta(seconds=5)
    assert answer["known_at"].endswith("Z")
    assert answer["position"] == door.size


def test_no_answer_about_a_person_is_kept_on_the_way(door: Door, case: Case):
    for name in NAMES:
        assert door.get(f"{case.path}/{name}").headers["cache-control"] == "no-store"


def test_as_at_cuts_off_what_had_not_happened_yet(door: Door, case: Case):
    door.post(f"{case.path}/record-absence", case.absence(20))
    door.post(f"{case.path}/record-absence", case.absence(10))
    found = {days: len(absences(door, case, as_at=days_ago(days))) for days in (21, 20, 11, 10, 0)}
    assert found == {21: 0, 20: 1, 11: 1, 10: 2, 0: 2}


def test_known_at_cuts_off_what_was_not_recorded_yet(door: Door, case: Case):
    before = tick()
    door.post(f"{case.path}/record-absence", case.absence(20))
    after = tick()
    door.post(f"{case.path}/record-absence", case.absence(10))
    assert len(absences(door, case, known_at=before)) == 0
    assert len(absences(door, case, known_at=after)) == 1
    assert len(absences(door, case)) == 2
    answer = door.get(f"{case.path}/enforcement", known_at=after).json()
    assert answer["position"] == door.size - 1


def test_an_instant_may_be_given_with_an_offset_with_z_or_in_london_time(door: Door, case: Case):
    door.post(f"{case.path}/record-absence", case.absence(20))
    moment = datetime.fromisoformat(tick())
    london = moment.astimezone(ZoneInfo("Europe/London"))
    spellings = [
        moment.isoformat(),
        moment.isoformat().replace("+00:00", "Z"),
        moment.astimezone(ZoneInfo("Asia/Kathmandu")).isoformat(),
        london.replace(tzinfo=None).isoformat(),
        london.replace(tzinfo=None).isoformat(" "),
    ]
    door.post(f"{case.path}/record-absence", case.absence(10))
    answers = [door.get(f"{case.path}/enforcement", known_at=each).json() for each in spellings]
    assert all(each == answers[0] for each in answers)
    assert len(answers[0]["orders"][0]["absences"]) == 1


def test_a_plus_that_a_browser_sent_unescaped_is_still_an_offset(door: Door, case: Case):
    moment = tick()
    assert "+" in moment
    assert door.ask("GET", f"{case.path}/enforcement?known_at={moment}").status_code == 200


def test_what_was_known_at_a_moment_never_changes(door: Door, case: Case):
    door.post(f"{case.path}/record-absence", case.absence(20))
    moment = tick()
    before = [door.get(f"{case.path}/{name}", known_at=moment).content for name in NAMES]
    door.post(f"{case.path}/record-absence", case.absence(10))
    setting = {"key": "enf.evidence", "new": "9", "effective_from": days_ago(300), "reason": "for this test"}
    assert door.post("/policy/policy/change-setting", setting, "chief-officer").status_code == 201
    after = [door.get(f"{case.path}/{name}", known_at=moment).content for name in NAMES]
    assert before == after


# ------------------------------------------------------------------------------------ random histories

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("absence"), st.integers(1, 50)),
        st.tuples(st.just("letter"), st.integers(0, 10)),
        st.tuples(st.just("evidence"), st.integers(0, 10)),
        st.tuples(st.just("judge"), st.sampled_from(["ACCEPTABLE", "UNACCEPTABLE"])),
        st.tuples(st.just("strike"), st.integers(0, 9)),
        st.tuples(st.just("correct"), st.integers(1, 50)),
    ),
    min_size=1,
    max_size=8,
)


def step(door: Door, case: Case, kind: str, value: Any, made: list[tuple[str, str, str]]) -> None:
    """One command; refused ones are part of the history of nobody."""
    days = value if isinstance(value, int) else 0
    target = made[days % len(made)] if made else None
    if kind == "absence":
        body = case.absence(days)
        response = door.post(f"{case.path}/record-absence", body)
        if response.status_code == 201:
            made.append((body["absence_id"], body["date"], response.json()["events"][0]["id"]))
        return
    if target is None:
        return
    absence, day, event = target
    role, command, body = {
        "letter": (
            "practitioner",
            "issue-enforcement-letter",
            {"letter_id": str(uuid4()), "absence_id": absence, "issued_on": day, "channel": "post"},
        ),
        "evidence": (
            "practitioner",
            "receive-evidence",
            {"absence_id": absence, "received_at": f"{day}T12:00", "kind": "note", "description": "from the doctor"},
        ),
        "judge": (
            "practitioner",
            "judge-absence",
            {"absence_id": absence, "result": str(value), "reason_code": "x", "reason": "y", "judged_on": days_ago(0)},
        ),
        "strike": ("senior-practitioner", "strike-out-record", {"event_ref": event, "reason": "another person"}),
        "correct": (
            "senior-practitioner",
            "correct-record",
            {"event_ref": event, "field": "date", "corrected_value": days_ago(days), "reason": "misread"},
        ),
    }[kind]
    assert door.post(f"{case.path}/{command}", body, role).status_code in (201, 409)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_the_live_view_is_the_view_as_known_at_the_last_position_whatever_happened(door: Door, steps: list[Any]):
    case = door.new_case()
    made: list[tuple[str, str, str]] = []
    known: list[tuple[str, dict[str, Any]]] = []
    for kind, value in steps:
        step(door, case, kind, value, made)
        moment = tick()
        live = {name: door.get(f"{case.path}/{name}").json() for name in NAMES}
        then = {name: door.get(f"{case.path}/{name}", known_at=moment).json() for name in NAMES}
        for name in NAMES:
            assert {**live[name], "known_at": None} == {**then[name], "known_at": None}, name
        known.append((moment, then["enforcement"]))
    positions = [answer["position"] for _, answer in known]
    assert positions == sorted(positions)
    for moment, answer in known:
        assert door.get(f"{case.path}/enforcement", known_at=moment).json() == answer


# ------------------------------------------------------------------------------------ why


def whys(value: Any) -> list[Any]:
    """Every `why` in an answer, and beside what it stands."""
    if isinstance(value, dict):
        own = [value["why"]] if "why" in value else []
        return own + [each for inner in value.values() for each in whys(inner)]
    return [each for inner in value for each in whys(inner)] if isinstance(value, list) else []


@pytest.mark.parametrize("name", ["enforcement", "progress"])
def test_explained_answers_name_rules_facts_calendar_and_settings(door: Door, case: Case, name: str):
    absence = case.absence(30)
    door.post(f"{case.path}/record-absence", absence)
    letter = {
        "letter_id": str(uuid4()),
        "absence_id": absence["absence_id"],
        "issued_on": days_ago(29),
        "channel": "post",
    }
    assert door.post(f"{case.path}/issue-enforcement-letter", letter).status_code == 201
    plain = door.get(f"{case.path}/{name}").json()
    explained = door.get(f"{case.path}/{name}", explain="true").json()
    assert not whys(plain)
    found = whys(explained)
    assert found
    rules = {each["id"] for each in door.get("/rules").json()["items"]}
    for each in found:
        assert {rule.partition("@")[0] for rule in each["rules"]} <= rules, each
        assert all(1 <= position <= door.size for position in each["facts"])
    assert door.get(f"{case.path}/{name}", explain="false").json() | {"known_at": 0} == plain | {"known_at": 0}


# ------------------------------------------------------------------------------------ who may see what

SECRETS = (SURNAME, "0710890", "1990-02-01", "Kidderminster", "said to be ill", "misheard", "Fanshawe", "Ann")


@pytest.fixture(scope="module")
def told(door: Door) -> Case:
    """A case with a value in every kind of sealed field, corrections too."""
    case = door.new_case()
    first = door.get(f"{case.path}/chronology").json()["events"]
    person = next(each["id"] for each in first if each["type"] == "OffenderRecorded")
    door.post(f"{case.path}/record-absence", case.absence(note="said to be ill"))
    correction = {"event_ref": person, "field": "surname", "corrected_value": "Fanshawe", "reason": "misheard"}
    assert door.post(f"{case.path}/correct-record", correction, "team-admin").status_code in (201, 409)
    assert door.post(f"{case.path}/correct-record", correction, "senior-practitioner").status_code == 201
    risk = {
        "order_id": case.order,
        "completed_on": days_ago(3),
        "rosh_level": "VERY_HIGH",
        "risk_to_children_r2": False,
        "risk_management_plan": True,
        "sentence_plan": True,
        "signed_on": days_ago(3),
    }
    door.post(f"{case.path}/complete-risk-assessment", risk)
    return case


def test_those_who_work_on_a_case_read_its_values(door: Door, told: Case):
    for role in ("practitioner", "supervisor", "victim-liaison", "chief-officer"):
        text = door.get(f"{told.path}/chronology", role).text
        for secret in SECRETS:
            assert secret in text


@pytest.mark.parametrize("role", ["inspector", "auditor"])
def test_inspectors_and_auditors_read_states_and_dates_but_no_sealed_value(door: Door, told: Case, role: str):
    answer = door.get(f"{told.path}/chronology", role)
    assert answer.status_code == 200
    for secret in (*SECRETS, "VERY_HIGH"):
        assert secret not in answer.text
    full = door.get(f"{told.path}/chronology").json()
    for mine, whole in zip(answer.json()["events"], full["events"], strict=True):
        assert {**mine, "values": None} == {**whole, "values": None}
        assert mine["values"].keys() == whole["values"].keys()
    assert answer.json()["gaps"] == full["gaps"]


@pytest.mark.parametrize("role", ["inspector", "auditor"])
@pytest.mark.parametrize("name", ["enforcement", "progress"])
def test_a_status_is_the_same_for_everyone_who_may_see_it(door: Door, told: Case, role: str, name: str):
    mine, theirs = (door.get(f"{told.path}/{name}", each).json() for each in (role, "practitioner"))
    assert {**mine, "known_at": 0} == {**theirs, "known_at": 0}


@pytest.mark.parametrize("role", ["police", "school", "administrator", "system"])
def test_others_read_no_case(door: Door, told: Case, role: str):
    for name in NAMES:
        problem = a_problem(door.get(f"{told.path}/{name}", role), 403, "forbidden")
        assert role in problem["detail"]
    for name in WORKLISTS:
        a_problem(door.get(f"/worklists/{name}", role), 403, "forbidden")


def test_every_other_role_reads_every_view_and_worklist(door: Door, told: Case):
    for role in sorted(set(ROLES) - {"police", "school", "administrator", "subject-access", "system"}):
        for name in NAMES:
            assert door.get(f"{told.path}/{name}", role).status_code == 200
    for name in WORKLISTS:
        assert door.get(f"/worklists/{name}", "inspector").status_code == 200


def test_who_may_not_read_cases_learns_nothing_about_which_there_are(door: Door, told: Case):
    there = door.get(f"{told.path}/enforcement", "police")
    nowhere = door.get(f"/offenders/{uuid4()}/enforcement", "police")
    assert there.content == nowhere.content


# ------------------------------------------------------------------------------------ worklists


@pytest.mark.parametrize("name", WORKLISTS)
def test_a_worklist_is_an_object_with_items_and_next(door: Door, told: Case, name: str):
    answer = door.get(f"/worklists/{name}").json()
    assert set(answer) == {"items", "next", "position", "paused"}
    assert answer["paused"] == []
    for row in answer["items"]:
        assert row[WORKLISTS[name].names_case]


@pytest.mark.parametrize("name", WORKLISTS)
def test_a_worklist_shows_no_sealed_value(door: Door, told: Case, name: str):
    text = door.get(f"/worklists/{name}").text
    for secret in SECRETS[:-1]:
        assert secret not in text


def test_a_worklist_as_known_before_anything_is_empty(door: Door, told: Case):
    for name in WORKLISTS:
        assert door.get(f"/worklists/{name}", known_at="2001-01-01T00:00:00Z").json()["items"] == []


def test_a_row_of_a_worklist_says_what_the_view_of_its_case_says(door: Door, case: Case):
    for days in (40, 30):
        absence = case.absence(days)
        door.post(f"{case.path}/record-absence", absence)
        letter = {
            "letter_id": str(uuid4()),
            "absence_id": absence["absence_id"],
            "issued_on": days_ago(days - 1),
            "channel": "post",
        }
        sealed = door.post(f"{case.path}/issue-enforcement-letter", letter)
        assert sealed.status_code == 201
    [order] = door.get(f"{case.path}/enforcement").json()["orders"]
    assert order["breach"] == "triggered"
    after = sealed.json()["events"][-1]["position"]
    rows = door.get("/worklists/breach", after=after, limit=1000).json()["items"]
    [row] = [each for each in rows if each["offender_id"] == case.id]
    assert {name: row[name] for name in row.keys() & order.keys()} == {
        name: order[name] for name in row.keys() & order.keys()
    }
