"""Filters of home, of the lists and of GET /worklists/…: a unit, a person, a state.

They stand in the address, and go along to each page.

    filters = filters_of(request.query_params)
    filters.only(today, worklist)        as the application takes them
    filters.at("/lists/breach")          the address of a page with the same filters
    filters.narrowed("overdue")          the same with another state of their due days

`due` is where the day of a list with due dates lies: before today, in this week (Monday to Sunday, from today on),
after it, or on one day.  `state` is how a row stands, in the words of its own list (STATES).  A person is named by the
random id of the case, for a name would stand in an address.  GET /worklists/… takes the same.  Proven by
tests/web/test_home.py and tests/api/test_openapi.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final
from urllib.parse import urlencode

from ledger.aggregates.shape import a_random_id
from ledger.api.asking import unit_of
from ledger.errors import Malformed
from ledger.projections import Worklist
from ledger.projections.case_review_worklist import KINDS
from ledger.reading import a_day
from ledger.rules.dates import ONE_DAY
from ledger.store.database import Only

FIELDS: Final = ("unit", "person", "due", "state")  # as addresses have them, of pages and of JSON alike
DUE: Final[Mapping[str, str]] = {"overdue": "Overdue", "this-week": "Due this week", "later": "Due later"}
# By which field of a list a row stands somewhere, and where it can stand.
STATES: Final[Mapping[str, tuple[str, Sequence[str]]]] = {
    "breach": ("breach", ("triggered", "action-started", "not-taken", "dealt-with")),
    "letters": ("status", ("no-letter", "awaiting-evidence", "under-consideration")),
    "nominations": (
        "state",
        (
            *("awaiting-acknowledgement", "overdue", "acknowledged", "acknowledged-late"),
            *("accepted", "rejected", "calendar-missing"),
        ),
    ),
    "placement-reviews": ("state", ("due-soon", "overdue")),
    "register-reviews": ("review_state", ("due-soon", "missed")),
    "deregistration": ("state", ("possible-breach", "deferred-under-hold")),
    "dp-breaches": ("state", ("possible-breach", "deferred-under-hold", "done")),
    "data-rights": ("state", ("awaiting-answer", "overdue", "answered", "answered-late")),
    "data-breaches": ("state", ("awaiting-report", "overdue")),
    "case-reviews": ("kind", KINDS),
    "retention": ("state", ("due", "retained", "held")),
}
NOT_A_PERSON: Final = "person: the id of a case, as it stands in its address; a name is looked for under Find somebody."
NOT_A_STATE: Final = "due: overdue, this-week, later, or a day such as 2026-01-31."


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked for; "" for whatever there is."""

    unit: str = ""
    person: str = ""
    due: str = ""
    state: str = ""

    @property
    def asked(self) -> dict[str, str]:
        """As an address has them."""
        named = {"unit": self.unit, "person": self.person, "due": self.due, "state": self.state}
        return {name: value for name, value in named.items() if value}

    def at(self, path: str, **more: str) -> str:
        """A page with the same filters."""
        asked = {**more, **self.asked}
        return f"{path}?{urlencode(asked)}" if asked else path

    def narrowed(self, due: str) -> Filters:
        """The same with another state of their due days."""
        return replace(self, due=due)

    def only(self, today: date, worklist: Worklist | None = None) -> Only:
        """The rows wanted.  A list without due dates is not cut down by one, a list without such a state not by it."""
        since, until = between(self.due, today) if worklist is None or worklist.due else (date.min, date.max)
        field, states = STATES.get(worklist.name, ("", ())) if worklist else ("", ())
        says = (field, self.state) if self.state in states else None
        return Only(self.unit, since, until, self.person, says)


def filters_of(asked: Mapping[str, str]) -> Filters:
    """The filters of what stands after an address; an empty field of a form is none.  Raises Malformed."""
    person, due = asked.get("person", "").strip(), asked.get("due", "")
    try:
        person = a_random_id(person.lower()) if person else ""
    except ValueError as wrong:
        raise Malformed(NOT_A_PERSON, {"person": "not an id"}) from wrong
    if due not in ("", *DUE):
        try:
            due = a_day(due).isoformat()
        except ValueError as wrong:
            raise Malformed(NOT_A_STATE, {"due": "not a state"}) from wrong
    state = asked.get("state", "")
    known = {each for _, states in STATES.values() for each in states}
    if state and state not in known:
        raise Malformed(f"state: one of {', '.join(sorted(known))}.", {"state": "not a state"})
    return Filters(unit_of(asked), person, due, state)


def between(due: str, today: date) -> tuple[date, date]:
    """From which day to which.  A row whose day is not known has the first of all days, and is never overdue."""
    _, sunday = week_of(today)
    match due:
        case "":
            return date.min, date.max
        case "overdue":
            return date.min + ONE_DAY, today - ONE_DAY
        case "this-week":
            return today, sunday
        case "later":
            return sunday + ONE_DAY, date.max
        case _:
            return date.fromisoformat(due), date.fromisoformat(due)


def week_of(day: date) -> tuple[date, date]:
    """The Monday and the Sunday of a day's week."""
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=6)
