"""The operations on letters and session sheets."""

from __future__ import annotations

from typing import Any, Final

from ledger.aggregates import AGGREGATES
from ledger.aggregates.shape import Fact
from ledger.api.openapi.bodies import example, schema_of
from ledger.api.openapi.listing import kebab
from ledger.api.openapi.parts import BYTES, FORMAT, READER, TEXT, errors_of, got, id_of, parameter
from ledger.projections.letters import LETTERS

LETTER: Final = "/offenders/{id}/letters/{letter}"
SHEET: Final = "/placements/{id}/session-sheet"
_OFFENDER: Final = id_of(AGGREGATES["offender"])
_LETTER_ID: Final = {
    "name": "letter",
    "in": "path",
    "required": True,
    "schema": TEXT,
    "description": "The id of its fact, or its own, with .pdf or .txt",
}
_PREVIEWED: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["template", "template_edition", "template_digest", "words", "words_digest"],
    "properties": {
        "template": TEXT,
        "template_edition": TEXT,
        "template_digest": {"type": "string", "description": "SHA-256 of the template, in hexadecimal"},
        "words": TEXT,
        "words_digest": {"type": "string", "description": "Given with the command, it is these words or none"},
    },
}
_SHEET: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["placement_id", "day", "known_at", "position", "template_edition", "words", "digest", "items"],
    "properties": {
        "day": {"type": "string", "format": "date"},
        "words": TEXT,
        "digest": {"type": "string", "description": "SHA-256 of all that the sheet says, in hexadecimal"},
        "items": {"type": "array", "items": {"type": "object"}, "description": "The people expected, by name"},
    },
}


def preview_of(fact: type[Fact]) -> str:
    """Where it is told what a letter would say."""
    return f"/offenders/{{id}}/{kebab(fact.command)}/preview"


def letters() -> dict[str, Any]:
    """Previews, letters as they were sent, and session sheets."""
    as_sent = got(
        "A letter as it was sent, as pages or as text", [_OFFENDER, _LETTER_ID, *READER], {"required": ["the words"]}
    )
    as_sent["responses"]["200"]["content"] = {"application/pdf": {"schema": BYTES}, "text/plain": {"schema": TEXT}}
    day = {**parameter("day", "query", {"type": "string", "format": "date"}, "Of which day"), "required": True}
    sheet = got(
        "Who is expected at a placement on a day, as JSON or as pages to write on",
        [id_of(AGGREGATES["placement"]), day, FORMAT, *READER],
        _SHEET,
    )
    sheet["responses"]["200"]["content"]["application/pdf"] = {"schema": BYTES}
    return {
        LETTER: {"get": as_sent | {"tags": ["offenders"]}},
        SHEET: {"get": sheet | {"tags": ["placements"]}},
        **{preview_of(each): {"post": _preview(each)} for each in LETTERS},
    }


def _preview(fact: type[Fact]) -> dict[str, Any]:
    """What the command would write, with its own body."""
    return {
        "operationId": f"offender.{fact.command}.preview",
        "summary": f"What {fact.command} would write; nothing is recorded but who was shown it",
        "tags": ["offenders"],
        "parameters": [_OFFENDER, FORMAT, *READER],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema_of(fact), "example": example(fact)}},
        },
        "responses": {
            "200": {
                "description": "Words and digests, or pages",
                "content": {"application/json": {"schema": _PREVIEWED}, "application/pdf": {"schema": BYTES}},
            },
            **errors_of("401", "403", "404", "408", "409", "413", "415", "422", "500", "503"),
        },
    }
