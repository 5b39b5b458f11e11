"""The search of an area's caseload: how long filling takes, an answer, and what it takes in memory.

    python -m bench.searching [--offenders 25000] [--children 30000] [--rounds 2000] [--home DIR]

So many people are recorded through the ledger's own way in, names drawn by seed from lists of some two hundred, so a
surname begun finds dozens. Then a process reads them from ledger and vault as a server does at its start (`filled`),
and questions of each kind are asked (`Ledger.search`, without a reader: sealing what was read is another measure).
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import statistics
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import uuid4

import psutil
import uvloop

from bench.filling import a_home
from bench.measuring import as_the_server, machine, out, table
from ledger.aggregates.shape import Actor
from ledger.application import Ledger
from ledger.commands import Command
from ledger.settings import Settings

SEED = 2026
AT_ONCE = 200
_BEGIN = ("Ab", "Bar", "Cole", "Dun", "Ever", "Fair", "Gold", "Hart", "Ing", "Jon", "Kel", "Lang", "Mer", "Nor", "Old")
_END = ("ton", "ley", "worth", "son", "field", "man", "well", "by", "ham", "ford", "er", "wick", "stone")
_FIRST = ("Ann", "Ben", "Carol", "David", "Eve", "Frank", "Grace", "Harry", "Iris", "Jack", "Kim", "Leo", "Mary", "Ned")


def particulars(drawn: random.Random, number: int) -> dict[str, Any]:
    """Who somebody is: a number, a name drawn from the lists, a date of birth."""
    return {
        "client_id": f"{number:07}",
        "surname": drawn.choice(_BEGIN) + drawn.choice(_END),
        "forenames": f"{drawn.choice(_FIRST)} {drawn.choice(_FIRST)}",
        "dob": (date(1960, 1, 1) + timedelta(days=drawn.randrange(15_000))).isoformat(),
    }


def people(offenders: int, children: int) -> Iterator[Command]:
    """The commands that record them."""
    drawn = random.Random(SEED)
    clerk, officer = Actor(str(uuid4()), "court-officer"), Actor(str(uuid4()), "information-officer")
    for number in range(offenders + children):
        told = particulars(drawn, number)
        if number < offenders:
            told |= {"gender": "F", "crn": f"X{number:06}", "aliases": [f"{told['surname']}, {drawn.choice(_FIRST)}"]}
            yield Command("RecordOffender", "offender", str(uuid4()), told, clerk, key=uuid4())
        else:
            told |= {"register_name": "CP_REGISTER"}
            yield Command("RecordChild", "child", str(uuid4()), told, officer, key=uuid4())


async def record(ledger: Ledger, commands: Iterator[Command]) -> int:
    """Record them, many at a time; how many."""
    done = 0

    async def work() -> None:
        nonlocal done
        for each in commands:
            await ledger.execute(each)
            done += 1

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return done


def kinds(drawn: random.Random, among: int) -> dict[str, dict[str, str]]:
    """A question of each kind."""
    surname = drawn.choice(_BEGIN) + drawn.choice(_END)
    return {
        "client id": {"client_id": f"{drawn.randrange(among):07}"},
        "surname and first forename": {"surname": surname, "forenames": drawn.choice(_FIRST)},
        "surname begun": {"surname": f"{surname[:3]}*"},
        "surname and forenames begun": {"surname": f"{surname[:4]}*", "forenames": "A*"},
        "date of birth": {"date_of_birth": (date(1960, 1, 1) + timedelta(days=drawn.randrange(15_000))).isoformat()},
    }


async def run(given: argparse.Namespace, home: Path) -> None:
    ledger = await Ledger.open(Settings(home=home))
    try:
        if not ledger.store.released.size > given.offenders:
            began = perf_counter()
            done = await record(ledger, people(given.offenders, given.children))
            out.print(f"{done:,} people recorded in {perf_counter() - began:.0f} s.")
        as_the_server()
    finally:
        await ledger.close()
    ledger = await Ledger.open(Settings(home=home))
    try:
        gc.collect()
        process = psutil.Process()
        before, began = process.memory_info().rss, perf_counter()
        await ledger.fill_search(lambda done, of: None)
        filled = perf_counter() - began
        gc.collect()
        taken = process.memory_info().rss - before
        drawn, times, sizes = random.Random(SEED), dict[str, list[float]](), dict[str, list[int]]()
        for _ in range(given.rounds // 5):
            for kind, asked in kinds(drawn, given.offenders + given.children).items():
                began = perf_counter()
                found = await ledger.search(asked)
                times.setdefault(kind, []).append(perf_counter() - began)
                sizes.setdefault(kind, []).append(len(found.items))
        out.print(
            f"{machine(ledger.store.conninfo())}\n{given.offenders:,} offenders and {given.children:,} children filled "
            f"in {filled:.1f} s; {taken / 2**20:.0f} MiB more resident."
        )
        shown = table("a search", "asked by", "p50 ms", "p99 ms", "most rows")
        for kind, of in times.items():
            median, last = statistics.median(of) * 1000, _share(of, 0.99) * 1000
            shown.add_row(kind, f"{median:.1f}", f"{last:.1f}", str(max(sizes[kind])))
        out.print(shown)
    finally:
        await ledger.close()


def _share(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def main() -> None:
    """Parse, run, print."""
    given = argparse.ArgumentParser(prog="bench.searching", description=__doc__)
    given.add_argument("--offenders", type=int, default=25_000)
    given.add_argument("--children", type=int, default=30_000)
    given.add_argument("--rounds", type=int, default=2_000)
    given.add_argument("--home", type=Path)
    asked = given.parse_args()
    with a_home(asked.home) as home:
        uvloop.run(run(asked, home))


if __name__ == "__main__":
    main()
