"""Import: facts a second, deciding in this process and in one of its own, in turns; and where the time goes.

    python -m bench.importing [--facts 20000] [--rounds 3] [--seed 2022]

Each turn imports the same file (bench.caseload) into a new ledger on an embedded, durable PostgreSQL, through
`import_file`, as `ledger import` does.  The file is made beforehand; the start of the deciding process is in the time.
Processor time is told apart: `main` reads, seals and sequences (and decides, where it is alone), `decider` decides,
`PostgreSQL` is both clusters.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psutil
import uvloop

from bench.caseload import SEED, first_lines, write
from bench.measuring import as_the_server, machine, out, table
from ledger.aggregates.shape import Actor
from ledger.application import Ledger
from ledger.importing import import_file, running
from ledger.settings import Settings

WAYS = {"one process": 10**12, "two processes": 0}  # from how many lines on a process is worth starting


@dataclass(frozen=True, slots=True)
class Turn:
    """One import: facts, lines set aside, and seconds by the clock and of processors."""

    facts: int
    rejected: int
    seconds: float
    main: float
    decider: float
    postgres: float

    @property
    def rate(self) -> float:
        return self.facts / self.seconds

    def each(self, seconds: float) -> float:
        """Microseconds a fact."""
        return seconds / self.facts * 1e6


def of_postgres(home: Path) -> float:
    """Processor seconds of the servers of one home so far."""
    spent = 0.0
    for process in psutil.process_iter(["name", "cwd", "cpu_times"]):
        found = process.info
        if found["name"] == "postgres" and found["cpu_times"] and str(found["cwd"] or "").startswith(str(home)):
            spent += found["cpu_times"].user + found["cpu_times"].system
    return spent


def of_ended() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def turn(file: Path) -> tuple[Turn, str]:
    home = Path(tempfile.mkdtemp(prefix="bench-"))
    home.chmod(0o711)
    try:
        ledger = await Ledger.open(Settings(home=home))
        as_the_server()
        before = (time.perf_counter(), time.process_time(), of_ended(), of_postgres(home))
        outcome = await import_file(ledger, file, Actor(str(uuid4()), "administrator"))
        after = (time.perf_counter(), time.process_time(), of_ended(), of_postgres(home))
        about = machine(ledger.store.conninfo())
        await ledger.close()
    finally:
        shutil.rmtree(home)
    spent = [end - start for start, end in zip(before, after, strict=True)]
    return Turn(outcome.facts, len(outcome.rejected), *spent), about


def run(given: argparse.Namespace, folder: Path) -> None:
    file = folder / "caseload.jsonl"
    write(file, first_lines(given.facts, given.seed), given.facts)
    turns: dict[str, list[Turn]] = {name: [] for name in WAYS}
    about = ""
    for _ in range(given.rounds):
        for name, worth in WAYS.items():
            running.WORTH_A_PROCESS = worth
            done, about = uvloop.run(turn(file))
            turns[name].append(done)
    columns = ("", "facts/s", "µs a fact", "main µs", "decider µs", "PostgreSQL µs", "all µs")
    shown = table(f"{given.facts:,} lines, medians of {given.rounds}", *columns)
    for name, found in turns.items():
        middle = sorted(found, key=lambda each: each.rate)[len(found) // 2]
        parts = [middle.main, middle.decider, middle.postgres]
        shown.add_row(
            name,
            f"{statistics.median(each.rate for each in found):,.0f}",
            *(f"{middle.each(each):.0f}" for each in (middle.seconds, *parts, sum(parts))),
        )
    out.print(shown)
    one, two = turns.values()
    gain = statistics.median(b.rate / a.rate for a, b in zip(one, two, strict=True))
    out.print(f"Two processes / one: {gain:.2f}. Set aside: {max(each.rejected for each in (*one, *two))}. {about}.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--facts", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        run(given, folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
