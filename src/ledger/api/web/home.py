"""Home: what is due this week, and the worklists with their counts and oldest item, those of one's role first.

    GET /?unit=&person=&due=        the filters (ledger.api.filters) go along to every list

Which lists come first for whom is a reading: the sources say who does the work, and those who answer for it look at
what is late.  Proven by tests/web/test_home.py and tests/web/test_pages.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ledger.api.asking import READERS
from ledger.api.filters import DUE, Filters, filters_of, week_of
from ledger.api.web.asking import Pages, reader_here, session_here, signed_in
from ledger.api.web.pages import page
from ledger.api.web.week import week
from ledger.api.web.words import duration
from ledger.application import Ledger
from ledger.projections import WORKLISTS
from ledger.rules.dates import ONE_DAY, london_day
from ledger.store.database import Only

# What each list is for, in the words of whoever works from it; the others are named as they are.
ABOUT: Final = {
    "breach": "Two absences were judged unacceptable: proceedings are due or under way",
    "letters": "An absence waits for its enforcement letter",
    "progress": "Unpaid work that is to be checked at six, nine or twelve months",
    "backlog": "Hours are owing though the twelve months have passed",
    "first-appointments": "The first appointment is due within five working days of sentence",
    "assessments": "An assessment is due, or late",
    "child-protection": "Replies, conferences, core groups and forms that the protection of a child waits for",
    "oasys-without-check": "A risk assessment, and children's services were not asked about the person",
    "register-reviews": "A child protection register entry waits for its four-monthly review",
    "deregistration": "A child left the register: the four actions, and what is still owed",
    "placement-reviews": "A placement is to be reviewed",
    "late-recording": "What was recorded later than it happened",
    "exceptions": "What a rule would have refused, and history says happened",
    "holds": "Records that nobody may destroy while a review needs them",
    "case-reviews": "What reviews of children who died or were badly hurt still owe, and by when",
    "dp-breaches": "Data that should have been destroyed, and is still held",
    "monthly-report": "Who stands on the register this month",
    "data-rights": "People who asked about their data and wait for an answer",
    "retention": "Cases whose time to be destroyed has come",
    "data-breaches": "Data breaches that are still to be reported",
    "oversight": "Staff are to be supervised, observed or trained",
    "attendance": "Sessions whose day has come, and nobody has said what came of them",
    "nominations": "Projects that were proposed and not yet decided",
}
_OFFICERS: Final = ("letters", "breach", "first-appointments", "assessments", "progress", "exceptions")
_WORK: Final = ("attendance", "placement-reviews", "nominations", "progress")
_MANAGERS: Final = (
    *("breach", "late-recording", "exceptions", "progress"),
    *("assessments", "register-reviews", "oversight"),
)
FIRST: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("practitioner", "pso", "senior-practitioner", "trainee"), _OFFICERS),
    **dict.fromkeys(("operations-manager", "head-of-unpaid-work"), ("oversight", *_WORK)),
    "placement-coordinator": _WORK,
    "training-unit": ("oversight",),
    **dict.fromkeys(("unit-manager", "area-manager"), _MANAGERS),
    **dict.fromkeys(("aco", "chief-officer"), ("case-reviews", *_MANAGERS)),
    "court-officer": ("breach", "first-appointments"),
    "supervisor": ("attendance", "progress", "placement-reviews"),
    "information-officer": ("register-reviews", "deregistration", "monthly-report", "dp-breaches"),
    "information-manager": ("dp-breaches", "data-breaches", "data-rights", "retention", "case-reviews"),
    "data-protection-officer": ("data-rights", "data-breaches", "dp-breaches", "retention"),
    "team-admin": ("register-reviews", "letters", "data-rights", "case-reviews"),
    "risk-manager": ("monthly-report", "register-reviews", "breach"),
    "case-reviewer": ("case-reviews", "holds"),
    "inspector": ("breach", "letters", "progress", "assessments"),
    "auditor": ("exceptions", "late-recording"),
}


async def home(request: Request) -> Response:
    """GET /?unit=&person=&due="""
    ledger: Ledger = request.app.state.ledger
    session = session_here(request)
    filters = filters_of(request.query_params)
    if session.role not in READERS:
        return page(request, "home.html", {"groups": [], "filters": filters})
    today, reader = london_day(datetime.now(UTC)), reader_here(request)
    counted = await ledger.worklists_counted(today, filters.only(today), reader=reader)
    until = Only(filters.unit, date.min + ONE_DAY, week_of(today)[1], filters.person)
    due = await ledger.worklists_by_day(today, until, reader=reader)
    shows = {
        "groups": _groups(session.role, counted, filters, today),
        "week": week([each for each in due if WORKLISTS[each[0]].due], today, filters),
        "filters": filters,
        "due": DUE,
    }
    return page(request, "home.html", shows)


def _groups(
    role: str, counted: Mapping[str, tuple[int, date | None]], filters: Filters, today: date
) -> list[dict[str, Any]]:
    """The lists of a role, then the others, in the order of the work; of a state of due days those that have some."""
    there = [name for name, each in WORKLISTS.items() if name in counted and (each.due or not filters.due)]
    first = [name for name in FIRST.get(role, ()) if name in there]
    rest = [name for name in there if name not in first]
    groups = [("Your lists", first), ("Other lists" if first else "All lists", rest)]
    return [
        {"title": title, "lists": [_counted(name, *counted[name], filters, today) for name in names]}
        for title, names in groups
        if names
    ]


def _counted(name: str, count: int, oldest: date | None, filters: Filters, today: date) -> dict[str, Any]:
    return {
        "name": name,
        "about": ABOUT.get(name, ""),
        "count": count,
        "oldest": oldest if oldest != date.min else None,
        "age": _age(oldest, today),
        "at": filters.at(f"/lists/{name}"),
    }


def _age(since: date | None, today: date) -> str:
    if since is None or since == date.min:
        return ""
    if since == today:
        return "today"
    return duration(today - since) if since < today else f"in {duration(since - today)}"


PAGES: Final[Pages] = (("/", "GET", signed_in(home)),)
