"""The map of every chain's head (ledger.transparency.heads) as one log moves on: begun from a snapshot, then followed.

    live = LiveHeads(connect, "ledger.example/kent")
    await live.catch_up()                    live.map is as at position live.at
    live.newest                              the newest closing that it passed, with the map as it was then

It begins when it is first asked for, as at the newest closing if little has moved since, and then reads what was
sealed: outside the lock of appends, and in pieces so small that the loop serves others between them.  A closing that it
passes must have sealed the very root that it came to itself; where it did not, chains or entries were changed, and the
map goes no further.

Proven by tests/store/test_closing.py and measured by bench/closing.py.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, LiteralString, TypeAlias

import orjson

from ledger.aggregates.ledger_stream import Closed
from ledger.errors import Inconsistent
from ledger.store import appending, binary
from ledger.store.wire import Rows, Wire
from ledger.transparency.chain import CHAIN_START, next_link
from ledger.transparency.errors import TransparencyError
from ledger.transparency.heads import Builder, Head, Heads
from ledger.transparency.note import encode_base64

log = logging.getLogger(__name__)

PAGE: Final = 128  # entries that are put in at once
CHAINS_PAGE: Final = 500  # chains that are read at once
MOVED_BACK: Final = 1_000  # chains that are followed back to the newest closing; where more moved, the map begins later
_NOTHING: Final = Head(0, CHAIN_START, -1)

Connect: TypeAlias = Callable[[Mapping[str, LiteralString]], Awaitable[Wire]]
Row: TypeAlias = tuple[bytes | None, ...]

STATEMENTS: Final[dict[str, LiteralString]] = {
    "begin": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    "size": "SELECT size FROM head",
    "chains": """
        SELECT id, n, chain, last FROM chains WHERE id > convert_from($1::bytea, 'UTF8') ORDER BY id LIMIT $2::bigint
    """,
    "chain": """
        SELECT position, leaf FROM entries
        WHERE stream = convert_from($1::bytea, 'UTF8') AND position <= $2::bigint
        UNION ALL
        SELECT e.position, e.leaf FROM about AS a JOIN entries AS e USING (position)
        WHERE a.id = convert_from($1::bytea, 'UTF8') AND a.position <= $2::bigint ORDER BY position
    """,
    "newest": "SELECT position FROM closings ORDER BY position DESC LIMIT 1",
    "closing": "SELECT heads, root FROM closings WHERE position = $1::bigint",
    "since": appending.STATEMENTS["since"],
}


@dataclass(frozen=True, slots=True)
class Closing:
    """A closing that stands: `heads` is the root of `chains`, the map of all that was recorded before it."""

    size: int  # facts before it, and so its own leaf index
    heads: bytes
    root: bytes  # of the tree with it: its checkpoint is of size + 1 facts
    recorded: datetime
    chains: Heads = field(repr=False)

    @property
    def position(self) -> int:
        return self.size + 1


class LiveHeads:
    """The map of one log.  One at a time may call `catch_up`.  `connect` opens connections to the schema of the log."""

    def __init__(self, connect: Connect, name: str) -> None:
        self._connect = connect
        self._name = name
        self._wire: Wire | None = None
        self._damage: str | None = None
        self._begun = False
        self.map = Heads()
        self.at = 0
        self.newest: Closing | None = None

    async def catch_up(self, *, begin: bool = True) -> None:
        """Follow the log to its end; without `begin` only if it was followed before.

        Raises DatabaseTrouble, OSError; Inconsistent where chains or entries are not what a closing sealed.
        """
        if self._damage:
            raise Inconsistent(self._damage)
        if not self._begun:
            if not begin:
                return
            await self._begin()
        while True:
            rows = await self._ask("since", binary.int8(self.at), binary.int8(PAGE))
            check_order(rows, self.at)
            for part in _parted(rows):
                closing = await self._closing(part[0]) if _closes(part[0]) else self.newest
                self.map, self.newest = self.map.updated(self.moved_by(part)), closing
                self.at = binary.read_int8(part[-1][0])
            if len(rows) < PAGE:
                return
            await asyncio.sleep(0)

    def moved_by(self, rows: Rows) -> Mapping[str, Head]:
        """The heads of all chains that these entries, in order, move."""
        moved: dict[str, Head] = {}
        for position, stream, leaf, about, _ in rows:
            index = binary.read_int8(position) - 1
            named = about[1:-1].decode().split('","') if about else ()
            for name in (binary.read_bytes(stream).decode(), *named):
                head = moved.get(name) or self.map.head(name) or _NOTHING
                moved[name] = _next(head, index, binary.read_bytes(leaf))
        return moved

    def close(self) -> None:
        """Let go of the connection and the maps."""
        if self._wire:
            self._wire.close()
        self.map, self.newest, self._begun = Heads(), None, False

    # ------------------------------------------------------------------------------------ closings on the way

    async def _closing(self, row: Row) -> Closing:
        """The closing in this row, which the map has come to.  Raises Inconsistent where it has another root."""
        entry = orjson.loads(binary.read_bytes(row[4]))
        position, heads = binary.read_int8(row[0]), self.map.root
        kept = await self._ask("closing", binary.int8(position))
        told = (entry["values"]["size"], entry["values"]["heads"])
        if told != (position - 1, encode_base64(heads)) or [each[0] for each in kept] != [heads]:
            log.critical("the closing at %d of %s sealed other chains than are recorded", position, self._name)
            self._damage = (
                f"The closing at position {position} sealed other chains than are recorded. Run 'ledger verify'."
            )
            raise Inconsistent(self._damage)
        recorded = datetime.fromisoformat(entry["recorded"])
        return Closing(position - 1, heads, binary.read_bytes(kept[0][1]), recorded, self.map)

    # ------------------------------------------------------------------------------------ beginning

    async def _begin(self) -> None:
        wire = await self._connect(STATEMENTS)  # of its own: nobody else shall read in this transaction
        builder = Builder()
        try:
            await wire.ask(b"begin")
            size = binary.read_int8((await wire.ask(b"size"))[0][0])
            newest = await wire.ask(b"newest")
            closed = binary.read_int8(newest[0][0]) - 1 if newest else size
            moved = await _read(wire, builder, closed)
            if len(moved) <= MOVED_BACK:
                size, moved = closed, {name: await _as_at(wire, name, closed) for name in moved}
            for name, head in moved.items():
                if head.n:
                    builder.add(name, head)
        except TransparencyError as wrong:
            raise Inconsistent("What is kept of a chain is none. Run 'ledger verify'.") from wrong
        finally:
            wire.close()
        for _ in builder.steps():
            await asyncio.sleep(0)
        self.map, self.at, self.newest, self._begun = builder.built, size, None, True

    async def _ask(self, name: str, *params: bytes) -> Rows:
        if self._wire is None or self._wire.closed:
            self._wire = await self._connect(STATEMENTS)
        return await self._wire.ask(name.encode(), params)


async def _read(wire: Wire, builder: Builder, closed: int) -> dict[str, Head]:
    """Put in every chain that did not move after so many facts; the others are returned."""
    moved: dict[str, Head] = {}
    after = b""
    while rows := await wire.ask(b"chains", (after, binary.int8(CHAINS_PAGE))):
        for name, n, chain, last in rows:
            head = Head(binary.read_int8(n), binary.read_bytes(chain), binary.read_int8(last))
            if head.last < closed:
                builder.add(binary.read_bytes(name).decode(), head)
            else:
                moved[binary.read_bytes(name).decode()] = head
        after = binary.read_bytes(rows[-1][0])
        await asyncio.sleep(0)
    return moved


async def _as_at(wire: Wire, name: str, size: int) -> Head:
    """The head of an id's chain when there were so many facts."""
    head = _NOTHING
    for position, leaf in await wire.ask(b"chain", (name.encode(), binary.int8(size))):
        head = _next(head, binary.read_int8(position) - 1, binary.read_bytes(leaf))
    return head


def _next(head: Head, index: int, leaf: bytes) -> Head:
    return Head(head.n + 1, next_link(head.chain, index, leaf), index)


def check_order(rows: Sequence[Row], after: int, upto: int | None = None) -> None:
    """The rows are those of the positions after one, without a gap.  Raises Inconsistent."""
    last = after + len(rows)
    if [binary.read_int8(row[0]) for row in rows] != list(range(after + 1, last + 1)) or upto not in (None, last):
        raise Inconsistent("Positions are missing from the ledger. Run 'ledger verify'.")


def _closes(row: Row) -> bool:
    return row[4] is not None and orjson.loads(row[4])["type"] == Closed.topic


def _parted(rows: Rows) -> Iterator[Rows]:
    """These rows in parts, each closing a part of its own: the map must stand just before it."""
    part: Rows = []
    for row in rows:
        if not _closes(row):
            part.append(row)
            continue
        if part:
            yield part
        yield [row]
        part = []
    if part:
        yield part
