"""The clocks of a case review: its completion, the rapid review before it, the service's own review (SCR-07, SCR-08).

What the view of a review and the worklist of what reviews owe both show.  Proven by
tests/aggregates/test_decisions_case_review.py, test_review_editions.py and case-review.yaml.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from ledger.aggregates.case_review import facts
from ledger.aggregates.case_review.review import Review
from ledger.aggregates.policy import Policy
from ledger.projections.why import Row, explained
from ledger.rules.dates import CalendarMissing, day_of
from ledger.rules.editions import MANUAL, WEST_MERCIA, ReviewLaw
from ledger.rules.editions import REVIEW as REVIEW_LAW
from ledger.rules.registry import edition_label
from ledger.rules.safeguarding_2018 import rapid_review_due

RAPID: Final = "scr.rapid_review"


def law_of(review: Review, policy: Policy, known: int) -> tuple[ReviewLaw, str]:
    """What the review is by the day it was referred on, and in which edition; the first where none is referred."""
    referral = review.referral
    edition = policy.edition(REVIEW_LAW, day_of(referral.effective), known) if referral else MANUAL
    return REVIEW_LAW.laws[edition], WEST_MERCIA if edition == MANUAL else edition


def duplicated(review: Review) -> bool:
    """Whether a duplicate was made of what was secured last (SCR-04)."""
    secured, duplicate = review.last(facts.RecordsSecured), review.last(facts.DuplicateSetProduced)
    return secured is not None and duplicate is not None and duplicate.position > secured.position


def _ruled_by(edition: str) -> str:
    return edition_label("SCR-07", edition)


def rapid_review(review: Review, policy: Policy, as_at: date, known: int, explain: bool) -> Row | None:
    """The rapid review before it: due within fifteen working days of the referral; None where the edition has none."""
    law, edition = law_of(review, policy, known)
    referral, done = review.referral, review.last(facts.RapidReviewCompleted)
    if referral is None or not law.rapid:
        return None
    referred_on = day_of(referral.effective)
    days = policy.number(RAPID, referred_on, known)
    try:
        due = rapid_review_due(referred_on, days, policy.calendar(known))
    except CalendarMissing:
        due = None
    on = done.fact.on if done else None
    late = due is not None and (on or as_at) > due
    state = ("done-late" if late else "done") if on else "overdue" if late else "due" if due else "calendar-missing"
    row: Row = {"due": due, "state": state, "completed_on": on}
    return explained(
        row,
        explain,
        rules=[_ruled_by(edition), "GEN-01"],
        facts=(referral.position, *((done.position,) if done else ())),
        calendar=policy.calendar(known),
        settings={RAPID: days},
    )


def completion(review: Review, policy: Policy, as_at: date, known: int, explain: bool) -> Row:
    """Four months from the day the panel was set, reminded of a month before (SCR-07); the first panel counts."""
    panel = min(review.told(facts.ReviewConstituted), key=lambda each: each.fact.constituted_on, default=None)
    done = review.last(facts.ReviewCompleted)
    completed_on = done.fact.on if done else None
    if panel is None:
        state = "completed" if done else "not-constituted"
        return {"completion_due": None, "reminder_on": None, "completed_on": completed_on, "state": state}
    law, edition = law_of(review, policy, known)
    months = policy.number(law.months, panel.fact.constituted_on, known)
    due = law.due(panel.fact.constituted_on, months)
    late = (completed_on or as_at) > due
    state = ("completed-late" if late else "completed") if done else "overdue" if late else "due"
    row: Row = {
        "completion_due": due,
        "reminder_on": law.due(panel.fact.constituted_on, max(0, months - 1)),
        "completed_on": completed_on,
        "state": state,
    }
    rests = (panel.position, *((done.position,) if done else ()))
    return explained(row, explain, rules=[_ruled_by(edition), "GEN-03"], facts=rests, settings={law.months: months})


def management_review(review: Review, as_at: date, explain: bool) -> Row | None:
    """Where the service's own review stands (SCR-08); None until one is asked for."""
    asked = review.last(facts.ManagementReviewRequested)
    if asked is None:
        return None
    steps = (
        ("forwarded", review.of_the_draft(facts.ManagementReviewForwarded)),
        ("signed", review.of_the_draft(facts.ManagementReviewSigned)),
        ("drafted", review.told(facts.ManagementReviewDrafted)),
        ("nominated", review.told(facts.ReviewerNominated)),
        ("secured", review.told(facts.RecordsConfirmedSecured)),
    )
    reached = [(name, found[-1]) for name, found in steps if found]
    state = reached[0][0] if reached else "requested"
    due = asked.fact.timescale_due
    row: Row = {"due": due, "state": state, "overdue": state != "forwarded" and as_at > due}
    rests = (asked.position, *(found.position for _, found in reached))
    return explained(row, explain, rules=["SCR-08"], facts=rests)
