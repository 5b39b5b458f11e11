"""Doing: every command has a form, what is sent is recorded once, and a refusal loses nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.doors import Door, days_ago
from tests.web.browsing import Browser, read, signed_in, text_of

from ledger.aggregates import AGGREGATES
from ledger.aggregates.roles import roles_for
from ledger.aggregates.shape import Fact
from ledger.api import openapi
from ledger.api.web.fields import A_NEW_ONE, Choice, Field, data_of, fields_of

GIVEN = [(noun, fact) for noun, each in AGGREGATES.items() for fact in each.every_fact if fact.command]


def filled(field: Field, value: Any) -> str:
    """What a person would have put into a field to say this."""
    match field.kind:
        case "yes-no":
            return "yes" if value else "no"
        case "lines":
            return "\r\n".join(map(str, value))
        case "json":
            return json.dumps(value)
        case "moment":
            return str(value)[:16]
        case _:
            return str(value)


def same(value: Any) -> Any:
    """A value, an instant whatever zone it is written in."""
    instant = isinstance(value, str) and value[10:11] == "T" and value[:4].isdigit() and datetime.fromisoformat(value)
    return instant.astimezone(UTC) if instant else value


@pytest.mark.parametrize("noun, fact", GIVEN, ids=lambda each: each if isinstance(each, str) else each.__name__)
def test_what_a_form_is_filled_with_is_what_the_command_says(noun: str, fact: type[Fact]):
    wanted = {name: value for name, value in openapi.example(fact).items() if name not in fact.supplied}
    sent = {each.name: filled(each, wanted[each.name]) for each in fields_of(noun, fact, {}) if each.name in wanted}
    got = data_of(noun, fact, sent)
    wanted = {name: value for name, value in wanted.items() if value != []}  # nothing filled in is nothing said
    assert {name: same(value) for name, value in got.items()} == {name: same(value) for name, value in wanted.items()}
    assert [type(got[name]) for name in wanted] == [type(value) for value in wanted.values()]


NEW = {
    *(("OrderMade", "order_id"), ("PlacementAllocated", "allocation_id"), ("SessionScheduled", "session_id")),
    *(("AbsenceRecorded", "absence_id"), ("EnforcementLetterIssued", "letter_id"), ("DocumentFiled", "doc_id")),
    *(("BreachWarningGiven", "warning_id"), ("EteActivityAgreed", "ete_id"), ("VictimInformationFiled", "victim_id")),
    *(("RightsRequestReceived", "request_id"), ("HeadTeacherApprovalGiven", "approval_id")),
    *(("DeviationNoted", "deviation_id"), ("PqsAudited", "audit_id"), ("IncidentReported", "incident_id")),
    *(("ChildProtectionConcernRecorded", "concern_id"), ("ChildrenServicesCheckRequested", "check_id")),
    *(("ReferralMade", "referral_id"), ("ConferenceInvited", "conference_id"), ("ConferenceActionSet", "action_id")),
    ("HoldPlaced", "hold_id"),
}


def test_a_new_id_is_made_for_what_begins_and_never_for_what_is_only_named():
    made = {
        (fact.__name__, field.name)
        for noun, fact in GIVEN
        for field in fields_of(noun, fact, {})
        if field.value or any(each.says == A_NEW_ONE for each in field.choices)
    }
    assert made == NEW


def test_an_exclusion_that_names_nobody_is_not_recorded(door: Door):
    case = door.new_case()
    browser = signed_in(door, "risk-manager")
    at = f"/record/offenders/{case.id}/exclude-access"
    answer = browser.post(at, read(browser.get(at)).hidden | {"message": "Ask.", "reason": "Relative"})
    assert answer.status_code == 422
    assert 'href="#user_id"' in answer.text


def test_any_record_of_a_case_can_be_corrected_and_any_rule_of_access_ended(door: Door):
    case = door.new_case()
    rule = {"user_id": str(uuid4()), "message": "Ask the duty manager.", "reason": "Relative"}
    door.give(case.to, "ExcludeAccess", rule, "risk-manager", key=uuid4())
    events = door.get(f"{case.path}/chronology").json()["events"]
    browser = signed_in(door, "risk-manager")
    for command, field, wanted in (
        ("strike-out-record", "event_ref", events),
        ("end-access-rule", "rule_ref", [each for each in events if each["type"] == "AccessExcluded"]),
    ):
        page = read(browser.get(f"/record/offenders/{case.id}/{command}"))
        offered = [g["value"] for _, g in page.tags if g.get("name") == field and g.get("type") == "radio"]
        assert sorted(map(str, offered)) == sorted(each["id"] for each in wanted), command


def test_a_form_of_a_case_that_shares_a_matter_with_limited_access_opens_and_offers_nothing_of_that(door: Door):
    mine, theirs = door.new_case(), door.new_case()
    matter = f"child-protection-matter/{uuid4()}"
    concerns = {case.id: str(uuid4()) for case in (mine, theirs)}
    for offender_id, concern_id in concerns.items():
        noted = {"concern_id": concern_id, "offender_id": offender_id, "source": "INTERVIEW_OASYS", "grave": False}
        noted |= {"noted_on": days_ago(2), "category": "UNDETERMINED", "note": "Told"}
        door.give(matter, "RecordConcern", noted, "practitioner", key=uuid4())
    shut = {"user_id": door.actor("practitioner").id, "message": "Ask the duty manager.", "reason": "Relative"}
    door.give(theirs.to, "ExcludeAccess", shut, "risk-manager", key=uuid4())
    answer = signed_in(door).get(f"/record/offenders/{mine.id}/record-absence")
    assert answer.status_code == 200, text_of(answer)
    assert mine.order in answer.text
    assert theirs.id not in answer.text
    assert concerns[theirs.id] not in answer.text


def test_another_person_of_the_staff_can_be_named_than_those_whom_the_case_knows():
    known = {"staff_id": [Choice(str(uuid4()), "Practitioner assigned")]}
    (field,) = [
        each
        for noun, fact in GIVEN
        if fact.__name__ == "PractitionerAssigned"
        for each in fields_of(noun, fact, known)
        if each.name == "staff_id"
    ]
    assert (field.kind, field.value) == ("text", "")
    assert [each.value for each in field.choices] == [each.value for each in known["staff_id"]]


@pytest.mark.parametrize(
    "moment", ["2026-02-30T10:00", "0001-01-01T00:00", "9999-12-31T23:59", "٢٠٢٦-02-03T10:00", "2026-03-29T01:30"]
)
def test_a_moment_that_no_calendar_has_is_refused_beside_its_field(door: Door, moment: str):
    case = door.new_case()
    browser = signed_in(door, "supervisor")
    at = f"/record/offenders/{case.id}/stop-work"
    answer = browser.post(at, read(browser.get(at)).hidden | {"stopped_at": moment, "reason": "Storm"})
    assert answer.status_code == 422, text_of(answer)
    assert 'id="stopped_at-error"' in answer.text
    assert f'value="{moment}"' in answer.text


def absence_form(browser: Browser, case: str) -> tuple[httpx.Response, dict[str, str]]:
    """The form of an absence, and what it is sent with; whatever is new has its id already."""
    page = browser.get(f"/record/offenders/{case}/record-absence")
    fields = dict(read(page).hidden)
    for tag, given in read(page).tags:
        if tag == "input" and given.get("type") == "radio" and "checked" in given:
            fields[str(given["name"])] = str(given["value"])
    return page, fields


def test_an_absence_is_recorded_by_its_form_and_its_receipt_leads_to_the_proof(door: Door):
    case = door.new_case()
    browser = signed_in(door, "practitioner")
    _, fields = absence_form(browser, case.id)
    assert "absence_id" in fields
    filled_in = {"order_id": case.order, "appointment_kind": "UPW", "date": days_ago(5), "kind": "FTA"}
    answer = browser.post(f"/record/offenders/{case.id}/record-absence", fields | filled_in)
    assert answer.status_code == 303, text_of(answer)
    receipt = browser.get(answer.headers["location"])
    position = door.size
    assert f"Position {position}" in text_of(receipt)
    assert door.ask("GET", f"/log/proof/{position}", None).status_code == 200
    absences = door.get(f"{case.path}/enforcement").json()["orders"][0]["absences"]
    assert [each["absence_id"] for each in absences] == [fields["absence_id"]]


def test_what_a_case_knows_is_chosen_by_the_fact_that_brought_it(door: Door):
    case = door.new_case()
    absence = case.absence(20)
    door.post(f"{case.path}/record-absence", absence, "practitioner")
    letter = {
        "letter_id": str(uuid4()),
        "absence_id": absence["absence_id"],
        "issued_on": days_ago(19),
        "channel": "POST",
    }
    assert door.post(f"{case.path}/issue-enforcement-letter", letter, "practitioner").status_code == 201
    page = signed_in(door, "practitioner").get(f"/record/offenders/{case.id}/receive-evidence")
    assert "Absence recorded, " in text_of(page)
    assert "Enforcement letter issued, " not in text_of(page)


def test_a_double_click_records_once(door: Door):
    case = door.new_case()
    browser = signed_in(door, "practitioner")
    _, fields = absence_form(browser, case.id)
    filled_in = {"order_id": case.order, "appointment_kind": "UPW", "date": days_ago(5), "kind": "FTA"}
    first = browser.post(f"/record/offenders/{case.id}/record-absence", fields | filled_in)
    size = door.size
    again = browser.post(f"/record/offenders/{case.id}/record-absence", fields | filled_in)
    assert again.headers["location"] == first.headers["location"]
    assert door.size == size


def test_a_refusal_shows_its_rule_and_keeps_what_was_filled_in(door: Door):
    case = door.new_case()
    browser = signed_in(door, "practitioner")
    _, fields = absence_form(browser, case.id)
    size = door.size
    filled_in = {"order_id": case.order, "appointment_kind": "UPW", "date": days_ago(-30), "kind": "FTA"}
    answer = browser.post(f"/record/offenders/{case.id}/record-absence", fields | filled_in)
    assert answer.status_code == 409
    assert door.size == size
    assert "This was not recorded" in text_of(answer)
    assert "GEN-" in text_of(answer)
    assert f'value="{days_ago(-30)}"' in answer.text
    _, again = answer, read(answer).hidden
    assert again["key"] == fields["key"]
    checked = [g for tag, g in read(answer).tags if tag == "input" and "checked" in g and g["name"] == "absence_id"]
    assert [each["value"] for each in checked] == [fields["absence_id"]]
    mended = {**fields, **again, **filled_in, "date": days_ago(5)}
    assert browser.post(f"/record/offenders/{case.id}/record-absence", mended).status_code == 303


def test_a_field_of_the_wrong_form_is_named_beside_it(door: Door):
    case = door.new_case()
    browser = signed_in(door, "practitioner")
    _, fields = absence_form(browser, case.id)
    filled_in = {"order_id": case.order, "appointment_kind": "UPW", "date": "soon", "kind": "FTA"}
    answer = browser.post(f"/record/offenders/{case.id}/record-absence", fields | filled_in)
    assert answer.status_code == 422
    assert 'href="#date"' in answer.text
    assert 'id="date-error"' in answer.text
    assert read(answer).hidden["key"] == fields["key"]


def test_the_fact_says_what_its_author_was_looking_at(door: Door):
    case = door.new_case()
    browser = signed_in(door, "practitioner")
    _, fields = absence_form(browser, case.id)
    assert int(fields["seen"]) > 0
    filled_in = {"order_id": case.order, "appointment_kind": "UPW", "date": days_ago(5), "kind": "FTA"}
    browser.post(f"/record/offenders/{case.id}/record-absence", fields | filled_in)
    stored = door.run(door.ledger.store.database.entries(door.size, door.size))
    assert f'"seen":{{"position":{fields["seen"]}}}'.encode() in stored[0][2]


@pytest.mark.parametrize("form", ["", "0" * 64])
def test_a_form_that_is_not_ours_records_nothing(door: Door, form: str):
    case = door.new_case()
    browser = signed_in(door, "practitioner")
    _, fields = absence_form(browser, case.id)
    size = door.size
    filled_in = {"order_id": case.order, "appointment_kind": "UPW", "date": days_ago(5), "kind": "FTA", "form": form}
    assert browser.post(f"/record/offenders/{case.id}/record-absence", fields | filled_in).status_code == 403
    assert door.size == size


def test_the_form_of_one_case_does_not_fit_another(door: Door):
    case, other = door.new_case(), door.new_case()
    browser = signed_in(door, "practitioner")
    _, fields = absence_form(browser, case.id)
    assert browser.post(f"/record/offenders/{other.id}/record-absence", fields).status_code == 403


def test_a_role_is_offered_what_it_may_record_and_nothing_else(door: Door):
    case = door.new_case()
    for role in ("practitioner", "auditor", "team-admin"):
        browser = signed_in(door, role)
        offered = browser.get(f"/record/offenders/{case.id}")
        for fact in AGGREGATES["offender"].every_fact:
            if fact.command:
                at = f"/record/offenders/{case.id}/{openapi.kebab(fact.command)}"
                assert (f'href="{at}"' in offered.text) == (role in roles_for(fact)), (role, fact)
        refused = browser.get(f"/record/offenders/{case.id}/restrict-access")
        assert refused.status_code == 403


def test_every_form_of_every_command_is_a_page(door: Door):
    case = door.new_case()
    browsers: dict[str, Browser] = {}
    for noun, fact in GIVEN:
        role = min(roles_for(fact))
        collection = AGGREGATES[noun].collection
        if noun in ("ledger",) or role == "system":
            continue
        browser = browsers.setdefault(role, signed_in(door, role))
        target = case.id if noun == "offender" else uuid4()
        answer = browser.get(f"/record/{collection}/{target}/{openapi.kebab(fact.command)}")
        assert answer.status_code == 200, (noun, fact, text_of(answer))
        labels = {each.get("for") for tag, each in read(answer).tags if tag == "label"}
        for field in fields_of(noun, fact, {}):
            assert f'name="{field.name}"' in answer.text, (fact, field)
            if field.kind not in ("choice", "yes-no"):
                assert field.name in labels, (fact, field)


@pytest.mark.parametrize("position", ["x", "1" * 20, "-1", "١", "0", "999999999999999"])
def test_a_receipt_of_no_position_is_not_there(door: Door, position: str):
    assert signed_in(door).get(f"/receipts/{position}").status_code == 404


def test_a_receipt_leads_nowhere_but_to_a_case(door: Door):
    answer = signed_in(door).get("/receipts/1?of=//evil.example/x&rule=<script>")
    assert "evil" not in answer.text
    assert "<script>" not in answer.text.replace('<script type="module"', "")
