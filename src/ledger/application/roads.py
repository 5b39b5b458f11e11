"""Whose data an erasure destroys, and what it says: a child's road, and that of the subjects of an offender's case.

    road = road_of(command)             by the command that asks for it
    road.ruling(state, subject, draft, now)

`state` is the case of the command's stream; `subject` names the stream and the id of whoever is erased.  The five steps
of `erasing` are the same for all.  Proven by tests/erasing/test_erasing.py and test_subjects.py.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Protocol

from ledger.aggregates.aggregate import Ruling
from ledger.aggregates.child import erasing as of_child
from ledger.aggregates.child.erasing import Line
from ledger.aggregates.child.facts import ChildDataErased
from ledger.aggregates.offender import erasing as of_subject
from ledger.aggregates.shape import Actor, Fact, Now, Recorded
from ledger.aggregates.subject import SubjectDataErased, SubjectKind
from ledger.commands import Command, of_kept
from ledger.privacy.holds import Reach
from ledger.privacy.owners import Owner, names_somebody
from ledger.privacy.subjects import owners_of_child, owners_of_subject
from ledger.store.vault import Erasure


@dataclass(frozen=True, slots=True)
class Whom:
    """Whoever is erased: the stream of the case, an id, and whom the journal takes them for, by their keys."""

    stream: str
    id: str
    taken_for: SubjectKind = "THIRD_PARTY"


class Asked(Protocol):
    """On which ground, and the two people."""

    @property
    def ground(self) -> str: ...
    @property
    def by(self) -> str: ...
    @property
    def approved_by(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Road:
    """What differs between one who is erased and another."""

    asked_for: Callable[[Any, Whom, Now], Asked | None]
    owners: Callable[[Any, Whom], Sequence[Owner]]
    reach: Callable[[Any, Whom, Now], Reach]
    erasure: Callable[[Any, Whom], Recorded[Any] | None]
    fact: Callable[[Any, Whom, date], Fact]
    ruling: Callable[[Any, Whom, Any, Now], Ruling]
    lines: Callable[[Any, date, Now], Sequence[Line]]


def _kind(case: Any, whom: Whom) -> SubjectKind:
    """Where the case was restored from before it told of them, only the journal knows."""
    return of_subject.kind_of(case.history, whom.stream, whom.id) or whom.taken_for


_ROADS: Final[Mapping[str, Road]] = {
    ChildDataErased.act: Road(
        asked_for=lambda child, whom, now: of_child.asked_for(child, now),
        owners=lambda child, whom: owners_of_child(child),
        reach=lambda child, whom, now: of_child.reach_now(child, now),
        erasure=lambda child, whom: child.erased,
        fact=lambda child, whom, day: ChildDataErased(child_id=whom.id, erased_on=day, key_destroyed=True),
        ruling=lambda child, whom, draft, now: of_child.on_erasing(child, draft, now),
        lines=of_child.lines_after,
    ),
    SubjectDataErased.act: Road(
        asked_for=lambda case, whom, now: of_subject.asked_for(case, whom.stream, whom.id, now),
        owners=lambda case, whom: owners_of_subject(case.history, whom.stream, whom.id, _kind(case, whom)),
        reach=lambda case, whom, now: of_subject.reach_now(case, whom.stream, whom.id),
        erasure=lambda case, whom: of_subject.erasure_of(case, whom.id),
        fact=lambda case, whom, day: SubjectDataErased(subject_id=whom.id, kind=_kind(case, whom), erased_on=day),
        ruling=lambda case, whom, draft, now: of_subject.on_erasing(case, draft, now, whom.stream),
        lines=lambda case, day, now: (),
    ),
}


def road_of(command: Command) -> Road:
    """By the command that asks for it."""
    return _ROADS[command.name]


def subject_of(command: Command, owners: Collection[Owner] = ()) -> Whom:
    """Whom a command names: a subject of the case, else the one the case is of; `owners`: of the keys that go."""
    subject = str(command.data.get("subject_id", command.id))
    victim = Owner(f"victim-{subject}", "victim") in owners
    return Whom(command.stream, subject, "OFFENDER" if subject == command.id else "VICTIM" if victim else "THIRD_PARTY")


def told(erasure: Erasure) -> Command:
    """The command that asked for it; of one that is only on the list of erasures, what the list knows."""
    order = erasure.order
    return of_kept(order.told) if order.told else listed_only(erasure, Actor(order.approved_by, "information-officer"))


def is_of(erasure: Erasure, whom: Whom) -> bool:
    """Whether an erasure is of somebody."""
    found = subject_of(told(erasure), erasure.order.owners)
    return (found.stream, found.id) == (whom.stream, whom.id)


def stream_of(erasure: Erasure) -> str:
    """The stream that says that it was done: by the command, else, of one only listed, by its owners."""
    if erasure.order.told:
        return of_kept(erasure.order.told).stream
    owners = sorted(erasure.order.owners)
    persons = (each.id for each in owners if each.retention == "child" and names_somebody(each))
    return next(persons, None) or next(each.id for each in owners if each.id.startswith("offender-"))


def listed_only(erasure: Erasure, by: Actor) -> Command:
    """The command of an erasure that is only on the list: what the list knows of it."""
    stream = stream_of(erasure)
    if stream.startswith("child-"):
        return Command(ChildDataErased.act, "child", stream[-36:], {}, by, key=erasure.id)
    named = [each.id for each in sorted(erasure.order.owners) if names_somebody(each) and each.retention != "case"]
    whole = any(each == Owner(stream, "case") for each in erasure.order.owners)
    subject = stream[-36:] if whole else named[0].removeprefix("victim-").removeprefix("third-party-")[:36]
    return Command(SubjectDataErased.act, "offender", stream[-36:], {"subject_id": subject}, by, key=erasure.id)
