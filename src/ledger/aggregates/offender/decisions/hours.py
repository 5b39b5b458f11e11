"""Decisions on credit, adjustments, education, and the checks that rest on them (rule book C and D).

Proven by tests/aggregates/test_decisions_hours.py, hours.yaml and progress.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time

from ledger.aggregates.aggregate import Computed, Ruling
from ledger.aggregates.offender.account import account_of, ete_cap_of, minutes_of
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.decisions.ruling import decides, today
from ledger.aggregates.offender.entities import Order, Session
from ledger.aggregates.offender.facts import EteHoursCredited, HoursAdjusted, HoursCredited, ProgressCheckCompleted
from ledger.aggregates.shape import Closed, Fact, Now, Recorded
from ledger.errors import Caution, Refusal
from ledger.rules import hours, progress
from ledger.rules.dates import LONDON, printed
from ledger.rules.orders import hours_text

# ------------------------------------------------------------------------------------------ sessions


@decides(HoursCredited)
def _(case: Case, draft: HoursCredited, now: Now) -> Ruling:
    session = case.sessions[draft.session_id]
    attendance: tuple[Recorded[Fact], ...] = (*session.attended, *session.late, *session.stopped)
    return Ruling(
        refusals=tuple(_credit_refusals(session, draft)),
        cautions=_credit_cautions(case, session, draft, now),
        rests_on=tuple(each.position for each in attendance),
    )


def _credit_refusals(session: Session, draft: HoursCredited) -> Iterator[Refusal]:
    if not session.attended:
        yield Refusal("HRS-01", hours.NO_ATTENDANCE)
    if session.credits:
        yield Refusal("HRS-01", hours.ALREADY_CREDITED)
    if not hours.travel_allowed(bool(session.late), draft.travel_minutes):
        yield Refusal("HRS-02", hours.NO_TRAVEL_WHEN_LATE)
    stopped = _stopped(session)
    if stopped is not None and session.attended:
        arrival = session.attended[-1].fact.arrival
        if draft.work_minutes > hours.minutes_until_stopped(arrival, stopped):
            yield Refusal("HRS-03", hours.ONLY_UP_TO.format(time=f"{stopped:%H:%M}"))


def _stopped(session: Session) -> time | None:
    """The time of day in London at which work was first stopped."""
    moments = [each.fact.stopped_at for each in session.stopped]
    return min(moments).astimezone(LONDON).time() if moments else None


def _credit_cautions(case: Case, session: Session, draft: HoursCredited, now: Now) -> Iterator[Caution]:
    if hours.long_day(draft.work_minutes, now.policy.number("hrs.long_day_minutes", session.date)):
        yield Caution("HRS-04", hours.LONG_DAY)
    yield from _beyond_order(case, case.orders[draft.order_id], minutes_of(draft), now)


def _beyond_order(case: Case, order: Order, minutes: int, now: Now) -> Iterator[Caution]:
    remaining = account_of(case, order, now.policy, today(now)).counts(minutes)
    if remaining < minutes:
        yield Caution("HRS-05", hours.REST_IS_NOTED.format(minutes=remaining))


@decides(HoursAdjusted)
def _(case: Case, draft: HoursAdjusted, now: Now) -> Ruling:
    account = account_of(case, case.orders[draft.order_id], now.policy, today(now))
    result = account.credited + draft.delta_minutes
    refusals: list[Refusal] = []
    if result < 0:
        refusals.append(Refusal("HRS-07", hours.BELOW_ZERO.format(minutes=result)))
    if account.counts(draft.delta_minutes) < draft.delta_minutes:
        refusals.append(Refusal("HRS-07", hours.ABOVE_ORDERED.format(minutes=account.balance)))
    return Ruling(refusals=tuple(refusals), rests_on=account.facts)


# ------------------------------------------------------------------------------------------ education


@decides(EteHoursCredited)
def _(case: Case, draft: EteHoursCredited, now: Now) -> Ruling:
    agreed = case.ete.get(draft.ete_id)
    order = case.orders.get(agreed.fact.order_id) if agreed else None
    refusals = tuple(_ete_refusals(case, order, draft, now))
    if order is None or agreed is None:
        return Ruling(refusals=refusals)
    return Ruling(
        refusals=refusals,
        cautions=_beyond_order(case, order, draft.minutes, now),
        rests_on=(agreed.position,),
    )


def _ete_refusals(case: Case, order: Order | None, draft: EteHoursCredited, now: Now) -> Iterator[Refusal]:
    if now.policy.setting("hrs.ete_max_percent", draft.on) is None:
        yield Refusal("HRS-06", hours.NO_PERCENTAGE)
    if order is None:
        yield Refusal("HRS-06", hours.NOT_AGREED)
        return
    cap = ete_cap_of(order, now.policy, draft.on)
    if cap is not None and account_of(case, order, now.policy, today(now)).by_source["ete"] + draft.minutes > cap:
        yield Refusal("HRS-06", hours.OVER_CAP.format(hours=hours_text(cap)))


# ------------------------------------------------------------------------------------------ checks


@decides(ProgressCheckCompleted)
def _(case: Case, draft: ProgressCheckCompleted, now: Now) -> Ruling:
    order = case.orders[draft.order_id]
    account = account_of(case, order, now.policy, draft.done_on)
    refusals: list[Refusal] = []
    if draft.sufficient is False and not _action_taken(order, draft.point):
        refusals.append(Refusal("PRG-03", progress.RECORD_THE_ACTION))
    return Ruling(
        refusals=tuple(refusals),
        computed={
            "credited_minutes": Computed(account.credited, "PRG-02"),
            "ordered_minutes": Computed(account.ordered, "PRG-02"),
        },
        cautions=tuple(_too_early(order, draft, now)),
        rests_on=account.facts,
    )


def _action_taken(order: Order, point: int) -> bool:
    """Whether an action stands for this point; one whose point cannot be read any more may be for it."""
    return any(isinstance(each.fact.point, Closed) or each.fact.point.strip() == str(point) for each in order.actions)


def _too_early(order: Order, draft: ProgressCheckCompleted, now: Now) -> Iterator[Caution]:
    due = progress.check_due(order.sentence_date, draft.point)
    first = progress.counts_from(due, now.policy.number("upw.check_early_days", order.sentence_date))
    if draft.done_on < first:
        yield Caution("PRG-02", progress.TOO_EARLY.format(day=printed(first), due=printed(due)))
