"""Who read a case: `GET /{collection}/{id}/readings?for=subject&cursor=&limit=`, for auditors and for that person.

What the person is told leaves out what harms others (ledger.access.listing); that reading is recorded like any other.
Reasons and the words of searches are opened for the data protection officer.  Proven by tests/access/test_listing.py.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ledger.access import PAGE
from ledger.api.asking import AUDITORS, Routes, aggregate_of, asked_of, cursor_of, json, limit_of, reader_of
from ledger.application import Ledger
from ledger.errors import Forbidden, Malformed

# Who answers the person: of what is recorded about the readers they are told no more than the person is.
ANSWERS_THE_PERSON: Final = frozenset({"information-manager"})
OPENS_REASONS: Final = frozenset({"data-protection-officer"})
SUBJECT: Final = "subject"


async def readings(request: Request) -> Response:
    """A page of them, in the order of the access log."""
    ledger: Ledger = request.app.state.ledger
    reader = reader_of(request)
    asked = asked_of(request, {"for", "cursor", "limit"})
    if asked.get("for", SUBJECT) != SUBJECT:
        raise Malformed("for: subject, or leave it out.", {"for": "subject"})
    subject = "for" in asked
    if not subject and reader.by.role in ANSWERS_THE_PERSON:
        raise Forbidden(f"All readings are told to {', '.join(sorted(AUDITORS))}; ask with for={SUBJECT}.")
    items, after = await ledger.readings(
        aggregate_of(request).noun,
        request.path_params["id"],
        cursor_of(asked),
        most=limit_of(asked, PAGE, PAGE),
        subject=subject,
        words=not subject and reader.by.role in OPENS_REASONS,
        reader=reader,
    )
    return json({"items": items, "next": None if after is None else str(after)})


ROUTES: Final[Routes] = (("/{collection}/{id}/readings", "GET", AUDITORS | ANSWERS_THE_PERSON, readings),)
