"""The HTTP application.

    POST /{collection}/{id}/{command-in-kebab-case}                 a command
    GET  /offenders/{id}/letters/{letter}, …/preview                letters and session sheets (ledger.api.letters)
    GET  /{collection}/{id}/forms/{form}                            the forms of the sources (ledger.api.forms)
    POST /offenders/{id}/export                                     a case as a bundle that verifies without us
    PUT, GET /{collection}/{id}/documents/{doc_id}                  a document (ledger.api.documents)
    GET  /subject-access-request                                    all that is held about a person who asked
    GET  /{collection}/{id}/{view}                                  a view
    GET  /{collection}/{id}/compare                                 what the file said at two moments
    GET  /{collection}/{id}                                         the view that is named as its noun
    GET  /{collection}/{id}/decisions, …/{position}                 decisions and their trails (ledger.api.decisions)
    GET  /worklists/{name}                                          a worklist
    GET  /reports/{name}                                            numbers over the whole caseload, for managers
    POST /offenders/search                                          somebody by number, name or date of birth
    GET  /rules, /events                                            the registries
    GET  /log/..., /access/log/...                                  checkpoints, tiles and proofs (ledger.api.log)
    GET  /access/refusals                                           what was refused
    GET  /problems/{code}, /openapi.json, /docs                     what is told to everybody
    GET  /health/live, /health/ready, /info, /metrics               for those who run it

ROUTES, at the end, says who may ask each; nobody gets past `guarded` otherwise.  Who is shown anything of a case is a
Reader (`reader_of`), whom the ledger seals in the access log first.

The routes of commands and views are two patterns, not hundreds of routes: the registries of ledger.aggregates and
ledger.projections are the routing table, and the OpenAPI page is printed from them.

Proven by tests/api/.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any, Final

from fastapi import FastAPI
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Match, Route

from ledger.access import PAGE as ACCESS_PAGE
from ledger.aggregates.roles import ROLES, SENIOR_OR_ABOVE
from ledger.api import (
    decisions,
    documents,
    exporting,
    forms,
    letters,
    log,
    openapi,
    readings,
    searching,
    subject_access,
)
from ledger.api.asking import (
    AUDITORS,
    LARGEST_POSITION,
    OPEN,
    READERS,
    WITHHELD_FROM,
    Endpoint,
    Routes,
    Who,
    actor_of,
    aggregate_of,
    asked_of,
    bearer_of,
    cursor_of,
    day_asked,
    instant_asked,
    json,
    key_of,
    limit_of,
    number,
    reader_of,
)
from ledger.api.bodies import body_of, fields_of
from ledger.api.filters import FIELDS, filters_of
from ledger.api.long_lists import FACTS, LISTS, page_of
from ledger.api.metrics import MEDIA_TYPE as METRICS_TYPE
from ledger.api.operating import Observed, Operating
from ledger.api.problems import of_any
from ledger.api.tokens import Tokens
from ledger.api.web import add_pages
from ledger.api.web.pages import by_browser, error_page
from ledger.api.web.sessions import Links
from ledger.application import Ledger
from ledger.commands import Command
from ledger.errors import (
    Forbidden,
    Malformed,
    MethodNotAllowed,
    NotFound,
    Unexpected,
)
from ledger.following.lists import LONGEST_PAGE, PAGE
from ledger.projections import WORKLISTS
from ledger.reading import a_day, an_instant
from ledger.rules.dates import london_day
from ledger.settings import Settings

# How much is done, and when, is nobody's business outside; and behind a proxy of this machine everybody seems local.
WATCHERS: Final = frozenset({"administrator"})
ANY_ROLE: Final = frozenset(ROLES)
BY_COMMAND: Final = ANY_ROLE  # each command has its own (events.md, Who): what is refused is told to the access log


def create_app(open_ledger: Callable[[], Awaitable[Ledger]], settings: Settings | None = None) -> FastAPI:
    """The application around the ledger that `open_ledger` opens when it starts and that closes with it."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        ledger = await open_ledger()
        app.state.ledger = ledger
        app.state.tokens = Tokens.of(ledger.store.origin, ledger.store.home)
        try:
            async with ledger.followed(), ledger.searched():
                yield
        finally:
            await ledger.close()

    return build(lifespan, settings)


def build(
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None,
    settings: Settings | None = None,
    links: Links | None = None,
) -> FastAPI:
    """The routes, before there is a ledger behind them.  `links`: by which somebody may sign in."""
    app = FastAPI(title="Case ledger", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    add_pages(app, links or Links(), settings or Settings())
    for path, method, who, endpoint in ROUTES:
        app.router.routes.append(Route(path, guarded(endpoint, path, who), methods=[method]))
    app.router.redirect_slashes = False
    app.state.operating = Operating(settings or Settings())
    app.state.shown = log.Shown()
    app.add_middleware(Observed, operating=app.state.operating)
    app.add_exception_handler(404, _no_such_page)
    app.add_exception_handler(405, _no_such_method)
    return app


def guarded(endpoint: Endpoint, path: str, who: Who) -> Endpoint:
    """Only those get in who may; whatever goes wrong inside becomes a problem document."""

    async def answer(request: Request) -> Response:
        request.state.route = path  # for the log
        try:
            admit(request, who)
            return await endpoint(request)
        except ClientDisconnect:  # nobody is there to be told
            return Response(status_code=400)
        except Exception as error:  # whatever it is, the caller is told, and the log by `problems.known`
            request.state.problem = getattr(error, "code", Unexpected.code)
            return of_any(error)

    return answer


async def _no_such_page(request: Request, error: Exception) -> Response:
    missing = NotFound(f"There is nothing at {request.method} {request.url.path[:200]}. GET /docs lists what there is.")
    return error_page(request, missing) if by_browser(request) else of_any(missing)


async def _no_such_method(request: Request, error: Exception) -> Response:
    routes = [each for each in request.app.router.routes if isinstance(each, Route)]
    matching = [each for each in routes if each.matches(request.scope)[0] is not Match.NONE]
    request.state.route = matching[0].path
    allowed = sorted({method for each in matching for method in each.methods or ()})
    return of_any(MethodNotAllowed(f"Here are known: {', '.join(allowed)}.", allowed))


# ------------------------------------------------------------------------------------ who asks


def admit(request: Request, who: Who) -> None:
    """Let in those who may ask; where every role may, nobody has to name one.  Raises Unauthenticated, Forbidden."""
    if who == ANY_ROLE:
        bearer_of(request)
    elif who is not None:
        role = actor_of(request).role
        if role not in who:
            raise Forbidden(f"This is read by {', '.join(sorted(who))}; not by {role}.")


# ------------------------------------------------------------------------------------ commands


async def command(request: Request) -> Response:
    """POST /{collection}/{id}/{command}: 201 with a receipt, 200 with the same one for a repeated request."""
    ledger: Ledger = request.app.state.ledger
    operating: Operating = request.app.state.operating
    asked = await command_of(request)
    with operating.one_command():
        acknowledged = await ledger.execute(asked)
    status = 200 if acknowledged.repeated else 201
    return json(acknowledged.body, status, {"ETag": f'"{acknowledged.version}"'})


async def command_of(request: Request) -> Command:
    """The command of a request: its token, address, headers and body, each read strictly."""
    actor = actor_of(request)
    given = request.path_params
    aggregate = aggregate_of(request)
    headers = request.headers
    asked_of(request, set())
    return Command(
        name=openapi.command_named(given["name"]),
        noun=aggregate.noun,
        id=given["id"],
        data=fields_of(await body_of(request)),
        actor=actor,
        key=key_of(headers.get("idempotency-key")),
        effective=headers.get("ledger-effective"),
        if_match=_version(headers.get("if-match")),
        seen=_seen(headers.get("ledger-seen")),
    )


def _version(text: str | None) -> int | None:
    if text is None:
        return None
    found = re.fullmatch(r'"(\d{1,15})"', text.strip())
    if found is None:
        raise Malformed('If-Match: the version in double quotes, such as "12".', {"If-Match": "not a version"})
    return int(found[1])


def _seen(text: str | None) -> dict[str, Any] | None:
    """`4711; as_at=2025-04-07; known_at=2025-04-07T16:30:00Z`: the screen the author decided from."""
    if text is None:
        return None
    position, *rest = (part.strip() for part in text.split(";"))
    seen: dict[str, Any] = {}
    try:
        if not re.fullmatch("0|[1-9][0-9]{0,14}", position):
            raise ValueError(position)
        for part in rest:
            name, _, value = part.partition("=")
            if name in seen or name not in ("as_at", "known_at"):
                raise ValueError(name)
            seen[name] = _sealed(a_day(value) if name == "as_at" else an_instant(value))
    except ValueError as wrong:
        example = "4711; as_at=2025-04-07; known_at=2025-04-07T16:30:00Z"
        raise Malformed(f"Ledger-Seen: such as {example}", {"Ledger-Seen": "not a screen"}) from wrong
    return {"position": int(position), **seen}


def _sealed(when: date | datetime) -> str:
    """As it will stand in an entry."""
    return when.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if isinstance(when, datetime) else when.isoformat()


# ------------------------------------------------------------------------------------ views


async def view(request: Request) -> Response:
    """GET /{collection}/{id}/{view}?as_at=&known_at=&explain=true&clock=source&edition=[&cursor=&limit=]"""
    ledger: Ledger = request.app.state.ledger
    given = request.path_params
    aggregate = aggregate_of(request)
    name = given.get("name", aggregate.noun)
    long = LISTS.get((aggregate.noun, name))
    pages = {"cursor", "limit"} if long else set[str]()
    asked = asked_of(request, {"as_at", "known_at", "explain", "clock", "edition"} | pages)
    after, most = cursor_of(asked), limit_of(asked, FACTS, FACTS)
    answer = await ledger.view(
        aggregate.noun,
        given["id"],
        name,
        as_at=day_asked(asked["as_at"]) if "as_at" in asked else None,
        known_at=instant_asked(asked["known_at"]) if "known_at" in asked else None,
        explain=_flag(asked.get("explain", "false")),
        withhold=request.state.role in WITHHELD_FROM,
        clock=_clock(asked.get("clock", "ledger")),
        reader=reader_of(request),
        edition=asked.get("edition"),
    )
    return json(page_of(answer, long, after, most) if long else answer)


async def compared(request: Request) -> Response:
    """GET /{collection}/{id}/compare?known_at=&with=&as_at=&clock=source&edition="""
    ledger: Ledger = request.app.state.ledger
    asked = asked_of(request, {"known_at", "with", "as_at", "clock", "edition"})
    if "known_at" not in asked:
        raise Malformed("known_at: the moment that is compared with another.", {"known_at": "must be given"})
    answer = await ledger.compare(
        aggregate_of(request).noun,
        request.path_params["id"],
        known_at=instant_asked(asked["known_at"]),
        with_=instant_asked(asked["with"], "with") if "with" in asked else None,
        as_at=day_asked(asked["as_at"]) if "as_at" in asked else None,
        withhold=request.state.role in WITHHELD_FROM,
        clock=_clock(asked.get("clock", "ledger")),
        reader=reader_of(request),
        edition=asked.get("edition"),
    )
    return json(answer)


async def worklist(request: Request) -> Response:
    """GET /worklists/{name}?unit=&person=&due=&state=&as_at=&known_at=&after=&cursor=&limit="""
    ledger: Ledger = request.app.state.ledger
    name = request.path_params["name"]
    asked = asked_of(request, {*FIELDS, "as_at", "known_at", "after", "cursor", "limit"})
    as_at = day_asked(asked["as_at"]) if "as_at" in asked else None
    known_at = instant_asked(asked["known_at"]) if "known_at" in asked else None
    day = as_at or london_day(known_at or datetime.now(UTC))
    found = await ledger.worklist(
        name,
        only=filters_of(asked).only(day, WORKLISTS.get(name)),
        as_at=as_at,
        known_at=known_at,
        after=number("after", asked.get("after", "0"), LARGEST_POSITION),
        cursor=asked.get("cursor", ""),
        most=limit_of(asked, PAGE, LONGEST_PAGE),
        reader=reader_of(request),
        withhold=request.state.role in WITHHELD_FROM,
    )
    return json({"items": found.items, "next": found.next, "position": found.position, "paused": found.paused})


async def report(request: Request) -> Response:
    """GET /reports/{name}?as_at="""
    ledger: Ledger = request.app.state.ledger
    asked = asked_of(request, {"as_at"})
    day = day_asked(asked["as_at"]) if "as_at" in asked else None
    return json(await ledger.report(request.path_params["name"], day, reader=reader_of(request)))


def _clock(text: str) -> str:
    if text not in ("ledger", "source"):
        raise Malformed("clock: ledger, or source for what another system knew.", {"clock": "ledger or source"})
    return text


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise Malformed("explain: true or false.", {"explain": "true or false"})
    return text == "true"


# ------------------------------------------------------------------------------------ everything else


async def refusals(request: Request) -> Response:
    """GET /access/refusals?to=offender/019a…&cursor=&limit="""
    ledger: Ledger = request.app.state.ledger
    asked = asked_of(request, {"to", "cursor", "limit"})
    most = limit_of(asked, ACCESS_PAGE, ACCESS_PAGE)
    items, after = await ledger.refusals(asked.get("to"), cursor_of(asked), most=most, reader=reader_of(request))
    return json({"items": items, "next": None if after is None else str(after)})


async def live(request: Request) -> Response:
    """The process answers."""
    return json({"status": "UP"})


async def ready(request: Request) -> Response:
    """The database and the vault answer, and this process is not on its way out."""
    ledger: Ledger = request.app.state.ledger
    operating: Operating = request.app.state.operating
    state = await ledger.ready()
    if operating.stopping:
        state["status"] = "OUT_OF_SERVICE"
    return json(state, 200 if state["status"] == "UP" else 503)


async def info(request: Request) -> Response:
    """What is running here."""
    operating: Operating = request.app.state.operating
    return json(await operating.info(request.app.state.ledger))


async def metrics(request: Request) -> Response:
    """Numbers for Prometheus."""
    operating: Operating = request.app.state.operating
    text = await operating.measured(request.app.state.ledger)
    return Response(text, headers={"Cache-Control": "no-store"}, media_type=METRICS_TYPE)


async def rules(request: Request) -> Response:
    """GET /rules?as_at="""
    asked = asked_of(request, {"as_at"})
    if "as_at" not in asked:
        return json({"items": openapi.rules_listed(), "next": None})
    ledger: Ledger = request.app.state.ledger
    return json({"items": openapi.rules_as_at(await ledger.policy(), day_asked(asked["as_at"])), "next": None})


async def events(request: Request) -> Response:
    """Every fact with its command and fields."""
    return json({"items": openapi.events_listed(), "next": None})


async def meaning(request: Request) -> Response:
    """What a problem's type means: its address is the type itself."""
    code = request.path_params["code"]
    found = next((each for each in openapi.errors_listed() if each["code"] == code), None)
    if found is None:
        raise NotFound(f"There is no problem {code[:40]!r}.")
    return json(found)


async def description(request: Request) -> Response:
    """The OpenAPI document."""
    return json(openapi.document())


async def docs(request: Request) -> Response:
    """The same as a page for people."""
    return HTMLResponse(openapi.page())


ROUTES: Final[Routes] = (
    ("/health/live", "GET", OPEN, live),
    ("/health/ready", "GET", OPEN, ready),
    ("/info", "GET", OPEN, info),
    ("/metrics", "GET", WATCHERS, metrics),
    ("/openapi.json", "GET", OPEN, description),
    ("/docs", "GET", OPEN, docs),
    ("/problems/{code}", "GET", OPEN, meaning),
    ("/rules", "GET", ANY_ROLE, rules),
    ("/events", "GET", ANY_ROLE, events),
    *log.ROUTES,
    ("/access/refusals", "GET", AUDITORS, refusals),
    ("/worklists/{name}", "GET", READERS, worklist),
    ("/reports/{name}", "GET", SENIOR_OR_ABOVE, report),
    *exporting.ROUTES,
    *subject_access.ROUTES,
    *searching.ROUTES,
    *documents.ROUTES,
    *letters.ROUTES,
    *forms.ROUTES,
    ("/{collection}/{id}/{name}", "POST", BY_COMMAND, command),
    *decisions.ROUTES,
    *readings.ROUTES,
    ("/{collection}/{id}/compare", "GET", READERS, compared),
    ("/{collection}/{id}/{name}", "GET", READERS, view),
    ("/{collection}/{id}", "GET", READERS, view),
)
