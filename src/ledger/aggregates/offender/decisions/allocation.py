"""Decisions on who is placed and who manages, as far as the case itself shows: assessments, practitioners, the end of
an allocation (rule book E).

What rests on the placement and on the others there is decided in `placing`.  Where a value that decides cannot be read
(it is erased), the rule cannot be shown to hold: a plan is then refused, in words that say so.  Proven by
tests/aggregates/test_decisions_allocation.py and allocation.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator

from ledger.aggregates.aggregate import Ruling
from ledger.aggregates.offender.allocations import gender_of
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.decisions.ruling import decides
from ledger.aggregates.offender.entities import Allocation, Order
from ledger.aggregates.offender.facts import (
    AllocationEnded,
    AllocationSuspended,
    PlacementAllocated,
    PractitionerAssigned,
    SessionCancelled,
    UpwAssessmentCompleted,
)
from ledger.aggregates.offender.protection import approved, consultation_missing, protection_of
from ledger.aggregates.shape import Closed, Now, opened
from ledger.errors import Caution, Refusal
from ledger.rules import allocation as rules
from ledger.rules import general

# ------------------------------------------------------------------------------------------ before allocating


@decides(UpwAssessmentCompleted)
def _(case: Case, draft: UpwAssessmentCompleted, now: Now) -> Ruling:
    del now
    if draft.group_preference is not None:
        return Ruling()
    match gender_of(case):
        case "F":
            return Ruling(refusals=(Refusal("ALL-06", rules.RECORD_PREFERENCE),))
        case None:
            return Ruling(cautions=(Caution("ALL-06", rules.MAY_BE_A_WOMAN),))
        case _:
            return Ruling()


@decides(PlacementAllocated)
def _(case: Case, draft: PlacementAllocated, now: Now) -> Ruling:
    del now
    order = case.orders[draft.order_id]
    refusals: list[Refusal] = []
    if not order.upw_assessments:
        refusals.append(Refusal("ALL-01", rules.ASSESSMENT_FIRST))
    missing = consultation_missing(case, order)
    if missing is not None:
        refusals.append(Refusal("ALL-12", rules.CONSULT_FIRST))
    grounds = (*order.upw_assessments[-1:], *order.consultations[-1:])
    return Ruling(refusals=tuple(refusals), rests_on=tuple(each.position for each in grounds))


# ------------------------------------------------------------------------------------------ who manages


@decides(PractitionerAssigned)
def _(case: Case, draft: PractitionerAssigned, now: Now) -> Ruling:
    del now
    order, protection = case.orders[draft.order_id], protection_of(case)
    if draft.role != "RESPONSIBLE" and draft.grade != "PSO":
        return Ruling()
    refusals = list(_not_to_be_responsible(order, draft, bool(protection))) if draft.role == "RESPONSIBLE" else []
    if draft.grade == "PSO" and protection and not approved(case, order, draft.staff_id):
        refusals.append(Refusal("ALL-14", rules.APPROVAL_FOR_PSO))
    cautions: tuple[Caution, ...] = ()
    if draft.role == "RESPONSIBLE" and draft.grade == "PSO" and case.level() in rules.HIGH_LEVELS:
        cautions = (Caution("ALL-10", rules.PSO_ON_HIGH),)
    return Ruling(
        refusals=tuple(refusals),
        cautions=cautions,
        rests_on=protection.facts if protection else (),
    )


def _not_to_be_responsible(order: Order, draft: PractitionerAssigned, protected: bool) -> Iterator[Refusal]:
    if draft.grade == "TRAINEE" and protected:
        yield Refusal("ALL-13", rules.NO_TRAINEE)
    if draft.grade == "PSO":
        requirements = order.record.fact.requirements
        if isinstance(requirements, Closed):
            yield Refusal("ALL-10", rules.PERHAPS_NOT_BY_A_PSO)
        elif not rules.single_requirement(requirements):
            yield Refusal("ALL-10", rules.NOT_BY_A_PSO)


# ------------------------------------------------------------------------------------------ what keeps somebody away


@decides(AllocationSuspended)
def _(case: Case, draft: AllocationSuspended, now: Now) -> Ruling:
    del now
    over = _ended_by_a_person(case.allocations[draft.allocation_id])
    refusals = (Refusal("PLC-09", rules.ENDED),) if over else ()
    return Ruling(refusals=(*refusals, *_for_a_characteristic(draft.cause)))


@decides(AllocationEnded)
def _(case: Case, draft: AllocationEnded, now: Now) -> Ruling:
    del now
    over = _ended_by_a_person(case.allocations[draft.allocation_id])
    already = general.ALREADY.format(what="end of the allocation")
    refusals = (Refusal("GEN-06", already, rule_book=False),) if over else ()
    return Ruling(refusals=(*refusals, *_for_a_characteristic(draft.reason)))


@decides(SessionCancelled)
def _(case: Case, draft: SessionCancelled, now: Now) -> Ruling:
    del case, now
    return Ruling(refusals=tuple(_for_a_characteristic(draft.cause)))


def _for_a_characteristic(ground: str | Closed) -> Iterator[Refusal]:
    """ALL-17: who is kept away for nothing but what they are; of a ground that cannot be read nobody knows that."""
    if rules.is_characteristic(opened(ground) or ""):
        yield Refusal("ALL-17", rules.ADJUST_INSTEAD)


def _ended_by_a_person(allocation: Allocation) -> bool:
    return any(isinstance(each.fact, AllocationEnded) for each in allocation.changes)
