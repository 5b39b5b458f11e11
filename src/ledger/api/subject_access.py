"""Subject access over HTTP, by the convention of HMPPS services: GET /subject-access-request?crn=&fromDate=&toDate=

    200    {"content": …}: what is held about the person of that case reference number
    204    nothing is held
    209    only a prison number (prn) was given: this service knows nobody by it

Proven by tests/api/test_subject_access.py.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ledger.api.asking import Routes, asked_of, json, reader_of
from ledger.api.openapi import SUBJECT_ACCESS
from ledger.application import Ledger
from ledger.application.subject_access import MAY_ASK
from ledger.errors import Malformed
from ledger.reading import a_day

LONGEST: Final = 40  # characters of a number
NOT_OURS: Final = 209
_KNOWN: Final = {"prn", "crn", "fromDate", "toDate"}


async def subject_access(request: Request) -> Response:
    """Everything held about one person."""
    ledger: Ledger = request.app.state.ledger
    reader = reader_of(request)
    asked = asked_of(request, _KNOWN)
    crn, prn = (asked.get(name, "").strip() for name in ("crn", "prn"))
    if not crn and not prn:
        raise Malformed("Give the case reference number: crn.", {"crn": "give a number"})
    if len(crn) > LONGEST or not crn.isprintable():
        raise Malformed("crn: a case reference number.", {"crn": "not a number of a case"})
    since, until = _day(asked.get("fromDate"), "fromDate"), _day(asked.get("toDate"), "toDate")
    if since and until and since > until:
        raise Malformed("fromDate: not after toDate.", {"fromDate": "after toDate"})
    if not crn:
        told: dict[str, Any] = {"status": NOT_OURS, "userMessage": "Nobody is known here by a prison number."}
        return json(told, NOT_OURS)
    found = await ledger.subject_access(crn, since, until, reader=reader)
    return json({"content": found.content()}) if found else Response(status_code=204)


def _day(text: str | None, name: str) -> date | None:
    if not text:
        return None
    try:
        return a_day(text)
    except ValueError as wrong:
        raise Malformed(f"{name}: {wrong}.", {name: str(wrong)}) from wrong


ROUTES: Final[Routes] = ((SUBJECT_ACCESS, "GET", MAY_ASK, subject_access),)
