"""Cases as they are asked about: the facts of a chain, parsed and opened once for every view and every moment of it.

    chain = await chains.of("offender-019a…", newest)     every fact up to that position at least
    several = await chains.together(names)                more than one, in one question
    reading = await chains.read(chain, view.opens)        the same with these sealed fields opened
    reading.known(upto)                                   what was known at a position: a prefix, folded once

Whoever asks says how new it must be, from a question to the database that costs next to nothing, so nobody gets an
answer that is out of date, whichever process recorded the last fact.  A correction is a fact as any other here: folds
read it.

An opened value is kept no longer than the vault keeps in memory the key it was opened with, which is less than a
minute, and is asked for again with the key.  A chain that nobody asks about for as long is forgotten whole, so are
the oldest beyond FACTS_KEPT, and `forget` drops one at once.  Each value that is opened here may leave the house, so it
is checked against its commitment.  Proven by tests/store/test_chains.py.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from ledger.aggregates.shape import History, Recorded
from ledger.privacy.sealing import Box
from ledger.store.binary import LARGEST
from ledger.store.database import Database
from ledger.store.erased import ERASING
from ledger.store.mapping import Stored
from ledger.store.vault import Vault

KEPT_SECONDS: Final = 50.0  # since it was last asked about
FACTS_KEPT: Final = 20_000  # of all chains together, each some 8 kB once every view was asked for
AT_ONCE: Final = 256  # entries of a chain whose ciphertexts are read with the first that are wanted
MOMENTS_KEPT: Final = 4  # of one chain with one choice of opened fields

Opens = Mapping[str, Collection[str]] | None
"""The sealed fields to open, by topic; None for all of them."""


def to_open(stored: Stored, opens: Opens) -> list[str]:
    """The sealed paths of a fact that are read: those its type opens, or all of them."""
    if opens is None:
        return list(stored.sealed)
    opened = opens.get(stored.type)
    return [path for path in stored.sealed if path in opened] if opened else []


class Reading:
    """The facts of a chain with some sealed fields opened, and what was known of them at a few moments."""

    def __init__(self, opens: Opens) -> None:
        self.opens = opens
        self.records: list[Recorded[Any]] = []
        self.keys: set[bytes] = set()  # ids of those that its values were opened with
        self._moments: OrderedDict[int, History] = OrderedDict()
        self._alone: dict[int, Any] = {}

    def known(self, upto: int) -> History:
        """The facts at positions up to this one.  It keeps what is folded from it, so it must not be changed."""
        count = bisect_right(self.records, upto, key=_position)
        found = self._moments.get(count)
        if found is None:
            found = self._moments[count] = History(self.records[:count], self._alone)
            if len(self._moments) > MOMENTS_KEPT:
                self._moments.popitem(last=False)
        self._moments.move_to_end(count)
        return found

    def add(self, records: Iterable[Recorded[Any]], keys: Iterable[bytes]) -> None:
        self.records.extend(records)
        self.keys.update(keys)


class Chain:
    """The entries of a chain, those facts of it that nothing was opened of, and its readings.

    `boxes`: the ciphertexts of what was opened, by position, for the next reading that opens them: without the vault's
    key, asked for each time, they are nothing.
    """

    def __init__(self) -> None:
        self.stored: list[Stored] = []
        self.closed: dict[int, Recorded[Any]] = {}
        self.boxes: dict[int, list[Box]] = {}
        self.readings: list[Reading] = []
        self.reading = asyncio.Lock()  # one reads on, the others wait for what it read
        self.used = time.monotonic()

    @property
    def at(self) -> int:
        """The newest position in it; 0 for none."""
        return self.stored[-1].position if self.stored else 0

    def sealed(self) -> dict[int, set[str]]:
        """By position, the fields of which anything is sealed."""
        return {each.position: {path.partition("/")[0] for path in each.sealed} for each in self.stored}


Records = Callable[[Sequence[Stored], Opens, Mapping[int, Sequence[Box]]], Awaitable[Sequence[Recorded[Any]]]]
"""Facts from entries and the ciphertexts beside them, opened as far as asked and checked.

Raises Unreadable, VaultUnavailable, DatabaseUnavailable.
"""


class Chains:
    """The chains that were asked about lately."""

    def __init__(self, database: Database, vault: Vault, records: Records) -> None:
        self._database = database
        self._vault = vault
        self._records = records
        self._kept: OrderedDict[str, Chain] = OrderedDict()
        self._sweeping: asyncio.TimerHandle | None = None

    async def of(self, name: str, newest: int | None = None) -> Chain:
        """A chain up to this position at least; None for whatever is recorded by now.  Raises DatabaseUnavailable."""
        chain = self._kept.get(name)
        if chain is None:
            chain = self._kept[name] = Chain()
        elif newest is None:
            newest = (await self._database.newest(name)).case
        async with chain.reading:
            if newest is None or chain.at < newest:
                chain.stored += await self._database.chain(name, after=chain.at)
        if self._kept.get(name) is chain:
            self._use(name, chain)
        return chain

    async def together(self, names: Sequence[str]) -> dict[str, Chain]:
        """Several chains up to whatever is recorded by now, in one question.  Raises DatabaseUnavailable."""
        found: dict[str, Chain] = {}
        for name, stored in (await self._database.chains(names, LARGEST)).items():
            chain = found[name] = self._kept.setdefault(name, Chain())
            async with chain.reading:
                chain.stored += [each for each in stored if each.position > chain.at]
            if self._kept.get(name) is chain:
                self._use(name, chain)
        return found

    async def read(self, chain: Chain, opens: Opens) -> Reading:
        """Raises Unreadable, VaultUnavailable, DatabaseUnavailable."""
        async with chain.reading:
            found = next((each for each in chain.readings if each.opens == opens), None)
            if found is not None and not self._vault.holds(found.keys):
                self._forget_opened(chain)
                found = None
            if found is None:
                found = Reading(opens)
            more = chain.stored[len(found.records) :]
            if found.records and any(each.type in ERASING for each in more):
                chain.readings = [each for each in chain.readings if each is not found]
                found, more = Reading(opens), chain.stored  # what it holds opened may be erased
                chain.boxes.clear()
            if more:
                found.add(*await self._opened(chain, more, opens))
            if not any(each is found for each in chain.readings):
                chain.readings.append(found)
            return found

    async def _opened(
        self, chain: Chain, stored: Sequence[Stored], opens: Opens
    ) -> tuple[list[Recorded[Any]], set[bytes]]:
        """The facts of these entries, and the keys that values of them were opened with."""
        paths = {each.position: to_open(each, opens) for each in stored}
        wanted = [each for each in stored if paths[each.position] or each.position not in chain.closed]
        await self._fetch(chain, [each.position for each in wanted if paths[each.position]])
        try:
            read = {each.position: each for each in await self._records(wanted, opens, chain.boxes)}
        except BaseException:
            chain.boxes.clear()  # what does not open is read again
            raise
        chain.closed.update((position, each) for position, each in read.items() if not paths[position])
        names = {str(each.sealed[path][1]) for each in wanted for path in paths[each.position]}
        facts = [read.get(each.position) or chain.closed[each.position] for each in stored]
        return facts, {UUID(name).bytes for name in names}

    async def _fetch(self, chain: Chain, positions: Sequence[int]) -> None:
        """The ciphertexts beside these entries; with them, unless there are too many, whatever a chain has, for its
        next reading will open others."""
        lacking = [each for each in positions if each not in chain.boxes]
        if not lacking:
            return
        sealed = [each.position for each in chain.stored if each.sealed and each.position not in chain.boxes]
        asked = sealed if len(sealed) <= AT_ONCE else lacking
        found = await self._database.boxes(asked)
        chain.boxes.update({each: found.get(each, []) for each in asked})

    def forget(self, name: str) -> None:
        """Drop what is kept of a case; what is being read of it just now is not kept either."""
        self._kept.pop(name, None)

    def close(self) -> None:
        """Drop everything."""
        self._kept.clear()
        if self._sweeping:
            self._sweeping.cancel()
            self._sweeping = None

    def _use(self, name: str, chain: Chain) -> None:
        chain.used = time.monotonic()
        self._kept.move_to_end(name)
        while self._kept and sum(max(1, len(each.stored)) for each in self._kept.values()) > FACTS_KEPT:
            self._kept.popitem(last=False)
        if not chain.stored:
            self._kept.pop(name, None)
        if self._sweeping is None and self._kept:
            self._sweep_later()

    def _sweep_later(self) -> None:
        self._sweeping = asyncio.get_running_loop().call_later(KEPT_SECONDS / 8, self._sweep)

    def _forget_opened(self, chain: Chain) -> None:
        """Drop every reading whose keys are out of memory: another view may have opened the same value."""
        chain.readings = [each for each in chain.readings if self._vault.holds(each.keys)]

    def _sweep(self) -> None:
        """Drop what is out of date, though nobody asks for it again."""
        now = time.monotonic()
        for name, chain in list(self._kept.items()):
            if chain.used + KEPT_SECONDS <= now:
                del self._kept[name]
            self._forget_opened(chain)
        self._sweeping = None
        if self._kept:
            self._sweep_later()


def _position(record: Recorded[Any]) -> int:
    return record.position
