"""How far the erasure of a child reaches: its own chain, and whoever and whatever was ever linked with it (SCR-05).

    reach = reach_of(chain of the child, child_id, chains of its offenders)      -> privacy.holds.Reach

Linked are the entries and matters that name the child, and their offenders; other children of the same entry are not.
A code that cannot be read any more is no code of a class.  Proven by tests/aggregates/test_holds.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from ledger.aggregates.corrections import as_corrected
from ledger.aggregates.offender.facts import OffenceRecorded, OrderMade, PractitionerAssigned, SupervisionEnded
from ledger.aggregates.shape import Recorded, opened
from ledger.privacy.holds import CaseReached, Reach

_LINKING: Final = ("offender-", "register-entry-", "child-protection-matter-")
_TELLING: Final = (OffenceRecorded, OrderMade, PractitionerAssigned, SupervisionEnded)
_REVIEW: Final = "case-review-"  # that a review names two people links neither with the other


def linked_with(history: Sequence[Recorded[Any]]) -> frozenset[str]:
    """The chains of the entries, matters and offenders that a child was ever linked with, from its own chain."""
    facts = (each for each in history if not each.stream.startswith(_REVIEW))
    return frozenset(name for each in facts for name in (each.stream, *each.about) if name.startswith(_LINKING))


def offenders_of(history: Sequence[Recorded[Any]]) -> list[str]:
    """The chains of the offenders that a child was ever linked with."""
    return sorted(each for each in linked_with(history) if each.startswith("offender-"))


def reach_of(
    history: Sequence[Recorded[Any]], child_id: str, offenders: Mapping[str, Sequence[Recorded[Any]]]
) -> Reach:
    """What the erasure of a child would take from, and what is known of the cases it is linked with."""
    cases = (case_reached(offenders[name]) for name in sorted(offenders))
    return Reach(linked_with(history) | {f"child-{child_id}"}, tuple(each for each in cases if each is not None))


def case_reached(history: Sequence[Recorded[Any]]) -> CaseReached | None:
    """Offences, offices and days of an offender's case; None for one that never had an order."""
    facts = [each.fact for each in as_corrected(history) if type(each.fact) in _TELLING]
    orders = [each for each in facts if isinstance(each, OrderMade)]
    if not orders:
        return None
    ended = {each.order_id: each.ended_on for each in facts if isinstance(each, SupervisionEnded)}
    offences = (opened(each.offence_code) for each in facts if isinstance(each, OffenceRecorded))
    units = (each.unit for each in facts if isinstance(each, OrderMade | PractitionerAssigned))
    return CaseReached(
        offences=frozenset(each for each in offences if each is not None),
        offices=frozenset(each for each in units if each is not None),
        since=min(each.sentence_date for each in orders),
        until=_last([ended.get(each.order_id) for each in orders]),
    )


def _last(days: Sequence[date | None]) -> date | None:
    """The last of these days; None where one has not come."""
    return max((day for day in days if day is not None), default=None) if None not in days else None
