"""A caseload of any size, as a JSON Lines file for `ledger import`: made up from a seed, never held as a whole.

    python -m bench.caseload FILE.jsonl --facts 1000000 [--seed 2022] [--day 2026-03-02] [--mix]

It is the demonstration's caseload over and over (ledger.demonstration): areas of at most 120 people, each with its own
staff, units and seven placements, dated back by a year from one area to the next, five years in all.  So kinds and mix
are the demonstration's at every size: about 57 facts a person with those of the placements, and a little more than half
of the lines give a value that is sealed.  Areas follow each other; within one the lines stand in the order of time, so
its cases are interleaved.

A line says which other system recorded it, and when (`source`): it is history, and a rule it breaks by today's date is
a caution.  So each fact seals who told it besides.  `--mix` says what it all comes to.

    lines(cases, seed)      the lines themselves, one area in memory at a time
"""

from __future__ import annotations

import argparse
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import orjson
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bench.measuring import out, table
from ledger.aggregates import COMMANDS
from ledger.aggregates.shape import in_london
from ledger.demonstration.caseload import caseload
from ledger.demonstration.lines import Line
from ledger.rules.dates import add_months

AREA = 120  # people
FEWEST = 45  # facts a person, fewer than any full area has: so many people surely make so many facts
YEARS = 5
SEED = 2022
DAY = date(2026, 3, 2)


def lines(cases: int, seed: int = SEED, day: date = DAY) -> Iterator[Line]:
    """The lines of so many people, area after area, each area in the order of time."""
    for area, first in enumerate(range(0, cases, AREA)):
        today = add_months(day, -12 * (area % YEARS))
        # Far apart: the seeds of one caseload's areas are none of another's.
        for line in caseload(today, seed * 100_000 + area, min(AREA, cases - first)):
            if line["to"] != "policy/policy":
                yield _of_area(line, area, first)
            elif not area:  # one setting for all, in force before anybody's order
                line["data"]["effective_from"] = add_months(day, -12 * YEARS - 32).isoformat()
                yield _of_area(line, area, first)


def _of_area(line: Line, area: int, first: int) -> Line:
    """The line as an area has it: its units by a name of their own, its people numbered on."""
    data: dict[str, Any] = dict(line["data"])
    if line["command"] == "RecordOffender":
        number = first + int(data["client_id"]) % 1_000_000
        data |= {"client_id": f"{number:07d}", "crn": f"DEMO{number:07d}"}
    data |= {name: f"{data[name]} {area}" for name in ("unit", "cp_unit") if name in data}
    by = dict(line["by"])
    if "unit" in by:
        by["unit"] = f"{by['unit']} {area}"
    happened = in_london(datetime.fromisoformat(str(line["at"]))).isoformat()
    source = {"system": f"area {area}", "recorded": happened}
    kept = {name: value for name, value in line.items() if name != "at"}
    return kept | {"data": data, "by": by, "source": source}


def first_lines(facts: int, seed: int = SEED, day: date = DAY) -> Iterator[Line]:
    """The first so many lines of a caseload that is large enough."""
    return itertools.islice(lines(facts // FEWEST + AREA, seed, day), facts)


def write(path: Path, made: Iterable[Line], total: int) -> Counter[str]:
    """Write them as they come, with a progress bar; how many of each command."""
    mix: Counter[str] = Counter()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with path.open("wb") as file, Progress(*columns, console=out) as bar:
        task = bar.add_task(path.name, total=total)
        for number, line in enumerate(made, start=1):
            file.write(orjson.dumps(line) + b"\n")
            mix[f"{line['to'].partition('/')[0]} {line['command']}"] += 1
            if number % 1000 == 0 or number == total:
                bar.update(task, completed=number)
    return mix


def show(mix: Counter[str]) -> None:
    """Facts a person, shares of the commands, and the share whose fact seals a value."""
    total, people = mix.total(), mix["offender RecordOffender"]
    shown = table("", "", "%")
    for name, count in mix.most_common():
        shown.add_row(name, f"{100 * count / total:.1f}")
    out.print(shown)
    out.print(f"{total:,} facts, {people:,} people begun: {total / max(people, 1):.1f} facts a person.")


def sealed_share(made: Iterable[Line]) -> float:
    """The share of lines that give a value which is sealed beside its entry."""
    count = sealing = 0
    for line in made:
        noun = line["to"].partition("/")[0]
        whose = COMMANDS[noun][line["command"]].whose
        count += 1
        sealing += any(whose.get(name) is not None for name in line["data"])
    return sealing / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--facts", type=int, required=True)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--day", type=date.fromisoformat, default=DAY)
    parser.add_argument("--mix", action="store_true", help="what it is made of")
    given = parser.parse_args()
    made = first_lines(given.facts, given.seed, given.day)
    mix = write(given.file, made, given.facts)
    if given.mix:
        show(mix)
        share = sealed_share(first_lines(min(given.facts, 7000), given.seed, given.day))
        out.print(f"{share:.0%} of the lines give a value that is sealed.")


if __name__ == "__main__":
    main()
