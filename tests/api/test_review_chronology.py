"""The chronology of a review through the real door: what it lists, in which roles it tells values, and to whom none."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from tests.doors import Case, Door, days_ago
from tests.erasing.family import ERASED, Family

PLANTED = f"Zq{uuid4().hex}"


class Reviewed:
    """A family with a review, and what was told of it."""

    def __init__(self, door: Door) -> None:
        self.door, self.home = door, Family(door)
        self.child = self.home.child()
        self.entry = self.home.entered([self.child])
        self.case: Case = self.home.case
        self.give(self.case.to, "RecordDataAdvice", "practitioner", on=days_ago(3), advice=PLANTED)
        risk = {"order_id": self.case.order, "completed_on": days_ago(9), "rosh_level": "LOW", "marking": "OPEN"}
        self.give(self.case.to, "CompleteRiskAssessment", "practitioner", lor=f"{PLANTED} of risk", **risk)
        victim = {"victim_id": str(uuid4()), "content": f"{PLANTED} of a victim", "on": days_ago(3)}
        self.give(self.case.to, "FileVictimInformation", "practitioner", **victim)
        self.review = str(uuid4())
        told = {"ground": "DEATH", "child_refs": [self.child], "offender_refs": [self.case.id], "sent_to": "Board"}
        self.give(self.to, "ReferSeriousIncident", "aco", referred_at=f"{days_ago(1)}T09:00", **told)

    @property
    def to(self) -> str:
        return f"case-review/{self.review}"

    @property
    def path(self) -> str:
        return f"/case-reviews/{self.review}/chronology"

    def give(self, to: str, command: str, role: str, /, **data: Any) -> dict[str, Any]:
        return self.door.give(to, command, data, role, key=uuid4()).body

    def produced(self) -> Reviewed:
        known = datetime.now(UTC).isoformat()
        period = {"from_date": days_ago(4000), "to_date": days_ago(0), "as_known_at": known}
        self.give(self.to, "ProduceChronology", "case-reviewer", **period)
        return self


@pytest.fixture(scope="module")
def reviewed(door: Door) -> Reviewed:
    return Reviewed(door).produced()


def test_it_lists_what_concerns_the_family_and_its_hash_agrees(reviewed: Reviewed):
    answer = reviewed.door.get(reviewed.path, "case-reviewer").json()
    assert answer["produced"]["agrees"] is True
    assert answer["produced"]["event_count"] == len(answer["events"]) > 5
    cases = {each["case"] for each in answer["events"]}
    assert {f"offender-{reviewed.case.id}", f"child-{reviewed.child}", f"register-entry-{reviewed.entry}"} <= cases


@pytest.mark.parametrize("role", ["case-reviewer", "aco", "chief-officer", "practitioner", "risk-manager"])
def test_who_reads_whole_files_reads_it_but_for_what_victims_told(reviewed: Reviewed, role: str):
    answer = reviewed.door.get(reviewed.path, role)
    assert answer.status_code == 200, answer.text
    assert PLANTED in answer.text
    assert (f"{PLANTED} of a victim" in answer.text) is (role in ("aco", "chief-officer"))
    assert reviewed.home.words[reviewed.child][0] in answer.text


@pytest.mark.parametrize("role", ["supervisor", "information-officer", "team-admin", "court-officer", "inspector"])
def test_who_reads_less_than_a_whole_file_is_shown_no_sealed_value(reviewed: Reviewed, role: str):
    answer = reviewed.door.get(reviewed.path, role)
    assert answer.status_code == 200, answer.text
    assert answer.json()["events"]
    for word in (PLANTED, *reviewed.home.words[reviewed.child]):
        assert word not in answer.text


@pytest.mark.parametrize("role", ["police", "school", "administrator"])
def test_a_role_that_reads_no_case_reads_none(reviewed: Reviewed, role: str):
    assert reviewed.door.get(reviewed.path, role).status_code == 403


def test_after_an_erasure_it_lists_the_same_events_and_the_child_prints_as_erased(door: Door):
    told = Reviewed(door).produced()
    before = door.get(told.path, "case-reviewer").json()
    told.home.leaves(told.entry)
    told.home.erase(told.child)
    after = door.get(told.path, "case-reviewer")
    assert [each["id"] for each in after.json()["events"]] == [each["id"] for each in before["events"]]
    assert after.json()["produced"]["agrees"] is True
    assert ERASED in after.text
    for word in told.home.words[told.child]:
        assert word not in after.text


def test_two_records_merged_later_do_not_change_what_was_produced(door: Door):
    told = Reviewed(door).produced()
    other = door.new_case()
    before = door.get(told.path, "case-reviewer").json()
    told.give(other.to, "MergePersons", "information-officer", into=told.case.id, reason="one person")
    after = door.get(told.path, "case-reviewer").json()
    assert len(after["events"]) == len(before["events"]) > 0
    assert after["produced"]["agrees"] is True
    told.produced()
    again = door.get(told.path, "case-reviewer").json()
    assert again["produced"]["agrees"] is True
    assert f"offender-{other.id}" in {each["case"] for each in again["events"]}


def test_who_is_excluded_from_the_person_is_shown_nothing_of_the_review(door: Door):
    told = Reviewed(door).produced()
    data = {"user_id": door.actor("case-reviewer").id, "message": "ask the manager", "reason": "knows the family"}
    told.give(told.case.to, "ExcludeAccess", "risk-manager", **data)
    answer = door.get(told.path, "case-reviewer")
    assert answer.status_code == 403
    assert PLANTED not in answer.text


def test_a_reading_of_it_is_on_record_for_every_case_it_shows(reviewed: Reviewed):
    door = reviewed.door
    door.get(reviewed.path, "case-reviewer")
    for noun, name in (("offenders", reviewed.case.id), ("children", reviewed.child)):
        read = door.get(f"/{noun}/{name}/readings", "auditor", limit="500")
        assert read.status_code == 200, read.text
        assert "chronology" in read.text
