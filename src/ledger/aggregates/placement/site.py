"""A work site from its plan to its end (rule book F; catalogue 6.2).

As told; field by field as the catalogue has it, frozen in tests/golden/facts.json.
"""

from __future__ import annotations

from typing import Annotated, Literal

from ledger.aggregates.shape import (
    ACTOR,
    TARGET,
    Asked,
    Count,
    Day,
    Fact,
    Id,
    OwnMap,
    OwnText,
    OwnTexts,
    StaffId,
    ThirdPartyText,
    later,
)
from ledger.rules.placements import ASSESS_TASK


class PlacementOpened(
    Fact,
    topic="placement.opened.v1",
    command="OpenPlacement",
    who=("placement-coordinator",),
    rules=("PLC-05", "PLC-55"),
    plan=True,
):
    """A work site is described: the first fact of a placement."""

    placement_id: Annotated[Id, TARGET] = later()
    name: OwnText
    type: OwnText
    on_school_premises: bool
    work_types: OwnTexts
    in_school_hours: bool
    in_hours_reason: OwnText | None = None
    mode: Literal["GROUP", "IP", "PIP"]
    max_no: Count
    days_available: OwnTexts
    address: OwnText
    telephone: ThirdPartyText | None = None
    mobile: ThirdPartyText | None = None
    directions: OwnText | None = None
    contact_name: ThirdPartyText | None = None
    contact_position: ThirdPartyText | None = None
    contact_address: ThirdPartyText | None = None
    proposed_start: Day
    projected_completion: Day
    contingency: OwnText | None = None


class ProjectAssessed(
    Fact,
    topic="placement.project-assessed.v1",
    command="AssessProject",
    who=("placement-coordinator",),
    rules=("PLC-02",),
    effective="on",
):
    """A proposed project was assessed."""

    nomination_id: Id | None = None
    answers: OwnMap
    risks: OwnText
    benefits: OwnText
    recommendation: OwnText
    by: Annotated[StaffId, ACTOR] = later()
    on: Day


class PlanningMeetingHeld(
    Fact,
    topic="placement.planning-meeting-held.v1",
    command="RecordPlanningMeeting",
    who=("placement-coordinator",),
    rules=("PLC-10",),
    effective="on",
):
    """The planning meeting with the head teacher was held."""

    placement_id: Annotated[Id, TARGET] = later()
    on: Day
    head_teacher: ThirdPartyText
    staff_id: Id


class RiskAssessmentFiled(
    Fact,
    topic="placement.risk-assessment-filed.v1",
    command="FileRiskAssessment",
    who=("placement-coordinator",),
    rules=("PLC-15",),
    effective="on",
):
    """The risk assessment for one requirement was filed."""

    requirement: Literal["S1", "S2", "S3", "H1", "H2", "H3", "H4", "TOOLS", "OTHER"]
    achievable: bool
    location: OwnText
    noted_in_pqs5: bool
    on: Day
    by: Annotated[StaffId, ACTOR] = later()


class PlacementJudgedNotViable(
    Fact,
    topic="placement.judged-not-viable.v1",
    command="JudgeNotViable",
    who=("placement-coordinator",),
    rules=("PLC-16",),
    effective="on",
):
    """A requirement cannot be met; the placement is not viable."""

    requirement: OwnText
    on: Day
    by: Annotated[StaffId, ACTOR] = later()


class PlacementApproved(
    Fact,
    topic="placement.approved.v1",
    command="ApprovePlacement",
    who=("head-of-unpaid-work",),
    rules=("PLC-04",),
    effective="on",
):
    """The head of unpaid work approved the placement."""

    decided_by: Annotated[StaffId, ACTOR] = later()
    on: Day
    conditions: OwnText | None = None


class PlacementStarted(
    Fact,
    topic="placement.started.v1",
    command="StartPlacement",
    who=("placement-coordinator",),
    rules=("PLC-21", "PLC-26"),
    effective="on",
):
    """Work at the placement began."""

    on: Day


class TaskAdded(
    Fact,
    topic="placement.task-added.v1",
    command="AddTask",
    who=("placement-coordinator",),
    rules=("PLC-22",),
    effective="on",
):
    """A task was added to the work of the placement."""

    task: OwnText
    assessed_by: Annotated[StaffId | None, Asked("PLC-22", ASSESS_TASK)]
    on: Day


class PlacementHoursChanged(
    Fact,
    topic="placement.hours-changed.v1",
    command="ChangeHours",
    who=("placement-coordinator",),
    rules=("PLC-13",),
    plan=True,
):
    """Work moves into, or out of, school hours from a day on."""

    in_school_hours: bool
    from_date: Day


class PlacementSuspended(
    Fact,
    topic="placement.suspended.v1",
    command="SuspendPlacement",
    who=("supervisor", "placement-coordinator", "operations-manager"),
    rules=("PLC-25",),
    effective="on",
):
    """Work at the placement is suspended."""

    cause: OwnText
    deviation_id: Id | None = None
    on: Day


class PlacementResumed(
    Fact,
    topic="placement.resumed.v1",
    command="ResumePlacement",
    who=("operations-manager",),
    rules=("PLC-25",),
    effective="on",
):
    """Work at a suspended placement goes on."""

    on: Day
    by: Annotated[StaffId, ACTOR] = later()
    reason: OwnText


class PlacementClosed(
    Fact,
    topic="placement.closed.v1",
    command="ClosePlacement",
    who=("placement-coordinator",),
    rules=("PLC-30",),
    effective="on",
):
    """The placement came to its end."""

    on: Day
    reason: OwnText
