"""Letters and session sheets over HTTP.

    POST /offenders/{id}/issue-enforcement-letter/preview      what the letter would say; the body is the command's
    POST /offenders/{id}/give-breach-warning/preview           the same of a warning
         ?format=pdf, or Accept: application/pdf               the same as pages
    GET  /offenders/{id}/letters/{letter}.pdf, .txt            as it was sent; `letter`: the fact's id, or its own
    GET  /placements/{id}/session-sheet?day=                   who is expected that day, as JSON
         &format=pdf, or Accept: application/pdf               the same as pages to write on

A letter is issued by its command, with the name of a template.  Proven by tests/api/test_letters.py and
tests/api/test_session_sheet.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ledger.aggregates.roles import ANY_STAFF, roles_for
from ledger.aggregates.shape import Fact
from ledger.api.asking import Endpoint, Routes, asked_of, json, reader_of
from ledger.api.bodies import body_of, fields_of
from ledger.api.decisions import PDF, printed
from ledger.api.openapi import LETTER, SHEET, preview_of
from ledger.application import Ledger
from ledger.application.sheets import ROLES
from ledger.commands import Command
from ledger.errors import Malformed, NotFound
from ledger.projections.letters import LETTERS
from ledger.reading import a_day

NO_SUCH_FORM: Final = "There is no letter {name} in that form; ask for its id, or its fact's, with .pdf or .txt."
WHICH_DAY: Final = "day: of which day, such as 2026-05-04."
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}


def previewing(fact: type[Fact]) -> Endpoint:
    """The route that tells what a letter of this kind would say."""

    async def preview(request: Request) -> Response:
        """What the command would have written, and its digest; nothing is recorded."""
        ledger: Ledger = request.app.state.ledger
        as_pages = printed(request, asked_of(request, {"format"}))
        reader = reader_of(request)
        data = fields_of(await body_of(request))
        command = Command(fact.command, "offender", request.path_params["id"], data, reader.by)
        found = await ledger.preview(command, reader=reader)
        if not as_pages:
            return json(found.told(), headers={"Vary": "Accept"})
        headers = _HEADERS | {"Vary": "Accept", "Content-Disposition": 'inline; filename="preview.pdf"'}
        return Response(await asyncio.to_thread(found.pdf), headers=headers, media_type=PDF)

    return preview


async def letter(request: Request) -> Response:
    """The words of a letter, as pages or as text."""
    ledger: Ledger = request.app.state.ledger
    asked_of(request, set())
    name, _, form = request.path_params["letter"].rpartition(".")
    if form not in ("pdf", "txt"):
        raise NotFound(NO_SUCH_FORM.format(name=request.path_params["letter"][:40]))
    found = await ledger.letter("offender", request.path_params["id"], name, reader=reader_of(request))
    headers = _HEADERS | {"Content-Disposition": f'inline; filename="letter-{found.position}.{form}"'}
    if form == "txt":
        return Response(found.words, headers=headers, media_type="text/plain; charset=utf-8")
    return Response(await asyncio.to_thread(found.pdf), headers=headers, media_type=PDF)


async def session_sheet(request: Request) -> Response:
    """The session sheet of a project's day."""
    ledger: Ledger = request.app.state.ledger
    asked = asked_of(request, {"day", "format"})
    as_pages = printed(request, asked)
    found = await ledger.session_sheet(request.path_params["id"], _day(asked.get("day")), reader=reader_of(request))
    if not as_pages:
        return json(found.listed(), headers={"Vary": "Accept"})
    headers = _HEADERS | {"Vary": "Accept", "Content-Disposition": f'inline; filename="session-sheet-{found.day}.pdf"'}
    return Response(await asyncio.to_thread(found.pdf), headers=headers, media_type=PDF)


def _day(text: str | None) -> date:
    try:
        return a_day(text or "")
    except ValueError as wrong:
        raise Malformed(WHICH_DAY, {"day": "not a day"}) from wrong


def _previews() -> Iterator[tuple[str, str, frozenset[str], Endpoint]]:
    for each in LETTERS:
        yield preview_of(each), "POST", frozenset(roles_for(each)), previewing(each)


ROUTES: Final[Routes] = (
    *_previews(),
    (LETTER, "GET", ANY_STAFF, letter),
    (SHEET, "GET", ROLES, session_sheet),
)
