"""The tally of unacceptable absences and the state of the breach of one order (ENF-08 to ENF-12).

A sweep over the days on which something changed: what became (un)acceptable takes effect at the start of its day, then
what people did on that day follows.  Each failure is weighed under the edition of its own day: which of them count
towards a breach, and how many are needed, is the edition's (ledger.rules.editions); a failure of an older edition does
not count under a newer one.

Proven by tests/aggregates/test_breach.py, tests/aggregates/test_editions.py and enforcement.yaml.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
from ledger.aggregates.offender.breach_law import Law, rule_in
from ledger.aggregates.offender.entities import Absence, BreachAct, Order, Same, happened
from ledger.aggregates.offender.facts import BreachActionNotTaken, BreachActionStarted, BreachOutcomeRecorded
from ledger.aggregates.policy import Policy
from ledger.rules.editions import BREACH, MANUAL
from ledger.rules.enforcement import basis_fell, in_breach, spends

BreachState: TypeAlias = Literal["none", "triggered", "action-started", "not-taken", "dealt-with"]
THRESHOLD: Final = "enf.breach_threshold"


@dataclass(slots=True)
class Breach:
    """Where a breach stands at the end of a day.

    `on`: the day it was triggered; `live`: unacceptable absences that are not spent, `tally`: how many; `spent`: those
    a proven breach relied on; `basis_changed`: since when the court must be told that the tally fell (ENF-11); `facts`:
    positions it rests on;
    `editions`: those that rule its absences; `counting`: by edition, those that count towards a breach.
    """

    state: BreachState = "none"
    on: date | None = None
    tally: int = 0
    basis_changed: date | None = None
    live: frozenset[str] = frozenset()
    spent: set[str] = field(default_factory=set[str])
    relied_on: set[str] = field(default_factory=set[str])
    rule: str = "ENF-08"
    facts: tuple[int, ...] = ()
    threshold: int = 2
    editions: tuple[str, ...] = (MANUAL,)
    counting: Mapping[str, frozenset[str]] = field(default_factory=dict[str, "frozenset[str]"])

    @property
    def enough(self) -> bool:
        """Whether as many count as the edition needs that rules them (ENF-08)."""
        return any(in_breach(len(ids), self.needed(edition)) for edition, ids in self.counting.items())

    @property
    def edition(self) -> str:
        """The edition under which it is a breach, or would be: the newest that rules its absences."""
        enough = (edition for edition, ids in self.counting.items() if in_breach(len(ids), self.needed(edition)))
        return next(enough, self.editions[-1])

    @property
    def that_count(self) -> frozenset[str]:
        """The absences that count, under whichever edition."""
        return frozenset[str]().union(*self.counting.values())

    def needed(self, edition: str) -> int:
        """How many must count under an edition."""
        return BREACH.laws[edition].needed(self.threshold)


@immutable
class Trail:
    """One absence with its deadline and every state it passed through."""

    absence: Absence
    deadline: Deadline | None
    standings: list[Standing]


Trails: TypeAlias = dict[str, Trail]


def trails_of(order: Order, policy: Policy, known: int | None = None) -> Trails:
    """The trail of every absence of the order, by absence id, as known at a position.  It must not be changed.

    Letters, evidence and judgements rest on no edition of the law: the trails are the same under all of them.
    """
    policy = policy.unsupposed
    parts = [(len(each.letters), len(each.evidence), len(each.judgements)) for each in order.absences]
    return order.once("trails", (Same(policy), known, parts), lambda: _trails(order, policy, known))


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
    law = Law.of(order, policy, known)
    breach = Breach(editions=law.on(as_at))
    changes, acts = _changes(trails, as_at), _acts(order, as_at)
    unacceptable: set[str] = set()
    for day in sorted({*changes, *acts, *(each for each in law.days if each <= as_at)}):
        breach.threshold = policy.number(THRESHOLD, day, known)
        for absence_id, status in changes.get(day, ()):
            (unacceptable.add if status == UNACCEPTABLE else unacceptable.discard)(absence_id)
        _absences_changed(breach, unacceptable, law, day)
        for act in acts.get(day, ()):
            _acted(breach, act, unacceptable, order, law)
    breach.facts = (
        *_basis(trails, unacceptable, as_at),
        *(each.position for day in acts.values() for each in day),
        *law.papers(as_at),
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


def _absences_changed(breach: Breach, unacceptable: set[str], law: Law, day: date) -> None:
    """A day's absences: the breach is triggered, withdrawn, or its basis falls or returns."""
    before = breach.that_count
    _weigh(breach, unacceptable, law, day)
    closed = breach.state in ("not-taken", "dealt-with")
    if breach.enough and (breach.state == "none" or (closed and breach.that_count - before)):
        _trigger(breach, day)
    elif breach.state == "triggered" and not breach.enough:
        breach.state, breach.on, breach.rule = "none", None, rule_in("ENF-11", breach.edition)
    elif breach.state in ("action-started", "dealt-with"):
        _basis_changed(breach, unacceptable, law, day)


def _weigh(breach: Breach, unacceptable: set[str], law: Law, day: date) -> None:
    breach.live = frozenset(unacceptable - breach.spent)
    breach.tally = len(breach.live)
    breach.counting = law.counting(breach.live, day)


def _trigger(breach: Breach, day: date) -> None:
    breach.state, breach.on, breach.basis_changed = "triggered", day, None
    breach.rule = rule_in("ENF-08", breach.edition)


def _basis_changed(breach: Breach, unacceptable: set[str], law: Law, day: date) -> None:
    """After court action: before the outcome by what counts, after it by the absences a proven breach relied on."""
    if breach.state == "dealt-with" and not breach.relied_on & breach.spent:
        return
    relied_on = len(breach.relied_on)
    if breach.state == "action-started":
        counting = ((len(ids), breach.needed(edition)) for edition, ids in breach.counting.items())
        fell = all(basis_fell(count, min(needed, relied_on or needed)) for count, needed in counting)
    else:
        needed = min((breach.needed(law.of_absence[each]) for each in breach.relied_on), default=breach.threshold)
        fell = basis_fell(len(breach.relied_on & unacceptable), min(needed, relied_on or needed))
    breach.basis_changed = (breach.basis_changed or day) if fell else None


def _acted(breach: Breach, act: BreachAct, unacceptable: set[str], order: Order, law: Law) -> None:
    """What people did about it on a day."""
    match act.fact:
        case BreachActionStarted():
            breach.state, breach.rule = "action-started", rule_in("ENF-09", breach.edition)
            breach.on = breach.on or happened(act)
            known = {each.record.fact.absence_id for each in order.absences if each.record.position < act.position}
            breach.relied_on = set(breach.that_count or unacceptable - breach.spent) & known
            breach.basis_changed = None if breach.enough else happened(act)
        case BreachActionNotTaken():
            breach.state, breach.rule = "not-taken", rule_in("ENF-09", breach.edition)
        case BreachOutcomeRecorded() as outcome:
            counted = breach.that_count
            if breach.state != "action-started":
                breach.relied_on = set(counted or unacceptable - breach.spent)
            breach.state, breach.rule, breach.basis_changed = "dealt-with", "ENF-10", None
            further = counted - breach.relied_on
            if spends(outcome.proven, outcome.result):
                breach.spent |= breach.relied_on
                breach.relied_on &= unacceptable
                _weigh(breach, unacceptable, law, happened(act))
            if further and breach.enough:
                # What came while the court had the first one was never before it: a new breach, from this day.
                _trigger(breach, happened(act))
