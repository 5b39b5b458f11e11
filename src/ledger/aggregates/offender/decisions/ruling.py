"""How a command about a case is ruled on: what is impossible, what the history file bars, then the fact's own decision.

    @decides(EnforcementLetterIssued)
    def _(case: Case, draft: EnforcementLetterIssued, now: Now) -> Ruling: ...

    @decides_across(SessionScheduled)                         what rests on other cases too: the placement, the others
    def _(case: Case, draft: SessionScheduled, now: Now, stream: str) -> Ruling: ...

Facts without a decision are recorded as told.  A fact that names an entity which is not there, or brings an id that is,
is impossible whoever tells it.  Proven by the tables of tests/aggregates/test_decisions_*.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from typing import Any, Final, TypeVar

from ledger.aggregates.aggregate import Ruling, about_ids
from ledger.aggregates.offender import facts
from ledger.aggregates.offender.case import BY_SESSION, Case
from ledger.aggregates.offender.entities import Order
from ledger.aggregates.offender.erasing import nothing_more
from ledger.aggregates.offender.protection import approved, protection_of
from ledger.aggregates.shape import Fact, Now
from ledger.errors import Refusal
from ledger.rules import general
from ledger.rules.allocation import APPROVAL_FOR_PSO
from ledger.rules.dates import london_day
from ledger.rules.hours import OTHER_ORDER
from ledger.rules.orders import IN_HISTORY_FILE

F = TypeVar("F", bound=Fact)
Decides = Callable[[Case, Any, Now], Ruling]
DecidesAcross = Callable[[Case, Any, Now, str], Ruling]
_DECISIONS: Final[dict[type[Fact], Decides]] = {}
_ACROSS: Final[dict[type[Fact], DecidesAcross]] = {}


def decides(kind: type[F]) -> Callable[[Callable[[Case, F, Now], Ruling]], Callable[[Case, F, Now], Ruling]]:
    """Register the decision on a fact; everything it names exists by then."""

    def register(decision: Callable[[Case, F, Now], Ruling]) -> Callable[[Case, F, Now], Ruling]:
        _DECISIONS[kind] = decision
        return decision

    return register


def decides_across(
    kind: type[F],
) -> Callable[[Callable[[Case, F, Now, str], Ruling]], Callable[[Case, F, Now, str], Ruling]]:
    """Register the part of the decision on a fact that rests on other cases; it too may find the fact impossible."""

    def register(decision: Callable[[Case, F, Now, str], Ruling]) -> Callable[[Case, F, Now, str], Ruling]:
        _ACROSS[kind] = decision
        return decision

    return register


def rule_on(case: Case, draft: Fact, now: Now, stream: str) -> Ruling:
    """The ruling on a draft: refusals first the impossible, then the history file, then the fact's own."""
    impossible = tuple(_impossible(case, draft))
    if impossible:
        return Ruling(refusals=impossible)
    decision, look_across = _DECISIONS.get(type(draft)), _ACROSS.get(type(draft))
    across = look_across(case, draft, now, stream) if look_across else Ruling()
    impossible = tuple(each for each in across.refusals if not each.rule_book)
    if impossible:
        return Ruling(refusals=impossible)
    ruling = decision(case, draft, now) if decision else Ruling()
    barred = (*_in_history(case, draft), *_by_a_pso(case, draft, now))
    return Ruling(
        refusals=(*barred, *ruling.refusals, *across.refusals),
        computed={**ruling.computed, **across.computed},
        cautions=(*ruling.cautions, *across.cautions),
        effective=ruling.effective or _day_of_session(case, draft),
        about=about_ids(draft, stream, *ruling.about, *across.about, _placement(case, draft)),
        rests_on=tuple(sorted({*_named(case, draft), *ruling.rests_on, *across.rests_on})),
        whose={**ruling.whose, **across.whose},
        editions={**ruling.editions, **across.editions},
    )


def may_be_refused(case: Case, kind: type[Fact], role: str) -> bool:
    """Whether any rule of the book may refuse such a fact in this case; most facts none can."""
    if kind in _DECISIONS or role == "pso":
        return True
    return kind in PLANS_AND_DECISIONS and any(each.history_file for each in case.orders.values())


def rules_broken(case: Case, draft: Fact, now: Now) -> tuple[str, ...]:
    """The rules of the book that refuse a draft by what the case itself shows: of `rule_on`'s ruling those alone.

    Of most drafts `may_be_refused` says sooner that there are none.
    """
    if any(_impossible(case, draft)):
        return ()
    decision = _DECISIONS.get(type(draft))
    ruled = decision(case, draft, now).refusals if decision else ()
    found = (*_in_history(case, draft), *_by_a_pso(case, draft, now), *ruled)
    return tuple(dict.fromkeys(each.rule for each in found if each.rule_book))


# ------------------------------------------------------------------------------------------ what it names

_BRINGS: Final[dict[type[Fact], tuple[str, Callable[[Case], Any]]]] = {
    facts.OrderMade: ("order_id", lambda case: case.orders),
    facts.SessionScheduled: ("session_id", lambda case: case.sessions),
    facts.AbsenceRecorded: ("absence_id", lambda case: case.absences),
    facts.EnforcementLetterIssued: ("letter_id", lambda case: case.letters),
    facts.BreachWarningGiven: ("warning_id", lambda case: case.warnings),
    facts.PlacementAllocated: ("allocation_id", lambda case: case.allocations),
    facts.EteActivityAgreed: ("ete_id", lambda case: case.ete),
    facts.DocumentFiled: ("doc_id", lambda case: case.documents),
}
_NAMES: Final[dict[str, tuple[str, Callable[[Case], Any]]]] = {
    "order_id": ("order", lambda case: case.orders),
    "session_id": ("session", lambda case: case.sessions),
    "absence_id": ("absence", lambda case: case.absences),
    "allocation_id": ("allocation", lambda case: case.allocations),
    "warning_id": ("warning", lambda case: case.warnings),
}


@cache
def _named_by(fact_class: type[Fact]) -> tuple[tuple[str, str, Callable[[Case], Any]], ...]:
    """The ids of a type of fact that name something of the case."""
    return tuple((name, *_NAMES[name]) for name in _NAMES if name in fact_class.model_fields)


def _impossible(case: Case, draft: Fact) -> Iterator[Refusal]:
    yield from nothing_more(case, draft)
    told = vars(draft)
    brings, there = _BRINGS.get(type(draft), ("", None))
    if there is not None and told[brings] in there(case):
        yield Refusal("GEN-06", general.NO_OVERWRITING, rule_book=False)
    for name, what, where in _named_by(type(draft)):
        named = told[name] if name != brings else None
        if named is not None and named not in where(case):
            yield Refusal("GEN-06", general.UNKNOWN.format(what=what, id=named), rule_book=False)
    if _of_another_order(case, draft):
        yield Refusal("GEN-06", OTHER_ORDER, rule_book=False)


def _of_another_order(case: Case, draft: Fact) -> bool:
    if isinstance(draft, facts.SessionScheduled):
        return False
    told = vars(draft)
    session = case.sessions.get(told.get("session_id") or "")
    named = told.get("order_id")
    return session is not None and named is not None and session.record.fact.order_id != named


def _named(case: Case, draft: Fact) -> Iterator[int]:
    """Positions of the records a draft names: what it rests on."""
    told = vars(draft)
    for name, _, where in _named_by(type(draft)):
        entity = where(case).get(told[name])
        if entity is not None:
            yield entity.record.position


def _placement(case: Case, draft: Fact) -> str | None:
    """The placement whose session or allocation a fact is about."""
    told = vars(draft)
    absence = case.absences.get(told.get("absence_id") or "")
    session_id = told.get("session_id") or (absence.record.fact.session_id if absence else None)
    session = case.sessions.get(session_id or "")
    allocation = case.allocations.get(told.get("allocation_id") or "")
    found = session.record.fact if session else allocation.record.fact if allocation else None
    return f"placement-{found.placement_id}" if found else None


def _day_of_session(case: Case, draft: Fact) -> date | None:
    return case.sessions[draft.session_id].date if isinstance(draft, BY_SESSION) else None


def order_of(case: Case, draft: Fact) -> Order | None:
    """The order a fact belongs to, by what it names."""
    told = vars(draft)
    warning = case.warnings.get(told.get("warning_id") or "")
    absence = case.absences.get(told.get("absence_id") or (warning.record.fact.absence_id if warning else ""))
    session = case.sessions.get(told.get("session_id") or "")
    allocation = case.allocations.get(told.get("allocation_id") or "")
    ete = case.ete.get(told.get("ete_id") or "")
    holder = absence or session or allocation
    found = holder.record.fact.order_id if holder else ete.fact.order_id if ete else None
    return case.orders.get(told.get("order_id") or found or "")


# ------------------------------------------------------------------------------------------ the history file

# UPW-15: new plans and decisions are refused there; facts that arrive late, and corrections, are not.
PLANS_AND_DECISIONS: Final[frozenset[type[Fact]]] = frozenset(
    {
        facts.PractitionerAssigned,
        facts.FirstAppointmentOffered,
        facts.TraineeInvolved,
        facts.PsoInvolvementApproved,
        facts.CaseTransferred,
        facts.ManagementDecisionRecorded,
        facts.SentencePlanObjectiveSet,
        facts.LearningPlanMade,
        facts.TaskRestrictionSet,
        facts.PlacementAllocated,
        facts.AllocationSuspended,
        facts.AllocationResumed,
        facts.SessionScheduled,
        facts.EnforcementLetterIssued,
        facts.AbsenceJudged,
        facts.AbsenceRejudged,
        facts.BreachWarningGiven,
        facts.BreachWarningWithdrawn,
        facts.BreachReferred,
        facts.BreachActionStarted,
        facts.BreachActionNotTaken,
        facts.ProgressActionTaken,
        facts.CourtApplicationMade,
        facts.EteActivityAgreed,
    }
)


def _in_history(case: Case, draft: Fact) -> Iterator[Refusal]:
    if type(draft) not in PLANS_AND_DECISIONS:
        return
    if not any(each.history_file for each in case.orders.values()):
        return
    order = order_of(case, draft)
    orders = [order] if order else list(case.orders.values())
    if all(each.history_file for each in orders):
        yield Refusal("UPW-15", IN_HISTORY_FILE)


# ------------------------------------------------------------------------------------------ child protection


def _by_a_pso(case: Case, draft: Fact, now: Now) -> Iterator[Refusal]:
    """ALL-14: a service officer works on a child protection case only with the line manager's approval."""
    if now.actor.role != "pso" or "pso" not in type(draft).who or protection_of(case) is None:
        return
    if not approved(case, order_of(case, draft), now.actor.id):
        yield Refusal("ALL-14", APPROVAL_FOR_PSO)


# ------------------------------------------------------------------------------------------ small helps


def today(now: Now) -> date:
    """The ledger's day, in London."""
    return london_day(now.moment)
