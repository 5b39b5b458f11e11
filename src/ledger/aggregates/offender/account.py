"""The account of minutes of one order: ordered, credited by source, noted beyond the order, still owing (rule book D).

Credits count in the order of the days they were earned; what would go beyond the ordered hours is noted, not credited
(HRS-05).  Under the Sentencing Act 2026 work beyond the first quarter also shortens the requirement, until a failure
disqualifies.  All durations are whole minutes.  Proven by tests/aggregates/test_decisions_hours.py,
tests/aggregates/test_credit.py and hours.yaml.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from ledger.aggregates.immutable import immutable
from ledger.aggregates.offender.absences import UNACCEPTABLE, standing_on
from ledger.aggregates.offender.breach import trails_of
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.entities import Credit, Order, happened
from ledger.aggregates.offender.facts import EteHoursCredited, HoursAdjusted, HoursCredited
from ledger.aggregates.policy import Policy
from ledger.rules.editions import CREDIT, MANUAL, SENTENCING_2026
from ledger.rules.hours import counted, ete_cap_minutes
from ledger.rules.sentencing_2026 import counted_with_credit, disqualifies, qualifying_minutes, reduction_minutes

GROUP: Final = "group"
SOURCES: Final = (GROUP, "ip", "pip", "ete", "adjusted")


@immutable
class Credit2026:
    """What credit for work rests on: the quarter, and since when, after how many credited minutes, none is earned.

    `facts`: positions of the absences and of what was told of sessions that disqualify.
    """

    qualifying: int
    disqualified_on: date | None = None
    until_disqualified: int | None = None
    facts: tuple[int, ...] = ()


@dataclass(slots=True)
class Account:
    """Minutes at the end of a day.  `facts`: positions of order, variations and credits counted.

    `credit`: under the Sentencing Act 2026 alone.
    """

    ordered: int
    by_source: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SOURCES, 0))
    noted: int = 0
    facts: tuple[int, ...] = ()
    credit: Credit2026 | None = None

    @property
    def credited(self) -> int:
        """What counts towards the order."""
        return sum(self.by_source.values())

    @property
    def balance(self) -> int:
        """What is still owing; never below zero."""
        return max(0, self.ordered - self.credited - self.reduction)

    @property
    def reduction(self) -> int:
        """By how much work done has shortened the requirement."""
        if self.credit is None:
            return 0
        return reduction_minutes(self.credited, self.credit.qualifying, self.credit.until_disqualified)

    @property
    def edition(self) -> str:
        """The edition it was kept under."""
        return MANUAL if self.credit is None else SENTENCING_2026

    def counts(self, minutes: int) -> int:
        """How many of so many minutes more would count."""
        if self.credit is None:
            return counted(minutes, self.ordered - self.credited)
        return counted_with_credit(
            minutes, self.ordered, self.credited, self.credit.qualifying, self.credit.until_disqualified
        )


def ordered_minutes(order: Order, day: date) -> int:
    """The hours of the order, or those of the last variation that named new ones, at the end of a day."""
    hours = order.record.fact.upw_hours
    for each in sorted(order.variations, key=happened) if order.variations else ():
        if each.fact.new_hours is not None and happened(each) <= day:
            hours = each.fact.new_hours
    return hours * 60


def account_of(case: Case, order: Order, policy: Policy, day: date, known: int | None = None) -> Account:
    """The account at the end of a day, from the facts the case was folded from.  It must not be changed."""
    if CREDIT.laws[policy.edition(CREDIT, order.sentence_date, known)]:
        return _with_credit(case, order, policy, day, known)
    # What a credit comes to rests on the court's variations and, where it was earned, on the allocations: with another
    # of either all are entered anew, else each once.
    rests_on = (len(order.variations), len(order.allocations))
    return order.once("entered", rests_on, _Entered).account(case, order, day)


@dataclass(slots=True)
class _Entered:
    """The credits of an order in the order of their days, and where the account stood after each."""

    credits: list[tuple[date, int, Credit]] = field(default_factory=list[tuple[date, int, Any]])
    positions: list[int] = field(default_factory=list[int])
    stood: list[Account] = field(default_factory=list[Account])
    taken: int = 0  # of the order's credits, as told
    doubtful: int | None = None  # from which on one was for a session that nobody had told of

    def account(self, case: Case, order: Order, day: date) -> Account:
        """Where it stood at the end of a day."""
        self._take(order)
        count = bisect_right(self.credits, day, key=_day)
        self._enter(case, order, count)
        before = self.stood[count - 1] if count else Account(0)
        varied = (each.position for each in order.variations if happened(each) <= day) if order.variations else ()
        facts = (order.record.position, *varied, *self.positions[:count])
        return Account(ordered_minutes(order, day), before.by_source, before.noted, facts)

    def _take(self, order: Order) -> None:
        for credit in order.credits[self.taken :]:
            entry = (happened(credit), credit.position, credit)
            place = bisect_right(self.credits, entry[:2], key=_day_and_position)
            self.credits.insert(place, entry)
            self.positions.insert(place, credit.position)
            del self.stood[place:]
        self.taken = len(order.credits)

    def _enter(self, case: Case, order: Order, count: int) -> None:
        if self.doubtful is not None:
            del self.stood[self.doubtful :]
            self.doubtful = None
        for day, _, credit in self.credits[len(self.stood) : count]:
            before = self.stood[-1] if self.stood else Account(0)
            after = Account(ordered_minutes(order, day), dict(before.by_source), before.noted)
            _enter(after, case, order, credit)
            if self.doubtful is None and isinstance(credit.fact, HoursCredited):
                self.doubtful = None if credit.fact.session_id in case.sessions else len(self.stood)
            self.stood.append(after)


def _day(entry: tuple[date, int, Credit]) -> date:
    return entry[0]


def _day_and_position(entry: tuple[date, int, Credit]) -> tuple[date, int]:
    return entry[:2]


def _enter(account: Account, case: Case, order: Order, credit: Credit) -> None:
    match credit.fact:
        case HoursAdjusted() as fact:
            account.by_source["adjusted"] += fact.delta_minutes
        case HoursCredited() as fact:
            _credit(account, source_of(case, order, fact.session_id), minutes_of(fact))
        case EteHoursCredited() as fact:
            _credit(account, "ete", fact.minutes)


def _with_credit(case: Case, order: Order, policy: Policy, day: date, known: int | None) -> Account:
    """The account under the Sentencing Act 2026: entered anew, since a failure takes back what came after it."""
    disqualified = _disqualified(order, policy, day, known)
    since, facts = disqualified or (None, ())
    account = Account(0, facts=(order.record.position,), credit=Credit2026(0))
    varied = tuple(each.position for each in order.variations if happened(each) <= day)
    until: int | None = None
    entered: list[int] = []
    for credit in sorted(order.credits, key=lambda each: (happened(each), each.position)):
        on = happened(credit)
        if on > day:
            break
        if since is not None and on >= since and until is None:
            until = account.credited
        account.ordered = ordered_minutes(order, on)
        account.credit = Credit2026(qualifying_minutes(account.ordered), since, until)
        _enter(account, case, order, credit)
        entered.append(credit.position)
    account.ordered = ordered_minutes(order, day)
    if since is not None and until is None:
        until = account.credited
    account.credit = Credit2026(qualifying_minutes(account.ordered), since, until, facts)
    account.facts = (order.record.position, *varied, *entered, *facts)
    return account


def _disqualified(order: Order, policy: Policy, day: date, known: int | None) -> tuple[date, tuple[int, ...]] | None:
    """The first day on which a failure, as it stands at the end of a day, disqualified; with its positions."""
    found = [
        (trail.absence.date, standing.facts)
        for trail in trails_of(order, policy, known).values()
        for standing in (standing_on(trail.standings, day),)
        if trail.absence.date <= day and disqualifies(trail.absence.record.fact.kind, standing.status == UNACCEPTABLE)
    ]
    found += [
        (session.date, tuple(each.position for each in asked))
        for session in order.sessions
        for asked in ((*session.sent_home, *session.stopped),)
        if asked and session.date <= day and disqualifies("ASKED_TO_LEAVE", unacceptable=False)
    ]
    first = min((on for on, _ in found), default=None)
    return None if first is None else (first, tuple(each for on, facts in found if on == first for each in facts))


def _credit(account: Account, source: str, minutes: int) -> None:
    counts = account.counts(minutes)
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
