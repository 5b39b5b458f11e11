"""Searching for somebody, in the manner of the old screen: number, name, date of birth; warning codes beside each.

What is looked for is personal: it is sent as a form, also for the next page, and never stands in an address.  Whom the
search finds, and who may be found by whom, is the application's to say (ledger.application.searching).

Proven by tests/web/test_search.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ledger.aggregates import AGGREGATES
from ledger.api.web.asking import Pages, form_of, reader_here, session_here, signed_in
from ledger.api.web.pages import page
from ledger.api.web.words import words
from ledger.application import Ledger
from ledger.application.searching import SEARCHERS
from ledger.errors import Forbidden, Malformed
from ledger.searching.finding import ASKED_BY, Found
from ledger.searching.people import FIELDS

AT: Final = "/search"
ROWS: Final = 50
OLD_STAR: Final = "@"  # what the old screen took for whatever follows; a reading: it means the star here, too
# What the codes beside a name mean (CP-37); they are no colours, and no judgement of the person.
MEANS: Final = {
    "RH": "lives with, or is in contact with, a child on the register; not that this person is the risk",
    "CR": "a child at risk, on the register",
    "RA-H": "risk of serious harm assessed high or very high",
    "RA-N": "risk of serious harm not assessed high",
}


async def ask(request: Request) -> Response:
    """GET /search: the form."""
    _admit(request)
    return _page(request, {})


async def search(request: Request) -> Response:
    """POST the same: who was found, and the form as it was filled in."""
    _admit(request)
    ledger: Ledger = request.app.state.ledger
    sent = await form_of(request, AT)
    asked = {name: text for name in ASKED_BY if (text := sent.get(name, "").strip())}
    try:
        found = await ledger.search(
            {name: _with_star(name, text) for name, text in asked.items()},
            reader=reader_here(request),
            cursor=sent.get("cursor", ""),
            most=ROWS,
        )
    except Malformed as wrong:
        return _page(request, asked, wrong=wrong)
    return _page(request, asked, found=found)


def _with_star(name: str, text: str) -> str:
    names = name in ("surname", "forenames") and text.endswith(OLD_STAR)
    return f"{text.removesuffix(OLD_STAR)}*" if names else text


def _admit(request: Request) -> None:
    role = session_here(request).role
    if role not in SEARCHERS:
        raise Forbidden(f"{words(role)} does not search for people: ask for a case by its id.")


def _page(
    request: Request, asked: Mapping[str, str], *, found: Found | None = None, wrong: Malformed | None = None
) -> Response:
    shows = {
        "asked": asked,
        "fields": FIELDS,
        "token": session_here(request).form_token(AT),
        "found": found,
        "rows": [_row(each) for each in found.items] if found else [],
        "means": _meant(found.items) if found else {},
        "wrong": wrong.extra().get("errors", {}) if wrong else {},
        "message": wrong.message if wrong else "",
    }
    return page(request, "search.html", shows, status=wrong.status if wrong else 200)


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with where it leads; of somebody the reader may not read it says so, and leads nowhere."""
    noun = next((each for each in ("offender", "child") if f"{each}_id" in row), None)
    at = f"/case/{AGGREGATES[noun].collection}/{row[f'{noun}_id']}" if noun else None
    return {**row, "at": at, "child": noun == "child"}


def _meant(rows: list[dict[str, Any]]) -> dict[str, str]:
    """The codes that stand on this page, in words."""
    codes = {code.strip() for row in rows for code in str(row.get("warnings", "")).split(",")}
    return {code: says for code, says in MEANS.items() if code in codes}


PAGES: Final[Pages] = (
    (AT, "GET", signed_in(ask)),
    (AT, "POST", signed_in(search)),
)
