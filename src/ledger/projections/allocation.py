"""View `allocation`: where the person is placed, who works with them, what to mind, and what is wrong (contract).

    allocations   as recorded: active, suspended, ended; `cause` in words; those of PLC-09 are derived
    practitioners as they stand: who is responsible for each order, and who is involved
    needs, restrictions, sessions (by date), alerts {rule, flag}

The only view that opens needs and restrictions.  It looks at a placement, and at the others there, only where an answer
turns on them.  A state that rests on a value that cannot be read is `unknown`.  Proven by
tests/projections/test_allocation.py, allocation.yaml and placements.yaml.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from ledger.aggregates.corrections import RecordCorrected
from ledger.aggregates.offender import OPENS_TO_DECIDE
from ledger.aggregates.offender.allocations import (
    ACTIVE,
    ENDED,
    SUSPENDED,
    Premises,
    Standing,
    allocation_on,
    begun_by,
    company,
    gender_of,
    members_of,
    session_on,
    states_of,
)
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.entities import Allocation, Need, Order, Session, happened
from ledger.aggregates.offender.facts import (
    AllocationEnded,
    AllocationSuspended,
    CommunicationNeedRecorded,
    DiversityNeedRecorded,
    PractitionerAssigned,
    PsoInvolvementApproved,
    SessionCancelled,
    TaskRestrictionSet,
    TraineeInvolved,
    UpwAssessmentCompleted,
)
from ledger.aggregates.offender.protection import left_to_trainees, responsible
from ledger.aggregates.placement.fold import Placement
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Closed, Recorded
from ledger.projections.why import Row, explained
from ledger.rules import allocation as rules

OPENS: Final = {
    **OPENS_TO_DECIDE,
    UpwAssessmentCompleted.topic: ("group_preference", "needs", "restrictions"),
    DiversityNeedRecorded.topic: ("need", "adjustment"),
    CommunicationNeedRecorded.topic: ("need_type", "language"),
    TaskRestrictionSet.topic: ("restriction",),
    AllocationSuspended.topic: ("cause",),
    AllocationEnded.topic: ("reason",),
    SessionCancelled.topic: ("cause",),
    RecordCorrected.topic: ("corrected_value",),
}


def view(
    history: Sequence[Recorded[Any]],
    policy: Policy,
    as_at: date,
    known: int,
    explain: bool,
    others: Callable[[str], Sequence[Recorded[Any]]],
) -> Row:
    """Allocations and practitioners as recorded, sessions by date."""
    stream = next(each.stream for each in history if each.stream.startswith("offender-"))
    return _Asked(stream[-36:], Case.as_at(history, as_at), policy, as_at, known, explain, others).answer()


@dataclass(frozen=True, slots=True)
class _Asked:
    """One question about one case: as at, as known at."""

    offender_id: str
    case: Case
    policy: Policy
    as_at: date
    known: int
    explain: bool
    others: Callable[[str], Sequence[Recorded[Any]]]

    def placement(self, placement_id: str) -> Placement:
        """Another placement as known."""
        return Placement.fold(self.others(f"placement-{placement_id}"))

    def premises(self, offender_id: str) -> Premises:
        """How to ask about the allocations of a person."""
        return Premises(offender_id, self.placement, self.policy, self.known)

    def answer(self) -> Row:
        """Every part of the view."""
        premises = self.premises(self.offender_id)
        standings = [
            (each, allocation_on(self.case, each, premises, self.as_at))
            for each in self.case.allocations.values()
            if begun_by(each, self.as_at)
        ]
        sessions = sorted(self.case.sessions.values(), key=lambda each: (each.date, each.record.position))
        orders = self.case.orders.values()
        return {
            "allocations": [self.allocation(*each) for each in standings],
            "practitioners": [self.practitioner(*each) for order in orders for each in _staff_of(order)],
            "needs": list(self.needs()),
            "restrictions": list(self.restrictions()),
            "sessions": [self.session(each, premises) for each in sessions if _known_of(each, self.as_at)],
            "alerts": [*self.school_alerts(standings), *self.group_alerts(standings), *self.trainee_alerts()],
        }

    # -------------------------------------------------------------------- rows

    def why(self, row: Row, rule: str, facts: Sequence[int]) -> Row:
        """The row with its reasons, if asked for."""
        return explained(row, self.explain, rules=[rule], facts=facts)

    def standing(self, row: Row, found: Standing) -> Row:
        """The row with a state, its cause, and why."""
        row |= {"state": found.state, "cause": found.cause}
        ids = ["PLC-09", found.rule] if found.derived else [found.rule]
        settings = self.codes() if self.explain and found.rule == "PLC-06" else None
        return explained(row, self.explain, rules=dict.fromkeys(ids), facts=found.facts, settings=settings)

    def codes(self) -> Row:
        """The list of offences that a state rests on."""
        return {"plc.school_excluded_codes": self.premises(self.offender_id).listed(self.as_at)}

    def allocation(self, allocation: Allocation, found: Standing) -> Row:
        """One allocation."""
        fact = allocation.record.fact
        row: Row = {
            "allocation_id": fact.allocation_id,
            "order_id": fact.order_id,
            "placement_id": fact.placement_id,
            "mode": fact.mode,
            "from": fact.from_date,
        }
        return self.standing(row, found)

    def session(self, session: Session, premises: Premises) -> Row:
        """One session."""
        fact = session.record.fact
        row: Row = {"session_id": fact.session_id, "placement_id": fact.placement_id, "date": fact.date}
        return self.standing(row, session_on(self.case, session, premises, self.as_at))

    def practitioner(self, order: Order, staff_id: str, grade: str, role: str, facts: tuple[int, ...]) -> Row:
        """One member of staff on one order, with whether a line manager approved an officer's work (ALL-14)."""
        row: Row = {"order_id": order.id, "staff_id": staff_id, "grade": grade, "role": role}
        approvals = [each.position for each in order.staff if _approves(each, staff_id)]
        if grade == "PSO":
            row["approved"] = bool(approvals)
        return self.why(row, "ALL-13" if grade == "TRAINEE" else "ALL-10", (*facts, *approvals))

    # -------------------------------------------------------------------- needs and restrictions

    def needs(self) -> Iterator[Row]:
        """What assessments name, then what was agreed since (GEN-11, ALL-16)."""
        for each in _assessments(self.case):
            for text in _texts(each.fact.needs):
                yield self.why({"need": text, "adjustment": None, "since": happened(each)}, "ALL-01", [each.position])
        for each in self.case.person.needs:
            yield self.why(_need(each), "ALL-16", [each.position])

    def restrictions(self) -> Iterator[Row]:
        """What assessments name, then the tasks the person must not be given from a day on (ALL-20)."""
        for each in _assessments(self.case):
            for text in _texts(each.fact.restrictions):
                yield self.why({"restriction": text, "from": happened(each)}, "ALL-01", [each.position])
        for each in self.case.person.restrictions:
            if happened(each) <= self.as_at or each.fact.from_date <= self.as_at:
                row: Row = {"restriction": _text(each.fact.restriction), "from": each.fact.from_date}
                yield self.why(row, "ALL-20", [each.position])

    # -------------------------------------------------------------------- alerts

    def school_alerts(self, standings: Sequence[tuple[Allocation, Standing]]) -> Iterator[Row]:
        """PLC-09, until a person has resumed or ended the allocation."""
        flags = {SUSPENDED: rules.SCHOOL_ALLOCATION_SUSPENDED, ENDED: rules.SCHOOL_ALLOCATION_ENDED}
        for allocation, found in standings:
            if found.derived and not found.settled and found.state in flags:
                row: Row = {"rule": "PLC-09", "flag": flags[found.state]}
                yield self.why(row | _of(allocation), "PLC-09", found.facts)

    def group_alerts(self, standings: Sequence[tuple[Allocation, Standing]]) -> Iterator[Row]:
        """ALL-07: she has become the only woman in her group."""
        if gender_of(self.case) != "F":
            return
        for allocation, found in standings:
            if found.state == ACTIVE and allocation.record.fact.mode == "GROUP" and self.among_men(allocation):
                row: Row = {"rule": "ALL-07", "flag": rules.ONLY_WOMAN_IN_GROUP}
                yield self.why(row | _of(allocation), "ALL-07", found.facts)

    def among_men(self, allocation: Allocation) -> bool:
        """Whether everyone else who works in this group is a man; they are looked at until one is not."""
        placement = self.placement(allocation.record.fact.placement_id)
        found: list[str | None] = []
        for each in members_of(placement, self.offender_id, self.as_at, "GROUP"):
            case = Case.as_at(self.others(each.stream), self.as_at)
            seen = gender_of(case), states_of(case, each, self.premises(each.offender_id), self.as_at)
            found += company([seen])
            if found and not rules.all_male(found):
                return False
        return rules.all_male(found)

    def trainee_alerts(self) -> Iterator[Row]:
        """ALL-13: a trainee is responsible for what has become a child protection case."""
        for order, _, facts in left_to_trainees(self.case, self.as_at):
            row: Row = {"rule": "ALL-13", "flag": rules.REALLOCATE_FROM_TRAINEE, "order_id": order.id}
            yield self.why(row, "ALL-13", facts)


# ------------------------------------------------------------------------------------------ small helps


def _of(allocation: Allocation) -> Row:
    fact = allocation.record.fact
    return {"allocation_id": fact.allocation_id, "placement_id": fact.placement_id}


def _known_of(session: Session, day: date) -> bool:
    """Whether there is a session at the end of a day: from its planning, or its own day if that is earlier."""
    return min(happened(session.record), session.date) <= day


Holding = tuple[Order, str, str, str, tuple[int, ...]]


def _staff_of(order: Order) -> list[Holding]:
    """Who works on an order now, in the order they came: one responsible, the last; everyone else who is involved."""
    holder = responsible(order)
    found: dict[str, Holding] = {}
    for each in order.staff:
        match each.fact:
            case PractitionerAssigned() as fact:
                if fact.role == "INVOLVED" or each is holder:
                    found[fact.staff_id] = (order, fact.staff_id, fact.grade, fact.role, (each.position,))
                elif holder is not None and fact.staff_id != holder.fact.staff_id:
                    found.pop(fact.staff_id, None)
            case TraineeInvolved() as fact:
                found.setdefault(fact.trainee_id, (order, fact.trainee_id, "TRAINEE", "INVOLVED", (each.position,)))
            case PsoInvolvementApproved() as fact:
                found.setdefault(fact.pso_id, (order, fact.pso_id, "PSO", "INVOLVED", (each.position,)))
    return list(found.values())


def _approves(record: Recorded[Any], staff_id: str) -> bool:
    return isinstance(record.fact, PsoInvolvementApproved) and record.fact.pso_id == staff_id


def _assessments(case: Case) -> Iterator[Recorded[UpwAssessmentCompleted]]:
    """The last assessment of each order."""
    for order in case.orders.values():
        if order.upw_assessments:
            yield max(order.upw_assessments, key=lambda each: (happened(each), each.position))


def _texts(value: list[str] | Closed | None) -> list[str]:
    """A list as told; one line where it cannot be read."""
    return [str(value)] if isinstance(value, Closed) else list(value or ())


def _text(value: str | Closed | None) -> str | None:
    return str(value) if isinstance(value, Closed) else value


def _need(record: Need) -> Row:
    match record.fact:
        case DiversityNeedRecorded() as fact:
            return {"need": _text(fact.need), "adjustment": _text(fact.adjustment), "since": happened(record)}
        case CommunicationNeedRecorded() as fact:
            return {"need": _text(fact.need_type), "adjustment": _text(fact.language), "since": happened(record)}
