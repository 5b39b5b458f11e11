"""One connection to PostgreSQL, driven by hand through libpq's pipeline: one reader on the socket, no waits between.

A request is a list of prepared statements that go out in one flush and come back in one; several requests may be
under way, answered in order.  The answer is handed to a plain callback straight from the socket's reader, not through
a future, because a turn of the event loop queues behind everybody's HTTP work, and the sequencer cannot wait that
long (see bench/RESULTS.md).  `ask` is the same for callers with time.

What is true when it breaks: every request under way fails with `Lost`; nobody is told more than that, for nobody
knows more.  Whoever sent a COMMIT must read the head again.

Proven by tests/store/test_wire.py.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, LiteralString, TypeAlias

from psycopg import pq
from psycopg.pq import ExecStatus

from ledger.store import connecting

Params: TypeAlias = Sequence[bytes | None]
Rows: TypeAlias = list[tuple[bytes | None, ...]]
Answer: TypeAlias = "list[Rows] | DatabaseTrouble"


class DatabaseTrouble(Exception):
    """PostgreSQL said no.  `state` is its SQLSTATE; the text of the server is kept out of what people see."""

    def __init__(self, state: str, text: str) -> None:
        super().__init__(f"{state}: {text}")
        self.state = state


class Lost(DatabaseTrouble):
    """The connection broke: what was under way may or may not have happened."""

    def __init__(self, text: str) -> None:
        super().__init__("08006", text)


@dataclass(slots=True)
class _Request:
    answered: Callable[[Answer], None]
    rows: list[Rows] = field(default_factory=list[Rows])
    trouble: DatabaseTrouble | None = None


DISK_FULL: Final = "53100"  # the SQLSTATE of a server with no room left
_BINARY: Final = 1
_ENDED: Final = (b"FATAL", b"PANIC")
_GOOD: Final = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)


def _state_of(result: pq.abc.PGresult) -> DatabaseTrouble:
    state = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"XX000").decode()
    text = (result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b"").decode(errors="replace")
    # Whatever its SQLSTATE (a full disk under the write-ahead log panics at COMMIT): the session is over, and nobody
    # was told how far it got.
    ended = result.error_field(pq.DiagnosticField.SEVERITY_NONLOCALIZED) in _ENDED
    return Lost(f"{state}: {text}") if ended else DatabaseTrouble(state, text)


class Wire:
    """An open connection.  `statements` are prepared once, by name; parameters and results are binary."""

    def __init__(self, connection: pq.abc.PGconn, loop: asyncio.AbstractEventLoop) -> None:
        self._pg = connection
        self._loop = loop
        self._under_way: deque[_Request] = deque()
        self._writing = False
        self._closed = False
        self._socket = connection.socket
        self._warnings = 0
        connection.notice_handler = self._warned

    @classmethod
    async def connect(cls, conninfo: str, statements: Mapping[str, LiteralString], setup: Sequence[str] = ()) -> Wire:
        """Connect, run `setup` (session settings), prepare `statements`.  Raises Lost or DatabaseTrouble."""
        loop = asyncio.get_running_loop()
        try:
            connection = await connecting.connected(conninfo)
        except OSError as problem:
            raise Lost(str(problem)) from problem
        connection.nonblocking = 1
        connection.enter_pipeline_mode()
        wire = cls(connection, loop)
        loop.add_reader(wire._socket, wire._readable)
        done: asyncio.Future[list[Rows]] = loop.create_future()
        try:
            for text in setup:
                connection.send_query_params(text.encode(), None)
            for name, text in statements.items():
                connection.send_prepare(name.encode(), text.encode())
            wire._sync(_into(done))
            async with asyncio.timeout(connecting.SECONDS):
                await done
        except TimeoutError as slow:
            wire.close()
            raise Lost("the server let us in and then said nothing") from slow
        except BaseException:
            wire.close()
            raise
        return wire

    @property
    def closed(self) -> bool:
        return self._closed

    def take_warnings(self) -> int:
        """How many warnings the server sent since this was last asked."""
        count, self._warnings = self._warnings, 0
        return count

    def send(self, queries: Sequence[tuple[bytes, Params]], answered: Callable[[Answer], None]) -> None:
        """Send prepared statements in one flush; `answered` gets their rows, or the first trouble."""
        if self._closed:
            self._loop.call_soon(answered, Lost("the connection is closed"))
            return
        try:
            for name, params in queries:
                self._pg.send_query_prepared(name, params, [_BINARY] * len(params), _BINARY)
        except Exception as problem:  # libpq refuses to send on a broken connection
            self._break(str(problem))
            self._loop.call_soon(answered, Lost(str(problem)))
            return
        self._sync(answered)

    async def ask(self, name: bytes, params: Params = ()) -> Rows:
        """The rows of one statement.  Raises DatabaseTrouble."""
        done: asyncio.Future[list[Rows]] = self._loop.create_future()
        self.send([(name, params)], _into(done))
        return (await done)[0]

    async def ask_all(self, queries: Sequence[tuple[bytes, Params]]) -> list[Rows]:
        """The rows of several statements, sent in one flush (one implicit transaction).  Raises DatabaseTrouble."""
        done: asyncio.Future[list[Rows]] = self._loop.create_future()
        self.send(queries, _into(done))
        return await done

    def close(self) -> None:
        """Close at once; requests under way fail with Lost."""
        self._break("the connection was closed here")

    # ------------------------------------------------------------------------------------ the socket

    def _warned(self, notice: pq.abc.PGresult) -> None:
        severity = notice.error_field(pq.DiagnosticField.SEVERITY_NONLOCALIZED)
        self._warnings += severity == b"WARNING"

    def _sync(self, answered: Callable[[Answer], None]) -> None:
        self._under_way.append(_Request(answered))
        try:
            self._pg.pipeline_sync()
            self._flush()
        except Exception as problem:
            self._break(str(problem))

    def _flush(self) -> None:
        blocked = self._pg.flush()
        if blocked and not self._writing:
            self._writing = True
            self._loop.add_writer(self._socket, self._writable)
        elif not blocked and self._writing:
            self._writing = False
            self._loop.remove_writer(self._socket)

    def _writable(self) -> None:
        try:
            self._flush()
        except Exception as problem:
            self._break(str(problem))

    def _readable(self) -> None:
        try:
            self._pg.consume_input()
        except Exception as problem:
            self._break(str(problem))
            return
        while self._under_way and not self._closed and not self._pg.is_busy():
            result = self._pg.get_result()
            if result is not None:
                self._take(result)

    def _take(self, result: pq.abc.PGresult) -> None:
        request = self._under_way[0]
        status = result.status
        if status in _GOOD:
            request.rows.append(_rows(result))
        elif status == ExecStatus.PIPELINE_SYNC:
            self._under_way.popleft()
            request.answered(request.trouble or request.rows)
        elif status != ExecStatus.PIPELINE_ABORTED and request.trouble is None:
            request.trouble = _state_of(result)
            if isinstance(request.trouble, Lost):
                self._break(str(request.trouble))

    def _break(self, why: str) -> None:
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self._socket)
        if self._writing:
            self._loop.remove_writer(self._socket)
        self._pg.finish()
        under_way, self._under_way = self._under_way, deque()
        for request in under_way:
            self._loop.call_soon(request.answered, Lost(why))


def _rows(result: pq.abc.PGresult) -> Rows:
    columns = range(result.nfields)
    get = result.get_value
    return [tuple(get(row, column) for column in columns) for row in range(result.ntuples)]


def _into(done: asyncio.Future[list[Rows]]) -> Callable[[Answer], None]:
    def answered(answer: Answer) -> None:
        if done.done():  # the caller gave up waiting
            return
        if isinstance(answer, DatabaseTrouble):
            done.set_exception(answer)
        else:
            done.set_result(answer)

    return answered
