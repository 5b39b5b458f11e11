"""The tables of the schema `projections` as a follower writes them; every statement that changes them stands here.

A `Tables` is one connection of the application's role.  Whoever moves rows holds the one row of `followed` meanwhile,
so there may be any number of followers: one works, the others wait or find nothing to do.

Proven by tests/following/.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Any, Final, Self

import orjson
import psycopg
from psycopg import sql

from ledger.following.folding import Moved, Paused, can_move
from ledger.projections import WORKLISTS
from ledger.projections.schedule import Projected, Span

SEALED: Final = "sealed"  # the channel on which the sequencer says that there is something new
_ROWS: Final = (
    "COPY projections.rows (case_id, worklist, generation, n, unit, rank, since, until, row) FROM STDIN (FORMAT BINARY)"
)
_ROW_TYPES: Final = ("text", "text", "int4", "int4", "text", "date", "date", "date", "bytea")


class Tables:
    """One connection to them."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self.connection = connection

    @classmethod
    async def connect(cls, conninfo: str, role: str) -> Self:
        """Raises psycopg.OperationalError."""
        connection = await psycopg.AsyncConnection.connect(conninfo, autocommit=True, connect_timeout=5)
        await connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
        await connection.execute("SET synchronous_commit = off")  # whatever a crash takes away is folded again
        return cls(connection)

    async def close(self) -> None:
        await self.connection.close()

    async def _all(self, query: str, *params: Any) -> list[Any]:
        return await (await self.connection.execute(query.encode(), params)).fetchall()

    async def try_lock(self, number: int) -> bool:
        """Take an advisory lock until the connection ends; False if somebody has it."""
        return bool((await self._all("SELECT pg_try_advisory_lock(%s)", number))[0][0])

    # ------------------------------------------------------------------------------------ position

    @asynccontextmanager
    async def held(self, *, wait: bool = True) -> AsyncGenerator[int | None]:
        """A transaction that holds the row of `followed`: its position, or None if another follower holds it."""
        async with self.connection.transaction():
            await self.connection.execute(
                "INSERT INTO projections.followed (position) VALUES (0) ON CONFLICT DO NOTHING"
            )
            query = "SELECT position FROM projections.followed FOR UPDATE"
            found = await self._all(query if wait else f"{query} SKIP LOCKED")
            yield found[0][0] if found else None

    async def followed(self, position: int) -> None:
        """Everything up to a position is in the tables."""
        await self.connection.execute("UPDATE projections.followed SET position = %s", (position,))

    # ------------------------------------------------------------------------------------ generations

    async def generations(self) -> dict[str, tuple[int, int]]:
        """(generation, version) of each worklist that is read."""
        found = await self._all("SELECT name, generation, version FROM projections.worklists")
        return {name: (generation, version) for name, generation, version in found}

    async def live(self) -> dict[str, int]:
        """The generation of each worklist of this code that this code's version built."""
        return {
            name: generation
            for name, (generation, version) in (await self.generations()).items()
            if name in WORKLISTS and WORKLISTS[name].version == version
        }

    async def swap_in(self, generations: Mapping[str, int]) -> None:
        """From now on these generations are read."""
        for name, generation in generations.items():
            await self.connection.execute(
                "INSERT INTO projections.worklists (name, generation, version) VALUES (%s, %s, %s)"
                " ON CONFLICT (name) DO UPDATE SET generation = excluded.generation, version = excluded.version",
                (name, generation, WORKLISTS[name].version),
            )

    async def drop_old(self) -> None:
        """Remove the rows of generations that nobody reads, of worklists that are no more, too."""
        await self.connection.execute(
            "DELETE FROM projections.rows AS r WHERE NOT EXISTS (SELECT FROM projections.worklists AS w"
            " WHERE w.name = r.worklist AND w.generation = r.generation)"
        )

    async def newest_generation(self) -> int:
        """The highest generation of which there is anything."""
        found = await self._all(
            "SELECT greatest((SELECT max(generation) FROM projections.worklists),"
            " (SELECT max(generation) FROM projections.rows))"
        )
        return found[0][0] or 0

    # ------------------------------------------------------------------------------------ rows

    async def replace(
        self,
        found: Mapping[str, Projected | Paused],
        generations: Mapping[str, int],
        position: int,
        *,
        fresh: bool = False,
    ) -> None:
        """Put what was folded as known at a position in the place of what was there, in these generations.

        `fresh`: nothing was there yet.
        """
        folded = {name: each for name, each in found.items() if isinstance(each, Projected)}
        names, numbers = list(folded), list(generations.items())
        if not fresh:
            await self.connection.execute(
                "DELETE FROM projections.rows WHERE case_id = ANY(%s::text[]) AND (worklist, generation) IN"
                " (SELECT * FROM unnest(%s::text[], %s::int[]))",
                (names, [name for name, _ in numbers], [number for _, number in numbers]),
            )
        await self._add(folded, generations, position)
        await self.connection.execute("DELETE FROM projections.paused WHERE case_id = ANY(%s::text[])", (names,))
        for name, each in found.items():
            if isinstance(each, Paused):
                await self.connection.execute(
                    "INSERT INTO projections.paused (case_id, position, reason) VALUES (%s, %s, %s)"
                    " ON CONFLICT (case_id) DO UPDATE SET reason = excluded.reason",
                    (name, position, each.reason),
                )

    async def _add(self, folded: Mapping[str, Projected], generations: Mapping[str, int], position: int) -> None:
        async with self.connection.cursor().copy(_ROWS.encode()) as copy:
            copy.set_types(_ROW_TYPES)
            for line in _lines(folded, generations):
                await copy.write_row(line)
        await self.connection.execute(
            "INSERT INTO projections.cases (case_id, position, unit, asked)"
            " SELECT * FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::text[])"
            " ON CONFLICT (case_id) DO UPDATE SET position = excluded.position, unit = excluded.unit,"
            " asked = excluded.asked WHERE cases.position <= excluded.position",
            (
                list(folded),
                [position] * len(folded),
                [each.unit for each in folded.values()],
                [orjson.dumps(each.asked).decode() for each in folded.values()],
            ),
        )

    async def movable(self, moved: Collection[Moved]) -> list[str]:
        """The cases that these facts of the policy can move."""
        if not moved:
            return []
        asked = await self._all("SELECT case_id, asked FROM projections.cases ORDER BY case_id")
        return [case_id for case_id, text in asked if can_move(orjson.loads(text), moved)]

    async def paused(self) -> list[tuple[str, int, str]]:
        """(case, position, reason) of each case that could not be folded."""
        return await self._all("SELECT case_id, position, reason FROM projections.paused ORDER BY position")


def _lines(folded: Mapping[str, Projected], generations: Mapping[str, int]) -> Iterable[Sequence[Any]]:
    for case_id, each in folded.items():
        numbers: dict[str, int] = {}
        for span in sorted(each.spans, key=_order):
            generation = generations.get(span.worklist)
            if generation is not None:
                n = numbers[span.worklist] = numbers.get(span.worklist, 0) + 1
                yield case_id, span.worklist, generation, n, each.unit, span.rank, span.since, span.until, span.row


def _order(span: Span) -> tuple[date, bytes, date]:
    return span.rank, span.row, span.since
