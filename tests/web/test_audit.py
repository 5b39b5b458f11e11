"""The pages of the audit: how the logs are vouched for, what was refused, who was shown a case, what came late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest
from tests.doors import Door, days_ago
from tests.web.browsing import Browser, read, signed_in, text_of

from ledger.aggregates.roles import ROLES, SENIOR_OR_ABOVE
from ledger.api.web.words import duration, shown
from ledger.store.verified import FILE, NotARecord, Outcome, Verified, keep, newest
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.note import encode_base64, parse_note


def test_the_audit_shows_the_checkpoint_that_everybody_is_shown_and_whose_signatures_are_right(door: Door):
    door.new_case()
    answer = signed_in(door, "auditor").get("/audit")
    assert answer.status_code == 200
    checkpoint = Checkpoint.parse(parse_note(door.get("/log/checkpoint", None).text).text)
    said = text_of(answer)
    assert checkpoint.root.hex() in said
    assert encode_base64(checkpoint.root) in said
    assert f"Facts {checkpoint.size} " in said
    assert "The log itself, Ed25519" in said
    assert "The log itself, ML-DSA-44" in said
    assert "not by a key that is known here" not in said
    assert "None is asked" in said  # no witness has been named to this ledger


def test_a_closing_is_shown_with_its_position(door: Door):
    door.new_case()
    made = door.run(door.ledger.close_now())
    assert f"At position {shown(made.position)}, on" in text_of(signed_in(door, "auditor").get("/audit"))


def test_without_a_verification_the_page_says_how_one_is_made(door: Door):
    kept = door.ledger.store.home / FILE
    kept.unlink(missing_ok=True)
    assert "ledger verify" in text_of(signed_in(door).get("/audit"))


def test_the_last_verification_is_shown_with_its_age_how_far_it_came_and_what_it_found(door: Door):
    home, case = door.ledger.store.home, door.new_case()
    own, access = Outcome.of(door.verify()), Outcome.of(door.verify(log=door.ledger.store.access))
    keep(home, Verified(datetime.now(UTC) - timedelta(days=3), own, access, values=7))
    door.give(case.to, "RecordAbsence", case.absence(), "supervisor", key=uuid4())
    said = text_of(signed_in(door, "auditor").get("/audit"))
    assert "Everything held" in said
    assert "3 days ago" in said
    assert f"{own.size} facts of the ledger" in said
    assert "1 fact has come since" in said
    assert "7 opened" in said
    broken = Outcome(own.size, own.root, 1, ["leaf-differs at position 4: <b>not</b> that of the entry"], "1 finding")
    keep(home, Verified(datetime.now(UTC), broken, access))
    answer = signed_in(door, "auditor").get("/audit")
    assert "Something did not hold" in text_of(answer)
    assert "leaf-differs at position 4: <b>not</b>" in text_of(answer)
    assert "<b>" not in answer.text


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"at": "x"}', '{"at": "2026-01-01", "ledger": {}}', "\x00"])
def test_a_record_that_cannot_be_read_is_none(door: Door, text: str):
    file = door.ledger.store.home / FILE
    file.write_text(text)
    with pytest.raises(NotARecord):
        newest(door.ledger.store.home)
    answer = signed_in(door).get("/audit")
    file.unlink()
    assert answer.status_code == 200
    assert "Cannot be read" in text_of(answer)


SPOILED: dict[str, Any] = {
    "cut off": lambda kept: orjson.dumps(kept)[:40],
    "a list": lambda kept: b"[]",
    "without a time zone": lambda kept: orjson.dumps(kept | {"at": "2026-01-01T00:00:00"}),
    "a size in words": lambda kept: orjson.dumps(kept | {"ledger": kept["ledger"] | {"size": "many"}}),
    "a size below nothing": lambda kept: orjson.dumps(kept | {"ledger": kept["ledger"] | {"size": -1}}),
    "no findings": lambda kept: orjson.dumps(kept | {"ledger": kept["ledger"] | {"findings": None}}),
    "a root that is none": lambda kept: orjson.dumps(kept | {"access_log": kept["access_log"] | {"root": 7}}),
    "values in words": lambda kept: orjson.dumps(kept | {"values": "all"}),
    "a member more": lambda kept: orjson.dumps(kept | {"ledger": kept["ledger"] | {"more": 1}}),
}


@pytest.mark.parametrize("how", SPOILED)
def test_a_record_of_a_verification_that_was_changed_by_hand_is_said_to_be_no_record(door: Door, how: str):
    own, access = Outcome.of(door.verify()), Outcome.of(door.verify(log=door.ledger.store.access))
    keep(door.ledger.store.home, Verified(datetime.now(UTC), own, access))
    file = door.ledger.store.home / FILE
    file.write_bytes(SPOILED[how](orjson.loads(file.read_bytes())))
    answer = signed_in(door).get("/audit")
    file.unlink()
    assert answer.status_code == 200
    assert "Cannot be read" in text_of(answer)
    assert "Everything held" not in text_of(answer)


def test_no_page_verifies_the_ledger(door: Door, monkeypatch: pytest.MonkeyPatch):
    def never(*args: object, **more: object) -> None:
        raise AssertionError("a page read the whole ledger")

    monkeypatch.setattr("ledger.store.verifying.verify_database", never)
    assert signed_in(door, "auditor").get("/audit").status_code == 200


@pytest.mark.parametrize("role", [each for each in ROLES if each != "system"])
def test_each_role_is_offered_what_it_may_see_and_refused_the_rest(door: Door, role: str):
    browser = signed_in(door, role)
    home = browser.get("/audit")
    case = door.new_case()
    for path, roles in (
        ("/audit/refusals", {"auditor", "data-protection-officer"}),
        ("/audit/late-recording", SENIOR_OR_ABOVE),
        (f"/audit/readings/offenders/{case.id}", {"auditor", "data-protection-officer", "information-manager"}),
    ):
        assert browser.get(path).status_code == (200 if role in roles else 403), path
        if "readings" not in path:
            assert (f'href="{path}"' in home.text) is (role in roles), path


def refused_absence(door: Door) -> str:
    case = door.new_case()
    answer = door.post(f"{case.path}/record-absence", case.absence(-3), "practitioner")
    assert answer.status_code == 409
    return case.id


def test_what_was_refused_is_listed_and_can_be_filtered(door: Door):
    case, other = refused_absence(door), refused_absence(door)
    browser = signed_in(door, "auditor")
    said = browser.get(f"/audit/refusals?to=offender/{case}")
    assert f"/case/offenders/{case}" in said.text
    assert f"/case/offenders/{other}" not in said.text
    assert "Record absence" in text_of(said)
    assert 'href="/audit/rules/GEN-05"' in said.text
    assert "GEN-05" not in text_of(browser.get(f"/audit/refusals?to=offender/{case}&rule=ENF-04"))
    assert "Nothing of this kind" in text_of(browser.get(f"/audit/refusals?to=offender/{case}&role=police"))


def test_looking_at_refusals_is_on_record(door: Door):
    case = refused_absence(door)
    signed_in(door, "auditor").get(f"/audit/refusals?to=offender/{case}")
    read = door.get(f"/offenders/{case}/readings", "auditor").json()["items"]
    assert [each for each in read if each.get("view") == "refusals"]


def test_who_was_shown_a_case_is_listed_and_can_be_filtered(door: Door):
    case = door.new_case()
    signed_in(door).get(f"/case/offenders/{case.id}/enforcement")
    at = f"/audit/readings/offenders/{case.id}"
    browser = signed_in(door, "auditor")
    said = text_of(browser.get(at))
    assert "Enforcement" in said
    assert "Practitioner" in said
    assert door.actor("practitioner").id[:8] in said
    assert "Enforcement" not in text_of(browser.get(f"{at}?purpose=audit")).partition("What was shown")[2]
    assert "Readings" in text_of(browser.get(f"{at}?purpose=audit"))  # our own, of a moment ago
    assert "Nobody was shown it in this way" in text_of(browser.get(f"{at}?role=police"))


def test_whoever_answers_the_person_is_told_no_more_than_the_person_is(door: Door):
    case = door.new_case()
    signed_in(door).get(f"/case/offenders/{case.id}/enforcement")
    answer = signed_in(door, "information-manager").get(f"/audit/readings/offenders/{case.id}")
    assert "Practitioner" in text_of(answer)
    assert door.actor("practitioner").id[:8] not in answer.text
    assert "What was shown" not in text_of(answer)


def test_the_page_of_readings_is_itself_a_reading(door: Door):
    case = door.new_case()
    signed_in(door, "auditor").get(f"/audit/readings/offenders/{case.id}")
    read = door.get(f"/offenders/{case.id}/readings", "auditor").json()["items"]
    assert [each for each in read if each["type"] == "RecordViewed" and each["view"] == "readings"]


def test_the_readings_of_a_case_that_is_closed_to_an_auditor_are_not_told(door: Door):
    case = door.new_case()
    rule = {"user_id": door.actor("auditor").id, "message": "Ask the duty manager.", "reason": "Relative"}
    door.give(case.to, "ExcludeAccess", rule, "risk-manager", key=uuid4())
    browser = signed_in(door, "auditor")
    assert browser.get(f"/audit/readings/offenders/{case.id}").status_code == 403
    assert browser.get(f"/audit/refusals?to=offender/{case.id}").status_code == 403


@pytest.mark.parametrize(
    "path, status",
    [
        ("/audit/refusals?to=dragon/1", 404),
        ("/audit/refusals?to=offender/%00", 404),
        ("/audit/refusals?cursor=-1", 422),
        ("/audit/refusals?cursor=" + "9" * 40, 422),
        ("/audit/readings/dragons/1", 404),
        ("/audit/readings/offenders/%2e%2e", 404),
        (f"/audit/readings/offenders/{uuid4()}", 404),
        ("/audit/refusals?rule=<script>", 200),
        ("/audit/refusals?role=" + "x" * 5_000, 200),
    ],
    ids=range(9),
)
def test_an_address_that_makes_no_sense_is_answered_politely(door: Door, path: str, status: int):
    answer = signed_in(door, "auditor").get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert "<script>" not in answer.text


def test_late_recording_is_told_by_team_as_the_report_tells_it(door: Door):
    case = door.new_case()
    door.post(f"{case.path}/record-absence", case.absence(20), "practitioner")
    door.run(door.ledger.follower.catch_up())
    found = door.get("/reports/late-recording", "unit-manager").json()["items"]
    assert found
    answer = signed_in(door, "unit-manager").get("/audit/late-recording")
    rows = [tag for tag, given in read(answer).tags if tag == "th" and given.get("scope") == "row"]
    assert len(rows) == len(found)
    assert duration(timedelta(minutes=found[0]["longest_minutes"])) in text_of(answer)
    before = text_of(signed_in(door, "unit-manager").get(f"/audit/late-recording?as_at={days_ago(4000)}"))
    assert "Nothing was recorded late" in before


def test_the_audit_is_for_whoever_is_signed_in(door: Door):
    assert Browser(door).get("/audit").headers["location"].startswith("/sign-in")
