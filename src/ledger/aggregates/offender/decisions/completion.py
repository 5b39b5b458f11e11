"""What completing a requirement counts as: accredited by the placement it ended at, mixed with others used (PLC-38).

Readings: a placement was used where hours of the order were credited for a session there; its scores are those of the
day of completion.  Proven by tests/aggregates/test_completion.py, order.yaml and placements.yaml.
"""

from __future__ import annotations

from ledger.aggregates.aggregate import Computed, Ruling
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.decisions.ruling import decides_across
from ledger.aggregates.offender.entities import Order
from ledger.aggregates.offender.facts import UpwRequirementCompleted
from ledger.aggregates.placement.quality_of import quality_of
from ledger.aggregates.shape import Now
from ledger.errors import Refusal
from ledger.rules import general


@decides_across(UpwRequirementCompleted)
def _(case: Case, draft: UpwRequirementCompleted, now: Now, stream: str) -> Ruling:
    del stream
    used = placements_used(case.orders[draft.order_id])
    placements = now.others([f"placement-{each}" for each in (draft.placement_id, *used)])
    at_the_end = placements[f"placement-{draft.placement_id}"]
    if at_the_end.opened is None:
        unknown = general.UNKNOWN.format(what="placement", id=draft.placement_id)
        return Ruling(refusals=(Refusal("GEN-06", unknown, rule_book=False),))
    found = quality_of(at_the_end, draft.completed_on, now.policy)
    others = [
        quality_of(placements[f"placement-{each}"], draft.completed_on, now.policy)
        for each in used
        if each != draft.placement_id
    ]
    return Ruling(
        computed={
            "accredited": Computed(found.accredited is True, "PLC-38"),
            "mixed": Computed(any(each.accredited is not True for each in others), "PLC-38"),
        },
        rests_on=(*found.facts, *(position for each in others for position in each.facts)),
    )


def placements_used(order: Order) -> tuple[str, ...]:
    """The placements where hours of an order were credited, in the order of the sessions."""
    return tuple(dict.fromkeys(each.record.fact.placement_id for each in order.sessions if each.credits))
