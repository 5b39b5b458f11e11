"""Worklist `backlog`: requirements beyond twelve months with hours owing, and how many each unit has (PRG-06).

    {"order_id", "unit", "twelve_month_point", "state", "due_on", "balance_minutes", "days_beyond"}

Readings: one that the court extended is beyond its twelve months all the same, and is counted apart; one is no more
once nothing is owing, it is confirmed as complete, it is revoked or supervision under its order has ended.  `unit`:
where the case was on the day asked for, null where no fact says.  Under a law that knows no period there is no backlog.
Units are summed up by `by_unit`.  Proven by tests/projections/test_backlog.py and tests/api/test_reports.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from ledger.aggregates.offender.case import Case, prepared
from ledger.aggregates.offender.entities import Order, happened
from ledger.aggregates.offender.progress import ended_on, period_ends, stands, twelve_months_of
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Recorded
from ledger.aggregates.units import unit_of
from ledger.projections.progress_worklists import days_of_law
from ledger.projections.why import Row
from ledger.rules.dates import ONE_DAY

STATES: Final = ("outstanding", "application-made", "extended", "operational-period-ended")


def rows(history: Sequence[Recorded[Any]], policy: Policy, as_at: date, known: int) -> list[Row]:
    """Orders as recorded."""
    case = Case.as_at(history, as_at)
    found = (_row(case, order, policy, as_at, known) for order in case.orders.values())
    behind = [row for row in found if row is not None]
    unit = _unit(history, as_at) if behind else None
    return [{**row, "unit": unit} for row in behind]


def _row(case: Case, order: Order, policy: Policy, as_at: date, known: int) -> Row | None:
    """What is known of a requirement that is behind, but for its unit; None if it is not."""
    point = period_ends(order, policy, as_at, known)
    if point is None or as_at <= point or order.endings or ended_on(order):
        return None
    account, due, (state, _, _) = stands(case, order, policy, as_at, known)
    if not account.balance:
        return None
    return {
        "order_id": order.id,
        "twelve_month_point": point,
        "state": state,
        "due_on": due,
        "balance_minutes": account.balance,
    }


def _unit(history: Sequence[Recorded[Any]], as_at: date) -> str | None:
    return unit_of(history[0].stream, [each for each in prepared(history) if happened(each) <= as_at])


def moments(history: Sequence[Recorded[Any]], policy: Policy, known: int) -> Iterator[date]:
    """The days after twelve months on which anything happened, a later end passed or the law may be another.

    Nothing else moves a requirement that is behind, and before them none is.
    """
    happenings = {happened(each) for each in prepared(history)}
    for order in Case.fold(history).orders.values():
        first = twelve_months_of(order, policy, known) + ONE_DAY
        last = min([*ended_on(order), *map(happened, order.endings)], default=date.max)
        ends = [order.operational_period_end, *(each.fact.new_end_date for each in order.variations)]
        over = (each + ONE_DAY for each in ends if each is not None)
        days = {first, *happenings, *over, *days_of_law(order, policy, known)}
        yield from (day for day in days if first <= day <= last)


def ages(row: Row, as_at: date, policy: Policy) -> Row:
    """For how many days it has been beyond twelve months."""
    del policy
    return {**row, "days_beyond": (as_at - date.fromisoformat(row["twelve_month_point"])).days}


# ------------------------------------------------------------------------------------------ by unit


def by_unit(items: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Rows of the worklist summed up, by unit: {unit, requirements, one number by state, owing_minutes, longest_days}.

    Those of no unit come last.
    """
    units = sorted({each["unit"] for each in items}, key=lambda unit: (unit is None, unit or ""))
    return [_counted(unit, [each for each in items if each["unit"] == unit]) for unit in units]


def _counted(unit: str | None, items: Sequence[Mapping[str, Any]]) -> Row:
    return {
        "unit": unit,
        "requirements": len(items),
        **{state.replace("-", "_"): sum(each["state"] == state for each in items) for state in STATES},
        "owing_minutes": sum(int(each["balance_minutes"]) for each in items),
        "longest_days": max(int(each["days_beyond"]) for each in items),
    }
