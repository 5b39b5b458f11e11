"""A command's fields as the fields of a form, and a sent form as the fields of a command.

    fields_of(fact, known)             -> what a person fills in, in the order of the catalogue
    data_of(fact, sent)                -> the fields of the command; what was left empty is left out

Every command has a form because every command has a schema: a new one needs nothing here.  An id is chosen from those
that the case knows, each said by the fact that brought it, or is a new one.  Proven by tests/web/test_doing.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import orjson

from ledger.aggregates import AGGREGATES
from ledger.aggregates.aggregate import NAMED_CHAINS
from ledger.aggregates.case_review.facts import ReviewActionCompleted
from ledger.aggregates.case_review.plan import may_be_completed
from ledger.aggregates.shape import Fact
from ledger.api.openapi import schema_of
from ledger.api.web.words import shown, words
from ledger.reading import an_instant

A_NEW_ONE: Final = "A new one"
# By noun the view that tells what a case's facts brought.
TELLING: Final[Mapping[str, str]] = {
    "offender": "chronology",
    "child-protection-matter": "child-protection-matter",
    "case-review": "case-review",
}
# Fields that name a record of the case itself, with the types of fact that can be named; all of them where none is.
OF_RECORDS: Final[Mapping[str, frozenset[str]]] = {
    "event_ref": frozenset(),
    "rule_ref": frozenset({"AccessExcluded", "AccessRestricted"}),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that can be chosen: as it is sent, and in words."""

    value: str
    says: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form.  `kind`: text, lines, number, date, moment, time, choice, yes-no, json."""

    name: str
    label: str
    kind: str
    required: bool
    choices: Sequence[Choice] = ()
    value: str = ""
    hint: str = ""


def fields_of(noun: str, fact: type[Fact], known: Mapping[str, Sequence[Choice]]) -> list[Field]:
    """The form of a command.  `known`: the ids that may be chosen, by field."""
    properties = schema_of(fact)["properties"]
    return [
        _field(noun, fact, name, properties[name], known) for name in fact.model_fields if name not in fact.supplied
    ]


def known_in(events: Iterable[Mapping[str, Any]]) -> dict[str, list[Choice]]:
    """The ids that a case's facts brought, by field, the newest first: each said by the fact that brought it.

    `events`: of a view that TELLING names; one of a record with limited access brings none.
    """
    found: dict[str, dict[str, Choice]] = {}
    for event in sorted((each for each in events if "position" in each), key=lambda each: each["position"]):
        values: Mapping[str, Any] = event["values"] if "values" in event else event["says"]
        says = f"{event['title']}, {shown(str(event['effective' if 'effective' in event else 'on'])[:10])}"
        records = {
            name: event["id"]
            for name, types in OF_RECORDS.items()
            if "id" in event and event["type"] in (types or {event["type"]})
        }
        named = {name: value for name, value in values.items() if name not in OF_RECORDS}
        for name, value in [*named.items(), *records.items()]:
            if name.endswith(("_id", "_ref")) and isinstance(value, str):
                found.setdefault(name, {}).setdefault(value, Choice(value, says))
        for action, due in values.get("due_days", {}).items():
            if not may_be_completed(action):
                continue
            found.setdefault("action_id", {}).setdefault(action, Choice(action, f"The action due {shown(due)}"))
    return {name: list(choices.values())[::-1] for name, choices in found.items()}


def data_of(noun: str, fact: type[Fact], sent: Mapping[str, str]) -> dict[str, Any]:
    """What was filled in, as a command has it.  What is of the wrong form goes on as it is, to be refused by name."""
    data: dict[str, Any] = {}
    for field in fields_of(noun, fact, {}):
        text = sent.get(field.name, "").replace("\r\n", "\n").strip()
        if text:
            data[field.name] = _value(field, text)
    return data


def _value(field: Field, text: str) -> Any:
    match field.kind:
        case "number" if re.fullmatch("-?[0-9]{1,15}", text):
            return int(text)
        case "yes-no" if text in ("yes", "no"):
            return text == "yes"
        case "moment":
            try:
                return an_instant(text).isoformat()
            except ValueError:
                return text
        case "lines":
            return [line.strip() for line in text.split("\n") if line.strip()]
        case "json":
            try:
                return orjson.loads(text)
            except orjson.JSONDecodeError:
                return text
        case _:
            return text


def _field(
    noun: str, fact: type[Fact], name: str, schema: Mapping[str, Any], known: Mapping[str, Sequence[Choice]]
) -> Field:
    required = fact.model_fields[name].is_required()
    forms = [each for each in (schema, *schema.get("anyOf", ())) if each.get("type") != "null"]
    listed = [str(each) for form in forms for each in form.get("enum", ())]
    kind = _kind(forms)
    choices: list[Choice] = [Choice(each, words(each)) for each in listed]
    value = ""
    if kind == "id":
        kind, choices, value = _id(noun, fact, name, known)
    elif listed:
        kind = "number" if any(form.get("type") == "integer" for form in forms) else "choice"
    return Field(name, words(name), kind, required, choices, value, _HINTS.get(kind, ""))


_HINTS: Final = {"lines": "One on each line", "number": "A whole number", "json": "As JSON: text in double quotes"}
_BY_FORMAT: Final = {"date": "date", "date-time": "moment", "time": "time", "uuid": "id"}


def _kind(forms: Sequence[Mapping[str, Any]]) -> str:
    kinds = {str(form.get("type")) for form in forms if "type" in form}
    formats = {str(form["format"]) for form in forms if "format" in form}
    if len(formats) == 1:
        return _BY_FORMAT.get(formats.pop(), "text")
    for kind, name in (("object", "json"), ("array", "lines"), ("boolean", "yes-no"), ("integer", "number")):
        if kind in kinds:
            texts = any(form["items"].get("type") == "string" for form in forms if "items" in form)
            return "json" if name == "lines" and not texts else name
    return "text"


def _id(noun: str, fact: type[Fact], name: str, known: Mapping[str, Sequence[Choice]]) -> tuple[str, list[Choice], str]:
    """An id: a new one where what it names begins with this fact; else one of those that the case knows.

    What begins elsewhere, somebody on the staff or another case, is written in, with those that the case knows as
    suggestions: a new id would name nobody, and be recorded.
    """
    found = list(known.get(name, ()))
    if _begins(noun, fact, name):
        fresh = Choice(str(uuid4()), A_NEW_ONE)
        return "choice", [fresh, *found], fresh.value
    here = name in OF_RECORDS or any(_begins(noun, each, name) for each in AGGREGATES[noun].every_fact)
    return ("choice" if here and found else "text"), found, ""


def _begins(noun: str, fact: type[Fact], name: str) -> bool:
    """Whether what the id names begins with this fact, the first whose own name has it: AbsenceRecorded, an absence.

    The first letters are enough: an allocation begins with PlacementAllocated.
    """
    if NAMED_CHAINS.get(name, _VICTIM) != _VICTIM or fact in _OF_PLANS:  # a victim has no case of their own
        return False
    stem = name.removesuffix("_id").replace("_", "")[:_LETTERS]
    named = [
        each for each in AGGREGATES[noun].every_fact if name in each.model_fields and stem in each.__name__.lower()
    ]
    return bool(named) and named[0] is fact


_LETTERS: Final = 7
_OF_PLANS: Final = (ReviewActionCompleted,)  # the action begins within its plan, in no fact of its own
_VICTIM: Final = "victim"
