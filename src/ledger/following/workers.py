"""Folding for a rebuild in processes of their own: each reads, folds and writes the cases it is given.

    with Workers(where) as workers:
        await workers.write(streams, generations, upto)

A worker has connections and keys of its own and nothing else: what it is given are names of cases, what it gives back
is nothing, for the rows are in the tables.  Proven by tests/following/test_rebuilding.py.
"""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from multiprocessing.connection import wait
from pathlib import Path
from typing import Final, LiteralString, Self

from ledger.following.folding import Folder, Paused
from ledger.following.tables import Tables
from ledger.store.appending import SETUP
from ledger.store.cases import Cases
from ledger.store.database import STATEMENTS, Database
from ledger.store.vault import STATEMENTS as VAULT_STATEMENTS
from ledger.store.vault import Vault, WrappingKey
from ledger.store.wire import Wire

COLLECT_EVERY: Final = 100_000  # allocations: folded facts hold no cycles to look for
ROLE_OF_LEDGER: Final = "ledger_app"
ROLE_OF_VAULT: Final = "vault_app"


@dataclass(frozen=True, slots=True)
class Where:
    """How a process reaches a ledger: as the application connects, and where the key is that unwraps keys."""

    origin: str
    ledger: str
    vault: str
    wrapping: Path


class Workers:
    """As many processes as there are processors to run on."""

    def __init__(self, where: Where, count: int | None = None) -> None:
        self.count = count or len(os.sched_getaffinity(0))
        self._pool = ProcessPoolExecutor(
            self.count, multiprocessing.get_context("spawn"), initializer=_begin, initargs=(where,)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    async def write(self, streams: Sequence[str], generations: Mapping[str, int], upto: int) -> list[str]:
        """Fold these cases as known at a position and add their rows, which have none yet, in a worker.

        The names of those that could not be folded.
        """
        return await asyncio.get_running_loop().run_in_executor(self._pool, _write, streams, generations, upto)


class _Desk:
    """What a worker keeps open."""

    def __init__(self, where: Where) -> None:
        self.where = where
        self.runner = asyncio.Runner()

    @cached_property
    def folder(self) -> Folder:
        where = self.where

        async def ledger(statements: Mapping[str, LiteralString]) -> Wire:
            return await Wire.connect(where.ledger, statements, (*SETUP, f"SET ROLE {ROLE_OF_LEDGER}"))

        async def vault() -> Wire:
            return await Wire.connect(where.vault, VAULT_STATEMENTS, (*SETUP, f"SET ROLE {ROLE_OF_VAULT}"))

        database = Database(ledger, STATEMENTS)
        return Folder(database, Cases(where.origin, database, Vault(vault, WrappingKey.at(where.wrapping))))

    @cached_property
    def tables(self) -> Tables:
        return self.runner.run(Tables.connect(self.where.ledger, ROLE_OF_LEDGER))

    async def write(
        self, tables: Tables, streams: Sequence[str], generations: Mapping[str, int], upto: int
    ) -> list[str]:
        found = await self.folder.fold(streams, upto)
        async with tables.connection.transaction():
            await tables.replace(found, generations, upto, fresh=True)
        return [name for name, each in found.items() if isinstance(each, Paused)]


_desks: list[_Desk] = []  # of this process: one


def _begin(where: Where) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY, 20, 20)
    _desks.append(_Desk(where))


def _end_with_parent() -> None:
    """A rebuild that was killed takes its workers with it: nobody else would ever end them."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _write(streams: Sequence[str], generations: Mapping[str, int], upto: int) -> list[str]:
    desk = _desks[0]
    return desk.runner.run(desk.write(desk.tables, streams, generations, upto))
