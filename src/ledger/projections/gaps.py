"""What should have happened in a case by the end of a day and did not, each with its rule, since when and by how long.

Every rule of the rule book's areas A to E that sets somebody a time, or says what follows at once, is told here until
it is done; `OF_RULES` names them.  Those on the protection of children stand in `protection_gaps`.  What has no time in
the sources is told by its age alone.  Proven by
tests/projections/test_gaps.py and tests/projections/test_views.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from ledger.aggregates.offender.absences import ACCEPTABLE, standing_on, timely
from ledger.aggregates.offender.breach import Trail, breach_of, trails_of
from ledger.aggregates.offender.breach_law import Law, counts, rule_in
from ledger.aggregates.offender.case import Case, prepared
from ledger.aggregates.offender.entities import Order, Session, happened
from ledger.aggregates.offender.facts import (
    AssessmentReviewed,
    CaseTransferred,
    FirstAppointmentOffered,
    HomeVisitMade,
    ManagementDecisionRecorded,
    RiskAssessmentCompleted,
    SessionScheduled,
    SignificantChangeRecorded,
    UpwAssessmentCompleted,
)
from ledger.aggregates.offender.progress import assessment_of, checks_of, first_appointment_of, requirement_of
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Fact, Recorded
from ledger.projections.protection_gaps import protection_gaps
from ledger.projections.why import Row
from ledger.rules.allocation import transfer_due
from ledger.rules.dates import day_of
from ledger.rules.registry import label

TRANSFER: Final = "case.transfer"
OF_RULES: Final = (
    *("UPW-05", "UPW-09", "UPW-10", "UPW-12"),
    *("ENF-01", "ENF-03", "ENF-05", "ENF-08", "ENF-09", "ENF-11"),
    *("PRG-03", "PRG-07", "PRG-08", "HRS-01", "ALL-03", "ALL-22"),
)


@dataclass(frozen=True, slots=True)
class Told:
    """The facts of a case that had happened by a day, corrected."""

    facts: Sequence[Recorded[Any]]

    def of(self, *kinds: type[Fact]) -> list[Recorded[Any]]:
        """Those of these kinds, in the order they were recorded."""
        return [each for each in self.facts if type(each.fact) in kinds]


def gaps(history: Sequence[Recorded[Any]], policy: Policy, as_at: date, known: int) -> Iterator[Row]:
    """What should have happened by the end of the day and did not: order by order, then of the whole file."""
    case = Case.as_at(history, as_at)
    told = Told([each for each in prepared(history) if each.fact.is_plan or happened(each) <= as_at])
    for order in case.orders.values():
        yield from _clock_gaps(order, policy, as_at, known)
        yield from _progress_gaps(case, order, policy, as_at, known, told)
        yield from _enforcement_gaps(order, policy, as_at, known)
        for session in order.sessions:
            yield from _session_gap(order, session, as_at)
    yield from _change_gaps(told, as_at)
    yield from _transfer_gaps(told, policy, as_at, known)
    for each in protection_gaps(history, policy, as_at, known):
        yield _gap(each.rule, each.what, each.since, as_at, **each.ids)


def _gap(rule: str, what: str, since: date, as_at: date, **ids: str | int) -> Row:
    return {
        "rule": rule.partition("@")[0],
        "edition": label(rule),
        "what": what,
        "since": since,
        "days": (as_at - since).days,
        **ids,
    }


def _clock_gaps(order: Order, policy: Policy, as_at: date, known: int) -> Iterator[Row]:
    clocks = (
        ("UPW-10", "No first appointment", first_appointment_of(order, policy, as_at, known)),
        ("PRG-08", "No unpaid work assessment", assessment_of(order, "upw", policy, as_at, known)),
        ("PRG-08", "No risk assessment", assessment_of(order, "risk", policy, as_at, known)),
    )
    for rule, what, clock in clocks:
        if clock.state == "overdue" and clock.due is not None:
            yield _gap(rule, what, clock.due, as_at, order_id=order.id)


def _progress_gaps(case: Case, order: Order, policy: Policy, as_at: date, known: int, told: Told) -> Iterator[Row]:
    for check in checks_of(case, order, policy, as_at, known):
        if check.state == "overdue":
            yield _gap("PRG-07", f"No {check.point}-month check", check.due, as_at, order_id=order.id)
        elif check.done is not None and not check.done.fact.sufficient and not _acted_on(order, check.point):
            done = check.done.fact.done_on
            yield _gap("PRG-03", f"No action on the {check.point}-month check", done, as_at, order_id=order.id)
    found = requirement_of(case, order, policy, as_at, known)
    if found.state == "outstanding" and found.due_on is not None:
        yield _gap("UPW-05", "No application to court", found.due_on, as_at, order_id=order.id)
    yield from _decision_gap(order, told, as_at, found.state)
    if found.account.balance == 0 and not order.completions and found.state != "revoked":
        credited = max((day_of(each.effective) for each in order.credits), default=order.sentence_date)
        yield _gap("UPW-12", "Completion not confirmed", credited, as_at, order_id=order.id)


def _acted_on(order: Order, point: int) -> bool:
    return any(str(each.fact.point) == str(point) for each in order.actions)


def _enforcement_gaps(order: Order, policy: Policy, as_at: date, known: int) -> Iterator[Row]:
    trails = trails_of(order, policy, known)
    for trail in trails.values():
        yield from _absence_gap(order, trail, as_at)
    breach = breach_of(order, trails, policy, as_at, known)
    if breach.state == "triggered" and breach.on is not None:
        rule = rule_in("ENF-09", breach.edition)
        yield _gap(rule, "Breach not decided on", breach.on, as_at, order_id=order.id)
    for duty in Law.of(order, policy, known).duties(breach.live, as_at):
        if duty.state == "warn-or-refer":
            since = standing_on(trails[duty.absence_id].standings, as_at).since
            ids = {"order_id": order.id, "absence_id": duty.absence_id}
            yield _gap("ENF-08@sentencing-2020", "Neither warned nor referred", since, as_at, **ids)
    for trail in trails.values():
        yield from _warning_gaps(order, trail, as_at)


def _warning_gaps(order: Order, trail: Trail, as_at: date) -> Iterator[Row]:
    """A warning about a failure that is found acceptable since, and was not taken back (ENF-11)."""
    standing = standing_on(trail.standings, as_at)
    for warning in trail.absence.warnings if standing.status == ACCEPTABLE else ():
        if counts(warning, as_at):
            fact = warning.record.fact
            ids = {"order_id": order.id, "absence_id": fact.absence_id, "warning_id": fact.warning_id}
            yield _gap("ENF-11@sentencing-2020", "Warning not withdrawn", standing.since, as_at, **ids)


def _absence_gap(order: Order, trail: Trail, as_at: date) -> Iterator[Row]:
    absence, deadline = trail.absence, trail.deadline
    standing = standing_on(trail.standings, as_at)
    ids = {"order_id": order.id, "absence_id": absence.record.fact.absence_id}
    if standing.status == "no-letter":
        yield _gap("ENF-03", "No enforcement letter", absence.date, as_at, **ids)
    until = deadline.until if deadline else None
    if standing.status == "under-consideration" and until is not None and as_at > until and timely(absence, until):
        yield _gap("ENF-05", "Evidence not judged", until, as_at, **ids)


def _session_gap(order: Order, session: Session, as_at: date) -> Iterator[Row]:
    if session.date >= as_at or session.cancelled is not None:
        return
    ids = {"order_id": order.id, "session_id": session.record.fact.session_id}
    if not session.has_outcome:
        yield _gap("ENF-01", "No outcome of a session", session.date, as_at, **ids)
    elif session.attended and not session.credits and not session.sent_home:
        yield _gap("HRS-01", "Hours of a session not recorded", session.date, as_at, **ids)


# ------------------------------------------------------------------------------------------ of the file


def _decision_gap(order: Order, told: Told, as_at: date, state: str) -> Iterator[Row]:
    """The operational period is over with hours owing: a manager decides (UPW-09)."""
    end = order.operational_period_end
    if state != "operational-period-ended" or end is None:
        return
    decisions = told.of(ManagementDecisionRecorded)
    if not any(each.fact.order_id == order.id and happened(each) > end for each in decisions):
        yield _gap("UPW-09", "No manager's decision", end, as_at, order_id=order.id)


def _change_gaps(told: Told, as_at: date) -> Iterator[Row]:
    """Changes that no review or new assessment followed (ALL-03).

    Readings: one of the same day counts; no time is given, so it is a gap from the next day, with its age.
    """
    reviews = told.of(AssessmentReviewed, RiskAssessmentCompleted, UpwAssessmentCompleted)
    for change in told.of(SignificantChangeRecorded):
        day = happened(change)
        if day < as_at and not any(happened(each) >= day for each in reviews):
            yield _gap("ALL-03", "Significant change not reviewed", day, as_at, position=change.position)


def _transfer_gaps(told: Told, policy: Policy, as_at: date, known: int) -> Iterator[Row]:
    """After notice of a transfer: an appointment, and the plan brought up to date or a home visit (ALL-22).

    Readings: an appointment is a first one offered, a session, or a visit, whichever day it was made on; the risk plan
    is brought up to date by a risk assessment or a review.
    """
    visits = [happened(each) for each in told.of(HomeVisitMade)]
    days = [each.fact.offered_for for each in told.of(FirstAppointmentOffered)]
    days += [each.fact.date for each in told.of(SessionScheduled)]
    plans = [happened(each) for each in told.of(RiskAssessmentCompleted, AssessmentReviewed)]
    for transfer in told.of(CaseTransferred):
        notified = transfer.fact.notified_on
        due = transfer_due(notified, policy.number(TRANSFER, notified, known))
        ids: dict[str, str | int] = {"order_id": transfer.fact.order_id, "position": transfer.position}
        if as_at <= due:
            continue
        if not any(notified <= each <= as_at for each in (*visits, *days)):
            yield _gap("ALL-22", "No appointment after a transfer", due, as_at, **ids)
        if not any(notified <= each <= as_at for each in (*visits, *plans)):
            yield _gap("ALL-22", "Risk plan not updated after a transfer", due, as_at, **ids)
