"""Cases as folded from what is stored: read, opened as far as a fold needs, and kept for the next decision.

The cache holds no opened value but those the fold declares, and a case with any for less than a minute, as the vault
does its keys: what is erased by another process is forgotten by then.  The policy is such a case too, of the streams
`ledger` and `policy` together.  `chains` keeps cases as they are asked about, with what views open.  Proven by
tests/store/test_cases.py, tests/erasing/test_values.py and every scenario.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final
from uuid import UUID

from ledger.aggregates import AGGREGATES, noun_of
from ledger.aggregates.ledger_stream import OF_THE_LOG
from ledger.aggregates.offender.merging import whole
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Erased, Fact, Recorded, Unnumbered, Unread
from ledger.privacy.sealing import Box, DataKey, Unreadable, holds, open_box
from ledger.store import mapping
from ledger.store.appending import Receipt
from ledger.store.chains import KEPT_SECONDS, Chains, Opens, to_open
from ledger.store.database import Database
from ledger.store.erased import ERASING
from ledger.store.mapping import Draft, Envelope, Stored
from ledger.store.vault import Vault

CASES_KEPT: Final = 5_000
POLICY_STREAMS: Final = ("ledger", "policy")
CHECKED_SHARE: Final = 0.01  # of the values opened inside the house, checked against their commitment


@dataclass(frozen=True, slots=True)
class PolicyAt:
    """The policy, and the newest positions of the streams `ledger` and `policy` that it was folded from."""

    policy: Policy
    at: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Case:
    """A case as folded from its chain: the cache of decisions.  It holds no opened value it need not.

    `version`: of its own stream; `at`: the newest position of its chain, 0 for none; `until`: when it is forgotten, by
    the process's own clock.
    """

    version: int
    at: int
    state: Any
    until: float = math.inf


class Desk:
    """The cases that one decision was taken on: what must still stand when it is sealed.

    `fresh`: what is kept in memory does not do, each case is read on first.
    """

    def __init__(self, cases: Cases, *, fresh: bool = False) -> None:
        self.read: dict[str, Case] = {}
        self.who_has: dict[str, tuple[str, ...]] = {}  # by client id; nothing of it is held against what is recorded
        self._cases = cases
        self._fresh = fresh

    def look(self, names: Sequence[str]) -> Mapping[str, Any]:
        """The states of these cases, each with every record of the same person.  Raises Unread for those that must be
        read first."""
        self._look(names)
        return {name: whole(name, self._look) for name in names}

    def _look(self, names: Sequence[str]) -> Mapping[str, Any]:
        """The states of their own chains."""
        for name in names:
            if name not in self.read and not self._fresh and (kept := self._cases.kept(name)) is not None:
                self.read[name] = kept
        missing = [name for name in names if name not in self.read]
        if missing:
            raise Unread(missing)
        return {name: self.read[name].state for name in names}

    def numbered(self, client_id: str) -> tuple[str, ...]:
        """The streams of all who are recorded under a client id.  Raises Unnumbered if they must be looked up first."""
        if client_id not in self.who_has:
            raise Unnumbered(client_id)
        return self.who_has[client_id]

    def lay(self, name: str, case: Case) -> None:
        """Lay a case on the desk that was read just now."""
        self.read[name] = case

    def positions(self) -> Iterator[tuple[str, int]]:
        """What the decision rests on: (id, newest position of its chain as read)."""
        return ((name, case.at) for name, case in self.read.items())


class Cases:
    """The cases of a ledger."""

    kept_seconds: float = KEPT_SECONDS  # with what is opened in them
    most: int = CASES_KEPT

    def __init__(self, origin: str, database: Database, vault: Vault) -> None:
        self._origin = origin
        self._database = database
        self._vault = vault
        self._cases: OrderedDict[str, Case] = OrderedDict()
        self._policy: PolicyAt | None = None
        self._erased: dict[bytes, Erased] = {}  # by key id
        self._sweeping: asyncio.TimerHandle | None = None
        self.chains = Chains(database, vault, self._leaving)

    def kept(self, stream: str) -> Case | None:
        """The case as last folded here, if it is still in memory."""
        case = self._cases.get(stream)
        if case is None:
            return None
        if case.until <= time.monotonic():
            del self._cases[stream]
            return None
        self._cases.move_to_end(stream)
        return case

    async def read(self, stream: str) -> Case:
        """The case as it is recorded now: what is kept of it, and the facts since."""
        aggregate = AGGREGATES[noun_of(stream)]
        while True:
            known = self.kept(stream)
            began = time.monotonic()
            stored = await self._database.chain(stream, after=known.at if known else 0)
            if known is not None and any(each.type in ERASING for each in stored):
                self.forget(stream)  # what it holds opened may be erased
                continue
            records = await self.records(stored, aggregate.opens)
            if self._cases.get(stream) is known:  # else somebody moved it meanwhile
                break
        if known is None:
            known = Case(0, 0, aggregate.fold(()), began + self.kept_seconds if aggregate.opens else math.inf)
        return self._keep(stream, self._taken(known, stream, records))

    def remember(
        self,
        stream: str,
        cases: Mapping[str, Case],
        drafts: Sequence[Draft],
        envelope: Envelope,
        receipt: Receipt,
    ) -> None:
        """Keep the cases a decision was guarded by with what was sealed just now, exactly as it will be read back.

        Those that somebody moved meanwhile, and others that the facts are about, are read on when next asked for.
        """
        if stream in POLICY_STREAMS:
            self._policy = None
        for name, case in cases.items():
            if self._cases.get(name) is case:
                opens = AGGREGATES[noun_of(name)].opens
                told = [
                    mapping.as_read(
                        draft, envelope, sealed.position, receipt.recorded, opens.get(type(draft.fact).topic, ())
                    )
                    for draft, sealed in zip(drafts, receipt.facts, strict=True)
                    if name == draft.stream or name in draft.about
                ]
                self._keep(name, self._taken(case, name, told))

    def _taken(self, case: Case, stream: str, records: Sequence[Recorded[Fact]]) -> Case:
        """The case with these facts more; the old one must not be used again."""
        aggregate = AGGREGATES[noun_of(stream)]
        version, at, state = case.version, case.at, case.state
        self._cases.pop(stream, None)  # half taken, it must not be found
        for each in records:
            state = aggregate.take(state, each)
            version, at = (each.version if each.stream == stream else version), each.position
        return Case(version, at, state, case.until)

    def _keep(self, stream: str, case: Case) -> Case:
        self._cases[stream] = case
        self._cases.move_to_end(stream)
        if len(self._cases) > self.most:
            self._cases.popitem(last=False)
        if self._sweeping is None and case.until < math.inf:
            self._sweeping = asyncio.get_running_loop().call_later(self.kept_seconds / 8, self._sweep)
        return case

    def _sweep(self) -> None:
        """Forget what is out of date, though nobody asks for it again."""
        now, self._sweeping = time.monotonic(), None
        self._cases = OrderedDict((name, case) for name, case in self._cases.items() if case.until > now)
        if any(case.until < math.inf for case in self._cases.values()):
            self._sweeping = asyncio.get_running_loop().call_later(self.kept_seconds / 8, self._sweep)

    def forget(self, stream: str) -> None:
        """Drop whatever is kept of a case, opened values too: the next one who asks reads it."""
        self._cases.pop(stream, None)
        self.chains.forget(stream)

    def close(self) -> None:
        """Drop every opened value."""
        self._cases.clear()
        self.chains.close()
        if self._sweeping:
            self._sweeping.cancel()
            self._sweeping = None

    async def records(
        self,
        stored: Sequence[Stored],
        opens: Opens,
        *,
        leaving: bool = False,
        boxes: Mapping[int, Sequence[Box]] | None = None,
    ) -> list[Recorded[Fact]]:
        """Facts from entries, opening the sealed fields a fold needs (`opens` by topic; None: all of them).

        `leaving`: the values go out of the house, so each is checked against its commitment; `boxes` as for `opened`.
        """
        paths = {each.position: to_open(each, opens) for each in stored}
        wanted = {each.position: each for each in stored if paths[each.position]}
        opened = await self.opened(wanted, leaving, boxes) if wanted else {}
        return [
            mapping.recorded(each, _only(paths[each.position], opened.get(each.position, {}), each.position))
            for each in stored
        ]

    async def _leaving(
        self, stored: Sequence[Stored], opens: Opens, boxes: Mapping[int, Sequence[Box]]
    ) -> list[Recorded[Fact]]:
        return await self.records(stored, opens, leaving=True, boxes=boxes)

    async def told(
        self, names: Sequence[str], upto: int, types: Collection[str], opens: Opens
    ) -> dict[str, list[Recorded[Fact]]]:
        """Of several cases the facts of these types in their own streams, up to a position, to leave the house."""
        found = await self._database.of_types(names, upto, types)
        records = await self.records([each for stored in found.values() for each in stored], opens, leaving=True)
        read = iter(records)
        return {name: list(islice(read, len(stored))) for name, stored in found.items()}

    async def opened(
        self, stored: Mapping[int, Stored], leaving: bool = False, boxes: Mapping[int, Sequence[Box]] | None = None
    ) -> dict[int, dict[str, Any]]:
        """Every value of these facts by path, or that it is erased.  Raises Unreadable, VaultUnavailable.

        A value that is not there is left out.  `boxes`: their ciphertexts by position, where they are at hand.
        """
        read = await self._database.boxes(list(stored)) if boxes is None else boxes
        theirs = {each: read.get(each, ()) for each in stored}
        keys = await self._vault.keys_by_id(box.key_id for found in theirs.values() for box in found)
        opened: dict[int, dict[str, Any]] = {}
        lacking: dict[bytes, int] = {}
        for position, found in theirs.items():
            fact = str(stored[position].members["id"])
            for box in found:
                key = keys.get(box.key_id)
                if key is None:
                    lacking[box.key_id] = position
                    continue
                values = open_box(self._origin, fact, key, box)
                if leaving or random.random() < CHECKED_SHARE:  # noqa: S311 - a spot check, not a secret
                    _check(stored[position], fact, key, values)
                opened.setdefault(position, {}).update(values)
        erased = await self._fill_in_erased(stored, opened)
        for key_id, position in lacking.items():
            if key_id not in erased:
                raise Unreadable(f"the vault has no key {UUID(bytes=key_id)} for the fact at {position}")
        return opened

    async def _fill_in_erased(
        self, stored: Mapping[int, Stored], opened: dict[int, dict[str, Any]]
    ) -> Mapping[bytes, Erased]:
        """Say of the values that were not there which are erased; the keys of those."""
        missing = [
            (position, path, UUID(each.sealed[path][1]).bytes)
            for position, each in stored.items()
            if len(opened.get(position, ())) < len(each.sealed)
            for path in each.sealed.keys() - opened.get(position, {}).keys()
        ]
        erased = await self._destroyed({key for _, _, key in missing})
        for position, path, key in missing:
            if key in erased:
                opened.setdefault(position, {})[path] = erased[key]
        return erased

    async def _destroyed(self, keys: Collection[bytes]) -> Mapping[bytes, Erased]:
        """Those of these keys that were destroyed, and how a value under each reads.

        The ledger says it in a fact, which is remembered: what is destroyed stays so.  Between the destruction and that
        fact the journal of the vault says it, who does not know who it was: that is asked each time.
        """
        await self._learn(keys)
        between = [each for each in keys if each not in self._erased]
        journal = await self._vault.erasures.destroyed_among(between) if between else {}
        await self._learn(between)  # sealed meanwhile
        return {**journal, **{each: self._erased[each] for each in keys if each in self._erased}}

    async def _learn(self, keys: Collection[bytes]) -> None:
        if missing := [each for each in keys if each not in self._erased]:
            self._erased |= await self._database.erased(missing)

    # ------------------------------------------------------------------------------------ policy

    @property
    def policy_kept(self) -> PolicyAt | None:
        """The policy as last folded here."""
        return self._policy

    async def policy(self, *, fresh: bool = False) -> PolicyAt:
        """Settings and calendar as known now; `fresh` asks whether they have moved."""
        known = self._policy
        if known is not None and not fresh:
            return known
        return await self.policy_at(await self._database.newest_rules())

    async def policy_at(self, newest: tuple[int, int]) -> PolicyAt:
        """The same, where whoever asks knows the newest positions of its two streams."""
        known = self._policy
        if known is not None and known.at != newest and not await self._rules(known.at):
            known = self._policy = PolicyAt(known.policy, newest)
        if known is None or known.at != newest:
            records = await self.records(await self._rules(), AGGREGATES["policy"].opens)
            known = self._policy = PolicyAt(Policy.fold(records), newest)
        return known

    async def _rules(self, after: tuple[int, int] = (0, 0)) -> list[Stored]:
        """The facts of the two streams after these positions that may say something; those of the log alone do not."""
        streams = [await self._database.stream(name, after=at) for name, at in zip(POLICY_STREAMS, after, strict=True)]
        return [each for stored in streams for each in stored if each.type not in OF_THE_LOG]


def _only(paths: Sequence[str], opened: Mapping[str, Any], position: int) -> dict[str, Any]:
    """Of what was opened, what is read.  Raises Unreadable for a value whose ciphertext is not there."""
    missing = [path for path in paths if path not in opened]
    if missing:
        raise Unreadable(f"the value {missing[0]} of the fact at {position} is not beside it")
    return {path: opened[path] for path in paths}


def _check(stored: Stored, fact: str, key: DataKey, values: Mapping[str, Any]) -> None:
    for path, value in values.items():
        pair = stored.sealed.get(path)
        if pair is None or not holds(fact, key, path, value, pair[0]):
            raise Unreadable(f"the value {path} beside the fact at {stored.position} is not the one committed to")
