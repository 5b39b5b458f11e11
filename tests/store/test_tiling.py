"""Tiles out of the database are the textbook's, at every width; full ones are stored once, whoever makes them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from secrets import token_hex

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import Clusters
from tests.store.ledgers import Ledger, a_command, a_fact
from tests.transparency import textbook

from ledger.errors import DatabaseUnavailable, Inconsistent
from ledger.store import tiling
from ledger.store.appending import SETUP
from ledger.store.database import Database
from ledger.store.tiling import STATEMENTS, Tiling
from ledger.store.wire import Wire
from ledger.transparency.tiles import ENTRIES, Tile, entries_in, root_of, tiles_of
from ledger.transparency.tree import (
    consistency_proof,
    edge_at,
    inclusion_proof,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)

pytestmark = pytest.mark.anyio

MOST = 66_100
ENTRY = [f"entry {number}".encode() for number in range(MOST)]
LEAVES = tuple(map(leaf_hash, ENTRY))
CUT = textbook.tiles(LEAVES)


@dataclass(frozen=True)
class Large:
    """A database with so many leaves that a tile of level 1 is full; its entries are no facts."""

    owner: str
    app: str
    admin: str

    def tiles(self) -> dict[tuple[int, int], tuple[bytes, bytes]]:
        with psycopg.connect(self.owner) as connection:
            rows = connection.execute("SELECT level, index, root, hashes FROM tiles").fetchall()
        return {(level, index): (root, hashes) for level, index, root, hashes in rows}

    def as_admin(self, statement: str) -> None:
        with psycopg.connect(self.admin) as connection:
            connection.execute("SET LOCAL session_replication_role = replica")
            connection.execute(statement.encode())


@pytest.fixture(scope="module")
def kept(clusters: Clusters, ledger_template: str) -> Generator[Large]:
    name, cluster = f"large_{token_hex(4)}", clusters.ledger
    cluster.create_database(name, ledger_template)
    made = Large(*(cluster.conninfo(role, name) for role in (cluster.owner_role, cluster.app_role, "postgres")))
    with psycopg.connect(made.owner) as connection, connection.cursor() as cursor:
        with cursor.copy("COPY entries (position, stream, version, recorded, leaf, entry) FROM STDIN") as rows:
            for number in range(MOST):
                rows.write_row((number + 1, "case", number + 1, "2025-01-01Z", LEAVES[number], ENTRY[number]))
        cursor.execute("ANALYZE entries")
    yield made
    cluster.drop_database(name)


@pytest.fixture
def large(kept: Large) -> Large:
    """Without any tile stored."""
    kept.as_admin("DELETE FROM tiles")
    return kept


@asynccontextmanager
async def tiling_of(conninfo: str) -> AsyncGenerator[Tiling]:
    database = Database(lambda statements: Wire.connect(conninfo, statements, SETUP), STATEMENTS)
    yield Tiling(database)
    database.close()


def hashes(level: int, index: int, width: int = 256) -> bytes:
    return CUT[level, index][: width * 32]


# ------------------------------------------------------------------------------------ tiles


async def test_every_tile_at_the_edge_and_in_the_midst_is_the_textbooks(large: Large) -> None:
    async with tiling_of(large.app) as tiles:
        for tile in [*tiles_of(MOST)][-5:]:
            assert await tiles.tile(tile) == hashes(tile.level, tile.index, tile.width)
        for tile in (Tile(0, 0), Tile(0, 100), Tile(0, 0, 1), Tile(0, 257, 255), Tile(1, 0), Tile(1, 0, 200)):
            assert await tiles.tile(tile) == hashes(tile.level, tile.index, tile.width)


async def test_a_full_tile_is_stored_with_its_root_and_a_partial_one_is_not(large: Large) -> None:
    async with tiling_of(large.app) as tiles:
        await tiles.tile(Tile(0, 3))
        await tiles.tile(Tile(0, 4, 255))
        assert large.tiles() == {(0, 3): (textbook.mth(LEAVES[768:1024]), hashes(0, 3))}
        await tiles.tile(Tile(1, 0, 2))  # of which the two below are made
        assert set(large.tiles()) == {(0, 0), (0, 1), (0, 3)}


async def test_a_full_tile_is_read_once_and_then_known(large: Large) -> None:
    async with tiling_of(large.app) as tiles:
        first = await tiles.tile(Tile(0, 7))
        large.as_admin("DELETE FROM tiles")
        assert await tiles.tile(Tile(0, 7)) is first
        assert large.tiles() == {}
    async with tiling_of(large.app) as another:
        assert await another.tile(Tile(0, 7)) == first
    assert set(large.tiles()) == {(0, 7)}


async def test_what_is_known_is_bounded(large: Large, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiling, "KEPT", 3)
    async with tiling_of(large.app) as tiles:
        for index in (0, 1, 2, 0, 3, 4):
            await tiles.tile(Tile(0, index))
        assert [tile.index for tile in tiles._kept] == [0, 3, 4]


async def test_a_stored_tile_is_served_as_it_was_stored(large: Large) -> None:
    """What becomes of a wrong one: no proof made from it holds (test_proving), and `ledger verify` names it."""
    wrong = bytes(8192)
    large.as_admin(f"INSERT INTO tiles VALUES (0, 5, '\\x{bytes(32).hex()}', '\\x{wrong.hex()}')")
    async with tiling_of(large.app) as tiles:
        assert await tiles.tile(Tile(0, 5)) == wrong


async def test_many_at_once_make_the_same_tile_once(large: Large) -> None:
    async with tiling_of(large.app) as one, tiling_of(large.app) as other:
        got = await asyncio.gather(*(each.tile(Tile(1, 0, 9)) for each in (one, other) for _ in range(5)))
    assert set(got) == {hashes(1, 0, 9)}
    assert sorted(large.tiles()) == [(0, index) for index in range(9)]


async def test_a_tile_that_cannot_be_stored_is_told_all_the_same(large: Large) -> None:
    """A full disk, a role that may only read: reading goes on."""
    large.as_admin("REVOKE INSERT ON tiles FROM ledger_app")
    try:
        async with tiling_of(large.app) as tiles:
            assert await tiles.tile(Tile(0, 8)) == hashes(0, 8)
    finally:
        large.as_admin("GRANT INSERT ON tiles TO ledger_app")
    assert large.tiles() == {}


async def test_entries_come_in_bundles(large: Large) -> None:
    async with tiling_of(large.app) as tiles:
        assert entries_in(await tiles.bundle(Tile(ENTRIES, 2)), 256) == ENTRY[512:768]
        assert entries_in(await tiles.bundle(Tile(ENTRIES, 258, 52)), 52) == ENTRY[66_048:]


@pytest.mark.parametrize("tile", [Tile(0, 258), Tile(0, 258, 53), Tile(0, 300, 1), Tile(1, 1, 3), Tile(2, 0, 2)])
async def test_what_is_not_there_is_no_tile_of_zeros(large: Large, tile: Tile) -> None:
    async with tiling_of(large.app) as tiles:
        with pytest.raises(Inconsistent, match="were sealed and are not there"):
            await tiles.tile(tile)
        with pytest.raises(Inconsistent):
            await tiles.bundle(Tile(ENTRIES, 258, 53))


# ------------------------------------------------------------------------------------ keeping up


async def test_keeping_up_stores_every_full_tile_of_every_level_once(large: Large) -> None:
    async with tiling_of(large.app) as tiles:
        await tiles.tile(Tile(0, 200))  # somebody needed one before
        await tiles.keep_up(70 * 256 + 5)
        assert set(large.tiles()) == {(0, index) for index in range(70)} | {(0, 200)}
        await tiles.keep_up(MOST)
    stored = large.tiles()
    assert set(stored) == {(tile.level, tile.index) for tile in tiles_of(MOST) if tile.full}
    assert (1, 0) in stored
    for place, (root, data) in stored.items():
        assert data == CUT[place]
        assert root == root_of(data)


async def test_keeping_up_again_asks_for_nothing(large: Large, monkeypatch: pytest.MonkeyPatch) -> None:
    async with tiling_of(large.app) as tiles:
        await tiles.keep_up(600)

        async def refused(*asked: bytes) -> None:
            raise AssertionError(asked)

        monkeypatch.setattr(tiles._database, "_ask", refused)
        await tiles.keep_up(600)
        await tiles.keep_up(767)
        with pytest.raises(AssertionError):
            await tiles.keep_up(768)


async def test_the_keeper_makes_them_by_itself_and_outlives_trouble(
    large: Large, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tiling, "EVERY_SECONDS", 0.01)
    sizes = [0, 600]
    async with tiling_of(large.app) as tiles:
        asked = tiles._database._ask

        async def failing(*given: bytes) -> object:
            if len(large.tiles()) == 1 and not caplog.records:
                raise DatabaseUnavailable("It does not answer.")
            return await asked(*given)

        monkeypatch.setattr(tiles._database, "_ask", failing)
        tiles.start(lambda: sizes.pop(0) if len(sizes) > 1 else sizes[0])
        for _ in range(500):
            await asyncio.sleep(0.01)
            if len(large.tiles()) == 2:
                break
        await tiles.stop()
    assert set(large.tiles()) == {(0, 0), (0, 1)}
    assert [record.getMessage() for record in caplog.records] == ["tiles could not be made: DatabaseUnavailable"]


# ------------------------------------------------------------------------------------ proofs


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, MOST).flatmap(lambda size: st.tuples(st.integers(1, size), st.just(size))))
async def test_proofs_of_any_sizes_are_made_from_what_is_stored(kept: Large, sizes: tuple[int, int]) -> None:
    earlier, size = sizes
    async with tiling_of(kept.app) as tiles:
        before, after = [(await tiles.prove(size, lambda tree, at=at: edge_at(at, tree))).root() for at in sizes]
        path = await tiles.prove(size, lambda tree: inclusion_proof(earlier - 1, size, tree))
        verify_inclusion(LEAVES[earlier - 1], earlier - 1, size, path, after)
        verify_consistency(
            earlier, size, await tiles.prove(size, lambda tree: consistency_proof(earlier, size, tree)), before, after
        )


async def test_a_proof_is_of_what_the_sequencer_sealed(ledger: Ledger) -> None:
    async with ledger.sequencer() as sequencer, tiling_of(ledger.app) as tiles:
        for at in range(0, 700, 100):
            await sequencer.append(a_command(*(a_fact(f"case-{at + n}", 1) for n in range(100))))
        size, root = ledger.rows("SELECT size, root FROM checkpoints ORDER BY size DESC LIMIT 1")[0]
        assert size == 700
        for index in (0, 255, 256, 511, 512, 699):
            path = await tiles.prove(size, lambda tree, index=index: inclusion_proof(index, size, tree))
            leaf = ledger.value("SELECT leaf FROM entries WHERE position = %s", index + 1)
            verify_inclusion(leaf, index, size, path, root)
    assert ledger.value("SELECT count(*) FROM tiles") == 2


async def test_a_leaf_leads_to_its_place_in_a_full_tile_and_after_the_last_of_them(large: Large) -> None:
    async with tiling_of(large.app) as tiles:
        for position in (1, 256, 257, 66_048, 66_049, MOST):
            assert await tiles.position_of(LEAVES[position - 1], MOST) == position
        assert await tiles.position_of(bytes(32), MOST) is None
        assert await tiles.position_of((LEAVES[3] + LEAVES[4])[16:48], MOST) is None
