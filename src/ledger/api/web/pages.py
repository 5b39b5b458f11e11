"""A page: a template with what it shows, the headers that keep it apart from everything else, and a page for errors.

No page runs a script or a style that is not a file of ours, is framed, or is kept by a browser after somebody signed
out.  Templates escape whatever they are given.  Proven by tests/web/test_pages.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from typing import Any, Final

from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader
from starlette.requests import Request
from starlette.responses import Response

from ledger.aggregates.offender.facts import SessionAttended
from ledger.aggregates.roles import roles_for
from ledger.api import problems
from ledger.api.asking import AUDITORS
from ledger.api.readings import ANSWERS_THE_PERSON
from ledger.api.web import layout, words
from ledger.api.web.assets import OURS, STATIC
from ledger.api.web.sessions import Session
from ledger.application.searching import SEARCHERS
from ledger.errors import Unavailable
from ledger.logs import REQUEST
from ledger.transparency.note import encode_base64

POLICY: Final = "; ".join(
    (
        *("default-src 'none'", "style-src 'self'", "script-src 'self'", "img-src 'self'", "form-action 'self'"),
        *("base-uri 'none'", "frame-ancestors 'none'"),
    )
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@cache
def environment() -> Environment:
    """The templates, ours and GOV.UK Frontend's."""
    made = Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=ChoiceLoader(
            [
                PackageLoader("ledger.api.web"),
                PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}),
            ]
        ),
    )
    filters: dict[str, Any] = {
        **{"words": words.words, "shown": words.shown, "minutes": words.minutes},
        "page_of": layout.page_of,
        "address": words.address,
        "base64": encode_base64,
    }
    made.filters.update(filters)
    tests: dict[str, Any] = {
        "id": words.is_id,
        "state": words.is_state,
        "rows": layout.is_rows,
        "grid": layout.is_grid,
        "parts": layout.is_parts,
    }
    made.tests.update(tests)
    named: dict[str, Any] = {
        "asset": asset,
        "searchers": SEARCHERS,
        "supervising": roles_for(SessionAttended),
        "auditing": AUDITORS | ANSWERS_THE_PERSON,
    }
    made.globals.update(named)
    return made


@cache
def asset(name: str) -> str:
    """The address of a file of static/, with what it holds in it: a browser may keep it for ever."""
    file = next((each / name for each in (OURS, STATIC) if (each / name).exists()), None)
    return f"/assets/{name}?v={sha256(file.read_bytes()).hexdigest()[:12]}" if file else f"/assets/{name}"


def page(
    request: Request,
    template: str,
    shows: Mapping[str, Any],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A template as an answer.  `session` and `path` are given to every one."""
    session: Session | None = getattr(request.state, "session", None)
    given = {"session": session, "path": request.url.path, **shows}
    text = environment().get_template(template).render(given)
    return Response(text, status, {**HEADERS, **(headers or {})}, "text/html; charset=utf-8")


def error_page(request: Request, error: Exception) -> Response:
    """Whatever went wrong, as a page in the same design: what it is, its rule, and a way on."""
    known = problems.known(error)
    headers = {"Retry-After": str(known.retry_after)} if isinstance(known, Unavailable) else {}
    shows = {
        "title": known.title,
        "says": known.message,
        "message": known.extra().get("message", ""),  # what a rule of access says to whom it keeps out
        "refusals": known.extra().get("refusals", ()),
        "code": known.code,
        "reference": REQUEST.get(),
    }
    return page(request, "error.html", shows, status=known.status, headers=headers)


def by_browser(request: Request) -> bool:
    """Whether a person at a browser asks, and not a program."""
    return "text/html" in request.headers.get("accept", "")
