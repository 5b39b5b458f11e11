"""What is known of a person or a child that somebody may be found by, and the warnings of the search row (CP-37).

    person(stream, history, day, keys)      None where no name can be read: never recorded, struck out, or erased

`history`: the facts of TELLING in the chain, and those of register entries about them, with OPENS opened.  Proven by
tests/searching/test_people.py.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple, cast

from ledger.aggregates.child.facts import ChildRecorded
from ledger.aggregates.corrections import RecordCorrected, RecordStruckOut, as_corrected
from ledger.aggregates.offender.facts import (
    OffenderDetailsCorrected,
    OffenderRecorded,
    RiskAssessmentCompleted,
    RiskLevelChanged,
)
from ledger.aggregates.register_entry.registrations import registrations_of
from ledger.aggregates.shape import Closed, Fact, Recorded
from ledger.projections.register import FLAG_FIELDS, raised
from ledger.projections.why import Row
from ledger.rules import register
from ledger.rules.dates import day_of

TELLING: Final = (
    OffenderRecorded,
    OffenderDetailsCorrected,
    ChildRecorded,
    RiskAssessmentCompleted,
    RiskLevelChanged,
    RecordCorrected,
    RecordStruckOut,
)
_OF_OFFENDERS: Final = ("client_id", "crn", "surname", "forenames", "dob", "aliases", "previous_names")
OPENS: Final[Mapping[str, tuple[str, ...]]] = {
    OffenderRecorded.topic: _OF_OFFENDERS,
    OffenderDetailsCorrected.topic: ("field", "new_value"),
    ChildRecorded.topic: ("client_id", "surname", "forenames", "dob"),
    RiskAssessmentCompleted.topic: ("rosh_level",),
    RiskLevelChanged.topic: ("to_level",),
    RecordCorrected.topic: ("corrected_value",),
}
NOT_HIGH: Final = "RA-N"  # of the search row alone: no flag (CP-37)


class Flag(NamedTuple):
    """A warning with its number on the History/Warnings screen (CP-38; None where it has none), and since when."""

    code: str
    field_no: int | None
    since: date | None


class Name(NamedTuple):
    """A name as it is compared: small letters without accents, single spaces."""

    surname: str
    forenames: str


class Person(NamedTuple):
    """Somebody who can be found.  `names`: the first is the name on file, then aliases and previous names.

    `concerns`: the persons ("offender-019a…") whose limits bind a reader of this row; `keys`: ids of those keys that
    its values were opened with, 16 bytes each; `crns`: every case reference number there ever was, in capitals.
    """

    stream: str
    client_id: str | None
    crn: str | None
    surname: str
    forenames: str
    dob: date | None
    names: tuple[Name, ...]
    flags: tuple[Flag, ...]
    concerns: tuple[str, ...]
    keys: tuple[bytes, ...]
    crns: tuple[str, ...] = ()


def person(stream: str, history: Sequence[Recorded[Any]], day: date, keys: Sequence[bytes] = ()) -> Person | None:
    """Who it is, as known from these facts."""
    told = _told(history)
    surname, forenames = told.get("surname"), told.get("forenames")
    if not isinstance(surname, str) or not isinstance(forenames, str):
        return None
    offender = stream.startswith("offender-")
    registered = _registered_with(history)
    return Person(
        stream,
        _text(told.get("client_id")),
        _text(told.get("crn")),
        surname,
        forenames,
        _day(told.get("dob")),
        tuple(_names(surname, forenames, told)),
        tuple(_flags_of_offender(history, day) if offender else _flags_of_child(stream, history, day)),
        (stream,) if offender else registered,
        tuple(keys),
        tuple(dict.fromkeys(crns_of(history))),
    )


def crns_of(history: Sequence[Recorded[Any]]) -> Iterator[str]:
    """The case reference numbers a case has had, in capitals, the one put right in place of the wrong one."""
    for each in as_corrected(history):
        fact: Fact = each.fact
        if isinstance(fact, OffenderRecorded):
            told = fact.crn
        elif isinstance(fact, OffenderDetailsCorrected) and str(fact.field).strip().casefold() == "crn":
            told = fact.new_value
        else:
            continue
        if told and not isinstance(told, Closed):
            yield told.strip().upper()


def plain(text: str) -> str:
    """A name as it is compared: `  O'Néill-SMITH ` is `oneill smith`."""
    bare = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    spaced = "".join(" " if each in "-,." else each for each in bare if each not in "'’`")
    return " ".join(spaced.casefold().split())


def _told(history: Sequence[Recorded[Any]]) -> dict[str, Any]:
    """The newest of each value; a detail put right counts as if it had been told so."""
    told = dict[str, Any]()
    for each in as_corrected(history):
        fact = each.fact
        if isinstance(fact, OffenderRecorded | ChildRecorded):
            told |= {name: getattr(fact, name, None) for name in _OF_OFFENDERS}
        elif isinstance(fact, OffenderDetailsCorrected) and isinstance(fact.field, str):
            field = fact.field.strip().casefold().replace(" ", "_")
            if field in _OF_OFFENDERS and field not in ("aliases", "previous_names"):
                told[field] = fact.new_value
    return told


def _names(surname: str, forenames: str, told: Mapping[str, Any]) -> Iterator[Name]:
    yield Name(plain(surname), plain(forenames))
    for field in ("aliases", "previous_names"):
        listed: Any = told.get(field)
        if isinstance(listed, list):
            yield from (_name_of(str(each)) for each in cast("list[Any]", listed))


def _name_of(text: str) -> Name:
    """An alias as it was typed: `Smith, Ann`, or `Ann Smith`, whose last word is the surname."""
    first, comma, rest = text.partition(",")
    if comma:
        return Name(plain(first), plain(rest))
    forenames, _, surname = plain(text).rpartition(" ")
    return Name(surname, forenames)


def _text(value: Any) -> str | None:
    return value.strip() if isinstance(value, str) else None


def _day(value: Any) -> date | None:
    if isinstance(value, str):  # a detail put right is a text
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            return None
    return value if isinstance(value, date) else None


# ------------------------------------------------------------------------------------------ warnings


def _flags_of_offender(history: Sequence[Recorded[Any]], day: date) -> Iterator[Flag]:
    flags = raised(history, day)
    for code, since in flags.items():
        yield Flag(code, FLAG_FIELDS[code], since)
    if "RA-H" not in flags:
        yield Flag(NOT_HIGH, None, None)


def _flags_of_child(stream: str, history: Sequence[Recorded[Any]], day: date) -> Iterator[Flag]:
    child_id = stream.removeprefix("child-")
    upto = [each for each in history if day_of(each.effective) <= day]
    made = [each for each in registrations_of(upto).values() if each.made and each.made.fact.ground != register.CONCERN]
    ends = [each.end_of(child_id) for each in made]
    spans = [
        (each.made.fact.registered_on, day_of(end.effective) if end else None)
        for each, end in zip(made, ends, strict=True)
        if each.made
    ]
    since = register.flag_since(spans, day)
    if since is not None:
        yield Flag("CR", FLAG_FIELDS["CR"], since)


def _registered_with(history: Sequence[Recorded[Any]]) -> tuple[str, ...]:
    found = {f"offender-{each.offender_id}": None for each in registrations_of(history).values() if each.offender_id}
    return tuple(found)


# ------------------------------------------------------------------------------------------ how it is shown


def row_of(found: Person) -> Row:
    """The row of the search screen: Client ID, Surname, Forenames, Date of Birth, Warnings with commas between."""
    noun, _, name = found.stream.partition("-")
    return {
        f"{noun}_id": name,
        "client_id": found.client_id,
        "surname": found.surname,
        "forenames": found.forenames,
        "date_of_birth": found.dob,
        "warnings": ", ".join(each.code for each in found.flags),
        "flags": [
            {"code": each.code, "field_no": each.field_no, "since": each.since}
            for each in found.flags
            if each.code != NOT_HIGH
        ],
    }


FIELDS: Final[Mapping[str, int]] = {
    "client_id": 1,
    "surname": 2,
    "forenames": 3,
    "date_of_birth": 5,
    "warnings": 12,
    "aliases": 13,
    "previous_names": 14,
}
"""The numbers of the client details screen (CP-38) for what a row shows and is found by; a flag carries its own."""
