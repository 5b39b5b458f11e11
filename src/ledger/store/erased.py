"""What a fact says of a key that was destroyed: how every value under it reads from then on, at whatever moment.

    erased_by(entry, key)           -> Erased(day, "child"); None where the fact does not name the key
    erased_among(connection, keys)  those of these keys of which a sealed fact says that they were destroyed

That a value cannot be read any more is evidence like any other: only the sealed fact of an erasure says so.  Proven by
tests/erasing/test_values.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, Final, LiteralString
from uuid import UUID

import orjson
import psycopg

from ledger.aggregates.child.facts import ChildDataErased
from ledger.aggregates.shape import Erased
from ledger.aggregates.subject import SubjectDataErased

ERASING: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    ChildDataErased.topic: lambda values: "child",
    SubjectDataErased.topic: lambda values: str(values["kind"]).lower().replace("_", " "),
}
"""The facts that say so, by topic: how whoever they are about is called where a value stood, from the fact's values."""


def erased_by(entry: bytes, key: bytes) -> Erased | None:
    """What an entry says of a key (16-byte id)."""
    members: dict[str, Any] = orjson.loads(entry)
    of, values = ERASING.get(members["type"]), members.get("values", {})
    if of is None or str(UUID(bytes=key)) not in values.get("key_ids", ()):
        return None
    return Erased(date.fromisoformat(values["erased_on"]), of(values))


_NAMED: Final[LiteralString] = """
    SELECT k.key_id, e.entry FROM public.erased_keys AS k JOIN public.entries AS e USING (position)
"""


def erased_among(connection: psycopg.Connection, keys: Iterable[str] | None = None) -> set[str]:
    """Those of these keys, or of all, of which a sealed fact of the ledger says that they were destroyed.

    For whoever verifies; the ledger's own way to ask is `Database.erased`.
    """
    try:
        named = None if keys is None else [UUID(each) for each in keys]
    except ValueError:
        named = []  # no ids: no entry of ours, which the oracle says
    if named is None:
        rows = connection.execute(_NAMED).fetchall()
    else:
        rows = connection.execute(_NAMED + "WHERE k.key_id = ANY(%s)", (named,)).fetchall() if named else []
    return {str(key) for key, entry in rows if erased_by(entry, key.bytes)}
