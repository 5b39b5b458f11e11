"""Telling who is placed where in tests: several people, a park, a school; each line a day, the clock runs by itself.

here = Placing().park().somebody("bob", "M").somebody("ann", "F")
here.allocate("2025-03-10", "bob").not_allocated("2025-03-11", "ann")    -> (rule, message)
here.state("2025-03-12", "bob")              the state of bob's first allocation at the end of that day
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from tests.aggregates.telling import A_PARK, FIELDS_OF_ANN, SIGNED, TIMETABLE, TOOLS_ASSESSED, Telling

from ledger.scenarios import instant

COORDINATOR = "placement-coordinator"


class Placing(Telling):
    """Several people's cases; commands name the person."""

    def __init__(self, **more):
        super().__init__(**more)
        self.minutes = {}

    def at(self, day):
        """A minute later than the last of that day, from eight o'clock."""
        self.minutes[day] = self.minutes.get(day, -1) + 1
        return f"{datetime.fromisoformat(day) + timedelta(hours=8, minutes=self.minutes[day]):%Y-%m-%d %H:%M}"

    def do(self, day, by, command, /, person="bob", **data):
        to = person if "/" in person else f"offender/{person}"
        return self.tell(self.at(day), by, command, to=to, **data)

    def not_to(self, day, by, command, /, person="bob", **data):
        """(rule, message) of the first refusal."""
        return self.refused(self.at(day), by, command, to=f"offender/{person}", **data)

    # ---------------------------------------------------------------- places

    def park(self, name="park", **more):
        return self.placed(name, "2025-01-02 09:00", **more)

    def school(self, name="school", **more):
        """A school open for allocation, work outside school hours, not started: no review falls due."""
        to, day, at = f"placement/{name}", "2025-01-02", "2025-01-02 09:30"
        opened = A_PARK | {"on_school_premises": True, "proposed_start": day} | more
        self.tell(at, COORDINATOR, "OpenPlacement", to=to, **opened)
        meeting = {"on": day, "head_teacher": "H. Headmade", "staff_id": "pc1"}
        self.tell(at, COORDINATOR, "RecordPlanningMeeting", to=to, **meeting)
        for each in ("S1", "S2", "S3", "TOOLS"):
            self.tell(at, COORDINATOR, "FileRiskAssessment", to=to, **TOOLS_ASSESSED | {"requirement": each, "on": day})
        self.tell(at, "head-of-unpaid-work", "ApprovePlacement", to=to, on=day)
        sections = {"4": ["S1", "S2", "S3"], **TIMETABLE}
        self.tell(at, COORDINATOR, "DraftAgreement", to=to, version=1, sections=sections)
        signed = SIGNED | {"provider_signed_on": day, "manager_signed_on": day}
        return self.tell(at, COORDINATOR, "SignAgreement", to=to, **signed)

    # ---------------------------------------------------------------- people

    def somebody(self, name="bob", gender="M", level="LOW", day="2025-01-06", requirements=("UPW",), ready=True):
        """A person with an order of 100 hours called after them, assessed at a level (None: not at all)."""
        number = f"90{len(self.minutes) + len(self.ledger.records):05}"
        self.do(day, "court-officer", "RecordOffender", name, **FIELDS_OF_ANN | {"client_id": number, "gender": gender})
        order = {
            "order_id": f"o-{name}",
            "order_type": "CO",
            "court": "Nowhere",
            "sentence_date": day,
            "upw_hours": 100,
        }
        order |= {"order_end_date": "2027-01-05", "requirements": list(requirements)}
        self.do(day, "court-officer", "RecordOrder", name, **order)
        if ready:
            self.assess(day, name, group_preference="MIXED" if gender == "F" else None)
        if level:
            self.level(day, name, level)
        return self

    def assess(self, day, name="bob", **more):
        given = {key: value for key, value in more.items() if value is not None}
        return self.do(
            day, "practitioner", "CompleteUpwAssessment", name, order_id=f"o-{name}", completed_on=day, **given
        )

    def level(self, day, name, level, recorded=None):
        data = {"order_id": f"o-{name}", "completed_on": day, "rosh_level": level, "marking": "CONFIDENTIAL"}
        return self.do(recorded or day, "practitioner", "CompleteRiskAssessment", name, **data)

    def offence(self, day, name="bob", code="21"):
        return self.do(day, "practitioner", "RecordOffence", name, offence_code=code, status="PAST", against="CHILD")

    def concern(self, day, name="bob", category="SIGNIFICANT_HARM", concern="c1", **more):
        data = {"concern_id": concern, "offender_id": name, "source": "UPW_SITE", "noted_on": day, "grave": False}
        to = "child-protection-matter/m1"
        return self.do(day, "supervisor", "RecordConcern", to, category=category, note="as told", **data | more)

    def approval(self, day, name="bob", approval="ap1", placement="school", given=None):
        data = {"approval_id": approval, "offender_id": name, "head_teacher": "H. Headmade", "form": "letter"}
        return self.do(day, COORDINATOR, "RecordHeadApproval", f"placement/{placement}", given_on=given or day, **data)

    def withdrawal(self, day, approval="ap1", placement="school"):
        data = {"approval_id": approval, "on": day, "reason": "as told"}
        return self.do(day, COORDINATOR, "WithdrawHeadApproval", f"placement/{placement}", **data)

    # ---------------------------------------------------------------- placing

    @staticmethod
    def allocation(day, name="bob", placement="park", mode="GROUP", allocation=None, **more):
        data = {"allocation_id": allocation or f"al-{name}", "order_id": f"o-{name}", "placement_id": placement}
        data |= {"mode": mode, "from_date": day, "match_reasons": "near home", "roh_considered": True}
        return data | more

    def allocate(self, day, name="bob", placement="park", **more):
        return self.do(day, COORDINATOR, "AllocatePlacement", name, **self.allocation(day, name, placement, **more))

    def not_allocated(self, day, name="bob", placement="park", **more):
        return self.not_to(day, COORDINATOR, "AllocatePlacement", name, **self.allocation(day, name, placement, **more))

    def end(self, day, name="bob", allocation=None):
        data = {"allocation_id": allocation or f"al-{name}", "on": day, "reason": "as told"}
        return self.do(day, COORDINATOR, "EndAllocation", name, **data)

    def suspend(self, day, name="bob"):
        return self.do(day, COORDINATOR, "SuspendAllocation", name, allocation_id=f"al-{name}", on=day, cause="ill")

    @staticmethod
    def plan(session, day, name="bob", placement="park"):
        return {
            "session_id": session,
            "order_id": f"o-{name}",
            "placement_id": placement,
            "date": day,
            "start": "09:30",
        }

    def schedule(self, day, session, on, name="bob", placement="park"):
        return self.do(day, COORDINATOR, "ScheduleSession", name, **self.plan(session, on, name, placement))

    def not_scheduled(self, day, session, on, name="bob", placement="park"):
        return self.not_to(day, COORDINATOR, "ScheduleSession", name, **self.plan(session, on, name, placement))

    def resume(self, day, name="bob", on=None):
        data = {"allocation_id": f"al-{name}", "on": on or day, "ground": "as told"}
        return self.do(day, COORDINATOR, "ResumeAllocation", name, **data)

    def not_resumed(self, day, name="bob", on=None):
        data = {"allocation_id": f"al-{name}", "on": on or day, "ground": "as told"}
        return self.not_to(day, COORDINATOR, "ResumeAllocation", name, **data)

    # ---------------------------------------------------------------- asking

    def view(self, as_at, name="bob", known_at=None, explain=False):
        known = instant(known_at) if known_at else None
        path = f"offender/{self.names.id(name)}/allocation"
        return self.names.named(self.ledger.ask(path, date.fromisoformat(as_at), known, explain))

    def state(self, as_at, name="bob"):
        return self.view(as_at, name)["allocations"][0]["state"]

    def sessions(self, as_at, name="bob"):
        return {each["session_id"]: each["state"] for each in self.view(as_at, name)["sessions"]}

    def alerts(self, as_at, name="bob"):
        return [(each["rule"], each["flag"]) for each in self.view(as_at, name)["alerts"]]
