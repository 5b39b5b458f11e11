"""Who a row of a list is about: read when a page is read, never kept in a table.

    person(stream, history, as_at)      -> client_id, name, unit, offender_manager
    view                                -> the head of a file: the same with crn, date_of_birth, risk_level, orders,
                                           flags, yellow_dot and limited_access

`history` is the chain of the person with OPENS opened, for the view with HEAD.  Proven by
tests/projections/test_monthly_report.py, tests/projections/test_register.py and tests/web/test_case.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from ledger.aggregates.corrections import CORRECTING, RecordCorrected, as_corrected
from ledger.aggregates.offender import FACTS
from ledger.aggregates.offender.facts import (
    OffenderDetailsCorrected,
    OffenderRecorded,
    OrderMade,
    PractitionerAssigned,
    RiskAssessmentCompleted,
    RiskLevelChanged,
)
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Closed, Recorded
from ledger.aggregates.units import names_a_unit, unit_of
from ledger.privacy.limiting import rules_in
from ledger.projections import yellow_dot
from ledger.projections.register import raised
from ledger.projections.why import Row
from ledger.rules.dates import day_of

OPENS: Final[Mapping[str, tuple[str, ...]]] = {
    OffenderRecorded.topic: ("client_id", "surname", "forenames"),
    OffenderDetailsCorrected.topic: ("field", "new_value"),
    RecordCorrected.topic: ("corrected_value",),
}
RESTS_ON: Final = frozenset(
    each.topic for each in (*CORRECTING, PractitionerAssigned, *filter(names_a_unit, FACTS))
) | frozenset(OPENS)
RAISED_BY: Final[Mapping[str, tuple[str, ...]]] = {
    **yellow_dot.OPENS,
    RiskAssessmentCompleted.topic: ("rosh_level",),
    RiskLevelChanged.topic: ("to_level",),
}
HEAD: Final[Mapping[str, tuple[str, ...]]] = {
    **OPENS,
    **RAISED_BY,
    OffenderRecorded.topic: ("client_id", "crn", "surname", "forenames", "dob"),
}
_NAMES: Final = ("client_id", "surname", "forenames")
_HEAD: Final = (*_NAMES, "crn", "dob")


def person(stream: str, history: Sequence[Recorded[Any]], as_at: date) -> Row:
    """The person as known, and with whom the case is at the end of a day."""
    told = told_of(history, _NAMES)
    return {
        "client_id": _plain(told.get("client_id")),
        "name": _name(told),
        "unit": unit_of(stream, [each for each in as_corrected(history) if day_of(each.effective) <= as_at]),
        "offender_manager": _responsible(history, as_at),
    }


def view(history: Sequence[Recorded[Any]], policy: Policy, as_at: date, known: int, explain: bool = False) -> Row:
    """View `person`: the head of a file, as at the end of a day.

    `flags`, `yellow_dot`: as the view `register` has them.  `limited_access`: whether the case is closed to some, or to
    all but some, which whoever may read it is told; it counts from when it was recorded, whatever the day.
    """
    del policy, known, explain
    told = told_of(history, _HEAD)
    then = [each for each in as_corrected(history) if day_of(each.effective) <= as_at]
    orders = [each.fact for each in then if isinstance(each.fact, OrderMade)]
    offender = next((each.fact.offender_id for each in then if isinstance(each.fact, OffenderRecorded)), "")
    return {
        **person(f"offender-{offender}", history, as_at),
        "crn": _plain(told.get("crn")),
        "date_of_birth": _plain(told.get("dob")),
        "risk_level": _risk(then),
        "flags": [{"code": code, "since": since} for code, since in raised(history, as_at).items()],
        "yellow_dot": yellow_dot.yellow_dot(history, as_at)[0],
        "limited_access": bool(rules_in(history)),
        "orders": [
            {"order_id": each.order_id, "order_type": each.order_type, "sentence_date": each.sentence_date}
            for each in orders
        ],
    }


def told_of(history: Sequence[Recorded[Any]], names: Sequence[str]) -> dict[str, Any]:
    """What these fields say now: as first told, and as the person's details were put right since."""
    told = dict[str, Any]()
    for each in as_corrected(history):
        if isinstance(each.fact, OffenderRecorded):
            told |= {name: getattr(each.fact, name) for name in names}
        elif isinstance(each.fact, OffenderDetailsCorrected) and not isinstance(each.fact.field, Closed):
            field = each.fact.field.strip().casefold()
            told |= {field: each.fact.new_value} if field in names else {}
    return told


def _name(told: Mapping[str, Any]) -> str | None:
    parts = [told.get("forenames"), told.get("surname")]
    shut = next((each for each in parts if isinstance(each, Closed)), None)
    return str(shut) if shut is not None else " ".join(each for each in parts if each) or None


def _risk(history: Sequence[Recorded[Any]]) -> str | None:
    """The level of risk of serious harm that was last judged (ALL-02)."""
    judged = [each for each in history if isinstance(each.fact, RiskAssessmentCompleted | RiskLevelChanged)]
    last = max(judged, key=lambda each: (each.effective, each.position), default=None)
    if last is None:
        return None
    return _plain(last.fact.to_level if isinstance(last.fact, RiskLevelChanged) else last.fact.rosh_level)


def _responsible(history: Sequence[Recorded[Any]], as_at: date) -> str | None:
    """The staff id of the officer who was last made responsible for an order of the person."""
    assigned = [each for each in as_corrected(history) if isinstance(each.fact, PractitionerAssigned)]
    found = [each for each in assigned if each.fact.role == "RESPONSIBLE" and each.fact.on <= as_at]
    last = max(found, key=lambda each: (each.fact.on, each.position), default=None)
    return last.fact.staff_id if last else None


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Closed) else value
