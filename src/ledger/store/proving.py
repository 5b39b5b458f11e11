"""What a log tells whoever trusts nobody: tiles, and proofs made from tiles, of what a released checkpoint covers.

    tile(log, Tile(0, 7))          hashes or entries, byte for byte as anybody makes them from the entries
    inclusion(log, 4711)           that the fact at a position is in the log, to keep (.tlog-proof)
    consistency(log, 4711, 5000)   that the log of 5,000 facts is the one of 4,711 with facts added

No proof leaves that does not hold: each is verified first, with the checks that its reader uses, and one that fails is
a database that is not what was signed.

Proven by tests/api/test_log.py and, by programs of others, tests/independent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from ledger.errors import DatabaseUnavailable, Inconsistent, Malformed, NotFound
from ledger.store.log import Log
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.errors import TransparencyError
from ledger.transparency.note import parse_note
from ledger.transparency.proof import Proof
from ledger.transparency.tiles import ENTRIES, Tile
from ledger.transparency.tree import (
    HashReader,
    consistency_proof,
    edge_at,
    inclusion_proof,
    verify_consistency,
    verify_inclusion,
)

log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Consistency:
    """A consistency proof between two sizes; `note`: the checkpoint of the larger one, None where none was made."""

    size: int
    later: int
    hashes: tuple[bytes, ...]
    note: str | None


async def tile(of: Log, tile: Tile) -> bytes:
    """A hash tile or an entry bundle.

    Raises NotFound where it is not full, or not as wide, as the newest released checkpoint makes it; and, like all
    here, DatabaseUnavailable and Inconsistent.
    """

    async def read() -> bytes:
        try:
            await of.covering(tile.leaves)
        except NotFound as beyond:
            raise NotFound(f"There is no {tile.path()} yet.") from beyond
        return await (of.tiles.bundle(tile) if tile.level == ENTRIES else of.tiles.tile(tile))

    return await _held(of, read())


async def inclusion(of: Log, position: int) -> Proof:
    """That the fact at this position is in the log, at the newest released checkpoint.  Raises NotFound."""

    async def made() -> Proof:
        checkpoint, note = await _covering(of, position)
        index, size = position - 1, checkpoint.size

        def read(tree: HashReader) -> tuple[list[bytes], bytes]:
            return inclusion_proof(index, size, tree), tree.hashes([(0, index)])[0]

        hashes, leaf = await of.tiles.prove(size, read)
        verify_inclusion(leaf, index, size, hashes, checkpoint.root)
        return Proof(index, tuple(hashes), note)

    return await _held(of, made())


async def consistency(of: Log, size: int, later: int | None = None) -> Consistency:
    """That the log of `later` facts (if left out: of the newest released checkpoint) only added to that of `size`.

    Raises NotFound where no released checkpoint covers them, Malformed for sizes between which nothing is proved.
    """
    if size < 1:
        raise Malformed("From size 0 nothing is proved: every log continues the empty one.", {"from": "at least 1"})
    if later is not None and later < size:
        raise Malformed(f"A log of {later} facts does not continue one of {size}.", {"to": "at least `from`"})

    async def made() -> Consistency:
        checkpoint, note = await _covering(of, later or size)
        upto = later or checkpoint.size
        root = checkpoint.root if upto == checkpoint.size else await of.database.root_at(upto)

        def read(tree: HashReader) -> tuple[list[bytes], bytes, bytes]:
            return consistency_proof(size, upto, tree), edge_at(size, tree).root(), edge_at(upto, tree).root()

        hashes, before, after = await of.tiles.prove(upto, read)
        verify_consistency(size, upto, hashes, before, root or after)
        if upto == checkpoint.size:
            return Consistency(size, upto, tuple(hashes), note)
        return Consistency(size, upto, tuple(hashes), of.note(upto, root) if root else None)

    return await _held(of, made())


async def _covering(of: Log, position: int) -> tuple[Checkpoint, str]:
    """The checkpoint that everybody is shown, with all its signatures; where it does not cover the position yet (it
    waits for witnesses), the newest one that the log signed."""
    if position < 1:
        raise NotFound("The first fact is at position 1.")
    try:
        newest = await of.covering(position)
    except NotFound as beyond:
        raise NotFound(f"There is no fact at position {position} yet.") from beyond
    try:
        note = await of.checkpoint()
    except NotFound:
        return newest
    shown = Checkpoint.parse(parse_note(note).text)
    return (shown, note) if shown.size >= position else newest


async def _held(of: Log, reading: Coroutine[Any, Any, T]) -> T:
    """What is read, in time, and if it holds."""
    try:
        async with asyncio.timeout(of.deadline):
            return await reading
    except TimeoutError as slow:
        raise DatabaseUnavailable("There was no answer in time. Try again in a moment.") from slow
    except TransparencyError as wrong:
        log.critical("a proof from the %s does not hold: %s", of.kept.name, wrong)
        raise Inconsistent(of.read_only or "What is stored is not what was signed. Run 'ledger verify'.") from wrong
