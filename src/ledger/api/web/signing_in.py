"""Signing in and out: by the issuer that settings name, or by a one-time link of this machine; and in which role.

    GET  /sign-in?to=           how to get in           GET  /sign-in/start?to=   to the issuer (ledger.api.web.openid)
    GET  /sign-in/back          from the issuer         GET  /sign-in/once/…      by a link that `ledger demo` printed
    GET, POST /sign-in/role     in which role somebody acts, and what for         POST /sign-out

Whoever holds several roles chooses one before they go on, and may change it on any page: each change is a new session.
What a role reads for stands in the access log with every reading; whoever reads for something else says so here, as a
program does in its header Ledger-Purpose.

Proven by tests/web/test_signing_in.py and tests/web/test_openid.py.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ledger.access.purposes import PURPOSES, default_of
from ledger.api.tokens import Bearer
from ledger.api.web.asking import COOKIE, Pages, form_of, from_this_machine, guarded, session_here, signed_in
from ledger.api.web.openid import UNDER_WAY_SECONDS, Issuer
from ledger.api.web.pages import HEADERS, page
from ledger.api.web.sessions import LASTING_SECONDS, Links, Session, Sessions
from ledger.errors import Forbidden, Malformed, NotFound

UNDER_WAY: Final = "ledger_signing_in"  # the cookie of a browser that is at the issuer
USED: Final = "This link has been used, or has expired. Start the demonstration again for a new one."
ELSEWHERE: Final = "A sign-in link works on the machine that made it, at its loopback address, and nowhere else."
NO_ISSUER: Final = "No service is named that says who people are (LEDGER_OIDC_ISSUER)."
_A_PATH: Final = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,2000}")


async def sign_in(request: Request) -> Response:
    """GET /sign-in?to=: how to get in."""
    shows = {"to": way_on(request.query_params.get("to", "")), "issuer": _issuer(request) is not None}
    return page(request, "sign-in.html", shows)


async def start(request: Request) -> Response:
    """GET /sign-in/start?to=: to the issuer."""
    address, cookie = await _required_issuer(request).begin(way_on(request.query_params.get("to", "")))
    answer = RedirectResponse(address, 303, HEADERS)
    _give(request, answer, UNDER_WAY, cookie, UNDER_WAY_SECONDS)
    return answer


async def back(request: Request) -> Response:
    """GET /sign-in/back: from the issuer, with its answer."""
    cookie = request.cookies.get(UNDER_WAY, "")
    known = await _required_issuer(request).finish(cookie, request.query_params)
    to = known.to if len(known.bearer.roles) == 1 else f"/sign-in/role?to={quote(known.to)}"
    answer = _signed_in(request, known.bearer, known.bearer.roles[0], to, hint=known.hint)
    answer.delete_cookie(UNDER_WAY, httponly=True, samesite="lax")
    return answer


async def by_link(request: Request) -> Response:
    """GET /sign-in/once/{secret}: in by a link, once."""
    if not from_this_machine(request):
        raise Forbidden(ELSEWHERE)
    links: Links = request.app.state.links
    found = links.use(request.path_params["secret"])
    if found is None:
        raise Forbidden(USED)
    return _signed_in(request, *found, "/")


async def choose(request: Request) -> Response:
    """GET /sign-in/role?to=: in which role, and what for."""
    session = session_here(request)
    shows = {
        "roles": session.bearer.roles,
        "purposes": PURPOSES.values(),
        "purpose": session.purpose or "",
        "usual": PURPOSES[default_of(session.role)].meaning,
        "to": way_on(request.query_params.get("to", "")),
        "form": session.form_token(request.url.path),
    }
    return page(request, "role.html", shows)


async def chosen(request: Request) -> Response:
    """POST /sign-in/role: from now on in this role, under a new name."""
    sent = await form_of(request, request.url.path)
    session = session_here(request)
    purpose = sent.get("purpose") or None
    if purpose is not None and purpose not in PURPOSES:
        raise Malformed("Choose one of the purposes of the list.", {"purpose": "not a purpose of a reading"})
    role = sent.get("role", session.role)
    return _signed_in(request, session.bearer, role, way_on(sent.get("to", "")), purpose=purpose, hint=session.hint)


async def sign_out(request: Request) -> Response:
    """POST /sign-out: out here; and at the issuer, where somebody came in by one that knows how to."""
    await form_of(request, "sign-out")
    session, issuer = session_here(request), _issuer(request)
    sessions: Sessions = request.app.state.sessions
    sessions.end(session)
    headers = {**HEADERS, "Clear-Site-Data": '"cache", "storage"'}
    leaving = issuer.leaving(session.hint) if issuer and session.hint else None
    answer: Response = RedirectResponse("/sign-in", 303, headers)
    if leaving:
        # A page that goes on by itself: a form's own redirect to another site is what the policy of our pages forbids.
        request.state.session = None
        answer = page(request, "signed-out.html", {"leaving": leaving}, headers=headers)
    answer.delete_cookie(COOKIE, httponly=True, samesite="lax")
    return answer


def way_on(to: str) -> str:
    """Where to go once signed in: a page of ours, or home."""
    return to if _A_PATH.fullmatch(to) else "/"


# ------------------------------------------------------------------------------------ parts


def _signed_in(
    request: Request, bearer: Bearer, role: str, to: str, *, purpose: str | None = None, hint: str = ""
) -> Response:
    """A new session, and the way on; whoever was signed in at this browser no longer is.  Raises Forbidden."""
    sessions: Sessions = request.app.state.sessions
    before: Session | None = request.state.session
    session, cookie = sessions.begin(bearer, role)
    session.purpose, session.hint = purpose, hint
    if before is not None:
        session.began = before.began if before.bearer == bearer else session.began  # a change of role lengthens nothing
        sessions.end(before)
    answer = RedirectResponse(to, 303, HEADERS)
    _give(request, answer, COOKIE, cookie, LASTING_SECONDS)
    return answer


def _give(request: Request, answer: Response, name: str, value: str, seconds: int) -> None:
    """A cookie that no script reads and no other site sends; only over TLS where the pages are reached so."""
    issuer = _issuer(request)
    secure = request.url.scheme == "https" or (issuer is not None and issuer.here.startswith("https://"))
    answer.set_cookie(name, value, max_age=seconds, httponly=True, samesite="lax", secure=secure)


def _issuer(request: Request) -> Issuer | None:
    found: Issuer | None = request.app.state.issuer
    return found


def _required_issuer(request: Request) -> Issuer:
    found = _issuer(request)
    if found is None:
        raise NotFound(NO_ISSUER)
    return found


PAGES: Final[Pages] = (
    ("/sign-in", "GET", guarded(sign_in)),
    ("/sign-in/start", "GET", guarded(start)),
    ("/sign-in/back", "GET", guarded(back)),
    ("/sign-in/once/{secret}", "GET", guarded(by_link)),
    ("/sign-in/role", "GET", signed_in(choose)),
    ("/sign-in/role", "POST", signed_in(chosen)),
    ("/sign-out", "POST", signed_in(sign_out)),
)
