"""The description of the API, printed from the registries: an OpenAPI 3.1 document, and the same as a page.

Proven by tests/api/test_openapi.py: every command and view of the registries is in it, and every example is accepted
by the model it is an example of.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache
from html import escape
from typing import Any, Final, get_args

from pydantic import AfterValidator

from ledger.access.purposes import PURPOSES as READ_FOR
from ledger.aggregates import AGGREGATES
from ledger.aggregates.access import ACCESS_FACTS
from ledger.aggregates.aggregate import Aggregate
from ledger.aggregates.documents import MEDIA, DocumentStored
from ledger.aggregates.ledger_stream import CAUSES, STREAM
from ledger.aggregates.policy import Policy
from ledger.aggregates.register_report import REGISTER_REPORT
from ledger.aggregates.roles import ROLES, roles_for
from ledger.aggregates.shape import Fact, a_client_id, a_random_id
from ledger.disclosing.exporting import LONGEST_RECIPIENT
from ledger.disclosing.table import PURPOSES
from ledger.errors import LedgerError
from ledger.following.lists import LONGEST_PAGE
from ledger.projections import VIEWS, WORKLISTS
from ledger.rules.editions import NAMES, part_of
from ledger.rules.registry import EDITIONS, Rule, rules

_EXAMPLES: Final[dict[str, Any]] = {
    "date": "2025-04-07",
    "date-time": "2025-04-07T16:30:00+01:00",
    "time": "09:30",
    "string": "text",
    "integer": 120,
    "boolean": True,
    "array": [],
    "object": {},
}
_RANDOM_ID: Final = "0196151c-7d5a-7000-8000-5b1f9c3a2d10"


def kebab(name: str) -> str:
    """RecordAbsence -> record-absence"""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


@cache
def _by_kebab() -> dict[str, str]:
    named = (told_as(fact) for each in AGGREGATES.values() for fact in each.every_fact)
    return {kebab(name): name for name in named if name}


def command_named(text: str) -> str:
    """record-absence -> RecordAbsence; what is no command stays as it is, and is refused as unknown."""
    return _by_kebab().get(text, text)


def told_as(fact: type[Fact]) -> str:
    """The command that a fact is told by, or the act that it is the last step of; "" for one that nobody gives."""
    return fact.command or fact.act


def _has_a_door(fact: type[Fact]) -> bool:
    """Whether it is told at another address than commands are: a document, with its bytes."""
    return fact is DocumentStored


def _commands() -> Iterator[tuple[Aggregate, type[Fact]]]:
    for aggregate in AGGREGATES.values():
        for fact in aggregate.every_fact:
            if told_as(fact) and not _has_a_door(fact) and (aggregate.facts and aggregate.noun != STREAM):
                yield aggregate, fact


# ------------------------------------------------------------------------------------ registries


@cache
def rules_listed() -> list[dict[str, Any]]:
    """The registry of rules, as data."""
    return [
        {
            "id": each.id,
            "name": each.name,
            "edition": each.edition,
            "title": EDITIONS[each.edition].title,
            "source": each.cite,
            "anchor": each.anchor,
            "text": each.text,
        }
        for each in rules()
    ]


def rules_as_at(policy: Policy, day: date) -> list[dict[str, Any]]:
    """The registry, with what is in force on a day.

    `starts`: the first day of its anchor that the rule's edition rules, where a setting says so; None where none does,
    and for a rule that no other edition amends.
    """
    return [{**listed, **_standing(each, policy, day)} for each, listed in zip(rules(), rules_listed(), strict=True)]


def _standing(each: Rule, policy: Policy, day: date) -> dict[str, Any]:
    part = part_of(each)
    if part is None:
        return {"setting": None, "starts": None, "in_force": True}
    rules_then = policy.edition(part, day) == each.edition
    return {"setting": part.key, "starts": policy.starts(part, each.edition), "in_force": rules_then}


@cache
def events_listed() -> list[dict[str, Any]]:
    """The registry of facts and commands, as data."""
    return [
        {
            "event": fact.__name__,
            "type": fact.topic,
            "noun": noun,
            "command": told_as(fact) if noun != STREAM and told_as(fact) else None,
            "who": sorted(roles_for(fact)),
            "rules": list(fact.rules),
            "meaning": (fact.__doc__ or "").strip(),
            "fields": [_field(fact, name) for name in fact.model_fields],
        }
        for noun, facts in (*((each.noun, each.every_fact) for each in AGGREGATES.values()), ("access", ACCESS_FACTS))
        for fact in facts
    ]


def _field(fact: type[Fact], name: str) -> dict[str, Any]:
    supplied = fact.supplied.get(name)
    whose = fact.whose.get(name)
    return {
        "name": name,
        "required": fact.model_fields[name].is_required(),
        "sealed": whose is not None,
        "subject": whose.subject.value if whose else None,
        "supplied_by": supplied.by if supplied else None,
    }


# ------------------------------------------------------------------------------------ the document


@cache
def document() -> dict[str, Any]:
    """OpenAPI 3.1."""
    paths: dict[str, Any] = {}
    for aggregate, fact in _commands():
        paths[f"/{aggregate.collection}/{{id}}/{kebab(told_as(fact))}"] = {"post": _command(aggregate, fact)}
    for view in VIEWS:
        collection = AGGREGATES[view.noun].collection
        paths[f"/{collection}/{{id}}/{view.name}"] = {"get": _view(view.name, view.noun)}
        if view.name == view.noun:
            paths[f"/{collection}/{{id}}"] = {"get": _view(view.name, view.noun)}
    for aggregate in AGGREGATES.values():
        paths |= _documents(aggregate) if DocumentStored in aggregate.facts else {}
        paths |= _decisions(aggregate) | _readings(aggregate) if aggregate.facts and aggregate.noun != STREAM else {}
    for name in WORKLISTS:
        paths[f"/worklists/{name}"] = {"get": _get(f"Worklist {name}", [*_LISTED, *_READER], _PAGE)}
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
            "schemas": _SCHEMAS,
        },
    }


def _command(aggregate: Aggregate, fact: type[Fact]) -> dict[str, Any]:
    return {
        "operationId": f"{aggregate.noun}.{told_as(fact)}",
        "summary": told_as(fact),
        "description": f"{(fact.__doc__ or '').strip()}\n\nGiven by: {', '.join(sorted(roles_for(fact)))}. "
        f"Rules: {', '.join(fact.rules) or 'general'}.",
        "tags": [aggregate.collection],
        "parameters": [_id(aggregate), *_HEADERS],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _schema(fact), "example": example(fact)}},
        },
        "responses": {
            "201": {"description": "Recorded and sealed", "content": _content("Receipt")},
            "200": {"description": "Recorded before: the same receipt", "content": _content("Receipt")},
            **_problems("401", "403", "404", "408", "409", "413", "415", "422", "429", "500", "503", "507"),
        },
    }


def example(fact: type[Fact]) -> dict[str, Any]:
    """A body that the command's model accepts: its required fields."""
    properties = _schema(fact)["properties"]
    return {name: _example(properties[name]) for name, info in fact.model_fields.items() if info.is_required()}


def _schema(fact: type[Fact]) -> dict[str, Any]:
    """The fields of a command, with the forms that the types of the ledger demand."""
    schema = fact.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    for name, info in fact.model_fields.items():
        for form in _forms(info.annotation, info.metadata):
            _demand(schema["properties"][name], form)
    return schema


_FORMS: Final[dict[Any, dict[str, Any]]] = {
    a_random_id: {"format": "uuid", "examples": [_RANDOM_ID]},
    a_client_id: {"pattern": "^[0-9]{7}$", "examples": ["0710890"]},
}


def _forms(annotation: Any, metadata: Sequence[Any] = ()) -> Iterator[dict[str, Any]]:
    for each in (*metadata, *getattr(annotation, "__metadata__", ())):
        form = _FORMS.get(each.func) if isinstance(each, AfterValidator) else None
        if form:
            yield form
    for inner in get_args(annotation):
        yield from _forms(inner)


def _demand(schema: dict[str, Any], form: dict[str, Any]) -> None:
    """Add a form to every text in a schema."""
    if schema.get("type") == "string":
        schema.update(form)
    for inner in (*schema.get("anyOf", ()), *filter(None, (schema.get("items"),))):
        _demand(inner, form)


def _example(schema: dict[str, Any]) -> Any:
    if "anyOf" in schema:
        return _example(schema["anyOf"][0])
    for word in ("enum", "examples"):
        if word in schema:
            return schema[word][0]
    if "const" in schema:
        return schema["const"]
    kind = str(schema.get("format") or schema.get("type"))
    if kind == "array" and "items" in schema:
        return [_example(schema["items"])]
    return _EXAMPLES.get(kind, "text")


def _view(name: str, noun: str) -> dict[str, Any]:
    aggregate = AGGREGATES[noun]
    answer = _get(f"View {name} of a {noun}", _AT, _VIEW)
    return answer | {"tags": [aggregate.collection], "parameters": [_id(aggregate), *_AT, *_READER]}


def _get(summary: str, parameters: list[dict[str, Any]], schema: dict[str, Any]) -> dict[str, Any]:
    """What is read with a token, as JSON."""
    says = ", ".join(schema["required"])
    return {
        "summary": summary,
        "parameters": parameters,
        "responses": {
            "200": {"description": says, "content": {"application/json": {"schema": schema}}},
            **_problems("401", "403", "404", "422", "500", "503"),
        },
    }


def _opened(
    summary: str, schema: dict[str, Any], media: str, *problems: str, parameters: Sequence[dict[str, Any]] = ()
) -> dict[str, Any]:
    """What is told to everybody."""
    answer = {"200": {"description": summary, "content": {media: {"schema": schema}}}}
    return {
        "summary": summary,
        "parameters": list(parameters),
        "security": [],
        "responses": {**answer, **_problems("500", *problems)},
    }


def _told(summary: str, says: dict[str, str], schema: dict[str, Any]) -> dict[str, Any]:
    """What is open to everybody and has one form, whatever its status."""
    content = {"application/json": {"schema": schema}}
    responses = {status: {"description": text, "content": content} for status, text in says.items()}
    return {"summary": summary, "parameters": [], "security": [], "responses": responses}


_IDS: Final[dict[str, dict[str, Any]]] = {
    REGISTER_REPORT.noun: {"type": "string", "pattern": "^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$", "examples": ["2026-01"]}
}


def _id(aggregate: Aggregate) -> dict[str, Any]:
    single = aggregate.noun == aggregate.collection
    schema = {"const": aggregate.noun} if single else _IDS.get(aggregate.noun, {"type": "string", "format": "uuid"})
    return {"name": "id", "in": "path", "required": True, "schema": schema}


def _parameter(name: str, where: str, schema: dict[str, Any], says: str) -> dict[str, Any]:
    return {"name": name, "in": where, "required": False, "schema": schema, "description": says}


_TEXT: Final = {"type": "string"}
_AT: Final = [
    _parameter("as_at", "query", {"type": "string", "format": "date"}, "As at the end of this day, London time"),
    _parameter("known_at", "query", {"type": "string", "format": "date-time"}, "As known at this instant"),
    _parameter("clock", "query", {"enum": ["ledger", "source"]}, "Whose record time `known_at` is measured by"),
    _parameter("explain", "query", {"type": "boolean"}, "With the rules, facts, calendar and settings of each answer"),
    _parameter("edition", "query", {"enum": list(NAMES)}, "What this edition of the law would have said"),
]
_LISTED: Final = [
    *_AT[:2],
    _parameter("unit", "query", {"type": "string", "maxLength": 64}, "The cases that belong to this unit now"),
    _parameter("after", "query", {"type": "integer", "minimum": 0}, "Wait up to 5 s until this position is projected"),
    _parameter("cursor", "query", {"type": "string"}, "The `next` of the page before"),
    _parameter("limit", "query", {"type": "integer", "minimum": 1, "maximum": LONGEST_PAGE}, "Rows of a page"),
]
_HEADERS: Final = [
    _parameter(
        "Idempotency-Key", "header", {"type": "string", "format": "uuid"}, "The same request twice, one receipt"
    ),
    _parameter("If-Match", "header", _TEXT, 'The version looked at, such as "12"'),
    _parameter("Ledger-Seen", "header", _TEXT, "The screen decided from: position; as_at=…; known_at=…"),
    _parameter("Ledger-Effective", "header", _TEXT, "When it happened, for a fact without a date of its own"),
    _parameter("Ledger-Role", "header", {"type": "string", "enum": sorted(ROLES)}, "Which of the token's roles acts"),
]
# Of whatever shows something of a case: sealed in the access log before the answer leaves.
_READER: Final = [
    _HEADERS[-1],
    _parameter("Ledger-Purpose", "header", {"type": "string", "enum": list(READ_FOR)}, "What it is read for"),
    _parameter("Ledger-Reason", "header", _TEXT, "Why, in one's own words, percent-encoded; sealed"),
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
                    "stream": _TEXT,
                    "version": {"type": "integer"},
                    "id": {"type": "string", "format": "uuid"},
                    "type": _TEXT,
                    "position": {"type": "integer"},
                    "leaf": _TEXT,
                    "proof": {"type": "string", "description": "Where the proof is told that it is in the log"},
                },
            },
        },
        "checkpoint": {"type": "string", "description": "A C2SP signed note that covers the events"},
        "warnings": {"type": "array", "items": {"type": "object", "properties": {"rule": _TEXT, "message": _TEXT}}},
    },
}
_PROBLEM: Final = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "rule": _TEXT,
        "refusals": {"type": "array", "items": {"type": "object", "properties": {"rule": _TEXT, "message": _TEXT}}},
        "errors": {"type": "object", "additionalProperties": _TEXT},
    },
}


_SCHEMAS: Final[dict[str, Any]] = {"Receipt": _RECEIPT, "Problem": _PROBLEM, "JsonValue": {}}


def _content(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _problems(*statuses: str) -> dict[str, Any]:
    titles = _titles()
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        status: {"description": titles[status], "content": {"application/problem+json": schema}} for status in statuses
    }


def _titles() -> dict[str, str]:
    titles: dict[str, str] = {}
    for each in _errors():
        titles.setdefault(str(each.status), each.title)
    return titles


def _errors() -> list[type[LedgerError]]:
    """The tree of errors, from its root."""
    found: list[type[LedgerError]] = [LedgerError]
    for each in found:
        found += each.__subclasses__()
    return found


def _words(text: str | None) -> str:
    return " ".join((text or "").split())


def errors_listed() -> list[dict[str, Any]]:
    """Every problem a caller may meet, as data."""
    return [
        {"code": each.code, "status": each.status, "title": each.title, "meaning": _words(each.__doc__)}
        for each in sorted(_errors(), key=lambda each: (each.status, each.code))
        if "code" in vars(each)
    ]


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
        "build": {"type": "object", "properties": {"name": _TEXT, "version": _TEXT}},
        "git": {"type": "object", "properties": {"commit": {"type": "object", "properties": {"id": _TEXT}}}},
        "origin": _TEXT,
        "simulated": {"type": "boolean"},
        "started_at": {"type": "string", "format": "date-time"},
        "editions": {"type": "array", "items": {"type": "object", "properties": {"name": _TEXT, "title": _TEXT}}},
        "logs": {
            "type": ["object", "null"],
            "description": "Of `ledger` and `access_log`: key ids, newest closing, timestamp and cosigned checkpoint",
            "additionalProperties": {"type": "object"},
        },
    },
}
_NEXT: Final = {"type": ["string", "null"], "description": "The cursor of the page after this one, if there is one"}
_ITEMS: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["items", "next"],
    "properties": {"items": {"type": "array", "items": {"type": "object"}}, "next": _NEXT},
}
_PAGE: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["items", "next", "position", "paused"],
    "properties": {
        **_ITEMS["properties"],
        "position": {"type": "integer", "description": "Up to which the ledger is projected"},
        "paused": {"type": "array", "items": {"type": "object"}, "description": "Cases whose rows may be old, and why"},
    },
}
_VIEW: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["as_at", "known_at", "position"],
    "properties": {
        "as_at": {"type": "string", "format": "date"},
        "known_at": {"type": "string", "format": "date-time"},
        "position": {"type": "integer"},
    },
}
_MEANING: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["code", "status", "title", "meaning"],
    "properties": {"code": _TEXT, "status": {"type": "integer"}, "title": _TEXT, "meaning": _TEXT},
}
_NOTE: Final = {"type": "string", "description": "A C2SP signed note"}
_KEY: Final = {"type": "string", "description": "A C2SP verifier key"}
_KEYS: Final = {"type": "string", "description": "C2SP verifier keys, a line each: Ed25519, then ML-DSA-44"}
_ANNOUNCED: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["announcements", "losses"],
    "properties": {
        "announcements": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["position", "recorded", "vkey", "replaces", "proof"],
                "properties": {
                    "position": {"type": "integer"},
                    "recorded": {"type": "string", "format": "date-time"},
                    "vkey": _TEXT,
                    "replaces": {"type": ["string", "null"], "description": "The key in whose place it came"},
                    "proof": {"type": "string", "description": "C2SP tlog-proof; `extra` is the announcing entry"},
                },
            },
        },
        "losses": {
            "type": "array",
            "description": "From its position on the log has another name and keys, which nobody vouches for here",
            "items": {
                "type": "object",
                "required": ["position", "recorded", "cause", "origin", "vkeys", "earlier_origin", "earlier_vkeys"],
                "properties": {
                    "position": {"type": "integer"},
                    "recorded": {"type": "string", "format": "date-time"},
                    "cause": {"enum": [*CAUSES]},
                    "origin": _TEXT,
                    "vkeys": {"type": "array", "items": _KEY},
                    "earlier_origin": _TEXT,
                    "earlier_vkeys": {"type": "array", "items": _KEY},
                    "checkpoint": {"type": ["string", "null"], "description": "The last one that others hold"},
                },
            },
        },
    },
}
_REFUSALS: Final = [
    _parameter("to", "query", _TEXT, "Of one case only, such as offender/019a…"),
    _parameter("cursor", "query", _TEXT, "Where the page before ended: its `next`"),
]
_READINGS: Final = [
    _parameter("for", "query", {"enum": ["subject"]}, "As the person it is about may know it"),
    _REFUSALS[1],
]
_BYTES: Final = {"type": "string", "format": "binary"}
_TILE: Final = {
    "name": "path",
    "in": "path",
    "required": True,
    "schema": _TEXT,
    "description": "As C2SP tlog-tiles has it: <L>/<N> or <L>/<N>.p/<W>, without <L>/ for entries; N as x001/x234/067",
}
_POSITION: Final = {"name": "position", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
_SIZES: Final = [
    {**_parameter("from", "query", {"type": "integer", "minimum": 1}, "Facts of the earlier log"), "required": True},
    _parameter("to", "query", {"type": "integer", "minimum": 1}, "Facts of the later one; else the newest checkpoint"),
]
_GREW: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["from", "to", "hashes", "checkpoint"],
    "properties": {
        "from": {"type": "integer"},
        "to": {"type": "integer"},
        "hashes": {"type": "array", "items": _TEXT, "description": "RFC 9162 §2.1.4, base64"},
        "checkpoint": {"type": ["string", "null"], "description": "A C2SP signed note of the later log"},
    },
}


_CLOSED: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["position", "size", "heads", "recorded"],
    "properties": {
        "position": {"type": "integer", "description": "Of the closing itself"},
        "size": {"type": "integer", "description": "The facts before it"},
        "heads": {"type": "string", "description": "The root of the map of every chain's head, base64"},
        "recorded": {"type": "string", "format": "date-time"},
    },
}


def _closes(whose: str) -> dict[str, Any]:
    return {
        "summary": f"Close {whose} now, for auditors and administrators: what is recorded by then is complete",
        "parameters": [],
        "responses": {
            "200": {
                "description": "The closing; the newest one, if nothing came after it",
                "content": {"application/json": {"schema": _CLOSED}},
            },
            **_problems("401", "403", "422", "500", "503"),
        },
    }


def _of_log(at: str, whose: str) -> dict[str, Any]:
    """Checkpoints, tiles and proofs of one of the two logs."""
    taken = {
        "summary": f"Entries of {whose}, 256 in a bundle, for auditors; each taking is sealed in the access log",
        "parameters": [_TILE],
        "responses": {
            "200": {
                "description": "Each after its length",
                "content": {"application/octet-stream": {"schema": _BYTES}},
            },
            **_problems("401", "403", "404", "422", "500", "503"),
        },
    }
    tile = _opened(
        f"Hashes of {whose}, 256 in a tile", _BYTES, "application/octet-stream", "404", "422", "503", parameters=[_TILE]
    )
    proof = _opened(
        f"That a fact is in {whose}: a C2SP tlog-proof",
        _TEXT,
        "text/plain",
        "404",
        "422",
        "503",
        parameters=[_POSITION],
    )
    told = _opened(
        f"Keys that {whose} announced, each with its proof; its losses", _ANNOUNCED, "application/json", "422", "503"
    )
    grew = _opened(f"That {whose} only grew", _GREW, "application/json", "404", "422", "503", parameters=_SIZES)
    return {
        f"{at}/checkpoint": {"get": _opened(f"The newest checkpoint of {whose}", _NOTE, "text/plain", "404", "503")},
        f"{at}/vkey": {"get": _opened(f"The key that checks checkpoints of {whose}", _KEY, "text/plain")},
        f"{at}/vkeys": {"get": _opened(f"Every key that signs checkpoints of {whose}", _KEYS, "text/plain")},
        f"{at}/announcements": {"get": told},
        f"{at}/tile/entries/{{path}}": {"get": taken},
        f"{at}/tile/{{path}}": {"get": tile},
        f"{at}/proof/{{position}}": {"get": proof},
        f"{at}/consistency": {"get": grew},
        f"{at}/closings": {"post": _closes(whose)},
    }


_FORMAT: Final = _parameter("format", "query", {"enum": ["json", "pdf"]}, "A printed page; or ask by the header Accept")
_TRAIL: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["decision", "rested_on", "rules", "policy", "seen", "rerun", "later"],
    "properties": {
        "decision": {"type": "object", "description": "The fact, with what put it right since"},
        "rested_on": {"type": "array", "items": {"type": "object"}, "description": "The facts it rested on"},
        "rules": {"type": "array", "items": {"type": "object"}, "description": "The editions it was taken under"},
        "policy": {"type": "object", "description": "The settings and calendar it asked for, and what they say today"},
        "seen": {"type": "object", "description": "What its author's screen showed"},
        "rerun": {
            "type": "object",
            "required": ["outcome", "says"],
            "properties": {"outcome": {"enum": ["same", "differs", "cannot"]}, "says": _TEXT},
        },
        "later": {
            "type": "array",
            "items": {"type": "object"},
            "description": "Facts recorded later that would have changed it",
        },
    },
}


def _decisions(aggregate: Aggregate) -> dict[str, Any]:
    """The decisions of a case, and the trail of each."""
    path, parameters = f"/{aggregate.collection}/{{id}}/decisions", [_id(aggregate), *_READER]
    listed = _get(f"Decisions of a {aggregate.noun}", parameters, _ITEMS)
    shown = _get(f"Trail of a decision of a {aggregate.noun}", [*parameters, _POSITION, _FORMAT], _TRAIL)
    shown["responses"]["200"]["content"]["application/pdf"] = {"schema": _BYTES}
    tags = {"tags": [aggregate.collection]}
    return {path: {"get": listed | tags}, f"{path}/{{position}}": {"get": shown | tags}}


def _readings(aggregate: Aggregate) -> dict[str, Any]:
    """Who read a case."""
    told = _get(f"Who read a {aggregate.noun}, when and what for", [_id(aggregate), *_READINGS, *_READER], _ITEMS)
    return {f"/{aggregate.collection}/{{id}}/readings": {"get": told | {"tags": [aggregate.collection]}}}


def _documents(aggregate: Aggregate) -> dict[str, Any]:
    """A document of a case or placement: in and out."""
    bytes_of = {media: {"schema": _BYTES} for media in MEDIA}
    own = {"name": "doc_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
    given = [
        _parameter("kind", "query", _TEXT, "What kind of document it is, where it was not filed before"),
        _parameter("marking", "query", {"enum": ["OPEN", "CONFIDENTIAL", "RESTRICTED"]}, "How it is marked, likewise"),
        _parameter(
            "child_id", "query", {"type": "string", "format": "uuid"}, "The child it is about: whose key it has"
        ),
    ]
    put = {
        "operationId": f"{aggregate.noun}.StoreDocument",
        "summary": "Put a document beside the record, at most 10 MB",
        "tags": [aggregate.collection],
        "parameters": [_id(aggregate), own, *given, _HEADERS[0]],
        "requestBody": {"required": True, "content": bytes_of},
        "responses": {
            "201": {"description": "Stored, recorded and sealed", "content": _content("Receipt")},
            "200": {"description": "Stored before: the same receipt", "content": _content("Receipt")},
            **_problems("401", "403", "404", "408", "409", "413", "415", "422", "500", "503", "507"),
        },
    }
    get = {
        "operationId": f"{aggregate.noun}.document",
        "summary": "A document, for those entitled by its marking",
        "tags": [aggregate.collection],
        "parameters": [_id(aggregate), own],
        "responses": {
            "200": {"description": "The bytes", "content": bytes_of},
            **_problems("401", "403", "404", "422", "500", "503"),
        },
    }
    return {f"/{aggregate.collection}/{{id}}/documents/{{doc_id}}": {"put": put, "get": get}}


EXPORTED: Final = "/offenders/{id}/export"
_EXPORT: Final = {
    "operationId": "offender.export",
    "summary": "A case as a bundle that verifies without us, sealed in the access log before it is answered",
    "tags": ["offenders"],
    "parameters": [_id(AGGREGATES["offender"]), _HEADERS[-1]],
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
        **_problems("401", "403", "404", "408", "413", "415", "422", "500", "503"),
    },
}
SEARCHED: Final = "/offenders/search"
_ASKED_BY: Final = {
    "client_id": {"type": "string", "pattern": "^[0-9]{7}$"},
    "crn": _TEXT,
    "surname": {**_TEXT, "description": "A star at the end stands for whatever follows"},
    "forenames": {**_TEXT, "description": "A star at the end stands for whatever follows"},
    "date_of_birth": {"type": "string", "format": "date"},
}
_SEARCH: Final = {
    "operationId": "offender.search",
    "summary": "People and children by number, name or date of birth; rows that are limited have no name",
    "tags": ["offenders"],
    "parameters": [
        {"name": "cursor", "in": "query", "required": False, "schema": _TEXT},
        {
            "name": "limit",
            "in": "query",
            "required": False,
            "schema": {"type": "integer", "minimum": 1, "maximum": 200},
        },
        _HEADERS[-1],
    ],
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
            "content": {"application/json": {"schema": _ITEMS}},
        },
        **_problems("401", "403", "408", "413", "415", "422", "500", "503"),
    },
}
_CODE: Final = {"name": "code", "in": "path", "required": True, "schema": _TEXT}
SUBJECT_ACCESS: Final = "/subject-access-request"
_DAY: Final = {"type": "string", "format": "date"}
_SUBJECT_ACCESS: Final = _get(
    "All that is held about a person who asked, others' values shut (HMPPS convention)",
    [
        _parameter("crn", "query", _TEXT, "The case reference number"),
        _parameter("prn", "query", _TEXT, "A prison number, by which nobody is known here"),
        _parameter("fromDate", "query", _DAY, "Only what happened on this day or later"),
        _parameter("toDate", "query", _DAY, "Only what happened up to this day"),
    ],
    {"type": "object", "required": ["content"], "properties": {"content": {"type": "object"}}},
)
_SUBJECT_ACCESS["responses"] |= {
    "204": {"description": "Nothing is held"},
    "209": {"description": "Nobody is known here by a prison number", "content": {"application/json": {}}},
}

_OTHERS: Final[dict[str, Any]] = {
    SUBJECT_ACCESS: {"get": _SUBJECT_ACCESS},
    "/rules": {"get": _get("Every rule with its source; with `as_at`, which are in force that day", _AT[:1], _ITEMS)},
    "/events": {"get": _get("Every fact with its command and fields", [], _ITEMS)},
    "/problems/{code}": {
        "get": _opened("What a problem means", _MEANING, "application/json", "404", parameters=[_CODE])
    },
    **_of_log("/log", "the ledger"),
    **_of_log("/access/log", "the access log"),
    "/access/refusals": {"get": _get("What was refused, for auditors", [*_REFUSALS, *_READER], _ITEMS)},
    EXPORTED: {"post": _EXPORT},
    SEARCHED: {"post": _SEARCH},
    "/health/live": {"get": _told("The process answers", {"200": "status UP"}, _STATUS)},
    "/health/ready": {
        "get": _told(
            "Database and vault answer, and it may be written to",
            {"200": "status UP, and that of each component", "503": "status DOWN or OUT_OF_SERVICE, with the same"},
            _STATUS,
        )
    },
    "/info": {"get": _told("What is running: version, revision, origin, editions", {"200": "build and more"}, _INFO)},
    "/metrics": {
        "get": {
            "summary": "Numbers for Prometheus, for administrators",
            "parameters": [],
            "responses": {
                "200": {"description": "Its text format", "content": {"text/plain": {"schema": _TEXT}}},
                **_problems("401", "403", "500"),
            },
        }
    },
}


# ------------------------------------------------------------------------------------ the page


@cache
def page() -> str:
    """The document as one HTML page, readable without any script."""
    rows = "".join(
        _row(path, method, each) for path, ways in document()["paths"].items() for method, each in ways.items()
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Case ledger: what it answers</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #0b0c0c }}
details {{ border-top: 1px solid #b1b4b6; padding: .5rem 0 }} summary {{ cursor: pointer }}
code, pre {{ font: .95em ui-monospace, monospace; background: #f3f2f1 }} pre {{ padding: .75rem; overflow-x: auto }}
summary:focus-visible, a:focus-visible {{ outline: 3px solid #0b0c0c; background: #fd0 }}
</style></head><body><main><h1>Case ledger: what it answers</h1>
<p>Commands, views and registries. Everything but /health, /info, /log and this page wants a bearer token
(<code>ledger token --role R --id I</code>). The same as data: <a href="/openapi.json">/openapi.json</a>.</p>
{rows}</main></body></html>"""


def _row(path: str, method: str, operation: dict[str, Any]) -> str:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    shown = ""
    if body:
        fields = "".join(
            f"<li><code>{escape(name)}</code>{' (required)' if name in body['schema'].get('required', ()) else ''}</li>"
            for name in body["schema"].get("properties", {})
        )
        shown = f"<p>Fields:</p><ul>{fields}</ul><pre>{escape(_pretty(body['example']))}</pre>"
    says = "".join(
        f"<p>{escape(part)}</p>" for part in operation.get("description", operation["summary"]).split("\n\n")
    )
    return f"<details><summary><code>{method.upper()} {escape(path)}</code></summary>{says}{shown}</details>"


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2)
