"""The decisions of a case, and the trail of one: its rules, what it rested on, what its author saw, whether it holds.

Proven by tests/web/test_decisions.py.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ledger.api.asking import cursor_of
from ledger.api.web.asking import Moments, Pages, reader_here, signed_in, together
from ledger.api.web.frame import aggregate_here, frame, framed, tabs_of, title_of, withheld
from ledger.api.web.papers import position_of
from ledger.application import Ledger
from ledger.trails import decisions, trail

ROWS: Final = 100  # decisions of one page


async def listed(request: Request) -> Response:
    """GET /case/{collection}/{id}/decisions?cursor=: in the order they were recorded."""
    ledger: Ledger = request.app.state.ledger
    aggregate, id_ = aggregate_here(request), request.path_params["id"]
    asked = decisions(
        ledger, aggregate.noun, id_, cursor_of(request.query_params), most=ROWS, reader=reader_here(request)
    )
    (found, _), (items, after) = await together(frame(request, "decisions", when=Moments()), asked)
    next_ = f"{found.at}/decisions?cursor={after}" if after is not None else None
    return framed(request, found, "decisions.html", {"shown": None, "machine_of": None, "items": items, "next": next_})


async def shown(request: Request) -> Response:
    """GET /case/{collection}/{id}/decisions/{position}: the trail of one."""
    ledger: Ledger = request.app.state.ledger
    aggregate, position = aggregate_here(request), position_of(request)
    of = aggregate.noun, request.path_params["id"]
    asked = trail(ledger, position, of=of, withhold=withheld(request), reader=reader_here(request))
    framing, (found,) = await frame(request, "decisions", asked, when=Moments())
    shows = {
        "title": found["decision"]["title"],
        "shown": None,
        "machine_of": None,
        "trail": found,
        "screen": screen_of(found["seen"]),
        "known": framing.facts,
    }
    return framed(request, framing, "trail.html", shows)


def screen_of(seen: dict[str, Any]) -> dict[str, str | None] | None:
    """The page that shows the screen again: {says, at}; `at` None where no page does, None where no screen is known."""
    if seen["view"] is None or seen["of"] is None:
        return None
    noun = seen["of"][:-37]
    address: str | None = seen["address"]
    there = address is not None and seen["view"] in tabs_of(noun) and "edition=" not in address
    return {"says": title_of(seen["view"]), "at": f"/case{address}" if there else None}


PAGES: Final[Pages] = (
    ("/case/{collection}/{id}/decisions", "GET", signed_in(listed)),
    ("/case/{collection}/{id}/decisions/{position}", "GET", signed_in(shown)),
)
