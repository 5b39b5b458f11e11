"""How a requirement stands: its state, its checks at six and nine months, its appointment and assessment clocks.

Everything is asked of a case as at a day and as known at a position.  Where no calendar is loaded a clock says so
(`calendar-missing`) and nothing fails.  Proven by tests/projections/test_views.py, progress.yaml and order.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final, Literal, TypeAlias

from ledger.aggregates.immutable import immutable
from ledger.aggregates.offender.account import Account, account_of, ordered_minutes
from ledger.aggregates.offender.breach_law import rule_in
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.entities import Order, Same, happened, last
from ledger.aggregates.offender.facts import BreachOutcomeRecorded, CourtVariationMade, ProgressCheckCompleted
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Recorded
from ledger.rules.dates import Calendar, CalendarMissing
from ledger.rules.editions import PERIOD
from ledger.rules.orders import first_appointment_due, operational_period_over, twelve_month_point
from ledger.rules.progress import assessment_due, check_due, counts_from, guide_minutes, working_end

State: TypeAlias = Literal[
    "in-time", "completed", "outstanding", "application-made", "extended", "revoked", "operational-period-ended"
]
CALENDAR_MISSING: Final = "calendar-missing"
MONTHS: Final = "upw.completion_months"
CHECK_MONTHS: Final = "upw.check_months"
EARLY_DAYS: Final = "upw.check_early_days"


@immutable
class Requirement:
    """The state of an order's unpaid work at the end of a day, the rule that gives it and the facts it rests on.

    `due_on`, `twelve_months`: None where the edition (`period`) knows no period; an operational one may still end it.
    """

    state: State
    due_on: date | None
    working_end: date | None
    twelve_months: date | None
    outstanding_at_twelve_months: int | None
    account: Account
    rule: str
    facts: tuple[int, ...]
    period: str


def twelve_months_of(order: Order, policy: Policy, known: int | None = None) -> date:
    """The corresponding day twelve months after sentence (UPW-03), whichever edition rules."""
    day = order.sentence_date
    return order.once(
        "twelve months",
        (Same(policy), known),
        lambda: twelve_month_point(day, policy.number(MONTHS, day, known)),
    )


def extension_of(order: Order, on: date = date.max) -> Recorded[CourtVariationMade] | None:
    """The court's latest extension by the end of a day, if any."""
    extended = [each for each in order.variations if each.fact.result == "EXTENDED" and each.fact.new_end_date]
    return last([each for each in extended if happened(each) <= on], happened)


def period_ends(order: Order, policy: Policy, day: date, known: int | None = None) -> date | None:
    """The end of the period for the hours, under the edition in force on a day; None where it knows no period."""
    ends = PERIOD.laws[policy.edition(PERIOD, day, known)]
    return ends(order.sentence_date, policy.number(MONTHS, order.sentence_date, known))


def due_on(order: Order, policy: Policy, day: date, known: int | None = None) -> date | None:
    """By when the hours must be done, as things stood on a day: the end of the period, or the court's new end
    (UPW-03, UPW-08); None where there is no period, to be extended or not."""
    end = period_ends(order, policy, day, known)
    extension = extension_of(order, day)
    return (extension.fact.new_end_date if extension and end else None) or end


def requirement_of(case: Case, order: Order, policy: Policy, as_at: date, known: int | None = None) -> Requirement:
    """The state of the requirement at the end of a day (PRG-05, PRG-09, UPW-04 to UPW-09)."""
    account, due, (state, rule, facts) = stands(case, order, policy, as_at, known)
    point = period_ends(order, policy, as_at, known)
    owing = account_of(case, order, policy, point, known).balance if point is not None and as_at > point else None
    period = policy.edition(PERIOD, as_at, known)
    return Requirement(
        state=state,
        due_on=due,
        working_end=working_end(due, order.operational_period_end),
        twelve_months=point,
        outstanding_at_twelve_months=owing,
        account=account,
        rule=rule if rule != "UPW-03" else rule_in(rule, period),
        facts=(order.record.position, *facts),
        period=period,
    )


_Found: TypeAlias = tuple[State, str, tuple[int, ...]]


def stands(
    case: Case, order: Order, policy: Policy, as_at: date, known: int | None = None
) -> tuple[Account, date | None, _Found]:
    """The account of a requirement at the end of a day, by when it is due, and its state with rule and positions."""
    account = account_of(case, order, policy, as_at, known)
    due = due_on(order, policy, as_at, known)
    return account, due, _state(order, account, due, as_at)


def _state(order: Order, account: Account, due: date | None, as_at: date) -> _Found:
    ended = _ended(order)
    if ended is not None:
        return ended
    if account.balance and operational_period_over(as_at, order.operational_period_end):
        return "operational-period-ended", "UPW-09", account.facts
    extension = extension_of(order)
    if due is None:
        return "in-time", "UPW-03", ()
    if as_at <= due:
        return ("extended", "UPW-08", (extension.position,)) if extension else ("in-time", "UPW-03", ())
    if account.balance == 0:
        return "completed", "PRG-05", account.facts
    application = last(order.applications, happened)
    if application is not None and not _decided_since(order, application.position, happened(application)):
        return "application-made", "UPW-05", (application.position,)
    return "outstanding", "UPW-04", account.facts


def _ended(order: Order) -> _Found | None:
    """Revoked by the court, or confirmed as complete: whichever came first stands."""
    found = _endings(order)
    if not found:
        return None
    _, position, state, rule = min(found)
    return state, rule, (position,)


def _endings(order: Order) -> list[tuple[date, int, State, str]]:
    if not (order.variations or order.breach_acts or order.completions):
        return []
    revoked = [each for each in order.variations if each.fact.result == "REVOKED"]
    resentenced = [each for each in order.breach_acts if _revokes(each.fact)]
    return [
        *((happened(each), each.position, "revoked", "PRG-05") for each in revoked),
        *((happened(each), each.position, "revoked", "ENF-10") for each in resentenced),
        *((happened(each), each.position, "completed", "UPW-12") for each in order.completions),
    ]


def ended_on(order: Order) -> list[date]:
    """The days on which it was revoked or confirmed as complete: from the first on it has ended."""
    return [day for day, *_ in _endings(order)]


def _revokes(fact: object) -> bool:
    return isinstance(fact, BreachOutcomeRecorded) and fact.proven and fact.result == "REVOKED_RESENTENCED"


def _decided_since(order: Order, position: int, made: date) -> bool:
    """Whether the court varied, or refused to vary, the order after an application."""
    return any((happened(each), each.position) > (made, position) for each in order.variations)


# ------------------------------------------------------------------------------------------ checks


@immutable
class Check:
    """The check at one point.  `days_late`: calendar days, once late; `amber`: below the guide figure (PRG-04)."""

    point: int
    due: date
    state: Literal["not-due", "due", "done", "done-late", "overdue"]
    done: Recorded[ProgressCheckCompleted] | None
    days_late: int | None
    guide_minutes: int
    amber: bool


@immutable
class CheckDay:
    """When the check at a point is due, and from when on one that is done counts for it."""

    point: int
    due: date
    counts: date


def check_days(order: Order, policy: Policy, known: int | None = None) -> tuple[CheckDay, ...]:
    """The checks of an order by their months (PRG-01)."""
    return order.once("check days", (Same(policy), known), lambda: tuple(_check_days(order, policy, known)))


def _check_days(order: Order, policy: Policy, known: int | None) -> Iterator[CheckDay]:
    listed = policy.setting(CHECK_MONTHS, order.sentence_date, known)
    early = policy.number(EARLY_DAYS, order.sentence_date, known)
    for point in map(int, str(listed or "6, 9").split(",")):
        due = check_due(order.sentence_date, point)
        yield CheckDay(point, due, counts_from(due, early))


def checks_of(case: Case, order: Order, policy: Policy, as_at: date, known: int | None = None) -> list[Check]:
    """Every check of an order at the end of a day."""
    return [_check(case, order, each, policy, as_at, known) for each in check_days(order, policy, known)]


def _check(case: Case, order: Order, day: CheckDay, policy: Policy, as_at: date, known: int | None) -> Check:
    """The check at a point, at the end of a day (PRG-01, PRG-02, PRG-07).

    Reading: after the end of the requirement, or of supervision, no check falls due; one missed before it stays.
    """
    point, due = day.point, day.due
    done = next((each for each in _checks(order, point) if each.fact.done_on >= day.counts), None)
    share = guide_minutes(ordered_minutes(order, as_at), point, policy.number(MONTHS, order.sentence_date, known))
    if done is not None:
        late = (done.fact.done_on - due).days
        below = account_of(case, order, policy, done.fact.done_on, known).credited < share
        return Check(point, due, "done-late" if late > 0 else "done", done, max(0, late), share, below)
    over = [*ended_on(order), *map(happened, order.endings)]
    if any(each <= min(due, as_at) for each in over):
        return Check(point, due, "not-due", None, None, share, amber=False)
    if as_at > due:
        below = account_of(case, order, policy, due, known).credited < share
        return Check(point, due, "overdue", None, (as_at - due).days, share, below)
    return Check(point, due, "due" if as_at >= day.counts else "not-due", None, None, share, amber=False)


def may_be_listed(order: Order, policy: Policy, as_at: date, known: int | None = None) -> bool:
    """Whether a requirement may have a check due or overdue, or owe hours after their due day, at the end of a day.

    Answered without its account, as most are asked in vain.
    """
    if _ended(order) is not None:
        return False
    due = due_on(order, policy, as_at, known)
    if (due is not None and as_at > due) or operational_period_over(as_at, order.operational_period_end):
        return True
    for each in check_days(order, policy, known):
        if as_at >= each.counts and not any(done.fact.done_on >= each.counts for done in _checks(order, each.point)):
            return True
    return False


def _checks(order: Order, point: int) -> list[Recorded[ProgressCheckCompleted]]:
    found = [each for each in order.checks if each.fact.point == point]
    return sorted(found, key=lambda each: (each.fact.done_on, each.position)) if len(found) > 1 else found


# ------------------------------------------------------------------------------------------ clocks of working days


@immutable
class Clock:
    """Something due a number of working days after sentence.  `due` is None where no calendar is loaded."""

    due: date | None
    state: Literal["not-due", "due", "done", "done-late", "overdue", "calendar-missing"]
    done_on: date | None
    working_days_late: int | None
    facts: tuple[int, ...]
    settings: dict[str, int]


def first_appointment_of(order: Order, policy: Policy, as_at: date, known: int | None = None) -> Clock:
    """The first appointment: what counts is the day it was for, once that day has come (UPW-10)."""
    came = [(each.fact.offered_for, each.position) for each in order.offers if each.fact.offered_for <= as_at]
    return _clock(order, "upw.first_appointment", came, policy, as_at, known)


def assessment_of(
    order: Order, which: Literal["upw", "risk"], policy: Policy, as_at: date, known: int | None = None
) -> Clock:
    """The unpaid work assessment or the risk assessment of an order (PRG-08)."""
    records = order.upw_assessments if which == "upw" else order.risk_assessments
    done = [(each.fact.completed_on, each.position) for each in records]
    return _clock(order, "upw.assessment" if which == "upw" else "oasys.assessment", done, policy, as_at, known)


@immutable
class Span:
    """From when something is reminded of, and when it is due (None: no calendar is loaded), with their settings."""

    due: date | None
    reminded: date | None
    settings: dict[str, int]


def _clock(
    order: Order, key: str, done: Sequence[tuple[date, int]], policy: Policy, as_at: date, known: int | None
) -> Clock:
    first = min(done, default=None)
    rests_on = (Same(policy), known, first or as_at)  # once stopped, it stands for ever
    return order.once(f"clock {key}", rests_on, lambda: _clock_anew(order, key, first, policy, as_at, known))


def _clock_anew(
    order: Order, key: str, first: tuple[date, int] | None, policy: Policy, as_at: date, known: int | None
) -> Clock:
    span = span_of(order, key, policy, known)
    facts = (order.record.position, *((first[1],) if first else ()))
    return _running(span, first[0] if first else None, facts, policy.calendar(known), as_at)


def span_of(order: Order, key: str, policy: Policy, known: int | None = None) -> Span:
    """The days of a clock that runs from sentence, by its setting: "upw.assessment"."""
    return order.once(f"span {key}", (Same(policy), known), lambda: _span(order.sentence_date, key, policy, known))


def _span(sentence: date, key: str, policy: Policy, known: int | None) -> Span:
    days, reminder = policy.number(key, sentence, known), policy.number(f"{key}_reminder", sentence, known)
    settings, calendar = {key: days, f"{key}_reminder": reminder}, policy.calendar(known)
    due_rule = first_appointment_due if key == "upw.first_appointment" else assessment_due
    try:
        return Span(due_rule(sentence, days, calendar), calendar.add_working_days(sentence, reminder), settings)
    except CalendarMissing:
        return Span(None, None, settings)


def _running(span: Span, done_on: date | None, facts: tuple[int, ...], calendar: Calendar, as_at: date) -> Clock:
    due, reminded = span.due, span.reminded
    if due is None or reminded is None:
        return Clock(None, CALENDAR_MISSING, done_on, None, facts, span.settings)
    if done_on is not None:
        late = _days_late(calendar, due, done_on)
        return Clock(due, "done-late" if done_on > due else "done", done_on, late, facts, span.settings)
    if as_at > due:
        return Clock(due, "overdue", None, _days_late(calendar, due, as_at), facts, span.settings)
    return Clock(due, "due" if as_at >= reminded else "not-due", None, None, facts, span.settings)


def _days_late(calendar: Calendar, due: date, until: date) -> int | None:
    try:
        return calendar.working_days_between(due, until)
    except CalendarMissing:
        return None
