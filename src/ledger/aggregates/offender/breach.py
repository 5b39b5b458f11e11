"""The tally of unacceptable absences and the state of the breach of one order (ENF-08 to ENF-12).

A sweep over the days on which something changed: what became (un)acceptable takes effect at the start of its day, then
what people did on that day follows.  Proven by tests/aggregates/test_breach.py and enforcement.yaml.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Final, Literal, TypeAlias

from ledger.aggregates.immutable import immutable
from ledger.aggregates.offender.absences import (
    UNACCEPTABLE,
    Deadline,
    Standing,
    deadline_of,
    standing_on,
    standings,
)
from ledger.aggregates.offender.entities import Absence, BreachAct, Order, happened
from ledger.aggregates.offender.facts import BreachActionNotTaken, BreachActionStarted, BreachOutcomeRecorded
from ledger.aggregates.policy import Policy
from ledger.rules.enforcement import basis_fell, in_breach, spends

BreachState: TypeAlias = Literal["none", "triggered", "action-started", "not-taken", "dealt-with"]
THRESHOLD: Final = "enf.breach_threshold"


@dataclass(slots=True)
class Breach:
    """Where a breach stands at the end of a day.

    `on`: the day it was triggered; `tally`: live unacceptable absences; `spent`: absences a proven breach relied on;
    `basis_changed`: since when the court must be told that the tally fell (ENF-11); `facts`: positions it rests on.
    """

    state: BreachState = "none"
    on: date | None = None
    tally: int = 0
    basis_changed: date | None = None
    spent: set[str] = field(default_factory=set[str])
    relied_on: set[str] = field(default_factory=set[str])
    rule: str = "ENF-08"
    facts: tuple[int, ...] = ()
    threshold: int = 2


@immutable
class Trail:
    """One absence with its deadline and every state it passed through."""

    absence: Absence
    deadline: Deadline | None
    standings: list[Standing]


Trails: TypeAlias = dict[str, Trail]


def trails_of(order: Order, policy: Policy, known: int | None = None) -> Trails:
    """The trail of every absence of the order, by absence id, as known at a position.  It must not be changed."""
    parts = [(len(each.letters), len(each.evidence), len(each.judgements)) for each in order.absences]
    return order.once("trails", (Same(policy), known, parts), lambda: _trails(order, policy, known))


class Same:
    """Equal only to the very same policy."""

    __slots__ = ("policy",)

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.policy is self.policy


def _trails(order: Order, policy: Policy, known: int | None) -> Trails:
    found: Trails = {}
    for absence in order.absences:
        name = absence.record.fact.absence_id
        parts = (len(absence.letters), len(absence.evidence), len(absence.judgements))
        found[name] = order.once(f"trail {name}", (Same(policy), known, parts), partial(_trail, absence, policy, known))
    return found


def _trail(absence: Absence, policy: Policy, known: int | None) -> Trail:
    deadline = deadline_of(absence, policy, known)
    return Trail(absence, deadline, standings(absence, deadline))


def breach_of(order: Order, trails: Trails, policy: Policy, as_at: date, known: int | None = None) -> Breach:
    """The tally and the breach of an order at the end of a day, as known at a position."""
    breach = Breach()
    changes, acts = _changes(trails, as_at), _acts(order, as_at)
    unacceptable: set[str] = set()
    for day in sorted({*changes, *acts}):
        breach.threshold = policy.number(THRESHOLD, day, known)
        before = set(unacceptable)
        for absence_id, status in changes.get(day, ()):
            (unacceptable.add if status == UNACCEPTABLE else unacceptable.discard)(absence_id)
        _absences_changed(breach, unacceptable, before, day)
        for act in acts.get(day, ()):
            _acted(breach, act, unacceptable, order)
    breach.facts = tuple(_basis(trails, unacceptable, as_at)) + tuple(
        each.position for day in acts.values() for each in day
    )
    return breach


def counted_days(trails: Trails) -> Iterator[date]:
    """The days on which an absence begins to count, or counts no more."""
    return iter(_changes(trails, date.max))


def _changes(trails: Trails, as_at: date) -> dict[date, list[tuple[str, str]]]:
    """By day, the absences that then took a state in which they count, or left one."""
    found: dict[date, list[tuple[str, str]]] = {}
    for absence_id, trail in trails.items():
        counted = False
        for standing in trail.standings:
            if standing.since <= as_at and (counted or standing.status == UNACCEPTABLE):
                found.setdefault(standing.since, []).append((absence_id, standing.status))
                counted = standing.status == UNACCEPTABLE
    return found


def _acts(order: Order, as_at: date) -> dict[date, list[BreachAct]]:
    found: dict[date, list[BreachAct]] = {}
    for act in order.breach_acts:
        if happened(act) <= as_at:
            found.setdefault(happened(act), []).append(act)
    return found


def _basis(trails: Trails, unacceptable: set[str], as_at: date) -> Iterable[int]:
    for absence_id in unacceptable:
        yield from standing_on(trails[absence_id].standings, as_at).facts


def _absences_changed(breach: Breach, unacceptable: set[str], before: set[str], day: date) -> None:
    """A day's absences: the breach is triggered, withdrawn, or its basis falls or returns."""
    breach.tally = len(unacceptable - breach.spent)
    enough = in_breach(breach.tally, breach.threshold)
    closed = breach.state in ("not-taken", "dealt-with")
    if enough and (breach.state == "none" or (closed and unacceptable - before - breach.spent)):
        breach.state, breach.on, breach.basis_changed, breach.rule = "triggered", day, None, "ENF-08"
    elif breach.state == "triggered" and not enough:
        breach.state, breach.on, breach.rule = "none", None, "ENF-11"
    elif breach.state in ("action-started", "dealt-with"):
        _basis_changed(breach, unacceptable, day)


def _basis_changed(breach: Breach, unacceptable: set[str], day: date) -> None:
    """After court action: before the outcome by the live tally, after it by the absences a proven breach relied on."""
    if breach.state == "dealt-with" and not breach.relied_on & breach.spent:
        return
    left = breach.tally if breach.state == "action-started" else len(breach.relied_on & unacceptable)
    fell = basis_fell(left, min(breach.threshold, len(breach.relied_on) or breach.threshold))
    breach.basis_changed = (breach.basis_changed or day) if fell else None


def _acted(breach: Breach, act: BreachAct, unacceptable: set[str], order: Order) -> None:
    """What people did about it on a day."""
    match act.fact:
        case BreachActionStarted():
            breach.state, breach.rule = "action-started", "ENF-09"
            breach.on = breach.on or happened(act)
            known = {each.record.fact.absence_id for each in order.absences if each.record.position < act.position}
            breach.relied_on = (unacceptable & known) - breach.spent
            fell = basis_fell(breach.tally, breach.threshold)
            breach.basis_changed = happened(act) if fell else None
        case BreachActionNotTaken():
            breach.state, breach.rule = "not-taken", "ENF-09"
        case BreachOutcomeRecorded() as outcome:
            if breach.state != "action-started":
                breach.relied_on = unacceptable - breach.spent
            breach.state, breach.rule, breach.basis_changed = "dealt-with", "ENF-10", None
            further = unacceptable - breach.spent - breach.relied_on
            if spends(outcome.proven, outcome.result):
                breach.spent |= breach.relied_on
                breach.relied_on &= unacceptable
                breach.tally = len(unacceptable - breach.spent)
            if further and in_breach(breach.tally, breach.threshold):
                # What came while the court had the first one was never before it: a new breach, from this day.
                breach.state, breach.on, breach.rule = "triggered", happened(act), "ENF-08"
