"""A receipt looked up: by position, leaf or as a whole; its proof step by step, and nothing told that may not be."""

from __future__ import annotations

import base64
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.doors import SURNAME, Door, days_ago
from tests.web.browsing import Browser, read, signed_in, text_of

from ledger.api.web.facts import NO_LEAF, NO_RECEIPT
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.note import Signer

AT = "/audit/facts"


def look_up(browser: Browser, text: str) -> httpx.Response:
    tokens = [given["value"] for _, given in read(browser.get(AT)).tags if given.get("name") == "form"]
    return browser.post(AT, {"form": str(tokens[-1]), "what": text})


def receipt(door: Door) -> dict[str, Any]:
    case = door.new_case()
    return door.post(f"{case.path}/record-absence", case.absence(), "practitioner").json()


def test_a_position_leads_to_the_fact_and_its_proof_step_by_step(door: Door):
    position = receipt(door)["events"][0]["position"]
    browser = signed_in(door)
    sent = look_up(browser, str(position))
    assert sent.status_code == 303
    answer = browser.get(sent.headers["location"])
    assert answer.status_code == 200
    said = text_of(answer)
    assert f"Fact {position} of the ledger" in said
    assert "Failed to attend" in said
    assert "What is reached is the root of the checkpoint" in said
    assert "Does not hold" not in said
    assert f'href="/log/proof/{position}"' in answer.text


@pytest.mark.parametrize("spelled", ["base64", "hexadecimal", "in capitals"])
def test_a_leaf_hash_leads_to_its_fact_in_either_spelling(door: Door, spelled: str):
    event = receipt(door)["events"][0]
    text = event["leaf"] if spelled == "base64" else base64.b64decode(event["leaf"]).hex()
    sent = look_up(signed_in(door), text.upper() if spelled == "in capitals" else text)
    assert sent.headers["location"] == f"{AT}/{event['position']}"


def test_a_leaf_in_a_full_tile_is_found_there(door: Door):
    while door.size < 260:
        door.new_case()
    entries = door.run(door.ledger.store.database.entries(1, 256))
    browser = signed_in(door)
    for position, leaf, _ in (entries[0], entries[100], entries[255]):
        assert look_up(browser, leaf.hex()).headers["location"] == f"{AT}/{position}"
    across = (entries[7][1] + entries[8][1])[16:48]  # bytes of two neighbours are the leaf of neither
    assert NO_LEAF in text_of(look_up(browser, across.hex()))


def test_a_whole_receipt_is_held_against_the_log_claim_by_claim(door: Door):
    given = receipt(door)
    door.new_case()  # the log goes on
    said = text_of(look_up(signed_in(door), json.dumps(given, indent=2)))
    assert f"Fact {given['events'][0]['position']}: everything holds" in said
    assert "nothing was taken out or changed since" in said
    assert "Does not hold" not in said


def changed(given: dict[str, Any], door: Door, how: str) -> dict[str, Any]:
    event, size = given["events"][0], int(given["checkpoint"].split("\n")[1])
    origin = door.ledger.store.origin
    match how:
        case "another leaf":
            event["leaf"] = base64.b64encode(bytes(32)).decode()
        case "the position of another":
            event["position"] -= 1
        case "a position to come":
            event["position"] += 10_000
        case "a key of one's own":
            given["checkpoint"] = Checkpoint(origin, size, bytes(32)).sign(Signer(origin, bytes(32)))
        case "another log":
            given["checkpoint"] = Checkpoint("elsewhere/log", size, bytes(32)).sign(Signer("elsewhere/log", bytes(32)))
        case _:
            given["checkpoint"] = given["checkpoint"].replace(f"\n{size}\n", f"\n{size + 1}\n")
    return given


@pytest.mark.parametrize(
    "how, step",
    [
        ("another leaf", "The leaf hash in the receipt is that of the fact"),
        ("the position of another", "The leaf hash in the receipt is that of the fact"),
        ("a position to come", "That checkpoint covers the fact"),
        ("a key of one's own", "The log signed the checkpoint in the receipt"),
        ("another log", "The log signed the checkpoint in the receipt"),
        ("another size", "The log signed the checkpoint in the receipt"),
    ],
)
def test_a_changed_receipt_fails_at_the_step_that_does_not_hold(door: Door, how: str, step: str):
    said = text_of(look_up(signed_in(door), json.dumps(changed(receipt(door), door, how))))
    assert "something does not hold" in said
    assert f"Does not hold {step}" in said
    assert said.count("Does not hold ") == 1


def test_a_receipt_of_a_log_that_took_something_back_fails_where_it_shows(door: Door):
    given = receipt(door)
    size, log = int(given["checkpoint"].split("\n")[1]), door.ledger.store
    given["checkpoint"] = Checkpoint(log.origin, size, bytes(32)).sign(log.signer)  # rightly signed, of another history
    said = text_of(look_up(signed_in(door), json.dumps(given)))
    assert f"Does not hold Its {size:,} facts are the first of" in said


@pytest.mark.parametrize(
    "text",
    [
        *("", "0", "-1", "x", "9" * 30, "{}", "[]", '{"events": []}', '{"events": 7, "checkpoint": "x"}'),
        *('{"events": [{"position": 1, "leaf": "AAAA"}], "checkpoint": "x\\n1\\n\\n"}', "[" * 10_000, "\x00", "٣"),
        '{"events": [{"position": 1e400, "leaf": ""}], "checkpoint": ""}',
    ],
    ids=range(14),
)
def test_what_is_no_receipt_is_said_so_and_stays_in_the_form(door: Door, text: str):
    answer = look_up(signed_in(door), text)
    assert answer.status_code == 422
    assert NO_RECEIPT.partition(",")[0] in text_of(answer)


def test_markup_that_somebody_pasted_is_text(door: Door):
    answer = look_up(signed_in(door), "</textarea><script>alert(1)</script>")
    assert "<script>alert" not in answer.text


def test_a_form_of_another_site_is_not_looked_at(door: Door):
    browser = signed_in(door)
    assert browser.post(AT, {"what": "1", "form": "x"}).status_code == 403
    assert browser.post(AT, {"what": "1"}).status_code == 403


@pytest.mark.parametrize("path", ["999999999", "x", "0", "1?log=other", "-1", "1e3", "%00"])
def test_a_fact_that_is_not_there_is_not_there(door: Door, path: str):
    assert signed_in(door).get(f"{AT}/{path}").status_code == 404


def test_an_auditor_sees_the_entry_without_a_sealed_value_and_it_is_on_record(door: Door):
    case = door.new_case()
    stored = door.run(door.ledger.store.database.stream(f"offender-{case.id}"))
    answer = signed_in(door, "auditor").get(f"{AT}/{stored[0].position}")
    said = text_of(answer)
    assert "offender.recorded" in said or "offender." in said
    assert SURNAME not in said
    assert str(stored[0].members["id"])[:8] in said
    head = door.run(door.ledger.store.access.database.head())
    assert head is not None
    newest = door.run(door.ledger.store.access.database.entries(head.size, head.size))
    taken = json.loads(newest[0][2])
    assert taken["type"].startswith("access.entries-taken")
    assert (taken["values"]["first"], taken["values"]["last"]) == (stored[0].position, stored[0].position)


def test_an_entry_of_the_access_log_is_proven_to_everybody_and_shown_to_an_auditor(door: Door):
    case = door.new_case()
    signed_in(door).get(f"/case/offenders/{case.id}")
    position = door.get(f"{case.path}/readings", "auditor").json()["items"][-1]["position"]
    said = text_of(signed_in(door).get(f"{AT}/{position}?log=access"))
    assert "of the access log" in said
    assert "Does not hold" not in said
    assert case.id not in said
    assert case.id in signed_in(door, "auditor").get(f"{AT}/{position}?log=access").text


@pytest.mark.parametrize("role", ["police", "school", "administrator", "subject-access"])
def test_who_reads_no_case_is_shown_the_proof_alone(door: Door, role: str):
    position = receipt(door)["events"][0]["position"]
    said = text_of(signed_in(door, role).get(f"{AT}/{position}"))
    assert "What it says is shown on the pages of its case" in said
    assert "Failed to attend" not in said
    assert "is the root of the checkpoint" in said


def test_an_inspector_is_shown_the_row_without_its_sealed_values(door: Door):
    case = door.new_case()
    stored = door.run(door.ledger.store.database.stream(f"offender-{case.id}"))
    said = text_of(signed_in(door, "inspector").get(f"{AT}/{stored[0].position}"))
    assert SURNAME not in said
    assert "[sealed]" in said


def test_a_fact_that_stands_beside_one_with_limited_access_is_told(door: Door):
    mine, theirs = door.new_case(), door.new_case()
    matter = f"child-protection-matter/{uuid4()}"
    for case in (mine, theirs):
        noted = {"concern_id": str(uuid4()), "offender_id": case.id, "source": "INTERVIEW_OASYS", "grave": False}
        noted |= {"noted_on": days_ago(2), "category": "UNDETERMINED", "note": f"Told of {case.id}"}
        door.give(matter, "RecordConcern", noted, "practitioner", key=uuid4())
    given = door.give(mine.to, "RecordAbsence", mine.absence(1), "practitioner", key=uuid4())
    shut = {"user_id": door.actor("practitioner").id, "message": "Ask the duty manager.", "reason": "Relative"}
    door.give(theirs.to, "ExcludeAccess", shut, "risk-manager", key=uuid4())
    answer = signed_in(door).get(f"{AT}/{given.body['events'][0]['position']}")
    assert answer.status_code == 200, text_of(answer)
    assert "Absence recorded" in text_of(answer)
    assert theirs.id not in answer.text


def test_a_fact_of_a_case_with_limited_access_is_proven_and_not_told(door: Door):
    case = door.new_case()
    position = door.give(case.to, "RecordAbsence", case.absence(), "supervisor", key=uuid4()).body["events"][0][
        "position"
    ]
    rule = {"user_id": door.actor("practitioner").id, "message": "Ask the duty manager.", "reason": "Relative"}
    door.give(case.to, "ExcludeAccess", rule, "risk-manager", key=uuid4())
    answer = signed_in(door).get(f"{AT}/{position}")
    said = text_of(answer)
    assert "access to its case is limited" in said
    assert "Failed to attend" not in said
    assert case.id not in answer.text
    refused = door.get("/access/refusals", "auditor", to=case.to).json()["items"]
    assert any(each["command_name"] == "ReadCase" for each in refused)
