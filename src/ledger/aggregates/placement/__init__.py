"""A placement: one work site with its agreement, reviews, scores and incidents (rule book F; catalogue 6.2).

Its facts are recorded as told; the rules of area F come with their own decisions.
"""

from __future__ import annotations

from ledger.aggregates.aggregate import Aggregate, Told
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

PLACEMENT = Aggregate(noun="placement", collection="placements", facts=FACTS, fold=Told.fold, first=PlacementOpened)
