"""The verb `ledger what-if`: which cases of the whole caseload would stand otherwise under an edition of the law.

Proven by tests/following/test_supposing.py.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from ledger.application import Ledger
from ledger.askers import reader_of
from ledger.errors import Malformed
from ledger.reading import a_day
from ledger.verbs import out, progress_bar, say, with_ledger


def what_if(given: argparse.Namespace) -> int:
    """With a progress bar; exit 1 if a case could not be compared."""
    try:
        day = a_day(given.as_at) if given.as_at else None
    except ValueError as wrong:
        raise Malformed(f"--as-at: {wrong}.") from wrong

    by = reader_of(given)

    async def use(ledger: Ledger) -> dict[str, Any]:
        with progress_bar() as bar:
            task = bar.add_task("what if", total=None)

            def told(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            return await ledger.what_if(given.edition, given.against, day, told, reader=by)

    found = with_ledger(use)
    say(given, found, lambda: _shown(found))
    return 1 if found["paused"] else 0


def _shown(found: Mapping[str, Any]) -> None:
    for line in _lines(found):
        out.print(line, markup=False, highlight=False, soft_wrap=True)


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    against = found["against"] or "what is in force"
    cases, differ, orders = found["cases"], found["cases_that_differ"], found["orders_that_differ"]
    yield f"{found['edition']} against {against}, as at {found['as_at']}: {differ:,} of {cases:,} cases would differ."
    yield f"{orders:,} orders differ: " + ", ".join(f"{name} {count:,}" for name, count in found["differs"].items())
    for each in found["items"]:
        if "differs" not in each:
            yield "  a case whose reading is limited"
            continue
        differs = "; ".join(f"{name} {before} -> {after}" for name, (before, after) in each["differs"].items())
        yield f"  {each['offender_id']} order {each['order_id']}: {differs}"
    for each in found["paused"]:
        yield f"  {each.get('offender_id', 'a case whose reading is limited')}: cannot be compared"
