"""Two moments of a case side by side: what was added, put right, struck out or erased, and what stands otherwise.

Without a second moment the case is compared with now; without a first one it is asked which.

Proven by tests/web/test_compare.py.
"""

from __future__ import annotations

import re
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ledger.api.web.asking import Moments, Pages, moments_of, reader_here, signed_in
from ledger.api.web.frame import aggregate_here, frame, framed, title_of, withheld
from ledger.api.web.words import words
from ledger.application import Ledger
from ledger.errors import Malformed
from ledger.reading import an_instant

CHANGES: Final = {
    "added": "Added",
    "corrected": "Corrected",
    "struck-out": "Struck out",
    "restored": "As first recorded again",
    "erased": "Erased",
}
_STEP: Final = re.compile(r"([^.\[\]]+)(?:\[([^\]]*)\])?\.?")


async def compare(request: Request) -> Response:
    """GET /case/{collection}/{id}/compare?known_at=&with=&as_at="""
    aggregate, id_ = aggregate_here(request), request.path_params["id"]
    moments, later = moments_of(request), _later(request)
    ledger: Ledger = request.app.state.ledger
    reading = (
        [
            ledger.compare(
                aggregate.noun,
                id_,
                known_at=moments.known_at,
                with_=later,
                as_at=moments.as_at,
                withhold=withheld(request),
                reader=reader_here(request),
            )
        ]
        if moments.known_at
        else []
    )
    found, read = await frame(request, "compare", *reading, when=Moments())
    shows = {
        "title": "Compare two moments",
        "asked": moments,
        "later": Moments(known_at=later),
        "found": _told(read[0]) if read else None,
        "changes": CHANGES,
        "shown": None,
        "machine_of": None,
    }
    return framed(request, found, "compare.html", shows)


def _later(request: Request) -> Any:
    text = request.query_params.get("with", "")
    try:
        return an_instant(text) if text else None
    except ValueError as wrong:
        raise Malformed(f"Compare with a moment such as 2026-01-31T09:30: {wrong}.") from wrong


def _told(answer: dict[str, Any]) -> dict[str, Any]:
    """The comparison, its statuses by view, each with the words of where it stands."""
    by_view: dict[str, list[dict[str, Any]]] = {}
    for each in answer["statuses"]:
        by_view.setdefault(title_of(each["view"]), []).append({**each, "says": place(each["at"])})
    return {**answer, "statuses": by_view}


def place(at: str) -> str:
    """Where a status stands, in words: "orders[019a…].balance" -> "Orders 019a…: balance".

    An id says its first part; what is no id, as it is.
    """
    said = [f"{words(name)} {_short(of)}".strip() for name, of in _STEP.findall(at)]
    return ": ".join([*said[:1], *(each[:1].lower() + each[1:] for each in said[1:])])


def _short(of: str) -> str:
    return re.sub(r"\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f-]{22}\b", r"\1", of)


PAGES: Final[Pages] = (("/case/{collection}/{id}/compare", "GET", signed_in(compare)),)
