"""Decisions on sessions: one outcome each (ENF-01).

A failure to comply may stand beside an attendance: work until then is credited (HRS-03).  Failing to attend may not,
nor being sent home: that is for those not allowed to start (HRS-08); who is told to stop is stopped (HRS-03).
Proven by tests/aggregates/test_decisions_enforcement.py.
"""

from __future__ import annotations

from ledger.aggregates.aggregate import Ruling
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.decisions.ruling import decides
from ledger.aggregates.offender.entities import Session
from ledger.aggregates.offender.facts import AbsenceRecorded, SentHome, SessionAttended
from ledger.aggregates.shape import Now
from ledger.errors import Refusal
from ledger.rules.enforcement import TWO_OUTCOMES

LEFT_BEFORE_ARRIVING = "The departure is before the arrival; check the times."


def _failed_to_attend(session: Session) -> bool:
    return any(each.fact.kind == "FTA" for each in session.absences)


def _one_outcome(two: bool) -> tuple[Refusal, ...]:
    return (Refusal("ENF-01", TWO_OUTCOMES),) if two else ()


@decides(SessionAttended)
def _(case: Case, draft: SessionAttended, now: Now) -> Ruling:
    del now
    session = case.sessions[draft.session_id]
    backwards = (Refusal("ENF-01", LEFT_BEFORE_ARRIVING, rule_book=False),) if draft.departure < draft.arrival else ()
    two = bool(session.attended or session.sent_home) or _failed_to_attend(session)
    return Ruling(refusals=(*backwards, *_one_outcome(two)))


@decides(AbsenceRecorded)
def _(case: Case, draft: AbsenceRecorded, now: Now) -> Ruling:
    del now
    session = case.sessions.get(draft.session_id or "")
    if session is None:
        return Ruling()
    came = bool(session.attended or session.sent_home) and draft.kind == "FTA"
    return Ruling(refusals=_one_outcome(came or bool(session.absences)))


@decides(SentHome)
def _(case: Case, draft: SentHome, now: Now) -> Ruling:
    del now
    session = case.sessions[draft.session_id]
    return Ruling(refusals=_one_outcome(bool(session.sent_home or session.attended) or _failed_to_attend(session)))
