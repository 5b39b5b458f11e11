"""The session sheet: who is expected at a placement on a day, and what whoever supervises them must know.

    sessions = expected(history of the placement, day)       the sessions planned there that nobody has cancelled
    row = row_of(session, history of the person, asked)      one person's line

A line says who it is, when they begin and where they are picked up, the minutes still owing on the order, the level of
risk of serious harm where the reader's role may read of risk, needs with their adjustments (ALL-16) and work that must
not be given (ALL-20).  Readings: the sources describe no sheet; a session that PLC-09 has cancelled is not on it, one
whose state cannot be read is.  Proven by tests/api/test_session_sheet.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from ledger.aggregates.offender.account import account_of
from ledger.aggregates.offender.allocations import Premises, session_on
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.entities import Session
from ledger.aggregates.offender.facts import OffenderRecorded, SessionScheduled
from ledger.aggregates.placement.fold import Placement
from ledger.aggregates.placement.site import PlacementOpened
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import CLOSED, Recorded
from ledger.projections import allocation, persons
from ledger.projections.why import Row
from ledger.rules.dates import printed

History = Sequence[Recorded[Any]]
OPENS: Final[Mapping[str, tuple[str, ...]]] = {
    **allocation.OPENS,
    **persons.OPENS,
    OffenderRecorded.topic: (*persons.OPENS[OffenderRecorded.topic], "gender"),
    SessionScheduled.topic: ("start", "pick_up"),
    PlacementOpened.topic: ("name", "address"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One question about a day: at which placement, by whose policy; `risk`: whether the reader may read of risk."""

    placement: Placement
    policy: Policy
    day: date
    known: int
    risk: bool


def expected(placement: Placement, day: date) -> list[Recorded[SessionScheduled]]:
    """The sessions planned at a placement for a day that nobody has cancelled, in the order they were planned."""
    return [each.record for each in placement.days.get(day, ()) if each.cancelled is None]


def places(placement: Placement, day: date, people: int) -> dict[str, str]:
    """What the places of a sheet's template say."""
    opened = placement.opened
    return {
        "placement": str(opened.name) if opened else "",
        "address": str(opened.address) if opened else "",
        "day": f"{day:%A} {printed(day)}",
        "people": str(people),
    }


def row_of(session: Recorded[SessionScheduled], history: History, asked: Asked) -> Row | None:
    """The line of one person; None where the session is gone from their case, or will not take place (PLC-09)."""
    case = Case.as_at(history, asked.day)
    found = case.sessions.get(session.fact.session_id)
    if found is None or found.date != asked.day:
        return None
    offender_id = session.stream.removeprefix("offender-")
    premises = Premises(offender_id, lambda _: asked.placement, asked.policy, asked.known)
    state = session_on(case, found, premises, asked.day).state
    if state == "cancelled":
        return None
    who = persons.person(session.stream, history, asked.day)
    return {
        "offender_id": offender_id,
        "session_id": found.record.fact.session_id,
        "order_id": found.record.fact.order_id,
        "state": state,
        "credited": bool(found.credits),
        "name": who["name"],
        "client_id": who["client_id"],
        "start": str(found.record.fact.start),
        "pick_up": str(found.record.fact.pick_up or ""),
        "balance_minutes": _owing(case, found, asked),
        **_to_know(offender_id, case, asked),
    }


def _owing(case: Case, session: Session, asked: Asked) -> int | None:
    order = case.orders.get(session.record.fact.order_id)
    return account_of(case, order, asked.policy, asked.day, asked.known).balance if order else None


def _to_know(offender_id: str, case: Case, asked: Asked) -> Row:
    """`risk`: the level, "[sealed]" where it may not be read, None where none is on file."""
    others: Callable[[str], History] = lambda _: ()  # noqa: E731 - what is asked here looks at nobody else
    told = allocation._Asked(offender_id, case, asked.policy, asked.day, asked.known, False, others)
    level = case.level_on(asked.day)
    return {
        "risk": None if level is None else str(level if asked.risk else CLOSED),
        "needs": list(_needs(told.needs())),
        "restrictions": [str(each["restriction"]) for each in told.restrictions()],
    }


def _needs(rows: Iterator[Row]) -> Iterator[str]:
    for each in rows:
        need = each["need"].capitalize() if each["need"] in _CODES else each["need"]
        yield ": ".join(str(told) for told in (need, each["adjustment"]) if told)


_CODES: Final = frozenset({"INTERPRETER", "SIGNING", "TRANSLATION"})
