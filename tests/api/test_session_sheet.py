"""The session sheet through the door: who is expected that day, what their supervisor must know, and nobody else's."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from tests.access.entries import readings, size
from tests.api.test_limited import exclude, user
from tests.doors import PERSON, Case, Door, a_problem, days_ago
from tests.printing.paper import Paper

DAY = days_ago(-3)
OLD = {"system": "old", "recorded": f"{days_ago(1)}T09:00:00Z"}  # told as history, so that no agreement is needed first
SITE = {
    "name": "Nowhere Park",
    "type": "grounds",
    "on_school_premises": False,
    "work_types": ["GROUNDS_MAINTENANCE"],
    "in_school_hours": False,
    "mode": "GROUP",
    "max_no": 50,
    "days_available": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    "address": "1 Nowhere Lane",
    "proposed_start": days_ago(100),
    "projected_completion": days_ago(-300),
}


@dataclass
class Park:
    """A placement and who works there."""

    door: Door
    id: str

    @property
    def path(self) -> str:
        return f"/placements/{self.id}/session-sheet"

    def person(self, forenames: str, **more: Any) -> Case:
        """Somebody with 100 hours."""
        case = Case(str(uuid4()), str(uuid4()))
        self.door.give(
            case.to, "RecordOffender", PERSON | {"forenames": forenames} | more, "court-officer", key=uuid4()
        )
        order = {
            "order_id": case.order,
            "order_type": "CO",
            "court": "Kidderminster",
            "sentence_date": days_ago(60),
            "order_end_date": days_ago(-305),
            "requirements": ["UPW"],
            "upw_hours": 100,
        }
        self.door.give(case.to, "RecordOrder", order, "court-officer", key=uuid4())
        return case

    def session(self, case: Case, day: str = DAY, **more: Any) -> str:
        session = str(uuid4())
        told = {"session_id": session, "order_id": case.order, "placement_id": self.id, "date": day, "start": "09:00"}
        give = self.door.give
        give(case.to, "ScheduleSession", told | more, "placement-coordinator", key=uuid4(), source=OLD)
        return session

    def sheet(self, role: str = "supervisor", **query: str) -> Any:
        answer = self.door.get(self.path, role, **{"day": DAY, **query})
        assert answer.status_code == 200, answer.text
        return answer

    def names(self, **query: str) -> list[str | None]:
        return [each.get("name") for each in self.sheet(**query).json()["items"]]


@pytest.fixture
def park(door: Door) -> Park:
    made = Park(door, str(uuid4()))
    door.give(f"placement/{made.id}", "OpenPlacement", SITE, "placement-coordinator", key=uuid4())
    return made


def test_it_names_who_is_expected_by_name_with_hours_and_what_to_know(park: Park):
    bea, ann = park.person("Bea"), park.person("Ann")
    give = park.door.give
    give(ann.to, "ChangeRiskLevel", {"from_level": "LOW", "to_level": "HIGH", "reason": "as told",
         "changed_on": days_ago(9)}, "practitioner", key=uuid4())  # fmt: skip
    give(ann.to, "SetTaskRestriction", {"restriction": "No power tools", "from_date": days_ago(5)}, "practitioner",
         key=uuid4())  # fmt: skip
    give(ann.to, "RecordDiversityNeed", {"need": "Dyslexia", "adjustment": "read it aloud", "agreed_on": days_ago(5)},
         "practitioner", key=uuid4())  # fmt: skip
    park.session(bea, pick_up="Bus station")
    park.session(ann)
    found = park.sheet().json()
    assert [each["name"].split()[0] for each in found["items"]] == ["Ann", "Bea"]
    first, second = found["items"]
    assert (first["balance_minutes"], first["risk"], first["client_id"]) == (6000, "HIGH", PERSON["client_id"])
    assert (first["restrictions"], first["needs"]) == (["No power tools"], ["Dyslexia: read it aloud"])
    assert (second["start"], second["pick_up"], second["risk"]) == ("09:00", "Bus station", None)
    assert "Nowhere Park" in found["words"]
    assert "People expected: 2" in found["words"]


def test_its_pages_say_the_same_and_are_the_same_bytes_for_the_same_facts(park: Park):
    for name in ("Ann", "Łukasz", "Παναγιώτης"):
        park.session(park.person(name))
    found, pages = park.sheet().json(), park.sheet(format="pdf")
    assert pages.headers["content-type"] == "application/pdf"
    paper = Paper(pages.content)
    head = ("Arrived", "Left", "Hours", "Outcome", "Signature", "ATTC")
    for text in (*head, found["words"], found["digest"], "Łukasz", "Παναγιώτης", "100 h"):
        assert paper.says(text), text
    assert park.sheet(format="pdf").content == pages.content
    told = park.door.get(park.path, "supervisor", day=DAY)
    assert told.json()["digest"] == found["digest"]
    assert len(found["digest"]) == len(hashlib.sha256().hexdigest())


def test_only_that_day_and_only_who_is_still_to_come(park: Park):
    ann, bea, cat = (park.person(name) for name in ("Ann", "Bea", "Cat"))
    park.session(ann, days_ago(-4))
    gone = park.session(bea)
    park.session(cat)
    called_off = {"session_id": gone, "cause": "the weather", "on": days_ago(0)}
    park.door.give(bea.to, "CancelSession", called_off, "placement-coordinator", key=uuid4())
    assert [each.split()[0] for each in park.names() if each] == ["Cat"]
    assert [each.split()[0] for each in park.names(day=days_ago(-4)) if each] == ["Ann"]


def test_a_session_moved_to_another_day_by_a_correction_is_on_that_day_s_sheet(park: Park):
    ann = park.person("Ann")
    park.session(ann)
    [event] = [
        each["id"]
        for each in park.door.get(f"{ann.path}/chronology").json()["events"]
        if each["type"] == "SessionScheduled"
    ]
    moved = {"event_ref": event, "field": "date", "corrected_value": days_ago(-5), "reason": "the wrong day"}
    park.door.give(ann.to, "CorrectRecord", moved, "senior-practitioner", key=uuid4())
    assert park.names() == []
    assert len(park.names(day=days_ago(-5))) == 1


def test_an_empty_day_has_a_sheet_that_says_so(park: Park):
    assert park.sheet().json()["items"] == []
    assert Paper(park.sheet(format="pdf").content).says("Nobody is expected on this day.")


def test_whose_case_one_may_not_read_keeps_a_line_that_says_nothing(park: Park):
    door, ann, bea = park.door, park.person("Ann"), park.person("Bea")
    park.session(ann)
    park.session(bea)
    barred = user(door, "supervisor")
    exclude(door, ann, barred)
    before = size(door)
    answer = barred.get(park.path, day=DAY)
    assert [each.get("name", "limited").split()[0] for each in answer.json()["items"]] == ["Bea", "limited"]
    assert answer.json()["items"][1] == {"limited": True}
    assert ann.id not in answer.text
    [entry] = readings(door, before)
    assert f"offender-{ann.id}" not in entry["about"]
    pages = Paper(barred.get(park.path, day=DAY, format="pdf").content)
    assert pages.says("A person whose case you may not read")
    assert not pages.says("Ann Feather")


def test_who_was_shown_a_sheet_is_sealed_with_everybody_on_it(park: Park):
    ann = park.person("Ann")
    park.session(ann)
    for query in ({}, {"format": "pdf"}):
        before = size(park.door)
        park.sheet(**query)
        [entry] = readings(park.door, before)
        assert (entry["values"]["view"], entry["values"]["as_at"]) == ("session-sheet", DAY)
        assert entry["about"] == sorted([f"offender-{ann.id}", f"placement-{park.id}"])


def test_it_is_for_those_who_work_with_the_people_on_it(park: Park):
    for role in ("supervisor", "placement-coordinator", "practitioner", "unit-manager"):
        park.sheet(role)
    for role in ("victim-liaison", "training-unit", "inspector", "team-admin", "police"):
        a_problem(park.door.get(park.path, role, day=DAY), 403, "forbidden")


def test_a_sheet_is_of_a_day_and_of_a_placement_that_is_there(park: Park):
    a_problem(park.door.get(park.path, "supervisor"), 422, "malformed")
    a_problem(park.door.get(park.path, "supervisor", day="tomorrow"), 422, "malformed")
    a_problem(park.door.get(park.path, "supervisor", day=DAY, format="docx"), 422, "malformed")
    a_problem(park.door.get(f"/placements/{uuid4()}/session-sheet", "supervisor", day=DAY), 404)


def test_an_area_sets_its_own_words_above_the_table(park: Park):
    given = {"name": "session-sheet", "edition": "area 3", "effective_from": days_ago(1), "reason": "ours"}
    text = "Team sheet\n{placement}, {day}\nKit: gloves, hi-vis."
    answer = park.door.post("/policy/policy/set-template", given | {"text": text}, "chief-officer")
    assert answer.status_code == 201, answer.text
    found = park.sheet().json()
    assert found["words"].startswith("Team sheet\nNowhere Park, ")
    assert found["template_edition"] == "area 3"
    event = answer.json()["events"][0]["id"]
    struck = {"event_ref": event, "reason": "the test is over"}
    assert park.door.post("/policy/policy/strike-out-record", struck, "chief-officer").status_code == 201
    assert park.sheet().json()["words"].startswith("Session sheet\n")


def test_the_histories_of_all_the_people_of_a_day_are_read_in_one_question(park: Park, monkeypatch: pytest.MonkeyPatch):
    database = park.door.ledger.store.database
    asked: list[bytes] = []
    ask = database._ask

    async def counted(name: bytes, *more: Any) -> Any:
        asked.append(name)
        return await ask(name, *more)

    people = [park.person(f"Cat{number}") for number in range(12)]
    for each in people:
        park.session(each)
    monkeypatch.setattr(database, "_ask", counted)
    assert len(park.names()) == 12
    assert asked.count(b"chain") + asked.count(b"newest") < 12  # of one each; the lists follow meanwhile, too
    park.session(people[0])  # told a second time that day: what is kept of them is read on, and nothing is lost
    assert len(park.names()) == 13
    assert park.names() == [each["name"] for each in park.sheet().json()["items"]]
