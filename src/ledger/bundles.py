"""The verbs about bundles: `ledger export` makes one; `ledger verify FILE.zip` checks one and `ledger trail --bundle`
takes its decisions again, without any ledger.

These two read the file and nothing else: no settings, no database, no network.  Proven by
tests/disclosing/test_doors.py and tests/trails/test_bundled.py.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from ledger.askers import actor_of
from ledger.disclosing.exporting import Export
from ledger.errors import Malformed, Setup
from ledger.store.timestamping import roots_at
from ledger.trails import decisions_in, trail_in
from ledger.transparency.bundle import verify_bundle
from ledger.transparency.bundle.archive import MAX_BYTES, unpack
from ledger.transparency.bundle.report import BundleReport
from ledger.transparency.errors import FormatError
from ledger.verbs import out, say, tree, with_ledger

_LARGEST: Final = 2 * MAX_BYTES


def export(given: argparse.Namespace) -> int:
    """Write a case as a bundle, which was sealed in the access log before it is written."""
    noun, _, name = str(given.id).rpartition("/")
    by = actor_of(given)
    made: Export = with_ledger(
        lambda ledger: ledger.export(
            noun or "offender", name, given.purpose, given.recipient, by, printed=not given.without_pdf
        )
    )
    _write(given.output, made.data)
    body = {"file": str(given.output), "bytes": len(made.data), "words": list(made.words)}
    say(given, body, lambda: _lines(made.words))
    return 0


def verify(given: argparse.Namespace) -> int:
    """Check a bundle.  0: everything holds under a key that was given; 1: it does not, or no key was given."""
    _, report = _read(given.file, given.key, given.roots)
    words, seen = report.words(), report.counted
    body = {
        "ok": report.ok,
        "finding": None if report.finding is None else report.finding._asdict(),
        "words": words,
        "case": seen.case or None,
        "facts": seen.facts,
        "withheld_whole": seen.withheld_whole,
        "cosigned": [{"witness": each.witness, "size": each.size} for each in seen.cosigned],
        "stamped": [{"size": each.size, "at": each.at} for each in seen.stamped],
        "values": {"opened": seen.opened, "withheld": seen.withheld, "erased": seen.erased},
    }
    say(given, body, lambda: _lines(words))
    return 0 if report.ok else 1


def trail(given: argparse.Namespace) -> int:
    """Take the decisions of a bundle again, or one of them.  0: what can be re-run comes out the same, under a key that
    was given; 1: not so."""
    data, report = _read(given.bundle, given.key)
    if report.finding is not None:
        say(given, {"ok": False, "words": report.words()}, lambda: _lines(report.words()))
        return 1
    files = unpack(data)
    first = report.words()[0]
    if given.position is None:
        found = decisions_in(files)
        body: dict[str, Any] = {"ok": report.ok, "items": found}
        lines = [f"{each['position']:>8}  {each['title']}: {each['says']}" for each in found]
        say(given, body, lambda: _lines([first, *lines] if lines else [first, "There is no decision in it."]))
        outcomes = {each["outcome"] for each in found}
    else:
        one = trail_in(files, given.position)

        def show() -> None:
            _lines([first])
            tree(one)

        say(given, one | {"ok": report.ok}, show)
        outcomes = {one["rerun"]["outcome"]}
    return 0 if report.ok and "differs" not in outcomes else 1


def _read(file: Path, keys: Sequence[str], roots: Path | None = None) -> tuple[bytes, BundleReport]:
    """A bundle, and what its verification came to.  Raises Setup, Malformed."""
    if not file.is_file():
        raise Setup(f"There is no file {file}.")
    if file.stat().st_size > _LARGEST:
        raise Setup(f"{file} is too large to be a bundle.")
    data = file.read_bytes()
    try:
        return data, verify_bundle(data, keys, roots_at(roots) if roots else ())
    except FormatError as wrong:
        raise Malformed(f"--key: {wrong}.") from wrong


def _write(file: Path, data: bytes) -> None:
    """For its owner's eyes; whole or not at all."""
    draft = file.with_name(f".{file.name}.draft")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
        opened.write(data)
        opened.flush()
        os.fsync(opened.fileno())
    draft.replace(file)


def _lines(words: Sequence[str]) -> None:
    for each in words:
        out.print(each, markup=False, highlight=False, soft_wrap=True)
