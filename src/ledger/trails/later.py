"""What was recorded after a decision, had happened before it, and would have changed it.

    changes_of(record, chains, then)        -> records with what each would have changed, in order of position

All of them are laid beside what was known, and the decision is taken again.  Where it comes out otherwise, each is laid
there in its turn, and named if it makes a difference.  Readings, where the texts are silent:

    had happened     On an earlier day than the decision, or before its moment where both are told by the clock.  Of the
                     same day it counts only if it was recorded on a later one: that it came first cannot be ruled out.
    corrections      A correction or striking-out of a record that counts says what was so all along, whenever it came.
    what followed    Of the same day, what rests on the decision came after it.
    taken back       What a later one took back again changed nothing; if that is all there is, neither is named.
    other settings   What a setting or a bank holiday was changed to later never counts: a decision keeps its own.

Proven by tests/trails/test_later.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from ledger.aggregates import AGGREGATES, noun_of
from ledger.aggregates.corrections import CORRECTING
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Fact, Recorded
from ledger.errors import Caution, Refusal
from ledger.rules.dates import day_of, end_of_day, london_day
from ledger.trails.again import Chains, Known, Outcome, before, decided, knowing

Kind = Literal["refused", "not-refused", "warned", "not-warned", "other-value", "rests-on", "not-on"]


@dataclass(frozen=True, slots=True)
class Effect:
    """How the decision would have come out otherwise.

    `word`: what a rule would have said, for refused, not-refused, warned and not-warned; `field` and `value` for
    other-value; `positions` for rests-on and not-on.
    """

    kind: Kind
    word: Refusal | Caution | None = None
    field: str = ""
    value: Any = None
    positions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A later record, and what it would have changed."""

    record: Recorded[Any]
    effects: tuple[Effect, ...]


def changes_of(record: Recorded[Any], chains: Chains, then: Policy) -> list[Change]:
    """The later records that would have changed a decision; `then`: the policy it was decided under.  Raises Unread."""
    names: tuple[str, ...] = (record.stream,)
    while True:
        found, looked = _changes(record, chains, then, names)
        more = tuple(dict.fromkeys((*names, *looked)))
        if more == names:
            return found
        names = more  # what it looked at is told by others too


def _changes(
    record: Recorded[Any], chains: Chains, then: Policy, names: tuple[str, ...]
) -> tuple[list[Change], list[str]]:
    """The changes by what was recorded later in these cases, and every case that was looked at."""
    known = knowing(record, chains, then)
    outcome = decided(record, known)
    counting = list(_would_have_counted(record, chains, names))
    whole = (
        decided(record, Known(lambda name: _with(counting, record, chains, name), known.policy))
        if counting
        else outcome
    )
    looked = [*outcome.looked, *whole.looked]
    if not any(_effects(outcome, whole)):
        return [], looked
    found: list[Change] = []
    for each in counting:
        for name in names:
            if each.stream == name or name in each.about:
                known.states[name] = AGGREGATES[noun_of(name)].take(known.state(name), each)
        again = decided(record, known)
        looked += again.looked
        effects = tuple(_effects(outcome, again))
        if effects:
            found.append(Change(each, effects))
        outcome = again
    return found, looked


def _with(counting: Sequence[Recorded[Any]], record: Recorded[Any], chains: Chains, name: str) -> Any:
    """The state of a case from what was known of it and these later records."""
    later = (each for each in counting if each.stream == name or name in each.about)
    return AGGREGATES[noun_of(name)].fold([*before(chains, name, record.position), *later])


# ------------------------------------------------------------------------------------------ which records count


def _would_have_counted(record: Recorded[Any], chains: Chains, names: tuple[str, ...]) -> Iterator[Recorded[Any]]:
    everything = {each.position: each for name in names for each in chains(name)}
    counting = {each.id for each in everything.values() if each.position < record.position}
    follows = {record.position}
    for position in sorted(everything):
        each = everything[position]
        if position <= record.position:
            continue
        if isinstance(each.fact, CORRECTING):
            counts = each.fact.event_ref in counting
        else:
            counts = _had_happened(each, record, follows)
        if counts:
            counting.add(each.id)
            yield each
        elif follows.intersection(each.rests_on):
            follows.add(position)


def _had_happened(each: Recorded[Any], record: Recorded[Any], follows: set[int]) -> bool:
    taken = _taken(record)
    if isinstance(each.effective, datetime):
        return each.effective <= (taken if isinstance(taken, datetime) else min(record.recorded, end_of_day(taken)))
    day = day_of(taken)
    if each.effective == day:
        return london_day(each.recorded) > day and not follows.intersection(each.rests_on)
    return each.effective < day


def _taken(record: Recorded[Any]) -> date | datetime:
    """When the decision was taken: a plan was made when it was recorded, whenever it is for."""
    fact: Fact = record.fact
    told = not type(fact).is_plan and day_of(record.effective) <= london_day(record.recorded)
    return record.effective if told else record.recorded


# ------------------------------------------------------------------------------------------ what would be otherwise


def _effects(first: Outcome, after: Outcome) -> Iterator[Effect]:
    yield from (Effect("refused", each) for each in after.refusals if each not in first.refusals)
    yield from (Effect("not-refused", each) for each in first.refusals if each not in after.refusals)
    if first.fact is None or after.fact is None:
        return
    for name in type(after.fact).model_fields:
        value = getattr(after.fact, name)
        if value != getattr(first.fact, name):
            yield Effect("other-value", field=name, value=value)
    yield from (Effect("warned", each) for each in after.cautions if each not in first.cautions)
    yield from (Effect("not-warned", each) for each in first.cautions if each not in after.cautions)
    if more := after.rests_on - first.rests_on:
        yield Effect("rests-on", positions=tuple(sorted(more)))
    if fewer := first.rests_on - after.rests_on:
        yield Effect("not-on", positions=tuple(sorted(fewer)))
