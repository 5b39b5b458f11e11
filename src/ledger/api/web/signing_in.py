"""Signing in and out: by a one-time link of this machine, which `ledger demo` prints for each role.

Proven by tests/web/test_signing_in.py.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ledger.api.web.asking import COOKIE, Pages, form_of, from_this_machine, guarded, session_here, signed_in
from ledger.api.web.pages import HEADERS, page
from ledger.api.web.sessions import LASTING_SECONDS, Links, Sessions
from ledger.errors import Forbidden

USED: Final = "This link has been used, or has expired. Start the demonstration again for a new one."
ELSEWHERE: Final = "A sign-in link works on the machine that made it, at its loopback address, and nowhere else."
_A_PATH: Final = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,2000}")


async def sign_in(request: Request) -> Response:
    """GET /sign-in?to=: how to get in."""
    return page(request, "sign-in.html", {"to": way_on(request.query_params.get("to", ""))})


async def by_link(request: Request) -> Response:
    """GET /sign-in/once/{secret}: in by a link, once."""
    if not from_this_machine(request):
        raise Forbidden(ELSEWHERE)
    links: Links = request.app.state.links
    sessions: Sessions = request.app.state.sessions
    found = links.use(request.path_params["secret"])
    if found is None:
        raise Forbidden(USED)
    _, cookie = sessions.begin(*found)
    answer = RedirectResponse("/", 303, HEADERS)
    answer.set_cookie(
        COOKIE,
        cookie,
        max_age=LASTING_SECONDS,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return answer


async def sign_out(request: Request) -> Response:
    """POST /sign-out"""
    await form_of(request, "sign-out")
    sessions: Sessions = request.app.state.sessions
    sessions.end(session_here(request))
    answer = RedirectResponse("/sign-in", 303, {**HEADERS, "Clear-Site-Data": '"cache", "storage"'})
    answer.delete_cookie(COOKIE, httponly=True, samesite="lax")
    return answer


def way_on(to: str) -> str:
    """Where to go once signed in: a page of ours, or home."""
    return to if _A_PATH.fullmatch(to) else "/"


PAGES: Final[Pages] = (
    ("/sign-in", "GET", guarded(sign_in)),
    ("/sign-in/once/{secret}", "GET", guarded(by_link)),
    ("/sign-out", "POST", signed_in(sign_out)),
)
