"""Folding for a rebuild in processes of their own: each reads, folds and writes the cases it is given.

    async with Workers(where, 1) as workers:
        await workers.write(streams, generations, upto)

A worker has connections and keys of its own and nothing else: what it is given are names of cases, what it gives back
are those it could not fold, for the rows are in the tables.  It is started as a program that has folding and nothing
else to load, and ends with its input, so a rebuild that is killed takes it along.  Proven by
tests/following/test_rebuilding.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, LiteralString, Self

from ledger import collecting, pipes
from ledger.errors import LedgerError, Unavailable
from ledger.following.folding import Folder, Paused, reason_of
from ledger.following.tables import Tables
from ledger.store.appending import SETUP
from ledger.store.cases import Cases
from ledger.store.database import STATEMENTS, Database
from ledger.store.vault import STATEMENTS as VAULT_STATEMENTS
from ledger.store.vault import Vault, WrappingKeys
from ledger.store.wire import Wire

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
    """So many processes beside this one; each may be given more before it has done what it was given.

    `program`: the module whose main() answers them (`answering`); this one's writes rows.
    """

    def __init__(self, where: Where, count: int, program: str = __name__) -> None:
        self.count = count
        self._workers = [_Worker(where, program) for _ in range(count)]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await asyncio.gather(*(each.close() for each in self._workers))

    async def write(self, streams: Sequence[str], generations: Mapping[str, int], upto: int) -> list[str]:
        """Fold these cases as known at a position and add their rows, which have none yet, in whichever is least busy.

        The names of those that could not be folded.  Raises Unavailable if it could not, or has ended.
        """
        return await self.ask(streams, generations, upto)

    async def ask(self, *given: Any) -> Any:
        """What whichever is least busy answers.  Raises Unavailable if it could not, or has ended."""
        return await min(self._workers, key=lambda each: each.busy).ask(*given)


class _Worker:
    """One of them, as seen from here; it does what it is given in the order of the calls."""

    def __init__(self, where: Where, program: str) -> None:
        self.busy = 0  # parts it was given and has not done
        self._where = where
        self._program = program
        self._process: asyncio.subprocess.Process | None = None
        self._giving, self._getting = asyncio.Lock(), asyncio.Lock()

    async def ask(self, *given: Any) -> Any:
        self.busy += 1
        try:
            async with self._giving:
                if self._process is None:
                    self._process = await pipes.start(self._program)
                    await pipes.send(self._process, self._where)
                process = self._process
                await pipes.send(process, given)
            async with self._getting:
                done, said = await pipes.received(process)
        except (asyncio.IncompleteReadError, OSError) as gone:
            raise Unavailable("A worker has ended before its time.") from gone
        finally:
            self.busy -= 1
        if not done:
            raise Unavailable(f"A worker could not go on: {said}")
        return said

    async def close(self) -> None:
        """End it, whatever it is at: what it has not committed was never there."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()


# ------------------------------------------------------------------------------------ in the other process


class Desk:
    """What a worker keeps open."""

    def __init__(self, where: Where, runner: asyncio.Runner) -> None:
        self.where = where
        self.runner = runner

    @cached_property
    def folder(self) -> Folder:
        where = self.where

        async def ledger(statements: Mapping[str, LiteralString]) -> Wire:
            return await Wire.connect(where.ledger, statements, (*SETUP, f"SET ROLE {ROLE_OF_LEDGER}"))

        async def vault() -> Wire:
            return await Wire.connect(where.vault, VAULT_STATEMENTS, (*SETUP, f"SET ROLE {ROLE_OF_VAULT}"))

        database = Database(ledger, STATEMENTS)
        return Folder(database, Cases(where.origin, database, Vault(vault, WrappingKeys.at(where.wrapping))))

    @cached_property
    def tables(self) -> Tables:
        return self.runner.run(Tables.connect(self.where.ledger, ROLE_OF_LEDGER))


def write(desk: Desk, streams: Sequence[str], generations: Mapping[str, int], upto: int) -> list[str]:
    """Fold cases and add their rows; the names of those that could not be folded."""

    async def written(tables: Tables) -> list[str]:
        found = await desk.folder.fold(streams, upto)
        async with tables.connection.transaction():
            await tables.replace(found, generations, upto, fresh=True)
        return [name for name, each in found.items() if isinstance(each, Paused)]

    return desk.runner.run(written(desk.tables))


def answering(answer: Callable[..., Any]) -> None:
    """Answer what is given until there is no more: (whether it could be done, the answer or why not)."""
    collecting.seldom(collecting.MANY)
    with suppress(EOFError, KeyboardInterrupt, BrokenPipeError), asyncio.Runner() as runner:
        pipe = pipes.Pipe()
        desk = Desk(pipe.receive(), runner)
        while True:
            given = pipe.receive()
            try:
                said = True, answer(desk, *given)
            except LedgerError as problem:
                said = False, problem.message
            except Exception as problem:
                said = False, reason_of(problem)
            pipe.say(said)


def main() -> None:
    """Fold what is given until there is no more."""
    answering(write)
