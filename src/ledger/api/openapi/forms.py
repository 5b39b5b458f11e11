"""The operations on printed forms: one for each form, at the cases that have it."""

from __future__ import annotations

from typing import Any, Final

from ledger.aggregates import AGGREGATES
from ledger.api.openapi.parts import AT, BYTES, FORMAT, READER, TEXT, got, id_of, parameter
from ledger.printing.forms import FORMS

FORM: Final = "/{collection}/{id}/forms/{form}"
_OF: Final = parameter("of", "query", TEXT, "Which one, as the view `forms` names it; the newest if left out")
_PARTS: Final = {"type": "array", "items": {"type": "object"}, "description": 'Its fields in order; "" is a blank'}
_SAID: Final[dict[str, Any]] = {
    "type": "object",
    "required": [*("as_at", "known_at", "position", "form", "source", "rules", "digest", "notice", "title", "parts")],
    "properties": {
        "as_at": {"type": "string", "format": "date"},
        "known_at": {"type": "string", "format": "date-time"},
        "position": {"type": "integer"},
        "digest": {"type": "string", "description": "SHA-256 of all that the form says, in hexadecimal"},
        "notice": {"type": "string", "description": "The confidentiality notice at its head"},
        "parts": _PARTS,
    },
}


def forms() -> dict[str, Any]:
    """Each form of the sources, as JSON or as pages."""
    found: dict[str, Any] = {}
    for each in FORMS.values():
        aggregate = AGGREGATES[each.noun]
        told = got(
            f"{each.title} ({each.source}), filled from what is recorded, as JSON or as pages",
            [id_of(aggregate), _OF, *AT[:2], FORMAT, *READER],
            _SAID,
        )
        told["responses"]["200"]["content"]["application/pdf"] = {"schema": BYTES}
        path = f"/{aggregate.collection}/{{id}}/forms/{each.name}"
        found[path] = {"get": told | {"tags": [aggregate.collection]}}
    return found
