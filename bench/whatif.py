"""What another edition of the law would have said of a whole caseload: `ledger what-if`, timed.

    python -m bench.whatif [--facts 570000] [--rounds 3] [--edition sentencing-2026] [--against manual-2022]
                           [--home DIR] [--json FILE]

The caseload is bench.caseload's, about 57 facts a person, kept in `--home` if one is named (bench.filling); with
`--facts 0` it is whatever that home holds, as `python -m bench.histories --keep DIR` leaves one.  Asked as at
bench.caseload.DAY, on every processor as the command does it, and once in this process alone.  The target is 100,000
cases in 60 seconds, 1,667 a second; what so many would take is worked out from the rate, for a case costs the same
whatever their number.  On a machine with other work the processor's time a case says more: of this process, its workers
and PostgreSQL together.  It is an error if a case cannot be compared, or if the two ways differ in their answer.
"""

from __future__ import annotations

import argparse
import os
import statistics
from pathlib import Path
from time import perf_counter
from typing import Any
from unittest.mock import patch

import uvloop

from bench.caseload import DAY
from bench.filling import a_home, filled
from bench.measuring import as_the_server, leave, machine, out, processor_seconds, table
from ledger.following import supposing
from ledger.rules.editions import NAMES

WANTED = 100_000
SECONDS = 60.0


async def measure(home: Path, given: argparse.Namespace) -> None:
    async with filled(home, given.facts) as ledger:
        as_the_server()
        conninfo = ledger.store.conninfo()
        about = machine(conninfo)

        async def asked() -> tuple[float, float, dict[str, Any]]:
            began, busy = perf_counter(), processor_seconds(conninfo)
            found = await ledger.what_if(given.edition, given.against, DAY, lambda done, total: None)
            return perf_counter() - began, processor_seconds(conninfo) - busy, found

        rounds = [await asked() for _ in range(given.rounds)]
        with patch.object(supposing, "processors", lambda: 1):
            alone = await asked()
    answers = [{name: value for name, value in found.items() if name != "position"} for *_, found in (*rounds, alone)]
    if any(each != answers[0] for each in answers) or answers[0]["paused"]:
        raise SystemExit("the answers differ, or cases could not be compared")
    cases = int(answers[0]["cases"])
    several, together = (statistics.median(each) for each in list(zip(*rounds, strict=True))[:2])
    title = f"{cases:,} cases, {answers[0]['orders_that_differ']:,} orders would differ"
    shown = table(title, "", "s", "cases/s", "100,000 in s", "µs of processors a case")
    for name, seconds, busy in (
        (f"{os.cpu_count()} processors, median", several, together),
        ("one process", *alone[:2]),
    ):
        rate = cases / seconds
        shown.add_row(name, f"{seconds:.1f}", f"{rate:,.0f}", f"{WANTED / rate:.1f}", f"{1e6 * busy / cases:,.0f}")
    out.print(shown)
    out.print(f"{about}, load {os.getloadavg()[0]:.0f}. Asked: under {SECONDS:.0f} s.")
    figures = {"s_100000": WANTED * several / cases, "cases_a_second": cases / several, "alone": cases / alone[0]}
    figures["us_a_case"] = 1e6 * together / cases
    leave(given.json, "whatif", given.facts, about, figures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--facts", type=int, default=570_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--edition", choices=NAMES, default=NAMES[-1])
    parser.add_argument("--against", choices=NAMES, default=NAMES[0])
    parser.add_argument("--home", type=Path, help="where the ledger is kept, to be used again")
    parser.add_argument("--json", type=Path, help="add the figures to this file")
    given = parser.parse_args()
    with a_home(given.home) as home:
        uvloop.run(measure(home, given))


if __name__ == "__main__":
    main()
