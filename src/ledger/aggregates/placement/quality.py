"""Quality, safety and incidents at a work site (rule book F; catalogue 6.2).

As told; field by field as the catalogue has it, frozen in tests/golden/facts.json.
"""

from __future__ import annotations

from typing import Annotated

from ledger.aggregates.shape import (
    ACTOR,
    OWN,
    Code,
    Count,
    Day,
    Fact,
    Id,
    Ids,
    Instant,
    OffenderText,
    OwnMap,
    OwnText,
    OwnTexts,
    Personal,
    StaffId,
    StaffText,
    StaffTexts,
    ThirdPartyMap,
    ThirdPartyTexts,
    later,
)

OwnScores = Annotated[Personal[list[int | None]], OWN]


class PqsAudited(
    Fact,
    topic="placement.pqs-audited.v1",
    command="AuditQuality",
    who=("placement-coordinator",),
    rules=("PLC-31", "PLC-34"),
    effective="audited_on",
):
    """The quality of the placement was audited, question by question."""

    audit_id: Id
    cp_unit: Code
    type_of_work: OwnText
    group_or_individual: OwnText
    auditor: StaffText
    audited_on: Day
    scores: OwnScores
    evidence: OwnTexts
    remedial: OwnTexts | None = None
    q1_details: OwnMap
    q5_details: OwnMap
    frequency: OwnText
    general_comments: OwnText | None = None


class PqsRechecked(
    Fact,
    topic="placement.pqs-rechecked.v1",
    command="RecheckQuality",
    who=("placement-coordinator",),
    rules=("PLC-37",),
    effective="rechecked_on",
):
    """Questions of a quality audit were looked at again."""

    audit_id: Id
    rechecked_on: Day
    revised_scores: OwnScores
    signatures: StaffTexts
    remedial_completed_by: StaffId


class SignificantPlacementChange(
    Fact,
    topic="placement.significant-placement-change.v1",
    command="RecordPlacementChange",
    who=("placement-coordinator",),
    rules=("PLC-34",),
    effective="on",
):
    """Something important about the placement changed."""

    what: OwnText
    on: Day


class SiteDayOpened(
    Fact,
    topic="placement.site-day-opened.v1",
    command="OpenSiteDay",
    who=("supervisor",),
    rules=("PLC-39", "PLC-51"),
    effective="date",
):
    """A day on the site began, with its checks."""

    date: Day
    supervisor: StaffText
    dynamic_risk_done: bool
    hazards: OwnTexts | None = None
    briefing_done: bool
    toolbox_done: bool
    new_people_introduced: bool | None = None
    equipment_checked: bool
    vests_worn: bool
    banner_shown: bool | None = None
    lone_working: bool
    device_id: Id | None = None


class SchoolDayChecked(
    Fact,
    topic="placement.school-day-checked.v1",
    command="CheckSchoolDay",
    who=("supervisor",),
    rules=("PLC-14",),
    effective="date",
):
    """The checks of a day at a school were made."""

    date: Day
    accompanied_on_by: StaffId
    escorted_off_by: StaffId
    toilets_separate: bool
    badges_worn: bool
    handovers: ThirdPartyTexts | None = None


class ToolsCounted(
    Fact,
    topic="placement.tools-counted.v1",
    command="CountTools",
    who=("supervisor",),
    rules=("PLC-40",),
    effective="date",
):
    """Tools were counted out and in."""

    date: Day
    n_out: Count
    n_in: Count


class ToolFaultReported(
    Fact,
    topic="placement.tool-fault-reported.v1",
    command="ReportToolFault",
    who=("supervisor",),
    rules=("PLC-40",),
    effective="on",
):
    """A faulty tool was reported."""

    item: OwnText
    on: Day
    reported_to: OwnTexts


class IncidentReported(
    Fact,
    topic="placement.incident-reported.v1",
    command="ReportIncident",
    who=("supervisor",),
    rules=("ENF-21", "PLC-42"),
    effective="occurred_at",
):
    """An incident happened at the placement.

    Whose the injuries are: the one person's it refers to; where it refers to several, or to nobody, the placement's.
    """

    incident_id: Id
    occurred_at: Instant
    kind: OwnText
    offender_refs: Ids | None = None
    names: ThirdPartyTexts | None = None
    witnesses: ThirdPartyTexts | None = None
    location: OwnText
    injuries: OffenderText | None = None
    damage: OwnText | None = None
    emergency_called_at: Instant | None = None
    manager_told_at: Instant | None = None


class IncidentWrittenUp(
    Fact,
    topic="placement.incident-written-up.v1",
    command="SubmitIncidentReport",
    who=("supervisor",),
    rules=("PLC-42",),
    effective="submitted_at",
):
    """The written report of an incident was handed in.  Its text is whose the incident's injuries are."""

    incident_id: Id
    submitted_at: Instant
    text: OffenderText


class IncidentInvestigated(
    Fact,
    topic="placement.incident-investigated.v1",
    command="InvestigateIncident",
    who=("operations-manager",),
    rules=("PLC-44",),
):
    """An incident was investigated."""

    incident_id: Id
    investigator: StaffText
    interviews: ThirdPartyTexts | None = None
    conclusions: OwnText
    learning: OwnText
    shared_on: Day | None = None


class SpotCheckDone(
    Fact,
    topic="placement.spot-check-done.v1",
    command="RecordSpotCheck",
    who=("operations-manager",),
    rules=("PLC-45",),
    effective="on",
):
    """The operations manager checked the site."""

    on: Day
    unannounced: bool
    findings: OwnText
    by: Annotated[StaffId, ACTOR] = later()


class SiteVisited(
    Fact,
    topic="placement.site-visited.v1",
    command="RecordSiteVisit",
    who=("placement-coordinator",),
    rules=("PLC-48",),
    effective="on",
):
    """The placement coordinator visited the site."""

    on: Day
    by: Annotated[StaffId, ACTOR] = later()
    findings: OwnText


class HsAuditDone(
    Fact,
    topic="placement.hs-audit-done.v1",
    command="RecordHsAudit",
    who=("operations-manager",),
    rules=("PLC-46",),
    effective="on",
):
    """Health and safety at a sample of placements was audited."""

    placement_ids: Ids
    sample_seed: OwnText
    on: Day
    auditor: StaffText
    cause: OwnText


class AgreementAuditDone(
    Fact,
    topic="placement.agreement-audit-done.v1",
    command="RecordAgreementAudit",
    who=("operations-manager",),
    rules=("PLC-47",),
    effective="on",
):
    """The agreements of a sample of placements were audited."""

    placement_ids: Ids
    sample_seed: OwnText
    on: Day


class BeneficiarySurveyed(
    Fact,
    topic="placement.beneficiary-surveyed.v1",
    command="RecordSurvey",
    who=("placement-coordinator",),
    rules=("PLC-43",),
    effective="on",
):
    """The beneficiary was asked for feedback."""

    on: Day
    answers: ThirdPartyMap
