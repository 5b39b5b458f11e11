"""The tables of the schema `projections` as a follower writes them; every statement that changes them stands here.

A `Tables` is one connection of the application's role.  Whoever moves rows holds the one row of `followed` meanwhile,
so there may be any number of followers: one works, the others wait or find nothing to do.

Proven by tests/following/.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Self

import orjson
import psycopg
from psycopg import sql

from ledger.following.folding import Paused, can_move
from ledger.following.lines import CHANGE, COPY, changed, copied
from ledger.projections import WORKLISTS
from ledger.projections.schedule import Projected

SEALED: Final = "sealed"  # the channel on which the sequencer says that there is something new


@dataclass(frozen=True, slots=True)
class Built:
    """How what is built stands to this code.

    `live`: the generation of each worklist that is as this code builds it; `missing`: those that are not there, or of
    an older version; `newer`: those of a newer version, or that this code does not know: newer code follows here.
    """

    live: Mapping[str, int]
    missing: frozenset[str]
    newer: frozenset[str]


class Tables:
    """One connection to them."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self.connection = connection

    @classmethod
    async def connect(cls, conninfo: str, role: str) -> Self:
        """Raises psycopg.OperationalError."""
        # Left alone until it ends: uvloop, if the loop is one, aborts the process where a cancellation closes a socket.
        connecting = asyncio.ensure_future(
            psycopg.AsyncConnection.connect(conninfo, autocommit=True, connect_timeout=5)
        )
        try:
            connection = await asyncio.shield(connecting)
        except asyncio.CancelledError:
            with contextlib.suppress(psycopg.Error, OSError):
                await (await connecting).close()
            raise
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
            query = "SELECT position FROM projections.followed FOR UPDATE"
            query = query if wait else f"{query} SKIP LOCKED"
            found = await self._all(query)
            if not found:  # nobody ever followed, or somebody does
                await self.connection.execute(
                    "INSERT INTO projections.followed (position) VALUES (0) ON CONFLICT DO NOTHING"
                )
                found = await self._all(query)
            yield found[0][0] if found else None

    async def followed(self, position: int) -> None:
        """Everything up to a position is in the tables."""
        await self.connection.execute("UPDATE projections.followed SET position = %s", (position,))

    # ------------------------------------------------------------------------------------ generations

    async def generations(self) -> dict[str, tuple[int, int]]:
        """(generation, version) of each worklist that is read."""
        found = await self._all("SELECT name, generation, version FROM projections.worklists")
        return {name: (generation, version) for name, generation, version in found}

    async def built(self) -> Built:
        """How what is built stands to this code."""
        there, ours = await self.generations(), {name: each.version for name, each in WORKLISTS.items()}
        return Built(
            live={name: generation for name, (generation, version) in there.items() if ours.get(name) == version},
            missing=frozenset(name for name, version in ours.items() if there.get(name, (0, 0))[1] < version),
            newer=frozenset(name for name, (_, version) in there.items() if version > ours.get(name, 0)),
        )

    async def swap_in(self, generations: Mapping[str, int]) -> None:
        """From now on these generations are read; if they are all that this code knows, nothing else is."""
        if generations.keys() == WORKLISTS.keys():
            await self.connection.execute("DELETE FROM projections.worklists")
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

    async def new_generation(self) -> int:
        """A number that no generation ever had."""
        return int((await self._all("SELECT nextval('projections.generations')"))[0][0])

    async def carry_over(self, names: Sequence[str], generations: Mapping[str, int]) -> None:
        """The rows of these cases in the generations that are read now become theirs in these new ones."""
        live = (await self.built()).live
        lists = [name for name in generations if name in live]
        old, new = [live[name] for name in lists], [generations[name] for name in lists]
        await self.connection.execute(
            "DELETE FROM projections.rows WHERE case_id = ANY(%s::text[])"
            " AND (worklist, generation) IN (SELECT * FROM unnest(%s::text[], %s::int[]))",
            (list(names), lists, new),
        )
        await self.connection.execute(
            "INSERT INTO projections.rows (case_id, worklist, generation, n, unit, rank, since, until, row)"
            " SELECT case_id, worklist, new, n, unit, rank, since, until, row"
            " FROM unnest(%s::text[], %s::int[], %s::int[]) AS w (worklist, generation, new)"
            " JOIN projections.rows USING (worklist, generation) WHERE case_id = ANY(%s::text[])",
            (lists, old, new, list(names)),
        )

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

        `fresh`: nothing was there yet.  A case that could not be folded keeps what it has.
        """
        # In one order whoever writes: a rebuild and a follower must not wait for each other.
        folded = {name: each for name, each in sorted(found.items()) if isinstance(each, Projected)}
        if fresh:
            async with self.connection.cursor().copy(COPY.encode()) as copy:
                await copy.write(copied(folded, generations))
        else:
            await self.connection.execute(CHANGE.encode(), changed(folded, generations))
        await self._asked(folded, position)

    async def tell(self, found: Mapping[str, Projected | Paused], since: Mapping[str, int]) -> None:
        """List the cases that could not be folded, with the first fact that is not in their rows, and no others.

        Only for what was put in every worklist that is read: a case is off the list when all its rows are current.
        """
        sound = [name for name, each in found.items() if isinstance(each, Projected)]
        await self.connection.execute("DELETE FROM projections.paused WHERE case_id = ANY(%s::text[])", (sound,))
        for name, each in found.items():
            if isinstance(each, Paused):
                await self.connection.execute(
                    "INSERT INTO projections.paused (case_id, position, reason) VALUES (%s, %s, %s)"
                    " ON CONFLICT (case_id) DO UPDATE SET reason = excluded.reason",
                    (name, since[name], each.reason),
                )

    async def _asked(self, folded: Mapping[str, Projected], position: int) -> None:
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

    async def movable(self, moved: Mapping[str, date]) -> list[str]:
        """The cases that a policy can move whose answers changed so (`Policy.moved`)."""
        if not moved:
            return []
        asked = await self._all("SELECT case_id, asked FROM projections.cases ORDER BY case_id")
        return [case_id for case_id, text in asked if can_move(orjson.loads(text), moved)]

    async def paused(self) -> list[tuple[str, int, str]]:
        """(case, position, reason) of each case that could not be folded."""
        return await self._all("SELECT case_id, position, reason FROM projections.paused ORDER BY position")
