"""Worklist `late-recording`: what came late into the ledger, and deadlines that look met only because of it.

    {"type", "position", "date", "late_days", "late_minutes", "unit", "rule", "deadline"}

One row for attendance not recorded the same day (ENF-01, ENF-14), and one for whatever was done in time by its own date
and recorded only when its deadline had passed: `deadline` names it, null otherwise.  `late_minutes`: whole minutes from
when it happened to when it was recorded, of a fact that names a day from the end of that day in London.  `unit`: of
whoever recorded it, null where the entry names none.  Teams are summed up by `by_team`.

Reading: what another system recorded in time was not late because it was imported later.  Proven by
tests/projections/test_late_recording.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from ledger.aggregates.offender.breach import trails_of
from ledger.aggregates.offender.case import BY_SESSION, Case, prepared
from ledger.aggregates.offender.entities import Order, happened
from ledger.aggregates.offender.facts import AbsenceRecorded
from ledger.aggregates.offender.progress import check_days, span_of
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Recorded
from ledger.projections.why import Row
from ledger.rules.dates import day_of, london_day, next_midnight
from ledger.rules.general import recorded_late_days

ATTENDANCE: Final = (*BY_SESSION, AbsenceRecorded)


def rows(history: Sequence[Recorded[Any]], policy: Policy, as_at: date, known: int) -> list[Row]:
    """Latest recorded first."""
    return [row for row in _rows(history, policy, known) if row["date"] <= as_at]


def moments(history: Sequence[Recorded[Any]], policy: Policy, known: int) -> Iterator[date]:
    """The days of what was recorded late."""
    yield from (row["date"] for row in _rows(history, policy, known))


def _rows(history: Sequence[Recorded[Any]], policy: Policy, known: int) -> list[Row]:
    found = {
        each.position: _row(each, "ENF-01", None)
        for each in prepared(history)
        if isinstance(each.fact, ATTENDANCE) and recorded_late_days(each.effective, _told(each))
    }
    for order in Case.fold(history).orders.values():
        for rule, done_on, due, record in _with_deadlines(order, policy, known):
            if due is not None and done_on <= due < london_day(_told(record)):
                found[record.position] = _row(record, rule, due)
    return [found[position] for position in sorted(found, reverse=True)]


def _with_deadlines(order: Order, policy: Policy, known: int) -> Iterator[tuple[str, date, date | None, Recorded[Any]]]:
    """(rule, the day that counts, the deadline, the fact) of all that is measured against a deadline."""
    first = span_of(order, "upw.first_appointment", policy, known).due
    yield from (("UPW-10", each.fact.offered_for, first, each) for each in order.offers)
    for key, records in (("upw.assessment", order.upw_assessments), ("oasys.assessment", order.risk_assessments)):
        due = span_of(order, key, policy, known).due
        yield from (("PRG-08", happened(each), due, each) for each in records)
    points = {each.point: each.due for each in check_days(order, policy, known)}
    yield from (("PRG-02", each.fact.done_on, points.get(each.fact.point), each) for each in order.checks)
    for trail in trails_of(order, policy, known).values():
        until = trail.deadline.until if trail.deadline else None
        yield from (("ENF-04", london_day(each.fact.received_at), until, each) for each in trail.absence.evidence)


def _told(record: Recorded[Any]) -> datetime:
    return record.source_recorded or record.recorded


def _row(record: Recorded[Any], rule: str, deadline: date | None) -> Row:
    return {
        "type": type(record.fact).__name__,
        "position": record.position,
        "date": day_of(record.effective),
        "late_days": recorded_late_days(record.effective, _told(record)),
        "late_minutes": late_minutes(record.effective, _told(record)),
        "unit": record.by.unit,
        "rule": rule,
        "deadline": deadline,
    }


def late_minutes(effective: date | datetime, recorded: datetime) -> int:
    """Whole minutes from when it happened to when it was recorded; a day is over before anything of it is late."""
    over = effective if isinstance(effective, datetime) else next_midnight(effective)
    return max(0, int((recorded - over).total_seconds()) // 60)


# ------------------------------------------------------------------------------------------ by team


def by_team(items: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Rows of the worklist summed up: {unit, late, median_minutes, longest_minutes, met_by_backdating}, by unit.

    The median of an even number is the mean of the two in the middle, rounded down to the minute.
    """
    teams: dict[str | None, list[Mapping[str, Any]]] = {}
    for each in items:
        teams.setdefault(each["unit"], []).append(each)
    return [_team(unit, teams[unit]) for unit in sorted(teams, key=lambda unit: (unit is None, unit or ""))]


def _team(unit: str | None, items: Sequence[Mapping[str, Any]]) -> Row:
    minutes = sorted(int(each["late_minutes"]) for each in items)
    return {
        "unit": unit,
        "late": len(minutes),
        "median_minutes": (minutes[(len(minutes) - 1) // 2] + minutes[len(minutes) // 2]) // 2,
        "longest_minutes": minutes[-1],
        "met_by_backdating": sum(each["deadline"] is not None for each in items),
    }
