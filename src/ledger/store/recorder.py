"""The synchronous door: the `eventsourcing` library's ApplicationRecorder, over the same sequencer as everybody else.

There is no second way of writing: a call hands its facts to `Sequencer.append` on a thread that runs an event loop, and
waits.  That costs a caller two turns between threads, so it is for tools, tests and the library's own applications, not
for the hot path.  What an entry is made of, and what is made of an entry, is an `EntryForm`'s business (forms.py):

    insert_events   StoredEvent -> form.pending -> sealed -> its position, which is the notification id
    select_...      position, stream, version, entry -> form.stored -> StoredEvent

    IntegrityError     the version, or something the decision read, has moved; or the key is another command's
    DataError          it does not fit into an entry
    OperationalError   not now: no answer, no room, clocks in doubt, read-only; or it is not known whether it stands

Proven by tests/store/test_recorder_contract.py, the library's own published cases, and tests/store/test_recorder.py.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import CancelledError
from typing import Any, Final, LiteralString, TypeVar
from uuid import UUID

from eventsourcing.persistence import (
    ApplicationRecorder,
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    Notification,
    OperationalError,
    StoredEvent,
    Subscription,
)

from ledger.errors import DiskFull, KeyReused, LedgerError, Malformed, StaleVersion, Unavailable
from ledger.store import binary, sequencer
from ledger.store.appending import Append, Receipt, Repeated, Row
from ledger.store.database import Database
from ledger.store.forms import EntryForm, OurForm
from ledger.store.sequencer import Sequencer
from ledger.store.wire import Wire
from ledger.transparency.note import Signer

__all__ = ["SealedRecorder", "SealedSubscription"]

PAGE: Final = 500
POLL_SECONDS: Final = 0.1
_CLOSED: Final = "The recorder is closed."

Connect = Callable[[Mapping[str, LiteralString]], Awaitable[Wire]]
T = TypeVar("T")

_ERRORS: Final[Mapping[type[LedgerError], type[DatabaseError]]] = {
    StaleVersion: IntegrityError,
    KeyReused: IntegrityError,
    Malformed: DataError,
    Unavailable: OperationalError,
    DiskFull: OperationalError,
    LedgerError: DatabaseError,
}

_STATEMENTS: Final[dict[str, LiteralString]] = {
    "size": "SELECT size FROM head",
    "versions": """
        SELECT position, stream, version, entry FROM entries
        WHERE stream = convert_from($1::bytea, 'UTF8') AND version > $2::bigint AND version <= $3::bigint
        ORDER BY version LIMIT $4::bigint
    """,
    "versions_backwards": """
        SELECT position, stream, version, entry FROM entries
        WHERE stream = convert_from($1::bytea, 'UTF8') AND version > $2::bigint AND version <= $3::bigint
        ORDER BY version DESC LIMIT $4::bigint
    """,
    "log": """
        SELECT position, stream, version, entry FROM entries
        WHERE position > $1::bigint AND position <= $2::bigint ORDER BY position LIMIT $3::bigint
    """,
}


class _Reader(Database):
    """Entries with their stream and version, as a recorder lists them."""

    async def size(self) -> int:
        return binary.read_int8((await self._ask(b"size"))[0][0])

    async def versions(self, stream: str, gt: int, lte: int, desc: bool, limit: int) -> Sequence[Row]:
        name = b"versions_backwards" if desc else b"versions"
        return await self._ask(name, stream.encode(), binary.int8(gt), binary.int8(lte), binary.int8(limit))

    async def log(self, gt: int, lte: int, limit: int) -> Sequence[Row]:
        return await self._ask(b"log", binary.int8(gt), binary.int8(lte), binary.int8(limit))


class SealedRecorder(ApplicationRecorder):
    """An application recorder whose every event is sealed when `insert_events` returns.  May be called by any thread.

    `connect` opens a connection with the statements given; `sequencing` are options of the Sequencer.
    """

    def __init__(
        self,
        connect: Connect,
        signer: Signer,
        *,
        form: EntryForm | None = None,
        released: Callable[[int, str], None] | None = None,
        **sequencing: Any,
    ) -> None:
        self._form: EntryForm = form or OurForm()
        self._released = released
        self._news = threading.Condition()
        self._door = threading.Lock()
        self._closed = False
        self._loop = _new_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sealed-recorder", daemon=True)
        self._thread.start()

        async def begin() -> tuple[Sequencer, _Reader]:
            writer = Sequencer(lambda: connect(sequencer.STATEMENTS), signer, released=self._sealed, **sequencing)
            return writer, _Reader(connect, _STATEMENTS)

        self._sequencer, self._reader = self._wait_for(begin())

    def close(self) -> None:
        """Let appends that are under way end, and refuse every other call, those that wait included."""
        with self._door:
            if self._closed:
                return
            self._closed = True

        async def end() -> None:
            await self._sequencer.close()
            self._reader.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for each in others:
                each.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # ------------------------------------------------------------------------------------ writing

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        """Seal these events, all or none; their positions.  `kwargs` are those of `Append`: key, digest, reads, at …"""
        if not stored_events:
            return []
        append = Append([self._form.pending(each) for each in stored_events], **kwargs)
        answer = self._wait_for(self._append(append))
        if isinstance(answer, Repeated):
            return list(range(answer.first, answer.last + 1))
        return [each.position for each in answer.facts]

    async def _append(self, append: Append) -> Receipt | Repeated:
        return await self._sequencer.append(append)

    # ------------------------------------------------------------------------------------ reading

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        shift = 1 - self._form.first_version
        rows = self._wait_for(
            self._reader.versions(
                self._form.stream(originator_id),
                0 if gt is None else max(gt + shift, 0),
                binary.LARGEST if lte is None else max(lte + shift, 0),
                desc,
                binary.LARGEST if limit is None else limit,
            )
        )
        return [self._event(row)[1] for row in rows]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        after = 0 if start is None else start - inclusive_of_start
        upto = binary.LARGEST if stop is None else stop
        found: list[Notification] = []
        while len(found) < limit:
            wanted = PAGE if topics else limit - len(found)
            rows = self._wait_for(self._reader.log(max(after, 0), upto, wanted))
            events = [self._event(row) for row in rows]
            found += [_notification(*each) for each in events if not topics or each[1].topic in topics]
            if len(rows) < wanted:
                break
            after = events[-1][0]
        return found[:limit]

    def max_notification_id(self) -> int | None:
        return self._wait_for(self._reader.size()) or None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> SealedSubscription:
        """Every notification after `gt`, and then those to come; to be used as a context manager."""
        return SealedSubscription(self, gt, topics)

    def wait_for_news(self) -> None:
        """Return when this recorder has sealed something, and at the latest after a moment: others seal too."""
        with self._news:
            self._news.wait(POLL_SECONDS)

    def _event(self, row: Row) -> tuple[int, StoredEvent]:
        position, stream, version, entry = (binary.read_bytes(value) for value in row)
        at = binary.read_int8(position)
        return at, self._form.stored(at, stream.decode(), binary.read_int8(version), entry)

    # ------------------------------------------------------------------------------------ between the threads

    def _sealed(self, size: int, note: str) -> None:
        with self._news:
            self._news.notify_all()
        if self._released:
            self._released(size, note)

    def _wait_for(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What it comes to on the loop's thread.  Raises the library's errors for ours."""
        with self._door:
            if self._closed:
                coroutine.close()
                raise InterfaceError(_CLOSED)
            answer = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return answer.result()
        except CancelledError:
            raise InterfaceError(_CLOSED) from None
        except LedgerError as problem:
            kind = next(theirs for ours, theirs in _ERRORS.items() if isinstance(problem, ours))
            raise kind(problem.message) from problem


class SealedSubscription(Subscription[SealedRecorder]):
    """Follows positions: it polls, and is woken early by what its own recorder seals."""

    def __init__(self, recorder: SealedRecorder, gt: int | None, topics: Sequence[str]) -> None:
        super().__init__(recorder, gt, topics)
        self._at = gt or 0
        self._ready: deque[Notification] = deque()

    def __next__(self) -> Notification:
        while not self._has_been_stopped:
            if self._ready:
                return self._ready.popleft()
            if not self._read_on():
                self._recorder.wait_for_news()
        raise StopIteration

    def _read_on(self) -> bool:
        """Whether there was anything new; with topics, perhaps nothing that is asked for."""
        newest = self._recorder.max_notification_id() or 0
        if newest <= self._at:
            return False
        found = self._recorder.select_notifications(self._at, PAGE, newest, self._topics, inclusive_of_start=False)
        self._at = found[-1].id if len(found) == PAGE else newest
        self._ready.extend(found)
        return True


def _notification(position: int, event: StoredEvent) -> Notification:
    return Notification(event.originator_id, event.originator_version, event.topic, event.state, position)


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:  # not on every system
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
