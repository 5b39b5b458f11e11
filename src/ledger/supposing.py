"""Two answers set side by side: `ledger what-if`, the caseload under two editions of the law, and `ledger case ID
compare`, a case at two moments; and `ledger report`, numbers over the whole caseload.

Proven by tests/following/test_supposing.py, tests/api/test_compare.py and tests/test_cli.py.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ledger.aggregates.roles import SENIOR_OR_ABOVE
from ledger.application import Ledger
from ledger.askers import reader_of
from ledger.errors import Forbidden, Malformed
from ledger.verbs import day_of, instant_of, out, progress_bar, say, with_ledger


def what_if(given: argparse.Namespace) -> int:
    """With a progress bar; exit 1 if a case could not be compared."""
    day = day_of(given.as_at) if given.as_at else None

    by = reader_of(given)

    async def use(ledger: Ledger) -> dict[str, Any]:
        with progress_bar() as bar:
            task = bar.add_task("what if", total=None)

            def told(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            return await ledger.what_if(given.edition, given.against, day, told, reader=by)

    found = with_ledger(use)
    say(given, found, lambda: _shown(_lines(found)))
    return 1 if found["paused"] else 0


def _shown(lines: Iterable[str]) -> None:
    for line in lines:
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


def compare(given: argparse.Namespace) -> int:
    """What was said of a case at two moments: a line for each fact and each member of a view that differs; exit 0."""
    if given.known_at is None:
        raise Malformed("Say as known when: ledger case ID compare --known-at INSTANT [--with INSTANT]")
    noun, _, name = str(given.id).rpartition("/")
    as_at = day_of(given.as_at) if given.as_at else None
    known_at, with_ = instant_of(given.known_at), instant_of(given.with_, "--with") if given.with_ else None
    by = reader_of(given)

    async def use(ledger: Ledger) -> dict[str, Any]:
        return await ledger.compare(
            noun or "offender",
            name,
            known_at=known_at,
            with_=with_,
            as_at=as_at,
            reader=by,
            edition=given.edition,
        )

    found = with_ledger(use)
    say(given, found, lambda: _shown(_differences(found)))
    return 0


def _differences(found: Mapping[str, Any]) -> Iterator[str]:
    then, now = found, found["with"]
    yield f"as known {then['known_at']:%d %b %Y %H:%M:%S} (position {then['position']}), as at {then['as_at']}"
    yield f"and {now['known_at']:%d %b %Y %H:%M:%S} (position {now['position']}), as at {now['as_at']}:"
    for each in found["facts"]:
        if "limited" in each:
            yield "  a fact of a case with limited access"
            continue
        fields = "; ".join(f"{name} {was} -> {reads}" for name, (was, reads) in each["fields"].items())
        yield f"  {each['change']}: {each['title']} at {each['position']}{': ' if fields else ''}{fields}"
    for each in found["statuses"]:
        yield f"  {each['view']} {each['at']}: {each['before']} -> {each['after']}"
    if not found["facts"] and not found["statuses"]:
        yield "  nothing differs"


def report(given: argparse.Namespace) -> int:
    """Numbers over the whole caseload, a line each; for senior practitioners and above, as over HTTP."""
    day, by = day_of(given.as_at) if given.as_at else None, reader_of(given)
    if by.by.role not in SENIOR_OR_ABOVE:
        raise Forbidden(f"Reports are read by {', '.join(sorted(SENIOR_OR_ABOVE))}; not by {by.by.role}.")

    async def use(ledger: Ledger) -> dict[str, Any]:
        await ledger.follower.catch_up()
        return await ledger.report(given.name, day, reader=by)

    found = with_ledger(use)
    say(given, found, lambda: _shown(_of_report(found)))
    return 0


def _of_report(found: Mapping[str, Any]) -> Iterator[str]:
    yield f"as at {found['as_at']}, up to position {found['position']}; {found['left_out']} left out"
    for each in found["items"]:
        yield "  " + ", ".join(f"{name} {value}" for name, value in each.items() if name != "by")
        for one in each.get("by", ()):
            yield "    " + ", ".join(f"{name} {value}" for name, value in one.items())
