"""View `progress`: each requirement with its hours, its state, its checks and its clocks (contract, *Views*).

Durations are whole minutes; dates are `date`.  A clock without a calendar shows `calendar-missing` as its due day and
state.  Proven by tests/projections/test_views.py, progress.yaml, order.yaml and hours.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from ledger.aggregates.offender.account import SOURCES, ete_cap_of
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.entities import Order, happened, last
from ledger.aggregates.offender.progress import (
    CALENDAR_MISSING,
    CHECK_MONTHS,
    EARLY_DAYS,
    MONTHS,
    Check,
    Clock,
    Requirement,
    assessment_of,
    check_of,
    check_points,
    ended_on,
    first_appointment_of,
    may_be_listed,
    requirement_of,
    twelve_months_of,
)
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Recorded
from ledger.projections.why import Row, explained
from ledger.rules.dates import ONE_DAY, CalendarMissing
from ledger.rules.progress import check_due, counts_from

_NAMES = {6: "six", 9: "nine"}


def view(history: Sequence[Recorded[Any]], policy: Policy, as_at: date, known: int, explain: bool = False) -> Row:
    """Orders as recorded."""
    case = Case.as_at(history, as_at)
    asked = _Asked(case, policy, as_at, known, explain)
    return {"orders": [asked.order(order, asked.requirement(order)) for order in case.orders.values()]}


class _Asked:
    """One question about one case: as at, as known at."""

    def __init__(self, case: Case, policy: Policy, as_at: date, known: int, explain: bool) -> None:
        self.case, self.policy, self.as_at, self.known, self.explain = case, policy, as_at, known, explain

    def requirement(self, order: Order) -> Requirement:
        """How an order's requirement stands."""
        return requirement_of(self.case, order, self.policy, self.as_at, self.known)

    def order(self, order: Order, found: Requirement) -> Row:
        """The row of one order."""
        row: Row = {
            "order_id": order.id,
            **self.hours(order, found),
            **_state(found),
            "checks": self.checks(order),
            "first_appointment": self.clock(first_appointment_of, order, "UPW-10"),
            "assessments": {"upw": self.assessment(order, "upw"), "risk": self.assessment(order, "risk")},
            "completion": _completion(order, self.explain),
        }
        settings = {MONTHS: self.policy.number(MONTHS, order.sentence_date, self.known)}
        return explained(
            row,
            self.explain,
            rules=dict.fromkeys([found.rule, "UPW-03", "HRS-05", "PRG-09"]),
            facts=(*found.facts, *found.account.facts),
            settings=settings,
        )

    def hours(self, order: Order, found: Requirement) -> Row:
        """The account of minutes."""
        account = found.account
        return {
            "ordered_minutes": account.ordered,
            "credited_minutes": account.credited,
            "balance_minutes": account.balance,
            "noted_minutes": account.noted,
            "by_source": {source: account.by_source.get(source, 0) for source in SOURCES},
            "ete_cap_minutes": ete_cap_of(order, self.policy, self.as_at, self.known),
            "completion_proposed": account.balance == 0 and not order.completions and found.state != "revoked",
        }

    def checks(self, order: Order) -> Row:
        """The checks by their name: six, nine."""
        points = check_points(order, self.policy, self.known)
        return {_NAMES.get(point, str(point)): self.check(order, point) for point in points}

    def check(self, order: Order, point: int) -> Row:
        """One check."""
        found = check_of(self.case, order, point, self.policy, self.as_at, self.known)
        settings = {
            CHECK_MONTHS: self.policy.setting(CHECK_MONTHS, order.sentence_date, self.known),
            EARLY_DAYS: self.policy.setting(EARLY_DAYS, order.sentence_date, self.known),
        }
        facts = (order.record.position, *((found.done.position,) if found.done else ()))
        rules = ["PRG-01", "PRG-02", "PRG-04", *(["PRG-07"] if found.days_late else [])]
        return explained(_check(found), self.explain, rules=rules, facts=facts, settings=settings)

    def clock(self, clock_of: Any, order: Order, rule: str, *more: Any) -> Row:
        """A clock of working days with its why."""
        found: Clock = clock_of(order, *more, self.policy, self.as_at, self.known)
        calendar = self.policy.calendar(self.known)
        row: Row = {
            "due": found.due or CALENDAR_MISSING,
            "state": found.state,
            "done_on": found.done_on,
            "working_days_late": found.working_days_late,
        }
        return explained(
            row, self.explain, rules=[rule, "GEN-01"], facts=found.facts, calendar=calendar, settings=found.settings
        )

    def assessment(self, order: Order, which: str) -> Row:
        """The clock of one assessment."""
        return self.clock(assessment_of, order, "PRG-08", which)


def _state(found: Requirement) -> Row:
    return {
        "state": found.state,
        "due_on": found.due_on,
        "working_end": found.working_end,
        "twelve_month_point": found.twelve_months,
        "outstanding_at_twelve_months": found.outstanding_at_twelve_months,
    }


def _check(found: Check) -> Row:
    fact = found.done.fact if found.done else None
    return {
        "due": found.due,
        "state": found.state,
        "done_on": fact.done_on if fact else None,
        "days_late": found.days_late,
        "sufficient": fact.sufficient if fact else None,
        "guide_minutes": found.guide_minutes,
        "amber": found.amber,
    }


def _completion(order: Order, explain: bool) -> Row | None:
    confirmed = last(order.completions, lambda each: each.fact.completed_on)
    if confirmed is None:
        return None
    fact = confirmed.fact
    row: Row = {"completed_on": fact.completed_on, "accredited": fact.accredited, "mixed": fact.mixed}
    return explained(row, explain, rules=["UPW-12"], facts=[confirmed.position])


# ------------------------------------------------------------------------------------------ rows of worklists

_WAITING = ("due", "overdue")
_OWING = ("outstanding", "application-made", "operational-period-ended")


def _rows(history: Sequence[Recorded[Any]], policy: Policy, as_at: date, known: int) -> Iterator[tuple[_Asked, Order]]:
    case = Case.as_at(history, as_at)
    asked = _Asked(case, policy, as_at, known, explain=False)
    return ((asked, order) for order in case.orders.values())


def progress_rows(history: Sequence[Recorded[Any]], policy: Policy, as_at: date, known: int) -> list[Row]:
    """Worklist `progress`: requirements with a check due or overdue, or owing hours after their due day."""
    found: list[Row] = []
    for asked, order in _rows(history, policy, as_at, known):
        if not may_be_listed(order, policy, as_at, known):
            continue
        requirement = asked.requirement(order)
        state = requirement.state
        if state in ("completed", "revoked"):
            continue
        points = check_points(order, policy, known)
        if state in _OWING or any(
            check_of(asked.case, order, each, policy, as_at, known).state in _WAITING for each in points
        ):
            row = asked.order(order, requirement)
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
    sentence, calendar = order.sentence_date, policy.calendar(known)
    days, reminder = (policy.number(name, sentence, known) for name in (key, f"{key}_reminder"))
    try:
        yield calendar.add_working_days(sentence, reminder)
        yield calendar.add_working_days(sentence, days) + ONE_DAY
    except CalendarMissing:
        return


def moments(history: Sequence[Recorded[Any]], policy: Policy, known: int) -> Iterator[date]:
    """The days on which a requirement that is listed, or one of its checks or clocks, may change.

    None is listed before its first check counts or its hours should be done, none after it ended: on other days nothing
    shows.  Hours credited while no row stands move none.
    """
    for order in Case.fold(history).orders.values():
        early = policy.number(EARLY_DAYS, order.sentence_date, known)
        dues = {point: check_due(order.sentence_date, point) for point in check_points(order, policy, known)}
        extended = [each.fact.new_end_date for each in order.variations]
        ends = [twelve_months_of(order, policy, known), order.operational_period_end, *extended]
        end = min(each for each in ends if each is not None)
        first = min([*(counts_from(due, early) for due in dues.values()), end + ONE_DAY])
        last = min(ended_on(order), default=date.max)
        yield order.sentence_date
        yield from (day for day in _moments(order, dues, early, ends, policy, known) if first <= day <= last)
        yield from (day for day in _days_of_credits(order, dues, early, end) if first <= day <= last)


def _moments(
    order: Order, dues: Mapping[int, date], early: int, ends: Sequence[date | None], policy: Policy, known: int
) -> Iterator[date]:
    for key in ("upw.first_appointment", "upw.assessment", "oasys.assessment"):
        yield from _clock_moments(order, key, policy, known)
    yield from (each.fact.offered_for for each in order.offers)
    for due in dues.values():
        yield counts_from(due, early)
        yield due + ONE_DAY
    yield from (each + ONE_DAY for each in ends if each is not None)
    acts = (*order.checks, *order.applications, *order.variations, *order.completions, *order.endings)
    clocks = (*order.offers, *order.upw_assessments, *order.risk_assessments)
    yield from (happened(each) for each in (*acts, *clocks, *order.breach_acts))


def _days_of_credits(order: Order, dues: Mapping[int, date], early: int, end: date) -> Iterator[date]:
    """The days of credits that a row may show: while a check waits to be done, and once the hours should be."""
    waiting: list[tuple[date, date]] = [(end, date.max)]
    for point, due in dues.items():
        counts = counts_from(due, early)
        told = [each.fact for each in order.checks if each.fact.point == point]
        done = [fact.done_on for fact in told if fact.done_on >= counts]
        waiting.append((counts, min(done, default=date.max)))
    for each in order.credits:
        day = happened(each)
        if any(since <= day <= until for since, until in waiting):
            yield day
