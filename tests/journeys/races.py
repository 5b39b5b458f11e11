"""The races, each one entry of `RACES`: people and places of its own, who contends, and what must hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.journeys.racing import (
    Answer,
    Heat,
    Move,
    all_in_some_order,
    decided_on_the_last_word,
    never_both,
    one_wins,
    recorded_once,
)

from ledger.rules.dates import london_day

TODAY = london_day(datetime.now(UTC))


def day(days: int = 0) -> str:
    """So many days ago."""
    return (TODAY - timedelta(days=days)).isoformat()


# ---------------------------------------------------------------------------------------- the ground


class Person:
    """Somebody with an order of 100 hours."""

    def __init__(self) -> None:
        self.id, self.order = str(uuid4()), str(uuid4())
        self.to = f"offender/{self.id}"

    def sentenced(self) -> list[Move]:
        name = {"client_id": "0710890", "surname": "Featherstonehaugh", "forenames": "Al", "dob": "1990-02-01"}
        order = {"order_id": self.order, "order_type": "CO", "court": "Kidderminster", "requirements": ["UPW"]}
        dates = {"sentence_date": day(60), "order_end_date": day(-300)}
        return [
            Move(self.to, "RecordOffender", "court-officer", {**name, "gender": "M"}),
            Move(self.to, "RecordOrder", "court-officer", {**order, **dates, "upw_hours": 100}),
        ]

    def assessed(self) -> list[Move]:
        said = {"order_id": self.order, "completed_on": day(40)}
        risk = {**said, "rosh_level": "LOW", "marking": "CONFIDENTIAL"}
        return [
            Move(self.to, "CompleteUpwAssessment", "practitioner", said),
            Move(self.to, "CompleteRiskAssessment", "practitioner", risk),
        ]

    def absence(self, **more: Any) -> Move:
        body = {"absence_id": str(uuid4()), "order_id": self.order, "appointment_kind": "UPW", "date": day(1)}
        return Move(self.to, "RecordAbsence", "practitioner", {**body, "kind": "FTA", **more})

    def allocated(self, placement: str) -> Move:
        body = {"allocation_id": str(uuid4()), "order_id": self.order, "placement_id": placement, "mode": "GROUP"}
        why = {"from_date": day(-2), "match_reasons": "near his home", "roh_considered": True}
        return Move(self.to, "AllocatePlacement", "placement-coordinator", {**body, **why})

    def under_a_trainee(self) -> Move:
        body = {"order_id": self.order, "staff_id": str(uuid4()), "grade": "TRAINEE", "role": "RESPONSIBLE"}
        return Move(self.to, "AssignPractitioner", "senior-practitioner", {**body, "on": day()})


def open_placement(name: str, places: int) -> list[Move]:
    """A park with so many places, approved and signed."""
    to, coordinator = f"placement/{name}", "placement-coordinator"
    park = {
        "name": "Nowhere Park",
        "type": "grounds",
        "on_school_premises": False,
        "work_types": ["GROUNDS_MAINTENANCE"],
        "in_school_hours": False,
        "mode": "GROUP",
        "max_no": places,
        "days_available": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
        "address": "1 Nowhere Lane",
        "proposed_start": day(20),
        "projected_completion": day(-700),
    }
    checks = {"requirement": "TOOLS", "achievable": True, "location": "project box", "noted_in_pqs5": True}
    signed = {
        "version": 1,
        "provider_name": "P. Parkkeeper",
        "provider_position": "Park manager",
        "provider_signed_on": day(15),
        "manager_name": "M. Madeup",
        "manager_signed_on": day(15),
        "briefed_on_risk_assessments": True,
        "insurance_confirmed": True,
        "information_received": True,
        "tasks_agreed": True,
        "contact_agreed": True,
        "role_models_agreed": True,
    }
    sections = {"6": {"contact_timetable": "every second Saturday"}}
    return [
        Move(to, "OpenPlacement", coordinator, park),
        Move(to, "ApprovePlacement", "head-of-unpaid-work", {"on": day(18)}),
        Move(to, "FileRiskAssessment", coordinator, {**checks, "on": day(17)}),
        Move(to, "DraftAgreement", coordinator, {"version": 1, "sections": sections}),
        Move(to, "SignAgreement", coordinator, signed),
    ]


# ---------------------------------------------------------------------------------------- the races


def one_version() -> Heat:
    """Two who looked at the same version of a case."""
    person = Person()
    moves = [replace(person.absence(), if_match=2) for _ in range(2)]
    return Heat(person.sentenced(), moves, one_wins("stale-version"))


def one_case() -> Heat:
    """Three who write to the same case and do not mind each other."""
    person = Person()
    return Heat(person.sentenced(), [person.absence() for _ in range(3)], all_in_some_order)


def one_absence() -> Heat:
    """Two who record the same absence."""
    person = Person()
    absence = person.absence()
    return Heat(person.sentenced(), [absence, replace(absence, key=str(uuid4()))], one_wins("GEN-06"))


def one_key() -> Heat:
    """The same command twice under one key."""
    person = Person()
    return Heat(person.sentenced(), [person.absence()] * 2, recorded_once)


def one_key_for_two() -> Heat:
    """Two commands under one key."""
    person = Person()
    absence = person.absence()
    return Heat(person.sentenced(), [absence, replace(person.absence(), key=absence.key)], one_wins("key-reused"))


def one_setting() -> Heat:
    """Two change the same setting from the same present value; the ground puts that there."""
    return Heat([_evidence("5")], [_evidence("6", "5"), _evidence("7", "5")], one_wins("GEN-09"))


def a_letter_and_a_setting() -> Heat:
    """A letter tells a deadline while the days it is counted from are changed: that of its place in the log."""
    person = Person()
    absences = [person.absence() for _ in range(3)]
    longer, shorter, raced = (_letter(person, each) for each in absences)
    ground = [*person.sentenced(), *absences, _evidence("9"), longer, _evidence("5"), shorter]

    def holds(answers: Sequence[Answer]) -> bool:
        letter, change, chronology = answers
        told = {
            each["values"]["letter_id"]: each["values"]["evidence_deadline"]
            for each in chronology.body["events"]
            if each["type"] == "EnforcementLetterIssued"
        }
        as_before, as_after = told[shorter.body["letter_id"]], told[longer.body["letter_id"]]
        assert as_before != as_after
        if not (letter.accepted and change.accepted):
            return False
        return told[raced.body["letter_id"]] == (as_before if letter.position < change.position else as_after)

    return Heat(ground, [raced, _evidence("9")], holds, look=f"/offenders/{person.id}/chronology")


def _evidence(new: str, old: str | None = None) -> Move:
    """So many working days for evidence, from today."""
    body = {"key": "enf.evidence", "new": new, "effective_from": day(), "reason": "as both committees agreed"}
    return Move("policy/policy", "ChangeSetting", "chief-officer", body | ({"old": old} if old else {}))


def _letter(person: Person, absence: Move) -> Move:
    body = {"letter_id": str(uuid4()), "absence_id": absence.body["absence_id"], "issued_on": day(), "channel": "POST"}
    return Move(person.to, "IssueEnforcementLetter", "practitioner", body)


def the_last_place() -> Heat:
    """Three people, two places, one of them taken."""
    park, first, *others = str(uuid4()), Person(), Person(), Person()
    ground = [*open_placement(park, 2)]
    for each in (first, *others):
        ground += [*each.sentenced(), *each.assessed()]
    ground.append(first.allocated(park))
    return Heat(ground, [each.allocated(park) for each in others], one_wins("ALL-05"))


def a_trainee_and_a_concern() -> Heat:
    """A trainee is made responsible while a child protection concern is recorded."""
    person = Person()
    told = {"concern_id": str(uuid4()), "offender_id": person.id, "source": "UPW_SITE", "noted_on": day()}
    what = {"grave": False, "category": "SIGNIFICANT_HARM", "note": "Told the supervisor of a worry at home"}
    concern = Move(f"child-protection-matter/{uuid4()}", "RecordConcern", "supervisor", {**told, **what})
    return Heat(person.sentenced(), [person.under_a_trainee(), concern], decided_on_the_last_word("ALL-13"))


def a_trainee_and_a_register_entry() -> Heat:
    """A trainee is made responsible while the child is entered on the register."""
    person, entry, child = Person(), f"register-entry/{uuid4()}", str(uuid4())
    told = {"offender_id": person.id, "ground": "REGISTER_CHILD"}
    r7 = Move(entry, "SubmitR7", "practitioner", {**told, "on": day(2)})
    entered = {**told, "child_ids": [child], "registered_on": day(1), "copy_of_r7_filed": True}
    registered = Move(entry, "EnterRegister", "information-officer", {**entered, "roh_register_linked": False})
    known = Move(f"child/{child}", "RecordChild", "information-officer", _CHILD)
    return Heat(
        [*person.sentenced(), known, r7],
        [person.under_a_trainee(), registered],
        decided_on_the_last_word("ALL-13"),
    )


def a_hold_and_an_erasure() -> Heat:
    """A review secures a case while a victim of it, who asked for that, is erased."""
    person, victim, request, review = Person(), str(uuid4()), str(uuid4()), f"case-review/{uuid4()}"
    filed = {"victim_id": victim, "content": "What was told in confidence", "on": day(30)}
    asked = {"request_id": request, "kind": "ERASURE", "received_on": day(9)}
    answered = {"request_id": request, "on": day(2), "outcome": "granted"}
    referred = {"ground": "DEATH", "child_refs": [], "offender_refs": [person.id], "sent_to": "Nowhere Board"}
    ground = [
        *person.sentenced(),
        Move(person.to, "FileVictimInformation", "victim-liaison", filed),
        Move(person.to, "ReceiveRightsRequest", "information-manager", asked),
        Move(person.to, "AnswerRightsRequest", "information-manager", answered, by_another=True),
        Move(review, "ReferSeriousIncident", "aco", {**referred, "referred_at": f"{day(3)}T09:00"}),
    ]
    secured = {"hold_id": str(uuid4()), "offender_refs": [person.id], "placed_at": f"{day(1)}T10:00"}
    erased = {"subject_id": victim, "erased_on": day()}
    hold = Move(review, "PlaceHold", "aco", secured)
    return Heat(ground, [hold, Move(person.to, "EraseSubject", "information-officer", erased)], never_both)


_CHILD: Mapping[str, Any] = {
    "client_id": "9100001",
    "surname": "Invented",
    "forenames": "Kit",
    "dob": "2018-04-04",
    "gender": "M",
    "register_name": "ICS_REGISTER",
}

RACES: Mapping[str, Callable[[], Heat]] = {
    "two of one version": one_version,
    "three to one case": one_case,
    "one absence twice": one_absence,
    "one command twice": one_key,
    "two commands, one key": one_key_for_two,
    "one setting from one value": one_setting,
    "a letter and a setting": a_letter_and_a_setting,
    "the last place": the_last_place,
    "a trainee and a concern": a_trainee_and_a_concern,
    "a trainee and a register entry": a_trainee_and_a_register_entry,
    "a hold and an erasure": a_hold_and_an_erasure,
}
