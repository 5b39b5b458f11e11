"""Limited access through the door: who is excluded from a case, or not among those it is restricted to, learns nothing
of it on any route, and is told so with the message that was meant for them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.doors import SURNAME, Case, Door, a_problem, days_ago

from ledger.aggregates.shape import Actor
from ledger.commands import Command
from ledger.errors import LimitedAccess
from ledger.projections import VIEWS, WORKLISTS

MESSAGE = "You know the family. Ask the duty manager."


@dataclass(frozen=True)
class User:
    """Somebody with a token of their own."""

    door: Door
    id: str
    role: str

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        token = self.door.tokens.issue(self.id, (self.role,))
        return self.door.ask(method, path, None, headers={"Authorization": f"Bearer {token}"}, **more)

    def get(self, path: str, **query: str) -> httpx.Response:
        return self.ask("GET", path, params=query)

    def post(self, path: str, body: Any) -> httpx.Response:
        return self.ask("POST", path, json=body)


def user(door: Door, role: str = "practitioner") -> User:
    return User(door, str(uuid4()), role)


def exclude(door: Door, case: Case, who: User, message: str = MESSAGE) -> str:
    body = {"user_id": who.id, "message": message, "reason": "a cousin"}
    return door.post(f"{case.path}/exclude-access", body, "risk-manager").json()["events"][0]["id"]


def restrict(door: Door, case: Case, *who: User) -> str:
    body = {"user_ids": [each.id for each in who], "message": MESSAGE, "reason": "in the papers"}
    answer = door.post(f"{case.path}/restrict-access", body, "risk-manager")
    assert answer.status_code == 201, answer.text
    return answer.json()["events"][0]["id"]


def end(door: Door, case: Case, rule: str) -> httpx.Response:
    return door.post(f"{case.path}/end-access-rule", {"rule_ref": rule, "reason": "left"}, "risk-manager")


def readings(case: Case) -> Iterator[str]:
    for view in VIEWS:
        if view.noun == "offender":
            yield f"{case.path}/{view.name}"
    yield f"{case.path}/decisions"


def told_nothing(door: Door, who: User, case: Case) -> None:
    """Every way to read or write the case is barred, and no answer holds anything of it."""
    for path in readings(case):
        problem = a_problem(who.get(path), 403, "limited-access")
        assert problem["rule"] == "DP-03"
        assert problem["message"] == MESSAGE
    before = door.size
    answer = who.post(f"{case.path}/record-absence", case.absence())
    assert SURNAME not in answer.text
    a_problem(answer, 403, "limited-access")
    a_problem(who.post(f"{case.path}/export", {"purpose": "supervision", "recipient": "Kent"}), 403, "limited-access")
    assert door.size == before


def test_an_excluded_user_reads_and_writes_nothing_and_everybody_else_as_before(door: Door):
    case, ann, ben = door.new_case(), user(door), user(door)
    exclude(door, case, ann)
    told_nothing(door, ann, case)
    for path in readings(case):
        assert ben.get(path).status_code == 200, path
    assert ben.post(f"{case.path}/record-absence", case.absence()).status_code == 201


def test_a_restricted_case_is_read_by_those_it_names(door: Door):
    case, ann, ben = door.new_case(), user(door), user(door)
    restrict(door, case, ann)
    told_nothing(door, ben, case)
    assert ann.get(f"{case.path}/enforcement").status_code == 200


@pytest.mark.parametrize("role", ["chief-officer", "auditor", "inspector", "risk-manager", "data-protection-officer"])
def test_no_role_is_above_a_restriction(door: Door, role: str):
    case = door.new_case()
    restrict(door, case, user(door))
    a_problem(user(door, role).get(f"{case.path}/enforcement"), 403, "limited-access")


def test_a_rule_that_is_ended_binds_nobody_from_the_next_question_on(door: Door):
    case, ann = door.new_case(), user(door)
    rule = exclude(door, case, ann)
    a_problem(ann.get(f"{case.path}/progress"), 403, "limited-access")
    assert end(door, case, rule).status_code == 201
    assert ann.get(f"{case.path}/progress").status_code == 200
    a_problem(end(door, case, rule), 409, "refused")
    a_problem(end(door, case, str(uuid4())), 409, "refused")


def test_a_limit_binds_readers_of_every_earlier_moment_too(door: Door):
    case, ann = door.new_case(), user(door)
    then = ann.get(f"{case.path}/progress").json()["known_at"]
    exclude(door, case, ann)
    a_problem(ann.get(f"{case.path}/progress", known_at=then), 403, "limited-access")
    a_problem(ann.get(f"{case.path}/progress", as_at=days_ago(3)), 403, "limited-access")


def test_what_is_refused_so_is_kept_as_evidence_without_the_message(door: Door):
    case, ann = door.new_case(), user(door)
    exclude(door, case, ann)
    ann.get(f"{case.path}/chronology")
    ann.post(f"{case.path}/record-absence", case.absence())
    listed = door.get("/access/refusals", "auditor", to=case.to)
    kept = listed.json()["items"]
    assert [(each["command_name"], each["problem"], each["rule_ids"]) for each in kept] == [
        ("ReadCase", "limited-access", ["DP-03"]),
        ("RecordAbsence", "limited-access", ["DP-03"]),
    ]
    assert {each["by"]["id"] for each in kept} == {ann.id}
    assert MESSAGE not in listed.text


def test_a_case_that_is_not_there_is_not_there_for_anybody(door: Door):
    a_problem(user(door).get(f"/offenders/{uuid4()}/progress"), 404)


def test_only_a_risk_manager_sets_and_ends_limits_and_nobody_amends_them(door: Door):
    case, ann = door.new_case(), user(door)
    body = {"user_id": ann.id, "message": MESSAGE, "reason": "a cousin"}
    a_problem(user(door, "unit-manager").post(f"{case.path}/exclude-access", body), 403, "forbidden")
    rule = exclude(door, case, ann)
    for name, more in (("correct-record", {"field": "message", "corrected_value": "x"}), ("strike-out-record", {})):
        told = {"event_ref": rule, "reason": "wrong", **more}
        problem = a_problem(door.post(f"{case.path}/{name}", told, "risk-manager"), 409, "refused")
        assert problem["rule"] == "DP-03"
    empty = {"user_ids": [], "message": MESSAGE, "reason": "none"}
    assert a_problem(door.post(f"{case.path}/restrict-access", empty, "risk-manager"), 409)["rule"] == "DP-03"
    a_problem(ann.get(f"{case.path}/progress"), 403, "limited-access")


def test_a_risk_manager_outside_a_restriction_may_widen_it_without_reading_the_case(door: Door):
    case, ann, ben = door.new_case(), user(door), user(door)
    restrict(door, case, ann)
    a_problem(door.get(f"{case.path}/progress", "risk-manager"), 403, "limited-access")
    restrict(door, case, ben)
    assert ben.get(f"{case.path}/progress").status_code == 200
    assert ann.get(f"{case.path}/progress").status_code == 200


def test_whoever_asks_twice_with_one_key_and_is_excluded_between_is_told_nothing_more(door: Door):
    case, ann = door.new_case(), user(door)
    given = Command("RecordAbsence", "offender", case.id, case.absence(), Actor(ann.id, ann.role), key=uuid4())
    first = door.run(door.ledger.execute(given))
    exclude(door, case, ann)
    again = door.run(door.ledger.execute(given))
    assert again.repeated
    assert again.body == first.body
    with pytest.raises(LimitedAccess):
        door.run(
            door.ledger.execute(
                Command("RecordAbsence", "offender", case.id, case.absence(), Actor(ann.id, ann.role), key=uuid4())
            )
        )


# ------------------------------------------------------------------------------------------ lists


def test_a_list_keeps_the_row_and_says_nothing_of_whom_one_may_not_read(door: Door):
    case, ann, ben = door.new_case(), user(door), user(door)
    door.run(door.ledger.follower.catch_up())
    asked = {"limit": "1000", "after": str(door.size)}
    before = {name: ann.get(f"/worklists/{name}", **asked).json()["items"] for name in WORKLISTS}
    assert any(row.get("offender_id") == case.id for rows in before.values() for row in rows)
    exclude(door, case, ann)
    door.run(door.ledger.follower.catch_up())
    for name, rows in before.items():
        now = ann.get(f"/worklists/{name}", **asked)
        assert case.id not in now.text
        assert len(now.json()["items"]) == len(rows)
        expected = [{"limited": True} if row.get("offender_id") == case.id else row for row in rows]
        assert now.json()["items"] == expected
        assert ben.get(f"/worklists/{name}", **asked).json()["items"] == rows


def test_a_list_as_known_earlier_says_nothing_either(door: Door):
    case, ann = door.new_case(), user(door)
    door.run(door.ledger.follower.catch_up())
    then = ann.get(f"{case.path}/progress").json()["known_at"]
    exclude(door, case, ann)
    for name in WORKLISTS:
        assert case.id not in ann.get(f"/worklists/{name}", known_at=then, limit="1000").text


def test_the_place_of_the_next_page_does_not_name_whom_one_may_not_read(door: Door):
    case, ann = door.new_case(), user(door)
    door.run(door.ledger.follower.catch_up())
    exclude(door, case, ann)
    cursor, seen = "", 0
    while True:
        page = ann.get("/worklists/first-appointments", limit="1", cursor=cursor).json()
        seen += {"limited": True} in page["items"]
        if page["next"] is None:
            break
        cursor = page["next"]
        assert case.id not in decoded(cursor)
    assert seen


def decoded(cursor: str) -> str:
    return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode(errors="replace")


# ------------------------------------------------------------------------------------------ what concerns persons


def test_what_was_decided_in_a_limited_case_is_not_told_by_its_position(door: Door):
    case, ann, ben = door.new_case(), user(door), user(door)
    absence = case.absence()
    ben.post(f"{case.path}/record-absence", absence)
    letter = {
        "letter_id": str(uuid4()),
        "absence_id": absence["absence_id"],
        "issued_on": days_ago(4),
        "channel": "post",
    }
    position = ben.post(f"{case.path}/issue-enforcement-letter", letter).json()["events"][0]["position"]
    assert ben.get(f"{case.path}/decisions/{position}").status_code == 200
    exclude(door, case, ann)
    a_problem(ann.get(f"{case.path}/decisions/{position}"), 403, "limited-access")


def test_the_message_of_a_limit_is_sealed_in_the_ledger(door: Door):
    case, secret = door.new_case(), f"Told to nobody else {uuid4()}"
    exclude(door, case, user(door), secret)
    entries = door.run(door.ledger.store.database.entries(1, door.size))
    assert not any(secret.encode() in entry for _, _, entry in entries)
