"""Between facts and the `eventsourcing` library's events: what an entry is made of, and what is made of an entry.

An `EntryForm` says it for a recorder.  `OurForm`, with `EntryMapper`, serves our own facts: a `Drafted` fact goes in
and a `RecordedEvent` comes out, its sealed values closed unless the mapper is told how to open them.

Proven by tests/store/test_recorder.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Protocol
from uuid import UUID

import orjson
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper, Notification, ProgrammingError, StoredEvent

from ledger.aggregates.shape import Fact, Recorded
from ledger.store import mapping
from ledger.store.appending import Pending
from ledger.store.mapping import Stored

__all__ = ["Drafted", "EntryForm", "EntryMapper", "OurForm", "RecordedEvent", "SealedEvent"]


class EntryForm(Protocol):
    """How an entry is made of a stored event, and a stored event of an entry."""

    first_version: ClassVar[int]
    """The `originator_version` of a stream's first event; ours is 1."""

    def stream(self, originator_id: UUID | str) -> str:
        """The stream of this originator."""
        ...

    def pending(self, event: StoredEvent) -> Pending:
        """The event, ready to be sealed."""
        ...

    def stored(self, position: int, stream: str, version: int, entry: bytes) -> StoredEvent:
        """The event that this entry was made of."""
        ...


@dataclass(frozen=True)
class DraftedEvent(StoredEvent):
    """An event of ours on its way in: `state` is its entry but for `previous` and `recorded`."""

    pending: Pending


@dataclass(frozen=True)
class SealedEvent(StoredEvent):
    """An event of ours as read: `state` is its entry, to the byte."""

    position: int


class OurForm:
    """Our own facts, by way of `EntryMapper`."""

    first_version: ClassVar[int] = 1

    def stream(self, originator_id: UUID | str) -> str:
        return str(originator_id)

    def pending(self, event: StoredEvent) -> Pending:
        if not isinstance(event, DraftedEvent):
            raise ProgrammingError("only a fact that was drafted for sealing can be recorded here (EntryMapper)")
        return event.pending

    def stored(self, position: int, stream: str, version: int, entry: bytes) -> StoredEvent:
        return SealedEvent(stream, version, orjson.loads(entry)["type"], entry, position)


@dataclass(frozen=True, slots=True)
class Drafted:
    """A fact ready for sealing, as the library wants an event: it has an originator and a version."""

    pending: Pending

    @property
    def originator_id(self) -> str:
        return self.pending.stream

    @property
    def originator_version(self) -> int:
        return self.pending.version


class RecordedEvent(Recorded[Fact]):
    """A recorded fact that the library, too, takes for an event."""

    __slots__ = ()

    @property
    def originator_id(self) -> str:
        return self.stream

    @property
    def originator_version(self) -> int:
        return self.version


class EntryMapper(Mapper[str]):
    """Between our facts and stored events.  `opens` gives an entry's sealed values by path; else they are CLOSED."""

    def __init__(self, opens: Callable[[Stored], Mapping[str, Any]] | None = None) -> None:
        super().__init__(JSONTranscoder())  # unused: canonical JSON is the mapping's
        self._opens = opens

    def to_stored_event(self, domain_event: DomainEventProtocol[str]) -> DraftedEvent:
        if not isinstance(domain_event, Drafted):
            raise ProgrammingError("only a Drafted fact becomes an entry")
        pending = domain_event.pending
        state = pending.prefix + pending.suffix[1:]  # both have the comma between them
        return DraftedEvent(pending.stream, pending.version, orjson.loads(state)["type"], state, pending)

    def to_domain_event(self, stored_event: StoredEvent) -> RecordedEvent:
        position = stored_event.id if isinstance(stored_event, Notification) else None
        if isinstance(stored_event, SealedEvent):
            position = stored_event.position
        if position is None:
            raise ProgrammingError("only an entry that was sealed can be read as a fact")
        stored = Stored.of(position, stored_event.state)
        record = mapping.recorded(stored, self._opens(stored) if self._opens else None)
        return RecordedEvent(**{each.name: getattr(record, each.name) for each in fields(record)})
