"""Decisions on a placement at work: approvals, deviations, suspension, review, closing (PLC-08, PLC-24 to PLC-30).

Proven by tests/aggregates/test_decisions_placement.py and placements.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from ledger.aggregates.aggregate import Ruling
from ledger.aggregates.offender.entities import happened
from ledger.aggregates.placement.agreement import (
    DeviationResolved,
    GuidanceObtained,
    HeadTeacherApprovalGiven,
    HeadTeacherApprovalWithdrawn,
    PlacementReviewed,
)
from ledger.aggregates.placement.decisions.ruling import brought_by, decides
from ledger.aggregates.placement.fold import Placement, offender_of
from ledger.aggregates.placement.site import PlacementClosed, PlacementResumed, PlacementSuspended
from ledger.aggregates.placement.way import (
    BOTH,
    deviations,
    suspended_by,
)
from ledger.aggregates.shape import Closed, Now, Recorded
from ledger.errors import Caution, Refusal
from ledger.rules import general
from ledger.rules import placements as rules
from ledger.rules.dates import london_day, printed


def _already(what: str) -> Ruling:
    return Ruling(refusals=(Refusal("GEN-06", general.ALREADY.format(what=what), rule_book=False),))


# ------------------------------------------------------------------------------------------ the head teacher


@decides(HeadTeacherApprovalGiven)
def _(placement: Placement, draft: HeadTeacherApprovalGiven, now: Now) -> Ruling:
    """Not from the head teacher, where none is named; backdated, where it would have had to come before (Q34)."""
    del now
    before = [
        each.record
        for each in placement.allocations.values()
        if offender_of(each.record) == draft.offender_id
        and rules.backdated(draft.given_on, london_day(each.record.recorded))
    ]
    refused = (Refusal("PLC-08", rules.NOT_FROM_HEAD),) if before else ()
    return Ruling(refusals=refused, rests_on=tuple(each.position for each in before))


@decides(HeadTeacherApprovalWithdrawn)
def _(placement: Placement, draft: HeadTeacherApprovalWithdrawn, now: Now) -> Ruling:
    """It moves the case of the person it was given for (PLC-09)."""
    del now
    if any(each.fact.approval_id == draft.approval_id for each in placement.of(HeadTeacherApprovalWithdrawn)):
        return _already("withdrawal")
    given = brought_by(placement, HeadTeacherApprovalGiven, draft.approval_id)
    return Ruling(about=(f"offender-{given.fact.offender_id}",) if given else ())


# ------------------------------------------------------------------------------------------ deviations, suspension


@decides(DeviationResolved)
def _(placement: Placement, draft: DeviationResolved, now: Now) -> Ruling:
    del now
    if any(each.fact.deviation_id == draft.deviation_id for each in placement.of(DeviationResolved)):
        return _already("resolution")
    if isinstance(draft.agreed_by, Closed):
        return Ruling()
    parties = {each.strip().casefold() for each in draft.agreed_by if each.strip()}
    return Ruling(refusals=(Refusal("PLC-24", rules.BOTH_RESOLVE),) if len(parties) < BOTH else ())


@decides(PlacementSuspended)
def _(placement: Placement, draft: PlacementSuspended, now: Now) -> Ruling:
    del now
    return _already("suspension") if suspended_by(placement, draft.on) else Ruling()


@decides(PlacementResumed)
def _(placement: Placement, draft: PlacementResumed, now: Now) -> Ruling:
    del now
    suspension = suspended_by(placement, draft.on)
    if suspension is None:
        return Ruling(refusals=(Refusal("PLC-25", rules.NOT_SUSPENDED, rule_book=False),))
    guidance = _guidance(placement, suspension, draft.on)
    still_open = [each for each in deviations(placement, draft.on) if each.resolved is None]
    refused = () if guidance and not still_open else (Refusal("PLC-25", rules.GUIDANCE_FIRST),)
    return Ruling(refusals=refused, rests_on=(suspension.position, *(each.position for each in guidance)))


def _guidance(placement: Placement, since: Recorded[PlacementSuspended], day: date) -> list[Recorded[GuidanceObtained]]:
    return [each for each in placement.by(GuidanceObtained, day) if happened(each) >= happened(since)]


# ------------------------------------------------------------------------------------------ review, closing


@decides(PlacementReviewed)
def _(placement: Placement, draft: PlacementReviewed, now: Now) -> Ruling:
    del placement, now
    signed = draft.provider_signed_on is not None and draft.manager_signed_on is not None
    whole = draft.form_reviewed and draft.pqs_reviewed and signed
    return Ruling(refusals=() if whole else (Refusal("PLC-26", rules.BOTH_REVIEW),))


@decides(PlacementClosed)
def _(placement: Placement, draft: PlacementClosed, now: Now) -> Ruling:
    del now
    if placement.of(PlacementClosed):
        return _already("closing")
    return Ruling(cautions=tuple(_still_planned(placement, draft.on)))


def _still_planned(placement: Placement, day: date) -> Iterator[Caution]:
    """Sessions planned for later do not end by themselves: whoever closes the placement is told of them."""
    later = [
        when for when, there in placement.days.items() if when > day and any(each.cancelled is None for each in there)
    ]
    if later:
        yield Caution("PLC-30", rules.STILL_PLANNED.format(day=printed(min(later))))
