"""View `outcomes`: what came of each appointment of an offender, in the codes of the service's other systems.

    {"outcomes": [{"contact_id", "order_id", "session_id", "placement_id", "date", "start", "outcome", "says",
                   "arrival", "departure", "worked_minutes", "travel_minutes"}]}

One row for each session, for each absence that is of no session, and for each adjustment of travel time, by day.
`contact_id` is the absence's id where there is one, else the session's; an adjustment has none.  `outcome` is null for
a session of which nothing is known yet, and so is what a row of its kind does not have.

A reason for an acceptable absence that is none of the codes is CO05, professional judgement; a session that was called
off without one is RSSR.  An absence that is judged unacceptable, or deemed so because no evidence came (ENF-06), is
UACP; one that is neither yet is AFTA.

The codes are in rules/outcome_codes.py.  Proven by tests/importing/test_outcomes.py; and by tests/importing/
test_outcomes.py, which takes them in and gives them back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from ledger.aggregates.offender import OPENS
from ledger.aggregates.offender.absences import ACCEPTABLE, UNACCEPTABLE, standing_on
from ledger.aggregates.offender.breach import Trail, Trails, trails_of
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.entities import Order, Session, happened
from ledger.aggregates.offender.facts.attendance import SessionCancelled, SessionScheduled
from ledger.aggregates.offender.facts.enforcement import AbsenceJudged
from ledger.aggregates.offender.facts.hours import HoursAdjusted
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Recorded
from ledger.projections.why import Row, explained
from ledger.rules.outcome_codes import CALLED_OFF, CODES, JUDGED_OTHERWISE, current

READS: Final = {
    **OPENS,
    SessionScheduled.topic: ("start",),
    SessionCancelled.topic: ("cause",),
    AbsenceJudged.topic: ("reason_code",),
    HoursAdjusted.topic: ("reason",),
}


def view(history: Sequence[Recorded[Any]], policy: Policy, as_at: date, known: int, explain: bool = False) -> Row:
    """Rows by day, then as recorded."""
    case = Case.as_at(history, as_at)
    found = [row for order in case.orders.values() for row in _of_order(order, policy, as_at, known)]
    rows = sorted(found, key=lambda each: (each[0], each[1][0]))
    return {"outcomes": [explained(row, explain, rules=["ENF-01"], facts=facts) for _, facts, row in rows]}


_Found = tuple[date, tuple[int, ...], Row]


def _of_order(order: Order, policy: Policy, as_at: date, known: int) -> Iterator[_Found]:
    trails = trails_of(order, policy, known)
    of_sessions = {each.record.fact.session_id for each in order.sessions}
    for session in order.sessions:
        yield _session(order, session, trails, as_at)
    for trail in trails.values():
        if trail.absence.record.fact.session_id not in of_sessions:
            row = _row(order, _of_absence(trail, as_at), trail.absence.record.fact.absence_id, trail.absence.date)
            yield trail.absence.date, _facts(trail), row
    for credit in order.credits:
        if isinstance(credit.fact, HoursAdjusted) and _code_in(credit.fact.reason) == "TTX":
            day = happened(credit)
            row = _row(order, "TTX", None, day) | {
                "session_id": credit.fact.session_id,
                "travel_minutes": credit.fact.delta_minutes,
            }
            yield day, (credit.position,), row


def _session(order: Order, session: Session, trails: Trails, as_at: date) -> _Found:
    fact = session.record.fact
    absent = [trails[each.fact.absence_id] for each in session.absences if each.fact.absence_id in trails]
    trail: Trail | None = absent[-1] if absent else None
    code = _of_session(session, trail, as_at)
    came = session.attended[-1].fact if session.attended else None
    row = _row(order, code, trail.absence.record.fact.absence_id if trail else fact.session_id, session.date) | {
        "session_id": fact.session_id,
        "placement_id": fact.placement_id,
        "start": fact.start,
        "arrival": came.arrival if came else None,
        "departure": came.departure if came else None,
        "worked_minutes": sum(each.fact.work_minutes for each in session.credits) if session.credits else None,
        "travel_minutes": sum(each.fact.travel_minutes for each in session.credits) if session.credits else None,
    }
    told = (*session.attended, *session.sent_home, *session.stopped, *session.credits)
    return session.date, (session.record.position, *(each.position for each in told), *_facts(trail)), row


def _facts(trail: Trail | None) -> tuple[int, ...]:
    absence = trail.absence if trail else None
    return (absence.record.position, *(each.position for each in absence.judgements)) if absence else ()


def _row(order: Order, code: str | None, contact: str | None, day: date) -> Row:
    return {
        "contact_id": contact,
        "order_id": order.id,
        "session_id": None,
        "placement_id": None,
        "date": day,
        "start": None,
        "outcome": code,
        "says": CODES[code].says if code else None,
        "arrival": None,
        "departure": None,
        "worked_minutes": None,
        "travel_minutes": None,
    }


def _of_session(session: Session, trail: Trail | None, as_at: date) -> str | None:
    if session.cancelled is not None:
        code = _code_in(session.cancelled.fact.cause)
        return code if code is not None and CODES[code].kind == "rescheduled" else CALLED_OFF
    if session.sent_home:
        return "ATSH"
    if trail is not None:
        return _of_absence(trail, as_at)
    if session.stopped:
        return "ATSS"
    return "ATTC" if session.attended else None


def _of_absence(trail: Trail, as_at: date) -> str:
    """The code of an absence: what it was judged, else what it was."""
    absence, status = trail.absence, standing_on(trail.standings, as_at).status
    fact = absence.record.fact
    if status == ACCEPTABLE:
        codes = [_code_in(each.fact.reason_code) for each in absence.judgements if isinstance(each.fact, AbsenceJudged)]
        named = [each for each in codes if each is not None and CODES[each].kind == "acceptable"]
        return named[-1] if named else JUDGED_OTHERWISE
    if fact.kind == "FAILURE_TO_COMPLY":
        return "ATFI" if fact.appointment_kind == "OTHER" else "AFTC"
    judged = [each.fact.result for each in absence.judgements if isinstance(each.fact, AbsenceJudged)]
    return "UACP" if status == UNACCEPTABLE or judged[-1:] == ["UNACCEPTABLE"] else "AFTA"


def _code_in(text: Any) -> str | None:
    """The code that a text is; None for any other text, or one that is closed to the reader."""
    try:
        return current(text) if isinstance(text, str) else None
    except KeyError:
        return None
