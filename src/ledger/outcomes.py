"""What the command line does with outcome codes: a table to the lines of an import, and a case's outcomes as a table.

Proven by tests/importing/test_outcomes.py.
"""

from __future__ import annotations

import argparse
import io
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TextIO

import orjson

from ledger.application import Ledger
from ledger.askers import reader_of
from ledger.errors import Malformed, Setup
from ledger.importing.outcomes import SetAside, lines_of, write
from ledger.verbs import err, out, say, with_ledger

_TOLD: Final = 10  # reasons that are printed; --json has all


def outcomes(given: argparse.Namespace) -> int:
    """`ledger outcomes read FILE.csv -o FILE.jsonl` or `ledger outcomes write ID -o FILE.csv`."""
    return _read(given) if given.what == "read" else _write(given)


def _read(given: argparse.Namespace) -> int:
    """Exit 1 if a row was set aside."""
    file = Path(given.of)
    if not file.is_file():
        raise Setup(f"There is no file {file}.")
    rows, lines, aside = 0, 0, list[tuple[int, str]]()
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened, _written(given.output) as made:
            for number, found in lines_of(opened, given.system):
                rows += 1
                if isinstance(found, SetAside):
                    aside.append((number, found.reason))
                else:
                    lines += len(found)
                    made.writelines(orjson.dumps(each).decode() + "\n" for each in found)
    except UnicodeDecodeError as wrong:
        raise Malformed(f"{file} is not UTF-8. Save it as CSV with UTF-8.") from wrong
    body = {"rows": rows, "lines": lines, "set_aside": [{"line": line, "reason": why} for line, why in aside]}
    say(given, body, lambda: _told(given.output, rows, lines, aside))
    return 1 if aside else 0


def _told(output: Path, rows: int, lines: int, aside: list[tuple[int, str]]) -> None:
    out.print(f"{rows:,} rows, {lines:,} lines in {output}: 'ledger import {output}' records them.", soft_wrap=True)
    for line, why in aside[:_TOLD]:
        err.print(f"  line {line}: {why}", markup=False, highlight=False, soft_wrap=True)
    if aside:
        err.print(f"{len(aside):,} rows were set aside.")


def _write(given: argparse.Namespace) -> int:
    """A table is for another system, so it leaves the house: what is restricted is not passed on."""
    by = reader_of(given)

    async def use(ledger: Ledger) -> list[dict[str, Any]]:
        return await ledger.outcomes_passed_on(given.of, reader=by)

    rows = with_ledger(use)
    with _written(given.output) as made:
        count = write(given.of, rows, made)
    say(given, {"rows": count}, lambda: out.print(f"{count:,} rows in {given.output}", soft_wrap=True))
    return 0


@contextmanager
def _written(path: Path) -> Generator[TextIO]:
    """A file that only its owner can read, because a reason may stand in it; no half of one is left."""
    whole = io.StringIO(newline="")
    yield whole
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        file.write(whole.getvalue())
