"""What is known of a case that an erasure reaches, for the holds on classes of cases (SCR-05).

    case_reached(chain of an offender)      -> privacy.holds.CaseReached

A code that cannot be read any more is no code of a class.  Proven by tests/aggregates/test_holds.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from ledger.aggregates.corrections import as_corrected
from ledger.aggregates.offender.facts import OffenceRecorded, OrderMade, PractitionerAssigned, SupervisionEnded
from ledger.aggregates.shape import Recorded, opened
from ledger.privacy.holds import CaseReached

_TELLING: Final = (OffenceRecorded, OrderMade, PractitionerAssigned, SupervisionEnded)


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
