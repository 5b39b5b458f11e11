"""Lines of an import one by one: the ledger's own way in for each, what became of them, and those set aside.

Proven by tests/importing/.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import orjson

from ledger.aggregates.shape import Actor
from ledger.application import Ledger
from ledger.commands import Acknowledged, Command
from ledger.errors import ClockInDoubt, LedgerError, ReadOnly, Refusal, Refused, Unavailable
from ledger.importing.deciding import with_reference
from ledger.importing.lines import LineKeys, in_our_words, read_line, reason_of
from ledger.importing.reconciling import Outcome, Place, told

T = TypeVar("T")

RETRIES: Final = 60  # of a line while the ledger is not available, a second apart


Progress = Callable[[Outcome], None]


class Alone:
    """The ledger's own way in for the lines of one import; counts what becomes of them."""

    def __init__(self, ledger: Ledger, keys: LineKeys, importer: Actor, outcome: Outcome, progress: Progress) -> None:
        self._ledger = ledger
        self._keys = keys
        self._importer = importer
        self.progress = progress
        self.outcome = outcome

    async def give(self, number: int, text: bytes) -> bool:
        """The ledger's own way in, for one line.  Whether something new was recorded."""
        command = None
        try:
            command = self._read(number, text)
            acknowledged = await self._patiently(command, partial(self._given, command))
        except Exception as problem:  # a defect of ours too sets one line aside, and the rest goes on
            rule, reason = reason_of(problem)
            self.outcome.was_set_aside(number, text, rule, in_our_words(reason, command) if command else reason)
            return False
        else:
            if acknowledged.repeated:
                self.outcome.was_repeated(text)
            else:
                self.outcome.was_recorded(text, len(acknowledged.body["events"]))
            return not acknowledged.repeated
        finally:
            self.progress(self.outcome)

    def _read(self, number: int, text: bytes) -> Command:
        simulated = self._ledger.store.simulated
        return read_line(text, lambda: self._keys.of(number), self._importer, simulated=simulated)

    async def _given(self, command: Command) -> Acknowledged:
        return await self._ledger.execute(await with_reference(command, self._ledger.store.database, {}))

    async def _patiently(self, command: Command, do: Callable[[], Awaitable[T]]) -> T:
        """An import outlives a restart of its database: the key makes trying again safe."""
        for _ in range(RETRIES):
            try:
                return await do()
            except ReadOnly:
                raise
            except Unavailable as problem:
                if isinstance(problem, ClockInDoubt) and command.at is not None:
                    raise
                await asyncio.sleep(1)
        return await do()

    async def refused(self, number: int, text: bytes, refusals: Sequence[Refusal]) -> None:
        """Set a line aside that a rule refused; that it was is sealed in the access log, like every refusal."""
        command = self._read(number, text)
        problem: LedgerError = Refused(refusals)
        try:
            await self._patiently(command, partial(self._ledger.access.refused, command, problem))
        except LedgerError as trouble:
            problem = trouble
        rule, reason = reason_of(problem)
        self.outcome.was_set_aside(number, text, rule, in_our_words(reason, command))


def aside_of(file: Path) -> Path:
    """Where the lines of a file, or of a folder, that were set aside are told of: FILE.rejected.jsonl beside it."""
    return file.with_name(f"{file.stem}.rejected.jsonl")


def set_aside(file: Path, outcome: Outcome, place: Callable[[int], Place] | None = None) -> None:
    """FILE.rejected.jsonl, for the owner alone; gone when nothing is rejected any more.

    `place` says where a line stands, if the lines are those of several files.
    """
    path = aside_of(file)
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    if not outcome.rejected:
        return
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as aside:
        for each in outcome.rejected:
            aside.write(orjson.dumps(told(each, place)) + b"\n")
