"""Who a row of a list is about: read when a page is read, never kept in a table.

    person(stream, history, as_at)      -> client_id, name, unit, offender_manager

`history` is the chain of the person with OPENS opened.  Proven by tests/projections/test_monthly_report.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from ledger.aggregates.corrections import RecordCorrected, as_corrected
from ledger.aggregates.offender.facts import OffenderDetailsCorrected, OffenderRecorded, PractitionerAssigned
from ledger.aggregates.shape import Closed, Recorded
from ledger.projections.schedule import unit_of
from ledger.projections.why import Row
from ledger.rules.dates import day_of

OPENS: Final[Mapping[str, tuple[str, ...]]] = {
    OffenderRecorded.topic: ("client_id", "surname", "forenames"),
    OffenderDetailsCorrected.topic: ("field", "new_value"),
    RecordCorrected.topic: ("corrected_value",),
}
_NAMES: Final = ("client_id", "surname", "forenames")


def person(stream: str, history: Sequence[Recorded[Any]], as_at: date) -> Row:
    """The person as known, and with whom the case is at the end of a day."""
    told = dict[str, Any]()
    for each in as_corrected(history):
        if isinstance(each.fact, OffenderRecorded):
            told |= {name: getattr(each.fact, name) for name in _NAMES}
        elif isinstance(each.fact, OffenderDetailsCorrected) and not isinstance(each.fact.field, Closed):
            field = each.fact.field.strip().casefold()
            told |= {field: each.fact.new_value} if field in _NAMES else {}
    parts = [told.get("forenames"), told.get("surname")]
    shut = next((each for each in parts if isinstance(each, Closed)), None)
    return {
        "client_id": _plain(told.get("client_id")),
        "name": str(shut) if shut is not None else " ".join(each for each in parts if each) or None,
        "unit": unit_of(stream, [each for each in history if day_of(each.effective) <= as_at]),
        "offender_manager": _responsible(history, as_at),
    }


def _responsible(history: Sequence[Recorded[Any]], as_at: date) -> str | None:
    """The staff id of the officer who was last made responsible for an order of the person."""
    assigned = [each for each in as_corrected(history) if isinstance(each.fact, PractitionerAssigned)]
    found = [each for each in assigned if each.fact.role == "RESPONSIBLE" and each.fact.on <= as_at]
    last = max(found, key=lambda each: (each.fact.on, each.position), default=None)
    return last.fact.staff_id if last else None


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Closed) else value
