"""What every page asks of a request: who is signed in, whether a form is ours, and which two moments it looks at.

Proven by tests/web/test_signing_in.py and tests/web/test_pages.py.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode

from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response

from ledger.access.purposes import Reader, reader
from ledger.api.bodies import arrived
from ledger.api.web.pages import HEADERS, error_page
from ledger.api.web.sessions import Session, Sessions
from ledger.errors import Forbidden, Malformed, UnsupportedMedia
from ledger.reading import a_day, an_instant
from ledger.rules.dates import LONDON

Page = Callable[[Request], Awaitable[Response]]
Pages = tuple[tuple[str, str, Page], ...]  # path, method, page

COOKIE: Final = "ledger_session"
MOST_FIELDS: Final = 1_000
FORM: Final = "application/x-www-form-urlencoded"
TOKEN: Final = "form"  # the hidden field of every form  # noqa: S105 - its name, which is no secret
STALE: Final = "This form is from another session or another site. Open the page again, and send it from there."


async def together(*reading: Awaitable[Any]) -> list[Any]:
    """What all of these come to, in their order.  Raises what the first of them in this order raises, once every one
    has ended: a reading that is refused is evidence, and the others' evidence is sealed too before a page leaves."""
    found = await asyncio.gather(*reading, return_exceptions=True)
    failed = next((each for each in found if isinstance(each, BaseException)), None)
    if failed is not None:
        raise failed
    return found


def signed_in(page: Page) -> Page:
    """Only whoever is signed in gets in; others go to the sign-in page, and come back afterwards."""

    async def answer(request: Request) -> Response:
        session: Session | None = request.state.session
        if session is None:
            query = f"?{request.url.query}" if request.url.query else ""
            back = f"?to={quote(request.url.path + query)}" if request.method == "GET" else ""
            return RedirectResponse(f"/sign-in{back}", 303, HEADERS)
        request.state.role = session.role  # for the log
        return await page(request)

    return guarded(answer)


def guarded(page: Page) -> Page:
    """Whatever goes wrong becomes a page; a form that another site sent is not looked at."""

    async def answer(request: Request) -> Response:
        request.state.session = None
        try:
            if request.method != "GET" and request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
                raise Forbidden(STALE)
            request.state.session = session_of(request)
            return await page(request)
        except ClientDisconnect:  # nobody is there to be told
            return Response(status_code=400)
        except Exception as error:  # whatever it is, a person is told, and the log by `problems.known`
            request.state.problem = getattr(error, "code", "unexpected")
            return error_page(request, error)

    return answer


def session_of(request: Request) -> Session | None:
    """Who is signed in."""
    sessions: Sessions = request.app.state.sessions
    cookie = request.cookies.get(COOKIE)
    return sessions.of(cookie) if cookie else None


def session_here(request: Request) -> Session:
    """Who is signed in, on a page that only they get to."""
    session: Session = request.state.session
    return session


def reader_here(request: Request) -> Reader:
    """As whom a page is read, for the access log."""
    session = session_here(request)
    return reader(session.actor, session.purpose)


async def form_of(request: Request, purpose: str) -> dict[str, str]:
    """The fields of a form of ours, each once.  Raises Forbidden for one that is not ours, Malformed, TooLarge,
    TooSlow, UnsupportedMedia."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise UnsupportedMedia("Send the form as its page has it.")
    body = await arrived(request)
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict", separator="&"
        )
    except ValueError as wrong:
        raise Malformed("The form could not be read. Open its page again.", {"form": "not readable"}) from wrong
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise Malformed("A field of the form came twice. Open its page again.", {"form": "a field twice"})
    session = session_here(request)
    if not session.sent(purpose, fields.pop(TOKEN, "")):
        raise Forbidden(STALE)
    return fields


def from_this_machine(request: Request) -> bool:
    """Whether somebody on this machine asks, at an address that is this machine's: no other site's name leads here."""
    host = request.client.host if request.client else ""
    return _loops_back(host) and (request.url.hostname == "localhost" or _loops_back(request.url.hostname or ""))


def _loops_back(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Moments:
    """The two moments a page looks at: the end of a day, and what was known; None is now."""

    as_at: date | None = None
    known_at: datetime | None = None

    @property
    def now(self) -> bool:
        """Whether the page shows the case as it stands."""
        return self.as_at is None and self.known_at is None

    @property
    def asked(self) -> Mapping[str, str]:
        """As an address has them."""
        given: dict[str, str] = {}
        if self.as_at:
            given["as_at"] = self.as_at.isoformat()
        if self.known_at:
            minute = f"{self.known_at.astimezone(LONDON):%Y-%m-%dT%H:%M}"
            exact = self.known_at.astimezone(UTC).isoformat()  # seconds, and the second hour when the clocks go back
            given["known_at"] = minute if an_instant(minute) == self.known_at else exact.replace("+00:00", "Z")
        return given

    @property
    def clock(self) -> str:
        """`known_at` as a field of a form has it: London's clock, to the second."""
        return f"{self.known_at.astimezone(LONDON):%Y-%m-%dT%H:%M:%S}" if self.known_at else ""

    def at(self, path: str) -> str:
        """A page of the same moments."""
        return f"{path}?{urlencode(self.asked)}" if self.asked else path


def moments_of(request: Request) -> Moments:
    """The moments that an address names; an empty field of a form is none.  Raises Malformed."""
    asked = request.query_params
    try:
        day, instant = asked.get("as_at", ""), asked.get("known_at", "")
        return Moments(a_day(day) if day else None, an_instant(instant) if instant else None)
    except ValueError as wrong:
        raise Malformed(f"Look at a day such as 2026-01-31, and a moment such as 2026-01-31T09:30: {wrong}.") from wrong
