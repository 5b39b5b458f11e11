"""Worklists `progress`, `first-appointments` and `assessments`: what of an order's clocks and hours waits for somebody.

Their rows are those of view `progress`, but for what changes by the day, which is added when a row is read.  Proven by
tests/projections/test_schedule.py and progress.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from ledger.aggregates.offender.breach import trails_of
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.entities import Order, happened
from ledger.aggregates.offender.progress import (
    CheckDay,
    assessment_of,
    check_days,
    ended_on,
    first_appointment_of,
    may_be_listed,
    span_of,
    twelve_months_of,
)
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Recorded
from ledger.projections.progress import Asked
from ledger.projections.why import Row
from ledger.rules.dates import ONE_DAY, CalendarMissing
from ledger.rules.editions import CREDIT, PERIOD

_WAITING = ("due", "overdue")
_OWING = ("outstanding", "application-made", "operational-period-ended")


def _rows(history: Sequence[Recorded[Any]], policy: Policy, as_at: date, known: int) -> Iterator[tuple[Asked, Order]]:
    case = Case.as_at(history, as_at)
    asked = Asked(case, policy, as_at, known, explain=False)
    return ((asked, order) for order in case.orders.values())


def progress_rows(history: Sequence[Recorded[Any]], policy: Policy, as_at: date, known: int) -> list[Row]:
    """Worklist `progress`: requirements with a check due or overdue, or owing hours after their due day (UPW-04)."""
    found: list[Row] = []
    for asked, order in _rows(history, policy, as_at, known):
        if not may_be_listed(order, policy, as_at, known):
            continue
        requirement = asked.requirement(order)
        state = requirement.state
        if state in ("completed", "revoked"):
            continue
        checks = asked.checks(order)
        if state in _OWING or any(each.state in _WAITING for each in checks):
            row = asked.order(order, requirement, checks)
            clocks = {"first_appointment": row["first_appointment"], **row["assessments"], **row["checks"]}
            for clock in clocks.values():
                _ageless(clock)
            del row["ete_cap_minutes"]  # a share of today's setting, which may change on any day
            found.append(row)
    return found


def first_appointment_rows(history: Sequence[Recorded[Any]], policy: Policy, as_at: date, known: int) -> list[Row]:
    """Worklist `first-appointments`: those due or overdue."""
    found: list[Row] = []
    for asked, order in _rows(history, policy, as_at, known):
        if first_appointment_of(order, policy, as_at, known).state in _WAITING:
            clock = asked.clock(first_appointment_of, order, "UPW-10")
            found.append({"order_id": order.id, "due": clock["due"], "first_appointment": _ageless(clock)})
    return found


def assessment_rows(history: Sequence[Recorded[Any]], policy: Policy, as_at: date, known: int) -> list[Row]:
    """Worklist `assessments`: those due or overdue."""
    found: list[Row] = []
    for asked, order in _rows(history, policy, as_at, known):
        if not any(assessment_of(order, each, policy, as_at, known).state in _WAITING for each in ("upw", "risk")):
            continue
        clocks = {which: asked.assessment(order, which) for which in ("upw", "risk")}
        due = [each["due"] for each in clocks.values() if each["state"] in _WAITING]
        if due:
            aged = {which: _ageless(clock) for which, clock in clocks.items()}
            found.append({"order_id": order.id, "due": min(due), "assessments": aged})
    return found


# ------------------------------------------------------------------------------------------ what changes by the day


def _ageless(clock: Row) -> Row:
    """The clock without how late it is by now."""
    if clock["state"] == "overdue":
        clock.pop("days_late", None)
        clock.pop("working_days_late", None)
    return clock


def _aged(clock: Row, as_at: date, policy: Policy) -> Row:
    """A clock of working days with how late it is on a day."""
    if clock["state"] != "overdue":
        return clock
    try:
        late = policy.calendar().working_days_between(date.fromisoformat(clock["due"]), as_at)
    except CalendarMissing:
        late = None
    return {**clock, "working_days_late": late}


def _aged_check(check: Row, as_at: date) -> Row:
    if check["state"] != "overdue":
        return check
    return {**check, "days_late": (as_at - date.fromisoformat(check["due"])).days}


def progress_ages(row: Row, as_at: date, policy: Policy) -> Row:
    """How late checks and clocks are."""
    return {
        **row,
        "checks": {name: _aged_check(each, as_at) for name, each in row["checks"].items()},
        "first_appointment": _aged(row["first_appointment"], as_at, policy),
        "assessments": {name: _aged(each, as_at, policy) for name, each in row["assessments"].items()},
    }


def first_appointment_ages(row: Row, as_at: date, policy: Policy) -> Row:
    """How late it is."""
    return {**row, "first_appointment": _aged(row["first_appointment"], as_at, policy)}


def assessment_ages(row: Row, as_at: date, policy: Policy) -> Row:
    """How late they are."""
    return {**row, "assessments": {name: _aged(each, as_at, policy) for name, each in row["assessments"].items()}}


# ------------------------------------------------------------------------------------------ when rows may change


def first_appointment_moments(history: Sequence[Recorded[Any]], policy: Policy, known: int) -> Iterator[date]:
    """The days on which the clock of a first appointment is reminded of, overdue or stopped; none after it was."""
    for order in Case.fold(history).orders.values():
        came = [max(happened(each), each.fact.offered_for) for each in order.offers]
        stopped = min(came, default=date.max)
        days = [order.sentence_date, *came, *_clock_moments(order, "upw.first_appointment", policy, known)]
        yield from (day for day in days if day <= stopped)


def assessment_moments(history: Sequence[Recorded[Any]], policy: Policy, known: int) -> Iterator[date]:
    """The days on which a clock of an assessment is reminded of, overdue or stopped; none after both were."""
    for order in Case.fold(history).orders.values():
        done = [[happened(each) for each in records] for records in (order.upw_assessments, order.risk_assessments)]
        stopped = max(min(days, default=date.max) for days in done)
        days = [order.sentence_date, *done[0], *done[1]]
        for key in ("upw.assessment", "oasys.assessment"):
            days += _clock_moments(order, key, policy, known)
        yield from (day for day in days if day <= stopped)


def _clock_moments(order: Order, key: str, policy: Policy, known: int) -> Iterator[date]:
    """The days on which a clock that runs from sentence is reminded of, and overdue."""
    span = span_of(order, key, policy, known)
    if span.due is not None and span.reminded is not None:
        yield span.reminded
        yield span.due + ONE_DAY


def moments(history: Sequence[Recorded[Any]], policy: Policy, known: int) -> Iterator[date]:
    """The days on which a requirement that is listed, or one of its checks or clocks, may change.

    None is listed before its first check counts or its hours should be done, none after it ended: on other days nothing
    shows.  Hours credited while no row stands move none.
    """
    for order in Case.fold(history).orders.values():
        checks = check_days(order, policy, known)
        extended = [each.fact.new_end_date for each in order.variations]
        ends = [twelve_months_of(order, policy, known), order.operational_period_end, *extended]
        end = min(each for each in ends if each is not None)
        first = min([*(each.counts for each in checks), end + ONE_DAY])
        last = min(ended_on(order), default=date.max)
        yield order.sentence_date
        yield from (day for day in _moments(order, checks, ends, policy, known) if first <= day <= last)
        yield from (day for day in _days_of_credits(order, checks, end) if first <= day <= last)
        yield from (day for day in days_of_law(order, policy, known) if first <= day <= last)


def days_of_law(order: Order, policy: Policy, known: int) -> Iterator[date]:
    """The days on which another edition may rule the period, and those on which a failure may take credit back."""
    yield from policy.days_of(PERIOD.key, known)
    if CREDIT.laws[policy.edition(CREDIT, order.sentence_date, known)]:
        for trail in trails_of(order, policy, known).values():
            yield from (standing.since for standing in trail.standings)
        yield from (session.date for session in order.sessions if session.sent_home or session.stopped)


def _moments(
    order: Order, checks: Sequence[CheckDay], ends: Sequence[date | None], policy: Policy, known: int
) -> Iterator[date]:
    for key in ("upw.first_appointment", "upw.assessment", "oasys.assessment"):
        yield from _clock_moments(order, key, policy, known)
    yield from (each.fact.offered_for for each in order.offers)
    for each in checks:
        yield each.counts
        yield each.due + ONE_DAY
    yield from (each + ONE_DAY for each in ends if each is not None)
    acts = (*order.checks, *order.applications, *order.variations, *order.completions, *order.endings)
    clocks = (*order.offers, *order.upw_assessments, *order.risk_assessments)
    yield from (happened(each) for each in (*acts, *clocks, *order.breach_acts))


def _days_of_credits(order: Order, checks: Sequence[CheckDay], end: date) -> Iterator[date]:
    """The days of credits that a row may show: while a check waits to be done, and once the hours should be."""
    waiting: list[tuple[date, date]] = [(end, date.max)]
    for check in checks:
        told = [each.fact for each in order.checks if each.fact.point == check.point]
        done = [fact.done_on for fact in told if fact.done_on >= check.counts]
        waiting.append((check.counts, min(done, default=date.max)))
    for each in order.credits:
        day = happened(each)
        if any(since <= day <= until for since, until in waiting):
            yield day
