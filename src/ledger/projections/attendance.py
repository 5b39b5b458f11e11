"""Worklist `attendance`: sessions that were planned and of which nobody has said yet what came of them (ENF-01).

    {"order_id", "session_id", "placement_id", "day"}

A row stands from the day of its session until an outcome is recorded: who did not come has an absence, who came has
attended.  So the rows of one day, asked for as at that day, say at which placements somebody is expected on it and is
still to be recorded, also on a day that is yet to come.  Readings, where the texts are silent: whoever was sent home
has an outcome; what a bar stops without anybody cancelling it (PLC-09) stays until somebody does.

Proven by tests/projections/test_attendance.py and tests/web/test_attendance.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.entities import Session, happened
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Recorded
from ledger.projections.why import Row


def rows(history: Sequence[Recorded[Any]], policy: Policy, as_at: date, known: int) -> list[Row]:
    """The sessions of a case whose day has come and that have no outcome, in the order they were planned."""
    del policy, known
    case = Case.as_at(history, as_at)
    return [_row(each) for each in case.sessions.values() if each.date <= as_at and not _done(each)]


def moments(history: Sequence[Recorded[Any]], policy: Policy, known: int) -> Iterator[date]:
    """The day of each session, and those of what came of it."""
    del policy, known
    for each in Case.fold(history).sessions.values():
        yield each.date
        yield happened(each.record)
        ends = [each.cancelled] if each.cancelled is not None else []
        yield from (happened(end) for end in (*ends, *each.attended, *each.absences, *each.sent_home))


def _done(session: Session) -> bool:
    return session.has_outcome or session.cancelled is not None


def _row(session: Session) -> Row:
    fact = session.record.fact
    return {
        "order_id": fact.order_id,
        "session_id": fact.session_id,
        "placement_id": fact.placement_id,
        "day": fact.date,
    }
