"""What the command line does with a history: import it, or say what an import would come to; reconciled to the line.

Proven by tests/test_cli.py and tests/importing/.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from rich.table import Table

from ledger.application import Ledger
from ledger.askers import importer_of
from ledger.importing import Counts, Outcome, import_file, mapping_of, source_in
from ledger.importing.alone import aside_of
from ledger.importing.reconciling import Place
from ledger.settings import Settings
from ledger.verbs import out, progress_bar, say, with_ledger

_TOLD: Final = 10  # lines, and cases, that are printed; --json has all


def import_history(given: argparse.Namespace) -> int:
    """Import a file, or a folder, with a progress bar; exit 1 if a line was, or would be, set aside."""
    file: Path = given.file
    mapping = mapping_of(given.mapping) if given.mapping else None
    source = source_in(file, mapping, Settings.from_environment().home)
    total = source.total()
    importer = importer_of(given)

    async def use(ledger: Ledger) -> Outcome:
        with progress_bar() as bar:
            task = bar.add_task("dry run" if given.dry_run else "import", total=total)

            def progress(outcome: Outcome) -> None:
                bar.update(task, completed=outcome.lines)

            if given.dry_run:
                return await import_file(ledger, file, importer, progress, mapping=mapping, dry=True)
            async with ledger.closed_hourly():  # a server beside it may not find the ledger quiet enough
                return await import_file(ledger, file, importer, progress, mapping=mapping)

    outcome = with_ledger(use)
    place = source.place if source.folder else None
    say(given, outcome.listed(place), lambda: _told(file, outcome, place))
    return 1 if outcome.rejected else 0


def _told(file: Path, outcome: Outcome, place: Callable[[int], Place] | None) -> None:
    would = "would be " if outcome.dry else ""
    table = Table(title="Dry run: nothing was written" if outcome.dry else None)
    for name in ("command", "read", f"{would}recorded", "recorded before", "set aside"):
        table.add_column(name, justify="left" if name == "command" else "right")
    for name, counts in sorted(outcome.by_command.items()):
        table.add_row(name, *_figures(counts))
    table.add_section()
    table.add_row("in all", *_figures(_sum(outcome.by_command)))
    out.print(table)
    cases = sum(1 for each in outcome.by_case.values() if not each.set_aside)
    for line in (
        f"{outcome.read:,} lines read = {outcome.recorded:,} {would}recorded + {outcome.repeated:,} recorded before + "
        f"{len(outcome.rejected):,} {would}set aside + {outcome.blank:,} blank"
        + ("." if outcome.reconciles else ": THIS DOES NOT RECONCILE."),
        f"{len(outcome.by_case):,} cases, {cases:,} of them whole; {outcome.facts:,} new facts.",
        *_set_aside(file, outcome, place),
    ):
        out.print(line, markup=False, highlight=False, soft_wrap=True)


def _set_aside(file: Path, outcome: Outcome, place: Callable[[int], Place] | None) -> Iterator[str]:
    if not outcome.rejected:
        return
    yield f"{len(outcome.rejected):,} lines set aside, with their reasons in {aside_of(file)}:"
    yield from (f"  {count:,} by {rule}" for rule, count in outcome.by_rule().items())
    for each in outcome.rejected[:_TOLD]:
        where = f"line {each.line}" if place is None else "{}, line {}".format(*place(each.line))
        yield f"  {where}: {each.rule}: {each.reason}"


def _figures(counts: Counts) -> list[str]:
    return [f"{each:,}" for each in (counts.read, counts.recorded, counts.repeated, counts.set_aside)]


def _sum(counts: Mapping[str, Counts]) -> Counts:
    total = Counts()
    for each in counts.values():
        total.recorded += each.recorded
        total.repeated += each.repeated
        total.set_aside += each.set_aside
    return total
