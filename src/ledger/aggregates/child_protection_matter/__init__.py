"""A child protection matter: concern, referral, conference, core group and plan as one process (rule book G).

It can start before any child is registered and may cover several children and adults, so it has a stream of its own;
every fact of it is about the offenders and children it names, and so stands in their chains too (catalogue 6.6).
`facts` says what can happen, `matter` folds it, `decisions` says what may be recorded, `clocks` what falls due.
"""

from __future__ import annotations

from ledger.aggregates.aggregate import Aggregate
from ledger.aggregates.child_protection_matter.decisions import rule_on
from ledger.aggregates.child_protection_matter.facts import FACTS
from ledger.aggregates.child_protection_matter.matter import Matter, concerns_of

__all__ = ["CHILD_PROTECTION_MATTER", "concerns_of"]

CHILD_PROTECTION_MATTER = Aggregate(
    noun="child-protection-matter",
    collection="child-protection-matters",
    facts=FACTS,
    fold=Matter.fold,
    rule_on=rule_on,
    children_of=lambda matter: matter.children,
)
