"""View `progress`: each requirement with its hours, its state, its checks and its clocks (contract, *Views*).

Durations are whole minutes; dates are `date`.  A clock without a calendar shows `calendar-missing` as its due day and
state.  Proven by tests/projections/test_views.py, progress.yaml, order.yaml and hours.yaml.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from ledger.aggregates.offender.account import SOURCES, Account, ete_cap_of
from ledger.aggregates.offender.breach_law import rule_in
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.entities import Order, last
from ledger.aggregates.offender.progress import (
    CALENDAR_MISSING,
    CHECK_MONTHS,
    EARLY_DAYS,
    MONTHS,
    Check,
    Clock,
    Requirement,
    assessment_of,
    checks_of,
    first_appointment_of,
    requirement_of,
)
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Recorded
from ledger.projections.why import Row, explained
from ledger.rules.editions import CREDIT, MANUAL, PERIOD

_NAMES = {6: "six", 9: "nine"}


def view(history: Sequence[Recorded[Any]], policy: Policy, as_at: date, known: int, explain: bool = False) -> Row:
    """Orders as recorded."""
    case = Case.as_at(history, as_at)
    asked = Asked(case, policy, as_at, known, explain)
    return {
        "orders": [asked.order(order, asked.requirement(order), asked.checks(order)) for order in case.orders.values()]
    }


class Asked:
    """One question about one case: as at, as known at.  What only an explanation names is not asked for without one."""

    def __init__(self, case: Case, policy: Policy, as_at: date, known: int, explain: bool) -> None:
        self.case, self.policy, self.as_at, self.known, self.explain = case, policy, as_at, known, explain

    def requirement(self, order: Order) -> Requirement:
        """How an order's requirement stands."""
        return requirement_of(self.case, order, self.policy, self.as_at, self.known)

    def checks(self, order: Order) -> list[Check]:
        """How its checks stand."""
        return checks_of(self.case, order, self.policy, self.as_at, self.known)

    def order(self, order: Order, found: Requirement, checks: Sequence[Check]) -> Row:
        """The row of one order."""
        row: Row = {
            "order_id": order.id,
            **self.hours(order, found),
            **_state(found),
            "checks": {_NAMES.get(each.point, str(each.point)): self.check(order, each) for each in checks},
            "first_appointment": self.clock(first_appointment_of, order, "UPW-10"),
            "assessments": {"upw": self.assessment(order, "upw"), "risk": self.assessment(order, "risk")},
            "completion": _completion(order, self.explain),
        }
        if not self.explain:
            return row
        settings: Row = {MONTHS: self.policy.number(MONTHS, order.sentence_date, self.known)}
        editions = {PERIOD.key: found.period, CREDIT.key: found.account.edition}
        settings |= {key: edition for key, edition in editions.items() if edition != MANUAL}
        hours = rule_in("HRS-05", found.account.edition)
        return explained(
            row,
            self.explain,
            rules=dict.fromkeys([found.rule, rule_in("UPW-03", found.period), hours, "PRG-09"]),
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
            **_credit(account),
        }

    def check(self, order: Order, found: Check) -> Row:
        """One check."""
        row = _check(found)
        if not self.explain:
            return row
        settings = {
            CHECK_MONTHS: self.policy.setting(CHECK_MONTHS, order.sentence_date, self.known),
            EARLY_DAYS: self.policy.setting(EARLY_DAYS, order.sentence_date, self.known),
        }
        facts = (order.record.position, *((found.done.position,) if found.done else ()))
        rules = ["PRG-01", "PRG-02", "PRG-04", *(["PRG-07"] if found.days_late else [])]
        return explained(row, self.explain, rules=rules, facts=facts, settings=settings)

    def clock(self, clock_of: Any, order: Order, rule: str, *more: Any) -> Row:
        """A clock of working days with its why."""
        found: Clock = clock_of(order, *more, self.policy, self.as_at, self.known)
        row: Row = {
            "due": found.due or CALENDAR_MISSING,
            "state": found.state,
            "done_on": found.done_on,
            "working_days_late": found.working_days_late,
        }
        if not self.explain:
            return row
        calendar = self.policy.calendar(self.known)
        return explained(
            row, self.explain, rules=[rule, "GEN-01"], facts=found.facts, calendar=calendar, settings=found.settings
        )

    def assessment(self, order: Order, which: str) -> Row:
        """The clock of one assessment."""
        return self.clock(assessment_of, order, "PRG-08", which)


def _credit(account: Account) -> Row:
    """Credit for work under the Sentencing Act 2026: {credit: {qualifying, reduction, disqualified_on}}, in minutes."""
    if account.credit is None:
        return {}
    return {
        "credit": {
            "qualifying_minutes": account.credit.qualifying,
            "reduction_minutes": account.reduction,
            "disqualified_on": account.credit.disqualified_on,
        }
    }


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
