"""A log written to a folder is what is served, whole or not there, and grows with the log."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest
from tests.conftest import Clusters
from tests.doors import Door, new_door

from ledger.errors import DatabaseUnavailable, Forbidden, Setup
from ledger.store import proving, tile_files
from ledger.store.log import Log
from ledger.store.tile_files import write_tiles
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.tiles import ENTRIES, Tile, TileReader, bundles_of, entries_in, parse_path, tiles_of
from ledger.transparency.tree import RightEdge, edge_at, leaf_hash


@pytest.fixture(scope="module")
def door(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Door]:
    with new_door(clusters.ledger, clusters.vault) as made:
        grow(made, 300)
        with pytest.raises(Forbidden):  # or the access log is empty
            made.give(made.new_case().to, "RecordCommunicationNeed", {"need_type": "SIGNING"}, "police")
        yield made


def grow(door: Door, facts: int) -> None:
    case = door.new_case()
    for _ in range(facts):
        door.give(case.to, "RecordCommunicationNeed", {"need_type": "SIGNING"}, "practitioner")


def write(door: Door, folder: Path, of: Log | None = None) -> tuple[int, int, list[tuple[int, int]]]:
    """(size, files written, positions of entries that were announced)."""
    told: list[tuple[int, int]] = []

    async def taken(first: int, last: int) -> None:
        assert not folder.joinpath("tile/entries").exists() or told == []
        told.append((first, last))

    return *door.run(write_tiles(of or door.ledger.store, folder, taken)), told


def files(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


def check(door: Door, folder: Path) -> Checkpoint:
    """From the folder and the key alone: entries make leaves, leaves and tiles make the root that was signed."""
    key = door.ledger.store.signer.verifier()
    checkpoint = Checkpoint.open((folder / "checkpoint").read_bytes(), key.name, [key])

    def read(tile: Tile) -> bytes:
        return (folder / tile.path()).read_bytes()

    entries = [entry for tile in bundles_of(checkpoint.size) for entry in entries_in(read(tile), tile.width)]
    leaves = [leaf_hash(entry) for entry in entries]
    assert RightEdge().extend(leaves).root() == checkpoint.root
    assert edge_at(checkpoint.size, TileReader(checkpoint.size, read)).root() == checkpoint.root
    assert b"".join(read(tile) for tile in tiles_of(checkpoint.size) if tile.level == 0) == b"".join(leaves)
    return checkpoint


def test_the_folder_is_the_log_and_nothing_else(door: Door, tmp_path: Path):
    size, written, told = write(door, tmp_path / "log")
    assert check(door, tmp_path / "log").size == size == door.size
    expected = {tile.path() for tile in (*tiles_of(size), *bundles_of(size))}
    assert files(tmp_path / "log") == expected | {"checkpoint"}
    assert written == len(expected)
    assert told == [(1, size)]


def test_the_folder_holds_what_is_served(door: Door, tmp_path: Path):
    write(door, tmp_path)
    for path in files(tmp_path):
        assert door.ask("GET", f"/log/{path}", "auditor").content == (tmp_path / path).read_bytes(), path


def test_only_what_is_new_is_written_and_announced_and_a_partial_tile_goes_with_the_full_one(
    door: Door, tmp_path: Path
):
    size, _, _ = write(door, tmp_path)
    before = {path: (tmp_path / path).stat().st_mtime_ns for path in files(tmp_path)}
    assert write(door, tmp_path) == (size, 0, [])
    grow(door, 256)
    later, written, told = write(door, tmp_path)
    assert check(door, tmp_path).size == later > size + 256
    for tile in (*tiles_of(size), *bundles_of(size)):
        full = tmp_path / Tile(tile.level, tile.index).path()
        if tile.full:
            assert full.stat().st_mtime_ns == before[tile.path()]
        else:
            assert (tmp_path / tile.path()).exists() is not full.exists()
    assert written < len([*tiles_of(later), *bundles_of(later)])
    assert told == [(257, later)]


def test_a_writing_that_was_cut_short_is_finished_by_the_next(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    real, count = proving.tile, [0]

    async def failing(of: Log, tile: Tile) -> bytes:
        count[0] += 1
        if count[0] > 3:
            raise DatabaseUnavailable("It does not answer.")
        return await real(of, tile)

    monkeypatch.setattr(tile_files.proving, "tile", failing)
    with pytest.raises(DatabaseUnavailable):
        write(door, tmp_path)
    assert "checkpoint" not in files(tmp_path)
    assert all(parse_path(path) for path in files(tmp_path))
    monkeypatch.undo()
    assert write(door, tmp_path)[0] == check(door, tmp_path).size


def test_a_file_that_was_cut_is_written_again(door: Door, tmp_path: Path):
    write(door, tmp_path)
    os.truncate(tmp_path / "tile/0/000", 100)
    (tmp_path / "tile/entries/000").unlink()
    assert write(door, tmp_path)[1:] == (2, [(1, door.size)])
    check(door, tmp_path)


def test_without_a_checkpoint_nothing_in_a_folder_is_believed(door: Door, tmp_path: Path):
    write(door, tmp_path)
    (tmp_path / "checkpoint").unlink()
    (tmp_path / "tile/0/000").write_bytes(bytes(8192))
    write(door, tmp_path)
    check(door, tmp_path)


def test_a_folder_of_another_log_is_left_alone(door: Door, tmp_path: Path):
    write(door, tmp_path)
    before = {path: (tmp_path / path).read_bytes() for path in files(tmp_path)}
    with pytest.raises(Setup, match="Choose another folder"):
        write(door, tmp_path, door.ledger.store.access)
    (tmp_path / "checkpoint").write_text("a shopping list")
    with pytest.raises(Setup, match="Choose another folder"):
        write(door, tmp_path)
    assert files(tmp_path) == set(before)


def test_a_folder_that_holds_more_or_another_past_is_an_alarm_and_stays(door: Door, tmp_path: Path):
    log = door.ledger.store
    write(door, tmp_path)
    size = door.size
    for at, root in ((size + 5, bytes(32)), (size - 5, bytes(32))):
        note = Checkpoint(log.origin, at, root).sign(log.signer)
        (tmp_path / "checkpoint").write_text(note)
        with pytest.raises(Setup, match="ledger verify"):
            write(door, tmp_path)
        assert (tmp_path / "checkpoint").read_text() == note


def test_the_access_log_is_written_likewise(door: Door, tmp_path: Path):
    access = door.ledger.store.access
    size, _, _ = write(door, tmp_path, access)
    checkpoint = Checkpoint.open((tmp_path / "checkpoint").read_bytes(), access.origin, [access.signer.verifier()])
    assert checkpoint.size == size >= 1
    assert (tmp_path / Tile(ENTRIES, 0, size).path()).exists()


def test_a_folder_that_is_a_file_is_said(door: Door, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="exists"):
        write(door, tmp_path / "file")
    shutil.rmtree(tmp_path)
    assert write(door, tmp_path)[0] == door.size  # made where it was not there
