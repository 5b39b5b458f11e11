"""What leaves a case's pages as a file: a document, a letter as it was sent, a form of the sources, the chronology and
a decision's trail.

Each is asked of the application as its JSON route asks it, in the same roles, and sealed in the access log first.  The
chronology printed is the one its page shows: as at the same day, as known at the same moment, with the digest of its
table at the foot of every page.

Proven by tests/web/test_papers.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ledger.aggregates.roles import ANY_STAFF
from ledger.api.decisions import PDF
from ledger.api.documents import ENDINGS
from ledger.api.web.asking import Pages, moments_of, reader_here, session_here, signed_in, together
from ledger.api.web.frame import HEAD, aggregate_here, view, withheld
from ledger.api.web.pages import HEADERS
from ledger.application import Ledger
from ledger.errors import Forbidden, NotFound
from ledger.printing import Chronology, chronology_pdf
from ledger.trails import trail, trail_pdf

NOT_STAFF: Final = "Documents, letters and forms are opened by those who work on cases; not by {role}."
_SANDBOX: Final = {**HEADERS, "Content-Security-Policy": "sandbox; default-src 'none'"}


async def document(request: Request) -> Response:
    """GET /case/{collection}/{id}/documents/{doc_id}: a document; it is never shown in place."""
    ledger: Ledger = request.app.state.ledger
    aggregate, given = aggregate_here(request), request.path_params
    _for_staff(request)
    found = await ledger.document(aggregate.noun, given["id"], given["doc_id"], reader=reader_here(request))
    name = f"{found.doc_id}.{ENDINGS[found.media_type]}"
    headers = {**_SANDBOX, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(found.data, headers=headers, media_type=found.media_type)


async def letter(request: Request) -> Response:
    """GET /case/offenders/{id}/letters/{letter}: a letter or a warning that the ledger wrote, as it was sent."""
    ledger: Ledger = request.app.state.ledger
    _for_staff(request)
    given = request.path_params
    found = await ledger.letter("offender", given["id"], given["letter"], reader=reader_here(request))
    return _pdf(await asyncio.to_thread(found.pdf), f"letter-{found.position}.pdf")


async def chronology(request: Request) -> Response:
    """GET /case/offenders/{id}/chronology/print?as_at=&known_at=: the timeline as PDF."""
    ledger: Ledger = request.app.state.ledger
    aggregate_here(request)
    id_, when = request.path_params["id"], moments_of(request)
    asked = (view(request, "offender", id_, each, when) for each in ("chronology", HEAD))
    shown, head = await together(*asked)
    printing = Chronology(
        case=list(_headed(head, id_, shown["events"], session_here(request).role)),
        events=[each for each in shown["events"] if "position" in each],
        as_at=shown["as_at"],
        known_at=shown["known_at"],
        checkpoint=await ledger.checkpoint(),
        gaps=shown["gaps"],
    )
    data = await asyncio.to_thread(chronology_pdf, printing, datetime.now(UTC))
    return _pdf(data, f"chronology-{id_}.pdf")


async def form(request: Request) -> Response:
    """GET /case/{collection}/{id}/forms/{form}?of=&as_at=&known_at=: a form of the sources, filled, as PDF."""
    ledger: Ledger = request.app.state.ledger
    aggregate, given, when = aggregate_here(request), request.path_params, moments_of(request)
    _for_staff(request)
    found = await ledger.form(
        aggregate.noun,
        given["id"],
        given["form"],
        of=request.query_params.get("of", ""),
        as_at=when.as_at,
        known_at=when.known_at,
        reader=reader_here(request),
    )
    return _pdf(await asyncio.to_thread(found.pdf), found.file)


async def decision(request: Request) -> Response:
    """GET /case/{collection}/{id}/decisions/{position}/print: what a decision rested on, as PDF."""
    ledger: Ledger = request.app.state.ledger
    aggregate, position = aggregate_here(request), position_of(request)
    of = aggregate.noun, request.path_params["id"]
    found = await trail(ledger, position, of=of, withhold=withheld(request), reader=reader_here(request))
    data = await asyncio.to_thread(trail_pdf, found, await ledger.checkpoint(), datetime.now(UTC))
    return _pdf(data, f"decision-{position}.pdf")


def position_of(request: Request) -> int:
    """The position that an address names.  Raises NotFound."""
    text: str = request.path_params["position"]
    if not (text.isascii() and text.isdigit() and len(text) < 16 and int(text)):
        raise NotFound(f"There is no decision at position {text[:40]!r}: the first fact is at 1.")
    return int(text)


def _headed(head: Mapping[str, Any], id_: str, events: list[dict[str, Any]], role: str) -> Iterator[tuple[str, str]]:
    if head["name"]:
        yield "Name", head["name"]
    yield "Case", f"offender-{id_}"
    yield "Printed in the role of", role
    if silent := sum("position" not in each for each in events):
        yield "Limited access", f"{silent} of its facts are of records with limited access, and are not printed."


def _for_staff(request: Request) -> None:
    role = session_here(request).role
    if role not in ANY_STAFF:
        raise Forbidden(NOT_STAFF.format(role=role))


def _pdf(data: bytes, name: str) -> Response:
    headers = {**_SANDBOX, "Content-Disposition": f'inline; filename="{name}"'}
    return Response(data, headers=headers, media_type=PDF)


PAGES: Final[Pages] = (
    ("/case/offenders/{id}/letters/{letter}", "GET", signed_in(letter)),
    ("/case/{collection}/{id}/forms/{form}", "GET", signed_in(form)),
    ("/case/offenders/{id}/chronology/print", "GET", signed_in(chronology)),
    ("/case/{collection}/{id}/documents/{doc_id}", "GET", signed_in(document)),
    ("/case/{collection}/{id}/decisions/{position}/print", "GET", signed_in(decision)),
)
