"""The place of a row among those of its case: given by what the row says, so that whoever reads page after page neither
misses nor repeats a row that stays while others of the case come and go.

Proven by tests/following/test_lists.py.
"""

from __future__ import annotations

from typing import Final
from zlib import crc32

_LARGEST: Final = 2**31 - 1  # of PostgreSQL's integer


def place_of(row: bytes, taken: set[int]) -> int:
    """A place from 0 that is not taken yet, and take it; equal rows lie side by side."""
    n = crc32(row) & _LARGEST
    while n in taken:
        n = (n + 1) & _LARGEST
    taken.add(n)
    return n
