"""Executing: from a command to its receipt, decided on what is recorded, whoever else records.

    1  authorise: may this role give this command?
    2  a draft of the fact, read strictly; bad shape ends here
    3  load the case (a fold, cached by version) and decide: refusals in order of precedence, then the fact
    4  commitments and ciphertexts for what is not clear, under keys the vault has committed
    5  the sequencer: sealed, or the case moved and it is decided again, at most three times

A repeated command gets its first receipt before anything else is said about it.  A refusal that rests on a cached case
is never final: the case is read again first.  Proven by tests/test_application.py and every scenario.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, TypeVar
from weakref import WeakValueDictionary

import orjson

from ledger.aggregates import FACT_BY_TOPIC
from ledger.aggregates.register_report import MonthlyReportIssued
from ledger.aggregates.shape import Decision, Fact, Unnumbered, Unread
from ledger.application.issuing import issued
from ledger.application.patience import in_time
from ledger.application.writing import Writing
from ledger.commands import (
    Acknowledged,
    Command,
    acknowledged,
    asked,
    authorise,
    decision_of,
    draft_of,
    drafts_of,
    envelope_of,
    fact_class_of,
    match_version,
    reads_of,
    warnings_of,
)
from ledger.errors import (
    BeingErased,
    Caution,
    DatabaseUnavailable,
    KeyReused,
    LimitedAccess,
    Malformed,
    Refused,
    StaleVersion,
    Unavailable,
    VaultUnavailable,
)
from ledger.privacy.sealing import Keyed
from ledger.projections.letters import to_be_written
from ledger.searching import Keeping
from ledger.store import mapping
from ledger.store.appending import Append, Receipt, Repeated, Sealed
from ledger.store.cases import Cases, Desk, PolicyAt
from ledger.store.mapping import Draft, Envelope
from ledger.store.opening import Store

log = logging.getLogger(__name__)
T = TypeVar("T")

DIGESTS: Final = "digest-of-commands"  # the vault's name for the key of the digests of commands
KEY_REUSED: Final = "This key was used for another request. Draw a new key for a new request."
NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
TRIES: Final = 4  # one, and at most three more after the case moved


class _Moved(Exception):
    """A case moved since it was read, or was not read anew: decide again, in turn with others on that case."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Executing:
    """The commands of an open ledger.  `people`: who has a client id, where a rule asks that somebody is recorded;
    `keyed`: what digests commands, from the vault, before the first comes."""

    def __init__(self, store: Store, cases: Cases, people: Keeping) -> None:
        self.keyed = Keyed(b"")
        self._store = store
        self._cases = cases
        self._people = people
        self._writing = Writing(store.database, cases)
        # Commands whose case moved go one after another, by stream, or they would only move it for each other.
        self._queues: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def execute(
        self, command: Command, cautions: tuple[Caution, ...] = (), completed: Mapping[str, Any] = NOTHING
    ) -> Acknowledged:
        """Record what a command says, or refuse it; `cautions`: what its author is told beside what the rules say;
        `completed`: what the ledger itself adds, no part of what was asked.

        Raises whatever Ledger.execute does.
        """
        fact_class = fact_class_of(command)
        authorise(command, fact_class)
        draft = draft_of(command, fact_class)
        await self._check_seen(command)
        digest = self.digest(command)
        draft = draft.completed(**completed) if completed else draft
        if isinstance(draft, MonthlyReportIssued) and command.source is None:
            again = await self._in_time(self.receipt_of(command, digest))
            if again is not None:
                return again
            draft = await self._in_time(issued(draft, self._store.database, self._cases))
        # Who finds others waiting for their turn on a case waits behind them, or newcomers would starve them.
        waits, name = command.stream in self._queues, command.stream
        if not waits:
            try:
                return await self._attempt(command, draft, digest, cautions, queueing=True)
            except _Moved as moved:
                name = moved.name
        queue = self._queues.setdefault(name, asyncio.Lock())
        await self._in_time(queue.acquire())
        try:
            for tried in range(0 if waits else 1, TRIES - 1):
                with contextlib.suppress(_Moved):
                    return await self._attempt(command, draft, digest, cautions, fresh=tried > 0)
            return await self._attempt(command, draft, digest, cautions, fresh=True, last=True)
        finally:
            queue.release()

    async def _attempt(
        self,
        command: Command,
        draft: Fact,
        digest: bytes,
        cautions: tuple[Caution, ...],
        *,
        fresh: bool = False,
        last: bool = False,
        queueing: bool = False,
    ) -> Acknowledged:
        """Decide and seal.  Raises _Moved where it is to be tried again on what is recorded by then.

        `queueing`: where others wait for their turn on a case it was decided on, this one waits too.
        """
        desk = Desk(self._cases, fresh=fresh)
        policy = (None if fresh else self._cases.policy_kept) or await self._in_time(self._cases.policy(fresh=fresh))
        try:
            decision = await self._decided(command, draft, desk, policy)
            decision = replace(decision, cautions=(*decision.cautions, *cautions)) if cautions else decision
        except (Refused, StaleVersion, LimitedAccess) as problem:
            again = await self._in_time(self.receipt_of(command, digest))
            if again is not None:
                return again
            if fresh:
                raise
            raise _Moved(command.stream) from problem
        waited_for = next((name for name in desk.read if name in self._queues), None) if queueing else None
        if waited_for is not None:
            raise _Moved(waited_for)
        try:
            return await self._append(command, decision, desk, policy, digest)
        except BeingErased as problem:
            self._store.vault.forget()  # whose key is gone for good is refused one, texts that name nobody get another
            if last:
                raise
            raise _Moved(command.stream) from problem
        except StaleVersion as problem:
            if command.if_match is not None or last:
                raise
            raise _Moved(problem.moved or command.stream) from problem

    async def preview(self, command: Command) -> Decision:
        """What a command would come to on what is recorded now; nothing is recorded.  Raises as `execute`."""
        fact_class = fact_class_of(command)
        authorise(command, fact_class)
        draft = draft_of(command, fact_class)
        policy = await self._in_time(self._cases.policy(fresh=True))
        return await self._decided(command, draft, Desk(self._cases, fresh=True), policy)

    async def _decided(self, command: Command, draft: Fact, desk: Desk, policy: PolicyAt) -> Decision:
        """The decision, taken again until every case it asks for lies on the desk, and what is to be written of it."""
        while True:
            try:
                case = desk.look((command.stream,))[command.stream]
                match_version(command, desk.read[command.stream])
                decision = decision_of(command, draft, case, policy.policy, desk.look, desk.numbered)
                if not to_be_written(decision.facts[0]):
                    return decision
                return await self._in_time(self._writing.written(command, decision, desk, policy), VaultUnavailable)
            except Unread as wanted:
                for name in wanted.names:
                    desk.lay(name, await self._in_time(self._cases.read(name)))
            except Unnumbered as wanted:
                people = await self._in_time(self._people.numbered(wanted.client_id), Unavailable)
                desk.who_has[wanted.client_id] = people

    async def _check_seen(self, command: Command) -> None:
        """Nobody can have decided from a screen of facts that are not sealed yet."""
        position = command.seen["position"] if command.seen else 0
        if position > self._store.released.size:
            head = await self._in_time(self._store.database.head())
            if head is None or position > head.size:
                raise Malformed("Ledger-Seen: so many facts are not sealed yet.", {"Ledger-Seen": "not sealed yet"})

    async def _append(
        self, command: Command, decision: Decision, desk: Desk, policy: PolicyAt, digest: bytes
    ) -> Acknowledged:
        moment = command.at or datetime.now(UTC)
        envelope = envelope_of(command, policy.policy)
        drafts = drafts_of(command, decision, desk.read[command.stream].version, moment)
        parts = [mapping.parts_of(draft, envelope) for draft in drafts]
        owners = {owner for each in parts for owner in each.boxes}
        keys = self._store.vault.kept(owners)
        if keys is None:
            keys = await self._in_time(self._store.vault.keys_of(owners), VaultUnavailable)
        append = Append(
            [
                mapping.pending(self._store.bound_to, draft, envelope, keys, each)
                for draft, each in zip(drafts, parts, strict=True)
            ],
            key=command.key.bytes if command.key else None,
            digest=digest,
            reads=reads_of(desk, policy),
            at=command.at,
            warnings=warnings_of(decision),
        )
        receipt = await self._store.sequencer.append(append)
        if isinstance(receipt, Repeated):
            return await self._in_time(self._first_receipt(receipt))
        self._remember(command, desk, drafts, envelope, receipt)
        return acknowledged(receipt, [(draft.id, type(draft.fact)) for draft in drafts])

    def _remember(
        self, command: Command, desk: Desk, drafts: Sequence[Draft], envelope: Envelope, receipt: Receipt
    ) -> None:
        """It is sealed: whatever is wrong with our memory of the cases, its author is told so."""
        try:
            self._cases.remember(command.stream, desk.read, drafts, envelope, receipt)
        except Exception as problem:
            log.error("a case could not be kept: %s", type(problem).__name__)
            for name in desk.read:
                self._cases.forget(name)

    def digest(self, command: Command) -> bytes:
        """HMAC of what was asked, under a key of the vault: tells a retry from another request with the same key."""
        return self.keyed.digest(asked(command))

    # ------------------------------------------------------------------------------------ receipts

    async def receipt_of(self, command: Command, digest: bytes) -> Acknowledged | None:
        """The receipt of this very command, if it was recorded before."""
        if command.key is None:
            return None
        found = await self._store.database.receipt(command.key)
        if found is None:
            return None
        if found[0] != digest:
            raise KeyReused(KEY_REUSED)
        await self._store.sequencer.confirm()
        return await self._first_receipt(found[1])

    async def _first_receipt(self, where: Repeated) -> Acknowledged:
        """The same receipt again, byte for byte: the signature is deterministic."""
        entries = await self._store.database.entries(where.first, where.last)
        root = await self._store.database.root_at(where.size)
        if root is None or not entries:
            raise Unavailable("The receipt is there but its facts are not; run 'ledger verify'.")
        facts: list[Sealed] = []
        named: list[tuple[str, type[Fact]]] = []
        for position, leaf, entry in entries:
            members = orjson.loads(entry)
            named.append((members["id"], FACT_BY_TOPIC[members["type"]]))
            facts.append(Sealed(members["stream"], members["version"], position, leaf, entry))
        note = self._store.note(where.size, root)
        recorded = datetime.fromisoformat(orjson.loads(entries[-1][2])["recorded"])
        receipt = Receipt(tuple(facts), where.size, note, recorded, where.warnings)
        return acknowledged(receipt, named, repeated=True)

    async def _in_time(self, reading: Awaitable[T], late: type[Unavailable] = DatabaseUnavailable) -> T:
        return await in_time(self._store.deadline, reading, late)
