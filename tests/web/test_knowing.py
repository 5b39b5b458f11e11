"""Who knew what: a table and lanes, narrowed to days and to one of them, late entries in words, and their screens."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from tests.doors import Door, days_ago
from tests.erasing.family import Family
from tests.web.browsing import read, signed_in, text_of
from tests.web.test_questions import MOST, asked

from ledger.api.web.knowing import AGENCIES, HOW, LEFT, drawn
from ledger.projections.who_knew import TELLINGS


class Known:
    """A family with a concern that was passed to the police before the incident, and one recorded after it."""

    def __init__(self, door: Door) -> None:
        self.home, self.door, self.matter = Family(door), door, str(uuid4())
        self.kit = self.home.child()
        self.home.entered([self.kit])
        concern = self.concern(10)
        told = {"concern_id": concern, "to_agency": "POLICE", "escalated_at": f"{days_ago(10)}T12:00"}
        self.tell("EscalateConcern", "supervisor", **told)
        self.review = self.home.review()
        self.concern(8)

    def tell(self, name: str, role: str, /, **data: Any) -> None:
        self.home.give(f"child-protection-matter/{self.matter}", name, data, role)

    def concern(self, days: int) -> str:
        concern = str(uuid4())
        told = {
            "concern_id": concern,
            "offender_id": self.home.case.id,
            "source": "UPW_SITE",
            "noted_on": days_ago(days),
        }
        told |= {"grave": True, "category": "SIGNIFICANT_HARM", "note": "Zqnote", "child_ref": self.kit}
        self.tell("RecordConcern", "supervisor", **told)
        return concern

    @property
    def at(self) -> str:
        return f"/case/case-reviews/{self.review}/who-knew"


@pytest.fixture
def known(door: Door) -> Known:
    return Known(door)


def lines(text: str) -> str:
    return text.partition("What happened, who knew of it")[2].partition("What should have happened")[0]


def test_each_line_says_what_happened_who_knew_how_and_since_when(known: Known, door: Door):
    page = signed_in(door, "case-reviewer").get(known.at)
    said = lines(text_of(page))
    assert "Concern escalated Police Was told" in said
    assert "Recorded it" in said
    assert "Information Officer Was told" in said
    assert "Safeguarding board Was told" in said
    assert "Recorded 8 days late; recorded after the incident was referred" in said
    assert "after the incident" in text_of(page).partition("What each knew")[0]
    assert "Zqnote" not in page.text
    assert all(word not in page.text for word in known.home.words[known.kit])


def test_grave_concerns_of_earlier_days_are_listed_and_one_recorded_afterwards_says_so(known: Known, door: Door):
    told = door.get(f"/case-reviews/{known.review}/who-knew", "case-reviewer").json()["grave_before"]
    assert [(each["days"], each["after_incident"]) for each in told] == [(7, False), (5, True)]
    page = signed_in(door, "case-reviewer").get(known.at)
    said = text_of(page).partition("Grave concerns noted before the day of the referral")[2]
    first, second = (said.index(f"{days} days before the referral") for days in (7, 5))
    assert first < second < said.index("recorded after the incident was referred")
    assert said.count("recorded after the incident was referred") == 1
    assert f'href="/case/child-protection-matters/{known.matter}"' in page.text


def test_an_address_narrows_it_to_days_to_when_they_knew_and_to_one_of_them(known: Known, door: Door):
    browser = signed_in(door, "case-reviewer")
    police = lines(text_of(browser.get(f"{known.at}?who=POLICE")))
    assert "Police" in police
    assert "Recorded it" not in police
    then = lines(text_of(browser.get(f"{known.at}?by={days_ago(10)}")))
    assert "Police" in then
    assert "Safeguarding board" not in then
    assert "Recorded it" not in then, "nobody had recorded anything by then"
    assert "Police" not in lines(text_of(browser.get(f"{known.at}?from={days_ago(9)}&to={days_ago(0)}")))
    assert "Show everybody" in text_of(browser.get(f"{known.at}?who=POLICE"))
    assert browser.get(f"{known.at}?from=soon").status_code == 422
    assert browser.get(f"{known.at}?who=nobody").status_code == 200
    assert browser.get(f"{known.at}?part=1066").status_code == 404


def test_a_line_leads_to_its_fact_and_to_the_screen_its_author_was_shown(known: Known, door: Door):
    browser = signed_in(door, "case-reviewer")
    page = browser.get(known.at)
    links = {given.get("href") or "" for tag, given in read(page).tags if tag == "a"}
    fact = next(each for each in links if f"/offenders/{known.home.case.id}/chronology?fact=" in each)
    seen = next(each for each in links if f"/child-protection-matters/{known.matter}/decisions/" in each)
    assert browser.get(fact.partition("#")[0]).status_code == 200
    assert "What they saw" in text_of(page)
    assert browser.get(seen).status_code == 200


def test_auditors_are_led_to_what_an_officer_was_shown_before_a_day_and_nobody_else(known: Known, door: Door):
    door.get(f"/offenders/{known.home.case.id}/register", "practitioner")
    officer = door.actor("practitioner").id
    page = signed_in(door, "auditor").get(f"{known.at}?by={days_ago(0)}")
    at = f"/audit/readings/offenders/{known.home.case.id}?who={officer}&amp;until={days_ago(0)}"
    assert at in page.text
    auditor = signed_in(door, "auditor")
    shown = text_of(auditor.get(at.replace("&amp;", "&")))
    assert officer[:8] in shown
    assert door.actor("aco").id[:8] not in shown
    assert "Nobody was shown it" in text_of(auditor.get(at.replace("&amp;", "&").replace(days_ago(0), days_ago(1))))
    assert "/audit/readings" not in signed_in(door, "case-reviewer").get(known.at).text


def test_the_lanes_have_one_row_for_each_who_knew_and_a_mark_for_each_line(known: Known, door: Door):
    answer = door.run(door.ledger.view("case-review", known.review, "who-knew"))
    drawing = drawn(answer["knowledge"], answer["knowers"], None)
    assert drawing is not None
    assert len(drawing.rows) == len({each["who"] for each in answer["knowledge"]})
    assert len(drawing.marks) == len(answer["knowledge"])
    assert sum(each.shape == "after" for each in drawing.marks) == sum(
        each["after_incident"] for each in answer["knowledge"]
    )
    assert all(LEFT <= each.x <= each.known <= 960 for each in drawing.marks)
    assert drawn([], [], None) is None


def test_it_is_read_as_json_too_by_the_same_readers(known: Known, door: Door):
    at = f"/case-reviews/{known.review}/who-knew"
    answer = door.get(at, "inspector")
    assert answer.status_code == 200
    assert {"incident_at", "knowers", "knowledge", "gaps"} <= answer.json().keys()
    assert door.get(at, "administrator").status_code == 403
    assert door.get(at, None).status_code == 401


def test_who_may_not_read_of_another_parent_of_the_child_is_shown_no_line(known: Known, door: Door):
    other = Family(door)
    entry, today = str(uuid4()), days_ago(0)
    told = {"offender_id": other.case.id, "ground": "REGISTER_CHILD", "on": today, "child_id": known.kit}
    other.give(f"register-entry/{entry}", "SubmitR7", told, "practitioner")
    rule = {"user_id": door.actor("case-reviewer").id, "message": "Ask the duty manager.", "reason": "Relative"}
    door.give(other.case.to, "ExcludeAccess", rule, "risk-manager", key=uuid4())
    review = str(uuid4())
    told = {"ground": "DEATH", "child_refs": [known.kit], "offender_refs": [known.home.case.id]}
    told |= {"referred_at": f"{days_ago(1)}T09:00", "sent_to": "Nowhere Board"}
    known.home.give(f"case-review/{review}", "ReferSeriousIncident", told, "aco")
    at = f"/case/case-reviews/{review}/who-knew"
    assert signed_in(door, "case-reviewer").get(at).status_code == 403
    assert signed_in(door, "aco").get(at).status_code == 200


def test_no_page_of_a_review_or_a_matter_asks_more_than_ten_questions_whatever_the_family(known: Known, door: Door):
    home, other = known.home, Family(door)
    kits = [known.kit, home.child(), home.child()]
    home.entered(kits[1:])
    other.entered(kits)
    review = str(uuid4())
    told: dict[str, Any] = {"ground": "DEATH", "child_refs": kits, "offender_refs": [home.case.id, other.case.id]}
    told |= {"referred_at": f"{days_ago(1)}T09:00", "sent_to": "Nowhere Board"}
    home.give(f"case-review/{review}", "ReferSeriousIncident", told, "aco")
    browser, at = signed_in(door, "case-reviewer"), f"/case/case-reviews/{review}"
    browser.get(f"/case/offenders/{door.new_case().id}")  # what a process reads once, it has read
    persons = [f"child-{each}" for each in kits] + [f"offender-{each.case.id}" for each in (home, other)]
    for path in (at, f"{at}/who-knew", f"{at}/chronology", f"/case/child-protection-matters/{known.matter}"):
        for each in (*persons, f"case-review-{review}", f"child-protection-matter-{known.matter}"):
            door.ledger.cases.forget(each)
        status, questions = asked(door, browser, path)
        assert status == 200
        assert questions.count <= MOST, (path, questions.statements, questions.transactions)


def test_every_way_of_knowing_and_every_agency_has_words():
    assert {each.how for each in TELLINGS.values()} | {"recorded"} == HOW.keys()
    assert {each.whom for each in TELLINGS.values() if each.whom} | {"POLICE"} == AGENCIES.keys()
