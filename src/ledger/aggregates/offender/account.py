"""The account of minutes of one order: ordered, credited by source, noted beyond the order, still owing (rule book D).

Credits count in the order of the days they were earned; what would go beyond the ordered hours is noted, not credited
(HRS-05).  All durations are whole minutes.  Proven by tests/aggregates/test_decisions_hours.py and hours.yaml.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final

from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.entities import Credit, Order, happened
from ledger.aggregates.offender.facts import EteHoursCredited, HoursAdjusted, HoursCredited
from ledger.aggregates.policy import Policy
from ledger.rules.hours import counted, ete_cap_minutes

GROUP: Final = "group"
SOURCES: Final = (GROUP, "ip", "pip", "ete", "adjusted")


@dataclass(slots=True)
class Account:
    """Minutes at the end of a day.  `facts`: positions of order, variations and credits counted."""

    ordered: int
    by_source: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SOURCES, 0))
    noted: int = 0
    facts: tuple[int, ...] = ()

    @property
    def credited(self) -> int:
        """What counts towards the order."""
        return sum(self.by_source.values())

    @property
    def balance(self) -> int:
        """What is still owing; never below zero."""
        return max(0, self.ordered - self.credited)


def ordered_minutes(order: Order, day: date) -> int:
    """The hours of the order, or those of the last variation that named new ones, at the end of a day."""
    hours = order.record.fact.upw_hours
    for each in sorted(order.variations, key=happened):
        if each.fact.new_hours is not None and happened(each) <= day:
            hours = each.fact.new_hours
    return hours * 60


def account_of(case: Case, order: Order, day: date) -> Account:
    """The account at the end of a day, from the facts the case was folded from.  It must not be changed."""
    last = max((happened(each) for each in (*order.credits, *order.variations)), default=order.sentence_date)
    parts = (len(order.credits), len(order.variations), len(order.allocations), len(case.sessions), min(day, last))
    return order.once(f"account {min(day, last)}", parts, lambda: _account(case, order, day))


def _account(case: Case, order: Order, day: date) -> Account:
    account = Account(ordered_minutes(order, day))
    entries = sorted((each for each in order.credits if happened(each) <= day), key=_by_day)
    for each in entries:
        _enter(account, case, order, each)
    varied = (each.position for each in order.variations if happened(each) <= day)
    account.facts = (order.record.position, *varied, *(each.position for each in entries))
    return account


def _by_day(credit: Credit) -> tuple[date, int]:
    return happened(credit), credit.position


def _enter(account: Account, case: Case, order: Order, credit: Credit) -> None:
    match credit.fact:
        case HoursAdjusted() as fact:
            account.by_source["adjusted"] += fact.delta_minutes
        case HoursCredited() as fact:
            _credit(account, order, credit, source_of(case, order, fact.session_id), minutes_of(fact))
        case EteHoursCredited() as fact:
            _credit(account, order, credit, "ete", fact.minutes)


def _credit(account: Account, order: Order, credit: Credit, source: str, minutes: int) -> None:
    counts = counted(minutes, ordered_minutes(order, happened(credit)) - account.credited)
    account.by_source[source] += counts
    account.noted += minutes - counts


def minutes_of(fact: HoursCredited) -> int:
    """Work and travel together."""
    return fact.work_minutes + fact.travel_minutes


def source_of(case: Case, order: Order, session_id: str) -> str:
    """Group, individual or person-found placement: as the session's placement was allocated (HRS-09).

    Reading: where no allocation to that placement is known, the latest one's mode, and group work where there is none.
    """
    session = case.sessions.get(session_id)
    place = session.record.fact.placement_id if session else None
    modes = [each.record.fact for each in order.allocations]
    there = [each for each in modes if each.placement_id == place] or modes
    return there[-1].mode.lower() if there else GROUP


def ete_cap_of(order: Order, policy: Policy, day: date, known: int | None = None) -> int | None:
    """How many minutes of education, training and employment may count on a day; None until a share is set."""
    percent = policy.setting("hrs.ete_max_percent", day, known)
    return ete_cap_minutes(ordered_minutes(order, day), percent if isinstance(percent, int) else None)
