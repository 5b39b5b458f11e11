"""A worklist read from its table: any day, one unit or all, page by page; and waiting until a position is projected.

A page holds the rows of one day as the log has it up to `position`, oldest first.  Cases that cannot be folded are
named in it: their rows may be out of date.  As known at an earlier moment no table helps: the cases are folded as of
that position, which takes as long as there are cases.

Proven by tests/following/test_lists.py.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import orjson

from ledger.aggregates import AGGREGATES
from ledger.aggregates.policy import Policy
from ledger.errors import Malformed, NotYetProjected
from ledger.projections import Worklist
from ledger.projections.schedule import heard, unit_of
from ledger.projections.why import Row
from ledger.store.cases import Cases
from ledger.store.database import Database, Place

PAGE: Final = 100  # rows
LONGEST_PAGE: Final = 1_000
WAIT_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 0.02
_A_PLACE: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}) ([a-z-]{1,40}-[0-9a-f-]{36}) ([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a worklist.  `next`: the cursor of the following page; `paused`: cases whose rows may be old."""

    items: list[Row]
    next: str | None
    position: int
    paused: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a worklist: the rows on a day, of a unit (or all), after a cursor, at most so many."""

    day: date
    unit: str = ""
    cursor: str = ""
    most: int = PAGE


async def page(database: Database, worklist: Worklist, asked: Question, policy: Policy) -> Page:
    """A page from the table.  Raises NotYetProjected where it is not built yet, Malformed for a strange cursor."""
    after = _place(asked.cursor) if asked.cursor else Place()
    followed = await database.followed()
    rows = await database.worklist(worklist.name, worklist.version, asked.day, asked.unit, after, asked.most + 1)
    if rows is None:
        raise NotYetProjected(f"The worklist {worklist.name} is being built. Ask again in a moment.")
    shown = rows[: asked.most]
    items = [worklist.ages(orjson.loads(data), asked.day, policy) for _, data in shown]
    further = _cursor(shown[-1][0]) if len(rows) > len(shown) else None
    return Page(items, further, followed.position, await _paused(database, worklist))


async def _paused(database: Database, worklist: Worklist) -> list[dict[str, Any]]:
    """The cases of its noun that cannot be folded."""
    noun = f"{worklist.noun}-"
    return [
        {worklist.names_case: case_id[-36:], "position": position, "reason": reason}
        for case_id, position, reason in await database.paused()
        if case_id.startswith(noun) and len(case_id) == len(noun) + 36
    ]


async def folded(
    database: Database, cases: Cases, worklist: Worklist, asked: Question, policy: Policy, upto: int
) -> Page:
    """The same as known at a position, folded case by case."""
    opens = AGGREGATES[worklist.noun].opens
    found: list[tuple[date, str, bytes]] = []
    for stream in await database.streams(worklist.noun):
        history = await cases.records(await database.chain(stream, upto), opens)
        if any(each.stream == stream for each in history) and asked.unit in ("", unit_of(stream, history)):
            rows = worklist.rows_of(stream, heard(worklist, stream, history), policy, asked.day, upto)
            found += [(worklist.rank_of(row), stream, orjson.dumps(row)) for row in rows]
    found.sort()
    first = int(asked.cursor) if asked.cursor.isdigit() else 0
    items = [worklist.ages(orjson.loads(row), asked.day, policy) for _, _, row in found[first : first + asked.most]]
    further = str(first + asked.most) if len(found) > first + asked.most else None
    return Page(items, further, upto, [])


def _cursor(place: Place) -> str:
    return base64.urlsafe_b64encode(f"{place.rank} {place.case_id} {place.n}".encode()).decode().rstrip("=")


def _place(cursor: str) -> Place:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        rank, case_id, n = _A_PLACE.fullmatch(text).groups()  # type: ignore[union-attr]
        date.fromisoformat(rank)
    except (binascii.Error, ValueError, AttributeError) as wrong:
        raise Malformed("cursor: give the one that the last page named as next.", {"cursor": "not a cursor"}) from wrong
    return Place(rank, case_id, int(n))


async def reached(database: Database, position: int) -> None:
    """Wait until a position is projected.  Raises NotYetProjected, with the position reached, after five seconds."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + WAIT_SECONDS
    while (followed := await database.followed()).position < position:
        if loop.time() >= ends:
            raise NotYetProjected(
                f"The worklists follow the ledger up to position {followed.position}, not yet {position}. "
                "Ask again in a moment.",
                followed.position,
            )
        await asyncio.sleep(_LOOK_SECONDS)
