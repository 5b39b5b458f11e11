"""An entry of the child protection register (rule book G; catalogue 6.5).

A stream of its own, because reviews, dates and closing belong to the registration, not to the offender or the child,
and survive as bare facts when the child is erased.  `facts` says what can happen, `registrations` which entries stand
in any chain, `entry` folds one, `decisions` says what may be recorded.
"""

from __future__ import annotations

from ledger.aggregates.aggregate import Aggregate
from ledger.aggregates.naming import noticing
from ledger.aggregates.register_entry.decisions import rule_on
from ledger.aggregates.register_entry.entry import Entry
from ledger.aggregates.register_entry.facts import FACTS

REGISTER_ENTRY = Aggregate(
    noun="register-entry",
    collection="register-entries",
    facts=FACTS,
    fold=Entry.fold,
    children_of=lambda entry: entry.registration.child_ids,
    rule_on=noticing(rule_on, lambda entry: entry.registration.child_ids),
)
