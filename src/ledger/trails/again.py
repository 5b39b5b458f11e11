"""A decision taken again: the same draft, by the same author, at the same moment, on what was known then.

    then = policy_then(policy, version, release)            the policy that its entry says it was decided under
    outcome = decided(record, knowing(record, chains, then))
    differences(record, outcome)                            what is not as it was sealed; nothing if all is
    closed_inputs(record, chains, outcome.looked)           values it needs that were not opened

What was known: facts before the decision's own position, of its case and of every other one it looked at, because
whoever sealed it held it against exactly these; and the policy that its entry names.  Nothing else counts, a changed
setting or a new bank holiday no more than a late entry.

`chains` gives a whole chain by its name or raises Unread: read it, and ask again.  Proven by
tests/trails/test_again.py and, for a world told at random, tests/trails/test_world.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast

from ledger.aggregates import AGGREGATES, noun_of
from ledger.aggregates.anew import as_given
from ledger.aggregates.offender.merging import whole
from ledger.aggregates.policy import POLICY, Policy
from ledger.aggregates.shape import Closed, Decision, Fact, Now, Recorded
from ledger.errors import Caution, Refusal, Refused
from ledger.rules.dates import Calendar
from ledger.rules.settings import SETTINGS

History = Sequence[Recorded[Any]]
Chains = Callable[[str], History]
"""The whole chain of a case by its name ("offender-019a…"), as known today.  Raises Unread."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a decision comes to: refused, or a fact; which cases it looked at beside its own."""

    refusals: tuple[Refusal, ...] = ()
    decision: Decision | None = None
    looked: tuple[str, ...] = ()

    @property
    def fact(self) -> Fact | None:
        return self.decision.facts[0] if self.decision else None

    @property
    def cautions(self) -> tuple[Caution, ...]:
        return self.decision.cautions if self.decision else ()

    @property
    def rests_on(self) -> frozenset[int]:
        return frozenset(self.decision.rests_on) if self.decision else frozenset()


# ------------------------------------------------------------------------------------------ what it asked of the policy


@dataclass(slots=True)
class Asked:
    """Settings (key: on which day, with which answer) and calendar that a decision asked for."""

    settings: dict[str, tuple[date, str | int | None]] = field(
        default_factory=dict[str, "tuple[date, str | int | None]"]
    )
    calendar: Calendar | None = None


@dataclass(frozen=True)
class WatchedPolicy(Policy):
    """A policy that writes down what it is asked for."""

    asked: Asked = field(default_factory=Asked, compare=False, repr=False)

    @classmethod
    def of(cls, policy: Policy, asked: Asked) -> WatchedPolicy:
        """The same policy, watched."""
        return cls(policy.history, policy._cache, policy._calendars, asked=asked)

    def setting(self, key: str, on: date, known: int | None = None) -> str | int | None:
        value = super().setting(key, on, known)
        self.asked.settings[key] = (on, value)
        return value

    def number(self, key: str, on: date, known: int | None = None) -> int:
        value = self.setting(key, on, known)
        return value if isinstance(value, int) else int(SETTINGS[key].value or 0)

    def calendar(self, known: int | None = None) -> Calendar:
        found = super().calendar(known)
        self.asked.calendar = found
        return found

    def as_known(self, position: int) -> Policy:
        return WatchedPolicy.of(super().as_known(position), self.asked)


def policy_then(policy: Policy, version: int, release: int) -> Policy:
    """The policy that an entry names: this version of stream `policy`, and the release at this position (0: none).

    Not simply what was recorded before it: a process may have decided under its own release when a newer one had
    begun elsewhere.
    """
    return Policy(tuple(each for each in policy.history if _counted(each, version, release)))


def _counted(each: Recorded[Any], version: int, release: int) -> bool:
    return each.version <= version if each.stream == POLICY.noun else each.position <= release


# ------------------------------------------------------------------------------------------ taking it again


@dataclass(slots=True)
class Known:
    """What is known to a decision: the states of cases by name, each folded when it is first asked for."""

    state_of: Callable[[str], Any]
    policy: Policy
    states: dict[str, Any] = field(default_factory=dict[str, Any])

    def state(self, name: str) -> Any:
        """The state of a case; the same one until it is put in its place by `states`."""
        if name not in self.states:
            self.states[name] = self.state_of(name)
        return self.states[name]


def before(chains: Chains, name: str, position: int) -> list[Recorded[Any]]:
    """The facts of a case that were recorded before a position.  Raises Unread."""
    return [each for each in chains(name) if each.position < position]


def knowing(record: Recorded[Any], chains: Chains, then: Policy, asked: Asked | None = None) -> Known:
    """What was known when a decision was sealed; `then`: the policy it was decided under."""
    watched = WatchedPolicy.of(then, asked or Asked())
    return Known(lambda name: AGGREGATES[noun_of(name)].fold(before(chains, name, record.position)), watched)


def decided(record: Recorded[Any], known: Known) -> Outcome:
    """The decision taken again on what is known.  Raises Unread for a case that was not read."""
    looked: dict[str, None] = {}

    def look(names: Sequence[str]) -> Mapping[str, Any]:
        return {name: whole(name, alone) for name in names}

    def alone(names: Sequence[str]) -> Mapping[str, Any]:
        looked.update(dict.fromkeys(each for each in names if each != record.stream))
        return {name: known.state(name) for name in names}

    now = Now(
        record.recorded,
        record.by,
        known.policy,
        imported=record.source_recorded is not None,
        look=look,
        numbered=lambda _: tuple(record.about) or (record.stream,),  # whose number it was then, the fact is about
    )
    state = look((record.stream,))[record.stream]
    try:
        decision = AGGREGATES[noun_of(record.stream)].decide(state, as_given(record.fact), now, record.stream)
    except Refused as refused:
        return Outcome(refusals=refused.refusals, looked=tuple(looked))
    return Outcome(decision=decision, looked=tuple(looked))


# ------------------------------------------------------------------------------------------ compared with the entry


@dataclass(frozen=True, slots=True)
class Difference:
    """A part of a decision (`what`: a field, or rests_on, about, under, effective), as sealed and as it comes out."""

    what: str
    sealed: Any
    again: Any


def differences(record: Recorded[Any], outcome: Outcome) -> list[Difference]:
    """What does not come out as it was sealed; of a decision that is refused now there is nothing to compare."""
    decision = outcome.decision
    return list(_differences(record, decision)) if decision else []


def _differences(record: Recorded[Any], decision: Decision) -> Iterator[Difference]:
    fact: Fact = record.fact
    again = decision.facts[0]
    for name in type(fact).model_fields:
        if getattr(fact, name) != getattr(again, name):
            yield Difference(name, getattr(fact, name), getattr(again, name))
    effective = again.effective() or decision.effective
    pairs = (
        ("effective", record.effective, record.effective if effective is None else effective),
        ("rests_on", sorted(set(record.rests_on)), sorted(set(decision.rests_on))),
        ("about", sorted(set(record.about)), sorted({*decision.about} - {record.stream})),
        ("under", sorted(set(record.under)), sorted(set(decision.under))),
    )
    yield from (Difference(*each) for each in pairs if each[1] != each[2])


# ------------------------------------------------------------------------------------------ what could not be read


def closed_inputs(record: Recorded[Any], chains: Chains, looked: Sequence[str]) -> list[tuple[int, str]]:
    """The sealed values that a decision may turn on and that are not open: (position, field).

    Its own, and of the cases it looked at those that decisions there are taken on (`Aggregate.opens`).  Which of them
    the rules really read is not asked: a decision is the same only if nothing it could have read is missing.
    """
    fact: Fact = record.fact
    own = [(record.position, name) for name in type(fact).model_fields if _is_closed(fact, name)]
    others = [
        (each.position, name)
        for stream in dict.fromkeys((record.stream, *looked))
        for each in before(chains, stream, record.position)
        for name in AGGREGATES[noun_of(stream)].opens.get(each.fact.topic, ())
        if _is_closed(each.fact, name)
    ]
    return [*own, *dict.fromkeys(others)]


def _is_closed(fact: Fact, name: str) -> bool:
    value: Any = getattr(fact, name, None)
    if isinstance(value, list):
        return any(isinstance(each, Closed) for each in cast("list[Any]", value))
    return isinstance(value, Closed)
