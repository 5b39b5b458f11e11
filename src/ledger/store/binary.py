"""PostgreSQL's binary forms of the few types the ledger sends and reads: packed by hand, because they are hot.

    >>> array_of_bytes([b"ab", None]).hex(" ", 4)
    '00000001 00000001 00000011 00000002 00000001 00000002 6162ffff ffff'

Source: PostgreSQL documentation, *Frontend/Backend Protocol*, and `array_send` / `timestamptz_send` of its
sources.  Proven by tests/store/test_binary.py against psycopg's own dumpers and loaders.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

_HEADER: Final = struct.Struct(">iiiii")
_LENGTH: Final = struct.Struct(">i").pack
_INT8: Final = struct.Struct(">q")
_NULL: Final = _LENGTH(-1)
_EMPTY: Final = struct.Struct(">iii")
_BYTEA, _INT8_OID, _TEXT, _UUID, _TIMESTAMPTZ = 17, 20, 25, 2950, 1184

LARGEST: Final = 2**63 - 1
EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

int8 = _INT8.pack


def read_int8(data: bytes | None) -> int:
    """A bigint, or the microseconds since 2000-01-01 UTC of a timestamptz.  `data` is never NULL here."""
    assert data is not None
    return int(_INT8.unpack(data)[0])


def read_bytes(data: bytes | None) -> bytes:
    """A column that is never NULL."""
    assert data is not None
    return data


def microseconds(moment: datetime) -> int:
    """Microseconds from 2000-01-01 UTC, PostgreSQL's own count."""
    return (moment - EPOCH) // _MICROSECOND


@lru_cache(maxsize=256)  # the facts of one batch share theirs
def moment(count: int) -> datetime:
    """The aware UTC instant of such a count."""
    return EPOCH + timedelta(microseconds=count)


@lru_cache(maxsize=256)
def instant(count: int) -> bytes:
    """Its RFC 3339 form with six decimals, as sealed: 2025-04-07T16:30:12.345678Z."""
    return moment(count).replace(tzinfo=None).isoformat(timespec="microseconds").encode() + b"Z"


def _of_one_width(oid: int, width: int, items: Sequence[bytes]) -> bytes:
    """An array whose items are all `width` bytes: one join, no loop of ours."""
    if not items:
        return _EMPTY.pack(0, 0, oid)
    if set(map(len, items)) != {width}:  # another width would shift all that follow
        raise ValueError(f"an item is not {width} bytes long")
    length = _LENGTH(width)
    return _HEADER.pack(1, 0, oid, len(items), 1) + length + length.join(items)


def _array(oid: int, items: Sequence[bytes | None]) -> bytes:
    if not items:
        return _EMPTY.pack(0, 0, oid)
    parts = [_HEADER.pack(1, int(None in items), oid, len(items), 1)]
    parts += [part for item in items for part in ((_NULL,) if item is None else (_LENGTH(len(item)), item))]
    return b"".join(parts)


def array_of_bytes(items: Sequence[bytes | None]) -> bytes:
    """bytea[]; None becomes NULL."""
    return _array(_BYTEA, items)


def array_of_hashes(items: Sequence[bytes]) -> bytes:
    """bytea[] of 32-byte values."""
    return _of_one_width(_BYTEA, 32, items)


def array_of_text(items: Sequence[str]) -> bytes:
    """text[], UTF-8."""
    return _array(_TEXT, [item.encode() for item in items])


def array_of_uuid(items: Sequence[bytes]) -> bytes:
    """uuid[] of 16-byte values."""
    return _of_one_width(_UUID, 16, items)


def array_of_int8(items: Sequence[int]) -> bytes:
    """bigint[]."""
    return _of_one_width(_INT8_OID, 8, [int8(item) for item in items])


def array_of_moments(items: Sequence[int]) -> bytes:
    """timestamptz[] of microsecond counts."""
    return _of_one_width(_TIMESTAMPTZ, 8, [int8(item) for item in items])
