"""Allocations and sessions: planned, attended, cancelled, stopped (rule book B, D and E; catalogue 6.1).

Attendance facts have no date of their own: they happened on the day of their session, which the decision adds.

As told; field by field as the catalogue has it, frozen in tests/golden/facts.json.
"""

from __future__ import annotations

from typing import Annotated, Literal

from ledger.aggregates.shape import (
    ACTOR,
    OFFENDER,
    Asked,
    ClockTime,
    Count,
    Day,
    Fact,
    Id,
    Instant,
    OffenderText,
    OwnText,
    OwnTexts,
    Personal,
    StaffId,
    later,
)
from ledger.rules.allocation import WHY_SUITABLE


class TaskRestrictionSet(
    Fact,
    topic="offender.task-restriction-set.v1",
    command="SetTaskRestriction",
    who=("practitioner", "placement-coordinator"),
    rules=("ALL-20",),
    plan=True,
):
    """Work the person must not be given, from a day on."""

    restriction: OffenderText
    from_date: Day


class PlacementAllocated(
    Fact,
    topic="offender.placement-allocated.v1",
    command="AllocatePlacement",
    who=("placement-coordinator", "practitioner"),
    rules=("ALL-05",),
    plan=True,
):
    """The person is allocated to a placement from a day on."""

    allocation_id: Id
    order_id: Id
    placement_id: Id
    mode: Literal["GROUP", "IP", "PIP", "ETE"]  # ALL-04
    from_date: Day
    match_reasons: Annotated[OwnText | None, Asked("ALL-05", WHY_SUITABLE)]
    roh_considered: bool
    skills_aim: OwnText | None = None
    against_preference_reason: OwnText | None = None
    by: Annotated[StaffId, ACTOR] = later()


class AllocationSuspended(
    Fact,
    topic="offender.allocation-suspended.v1",
    command="SuspendAllocation",
    who=("placement-coordinator",),
    rules=("PLC-09",),
    effective="on",
):
    """An allocation rests until further notice."""

    allocation_id: Id
    cause: OwnText
    on: Day


class AllocationResumed(
    Fact,
    topic="offender.allocation-resumed.v1",
    command="ResumeAllocation",
    who=("placement-coordinator",),
    rules=("PLC-09",),
    effective="on",
):
    """A suspended allocation goes on."""

    allocation_id: Id
    on: Day
    ground: OwnText


class AllocationEnded(
    Fact,
    topic="offender.allocation-ended.v1",
    command="EndAllocation",
    who=("placement-coordinator", "practitioner"),
    rules=("ALL-05", "PLC-09"),
    effective="on",
):
    """An allocation came to its end."""

    allocation_id: Id
    on: Day
    reason: OwnText


class SessionScheduled(
    Fact,
    topic="offender.session-scheduled.v1",
    command="ScheduleSession",
    who=("placement-coordinator",),
    rules=("ENF-01",),
    plan=True,
):
    """A session of unpaid work is planned."""

    session_id: Id
    order_id: Id
    placement_id: Id
    date: Day
    start: OwnText
    pick_up: OwnText | None = None
    female_supervisor: bool | None = None  # ALL-08; beyond the catalogue, which names nobody who leads
    no_female_supervisor_reason: OwnText | None = None


class SessionCancelled(
    Fact,
    topic="offender.session-cancelled.v1",
    command="CancelSession",
    who=("placement-coordinator",),
    rules=("PLC-09",),
    effective="on",
):
    """A planned session will not take place."""

    session_id: Id
    cause: OwnText
    on: Day


class SessionAttended(
    Fact, topic="offender.session-attended.v1", command="RecordAttendance", who=("supervisor",), rules=("ENF-01",)
):
    """The person came to the session and left it, with times."""

    session_id: Id
    arrival: ClockTime
    departure: ClockTime


class LatenessRecorded(
    Fact, topic="offender.lateness-recorded.v1", command="RecordLateness", who=("supervisor",), rules=("ENF-20",)
):
    """The person came late to a session."""

    session_id: Id
    minutes_late: Count
    stayed: bool
    challenged_by: StaffId | None = None


class SentHome(Fact, topic="offender.sent-home.v1", command="SendHome", who=("supervisor",), rules=("PLC-41",)):
    """The person was sent home from a session."""

    session_id: Id
    reason: Annotated[Personal[Literal["UNFIT", "NO_PPE", "CLOTHING", "CONDUCT", "LATE"]], OFFENDER]
    reported_to: OwnTexts


class WorkStopped(Fact, topic="offender.work-stopped.v1", command="StopWork", who=("supervisor",), rules=("HRS-03",)):
    """The person was told to stop working; credit ends at that moment."""

    session_id: Id
    stopped_at: Instant
    reason: OffenderText
    reported_to: OwnTexts


class ToolCompetenceConfirmed(
    Fact,
    topic="offender.tool-competence-confirmed.v1",
    command="ConfirmToolCompetence",
    who=("supervisor",),
    rules=("PLC-56",),
    effective="on",
):
    """The person was found competent with a tool."""

    tool: OwnText
    on: Day
    by: Annotated[StaffId, ACTOR] = later()
