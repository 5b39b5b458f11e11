"""Whether more may be planned at a placement on a day, and who works there.

    bars(placement, today, policy)              why nothing more may be planned or allocated there, most telling first
    bars_of_session(placement, day)             why no session may be planned for that day
    present(placement, day)                     who is allocated there, by offender
    approval_of(placement, offender_id, day)    the head teacher's approval that stands for a person

Everything is pure, and asked of a `Placement` as known; a day means its end.  Proven by
tests/aggregates/test_placement_standing.py and placements.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from ledger.aggregates.offender.entities import Allocation, happened
from ledger.aggregates.offender.facts import AllocationEnded, AllocationSuspended
from ledger.aggregates.placement.agreement import (
    AgreementSigned,
    HeadTeacherApprovalGiven,
    HeadTeacherApprovalWithdrawn,
    PlacementReviewed,
)
from ledger.aggregates.placement.fold import Placement, in_order, offender_of
from ledger.aggregates.placement.way import (
    agreed_by,
    approved_by,
    closed_by,
    missing_texts,
    not_viable,
    on_school_premises,
    school_hours_change,
    started_by,
    suspended_by,
)
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Recorded, opened
from ledger.errors import WITHHELD, Caution, Refusal
from ledger.rules import placements as rules
from ledger.rules.dates import printed

REVIEW_DAYS: Final = "plc.school_review_days"


def mode_of(placement: Placement) -> str | None:
    """GROUP, IP or PIP, as opened."""
    return placement.opened.mode if placement.opened else None


def max_no(placement: Placement) -> int | None:
    """How many people it takes (the form's Max No)."""
    return placement.opened.max_no if placement.opened else None


# ------------------------------------------------------------------------------------------ its review


def completed(review: Recorded[PlacementReviewed]) -> bool:
    """Both forms were reviewed and both parties signed (PLC-26)."""
    fact = review.fact
    return fact.form_reviewed and fact.pqs_reviewed and None not in (fact.provider_signed_on, fact.manager_signed_on)


def last_review(placement: Placement, day: date) -> Recorded[PlacementReviewed] | None:
    """The last review completed by the end of a day."""
    found = [each for each in placement.by(PlacementReviewed, day) if completed(each)]
    return found[-1] if found else None


@dataclass(frozen=True, slots=True)
class ReviewClock:
    """When the next review is due, counted from which record, by how many days."""

    due: date
    since: Recorded[Any]
    days: int


def review_clock(placement: Placement, day: date, policy: Policy, known: int | None = None) -> ReviewClock | None:
    """The review due next as things stand at the end of a day; None unless a school project runs (PLC-26, PLC-30)."""
    start = started_by(placement, day)
    if not on_school_premises(placement) or start is None or closed_by(placement, day):
        return None
    review = last_review(placement, day)
    since: Recorded[Any] = review if review is not None and happened(review) > happened(start) else start
    days = policy.number(REVIEW_DAYS, happened(since), known)
    return ReviewClock(rules.review_due(happened(since), days), since, days)


# ------------------------------------------------------------------------------------------ may more be planned there?


def bars(placement: Placement, today: date, policy: Policy, known: int | None = None) -> list[Refusal]:
    """Why nothing more may be planned or allocated there, as decided today; most telling first (Q36).

    A placement that is not agreed yet, or not approved, is `is_agreed`'s to say: the rule book gives that refusal to
    ALL-05.
    """
    return list(_bars(placement, today, policy, known))


def _bars(placement: Placement, today: date, policy: Policy, known: int | None) -> Iterator[Refusal]:
    if closing := closed_by(placement, today):
        yield Refusal("PLC-30", rules.CLOSED_ON.format(day=printed(happened(closing))))
    if failed := not_viable(placement, today):
        kept = rules.NOT_VIABLE.format(requirement=WITHHELD)
        yield Refusal("PLC-16", rules.NOT_VIABLE.format(requirement=failed[0]), kept=kept)
    if suspension := suspended_by(placement, today):
        yield Refusal("PLC-25", rules.SUSPENDED_SINCE.format(day=printed(happened(suspension))))
    clock = review_clock(placement, today, policy, known)
    if clock is not None and today > clock.due:
        yield Refusal("PLC-27", rules.REVIEW_WAS_DUE.format(day=printed(clock.due)))
    review = last_review(placement, today)
    if review is not None and not review.fact.may_continue:
        yield Refusal("PLC-26", rules.MAY_NOT_CONTINUE.format(day=printed(happened(review))))


def is_agreed(placement: Placement, day: date) -> bool:
    """Approved by the head of unpaid work and signed by both: open for allocation (PLC-04, PLC-18, ALL-05)."""
    return approved_by(placement, day) is not None and agreed_by(placement, day) is not None


def bars_of_session(placement: Placement, day: date) -> list[Refusal]:
    """Why no session may be planned for a day: not available then, or school hours not agreed yet (PLC-13, PLC-54).

    The people already planned for are `planned_on`'s to say, the Max No is `max_no`'s.
    """
    return list(_bars_of_session(placement, day))


def _bars_of_session(placement: Placement, day: date) -> Iterator[Refusal]:
    if not school_hours_agreed(placement, day):
        yield Refusal("PLC-13", rules.SCHOOL_HOURS_FIRST)
    site = placement.opened
    if site is None:
        return
    listed = opened(site.days_available)
    too_soon = day < site.proposed_start
    if too_soon or (listed is not None and not rules.is_available(day, rules.weekdays(listed)[0])):
        yield Refusal("PLC-54", rules.NOT_AVAILABLE.format(day=f"{rules.WEEKDAYS[day.weekday()]} {printed(day)}"))


def warnings_of_session(placement: Placement, day: date) -> list[Caution]:
    """What the planner of a session is told: it is after the projected completion (PLC-54)."""
    site = placement.opened
    if site is None or day <= site.projected_completion:
        return []
    return [Caution("PLC-54", rules.AFTER_COMPLETION.format(day=printed(site.projected_completion)))]


def school_hours_agreed(placement: Placement, day: date) -> bool:
    """Whether work that moved into school hours has H1 to H4 and new signatures (PLC-13); true where none moved."""
    change = school_hours_change(placement, day)
    if change is None or not change.fact.in_school_hours or not on_school_premises(placement):
        return True
    since = [each for each in placement.of(AgreementSigned) if each.position > change.position]
    return any(not missing_texts(placement, each.fact.version, rules.SCHOOL_HOURS_TEXTS) for each in since)


def planned_on(placement: Placement, day: date) -> frozenset[str]:
    """The offenders a session is planned for there on a day, cancelled ones left out (PLC-54)."""
    return frozenset(offender_of(each.record) for each in placement.days.get(day, ()) if each.cancelled is None)


# ------------------------------------------------------------------------------------------ who works there


@dataclass(frozen=True, slots=True)
class Present:
    """A person's allocation there, not ended: the record and whether it is suspended."""

    offender_id: str
    allocation: Allocation
    suspended: bool


def present(placement: Placement, day: date) -> dict[str, list[Present]]:
    """Who is allocated there at the end of a day, by offender: allocations begun and not ended.

    As told: what PLC-09 derives from a person's risk or offences is that person's case to say.
    """
    found: dict[str, list[Present]] = {}
    for each in placement.allocations.values():
        turns = sorted((change for change in each.changes if happened(change) <= day), key=in_order)
        ended = any(isinstance(change.fact, AllocationEnded) for change in turns)
        if each.record.fact.from_date <= day and not ended:
            suspended = bool(turns) and isinstance(turns[-1].fact, AllocationSuspended)
            who = offender_of(each.record)
            found.setdefault(who, []).append(Present(who, each, suspended))
    return found


def engaged(placement: Placement, day: date) -> frozenset[str]:
    """Who has a place there now or later: allocated, whether begun or not, and not ended by the end of a day."""
    return frozenset(
        offender_of(each.record)
        for each in placement.allocations.values()
        if not any(isinstance(change.fact, AllocationEnded) and happened(change) <= day for change in each.changes)
    )


def approval_of(placement: Placement, offender_id: str, day: date) -> Recorded[HeadTeacherApprovalGiven] | None:
    """The head teacher's approval that stands for a person at the end of a day: given, and not withdrawn (PLC-08)."""
    gone = {each.fact.approval_id for each in placement.by(HeadTeacherApprovalWithdrawn, day)}
    found = [
        each
        for each in placement.by(HeadTeacherApprovalGiven, day)
        if each.fact.offender_id == offender_id and each.fact.approval_id not in gone
    ]
    return found[-1] if found else None
