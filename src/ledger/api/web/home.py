"""Home: the worklists with their counts and their oldest item; and a list, page by page.

Proven by tests/web/test_pages.py.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from ledger.aggregates import AGGREGATES
from ledger.api.asking import READERS, WITHHELD_FROM, unit_of
from ledger.api.web.asking import Pages, moments_of, reader_here, session_here, signed_in
from ledger.api.web.pages import page
from ledger.api.web.words import duration
from ledger.application import Ledger
from ledger.errors import Forbidden
from ledger.projections import WORKLISTS
from ledger.rules.dates import london_day

ROWS: Final = 50
# What each list is for, in the words of whoever works from it; the others are named as they are.
ABOUT: Final = {
    "breach": "Two absences were judged unacceptable: proceedings are due or under way",
    "letters": "An absence waits for its enforcement letter",
    "progress": "Unpaid work that is to be checked at six, nine or twelve months",
    "backlog": "Hours are owing though the twelve months have passed",
    "first-appointments": "The first appointment is due within five working days of sentence",
    "assessments": "An assessment is due, or late",
    "register-reviews": "A child protection register entry waits for its four-monthly review",
    "deregistration": "A child left the register: the four actions, and what is still owed",
    "placement-reviews": "A placement is to be reviewed",
    "late-recording": "What was recorded later than it happened",
    "exceptions": "What a rule would have refused, and history says happened",
    "holds": "Records that nobody may destroy while a review needs them",
    "dp-breaches": "Data that should have been destroyed, and is still held",
    "monthly-report": "Who stands on the register this month",
    "data-rights": "People who asked about their data and wait for an answer",
    "retention": "Cases whose time to be destroyed has come",
    "data-breaches": "Data breaches that are still to be reported",
    "nominations": "Projects that were proposed and not yet decided",
}


async def home(request: Request) -> Response:
    """GET /?unit="""
    ledger: Ledger = request.app.state.ledger
    session = session_here(request)
    unit = unit_of(request.query_params)
    if session.role not in READERS:
        return page(request, "home.html", {"lists": [], "unit": unit})
    today = london_day(datetime.now(UTC))
    counted = await ledger.worklists_counted(today, unit)
    lists = [
        {
            "name": name,
            "about": ABOUT.get(name, ""),
            "count": counted[name][0],
            "oldest": counted[name][1],
            "age": _age(counted[name][1], today),
            "at": f"/lists/{name}?{urlencode({'unit': unit})}" if unit else f"/lists/{name}",
        }
        for name in WORKLISTS
        if name in counted
    ]
    return page(request, "home.html", {"lists": lists, "unit": unit})


async def listed(request: Request) -> Response:
    """GET /lists/{name}?unit=&as_at=&known_at=&cursor="""
    ledger: Ledger = request.app.state.ledger
    session = session_here(request)
    if session.role not in READERS:
        raise Forbidden(f"Worklists are not read by {session.role}.")
    name, moments, unit = request.path_params["name"], moments_of(request), unit_of(request.query_params)
    found = await ledger.worklist(
        name,
        unit=unit,
        as_at=moments.as_at,
        known_at=moments.known_at,
        cursor=request.query_params.get("cursor", ""),
        most=ROWS,
        reader=reader_here(request),
        withhold=session.role in WITHHELD_FROM,
    )
    worklist = WORKLISTS[name]
    asked = {**moments.asked, **({"unit": unit} if unit else {})}
    more = f"/lists/{name}?{urlencode({**asked, 'cursor': found.next})}" if found.next else None
    shows = {
        "name": name,
        "about": ABOUT.get(name, ""),
        "rows": [_row(row, worklist.names_case, AGGREGATES[worklist.noun].collection) for row in found.items],
        "columns": _columns(found.items, worklist.names_case),
        "moments": moments,
        "unit": unit,
        "next": more,
        "position": found.position,
        "paused": found.paused,
    }
    return page(request, "list.html", shows)


def _row(row: dict[str, Any], names_case: str, collection: str) -> dict[str, Any]:
    case = row.get(names_case)
    return {"cells": row, "at": f"/case/{collection}/{case}" if case else None, "case": str(case or "")[:8]}


def _columns(rows: list[dict[str, Any]], names_case: str) -> list[str]:
    """What the rows say in a few words each; what is longer stands in the case."""
    names = dict.fromkeys(name for row in rows for name in row)
    return [
        name
        for name in names
        if name != names_case
        and not name.endswith(("_id", "_ids", "_ref", "_refs"))
        and not any(isinstance(row.get(name), list | dict) for row in rows)
    ]


def _age(since: date | None, today: date) -> str:
    if since is None:
        return ""
    return duration(today - since) if since <= today else f"in {duration(since - today)}"


PAGES: Final[Pages] = (
    ("/", "GET", signed_in(home)),
    ("/lists/{name}", "GET", signed_in(listed)),
)
