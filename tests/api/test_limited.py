"""Limited access through the door: who is excluded from a case, or not among those it is restricted to, learns nothing
of it on any route, and is told so with the message that was meant for them."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.doors import PERSON, SURNAME, Case, Door, a_problem, days_ago
from tests.erasing.family import Family

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


# ------------------------------------------------------------------------------------------ what two persons share


def concerned_in(door: Door, *cases: Case) -> tuple[str, str]:
    """A child protection matter in which a concern about each of them was noted; with a word of its own in each."""
    matter, word = f"/child-protection-matters/{uuid4()}", f"Zq{uuid4().hex}"
    for case in cases:
        noted = {"concern_id": str(uuid4()), "offender_id": case.id, "source": "INTERVIEW_OASYS", "grave": False}
        noted |= {"noted_on": days_ago(2), "category": "UNDETERMINED", "note": f"{word} of {case.id}"}
        answer = door.post(f"{matter}/record-concern", noted)
        assert answer.status_code == 201, answer.text
    return matter, word


def test_a_matter_shared_with_somebody_one_may_not_read_of_is_not_told_through_the_other_case(door: Door):
    mine, theirs, ann, ben = door.new_case(), door.new_case(), user(door), user(door)
    matter, word = concerned_in(door, mine, theirs)
    exclude(door, theirs, ann)
    a_problem(ann.get(matter), 403, "limited-access")
    problem = a_problem(ann.get(f"{mine.path}/child-protection"), 403, "limited-access")
    assert problem["message"] == MESSAGE
    page = ann.get(f"{mine.path}/chronology")
    assert page.status_code == 200
    assert word not in page.text
    assert theirs.id not in page.text
    assert page.json()["events"].count({"limited": True}) == 2
    assert ben.get(f"{mine.path}/chronology").text.count(word) == 2
    owed = [each.get(f"{mine.path}/chronology").json()["gaps"] for each in (ann, ben)]
    assert [any("matter_id" in gap for gap in each) for each in owed] == [False, True]
    listed = ann.get(f"{mine.path}/decisions")
    assert theirs.id not in listed.text
    assert matter.rpartition("/")[2] not in listed.text
    assert listed.json()["items"].count({"limited": True}) == 2
    whole = ben.get(f"{mine.path}/decisions").json()["items"]
    assert {"limited": True} not in whole
    for each in whole:
        told = ann.get(f"{mine.path}/decisions/{each['position']}")
        assert theirs.id not in told.text
        assert word not in told.text
        assert told.status_code == (403 if each["stream"] != f"offender-{mine.id}" else 200)
    exported = ann.post(f"{mine.path}/export", {"purpose": "supervision", "recipient": "Kent"})
    a_problem(exported, 403, "limited-access")


@pytest.mark.parametrize("name", ["exceptions", "child-protection"])
def test_what_a_matter_owes_is_a_nameless_row_to_who_may_not_read_of_another_person_in_it(door: Door, name: str):
    mine, theirs, ann, ben = door.new_case(), door.new_case(), user(door), user(door)
    matter = f"/child-protection-matters/{uuid4()}"
    for case in (mine, theirs):
        noted = {"concern_id": str(uuid4()), "offender_id": case.id, "source": "INTERVIEW_OASYS", "grave": True}
        noted |= {"noted_on": days_ago(9), "category": "SIGNIFICANT_HARM", "note": "so"}
        assert door.post(f"{matter}/record-concern", noted).status_code == 201
    exclude(door, theirs, ann)
    door.run(door.ledger.follower.catch_up())
    for asked in ({}, {"known_at": f"{days_ago(-1)}T00:00:00Z"}):
        rows = [
            ann.get(f"/worklists/{name}", limit="1000", **asked),
            ben.get(f"/worklists/{name}", limit="1000", **asked),
        ]
        hers, his = ([each for each in row.json()["items"] if each.get("offender_id") == mine.id] for row in rows)
        assert any(each["flag"] == "GRAVE_NOT_ESCALATED" for each in his if "flag" in each)
        assert [each for each in hers if "flag" in each and each["flag"] == "GRAVE_NOT_ESCALATED"] == []


def test_a_data_breach_is_not_told_to_whoever_may_not_read_of_somebody_it_is_about(door: Door):
    case, ann, ben = door.new_case(), user(door), user(door)
    breach = f"/data-breaches/{uuid4()}"
    told = {
        "discovered_at": f"{days_ago(1)}T10:00:00Z",
        "what": f"{SURNAME}'s file was lost",
        "offender_refs": [case.id],
    }
    assert door.post(f"{breach}/record-data-breach", told).status_code == 201
    exclude(door, case, ann)
    answer = ann.get(breach)
    assert SURNAME not in answer.text
    a_problem(answer, 403, "limited-access")
    a_problem(ann.get(f"{breach}/decisions"), 403, "limited-access")
    assert SURNAME in ben.get(breach).text


def test_a_request_for_what_is_held_does_not_lead_an_excluded_manager_around_the_limit(door: Door):
    crn, number = f"X{uuid4().int % 900_000 + 100_000}", str(uuid4())
    case = Case(number, "")
    door.give(case.to, "RecordOffender", {**PERSON, "crn": crn}, "court-officer", key=uuid4())
    ann, ben = user(door, "information-manager"), user(door, "information-manager")
    exclude(door, case, ann)
    answer = ann.get("/subject-access-request", crn=crn)
    assert SURNAME not in answer.text
    a_problem(answer, 403, "limited-access")
    assert ben.get("/subject-access-request", crn=crn).status_code == 200
    restrict(door, case, user(door))
    service = user(door, "subject-access").get("/subject-access-request", crn=crn)
    assert SURNAME in service.text  # the person's right is not the staff's to limit


def assign(door: Door, case: Case, who: User, day: int) -> None:
    given = {"order_id": case.order, "staff_id": who.id, "grade": "PO", "role": "RESPONSIBLE", "on": days_ago(day)}
    door.give(case.to, "AssignPractitioner", given, "senior-practitioner", key=uuid4())


def test_a_practitioner_whom_the_case_has_left_is_shown_no_victim_then_or_now(door: Door):
    case, ann, ben, word = door.new_case(), user(door), user(door), f"Zq{uuid4().hex}"
    filed = {"victim_id": str(uuid4()), "content": word, "on": days_ago(3)}
    door.give(case.to, "FileVictimInformation", filed, "practitioner", key=uuid4())
    assign(door, case, ann, 20)
    page = ann.get(f"{case.path}/chronology")
    assert word in page.text
    assign(door, case, ben, 1)
    then = page.json()["known_at"]
    assert word not in ann.get(f"{case.path}/chronology").text
    assert word not in ann.get(f"{case.path}/chronology", known_at=then).text
    assert word in ben.get(f"{case.path}/chronology", known_at=then).text


def test_an_export_opens_no_victim_to_a_practitioner_whose_case_it_is_not(door: Door):
    case, ann, ben, word = door.new_case(), user(door), user(door), f"Zq{uuid4().hex}"
    filed = {"victim_id": str(uuid4()), "content": word, "on": days_ago(3)}
    door.give(case.to, "FileVictimInformation", filed, "practitioner", key=uuid4())
    assign(door, case, ann, 20)
    asked = {"purpose": "supervision", "recipient": "Kent"}
    assert word in unpacked(ann.post(f"{case.path}/export", asked))
    assert word not in unpacked(ben.post(f"{case.path}/export", asked))


def unpacked(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as bundle:
        return "".join(bundle.read(each).decode(errors="replace") for each in bundle.namelist())


def test_a_child_on_the_register_with_somebody_limited_is_not_told_through_the_other_adult(door: Door):
    home, theirs, ann = Family(door), door.new_case(), user(door)
    kit = home.child()
    home.entered([kit])
    home.entered([kit], theirs)
    exclude(door, theirs, ann)
    a_problem(ann.get(f"/children/{kit}"), 403, "limited-access")
    page = ann.get(f"{home.case.path}/chronology")
    assert page.status_code == 200
    assert not [word for word in home.words[kit] if word in page.text]
    assert kit not in page.text


def test_a_hold_on_a_child_alone_is_a_nameless_row_to_whoever_may_not_read_of_an_adult_of_the_child(door: Door):
    home, other, ann, ben = Family(door), Family(door), user(door), user(door)
    kit = home.child()
    home.entered([kit])
    review, hold = other.review(), str(uuid4())
    placing = {"hold_id": hold, "child_refs": [kit], "placed_at": f"{days_ago(1)}T10:00"}
    home.give(f"case-review/{review}", "PlaceHold", placing, "aco")
    door.run(door.ledger.follower.catch_up())
    before = ann.get("/worklists/holds", limit="1000")
    assert kit in before.text
    exclude(door, home.case, ann)
    now = ann.get("/worklists/holds", limit="1000")
    assert not [each for each in (kit, hold, review) if each in now.text]
    assert len(now.json()["items"]) == len(before.json()["items"])
    assert kit in ben.get("/worklists/holds", limit="1000").text


def test_a_paused_case_that_concerns_somebody_limited_is_not_named(door: Door, monkeypatch: pytest.MonkeyPatch):
    home, ann, ben = Family(door), user(door), user(door)
    entry = home.entered([home.child()])
    whole = WORKLISTS["register-reviews"]

    def broken(*asked: Any) -> list[dict[str, Any]]:
        raise ArithmeticError

    given = dict(WORKLISTS) | {"register-reviews": replace(whole, rows=broken)}
    monkeypatch.setattr("ledger.application.WORKLISTS", given)
    exclude(door, home.case, ann)
    then = datetime.now(UTC).isoformat()
    mine, whose = (each.get("/worklists/register-reviews", known_at=then, limit="1000") for each in (ann, ben))
    assert entry in {each["entry_id"] for each in whose.json()["paused"]}
    assert entry not in mine.text
    assert len(mine.json()["paused"]) == len(whose.json()["paused"])
    assert {"limited": True} in mine.json()["paused"]
