"""The search over HTTP: `POST /offenders/search`, so that nothing personal is in an address.

Proven by tests/api/test_searching.py.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ledger.api.asking import Routes, asked_of, json, limit_of, reader_of
from ledger.api.bodies import body_of, fields_of
from ledger.api.openapi import SEARCHED
from ledger.application import Ledger
from ledger.application.searching import LONGEST_PAGE, PAGE, SEARCHERS
from ledger.searching.people import FIELDS


async def search(request: Request) -> Response:
    """POST /offenders/search?cursor=&limit= with what is known: client_id, crn, surname, forenames, date_of_birth."""
    ledger: Ledger = request.app.state.ledger
    asked = asked_of(request, {"cursor", "limit"})
    most = limit_of(asked, PAGE, LONGEST_PAGE)
    given: dict[str, Any] = fields_of(await body_of(request))
    found = await ledger.search(given, reader=reader_of(request), cursor=asked.get("cursor", ""), most=most)
    return json({"items": found.items, "next": found.next, "position": found.position, "fields": FIELDS})


ROUTES: Final[Routes] = ((SEARCHED, "POST", SEARCHERS, search),)
