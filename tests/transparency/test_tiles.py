"""Proofs are made from tiles alone and are the textbook's; names and bundles are strict; no tile too many is read."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.transparency import textbook
from tests.transparency.vectors import merkle_params

from ledger.transparency.errors import FormatError, ProofError
from ledger.transparency.tiles import (
    ENTRIES,
    TOP,
    Tile,
    TileReader,
    TilesWanted,
    bundle_of,
    bundles_of,
    entries_in,
    parse_path,
    root_of,
    tile_at,
    tile_of,
    tiles_of,
)
from ledger.transparency.tree import (
    MAX_SIZE,
    RightEdge,
    Row,
    consistency_proof,
    edge_at,
    grow,
    inclusion_proof,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)

MOST = 70_000  # the size of the specification's own example
LEAVES = tuple(leaf_hash(str(number).encode()) for number in range(MOST))


CUT = textbook.tiles(LEAVES)


def served(tile: Tile) -> bytes | None:
    """A tile of the tree of MOST leaves, at any width it ever had."""
    found = CUT.get((tile.level, tile.index), b"")
    return found[: tile.width * 32] if len(found) >= tile.width * 32 else None


EDGES = [RightEdge()]
for at in range(0, MOST, 1000):
    EDGES.append(EDGES[-1].extend(LEAVES[at : at + 1000]))


def edge_of(size: int) -> RightEdge:
    whole = size // 1000
    return EDGES[whole].extend(LEAVES[whole * 1000 : size])


def root(size: int) -> bytes:
    return edge_of(size).root()


SIZES = st.one_of(
    st.integers(1, MOST),
    st.integers(1, 600),
    st.integers(0, 17).flatmap(lambda power: st.sampled_from([2**power - 1, 2**power, 2**power + 1])).filter(
        lambda size: 0 < size <= MOST
    ),
)  # fmt: skip
PLACES = SIZES.flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size)))
PAIRS = SIZES.flatmap(lambda size: st.tuples(st.integers(1, size), st.just(size)))


# --- proofs from tiles -------------------------------------------------------------------------------------


def test_every_proof_of_every_small_tree_made_from_tiles_is_the_textbooks():
    for size in range(1, 40):
        reader = TileReader(size, served)
        for index in range(size):
            assert inclusion_proof(index, size, reader) == textbook.path(index, LEAVES[:size])
        for smaller in range(1, size + 1):
            assert consistency_proof(smaller, size, reader) == textbook.proof(smaller, LEAVES[:size])


@given(PLACES)
@example((0, 256))
@example((255, 256))
@example((256, 257))
@example((65_535, 65_536))
@example((69_999, 70_000))
def test_inclusion_in_a_tree_of_any_size_is_proved_from_its_tiles(place: tuple[int, int]):
    index, size = place
    proof = inclusion_proof(index, size, TileReader(size, served))
    verify_inclusion(LEAVES[index], index, size, proof, root(size))


@given(PAIRS)
@example((255, 256))
@example((256, 65_536))
@example((65_536, 70_000))
@example((1, 70_000))
def test_consistency_of_any_two_sizes_is_proved_from_tiles(sizes: tuple[int, int]):
    smaller, larger = sizes
    proof = consistency_proof(smaller, larger, TileReader(larger, served))
    verify_consistency(smaller, larger, proof, root(smaller), root(larger))


@given(SIZES)
def test_the_edge_and_so_the_root_of_any_size_is_read_from_its_tiles(size: int):
    assert edge_at(size, TileReader(size, served)) == edge_of(size)


@given(PLACES)
def test_only_tiles_are_read_that_a_tree_of_this_size_has(place: tuple[int, int]):
    index, size = place
    there, read = set(tiles_of(size)), list[Tile]()

    def noted(tile: Tile) -> bytes | None:
        read.append(tile)
        return served(tile)

    inclusion_proof(index, size, TileReader(size, noted))
    assert set(read) <= there
    assert len(read) == len(set(read))


@given(st.integers(1, 2**40).flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size))))
@example((0, 1_000_000))
@example((999_999, 1_000_000))
@example((983_040, 1_000_000))
def test_a_proof_reads_at_most_two_tiles_of_each_level(place: tuple[int, int]):
    """Of a million leaves, which are three levels of tiles, that is six."""
    index, size = place
    with pytest.raises(TilesWanted) as wanted:
        inclusion_proof(index, size + 1, TileReader(size + 1, lambda tile: None))
    levels = [tile.level for tile in wanted.value.tiles]
    assert max(levels.count(level) for level in levels) <= 2
    assert max(levels) <= (size.bit_length() - 1) // 8


def test_what_is_not_at_hand_is_named_all_at_once_and_each_once():
    with pytest.raises(TilesWanted) as wanted:
        inclusion_proof(300, MOST, TileReader(MOST, {}.get))
    assert [tile.path() for tile in wanted.value.tiles] == [
        "tile/0/001", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17",
    ]  # fmt: skip
    held = {tile: served(tile) for tile in wanted.value.tiles}
    assert inclusion_proof(300, MOST, TileReader(MOST, held.get)) == inclusion_proof(
        300, MOST, TileReader(MOST, served)
    )


@pytest.mark.parametrize("wrong", [b"", bytes(31), bytes(32 * 255), bytes(32 * 256 - 1), bytes(32 * 257)])
def test_a_tile_of_another_length_is_refused(wrong: bytes):
    with pytest.raises(FormatError, match=r"tile/0/000 is \d+ bytes long, not 8192"):
        inclusion_proof(1, 300, TileReader(300, lambda tile: wrong if tile == Tile(0, 0) else served(tile)))


def test_one_changed_bit_in_a_tile_makes_a_proof_that_convinces_nobody():
    size, index = 1000, 300
    for place in (Tile(0, 1), Tile(0, 3, 232), Tile(1, 0, 3)):
        for at in range(0, place.width * 32, 61):

            def spoilt(tile: Tile, place: Tile = place, at: int = at) -> bytes | None:
                data = bytearray(served(tile) or b"")
                if tile == place:
                    data[at] ^= 1
                return bytes(data)

            proof = inclusion_proof(index, size, TileReader(size, spoilt))
            if place == Tile(0, 1) and at // 32 == index % 256:
                continue  # the leaf itself, which its proof does not hold
            if place == Tile(1, 0, 3) and at // 32 == 1:
                continue  # the root over its own tile, likewise
            with pytest.raises(ProofError):
                verify_inclusion(LEAVES[index], index, size, proof, root(size))


@pytest.mark.parametrize("node", [(0, 300), (-1, 0), (0, -1), (2, 75), (9, 0), (63, 0)])
def test_a_subtree_that_the_tree_does_not_have_is_refused(node: tuple[int, int]):
    with pytest.raises(FormatError, match="no perfect subtree"):
        TileReader(300, served).hashes([node])


def test_the_largest_tree_has_eight_levels_of_tiles():
    with pytest.raises(TilesWanted) as wanted:
        inclusion_proof(0, MAX_SIZE, TileReader(MAX_SIZE, lambda tile: None))
    assert {tile.level for tile in wanted.value.tiles} == set(range(TOP + 1))
    assert all(parse_path(tile.path()) == tile for tile in wanted.value.tiles)


# --- public vectors ----------------------------------------------------------------------------------------


class _Recorded:
    """A reader that has the hashes a vector gives, and says for which subtrees it was asked."""

    def __init__(self) -> None:
        self.nodes: list[tuple[int, int]] = []

    def hashes(self, nodes: list[tuple[int, int]]) -> list[bytes]:
        self.nodes += nodes
        return [bytes(32) for _ in nodes]


def _asked(prove: Callable[[TileReader | _Recorded], object], size: int) -> None:
    """What a vector's proof is made of lies in tiles that a tree of its size has."""
    recorded = _Recorded()
    prove(recorded)
    there = set(tiles_of(size)) if size < MOST else None
    for node in recorded.nodes:
        tile = tile_of(node, size)
        assert there is None or tile in there
        assert tile_at(tile.level, tile.index, size) == tile


@pytest.mark.parametrize("file", [*merkle_params("inclusion"), *merkle_params("consistency")])
def test_public_vectors_that_hold_have_as_many_hashes_as_are_read_from_tiles(file: Path):
    """The vectors' trees have 8 leaves at most, or are huge: their own leaves are in no file, but their shapes are."""
    vector = json.loads(file.read_text())
    if vector["wantErr"]:
        return
    proof = [base64.b64decode(each) for each in vector["proof"] or []]
    if "leafIdx" in vector:
        index, size = vector["leafIdx"], vector["treeSize"]
        _asked(lambda reader: inclusion_proof(index, size, reader), size)
        made = inclusion_proof(index, size, _Recorded())
        verify_inclusion(base64.b64decode(vector["leafHash"]), index, size, proof, base64.b64decode(vector["root"]))
    else:
        smaller, size = vector["size1"], vector["size2"]
        if len(base64.b64decode(vector["root1"] or "")) != 32:
            return  # two files have words for roots, which a strict reader refuses
        _asked(lambda reader: consistency_proof(smaller, size, reader), size)
        made = consistency_proof(smaller, size, _Recorded())
    assert len(made) == len(proof)


# --- names -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tile,path",
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 0, 1), "tile/0/000.p/1"),
        (Tile(0, 999, 255), "tile/0/999.p/255"),
        (Tile(1, 1000), "tile/1/x001/000"),
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(7, 0, 127), "tile/7/000.p/127"),
        (Tile(ENTRIES, 12, 3), "tile/entries/012.p/3"),
        (Tile(0, (MAX_SIZE >> 8), 255), "tile/0/x036/x028/x797/x018/x963/967.p/255"),
    ],
)
def test_a_tile_has_the_path_of_the_specification_and_no_other(tile: Tile, path: str):
    assert tile.path() == path
    assert parse_path(path) == tile


@given(st.integers(ENTRIES, 4), st.integers(0, 2**20), st.integers(1, 256))
def test_every_path_leads_back_to_its_tile(level: int, index: int, width: int):
    tile = Tile(level, index, width)
    assert parse_path(tile.path()) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/001/",
        "/tile/0/001",
        "tile//001",
        "tile/00/001",
        "tile/8/000.p/1",
        "tile/63/000.p/1",
        "tile/-1/000",
        "tile/+1/000",
        "tile/data/000",
        "tile/Entries/000",
        "tile/0/x000/001",
        "tile/0/x000/x001/001",
        "tile/0/001/001",
        "tile/0/x001/x001",
        "tile/0/X001/001",
        "tile/0/1x1",
        "tile/0/001.p",
        "tile/0/001.p/",
        "tile/0/001.p/0",
        "tile/0/001.p/01",
        "tile/0/001.p/256",
        "tile/0/001.p/999",
        "tile/0/001.p/1/1",
        "tile/0/001.p/-1",
        "tile/0/001.p/1\n",
        "tile/0/001\n",
        "tile/0/٠٠١",
        "tile/7/000",
        "tile/7/000.p/128",
        "tile/7/001.p/1",
        "tile/0/x036/x028/x797/x018/x963/968",
        "tile/0/x036/x028/x797/x018/x963/967",
        "tile/0/x001/x000/x000/x000/x000/x000/000",
        "tile/0/../0/001",
        "tile/0/%30%30%31",
    ],
)
def test_any_other_text_is_refused(path: str):
    with pytest.raises(FormatError, match="not the path of a tile"):
        parse_path(path)


@given(st.text(alphabet="tile/0123x.p-entrs ", max_size=24))
def test_what_is_read_as_a_path_is_written_just_so(text: str):
    try:
        tile = parse_path(text)
    except FormatError:
        return
    assert tile.path() == text


# --- which tiles there are ---------------------------------------------------------------------------------


def test_the_example_of_the_specification_has_the_tiles_it_says():
    tiles = list(tiles_of(70_000))
    assert len([tile for tile in tiles if tile.level == 0 and tile.full]) == 273
    assert [tile for tile in tiles if tile.level > 0 or not tile.full] == [
        Tile(0, 273, 112), Tile(1, 0), Tile(1, 1, 17), Tile(2, 0, 1),
    ]  # fmt: skip
    assert list(tiles_of(256)) == [Tile(0, 0), Tile(1, 0, 1)]
    assert list(tiles_of(0)) == list(bundles_of(0)) == []
    assert list(bundles_of(257)) == [Tile(ENTRIES, 0), Tile(ENTRIES, 1, 1)]


@given(st.integers(0, 3000))
def test_the_tiles_of_a_size_hold_every_leaf_once_and_no_partial_one_is_hashed_upwards(size: int):
    for tile in tiles_of(size):
        assert tile.leaves <= size
        hashes = served(tile) or b""
        assert len(hashes) == 32 * tile.width
        assert tile.full or tile == tile_at(tile.level, tile.index, size)
    assert sum(tile.width for tile in tiles_of(size) if tile.level == 0) == size
    assert sum(tile.width for tile in bundles_of(size)) == size


def test_growing_completes_the_roots_that_the_level_above_is_made_of():
    _, rows = grow(RightEdge(), LEAVES[:1000])
    eighth = next(row for row in rows if row.level == 8)
    assert eighth == Row(8, 0, [root_of(CUT[0, index]) for index in range(3)])


@pytest.mark.parametrize("place", [(0, 1, 256), (1, 0, 255), (0, -1, 300), (2, 0, 300), (ENTRIES, 2, 300), (0, 0, 0)])
def test_a_tile_that_a_tree_of_this_size_does_not_have_is_refused(place: tuple[int, int, int]):
    with pytest.raises(FormatError, match="has no tile"):
        tile_at(*place)


@pytest.mark.parametrize("length", [0, 1, 31, 33, 96, 32 * 255])
def test_only_the_hashes_of_a_perfect_subtree_have_a_root(length: int):
    with pytest.raises(FormatError, match="perfect subtree"):
        root_of(bytes(length))


# --- bundles -----------------------------------------------------------------------------------------------


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_entries_come_back_from_their_bundle(entries: list[bytes]):
    assert entries_in(bundle_of(entries), len(entries)) == entries


def test_a_bundle_is_the_bytes_of_the_specification():
    assert bundle_of([b"ab", b"", b"c" * 258]) == b"\x00\x02ab\x00\x00\x01\x02" + b"c" * 258
    assert len(bundle_of([bytes(65_535)])) == 65_537


@pytest.mark.parametrize("entries", [[], [b""] * 257, [bytes(65_536)]])
def test_what_no_bundle_can_hold_is_refused(entries: list[bytes]):
    with pytest.raises(FormatError):
        bundle_of(entries)


def test_a_bundle_cut_anywhere_or_going_on_is_refused():
    whole = bundle_of([b"one", b"", b"three"])
    for end in range(len(whole)):
        with pytest.raises(FormatError, match="ends within entry"):
            entries_in(whole[:end], 3)
    with pytest.raises(FormatError, match="goes on for 1 bytes"):
        entries_in(whole + b"\x00", 3)
    with pytest.raises(FormatError, match="goes on for 7 bytes"):
        entries_in(whole, 2)
    with pytest.raises(FormatError, match="ends within entry 4 of 4"):
        entries_in(whole, 4)
