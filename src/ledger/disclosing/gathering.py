"""What of a case may be shown: its facts parted into those shown and those withheld whole, and the values to open.

Pure; proven by tests/disclosing/test_exporting.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.aggregates.shape import Recorded
from ledger.disclosing.classing import Classing
from ledger.disclosing.table import Allowed
from ledger.store import mapping
from ledger.store.mapping import Stored


@dataclass(frozen=True, slots=True)
class Gathered:
    """A case as one export sees it."""

    allows: Allowed
    stored: Sequence[Stored]  # every entry that concerns the case, in order
    withheld: frozenset[int]  # positions of those withheld whole
    opens: Mapping[int, frozenset[str]]  # by position, the paths of the values that may be opened
    destroyed: frozenset[str]  # ids of keys that a fact of the case says were destroyed

    @property
    def shown(self) -> list[Stored]:
        """The entries that are not withheld."""
        return [each for each in self.stored if each.position not in self.withheld]

    def records(self, opened: Mapping[int, Mapping[str, Any]]) -> list[Recorded[Any]]:
        """The facts that are shown, with these values (by position and path) and no others readable."""
        return [mapping.recorded(each, opened.get(each.position)) for each in self.shown]


def gathered(case: str, stored: Sequence[Stored], allows: Allowed) -> Gathered:
    """Part the facts of a case.  Raises UnknownFact for one that this release does not know."""
    records = [mapping.recorded(each) for each in stored]
    markings = {each.position: str(each.members["marking"]) for each in stored if "marking" in each.members}
    classing = Classing(case, {each.id: each for each in records}, markings)
    withheld = frozenset(
        each.position for each in records if allows.withholds and classing.withheld_for(each) & allows.withholds
    )
    opens = {
        entry.position: frozenset(
            path for path in entry.sealed if allows.opens and classing.class_of(record, path) in allows.opens
        )
        for entry, record in zip(stored, records, strict=True)
        if entry.position not in withheld
    }
    destroyed = (key for each in records for key in getattr(each.fact, "key_ids", ()))
    return Gathered(allows, stored, withheld, opens, frozenset(destroyed))
