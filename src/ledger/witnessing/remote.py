"""A log as seen from outside: its checkpoint, its key and its tiles, over HTTP and believed in nothing.

    URL/log/checkpoint      the newest released checkpoint
    URL/log/vkey            the key that checks it
    URL/log/announcements   the keys that it announced, each with its proof
    URL/log/tile/...        hash tiles, open to anyone, and entry bundles, for a token of role auditor

URL/access is the access log of the same ledger.  Proven by tests/witnessing/.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import orjson

from ledger.fetching import Peer, Unreached
from ledger.transparency.note import MAX_NOTE_BYTES
from ledger.transparency.tiles import ENTRIES, WIDTH, Tile, TileReader, TilesWanted, entries_in, tile_at
from ledger.transparency.tree import HASH_SIZE, HashReader, NodeId

T = TypeVar("T")
TILES_KEPT: Final = 4_096  # 32 MB of full tiles, which never change
_MOST_ANNOUNCED: Final = 10_000_000
_LONGEST_BUNDLE: Final = WIDTH * (2 + 0xFFFF)


class RemoteLog:
    """A log at an address; blocking."""

    def __init__(self, url: str, token: str | None = None) -> None:
        """Raises ValueError for what is no address."""
        self.peer = Peer(url, token=token)
        self._tiles: OrderedDict[Tile, bytes] = OrderedDict()

    def checkpoint(self) -> str:
        """Its newest note, nothing verified.  Raises Unreached."""
        return _text(self.peer, "/log/checkpoint", MAX_NOTE_BYTES)

    def vkey(self) -> str:
        """The key it says is its own.  Raises Unreached."""
        return _text(self.peer, "/log/vkey", 8_192).strip()

    def announcements(self) -> list[str]:
        """The proofs of keys it announced, as it gives them; none where it gives none.  Raises Unreached."""
        answer = self.peer.ask("GET", "/log/announcements", most=_MOST_ANNOUNCED)
        return proofs_in(answer.body) if answer.status == 200 else []

    def tree(self, size: int) -> HashReader:
        """Its tree at this size, read from hash tiles; reading raises Unreached."""
        return _Tree(size, self._tile)

    def entries(self, first: int, size: int) -> list[bytes]:
        """The entries from leaf `first` to the end of its bundle in a tree of this size.

        Raises Unreached, also for a bundle that is not given: this takes the token of an auditor; FormatError.
        """
        index, skip = divmod(first, WIDTH)
        tile = tile_at(ENTRIES, index, size)
        return entries_in(self._bundle(tile), tile.width)[skip:]

    def _bundle(self, tile: Tile) -> bytes:
        return _found(self.peer, f"/log/{tile.path()}", _LONGEST_BUNDLE)

    def _tile(self, tile: Tile) -> bytes:
        kept = self._tiles.get(tile)
        if kept is not None:
            self._tiles.move_to_end(tile)
            return kept
        try:
            data = _found(self.peer, f"/log/{tile.path()}", WIDTH * HASH_SIZE)
        except Unreached:
            if tile.full:
                raise
            # A log may let a partial tile go once the full one is there (tlog-tiles).
            full = self._tile(Tile(tile.level, tile.index))
            return full[: tile.width * HASH_SIZE]
        if tile.full:
            self._tiles[tile] = data
            if len(self._tiles) > TILES_KEPT:
                self._tiles.popitem(last=False)
        return data


def proofs_in(body: bytes) -> list[str]:
    """What `/log/announcements` and `ledger log announcements` give: the proofs in it.  Raises Unreached."""
    try:
        return [str(each["proof"]) for each in orjson.loads(body)["announcements"]]
    except (orjson.JSONDecodeError, KeyError, TypeError) as problem:
        raise Unreached("these are not the announcements of a log") from problem


class _Tree:
    """Perfect subtrees of a tree of one size: reads the tiles it lacks as they are wanted."""

    def __init__(self, size: int, read: Callable[[Tile], bytes]) -> None:
        self._read = read
        self._held: dict[Tile, bytes] = {}
        self._reader = TileReader(size, self._held.get)

    def hashes(self, nodes: list[NodeId], /) -> Sequence[bytes]:
        try:
            return self._reader.hashes(nodes)
        except TilesWanted as wanted:
            self._held.update({tile: self._read(tile) for tile in wanted.tiles})
            return self._reader.hashes(nodes)


def _found(peer: Peer, path: str, most: int) -> bytes:
    answer = peer.ask("GET", path, most=most)
    if answer.status != 200:
        raise Unreached(f"{peer.url}{path} is not given: {answer.status}")
    return answer.body


def _text(peer: Peer, path: str, most: int) -> str:
    try:
        return _found(peer, path, most).decode()
    except UnicodeDecodeError as problem:
        raise Unreached(f"{peer.url}{path} is not text") from problem
