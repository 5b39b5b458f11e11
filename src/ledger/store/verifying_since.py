"""`ledger verify --from FILE`: from the checkpoint that an auditor kept, only what was sealed since.

The right edge of the tree at his checkpoint is read from the tiles.  It must lead to the root that he kept; then the
entries since are read, every byte, and grown onto that edge.  So the log as it is now goes on from the one that he
knows, which is all that a consistency proof says, and more: each new entry, its place in its stream and in every chain
it moves, the heads of closings since, the lists and ciphertexts beside it and every checkpoint kept since is checked as
it is by the whole verification.  A chain that moved is followed from its beginning by its leaf hashes.

What is not read again is NOT_READ, and is said with every report.  Whoever wants to know whether the bytes that he
verified then are still the bytes that are stored verifies the whole ledger.

Proven by tests/store/test_verifying_since.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, LiteralString

import psycopg

from ledger.store.erased import erased_among
from ledger.store.verifying import HEAD, MOST, at_one_moment, head_differs, kept_checkpoints, read_plainly
from ledger.transparency.chain import next_link
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.entry import SealedEntry, parse_entry
from ledger.transparency.errors import EntryError, FormatError
from ledger.transparency.heads import CLOSED, Head, Heads
from ledger.transparency.names import Name
from ledger.transparency.note import NoteVerifier, parse_note
from ledger.transparency.tiles import WIDTH, Tile, TileReader, TilesWanted, root_of
from ledger.transparency.tree import HASH_SIZE, RightEdge, edge_at
from ledger.transparency.verify import (
    Chain,
    Finding,
    KeptCheckpoint,
    LedgerVerifier,
    Report,
    StoredChain,
    StoredHead,
)

NOT_READ: Final = (
    "Not read again: the bytes of the entries before that checkpoint, the chains and lists that no entry since moves, "
    "the checkpoints kept before it, receipts and tiles; and no fact id since was looked for among those before."
)

_MOVED: Final[LiteralString] = "SELECT id, n, chain, last, version, leaf FROM chains WHERE last >= %s ORDER BY id"
_OTHERS: Final[LiteralString] = "SELECT id, n, chain, last FROM chains WHERE last < %s"
_BEFORE: Final[LiteralString] = """
    SELECT position, leaf, version FROM entries WHERE stream = %(id)s AND position <= %(size)s
    UNION ALL
    SELECT position, leaf, 0 FROM about JOIN entries USING (position) WHERE id = %(id)s AND position <= %(size)s
    ORDER BY position
"""
_ABOUT: Final[LiteralString] = "SELECT position, id FROM about WHERE position > %s"
_CIPHERTEXTS: Final[LiteralString] = "SELECT position, key_id::text FROM sealed_values WHERE position > %s"
_TILE: Final[LiteralString] = "SELECT hashes FROM tiles WHERE level = %s AND index = %s"
_LEAVES: Final[LiteralString] = r"""
    SELECT string_agg(leaf, '\x'::bytea ORDER BY position) FROM entries WHERE position BETWEEN %s AND %s
"""


def verify_since(
    kept: str,
    conninfo: str,
    origin: str,
    verifiers: Sequence[NoteVerifier],
    kept_file: Path | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
    *,
    schema: LiteralString = "public",
    earlier: Sequence[Name] = (),
) -> Report:
    """Read what was sealed since the signed note `kept`; `progress` hears (entries read, of how many).

    Raises FormatError for a note that is no checkpoint or one of no entries, and psycopg.OperationalError.
    """
    since = Checkpoint.parse(parse_note(kept).text).size
    if not since:
        raise FormatError("a checkpoint of no entries is one that every log goes on from")
    with at_one_moment(conninfo, schema, kept_file) as (connection, note):
        head = connection.execute(HEAD).fetchone()
        size = head[0] if head else 0
        checkpoints = [each for each in kept_checkpoints(connection, note) if each.size > since]
        names = [*earlier, Name(origin, verifiers)]
        oracle = _Since(connection, min(since, size), [KeptCheckpoint(since, note=kept), *checkpoints], names)
        read = read_plainly(
            connection, oracle, names[0].origin, None, since + 1, MOST, lambda done: progress(done, size - since)
        )
        moved = (StoredChain(*row) for row in connection.execute(_MOVED, (since,)))
        report = oracle.finish(head=StoredHead(size, edge=head[1] if head else b""), chains=moved)
        beside = [*read.findings, *head_differs(head, report, names[0].origin), *oracle.beside()]
        return replace(
            report,
            since=min(since, size),
            findings=report.findings + tuple(beside[:100]),
            found=report.found + len(beside),
        )


class _Since(LedgerVerifier):
    """The oracle, from a size on that it is told the tree, and each chain when it is first moved."""

    def __init__(
        self,
        connection: psycopg.Connection,
        size: int,
        checkpoints: Iterable[KeptCheckpoint],
        names: Sequence[Name],
    ) -> None:
        super().__init__(origin=names[-1].origin, verifiers=names[-1].verifiers, earlier=names[:-1])
        self._connection, self._since = connection, size
        self._others: Heads | None = None  # of the chains that no entry since moves; read when a closing needs it
        self._about, self._ciphertexts = set[tuple[int, str]](), set[tuple[int, str]]()
        self._edge, self._position = _edge(connection, size), size
        self._recorded = _recorded(connection, size)
        self._kept = iter(checkpoints)
        self._next = next(self._kept, None)
        self._compare_checkpoints()

    def _begun(self, name: str) -> Chain:
        """From its beginning, by the leaf hashes of entries that are not read again."""
        made = Chain()
        for position, leaf, version in self._connection.execute(_BEFORE, {"id": name, "size": self._since}):
            made.n, made.chain, made.last = made.n + 1, next_link(made.chain, position - 1, leaf), position - 1
            if version:
                made.version, made.leaf = version, leaf
        return made

    def _check_closing(self, position: int, entry: SealedEntry) -> None:
        if self._others is None:
            try:
                self._others = self._heads = Heads.of(self._heads_before())
            except FormatError as error:  # a stored chain that no entries make
                self._find("heads-differ", str(error), position, CLOSED[0])
                return
        super()._check_closing(position, entry)

    def _heads_before(self) -> dict[str, Head]:
        """Of every chain as it was: as stored where it has not moved since, from its leaves where it has."""
        rows = self._connection.execute(_OTHERS, (self._since,)).fetchall()
        heads = {name: Head(n, chain, last) for name, n, chain, last in rows}
        for name, *_ in self._connection.execute(_MOVED, (self._since,)).fetchall():
            began = self._begun(name)
            if began.n:
                heads[name] = Head(began.n, began.chain, began.last)
        return heads

    def _entry(self, position: int, entry: SealedEntry, leaf: bytes) -> None:
        super()._entry(position, entry, leaf)
        self._about |= {(position, name) for name in entry.get("about", ())}
        self._ciphertexts |= {(position, pair[1]) for pair in entry.get("sealed", {}).values()}

    def beside(self) -> Iterator[Finding]:
        """Lists and ciphertexts beside the entries since that are not what these say."""
        says = "the list of what concerns an id differs from what the entries say"
        for position, name in sorted(self._stored(_ABOUT) ^ self._about):
            yield Finding("row-differs", says, position, name)
        says = "the ciphertexts beside an entry are not those of the keys it commits under"
        erased = erased_among(self._connection, {key for _, key in self._ciphertexts})
        promised = {each for each in self._ciphertexts if each[1] not in erased}
        for position, _ in sorted(self._stored(_CIPHERTEXTS) ^ promised):
            yield Finding("row-differs", says, position)

    def _stored(self, query: LiteralString) -> set[tuple[int, str]]:
        return set(self._connection.execute(query, (self._since,)).fetchall())


def _recorded(connection: psycopg.Connection, position: int) -> str:
    """When the last entry that is not read again was recorded: none since is earlier."""
    row = connection.execute("SELECT entry FROM entries WHERE position = %s", (position,)).fetchone()
    try:
        return parse_entry(row[0])["recorded"] if row else ""
    except EntryError:
        return ""


# ---------------------------------------------------------------------------------------- the edge, from tiles


def _edge(connection: psycopg.Connection, size: int) -> RightEdge:
    """The right edge that the tree had; one of nothing where tiles or leaves are missing, which no root leads to."""
    held: dict[Tile, bytes] = {}
    try:
        while True:
            try:
                return edge_at(size, TileReader(size, held.get))
            except TilesWanted as wanted:
                held.update({tile: _tile(connection, tile) for tile in wanted.tiles})
    except FormatError:
        return RightEdge(size, (bytes(HASH_SIZE),) * size.bit_count())


def _tile(connection: psycopg.Connection, tile: Tile) -> bytes:
    """As it is stored; a partial one, or one that is not stored yet, from what it is made of."""
    row = connection.execute(_TILE, (tile.level, tile.index)).fetchone() if tile.full else None
    if row:
        return row[0]
    first = tile.index * WIDTH
    if tile.level:
        below = (Tile(tile.level - 1, index) for index in range(first, first + tile.width))
        return b"".join(root_of(_tile(connection, each)) for each in below)
    row = connection.execute(_LEAVES, (first + 1, first + tile.width)).fetchone()
    return (row[0] if row else None) or b""
