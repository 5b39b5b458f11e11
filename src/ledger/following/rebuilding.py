"""Rebuilding: worklists made anew beside the live ones, then swapped in; what is interrupted leaves the live ones.

    1  the next generation of each named worklist, as known at the position the follower has reached
    2  what was sealed meanwhile, again and again until little is left
    3  with the follower held: the rest, and the swap, in one transaction
    4  the rows of the old generation go

A case that cannot be folded keeps, in the new generation, the rows it had; those that could not be are tried once more
at the swap.  Until then nothing of it shows: which cases are paused is the live tables' to say.

Only one rebuild runs at a time (an advisory lock); what an interrupted one left is removed by the next.

Proven by tests/following/test_rebuilding.py.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final

from ledger.errors import Conflict
from ledger.following.folding import NOUNS, Folder, Paused, parts_of
from ledger.following.tables import Tables
from ledger.following.workers import Where, Workers
from ledger.projections import WORKLISTS
from ledger.store.database import Database
from ledger.store.mapping import Stored

CASES_AT_ONCE: Final = 100
FACTS_AT_ONCE: Final = 1_000
WORTH_WORKERS: Final = 8  # parts: below, starting processes takes longer than folding
PARTS_AHEAD: Final = 3  # that a worker is given at once: nobody gives it more while one is folded here
LITTLE: Final = 500  # facts that may be left for the moment in which the follower is held
_LOCK: Final = 0x5EB01D


class Rebuild:
    """One rebuild.  `progress` hears of (cases done, cases in all); `where` lets it use every processor."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[Tables]],
        folder: Folder,
        database: Database,
        progress: Callable[[int, int], None] = lambda done, total: None,
        where: Where | None = None,
    ) -> None:
        self._connect = connect
        self._folder = folder
        self._database = database
        self._progress = progress
        self._where = where
        self._paused: set[str] = set()  # cases that could not be folded when they were met

    async def run(self, names: Collection[str] = tuple(WORKLISTS)) -> int:
        """Build these worklists anew and swap them in; how many cases were folded.  Raises Conflict if another runs."""
        tables = await self._connect()
        try:
            if not await tables.try_lock(_LOCK):
                raise Conflict("Another rebuild is under way. Wait until it has ended.")
            await tables.drop_old()
            generations = dict.fromkeys(names, await tables.new_generation())
            upto = await self._reachable(tables, generations)
            count = await self._build(tables, generations, upto)
            while (reachable := await self._reachable(tables, generations)) - upto > LITTLE:
                upto = await self._follow(tables, generations, upto, min(upto + FACTS_AT_ONCE, reachable))
            await self._swap(tables, generations, upto)
            await tables.drop_old()
            return count
        finally:
            await tables.close()

    async def _reachable(self, tables: Tables, generations: dict[str, int]) -> int:
        """How far to build: as far as the worklists that stay are, or to the end of the log if none does."""
        stay = (await tables.built()).live.keys() - generations.keys()
        followed = await self._database.followed()
        return followed.position if stay else followed.size

    async def _build(self, tables: Tables, generations: dict[str, int], upto: int) -> int:
        nouns = {WORKLISTS[name].noun for name in generations}
        streams = [each for noun in sorted(nouns & NOUNS) for each in await self._database.streams(noun)]
        parts = [streams[start : start + CASES_AT_ONCE] for start in range(0, len(streams), CASES_AT_ONCE)]
        if self._where is None or len(parts) < WORTH_WORKERS or processors() == 1:
            done = 0
            for part in parts:
                await self._write(tables, part, generations, upto, fresh=True)
                done += len(part)
                self._progress(done, len(streams))
        else:
            async with Workers(self._where, processors() - 1) as workers:
                await self._shared_out(tables, workers, parts, generations, upto)
        return len(streams)

    async def _shared_out(
        self,
        tables: Tables,
        workers: Workers,
        parts: Sequence[Sequence[str]],
        generations: dict[str, int],
        upto: int,
    ) -> None:
        """Every processor folds: one here, the others in workers, which always have their next parts at hand."""
        waiting, done, total = iter(parts), 0, sum(map(len, parts))

        async def here(part: Sequence[str]) -> None:
            await self._write(tables, part, generations, upto, fresh=True)

        async def there(part: Sequence[str]) -> None:
            self._paused.update(await workers.write(part, generations, upto))

        async def one_after_another(write: Callable[[Sequence[str]], Awaitable[None]]) -> None:
            nonlocal done
            for part in waiting:
                await write(part)
                done += len(part)
                self._progress(done, total)

        try:
            async with asyncio.TaskGroup() as group:
                for write in (*[there] * (PARTS_AHEAD * workers.count), here):
                    group.create_task(one_after_another(write))
        except ExceptionGroup as several:  # one that failed stops the others: whoever asked is told that one
            raise several.exceptions[0] from None

    async def _write(
        self, tables: Tables, streams: Sequence[str], generations: dict[str, int], upto: int, *, fresh: bool
    ) -> None:
        found = await self._folder.fold(streams, upto)
        async with tables.connection.transaction():
            await tables.replace(found, generations, upto, fresh=fresh)
        for name, each in found.items():
            (self._paused.add if isinstance(each, Paused) else self._paused.discard)(name)

    async def _follow(self, tables: Tables, generations: dict[str, int], after: int, upto: int) -> int:
        """What was sealed meanwhile, up to a position or the end of the log."""
        entries = await self._database.entries(after + 1, upto)
        stored = [Stored.of(position, entry) for position, _, entry in entries]
        if not stored:
            return after
        upto = stored[-1].position
        touched = await self._folder.touched_by(stored, upto)
        touched |= dict.fromkeys(await tables.movable(await self._folder.moved(stored)), 0)
        for part in parts_of(list(touched)):
            await self._write(tables, part, generations, upto, fresh=False)
        return upto

    async def _swap(self, tables: Tables, generations: dict[str, int], upto: int) -> None:
        """The rest, and the swap, while the follower is held."""
        async with tables.held():
            reachable = await self._reachable(tables, generations)
            while upto < reachable:
                upto = await self._follow(tables, generations, upto, min(upto + FACTS_AT_ONCE, reachable))
            again = dict.fromkeys(sorted({*self._paused, *(name for name, _, _ in await tables.paused())}), upto)
            await tables.carry_over(list(again), generations)
            await tables.swap_in(generations)
            live = (await tables.built()).live
            for part in parts_of(list(again)):
                found = await self._folder.fold(part, upto)
                await tables.replace(found, live, upto)
                await tables.tell(found, again)
            await tables.followed(upto)


def processors() -> int:
    """As many as this process may run on."""
    return len(os.sched_getaffinity(0))
