"""What every page of a case has: who it is, its tabs, its moments, and how its statuses are explained.

    found = await frame(request, "enforcement", view_of(...))      -> Frame, and what else was read
    return framed(request, found, "case.html", {"shown": shown})

The head and the facts' moments are read beside whatever the page itself reads, as the same reader; the head is sealed
in the access log as a reading of its own, the moments with it: they are of the same case and say less.

Proven by tests/web/test_case.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ledger.aggregates import COLLECTIONS
from ledger.aggregates.aggregate import Aggregate
from ledger.api.asking import AUDITORS, READERS, WITHHELD_FROM
from ledger.api.readings import ANSWERS_THE_PERSON
from ledger.api.web.asking import Moments, moments_of, reader_here, session_here, together
from ledger.api.web.machine import machine
from ledger.api.web.pages import page
from ledger.api.web.why import reasons
from ledger.api.web.words import words
from ledger.application import Ledger
from ledger.application.asking import Asked
from ledger.errors import Forbidden, NotFound
from ledger.projections import VIEWS, View, moments

HEAD: Final = "person"
PERSONS: Final = "offenders"
# The tabs of a person's case, in the order in which it is read; another view is a tab by being one.
FIRST: Final = ("chronology", "enforcement", "progress", "register", "child", "client-details", "allocation")
TITLES: Final = {
    "chronology": "Timeline",
    "oversight": "Reviews and holds",
    "data-rights": "Data",
    "who-knew": "Who knew what",
}
BESIDE_VIEWS: Final = ("people", "documents")  # pages of a person that are made of several views
DECISIONS: Final = "decisions"
FLAGS: Final = {"RH": "Lives with or sees a child on the register", "RA-H": "Risk assessed as high"}


@dataclass(frozen=True, slots=True)
class Frame:
    """The frame of a page of a case.  `head`: view `person`, None for what is no person; `facts`: by position."""

    aggregate: Aggregate
    id: str
    tab: str
    moments: Moments
    head: dict[str, Any] | None
    facts: Mapping[int, dict[str, Any]]

    @property
    def at(self) -> str:
        return f"/case/{self.aggregate.collection}/{self.id}"


def aggregate_here(request: Request) -> Aggregate:
    """The noun of an address (a person's, where it is for persons alone), for whoever may read cases.

    Raises Forbidden, NotFound.
    """
    session = session_here(request)
    if session.role not in READERS:
        raise Forbidden(f"Cases are not read by {session.role}.")
    found = COLLECTIONS.get(request.path_params.get("collection", PERSONS))
    if found is None:
        raise NotFound("There is no such kind of case.")
    if not tabs_of(found.noun):
        raise NotFound(f"A {found.noun} has no page.")
    return found


def tabs_of(noun: str) -> list[str]:
    """The views of a noun that are pages, in order: what is called as itself, then FIRST."""
    names = [each.name for each in VIEWS if each.noun == noun and each.name != HEAD]
    order = (noun, *FIRST)
    return sorted(names, key=lambda name: order.index(name) if name in order else len(order))


async def frame(
    request: Request, tab: str, *reading: Awaitable[dict[str, Any]], when: Moments | None = None
) -> tuple[Frame, list[dict[str, Any]]]:
    """The frame, and what was read beside it, in turn.  `when`: another moment than the address names.

    Raises as Ledger.view.
    """
    aggregate, when = aggregate_here(request), when or moments_of(request)
    id_ = request.path_params["id"]
    person = aggregate.noun == "offender"
    head = [view(request, aggregate.noun, id_, HEAD, when)] if person else []
    read, known = await together(together(*head, *reading), _moments(request, aggregate.noun, id_))
    told: dict[str, Any] | None = read.pop(0) if person else None
    return Frame(aggregate, id_, tab, when, told, known), read


def framed(request: Request, found: Frame, template: str, shows: Mapping[str, Any]) -> Response:
    """The page."""
    tabs = [
        {"title": title_of(each), "at": found.moments.at(f"{found.at}/{each}"), "here": each == found.tab}
        for each in (*tabs_of(found.aggregate.noun), *(BESIDE_VIEWS if found.head else ()), DECISIONS)
    ]
    if session_here(request).role in AUDITORS | ANSWERS_THE_PERSON:
        at = f"/audit/readings/{found.aggregate.collection}/{found.id}"
        tabs.append({"title": "Who read it", "at": at, "here": False})
    given = {
        "noun": found.aggregate.noun,
        "id": found.id,
        "at": found.at,
        "tab": found.tab,
        "title": title_of(found.tab),
        "tabs": tabs,
        "head": found.head,
        "flags": FLAGS,
        "moments": found.moments,
        "machine_of": machine(found.facts.values(), found.moments, f"{found.at}/{found.tab}"),
        "reasons": reasons(found.facts, found.at if found.head else None, found.moments),
        **shows,
    }
    return page(request, template, given)


def title_of(tab: str) -> str:
    """What a tab is called."""
    return TITLES.get(tab, words(tab))


async def view(request: Request, noun: str, id: str, name: str, when: Moments) -> dict[str, Any]:  # noqa: A002
    """A view, explained, as whoever is signed in may see it.  Raises as Ledger.view."""
    ledger: Ledger = request.app.state.ledger
    return await ledger.view(
        noun,
        id,
        name,
        as_at=when.as_at,
        known_at=when.known_at,
        explain=True,
        withhold=withheld(request),
        reader=reader_here(request),
    )


async def _moments(request: Request, noun: str, id_: str) -> dict[int, dict[str, Any]]:
    """The facts by position; nothing is told of one whose case is closed to the reader."""
    ledger: Ledger = request.app.state.ledger
    asked = Asked(noun, id_, withhold=withheld(request), reader=reader_here(request))
    _, told = await ledger.shown(View("moments", noun, moments.view, {}), asked)
    return {each["position"]: each for each in told["events"] if "position" in each}


def withheld(request: Request) -> bool:
    """Whether whoever is signed in reads states and dates only."""
    return session_here(request).role in WITHHELD_FROM
