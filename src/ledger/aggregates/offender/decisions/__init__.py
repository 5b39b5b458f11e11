"""What may be decided about a case, by area of the rule book; each module registers its decisions with `ruling`."""

from __future__ import annotations

from ledger.aggregates.offender.decisions import (
    access,
    allocation,
    attendance,
    completion,
    enforcement,
    file,
    hours,
    merging,
    orders,
    placing,
    register,
    rights,
)
from ledger.aggregates.offender.decisions.ruling import may_be_refused, rule_on, rules_broken

__all__ = [
    "access",
    "allocation",
    "attendance",
    "completion",
    "enforcement",
    "file",
    "hours",
    "may_be_refused",
    "merging",
    "orders",
    "placing",
    "register",
    "rights",
    "rule_on",
    "rules_broken",
]
