"""The child: a pure fold over the facts about one child, which entries of the register are among.

    child = Child.fold(chain)                child.live -> the entries that link it to an offender

Names are opened so that a note naming the child can be told of (GEN-10), the number so that what is noted under it goes
under the child's own key; whoever reads a view reads them there.
Proven by tests/aggregates/test_child.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ledger.aggregates.child.facts import FACTS, ChildDataErased, ChildRecorded, KeyWorkerNamed
from ledger.aggregates.corrections import as_corrected
from ledger.aggregates.register_entry.registrations import Registration, registrations_of
from ledger.aggregates.shape import Recorded
from ledger.rules.dates import day_of


@dataclass(frozen=True, slots=True)
class Child:
    """One child as known; `child_id` is empty while nothing of the child's own is recorded."""

    child_id: str = ""
    history: Sequence[Recorded[Any]] = ()
    record: Recorded[ChildRecorded] | None = None
    erased: Recorded[ChildDataErased] | None = None
    key_workers: tuple[Recorded[KeyWorkerNamed], ...] = ()
    entries: dict[str, Registration] = field(default_factory=dict[str, Registration])

    @classmethod
    def fold(cls, history: Sequence[Recorded[Any]]) -> Child:
        """The child as known from these facts of its chain, in order of position."""
        return cls._of(history, history, as_corrected(history))

    @classmethod
    def as_at(cls, history: Sequence[Recorded[Any]], day: date) -> Child:
        """As known from these facts, counting only what had happened by the end of `day`.

        The record itself is no event of the child's life: it counts whenever it was made.
        """
        corrected = as_corrected(history)
        shown = [each for each in corrected if isinstance(each.fact, ChildRecorded) or day_of(each.effective) <= day]
        return cls._of((), history, shown)

    @classmethod
    def _of(
        cls, history: Sequence[Recorded[Any]], known: Sequence[Recorded[Any]], records: Sequence[Recorded[Any]]
    ) -> Child:
        recorded = [each for each in records if isinstance(each.fact, ChildRecorded)]
        erased = [each for each in records if isinstance(each.fact, ChildDataErased)]
        return cls(
            next((each.stream[-36:] for each in known if isinstance(each.fact, FACTS)), ""),
            tuple(history),
            recorded[0] if recorded else None,
            erased[0] if erased else None,
            tuple(each for each in records if isinstance(each.fact, KeyWorkerNamed)),
            registrations_of(records),
        )

    @property
    def live(self) -> list[Registration]:
        """The entries that link the child to an offender now."""
        return [each for each in self.entries.values() if self.child_id in each.linked]

    def beside(self, entry_id: str) -> list[Registration]:
        """The other entries whose link with the child stands, or ended after that of `entry_id` began (CP-47).

        Those that ended while it stood left the child's details to it, and must learn that it ends.
        """
        mine = self.entries.get(entry_id)
        began = mine.made.position if mine and mine.made else 0
        return [
            each
            for each in self.entries.values()
            if each.entry_id != entry_id
            and self.child_id in each.child_ids
            and ((end := each.end_of(self.child_id)) is None or end.position > began)
        ]
