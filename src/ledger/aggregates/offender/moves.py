"""How each fact moves the case of one person: one small function each, most of them a list that the fact joins.

    @moves(OrderMade)
    def _(case: Case, recorded: Recorded[OrderMade]) -> None: ...

A fact about an entity that is not there is passed over.  Proven by tests/aggregates/test_case.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ledger.aggregates.offender import facts
from ledger.aggregates.offender.entities import Absence, Allocation, BreachWarning, Order, Session, happened
from ledger.aggregates.shape import Fact, Recorded

if TYPE_CHECKING:
    from ledger.aggregates.offender.case import Case

F = TypeVar("F", bound=Fact)
MOVES: Final[dict[type[Fact], Callable[[Case, Recorded[Any]], None]]] = {}


def moves(kind: type[F]) -> Callable[[Callable[[Case, Recorded[F]], None]], Callable[[Case, Recorded[F]], None]]:
    """Register how a fact moves the case.  Facts without a move are told only: tests name them one by one."""

    def register(move: Callable[[Case, Recorded[F]], None]) -> Callable[[Case, Recorded[F]], None]:
        MOVES[kind] = move
        return move

    return register


def moving() -> frozenset[type[Fact]]:
    """The facts that move a case."""
    return frozenset(MOVES)


def _joins_order(kind: type[Fact], part: Callable[[Order], list[Any]]) -> None:
    """Facts that only join a list of their order."""

    def move(case: Case, recorded: Recorded[Any]) -> None:
        order = case.orders.get(recorded.fact.order_id)
        if order is not None:
            part(order).append(recorded)

    MOVES[kind] = move


def _joins_session(kind: type[Fact], part: Callable[[Session], list[Any]]) -> None:
    def move(case: Case, recorded: Recorded[Any]) -> None:
        session = case.sessions.get(recorded.fact.session_id)
        if session is not None:
            part(session).append(recorded)

    MOVES[kind] = move


def _joins_absence(kind: type[Fact], part: Callable[[Absence], list[Any]]) -> None:
    def move(case: Case, recorded: Recorded[Any]) -> None:
        absence = case.absences.get(recorded.fact.absence_id)
        if absence is not None:
            part(absence).append(recorded)

    MOVES[kind] = move


_joins_order(facts.FirstAppointmentOffered, lambda order: order.offers)
_joins_order(facts.UpwAssessmentCompleted, lambda order: order.upw_assessments)
_joins_order(facts.ProgressCheckCompleted, lambda order: order.checks)
_joins_order(facts.ProgressActionTaken, lambda order: order.actions)
_joins_order(facts.CourtApplicationMade, lambda order: order.applications)
_joins_order(facts.CourtVariationMade, lambda order: order.variations)
_joins_order(facts.BreachActionStarted, lambda order: order.breach_acts)
_joins_order(facts.BreachActionNotTaken, lambda order: order.breach_acts)
_joins_order(facts.BreachOutcomeRecorded, lambda order: order.breach_acts)
_joins_order(facts.UpwRequirementCompleted, lambda order: order.completions)
_joins_order(facts.SupervisionEnded, lambda order: order.endings)
_joins_order(facts.HoursAdjusted, lambda order: order.credits)
_joins_session(facts.SessionAttended, lambda session: session.attended)
_joins_session(facts.LatenessRecorded, lambda session: session.late)
_joins_session(facts.SentHome, lambda session: session.sent_home)
_joins_session(facts.WorkStopped, lambda session: session.stopped)
_joins_absence(facts.EvidenceReceived, lambda absence: absence.evidence)
_joins_absence(facts.AbsenceJudged, lambda absence: absence.judgements)
_joins_absence(facts.AbsenceRejudged, lambda absence: absence.judgements)
_joins_absence(facts.BreachReferred, lambda absence: absence.referrals)


@moves(facts.OrderMade)
def _(case: Case, recorded: Recorded[facts.OrderMade]) -> None:
    case.orders.setdefault(recorded.fact.order_id, Order(recorded))


@moves(facts.RiskAssessmentCompleted)
def _(case: Case, recorded: Recorded[facts.RiskAssessmentCompleted]) -> None:
    case.levels.append((happened(recorded), recorded.position, recorded.fact.rosh_level))
    order = case.orders.get(recorded.fact.order_id)
    if order is not None:
        order.risk_assessments.append(recorded)


@moves(facts.RiskLevelChanged)
def _(case: Case, recorded: Recorded[facts.RiskLevelChanged]) -> None:
    case.levels.append((happened(recorded), recorded.position, recorded.fact.to_level))


@moves(facts.PlacementAllocated)
def _(case: Case, recorded: Recorded[facts.PlacementAllocated]) -> None:
    allocation = case.allocations.setdefault(recorded.fact.allocation_id, Allocation(recorded))
    order = case.orders.get(recorded.fact.order_id)
    if order is not None:
        order.allocations.append(allocation)


def _changes_allocation(case: Case, recorded: Recorded[Any]) -> None:
    allocation = case.allocations.get(recorded.fact.allocation_id)
    if allocation is not None:
        allocation.changes.append(recorded)


for _kind in (facts.AllocationSuspended, facts.AllocationResumed, facts.AllocationEnded):
    MOVES[_kind] = _changes_allocation


@moves(facts.SessionScheduled)
def _(case: Case, recorded: Recorded[facts.SessionScheduled]) -> None:
    session = case.sessions.setdefault(recorded.fact.session_id, Session(recorded))
    order = case.orders.get(recorded.fact.order_id)
    if order is not None:
        order.sessions.append(session)


@moves(facts.SessionCancelled)
def _(case: Case, recorded: Recorded[facts.SessionCancelled]) -> None:
    session = case.sessions.get(recorded.fact.session_id)
    if session is not None:
        session.cancelled = recorded


@moves(facts.AbsenceRecorded)
def _(case: Case, recorded: Recorded[facts.AbsenceRecorded]) -> None:
    absence = case.absences.setdefault(recorded.fact.absence_id, Absence(recorded))
    order = case.orders.get(recorded.fact.order_id)
    if order is not None:
        order.absences.append(absence)
    session = case.sessions.get(recorded.fact.session_id or "")
    if session is not None:
        session.absences.append(recorded)


@moves(facts.EnforcementLetterIssued)
def _(case: Case, recorded: Recorded[facts.EnforcementLetterIssued]) -> None:
    absence = case.absences.get(recorded.fact.absence_id)
    if absence is not None:
        absence.letters.append(recorded)
        case.letters[recorded.fact.letter_id] = absence


@moves(facts.BreachWarningGiven)
def _(case: Case, recorded: Recorded[facts.BreachWarningGiven]) -> None:
    absence = case.absences.get(recorded.fact.absence_id)
    if absence is not None:
        absence.warnings.append(case.warnings.setdefault(recorded.fact.warning_id, BreachWarning(recorded)))


@moves(facts.BreachWarningWithdrawn)
def _(case: Case, recorded: Recorded[facts.BreachWarningWithdrawn]) -> None:
    warning = case.warnings.get(recorded.fact.warning_id)
    if warning is not None:
        warning.withdrawals.append(recorded)


@moves(facts.HoursCredited)
def _(case: Case, recorded: Recorded[facts.HoursCredited]) -> None:
    session = case.sessions.get(recorded.fact.session_id)
    if session is not None:
        session.credits.append(recorded)
    order = case.orders.get(recorded.fact.order_id)
    if order is not None:
        order.credits.append(recorded)


@moves(facts.EteActivityAgreed)
def _(case: Case, recorded: Recorded[facts.EteActivityAgreed]) -> None:
    case.ete.setdefault(recorded.fact.ete_id, recorded)
    order = case.orders.get(recorded.fact.order_id)
    if order is not None:
        order.ete.append(recorded)


@moves(facts.EteHoursCredited)
def _(case: Case, recorded: Recorded[facts.EteHoursCredited]) -> None:
    agreed = case.ete.get(recorded.fact.ete_id)
    order = case.orders.get(agreed.fact.order_id) if agreed else None
    if order is not None:
        order.credits.append(recorded)


@moves(facts.CaseTransferredToHistoryFile)
def _(case: Case, recorded: Recorded[facts.CaseTransferredToHistoryFile]) -> None:
    order = case.orders.get(recorded.fact.ref)
    if order is not None and recorded.fact.scope == "SUPERVISION_CASE":
        order.history_file.append(recorded)


@moves(facts.DocumentFiled)
def _(case: Case, recorded: Recorded[facts.DocumentFiled]) -> None:
    case.documents.setdefault(recorded.fact.doc_id, recorded)


@moves(facts.RegistrationNotedOnCase)
def _(case: Case, recorded: Recorded[facts.RegistrationNotedOnCase]) -> None:
    case.registrations.append(recorded)
