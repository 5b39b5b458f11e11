"""How far the erasure of a child reaches: its own chain, and whoever and whatever was ever linked with it (SCR-05).

    reach = reach_of(chain of the child, child_id, chains of its offenders)      -> privacy.holds.Reach

Linked are the entries and matters that name the child, and their offenders, and the cases that name it in their
notebook; other children of the same entry are not.
Proven by tests/aggregates/test_holds.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ledger.aggregates.corrections import CORRECTING
from ledger.aggregates.offender.facts.file import NotebookEntryMade
from ledger.aggregates.offender.merging import merging_in, of_one_person
from ledger.aggregates.offender.reached import case_reached
from ledger.aggregates.shape import Recorded
from ledger.privacy.holds import Reach

_LINKING: Final = ("offender-", "register-entry-", "child-protection-matter-")
_REVIEW: Final = "case-review-"  # that a review names two people links neither with the other


def linked_with(history: Sequence[Recorded[Any]]) -> frozenset[str]:
    """The chains of the entries, matters and offenders that a child was ever linked with, from its own chain."""
    facts = (each for each in history if not each.stream.startswith(_REVIEW))
    return frozenset(name for each in facts for name in (each.stream, *each.about) if name.startswith(_LINKING))


def concerned(history: Sequence[Recorded[Any]]) -> frozenset[str]:
    """The chains whose facts or texts the erasure of a child moves: all of those, and of the reviews that name it."""
    reviews = (each.stream for each in history if each.stream.startswith(_REVIEW))
    return linked_with(history) | frozenset(reviews)


def told_of_in(history: Sequence[Recorded[Any]]) -> frozenset[str]:
    """The chains whose texts that name nobody may be about the child: all of those but a case that only names the child
    in a line of its notebook (CP-39), which lies under the child's own key."""
    lines: set[str] = set()
    for each in history:
        if isinstance(each.fact, NotebookEntryMade) or (
            isinstance(each.fact, CORRECTING) and each.fact.event_ref in lines
        ):
            lines.add(each.id)
    return concerned([each for each in history if each.id not in lines])


def offenders_of(history: Sequence[Recorded[Any]]) -> list[str]:
    """The chains of the offenders that a child was ever linked with."""
    return sorted(each for each in linked_with(history) if each.startswith("offender-"))


def reach_of(
    history: Sequence[Recorded[Any]], child_id: str, offenders: Mapping[str, Sequence[Recorded[Any]]]
) -> Reach:
    """What the erasure of a child would take from, and what is known of the cases it is linked with."""
    cases = (case_reached(offenders[name]) for name in sorted(offenders))
    records = (one for name, of in offenders.items() for one in of_one_person(name, merging_in(of)))
    return Reach(
        linked_with(history) | {*records, f"child-{child_id}"}, tuple(each for each in cases if each is not None)
    )
