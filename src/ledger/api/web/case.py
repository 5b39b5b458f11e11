"""A case, tab by tab: each view of it is one, explained, with the time machine on every one of them.

Every tab is read twice, its head and itself, and each reading is sealed in the access log before the page leaves.

Proven by tests/web/test_case.py and tests/web/test_pages.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ledger.aggregates.case_review.facts import ChronologyProduced
from ledger.aggregates.roles import roles_for
from ledger.api.web import framework, knowing, matters, reviews
from ledger.api.web.asking import Pages, moments_of, session_here, signed_in
from ledger.api.web.frame import aggregate_here, frame, framed, tabs_of, view
from ledger.api.web.lanes import lane_of, lanes, marks_in_words
from ledger.api.web.plots import hours
from ledger.api.web.windows import chosen, windows
from ledger.errors import NotFound

PERSON: Final = "offender"
REVIEW: Final = "case-review"
OF_A_REVIEW: Final = "review-chronology.html"
# Views that plots of a person's are drawn from.
BESIDE: Final = {(PERSON, "progress"): ["outlook"], (PERSON, "chronology"): ["enforcement"]}
OWN: Final = {  # templates of their own
    "chronology": "timeline.html",
    "case-review": "case-review.html",
    "progress": "progress.html",
    "enforcement": "enforcement.html",
    "register": "register.html",
    "register-entry": "register-entry.html",
    "child": "child.html",
    "child-protection-matter": "matter.html",
    "who-knew": "who-knew.html",
    "client-details": "client-details.html",
    "forms": "forms.html",
}


async def case(request: Request) -> Response:
    """GET /case/{collection}/{id}[/{tab}]?as_at=&known_at="""
    aggregate, when = aggregate_here(request), moments_of(request)
    names, id_ = tabs_of(aggregate.noun), request.path_params["id"]
    name = request.path_params.get("tab", names[0])
    if name not in names:
        raise NotFound(f"A {aggregate.noun} has no page {name[:40]!r}.")
    beside = BESIDE.get((aggregate.noun, name), [])
    reading = [view(request, aggregate.noun, id_, each, when) for each in (name, *beside)]
    found, (shown, *others) = await frame(request, name, *reading)
    shows = {
        "shown": shown,
        "known": found.facts,
        "plots": _plots(others[0]) if name == "progress" else {},
        **(_timeline(request, shown, others[0] if others else {"orders": []}) if name == "chronology" else {}),
        **(MORE[name](request, shown) if name in MORE else {}),
    }
    template = OF_A_REVIEW if (aggregate.noun, name) == (REVIEW, "chronology") else OWN.get(name, "case.html")
    return framed(request, found, template, shows)


def _timeline(request: Request, shown: dict[str, Any], enforcement: dict[str, Any]) -> dict[str, Any]:
    """The part of a timeline that an address names, drawn and as a list.  Raises NotFound."""
    asked, found = request.query_params, windows(shown["events"])
    window = chosen(found, asked.get("part", ""), asked.get("fact", ""))
    told = [each for each in (window.events if window else ()) if "effective" in each]
    letters = [each["letter"] for order in enforcement["orders"] for each in order["absences"]]
    return {
        "gaps": [_by_edition(each) for each in shown.get("gaps", ())],  # a review tells its own beside who knew what
        "windows": found,
        "window": window,
        "drawing": lanes(told, filter(None, letters), shown["as_at"]),
        "reviewing": roles_for(ChronologyProduced),
        "drawn_rows": [{**each, "lane": lane_of(each["type"]), "marks": marks_in_words(each)} for each in told],
    }


def _by_edition(gap: Mapping[str, Any]) -> dict[str, Any]:
    """A gap by its rule once: with the edition, where it has several."""
    return {"rule": gap["edition"]} | {name: each for name, each in gap.items() if name not in ("rule", "edition")}


def _matter(request: Request, shown: dict[str, Any]) -> dict[str, Any]:
    """The stages of a matter, and its flags."""
    at = request.url.path.removesuffix("/").replace("/case/", "/record/", 1).removesuffix("/child-protection-matter")
    role = session_here(request).role
    return {"stages": matters.stages(shown, role, at), "flagged": matters.flags(shown["alerts"])}


def _review(request: Request, shown: dict[str, Any]) -> dict[str, Any]:
    """The stages of a review, its management review part by part, and what is missing."""
    at = request.url.path.removesuffix("/").replace("/case/", "/record/", 1).removesuffix(f"/{REVIEW}")
    found, parts = reviews.stages(shown, session_here(request).role, at), framework.parts(shown)
    return {"stages": found, "parts": parts, "missing": reviews.missing(found, parts)}


def _knowing(request: Request, shown: dict[str, Any]) -> dict[str, Any]:
    """Who knew what, narrowed to what the address asks for."""
    return knowing.knowing(shown, request.query_params, moments_of(request), request.url.path)


# What a template of its own needs beside the answer of its view.
MORE: Final[Mapping[str, Callable[[Request, dict[str, Any]], dict[str, Any]]]] = {
    "child-protection-matter": _matter,
    "case-review": _review,
    "who-knew": _knowing,
}


def _plots(outlook: dict[str, Any]) -> dict[str, Any]:
    """The hours of each order against the straight line, by order."""
    return {order["order_id"]: hours(order, outlook["as_at"]) for order in outlook["orders"]}


PAGES: Final[Pages] = (
    ("/case/{collection}/{id}", "GET", signed_in(case)),
    ("/case/{collection}/{id}/{tab}", "GET", signed_in(case)),
)
