"""What follows an erasure: its horizon has passed, and those who had the data are told (DP-05; catalogue, section 9).

    ruling_after(child, draft, now)      the ruling on such a fact; nothing else is recorded of an erased child

Proven by tests/aggregates/test_after_erasing.py.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from ledger.aggregates.aggregate import Computed, Ruling
from ledger.aggregates.child.reach import linked_with
from ledger.aggregates.shape import COMPUTED, LIST_ITEMS, TARGET, Code, Day, Fact, Id, Now, later
from ledger.aggregates.subject import RecipientsNotified
from ledger.errors import Refusal
from ledger.rules import register
from ledger.rules.dates import london_day, printed

if TYPE_CHECKING:
    from ledger.aggregates.child.child import Child

HORIZON = "horizon"  # the member of a certificate that names the day


class ErasureFinalised(
    Fact,
    topic="subject.erasure-finalised.v1",
    act="FinaliseErasure",
    who=("information-officer", "system"),
    rules=("DP-05",),
    effective="horizon",
):
    """No backup that may still exist opens what was erased: the keys that could have are gone everywhere."""

    subject_id: Annotated[Id, TARGET] = later()
    horizon: Day
    stores: Annotated[list[Code], Field(max_length=LIST_ITEMS), COMPUTED] = later()


def ruling_after(child: Child, draft: ErasureFinalised | RecipientsNotified, now: Now) -> Ruling:
    """The ruling on what follows an erasure: it is impossible before, and concerns the same people."""
    erased = child.erased
    if erased is None:
        return Ruling(refusals=(Refusal("GEN-06", register.NOT_ERASED, rule_book=False),))
    about = tuple(sorted(linked_with(child.history)))
    if isinstance(draft, RecipientsNotified):
        return Ruling(about=about, rests_on=(erased.position,))
    reached = sorted(erased.fact.certificate.keys() - {HORIZON})
    return Ruling(
        refusals=_finalising(child, draft, now),
        computed={"stores": Computed(reached, "DP-05")},
        about=about,
        rests_on=(erased.position,),
    )


def _finalising(child: Child, draft: ErasureFinalised, now: Now) -> tuple[Refusal, ...]:
    if any(isinstance(each.fact, ErasureFinalised) for each in child.history):
        return (Refusal("GEN-06", register.ALREADY_FINAL, rule_book=False),)
    promised = horizon_of(child)
    if draft.horizon > london_day(now.moment):
        return ()  # to come, and refused as such (GEN-05)
    if promised is not None and draft.horizon < promised:
        return (Refusal("DP-05", register.BEFORE_THE_HORIZON.format(day=printed(promised))),)
    return ()


def horizon_of(child: Child) -> date | None:
    """The day that the certificate of the erasure promised; None where it names none."""
    told = child.erased.fact.certificate.get(HORIZON) if child.erased else None
    return date.fromisoformat(told) if told else None
