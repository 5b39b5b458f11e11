"""Whether a case is a child protection case, since when, and who may work on it (ALL-12 to ALL-14).

Asked of a case as at a day.  Proven by tests/aggregates/test_decisions_allocation.py and allocation.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.entities import Order, happened, last
from ledger.aggregates.offender.facts import PractitionerAssigned, PsoInvolvementApproved
from ledger.aggregates.register_entry.registrations import registrations_of
from ledger.aggregates.shape import Closed, Recorded
from ledger.rules.allocation import HIGH_LEVELS


@dataclass(frozen=True, slots=True)
class Protection:
    """What makes a case a child protection case: since when, since when significantly, and by which facts."""

    since: date
    significant_since: date | None
    facts: tuple[int, ...]


def protection_of(case: Case, day: date = date.max) -> Protection | None:
    """What makes it a child protection case at the end of a day: open concerns and registrations; None without one.

    Reading: no fact of the catalogue closes a concern by itself; one noted before a registration of the person was
    closed is closed with it.  A registration is always significant, a child merely in need is not.
    """
    entries = registrations_of(case.person.registrations).values()
    closings = [_in_order(each.closed) for each in entries if each.closed and happened(each.closed) <= day]
    closed_by = max(closings, default=(date.min, 0))
    made = [each.made for each in entries if each.made and (each.closed is None or happened(each.closed) > day)]
    concerns = [each for each in case.person.concerns if _in_order(each) > closed_by]
    found = [each for each in (*concerns, *made) if happened(each) <= day]
    if not found:
        return None
    significant = [happened(each) for each in found if getattr(each.fact, "category", None) != "IN_NEED"]
    return Protection(
        since=min(happened(each) for each in found),
        significant_since=min(significant, default=None),
        facts=tuple(each.position for each in found),
    )


def _in_order(record: Recorded[Any]) -> tuple[date, int]:
    return happened(record), record.position


def high_since(case: Case) -> date | None:
    """Since when the level has been High or Very High without a break; None where it is not.

    A level that cannot be read may be high.
    """
    since: date | None = None
    for day, _, level in sorted(case.levels, key=lambda each: each[:2], reverse=True):
        if not isinstance(level, Closed) and level not in HIGH_LEVELS:
            break
        since = day
    return since


def consultation_missing(case: Case, order: Order) -> Protection | None:
    """The concerns on which the risk manager was not consulted although the risk is high; None where nothing misses."""
    protection, high = protection_of(case), high_since(case)
    if protection is None or protection.significant_since is None or high is None:
        return None
    both = max(protection.significant_since, high)
    return None if any(happened(each) >= both for each in order.consultations) else protection


def approved(case: Case, order: Order | None, pso_id: str) -> bool:
    """Whether the line manager approved this officer's work on an order; on any, for what belongs to no one order."""
    return any(
        isinstance(each.fact, PsoInvolvementApproved) and each.fact.pso_id == pso_id
        for of in ([order] if order else case.orders.values())
        for each in of.staff
    )


def responsible(order: Order) -> Recorded[PractitionerAssigned] | None:
    """Who is responsible for an order: the last one assigned as such."""
    return last(list(_responsible(order)), happened)


def _responsible(order: Order) -> Iterator[Recorded[PractitionerAssigned]]:
    for each in order.staff:
        if isinstance(each.fact, PractitionerAssigned) and each.fact.role == "RESPONSIBLE":
            yield each  # pyright: ignore[reportReturnType] - a record of an assignment, as just seen


def left_to_trainees(case: Case, day: date) -> Iterator[tuple[Order, date, tuple[int, ...]]]:
    """The orders of a child protection case for which a trainee is responsible at the end of a day, since when, and the
    facts that say so (ALL-13)."""
    protection = protection_of(case, day)
    for order in case.orders.values() if protection else ():
        holder = responsible(order)
        if holder is not None and holder.fact.grade == "TRAINEE" and protection and not order.endings:
            yield order, max(protection.since, happened(holder)), (holder.position, *protection.facts)
