"""Which holds keep the details of an entry's children from being erased, as seen from the chains of all concerned.

    held_by(entry, found, as_at, others)      -> the holds, in order of position

Proven by tests/projections/test_holds.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from ledger.aggregates.case_review.holds import EVERYWHERE, Hold, holds_of
from ledger.aggregates.child.reach import offenders_of, reach_of
from ledger.aggregates.register_entry.entry import Deregistration, Entry
from ledger.aggregates.shape import Recorded

Others = Callable[[str], Sequence[Recorded[Any]]]


def held_by(entry: Entry, found: Deregistration, as_at: date, others: Others) -> list[Hold]:
    """The holds that stand at the end of a day over a child whose details this de-registration has still to erase."""
    holds: dict[int, Hold] = {}
    for child_id in entry.undestroyed(found):
        child = others(f"child-{child_id}")
        cases = {name: others(name) for name in offenders_of(child)}
        reach = reach_of(child, child_id, cases)
        for each in holds_of(child, *cases.values(), others(EVERYWHERE), upto=as_at):
            if each.covers(reach):
                holds[each.placed.position] = each
    return [holds[position] for position in sorted(holds)]
