"""How fast `ledger verify` reads a whole ledger again, the quick way and the plain one.

    python -m bench.verify [--facts 200000] [--rounds 3] [--plain 1] [--home DIR] [--json FILE]

The ledger is bench.filling's: a caseload of real facts, imported.  Nothing is left out of what `ledger verify` does
without --values: entries, tree, chains, closings, checkpoints, tiles, lists, receipts, ciphertexts.

A round says entries a second by the clock, and what a fact took of the processors: of this process, of those it starts
and of PostgreSQL.  Where others use the machine too the second is the one to compare: two cores have 2,000,000 µs of
it a second, so 300,000 facts a second are 6.7 µs each.
"""

from __future__ import annotations

import argparse
import asyncio
import os
from pathlib import Path
from time import perf_counter

import psutil

from bench.filling import a_home, filled
from bench.measuring import leave, machine, out, table
from ledger.store.opening import Store
from ledger.store.verifying import verify_database

TARGET = 300_000


def processors(database: Path) -> float:
    """Seconds of processors that this process, its children that ended, and a cluster's processes took."""
    own, children = os.times(), 0.0
    for each in psutil.process_iter(["cmdline", "cwd", "cpu_times"]):
        try:
            if each.cwd().startswith(str(database)):
                times = each.cpu_times()
                children += times.user + times.system + times.children_user + times.children_system
        except (psutil.Error, OSError):
            continue
    return own.user + own.system + own.children_user + own.children_system + children


def verified(store: Store, *, swiftly: bool) -> tuple[int, float, float]:
    """(entries, seconds, seconds of processors)."""
    before, began = processors(store.home), perf_counter()
    report = verify_database(
        store.conninfo(), store.origin, [store.signer.verifier()], store.released.path, swiftly=swiftly
    )
    if not report.ok:
        raise SystemExit(report.summary())
    return report.size, perf_counter() - began, processors(store.home) - before


async def measure(home: Path, facts: int, rounds: int, plain: int, kept: Path | None) -> None:
    async with filled(home, facts) as ledger:
        store = ledger.store
        await ledger.close_now()
        await store.released.keep()
        shown = table("ledger verify", "", "entries", "entries a second", "µs of processors each")
        figures: dict[str, float] = {}
        size = 0
        for way, times in (("quick", rounds), ("plain", plain)):
            took = [await asyncio.to_thread(verified, store, swiftly=way == "quick") for _ in range(times)]
            if took:
                size, seconds, used = sorted(took, key=lambda each: each[2])[len(took) // 2]
                shown.add_row(way, f"{size:,}", f"{size / seconds:,.0f}", f"{used / size * 1e6:.1f}")
                figures |= {f"{way} a second": size / seconds, f"{way} processor us": used / size * 1e6}
        out.print(shown)
        out.print(f"Target: {TARGET:,} a second on 2 cores, {2e6 / TARGET:.1f} µs of processors each.")
        leave(kept, "verify", size, machine(store.conninfo()), figures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--facts", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--plain", type=int, default=1, help="rounds of the plain way")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with a_home(given.home) as home:
        asyncio.run(measure(home, given.facts, given.rounds, given.plain, given.json))


if __name__ == "__main__":
    main()
