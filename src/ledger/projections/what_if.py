"""What another edition of the law would have said of a case: where its orders would stand otherwise.

    compared(history, one, other, as_at, known)   [{"order_id", "differs": {"breach": ["none", "triggered"], …}}]
    reads(topics)                                 of a case with facts of these topics, the topics that rests on
    OPENS                                         the sealed fields of those that it reads

`one` and `other` are policies (`Policy.under` an edition, or the one in force).  Ids, days, codes and whole minutes, no
name.  Nothing is decided and nothing is kept: both are answers to a question.  Proven by
tests/projections/test_what_if.py.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, Final

from ledger.aggregates.corrections import CORRECTING, RecordCorrected
from ledger.aggregates.offender import facts
from ledger.aggregates.offender.breach import breach_of, trails_of
from ledger.aggregates.offender.breach_law import Law
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.entities import Order
from ledger.aggregates.offender.progress import stands
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import History, Recorded
from ledger.projections.why import Row
from ledger.rules.progress import working_end

# What is compared: how a breach stands and since when, failures that wait for a warning or a referral, how the
# requirement stands, by when, with how many minutes left, and when it ends whatever was worked.
COMPARED: Final = ("breach", "breach_on", "to_warn_or_refer", "state", "due_on", "balance_minutes", "working_end")


# What that rests on.  Sessions, attendance, placements and assessments move none of it: of what a session was credited
# only the minutes count, and its day stands in the credit.
_READS: Final = (
    facts.OrderMade,
    facts.AbsenceRecorded,
    facts.EnforcementLetterIssued,
    facts.EvidenceReceived,
    facts.AbsenceJudged,
    facts.AbsenceRejudged,
    facts.BreachReferred,
    facts.BreachWarningGiven,
    facts.BreachWarningWithdrawn,
    facts.BreachActionStarted,
    facts.BreachActionNotTaken,
    facts.BreachOutcomeRecorded,
    facts.CourtApplicationMade,
    facts.CourtVariationMade,
    facts.UpwRequirementCompleted,
    facts.HoursCredited,
    facts.HoursAdjusted,
    facts.EteActivityAgreed,
    facts.EteHoursCredited,
)
READS: Final = frozenset(each.topic for each in _READS)
# Where there is one of these a session may be of another day than its credit says, or disqualify: they are read too.
_TELLS_OF_SESSIONS: Final = frozenset(each.topic for each in (*CORRECTING, facts.SentHome, facts.WorkStopped))
WITH_SESSIONS: Final = READS | _TELLS_OF_SESSIONS | {facts.SessionScheduled.topic}
# No decision is taken again, for no exception is asked for: facts told by another system need no more than others.
OPENS: Final[Mapping[str, Collection[str]]] = {
    facts.AbsenceRejudged.topic: ("to_result",),
    RecordCorrected.topic: ("corrected_value",),
}


def reads(topics: Collection[str]) -> Collection[str]:
    """Of a case with facts of these topics, the topics that `compared` rests on."""
    return READS if _TELLS_OF_SESSIONS.isdisjoint(topics) else WITH_SESSIONS


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
    account, due, (state, *_) = stands(case, order, policy, as_at, known)
    return {
        "breach": breach.state,
        "breach_on": breach.on,
        "to_warn_or_refer": sum(each.state == "warn-or-refer" for each in duties),
        "state": state,
        "due_on": due,
        "balance_minutes": account.balance,
        "working_end": working_end(due, order.operational_period_end),
    }
