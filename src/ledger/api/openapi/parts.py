"""What operations are made of: parameters, the shapes of answers, and the problems of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ledger.access.purposes import PURPOSES as READ_FOR
from ledger.aggregates.aggregate import Aggregate
from ledger.aggregates.register_report import REGISTER_REPORT
from ledger.aggregates.roles import ROLES
from ledger.api.filters import DUE, STATES
from ledger.api.openapi.listing import errors
from ledger.following.lists import LONGEST_PAGE
from ledger.rules.editions import EVERY_NAME


def got(summary: str, parameters: list[dict[str, Any]], schema: dict[str, Any]) -> dict[str, Any]:
    """What is read with a token, as JSON."""
    says = ", ".join(schema["required"])
    return {
        "summary": summary,
        "parameters": parameters,
        "responses": {
            "200": {"description": says, "content": {"application/json": {"schema": schema}}},
            **errors_of("401", "403", "404", "422", "500", "503"),
        },
    }


def opened(
    summary: str, schema: dict[str, Any], media: str, *problems: str, parameters: Sequence[dict[str, Any]] = ()
) -> dict[str, Any]:
    """What is told to everybody."""
    answer = {"200": {"description": summary, "content": {media: {"schema": schema}}}}
    return {
        "summary": summary,
        "parameters": list(parameters),
        "security": [],
        "responses": {**answer, **errors_of("500", *problems)},
    }


def told(summary: str, says: dict[str, str], schema: dict[str, Any]) -> dict[str, Any]:
    """What is open to everybody and has one form, whatever its status."""
    content = {"application/json": {"schema": schema}}
    responses = {status: {"description": text, "content": content} for status, text in says.items()}
    return {"summary": summary, "parameters": [], "security": [], "responses": responses}


_IDS: Final[dict[str, dict[str, Any]]] = {
    REGISTER_REPORT.noun: {"type": "string", "pattern": "^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$", "examples": ["2026-01"]}
}


def id_of(aggregate: Aggregate) -> dict[str, Any]:
    single = aggregate.noun == aggregate.collection
    schema = {"const": aggregate.noun} if single else _IDS.get(aggregate.noun, {"type": "string", "format": "uuid"})
    return {"name": "id", "in": "path", "required": True, "schema": schema}


def parameter(name: str, where: str, schema: dict[str, Any], says: str) -> dict[str, Any]:
    return {"name": name, "in": where, "required": False, "schema": schema, "description": says}


TEXT: Final = {"type": "string"}


FORMAT: Final = parameter("format", "query", {"enum": ["json", "pdf"]}, "A printed page; or ask by the header Accept")


def paged(longest: int) -> list[dict[str, Any]]:
    """What is asked of a list: it is told in pages, none of them longer than this."""
    return [
        parameter("cursor", "query", TEXT, "The `next` of the page before"),
        parameter("limit", "query", {"type": "integer", "minimum": 1, "maximum": longest}, "Rows of a page"),
    ]


AT: Final = [
    parameter("as_at", "query", {"type": "string", "format": "date"}, "As at the end of this day, London time"),
    parameter("known_at", "query", {"type": "string", "format": "date-time"}, "As known at this instant"),
    parameter("clock", "query", {"enum": ["ledger", "source"]}, "Whose record time `known_at` is measured by"),
    parameter("explain", "query", {"type": "boolean"}, "With the rules, facts, calendar and settings of each answer"),
    parameter("edition", "query", {"enum": list(EVERY_NAME)}, "What this edition of the law would have said"),
]
LISTED: Final = [
    *AT[:2],
    parameter("unit", "query", {"type": "string", "maxLength": 64}, "The cases that belong to this unit now"),
    parameter("person", "query", {"type": "string", "format": "uuid"}, "The rows that name this person"),
    parameter(
        "due",
        "query",
        {"anyOf": [{"enum": sorted(DUE)}, {"type": "string", "format": "date"}]},
        "The rows whose due day is past, in this week, after it, or this one",
    ),
    parameter(
        "state",
        "query",
        {"enum": sorted({each for _, states in STATES.values() for each in states})},
        "The rows that stand so, in a list that knows such a state",
    ),
    parameter("after", "query", {"type": "integer", "minimum": 0}, "Wait up to 5 s until this position is projected"),
    *paged(LONGEST_PAGE),
]
HEADERS: Final = [
    parameter("Idempotency-Key", "header", {"type": "string", "format": "uuid"}, "The same request twice, one receipt"),
    parameter("If-Match", "header", TEXT, 'The version looked at, such as "12"'),
    parameter("Ledger-Seen", "header", TEXT, "The screen decided from: position; as_at=…; known_at=…"),
    parameter("Ledger-Effective", "header", TEXT, "When it happened, for a fact without a date of its own"),
    parameter("Ledger-Role", "header", {"type": "string", "enum": sorted(ROLES)}, "Which of the token's roles acts"),
]
# Of whatever shows something of a case: sealed in the access log before the answer leaves.
READER: Final = [
    HEADERS[-1],
    parameter("Ledger-Purpose", "header", {"type": "string", "enum": list(READ_FOR)}, "What it is read for"),
    parameter("Ledger-Reason", "header", TEXT, "Why, in one's own words, percent-encoded; sealed"),
]
_RECEIPT: Final = {
    "type": "object",
    "required": ["events", "checkpoint", "warnings"],
    "properties": {
        "events": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "stream": TEXT,
                    "version": {"type": "integer"},
                    "id": {"type": "string", "format": "uuid"},
                    "type": TEXT,
                    "position": {"type": "integer"},
                    "leaf": TEXT,
                    "proof": {"type": "string", "description": "Where the proof is told that it is in the log"},
                },
            },
        },
        "checkpoint": {"type": "string", "description": "A C2SP signed note that covers the events"},
        "warnings": {"type": "array", "items": {"type": "object", "properties": {"rule": TEXT, "message": TEXT}}},
    },
}
_PROBLEM: Final = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": TEXT,
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": TEXT,
        "rule": TEXT,
        "refusals": {"type": "array", "items": {"type": "object", "properties": {"rule": TEXT, "message": TEXT}}},
        "errors": {"type": "object", "additionalProperties": TEXT},
    },
}


SCHEMAS: Final[dict[str, Any]] = {"Receipt": _RECEIPT, "Problem": _PROBLEM, "JsonValue": {}}


def content(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def errors_of(*statuses: str) -> dict[str, Any]:
    titles = _titles()
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        status: {"description": titles[status], "content": {"application/problem+json": schema}} for status in statuses
    }


def _titles() -> dict[str, str]:
    titles: dict[str, str] = {}
    for each in errors():
        titles.setdefault(str(each.status), each.title)
    return titles


NEXT: Final = {"type": ["string", "null"], "description": "The cursor of the page after this one, if there is one"}
ITEMS: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["items", "next"],
    "properties": {"items": {"type": "array", "items": {"type": "object"}}, "next": NEXT},
}
PAGE: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["items", "next", "position", "paused"],
    "properties": {
        **ITEMS["properties"],
        "position": {"type": "integer", "description": "Up to which the ledger is projected"},
        "paused": {"type": "array", "items": {"type": "object"}, "description": "Cases whose rows may be old, and why"},
    },
}


BYTES: Final = {"type": "string", "format": "binary"}
