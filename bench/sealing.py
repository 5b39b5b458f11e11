"""What a sealed value costs: an append with it and without it, in turns, and opening it again.

    python -m bench.sealing [--rounds 5] [--commands 500] [--callers 1,16,64] [--facts 1,100] [--json FILE]

An append is bench.append's `made`: the fact, its ids, its canonical entry, position, leaf, chain, tree, receipt and
signed checkpoint, durable.  `sealed` has the fact's note as a commitment and a ciphertext under the case's key, as it
is recorded; `clear` the very same note in the entry.  A turn is so many commands; what sealing adds is the median of
the rounds' own ratios: by the clock, and by the processors that this process and PostgreSQL used, which is the one to
compare where others use the machine too.  The issue asks for less than 20 %.

Opened are facts that were sealed, as a page opens them: read from their entries, each value decrypted and held against
its commitment.  `kept`: their keys in memory, as for a minute after the first page; `asked`: of the vault, unwrapped,
one for each case.  `shut` reads the same facts and opens nothing.  Erasing one child among 30,000: bench.erasing.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import shutil
import statistics
import tempfile
from pathlib import Path
from time import perf_counter, process_time

import uvloop

from bench.append import Caller, Made, numbers
from bench.measuring import as_the_server, leave, machine, out, table
from bench.verify import processors
from ledger.settings import Settings
from ledger.store.cases import Cases
from ledger.store.mapping import Stored
from ledger.store.opening import Store, open_store

MOST = 0.2
OPENED = 2_000  # facts


class Clear(Made):
    """The same with nothing sealed."""

    whose = {"note": None}  # noqa: RUF012 - as Made has it


async def turn(of: Made, callers: int, facts: int, commands: int) -> None:
    """So many commands, each caller one after another."""
    left = iter(range(commands))
    appends = [await of.caller(number) for number in range(callers)]

    async def work(append: Caller) -> None:
        for _ in left:
            await append(facts)

    await asyncio.gather(*map(work, appends))


async def appended(store: Store, given: argparse.Namespace) -> dict[str, float]:
    shown = table("Microseconds a fact", "", "sealed", "clear", "adds", "processors: sealed", "clear", "adds")
    figures: dict[str, float] = {}
    sealed, clear = Made(store), Clear(store)
    for facts, callers in itertools.product(given.facts, given.callers):
        commands = given.commands if facts == 1 else max(2 * callers, given.commands // 5)
        found: dict[Made, list[tuple[float, float]]] = {sealed: [], clear: []}
        for each in found:
            await each.prepare(callers, facts, 0)
        for number in range(given.rounds + 1):
            for each in (sealed, clear) if number % 2 else (clear, sealed):
                began, used = perf_counter(), processors(store.home)
                await turn(each, callers, facts, commands)
                took = perf_counter() - began, processors(store.home) - used
                if number:  # the first one warms up
                    found[each].append((took[0] / commands / facts * 1e6, took[1] / commands / facts * 1e6))
        cells: list[str] = []
        for what, name in enumerate(("clock", "processors")):
            ours, theirs = ([each[what] for each in found[of]] for of in (sealed, clear))
            adds = statistics.median(one / other for one, other in zip(ours, theirs, strict=True)) - 1
            cells += [f"{statistics.median(ours):,.0f}", f"{statistics.median(theirs):,.0f}", f"{adds:+.0%}"]
            figures[f"adds_{name}_{callers}_{facts}"] = adds
        shown.add_row(f"{callers} callers, {facts} a command", *cells)
    out.print(shown)
    return figures


async def opened(store: Store, rounds: int) -> dict[str, float]:
    """Microseconds of this process's processor for each value."""
    head = await store.database.head()
    assert head is not None
    entries = await store.database.entries(1, head.size)
    stored = [each for each in (Stored.of(at, entry) for at, _, entry in entries) if each.sealed][:OPENED]
    values = sum(len(each.sealed) for each in stored)
    cases = Cases(store.bound_to, store.database, store.vault)
    took: dict[str, list[tuple[float, float]]] = {}
    for _ in range(rounds):
        for way in ("shut", "asked", "kept"):
            if way == "asked":
                store.vault.forget()
            clock, processor = perf_counter(), process_time()
            await cases.records(stored, {} if way == "shut" else None, leaving=True)
            took.setdefault(way, []).append((process_time() - processor, perf_counter() - clock))
    shown = table(f"{values:,} values of {len(stored):,} facts", "opened", "µs of processor a value", "µs by the clock")
    figures: dict[str, float] = {}
    for way, times in took.items():
        processor, clock = (statistics.median(each) / values * 1e6 for each in zip(*times, strict=True))
        shown.add_row(way, f"{processor:.1f}", f"{clock:.1f}")
        figures[f"opened_{way}_us"] = processor
    out.print(shown)
    return figures


async def run(given: argparse.Namespace, home: Path) -> None:
    store = await open_store(Settings(home=home))
    try:
        as_the_server()
        about = machine(store.conninfo())
        figures = await appended(store, given) | await opened(store, given.rounds)
        out.print(f"Asked: sealing adds less than {MOST:.0%} to an append. {about}.")
        leave(given.json, "sealing", store.sequencer.sealed, about, figures)
    finally:
        await store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--commands", type=int, default=500, help="of a turn; of several facts a fifth")
    parser.add_argument("--callers", type=numbers, default=[1, 16, 64])
    parser.add_argument("--facts", type=numbers, default=[1, 100])
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
