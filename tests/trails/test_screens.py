"""See what they saw: the screen of a decision shown again is the one that was shown, whatever came since."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from tests.access.entries import readings, size
from tests.doors import SURNAME, Case, Door, days_ago
from tests.erasing.family import Family
from tests.trails.test_trails import tell, trail

VIEWS = ("person", "enforcement", "progress", "outlook", "allocation", "register", "chronology", "data-rights")
MOMENT = ("as_at", "known_at", "position")


class Deciding:
    """An absence with its letter and evidence in time, whose author looks at screens and then judges it."""

    def __init__(self, door: Door) -> None:
        self.door, self.case, self.absence = door, door.new_case(), str(uuid4())
        self.told = tell(
            door, self.case.to, "RecordAbsence", self.case.absence(20, absence_id=self.absence), "supervisor"
        )
        letter = {"letter_id": str(uuid4()), "absence_id": self.absence, "issued_on": days_ago(20), "channel": "post"}
        tell(door, self.case.to, "IssueEnforcementLetter", letter, "practitioner")
        self.arrives(19)

    def arrives(self, days: int) -> int:
        evidence = {"absence_id": self.absence, "received_at": f"{days_ago(days)}T09:30:00Z", "kind": "letter"}
        return tell(self.door, self.case.to, "ReceiveEvidence", evidence | {"description": "a note"}, "team-admin")

    def screen(self, view: str, role: str = "practitioner", **asked: str) -> dict[str, Any]:
        answer = self.door.get(f"{self.case.path}/{view}", role, **asked)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def judges(self, seen: str, role: str = "practitioner") -> int:
        judged = {"absence_id": self.absence, "result": "ACCEPTABLE", "reason_code": "ill", "reason": "ill"}
        answer = self.door.post(
            f"{self.case.path}/judge-absence", judged | {"judged_on": days_ago(18)}, role, Ledger_Seen=seen
        )
        assert answer.status_code == 201, answer.text
        return answer.json()["events"][0]["position"]

    def seen(self, position: int, role: str = "practitioner") -> dict[str, Any]:
        return trail(self.door, self.case.to, position, role)["seen"]

    def much_comes_to_light(self, position: int) -> None:
        """Late evidence, a second absence, a day and a name put right, hours, a rule changed from long ago."""
        door, to = self.door, self.case.to
        self.arrives(20)
        tell(door, to, "RecordAbsence", self.case.absence(19), "supervisor")
        chain = trail(door, to, position)["rested_on"]
        told = next(each for each in chain if each["type"] == "AbsenceRecorded")
        day = {"event_ref": told["id"], "field": "date", "corrected_value": days_ago(23), "reason": "misread"}
        tell(door, to, "CorrectRecord", day, "senior-practitioner")
        events = self.screen("chronology")["events"]
        person = next(each for each in events if each["type"] == "OffenderRecorded")
        name = {"event_ref": person["id"], "field": "surname", "corrected_value": "Other", "reason": "misheard"}
        tell(door, to, "CorrectRecord", name, "senior-practitioner")
        credit = {"order_id": self.case.order, "delta_minutes": 60, "reason": "counted again"}
        door.give(to, "AdjustHours", credit, "operations-manager", key=uuid4(), effective=days_ago(19))
        setting = {"key": "enf.evidence", "new": "1", "effective_from": days_ago(90), "reason": "a trial"}
        tell(door, "policy/policy", "ChangeSetting", setting, "chief-officer")
        tell(door, "policy/policy", "ChangeSetting", setting | {"new": "5"}, "chief-officer")


@pytest.fixture
def deciding(door: Door) -> Deciding:
    return Deciding(door)


def header(answer: dict[str, Any], *names: str) -> str:
    return "; ".join([str(answer["position"]), *(f"{each}={answer[each]}" for each in names)])


def content(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in answer.items() if name not in MOMENT}


def again(deciding: Deciding, address: str, role: str = "practitioner") -> dict[str, Any]:
    answer = deciding.door.ask("GET", address, role)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("names", [(), ("as_at",), ("as_at", "known_at")])
@pytest.mark.parametrize("view", VIEWS)
def test_what_is_shown_again_is_what_was_shown_whatever_came_since(
    deciding: Deciding, view: str, names: tuple[str, ...]
):
    first = deciding.screen(view, as_at=days_ago(18))
    position = deciding.judges(header(first, *names))
    deciding.much_comes_to_light(position)
    seen = deciding.seen(position)
    assert (seen["confirmed"], seen["view"], seen["of"]) == (True, view, deciding.case.to.replace("/", "-"))
    assert [seen[name] for name in MOMENT] == [first[name] for name in MOMENT]
    assert seen["shows"] == content(first)
    assert again(deciding, seen["address"]) == first
    if view not in ("register", "allocation", "data-rights"):  # of which nothing that came since tells
        assert content(deciding.screen(view, as_at=days_ago(18))) != content(first)


def test_a_screen_of_an_earlier_moment_is_shown_as_of_that_moment(deciding: Deciding):
    now = deciding.screen("enforcement")
    deciding.arrives(17)
    then = deciding.screen("enforcement", known_at=now["known_at"])
    assert then["position"] == now["position"]
    position = deciding.judges(header(then, "as_at", "known_at"))
    seen = deciding.seen(position)
    assert seen["shows"] == content(now)
    assert again(deciding, seen["address"]) == then


def test_of_several_screens_at_one_position_it_is_the_one_such_decisions_are_taken_from(deciding: Deciding):
    deciding.screen("enforcement", as_at=days_ago(18))
    last = deciding.screen("person")
    assert deciding.seen(deciding.judges(header(last)))["view"] == "enforcement"


def test_without_that_one_it_is_the_last_that_was_shown(deciding: Deciding):
    deciding.screen("person")
    last = deciding.screen("progress")
    assert deciding.seen(deciding.judges(header(last)))["view"] == "progress"


def test_a_screen_under_a_supposed_edition_is_shown_under_it(deciding: Deciding):
    supposed = deciding.screen("enforcement", edition="sentencing-2020")
    position = deciding.judges(header(supposed))
    deciding.much_comes_to_light(position)
    seen = deciding.seen(position)
    assert seen["shows"] == content(supposed)
    assert again(deciding, seen["address"]) == supposed
    assert seen["shows"] != content(deciding.screen("enforcement", known_at=supposed["known_at"]))


def test_a_screen_by_the_clock_of_another_system_has_no_address_that_tells_it_exactly(deciding: Deciding):
    by_source = deciding.screen("enforcement", clock="source")
    position = deciding.judges(header(by_source))
    deciding.much_comes_to_light(position)
    seen = deciding.seen(position)
    assert seen["shows"] == content(by_source)
    assert seen["address"] is None


def test_a_view_that_nobody_was_shown_is_the_usual_one_unconfirmed_and_has_its_address(deciding: Deciding):
    at = deciding.arrives(18)
    position = deciding.judges(f"{at}; as_at={days_ago(18)}")
    deciding.much_comes_to_light(position)
    seen = deciding.seen(position)
    assert (seen["confirmed"], seen["view"], seen["position"]) == (False, "enforcement", at)
    assert content(again(deciding, seen["address"])) == seen["shows"]


def test_what_its_author_could_not_read_is_not_shown_as_their_screen(deciding: Deciding):
    door, case = deciding.door, deciding.case
    risk = {"order_id": case.order, "completed_on": days_ago(30), "rosh_level": "VERY_HIGH", "marking": "CONFIDENTIAL"}
    tell(door, case.to, "CompleteRiskAssessment", risk, "practitioner")
    first = deciding.screen("chronology", "team-admin")
    evidence = {"absence_id": deciding.absence, "received_at": f"{days_ago(18)}T09:30:00Z", "kind": "letter"}
    answer = door.post(
        f"{case.path}/receive-evidence", evidence | {"description": "b"}, "team-admin", Ledger_Seen=header(first)
    )
    assert answer.status_code == 201, answer.text
    seen = deciding.seen(answer.json()["events"][0]["position"])
    assert "VERY_HIGH" in json.dumps(deciding.screen("chronology"))
    assert "VERY_HIGH" not in json.dumps(first)
    assert (seen["view"], seen["shows"]) == ("chronology", content(first))


def test_what_its_reader_may_not_read_stays_shut_though_its_author_saw_it(deciding: Deciding):
    first = deciding.screen("chronology")
    assert "a note" in json.dumps(first)
    seen = deciding.seen(deciding.judges(header(first)), "auditor")
    assert seen["view"] == "chronology"
    assert "a note" not in json.dumps(seen)
    assert SURNAME not in json.dumps(seen)


def test_whoever_reads_a_trail_leaves_one_entry_of_it(deciding: Deciding):
    position = deciding.judges(header(deciding.screen("enforcement")))
    access = deciding.door.ledger.store.access.database
    before = deciding.door.run(access.head()).size
    deciding.seen(position)
    assert deciding.door.run(access.head()).size == before + 1


def test_a_case_is_named(deciding: Deciding, door: Door):
    other: Case = door.new_case()
    position = deciding.judges(header(deciding.screen("enforcement")))
    assert deciding.seen(position)["address"].startswith(f"{deciding.case.path}/enforcement?as_at=")
    assert other.id not in deciding.seen(position)["address"]


def test_a_screen_shown_again_is_on_record_for_every_case_it_shows(door: Door):
    home = Family(door)
    kit = home.child()
    home.entered([kit])
    screen = door.get(f"{home.case.path}/register").json()
    given = {"on": days_ago(3), "advice": "so"}
    done = door.post(f"{home.case.path}/record-data-advice", given, Ledger_Seen=str(screen["position"]))
    assert done.status_code == 201, done.text
    position, before = done.json()["events"][0]["position"], size(door)
    told = door.get(f"{home.case.path}/decisions/{position}")
    assert (told.json()["seen"]["view"], home.words[kit][0] in told.text) == ("register", True)
    [entry] = readings(door, before)
    assert {f"offender-{home.case.id}", f"child-{kit}"} <= set(entry["about"])
