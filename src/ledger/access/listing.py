"""Who read a case, when and what for: asked of the access log, for auditors and for the person the case is about.

    page(…, After(0))                 every reading, disclosure and erasure, in the order of the log
    told(record, "offender-019a…")    the same for the person, or None where it is not for them to know

What the person is told is when, in which role, and what for: not who by name or id (DP-12; s.45 of the Data Protection
Act 2018 gives a right to the categories of recipients), not a word of a reason, and not which screen.  Left out whole,
and not counted, is what could harm others or an inquiry by being known (s.45(4)): readings for a purpose, or by a role,
that tells of a victim, a child, a review or another agency (ledger.access.purposes), and those of somebody else's
record that showed this one beside it.  The law says no more than that; these are our readings.

Proven by tests/access/test_listing.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from ledger.access.purposes import default_of, is_told
from ledger.aggregates.access import CATEGORY_OF, ExportReleased, RecordProcessed, RecordViewed
from ledger.aggregates.shape import CLOSED, Fact, Recorded
from ledger.privacy.sealing import Unreadable, holds, open_box
from ledger.projections.why import Row
from ledger.store import mapping
from ledger.store.log import Log
from ledger.store.mapping import Stored
from ledger.store.vault import Vault

LISTED: Final = (RecordViewed, ExportReleased, RecordProcessed)
ERASED: Final = "[erased]"
_TOPICS: Final = frozenset(each.topic for each in LISTED)


def records_of(stored: Sequence[Stored], opened: Mapping[int, Mapping[str, Any]]) -> list[Recorded[Fact]]:
    """The readings among these entries of the access log, with those of their sealed words that were opened."""
    return [mapping.recorded(each, opened.get(each.position)) for each in stored if each.type in _TOPICS]


def listed(record: Recorded[Fact]) -> Row:
    """One reading for those who audit."""
    by, fact = record.by, record.fact
    kind: type[Fact] = type(fact)
    given = {name: str(value) if value == CLOSED else value for name, value in fact.given().items()}
    return {
        "position": record.position,
        "proof": f"/access/log/proof/{record.position}",
        "recorded": record.recorded,
        "type": kind.__name__,
        "by": {"id": by.id, "role": by.role, "unit": by.unit},
        "category": CATEGORY_OF.get(kind),
        "cases": len(record.about),
        **{name: value for name, value in given.items() if name != "position"},
        "at_position": given.get("position"),
    }


def told(record: Recorded[Fact], stream: str) -> Row | None:
    """One reading for the person whose case this is; None for what is not told."""
    fact: Any = record.fact
    purpose: str | None = getattr(fact, "purpose", None)
    own = fact.target_ref.replace("/", "-", 1) == stream
    if not own or purpose is None or not (is_told(purpose) and is_told(default_of(record.by.role))):
        return None
    category = CATEGORY_OF.get(type(record.fact)) or fact.category
    return {"recorded": record.recorded, "role": record.by.role, "category": category, "purpose": purpose}


async def words_of(log: Log, vault: Vault, stored: Sequence[Stored]) -> dict[int, dict[str, Any]]:
    """The sealed words of these entries by position and path, each checked; those whose keys were destroyed say so.

    Raises Unreadable for a value that does not open, VaultUnavailable, DatabaseUnavailable.
    """
    sealed = {each.position: each for each in stored if each.type in _TOPICS and each.sealed}
    boxes = await log.database.boxes(list(sealed))
    committed = {UUID(key_id).bytes for each in sealed.values() for _, key_id in each.sealed.values()}
    keys = await vault.keys_by_id(committed)
    opened: dict[int, dict[str, Any]] = {}
    for position, each in sealed.items():
        fact, beside = str(each.members["id"]), {box.key_id: box for box in boxes.get(position, ())}
        for path, (commitment, key_id) in each.sealed.items():
            key, box = keys.get(UUID(key_id).bytes), beside.get(UUID(key_id).bytes)
            value = ERASED
            if key is not None:
                value = open_box(log.origin, fact, key, box).get(path) if box else None
                if value is None or not holds(fact, key, path, value, commitment):
                    raise Unreadable(
                        f"the value {path} beside entry {position} of the access log is not the one sealed"
                    )
            opened.setdefault(position, {})[path] = value
    return opened
