"""The printed forms of the sources over HTTP.

    GET  /{collection}/{id}/forms                         which a case has, and by which id each is asked for (a view)
    GET  /{collection}/{id}/forms/{form}?of=&as_at=&known_at=      what one says, as JSON
         &format=pdf, or Accept: application/pdf                   the same as pages

Proven by tests/api/test_forms.py.
"""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ledger.aggregates.roles import ANY_STAFF
from ledger.api.asking import Routes, aggregate_of, asked_of, day_asked, instant_asked, json, reader_of
from ledger.api.decisions import PDF, printed
from ledger.api.openapi import FORM
from ledger.application import Ledger

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept",
}


async def form(request: Request) -> Response:
    """A form filled from a case, as JSON or as pages."""
    ledger: Ledger = request.app.state.ledger
    asked, given = asked_of(request, {"of", "as_at", "known_at", "format"}), request.path_params
    as_pages = printed(request, asked)
    found = await ledger.form(
        aggregate_of(request).noun,
        given["id"],
        given["form"],
        of=asked.get("of", ""),
        as_at=day_asked(asked["as_at"]) if "as_at" in asked else None,
        known_at=instant_asked(asked["known_at"]) if "known_at" in asked else None,
        reader=reader_of(request),
    )
    if not as_pages:
        return json(found.told(), headers={"Vary": "Accept"})
    headers = _HEADERS | {"Content-Disposition": f'inline; filename="{found.file}"'}
    return Response(await asyncio.to_thread(found.pdf), headers=headers, media_type=PDF)


ROUTES: Final[Routes] = ((FORM, "GET", ANY_STAFF, form),)
