"""`ledger verify` over the timestamps that are sealed: each is over the checkpoint it names, and a closing names it.

Which checkpoint that was is read from its entry's own words and the roots that are kept, which the oracle holds against
the entries.  Who signed a token is checked where the authority's roots are given.

Proven by tests/store/test_timestamping.py.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any, Final, LiteralString

import orjson
import psycopg

from ledger.aggregates.ledger_stream import Closed, TimestampObtained
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.names import Name, name_at
from ledger.transparency.note import encode_base64
from ledger.transparency.timestamp import NotStamped, Roots, checked
from ledger.transparency.verify import Finding

CODE: Final = "timestamp-differs"

_ENTRIES: Final[LiteralString] = """
    SELECT e.position, e.entry, c.size, c.root FROM entries AS e LEFT JOIN checkpoints AS c
        ON c.size::text = convert_from(e.entry, 'UTF8')::jsonb -> 'values' ->> 'size'
    WHERE e.stream = 'ledger' ORDER BY e.position
"""


def timestamps_that_differ(connection: psycopg.Connection, names: Sequence[Name], roots: Roots) -> Iterator[Finding]:
    """Each token that does not hold, and each closing that does not go on from the last one's token."""
    last, token = 0, None
    try:
        rows: list[Any] = connection.execute(_ENTRIES).fetchall()
    except psycopg.DataError:
        return  # an entry is not JSON any more: the oracle has named it
    for position, entry, size, root in rows:
        members = orjson.loads(entry)
        values = members.get("values", {})
        if members["type"] == TimestampObtained.topic:
            why = _wrong(values, last, name_at(position, names).origin, size, root, roots)
            if why:
                yield Finding(CODE, why, position, "ledger")
            token = _hash(values)
        if members["type"] == Closed.topic:
            if values.get("previous_token") != token:
                yield Finding(CODE, "a closing does not name the token over the one before it", position, "ledger")
            last, token = position, None


def _wrong(values: Any, last: int, origin: str, size: int | None, root: bytes | None, roots: Roots) -> str | None:
    if size is None or root is None or size != last:
        return "the timestamp is not over the newest closing"
    try:
        checked(base64.b64decode(values["token"]), Checkpoint(origin, size, bytes(root)), roots)
    except (NotStamped, ValueError, KeyError) as problem:
        return f"the timestamp does not hold: {problem}"
    return None


def _hash(values: Any) -> str | None:
    try:
        return encode_base64(sha256(base64.b64decode(values["token"])).digest())
    except (ValueError, KeyError):
        return None
