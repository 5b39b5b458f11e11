"""Appends: our sequencer, plain INSERTs and the eventsourcing library's recorder, side by side.

    python -m bench.append [--rounds 3] [--seconds 3] [--callers 1,4,16,64] [--facts 1,100] [--only sealed]
                           [--size 1000000] [--json FILE]

All write to the same embedded, durable PostgreSQL (fsync on), opened as the application opens it, in turns:
sealed, made, plain, library, sealed, made …  A rate is the median of the rounds, a ratio the median of the rounds'
ratios.  What each does for one fact:

    sealed    the append: a ready fact (entry but for `previous` and `recorded`, about 740 bytes, and its ciphertext)
              gets position, leaf, chain, tree, key and receipt and a signed checkpoint; any number of callers share
              one connection
    made      the same with the making of the fact: its ids, a commitment and a ciphertext under its owner's key, the
              canonical entry
    plain     INSERT of as many ready bytes into a table with a unique (stream, version): psycopg, asynchronous,
              prepared, a connection of its own for each caller, autocommit; several facts: executemany in one
              transaction
    library   eventsourcing's PostgresApplicationRecorder as it comes, as many ready bytes, a thread for each caller

Only the number of connections the server allows is raised, for the 64 of `plain`.
`library` is left out where psycopg-pool is not installed (bench/requirements.txt).  `--size`: so many facts are sealed
before anything is measured; `--json` leaves what `sealed` did, one fact a command, for bench.plot.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import os
import shutil
import tempfile
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

import psycopg
import uvloop
from psycopg.conninfo import conninfo_to_dict

from bench.measuring import Result, Round, as_the_server, leave, machine, out, ratio, table
from ledger.aggregates.offender.facts import AbsenceRecorded
from ledger.aggregates.shape import Actor, Whose
from ledger.privacy.owners import Owner
from ledger.settings import Settings
from ledger.store import embedded, mapping
from ledger.store.appending import Append
from ledger.store.mapping import Draft, Envelope
from ledger.store.opening import Store, open_store

WARM_UP = 0.4  # seconds of each turn that are not counted
STREAMS = 50  # cases per caller
PAYLOAD = 740
FILLED = 500  # facts of one command, where the log is filled beforehand
MOST = 25_000  # facts made beforehand for each second of a turn
BY = Actor("4f9a7c1e-52d7-4c0b-9d1e-8a4be1c7d001", "practitioner", "North")
NOTE = "Did not attend the group at the depot; no call before the start, supervisor waited until a quarter past."

Caller = Callable[[int], Awaitable[None]]  # does one command with so many facts


class Made:
    """Our sequencer, and the making of what it seals."""

    whose: Mapping[str, Whose | None] | None = None  # as the fact's class says

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cases: list[list[Any]] = []  # [stream, version]
        self._told = itertools.cycle([absence(str(uuid4())) for _ in range(100)])

    async def prepare(self, callers: int, facts: int, seconds: float) -> None:
        """A key for each case, as a case has it after its first fact: that is no part of an append."""
        del facts, seconds
        self._cases = [[f"offender-{mapping.fact_id()}", 0] for _ in range(STREAMS * callers)]
        await self._store.vault.keys_of([Owner(stream, "case") for stream, _ in self._cases])

    def streams(self, number: int) -> Iterator[list[Any]]:
        return itertools.cycle(self._cases[STREAMS * number : STREAMS * (number + 1)])

    async def caller(self, number: int) -> Caller:
        streams = self.streams(number)

        async def append(facts: int) -> None:
            await self._store.sequencer.append(await self.make(next(streams), facts))

        return append

    async def make(self, case: list[Any], facts: int) -> Append:
        """The next command of a case."""
        store, told = self._store, self._told
        stream, version = case
        key = uuid4()
        envelope = Envelope(BY, policy=0, release=1, key=str(key))
        drafts = [
            Draft(
                mapping.fact_id(),
                stream,
                version + number,
                next(told),
                date(2026, 4, 7),
                under=("ENF-01@manual-2022", "ENF-02@manual-2022", "ENF-21@manual-2022"),
                whose=self.whose,
            )
            for number in range(1, facts + 1)
        ]
        parted = [mapping.parts_of(draft, envelope) for draft in drafts]
        keys = await store.vault.keys_of({owner for parts in parted for owner in parts.boxes})
        case[1] = version + facts
        return Append(
            [
                mapping.pending(store.origin, draft, envelope, keys, parts)
                for draft, parts in zip(drafts, parted, strict=True)
            ],
            key.bytes,
            key.bytes * 2,
            reads=(("policy", 0),),
        )

    async def close(self) -> None:
        pass


class Sealed(Made):
    """Our sequencer alone: its facts are made beforehand, as the rows of the others are."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._ready: list[deque[Append]] = []

    async def prepare(self, callers: int, facts: int, seconds: float) -> None:
        await super().prepare(callers, facts, seconds)
        each = int(MOST * (seconds + WARM_UP) / callers / facts) + 2
        self._ready = []
        for number in range(callers):
            streams = self.streams(number)
            self._ready.append(deque([await self.make(next(streams), facts) for _ in range(each)]))

    async def caller(self, number: int) -> Caller:
        streams, ready, sequencer = self.streams(number), self._ready[number], self._store.sequencer

        async def append(facts: int) -> None:
            await sequencer.append(ready.popleft() if ready else await self.make(next(streams), facts))

        return append


def absence(order: str) -> AbsenceRecorded:
    """A fact as decided; that it was once validated is no part of an append."""
    return AbsenceRecorded.model_construct(
        absence_id=mapping.fact_id(),
        session_id=None,
        order_id=order,
        appointment_kind="UPW",
        date=date(2026, 4, 7),
        kind="FTA",
        note=NOTE,
    )


class Plain:
    """Unsealed rows, one connection per caller."""

    name = "plain"

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connections: list[psycopg.AsyncConnection[Any]] = []
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(
                'CREATE TABLE IF NOT EXISTS plain (position bigserial PRIMARY KEY, stream text COLLATE "C" NOT NULL, '
                "version bigint NOT NULL, data bytea NOT NULL, UNIQUE (stream, version))"
            )

    async def prepare(self, callers: int, facts: int, seconds: float) -> None:
        pass

    async def caller(self, number: int) -> Caller:
        del number
        connection = await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True)
        self._connections.append(connection)
        cursor = connection.cursor()
        streams = itertools.cycle([[f"offender-{uuid4()}", 0] for _ in range(STREAMS)])
        data = os.urandom(PAYLOAD)
        insert = "INSERT INTO plain (stream, version, data) VALUES (%s, %s, %b)"

        async def append(facts: int) -> None:
            case = next(streams)
            stream, version = case
            if facts == 1:
                await cursor.execute(insert, (stream, version + 1, data), prepare=True)
            else:
                async with connection.transaction():
                    await cursor.executemany(insert, [(stream, version + n, data) for n in range(1, facts + 1)])
            case[1] = version + facts

        return append

    async def close(self) -> None:
        for connection in self._connections:
            await connection.close()
        self._connections.clear()


class Library:
    """The recorder of the eventsourcing library, unmodified, called from threads."""

    name = "library"

    def __init__(self, conninfo: str, callers: int) -> None:
        from eventsourcing.persistence import InfrastructureFactory
        from eventsourcing.utils import Environment

        given = conninfo_to_dict(conninfo)
        settings = {
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": str(given["dbname"]),
            "POSTGRES_HOST": str(given["host"]),
            "POSTGRES_PORT": str(given["port"]),
            "POSTGRES_USER": str(given["user"]),
            "POSTGRES_PASSWORD": str(given["password"]),
            "POSTGRES_POOL_SIZE": str(callers),
            "POSTGRES_MAX_OVERFLOW": "2",
        }
        self._factory: Any = InfrastructureFactory.construct(Environment("Bench", settings))
        self._recorder: Any = self._factory.application_recorder()
        self._threads = ThreadPoolExecutor(callers)

    def turn(self, facts: int, until: Callable[[], bool], took: Callable[[float, float], None]) -> None:
        """One thread's work until told to stop."""
        from eventsourcing.persistence import StoredEvent

        streams = itertools.cycle([[uuid4(), 0] for _ in range(STREAMS)])
        data = os.urandom(PAYLOAD)
        while not until():
            case = next(streams)
            stream, version = case
            began = perf_counter()
            self._recorder.insert_events(
                [
                    StoredEvent(UUID(int=stream.int), version + n, "offender.absence-recorded.v1", data)
                    for n in range(1, facts + 1)
                ]
            )
            case[1] = version + facts
            took(began, perf_counter())

    async def measure(self, callers: int, facts: int, seconds: float) -> Round:
        loop = asyncio.get_running_loop()
        starts = perf_counter() + WARM_UP
        ends = starts + seconds
        latencies: list[float] = []

        def took(began: float, ended: float) -> None:
            if began >= starts and ended <= ends:
                latencies.append(ended - began)

        turns = [
            loop.run_in_executor(self._threads, self.turn, facts, lambda: perf_counter() >= ends, took)
            for _ in range(callers)
        ]
        await asyncio.gather(*turns)
        return Round(len(latencies) * facts, seconds, latencies)

    async def close(self) -> None:
        self._factory.close()
        self._threads.shutdown()


async def measure(contender: Made | Plain, callers: int, facts: int, seconds: float) -> Round:
    """So many callers, each with one command under way at any moment."""
    await contender.prepare(callers, facts, seconds)
    appends = [await contender.caller(number) for number in range(callers)]
    starts = perf_counter() + WARM_UP
    ends = starts + seconds
    latencies: list[float] = []

    async def work(append: Caller) -> None:
        began = perf_counter()
        while began < ends:
            await append(facts)
            ended = perf_counter()
            if began >= starts and ended <= ends:
                latencies.append(ended - began)
            began = ended

    await asyncio.gather(*(work(each) for each in appends))
    await contender.close()
    return Round(len(latencies) * facts, seconds, latencies)


async def compare(store: Store, conninfo: str, given: argparse.Namespace) -> None:
    """Every number of callers with every number of facts; each contender once in each round."""
    shown = table("Acknowledged facts", "", "", "facts/s", "p50 ms", "p99 ms", "sealed /", "facts a batch")
    sealed, made, plain = Sealed(store), Made(store), Plain(conninfo)
    library = library_at(conninfo, max(given.callers)) if given.only is None else None
    await fill(made, store, given.size)
    about, figures = machine(conninfo), dict[str, float]()
    for facts, callers in itertools.product(given.facts, given.callers):
        rounds: dict[str, list[Round]] = {}
        batches, entries = store.sequencer.batches, store.sequencer.sealed
        for _ in range(given.rounds):
            rounds.setdefault("sealed", []).append(await measure(sealed, callers, facts, given.seconds))
            if given.only is None:
                rounds.setdefault("made", []).append(await measure(made, callers, facts, given.seconds))
                rounds.setdefault("plain", []).append(await measure(plain, callers, facts, given.seconds))
            if library:
                rounds.setdefault("library", []).append(await library.measure(callers, facts, given.seconds))
        gathered = (store.sequencer.sealed - entries) / (store.sequencer.batches - batches)
        for name, found in rounds.items():
            result = Result.of(found)
            shown.add_row(
                f"{callers} callers, {facts} a command" if name == "sealed" else "",
                name,
                f"{result.rate:,.0f}",
                f"{result.p50:.2f}",
                f"{result.p99:.2f}",
                "" if name == "sealed" else f"{ratio(rounds['sealed'], found):.2f}",
                f"{gathered:.0f}" if name == "sealed" else "",
            )
            if name == "sealed" and facts == 1:
                figures |= {f"facts_a_second_{callers}": result.rate, f"p99_{callers}": result.p99}
    out.print(shown)
    newest = (await store.database.entries(store.sequencer.sealed - 50, store.sequencer.sealed))[-1]
    out.print(f"An entry of this run: {len(newest[2])} bytes. {given.size:,} facts beforehand. {about}.")
    if figures:
        best = max(rate for name, rate in figures.items() if name.startswith("facts"))
        leave(given.json, "append", given.size, about, figures | {"ms": 1000 / best})
    if library:
        await library.close()


async def fill(made: Made, store: Store, size: int) -> None:
    """Seal facts until there are so many."""
    await made.prepare(1, FILLED, 0)
    append = await made.caller(0)
    while (missing := size - store.released.size) > 0:
        await append(min(FILLED, missing))


def library_at(conninfo: str, callers: int) -> Library | None:
    """None where it cannot be had."""
    from eventsourcing.persistence import InfrastructureFactoryError

    with contextlib.suppress(ImportError, InfrastructureFactoryError):
        return Library(conninfo, callers)
    out.print("The library's recorder is left out: pip install -r bench/requirements.txt")
    return None


async def run(given: argparse.Namespace, home: Path) -> None:
    embedded.SIZES["ledger"]["max_connections"] = "200"
    store = await open_store(Settings(home=home))
    try:
        cluster = store.clusters[0]
        cluster.ensure_database("peers")
        as_the_server()
        await compare(store, cluster.conninfo(cluster.owner_role, "peers"), given)
    finally:
        await store.close()


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--callers", type=numbers, default=[1, 4, 16, 64])
    parser.add_argument("--facts", type=numbers, default=[1, 100])
    parser.add_argument("--only", choices=["sealed"], help="without the peers, to profile")
    parser.add_argument("--size", type=int, default=0, help="facts that are sealed beforehand")
    parser.add_argument("--json", type=Path, help="add the figures to this file")
    given = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="bench-"))
    home.chmod(0o711)
    try:
        uvloop.run(run(given, home))
    finally:
        shutil.rmtree(home)


if __name__ == "__main__":
    main()
