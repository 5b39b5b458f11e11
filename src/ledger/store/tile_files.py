"""A log as files, byte for byte what is served: for an auditor's stick, or for a web server that serves nothing else.

    FOLDER/checkpoint        FOLDER/tile/<L>/<N>[.p/<W>]        FOLDER/tile/entries/<N>[.p/<W>]

Each file is whole or not there, and the checkpoint is written last: so whoever finds it finds all it covers, also where
the writing was cut short.  What a folder holds already is left, unless it is no part of this log: that is found by the
checkpoint in it, which must be an earlier one of the same log.

Proven by tests/store/test_tile_files.py and tests/independent.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from ledger.errors import Setup
from ledger.store import proving
from ledger.store.log import Log
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.errors import TransparencyError
from ledger.transparency.names import opened
from ledger.transparency.note import parse_note
from ledger.transparency.tiles import ENTRIES, WIDTH, Tile, bundles_of, tiles_of
from ledger.transparency.tree import HASH_SIZE, edge_at

CHECKPOINT: Final = "checkpoint"


async def write_tiles(
    of: Log,
    folder: Path,
    taken: Callable[[int, int], Awaitable[None]],
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> tuple[int, int]:
    """Write the log as of the checkpoint that it shows; (its size, files written).

    `taken` hears of the positions of the entries, first and last, before they are written; `progress` of files written,
    and of how many.  Raises Setup for a folder that holds something else, NotFound before the first fact, and what
    ledger.store.proving raises.
    """
    note = await of.checkpoint()
    checkpoint = Checkpoint.parse(parse_note(note).text)
    known = await _known(of, folder, checkpoint)
    wanted = [*tiles_of(checkpoint.size), *bundles_of(checkpoint.size)]
    missing = [tile for tile in wanted if not (known and _is_there(folder, tile))]
    entries = [tile for tile in missing if tile.level == ENTRIES]
    if entries:
        await taken(entries[0].index * WIDTH + 1, checkpoint.size)
    for done, tile in enumerate(missing):
        progress(done, len(missing))
        await asyncio.to_thread(_write, folder / tile.path(), await proving.tile(of, tile))
    await asyncio.to_thread(_write, folder / CHECKPOINT, note.encode())
    await asyncio.to_thread(_clear, folder, wanted)
    progress(len(missing), len(missing))
    return checkpoint.size, len(missing)


async def _known(of: Log, folder: Path, now: Checkpoint) -> bool:
    """Does the folder hold an earlier state of this very log?  False where it holds no checkpoint."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / CHECKPOINT
    if not file.exists():
        return False
    try:
        then = opened(file.read_bytes(), of.names)
    except TransparencyError as wrong:
        raise Setup(f"{folder} holds something else than {of.origin}: {wrong}. Choose another folder.") from wrong
    if then.size > now.size:
        raise Setup(f"{folder} holds {then.size} facts of {of.origin}, which has {now.size}. Run 'ledger verify'.")
    edge = await of.tiles.prove(now.size, lambda tree: edge_at(then.size, tree))
    if edge.root() != then.root:
        raise Setup(f"The first {then.size} facts of {of.origin} are others than in {folder}. Run 'ledger verify'.")
    return True


def _is_there(folder: Path, tile: Tile) -> bool:
    file = folder / tile.path()
    return file.is_file() and (tile.level == ENTRIES or file.stat().st_size == tile.width * HASH_SIZE)


def _write(file: Path, data: bytes) -> None:
    """A whole file, durable before it has its name: a later run leaves what is there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}")  # one that was left by a run that was killed is overwritten
    with draft.open("wb") as opened:
        opened.write(data)
        opened.flush()
        os.fsync(opened.fileno())
    draft.replace(file)


def _clear(folder: Path, tiles: list[Tile]) -> None:
    """Partial tiles go once the full one is there (tlog-tiles, *Partial Tiles*)."""
    for tile in tiles:
        part = folder / f"{tile.path()}.p"
        if tile.full and part.is_dir():
            for file in part.iterdir():
                file.unlink()
            part.rmdir()
