"""The entry: a pure fold over the chain of one registration, shared by decisions, the register view and the worklists.

    entry = Entry.fold(chain)                      as known, for a decision
    entry = Entry.as_at(chain, day)                as known, with only what had happened by the end of that day
    entry.deregistration()                         why and since when it is to be de-registered, and how far that is

Beside its own facts the chain holds those of others that move it: the end of supervision, lines of the notebook, the
child's removal as another entry tells it, other entries of the same child, and the erasure of a child.

Proven by tests/aggregates/test_register_entry.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, TypeVar

from ledger.aggregates.child.facts import ChildDataErased
from ledger.aggregates.corrections import as_corrected
from ledger.aggregates.offender.facts.file import NotebookEntryMade
from ledger.aggregates.offender.facts.order import SupervisionEnded
from ledger.aggregates.register_entry.facts import (
    DeregistrationNotified,
    FormPReceived,
    MissedReviewFollowedUp,
    MissedReviewRaised,
    OffenderChildLinkEnded,
    R7Submitted,
    RegisterEntryMade,
    RegisterReviewed,
)
from ledger.aggregates.register_entry.registrations import NOUN, Registration, registrations_of
from ledger.aggregates.shape import Fact, Recorded
from ledger.rules import register
from ledger.rules.dates import day_of

F = TypeVar("F", bound=Fact)
STEPS: Final = ("entry", "details", "flag", "notebook")


@dataclass(frozen=True, slots=True)
class Ground:
    """Why children leave the register (CP-40).  `children`: whom it covers; `whole`: all that were linked then."""

    ground: str
    occurred_on: date
    position: int
    children: tuple[str, ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class Deregistration:
    """How far a de-registration is (CP-42): each step with the day it was done, None while it is not."""

    ground: Ground
    steps: dict[str, date | None]
    facts: tuple[int, ...]

    @property
    def done_of_4(self) -> int:
        """How many of the four actions are done."""
        return sum(day is not None for day in self.steps.values())

    @property
    def done_on(self) -> date | None:
        """The day of the last of the four; None while one is missing."""
        days = [day for day in self.steps.values() if day is not None]
        return max(days) if len(days) == len(STEPS) else None

    def days(self, as_at: date) -> int:
        """Calendar days from the ground to the last action, or to the day asked for (DP-06)."""
        return max(0, ((self.done_on or as_at) - self.ground.occurred_on).days)

    def state(self, as_at: date, held: bool) -> str | None:
        """possible-breach from the day after the ground until done; None on its day, and where it took no day.

        While a hold stands in the way it is deferred-under-hold instead (Q29 of the rule book), closed or not: that the
        closing waits for nobody is said by the steps.
        """
        late = (self.done_on or as_at) >= register.possible_breach_from(self.ground.occurred_on)
        if not late or self.done_on is not None:
            return "done" if late else None
        return "deferred-under-hold" if held else "possible-breach"


@dataclass(frozen=True, slots=True)
class Entry:
    """One registration as known."""

    history: Sequence[Recorded[Any]] = ()
    registration: Registration = field(default_factory=lambda: Registration(""))
    records: Sequence[Recorded[Any]] = ()  # as corrected
    others: dict[str, Registration] = field(default_factory=dict[str, Registration])  # of the same children

    @classmethod
    def fold(cls, history: Sequence[Recorded[Any]]) -> Entry:
        """The entry as known from these facts of its chain, in order of position."""
        return cls._of(history, history, as_corrected(history))

    @classmethod
    def as_at(cls, history: Sequence[Recorded[Any]], day: date) -> Entry:
        """As known from these facts, counting only what had happened by the end of `day`."""
        return cls._of((), history, [each for each in as_corrected(history) if day_of(each.effective) <= day])

    @classmethod
    def _of(
        cls, history: Sequence[Recorded[Any]], known: Sequence[Recorded[Any]], records: Sequence[Recorded[Any]]
    ) -> Entry:
        own = _own_id(known)
        others = registrations_of(records)
        registration = others.pop(own, None) or Registration(own)
        return cls(tuple(history), registration, tuple(records), others)

    def told(self, kind: type[F]) -> list[Recorded[F]]:
        """The facts of a kind in its own stream, as corrected, in order of position."""
        return [
            each for each in self.records if isinstance(each.fact, kind) and each.stream == self.registration.stream
        ]

    def heard(self, kind: type[F]) -> list[Recorded[F]]:
        """The facts of a kind that other streams tell about it."""
        return [
            each for each in self.records if isinstance(each.fact, kind) and each.stream != self.registration.stream
        ]

    # ------------------------------------------------------------------------------------ reviews

    @property
    def review(self) -> Recorded[RegisterReviewed] | None:
        """The last review by its day, then position."""
        return max(self.told(RegisterReviewed), key=lambda each: (each.fact.on, each.position), default=None)

    @property
    def review_anchor(self) -> date | None:
        """The day the four months run from: the last review, else the registration."""
        made = self.registration.made
        return max((*(each.fact.on for each in self.told(RegisterReviewed)), made.fact.registered_on)) if made else None

    @property
    def form_p(self) -> Recorded[FormPReceived] | None:
        """A Form P that no review has used yet."""
        used = max((each.position for each in self.told(RegisterReviewed)), default=0)
        return next((each for each in self.told(FormPReceived) if each.position > used), None)

    @property
    def missed(self) -> Recorded[MissedReviewRaised] | None:
        """The last missed review that was raised since the last review."""
        since = max((each.position for each in self.told(RegisterReviewed)), default=0)
        return next((each for each in reversed(self.told(MissedReviewRaised)) if each.position > since), None)

    @property
    def followed_up(self) -> Recorded[MissedReviewFollowedUp] | None:
        """What followed the missed review up."""
        raised = self.missed
        found = self.told(MissedReviewFollowedUp) if raised else []
        return next((each for each in found if raised and each.position > raised.position), None)

    # ------------------------------------------------------------------------------------ de-registration

    def undestroyed(self, found: Deregistration) -> list[str]:
        """The children whose details are still to be erased."""
        return [each for each in found.ground.children if self.erased_on(each) is None and not self.kept(each)]

    def grounds(self) -> list[Ground]:
        """Every ground there is, by the day it arose, then position (CP-44: the earlier decides)."""
        found = [*self._notified(), *self._removed_elsewhere()]
        for each in self.heard(SupervisionEnded):
            linked = self._linked_before(each.position)
            found.append(Ground(register.SUPERVISION_ENDED, each.fact.ended_on, each.position, linked, whole=True))
        return sorted(found, key=lambda each: (each.occurred_on, each.position))

    def _notified(self) -> Iterator[Ground]:
        for each in self.told(DeregistrationNotified):
            fact, linked = each.fact, self._linked_before(each.position)
            covers = linked
            if fact.child_id is not None:
                covers = (fact.child_id,)
            elif fact.ground == register.CHILD_REMOVED and len(linked) > 1:
                covers = tuple(child for child in linked if self._removed(child))
            yield Ground(fact.ground, fact.occurred_on, each.position, covers, whole=set(covers) >= set(linked))

    def _removed(self, child_id: str) -> bool:
        ended = self.registration.ended.get(child_id)
        return ended is not None and ended.fact.ground == register.CHILD_REMOVED

    def _removed_elsewhere(self) -> Iterator[Ground]:
        """A child's removal from the register, as another entry of the child tells it (CP-47)."""
        told: list[tuple[str | None, date, int]] = [
            (removed_child(each), each.fact.occurred_on, each.position) for each in self.heard(DeregistrationNotified)
        ]
        told += [
            (each.fact.child_id, each.fact.on, each.position)
            for each in self.heard(OffenderChildLinkEnded)
            if each.fact.ground == register.CHILD_REMOVED
        ]
        for child_id, on, position in told:
            linked = self._linked_before(position)
            if child_id in linked:
                yield Ground(register.CHILD_REMOVED, on, position, (child_id,), whole=set(linked) == {child_id})

    def _linked_before(self, position: int) -> tuple[str, ...]:
        """The children linked when the fact at `position` was recorded; where none was any more, all of the entry."""
        ended, every = self.registration.ended, self.registration.child_ids
        return tuple(each for each in every if each not in ended or ended[each].position > position) or every

    def deregistration(self) -> Deregistration | None:
        """The de-registration that decides: of all its children, by the earliest ground; else of some of them, the
        earliest unfinished one, else the last."""
        grounds = self.grounds()
        whole = next((each for each in grounds if each.whole), None)
        if whole is not None:
            return self._progress(whole)
        partly = [self._progress(each) for each in grounds]
        return next((each for each in partly if each.done_on is None), partly[-1] if partly else None)

    def _progress(self, ground: Ground) -> Deregistration:
        closed = self.registration.closed
        gone: dict[str, date | None] = {each: self.gone_on(each) for each in ground.children}
        left = (closed.fact.closed_on if closed else None) if ground.whole else _last(gone.values())
        if not ground.children:  # a concern alone: no details, no text; or not yet known which child it is
            steps: dict[str, date | None] = dict.fromkeys(STEPS, left)
        else:
            kept = {each: self.kept(each) for each in ground.children}
            steps = {
                "entry": left,
                "details": _last(gone[each] if kept[each] else self.erased_on(each) for each in ground.children),
                "flag": left,
                "notebook": _last(gone.values()) if all(kept.values()) else self.written_on(ground),
            }
        return Deregistration(ground, steps, self.basis(ground))

    def gone_on(self, child_id: str) -> date | None:
        """The day the link with a child ended."""
        end = self.registration.end_of(child_id)
        return None if end is None else day_of(end.effective)

    def erased_on(self, child_id: str) -> date | None:
        """The day a child's details were erased."""
        found = (each for each in self.heard(ChildDataErased) if each.stream == f"child-{child_id}")
        return next((each.fact.erased_on for each in found), None)

    def kept(self, child_id: str) -> bool:
        """Whether the link is gone and the details stay for another current entry of the child (CP-47)."""
        if self.gone_on(child_id) is None or self.erased_on(child_id) is not None:
            return False
        for stream in self._beside(child_id):
            other = self.others.get(stream.removeprefix(f"{NOUN}-"))
            if other is None or (other.closed is None and child_id not in other.ended):
                return True
        return False

    def kept_when_ended(self, child_id: str) -> bool:
        """Whether the details stayed for another current entry when this link ended (CP-47)."""
        end = self.registration.end_of(child_id)
        if end is None:
            return False
        beside = (self.others.get(each.removeprefix(f"{NOUN}-")) for each in self._beside(child_id))
        ends = [other.end_of(child_id) if other else None for other in beside]
        return any(each is None or each.position > end.position for each in ends)

    def _beside(self, child_id: str) -> set[str]:
        """The other entries of a child that this chain knows of: made since, or named by what ended the link.

        A closing that ends several links at once does not tell whose entries it names: none is taken for a child's.
        """
        found = {other.stream for other in self.others.values() if child_id in other.child_ids}
        ended, closed = self.registration.ended, self.registration.closed
        end = ended.get(child_id)
        if end is not None:
            found.update(_entries(end.about))
        elif closed is not None and [each for each in self.registration.child_ids if each not in ended] == [child_id]:
            found.update(_entries(closed.about))
        return found

    def written_on(self, ground: Ground) -> date | None:
        """The day of the notebook line for this de-registration: one that rests on it, as the decision found."""
        basis = set(self.basis(ground))
        lines = (each for each in self.heard(NotebookEntryMade) if basis & set(each.rests_on))
        return next((each.fact.entered_on for each in lines), None)

    def basis(self, ground: Ground) -> tuple[int, ...]:
        """What a de-registration rests on: its ground, the closing, the ends of the links it covers."""
        closed, ended = self.registration.closed, self.registration.ended
        ends = [ended[each].position for each in ground.children if each in ended]
        return (ground.position, *([closed.position] if closed else []), *ends)


def removed_child(notified: Recorded[DeregistrationNotified]) -> str | None:
    """The child whose removal a notification tells: the one it names, or implies as the only one it is about."""
    fact = notified.fact
    if fact.ground != register.CHILD_REMOVED:
        return None
    if fact.child_id is not None:
        return fact.child_id
    children = [each[-36:] for each in notified.about if each == f"child-{each[-36:]}"]
    return children[0] if len(children) == 1 else None


def _own_id(history: Sequence[Recorded[Any]]) -> str:
    """The id of the entry whose chain this is: others name it only once it is there."""
    first = next((each.stream for each in history if isinstance(each.fact, R7Submitted | RegisterEntryMade)), "")
    return first.removeprefix(f"{NOUN}-")


def _entries(about: Iterable[str]) -> Iterator[str]:
    return (each for each in about if each.startswith(f"{NOUN}-"))


def _last(days: Iterable[date | None]) -> date | None:
    """The last of these days; None where one is missing."""
    found = list(days)
    return None if not found or None in found else max(day for day in found if day is not None)
