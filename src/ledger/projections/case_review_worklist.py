"""Worklist `case-reviews`: what reviews owe, one row for each thing that is still to be done (rule book I).

    kind                    due (the day it is to be done by)    what it is
    complete-review         four months from the panel           with reminder_on a month before (SCR-07)
    complete-rapid-review   15 working days from the referral    where the edition has one (SCR-07)
    make-duplicate          at once                              records are secured without one (SCR-04)
    management-review       the day the panel laid down          the next `step` of the service's review (SCR-08)
    issue-action-plan       no day is given                      the overview was presented (SCR-12)
    carry-out-action        the day in the plan                  (SCR-12)
    archive-report          no day is given                      a report is made, none is archived (SCR-13)
    release-hold            no day is given                      a hold that may be released (SCR-06)

A list of our own: no list of the contract is for them, `holds` being what may not be erased and `oversight` what is to
be done with staff.  Readings.  A review without a referral owes nothing.  A hold is here once its review was completed
and nothing that SCR-06 asks for is lacking: before that the rule would let some be released, and nobody is to be
reminded of it.  A report is made when the management review was forwarded or the overview presented; which report was
archived is a text and not opened, so one in the archive ends that row.  No other day is made up: what has none comes
first.  Proven by tests/projections/test_case_review_worklist.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from ledger.aggregates.case_review import facts
from ledger.aggregates.case_review.holds import holds_of
from ledger.aggregates.case_review.plan import actions_of
from ledger.aggregates.case_review.review import Review
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Recorded
from ledger.projections.review_clocks import completion, duplicated, management_review, rapid_review
from ledger.projections.staff import moments
from ledger.projections.why import Row
from ledger.rules.case_review import may_be_released
from ledger.rules.dates import day_of

History = Sequence[Recorded[Any]]
__all__ = ["KINDS", "STEPS", "ages", "moments", "rows"]  # as of staff: the days of the facts, for no row grows older
KINDS: Final = (
    *("complete-review", "complete-rapid-review", "make-duplicate", "management-review"),
    *("issue-action-plan", "carry-out-action", "archive-report", "release-hold"),
)
# What comes next in a management review, by how far it has come.
STEPS: Final = {
    "requested": "confirm-secured",
    "secured": "nominate",
    "nominated": "draft",
    "drafted": "sign",
    "signed": "forward",
}


def rows(history: History, policy: Policy, as_at: date, known: int) -> list[Row]:
    """What the review owes at the end of a day: {kind, rule, since, due}, of some which step, action or
    hold it is, and of all whom the review is about."""
    review = Review.as_at(history, as_at)
    if review.referral is None:
        return []
    referred = review.referral.fact
    about: Row = {"offender_refs": list(referred.offender_refs), "child_refs": list(referred.child_refs)}
    owed = [
        *_clocks(review, policy, as_at, known),
        *_unduplicated(review),
        *_management(review, as_at),
        *_plan(review, as_at),
        *_unarchived(review),
        *_releasable(review, history, as_at),
    ]
    return [{**each, **about} for each in owed]


def _row(kind: str, rule: str, since: date, due: date | None = None, **more: Any) -> Row:
    return {"kind": kind, "rule": rule, "since": since, "due": due, **more}


def _clocks(review: Review, policy: Policy, as_at: date, known: int) -> Iterator[Row]:
    panels = [each.fact.constituted_on for each in review.told(facts.ReviewConstituted)]
    whole = completion(review, policy, as_at, known, explain=False)
    if panels and whole["completed_on"] is None:
        yield _row("complete-review", "SCR-07", min(panels), whole["completion_due"], reminder_on=whole["reminder_on"])
    rapid = rapid_review(review, policy, as_at, known, explain=False)
    if rapid and review.referral and rapid["completed_on"] is None:
        yield _row("complete-rapid-review", "SCR-07", day_of(review.referral.effective), rapid["due"])


def _unduplicated(review: Review) -> Iterator[Row]:
    secured = review.last(facts.RecordsSecured)
    if secured is not None and not duplicated(review):
        yield _row("make-duplicate", "SCR-04", day_of(secured.effective), day_of(secured.effective))


def _management(review: Review, as_at: date) -> Iterator[Row]:
    asked, row = review.last(facts.ManagementReviewRequested), management_review(review, as_at, explain=False)
    if asked is not None and row is not None and row["state"] in STEPS:
        yield _row("management-review", "SCR-08", asked.fact.on, row["due"], step=STEPS[row["state"]])


def _plan(review: Review, as_at: date) -> Iterator[Row]:
    presented = review.told(facts.OverviewReportPresented)
    if presented and not review.told(facts.ActionPlanIssued):
        yield _row("issue-action-plan", "SCR-12", min(each.fact.on for each in presented))
    for each in actions_of(review):
        if each.state(as_at) in ("open", "overdue"):
            yield _row("carry-out-action", "SCR-12", day_of(each.plan.effective), each.due, action_id=each.action_id)


def _unarchived(review: Review) -> Iterator[Row]:
    made = [each.fact.on for each in review.told(facts.ManagementReviewForwarded)]
    made += [each.fact.on for each in review.told(facts.OverviewReportPresented)]
    if made and not review.told(facts.ReportArchived):
        yield _row("archive-report", "SCR-13", min(made))


def _releasable(review: Review, history: History, as_at: date) -> Iterator[Row]:
    """Each hold that stands though the review is completed, since the last of what its release waited for."""
    completed = review.told(facts.ReviewCompleted)
    signed, planned = review.of_the_draft(facts.ManagementReviewSigned), review.told(facts.ActionPlanIssued)
    requested, presented = review.told(facts.ManagementReviewRequested), review.told(facts.OverviewReportPresented)
    finished = may_be_released(
        requested=bool(requested), signed=bool(signed), presented=bool(presented), planned=bool(planned)
    )
    if not completed or not finished:
        return
    waited_for = [completed, signed if requested else [], planned if presented else []]
    over = max(min(day_of(each.effective) for each in told) for told in waited_for if told)
    for each in holds_of(history, upto=as_at):
        if each.released is None:
            yield _row("release-hold", "SCR-06", max(over, day_of(each.placed.effective)), hold_id=each.hold_id)


def ages(row: Row, as_at: date, policy: Policy) -> Row:
    """How a row stands on the day it is read: owed (no day is given), due, reminder, or overdue."""
    del policy
    if row["due"] is None:
        return {**row, "state": "owed", "days_overdue": 0}
    due = date.fromisoformat(row["due"])
    remind = row.get("reminder_on")
    state = "overdue" if as_at > due else "reminder" if remind and as_at >= date.fromisoformat(remind) else "due"
    return {**row, "state": state, "days_overdue": max(0, (as_at - due).days)}
