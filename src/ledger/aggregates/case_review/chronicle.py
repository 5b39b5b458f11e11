"""What a chronology lists: every fact about the persons of a review in a period, as known at a moment (SCR-10).

    listed(persons, period, look)      the facts, by when they happened, then position

The one answer for the decision that counts and hashes them and for the view that prints them.  Proven by
tests/aggregates/test_review_chronology.py.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ledger.aggregates.corrections import CORRECTING, as_corrected
from ledger.aggregates.offender.merging import merging_in, of_one_person
from ledger.aggregates.shape import Recorded
from ledger.rules.dates import chronological, day_of

Look = Callable[[Sequence[str]], Mapping[str, Sequence[Recorded[Any]]]]


@dataclass(frozen=True, slots=True)
class Period:
    """The days from `first` to `last`, both included, as known at a moment; of facts before a position alone."""

    first: date
    last: date
    known_at: datetime
    before: int = sys.maxsize

    def holds(self, record: Recorded[Any]) -> bool:
        """Whether it happened in the period."""
        return self.first <= day_of(record.effective) <= self.last

    def knows(self, record: Recorded[Any]) -> bool:
        """Whether it was recorded by then."""
        return record.recorded <= self.known_at and record.position < self.before


def listed(persons: Collection[str], period: Period, look: Look) -> list[Recorded[Any]]:
    """The facts about these persons ("offender-019a…") in a period, as first told.

    `look` gives the chains of cases by name, or raises Unread.  A correction of a fact that is listed is listed with
    it, whenever it was made.
    """
    known = _about(persons, period, look)
    found = {each.id for records in (known, as_corrected(known)) for each in records if period.holds(each)}
    for each in known:
        if isinstance(each.fact, CORRECTING) and each.fact.event_ref in found:
            found.add(each.id)
    return sorted((each for each in known if each.id in found), key=_order_of)


def _order_of(record: Recorded[Any]) -> tuple[date, bool, float, int]:
    return (*chronological(record.effective), record.position)


def _about(persons: Collection[str], period: Period, look: Look) -> list[Recorded[Any]]:
    """What was known then about these persons, under every record that was known to be one of theirs."""
    names, chains = set(persons), dict[str, list[Recorded[Any]]]()
    while missing := names - chains.keys():
        for name, history in look(sorted(missing)).items():
            chains[name] = [each for each in history if period.knows(each)]
        merging = merging_in(*chains.values())
        names.update(record for name in persons for record in of_one_person(name, merging))
    found = {
        each.position: each
        for history in chains.values()
        for each in history
        if not names.isdisjoint((each.stream, *each.about))
    }
    return [found[position] for position in sorted(found)]
