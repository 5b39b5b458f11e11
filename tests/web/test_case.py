"""A case's pages: who it is, the time machine on every tab, and why each status is what it is."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from tests.doors import Door, days_ago
from tests.web.browsing import signed_in, text_of

from ledger.api.web.asking import Moments
from ledger.api.web.machine import machine
from ledger.api.web.pages import environment
from ledger.api.web.why import OTHER_WORDS, reasons
from ledger.projections import VIEWS

OFFENDER = [each.name for each in VIEWS if each.noun == "offender" and each.name != "person"]


def test_every_tab_has_the_time_machine(door: Door):
    case = door.new_case()
    browser = signed_in(door)
    for tab in OFFENDER:
        answer = browser.get(f"/case/offenders/{case.id}/{tab}")
        assert "Look at another day" in text_of(answer), tab
        assert f'href="/case/offenders/{case.id}/compare"' in answer.text, tab


def test_the_moments_of_a_case_are_a_list_and_links_that_need_no_script():
    recorded = [datetime(2026, 1, each, 9, tzinfo=UTC) for each in (5, 6, 7)]
    facts = [{"recorded": each, "title": "Absence recorded"} for each in recorded]
    moments = Moments(known_at=recorded[1])
    template = environment().from_string('{% from "machine.html" import machine %}{{ machine(it, moments, "/x") }}')
    drawn = template.render(it=machine(facts, moments, "/x/enforcement"), moments=moments)
    assert drawn.count("<option") == 3
    assert '<option value="2026-01-06T09:00" selected>6 January 2026: absence recorded</option>' in drawn
    assert 'href="/x/enforcement?known_at=2026-01-05T09%3A00" rel="prev"' in drawn
    assert 'href="/x/enforcement?known_at=2026-01-07T09%3A00" rel="next"' in drawn
    assert 'href="/x/compare?known_at=2026-01-06T09%3A00"' in drawn
    assert '<a class="govuk-link" href="/x/enforcement">Back to now</a>' in drawn


def test_a_status_says_why_in_the_rules_own_words_and_links_its_facts(door: Door):
    case = door.new_case()
    fact = door.give(case.to, "RecordAbsence", case.absence(20), "supervisor", key=uuid4()).body["events"][0]
    answer = signed_in(door).get(f"/case/offenders/{case.id}/enforcement")
    why = door.get(f"{case.path}/enforcement", explain="true").json()["orders"][0]["absences"][0]["why"]
    assert fact["position"] in why["facts"]
    said = text_of(answer)
    for rule in door.get("/rules").json()["items"]:
        if f"{rule['id']}@{rule['edition']}" in why["rules"]:
            assert " ".join(rule["text"].split()) in said
    position = fact["position"]
    assert f'href="/case/offenders/{case.id}/chronology?fact={position}#position-{position}"' in answer.text
    assert f"Absence recorded, {said.partition('Absence recorded, ')[2].split(' (')[0]} (fact {position})" in said


def test_the_fact_that_a_reason_names_stands_on_the_page_it_leads_to(door: Door):
    case = door.new_case()
    facts = [
        door.give(case.to, "RecordAbsence", case.absence(days), "supervisor", key=uuid4()).body["events"][0]
        for days in (20, 19, 18)
    ]
    browser = signed_in(door)
    for each in facts:
        answer = browser.get(f"/case/offenders/{case.id}/chronology?fact={each['position']}")
        assert f'id="position-{each["position"]}"' in answer.text


def test_a_rule_that_this_release_does_not_have_says_so():
    found = reasons({}, "/case/offenders/1", Moments())({"rules": ["XYZ-99@gone"], "facts": [7]})
    assert found.rules[0].texts == (OTHER_WORDS,)
    assert (found.facts[0].says, found.facts[0].at) == ("Fact 7 of another record", None)


def test_the_head_says_what_is_to_be_minded(door: Door):
    case = door.new_case()
    browser, at = signed_in(door), f"/case/offenders/{case.id}"
    assert "Yellow dot" not in text_of(browser.get(at))
    assert "Limited access" not in text_of(browser.get(at))
    mark = {"marker": "yellow dot", "on": days_ago(3)}
    door.give(case.to, "MarkFile", mark, "team-admin", key=uuid4())
    shut = {"user_id": str(uuid4()), "message": "Ask the duty manager.", "reason": "Relative"}
    door.give(case.to, "ExcludeAccess", shut, "risk-manager", key=uuid4())
    said = text_of(browser.get(at))
    assert "Yellow dot: a child protection file" in said
    assert "Limited access : this case is closed to some members of staff" in said
    assert "Yellow dot" not in text_of(browser.get(f"{at}?as_at={days_ago(4)}"))


def test_a_case_is_looked_at_from_its_own_moments(door: Door):
    case = door.new_case()
    browser, at = signed_in(door), f"/case/offenders/{case.id}/enforcement"
    door.post(f"{case.path}/record-absence", case.absence(5), "practitioner")
    events = door.get(f"{case.path}/chronology").json()["events"]
    before = max(each["recorded"] for each in events if each["type"] != "AbsenceRecorded")
    then = browser.get(at, params={"known_at": before})
    assert "You are not looking at now." in text_of(then)
    assert "Failed to attend" not in text_of(then)
    assert "What has changed since" in text_of(then)


def test_a_fact_of_a_record_with_limited_access_stands_in_the_timeline_and_says_nothing(door: Door):
    mine, theirs = door.new_case(), door.new_case()
    for case in (mine, theirs):
        noted = {"concern_id": str(uuid4()), "offender_id": case.id, "source": "INTERVIEW_OASYS", "grave": False}
        noted |= {"noted_on": days_ago(2), "category": "UNDETERMINED", "note": f"Told of {case.id}"}
        matter = "child-protection-matter/5f8d0d55-0000-4000-8000-000000000001"
        door.give(matter, "RecordConcern", noted, "practitioner", key=uuid4())
    shut = {"user_id": door.actor("practitioner").id, "message": "Ask the duty manager.", "reason": "Relative"}
    door.give(theirs.to, "ExcludeAccess", shut, "risk-manager", key=uuid4())
    answer = signed_in(door).get(f"/case/offenders/{mine.id}/chronology")
    assert answer.status_code == 200
    assert text_of(answer).count("A fact of a record with limited access stands here.") == 2
    assert theirs.id not in answer.text
    assert "Told of" not in answer.text
    compared = signed_in(door).get(f"/case/offenders/{mine.id}/compare?known_at=2001-01-01T00:00")
    assert compared.status_code == 403  # a view that is made of the matter is not told at all


@pytest.mark.parametrize("role", ["inspector", "auditor"])
def test_who_reads_states_and_dates_is_not_told_what_a_personal_detail_was_put_right_to(door: Door, role: str):
    case = door.new_case()
    recorded = door.get(f"{case.path}/chronology").json()["events"]
    ref = next(each["id"] for each in recorded if each["type"] == "OffenderRecorded")
    for field, value in (("surname", "Ramsbottom"), ("forenames", "Agnes"), ("dob", "1991-03-04")):
        mend = {"event_ref": ref, "field": field, "corrected_value": value, "reason": "As she says"}
        door.give(case.to, "CorrectRecord", mend, "senior-practitioner", key=uuid4())
    for tab in OFFENDER:
        answer = signed_in(door, role).get(f"/case/offenders/{case.id}/{tab}")
        for each in ("Ramsbottom", "Agnes", "4 March 1991", "1991-03-04"):
            assert each not in answer.text, (tab, each)
    assert "Agnes Ramsbottom" in text_of(signed_in(door).get(f"/case/offenders/{case.id}"))
