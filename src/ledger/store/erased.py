"""What a fact says of a key that was destroyed: how every value under it reads from then on, at whatever moment.

    erased_by(entry, key)       -> Erased(day, "child"); None where the fact does not name the key

That a value cannot be read any more is evidence like any other: only the sealed fact of an erasure says so.  Proven by
tests/store/test_erased.py.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from uuid import UUID

import orjson

from ledger.aggregates.child.facts import ChildDataErased
from ledger.aggregates.shape import Erased

OF: Final = {ChildDataErased.topic: "child"}
"""The facts that say so, by topic: how what they are about is called where a value stood."""


def erased_by(entry: bytes, key: bytes) -> Erased | None:
    """What an entry says of a key (16-byte id)."""
    members: dict[str, Any] = orjson.loads(entry)
    of, values = OF.get(members["type"]), members.get("values", {})
    if of is None or str(UUID(bytes=key)) not in values.get("key_ids", ()):
        return None
    return Erased(date.fromisoformat(values["erased_on"]), of)
