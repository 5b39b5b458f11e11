"""Every view of one offender with a long case, over HTTP, as at and as known at random moments.

    python -m bench.replay [--size 500] [--facts 10000] [--questions 200] [--rounds 3] [--callers 1,4]
                           [--home DIR] [--json FILE]

The case is a person of the demonstration with much to do: three years of sessions, credits, absences with their
letters, evidence and judgements, breaches decided on, at one of its placements; cut at `--size` facts, and taken over
from another system into a ledger of `--facts` others (bench.filling).  A `random` question draws a day of those three
years and a moment of the recording of the case, so that what is replayed is of any length; a `whole` one asks as known
now for the last day: the longest replay there is.

A row is one view: one request, one answer.  `all` is one after another every view of an offender, the time of all of
them together, as a screen with all of them would ask on one connection.  p50 and p99 are medians of the rounds.  The
server is a process of its own with its follower beside it (bench.served), on the same processors as the callers.

It is an error if an answer is not a 200, or if the chronology as known now does not hold every fact of the case.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from time import perf_counter
from uuid import uuid4

import orjson
import uvloop

from bench.caseload import DAY, SEED
from bench.filling import a_home, asked, filled
from bench.measuring import leave, milliseconds, out, table
from bench.served import Client, body_of, connected, conninfo_of, get, machine_of, server
from ledger.aggregates.shape import Actor, in_london
from ledger.demonstration.beginning import allocate, begin
from ledger.demonstration.enforcing import decline, miss, undecided
from ledger.demonstration.lines import Book, Days, Line, Pen, first_saturday
from ledger.demonstration.lives import Life, Plan
from ledger.demonstration.people import UNITS, roster
from ledger.demonstration.sites import open_sites
from ledger.demonstration.working import plan_session, worked
from ledger.importing import LineKeys, import_lines
from ledger.projections import VIEWS
from ledger.rules.dates import ONE_DAY, add_months

NAMES = tuple(view.name for view in VIEWS if view.noun == "offender")
YEARS = 3
TURNOUT = 0.72
MINUTES = 90  # of a session: a long case is one of many short ones
AT_A_TIME = 25  # lines recorded at one moment, so that there are moments at which less was known
ALL = "all"
Latencies = Mapping[str, Sequence[float]]

# ------------------------------------------------------------------------------------------ the case


def long_case(size: int, seed: int) -> tuple[str, list[Line]]:
    """(the offender's id, the lines): the placements' and the first so many of the offender's own."""
    days, people = Days(DAY), roster(seed)
    book = Book(days)
    sites = open_sites(book, people, seed)
    pen = Pen(book, f"offender/{uuid4()}", Random(str(uuid4())))
    plan = Plan(sentence=days.court_day(add_months(DAY, -12 * YEARS)), hours=300, years=YEARS, unit=UNITS[0])
    life = Life(pen, days, people, sites, plan, order_id=pen.id(), number=seed)
    begin(life)
    first = allocate(life)
    assert first is not None
    for saturday in _saturdays(first):
        _week(life, saturday)
    told = [_told(line) for line in book.lines()]
    own = [line for line in told if line["to"] == pen.target][:size]
    if len(own) < size:
        raise SystemExit(f"such a case has {len(own)} facts")
    return pen.target.partition("/")[2], [*(line for line in told if line["to"].startswith("placement/")), *own]


def _saturdays(first: date) -> Iterator[date]:
    day = first_saturday(first + ONE_DAY)
    while day < DAY - timedelta(days=14):
        yield day
        day += timedelta(days=7)


def _week(life: Life, saturday: date) -> None:
    """Two days of work, some of them missed; a breach is not taken to court, so the case goes on."""
    if (saturday.month, saturday.day) in {(12, 25), (1, 1)}:
        return
    for day in (saturday - timedelta(days=2), saturday):
        session = plan_session(life, day)
        if life.chance(TURNOUT):
            worked(life, session, day, MINUTES)
        else:
            miss(life, day, session=session)
    tuesday = life.days.working(saturday + timedelta(days=3))
    if undecided(life, tuesday):
        decline(life, tuesday)


def _told(line: Line) -> Line:
    happened = in_london(datetime.fromisoformat(str(line["at"]))).isoformat()
    kept = {name: value for name, value in line.items() if name != "at"}
    return kept | {"source": {"system": "before", "recorded": happened}}


async def ready(home: Path, given: argparse.Namespace) -> str:
    """A ledger with the case in it: its id."""
    offender, lines = long_case(given.size, SEED)
    async with filled(home, given.facts) as ledger:
        keys, importer = LineKeys(home, home / f"case-{offender}"), Actor(str(uuid4()), "administrator")
        numbered = [(number, orjson.dumps(line)) for number, line in enumerate(lines, start=1)]
        for start in range(0, len(numbered), AT_A_TIME):
            outcome = await import_lines(ledger, numbered[start : start + AT_A_TIME], keys, importer, lambda done: None)
            if outcome.rejected:
                raise SystemExit(f"set aside of the case: {outcome.rejected[:5]}")
        await ledger.follower.catch_up()
    return offender


# ------------------------------------------------------------------------------------------ the questions


class Questions:
    """What is asked of one case, drawn from a seed: the same days and moments for every view, round and caller."""

    def __init__(self, token: str, offender: str, recorded: tuple[datetime, datetime], count: int) -> None:
        rng = Random(SEED)
        self.whole = self._of(token, offender, f"as_at={DAY.isoformat()}")
        self.drawn = [self._of(token, offender, self._at(rng, recorded)) for _ in range(count)]

    @staticmethod
    def _at(rng: Random, recorded: tuple[datetime, datetime]) -> str:
        first = add_months(DAY, -12 * YEARS)
        day = first + timedelta(days=rng.randrange((DAY - first).days))
        moment = (recorded[0] + (recorded[1] - recorded[0]) * rng.random()).astimezone(UTC)
        return f"as_at={day.isoformat()}&known_at={moment.isoformat(timespec='microseconds').replace('+00:00', 'Z')}"

    @staticmethod
    def _of(token: str, offender: str, at: str) -> dict[str, bytes]:
        return {name: get(token, f"/offenders/{offender}/{name}?{at}") for name in NAMES}


async def measure(clients: Sequence[Client], asked_for: Sequence[dict[str, bytes]]) -> Latencies:
    """Every caller asks every question of its own share, view after view."""
    latencies: dict[str, list[float]] = defaultdict(list)

    async def work(client: Client, mine: Iterator[dict[str, bytes]]) -> None:
        for question in mine:
            together = 0.0
            for name, request in question.items():
                began = perf_counter()
                await client.ask(request, 200)
                took = perf_counter() - began
                latencies[name].append(took)
                together += took
            latencies[ALL].append(together)

    shares = [islice(asked_for, number, None, len(clients)) for number in range(len(clients))]
    await asyncio.gather(*(work(*pair) for pair in zip(clients, shares, strict=True)))
    return latencies


def percentiles(rounds: Sequence[Latencies], name: str) -> tuple[float, float]:
    """Medians over the rounds of p50 and p99, in milliseconds."""
    found = [[milliseconds(each[name], share) for each in rounds] for share in (0.5, 0.99)]
    return statistics.median(found[0]), statistics.median(found[1])


async def compare(home: Path, port: int, token: str, offender: str, given: argparse.Namespace) -> dict[str, float]:
    query = "SELECT min(recorded), max(recorded), max(version) FROM entries WHERE stream = %s"
    first, last, facts = asked(conninfo_of(home), query, f"offender-{offender}")[0]
    assert isinstance(first, datetime)
    assert isinstance(last, datetime)
    questions = Questions(token, offender, (first, last), given.questions)
    clients = [await connected(port) for _ in range(max(given.callers))]
    sizes: dict[str, int] = {}
    for name, request in questions.whole.items():
        answer = await clients[0].ask(request, 200)
        sizes[name] = len(answer)
        if name == "chronology" and (held := len(body_of(answer)["events"])) < given.size:
            raise SystemExit(f"the chronology holds {held} of {given.size} facts")
    columns = [f"{what} ms, {n}" for n in given.callers for what in ("p50", "p99")]
    shown = table(f"A case of {facts} facts, {given.questions} questions, by callers", "", *columns, "bytes")
    figures: dict[str, float] = {}
    for kind, asked_for in (("random", questions.drawn), ("whole", [questions.whole] * given.questions)):
        measured = {
            callers: [await measure(clients[:callers], asked_for) for _ in range(given.rounds)]
            for callers in given.callers
        }
        for name in (*NAMES, ALL):
            cells = [percentiles(measured[callers], name) for callers in given.callers]
            told = f"{sizes.get(name, sum(sizes.values())):,}" if kind == "whole" else ""
            shown.add_row(f"{kind}: {name}", *(f"{each:.2f}" for pair in cells for each in pair), told)
            if name == ALL:
                for callers, (p50, p99) in zip(given.callers, cells, strict=True):
                    figures |= {f"{kind}_p50_{callers}": p50, f"{kind}_p99_{callers}": p99}
        shown.add_section()
    out.print(shown)
    for client in clients:
        client.transport.close()
    return figures


def run(given: argparse.Namespace, home: Path) -> None:
    offender = uvloop.run(ready(home, given))
    with server(home) as (port, token):
        figures = uvloop.run(compare(home, port, token, offender, given))
        about = machine_of(home)
        size = int(str(asked(conninfo_of(home), "SELECT size FROM head")[0][0]))
    out.print(f"Asked: all views under 15 ms at p99. {size:,} facts in the ledger. {about}.")
    leave(given.json, "replay", size, about, figures | {"ms": figures[f"whole_p50_{given.callers[0]}"]})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=500, help="facts of the case")
    parser.add_argument("--facts", type=int, default=10_000, help="facts of the others in the ledger")
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--callers", type=lambda text: [int(each) for each in text.split(",")], default=[1, 4])
    parser.add_argument("--home", type=Path, help="where the ledger is kept, to be used again")
    parser.add_argument("--json", type=Path, help="add the figures to this file")
    given = parser.parse_args()
    with a_home(given.home) as home:
        run(given, home)


if __name__ == "__main__":
    main()
