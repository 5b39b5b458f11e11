"""Entitling: whether somebody may read a case, asked at every door before anything of it is told (DP-03).

    await entitling.check(by, stream, stored)      raises LimitedAccess
    await entitling.barred(by)                     the persons of whom a search shows this reader nothing
    await entitling.nameless(by, rows)             rows of a list, those about such persons without a word

The decision itself is ledger.privacy.limiting; here is what it needs from the store, and the message, which is sealed
and opened only for whom it is meant.  Nobody (None), the ledger's own program, is not limited.  Proven by
tests/api/test_limited.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

from ledger.aggregates.offender.facts.access import AccessExcluded, AccessRestricted
from ledger.aggregates.shape import Actor, Recorded, opened
from ledger.application.patience import in_time
from ledger.commands import Command
from ledger.errors import LedgerError, LimitedAccess
from ledger.privacy.limiting import (
    CONCERNING,
    PERSON,
    barred,
    barring,
    concerned,
    named_in,
    nameless,
    refused_by,
    shared,
    unsaid,
)
from ledger.privacy.sealing import Unreadable
from ledger.store.binary import LARGEST
from ledger.store.cases import Cases
from ledger.store.limits import Limits
from ledger.store.mapping import Stored, recorded
from ledger.store.opening import Store

T = TypeVar("T")
AT_ONCE: Final = 200  # chains read together
Row = Mapping[str, Any]
_MESSAGES: Final = {each.topic: ("message",) for each in (AccessExcluded, AccessRestricted)}


class Entitling:
    """Who may read what in an open ledger."""

    def __init__(self, store: Store, cases: Cases) -> None:
        self._store = store
        self._cases = cases
        self._limits = Limits(store.database)

    async def check(
        self, by: Actor | None, stream: str, stored: Sequence[Stored] | None = None, limits: int | None = None
    ) -> None:
        """Raises LimitedAccess where this reader may not read the case; `stored`: its chain, where it is at hand;
        `limits`: the position of the newest fact that limits anybody, if it was asked for (Database.newest)."""
        if by is None:
            return
        rules = await self._in_time(self._limits.standing(limits))
        if not rules or not stream.startswith((PERSON, *CONCERNING)):
            return
        if stored is None and not stream.startswith(PERSON):
            stored = await self._in_time(self._store.database.chain(stream))
        for each in concerned(stream, map(recorded, stored or ())):
            rule = barring(rules.get(each, ()), by)
            if rule is not None:
                raise await self.told(refused_by(rule))

    async def check_file(
        self, by: Actor | None, stream: str, stored: Sequence[Stored] | None = None, limits: int | None = None
    ) -> None:
        """The same of a case with every other one whose facts stand in it, as where it leaves the house whole."""
        await self.check(by, stream, stored, limits)
        if await self.barred(by, limits):
            if stored is None:
                stored = await self._in_time(self._store.database.chain(stream))
            for each in shared(stream, map(recorded, stored)):
                await self.check(by, each, limits=limits)

    async def check_command(self, command: Command) -> None:
        """The same of who gives a command: of the case it is for, and of the persons it names."""
        given = command.data.get("offender_refs")
        named: list[Any] = cast("list[Any]", given) if isinstance(given, list) else []
        for each in (command.stream, *(f"{PERSON}{one}" for one in named)):
            await self.check(command.actor, each)

    async def barred(self, by: Actor | None, limits: int | None = None) -> frozenset[str]:
        """The persons ("offender-019a…") of whom this reader is shown nothing; `limits` as for `check`."""
        return frozenset() if by is None else barred(await self._in_time(self._limits.standing(limits)), by)

    async def nameless(self, by: Actor | None, rows: Sequence[Row]) -> list[Row]:
        """Rows of a list as this reader may read them: those that name a person whose case is closed to the reader, or
        whatever concerns one (a child, an entry, a review, a hold on either), say that they are limited and no more."""
        barred = await self.barred(by)
        if not barred:
            return list(rows)
        named = {each for row in rows for each in named_in(row)}
        shut = barred | await self._concerning(barred, sorted(each for each in named if each.startswith(CONCERNING)))
        return [nameless(row, shut) or row for row in rows]

    async def _concerning(self, persons: Collection[str], names: Sequence[str]) -> set[str]:
        """Those of these cases in whose chains a fact of any of these persons, or about one, stands."""
        found: set[str] = set()
        for start in range(0, len(names), AT_ONCE):
            part = names[start : start + AT_ONCE]
            for name, chain in (await self._in_time(self._store.database.chains(part, LARGEST))).items():
                if not set(concerned(name, map(recorded, chain))).isdisjoint(persons):
                    found.add(name)
        return found

    async def unsaid(
        self,
        by: Actor | None,
        rows: Sequence[Row],
        stream: str,
        facts: Sequence[Recorded[Any]],
        limits: int | None = None,
    ) -> Sequence[Row]:
        """Rows of the facts of a case without a word of those that are another's too, whom this reader may not read;
        `limits` as for `check`."""
        return unsaid(rows, facts, await self._closed(by, stream, facts, limits)) if rows else rows

    async def ungapped(
        self,
        by: Actor | None,
        gaps: Sequence[Row],
        stream: str,
        facts: Sequence[Recorded[Any]],
        limits: int | None = None,
    ) -> Sequence[Row]:
        """The gaps of a case but those in a record that is another's too, whom this reader may not read."""
        closed = await self._closed(by, stream, facts, limits) if gaps else set[str]()
        return [each for each in gaps if named_in(each).isdisjoint(closed)]

    async def _closed(
        self, by: Actor | None, stream: str, facts: Sequence[Recorded[Any]], limits: int | None
    ) -> set[str]:
        """The other records that stand in a chain and that this reader may not read."""
        closed: set[str] = set()
        for each in shared(stream, facts) if await self.barred(by, limits) else ():
            try:
                await self.check(by, each, limits=limits)
            except LimitedAccess:
                closed.add(each)
        return closed

    async def told(self, limited: LimitedAccess) -> LimitedAccess:
        """The same with the message that the rule's author wrote, if it can be opened."""
        entries = await self._in_time(self._store.database.entries(limited.at, limited.at))
        try:
            facts = await self._in_time(
                self._cases.records([Stored.of(at, entry) for at, _, entry in entries], _MESSAGES, leaving=True)
            )
        except (LedgerError, Unreadable):
            return limited  # that the case is limited is told all the same
        found = facts[0].fact if facts else None
        message = opened(found.message) if isinstance(found, AccessExcluded | AccessRestricted) else None
        return LimitedAccess(limited.message, limited.kind, at=limited.at, told=message)

    async def _in_time(self, reading: Awaitable[T]) -> T:
        return await in_time(self._store.deadline, reading)
