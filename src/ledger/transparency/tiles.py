r"""Tiles: the tree cut into files that never change, from which anybody can make every proof.

Follows C2SP tlog-tiles (c2sp.org/tlog-tiles). A *hash tile* is 256 neighbouring hashes of one height, 8,192 bytes;
at level 0 they are leaves, at level L roots of 256^L leaves, each over a full tile of the level below. The last tile
of a level may be *partial*: its first 1 to 255 hashes. An *entry bundle* is the entries under a tile of level 0, each
after its length (two bytes, big endian). They are named

    tile/<L>/<N>[.p/<W>]          tile/entries/<N>[.p/<W>]

with N in groups of three digits, all but the last after an "x", and W the width of a partial one:

    >>> Tile(2, 1234067).path()
    'tile/2/x001/x234/067'
    >>> Tile(ENTRIES, 7, 17).path()
    'tile/entries/007.p/17'
    >>> parse_path("tile/entries/007.p/17")
    Tile(level=-1, index=7, width=17)
    >>> parse_path("tile/0/1.p/256")
    Traceback (most recent call last):
    ledger.transparency.errors.FormatError: not the path of a tile: 'tile/0/1.p/256'

A tree of 70,000 leaves is these tiles, the full ones left out:

    >>> [tile.path() for tile in tiles_of(70_000) if not tile.full]
    ['tile/0/273.p/112', 'tile/1/001.p/17', 'tile/2/000.p/1']

A proof is made by ``tree``, which reads perfect subtrees; a ``TileReader`` folds them out of the tiles of one size.
What it lacks it names, all at once, so that whoever has to fetch does it in one go:

    >>> from ledger.transparency.tree import inclusion_proof, leaf_hash
    >>> leaves = [leaf_hash(str(number).encode()) for number in range(3)]
    >>> tiles = {Tile(0, 0, 3): b"".join(leaves)}
    >>> inclusion_proof(1, 3, TileReader(3, tiles.get)) == [leaves[0], leaves[2]]
    True
    >>> inclusion_proof(1, 3, TileReader(3, {}.get))
    Traceback (most recent call last):
    ledger.transparency.tiles.TilesWanted: 1 tile is not here: tile/0/000.p/3

Proved by tests/transparency/test_tiles.py: against a textbook tree, path by path, and by an independent program
(tests/independent).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ledger.transparency.errors import FormatError, TransparencyError
from ledger.transparency.tree import HASH_SIZE, MAX_SIZE, NodeId, node_hash

__all__ = [
    "ENTRIES",
    "HEIGHT",
    "TOP",
    "WIDTH",
    "Tile",
    "TileReader",
    "TilesWanted",
    "bundle_of",
    "bundles_of",
    "entries_in",
    "parse_path",
    "root_of",
    "tile_at",
    "tile_of",
    "tiles_of",
]

HEIGHT = 8
"""Levels of the tree in one tile."""

WIDTH = 1 << HEIGHT
"""Hashes of a full tile."""

TOP = 7
"""The highest level of tiles that a tree of 2^63 - 1 leaves has."""

ENTRIES = -1
"""The level of entry bundles."""

_LONGEST_ENTRY = 0xFFFF


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """A tile by its place: level (ENTRIES for a bundle), index in its level, width (256: full)."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def full(self) -> bool:
        """Whether it has all its hashes, and so is the same in every later tree."""
        return self.width == WIDTH

    @property
    def leaves(self) -> int:
        """The size of the smallest tree that has it."""
        return (self.index * WIDTH + self.width) << HEIGHT * max(self.level, 0)

    def path(self) -> str:
        """Where it is served and kept, below the log's own address."""
        digits = f"{self.index:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        level = "entries" if self.level == ENTRIES else str(self.level)
        name = "/".join(("tile", level, *(f"x{group}" for group in groups[:-1]), groups[-1]))
        return name if self.full else f"{name}.p/{self.width}"


_PATH = re.compile(r"tile/(entries|[0-7])/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


def parse_path(path: str) -> Tile:
    """What ``Tile.path`` wrote. Raises FormatError for any other text, and for a tile that no tree has."""
    found = _PATH.fullmatch(path)
    if found is not None:
        level, index, width = found.groups()
        tile = Tile(
            ENTRIES if level == "entries" else int(level),
            int(index.replace("/", "").replace("x", "")),
            int(width or WIDTH),
        )
        # The one spelling of it: no group of zeros too many, and a partial tile is narrower than a full one.
        if tile.path() == path and tile.width <= WIDTH and tile.leaves <= MAX_SIZE:
            return tile
    raise FormatError(f"not the path of a tile: {path[:80]!r}")


# --- which tiles there are -----------------------------------------------------------------------------------


def tile_at(level: int, index: int, size: int) -> Tile:
    """The tile at this place as a tree of ``size`` leaves has it. Raises FormatError where it has none."""
    width = min((size >> HEIGHT * max(level, 0)) - index * WIDTH, WIDTH)
    if index < 0 or width <= 0:
        raise FormatError(f"a tree of {size} leaves has no tile {index} at level {level}")
    return Tile(level, index, width)


def tile_of(node: NodeId, size: int) -> Tile:
    """The hash tile from which a perfect subtree of a tree of ``size`` leaves is read or folded."""
    level, index = node
    at, within = divmod(level, HEIGHT)
    return tile_at(at, index << within >> HEIGHT, size)


def tiles_of(size: int) -> Iterator[Tile]:
    """Every hash tile of a tree of ``size`` leaves, level by level; the last of a level may be partial."""
    for level in range(TOP + 1):
        hashes = size >> HEIGHT * level
        for index in range(-(-hashes // WIDTH)):
            yield tile_at(level, index, size)


def bundles_of(size: int) -> Iterator[Tile]:
    """Every entry bundle of a tree of ``size`` leaves; the last may be partial."""
    return (tile_at(ENTRIES, index, size) for index in range(-(-size // WIDTH)))


# --- reading the tree from tiles -----------------------------------------------------------------------------


class TilesWanted(TransparencyError):
    """Tiles that a reader needs and does not have: read ``tiles`` and ask again."""

    def __init__(self, tiles: Sequence[Tile]) -> None:
        """The tiles, in order of their places, each once."""
        self.tiles = tuple(tiles)
        count = f"{len(self.tiles)} tile is" if len(self.tiles) == 1 else f"{len(self.tiles)} tiles are"
        super().__init__(f"{count} not here: {', '.join(tile.path() for tile in self.tiles)}")


class TileReader:
    """The perfect subtrees of a tree of one size, from its tiles alone: a ``tree.HashReader``.

    ``read`` gives the bytes of a tile, None where it is not at hand. Which tiles a tree of this size has is fixed: the
    full ones, and at the right edge of each level the partial one that is exactly as wide as the tree makes it.
    """

    def __init__(self, size: int, read: Callable[[Tile], bytes | None]) -> None:
        """``size`` leaves; nothing is read yet."""
        self._size, self._read = size, read

    def hashes(self, nodes: Sequence[NodeId]) -> list[bytes]:
        """The hash of each named perfect subtree.

        Raises TilesWanted for tiles that are not at hand, FormatError for one of a wrong length and for a subtree that
        a tree of this size does not have.
        """
        wanted = [self._tile(node) for node in nodes]
        held = {tile: self._read(tile) for tile in dict.fromkeys(wanted)}
        missing = sorted(tile for tile, data in held.items() if data is None)
        if missing:
            raise TilesWanted(missing)
        for tile, data in held.items():
            if len(data or b"") != tile.width * HASH_SIZE:
                raise FormatError(f"{tile.path()} is {len(data or b'')} bytes long, not {tile.width * HASH_SIZE}")
        return [_node_in(held[tile] or b"", node) for tile, node in zip(wanted, nodes, strict=True)]

    def _tile(self, node: NodeId) -> Tile:
        level, index = node
        if level < 0 or index < 0 or (index + 1) << level > self._size:
            raise FormatError(f"a tree of {self._size} leaves has no perfect subtree ({level}, {index})")
        return tile_of(node, self._size)


def _node_in(data: bytes, node: NodeId) -> bytes:
    """A perfect subtree out of the tile it lies in."""
    level, index = node
    within = level % HEIGHT
    first = (index << within) % WIDTH * HASH_SIZE
    return root_of(data[first : first + (HASH_SIZE << within)])


def root_of(hashes: bytes) -> bytes:
    """The root over 2^k neighbouring hashes (bytes one after the other), such as a full tile.

    Raises FormatError for another number of them.
    """
    count, rest = divmod(len(hashes), HASH_SIZE)
    if rest or count.bit_count() != 1:
        raise FormatError(f"{len(hashes)} bytes are not the hashes of a perfect subtree")
    row = [hashes[at : at + HASH_SIZE] for at in range(0, len(hashes), HASH_SIZE)]
    while len(row) > 1:
        pair = iter(row)
        row = [node_hash(left, right) for left, right in zip(pair, pair, strict=True)]
    return row[0]


# --- entry bundles -------------------------------------------------------------------------------------------


def bundle_of(entries: Sequence[bytes]) -> bytes:
    """The bundle of 1 to 256 entries. Raises FormatError for another number, or an entry of over 65,535 bytes."""
    if not 0 < len(entries) <= WIDTH:
        raise FormatError(f"a bundle has 1 to {WIDTH} entries, not {len(entries)}")
    longest = max(map(len, entries))
    if longest > _LONGEST_ENTRY:
        raise FormatError(f"an entry of {longest} bytes is longer than {_LONGEST_ENTRY}")
    return b"".join(len(entry).to_bytes(2) + entry for entry in entries)


def entries_in(bundle: bytes, width: int) -> list[bytes]:
    """The entries of a bundle that holds ``width`` of them. Raises FormatError if it is cut or goes on."""
    entries: list[bytes] = []
    at = 0
    for number in range(width):
        end = at + 2 + int.from_bytes(bundle[at : at + 2])
        if at + 2 > len(bundle) or end > len(bundle):
            raise FormatError(f"the bundle ends within entry {number + 1} of {width}")
        entries.append(bundle[at + 2 : end])
        at = end
    if at != len(bundle):
        raise FormatError(f"the bundle goes on for {len(bundle) - at} bytes after its {width} entries")
    return entries
