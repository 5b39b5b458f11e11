"""The same ledger for people: server-rendered pages in the design of GOV.UK Frontend and the Ministry of Justice.

    signing_in    in by an issuer (openid) or a one-time link, in which role, and out
    home    what is due, the worklists; lists: one of them
    filters, week  what home and lists are cut down to, and what is due this week
    attendance, came   a project day's people on one page, and what of them is recorded
    search        somebody found by number, name or date of birth
    case          a case, tab by tab, at any two moments    compare  two moments of it side by side
    stages        steps of a course with their days and states; matters, conferences  those of a child protection matter
    decisions     what was decided, and what it rested on    people   who and which papers belong to it
    papers        what leaves it as a file
    frame         what each of its pages has: head, tabs, moments (machine), reasons (why)
    doing         what may be recorded, and the receipt    fields  a command's fields as a form
    audit         how the logs are vouched for, refusals, readings, late recording
    facts, steps  a receipt looked up, and its proof step by step
    bundles       a bundle verified step by step                    uploads  a form with a file in it
    rulebook      rules, editions, and what another one would have said
    asking        who is signed in, whose form it is, which moments
    sessions      who is signed in, and links        pages   a template as an answer, errors as pages
    words, layout, plots  how values are said, laid out and drawn      assets, static_files   what pages are drawn with

A page asks the application what the JSON routes ask it, as the same reader: nothing is shown here that they would not
show, and each showing is sealed in the access log.  Every page works without a script.  Proven by tests/web/.
"""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ledger.api.web import (
    attendance,
    audit,
    bundles,
    case,
    compare,
    decisions,
    doing,
    facts,
    home,
    lists,
    papers,
    people,
    rulebook,
    search,
    signing_in,
    static_files,
)
from ledger.api.web.asking import Page
from ledger.api.web.openid import Issuer
from ledger.api.web.sessions import Links, Sessions
from ledger.settings import Settings

PAGES: Final = (
    *signing_in.PAGES,
    *home.PAGES,
    *lists.PAGES,
    *search.PAGES,
    *compare.PAGES,
    *papers.PAGES,
    *decisions.PAGES,
    *people.PAGES,
    *attendance.PAGES,
    *case.PAGES,
    *doing.PAGES,
    *audit.PAGES,
    *facts.PAGES,
    *bundles.PAGES,
    *rulebook.PAGES,
    *static_files.PAGES,
)


def add_pages(app: FastAPI, links: Links, settings: Settings) -> None:
    """The pages, before any route with a pattern that would take their addresses."""
    app.state.sessions = Sessions()
    app.state.links = links
    app.state.what_ifs = rulebook.Jobs()
    app.state.bundles = asyncio.Semaphore(bundles.AT_ONCE)
    app.state.issuer = Issuer(settings) if settings.oidc_issuer else None
    for path, method, page in PAGES:
        app.router.routes.append(Route(path, _named(path, page), methods=[method]))


def _named(path: str, page: Page) -> Page:
    """The page, with its pattern for the log: an address may hold an id."""

    async def answer(request: Request) -> Response:
        request.state.route = path
        return await page(request)

    return answer
