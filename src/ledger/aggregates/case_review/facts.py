"""The facts of a case review (rule book I; catalogue 6.7).

As told; field by field as the catalogue has it, frozen in tests/golden/facts.json.  `ground` is a closed code: SCR-01
publishes its list.  Holds are in `holding`, what a review comes to is in `outcome`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ledger.aggregates.case_review.holding import HoldPlaced, HoldReleased
from ledger.aggregates.case_review.outcome import (
    ActionPlanIssued,
    ChronologyProduced,
    LearningDisseminated,
    OverviewReportPresented,
    RapidReviewCompleted,
    ReportArchived,
    ReviewActionCompleted,
    StaffSupportOffered,
)
from ledger.aggregates.shape import (
    ACTOR,
    COMPUTED,
    LIST_ITEMS,
    OFFENDER,
    TARGET,
    ChildText,
    Code,
    Count,
    Day,
    Fact,
    Id,
    Ids,
    Instant,
    Map,
    OffenderText,
    OwnText,
    Personal,
    StaffId,
    StaffText,
    StaffTexts,
    ThirdPartyText,
    later,
)
from ledger.aggregates.values import REFERS

Versions = Annotated[dict[Code, Count], Field(max_length=LIST_ITEMS)]  # stream -> its version


class SeriousIncidentReferred(
    Fact,
    topic="case-review.serious-incident-referred.v1",
    command="ReferSeriousIncident",
    who=("aco",),
    rules=("SCR-01",),
    effective="referred_at",
):
    """A serious incident went to the safeguarding board: the first fact of a review."""

    review_id: Annotated[Id, TARGET] = later()
    ground: Literal["DEATH", "LIFE_THREATENING_INJURY", "SERIOUS_SEXUAL_ABUSE", "OTHER_SERIOUS_CONCERN"]
    child_refs: Ids
    offender_refs: Ids
    referred_at: Instant
    referred_by: Annotated[StaffId, ACTOR] = later()
    sent_to: OwnText
    sfo_parallel: bool | None = None
    concern: OffenderText | None = None


class RecordsSecured(
    Fact,
    topic="case-review.records-secured.v1",
    command="SecureRecords",
    who=("any-staff",),  # SCR-03 refuses all but one role, in its own words
    rules=("SCR-03",),
    effective="secured_at",
):
    """Records were secured as they were: `last_sequences` says up to which version, `seal_hash` what they held."""

    review_id: Annotated[Id, TARGET] = later()
    requested_by: ThirdPartyText
    requested_at: Instant
    secured_at: Instant
    secured_by: Annotated[StaffId, ACTOR] = later()
    streams: Ids
    last_sequences: Annotated[Versions, COMPUTED] = later()
    seal_hash: Annotated[Code, COMPUTED] = later()


class DuplicateSetProduced(
    Fact,
    topic="case-review.duplicate-set-produced.v1",
    command="ProduceDuplicate",
    who=("team-admin",),
    rules=("SCR-04",),
    effective="produced_at",
):
    """A duplicate of the sealed records was produced; `contents_hash` is made anew from what is secured."""

    review_id: Annotated[Id, TARGET] = later()
    produced_at: Instant
    by: Annotated[StaffId, ACTOR] = later()
    contents_hash: Annotated[Code, COMPUTED] = later()


class ReviewConstituted(
    Fact,
    topic="case-review.review-constituted.v1",
    command="ConstituteReview",
    who=("aco",),
    rules=("SCR-07",),
    effective="constituted_on",
):
    """The sub-committee of the board set remit and membership of the panel."""

    review_id: Annotated[Id, TARGET] = later()
    remit: OwnText
    members: Annotated[StaffTexts, REFERS]
    constituted_on: Day
    diversity_considered: bool


class ReviewCompleted(
    Fact,
    topic="case-review.review-completed.v1",
    command="CompleteReview",
    who=("aco",),
    rules=("SCR-07",),
    effective="on",
):
    """The review was completed."""

    review_id: Annotated[Id, TARGET] = later()
    on: Day


class ManagementReviewRequested(
    Fact,
    topic="case-review.management-review-requested.v1",
    command="RequestManagementReview",
    who=("chief-officer",),
    rules=("SCR-08",),
    effective="on",
):
    """The panel asked the service for a management review."""

    review_id: Annotated[Id, TARGET] = later()
    on: Day
    timescale_due: Day


class RecordsConfirmedSecured(
    Fact,
    topic="case-review.records-confirmed-secured.v1",
    command="ConfirmSecured",
    who=("chief-officer",),
    rules=("SCR-08",),
    effective="on",
):
    """The Chief Officer confirmed that the records are secured."""

    review_id: Annotated[Id, TARGET] = later()
    by: Annotated[StaffId, ACTOR] = later()
    on: Day


class ReviewerNominated(
    Fact,
    topic="case-review.reviewer-nominated.v1",
    command="NominateReviewer",
    who=("chief-officer",),
    rules=("SCR-08",),
    effective="on",
):
    """A reviewer of sufficient authority was nominated."""

    review_id: Annotated[Id, TARGET] = later()
    staff: Annotated[StaffText, REFERS]
    grade: OwnText
    on: Day


class ManagementReviewDrafted(
    Fact,
    topic="case-review.management-review-drafted.v1",
    command="DraftManagementReview",
    who=("case-reviewer",),
    rules=("SCR-08",),
):
    """The reviewer drafted the management review."""

    review_id: Annotated[Id, TARGET] = later()
    sections: Annotated[Personal[Map], OFFENDER]
    child_text: ChildText | None = None


class ManagementReviewSigned(
    Fact,
    topic="case-review.management-review-signed.v1",
    command="SignManagementReview",
    who=("chief-officer",),
    rules=("SCR-08",),
    effective="on",
):
    """The Chief Officer signed the management review."""

    review_id: Annotated[Id, TARGET] = later()
    by: Annotated[StaffId, ACTOR] = later()
    on: Day


class ManagementReviewForwarded(
    Fact,
    topic="case-review.management-review-forwarded.v1",
    command="ForwardManagementReview",
    who=("chief-officer",),
    rules=("SCR-08",),
    effective="on",
):
    """The management review went to the chair of the board."""

    review_id: Annotated[Id, TARGET] = later()
    forwarded_to: OwnText
    on: Day


FACTS: tuple[type[Fact], ...] = (
    SeriousIncidentReferred,
    RecordsSecured,
    DuplicateSetProduced,
    RapidReviewCompleted,
    ReviewConstituted,
    ReviewCompleted,
    ManagementReviewRequested,
    RecordsConfirmedSecured,
    ReviewerNominated,
    ManagementReviewDrafted,
    ManagementReviewSigned,
    ManagementReviewForwarded,
    ChronologyProduced,
    OverviewReportPresented,
    ActionPlanIssued,
    ReviewActionCompleted,
    ReportArchived,
    StaffSupportOffered,
    LearningDisseminated,
    HoldPlaced,
    HoldReleased,
)
