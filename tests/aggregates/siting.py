"""Telling a placement in tests: an ordinary park and a school, step by step, on a ledger in memory.

site = park()                       drafted, signed, audited, running since Mon 3 Mar 2025
site = school(hours=True)           the same of a school, running since Mon 1 Sep 2025
site.tell("2025-09-16 12:00", "supervisor", "NoteDeviation", deviation_id="dv1", what="as told", noted_on="2025-09-16")
site.shown("2025-09-17")["status"]
"""

from __future__ import annotations

from datetime import date

from tests.aggregates.telling import Telling

from ledger.aggregates import AGGREGATES
from ledger.aggregates.placement.fold import Placement
from ledger.rules.dates import LONDON
from ledger.scenarios import instant

DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
OPENED = {
    "name": "Nowhere",
    "type": "grounds",
    "on_school_premises": False,
    "work_types": ["GROUNDS_MAINTENANCE"],
    "in_school_hours": False,
    "mode": "GROUP",
    "max_no": 2,
    "days_available": DAYS,
    "address": "1 Nowhere Lane",
    "proposed_start": "2025-02-01",
    "projected_completion": "2027-12-31",
}
CONFIRMED = ("insurance_confirmed", "information_received", "tasks_agreed", "contact_agreed", "role_models_agreed")
SIGNED = {
    "version": 1,
    "provider_name": "P. Provider",
    "provider_position": "Head",
    "manager_name": "M. Madeup",
    "briefed_on_risk_assessments": True,
    **dict.fromkeys(CONFIRMED, True),
}
Q1 = dict.fromkeys(
    ("with_direct_beneficiary", "with_representative", "by_letter", "at_placement", "at_cp_premises"), False
)
Q5 = dict.fromkeys(("key_skills", "pre_vocational_skills", "interpersonal_skills", "formal_certification"), False)
AUDIT = {
    "cp_unit": "North",
    "type_of_work": "grounds",
    "group_or_individual": "group",
    "auditor": "A. Auditlike",
    "scores": [1, 1, 1, 1, 1],
    "evidence": ["seen"] * 5,
    "q1_details": Q1,
    "q5_details": Q5,
    "frequency": "weekly",
}


class Siting(Telling):
    """One placement, told line by line; commands go to it unless `to` says otherwise."""

    def __init__(self, name="here", **more):
        super().__init__(**more)
        self.site = name

    def give(self, at, by, command, /, to=None, **more):
        return super().give(at, by, command, to=to or f"placement/{self.site}", **more)

    def coordinator(self, at, command, /, **data):
        """A command of the placement coordinator."""
        return self.tell(at, "placement-coordinator", command, **data)

    # ---------------------------------------------------------------- its way, step by step

    def opened(self, at="2025-01-13 10:00", **more):
        return self.coordinator(at, "OpenPlacement", **OPENED | more)

    def approved(self, day="2025-01-14"):
        return self.tell(f"{day} 10:00", "head-of-unpaid-work", "ApprovePlacement", on=day)

    def assessed(self, requirement="TOOLS", day="2025-01-15", achievable=True, at="10:00"):
        data = {"achievable": achievable, "location": "project box", "noted_in_pqs5": True}
        return self.coordinator(f"{day} {at}", "FileRiskAssessment", requirement=requirement, on=day, **data)

    def drafted(self, day="2025-01-16", version=1, texts=(), timetable="every Saturday", at="10:00"):
        sections = {"4": list(texts), "6": {"contact_timetable": timetable}}
        return self.coordinator(f"{day} {at}", "DraftAgreement", version=version, sections=sections)

    def signed(self, day="2025-01-20", at="14:00", **more):
        return self.coordinator(f"{day} {at}", "SignAgreement", **signatures(day, **more))

    def audited(self, audit="q0", day="2025-01-22", at="14:00", **more):
        return self.coordinator(f"{day} {at}", "AuditQuality", audit_id=audit, audited_on=day, **AUDIT | more)

    def started(self, day="2025-03-03", at="08:30"):
        return self.coordinator(f"{day} {at}", "StartPlacement", on=day)

    def started_as_told(self, day):
        """Another system says that work began: no rule of starting bars it."""
        return self.coordinator(f"{day} 08:30", "StartPlacement", on=str(day), imported=True)

    def met(self, day="2025-08-06"):
        data = {"on": day, "head_teacher": "H. Headmade", "staff_id": "pc1"}
        return self.coordinator(f"{day} 10:00", "RecordPlanningMeeting", **data)

    def suspended(self, day, at="15:00", **more):
        return self.tell(f"{day} {at}", "supervisor", "SuspendPlacement", on=day, cause="as told", **more)

    def reviewed(self, day, **more):
        return self.coordinator(f"{day} 12:00", "ReviewPlacement", **review(day, **more))

    # ---------------------------------------------------------------- who works there

    def joined(self, name, order):
        """Somebody with an order of 100 hours, made when the last thing was told."""
        at = f"{self.ledger.records[-1].recorded.astimezone(LONDON):%Y-%m-%d %H:%M}"
        person = {"client_id": f"9{abs(hash(name)) % 10**6:06}", "surname": "Testcase", "forenames": name}
        person |= {"dob": "1990-02-01", "gender": "M"}
        self.tell(at, "court-officer", "RecordOffender", to=f"offender/{name}", **person)
        data = {"order_id": order, "order_type": "CO", "court": "Nowhere", "sentence_date": at[:10], "upw_hours": 100}
        data |= {"order_end_date": "2027-01-05", "requirements": ["UPW"]}
        return self.tell(at, "court-officer", "RecordOrder", to=f"offender/{name}", **data)

    def comes(self, name, order, session, day, arrival="09:30", departure="15:30"):
        """A session there, told in the evening by another system, so that no rule of allocation bars it."""
        plan = {"session_id": session, "order_id": order, "placement_id": self.site, "date": day, "start": arrival}
        to = f"offender/{name}"
        self.tell(f"{day} 21:00", "placement-coordinator", "ScheduleSession", to=to, imported=True, **plan)
        came = {"session_id": session, "arrival": arrival, "departure": departure}
        return self.tell(f"{day} 21:00", "supervisor", "RecordAttendance", to=to, imported=True, **came)

    # ---------------------------------------------------------------- asking

    @property
    def stream(self):
        return f"placement-{self.names.id(self.site)}"

    def folded(self) -> Placement:
        return Placement.fold(self.ledger.history(self.stream, opens=AGGREGATES["placement"].opens))

    def policy(self):
        return self.ledger.policy()

    def shown(self, as_at, known_at=None, explain=False):
        """View `placement`."""
        known = instant(known_at) if known_at else None
        path = f"placement/{self.names.id(self.site)}/placement"
        return self.names.named(self.ledger.ask(path, date.fromisoformat(as_at), known, explain))

    def flags(self, as_at):
        """(flag, rule, day) of every exception."""
        return [(each["flag"], each["rule"], str(each["date"])) for each in self.shown(as_at)["exceptions"]]

    def review(self, as_at):
        """(due, state) of the review."""
        found = self.shown(as_at)["review"]
        return str(found["due"]), found["state"]


def signatures(day, **more):
    return {**SIGNED, "provider_signed_on": day, "manager_signed_on": day, **more}


def review(day, **more):
    data = {"done_on": day, "form_reviewed": True, "pqs_reviewed": True, "may_continue": True}
    return {**data, "provider_signed_on": day, "manager_signed_on": day, **more}


def park(**more):
    """An ordinary placement, running since Mon 3 Mar 2025; its quality total is 5."""
    return Siting(**more).opened().approved().assessed().drafted().signed().audited().started()


def unsigned_school(hours=False, texts=None, **more):
    """A school, planned, met, assessed, approved and drafted, not signed."""
    needed = ("S1", "S2", "S3", *(("H1", "H2", "H3", "H4") if hours else ()))
    why = {"in_hours_reason": "no evening cover"} if hours else {}
    site = Siting(**more).opened("2025-08-04 10:00", on_school_premises=True, in_school_hours=hours, **why)
    site.met()
    for n, each in enumerate((*needed, "TOOLS")):
        site.assessed(each, "2025-08-07", at=f"10:{n:02}")
    return site.approved("2025-08-11").drafted("2025-08-12", texts=needed if texts is None else texts)


def school(hours=False, **more):
    """The same, running since Mon 1 Sep 2025."""
    return unsigned_school(hours, **more).signed("2025-08-18").audited(day="2025-08-20").started("2025-09-01")
