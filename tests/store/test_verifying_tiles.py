"""A stored tile that is not what the entries make it is found and named, whichever of its columns was changed."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from tests.conftest import Clusters
from tests.doors import Door, new_door

from ledger.transparency.tiles import Tile
from ledger.transparency.verify import Finding

FACTS = 600


@dataclass(frozen=True)
class Tiled:
    """A ledger with two full tiles stored, as a superuser sees it."""

    door: Door
    conninfo: str

    def spoil(self, *statements: str) -> None:
        with psycopg.connect(self.conninfo) as connection:
            connection.execute("SET LOCAL session_replication_role = replica")
            for each in statements:
                connection.execute(each.encode())

    def findings(self) -> list[Finding]:
        return list(self.door.verify().findings)


@pytest.fixture(scope="module")
def made(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Tiled]:
    with new_door(clusters.ledger, clusters.vault) as door:
        case = door.new_case()
        for _ in range(FACTS - 3):
            door.give(case.to, "RecordCommunicationNeed", {"need_type": "SIGNING"}, "practitioner")
        name = str(conninfo_to_dict(door.places[0].application())["dbname"])
        yield Tiled(door, clusters.ledger.conninfo("postgres", name))


@pytest.fixture
def tiled(made: Tiled) -> Generator[Tiled]:
    made.door.run(made.door.ledger.store.tiles.keep_up(0))
    made.spoil("DELETE FROM tiles")
    for index in (0, 1):
        made.door.run(made.door.ledger.store.tiles._made(Tile(0, index)))
    yield made
    made.spoil("DELETE FROM tiles")


def test_stored_tiles_hold_and_so_does_a_ledger_that_stored_none(tiled: Tiled):
    assert tiled.findings() == []
    tiled.spoil("DELETE FROM tiles WHERE index = 0")
    assert tiled.findings() == []


@pytest.mark.parametrize("column", ["root", "hashes"])
def test_one_changed_bit_in_a_tile_is_found_and_the_tile_is_named(tiled: Tiled, column: str):
    middle = f"length({column}) / 2"
    changed = f"set_byte({column}, {middle}, get_byte({column}, {middle}) # 1)"
    tiled.spoil(f"UPDATE tiles SET {column} = {changed} WHERE index = 1")
    assert [(each.code, each.position, each.stream) for each in tiled.findings()] == [
        ("row-differs", 257, "tile/0/001"),
    ]  # fmt: skip


@pytest.mark.parametrize("place", ["index = 2", "index = 0x7fffffffffffffff", "level = 1", "level = 7"])
def test_a_tile_that_was_put_somewhere_else_is_found(tiled: Tiled, place: str):
    tiled.spoil(f"UPDATE tiles SET {place.replace('0x7fffffffffffffff', str(2**63 - 1))} WHERE index = 1")
    [found] = tiled.findings()
    assert found.code == "row-differs"
    assert "not what the entries make it" in found.message


def test_two_tiles_that_were_swapped_are_both_found(tiled: Tiled):
    tiled.spoil(
        "UPDATE tiles SET index = 9 WHERE index = 0",
        "UPDATE tiles SET index = 0 WHERE index = 1",
        "UPDATE tiles SET index = 1 WHERE index = 9",
    )
    assert [each.stream for each in tiled.findings()] == ["tile/0/000", "tile/0/001"]


def test_a_tile_that_fits_in_itself_and_not_the_entries_is_found(tiled: Tiled):
    """Recomputed whole by somebody who knows how, root and all."""
    tiled.spoil(
        "UPDATE tiles SET hashes = (SELECT hashes FROM tiles WHERE index = 0), "
        "root = (SELECT root FROM tiles WHERE index = 0) WHERE index = 1"
    )
    assert [each.stream for each in tiled.findings()] == ["tile/0/001"]
