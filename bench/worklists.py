"""GET /worklists/{name} with 100,000 cases: first pages, later ones by cursor, past and future days, one unit.

    python -m bench.worklists [--cases 100000] [--imported 20000] [--questions 100] [--rounds 3] [--callers 1,4]
                              [--home DIR] [--json FILE]

`--imported` facts of bench.caseload are imported and projected by the ledger itself.  Then their projected rows are
multiplied in the tables until there are `--cases` offenders: each copy has the rows of one real case, the unit of a
copied office, and new random ids; the demonstration's 57 facts or so a person that each stands for are not in the log,
and no question here reads them.  (With `--imported 6000000` nothing is multiplied.)  Copies are removed before they are
made again, so a kept `--home` (bench.filling) can be used at several sizes; a `ledger rebuild` takes them out too.

    first      the first page of 100 rows, on bench.caseload.DAY
    later      a page further on, by the cursor of the page before it, drawn from a walk through the list
    past       the first page on a day drawn from the five years before
    future     the first page on a day drawn from the two years after
    unit       the first page of one unit on DAY

for each worklist; the row of each kind is over all of them, the slowest list named beside it.  The server is a process
of its own, its follower beside it (bench.served).  It is an error if an answer is not a 200, if a page is not in order
or goes on without being full, or if the lists of the first day are all empty.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import islice
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any
from urllib.parse import quote

import psycopg
import uvloop

from bench.caseload import DAY, SEED, YEARS
from bench.filling import a_home, asked, filled
from bench.measuring import leave, milliseconds, out, table
from bench.served import Client, body_of, connected, conninfo_of, get, machine_of, server
from ledger.projections import WORKLISTS

PAGE = 100
FACTS_A_CASE = 10  # as asked: a million facts with 100,000 cases; the demonstration's have five times as many
WALK = 20  # pages of a list from which later ones are drawn
KINDS = ("first", "later", "past", "future", "unit")
MARK = " copy "  # in the unit of a copy: no unit of the caseload has it
Question = tuple[str, bytes]  # worklist, request
Latencies = Mapping[tuple[str, str], Sequence[float]]  # (kind, worklist) -> seconds

# ------------------------------------------------------------------------------------------ as many cases as wished

REMOVE = (
    f"DELETE FROM projections.rows WHERE unit LIKE '%%{MARK}%%'",
    f"DELETE FROM projections.cases WHERE unit LIKE '%%{MARK}%%'",
)
NEW_IDS = """
    CREATE TEMPORARY TABLE copies AS
    SELECT c.case_id AS old, regexp_replace(c.case_id, '[0-9a-f-]{36}$', '') || gen_random_uuid() AS new, n AS copy
    FROM (SELECT DISTINCT case_id FROM projections.cases) AS c, generate_series(1, %s::int) AS n
    ORDER BY n, c.case_id
"""
COPY = (
    """
    INSERT INTO projections.rows (case_id, worklist, generation, n, unit, rank, since, until, row)
    SELECT c.new, r.worklist, r.generation, r.n, coalesce(r.unit, '') || %s || c.copy, r.rank, r.since, r.until,
        convert_to(replace(convert_from(r.row, 'UTF8'), right(c.old, 36), right(c.new, 36)), 'UTF8')
    FROM copies AS c JOIN projections.rows AS r ON r.case_id = c.old
    """,
    """
    INSERT INTO projections.cases (case_id, position, unit, asked)
    SELECT c.new, k.position, coalesce(k.unit, '') || %s || c.copy, k.asked
    FROM copies AS c JOIN projections.cases AS k ON k.case_id = c.old
    """,
)
COUNT = "SELECT count(*) FROM projections.cases WHERE case_id LIKE 'offender-%%'"


async def ready(home: Path, given: argparse.Namespace) -> None:
    """A ledger with so many cases on its lists."""
    async with filled(home, given.imported) as ledger:
        await ledger.follower.catch_up()
        owner = ledger.store.clusters[0]
        told = multiplied(owner.conninfo(owner.owner_role, "ledger"), given.cases)
    out.print(told)


def multiplied(conninfo: str, cases: int) -> str:
    """Make copies until there are so many offenders, and say what was done."""
    with psycopg.connect(conninfo) as connection:
        for statement in REMOVE:
            connection.execute(statement, ())
        real = _count(connection)
        copies = max(0, -(-cases // real) - 1)
        connection.execute(NEW_IDS, (copies,))
        for statement in COPY:
            connection.execute(statement, (MARK,))
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM (ANALYZE) projections.rows")  # as autovacuum does soon after so many
        rows = connection.execute("SELECT count(*) FROM projections.rows").fetchone()
        assert rows is not None
        return (
            f"{real:,} offenders' rows were projected, each multiplied {copies} times in the tables under new ids: "
            f"{_count(connection):,} offenders, {rows[0]:,} rows."
        )


def _count(connection: psycopg.Connection[Any]) -> int:
    found = connection.execute(COUNT, ()).fetchone()
    assert found is not None
    return int(found[0])


# ------------------------------------------------------------------------------------------ the questions


class Questions:
    """What is asked, drawn from a seed: the same in every round."""

    def __init__(self, token: str, units: Sequence[str], cursors: Mapping[str, Sequence[str]]) -> None:
        self._token, self._units, self._cursors = token, units, cursors

    def of(self, kind: str, count: int) -> list[Question]:
        """So many of a kind, over all worklists in turn; those without a second page have no later one."""
        rng = Random(f"{SEED}:{kind}")
        names = [name for name in WORKLISTS if kind != "later" or self._cursors[name]]
        drawn = [names[number % len(names)] for number in range(count)] if names else []
        return [(name, get(self._token, f"/worklists/{name}?{self._asked(kind, name, rng)}")) for name in drawn]

    def _asked(self, kind: str, name: str, rng: Random) -> str:
        day = DAY
        if kind == "past":
            day -= timedelta(days=rng.randint(1, 365 * YEARS))
        elif kind == "future":
            day += timedelta(days=rng.randint(1, 730))
        asked = f"as_at={day.isoformat()}&limit={PAGE}"
        if kind == "later":
            asked += f"&cursor={rng.choice(self._cursors[name])}"
        elif kind == "unit":
            asked += f"&unit={quote(rng.choice(self._units))}"
        return asked


async def walked(client: Client, token: str, name: str) -> tuple[int, list[str]]:
    """The first pages of a list: rows seen, and the cursors of the pages after the first."""
    worklist, rows, cursors, last = WORKLISTS[name], 0, list[str](), ""
    while len(cursors) < WALK:
        after = f"&cursor={cursors[-1]}" if cursors else ""
        request = get(token, f"/worklists/{name}?as_at={DAY.isoformat()}&limit={PAGE}{after}")
        page = body_of(await client.ask(request, 200))
        ranks = [str(each.get(worklist.rank) or "") for each in page["items"]]
        if ranks != sorted(ranks) or (ranks and ranks[0] < last):
            raise SystemExit(f"{name} is not in order")
        if page["paused"]:
            raise SystemExit(f"paused: {page['paused'][:3]}")
        rows, last = rows + len(ranks), ranks[-1] if ranks else last
        if page["next"] is None:
            break
        if len(ranks) != PAGE:
            raise SystemExit(f"a page of {name} goes on and has {len(ranks)} rows")
        cursors.append(page["next"])
    return rows, cursors


async def measure(clients: Sequence[Client], questions: Mapping[str, Sequence[Question]]) -> Latencies:
    latencies: dict[tuple[str, str], list[float]] = defaultdict(list)

    async def work(client: Client, number: int) -> None:
        for kind, of in questions.items():
            for name, request in islice(of, number, None, len(clients)):
                began = perf_counter()
                await client.ask(request, 200)
                latencies[kind, name].append(perf_counter() - began)

    await asyncio.gather(*(work(client, number) for number, client in enumerate(clients)))
    return latencies


def of_kind(latencies: Latencies, kind: str) -> list[float]:
    return [each for (of, _), found in latencies.items() if of == kind for each in found]


def slowest(latencies: Latencies, kind: str) -> tuple[float, str]:
    """The worklist with the longest p99 of a kind."""
    return max((milliseconds(found, 0.99), name) for (of, name), found in latencies.items() if of == kind)


async def compare(home: Path, port: int, token: str, given: argparse.Namespace) -> dict[str, float]:
    clients = [await connected(port) for _ in range(max(given.callers))]
    seen = {name: await walked(clients[0], token, name) for name in WORKLISTS}
    if not any(rows for rows, _ in seen.values()):
        raise SystemExit(f"every list is empty on {DAY}")
    told = (f"{name} {rows:,}{' or more' if len(of) == WALK else ''}" for name, (rows, of) in seen.items())
    out.print(f"Rows on {DAY}: {', '.join(told)}.")
    query = "SELECT DISTINCT unit FROM projections.cases WHERE unit IS NOT NULL ORDER BY unit"
    units = [str(unit) for (unit,) in asked(conninfo_of(home), query)]
    questions = Questions(token, units, {name: cursors for name, (_, cursors) in seen.items()})
    drawn = {kind: questions.of(kind, given.questions) for kind in KINDS}
    columns = [f"{what} ms, {n}" for n in given.callers for what in ("p50", "p99")]
    shown = table(f"{given.questions} questions of each kind, by callers", "", *columns, "slowest list, p99 ms")
    figures: dict[str, float] = {}
    rounds = {n: [await measure(clients[:n], drawn) for _ in range(given.rounds)] for n in given.callers}
    for kind in KINDS:
        if not drawn[kind]:
            out.print(f"{kind}: no list is so long")
            continue
        cells: list[float] = []
        for callers, found in rounds.items():
            for name, part in (("p50", 0.5), ("p99", 0.99)):
                value = statistics.median(milliseconds(of_kind(each, kind), part) for each in found)
                cells.append(value)
                figures[f"{kind}_{name}_{callers}"] = value
        worst, name = slowest(rounds[given.callers[0]][-1], kind)
        shown.add_row(kind, *(f"{each:.2f}" for each in cells), f"{name} {worst:.2f}")
    out.print(shown)
    for client in clients:
        client.transport.close()
    return figures


def run(given: argparse.Namespace, home: Path) -> None:
    uvloop.run(ready(home, given))
    with server(home) as (port, token):
        figures = uvloop.run(compare(home, port, token, given))
        about = machine_of(home)
    out.print(f"Asked: under 50 ms at p99. {about}.")
    size = given.cases * FACTS_A_CASE
    leave(given.json, "worklists", size, about, figures | {"ms": figures[f"first_p50_{given.callers[0]}"]})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--imported", type=int, default=20_000, help="facts that are really recorded and projected")
    parser.add_argument("--questions", type=int, default=220, help="of each kind in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--callers", type=lambda text: [int(each) for each in text.split(",")], default=[1, 4])
    parser.add_argument("--home", type=Path, help="where the ledger is kept, to be used again")
    parser.add_argument("--json", type=Path, help="add the figures to this file")
    given = parser.parse_args()
    with a_home(given.home) as home:
        run(given, home)


if __name__ == "__main__":
    main()
