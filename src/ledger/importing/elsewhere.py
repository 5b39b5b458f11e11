"""A decider in a process of its own: one batch is decided on one core while another is sealed on the other.

It speaks over its standard input and output (ledger.pipes), and ends with its input:

    to it      Terms once; then lines (again-from or None, the lines, what is there of them), some of them while it
               decides others; and the answer to each of its questions
    from it    a question, (method of Questions, arguments); or the verdicts on the lines; or that there are none now

It holds no connection and no key but those of the digests and of the lines: it asks, and opened values that a fold
reads come over the pipe like everything else.  If it ends before its time another one is started, which knows nothing.

Proven by tests/importing/test_elsewhere.py.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, cast
from uuid import UUID

from ledger import collecting, pipes
from ledger.errors import LedgerError, Unavailable
from ledger.importing.deciding import Decider, Line, Terms, Verdict, there_of
from ledger.importing.lines import LineKeys
from ledger.privacy.sealing import Box
from ledger.store.ahead import Ahead
from ledger.store.cases import Cases
from ledger.store.database import Database, Head
from ledger.store.mapping import Stored
from ledger.store.opening import Store
from ledger.store.vault import Vault

_GONE: Final = "The process that decides lines ahead has ended; it is started again."


class Here:
    """A decider in this process."""

    ahead = 1

    def __init__(self, terms: Terms, store: Store) -> None:
        self._decider = Decider(terms, Ahead(terms.origin, store.database, store.vault), store.database)
        self._keys = LineKeys.with_secret(terms.line_keys)
        self._database = store.database

    async def decide(self, lines: Sequence[Line]) -> list[Verdict]:
        """As Decider.decide."""
        return await self._decider.decide(lines, await there_of(lines, self._keys, self._database))

    def again(self, number: int) -> None:
        """As Decider.again."""
        self._decider.again(number)

    async def close(self) -> None:
        """There is nothing to close."""


class Questions:
    """What a decider elsewhere may ask of the ledger."""

    def __init__(self, store: Store) -> None:
        database = store.database
        self._cases = Cases(store.bound_to, database, store.vault)
        self.head, self.fact_under = database.head, database.fact_under
        self.chain, self.chains, self.stream = database.chain, database.chains, database.stream
        self.newest_rules = database.newest_rules

    async def opened(self, stored: Mapping[int, Stored]) -> dict[int, dict[str, Any]]:
        """The sealed values of these facts."""
        return await self._cases.opened(stored)


class Elsewhere:
    """A decider in a process of its own.  It is given lines while it decides those before: it need never wait."""

    ahead = 2

    def __init__(self, terms: Terms, store: Store) -> None:
        self._terms = terms
        self._questions = Questions(store)
        self._database = store.database
        self._keys = LineKeys.with_secret(terms.line_keys)
        self._process: asyncio.subprocess.Process | None = None
        self._again: int | None = None
        self._giving, self._getting = asyncio.Lock(), asyncio.Lock()  # both in the order of the calls

    async def decide(self, lines: Sequence[Line]) -> list[Verdict]:
        """As Decider.decide.  Raises Unavailable if it has none now, or has ended."""
        process = None
        try:
            async with self._giving:
                process = await self._started()
                there = await there_of(lines, self._keys, self._database)
                again, self._again = self._again, None
                await pipes.send(process, ("lines", again, lines, there))
            async with self._getting:
                return await self._verdicts(process)
        except (asyncio.IncompleteReadError, OSError) as gone:
            if process is self._process:
                await self.close()
            raise Unavailable(_GONE) from gone

    async def _verdicts(self, process: asyncio.subprocess.Process) -> list[Verdict]:
        while True:
            kind, *what = await pipes.received(process)
            if kind == "verdicts":
                return cast("list[Verdict]", what[0])
            if kind == "none":
                raise Unavailable(str(what[0]))
            await pipes.send(process, ("answer", *await self._answered(*what)))

    def again(self, number: int) -> None:
        """As Decider.again, told with the next lines."""
        self._again = number if self._again is None else min(self._again, number)

    async def close(self) -> None:
        """End it."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _started(self) -> asyncio.subprocess.Process:
        if self._process is None:
            self._process = await pipes.start(__name__)
            await pipes.send(self._process, self._terms)
        return self._process

    async def _answered(self, method: str, arguments: Sequence[Any]) -> tuple[bool, Any]:
        """(whether it could be had, the answer or why not)."""
        try:
            return True, await getattr(self._questions, method)(*arguments)
        except LedgerError as problem:
            return False, problem.message


# ------------------------------------------------------------------------------------ in the other process


class _Pipe(pipes.Pipe):
    """The two ends that the process was started with."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: deque[Any] = deque()  # that came before an answer

    def lines(self) -> Any:
        """(again-from or None, lines, what is there of them).  Raises EOFError when there are no more."""
        return self._lines.popleft() if self._lines else self.receive()[1:]

    def ask(self, method: str, *arguments: Any) -> Any:
        """The answer.  Raises Unavailable where there is none."""
        self.say(("ask", method, arguments))
        while True:
            kind, *what = self.receive()
            if kind == "answer":
                break
            self._lines.append(what)
        there, answer = what
        if not there:
            raise Unavailable(answer)
        return answer


class _Asking:
    """The database, asked for over the pipe: nothing else goes on here while it answers."""

    def __init__(self, pipe: _Pipe) -> None:
        self._ask = pipe.ask

    async def head(self) -> Head | None:
        return self._ask("head")

    async def fact_under(self, key: UUID) -> str | None:
        return self._ask("fact_under", key)

    async def chain(self, name: str, upto: int = 2**63 - 1, after: int = 0) -> list[Stored]:
        return self._ask("chain", name, upto, after)

    async def chains(self, names: Sequence[str], upto: int) -> dict[str, list[Stored]]:
        return self._ask("chains", names, upto)

    async def stream(self, name: str, upto: int = 2**63 - 1, after: int = 0) -> list[Stored]:
        return self._ask("stream", name, upto, after)

    async def newest_rules(self) -> tuple[int, int]:
        return self._ask("newest_rules")

    async def opened(self, stored: Mapping[int, Stored]) -> dict[int, dict[str, Any]]:
        return self._ask("opened", stored)


class _Away(Ahead):
    """Cases whose sealed values are opened by whoever holds the keys."""

    def __init__(self, origin: str, database: _Asking) -> None:
        super().__init__(origin, cast("Database", database), cast("Vault", None))
        self._asking = database

    async def opened(
        self, stored: Mapping[int, Stored], leaving: bool = False, boxes: Mapping[int, Sequence[Box]] | None = None
    ) -> dict[int, dict[str, Any]]:
        """As asked of the other process, which reads the ciphertexts itself."""
        return await self._asking.opened(stored)


async def _decide_all(pipe: _Pipe) -> None:
    terms = pipe.receive()
    database = _Asking(pipe)
    decider = Decider(terms, _Away(terms.origin, database), database)
    while True:
        again, lines, there = pipe.lines()
        if again is not None:
            decider.again(again)
        try:
            said = ("verdicts", await decider.decide(lines, there))
        except LedgerError as problem:
            said = ("none", problem.message)
        pipe.say(said)


def main() -> None:
    """Decide what is asked until there is no more."""
    collecting.seldom(collecting.MANY)
    with suppress(EOFError, KeyboardInterrupt, BrokenPipeError):
        asyncio.run(_decide_all(_Pipe()))
