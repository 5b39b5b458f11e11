"""What is owed to people whose data are held, in a demonstration: their requests, and data breaches (DP-06, DP-09).

One request of each state that the view `data-rights` knows, and breaches of which one is still to be reported and one
was reported in time.  No text names anybody.  Proven by tests/demonstration/: every line is accepted, the worklists
`data-rights` and `data-breaches` have rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from ledger.demonstration.lines import Book, Pen, at
from ledger.demonstration.lives import Life
from ledger.demonstration.people import Roster

MANAGER: Final = "information-manager"


@dataclass(frozen=True)
class Request:
    """A request of a person; every number is of days before today, put back to a working day."""

    kind: str
    received: int
    answered: int | None = None
    outcome: str = ""


REQUESTS: Final = (
    Request("ACCESS", 120, answered=104, outcome="A copy was handed over at the office."),
    Request("RESTRICTION", 95, answered=50, outcome="Not restricted: the record is right as it stands."),  # late
    Request("RECTIFICATION", 45),  # overdue
    Request("ACCESS", 9),
)


@dataclass(frozen=True)
class Breach:
    """Personal data that went astray, so many days before today."""

    ago: int
    what: str
    risk: bool | None = None  # None: nobody has judged it yet
    reason: str = ""
    reported: bool = False


BREACHES: Final = (
    Breach(75, "A letter went to the address before the last.", False, "It came back unopened the next day."),
    Breach(30, "A session sheet was left on the minibus.", True, "It lists names and offences.", reported=True),
    Breach(1, "A list of names was sent to the wrong beneficiary."),
)


def owe(book: Book, people: Roster, lives: Sequence[Life], seed: int) -> None:
    """Tell every request and every breach, each of somebody sentenced before it."""
    for n, request in enumerate(REQUESTS):
        day = _ago(book, request.received)
        if (life := _somebody(lives, day, n)) is not None:
            _asked(book, people, life, request, day, _drawn(seed, f"request {n}"))
    for n, breach in enumerate(BREACHES):
        day = _ago(book, breach.ago)
        if (life := _somebody(lives, day, n + len(REQUESTS))) is not None:
            _astray(book, people, life, breach, day, _drawn(seed, f"breach {n}"))


def _drawn(seed: int, what: str) -> Random:
    return Random(f"{seed}:{what}")  # noqa: S311 - a demonstration is drawn again from its seed


def _ago(book: Book, n: int) -> date:
    return book.days.court_day(book.days.today - timedelta(days=n))


def _somebody(lives: Sequence[Life], day: date, n: int) -> Life | None:
    """The nth of those who were sentenced before a day."""
    found = [each for each in lives if each.plan.sentence < day]
    return found[n % len(found)] if found else None


def _asked(book: Book, people: Roster, life: Life, request: Request, day: date, rng: Random) -> None:
    pen, manager = Pen(book, life.pen.target, rng), people.one(MANAGER)
    request_id = pen.id()
    data = {"request_id": request_id, "kind": request.kind, "received_on": day}
    pen.tell(at(day, 13), manager, "ReceiveRightsRequest", **data)
    if request.answered is not None:
        on = _ago(book, request.answered)
        data = {"request_id": request_id, "on": on, "outcome": request.outcome}
        pen.tell(at(on, 13), manager, "AnswerRightsRequest", **data)


def _astray(book: Book, people: Roster, life: Life, breach: Breach, day: date, rng: Random) -> None:
    """Found by the team, judged the same day and reported before it ends: a weekend may take all the hours."""
    pen, manager, found = Pen(book, "", rng), people.one(MANAGER), at(day, 10)
    pen.target = f"data-breach/{pen.id()}"
    refs = [life.pen.target.removeprefix("offender/")]
    data = {"discovered_at": found, "what": breach.what, "offender_refs": refs}
    pen.tell(at(day, 10, 20), people.one("team-admin"), "RecordDataBreach", **data)
    if breach.risk is not None:
        judged = at(day, 15)
        pen.tell(judged, manager, "JudgeDataBreach", judged_at=judged, risk=breach.risk, reason=breach.reason)
    if breach.reported:
        reported = at(day, 16)
        pen.tell(reported, manager, "ReportDataBreach", reported_at=reported, reported_to="ICO")
