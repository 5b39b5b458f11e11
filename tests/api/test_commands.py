"""A command is acknowledged once, with a receipt that anyone can check, or refused, with nothing written."""

from __future__ import annotations

import asyncio
import base64
from uuid import uuid4

import orjson
import pytest
from tests.doors import Case, Door, a_problem, compact, days_ago

from ledger.aggregates.roles import ROLES
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.note import Verifier
from ledger.transparency.tree import RightEdge, leaf_hash


@pytest.fixture
def case(door: Door) -> Case:
    return door.new_case()


def record_absence(case: Case) -> str:
    return f"{case.path}/record-absence"


# ------------------------------------------------------------------------------------ acknowledged


def test_a_command_is_acknowledged_with_a_receipt_of_the_shape_agreed(door: Door, case: Case):
    response = door.post(record_absence(case), case.absence())
    assert response.status_code == 201
    assert response.headers["content-type"] == "application/json"
    receipt = response.json()
    assert list(receipt) == ["events", "checkpoint", "warnings"]
    [event] = receipt["events"]
    assert set(event) == {"stream", "version", "id", "type", "position", "leaf", "proof"}
    assert event["stream"] == f"offender-{case.id}"
    assert event["type"] == "AbsenceRecorded"
    assert event["version"] == 3
    assert event["position"] == door.size
    assert response.headers["etag"] == '"3"'


def test_the_checkpoint_of_a_receipt_is_signed_by_the_key_that_the_log_shows_and_holds_the_fact(door: Door, case: Case):
    receipt = door.post(record_absence(case), case.absence()).json()
    vkey = door.get("/log/vkey", None).text.strip()
    checkpoint = Checkpoint.open(receipt["checkpoint"], door.ledger.store.origin, [Verifier.parse(vkey)])
    [event] = receipt["events"]
    entries = door.run(door.ledger.store.database.entries(1, checkpoint.size))
    assert RightEdge().extend([leaf_hash(entry) for _, _, entry in entries]).root() == checkpoint.root
    _, leaf, entry = entries[event["position"] - 1]
    assert base64.b64decode(event["leaf"], validate=True) == leaf == leaf_hash(entry)
    assert orjson.loads(entry)["id"] == event["id"]


def test_the_entry_says_who_did_what_when_and_from_which_screen(door: Door, case: Case):
    key = str(uuid4())
    token = door.tokens.issue(door.actor("pso").id, ("pso", "practitioner"), "North 2")
    absence = case.absence(note="said to be ill")
    response = door.ask(
        "POST",
        record_absence(case),
        None,
        json=absence,
        headers={
            "Authorization": f"Bearer {token}",
            "Ledger-Role": "practitioner",
            "Idempotency-Key": key,
            "Ledger-Seen": "2; as_at=2025-04-07; known_at=2025-04-07T17:30",
        },
    )
    [event] = response.json()["events"]
    [(_, _, entry)] = door.run(door.ledger.store.database.entries(event["position"], event["position"]))
    members = orjson.loads(entry)
    assert members["by"] == {"id": door.actor("pso").id, "role": "practitioner", "unit": "North 2"}
    assert members["key"] == key
    assert members["seen"] == {"position": 2, "as_at": "2025-04-07", "known_at": "2025-04-07T16:30:00.000000Z"}
    assert members["effective"] == absence["date"]
    assert members["values"]["absence_id"] == absence["absence_id"]
    assert set(members["sealed"]) == {"note"}
    assert b"said to be ill" not in entry


def test_warnings_are_part_of_the_receipt_and_of_its_repetition(door: Door, case: Case):
    for days in (40, 33):
        door.post(record_absence(case), case.absence(days))
    key = str(uuid4())
    absence = case.absence(30)
    first = door.post(record_absence(case), absence, Idempotency_Key=key)
    again = door.post(record_absence(case), absence, Idempotency_Key=key)
    assert first.content == again.content
    for warning in first.json()["warnings"]:
        assert set(warning) == {"rule", "message"}


def test_a_fact_without_a_date_of_its_own_happened_when_its_author_says(door: Door, case: Case):
    absence = case.absence(10)
    door.post(record_absence(case), absence)
    told = {"absence_id": absence["absence_id"], "note": "her mother called"}
    door.post(f"{case.path}/pass-on-information", told, Ledger_Effective=days_ago(9))
    [event] = [
        each for each in door.get(f"{case.path}/chronology").json()["events"] if each["type"].startswith("AbsenceInf")
    ]
    assert event["effective"] == days_ago(9)
    response = door.post(f"{case.path}/pass-on-information", told, Ledger_Effective=days_ago(-2))
    assert a_problem(response, 409)["rule"] == "GEN-05"


# ------------------------------------------------------------------------------------ the same again


def test_the_same_request_with_the_same_key_gets_the_same_bytes_and_writes_nothing(door: Door, case: Case):
    absence, key = case.absence(note="x"), str(uuid4())
    first = door.post(record_absence(case), absence, Idempotency_Key=key)
    for _ in range(3):
        door.post(record_absence(case), case.absence())  # the log goes on meanwhile
        size = door.size
        again = door.post_raw(
            record_absence(case), compact(dict(reversed(absence.items()))).replace(b":", b" : "), Idempotency_Key=key
        )
        assert (first.status_code, again.status_code) == (201, 200)
        assert again.content == first.content
        assert again.headers["etag"] == first.headers["etag"]
        assert door.size == size


def test_a_repeated_request_gets_its_receipt_whatever_it_was_looked_at(door: Door, case: Case):
    absence, key = case.absence(), str(uuid4())
    first = door.post(record_absence(case), absence, Idempotency_Key=key, If_Match='"2"')
    again = door.post(record_absence(case), absence, Idempotency_Key=key, If_Match='"2"')
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.content == first.content


def test_a_key_in_capitals_or_quotes_is_the_same_key(door: Door, case: Case):
    absence, key = case.absence(), str(uuid4())
    first = door.post(record_absence(case), absence, Idempotency_Key=key)
    for spelling in (key.upper(), f'"{key}"'):
        assert door.post(record_absence(case), absence, Idempotency_Key=spelling).content == first.content


def test_a_key_is_for_one_request_only(door: Door, case: Case):
    absence, key = case.absence(), str(uuid4())
    assert door.post(record_absence(case), absence, Idempotency_Key=key).status_code == 201
    size = door.size
    other = door.new_case()
    size += 2
    for path, body, role, more in (
        (record_absence(case), absence | {"kind": "FAILURE_TO_COMPLY"}, "practitioner", {}),
        (record_absence(case), case.absence(), "practitioner", {}),
        (record_absence(case), absence, "supervisor", {}),
        (record_absence(case), absence, "practitioner", {"Ledger_Effective": days_ago(1)}),
        (record_absence(other), absence, "practitioner", {}),
        (f"{case.path}/pass-on-information", {"absence_id": str(uuid4()), "note": "x"}, "practitioner", {}),
    ):
        a_problem(door.post(path, body, role, Idempotency_Key=key, **more), 409, "key-reused")
    assert door.size == size


def test_of_many_identical_requests_at_once_one_is_recorded_and_all_get_its_receipt(door: Door, case: Case):
    absence, headers = case.absence(), {"Idempotency-Key": str(uuid4())}
    size = door.size

    async def all_at_once():
        asking = (door.asking("POST", record_absence(case), json=absence, headers=headers) for _ in range(20))
        return await asyncio.gather(*asking)

    answers = door.run(all_at_once())
    assert {each.content for each in answers} == {answers[0].content}
    assert sorted(each.status_code for each in answers) == [200] * 19 + [201]
    assert door.size == size + 1


def test_many_commands_to_one_case_at_once_are_all_decided_on_what_came_before_them(door: Door, case: Case):
    async def all_at_once():
        return await asyncio.gather(
            *(door.asking("POST", record_absence(case), json=case.absence()) for _ in range(12))
        )

    answers = door.run(all_at_once())
    assert [each.status_code for each in answers] == [201] * 12
    assert sorted(each.json()["events"][0]["version"] for each in answers) == list(range(3, 15))


def test_one_absence_recorded_twice_at_once_is_recorded_once(door: Door, case: Case):
    absence = case.absence()

    async def all_at_once():
        return await asyncio.gather(*(door.asking("POST", record_absence(case), json=absence) for _ in range(8)))

    answers = door.run(all_at_once())
    assert sorted(each.status_code for each in answers) == [201] + [409] * 7
    for each in answers:
        if each.status_code == 409:
            a_problem(each, 409, "refused")


# ------------------------------------------------------------------------------------ refused


def test_a_stale_version_is_refused(door: Door, case: Case):
    etag = door.post(record_absence(case), case.absence()).headers["etag"]
    assert door.post(record_absence(case), case.absence(), If_Match=etag).status_code == 201
    size = door.size
    problem = a_problem(door.post(record_absence(case), case.absence(), If_Match=etag), 409, "stale-version")
    assert "4" in problem["detail"]
    a_problem(door.post(record_absence(case), case.absence(), If_Match='"99"'), 409, "stale-version")
    assert door.size == size


def test_version_nought_means_that_there_is_nothing_yet(door: Door):
    case = Case(str(uuid4()), str(uuid4()))
    person = {"client_id": "1234567", "surname": "Doe", "forenames": "Jo", "dob": "1980-01-01", "gender": "M"}
    to = f"{case.path}/record-offender"
    assert door.post(to, person, "court-officer", If_Match='"0"').status_code == 201
    a_problem(door.post(to, person, "court-officer", If_Match='"0"'), 409, "stale-version")


def test_a_rule_that_stands_in_the_way_is_named_with_its_message(door: Door, case: Case):
    size = door.size
    problem = a_problem(door.post(record_absence(case), case.absence(-3)), 409, "refused")
    assert problem["rule"] == "GEN-05"
    assert problem["detail"] == "An event cannot take effect in the future."
    assert problem["refusals"][0] == {"rule": "GEN-05", "message": problem["detail"]}
    assert door.size == size


def test_every_rule_that_stands_in_the_way_is_named(door: Door, case: Case):
    body = {
        "order_id": str(uuid4()),
        "order_type": "SSO",
        "court": "K",
        "sentence_date": days_ago(-5),
        "order_end_date": days_ago(60),
        "requirements": ["UPW"],
        "upw_hours": 1,
    }
    problem = a_problem(door.post(f"{case.path}/record-order", body, "court-officer"), 409, "refused")
    assert len(problem["refusals"]) > 1
    assert problem["rule"] == problem["refusals"][0]["rule"]


def test_a_case_begins_with_its_person(door: Door):
    case = Case(str(uuid4()), str(uuid4()))
    problem = a_problem(door.post(record_absence(case), case.absence()), 409, "refused")
    assert "RecordOffender" in problem["detail"]


def test_only_certain_roles_may_give_a_command_and_the_refusal_names_them(door: Door, case: Case):
    size = door.size
    for role in sorted(set(ROLES) - {"supervisor", "practitioner"}):
        problem = a_problem(door.post(record_absence(case), case.absence(), role), 403, "forbidden")
        assert "practitioner, supervisor" in problem["detail"]
        assert role in problem["detail"]
    assert door.size == size


def test_a_token_of_several_roles_needs_one_of_them_named(door: Door, case: Case):
    token = door.tokens.issue(str(uuid4()), ("pso", "supervisor"))

    def ask(**headers: str):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        signed = {"Authorization": f"Bearer {token}", **named}
        return door.ask("POST", record_absence(case), None, json=case.absence(), headers=signed)

    assert "pso, supervisor" in a_problem(ask(), 403, "forbidden")["detail"]
    a_problem(ask(Ledger_Role="practitioner"), 403, "forbidden")
    a_problem(ask(Ledger_Role=""), 403, "forbidden")
    a_problem(ask(Ledger_Role="pso"), 403, "forbidden")
    assert ask(Ledger_Role="supervisor").status_code == 201


def test_what_does_not_exist_cannot_be_commanded(door: Door, case: Case):
    for path in (
        f"{case.path}/record-nothing",
        f"{case.path}/RecordNothing",
        f"/nowhere/{case.id}/record-absence",
        f"/placements/{case.id}/record-absence",
        "/policy/other/change-setting",
    ):
        a_problem(door.post(path, case.absence()), 404, "not-found")


def test_what_a_release_brought_is_not_for_anyone_to_correct_or_strike_out(door: Door):
    [release] = door.run(door.ledger.store.database.stream("ledger"))
    for role in ("chief-officer", "senior-practitioner", "practitioner"):
        for command, more in (
            ("correct-record", {"field": "software", "corrected_value": "9.9.9"}),
            ("strike-out-record", {}),
        ):
            body = {"event_ref": release.members["id"], "reason": "x", **more}
            a_problem(door.post(f"/ledger/ledger/{command}", body, role), 404, "not-found")


def test_a_head_request_is_a_get_without_its_body(door: Door, case: Case):
    response = door.ask("HEAD", f"{case.path}/enforcement")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"


def test_a_fact_that_fits_into_one_entry_is_sealed_and_one_that_does_not_is_refused(door: Door):
    """500 people in one incident: nobody's chain lacks it; their names as well are too much."""
    placement = str(uuid4())
    opened = {
        "name": "The allotments",
        "type": "GROUP",
        "on_school_premises": False,
        "work_types": ["digging"],
        "in_school_hours": False,
        "mode": "GROUP",
        "max_no": 8,
        "days_available": ["Saturday"],
        "address": "1 Field Lane",
        "telephone": "01622 000000",
        "directions": "by the church",
        "contact_name": "J. Smith",
        "contact_position": "warden",
        "proposed_start": days_ago(20),
        "projected_completion": days_ago(-200),
        "contingency": "none",
    }
    assert door.post(f"/placements/{placement}/open-placement", opened, "placement-coordinator").status_code == 201
    report = {
        "incident_id": str(uuid4()),
        "occurred_at": f"{days_ago(1)}T10:00:00Z",
        "kind": "ACCIDENT",
        "offender_refs": [str(uuid4()) for _ in range(500)],
        "location": "the gate",
    }
    to = f"/placements/{placement}/report-incident"
    assert door.post(to, report, "supervisor").status_code == 201
    size = door.size
    report |= {"incident_id": str(uuid4()), "names": ["J. Smith"] * 500}
    problem = a_problem(door.post(to, report, "supervisor"), 422, "entry-too-large")
    assert "65,535" in problem["detail"]
    assert door.size == size
    del report["offender_refs"]
    assert door.post(to, report, "supervisor").status_code == 201
