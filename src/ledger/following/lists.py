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
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import orjson

from ledger.aggregates import noun_of
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Recorded
from ledger.aggregates.units import unit_of
from ledger.errors import Malformed, NotYetProjected, Unavailable
from ledger.following.folding import Folder, Paused, parts_of, reason_of
from ledger.following.places import place_of
from ledger.projections import Worklist
from ledger.projections.schedule import heard
from ledger.projections.why import Row
from ledger.store.cases import POLICY_STREAMS, Cases
from ledger.store.database import EVERY, Database, Only, Place
from ledger.store.mapping import Stored

PAGE: Final = 100  # rows
LONGEST_PAGE: Final = 1_000
EVERY_ROW: Final = 1_000_000
FAR_BEHIND: Final = 5_000  # facts: folding what they moved takes as long as folding everything
WAIT_SECONDS: Final = 5.0
NO_CURSOR: Final = "cursor: give the one that the last page named as next."
_LOOK_SECONDS: Final = 0.02
_A_PLACE: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}) ([a-z-]{1,40}-[0-9a-f-]{36}) ([0-9]{1,10})")


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a worklist.  `next`: the cursor of the following page; `paused`: cases whose rows may be old."""

    items: list[Row]
    next: str | None
    position: int
    paused: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a worklist: the rows on a day, which of them, after a cursor, at most so many."""

    day: date
    only: Only = EVERY
    cursor: str = ""
    most: int = PAGE


async def page(database: Database, worklist: Worklist, asked: Question, policy: Policy) -> Page:
    """A page from the table.  Raises NotYetProjected where it is not built yet, Malformed for a strange cursor."""
    after = _place(asked.cursor)
    found = await database.worklist(worklist.name, worklist.version, asked.day, asked.only, after, asked.most + 1)
    if found is None:
        raise NotYetProjected(f"The worklist {worklist.name} is being built. Ask again in a moment.")
    position, rows = found
    paused = [
        _told(worklist, case_id, position, reason)
        for case_id, position, reason in await database.paused()
        if noun_of(case_id) == worklist.noun
    ]
    return _page(worklist, asked, rows, policy.as_known(position), position, paused)


def _page(
    worklist: Worklist,
    asked: Question,
    rows: Sequence[tuple[Place, bytes]],
    policy: Policy,
    position: int,
    paused: list[dict[str, Any]],
) -> Page:
    """A page of these rows, which are one more than it holds where another follows; `policy` as known then."""
    shown = rows[: asked.most]
    items = [worklist.ages(orjson.loads(data), asked.day, policy) for _, data in shown]
    return Page(items, _cursor(shown[-1][0]) if len(rows) > len(shown) else None, position, paused)


def _told(worklist: Worklist, stream: str, position: int, reason: str) -> dict[str, Any]:
    return {worklist.names_case: stream[-36:], "position": position, "reason": reason}


async def folded(
    database: Database, cases: Cases, worklist: Worklist, asked: Question, policy: Policy, upto: int
) -> Page:
    """The same as known at a position, folded case by case."""
    after = _place(asked.cursor)
    found, paused = await _rows(
        Folder(database, cases), worklist, await database.streams(worklist.noun), asked, policy, upto
    )
    rest = sorted((each for each in found if _order(each[0]) > _order(after)), key=lambda each: _order(each[0]))
    return _page(worklist, asked, rest[: asked.most + 1], policy.as_known(upto), upto, paused)


async def whole(database: Database, cases: Cases, worklist: Worklist, day: date, policy: Policy, upto: int) -> Page:
    """Every row on a day, as known at a position that was the newest just now, or at a newer one, which the page names.

    The table's rows, and in the place of those of cases that moved since the table what they fold to.  All are folded
    where there is no such table, it is far behind, a setting moved since, or a case could not be folded for it.
    """
    asked = Question(day, most=EVERY_ROW)
    found = await database.worklist(worklist.name, worklist.version, day, asked.only, Place(), asked.most)
    position, rows = found or (-FAR_BEHIND, [])
    if upto - position >= FAR_BEHIND or await database.paused():
        return await folded(database, cases, worklist, asked, policy, upto)
    since = [Stored.of(number, entry) for number, _, entry in await database.entries(position + 1, upto)]
    if any(each.members["stream"] in POLICY_STREAMS for each in since):
        return await folded(database, cases, worklist, asked, policy, upto)
    folder, upto = Folder(database, cases), max(position, upto)
    moved = [each for each in await folder.touched_by(since, upto) if noun_of(each) == worklist.noun]
    again, paused = await _rows(folder, worklist, moved, asked, policy, upto)
    kept = [each for each in rows if each[0].case_id not in moved]
    every = sorted((*kept, *again), key=lambda each: _order(each[0]))
    return _page(worklist, asked, every, policy.as_known(upto), upto, paused)


async def _rows(
    folder: Folder, worklist: Worklist, streams: Sequence[str], asked: Question, policy: Policy, upto: int
) -> tuple[list[tuple[Place, bytes]], list[dict[str, Any]]]:
    """The rows of these cases as known at a position, and which of the cases cannot be folded."""
    found: list[tuple[Place, bytes]] = []
    paused: list[dict[str, Any]] = []
    for part in parts_of(streams):
        for stream, history in (await folder.histories(part, upto)).items():
            try:
                rows = (
                    history if isinstance(history, Paused) else _rows_of(worklist, stream, history, asked, policy, upto)
                )
            except Unavailable:
                raise
            except Exception as problem:
                rows = Paused(reason_of(problem))
            if isinstance(rows, Paused):
                paused.append(_told(worklist, stream, upto, rows.reason))
            else:
                found += rows
    return found, paused


def _rows_of(
    worklist: Worklist, stream: str, history: Sequence[Recorded[Any]], asked: Question, policy: Policy, upto: int
) -> list[tuple[Place, bytes]]:
    """The rows of one case with their places."""
    if asked.only.unit not in ("", unit_of(stream, history)):
        return []
    rows = worklist.rows_of(stream, heard(worklist, stream, history), policy, asked.day, upto)
    ranked = sorted((worklist.rank_of(row), orjson.dumps(row)) for row in rows)
    taken: set[int] = set()
    placed = [(rank, Place(rank.isoformat(), stream, place_of(data, taken)), data) for rank, data in ranked]
    return [(place, data) for rank, place, data in placed if asked.only.takes(rank, data)]


def _order(place: Place) -> tuple[str, str, int]:
    return place.rank, place.case_id, place.n


def _cursor(place: Place) -> str:
    return base64.urlsafe_b64encode(f"{place.rank} {place.case_id} {place.n}".encode()).decode().rstrip("=")


def _place(cursor: str) -> Place:
    if not cursor:
        return Place()
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        rank, case_id, n = _A_PLACE.fullmatch(text).groups()  # type: ignore[union-attr]
        date.fromisoformat(rank)
    except (binascii.Error, ValueError, AttributeError) as wrong:
        raise Malformed(NO_CURSOR, {"cursor": "not a cursor"}) from wrong
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
