"""The operations on cases: commands, views, decisions, readings, documents, exports, search."""

from __future__ import annotations

from typing import Any, Final

from ledger.access import PAGE as ACCESS_PAGE
from ledger.aggregates import AGGREGATES
from ledger.aggregates.aggregate import Aggregate
from ledger.aggregates.documents import MEDIA
from ledger.aggregates.roles import roles_for
from ledger.aggregates.shape import Fact
from ledger.api.long_lists import FACTS, LISTS
from ledger.api.openapi.bodies import example, schema_of
from ledger.api.openapi.listing import told_as
from ledger.api.openapi.logs import POSITION
from ledger.api.openapi.parts import (
    AT,
    BYTES,
    FORMAT,
    HEADERS,
    ITEMS,
    READER,
    TEXT,
    content,
    errors_of,
    got,
    id_of,
    paged,
    parameter,
)
from ledger.application.searching import LONGEST_PAGE as SEARCH_PAGE
from ledger.disclosing.exporting import LONGEST_RECIPIENT
from ledger.disclosing.table import PURPOSES
from ledger.trails.reading import PAGE as DECISIONS_PAGE


def command_of(aggregate: Aggregate, fact: type[Fact]) -> dict[str, Any]:
    return {
        "operationId": f"{aggregate.noun}.{told_as(fact)}",
        "summary": told_as(fact),
        "description": f"{(fact.__doc__ or '').strip()}\n\nGiven by: {', '.join(sorted(roles_for(fact)))}. "
        f"Rules: {', '.join(fact.rules) or 'general'}.",
        "tags": [aggregate.collection],
        "parameters": [id_of(aggregate), *HEADERS],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema_of(fact), "example": example(fact)}},
        },
        "responses": {
            "201": {"description": "Recorded and sealed", "content": content("Receipt")},
            "200": {"description": "Recorded before: the same receipt", "content": content("Receipt")},
            **errors_of("401", "403", "404", "408", "409", "413", "415", "422", "429", "500", "503", "507"),
        },
    }


def view_of(name: str, noun: str) -> dict[str, Any]:
    aggregate = AGGREGATES[noun]
    answer = got(f"View {name} of a {noun}", AT, _VIEW)
    pages = paged(FACTS) if (noun, name) in LISTS else []
    return answer | {"tags": [aggregate.collection], "parameters": [id_of(aggregate), *AT, *pages, *READER]}


_VIEW: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["as_at", "known_at", "position"],
    "properties": {
        "as_at": {"type": "string", "format": "date"},
        "known_at": {"type": "string", "format": "date-time"},
        "position": {"type": "integer"},
    },
}


def comparison_of(noun: str) -> dict[str, Any]:
    """What was said of a case at two moments."""
    aggregate = AGGREGATES[noun]
    answer = got(f"What was said of a {noun} at two moments", [id_of(aggregate), *_MOMENTS, *READER], _COMPARED)
    return answer | {"tags": [aggregate.collection]}


REPORTED: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["as_at", "position", "items", "left_out"],
    "properties": {
        "as_at": {"type": "string", "format": "date"},
        "position": {"type": "integer"},
        "items": {"type": "array", "items": {"type": "object"}},
        "left_out": {"type": "integer", "description": "Not counted, because the reader may not read whom it is about"},
    },
}
_MOMENTS: Final = [
    AT[1] | {"required": True},
    parameter("with", "query", {"type": "string", "format": "date-time"}, "And as known at this one; now if left out"),
    parameter("as_at", "query", {"type": "string", "format": "date"}, "Both at this day's end; else each at its own"),
    AT[2],
    AT[4],
]
_COMPARED: Final[dict[str, Any]] = {
    "type": "object",
    "required": [*_VIEW["required"], "with", "facts", "statuses"],
    "properties": {
        **_VIEW["properties"],
        "with": _VIEW,
        "facts": {
            "type": "array",
            "items": {"type": "object"},
            "description": "Facts that were added, corrected, struck out, restored or erased meanwhile",
        },
        "statuses": {
            "type": "array",
            "items": {"type": "object"},
            "description": "Members of views that differ, each with both values and both reasons",
        },
    },
}


_READINGS: Final = [
    parameter("for", "query", {"enum": ["subject"]}, "As the person it is about may know it"),
    *paged(ACCESS_PAGE),
]


_TRAIL: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["decision", "rested_on", "rules", "policy", "seen", "rerun", "later"],
    "properties": {
        "decision": {"type": "object", "description": "The fact, with what put it right since"},
        "rested_on": {"type": "array", "items": {"type": "object"}, "description": "The facts it rested on"},
        "rules": {"type": "array", "items": {"type": "object"}, "description": "The editions it was taken under"},
        "policy": {"type": "object", "description": "The settings and calendar it asked for, and what they say today"},
        "seen": {"type": "object", "description": "What its author's screen showed, and the address that shows it"},
        "rerun": {
            "type": "object",
            "required": ["outcome", "says"],
            "properties": {"outcome": {"enum": ["same", "differs", "cannot"]}, "says": TEXT},
        },
        "later": {
            "type": "array",
            "items": {"type": "object"},
            "description": "Facts recorded later that would have changed it",
        },
    },
}


def decisions_of(aggregate: Aggregate) -> dict[str, Any]:
    """The decisions of a case, and the trail of each."""
    path, parameters = f"/{aggregate.collection}/{{id}}/decisions", [id_of(aggregate), *READER]
    listed = got(f"Decisions of a {aggregate.noun}", [*parameters, *paged(DECISIONS_PAGE)], ITEMS)
    shown = got(f"Trail of a decision of a {aggregate.noun}", [*parameters, POSITION, FORMAT], _TRAIL)
    shown["responses"]["200"]["content"]["application/pdf"] = {"schema": BYTES}
    tags = {"tags": [aggregate.collection]}
    return {path: {"get": listed | tags}, f"{path}/{{position}}": {"get": shown | tags}}


def readings_of(aggregate: Aggregate) -> dict[str, Any]:
    """Who read a case."""
    told = got(f"Who read a {aggregate.noun}, when and what for", [id_of(aggregate), *_READINGS, *READER], ITEMS)
    return {f"/{aggregate.collection}/{{id}}/readings": {"get": told | {"tags": [aggregate.collection]}}}


def documents_of(aggregate: Aggregate) -> dict[str, Any]:
    """A document of a case or placement: in and out."""
    bytes_of = {media: {"schema": BYTES} for media in MEDIA}
    own = {"name": "doc_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
    given = [
        parameter("kind", "query", TEXT, "What kind of document it is, where it was not filed before"),
        parameter("marking", "query", {"enum": ["OPEN", "CONFIDENTIAL", "RESTRICTED"]}, "How it is marked, likewise"),
        parameter("child_id", "query", {"type": "string", "format": "uuid"}, "The child it is about: whose key it has"),
    ]
    put = {
        "operationId": f"{aggregate.noun}.StoreDocument",
        "summary": "Put a document beside the record, at most 10 MB",
        "tags": [aggregate.collection],
        "parameters": [id_of(aggregate), own, *given, HEADERS[0]],
        "requestBody": {"required": True, "content": bytes_of},
        "responses": {
            "201": {"description": "Stored, recorded and sealed", "content": content("Receipt")},
            "200": {"description": "Stored before: the same receipt", "content": content("Receipt")},
            **errors_of("401", "403", "404", "408", "409", "413", "415", "422", "500", "503", "507"),
        },
    }
    get = {
        "operationId": f"{aggregate.noun}.document",
        "summary": "A document, for those entitled by its marking",
        "tags": [aggregate.collection],
        "parameters": [id_of(aggregate), own],
        "responses": {
            "200": {"description": "The bytes", "content": bytes_of},
            **errors_of("401", "403", "404", "422", "500", "503"),
        },
    }
    return {f"/{aggregate.collection}/{{id}}/documents/{{doc_id}}": {"put": put, "get": get}}


EXPORTED: Final = "/offenders/{id}/export"
EXPORT: Final = {
    "operationId": "offender.export",
    "summary": "A case as a bundle that verifies without us, sealed in the access log before it is answered",
    "tags": ["offenders"],
    "parameters": [id_of(AGGREGATES["offender"]), HEADERS[-1]],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["purpose", "recipient"],
                    "properties": {
                        "purpose": {"enum": list(PURPOSES), "description": "What it is for; see docs/disclosing.md"},
                        "recipient": {"type": "string", "minLength": 1, "maxLength": LONGEST_RECIPIENT},
                    },
                },
                "example": {"purpose": "court", "recipient": "Worcester Crown Court"},
            }
        },
    },
    "responses": {
        "200": {
            "description": "A zip; Ledger-Manifest is the SHA-256 of its manifest",
            "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        },
        **errors_of("401", "403", "404", "408", "413", "415", "422", "500", "503"),
    },
}
SEARCHED: Final = "/offenders/search"
_ASKED_BY: Final = {
    "client_id": {"type": "string", "pattern": "^[0-9]{7}$"},
    "crn": TEXT,
    "surname": {**TEXT, "description": "A star at the end stands for whatever follows"},
    "forenames": {**TEXT, "description": "A star at the end stands for whatever follows"},
    "date_of_birth": {"type": "string", "format": "date"},
}
SEARCH: Final = {
    "operationId": "offender.search",
    "summary": "People and children by number, name or date of birth; rows that are limited have no name",
    "tags": ["offenders"],
    "parameters": [*paged(SEARCH_PAGE), *READER],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object", "additionalProperties": False, "properties": _ASKED_BY},
                "example": {"surname": "JON*", "forenames": "A*"},
            }
        },
    },
    "responses": {
        "200": {
            "description": "Whoever it is, in order of name; `fields` are the numbers of the old screen",
            "content": {"application/json": {"schema": ITEMS}},
        },
        **errors_of("401", "403", "408", "413", "415", "422", "500", "503"),
    },
}
_CODE: Final = {"name": "code", "in": "path", "required": True, "schema": TEXT}
SUBJECT_ACCESS: Final = "/subject-access-request"
_DAY: Final = {"type": "string", "format": "date"}
SUBJECT_ACCESS_ASKED: Final = got(
    "All that is held about a person who asked, others' values shut (HMPPS convention)",
    [
        parameter("crn", "query", TEXT, "The case reference number"),
        parameter("prn", "query", TEXT, "A prison number, by which nobody is known here"),
        parameter("fromDate", "query", _DAY, "Only what happened on this day or later"),
        parameter("toDate", "query", _DAY, "Only what happened up to this day"),
    ],
    {"type": "object", "required": ["content"], "properties": {"content": {"type": "object"}}},
)
SUBJECT_ACCESS_ASKED["responses"] |= {
    "204": {"description": "Nothing is held"},
    "209": {"description": "Nobody is known here by a prison number", "content": {"application/json": {}}},
}
