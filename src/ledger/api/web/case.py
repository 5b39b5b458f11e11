"""A case, tab by tab: each view of it is one, explained, with the time machine on every one of them.

Every tab is read twice, its head and itself, and each reading is sealed in the access log before the page leaves.

Proven by tests/web/test_case.py and tests/web/test_pages.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ledger.api.web.asking import Pages, moments_of, signed_in
from ledger.api.web.frame import aggregate_here, frame, framed, tabs_of, view
from ledger.api.web.plots import hours
from ledger.errors import NotFound

FACTS: Final = 200  # of a timeline on one page
OWN: Final = {  # templates of their own
    "chronology": "timeline.html",
    "progress": "progress.html",
    "enforcement": "enforcement.html",
}


async def case(request: Request) -> Response:
    """GET /case/{collection}/{id}[/{tab}]?as_at=&known_at="""
    aggregate, when = aggregate_here(request), moments_of(request)
    names, id_ = tabs_of(aggregate.noun), request.path_params["id"]
    name = request.path_params.get("tab", names[0])
    if name not in names:
        raise NotFound(f"A {aggregate.noun} has no page {name[:40]!r}.")
    beside = ["outlook"] if name == "progress" else []
    reading = [view(request, aggregate.noun, id_, each, when) for each in (name, *beside)]
    found, (shown, *others) = await frame(request, name, *reading)
    shows = {
        "shown": shown,
        "part": _part(request, len(shown["events"])) if name == "chronology" else None,
        "plots": _plots(others[0]) if others else {},
    }
    return framed(request, found, OWN.get(name, "case.html"), shows)


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


def _plots(outlook: dict[str, Any]) -> dict[str, Any]:
    """The hours of each order against the straight line, by order."""
    return {order["order_id"]: hours(order, outlook["as_at"]) for order in outlook["orders"]}


PAGES: Final[Pages] = (
    ("/case/{collection}/{id}", "GET", signed_in(case)),
    ("/case/{collection}/{id}/{tab}", "GET", signed_in(case)),
)
