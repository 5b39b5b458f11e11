"""Worklists `register-reviews`, `deregistration` and `dp-breaches`: rows of one entry's chain, and when they change.

Holds on persons who were linked when the hold was placed or released are in that chain; others show in the register
view alone.  Proven by tests/projections/test_register.py: on any day they say what the register view says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from ledger.aggregates.case_review.holding import HoldPlaced, HoldReleased
from ledger.aggregates.case_review.holds import holds_of
from ledger.aggregates.child.facts import ChildDataErased
from ledger.aggregates.corrections import CORRECTIONS, as_corrected
from ledger.aggregates.offender.facts import NotebookEntryMade, SupervisionEnded
from ledger.aggregates.policy import Policy
from ledger.aggregates.register_entry.entry import Deregistration, Entry
from ledger.aggregates.register_entry.facts import (
    DeregistrationNotified,
    OffenderChildLinkEnded,
    RegisterEntryClosed,
    RegisterEntryMade,
    RegisterReviewed,
)
from ledger.aggregates.shape import Recorded
from ledger.projections.register import MONTHS, REMINDER, review_of, steps_of
from ledger.projections.why import Row
from ledger.rules import register
from ledger.rules.dates import ONE_DAY, day_of

History = Sequence[Recorded[Any]]
# What other streams tell an entry, and a de-registration rests on.
HEARS: Final = frozenset(
    each.topic
    for each in (
        SupervisionEnded,
        NotebookEntryMade,
        ChildDataErased,
        RegisterEntryMade,
        DeregistrationNotified,
        OffenderChildLinkEnded,
        RegisterEntryClosed,
        HoldPlaced,
        HoldReleased,
        *CORRECTIONS,
    )
)


def review_rows(history: History, policy: Policy, as_at: date, known: int) -> list[Row]:
    """Worklist `register-reviews`: entries whose review is due soon or missed, with what was done about it (CP-34)."""
    entry = Entry.as_at(history, as_at)
    review = review_of(entry, policy, as_at, known)
    if review is None or review.state not in ("due-soon", "missed"):
        return []
    last, missed, followed = entry.review, entry.missed, entry.followed_up
    return [
        {
            **_whose(entry),
            "last_review": last.fact.on if last else None,
            "review_due": review.due,
            "review_state": review.state,
            "missed_raised_on": missed.fact.raised_on if missed else None,
            "followed_up_on": followed.fact.on if followed else None,
        }
    ]


def review_moments(history: History, policy: Policy, known: int) -> Iterator[date]:
    """The days of its facts; and from each day a review may be counted from: the reminder, and the day after due."""
    for each in as_corrected(history):
        yield day_of(each.effective)
        if isinstance(each.fact, RegisterEntryMade | RegisterReviewed):
            anchor = day_of(each.effective)
            due = register.review_due(anchor, policy.number(MONTHS, anchor, known))
            yield register.review_reminder(due, policy.number(REMINDER, anchor, known))
            yield due + ONE_DAY


def review_ages(row: Row, as_at: date, policy: Policy) -> Row:
    """How many days the review is overdue."""
    del policy
    return {**row, "days_overdue": max(0, (as_at - date.fromisoformat(row["review_due"])).days)}


def deregistration_rows(history: History, policy: Policy, as_at: date, known: int) -> list[Row]:
    """Worklist `deregistration`: entries with a ground and one of the four actions undone."""
    del policy, known
    entry = Entry.as_at(history, as_at)
    found = entry.deregistration() if entry.registration.made else None
    if found is None or found.done_on is not None:
        return []
    return [
        {
            **_why(entry, found),
            "closed_on": entry.registration.closed.fact.closed_on if entry.registration.closed else None,
            "steps": steps_of(found),
            "done_of_4": found.done_of_4,
            "held_by": (held := _held_by(entry, found)) or None,
            "state": found.state(as_at, bool(held)),
        }
    ]


def breach_rows(history: History, policy: Policy, as_at: date, known: int) -> list[Row]:
    """Worklist `dp-breaches`: every de-registration that took longer than its day, done ones too (DP-06)."""
    del policy, known
    entry = Entry.as_at(history, as_at)
    found = entry.deregistration() if entry.registration.made else None
    state = found.state(as_at, bool(_held_by(entry, found))) if found else None
    if found is None or state is None:
        return []
    return [{**_why(entry, found), "done_on": found.done_on, "state": state}]


def breach_ages(row: Row, as_at: date, policy: Policy) -> Row:
    """Calendar days from the ground to the last of the four actions, or to the day asked for."""
    del policy
    until = date.fromisoformat(row["done_on"]) if row["done_on"] else as_at
    return {**row, "days": max(0, (until - date.fromisoformat(row["occurred_on"])).days)}


def _held_by(entry: Entry, found: Deregistration) -> list[str]:
    """The holds that the entry knows of and that cover a child whose details are still there, in order of position."""
    streams = {f"child-{each}" for each in entry.undestroyed(found)}
    if not streams:
        return []
    streams.add(f"offender-{entry.registration.offender_id}")
    return [each.hold_id for each in holds_of(entry.records) if each.released is None and each.scope.streams & streams]


def deregistration_moments(history: History, policy: Policy, known: int) -> Iterator[date]:
    """The days of all facts it rests on, and those on which a late de-registration becomes a possible breach: also of a
    ground that is none any more once everything is told."""
    del policy, known
    for each in as_corrected(history):
        day = day_of(each.effective)
        yield day
        if isinstance(each.fact, _GROUNDS):
            yield register.possible_breach_from(day)


_GROUNDS: Final = (DeregistrationNotified, OffenderChildLinkEnded, SupervisionEnded)


def deregistration_ages(row: Row, as_at: date, policy: Policy) -> Row:
    """Calendar days since the ground arose (DP-06)."""
    del policy
    return {**row, "days": max(0, (as_at - date.fromisoformat(row["occurred_on"])).days)}


def _whose(entry: Entry) -> Row:
    made = entry.registration.made
    assert made is not None
    return {
        "offender_id": made.fact.offender_id,
        "ground": made.fact.ground,
        "registered_on": made.fact.registered_on,
    }


def _why(entry: Entry, found: Deregistration) -> Row:
    """Whose it is, and the ground for leaving the register: that of the view's `deregistration`, not of the entry."""
    return {**_whose(entry), "ground": found.ground.ground, "occurred_on": found.ground.occurred_on}
