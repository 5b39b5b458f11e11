"""`ledger verify` over the stored tiles: each is what the entries make it, and its root the one over its hashes.

The leaf hashes that they are held against are the oracle's to check (verifying.py).  A tile that is not stored is none
that is missing: whoever needs it makes it (tiling.py).

Proven by tests/store/test_verifying_tiles.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, LiteralString

import psycopg

from ledger.transparency.tiles import HEIGHT, Tile, root_of
from ledger.transparency.verify import Finding

# An index beyond any that a tree has leads to no leaves, and its multiples would be no bigint.
_TILES: Final[LiteralString] = r"""
    SELECT t.level, t.index, t.root, t.hashes, CASE
        WHEN t.index > (1::bigint << 54) THEN NULL
        WHEN t.level = 0 THEN (
            SELECT string_agg(e.leaf, '\x'::bytea ORDER BY e.position) FROM entries AS e
            WHERE e.position BETWEEN t.index * 256 + 1 AND t.index * 256 + 256
        )
        ELSE (
            SELECT string_agg(b.root, '\x'::bytea ORDER BY b.index) FROM tiles AS b
            WHERE b.level = t.level - 1 AND b.index BETWEEN t.index * 256 AND t.index * 256 + 255
        )
    END
    FROM tiles AS t WHERE NOT (t.level = 0 AND t.index >= 0 AND t.index < (%s + 255) / 256) ORDER BY t.level, t.index
"""


def tiles_that_differ(connection: psycopg.Connection, compared: int = 0) -> Iterator[Finding]:
    """Tiles of the first so many leaves were compared already.

    The position named is that of the first entry under a tile; `stream` is its path.
    """
    with connection.cursor(name="tiles") as cursor:
        cursor.itersize = 100
        cursor.execute(_TILES, (compared,))
        for level, index, root, hashes, made in cursor:
            says = "is not what the entries make it" if hashes != made else "has another root than its hashes make"
            if hashes != made or root != root_of(hashes):
                tile = Tile(level, index)
                yield Finding("row-differs", f"a stored tile {says}", (index << HEIGHT * (level + 1)) + 1, tile.path())
