"""Decision trails over HTTP.

    GET  /{collection}/{id}/decisions?cursor=&limit=      the decisions of a case
    GET  /{collection}/{id}/decisions/{position}          the trail of one, as JSON
         ?format=pdf, or Accept: application/pdf          the same as a printed page

Proven by tests/trails/test_trails.py.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ledger.api.asking import (
    READERS,
    WITHHELD_FROM,
    Routes,
    aggregate_of,
    asked_of,
    cursor_of,
    json,
    limit_of,
    reader_of,
)
from ledger.application import Ledger
from ledger.errors import Malformed, NotFound
from ledger.trails import decisions, trail, trail_pdf
from ledger.trails.reading import PAGE

PDF: Final = "application/pdf"
_FORMS: Final[Mapping[str, bool]] = {"json": False, "pdf": True}


async def listed(request: Request) -> Response:
    """The decisions of a case, in the order they were recorded."""
    asked = asked_of(request, {"cursor", "limit"})
    ledger: Ledger = request.app.state.ledger
    items, after = await decisions(
        ledger,
        aggregate_of(request).noun,
        request.path_params["id"],
        cursor_of(asked),
        most=limit_of(asked, PAGE, PAGE),
        reader=reader_of(request),
    )
    return json({"items": items, "next": None if after is None else str(after)})


async def shown(request: Request) -> Response:
    """The trail of one decision, as JSON or as a page."""
    ledger: Ledger = request.app.state.ledger
    as_page = printed(request, asked_of(request, {"format"}))
    position = request.path_params["position"]
    if not re.fullmatch("[1-9][0-9]{0,14}", position):
        raise NotFound(f"There is no decision at position {position[:40]!r}: the first fact is at 1.")
    found = await trail(
        ledger,
        int(position),
        of=(aggregate_of(request).noun, request.path_params["id"]),
        withhold=request.state.role in WITHHELD_FROM,
        reader=reader_of(request),
    )
    headers = {"Vary": "Accept"}
    if not as_page:
        return json(found, headers=headers)
    page = await asyncio.to_thread(trail_pdf, found, await ledger.checkpoint(), datetime.now(UTC))
    headers |= {"Cache-Control": "no-store", "Content-Disposition": f'inline; filename="decision-{position}.pdf"'}
    return Response(page, headers=headers, media_type=PDF)


def printed(request: Request, asked: Mapping[str, str]) -> bool:
    """Whether a page is asked for: by the address, else by the header Accept where it prefers one to JSON."""
    if "format" in asked:
        if asked["format"] not in _FORMS:
            raise Malformed("format: json or pdf.", {"format": "json or pdf"})
        return _FORMS[asked["format"]]
    wished = _accepted(request.headers.get("accept", ""))
    return wished.get(PDF, 0) > wished.get("application/json", 0)


def _accepted(header: str) -> dict[str, float]:
    """The media types of an Accept header with their weights; one that cannot be read weighs nothing."""
    found: dict[str, float] = {}
    for part in header.lower().split(","):
        name, *parameters = (each.strip() for each in part.split(";"))
        weight = next((each[2:] for each in parameters if each.startswith("q=")), "1")
        found[name] = float(weight) if re.fullmatch(r"[01](\.[0-9]{0,3})?", weight) else 0
    return found


ROUTES: Final[Routes] = (
    ("/{collection}/{id}/decisions", "GET", READERS, listed),
    ("/{collection}/{id}/decisions/{position}", "GET", READERS, shown),
)
