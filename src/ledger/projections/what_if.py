"""What another edition of the law would have said of a case: where its orders would stand otherwise.

    compared(history, one, other, as_at, known)   [{"order_id", "differs": {"breach": ["none", "triggered"], …}}]

`one` and `other` are policies (`Policy.under` an edition, or the one in force).  Ids, days, codes and whole minutes, no
name.  Nothing is decided and nothing is kept: both are answers to a question.  Proven by
tests/projections/test_what_if.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from ledger.aggregates.offender.breach import breach_of, trails_of
from ledger.aggregates.offender.breach_law import Law
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.entities import Order
from ledger.aggregates.offender.progress import requirement_of
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import History, Recorded
from ledger.projections.why import Row

# What is compared: how a breach stands and since when, failures that wait for a warning or a referral, how the
# requirement stands, by when, with how many minutes left, and when it ends whatever was worked.
COMPARED: Final = ("breach", "breach_on", "to_warn_or_refer", "state", "due_on", "balance_minutes", "working_end")


def compared(history: Sequence[Recorded[Any]], one: Policy, other: Policy, as_at: date, known: int) -> list[Row]:
    """The orders of a case that would stand otherwise at the end of a day, as known at a position."""
    case = Case.as_at(history if isinstance(history, History) else History(history), as_at)
    found: list[Row] = []
    for order in case.orders.values():
        before, after = (standing(case, order, policy, as_at, known) for policy in (one, other))
        differs = {name: [before[name], after[name]] for name in COMPARED if before[name] != after[name]}
        if differs:
            found.append({"order_id": order.id, "differs": differs})
    return found


def standing(case: Case, order: Order, policy: Policy, as_at: date, known: int) -> Row:
    """How one order stands under a policy: the fields of `COMPARED`."""
    breach = breach_of(order, trails_of(order, policy, known), policy, as_at, known)
    duties = Law.of(order, policy, known).duties(breach.live, as_at)
    requirement = requirement_of(case, order, policy, as_at, known)
    return {
        "breach": breach.state,
        "breach_on": breach.on,
        "to_warn_or_refer": sum(each.state == "warn-or-refer" for each in duties),
        "state": requirement.state,
        "due_on": requirement.due_on,
        "balance_minutes": requirement.account.balance,
        "working_end": requirement.working_end,
    }
