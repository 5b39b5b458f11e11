"""Who belongs to a case, and which papers, as at any day."""

from __future__ import annotations

from uuid import uuid4

import pytest
from tests.doors import SURNAME, Door, days_ago
from tests.web.browsing import signed_in, text_of

from ledger.api.web.people import papers


def test_the_people_of_a_case_are_those_its_facts_name(door: Door):
    case = door.new_case()
    officer = {"staff_id": str(uuid4()), "grade": "PO", "role": "RESPONSIBLE", "line_manager": str(uuid4())}
    listed = {"list": ["Ada Quill, sister"], "form": "CP1"}
    door.give(case.to, "ListCaseContacts", listed, "practitioner", key=uuid4())
    said = text_of(signed_in(door).get(f"/case/offenders/{case.id}/people"))
    assert "Ada Quill, sister" in said
    assert "Nobody is assigned." in said
    assert "Offender recorded" in said
    assert officer["staff_id"][:8] not in said


def test_who_was_listed_later_was_not_there_then(door: Door):
    case = door.new_case()
    door.give(case.to, "ListCaseContacts", {"list": ["Ada Quill"], "form": "CP1"}, "practitioner", key=uuid4())
    then = signed_in(door).get(f"/case/offenders/{case.id}/people?as_at={days_ago(1)}")
    assert "Ada Quill" not in text_of(then)


@pytest.mark.parametrize("tab", ["people", "documents"])
@pytest.mark.parametrize("role", ["inspector", "auditor"])
def test_who_reads_states_and_dates_sees_no_name_here_either(door: Door, tab: str, role: str):
    case = door.new_case()
    answer = signed_in(door, role).get(f"/case/offenders/{case.id}/{tab}")
    assert answer.status_code == 200
    assert SURNAME not in answer.text


@pytest.mark.parametrize("tab", ["people", "documents"])
def test_these_pages_are_there_for_a_person_alone(door: Door, tab: str):
    assert signed_in(door).get(f"/case/offenders/{uuid4()}/{tab}").status_code == 404
    assert signed_in(door).get(f"/case/placements/{uuid4()}/{tab}").status_code == 404
    assert signed_in(door, "police").get(f"/case/offenders/{uuid4()}/{tab}").status_code == 403


def test_a_paper_is_one_line_whether_it_was_filed_stored_or_both():
    def row(kind: str, doc: str) -> dict[str, object]:
        return {"type": kind, "values": {"doc_id": doc}}

    both, alone = [row("DocumentFiled", "a"), row("DocumentStored", "a")], row("DocumentStored", "b")
    found = papers([alone, *both, row("OrderMade", "c"), {"limited": True}])
    assert [(each["doc_id"], bool(each["filed"]), bool(each["stored"])) for each in found] == [
        ("a", True, True),
        ("b", False, True),
    ]


def test_auditors_are_led_to_who_read_the_case_and_others_are_not(door: Door):
    case = door.new_case()
    at = f'href="/audit/readings/offenders/{case.id}"'
    assert at in signed_in(door, "auditor").get(f"/case/offenders/{case.id}").text
    assert at not in signed_in(door).get(f"/case/offenders/{case.id}").text
