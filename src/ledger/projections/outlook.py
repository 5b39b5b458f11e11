"""View `outlook`: what is left of each order of unpaid work, what finishing in time takes, and where this pace leads.

    {"orders": [{"order_id", "balance_minutes", "due_on", "days_left", "session_minutes", "sessions_needed",
                 "sessions_a_week", "minutes_a_week", "finishes_on", "in_time",
                 "straight": [{"date", "minutes"}, {"date", "minutes"}], "credited": [{"date", "minutes"}]}]}

It is no rule and nothing follows from it (the checks of PRG-01 to PRG-04 do that); it answers "what if he goes on like
this".  Where the order has ended or nothing is left there is nothing to ask: the last five are null.

    session_minutes    what a session came to lately, on average; a full day (hrs.long_day_minutes) where there was none
    sessions_needed    sessions of that length that the balance takes, less what working them earns (HRS-05)
    sessions_a_week    so many a week, at least, to have done them by `due_on`; null from that day on
    minutes_a_week     the present pace: what was credited in the last eight weeks, or since sentence if that is less
    finishes_on        the first day by which the balance is done at that pace; null where nothing was credited lately
    in_time            whether that is by `due_on`

`straight` and `credited` are the lines of a plot: the straight line from sentence to `due_on`, and what stood credited
at the end of each day that changed it.  Under an edition without a period (UPW-03) `due_on` is null; what is asked of
it is asked of the end of the operational period, and null where there is none.  Whole minutes and dates.  Proven by
tests/projections/test_outlook.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from ledger.aggregates.offender.account import account_of
from ledger.aggregates.offender.breach_law import rule_in
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.entities import Order, happened
from ledger.aggregates.offender.facts import HoursCredited
from ledger.aggregates.offender.progress import Requirement, requirement_of
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Recorded
from ledger.projections.why import Row, explained

LATELY: Final = timedelta(weeks=8)
FULL_DAY: Final = "hrs.long_day_minutes"
ENDED: Final = frozenset({"completed", "revoked", "operational-period-ended"})
_WEEK: Final = 7


def view(history: Sequence[Recorded[Any]], policy: Policy, as_at: date, known: int, explain: bool = False) -> Row:
    """Orders as recorded."""
    case = Case.as_at(history, as_at)
    return {"orders": [_order(case, order, policy, as_at, known, explain) for order in case.orders.values()]}


def _order(case: Case, order: Order, policy: Policy, as_at: date, known: int, explain: bool) -> Row:
    found = requirement_of(case, order, policy, as_at, known)
    end = found.due_on or found.working_end
    row: Row = {
        "order_id": order.id,
        "state": found.state,
        "balance_minutes": found.account.balance,
        "due_on": found.due_on,
        "days_left": max(0, (end - as_at).days) if end else None,
        **_pace(case, order, found, policy, as_at, known),
        "straight": [
            {"date": order.sentence_date, "minutes": 0},
            *([{"date": end, "minutes": found.account.ordered}] if end else []),
        ],
        "credited": _credited(case, order, policy, as_at, known),
    }
    return explained(
        row,
        explain,
        rules=[found.rule, rule_in("UPW-03", found.period), rule_in("HRS-05", found.account.edition)],
        facts=found.facts,
        settings={FULL_DAY: policy.setting(FULL_DAY, as_at, known)},
    )


def _pace(case: Case, order: Order, found: Requirement, policy: Policy, as_at: date, known: int) -> Row:
    left, end = found.account.counts(found.account.balance), found.due_on or found.working_end
    days_left = (end - as_at).days if end else 0
    began = max(as_at - LATELY, order.sentence_date - timedelta(days=1))
    days = max(1, (as_at - began).days)
    session = _session_minutes(order, began, as_at) or policy.number(FULL_DAY, as_at, known)
    if not left or found.state in ENDED:
        asked = ("sessions_needed", "sessions_a_week", "minutes_a_week", "finishes_on", "in_time")
        return {"session_minutes": session, **dict.fromkeys(asked)}
    lately = max(0, found.account.credited - account_of(case, order, policy, began, known).credited)
    sessions = _up(left, session)
    finishes = as_at + timedelta(days=_up(left * days, lately)) if lately else None
    return {
        "session_minutes": session,
        "sessions_needed": sessions,
        "sessions_a_week": _up(sessions * _WEEK, days_left) if days_left > 0 else None,
        "minutes_a_week": lately * _WEEK // days,
        "finishes_on": finishes,
        "in_time": (finishes <= end if finishes else False) if end else None,
    }


def _session_minutes(order: Order, after: date, upto: date) -> int | None:
    """What the sessions credited in that time came to on average, in whole minutes; None where there was none."""
    found = [
        credit.fact.work_minutes + credit.fact.travel_minutes
        for credit in order.credits
        if isinstance(credit.fact, HoursCredited) and after < happened(credit) <= upto
    ]
    return sum(found) // len(found) or None if found else None


def _credited(case: Case, order: Order, policy: Policy, as_at: date, known: int) -> list[Row]:
    days = sorted({happened(each) for each in order.credits if happened(each) <= as_at})
    return [{"date": day, "minutes": account_of(case, order, policy, day, known).credited} for day in days]


def _up(minutes: int, by: int) -> int:
    """Divided, rounded up: half a session more is a session more."""
    return -(-minutes // by)
