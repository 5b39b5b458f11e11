"""A worklist, page by page, as at any day and as known at any moment, cut down by filters that stand in the address.

Proven by tests/web/test_pages.py and tests/web/test_home.py.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from ledger.aggregates import AGGREGATES
from ledger.aggregates.register_report import MonthlyReportIssued, RegisterListConfirmed
from ledger.aggregates.roles import roles_for
from ledger.api.asking import READERS, WITHHELD_FROM
from ledger.api.filters import DUE, STATES, filters_of
from ledger.api.openapi import kebab
from ledger.api.web.asking import Pages, moments_of, reader_here, session_here, signed_in
from ledger.api.web.home import ABOUT
from ledger.api.web.pages import page
from ledger.api.web.words import MONTHS, words
from ledger.application import Ledger
from ledger.application.forms import may_print
from ledger.errors import Forbidden, NotFound
from ledger.printing.forms import FORMS
from ledger.projections import WORKLISTS
from ledger.rules.dates import london_day

ROWS: Final = 50
# Members of rows that hold a code of a list.
CODED: Final = frozenset({"ground", "flag", "type", "kind", "step"})
REPORT: Final = "monthly-report"


async def listed(request: Request) -> Response:
    """GET /lists/{name}?unit=&person=&due=&state=&as_at=&known_at=&cursor="""
    ledger: Ledger = request.app.state.ledger
    session = session_here(request)
    if session.role not in READERS:
        raise Forbidden(f"Worklists are not read by {session.role}.")
    name, moments, filters = request.path_params["name"], moments_of(request), filters_of(request.query_params)
    worklist = WORKLISTS.get(name)
    day = moments.as_at or london_day(moments.known_at or datetime.now(UTC))
    found = await ledger.worklist(
        name,
        only=filters.only(day, worklist),
        as_at=moments.as_at,
        known_at=moments.known_at,
        cursor=request.query_params.get("cursor", ""),
        most=ROWS,
        reader=reader_here(request),
        withhold=session.role in WITHHELD_FROM,
    )
    worklist = WORKLISTS[name]
    more = f"/lists/{name}?{urlencode({**moments.asked, **filters.asked, 'cursor': found.next})}"
    shows: dict[str, Any] = {
        "name": name,
        "about": ABOUT.get(name, ""),
        "rows": [_row(row, worklist.names_case, AGGREGATES[worklist.noun].collection) for row in found.items],
        "columns": _columns(found.items, worklist.names_case),
        "moments": moments,
        "filters": filters,
        "due": DUE if worklist.due else {},
        "states": STATES.get(name, ("", ()))[1],
        "next": more if found.next else None,
        "position": found.position,
        "paused": found.paused,
        "coded": CODED,
    }
    if name == REPORT:
        return page(request, "monthly-report.html", {**shows, **await _report(request, day)})
    return page(request, "list.html", shows)


async def _report(request: Request, day: date) -> dict[str, Any]:
    """How the report of a day's month stands, and what this role may record of it (CP-50, CP-51)."""
    ledger: Ledger = request.app.state.ledger
    role, month = session_here(request).role, f"{day:%Y-%m}"
    withhold, reader = role in WITHHELD_FROM, reader_here(request)
    try:
        told = await ledger.view("register-report", month, "register-report", withhold=withhold, reader=reader)
    except NotFound:
        told = {}
    report = told if told.get("issued_on") else None
    standing = await ledger.report("register-reports", day, reader=reader)
    acts = (RegisterListConfirmed,) if report else (MonthlyReportIssued,)
    offered = [
        {"says": words(each.command), "at": f"/record/register-reports/{month}/{kebab(each.command)}"}
        for each in acts
        if role in roles_for(each)
    ]
    return {
        "report": report,
        "month": month,
        "printing": may_print(reader, FORMS[REPORT]),
        "month_says": _month(month),
        "months": [{**each, "says": _month(each["month"])} for each in standing["items"]],
        "offered": offered,
    }


def _month(month: str) -> str:
    """January 2026"""
    return f"{MONTHS[int(month[5:]) - 1]} {month[:4]}"


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


PAGES: Final[Pages] = (("/lists/{name}", "GET", signed_in(listed)),)
