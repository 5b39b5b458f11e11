"""What a review comes to: its chronology, the overview report, the action plan, what is learned (SCR-10 to SCR-15).

As told; field by field as the catalogue has it, frozen in tests/golden/facts.json.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ledger.aggregates.shape import (
    ACTOR,
    COMPUTED,
    LIST_ITEMS,
    OWN,
    TARGET,
    Code,
    Count,
    Day,
    Fact,
    Id,
    Instant,
    Map,
    OwnText,
    Personal,
    StaffId,
    later,
)
from ledger.aggregates.values import REFERS

Actions = Annotated[list[Map], Field(max_length=LIST_ITEMS)]
Days = Annotated[dict[Code, Code], Field(max_length=LIST_ITEMS)]  # id -> a day: 2026-01-31


class RapidReviewCompleted(
    Fact,
    topic="case-review.rapid-review-completed.v1",
    command="CompleteRapidReview",
    who=("aco",),
    rules=("SCR-07",),
    effective="on",
):
    """The rapid review went to the national panel, where the edition has one (safeguarding-2018)."""

    review_id: Annotated[Id, TARGET] = later()
    on: Day


class ChronologyProduced(
    Fact,
    topic="case-review.chronology-produced.v1",
    command="ProduceChronology",
    who=("case-reviewer",),
    rules=("SCR-10",),
):
    """A chronology was produced of a period, as known at a moment: how many facts it lists, and the hash of them."""

    review_id: Annotated[Id, TARGET] = later()
    from_date: Day
    to_date: Day
    as_known_at: Instant
    event_count: Annotated[Count, COMPUTED] = later()
    hash: Annotated[Code, COMPUTED] = later()
    by: Annotated[StaffId, ACTOR] = later()


class OverviewReportPresented(
    Fact,
    topic="case-review.overview-report-presented.v1",
    command="PresentOverview",
    who=("case-reviewer",),
    rules=("SCR-11",),
    effective="on",
):
    """The overview report was presented to the board."""

    review_id: Annotated[Id, TARGET] = later()
    on: Day


class ActionPlanIssued(
    Fact,
    topic="case-review.action-plan-issued.v1",
    command="IssueActionPlan",
    who=("chief-officer",),
    rules=("SCR-12",),
    plan=True,
):
    """The Chief Officer issued the action plan.

    Each action has `text`, `owner`, `due`, `outcome_measure`, and an `action_id` for its completion to name.
    `due_days`: the day of each, by its id or else its number, in clear: what is overdue is told without opening a text.
    """

    review_id: Annotated[Id, TARGET] = later()
    actions: Annotated[Personal[Actions], OWN, REFERS]
    due_days: Annotated[Days, COMPUTED] = later()


class ReviewActionCompleted(
    Fact,
    topic="case-review.review-action-completed.v1",
    command="CompleteReviewAction",
    who=("any-staff",),
    rules=("SCR-12",),
    effective="on",
):
    """An action of the plan was carried out."""

    action_id: Id
    on: Day
    evidence: OwnText


class ReportArchived(
    Fact,
    topic="case-review.report-archived.v1",
    command="ArchiveReport",
    who=("information-manager",),
    rules=("SCR-13",),
    effective="on",
):
    """A report was put into the archive at head office."""

    report: OwnText
    on: Day


class StaffSupportOffered(
    Fact,
    topic="case-review.staff-support-offered.v1",
    command="OfferSupport",
    who=("senior-practitioner",),
    rules=("SCR-14",),
    effective="on",
):
    """A member of staff was offered support."""

    staff_id: Id
    on: Day


class LearningDisseminated(
    Fact,
    topic="case-review.learning-disseminated.v1",
    command="DisseminateLearning",
    who=("area-manager", "aco"),
    rules=("SCR-15",),
    effective="on",
):
    """The lessons of the review were passed on."""

    review_id: Annotated[Id, TARGET] = later()
    on: Day
    audience: OwnText
