"""Closings of one log: the root of the map of every chain's head, sealed as a fact.

    closing = await closer.close_now()                  covers whatever was recorded when this was asked
    closing = await closer.close_now("offender-019a…")  the same of one id: the newest, if its chain did not move since
    closing.chains.prove("offender-019a…")              its head at that size, or that there is no such chain

A closing is an append of its own.  Under the lock it is handed what came after the position its map is at, puts that in
and makes its fact with the root; where that is more than some two milliseconds' work it gives up, catches up and tries
again, while this process seals in small batches.  Whatever was sealed in stream `ledger` meanwhile stops it too: it may
be a closing by another process, which is then as good.

There is a Closer for each log, for the access log too, whose closings stand in a stream `ledger` of its own.  A log is
closed at most once a second, and by `keep` at least hourly while facts arrive: not within the first hour after its
first fact, and never a scenario, whose positions are told beforehand.  A clock that commands set is not moved: such a
log's closing is recorded at the time of its newest fact, and its hours are those of this process.

Where another process seals large batches without a pause, there is never little enough to look at, and a closing waits
until it pauses: so whoever seals much keeps his own Closer (`ledger serve`, `ledger import`).

Proven by tests/store/test_closing.py and measured by bench/closing.py.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from time import perf_counter
from typing import Any, Final, LiteralString

import orjson

from ledger.aggregates.ledger_stream import STREAM, SYSTEM, Closed, TimestampObtained
from ledger.errors import DatabaseUnavailable, LedgerError
from ledger.store import binary, database, mapping
from ledger.store.appending import Append, Ending, Pending, Receipt
from ledger.store.heads import Closing, Connect, LiveHeads, check_order
from ledger.store.log import Log
from ledger.store.mapping import Draft, Envelope
from ledger.store.sequencer import Sequencer
from ledger.store.wire import DatabaseTrouble, Rows, Wire
from ledger.transparency.heads import Heads
from ledger.transparency.note import encode_base64

log = logging.getLogger(__name__)

ENTRIES_UNDER_LOCK: Final = 48  # that are put in under the lock, at most
IDS_UNDER_LOCK: Final = 64  # whose chains they move: some 20 microseconds each
ONCE: Final = 1.0  # seconds
TRYING: Final = 10.0  # seconds, while others record more than can be looked at under the lock
HOURLY: Final = timedelta(minutes=59)  # it may have to be tried again
EVERY_SECONDS: Final = 15.0  # between two looks at whether an hour is over
_CROWDED: Final = "More is being recorded than can be closed just now. Try again in a moment."
_NO_ANSWER: Final = "The ledger's database does not answer. Try again in a moment."

STATEMENTS: Final[dict[str, LiteralString]] = {
    "size": "SELECT size FROM head",
    "newest": """
        SELECT c.position, c.heads, e.recorded FROM closings AS c JOIN entries AS e USING (position)
        ORDER BY c.position DESC LIMIT 1
    """,
    # When the newest closing, or the first fact, was recorded; and whether anything was since.
    "open": """
        SELECT e.recorded, EXISTS (  -- a timestamp over the newest closing is no reason for another one
            SELECT FROM entries AS later WHERE later.position > coalesce(c.position, 0)
                AND position(convert_to('"type":"ledger.timestamp-obtained.v1"', 'UTF8') IN later.entry) = 0
        )
        FROM (SELECT max(position) AS position FROM closings) AS c
        JOIN entries AS e ON e.position = coalesce(c.position, 1)
    """,
    "own": "SELECT entry FROM entries WHERE stream = 'ledger' AND position > $1::bigint ORDER BY version",
    "keep_note": database.STATEMENTS["keep_note"],
}


class _NotNow(LedgerError):
    """More was recorded meanwhile than may be looked at under the lock."""


class Closer:
    """Closes one log; any number of processes may.  `connect` opens connections to the schema of the log."""

    @classmethod
    def of(cls, each: Log) -> Closer:
        """The one that closes an open log."""
        return cls(each.database.connect, each.sequencer, each.origin, simulated=each.simulated)

    def __init__(self, connect: Connect, sequencer: Sequencer, origin: str, *, simulated: bool = False) -> None:
        self._connect = connect
        self._sequencer = sequencer
        self._origin = origin
        self._simulated = simulated
        self._live = LiveHeads(connect, origin)
        self._wire: Wire | None = None
        self._turn = asyncio.Lock()
        self._sealing = Heads()
        self._token: str | None = None
        self._paced: tuple[int, float] = (0, 0.0)  # the newest closing's position, and when the next one may be made
        self.under_lock = 0.0  # seconds that the last closing kept others waiting for its map

    async def close_now(self, chain: str | None = None) -> Closing:
        """A closing that covers all that was recorded when this was asked, or all that was about one id.

        Raises DatabaseUnavailable, ClockInDoubt, ReadOnly, OutcomeUnknown, and Inconsistent where chains or entries are
        not what an earlier closing sealed.
        """
        try:
            asked = binary.read_int8((await self._ask("size"))[0][0])
            async with self._turn:
                return await self._closed(asked, chain)
        except (DatabaseTrouble, OSError) as trouble:
            raise DatabaseUnavailable(_NO_ANSWER) from trouble

    async def keep(self) -> None:
        """Close hourly while facts arrive, until cancelled; what nobody thought of ends it as little."""
        loop = asyncio.get_running_loop()
        since = loop.time()
        while not (self._simulated and "scenario" in self._origin.split("/")):
            await asyncio.sleep(EVERY_SECONDS)
            if self._sequencer.read_only:
                continue
            try:
                if await self._is_due(loop.time() - since):
                    await self.close_now()
                    since = loop.time()
                else:
                    async with self._turn:
                        await self._live.catch_up(begin=False)
            except Exception as problem:
                log.error("%s could not be closed: %s", self._origin, type(problem).__name__)

    async def newest(self) -> dict[str, Any] | None:
        """The newest closing as people and programs read it: position, size, heads and recorded; None before any.

        Raises DatabaseUnavailable.
        """
        try:
            rows = await self._ask("newest")
        except (DatabaseTrouble, OSError) as trouble:
            raise DatabaseUnavailable(_NO_ANSWER) from trouble
        if not rows:
            return None
        position, heads, recorded = rows[0]
        return {
            "position": binary.read_int8(position),
            "size": binary.read_int8(position) - 1,
            "heads": encode_base64(binary.read_bytes(heads)),
            "recorded": binary.moment(binary.read_int8(recorded)),
        }

    def close(self) -> None:
        """Let go of connections and maps."""
        self._live.close()
        if self._wire:
            self._wire.close()

    # ------------------------------------------------------------------------------------ closing

    async def _closed(self, asked: int, chain: str | None) -> Closing:
        loop = asyncio.get_running_loop()
        ends = loop.time() + TRYING
        with contextlib.ExitStack() as hurry:
            while True:
                await self._live.catch_up()
                newest = self._live.newest
                if newest is not None and (newest.position >= asked or self._stands(newest, chain)):
                    return newest
                if newest is not None and (wait := self._pause(newest)) > 0:
                    await asyncio.sleep(wait)
                    continue
                try:
                    await self._seal()
                except _NotNow as crowded:
                    if loop.time() > ends:
                        raise DatabaseUnavailable(_CROWDED) from crowded
                    hurry.enter_context(self._sequencer.in_small_batches())

    def _stands(self, closing: Closing, chain: str | None) -> bool:
        """Nothing was recorded about this id since; the closing itself is what moves stream `ledger`."""
        if chain is None:
            return False
        head = self._live.map.head(chain)
        return head is None or head.last <= closing.size

    def _pause(self, newest: Closing) -> float:
        """Seconds until the next closing may be made: reckoned once, for clocks differ and one may be set."""
        now = asyncio.get_running_loop().time()
        if self._paced[0] != newest.position:
            age = (datetime.now(UTC) - newest.recorded).total_seconds()
            self._paced = (newest.position, now + ONCE - min(max(age, 0.0), ONCE))
        return self._paced[1] - now

    async def _seal(self) -> None:
        """Raises _NotNow where more was recorded than may be put in under the lock."""
        await self._find_token()
        ending = Ending(STREAM, self._live.at, ENTRIES_UNDER_LOCK, self._made)
        receipt = await self._sequencer.append(Append((), ending=ending))
        assert isinstance(receipt, Receipt)
        self._live.map, self._live.at = self._sealing, receipt.size - 1
        await self._ask("keep_note", binary.int8(receipt.size), receipt.note.encode())

    async def _find_token(self) -> None:
        """The hash of the newest timestamp over the last closing.  One that comes later stops the sealing: `_made`."""
        newest = self._live.newest
        rows = await self._ask("own", binary.int8(newest.position)) if newest is not None else ()
        own = [orjson.loads(binary.read_bytes(row[0])) for row in rows]
        tokens = [each["values"]["token"] for each in own if each["type"] == TimestampObtained.topic]
        self._token = encode_base64(sha256(base64.b64decode(tokens[-1])).digest()) if tokens else None

    def _made(self, size: int, recorded: int, version: int, since: Rows) -> tuple[Pending, bytes]:
        """Under the lock: the fact that closes `size` facts, and the root that it seals."""
        began = perf_counter()
        if len(since) > ENTRIES_UNDER_LOCK or any(row[4] is not None for row in since):
            raise _NotNow(_CROWDED)
        check_order(since, self._live.at, size)
        moved = self._live.moved_by(since)
        if len(moved) > IDS_UNDER_LOCK:
            raise _NotNow(_CROWDED)
        self._sealing = self._live.map.updated(moved)
        heads = self._sealing.root
        moment = binary.moment(recorded)
        fact = Closed(size=size, heads=encode_base64(heads), previous_token=self._token)
        draft = Draft(mapping.fact_id(moment), STREAM, version + 1, fact, moment)
        made = mapping.pending(self._origin, draft, Envelope(SYSTEM, policy=0), {})
        self.under_lock = perf_counter() - began
        return made, heads

    # ------------------------------------------------------------------------------------ below

    async def _is_due(self, seconds: float) -> bool:
        """Has an hour passed, and is there anything to close?  `seconds`: since this process last closed, or began."""
        rows = await self._ask("open")
        if not rows or rows[0][1] != b"\x01":
            return False
        if self._simulated:
            return seconds >= HOURLY.total_seconds()
        return datetime.now(UTC) - binary.moment(binary.read_int8(rows[0][0])) >= HOURLY

    async def _ask(self, name: str, *params: bytes) -> Rows:
        if self._wire is None or self._wire.closed:
            self._wire = await self._connect(STATEMENTS)
        return await self._wire.ask(name.encode(), params)
