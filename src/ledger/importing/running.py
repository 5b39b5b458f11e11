"""An import on its way: batches decided ahead, sealed in the file's order, and what becomes of every other line.

One batch is sealed while the next is decided.  Every accepted line is an append of its own, with its own receipt, and a
batch is one transaction; where one of them cannot be sealed as it was foreseen (somebody else has recorded something,
the database was away), it and all after it are decided again, in smaller batches while that goes on.  A refusal is
held against what is recorded at its turn as an acceptance is, and is then in the access log like any other.  A line
that is neither goes the ledger's own way in, alone, when all before it is sealed.

Killed at any moment, nothing is lost or doubled: every line has its key, and the file is simply imported again.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby, islice
from typing import Final, NamedTuple, Protocol

from ledger.aggregates.shape import Actor
from ledger.application import DIGESTS, Ledger
from ledger.errors import BeingErased, LedgerError
from ledger.importing.alone import Alone, Progress
from ledger.importing.deciding import ALONE, KNOWN, Decided, Line, Terms, Turned, Verdict
from ledger.importing.elsewhere import Elsewhere, Here
from ledger.importing.lines import LineKeys
from ledger.importing.reconciling import Outcome
from ledger.importing.sources import Told, readable
from ledger.privacy.owners import Owner
from ledger.privacy.sealing import DataKey
from ledger.store import mapping
from ledger.store.appending import Append, Receipt, Repeated, Series

MOST: Final = 1_000  # lines decided at once; half of the facts that go into one transaction
FEWEST: Final = 8  # while others record too
MOST_ALONE: Final = 64  # lines given one by one before a batch is tried again
DECIDED: Final = "decided"
WORTH_A_PROCESS: Final = 10_000  # lines: what a process costs to start is more than fewer gain


class Deciding(Protocol):
    """A Decider, here or elsewhere."""

    @property
    def ahead(self) -> int:
        """How many batches it takes at once."""
        ...

    async def decide(self, lines: Sequence[Line]) -> list[Verdict]: ...
    def again(self, number: int) -> None: ...
    async def close(self) -> None: ...


async def import_lines(
    ledger: Ledger, lines: Iterable[Told], keys: LineKeys, importer: Actor, progress: Progress
) -> Outcome:
    """Record lines, with their numbers, in order; blank ones are only counted."""
    store, outcome = ledger.store, Outcome()
    told = readable(lines, outcome)
    first = list(islice(told, WORTH_A_PROCESS))
    terms = Terms(store.bound_to, store.simulated, await store.vault.secret(DIGESTS), keys.secret, importer)
    apart = len(first) == WORTH_A_PROCESS and (os.cpu_count() or 1) > 1
    decider = Elsewhere(terms, store) if apart else Here(terms, store)
    try:
        return await Import(ledger, chain(first, told), Alone(ledger, keys, importer, outcome, progress), decider).run()
    finally:
        await decider.close()


class _Asked(NamedTuple):
    """A batch that the decider has been given."""

    lines: list[Line]
    verdicts: asyncio.Task[list[Verdict]]


async def _dropped(asked: deque[_Asked]) -> list[Line]:
    """The lines of batches whose verdicts nobody needs, once they are there."""
    lines = [line for each in asked for line in each.lines]
    await asyncio.gather(*(each.verdicts for each in asked))
    asked.clear()
    return lines


class Import:
    """One import."""

    def __init__(
        self,
        ledger: Ledger,
        lines: Iterator[Line],
        alone: Alone,
        decider: Deciding,
    ) -> None:
        self._ledger = ledger
        self._coming = lines
        self._back: list[Line] = []  # lines to be decided again, before those that come
        self._decider = decider
        self._alone = alone
        self._outcome = alone.outcome
        self._size = MOST
        self._by_hand = 0  # lines that go alone before the next batch

    async def run(self) -> Outcome:
        """Every line, to the end."""
        asked: deque[_Asked] = deque()
        sealing: asyncio.Task[list[Line] | None] | None = None
        waits = False  # for what is being sealed: nothing can be decided before that is known
        try:
            while True:
                if not waits:
                    self._ask(asked)
                lines, verdicts = await self._answer(asked)
                left = await sealing if sealing else None
                sealing = None
                if left is not None:  # what was decided meanwhile was decided on what did not come to be
                    await self._again([*left, *lines, *await _dropped(asked)])
                elif lines and not verdicts:
                    self._failed()
                    await self._again([*lines, *await _dropped(asked)])
                elif lines:
                    await self._cut(lines[len(verdicts) :], asked)
                    sealing = asyncio.create_task(self._settle(lines, verdicts))
                elif not waits:
                    break
                waits = bool(sealing) and len(verdicts) < len(lines)
        finally:
            for task in (*(each.verdicts for each in asked), *([sealing] if sealing else [])):
                task.cancel()
        self._outcome.rejected.sort()
        return self._outcome

    def _ask(self, asked: deque[_Asked]) -> None:
        """Give the decider as many batches as it takes at once."""
        while len(asked) < self._decider.ahead and (lines := self._take()):
            asked.append(_Asked(lines, asyncio.create_task(self._verdicts(lines))))

    async def _answer(self, asked: deque[_Asked]) -> tuple[list[Line], list[Verdict]]:
        """The batch that was asked first, with its verdicts; the decider gets another in its place."""
        if not asked:
            return [], []
        lines, deciding = asked.popleft()
        verdicts = await deciding
        if len(verdicts) == len(lines) and self._decider.ahead > 1:
            self._ask(asked)
        return lines, verdicts

    async def _cut(self, rest: Sequence[Line], asked: deque[_Asked]) -> None:
        """The lines after a setting are decided when it is sealed, those too that the decider has been given."""
        if not rest:
            return
        dropped = await _dropped(asked)
        self._back = [*rest, *dropped, *self._back]
        if dropped:
            self._decider.again(rest[0][0])

    def _take(self) -> list[Line]:
        """The next lines to decide."""
        lines, self._back = self._back[: self._size], self._back[self._size :]
        return lines or list(islice(self._coming, self._size))

    async def _verdicts(self, lines: Sequence[Line]) -> list[Verdict]:
        """None at all where they cannot be had now."""
        try:
            return await self._decider.decide(lines) if lines else []
        except LedgerError:
            return []

    async def _again(self, lines: Sequence[Line]) -> None:
        """Decide these anew.  After a batch that failed the first go alone, more of them each time it happens."""
        self._back = [*lines, *self._back]
        alone, self._back = self._back[: self._by_hand], self._back[self._by_hand :]
        for line in alone:
            await self._alone.give(*line)
        self._decider.again(self._back[0][0] if self._back else sys.maxsize)

    def _failed(self) -> None:
        """A batch did not come to be as foreseen."""
        self._size = max(FEWEST, self._size // 4)
        self._by_hand = min(MOST_ALONE, self._by_hand * 2 or 1)

    def _succeeded(self) -> None:
        self._size = min(MOST, self._size * 2)
        self._by_hand = 0

    # ------------------------------------------------------------------------------------ one batch

    async def _settle(self, lines: Sequence[Line], verdicts: Sequence[Verdict]) -> list[Line] | None:
        """Seal what was accepted, in order.  The lines to be decided again; None where all went as foreseen."""
        series = Series()
        done = 0
        for kind, found in groupby(verdicts, lambda each: each if isinstance(each, str) else DECIDED):
            alike = list(found)
            given = lines[done : done + len(alike)]
            if kind == ALONE:
                for number, text in given:
                    done += 1
                    if await self._alone.give(number, text):
                        if done < len(verdicts):  # no setting, after which nothing was decided yet
                            self._failed()
                        return list(lines[done : len(verdicts)])
                continue
            settled = await (self._confirmed(given) if kind == KNOWN else self._sealed(given, alike, series))
            done += settled
            self._alone.progress(self._outcome)
            if settled < len(alike):
                self._failed()
                return list(lines[done : len(verdicts)])
        self._succeeded()
        return None

    async def _sealed(self, lines: Sequence[Line], verdicts: Sequence[Verdict], series: Series) -> int:
        """How many of these came to be as foreseen, one after the other: sealed, or refused."""
        store = self._ledger.store
        owners = {
            owner for each in verdicts if isinstance(each, Decided) for fact in each.facts for owner, _ in fact.boxes
        }
        try:
            keys = await store.vault.keys_of(owners)
            sealing = [
                store.sequencer.append(_append(store.bound_to, each, keys, series))
                for each in verdicts
                if isinstance(each, Decided | Turned)
            ]
        except LedgerError:
            return 0
        count = 0
        turned: list[tuple[Line, Turned]] = []
        for answer in await _answers(sealing):
            verdict = verdicts[count]
            if isinstance(verdict, Turned) and isinstance(answer, Repeated):
                turned.append((lines[count], verdict))
            elif isinstance(verdict, Decided) and isinstance(answer, Receipt):
                self._outcome.was_recorded(lines[count][1], len(answer.facts))
            else:
                if isinstance(answer, BeingErased):
                    store.vault.forget()
                break
            count += 1
        await asyncio.gather(*(self._alone.refused(*line, refused.refusals) for line, refused in turned))
        return count

    async def _confirmed(self, lines: Sequence[Line]) -> int:
        """Lines recorded before: how many of them may be said to be, which waits for a COMMIT later than theirs."""
        try:
            await self._ledger.store.sequencer.confirm()
        except LedgerError:
            return 0
        for _, text in lines:
            self._outcome.was_repeated(text)
        return len(lines)


async def _answers(sealing: Sequence[asyncio.Future[Receipt | Repeated]]) -> list[Receipt | Repeated | Exception]:
    """What became of each.  They are answered batch by batch, in order: gathering them would cost more than waiting."""
    found: list[Receipt | Repeated | Exception] = []
    try:
        for each in sealing:
            try:
                found.append(await each)
            except Exception as problem:
                found.append(problem)
    finally:
        for each in sealing:  # whoever waits no longer wants none of the others either
            each.cancel()
    return found


def _append(origin: str, verdict: Decided | Turned, keys: Mapping[Owner, DataKey], series: Series) -> Append:
    """What the sequencer seals, or only holds against what is recorded by then."""
    if isinstance(verdict, Turned):
        return Append((), reads=verdict.reads, series=series, first=verdict.first)
    return Append(
        [mapping.with_keys(origin, fact, keys) for fact in verdict.facts],
        key=verdict.key,
        digest=verdict.digest,
        reads=verdict.reads,
        at=verdict.at,
        warnings=verdict.warnings,
        series=series,
        first=verdict.first,
    )
