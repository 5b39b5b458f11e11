"""Worklist `oasys-without-check`: risk assessments for which children's services were not asked (CP-06).

    rows(history, policy, as_at, known)         one row at most: the newest assessment of the orders that go on
    moments(history, policy, known)             the days on which it may change

The rule is for every OASys, whether or not a child is known of: a list of its own, so that what is owed in cases that
concern a child is not buried under it.  Proven by tests/projections/test_children_of_assessed.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from ledger.aggregates.child_protection_matter.facts import ChildrenServicesCheckRequested
from ledger.aggregates.corrections import as_corrected
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.entities import happened
from ledger.aggregates.offender.facts import OrderMade, RiskAssessmentCompleted, SupervisionEnded
from ledger.aggregates.offender.merging import PERSON, merging_in, of_one_person
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Recorded
from ledger.aggregates.subject import SubjectDataErased
from ledger.projections.child_protection_worklist import HEARS
from ledger.projections.why import Row
from ledger.rules.child_protection import serves_assessment

History = Sequence[Recorded[Any]]
__all__ = ["HEARS", "ages", "moments", "rows"]  # it hears what `child-protection` hears: one fold serves both
_MOVES: Final = (
    *(OrderMade, RiskAssessmentCompleted, SupervisionEnded, SubjectDataErased),
    ChildrenServicesCheckRequested,
)


def rows(history: History, policy: Policy, as_at: date, known: int) -> list[Row]:
    """The newest assessment at the end of the day, if no check serves it."""
    del policy, known
    case = Case.as_at(history, as_at)
    going_on = {order.id for order in case.orders.values() if not order.endings}
    assessed = [each for order in case.orders.values() for each in order.risk_assessments]
    newest = max(
        (each for each in assessed if each.fact.order_id in going_on),
        key=lambda each: (happened(each), each.position),
        default=None,
    )
    if newest is None or case.erased is not None:
        return []
    day = happened(newest)
    before = max((happened(each) for each in assessed if happened(each) < day), default=None)
    if any(serves_assessment(asked, day, before) for asked in _asked(history, newest.stream, as_at)):
        return []
    return [{"rule": "CP-06", "since": day, "order_id": newest.fact.order_id}]


def _asked(history: History, name: str, as_at: date) -> Iterator[date]:
    """The days on which children's services were asked about the person, under any record of theirs."""
    records = of_one_person(name, merging_in(history))
    asked = (each for each in as_corrected(history) if isinstance(each.fact, ChildrenServicesCheckRequested))
    about = (happened(each) for each in asked if f"{PERSON}{each.fact.offender_id}" in records)
    return (day for day in about if day <= as_at)


def ages(row: Row, as_at: date, policy: Policy) -> Row:
    """How many days ago the assessment was."""
    del policy
    return {**row, "days": (as_at - date.fromisoformat(row["since"])).days}


def moments(history: History, policy: Policy, known: int) -> Iterator[date]:
    """The days of assessments, checks, orders and their ends."""
    del policy, known
    return (happened(each) for each in as_corrected(history) if isinstance(each.fact, _MOVES))
