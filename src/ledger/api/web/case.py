"""A case: its head, a tab for each view, and the time machine on every one of them.

Every tab is read twice, its head and itself, and each reading is sealed in the access log before the page leaves.

Proven by tests/web/test_pages.py.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ledger.aggregates import COLLECTIONS
from ledger.api.asking import READERS, WITHHELD_FROM
from ledger.api.web.asking import Moments, Pages, moments_of, reader_here, session_here, signed_in
from ledger.api.web.pages import page
from ledger.api.web.plots import hours
from ledger.application import Ledger
from ledger.errors import Forbidden, NotFound
from ledger.projections import VIEWS

HEAD: Final = "person"
FACTS: Final = 200  # of a timeline on one page
# The tabs of a person's case, in the order in which it is read; another view is a tab by being one.
FIRST: Final = ("chronology", "enforcement", "progress", "register", "allocation")
TITLES: Final = {
    "chronology": "Timeline",
    "oversight": "Reviews and holds",
    "data-rights": "Data",
    "outlook": "Outlook",
}
OWN: Final = {"chronology": "timeline.html", "progress": "progress.html"}  # templates of their own


async def case(request: Request) -> Response:
    """GET /case/{collection}/{id}[/{tab}]?as_at=&known_at=&explain=true"""
    session = session_here(request)
    if session.role not in READERS:
        raise Forbidden(f"Cases are not read by {session.role}.")
    aggregate = COLLECTIONS.get(request.path_params["collection"])
    if aggregate is None:
        raise NotFound("There is no such kind of case.")
    names = _tabs(aggregate.noun)
    if not names:
        raise NotFound(f"A {aggregate.noun} has no page.")
    name = request.path_params.get("tab", names[0])
    if name not in names:
        raise NotFound(f"A {aggregate.noun} has no page {name[:40]!r}.")
    moments, id_ = moments_of(request), request.path_params["id"]
    explain = request.query_params.get("explain") == "true"
    asked = [_view(request, aggregate.noun, id_, name, moments, explain=explain)]
    if aggregate.noun == "offender":
        asked.append(_view(request, aggregate.noun, id_, HEAD, moments))
        if name == "progress":
            asked.append(_view(request, aggregate.noun, id_, "outlook", moments))
    shown, *others = await asyncio.gather(*asked)
    at = f"/case/{aggregate.collection}/{id_}"
    part = _part(request, len(shown["events"])) if name == "chronology" else None
    tabs = [{"title": TITLES.get(each, each), "at": moments.at(f"{at}/{each}"), "here": each == name} for each in names]
    shows = {
        "noun": aggregate.noun,
        "id": id_,
        "at": at,
        "tab": name,
        "title": TITLES.get(name, name),
        "tabs": tabs,
        "head": others[0] if others else None,
        "shown": shown,
        "part": part,
        "moments": moments,
        "explain": explain,
        "plots": _plots(others[1]) if len(others) > 1 else {},
    }
    return page(request, OWN.get(name, "case.html"), shows)


@dataclass(frozen=True, slots=True)
class Part:
    """Which facts of a long timeline a page shows, from `first` to before `end`; `number` of `count`."""

    number: int
    count: int

    @property
    def first(self) -> int:
        return (self.number - 1) * FACTS

    @property
    def end(self) -> int:
        return self.number * FACTS


def _part(request: Request, facts: int) -> Part:
    """The part that an address names, else the last.  Raises NotFound."""
    count = max(1, -(-facts // FACTS))
    asked = request.query_params.get("part", str(count))
    if not re.fullmatch("[0-9]{1,9}", asked) or not 1 <= int(asked) <= count:
        raise NotFound(f"The timeline has {count} parts.")
    return Part(int(asked), count)


def _tabs(noun: str) -> list[str]:
    names = [each.name for each in VIEWS if each.noun == noun and each.name != HEAD]
    return sorted(names, key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST))


async def _view(
    request: Request, noun: str, id_: str, name: str, moments: Moments, *, explain: bool = False
) -> dict[str, Any]:
    ledger: Ledger = request.app.state.ledger
    return await ledger.view(
        noun,
        id_,
        name,
        as_at=moments.as_at,
        known_at=moments.known_at,
        explain=explain,
        withhold=session_here(request).role in WITHHELD_FROM,
        reader=reader_here(request),
    )


def _plots(outlook: dict[str, Any]) -> dict[str, Any]:
    """The hours of each order against the straight line, by order."""
    return {order["order_id"]: hours(order, outlook["as_at"]) for order in outlook["orders"]}


PAGES: Final[Pages] = (
    ("/case/{collection}/{id}", "GET", signed_in(case)),
    ("/case/{collection}/{id}/{tab}", "GET", signed_in(case)),
)
