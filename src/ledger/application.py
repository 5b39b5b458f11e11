"""The application: `Ledger.execute` is the one way in for a write, `Ledger.view` the one way to ask about a case.

    1  authorise: may this role give this command?
    2  a draft of the fact, read strictly; bad shape ends here
    3  load the case (a fold, cached by version) and decide: refusals in order of precedence, then the fact
    4  commitments and ciphertexts for what is not clear, under keys the vault has committed
    5  the sequencer: sealed, or the case moved and it is decided again, at most three times

A repeated command gets its first receipt before anything else is said about it.  A refusal that rests on a cached case
is never final: the case is read again first.

Proven by tests/test_application.py and every scenario.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from importlib import metadata
from typing import Any, Final, TypeVar
from weakref import WeakValueDictionary

import orjson
import psycopg

from ledger.access import EVIDENCE, Access
from ledger.aggregates import AGGREGATES, FACT_BY_TOPIC
from ledger.aggregates.ledger_stream import ReleaseStarted, release_in_force
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import CLOSED, Actor, Decision, Fact, Recorded, Unread, a_random_id
from ledger.commands import (
    SINGLE_STREAMS,
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
    DatabaseUnavailable,
    KeyReused,
    LedgerError,
    Malformed,
    NotFound,
    Refused,
    StaleVersion,
    Unavailable,
    VaultUnavailable,
)
from ledger.following import lists
from ledger.following.folding import Folder
from ledger.following.follower import Follower
from ledger.following.rebuilding import Rebuild
from ledger.following.tables import Tables
from ledger.following.workers import Where
from ledger.privacy.sealing import Keyed
from ledger.projections import VIEWS, WORKLISTS, OtherHistories, View, Worklist
from ledger.projections.why import Row
from ledger.rules.dates import london_day
from ledger.settings import Settings
from ledger.store import mapping
from ledger.store.appending import Append, Receipt, Repeated, Sealed
from ledger.store.binary import LARGEST
from ledger.store.cases import Cases, Desk, PolicyAt
from ledger.store.chains import Chain
from ledger.store.log import Log
from ledger.store.mapping import Draft, Envelope
from ledger.store.opening import ROLES, Place, Store, open_store

log = logging.getLogger(__name__)
T = TypeVar("T")

SYSTEM: Final = Actor("00000000-0000-4000-8000-000000000000", "system")
DIGESTS: Final = "digest-of-commands"  # the vault's name for the key of the digests of commands
TRIES: Final = 4  # one, and at most three more after the case moved
LAG_SECONDS: Final = 60  # how far behind the worklists may be while the service is ready
READY_SECONDS: Final = 2  # how long a database or vault may take to say that it is there


class _Moved(Exception):
    """A case moved since it was read, or was not read anew: decide again, in turn with others on that case."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Ledger:
    """An open ledger."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.cases = Cases(store.origin, store.database, store.vault)
        self.access = Access(store.access, self.cases.policy)
        self.follower = Follower(self._tables, store.database, self.cases, self._where)
        self.keyed = Keyed(b"")
        # Commands whose case moved go one after another, by stream, or they would only move it for each other.
        self._queues: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @classmethod
    async def open(
        cls,
        settings: Settings,
        *,
        kind: str | None = None,
        places: Sequence[Place] | None = None,
        began: datetime | None = None,
    ) -> Ledger:
        """Open, and seal the start of this release if it is a new one.

        `began`: the clock of a simulated ledger at its very first fact.  Raises Setup, DatabaseUnavailable.
        """
        ledger = cls(await open_store(settings, kind=kind, places=places))
        try:
            ledger.keyed = Keyed(await ledger.store.vault.secret(DIGESTS))
            await ledger._start_release(began)
        except BaseException:
            await ledger.close()
            raise
        return ledger

    async def close(self) -> None:
        await self.follower.close()
        self.cases.close()
        await self.store.close()

    async def checkpoint(self, of: Log | None = None) -> str:
        """The newest released checkpoint of the ledger, or of its access log.  Raises NotFound before the first."""
        return await self._in_time((of or self.store).checkpoint())

    async def _follows(self) -> bool:
        """The worklists follow within a minute."""
        return (await self.lag())["lag_seconds"] <= LAG_SECONDS

    async def status(self) -> dict[str, Any]:
        """What the ledger and its access log hold, whether they may be written to, and how far the worklists follow."""
        own = await self._in_time(self.store.status())
        access = await self._in_time(self.store.access.status())
        return own | {"access_log": access, "worklists": await self.lag()}

    async def lag(self) -> dict[str, Any]:
        """How far the worklists follow: `position`, `behind` (facts), `lag_seconds`, and the cases that are `paused`.

        The lag is the age of the oldest fact that is not projected yet, by the ledger's clock.
        """
        followed = await self._in_time(self.store.database.followed())
        age = (datetime.now(UTC) - followed.waiting).total_seconds() if followed.waiting else 0
        paused = await self._in_time(self.store.database.paused())
        return {
            "position": followed.position,
            "behind": followed.size - followed.position,
            "lag_seconds": max(0, round(age)),
            "paused": [{"case": name, "position": at, "reason": reason} for name, at, reason in paused],
        }

    async def refusals(self, to: str | None = None, after: int = 0) -> tuple[list[dict[str, Any]], int | None]:
        """What was refused, of one case ("offender/019a…") or of all: a page, and after which position the next begins.

        Raises NotFound, DatabaseUnavailable.
        """
        noun, _, name = to.partition("/") if to else ("", "", "")
        if to and noun not in AGGREGATES:
            raise NotFound(f"There is nothing called {noun[:40]!r} that a command could be for.")
        return await self._in_time(self.access.refusals(_stream(noun, name) if to else None, after))

    async def ready(self) -> dict[str, Any]:
        """Do the database, the vault and the access log answer?  Status UP or DOWN, in all and of each."""
        asked: Mapping[str, Callable[[], Awaitable[object]]] = {
            "database": self.store.database.head,
            "vault": self.store.vault.ping,
            "access_log": self.store.access.database.head,
            "worklists": self._follows,
        }
        # All at once: whoever probes waits for the slowest of them and not for their sum.
        parts = dict(zip(asked, await asyncio.gather(*map(_up, asked.values())), strict=True))
        parts["writing"] = "DOWN" if self.store.read_only else "UP"
        if self.store.access.read_only:
            parts["access_log"] = "DOWN"
        return {"status": "UP" if set(parts.values()) == {"UP"} else "DOWN", "components": parts}

    # ------------------------------------------------------------------------------------ commands

    async def execute(self, command: Command) -> Acknowledged:
        """Record what a command says, or refuse it.  Every error of ledger.errors but 401 and 413 may be raised."""
        try:
            return await self._executed(command)
        except EVIDENCE as refusal:
            await self.access.refused(command, refusal)
            raise

    async def _executed(self, command: Command) -> Acknowledged:
        fact_class = fact_class_of(command)
        authorise(command, fact_class)
        draft = draft_of(command, fact_class)
        await self._check_seen(command)
        digest = self._digest(command)
        # Who finds others waiting for their turn on a case waits behind them, or newcomers would starve them.
        waits, name = command.turn is None and command.stream in self._queues, command.stream
        if not waits:
            try:
                return await self._attempt(command, draft, digest, queueing=command.turn is None)
            except _Moved as moved:
                name = moved.name
        queue = self._queues.setdefault(name, asyncio.Lock())
        await self._in_time(queue.acquire())
        try:
            for tried in range(0 if waits else 1, TRIES - 1):
                with contextlib.suppress(_Moved):
                    return await self._attempt(command, draft, digest, fresh=tried > 0)
            return await self._attempt(command, draft, digest, fresh=True, last=True)
        finally:
            queue.release()

    async def _attempt(
        self,
        command: Command,
        draft: Fact,
        digest: bytes,
        *,
        fresh: bool = False,
        last: bool = False,
        queueing: bool = False,
    ) -> Acknowledged:
        """Decide and seal.  Raises _Moved where it is to be tried again on what is recorded by then.

        `queueing`: where others wait for their turn on a case it was decided on, this one waits too.
        """
        desk = Desk(self.cases, fresh=fresh)
        policy = (None if fresh else self.cases.policy_kept) or await self._in_time(self.cases.policy(fresh=fresh))
        try:
            decision = await self._decided(command, draft, desk, policy.policy)
        except (Refused, StaleVersion) as problem:
            again = await self._in_time(self._receipt_of(command, digest))
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
        except StaleVersion as problem:
            if command.if_match is not None or last:
                raise
            raise _Moved(problem.moved or command.stream) from problem

    async def _decided(self, command: Command, draft: Fact, desk: Desk, policy: Policy) -> Decision:
        """The decision, taken again until every case it asks for lies on the desk."""
        while True:
            try:
                case = desk.look((command.stream,))[command.stream]
                match_version(command, desk.read[command.stream])
                return decision_of(command, draft, case, policy, desk.look)
            except Unread as wanted:
                for name in wanted.names:
                    desk.lay(name, await self._in_time(self.cases.read(name)))

    async def _in_time(self, reading: Awaitable[T], late: type[Unavailable] = DatabaseUnavailable) -> T:
        """What is read, if it comes before the deadline: a server that hangs is as good as none."""
        try:
            async with asyncio.timeout(self.store.deadline):
                return await reading
        except TimeoutError as slow:
            raise late("There was no answer in time. Nothing was recorded; try again in a moment.") from slow

    async def _check_seen(self, command: Command) -> None:
        """Nobody can have decided from a screen of facts that are not sealed yet."""
        position = command.seen["position"] if command.seen else 0
        if position > self.store.released.size:
            head = await self._in_time(self.store.database.head())
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
        keys = self.store.vault.kept(owners)
        if keys is None:
            keys = await self._in_time(self.store.vault.keys_of(owners), VaultUnavailable)
        append = Append(
            [
                mapping.pending(self.store.origin, draft, envelope, keys, each)
                for draft, each in zip(drafts, parts, strict=True)
            ],
            key=command.key.bytes if command.key else None,
            digest=digest,
            reads=reads_of(desk, policy),
            at=command.at,
            warnings=warnings_of(decision),
        )
        if command.turn:
            await command.turn.comes()
        sealing = self.store.sequencer.append(append)
        if command.turn:
            command.turn.passes()
        receipt = await sealing
        if isinstance(receipt, Repeated):
            return await self._in_time(self._first_receipt(receipt))
        self._remember(command, desk, drafts, envelope, receipt)
        return acknowledged(receipt, [(draft.id, type(draft.fact)) for draft in drafts])

    def _remember(
        self, command: Command, desk: Desk, drafts: Sequence[Draft], envelope: Envelope, receipt: Receipt
    ) -> None:
        """It is sealed: whatever is wrong with our memory of the cases, its author is told so."""
        try:
            self.cases.remember(command.stream, desk.read, drafts, envelope, receipt)
        except Exception as problem:
            log.error("a case could not be kept: %s", type(problem).__name__)
            for name in desk.read:
                self.cases.forget(name)

    def _digest(self, command: Command) -> bytes:
        """HMAC of what was asked, under a key of the vault: tells a retry from another request with the same key."""
        return self.keyed.digest(asked(command))

    # ------------------------------------------------------------------------------------ receipts

    async def _receipt_of(self, command: Command, digest: bytes) -> Acknowledged | None:
        """The receipt of this very command, if it was recorded before."""
        if command.key is None:
            return None
        found = await self.store.database.receipt(command.key)
        if found is None:
            return None
        if found[0] != digest:
            raise KeyReused("This key was used for another request. Draw a new key for a new request.")
        await self.store.sequencer.confirm()
        return await self._first_receipt(found[1])

    async def _first_receipt(self, where: Repeated) -> Acknowledged:
        """The same receipt again, byte for byte: the signature is deterministic."""
        entries = await self.store.database.entries(where.first, where.last)
        root = await self.store.database.root_at(where.size)
        if root is None or not entries:
            raise Unavailable("The receipt is there but its facts are not; run 'ledger verify'.")
        facts: list[Sealed] = []
        named: list[tuple[str, type[Fact]]] = []
        for position, leaf, entry in entries:
            members = orjson.loads(entry)
            named.append((members["id"], FACT_BY_TOPIC[members["type"]]))
            facts.append(Sealed(members["stream"], members["version"], position, leaf, entry))
        note = self.store.note(where.size, root)
        recorded = datetime.fromisoformat(orjson.loads(entries[-1][2])["recorded"])
        receipt = Receipt(tuple(facts), where.size, note, recorded, where.warnings)
        return acknowledged(receipt, named, repeated=True)

    # ------------------------------------------------------------------------------------ releases

    async def _start_release(self, began: datetime | None) -> None:
        """Seal what this release brings with it, if the last one brought something else."""
        fact = release_in_force(metadata.version("case-ledger"))
        while self.store.read_only is None:
            stored = await self.store.database.stream("ledger")
            records = await self.cases.records(stored, {})
            releases = [each for each in records if isinstance(each.fact, ReleaseStarted)]
            if releases and releases[-1].fact == fact:
                return
            version = records[-1].version if records else 0
            at = None if not self.store.simulated or records else began
            moment = at or datetime.now(UTC)
            draft = Draft(mapping.fact_id(moment), "ledger", version + 1, fact, moment)
            pending = mapping.pending(self.store.origin, draft, Envelope(SYSTEM, policy=0), {})
            try:
                await self.store.sequencer.append(Append([pending], at=at))
            except StaleVersion:
                continue  # another process started at the same moment
            return

    # ------------------------------------------------------------------------------------ views

    async def view(
        self,
        noun: str,
        id: str,  # noqa: A002 - the contract's own word
        name: str,
        *,
        as_at: date | None = None,
        known_at: datetime | None = None,
        explain: bool = False,
        withhold: bool = False,
        clock: str = "ledger",
    ) -> dict[str, Any]:
        """One view of a case as at the end of a day, as known at a moment; without either: now.

        `clock="source"`: an imported fact counts as known from when the other system recorded it (contract, *Clock*).
        `withhold`: no sealed value leaves the house (roles that read states and dates only).
        Raises NotFound, DatabaseUnavailable, VaultUnavailable.
        """
        view = _view(noun, name)
        stream = _stream(noun, id)
        opens = AGGREGATES[noun].opens if withhold else view.opens
        newest = await self._in_time(self.store.database.newest(stream, known_at if clock == "ledger" else None))
        upto = LARGEST if newest.known is None else newest.known
        policy = (await self._in_time(self.cases.policy_at(newest.rules))).policy
        chain = await self._in_time(self.cases.chains.of(stream, newest.case))

        async def known(chain: Chain) -> Sequence[Recorded[Any]]:
            reading = await self._in_time(self.cases.chains.read(chain, opens), VaultUnavailable)
            if known_at and clock == "source":
                return [each for each in reading.records if (each.source_recorded or each.recorded) <= known_at]
            return reading.known(upto)

        history = await known(chain)
        if not any(each.stream == stream for each in history):
            raise NotFound(f"There is no {noun} {id}{' as known then' if known_at else ''}.")
        moment = known_at or datetime.now(UTC)
        day = as_at or london_day(moment)
        others = OtherHistories()
        while True:
            try:
                answer = view.answer(history, policy, day, upto, explain, others)
                break
            except Unread as wanted:
                for name in wanted.names:
                    others.read[name] = await known(await self._in_time(self.cases.chains.of(name)))
        if withhold:
            answer = _withheld(answer, chain)
        return {"as_at": day, "known_at": moment, "position": history[-1].position, **answer}

    async def worklist(
        self,
        name: str,
        *,
        unit: str = "",
        as_at: date | None = None,
        known_at: datetime | None = None,
        after: int = 0,
        cursor: str = "",
        most: int = lists.PAGE,
    ) -> lists.Page:
        """The rows of a worklist at the end of a day, from its table; as known at a moment, folded case by case.

        `after`: wait, at most five seconds, until this position is projected.  Raises NotFound, NotYetProjected,
        Malformed for a cursor that is none, DatabaseUnavailable.
        """
        worklist = _worklist(name)
        if after:
            await lists.reached(self.store.database, after)
        policy = (await self._in_time(self.cases.policy(fresh=True))).policy
        asked = lists.Question(as_at or london_day(known_at or datetime.now(UTC)), unit, cursor, most)
        if known_at is None:
            return await self._in_time(lists.page(self.store.database, worklist, asked, policy))
        upto = await self._in_time(self.store.database.known_at(known_at))
        return await lists.folded(self.store.database, self.cases, worklist, asked, policy, upto)

    @asynccontextmanager
    async def followed(self) -> AsyncGenerator[None]:
        """While inside, the worklists follow the ledger from this very process."""
        following = asyncio.create_task(self.follower.run())
        try:
            yield
        finally:
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await following
            await self.follower.close()

    async def rebuild(self, name: str | None, progress: Callable[[int, int], None]) -> dict[str, Any]:
        """Build a worklist, or all of them, anew beside the live ones, and swap it in.  Raises NotFound, Conflict."""
        names = [_worklist(name).name] if name else sorted(WORKLISTS)
        folder = Folder(self.store.database, self.cases)
        rebuild = Rebuild(self._tables, folder, self.store.database, progress, self._where())
        cases = await rebuild.run(names)
        return {"worklists": names, "cases": cases, "position": (await self.store.database.followed()).position}

    def _where(self) -> Where:
        store = self.store
        return Where(store.origin, store.conninfo(), store.vault_conninfo(), store.home / "keys" / "vault.key")

    async def _tables(self) -> Tables:
        """A connection to the tables of worklists; a server of ours that is down is started again by the reading."""
        try:
            return await Tables.connect(self.store.conninfo(), ROLES["ledger"])
        except psycopg.OperationalError:
            await self.store.database.head()
            return await Tables.connect(self.store.conninfo(), ROLES["ledger"])


async def _up(ask: Callable[[], Awaitable[object]]) -> str:
    """UP if there is an answer in time, and it is not no."""
    try:
        async with asyncio.timeout(READY_SECONDS):
            return "DOWN" if await ask() is False else "UP"
    except (LedgerError, TimeoutError):
        return "DOWN"


# ---------------------------------------------------------------------------------------- reading a case


def _stream(noun: str, id: str) -> str:  # noqa: A002 - the contract's own word
    if noun in SINGLE_STREAMS:
        return noun
    try:
        return f"{noun}-{a_random_id(id)}"
    except ValueError as wrong:
        raise NotFound(f"There is no {noun} {id[:40]!r}: an id is {str(wrong).removeprefix('use ')}.") from wrong


def _withheld(answer: Row, chain: Chain) -> Row:
    """An answer without sealed values, also without those that a fold had to open."""
    sealed = chain.sealed()
    events = [
        {**each, "values": {k: str(CLOSED) if k in sealed[each["position"]] else v for k, v in each["values"].items()}}
        for each in answer.get("events", ())
    ]
    return {**answer, "events": events} if events else answer


def _view(noun: str, name: str) -> View:
    for view in VIEWS:
        if view.noun == noun and view.name == name:
            return view
    known = ", ".join(view.name for view in VIEWS if view.noun == noun) or "none yet"
    raise NotFound(f"There is no view {name[:40]!r} of a {noun[:40]}; there are: {known}.")


def _worklist(name: str) -> Worklist:
    found = WORKLISTS.get(name)
    if found is None:
        raise NotFound(f"There is no worklist {name[:40]!r}; there are: {', '.join(sorted(WORKLISTS))}.")
    return found
