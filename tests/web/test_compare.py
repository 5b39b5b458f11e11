"""Two moments of a case side by side."""

from __future__ import annotations

from uuid import uuid4

import pytest
from tests.doors import Door, days_ago
from tests.web.browsing import signed_in, text_of

from ledger.api.web.compare import CHANGES, place
from ledger.projections import comparing


def test_what_was_added_and_put_right_since_stands_beside_what_was_there(door: Door):
    case = door.new_case()
    fact = door.give(case.to, "RecordAbsence", case.absence(20), "supervisor", key=uuid4()).body["events"][0]
    then = door.get(f"{case.path}/chronology").json()["known_at"]
    mend = {"event_ref": fact["id"], "field": "date", "corrected_value": days_ago(21), "reason": "Misread"}
    door.give(case.to, "CorrectRecord", mend, "supervisor", key=uuid4())
    browser = signed_in(door)
    answer = browser.get(f"/case/offenders/{case.id}/compare", params={"known_at": then})
    assert answer.status_code == 200
    said = text_of(answer)
    assert "Corrected by fact" in said
    assert "Added Record corrected" in said
    assert "Enforcement" in said.partition("What stands otherwise")[2]


def test_a_case_is_compared_with_now_only_once_a_moment_is_chosen(door: Door):
    case = door.new_case()
    said = text_of(signed_in(door).get(f"/case/offenders/{case.id}/compare"))
    assert "Choose a moment to compare with now, or two moments." in said
    read = door.get(f"{case.path}/readings", "auditor").json()["items"]
    assert "compare" not in {each.get("view") for each in read}


def test_a_comparison_is_on_record_for_both_its_moments(door: Door):
    case = door.new_case()
    then = door.get(f"{case.path}/chronology").json()["known_at"]
    signed_in(door).get(f"/case/offenders/{case.id}/compare", params={"known_at": then})
    read = door.get(f"{case.path}/readings", "auditor").json()["items"]
    assert [each.get("view") for each in read].count("compare") == 2


@pytest.mark.parametrize(
    "query", ["known_at=2026-01-01T00:00&with=2025-01-01T00:00", "known_at=2026-01-01T00:00&with=soon", "known_at=x"]
)
def test_moments_that_cannot_be_compared_are_refused_politely(door: Door, query: str):
    case = door.new_case()
    answer = signed_in(door).get(f"/case/offenders/{case.id}/compare?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("text/html")


def test_before_the_case_began_everything_is_new(door: Door):
    case = door.new_case()
    said = text_of(signed_in(door).get(f"/case/offenders/{case.id}/compare?known_at=2001-01-01T00:00"))
    assert "Added Offender recorded" in said


@pytest.mark.parametrize("role", ["inspector", "auditor"])
def test_who_reads_states_and_dates_compares_those(door: Door, role: str):
    case = door.new_case()
    answer = signed_in(door, role).get(f"/case/offenders/{case.id}/compare?known_at=2001-01-01T00:00")
    assert answer.status_code == 200
    assert "Featherstonehaugh" not in answer.text


def test_where_a_status_stands_is_said_in_words():
    order, absence = "019a0000-0000-4000-8000-000000000001", "019b0000-0000-4000-8000-000000000002"
    assert place(f"orders[{order}].absences[{absence}].status") == "Orders 019a0000: absences 019b0000: status"
    assert place("flags[RA-H].since") == "Flags RA-H: since"
    assert place("yellow_dot") == "Yellow dot"


def test_every_kind_of_change_has_a_word():
    text = comparing.facts_between.__doc__ or ""
    assert all(f"`{each}`" in text for each in CHANGES)
