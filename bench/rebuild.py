"""A rebuild of every worklist, and the library's ProjectionRunner with one upsert per event, side by side.

    python -m bench.rebuild [--facts 100000] [--rounds 3] [--peer 3000] [--home DIR] [--json FILE]

    one        `ledger rebuild`: every chain is read, what the folds need is opened, the cases are folded over all their
               days, and the rows written beside the live ones and swapped in; in one process
    all        the same with as many processes as there are processors, starting them included
    upserts    eventsourcing's ProjectionRunner as it comes: its own PostgreSQL recorder holds events of as many bytes
               as our entries, and a projection does the least that any must: one upsert of the case's row, in one
               transaction with its tracking record.  It folds nothing, opens nothing and orders nothing.

The log is bench.caseload's.  Facts a second are the facts of the whole log by the time of the whole rebuild, writing
included.  `upserts` is measured over its first `--peer` events: its rate does not depend on how many follow.  All on
the same embedded, durable PostgreSQL, in turns; rates are medians of the rounds, ratios the medians of the rounds' own.
It is an error if a rebuild does not reach the end of the log, leaves a case unfolded or comes to other rows than the
rebuild before it, or if the peer does not have one row for each case with all its events.

`upserts` is left out where psycopg-pool is not installed (bench/requirements.txt).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import orjson
import uvloop

from bench.filling import a_home, asked, filled
from bench.measuring import Round, as_the_server, leave, machine, out, ratio, table
from ledger.aggregates import AGGREGATES, noun_of
from ledger.application import Ledger
from ledger.following import rebuilding
from ledger.following.folding import NOUNS
from ledger.store.mapping import Stored

if TYPE_CHECKING:
    from bench.upserts import Upserts

WAYS = {"one": 10**12, "all": 0}  # from how many parts of the caseload on processes are started
SAMPLE = 20_000  # entries, to say what they are made of

ROWS = """
    SELECT count(*), md5(string_agg(md5(concat(r.case_id, r.worklist, r.unit, r.rank, r.since, r.until) || r.row::text),
        '' ORDER BY r.case_id, r.worklist, r.n))
    FROM projections.rows AS r JOIN projections.worklists AS w ON w.name = r.worklist AND w.generation = r.generation
"""


async def turn(ledger: Ledger, worth: int) -> tuple[Round, int]:
    """One rebuild of everything, and how many cases it folded."""
    setattr(rebuilding, "WORTH_WORKERS", worth)  # noqa: B010 - a constant to everybody but this comparison
    began = perf_counter()
    done = await ledger.rebuild(None, lambda done, total: None)
    seconds = perf_counter() - began
    size = (await ledger.store.database.followed()).size
    if done["position"] != size:
        raise SystemExit(f"the rebuild ended at {done['position']} of {size}")
    if paused := (await ledger.lag())["paused"]:
        raise SystemExit(f"{paused} cases could not be folded")
    return Round(size, seconds, [seconds]), int(done["cases"])


async def made_of(ledger: Ledger, size: int) -> str:
    """The shares of facts that seal a value, and whose sealed values a fold opens."""
    entries = await ledger.store.database.entries(size - min(size, SAMPLE) + 1, size)
    stored = [Stored.of(position, entry) for position, _, entry in entries]
    sealing = sum(any(not path.startswith("source/") for path in each.sealed) for each in stored)
    opened = 0
    for each in stored:
        noun = noun_of(str(each.members["stream"]))
        opened += noun in NOUNS and any(path in AGGREGATES[noun].opens.get(each.type, ()) for path in each.sealed)
    return (
        f"{sealing / len(stored):.0%} of the facts seal a value of their own (and all of them who told it); "
        f"of {opened / len(stored):.0%} a fold opens one."
    )


async def rows_of(ledger: Ledger) -> tuple[object, ...]:
    """How many rows the lists have, and a digest of them all: no rebuild may come to others than the one before."""
    found = asked(ledger.store.conninfo(), ROWS)[0]
    if not found[0]:
        raise SystemExit("the rebuild left no rows")
    return found


async def peer_of(ledger: Ledger, count: int) -> Upserts | None:
    """The peer with our first entries; None where it cannot be had."""
    try:
        from bench.upserts import Upserts
    except ImportError:
        out.print("The library's runner is left out: pip install -r bench/requirements.txt")
        return None
    cluster = ledger.store.clusters[0]
    cluster.ensure_database("peers")
    conninfo = cluster.conninfo(cluster.owner_role, "peers")
    for statement in ("DROP SCHEMA public CASCADE", "CREATE SCHEMA public"):
        asked(conninfo, statement)
    entries = [entry for _, _, entry in await ledger.store.database.entries(1, count)]
    return Upserts(conninfo, [(str(orjson.loads(each)["stream"]), each) for each in entries])


async def compare(ledger: Ledger, given: argparse.Namespace) -> None:
    size = (await ledger.store.database.followed()).size
    peer = await peer_of(ledger, min(given.peer, size)) if given.peer else None
    rounds: dict[str, list[Round]] = {name: [] for name in (*WAYS, *(["upserts"] if peer else []))}
    rows: tuple[object, ...] | None = None
    cases = 0
    as_the_server()
    for _ in range(given.rounds):
        for name, worth in WAYS.items():
            done, cases = await turn(ledger, worth)
            rounds[name].append(done)
            came_to = await rows_of(ledger)
            if rows not in (None, came_to):
                raise SystemExit("two rebuilds came to different rows")
            rows = came_to
        if peer:
            rounds["upserts"].append(await asyncio.to_thread(peer.measure))
    processors = len(os.sched_getaffinity(0))
    shown = table(f"{size:,} facts, medians of {given.rounds}", "", "facts/s", "µs a fact", "seconds", "/ upserts")
    for name, found in rounds.items():
        rate = statistics.median(each.rate for each in found)
        shown.add_row(
            f"{name} ({processors} processes)" if name == "all" else name,
            f"{rate:,.0f}",
            f"{1e6 / rate:.1f}",
            f"{statistics.median(each.seconds for each in found):.2f}",
            f"{ratio(found, rounds['upserts']):.1f}" if peer and name != "upserts" else "",
        )
    out.print(shown)
    out.print(f"{cases:,} cases, {rows[0] if rows else 0:,} rows, the same each time. {await made_of(ledger, size)}")
    about = machine(ledger.store.conninfo())
    out.print(f"{about}.")
    rates = {f"{name}_facts_a_second": statistics.median(each.rate for each in of) for name, of in rounds.items()}
    best = max(rates[f"{name}_facts_a_second"] for name in WAYS)
    leave(given.json, "rebuild", size, about, rates | {"ms": 1000 / best})


async def run(given: argparse.Namespace, home: Path) -> None:
    async with filled(home, given.facts) as ledger:
        await compare(ledger, given)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--facts", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer", type=int, default=3_000, help="events for the library's runner; 0: without it")
    parser.add_argument("--home", type=Path, help="where the ledger is kept, to be used again")
    parser.add_argument("--json", type=Path, help="add the figures to this file")
    given = parser.parse_args()
    with a_home(given.home) as home:
        uvloop.run(run(given, home))


if __name__ == "__main__":
    main()
