"""The seal of a review's secured records made again from the log, whenever somebody looks at the review (SCR-03).

    await resealing.again(answer["course"])     -> a row for each securing, the newest first, as `seals` of the answer

Read are the positions and ids of all that the secured records held, straight from the log and never from memory, and
of each fact whether its bytes still have the leaf hash that was stored with them.  Nothing is opened, and nothing said
but whether it agrees: a position tells nobody's case.  Who could change entry and leaf alike is found by
`ledger verify`, which knows the signed tree.  At most so many securings and facts (MOST) are read; what has more says
that it was not made again, and is no sign of anything.  Proven by tests/web/test_seals.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from ledger.aggregates.case_review.facts import RecordsSecured
from ledger.aggregates.offender.facts import PersonsMerged, PersonsSeparated
from ledger.aggregates.offender.merging import PERSON, of_one_person
from ledger.application.patience import in_time
from ledger.projections.why import Row
from ledger.rules.case_review import seal
from ledger.store.database import Database
from ledger.store.mapping import Stored, recorded
from ledger.transparency.tree import leaf_hash

REVIEWED: Final = ("case-review", "case-review")  # the view whose answer has the seals too
MOST: Final = 50_000  # facts of one securing
SECURINGS: Final = 5
NAMED: Final = 20  # positions of changed facts that are named
_MERGING: Final = frozenset({PersonsMerged.topic, PersonsSeparated.topic})
_SECURED: Final = RecordsSecured.__name__


@dataclass(frozen=True, slots=True)
class Resealing:
    """Seals of an open ledger; the database answers within `deadline` seconds, or not at all."""

    database: Database
    deadline: float

    async def again(self, course: Sequence[Mapping[str, Any]]) -> list[Row]:
        """{position, secured_at, seal_hash, facts, made_again, made_at, changed, agrees} of each securing of a course.

        `agrees`, `facts` and `made_again` are None where there is too much to read.  Raises DatabaseUnavailable.
        """
        secured = [each for each in course if each["type"] == _SECURED][-SECURINGS:]
        return [await self._one(each) for each in reversed(secured)]

    async def _one(self, row: Mapping[str, Any]) -> Row:
        says, position = row["says"], int(row["position"])
        found = await self._held(says["last_sequences"], position)
        told: Row = {
            "position": position,
            "secured_at": says["secured_at"],
            "seal_hash": says["seal_hash"],
            "made_at": datetime.now(UTC),
        }
        if found is None:
            return {**told, "facts": None, "made_again": None, "changed": [], "agrees": None}
        again, changed = await asyncio.to_thread(_made, found)
        agrees = again == says["seal_hash"] and not changed
        return {**told, "facts": len(found), "made_again": again, "changed": changed[:NAMED], "agrees": agrees}

    async def _held(self, names: Sequence[str], before: int) -> list[tuple[int, bytes, bytes]] | None:
        """What these cases held, every record of the same person with it, before a position; None for too much."""
        every = set(names)
        while True:
            found = await in_time(self.deadline, self.database.held(sorted(every), before, MOST + 1))
            if len(found) > MOST:
                return None
            merging = [
                recorded(each)
                for position, _, entry in found
                if b'"offender.persons-' in entry and (each := Stored.of(position, entry)).type in _MERGING
            ]
            persons = {record for name in names if name.startswith(PERSON) for record in of_one_person(name, merging)}
            if persons <= every:
                return found
            every |= persons


def _made(found: Sequence[tuple[int, bytes, bytes]]) -> tuple[str, list[int]]:
    """The seal of these entries, and the positions of those that are not what their leaf hash was made of."""
    again = seal((position, _id_of(entry)) for position, _, entry in found)
    return again, [position for position, leaf, entry in found if leaf_hash(entry) != leaf]


def _id_of(entry: bytes) -> str:
    """The id of the fact in an entry; "" for bytes that are no entry any more."""
    try:
        return str(orjson.loads(entry)["id"])
    except (ValueError, KeyError, TypeError):
        return ""
