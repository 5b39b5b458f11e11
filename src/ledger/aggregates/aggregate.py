"""An aggregate: its facts, its fold, and how a command becomes a decision or is refused.

    decide = who and where (ACTOR, TARGET) -> not in the future (GEN-05) -> the noun's own ruling -> what it computes

Refusals come as one flat list, most fundamental first, then one act.  For a fact told by another system
(`now.imported`) what only breaks the rule book becomes a caution: it has happened.  Proven by
tests/aggregates/test_decisions_orders.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any, Final, Protocol, TypeVar, cast

from ledger.aggregates import gone
from ledger.aggregates.anew import Rule, Said, ruled_anew
from ledger.aggregates.corrections import (
    CORRECTING,
    CORRECTIONS,
    RecordCorrected,
    amended_by,
    corrected_field,
    rule_on_correction,
    struck_out,
)
from ledger.aggregates.immutable import immutable
from ledger.aggregates.shape import Asked, Closed, Decision, Fact, Now, Recorded, Supplied, Whose, a_random_id, blank
from ledger.errors import WITHHELD, Caution, Refusal, Refused
from ledger.rules import general
from ledger.rules.dates import printed
from ledger.rules.registry import labels


@immutable
class Computed:
    """A value the ledger computes, and the rule it comes from: one given must equal it."""

    value: Any
    rule: str


@immutable
class Ruling:
    """What a noun says about a draft: why not, or with which values, dated when, resting on what.

    `cautions` may be a generator: who asks for the refusals alone need not wait for them.  `editions`: by rule id, the
    edition that ruled, where the day of its anchor chose another than the first.
    """

    refusals: tuple[Refusal, ...] = ()
    computed: Mapping[str, Computed] = field(default_factory=dict[str, Computed])
    cautions: Iterable[Caution] = ()
    effective: date | datetime | None = None
    about: tuple[str, ...] = ()
    rests_on: tuple[int, ...] = ()
    whose: Mapping[str, Whose | None] = field(default_factory=dict[str, "Whose | None"])
    editions: Mapping[str, str] = field(default_factory=dict[str, str])


class State(Protocol):
    """What every fold yields, whatever else it knows: the facts it was folded from."""

    @property
    def history(self) -> Sequence[Recorded[Any]]: ...


@dataclass(frozen=True, slots=True)
class Told:
    """The state of a noun whose facts are recorded as told."""

    history: tuple[Recorded[Any], ...] = ()

    @classmethod
    def fold(cls, history: Sequence[Recorded[Any]]) -> Told:
        """The facts themselves."""
        return cls(tuple(history))


S = TypeVar("S", bound=State)


def as_told(state: Any, draft: Fact, now: Now, stream: str) -> Ruling:
    """Most facts: nothing to decide, nothing to compute."""
    del state, now
    return Ruling(about=about_ids(draft, stream))


def nothing_rests_on_it(state: Any, record: Recorded[Any], now: Now) -> Refusal | None:
    """Most records may be struck out."""
    del state, record, now
    return None


def one_more(fold: Callable[[Sequence[Recorded[Any]]], Any]) -> Callable[[Any, Recorded[Any]], Any]:
    """The next state of a noun that is cheap to fold: all of it again."""
    return lambda state, recorded: fold([*state.history, recorded])


@dataclass(frozen=True)
class Aggregate:
    """A noun: `offender` in the collection `offenders`.

    A case of it is a chain (ledger-format.md, *Completeness*): the facts of its own stream, and those of other streams
    that are about it, by position.  A fold passes over facts it does not know.

    `first`: the fact that must come before every other, once; `opens`: the sealed fields its fold reads, by topic;
    `protects`: the refusal, if any, that keeps a record from being struck out; `fixes`: from being corrected;
    `takes`: a fold by one fact more, if it has one; `an_id`: raises ValueError for what is no id of a case of it;
    `children_of`: from a state, the ids of the children its texts may be about, where they may name others than the
    case is of: what is aimed at somebody erased is refused then (`gone`).
    """

    noun: str
    collection: str
    facts: tuple[type[Fact], ...]
    fold: Callable[[Sequence[Recorded[Any]]], Any]
    rule_on: Callable[[Any, Any, Now, str], Ruling] = as_told
    opens: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    first: type[Fact] | None = None
    protects: Callable[[Any, Recorded[Any], Now], Refusal | None] = nothing_rests_on_it
    fixes: Callable[[Any, Recorded[Any], Now], Refusal | None] = nothing_rests_on_it
    takes: Callable[[Any, Recorded[Any]], Any] | None = None
    children_of: Callable[[Any], Iterable[str]] | None = None
    an_id: Callable[[str], str] = a_random_id

    @property
    def every_fact(self) -> tuple[type[Fact], ...]:
        """Its own facts, and the two every stream has."""
        return (*self.facts, *CORRECTIONS)

    def take(self, state: Any, recorded: Recorded[Any]) -> Any:
        """The state with one fact more; the old one must not be used again (it may be the same object, changed)."""
        return (self.takes or one_more(self.fold))(state, recorded)

    def decide(self, state: Any, draft: Fact, now: Now, stream: str) -> Decision:
        """The facts a command comes to.  Raises Refused with every refusal, most fundamental first."""
        ruling = self._ruling(state, draft, now, stream)
        standing, cautions = self._weighed(state, draft, now, stream, ruling)
        if standing:
            raise Refused(standing)
        return Decision(
            facts=(_completed(draft, ruling, now, stream),),
            about=ruling.about,
            effective=ruling.effective,
            rests_on=ruling.rests_on,
            under=labels(type(draft).rules, ruling.editions),
            cautions=tuple(cautions),
            marking=_marking(draft),
            whose=ruling.whose,
        )

    def _weighed(self, state: Any, draft: Fact, now: Now, stream: str, ruling: Ruling) -> Said:
        """What stands in the way of a draft, and what its author is told; told by another system, it has happened."""
        refusals = [
            *_wrong_hands(draft, now, stream),
            *self._not_begun(state, draft),
            *_from_the_future(draft, ruling, now),
            *ruling.refusals,
            *_left_empty(draft),
            *_other_values(draft, ruling),
        ]
        if not refusals:
            return [], list(ruling.cautions)
        excused = [each for each in refusals if now.imported and each.rule_book]
        standing = [each for each in refusals if each not in excused]
        return standing, [*(Caution(each.rule, each.in_clear) for each in excused), *ruling.cautions]

    def _ruling(self, state: Any, draft: Fact, now: Now, stream: str) -> Ruling:
        if not isinstance(draft, CORRECTING):
            if self.children_of is not None and gone.aimed(draft, state.history, self.children_of(state), now):
                return Ruling((gone.cannot_be_restored(),))
            return self.rule_on(state, draft, now, stream)
        own = [each for each in state.history if each.stream == stream]
        refusals, whose, at = rule_on_correction(own, draft, now, lambda each: self.protects(state, each, now))
        cautions: list[Caution] = []
        refusals += self._fixed(own, state, draft, now)
        if isinstance(draft, RecordCorrected) and all(each.rule_book for each in refusals):
            amended = amended_by(own, draft, now)
            if amended is not None:
                again, cautions = ruled_anew(amended, state, now, self._anew(stream))
                refusals += again
        about = next((each.about for each in own if each.id == draft.event_ref), ())  # it moves what that moved
        return Ruling(tuple(refusals), cautions=tuple(cautions), whose=whose, rests_on=at, about=about)

    def _fixed(self, own: Sequence[Recorded[Any]], state: Any, draft: Fact, now: Now) -> Iterator[Refusal]:
        if isinstance(draft, RecordCorrected):
            named = (each for each in own if each.id == draft.event_ref)
            for record, name in (corrected_field(own, each, draft.field) for each in named):
                went = gone.went(state.history, record, name)
                refusal = gone.cannot_be_restored() if went else self.fixes(state, record, now)
                if refusal is not None:
                    yield refusal

    def _anew(self, stream: str) -> Rule:
        def rule(state: Any, draft: Fact, now: Now) -> Said:
            return self._weighed(state, draft, now, stream, self.rule_on(state, draft, now, stream))

        return rule

    def _not_begun(self, state: State, draft: Fact) -> Iterator[Refusal]:
        if self.first is None or isinstance(draft, CORRECTING):
            return
        told = [each for each in state.history if isinstance(each.fact, self.first)]
        begun = bool(told)
        if isinstance(draft, self.first) and any(each.id not in struck_out(state.history) for each in told):
            yield Refusal("GEN-06", general.NO_OVERWRITING, rule_book=False)
        if not begun and not isinstance(draft, self.first):
            yield Refusal("GEN-06", general.NOT_YET.format(command=self.first.command), rule_book=False)


# ------------------------------------------------------------------------------------------ what every command meets

_ACTOR: Final = frozenset({"actor", "actor unless named"})
_TARGET: Final = frozenset({"target", "target unless named"})


def id_of(stream: str, noun: str = "") -> str:
    """The id in a stream's name: "offender-019a…" -> "019a…"."""
    return stream.removeprefix(f"{noun}-") if noun else stream[-36:]


def _wrong_hands(draft: Fact, now: Now, stream: str) -> Iterator[Refusal]:
    if not now.actor.id:
        yield Refusal("GEN-08", general.NOT_SIGNED, rule_book=False)
    for name, supplied in type(draft).supplied.items():
        given = getattr(draft, name)
        if given is None:
            continue
        if supplied.by == "actor" and given != now.actor.id and not now.imported:
            yield Refusal("GEN-08", general.OTHER_ACTOR.format(field=name), rule_book=False)
        if supplied.by == "target" and given != id_of(stream):
            yield Refusal("GEN-06", general.OTHER_TARGET.format(field=name), rule_book=False)


def _from_the_future(draft: Fact, ruling: Ruling, now: Now) -> Iterator[Refusal]:
    effective = ruling.effective or draft.effective()
    if effective is not None and not type(draft).is_plan and general.in_the_future(effective, now.moment):
        yield Refusal("GEN-05", general.FROM_THE_FUTURE, rule_book=False)


def _left_empty(draft: Fact) -> Iterator[Refusal]:
    """What a rule asks for; an empty text or list breaks the rule only, a value not there at all makes no record.

    Fields asked for in the same words are told together, in their order.
    """
    empty: dict[Asked, dict[str, Any]] = {}
    for name, asked in type(draft).asked.items():
        value = getattr(draft, name)
        if blank(value) or value == []:
            empty.setdefault(asked, {})[name] = value
    for asked, values in empty.items():
        yield Refusal(asked.rule, asked.about(values), rule_book=None not in values.values())


def _other_values(draft: Fact, ruling: Ruling) -> Iterator[Refusal]:
    for name, computed in ruling.computed.items():
        given = getattr(draft, name)
        if given is None or isinstance(given, Closed) or computed.value is None or given == computed.value:
            continue
        value = printed(computed.value) if isinstance(computed.value, date) else computed.value
        kept = general.OTHER_VALUE.format(field=name, value=WITHHELD) if name in type(draft).whose else None
        yield Refusal(computed.rule, general.OTHER_VALUE.format(field=name, value=value), kept=kept)


def _completed(draft: Fact, ruling: Ruling, now: Now, stream: str) -> Fact:
    values: dict[str, Any] = {name: each.value for name, each in ruling.computed.items() if each.value is not None}
    for name, supplied in type(draft).supplied.items():
        if getattr(draft, name) is None and name not in values:
            values.update(_supplied(name, supplied, now, stream))
    return draft.completed(**values) if values else draft


def _supplied(name: str, supplied: Supplied, now: Now, stream: str) -> dict[str, str]:
    if supplied.by in _ACTOR:
        return {name: now.actor.id}
    return {name: id_of(stream)} if supplied.by in _TARGET else {}


def _marking(draft: Fact) -> str | None:
    value = vars(draft).get("marking")
    return value if isinstance(value, str) else None


# ------------------------------------------------------------------------------------------ about

# Ids in facts that name somebody or something with a chain of its own, and the noun its stream begins with.
NAMED_CHAINS: Final = {
    "offender_id": "offender",
    "offender_refs": "offender",
    "placement_id": "placement",
    "placement_ids": "placement",
    "nomination_id": "nomination",
    "child_id": "child",
    "child_ids": "child",
    "entry_id": "register-entry",
    "staff_id": "staff",
    "trainee_id": "staff",
    "pso_id": "staff",
    "victim_id": "victim",
}


@cache
def _named_by(fact_class: type[Fact]) -> tuple[tuple[str, str], ...]:
    return tuple((name, noun) for name, noun in NAMED_CHAINS.items() if name in fact_class.model_fields)


def about_ids(draft: Fact, stream: str, *more: str | None) -> tuple[str, ...]:
    """The chains a fact moves beside its own stream's: those its ids name, and `more` that the decision resolved."""
    found = {each for each in more if each}
    for name, noun in _named_by(type(draft)):
        value: Any = getattr(draft, name)
        several = cast("list[Any]", value if isinstance(value, list) else [value])
        found.update(f"{noun}-{each}" for each in several if each is not None)
    return tuple(sorted(found - {stream}))
