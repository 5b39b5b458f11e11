"""A project day on one page: who came of everybody who was expected, what came of it, hours; one submission for all.

    GET  /attendance?day=&unit=                 where people are expected on a day, of one's own unit if nothing is said
    GET  /attendance?placement=&day=&part=      the people of that day (the session sheet), forty at a time
    POST /attendance?placement=&day=&part=      a command or more for each person, each under a key of its own

What the ledger refuses of one person stands beside that person's row in the rule's own words, and nobody else waits
for it; what is recorded says so, with its receipts.  Sent twice it records once.  The people are those of the session
sheet, read and sealed as it is, also before anything is recorded: nobody who is not expected is recorded on it.

Proven by tests/web/test_attendance.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final
from urllib.parse import urlencode
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from ledger.aggregates.offender.facts import SessionAttended
from ledger.aggregates.roles import roles_for
from ledger.aggregates.shape import a_random_id
from ledger.api.asking import number, unit_of
from ledger.api.operating import Operating
from ledger.api.web import came
from ledger.api.web.asking import Pages, form_of, reader_here, session_here, signed_in
from ledger.api.web.came import Step, Untold, steps_of
from ledger.api.web.pages import page
from ledger.api.web.words import words
from ledger.application import Ledger
from ledger.application.sheets import ROLES, Sheet
from ledger.commands import Command
from ledger.errors import Forbidden, KeyReused, LedgerError, Malformed
from ledger.printing.letters import parts_of
from ledger.projections.why import Row
from ledger.reading import a_day
from ledger.rules.dates import ONE_DAY, london_day

AT: Final = "/attendance"
RECORDERS: Final = roles_for(SessionAttended) & ROLES
PEOPLE: Final = 40  # of one form: each has up to twelve fields, and a form no more than MOST_FIELDS
MOST_PARTS: Final = 1_000
WHICH: Final = "Choose a placement, by its id, and a day such as 2026-01-31."


@dataclass(slots=True)
class Done:
    """What came of one row: what is recorded, with positions and rules that warned; what stands in the way."""

    recorded: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    refused: list[str] = field(default_factory=list[str])


async def attendance(request: Request) -> Response:
    """GET /attendance?placement=&day="""
    _admit(request)
    if not (request.query_params.get("placement") and request.query_params.get("day")):
        return await _choose(request)
    return _page(request, await _sheet(request, *_which(request)), {}, {})


async def _choose(request: Request) -> Response:
    """Which day, and which placement of those where somebody is still to be recorded on it."""
    ledger: Ledger = request.app.state.ledger
    asked, today = request.query_params, london_day(datetime.now(UTC))
    try:
        day = a_day(asked["day"]) if asked.get("day") else today
    except ValueError as wrong:
        raise Malformed(WHICH, {"day": "cannot be read"}) from wrong
    unit = unit_of(asked) if "unit" in asked else session_here(request).actor.unit or ""
    projects, limited, all_of_them = await ledger.project_day(day, unit, reader=reader_here(request))
    given = [{"project": each, "at": _at(each.placement_id, day)} for each in projects]
    shows = {
        "placement": asked.get("placement", ""),
        "day": day.isoformat(),
        "on": day,
        "unit": unit,
        "before": _days(day - ONE_DAY, unit),
        "after": _days(day + ONE_DAY, unit),
        "projects": given,
        "limited": limited,
        "all_of_them": all_of_them,
    }
    return page(request, "attendance-days.html", shows)


async def record(request: Request) -> Response:
    """POST the same: everybody of whom something is said, side by side; of one person one thing after the other."""
    _admit(request)
    placement, day = _which(request)
    sent = await form_of(request, _at(placement, day, _part(request)))
    sheet = await _sheet(request, placement, day)
    rows = [row for row in _here(request, sheet) if "session_id" in row]
    done = await asyncio.gather(*(_record(request, row, sent, day) for row in rows))
    return _page(request, sheet, sent, {row["session_id"]: each for row, each in zip(rows, done, strict=True)})


async def _record(request: Request, row: Mapping[str, Any], sent: Mapping[str, str], day: date) -> Done:
    """One person's row; the first refusal ends it, for what follows rests on what went before."""
    done = Done()
    try:
        for step in steps_of(row, sent, day.isoformat()):
            done.recorded.append(await _give(request, row["offender_id"], step))
    except Untold as missing:
        done.refused = [str(missing)]
    except LedgerError as refused:
        done.refused = list(_said(refused))
    return done


async def _give(request: Request, offender_id: str, step: Step) -> dict[str, Any]:
    ledger: Ledger = request.app.state.ledger
    operating: Operating = request.app.state.operating
    actor = session_here(request).actor
    with operating.one_command():
        given = await ledger.execute(Command(step.name, "offender", offender_id, step.data, actor, step.key))
    position = given.body["events"][0]["position"]
    rules = [each["rule"] for each in given.body["warnings"]]
    query = urlencode([("of", f"offenders/{offender_id}"), *(("rule", each) for each in rules)])
    return {"says": step.says, "position": position, "rules": rules, "at": f"/receipts/{position}?{query}"}


def _said(refused: LedgerError) -> Sequence[str]:
    """A refusal in the rule's own words; a field of the wrong form by its name."""
    if isinstance(refused, KeyReused):
        return ["This row was recorded before, otherwise than it says now. Open the page again."]
    told = refused.extra()
    rules: Any = told.get("refusals") or ()
    fields: Any = told.get("errors") or {}
    found = [f"{each['rule']}: {each['message']}" for each in rules]
    return found or [f"{words(name)}: {what}" for name, what in fields.items()] or [refused.message]


# ------------------------------------------------------------------------------------ parts


def _admit(request: Request) -> None:
    role = session_here(request).role
    if role not in RECORDERS:
        raise Forbidden(f"Attendance is not recorded by {words(role).lower()}.")


def _which(request: Request) -> tuple[str, date]:
    """The placement and the day of an address.  Raises Malformed."""
    asked = request.query_params
    try:
        return a_random_id(asked.get("placement", "").strip().lower()), a_day(asked.get("day", ""))
    except ValueError as wrong:
        raise Malformed(WHICH, {"placement": "or the day", "day": "cannot be read"}) from wrong


async def _sheet(request: Request, placement: str, day: date) -> Sheet:
    ledger: Ledger = request.app.state.ledger
    return await ledger.session_sheet(placement, day, reader=reader_here(request))


def _at(placement: str, day: date, part: int = 1) -> str:
    asked = {"placement": placement, "day": day.isoformat()} | ({"part": str(part)} if part > 1 else {})
    return f"{AT}?{urlencode(asked)}"


def _days(day: date, unit: str) -> str:
    return f"{AT}?{urlencode({'day': day.isoformat(), 'unit': unit})}"


def _part(request: Request) -> int:
    """Which forty of the people; the first unless it is said.  Raises Malformed."""
    return max(1, number("part", request.query_params.get("part") or "1", MOST_PARTS))


def _here(request: Request, sheet: Sheet) -> Sequence[Row]:
    """The people of this part: a form for everybody would have more fields than one may."""
    start = (_part(request) - 1) * PEOPLE
    return sheet.items[start : start + PEOPLE]


def _page(request: Request, sheet: Sheet, sent: Mapping[str, str], done: Mapping[str, Done]) -> Response:
    people = [_person(row, sent, done.get(row.get("session_id", ""))) for row in _here(request, sheet)]
    refused = [each for each in people if each.get("refused")]
    part = _part(request)
    at = _at(sheet.placement_id, sheet.day, part)
    shows = {
        "sheet": sheet,
        "placement": sheet.placement_id,
        "day": sheet.day.isoformat(),
        "where": _where(sheet),
        "at": at,
        "token": session_here(request).form_token(at),
        "people": people,
        "expected": len(sheet.items),
        "parts": [
            {"says": _says(sheet, each), "at": _at(sheet.placement_id, sheet.day, each), "here": each == part}
            for each in range(1, -(-len(sheet.items) // PEOPLE) + 1)
        ],
        "days": f"{AT}?{urlencode({'day': sheet.day.isoformat()})}",
        "refused": refused,
        "recorded": sum(bool(each.get("recorded")) for each in people),
        "to_fill": any(each.get("open") for each in people),
        "choices": came.CHOICES,
        "told": sent.get(came.TOLD, ""),
    }
    return page(request, "attendance.html", shows, status=409 if refused else 200)


def _says(sheet: Sheet, part: int) -> str:
    return f"{(part - 1) * PEOPLE + 1} to {min(part * PEOPLE, len(sheet.items))}"


def _where(sheet: Sheet) -> str:
    """Where it is, as the sheet's own words begin below their heading."""
    heading, *paragraphs = parts_of(sheet.words)
    return ", ".join((paragraphs[0] if paragraphs else heading).split("\n"))


def _person(row: Mapping[str, Any], sent: Mapping[str, str], done: Done | None) -> dict[str, Any]:
    """A row as the page shows it: what is still to be filled in (`open`: all, hours or nothing), as it was sent."""
    if "session_id" not in row:
        return {"limited": True}
    done = done or Done()
    values = {each: sent.get(came.field(row["session_id"], each), "") for each in (*came.FIELDS, *came.KEYS)}
    if not sent and row["state"] == "planned":
        values["arrival"] = row["start"]
    fresh = {each: values[each] or str(uuid4()) for each in came.KEYS}
    return {
        **row,
        "named": {each: came.field(row["session_id"], each) for each in (*came.FIELDS, *came.KEYS)},
        "values": {**values, **fresh},
        "recorded": done.recorded,
        "refused": done.refused,
        "open": _open(row, done),
    }


def _open(row: Mapping[str, Any], done: Done) -> str:
    if done.recorded and not done.refused:
        return ""
    if row["state"] == "planned":
        return "all"
    return "hours" if row["state"] == "attended" and not row["credited"] else ""


PAGES: Final[Pages] = (
    (AT, "GET", signed_in(attendance)),
    (AT, "POST", signed_in(record)),
)
