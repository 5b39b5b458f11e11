"""Exceptions of a case: facts that break a rule, and what they are (contract, *Views*).

A fact that has happened is never refused for breaking a rule; it is recorded, and shows here.  Proven by
tests/projections/test_exceptions.py and progress.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from ledger.aggregates.child_protection_matter.facts import FACTS as MATTER_FACTS
from ledger.aggregates.corrections import CORRECTING
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.decisions import may_be_refused, rules_broken
from ledger.aggregates.offender.entities import Order, happened
from ledger.aggregates.offender.protection import left_to_trainees
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Fact, History, Now, Recorded
from ledger.projections import child_protection_worklist
from ledger.projections.enforcement import basis_changed_since, breach_moments
from ledger.projections.why import Row
from ledger.projections.yellow_dot import HEARS as REGISTRATIONS
from ledger.projections.yellow_dot import moments as marking_moments
from ledger.projections.yellow_dot import unmarked_since
from ledger.rules.allocation import REALLOCATE_FROM_TRAINEE
from ledger.rules.data_protection import FILE_NOT_MARKED
from ledger.rules.enforcement import BREACH_BASIS_CHANGED
from ledger.rules.orders import EXTENSION_BEYOND_OPERATIONAL_PERIOD, beyond_operational_period

HEARS: Final = REGISTRATIONS | {each.topic for each in MATTER_FACTS}


@dataclass(frozen=True, slots=True)
class ExceptionFlag:
    """A flag on a recorded fact, the rule that raises it, since when, and where it comes from."""

    flag: str
    rule: str
    since: date
    order_id: str
    facts: tuple[int, ...] = ()
    matter_id: str = ""


def exceptions(case: Case, policy: Policy, as_at: date, known: int) -> list[ExceptionFlag]:
    """The exception flags of a case, oldest first."""
    found = [each for order in case.orders.values() for each in _beyond_operational_period(order)]
    found += [
        ExceptionFlag(BREACH_BASIS_CHANGED, "ENF-11", since, order.id)
        for order, since in basis_changed_since(case, policy, as_at, known)
    ]
    found += [
        ExceptionFlag(REALLOCATE_FROM_TRAINEE, "ALL-13", since, order.id, facts)
        for order, since, facts in left_to_trainees(case, as_at)
    ]
    return sorted(found, key=lambda each: each.since)


def _beyond_operational_period(order: Order) -> list[ExceptionFlag]:
    return [
        ExceptionFlag(EXTENSION_BEYOND_OPERATIONAL_PERIOD, "UPW-06", happened(each), order.id, (each.position,))
        for each in order.variations
        if each.fact.result == "EXTENDED"
        and each.fact.new_end_date is not None
        and beyond_operational_period(each.fact.new_end_date, order.operational_period_end)
    ]


BROKEN_WHEN_IMPORTED: Final = "RULE_BROKEN_BEFORE_IMPORT"


def broken_when_imported(history: Sequence[Recorded[Any]], policy: Policy, as_at: date) -> list[ExceptionFlag]:
    """Rules that facts told by another system break: the decision on each is taken again, as known then.

    A line of history is never refused for breaking a rule (contract, *Import of history*); this is where it shows.
    Rules that rest on other cases (the placement, the others there) were told to the importer as warnings: what stays
    wrong is an alert of view `allocation`, and the placement's own exceptions.
    """
    if all(each.source_recorded is None for each in history):
        return []
    if not isinstance(history, History):
        found = list(_broken(history, policy))
    elif (kept := history.folded.get("broken")) is not None and kept[0] is policy:
        found = kept[1]
    else:
        found = list(_broken(history, policy))
        history.folded["broken"] = (policy, found)
    return [each for each in found if each.since <= as_at]


def _broken(history: Sequence[Recorded[Any]], policy: Policy) -> Iterator[ExceptionFlag]:
    """Every rule that an imported fact ever broke, on whichever day: what was known when it came does not change."""
    case = Case()
    for each in history:
        fact: Fact = each.fact
        of_case = each.source_recorded is not None and each.stream.startswith("offender-")
        if of_case and type(fact) not in CORRECTING and may_be_refused(case, type(fact), each.by.role):
            now = Now(each.recorded, each.by, policy.as_known(each.position), imported=True)
            for rule in rules_broken(case, fact, now):
                order_id = getattr(fact, "order_id", "")
                yield ExceptionFlag(BROKEN_WHEN_IMPORTED, rule, happened(each), order_id, (each.position,))
        case = case.take(each)


def exception_rows(history: Sequence[Recorded[Any]], policy: Policy, as_at: date, known: int) -> list[Row]:
    """Worklist `exceptions`: one row for each flag of a case.  That of a matter names it, so that the limits of
    everybody whom the matter concerns bind who reads the row (ledger.privacy.limiting)."""
    flags = exceptions(Case.as_at(history, as_at), policy, as_at, known) + broken_when_imported(history, policy, as_at)
    flags += _not_marked(history, as_at)
    flags += [
        ExceptionFlag(each.flag, each.rule, each.since, "", each.facts, matter_id)
        for matter_id, each in child_protection_worklist.flags(history, as_at)
    ]
    return [
        {"order_id": each.order_id or None, "flag": each.flag, "rule": each.rule, "since": each.since}
        | ({"matter_id": each.matter_id} if each.matter_id else {})
        for each in sorted(flags, key=lambda each: each.since)
    ]


def _not_marked(history: Sequence[Recorded[Any]], as_at: date) -> list[ExceptionFlag]:
    found = unmarked_since(history, as_at)
    return [ExceptionFlag(FILE_NOT_MARKED, "DP-04", found[0], "", tuple(found[1]))] if found else []


def exception_moments(history: Sequence[Recorded[Any]], policy: Policy, known: int) -> Iterator[date]:
    """The days since when a flag stands, and those on which a breach's basis may fall or return, or an order of a child
    protection case change hands."""
    case = Case.fold(history)
    yield from map(happened, case.person.concerns)
    yield from marking_moments(history)
    yield from child_protection_worklist.flag_moments(history)
    yield from (each.since for each in broken_when_imported(history, policy, date.max))
    for order in case.orders.values():
        yield from map(happened, (*order.staff, *order.endings))
        if flags := _beyond_operational_period(order):
            yield happened(order.record)
            yield from (each.since for each in flags)
    if any(order.breach_acts for order in case.orders.values()):
        yield from breach_moments(history, policy, known)
