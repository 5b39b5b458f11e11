"""The follower: from the last position on, fold what the new facts touch, write rows and position in one transaction.

So each fact is projected exactly once, whatever is killed when: the position and the rows it stands for are one
commit.  It is woken by a notification and polls as well, for a notification may be lost.  A case that cannot be folded
is paused and listed with its reason and position; its rows stay as they were, everybody else's move on, and it is
tried again with its next fact, at every start, and once a minute.

Any number of followers may run: one holds the row of `followed`, the others wait.  While the code of one release takes
over from another's, both may run: worklists of a newer version than its own, or that it does not know, tell a follower
that newer code follows here, and it stands aside, for it would pass facts by that it cannot put on them.  Whoever goes
back to the older code for good says so with `ledger rebuild`.  Proven by tests/following/.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Final

import psycopg

from ledger.errors import LedgerError
from ledger.following.folding import Folder, parts_of, reason_of
from ledger.following.rebuilding import Rebuild
from ledger.following.tables import SEALED, Built, Tables
from ledger.following.workers import Where
from ledger.store.cases import Cases
from ledger.store.database import Database
from ledger.store.mapping import Stored

log = logging.getLogger(__name__)

FACTS: Final = 1_000  # of one transaction
POLL_SECONDS: Final = 0.5
RETRY_SECONDS: Final = 60.0  # after which paused cases are tried again
AFTER_TROUBLE: Final = 1.0


class Follower:
    """Follows one ledger.  `connect` opens its tables, `database` and `cases` read the log and open values."""

    def __init__(
        self, connect: Callable[[], Awaitable[Tables]], database: Database, cases: Cases, where: Callable[[], Where]
    ) -> None:
        self._where = where
        self._connect = connect
        self._database = database
        self._cases = cases
        self._folder = Folder(database, cases)
        self._tables: Tables | None = None
        self._ear: Tables | None = None
        self._one_at_a_time = asyncio.Lock()
        self._retried: float = float("-inf")
        self._aside = False

    async def run(self) -> None:
        """Follow until cancelled; whatever is away meanwhile (database, vault) is waited for.

        What nobody thought of ends it as little: it is told, and tried again, and readiness says that nothing moves.
        """
        while True:
            try:
                await self.catch_up()
                await self._wait()
            except Exception as problem:
                expected = isinstance(problem, psycopg.Error | LedgerError | OSError)
                log.error("the follower waits: %s", type(problem).__name__ if expected else reason_of(problem))
                await self.close()
                await asyncio.sleep(AFTER_TROUBLE)

    async def catch_up(self) -> None:
        """Project everything that is sealed by now.  Raises psycopg.Error, LedgerError."""
        async with self._one_at_a_time:
            tables = await self._opened()
            built = await tables.built()
            self._stand_aside(built)
            if built.missing and not built.newer:
                await Rebuild(self._connect, self._folder, self._database, where=self._where()).run(built.missing)
            while await self._step(tables):
                pass

    async def close(self) -> None:
        """Let go of the connections."""
        tables, self._tables = self._tables, None
        ear, self._ear = self._ear, None
        for each in (tables, ear):
            if each is not None:
                with contextlib.suppress(psycopg.Error, OSError):
                    await each.close()

    async def _opened(self) -> Tables:
        if self._tables is None or self._tables.connection.closed:
            self._tables = await self._connect()
        return self._tables

    async def _wait(self) -> None:
        """Until something is sealed, or a moment has passed: a notification may be lost."""
        if self._ear is None or self._ear.connection.closed:
            self._ear = await self._connect()
            await self._ear.connection.execute(f"LISTEN {SEALED}".encode())
            return  # whatever was sealed before this ear was open
        async for _ in self._ear.connection.notifies(timeout=POLL_SECONDS, stop_after=1):
            return

    def _stand_aside(self, built: Built) -> None:
        if built.newer and not self._aside:
            log.warning(
                "newer code follows this ledger; this follower stands aside: %s", ", ".join(sorted(built.newer))
            )
        self._aside = bool(built.newer)

    async def _step(self, tables: Tables) -> bool:
        """Project the next batch of facts.  False when there is none, or another follower is at it."""
        async with tables.held(wait=False) as position:
            if position is None:
                return False
            built = await tables.built()
            if built.newer or built.missing:
                return False
            stored = [
                Stored.of(number, entry)
                for number, _, entry in await self._database.entries(position + 1, position + FACTS)
            ]
            again = await self._due_again(tables)
            if not stored and not again:
                return False
            upto = stored[-1].position if stored else position
            movable = await tables.movable(await self._folder.moved(stored))
            touched = dict.fromkeys([*again, *movable], position + 1) | await self._folder.touched_by(stored, upto)
            for part in parts_of(list(touched)):
                found = await self._folder.fold(part, upto)
                async with tables.connection.pipeline():  # one way there and back for all of it
                    await tables.replace(found, built.live, upto)
                    await tables.tell(found, touched)
            await tables.followed(upto)
        return bool(stored)

    async def _due_again(self, tables: Tables) -> list[str]:
        """Paused cases, once in a while."""
        now = asyncio.get_running_loop().time()
        if now - self._retried < RETRY_SECONDS:
            return []
        self._retried = now
        return [case_id for case_id, _, _ in await tables.paused()]
