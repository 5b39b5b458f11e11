"""Faults within reach: a wire that breaks where a test says, and triggers that slow, warn or refuse at COMMIT."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from threading import Thread
from typing import TypeAlias

import psycopg
from tests.store.ledgers import Ledger

from ledger.store.appending import Query
from ledger.store.wire import Answer, DatabaseTrouble, Lost, Wire

Answered: TypeAlias = Callable[[Answer], None]
Fault: TypeAlias = "Callable[[FaultyWire, Sequence[Query], Answered], None]"


class FaultyWire(Wire):
    """A connection whose requests pass until one has the statement that the next fault waits for."""

    faults: deque[tuple[bytes, Fault]]

    def send(self, queries: Sequence[Query], answered: Answered) -> None:
        if self.faults and any(name == self.faults[0][0] for name, _ in queries):
            self.faults.popleft()[1](self, queries, answered)
        else:
            self.really_send(queries, answered)

    def really_send(self, queries: Sequence[Query], answered: Answered) -> None:
        super().send(queries, answered)

    @property
    def pid(self) -> int:
        return self._pg.backend_pid


def faulty(*faults: tuple[bytes, Fault]) -> type[FaultyWire]:
    """A wire to connect with; its faults strike one after the other, on whichever connection."""

    class Scripted(FaultyWire):
        pass

    Scripted.faults = deque(faults)
    return Scripted


def lose_before(statement: bytes) -> tuple[bytes, Fault]:
    """The connection breaks before this is sent."""

    def fault(wire: FaultyWire, queries: Sequence[Query], answered: Answered) -> None:
        wire.close()
        wire.really_send(queries, answered)

    return statement, fault


def lose_answer(statement: bytes) -> tuple[bytes, Fault]:
    """This is sent and done; its answer never arrives."""

    def fault(wire: FaultyWire, queries: Sequence[Query], answered: Answered) -> None:
        def swallow(answer: Answer) -> None:
            assert not isinstance(answer, DatabaseTrouble)
            wire.close()
            answered(Lost("the answer was lost"))

        wire.really_send(queries, swallow)

    return statement, fault


def terminate_before(statement: bytes, ledger: Ledger) -> tuple[bytes, Fault]:
    """The server's side of the connection is ended by an administrator just before this is sent."""

    def fault(wire: FaultyWire, queries: Sequence[Query], answered: Answered) -> None:
        ledger.as_admin(f"SELECT pg_terminate_backend({wire.pid}, 5000)")
        wire.really_send(queries, answered)

    return statement, fault


def refuse(statement: bytes, state: str) -> tuple[bytes, Fault]:
    """PostgreSQL answers with this error."""

    def fault(wire: FaultyWire, queries: Sequence[Query], answered: Answered) -> None:
        asyncio.get_running_loop().call_soon(answered, DatabaseTrouble(state, "simulated"))

    return statement, fault


def delay(statement: bytes, seconds: float) -> tuple[bytes, Fault]:
    """The process does not get round to sending this for a while."""

    def fault(wire: FaultyWire, queries: Sequence[Query], answered: Answered) -> None:
        asyncio.get_running_loop().call_later(seconds, wire.really_send, queries, answered)

    return statement, fault


# ---------------------------------------------------------------------------------------- on the server


@contextmanager
def at_commit(ledger: Ledger, does: str, stream: str = "slow-%") -> Generator[None]:
    """COMMIT itself does this (PL/pgSQL) for entries of such streams."""
    ledger.rows(
        f"CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {does}; RETURN NULL; END $$;"
        "CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON entries DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
        f"WHEN (NEW.stream LIKE '{stream}') EXECUTE FUNCTION at_commit()"
    )
    try:
        yield
    finally:
        ledger.rows("DROP FUNCTION at_commit CASCADE")


async def backend_waiting(ledger: Ledger, event: str) -> int:
    """The process number of the backend that waits for this, once there is one."""
    with psycopg.connect(ledger.admin, autocommit=True) as connection:
        for _ in range(1000):
            found = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE wait_event = %s AND datname = current_database()", (event,)
            ).fetchone()
            if found:
                return int(found[0])
            await asyncio.sleep(0.005)
    raise AssertionError(f"nobody waits for {event}")


@asynccontextmanager
async def a_standby_that_never_answers(ledger: Ledger) -> AsyncGenerator[None]:
    """Every COMMIT of the cluster waits for a standby that is not there, until it is cancelled."""
    _set_standby(ledger, "SET synchronous_standby_names = 'nobody'")
    try:
        probe = Thread(target=_commits_until_one_waits, args=(ledger.admin,))
        probe.start()
        pid = await backend_waiting(ledger, "SyncRep")
        ledger.as_admin(f"SELECT pg_terminate_backend({pid}, 5000)")
        probe.join()
        yield
    finally:
        _set_standby(ledger, "RESET synchronous_standby_names")


def _set_standby(ledger: Ledger, how: str) -> None:
    with psycopg.connect(ledger.admin, autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM {how}".encode())
        connection.execute("SELECT pg_reload_conf()")


def _commits_until_one_waits(conninfo: str) -> None:
    with suppress(psycopg.OperationalError), psycopg.connect(conninfo, autocommit=True) as connection:
        while True:
            connection.execute("DO 'BEGIN CREATE TABLE probe (); DROP TABLE probe; END'")
