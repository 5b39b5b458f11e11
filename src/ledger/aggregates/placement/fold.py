"""The placement as folded from its chain: its own facts by type, and who was sent there, when, and what came of it.

    placement = Placement.fold(history)               as known, for a decision
    placement.take(recorded)                          one fact more; a correction folds anew
    placement = Placement.as_at(history, day)         as known, with only what had happened by the end of that day

Facts are kept, never conclusions: what follows from them is asked of `standing`, `quality_of` and `incidents`.
Allocations and sessions are the offenders' facts; their chain names the placement.  Proven by
tests/aggregates/test_placement_fold.py: taking fact by fact equals folding at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, TypeVar, cast

from ledger.aggregates.corrections import CORRECTING
from ledger.aggregates.offender import facts as told
from ledger.aggregates.offender.case import prepared
from ledger.aggregates.offender.entities import Allocation, Session, happened
from ledger.aggregates.placement.site import PlacementOpened
from ledger.aggregates.shape import Fact, Recorded

F = TypeVar("F", bound=Fact)


def offender_of(record: Recorded[Any]) -> str:
    """The offender whose stream a record stands in."""
    return record.stream.removeprefix("offender-")


@dataclass(slots=True)
class Placement:
    """One work site and all that was told about it.  Changed only by `take`.

    `by_type`: its records in order of position; `days`: the sessions planned there, by the day they are for.
    """

    history: list[Recorded[Any]] = field(default_factory=list[Recorded[Any]])
    by_type: dict[type[Fact], list[Recorded[Any]]] = field(default_factory=dict[type[Fact], list[Recorded[Any]]])
    allocations: dict[str, Allocation] = field(default_factory=dict[str, Allocation])
    sessions: dict[str, Session] = field(default_factory=dict[str, Session])
    days: dict[date, list[Session]] = field(default_factory=dict[date, list[Session]])

    @classmethod
    def fold(cls, history: Sequence[Recorded[Any]]) -> Placement:
        """The placement as known from the facts of its chain, in order of position."""
        placement = cls._of(prepared(history))
        placement.history = list(history)
        return placement

    @classmethod
    def as_at(cls, history: Sequence[Recorded[Any]], day: date) -> Placement:
        """As known from these facts, counting only what had happened by the end of `day`; plans are exempt."""
        return cls._of(each for each in prepared(history) if each.fact.is_plan or happened(each) <= day)

    @classmethod
    def _of(cls, records: Iterable[Recorded[Any]]) -> Placement:
        placement = cls()
        for each in records:
            placement._move(each)
        return placement

    def take(self, recorded: Recorded[Any]) -> Placement:
        """This placement with one fact more, at the end; itself, changed, unless the fact corrects an earlier one."""
        if isinstance(recorded.fact, CORRECTING):
            return Placement.fold([*self.history, recorded])
        self.history.append(recorded)
        self._move(recorded)
        return self

    def _move(self, recorded: Recorded[Any]) -> None:
        match recorded.fact:
            case told.PlacementAllocated() as fact:
                self.allocations.setdefault(fact.allocation_id, Allocation(recorded))
            case told.AllocationSuspended() | told.AllocationResumed() | told.AllocationEnded() as fact:
                if fact.allocation_id in self.allocations:
                    self.allocations[fact.allocation_id].changes.append(recorded)
            case told.SessionScheduled() as fact:
                self._plan(recorded, fact)
            case fact if isinstance(fact, _OF_SESSION):
                self._comes_of(recorded, self.sessions.get(fact.session_id or ""))
            case fact:
                self.by_type.setdefault(cast("type[Fact]", type(fact)), []).append(recorded)

    def _plan(self, recorded: Recorded[told.SessionScheduled], fact: told.SessionScheduled) -> None:
        if fact.session_id not in self.sessions:
            session = self.sessions[fact.session_id] = Session(recorded)
            self.days.setdefault(fact.date, []).append(session)

    def _comes_of(self, recorded: Recorded[Any], session: Session | None) -> None:
        if session is None:
            return
        match recorded.fact:
            case told.SessionCancelled():
                session.cancelled = recorded
            case told.SessionAttended():
                session.attended.append(recorded)
            case told.HoursCredited():
                session.credits.append(recorded)
            case _:
                pass

    # ------------------------------------------------------------------------------------ its own facts

    def of(self, kind: type[F]) -> list[Recorded[F]]:
        """Its records of one type, in order of position."""
        return cast("list[Recorded[F]]", self.by_type.get(kind, []))

    def by(self, kind: type[F], day: date) -> list[Recorded[F]]:
        """Those that had happened by the end of a day, in order of their days."""
        found = self.of(kind)  # mostly there are none
        return sorted((each for each in found if happened(each) <= day), key=in_order) if found else []

    @property
    def opened(self) -> PlacementOpened | None:
        """What it was opened as; None where nothing of its own is known."""
        found = self.of(PlacementOpened)
        return found[0].fact if found else None


def in_order(record: Recorded[Any]) -> tuple[date, int]:
    """By the day it happened, then by position."""
    return happened(record), record.position


_OF_SESSION: Final = (told.SessionCancelled, told.SessionAttended, told.HoursCredited)
