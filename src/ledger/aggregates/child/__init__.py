"""A child on a register of the local authority (rule book G; catalogue 6.4).

A stream of its own, because a child may be linked to several offenders and must be erasable as one.  `facts` says what
can happen, `child` folds it, `decisions` says what may be recorded.
"""

from __future__ import annotations

from ledger.aggregates.aggregate import Aggregate
from ledger.aggregates.child.child import Child
from ledger.aggregates.child.decisions import not_corrected, rule_on, stays_erased
from ledger.aggregates.child.facts import FACTS, ChildRecorded
from ledger.aggregates.corrections import RecordCorrected
from ledger.aggregates.subject import ErasureFinalised, RecipientsNotified

CHILD = Aggregate(
    noun="child",
    collection="children",
    facts=(*FACTS, ErasureFinalised, RecipientsNotified),
    protects=stays_erased,
    fixes=not_corrected,
    fold=Child.fold,
    rule_on=rule_on,
    opens={ChildRecorded.topic: ("client_id", "forenames"), RecordCorrected.topic: ("corrected_value",)},
)
