"""Telling a case in tests: short lines of commands to a ledger in memory, with names for ids.

case = Telling()
case.order()                                            ann with order o1 of 100 hours from 6 Jan 2025
case.absence("a1", "2025-06-02").letter("l1", "a1", "2025-06-04")
case.enforcement("2025-06-12")["absences"][0]["status"]
"""

from __future__ import annotations

from datetime import date

from tests.aggregates.memory_ledger import MemoryLedger

from ledger.aggregates import told_by
from ledger.aggregates.shape import Actor
from ledger.errors import Refused
from ledger.scenarios import Names, instant

FIELDS_OF_ANN = {"client_id": "9000001", "surname": "Testcase", "forenames": "Ann", "dob": "1990-02-01", "gender": "F"}

A_PARK = {
    "name": "Nowhere Park",
    "type": "grounds",
    "on_school_premises": False,
    "work_types": ["GROUNDS_MAINTENANCE"],
    "in_school_hours": False,
    "mode": "GROUP",
    "max_no": 6,
    "days_available": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    "address": "1 Nowhere Lane",
    "projected_completion": "2029-12-31",
}
TOOLS_ASSESSED = {"requirement": "TOOLS", "achievable": True, "location": "project box", "noted_in_pqs5": True}
CONFIRMED = ("insurance_confirmed", "information_received", "tasks_agreed", "contact_agreed", "role_models_agreed")
TIMETABLE = {"6": {"contact_timetable": "daily"}}
SIGNED = {
    "version": 1,
    "provider_name": "P. Parkkeeper",
    "provider_position": "Park manager",
    "manager_name": "M. Madeup",
    "briefed_on_risk_assessments": True,
    **dict.fromkeys(CONFIRMED, True),
}


class Telling:
    """One person's case, told line by line."""

    def __init__(self, person="ann", settings=None):
        self.ledger, self.names, self.person = MemoryLedger(), Names(), person
        for key, value in (settings or {}).items():
            data = {"key": key, "new": value, "effective_from": "1900-01-01", "reason": "for this test"}
            self.tell("2020-01-02 09:00", "chief-officer", "ChangeSetting", to="policy/policy", **data)

    # ---------------------------------------------------------------- any command

    def give(self, at, by, command, /, to=None, effective=None, imported=False, author=None, **data):
        noun, name = (to or f"offender/{self.person}").split("/")
        target = name if noun == "policy" else self.names.id(name)
        data = self.names.data(told_by(noun, command), data)
        actor = Actor(self.names.id(author or by), by)
        return self.ledger.give(instant(at), actor, f"{noun}/{target}", command, data, effective, imported=imported)

    def tell(self, at, by, command, /, **data):
        """Give a command that must be recorded; its warnings are in `self.warned`."""
        label = data.pop("label", None)
        answer = self.give(at, by, command, **data)
        assert not isinstance(answer, Refused), answer.refusals
        self.warned = [(each["rule"], each["message"]) for each in answer["warnings"]]
        if label:
            self.names.label(label, answer["events"][0]["id"])
        return self

    def refused(self, at, by, command, /, **data):
        """Give a command that must be refused: (rule, message) of its first refusal."""
        answer = self.give(at, by, command, **data)
        assert isinstance(answer, Refused), f"{command} was recorded"
        return answer.refusals[0].rule, answer.refusals[0].message

    # ---------------------------------------------------------------- the usual

    def recorded(self):
        return self.tell("2023-01-03 09:00", "court-officer", "RecordOffender", **FIELDS_OF_ANN)

    def order(self, order="o1", sentence="2025-01-06", hours=100, **more):
        if not self.ledger.history(f"offender-{self.names.id(self.person)}"):
            self.recorded()
        data = {
            "order_id": order,
            "order_type": "CO",
            "court": "Nowhere",
            "sentence_date": sentence,
            "upw_hours": hours,
        }
        data |= {"order_end_date": "2027-01-05", "requirements": ["UPW"], **more}
        return self.tell(f"{sentence} 15:00", "court-officer", "RecordOrder", **data)

    def absence(self, absence, day, at=None, **more):
        data = {"absence_id": absence, "order_id": "o1", "appointment_kind": "UPW", "date": day, "kind": "FTA", **more}
        return self.tell(at or f"{day} 17:00", "supervisor", "RecordAbsence", **data)

    def letter(self, letter, absence, day, **more):
        data = {"letter_id": letter, "absence_id": absence, "issued_on": day, "channel": "post", **more}
        return self.tell(f"{day} 10:00", "practitioner", "IssueEnforcementLetter", **data)

    def evidence(self, absence, at, recorded=None, **more):
        data = {"absence_id": absence, "received_at": at, "kind": "note", "description": "as told", **more}
        return self.tell(recorded or at, "team-admin", "ReceiveEvidence", **data)

    def judge(self, absence, day, result, **more):
        data = {"absence_id": absence, "result": result, "reason_code": "other", "reason": "as told", **more}
        return self.tell(f"{day} 18:00", "practitioner", "JudgeAbsence", judged_on=day, **data)

    def rejudge(self, absence, day, result, **more):
        data = {"absence_id": absence, "to_result": result, "reason": "as told", "decided_on": day, **more}
        return self.tell(f"{day} 19:00", "senior-practitioner", "RejudgeAbsence", **data)

    def two_unacceptable(self):
        """Absences a1, a2, deemed on 12 and 19 Jun 2025: in breach from the 19th."""
        self.absence("a1", "2025-06-02").letter("l1", "a1", "2025-06-04")
        return self.absence("a2", "2025-06-09").letter("l2", "a2", "2025-06-11")

    def placed(self, name="park", at="2025-01-06 15:30", **more):
        """A placement that is open for allocation, if it is not there yet: a park for six unless told otherwise."""
        to, day = f"placement/{name}", at[:10]
        if self.ledger.history(f"placement-{self.names.id(name)}"):
            return self
        for by, command, data in (
            ("placement-coordinator", "OpenPlacement", A_PARK | {"proposed_start": day} | more),
            ("head-of-unpaid-work", "ApprovePlacement", {"on": day}),
            ("placement-coordinator", "FileRiskAssessment", TOOLS_ASSESSED | {"on": day}),
            (
                "placement-coordinator",
                "DraftAgreement",
                {"version": 1, "sections": {"6": {"contact_timetable": "daily"}}},
            ),
            ("placement-coordinator", "SignAgreement", SIGNED | {"provider_signed_on": day, "manager_signed_on": day}),
        ):
            self.tell(at, by, command, to=to, **data)
        return self

    def ready(self, day="2025-01-20", order="o1", level="LOW", **more):
        """Assessed: what an allocation asks for first."""
        data = {"order_id": order, "completed_on": day, "group_preference": "MIXED", **more}
        self.tell(f"{day} 10:00", "practitioner", "CompleteUpwAssessment", **data)
        data = {"order_id": order, "completed_on": day, "rosh_level": level, "marking": "CONFIDENTIAL"}
        return self.tell(f"{day} 11:00", "practitioner", "CompleteRiskAssessment", **data)

    def allocated(self, allocation="al1", placement="park", at="2025-03-10 10:00", **more):
        data = {"allocation_id": allocation, "order_id": "o1", "placement_id": placement, "mode": "GROUP", **more}
        data = {"from_date": at[:10], "match_reasons": "near home", "roh_considered": True, **data}
        return self.tell(at, "placement-coordinator", "AllocatePlacement", **data)

    def session(self, session="s1", day="2025-03-22", at="2025-03-17 10:10"):
        self.placed("park", at)
        data = {"session_id": session, "order_id": "o1", "placement_id": "park", "date": day, "start": "09:30"}
        return self.tell(at, "placement-coordinator", "ScheduleSession", **data)

    def attended(self, session="s1", at="2025-03-22 15:45", arrival="09:30", departure="15:30"):
        data = {"session_id": session, "arrival": arrival, "departure": departure}
        return self.tell(at, "supervisor", "RecordAttendance", **data)

    # ---------------------------------------------------------------- asking

    def ask(self, view, as_at, known_at=None, explain=False):
        path = f"offender/{self.names.id(self.person)}/{view}"
        known = instant(known_at) if known_at else None
        return self.names.named(self.ledger.ask(path, date.fromisoformat(as_at), known, explain))

    def enforcement(self, as_at, **more):
        return self.ask("enforcement", as_at, **more)["orders"][0]

    def progress(self, as_at, **more):
        return self.ask("progress", as_at, **more)["orders"][0]

    def standing(self, as_at, n=0, **more):
        """(status, since, deemed) of the nth absence by date."""
        absence = self.enforcement(as_at, **more)["absences"][n]
        return absence["status"], str(absence["status_since"]), absence["deemed"]

    def breach(self, as_at, **more):
        """(tally, breach, breach_on) of the first order."""
        order = self.enforcement(as_at, **more)
        return order["tally"], order["breach"], str(order["breach_on"])
