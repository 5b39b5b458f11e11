"""Closings: how long one takes after so many chains changed among so many, and how long others wait for it.

    python -m bench.closing [--chains 250000] [--changed 1000] [--rounds 20] [--callers 64] [--json FILE]

A ledger of one fact about each chain is sealed first.  Then:

    begun     the first closing of a process: the map is built from a snapshot of all chains
    closed    a closing after one more fact of each of so many chains, drawn at random: read, put in and sealed
    busy      the same while so many callers append without a pause, one fact a command, in random chains

What is said to be under the lock is the time for which the closing kept the ledger's head locked only to put in what
was sealed after its map and to make its fact: other appends wait for it.  The appends beside `busy` are shown with and
without closings.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import statistics
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from time import perf_counter
from uuid import uuid4

import psutil
import uvloop

from bench.append import BY, FILLED
from bench.measuring import as_the_server, leave, machine, milliseconds, out, table
from ledger.aggregates.offender.facts import AbsenceRecorded
from ledger.settings import Settings
from ledger.store import mapping
from ledger.store.appending import Append, Pending
from ledger.store.closing import ONCE, Closer
from ledger.store.mapping import Draft, Envelope
from ledger.store.opening import Store, open_store

SEED = 2026


class Chains:
    """Streams with their versions, and the next fact of each; no value of it is sealed, so it needs no key."""

    def __init__(self, store: Store, count: int) -> None:
        self._store = store
        self.versions = {f"offender-{uuid4()}": 0 for _ in range(count)}
        self.names = list(self.versions)
        self._fact = AbsenceRecorded.model_construct(
            absence_id=mapping.fact_id(),
            session_id=None,
            order_id=str(uuid4()),
            appointment_kind="UPW",
            date=date(2026, 4, 7),
            kind="FTA",
            note=None,
        )

    def next(self, name: str) -> Pending:
        self.versions[name] += 1
        draft = Draft(mapping.fact_id(), name, self.versions[name], self._fact, date(2026, 4, 7))
        return mapping.pending(self._store.origin, draft, Envelope(BY, policy=0, release=1), {})

    async def change(self, names: Sequence[str]) -> None:
        """One fact each."""
        for start in range(0, len(names), FILLED):
            facts = [self.next(name) for name in names[start : start + FILLED]]
            await self._store.sequencer.append(Append(facts))


class Measured:
    """Seconds of each closing, and of each under the lock."""

    def __init__(self, closer: Closer) -> None:
        self._closer = closer
        self.seconds: list[float] = []
        self.under_lock: list[float] = []

    async def close(self) -> None:
        began = perf_counter()
        await self._closer.close_now()
        self.seconds.append(perf_counter() - began)
        self.under_lock.append(self._closer.under_lock)

    def row(self) -> list[str]:
        return [
            f"{statistics.median(each) * 1000:.{digits}f} (worst {max(each) * 1000:.{digits}f})"
            for each, digits in ((self.seconds, 0), (self.under_lock, 2))
        ]


async def closed(chains: Chains, closer: Closer, changed: int, rounds: int) -> Measured:
    drawn, measured = random.Random(SEED), Measured(closer)
    for _ in range(rounds):
        await chains.change(drawn.sample(chains.names, changed))
        await asyncio.sleep(ONCE)  # closings are a second apart; that is no part of one
        await measured.close()
    return measured


async def busy(
    chains: Chains, store: Store, closer: Closer, callers: int, rounds: int
) -> tuple[Measured, list[float], list[float]]:
    """Closings a second apart between appends; the latencies of these with and without closings."""
    measured = Measured(closer)
    with_closings, without = list[float](), list[float]()
    latencies = without
    ended = False
    drawn = random.Random(SEED)
    share = len(chains.names) // callers

    async def append(number: int) -> None:
        own = chains.names[number * share : (number + 1) * share]
        while not ended:
            fact = chains.next(drawn.choice(own))
            began = perf_counter()
            await store.sequencer.append(Append([fact]))
            latencies.append(perf_counter() - began)

    appending = [asyncio.create_task(append(number)) for number in range(callers)]
    await asyncio.sleep(rounds * ONCE / 2)
    await closer.close_now()
    latencies = with_closings
    for _ in range(rounds):
        await asyncio.sleep(ONCE)
        await measured.close()
    ended = True
    await asyncio.gather(*appending)
    return measured, with_closings, without


async def run(given: argparse.Namespace, home: Path) -> None:
    store = await open_store(Settings(home=home))
    closer = Closer.of(store)
    try:
        began = perf_counter()
        chains = Chains(store, given.chains)
        await chains.change(chains.names)
        out.print(f"{given.chains:,} chains sealed in {perf_counter() - began:.0f} s.")
        as_the_server()
        before = psutil.Process().memory_info().rss
        first = Measured(closer)
        await first.close()
        memory = (psutil.Process().memory_info().rss - before) / 2**20
        as_the_server()
        quiet = await closed(chains, closer, given.changed, given.rounds)
        crowd, beside, alone = await busy(chains, store, closer, given.callers, given.rounds)
        shown = table(f"Closings among {given.chains:,} chains", "", "ms", "of which under the lock, ms")
        shown.add_row("begun", f"{first.seconds[0] * 1000:,.0f}", f"{first.under_lock[0] * 1000:.2f}")
        shown.add_row(f"closed, {given.changed:,} changed", *quiet.row())
        shown.add_row(f"busy, {given.callers} callers", *crowd.row())
        out.print(shown)
        out.print(f"The map takes {memory:.0f} MiB of memory.")
        for name, found in (("with a closing a second", beside), ("without", alone)):
            out.print(
                f"Appends of {given.callers} callers {name}: p50 {milliseconds(found, 0.5):.2f} ms, "
                f"p99 {milliseconds(found, 0.99):.2f} ms, worst {max(found) * 1000:.0f} ms."
            )
        about = machine(store.conninfo())
        out.print(f"Medians of {given.rounds} rounds. {about}.")
        figures = {
            "begun_ms": first.seconds[0] * 1000,
            "closed_ms": statistics.median(quiet.seconds) * 1000,
            "closed_worst_ms": max(quiet.seconds) * 1000,
            "under_lock_ms": statistics.median(quiet.under_lock) * 1000,
            "under_lock_worst_ms": max(quiet.under_lock) * 1000,
            "busy_under_lock_ms": statistics.median(crowd.under_lock) * 1000,
            "memory_mib": memory,
        }
        leave(given.json, "closing", given.chains, about, figures)
    finally:
        closer.close()
        await store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chains", type=int, default=250_000)
    parser.add_argument("--changed", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--callers", type=int, default=64)
    parser.add_argument("--json", type=Path, help="add the figures to this file")
    given = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="bench-"))
    home.chmod(0o711)
    try:
        uvloop.run(run(given, home))
    finally:
        with suppress(FileNotFoundError):
            shutil.rmtree(home)


if __name__ == "__main__":
    main()
