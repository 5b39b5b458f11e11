"""A placement: one work site with its agreement, reviews, scores and incidents (rule book F; catalogue 6.2).

`site`, `agreement` and `quality` say what can happen, `fold` keeps it, `way`, `standing`, `quality_of` and `incidents`
say what follows from it, `decisions` what may be done next.
"""

from __future__ import annotations

from ledger.aggregates.aggregate import Aggregate
from ledger.aggregates.corrections import RecordCorrected
from ledger.aggregates.documents import DocumentStored, keeping
from ledger.aggregates.placement.agreement import (
    AgreementDrafted,
    AgreementSigned,
    ContactLogged,
    DeviationNoted,
    DeviationResolved,
    GuidanceObtained,
    HeadTeacherApprovalGiven,
    HeadTeacherApprovalWithdrawn,
    PlacementReviewed,
    SchoolCommunityInformed,
)
from ledger.aggregates.placement.decisions import rule_on
from ledger.aggregates.placement.fold import Placement
from ledger.aggregates.placement.quality import (
    AgreementAuditDone,
    BeneficiarySurveyed,
    HsAuditDone,
    IncidentInvestigated,
    IncidentReported,
    IncidentWrittenUp,
    PqsAudited,
    PqsRechecked,
    SchoolDayChecked,
    SignificantPlacementChange,
    SiteDayOpened,
    SiteVisited,
    SpotCheckDone,
    ToolFaultReported,
    ToolsCounted,
)
from ledger.aggregates.placement.site import (
    PlacementApproved,
    PlacementClosed,
    PlacementHoursChanged,
    PlacementJudgedNotViable,
    PlacementOpened,
    PlacementResumed,
    PlacementStarted,
    PlacementSuspended,
    PlanningMeetingHeld,
    ProjectAssessed,
    RiskAssessmentFiled,
    TaskAdded,
)
from ledger.aggregates.shape import Fact

FACTS: tuple[type[Fact], ...] = (
    PlacementOpened,
    ProjectAssessed,
    PlanningMeetingHeld,
    RiskAssessmentFiled,
    PlacementJudgedNotViable,
    PlacementApproved,
    AgreementDrafted,
    AgreementSigned,
    PlacementStarted,
    TaskAdded,
    PlacementHoursChanged,
    HeadTeacherApprovalGiven,
    HeadTeacherApprovalWithdrawn,
    SchoolCommunityInformed,
    ContactLogged,
    DeviationNoted,
    DeviationResolved,
    PlacementSuspended,
    GuidanceObtained,
    PlacementResumed,
    PlacementReviewed,
    PlacementClosed,
    PqsAudited,
    PqsRechecked,
    SignificantPlacementChange,
    SiteDayOpened,
    SchoolDayChecked,
    ToolsCounted,
    ToolFaultReported,
    IncidentReported,
    IncidentWrittenUp,
    IncidentInvestigated,
    SpotCheckDone,
    SiteVisited,
    HsAuditDone,
    AgreementAuditDone,
    BeneficiarySurveyed,
)

# The sealed values the fold and its views read; everything else may arrive closed.
OPENS = {
    PlacementOpened.topic: ("days_available", "work_types"),
    AgreementDrafted.topic: ("sections",),
    PlacementJudgedNotViable.topic: ("requirement",),
    PqsAudited.topic: ("scores", "q1_details"),
    PqsRechecked.topic: ("revised_scores",),
    IncidentReported.topic: ("kind",),
    RecordCorrected.topic: ("corrected_value",),
}
# Those that decisions rest on: an assessment put right is ruled on whole.
OPENS_TO_DECIDE = {**OPENS, ProjectAssessed.topic: ("answers", "recommendation")}

PLACEMENT = Aggregate(
    noun="placement",
    collection="placements",
    facts=(*FACTS, DocumentStored),
    fold=Placement.fold,
    rule_on=keeping(rule_on),
    opens=OPENS_TO_DECIDE,
    first=PlacementOpened,
    takes=Placement.take,
)
