"""What is owed in a child protection case itself, beside its matters: lines of worklist `child-protection`.

    owed(history, registered, matters, policy, as_at, known)     the lines, each from its `since`
    turns(history, policy, known)                                the days that contact turns on

What an assessment told under R2 owes an objective of the plan, in any case that goes on; the other lines are those of a
child protection case.  Proven by tests/projections/test_child_protection_worklist.py and
tests/projections/test_children_of_assessed.py.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from ledger.aggregates.child_protection_matter import facts
from ledger.aggregates.child_protection_matter.matter import Matter
from ledger.aggregates.corrections import RecordCorrected, as_corrected
from ledger.aggregates.offender.case import Case, prepared
from ledger.aggregates.offender.entities import Absence, Order, happened
from ledger.aggregates.offender.facts import (
    AbsenceJudged,
    AbsenceRejudged,
    HomeVisitMade,
    PrisonCoordinatorInformed,
    RiskAssessmentCompleted,
    SentencePlanObjectiveSet,
)
from ledger.aggregates.offender.protection import protection_of, responsible
from ledger.aggregates.policy import Policy
from ledger.aggregates.register_entry.facts import (
    CpCircumstancesChanged,
    DeregistrationNotified,
    RegisterEntryMade,
    RegisterReviewed,
)
from ledger.aggregates.register_entry.registrations import Registration
from ledger.aggregates.shape import Closed, History, Recorded
from ledger.projections.why import Row
from ledger.rules.child_protection import about_protection, contact_lost_from
from ledger.rules.register import in_custody

CONTACT_LOST: Final = "cp.loss_of_contact_days"
STREAMS: Final = ("child-protection-matter-", "register-entry-")
TOPICS: Final = frozenset(
    each.topic for each in (facts.ChildProtectionConcernRecorded, facts.ChildRiskSectionCompleted, RegisterEntryMade)
)
ENDING: Final = frozenset({"COMPLETION_OF_SUPERVISION", "CHILD_REMOVED_FROM_CSCP_REGISTER"})  # of an entry
R2: Final = "risk_to_children_r2"
# The sealed values that these lines rest on, in the cases that `concerns` names; no others of them are opened.
OPENS: Final[Mapping[str, tuple[str, ...]]] = {
    SentencePlanObjectiveSet.topic: ("kind",),
    AbsenceJudged.topic: ("reason_code",),
}


def line(kind: str, rule: str, since: date, state: str = "open", due: date | None = None, **more: Any) -> Row:
    """A line of the list."""
    return {"kind": kind, "rule": rule, "since": since, "due": due, "state": state, **more}


def concerns(topic: str, sealed: Collection[str], values: Mapping[str, Any]) -> bool:
    """Whether an entry makes a case one that these lines may read more of, by its type, the paths that it holds sealed,
    and its clear values: what an assessment left out under R2 may be put right.  A check alone does not: every
    assessment has one."""
    told = topic == RiskAssessmentCompleted.topic and R2 in sealed
    return topic in TOPICS or told or (topic == RecordCorrected.topic and values.get("field") == R2)


def concerns_a_child(history: Sequence[Recorded[Any]]) -> bool:
    """Whether matters or entries of the register name the person, or an assessment told of a risk to children."""

    def found() -> bool:
        return any(each.stream.startswith(STREAMS) for each in history) or any(map(_tells, prepared(history)))

    return history.once(concerns_a_child, found) if isinstance(history, History) else found()


def _tells(record: Recorded[Any]) -> bool:
    """Whether an assessment says something under R2; what, nobody needs to read for that (CP-10)."""
    return isinstance(record.fact, RiskAssessmentCompleted) and record.fact.risk_to_children_r2 is not None


# ------------------------------------------------------------------------------------------ the lines


def owed(
    history: Sequence[Recorded[Any]],
    registered: Sequence[Registration],
    matters: Iterable[Matter],
    policy: Policy,
    as_at: date,
    known: int,
) -> Iterator[Row]:
    """The lines at the end of a day.  `registered`: those made by then; `matters`: those that name anybody then."""
    case = Case.as_at(history, as_at)
    told = [each for each in as_corrected(history) if happened(each) <= as_at]
    if case.erased is None:
        yield from _without_objective(case, told, matters)
    protection = protection_of(case, as_at)
    if protection is None:
        return
    yield from _without_cp1(case, told, [each for each in registered if _stands(each, as_at)])
    yield from _changed(case, told, [each for each in registered if _stands(each, as_at)])
    if not any(isinstance(each.fact, HomeVisitMade) and happened(each) >= protection.since for each in told):
        yield line("home-visit", "CP-55", protection.since)
    yield from _out_of_contact(case, told, policy, as_at, known)
    yield from _imprisoned(case, told, as_at)


def _under_supervision(case: Case) -> list[Order]:
    return [order for order in case.orders.values() if not order.endings]


def _without_objective(case: Case, told: Sequence[Recorded[Any]], matters: Iterable[Matter]) -> Iterator[Row]:
    """A concern in R2, and no objective of the plan about it since (CP-10): of the order that was assessed; one told in
    a matter, of any."""
    orders = _under_supervision(case)
    objectives = [each for each in told if isinstance(each.fact, SentencePlanObjectiveSet) and _protects(each)]
    without = False
    for order in orders:
        assessed = max((happened(each) for each in order.risk_assessments if _tells(each)), default=None)
        of_order = (each for each in objectives if each.fact.order_id == order.id)
        if assessed is not None and not any(happened(each) >= assessed for each in of_order):
            without = True
            yield line("objective", "CP-10", assessed, order_id=order.id)
    sections = [each for matter in matters for each in matter.told(facts.ChildRiskSectionCompleted, form="R2")]
    if without or not orders or not sections:
        return
    since = max(happened(each) for each in sections)
    if not any(happened(each) >= since for each in objectives):
        yield line("objective", "CP-10", since)


def _protects(objective: Recorded[SentencePlanObjectiveSet]) -> bool:
    """Whether an objective is about the protection of a child; one that cannot be read may be."""
    kind = objective.fact.kind
    return isinstance(kind, Closed) or about_protection(kind)


def _stands(registration: Registration, as_at: date) -> bool:
    return registration.closed is None or happened(registration.closed) > as_at


def _without_cp1(case: Case, told: Sequence[Recorded[Any]], registered: Sequence[Registration]) -> Iterator[Row]:
    """Responsibility was taken, or circumstances changed, and no form CP1 went since (CP-14, CP-35)."""
    made = [happened(each.made) for each in registered if each.made and each.made.fact.child_ids]
    if not made:
        return
    assigned = [happened(found) for order in case.orders.values() if (found := responsible(order)) is not None]
    changed = [happened(each) for each in told if isinstance(each.fact, CpCircumstancesChanged)]
    since = max([min(made), *assigned, *changed])
    if not any(isinstance(each.fact, facts.Cp1Sent) and happened(each) >= since for each in told):
        yield line("cp1", "CP-14", since)


def _changed(case: Case, told: Sequence[Recorded[Any]], registered: Sequence[Registration]) -> Iterator[Row]:
    """Circumstances of an open entry changed, and nobody notified that it is to end, or reviewed it (CP-35)."""
    over = not _under_supervision(case)  # which is itself the notification (CP-40)
    for entry in registered:
        own = [each for each in told if each.stream == entry.stream]
        changed = [each for each in own if isinstance(each.fact, CpCircumstancesChanged)]
        ids: Row = {"entry_id": entry.entry_id}
        ends = max((happened(each) for each in changed if each.fact.kind in ENDING), default=None)
        notified = [each.fact for each in own if isinstance(each.fact, DeregistrationNotified)]
        if (
            ends is not None
            and not over
            and not any(max(each.occurred_on, each.notified_on) >= ends for each in notified)
        ):
            yield line("deregistration", "CP-35", ends, **ids)
        since = max((happened(each) for each in changed if each.fact.kind not in ENDING), default=None)
        reviewed = (happened(each) for each in own if isinstance(each.fact, RegisterReviewed))
        if since is not None and not any(day >= since for day in reviewed):
            yield line("register-review", "CP-35", since, **ids)


def _attended(order: Order, as_at: date) -> list[date]:
    return [each.date for each in order.sessions if each.attended and each.date <= as_at]


def _out_of_contact(
    case: Case, told: Sequence[Recorded[Any]], policy: Policy, as_at: date, known: int
) -> Iterator[Row]:
    """No attendance for 28 days with an absence in them, and the key worker was not told (CP-13); a warning only."""
    for order in _under_supervision(case):
        absent = [each.date for each in order.absences if each.date <= as_at]
        last = max(_attended(order, as_at), default=order.sentence_date)
        lost_from = contact_lost_from(last, policy.number(CONTACT_LOST, last, known))
        notified = [happened(each) for each in told if isinstance(each.fact, facts.LossOfContactNotified)]
        if as_at >= lost_from and any(day > last for day in absent) and not any(day > last for day in notified):
            yield line("loss-of-contact", "CP-13", last, "warning", order_id=order.id)


def _imprisoned(case: Case, told: Sequence[Recorded[Any]], as_at: date) -> Iterator[Row]:
    """In prison, and its child protection co-ordinator was not told since the person was last seen (CP-36)."""
    orders = _under_supervision(case)
    seen = max((day for order in case.orders.values() for day in _attended(order, as_at)), default=date.min)
    away = [(each.date, order.id) for order in orders for each in order.absences if _in_prison(each)]
    away = [each for each in away if seen < each[0] <= as_at]
    informed = (happened(each) for each in told if isinstance(each.fact, PrisonCoordinatorInformed))
    if away and not any(day >= seen for day in informed):
        since, order_id = min(away)
        yield line("prison", "CP-36", since, order_id=order_id)


def _in_prison(absence: Absence) -> bool:
    """Whether an absence was judged acceptable because the person was in custody, and still is."""
    judged = [each.fact for each in absence.judgements]
    said = [each for each in judged if isinstance(each, AbsenceJudged)]
    if not said or said[-1].result != "ACCEPTABLE" or isinstance(said[-1].reason_code, Closed):
        return False
    otherwise = isinstance(judged[-1], AbsenceRejudged) and judged[-1].to_result != "ACCEPTABLE"
    return not otherwise and in_custody(said[-1].reason_code)


# ------------------------------------------------------------------------------------------ when it changes


def turns(history: Sequence[Recorded[Any]], policy: Policy, known: int) -> Iterator[date]:
    """The days of sessions, and those from which contact counts as lost; the days of facts are not among them."""
    case = Case.fold(history)
    sessions = [each.date for order in case.orders.values() for each in order.sessions]
    starts = [order.sentence_date for order in case.orders.values()]
    yield from sessions
    for last in (*sessions, *starts):
        yield contact_lost_from(last, policy.number(CONTACT_LOST, last, known))
