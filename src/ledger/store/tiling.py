"""The tiles of one log: full ones stored once and kept in memory, partial ones read from what they are made of.

    a full tile of level 0        256 leaves of `entries`, stored when somebody first needs it, or a second later
    a full tile of level L        256 `root`s of tiles of level L - 1, likewise
    a partial tile                the leaves, or roots, that are there: at most 255, never stored

So nothing is hashed again from all leaves, and a proof reads a handful of rows however large the log is.  Tiles are
made outside the lock of appends, of entries that are committed and can only stay, by any number of processes at once:
they all make the same.  `level`, `index` and `width` are those of ledger.transparency.tiles.

Proven by tests/store/test_tiling.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, LiteralString, TypeVar

from ledger.errors import DatabaseUnavailable, Inconsistent, LedgerError
from ledger.store import binary
from ledger.store.database import STATEMENTS as READING
from ledger.store.database import Database
from ledger.transparency.tiles import HEIGHT, TOP, WIDTH, Tile, TileReader, TilesWanted, bundle_of, root_of
from ledger.transparency.tree import HASH_SIZE, HashReader

log = logging.getLogger(__name__)
T = TypeVar("T")

KEPT: Final = 1_024  # full tiles in memory: 8 MiB, a quarter of a log of a million entries and all its upper levels
EVERY_SECONDS: Final = 1.0

STATEMENTS: Final[dict[str, LiteralString]] = {
    **READING,
    "tile": "SELECT hashes FROM tiles WHERE level = $1::bigint AND index = $2::bigint",
    "tile_of_leaves": r"""
        SELECT string_agg(leaf, '\x'::bytea ORDER BY position) FROM entries
        WHERE position BETWEEN $1::bigint AND $2::bigint
    """,
    "tile_of_roots": r"""
        SELECT string_agg(root, '\x'::bytea ORDER BY index) FROM tiles
        WHERE level = $1::bigint AND index BETWEEN $2::bigint AND $3::bigint
    """,
    "tiles_missing": """
        SELECT n FROM generate_series($2::bigint, $3::bigint) AS n
        WHERE NOT EXISTS (SELECT FROM tiles WHERE level = $1::bigint AND index = n) ORDER BY n LIMIT 256
    """,
    "tile_with": """
        SELECT index, position($1::bytea IN hashes)::bigint FROM tiles
        WHERE level = 0 AND position($1::bytea IN hashes) > 0
        ORDER BY index LIMIT 1
    """,
    "leaf_after": "SELECT position FROM entries WHERE position > $1::bigint AND leaf = $2::bytea ORDER BY 1 LIMIT 1",
    "keep_tile": """
        INSERT INTO tiles (level, index, root, hashes) VALUES ($1::bigint, $2::bigint, $3::bytea, $4::bytea)
        ON CONFLICT DO NOTHING
    """,
}


class Tiling:
    """The tiles of the log that `database` reads.  Every method raises DatabaseUnavailable when it does not answer, and
    Inconsistent where it does not hold what it must."""

    def __init__(self, database: Database) -> None:
        """`database` is opened with STATEMENTS."""
        self._database = database
        self._kept: OrderedDict[Tile, bytes] = OrderedDict()
        self._whole = [0] * (TOP + 1)  # by level: so many tiles, from the first on, are known to be stored
        self._task: asyncio.Task[None] | None = None

    async def tile(self, tile: Tile) -> bytes:
        """The hashes of a hash tile; the entries under it are committed."""
        if not tile.full:
            return await self._run(tile.level, tile.index * WIDTH, tile.width)
        found = self._kept.get(tile)
        if found is None:
            rows = await self._database._ask(b"tile", binary.int8(tile.level), binary.int8(tile.index))
            found = binary.read_bytes(rows[0][0]) if rows else await self._made(tile)
            self._kept[tile] = found
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(tile)
        return found

    async def bundle(self, tile: Tile) -> bytes:
        """The entries of an entry bundle, which are committed."""
        first = tile.index * WIDTH + 1
        found = await self._database.entries(first, first + tile.width - 1)
        if len(found) != tile.width:
            raise _missing(tile)
        return bundle_of([entry for _, _, entry in found])

    async def prove(self, size: int, made: Callable[[HashReader], T]) -> T:
        """What `made` makes (of ledger.transparency.tree) with a reader of the tree of this size."""
        held: dict[Tile, bytes] = {}
        while True:
            try:
                return made(TileReader(size, held.get))
            except TilesWanted as wanted:
                found = await asyncio.gather(*map(self.tile, wanted.tiles))
                held.update(zip(wanted.tiles, found, strict=True))

    async def position_of(self, leaf: bytes, size: int) -> int | None:
        """Where the entry with this leaf hash stands in a log of this size; None where there is none.

        No index leads from a leaf to its place, for nobody but an auditor ever asks: the tiles are looked through, 32
        bytes a fact, and then the few entries that no full tile covers.
        """
        await self.keep_up(size)
        for index, place in await self._database._ask(b"tile_with", leaf):
            at = binary.read_int8(place) - 1
            if at % HASH_SIZE == 0:  # else the bytes of two neighbours
                return binary.read_int8(index) * WIDTH + at // HASH_SIZE + 1
        rows = await self._database._ask(b"leaf_after", binary.int8(self._whole[0] * WIDTH), leaf)
        return binary.read_int8(rows[0][0]) if rows else None

    # ------------------------------------------------------------------------------------ keeping up

    async def keep_up(self, size: int) -> None:
        """Store every full tile of a tree of this size that is not stored yet, from the lowest level up."""
        for level in range(TOP + 1):
            full = size >> HEIGHT * (level + 1)
            while self._whole[level] < full:
                missing = await self._missing(level, self._whole[level], full - 1)
                for index in missing:
                    await self._made(Tile(level, index))
                self._whole[level] = missing[-1] + 1 if missing else full

    def start(self, size: Callable[[], int]) -> None:
        """Keep up with a log whose entries are committed up to `size()`, once a second."""
        self._task = asyncio.get_running_loop().create_task(self._keep(size))

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _keep(self, size: Callable[[], int]) -> None:
        told = False
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            try:
                await self.keep_up(size())
                told = False
            except LedgerError as problem:
                if not told:  # once, and not every second
                    log.error("tiles could not be made: %s", type(problem).__name__)
                told = True

    # ------------------------------------------------------------------------------------ making

    async def _made(self, tile: Tile) -> bytes:
        """A full tile, stored from now on; where it cannot be stored the next one who needs it makes it again."""
        hashes = await self._run(tile.level, tile.index * WIDTH, WIDTH)
        with contextlib.suppress(DatabaseUnavailable):
            place = binary.int8(tile.level), binary.int8(tile.index)
            await self._database._ask(b"keep_tile", *place, root_of(hashes), hashes)
        return hashes

    async def _run(self, level: int, first: int, width: int) -> bytes:
        """Neighbouring hashes of a level of tiles: leaves, or the roots of the tiles below."""
        found = await self._stored(level, first, width)
        if level and len(found) != width * HASH_SIZE:
            for index in await self._missing(level - 1, first, first + width - 1):
                await self._made(Tile(level - 1, index))
            found = await self._stored(level, first, width)
        if len(found) != width * HASH_SIZE:
            raise _missing(Tile(level, first // WIDTH, width))
        return found

    async def _stored(self, level: int, first: int, width: int) -> bytes:
        last = first + width - 1
        if level == 0:
            rows = await self._database._ask(b"tile_of_leaves", binary.int8(first + 1), binary.int8(last + 1))
        else:
            where = binary.int8(level - 1), binary.int8(first), binary.int8(last)
            rows = await self._database._ask(b"tile_of_roots", *where)
        return rows[0][0] or b""

    async def _missing(self, level: int, first: int, last: int) -> list[int]:
        """The first 256 indexes of full tiles, of these, that are not stored."""
        asked = binary.int8(level), binary.int8(first), binary.int8(last)
        return [binary.read_int8(row[0]) for row in await self._database._ask(b"tiles_missing", *asked)]


def _missing(tile: Tile) -> Inconsistent:
    return Inconsistent(f"Entries under {tile.path()} were sealed and are not there. Run 'ledger verify'.")
