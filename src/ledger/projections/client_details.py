"""View `client-details` of a person and of a child: the two screens of the old system, field by field (CP-38).

    fields[]         no, name, value         the client details, with their numbers there; None where nothing is held
    history[]        no, name, flag, since   the lines of History/Warnings: "Y", "N", or None where nothing says so
    warnings_lit, notes_lit                  the two header fields, lit in child protection cases alone
    risk_assessment, current_age             as the screen has them beside the numbers

Readings: a line is Y or N only where a fact of this ledger can say it; the others, which the old system kept and this
one does not, are None rather than a No that nobody gave.  Field 02 is Y from the first community order, 06 from the
first suspended sentence order; 19 and 20 are the flags CR and RH; a person has no field 19, a child no field 20.  The
notes are lit with the warnings where a notebook has a line.  Proven by tests/projections/test_client_details.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from ledger.aggregates.child.child import Child
from ledger.aggregates.child.facts import ChildRecorded
from ledger.aggregates.corrections import RecordCorrected, as_corrected
from ledger.aggregates.offender.facts import (
    NotebookEntryMade,
    OffenderDetailsCorrected,
    OffenderRecorded,
    OrderMade,
    RiskAssessmentCompleted,
    RiskLevelChanged,
)
from ledger.aggregates.policy import Policy
from ledger.aggregates.register_entry.registrations import registrations_of
from ledger.aggregates.shape import Closed, Recorded
from ledger.projections import child as child_view
from ledger.projections import persons
from ledger.projections.register import span_of
from ledger.projections.why import Row, explained
from ledger.rules import register
from ledger.rules.dates import day_of

History = Sequence[Recorded[Any]]
FIELDS: Final[Mapping[str, tuple[int, str]]] = {
    "client_id": (1, "Client ID"),
    "surname": (2, "Surname"),
    "forenames": (3, "Forenames"),
    "title": (4, "Title"),
    "dob": (5, "Date Of Birth"),
    "gender": (6, "Gender"),
    "pnc_number": (7, "PNC Number"),
    "file_location": (8, "File Location"),
    "race": (9, "Race"),
    "origin": (9, "Origin"),
    "first_language": (10, "First Language"),
    "addresses": (11, "Addresses"),
    "aliases": (13, "Alias(s)"),
    "previous_names": (14, "Previous Name(s)"),
    "solicitor_name": (15, "Solicitor Name"),
    "solicitor_tel": (16, "Solicitors Tel."),
    "assignment": (17, "Current Assignment(s)"),
    "availability": (18, "Availability Mon-Sun"),
}
SUPERVISORY, SUSPENDED, AT_RISK, IN_HOUSEHOLD = 2, 6, 19, 20
HISTORY: Final[Mapping[int, str]] = {
    **{1: "Custody", 2: "Supervisory Ords", 3: "Cso", 4: "Fine", 5: "Other", 6: "Suspended Sent."},
    **{7: "Attendance Ctr.", 8: "Cond Discharge", 9: "Combination Order", 10: "Curfew Order", 11: "Care Order"},
    **{12: "Violent", 13: "Problem Drinker", 14: "Drug User", 15: "Sex Offences", 16: "Mentally Unfit"},
    **{17: "Physically Unfit", 18: "Risk to Children", 19: "Child At Risk", 20: "C.A.R. in Hsehd"},
    21: "Risk to Children Offdr",
}
_NOT_HELD: Final = ("file_location", "availability")
_OF_PERSON: Final = tuple(name for name in FIELDS if name not in (*_NOT_HELD, "assignment"))
_ORDERS: Final = {SUPERVISORY: "CO", SUSPENDED: "SSO"}
OPENS: Final[Mapping[str, tuple[str, ...]]] = {
    OffenderRecorded.topic: _OF_PERSON,
    OffenderDetailsCorrected.topic: ("field", "new_value"),
    RiskAssessmentCompleted.topic: ("rosh_level",),
    RiskLevelChanged.topic: ("to_level",),
    RecordCorrected.topic: ("corrected_value",),
}
CHILD_OPENS: Final[Mapping[str, tuple[str, ...]]] = {
    ChildRecorded.topic: ("client_id", "surname", "forenames", "dob", "gender", "address"),
    RecordCorrected.topic: ("corrected_value",),
}


def view(history: History, policy: Policy, as_at: date, known: int, explain: bool = False) -> Row:
    """The screens of a person at the end of a day."""
    head = persons.view(history, policy, as_at, known)
    told = {**persons.told_of(history, _OF_PERSON), "assignment": head["offender_manager"]}
    then = [each for each in as_corrected(history) if day_of(each.effective) <= as_at]
    orders = [each for each in then if isinstance(each.fact, OrderMade)]
    lines = {no: min((each.fact.sentence_date for each in orders if each.fact.order_type == kind), default=None)
             for no, kind in _ORDERS.items()}  # fmt: skip
    spans = [span for each in registrations_of(then).values() if (span := span_of(each)) is not None]
    lines[IN_HOUSEHOLD] = register.flag_since(spans, as_at)
    noted = any(isinstance(each.fact, NotebookEntryMade) for each in then)
    return _screens(told, lines, as_at, explain, noted=noted, risk=head["risk_level"])


def child(history: History, policy: Policy, as_at: date, known: int, explain: bool = False) -> Row:
    """The screens of a child at the end of a day."""
    shown = child_view.view(history, policy, as_at, known)
    record = Child.as_at(history, as_at).record
    fact = record.fact if record else None
    told = {name: getattr(fact, name, None) for name in ("client_id", "surname", "forenames", "dob", "gender")}
    told["addresses"] = fact.address if fact else None
    if fact and isinstance(fact.surname, Closed):  # number and forenames are opened for the fold, not for this reader
        told |= {"client_id": fact.surname, "forenames": fact.surname}
    lines = {AT_RISK: next((each["since"] for each in shown["flags"] if each["code"] == "CR"), None)}
    return _screens(told, lines, as_at, explain, noted=bool(shown["notebook"]), risk=None)


def _screens(
    told: Mapping[str, Any],
    lines: Mapping[int, date | None],
    as_at: date,
    explain: bool,
    *,
    noted: bool,
    risk: str | None,
) -> Row:
    lit = any(lines.get(no) for no in (AT_RISK, IN_HOUSEHOLD))
    row: Row = {
        "warnings_lit": lit,
        "notes_lit": lit and noted,
        "risk_assessment": risk,
        "current_age": _age(told.get("dob"), as_at),
        "fields": [{"no": no, "name": says, "value": _plain(told.get(name))} for name, (no, says) in FIELDS.items()],
        "history": list(_history(lines)),
    }
    return explained(row, explain, rules=["CP-37", "CP-38"])


def _history(lines: Mapping[int, date | None]) -> Iterator[Row]:
    for no, says in HISTORY.items():
        since = lines.get(no)
        flag = None if no not in lines else "Y" if since else "N"
        yield {"no": no, "name": says, "flag": flag, "since": since}


def _age(born: Any, as_at: date) -> int | None:
    """Whole years; None where the day of birth is not known, or as yet to come."""
    if isinstance(born, str):  # a detail put right is a text
        try:
            born = date.fromisoformat(born.strip())
        except ValueError:
            return None
    if not isinstance(born, date) or born > as_at:
        return None
    return as_at.year - born.year - ((as_at.month, as_at.day) < (born.month, born.day))


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Closed) else value
