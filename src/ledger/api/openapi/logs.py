"""The operations on the two logs: checkpoints, keys, tiles, proofs, closings, refusals."""

from __future__ import annotations

from typing import Any, Final

from ledger.access import PAGE as ACCESS_PAGE
from ledger.aggregates.ledger_stream import CAUSES
from ledger.api.openapi.parts import BYTES, TEXT, errors_of, opened, paged, parameter

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
                    "vkey": TEXT,
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
                    "origin": TEXT,
                    "vkeys": {"type": "array", "items": _KEY},
                    "earlier_origin": TEXT,
                    "earlier_vkeys": {"type": "array", "items": _KEY},
                    "checkpoint": {"type": ["string", "null"], "description": "The last one that others hold"},
                },
            },
        },
    },
}
REFUSALS: Final = [
    parameter("to", "query", TEXT, "Of one case only, such as offender/019a…"),
    *paged(ACCESS_PAGE),
]


_TILE: Final = {
    "name": "path",
    "in": "path",
    "required": True,
    "schema": TEXT,
    "description": "As C2SP tlog-tiles has it: <L>/<N> or <L>/<N>.p/<W>, without <L>/ for entries; N as x001/x234/067",
}
POSITION: Final = {"name": "position", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
_SIZES: Final = [
    {**parameter("from", "query", {"type": "integer", "minimum": 1}, "Facts of the earlier log"), "required": True},
    parameter("to", "query", {"type": "integer", "minimum": 1}, "Facts of the later one; else the newest checkpoint"),
]
_GREW: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["from", "to", "hashes", "checkpoint"],
    "properties": {
        "from": {"type": "integer"},
        "to": {"type": "integer"},
        "hashes": {"type": "array", "items": TEXT, "description": "RFC 9162 §2.1.4, base64"},
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
            **errors_of("401", "403", "422", "500", "503"),
        },
    }


def of_log(at: str, whose: str) -> dict[str, Any]:
    """Checkpoints, tiles and proofs of one of the two logs."""
    taken = {
        "summary": f"Entries of {whose}, 256 in a bundle, for auditors; each taking is sealed in the access log",
        "parameters": [_TILE],
        "responses": {
            "200": {
                "description": "Each after its length",
                "content": {"application/octet-stream": {"schema": BYTES}},
            },
            **errors_of("401", "403", "404", "422", "500", "503"),
        },
    }
    tile = opened(
        f"Hashes of {whose}, 256 in a tile", BYTES, "application/octet-stream", "404", "422", "503", parameters=[_TILE]
    )
    proof = opened(
        f"That a fact is in {whose}: a C2SP tlog-proof",
        TEXT,
        "text/plain",
        "404",
        "422",
        "503",
        parameters=[POSITION],
    )
    told = opened(
        f"Keys that {whose} announced, each with its proof; its losses", _ANNOUNCED, "application/json", "422", "503"
    )
    grew = opened(f"That {whose} only grew", _GREW, "application/json", "404", "422", "503", parameters=_SIZES)
    return {
        f"{at}/checkpoint": {"get": opened(f"The newest checkpoint of {whose}", _NOTE, "text/plain", "404", "503")},
        f"{at}/vkey": {"get": opened(f"The key that checks checkpoints of {whose}", _KEY, "text/plain")},
        f"{at}/vkeys": {"get": opened(f"Every key that signs checkpoints of {whose}", _KEYS, "text/plain")},
        f"{at}/announcements": {"get": told},
        f"{at}/tile/entries/{{path}}": {"get": taken},
        f"{at}/tile/{{path}}": {"get": tile},
        f"{at}/proof/{{position}}": {"get": proof},
        f"{at}/consistency": {"get": grew},
        f"{at}/closings": {"post": _closes(whose)},
    }
