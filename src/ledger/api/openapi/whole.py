"""The whole document: every operation at its path, and those that are neither on cases nor on the logs."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from ledger.aggregates import AGGREGATES
from ledger.aggregates.documents import DocumentStored
from ledger.aggregates.ledger_stream import STREAM
from ledger.api.openapi.cases import (
    EXPORT,
    EXPORTED,
    REPORTED,
    SEARCH,
    SEARCHED,
    SUBJECT_ACCESS,
    SUBJECT_ACCESS_ASKED,
    command_of,
    comparison_of,
    decisions_of,
    documents_of,
    readings_of,
    view_of,
)
from ledger.api.openapi.forms import forms
from ledger.api.openapi.letters import letters
from ledger.api.openapi.listing import commands, kebab, told_as
from ledger.api.openapi.logs import REFUSALS, of_log
from ledger.api.openapi.parts import AT, ITEMS, LISTED, PAGE, READER, SCHEMAS, TEXT, errors_of, got, opened, told
from ledger.application.reporting import REPORTS
from ledger.projections import VIEWS, WORKLISTS


@cache
def document() -> dict[str, Any]:
    """OpenAPI 3.1."""
    paths: dict[str, Any] = {}
    for aggregate, fact in commands():
        paths[f"/{aggregate.collection}/{{id}}/{kebab(told_as(fact))}"] = {"post": command_of(aggregate, fact)}
    for view in VIEWS:
        collection = AGGREGATES[view.noun].collection
        paths[f"/{collection}/{{id}}/{view.name}"] = {"get": view_of(view.name, view.noun)}
        if view.name == view.noun:
            paths[f"/{collection}/{{id}}"] = {"get": view_of(view.name, view.noun)}
        paths[f"/{collection}/{{id}}/compare"] = {"get": comparison_of(view.noun)}
    for aggregate in AGGREGATES.values():
        paths |= documents_of(aggregate) if DocumentStored in aggregate.facts else {}
        paths |= (
            decisions_of(aggregate) | readings_of(aggregate) if aggregate.facts and aggregate.noun != STREAM else {}
        )
    for name in REPORTS:
        paths[f"/reports/{name}"] = {"get": got(f"Report {name} over the whole caseload", [AT[0], *READER], REPORTED)}
    for name in WORKLISTS:
        paths[f"/worklists/{name}"] = {"get": got(f"Worklist {name}", [*LISTED, *READER], PAGE)}
    paths |= _OTHERS
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Case ledger",
            "version": "1",
            "description": "Every action on a case is a fact, sealed when acknowledged; every answer says why.",
        },
        "security": [{"bearer": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "schemas": SCHEMAS,
        },
    }


_STATUS: Final = {
    "type": "object",
    "required": ["status"],
    "properties": {
        "status": {"enum": ["UP", "DOWN", "OUT_OF_SERVICE"]},
        "components": {"type": "object", "additionalProperties": {"enum": ["UP", "DOWN"]}},
    },
}
_INFO: Final = {
    "type": "object",
    "required": ["build", "origin", "simulated", "started_at", "editions"],
    "properties": {
        "build": {"type": "object", "properties": {"name": TEXT, "version": TEXT}},
        "git": {"type": "object", "properties": {"commit": {"type": "object", "properties": {"id": TEXT}}}},
        "origin": TEXT,
        "simulated": {"type": "boolean"},
        "started_at": {"type": "string", "format": "date-time"},
        "editions": {"type": "array", "items": {"type": "object", "properties": {"name": TEXT, "title": TEXT}}},
        "logs": {
            "type": ["object", "null"],
            "description": "Of `ledger` and `access_log`: key ids, newest closing, timestamp and cosigned checkpoint",
            "additionalProperties": {"type": "object"},
        },
    },
}


_MEANING: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["code", "status", "title", "meaning"],
    "properties": {"code": TEXT, "status": {"type": "integer"}, "title": TEXT, "meaning": TEXT},
}


_CODE: Final = {"name": "code", "in": "path", "required": True, "schema": TEXT}


_OTHERS: Final[dict[str, Any]] = {
    SUBJECT_ACCESS: {"get": SUBJECT_ACCESS_ASKED},
    "/rules": {"get": got("Every rule with its source; with `as_at`, which are in force that day", AT[:1], ITEMS)},
    "/events": {"get": got("Every fact with its command and fields", [], ITEMS)},
    "/problems/{code}": {
        "get": opened("What a problem means", _MEANING, "application/json", "404", parameters=[_CODE])
    },
    **of_log("/log", "the ledger"),
    **of_log("/access/log", "the access log"),
    "/access/refusals": {"get": got("What was refused, for auditors", [*REFUSALS, *READER], ITEMS)},
    EXPORTED: {"post": EXPORT},
    **letters(),
    **forms(),
    SEARCHED: {"post": SEARCH},
    "/health/live": {"get": told("The process answers", {"200": "status UP"}, _STATUS)},
    "/health/ready": {
        "get": told(
            "Database and vault answer, and it may be written to",
            {"200": "status UP, and that of each component", "503": "status DOWN or OUT_OF_SERVICE, with the same"},
            _STATUS,
        )
    },
    "/info": {"get": told("What is running: version, revision, origin, editions", {"200": "build and more"}, _INFO)},
    "/metrics": {
        "get": {
            "summary": "Numbers for Prometheus, for administrators",
            "parameters": [],
            "responses": {
                "200": {"description": "Its text format", "content": {"text/plain": {"schema": TEXT}}},
                **errors_of("401", "403", "500"),
            },
        }
    },
}
