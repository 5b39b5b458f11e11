"""What stands in the places of a letter: the person, the order and the failure, as known when it is written.

    places(history, fact, policy, unit)      {"name": "Ann Jones", "absence_date": "12 Apr 2025", …}

`history` is the chain of the person with OPENS opened, up to the position the decision rests on; `fact` is the letter
or warning as decided.  Readings: an address is the first on file, or one that was put right since; days are written as
messages print them.  Proven by tests/api/test_letters.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from ledger.aggregates.corrections import as_corrected
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.facts import (
    BreachWarningGiven,
    EnforcementLetterIssued,
    OffenderDetailsCorrected,
    OffenderRecorded,
    OrderMade,
)
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Closed, Fact, Recorded
from ledger.projections import persons
from ledger.rules import letters
from ledger.rules.dates import printed

Letter = EnforcementLetterIssued | BreachWarningGiven
LETTERS: Final = (EnforcementLetterIssued, BreachWarningGiven)
EVIDENCE_DAYS: Final = "enf.evidence"
OPENS: Final[Mapping[str, tuple[str, ...]]] = {
    **persons.OPENS,
    OffenderRecorded.topic: (*persons.OPENS[OffenderRecorded.topic], "addresses"),
    OrderMade.topic: ("court",),
}


def to_be_written(fact: Fact) -> bool:
    """Whether the ledger is to write this letter, or has written it."""
    return isinstance(fact, LETTERS) and fact.template is not None


def day_of_letter(fact: Letter) -> date:
    """The day that chooses its template."""
    return fact.issued_on if isinstance(fact, EnforcementLetterIssued) else fact.given_on


def places(history: Sequence[Recorded[Any]], fact: Letter, policy: Policy, unit: str | None) -> dict[str, str]:
    """What each place of the letter's template says; of what is not known, nothing."""
    stream = next(each.stream for each in history if isinstance(each.fact, OffenderRecorded))
    who = persons.person(stream, history, day_of_letter(fact))
    case = Case.fold(history)
    absence = case.absences[fact.absence_id]
    order = case.orders.get(absence.record.fact.order_id)
    told: dict[str, Any] = {
        "name": who["name"],
        "address": address(history),
        "client_id": who["client_id"],
        "unit": unit,
        "appointment": letters.appointment_in_words(absence.record.fact.appointment_kind),
        "failure": letters.failure_in_words(absence.record.fact.kind),
        "absence_date": absence.date,
    }
    if order is not None:
        made = order.record.fact
        in_words = letters.order_in_words(made.order_type)
        told |= {"order": in_words, "court": made.court, "sentence_date": order.sentence_date}
    told |= _of_its_own(fact, policy)
    return {name: _said(value) for name, value in told.items()}


def _of_its_own(fact: Letter, policy: Policy) -> dict[str, Any]:
    """What only a letter, or only a warning, says."""
    if isinstance(fact, EnforcementLetterIssued):
        return {
            "issued_on": fact.issued_on,
            "evidence_deadline": fact.evidence_deadline,
            "evidence_days": policy.number(EVIDENCE_DAYS, fact.issued_on),
        }
    return {
        "given_on": fact.given_on,
        "until": fact.until,
        "circumstances": fact.circumstances,
        "unacceptable": letters.UNACCEPTABLE,
        "liable": letters.liable(_said(fact.until)),
    }


def address(history: Sequence[Recorded[Any]]) -> str | Closed | None:
    """Where the person lives, as last told."""
    found: str | Closed | None = None
    for each in as_corrected(history):
        if isinstance(each.fact, OffenderRecorded):
            told = each.fact.addresses
            found = told if isinstance(told, Closed) else next(iter(told or ()), None)
        elif isinstance(each.fact, OffenderDetailsCorrected) and _of_an_address(each.fact.field):
            found = each.fact.new_value
    return found


def _of_an_address(field: str | Closed) -> bool:
    return isinstance(field, str) and field.strip().casefold() in ("address", "addresses")


def _said(value: Any) -> str:
    if value is None:
        return ""
    return printed(value) if isinstance(value, date) else str(value)
