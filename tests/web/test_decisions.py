"""The decisions of a case on pages: what they rested on, and the screen their author saw."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from tests.api.test_letters import an_absence, issued, letter_for
from tests.doors import Case, Door, days_ago
from tests.printing.paper import Paper
from tests.web.browsing import signed_in, text_of

from ledger.api.web.decisions import screen_of


@pytest.fixture
def judged(door: Door) -> tuple[Case, dict[str, Any]]:
    """An absence that was judged, and the receipt of that."""
    case, absence = an_absence(door)
    issued(door, case, letter_for(absence, days=2))
    data = {"absence_id": absence, "result": "UNACCEPTABLE", "reason_code": "illness", "reason": "Note"}
    data |= {"judged_on": days_ago(0)}
    body = door.give(case.to, "JudgeAbsence", data, "practitioner", key=uuid4()).body
    return case, body["events"][0]


def test_a_decision_is_listed_and_says_what_it_rested_on(door: Door, judged: tuple[Case, dict[str, Any]]):
    case, fact = judged
    browser, at = signed_in(door), f"/case/offenders/{case.id}"
    listed = browser.get(f"{at}/decisions")
    assert f'href="{at}/decisions/{fact["position"]}"' in listed.text
    assert f'href="{at}/decisions/{fact["position"]}"' in browser.get(f"{at}/chronology").text
    answer = browser.get(f"{at}/decisions/{fact['position']}")
    said = text_of(answer)
    trail = door.get(f"{case.path}/decisions/{fact['position']}").json()
    assert trail["rerun"]["says"] in said
    assert trail["rested_on"]
    for each in trail["rested_on"]:
        assert f"(fact {each['position']}, recorded" in said
    for rule in trail["rules"]:
        assert " ".join(rule["texts"][0].split()) in said
    assert trail["seen"]["address"]
    assert "See what they saw" in said


def test_see_what_they_saw_leads_to_the_screen_of_that_moment(door: Door, judged: tuple[Case, dict[str, Any]]):
    case, fact = judged
    browser = signed_in(door)
    trail = door.get(f"{case.path}/decisions/{fact['position']}").json()
    found = screen_of(trail["seen"])
    assert found is not None
    assert found["at"] == f"/case{trail['seen']['address']}"
    screen = browser.get(found["at"])
    assert screen.status_code == 200
    assert "You are not looking at now." in text_of(screen)
    assert "Not yet" in text_of(screen)  # judged: it was not, then


def test_no_page_shows_what_has_no_address_or_supposes_another_law():
    seen = {"view": "enforcement", "of": f"offender-{uuid4()}", "address": None}
    assert screen_of(seen) == {"says": "Enforcement", "at": None}
    assert screen_of({**seen, "address": "/offenders/1/enforcement?edition=sentencing-2026"}) == screen_of(seen)
    assert screen_of({**seen, "view": None}) is None


def test_a_trail_is_printed_from_its_page(door: Door, judged: tuple[Case, dict[str, Any]]):
    case, fact = judged
    answer = signed_in(door).get(f"/case/offenders/{case.id}/decisions/{fact['position']}/print")
    assert answer.headers["content-type"] == "application/pdf"
    assert "Absence judged" in Paper(answer.content).text


@pytest.mark.parametrize("position", ["0", "x", "9" * 20, "999999999", "%00"])
def test_a_decision_that_is_none_is_not_there(door: Door, judged: tuple[Case, dict[str, Any]], position: str):
    case, _ = judged
    assert signed_in(door).get(f"/case/offenders/{case.id}/decisions/{position}").status_code == 404
    assert signed_in(door).get(f"/case/offenders/{case.id}/decisions/{position}/print").status_code == 404


def test_a_decision_of_another_case_is_not_told_here(door: Door, judged: tuple[Case, dict[str, Any]]):
    _, fact = judged
    other = door.new_case()
    assert signed_in(door).get(f"/case/offenders/{other.id}/decisions/{fact['position']}").status_code == 404
