"""How long after its answer a command's fact is on its worklist, under so many commands a second over HTTP.

    python -m bench.lag [--rate 200] [--seconds 30] [--clients 16] [--cases 400] [--json FILE]

Commands are those of bench.http (an absence, its letter, evidence, a judgement), sent at their times whether or not
those before them are answered: a server that stands still is not spared.  The server is a process of its own and its
follower another beside it (bench.served), as `ledger serve` starts them.

    answered     from when the command was due to its answer
    projected    from the answer to when the rows with its position were committed, looked for in PostgreSQL every
                 other millisecond; 0 where that was before the answer
    listed       from the answer to the answer of GET /worklists/letters?after=<position>, asked at once by a reader of
                 its own, one after another: what a person sees, its page and the server's waiting included

It is an error if an answer is not a 201 or 200, if at the end a fact is not projected or a case is paused, or if the
letters that the commands have left to be written are not exactly the rows of the worklist.  Where the rate could not be
kept up, it says so: the figures then stand for the rate that was.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
from bisect import bisect_left
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import psycopg
import uvloop

from bench.filling import a_home, asked
from bench.http import Case
from bench.measuring import leave, milliseconds, out, table
from bench.served import Client, body_of, connected, conninfo_of, get, machine_of, server

WARM_UP = 2.0
PATIENCE = 30.0  # seconds until everything must be projected
LOOK = 0.002
STEPS = 5  # commands of bench.http from one absence to the next
PARTS = (0.5, 0.99, 0.999)
TOLD = ("p50 ms", "p99 ms", "p99.9 ms")


class Projected:
    """Hears how far the follower is, every other millisecond, and notes when each position was there."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._connection = connection
        self._reached: list[tuple[int, float]] = []

    @classmethod
    @asynccontextmanager
    async def watching(cls, conninfo: str) -> AsyncGenerator[Projected]:
        connection = await psycopg.AsyncConnection.connect(conninfo, autocommit=True)
        watch = cls(connection)
        task = asyncio.create_task(watch._watch())
        try:
            yield watch
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await connection.close()

    async def _watch(self) -> None:
        cursor = self._connection.cursor()
        while True:
            await cursor.execute("SELECT position FROM projections.followed", prepare=True)
            found = await cursor.fetchone()
            position = int(found[0]) if found else 0
            if not self._reached or position > self._reached[-1][0]:
                self._reached.append((position, perf_counter()))
            await asyncio.sleep(LOOK)

    @property
    def position(self) -> int:
        return self._reached[-1][0] if self._reached else 0

    def when(self, position: int) -> float:
        """When a position was there."""
        at = bisect_left(self._reached, position, key=lambda each: each[0])
        return self._reached[at][1]


class Writer:
    """One client with cases of its own; each command is due at its time."""

    def __init__(self, client: Client, cases: list[Case]) -> None:
        self.client = client
        self.cases = cases
        self.given: Counter[int] = Counter()  # commands of each case after its opening
        self.answered: list[tuple[float, float, int]] = []  # due, answered, position

    async def open(self) -> None:
        for case in self.cases:
            for request in case.opening():
                await self.client.ask(request)

    async def work(self, starts: float, every: float, ends: float) -> None:
        due = starts
        for number in itertools.cycle(range(len(self.cases))):
            if due >= ends:
                return
            request = self.cases[number].request()
            await asyncio.sleep(max(0.0, due - perf_counter()))
            answer = await self.client.ask(request)
            self.given[number] += 1
            self.answered.append((due, perf_counter(), int(body_of(answer)["events"][-1]["position"])))
            due += every

    @property
    def waiting(self) -> int:
        """Absences that are still on the list of letters: recorded and not judged."""
        return sum(count % STEPS != 0 for count in self.given.values())


async def read(client: Client, token: str, writers: Sequence[Writer], ends: float) -> list[tuple[float, float]]:
    """Ask for the list after the newest answered fact, again and again: (fact answered, list answered)."""
    found: list[tuple[float, float]] = []
    while perf_counter() < ends:
        newest = max((each.answered[-1][1:] for each in writers if each.answered), default=None)
        if newest is None or (found and newest[0] <= found[-1][0]):
            await asyncio.sleep(LOOK)
            continue
        await client.ask(get(token, f"/worklists/letters?limit=100&after={newest[1]}"), 200)
        found.append((newest[0], perf_counter()))
    return found


async def letters(client: Client, token: str) -> int:
    """The rows of the whole list, page by page."""
    count, cursor = 0, ""
    while True:
        page = body_of(await client.ask(get(token, f"/worklists/letters?limit=1000{cursor}"), 200))
        if page["paused"]:
            raise SystemExit(f"paused: {page['paused'][:3]}")
        count += len(page["items"])
        if page["next"] is None:
            return count
        cursor = f"&cursor={page['next']}"


async def measure(home: Path, port: int, token: str, given: argparse.Namespace) -> dict[str, float]:
    clients = [await connected(port) for _ in range(given.clients)]
    share = [range(number, given.cases, given.clients) for number in range(given.clients)]
    writers = [Writer(client, [Case(token) for _ in mine]) for client, mine in zip(clients, share, strict=True)]
    reader = await connected(port)
    await asyncio.gather(*(each.open() for each in writers))
    async with Projected.watching(conninfo_of(home)) as watch:
        size = int(str(asked(conninfo_of(home), "SELECT size FROM head")[0][0]))
        await _until(watch, size)
        starts, each = perf_counter() + 0.2, given.clients / given.rate
        counts, ends = starts + WARM_UP, starts + WARM_UP + given.seconds
        reading = asyncio.create_task(read(reader, token, writers, ends))
        await asyncio.gather(*(of.work(starts + n / given.rate, each, ends) for n, of in enumerate(writers)))
        lists = await reading
        done = [found for writer in writers for found in writer.answered]
        await _until(watch, max(position for _, _, position in done))
        counted = [found for found in done if found[0] >= counts]
        lasted = max(answered for _, answered, _ in counted) - counts
        latencies = {
            "answered": [answered - due for due, answered, _ in counted],
            "projected": [max(0.0, watch.when(position) - answered) for _, answered, position in counted],
            "listed": [ended - answered for answered, ended in lists if answered >= counts],
        }
    expected, there = sum(writer.waiting for writer in writers), await letters(reader, token)
    if expected != there:
        raise SystemExit(f"{there} letters are on the list, {expected} should be")
    for client in (*clients, reader):
        client.transport.close()
    shown = table(f"{given.rate} commands a second, {given.clients} clients, {given.seconds:g} s", "", "n", *TOLD)
    for name, found in latencies.items():
        shown.add_row(name, f"{len(found):,}", *(f"{milliseconds(found, part):.1f}" for part in PARTS))
    out.print(shown)
    out.print(
        f"Rate: {len(counted) / lasted:.0f} a second. {there} absences are on the list of letters, as they should."
    )
    return {
        "rate": len(counted) / lasted,
        **{f"{name}_p{part * 100:g}": milliseconds(of, part) for name, of in latencies.items() for part in PARTS},
    }


async def _until(watch: Projected, position: int) -> None:
    ends = perf_counter() + PATIENCE
    while watch.position < position:
        if perf_counter() > ends:
            raise SystemExit(f"projected up to {watch.position}, not {position}, after {PATIENCE:g} s")
        await asyncio.sleep(LOOK)


def run(given: argparse.Namespace, home: Path) -> None:
    with server(home) as (port, token):
        figures = uvloop.run(measure(home, port, token, given))
        about = machine_of(home)
    out.print(f"Asked: projected within 100 ms at p99 under 200 commands a second. {about}.")
    leave(given.json, "lag", given.rate, about, figures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=200, help="commands a second")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--cases", type=int, default=400)
    parser.add_argument("--json", type=Path, help="add the figures to this file")
    given = parser.parse_args()
    with a_home(None) as home:
        run(given, home)


if __name__ == "__main__":
    main()
