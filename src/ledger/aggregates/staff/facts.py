"""What can happen to a member of staff at work: started, supervised, observed, trained (catalogue section 11).

StaffLeft is ours: without it whoever went would stand on the due list for ever.
"""

from __future__ import annotations

from typing import Annotated

from ledger.aggregates.shape import (
    ACTOR,
    ACTOR_UNLESS_NAMED,
    TARGET,
    Code,
    Count,
    Day,
    Fact,
    Id,
    Ids,
    OwnMap,
    OwnText,
    OwnTexts,
    StaffId,
    StaffText,
    later,
)

LINE_MANAGERS = ("operations-manager", "head-of-unpaid-work", "unit-manager")  # of staff: scenarios/README


class StaffStarted(
    Fact, topic="staff.started.v1", command="StartStaff", who=("operations-manager",), rules=("MGT-04",), effective="on"
):
    """Somebody started in a role."""

    staff_id: Annotated[Id, TARGET] = later()
    role: OwnText
    unit: Code | None = None
    on: Day


class StaffLeft(
    Fact, topic="staff.left.v1", command="EndStaff", who=("operations-manager",), rules=("MGT-02",), effective="on"
):
    """Somebody left the service: nothing more falls due."""

    staff_id: Annotated[Id, TARGET] = later()
    on: Day


class SupervisionHeld(
    Fact,
    topic="staff.supervision-held.v1",
    command="RecordSupervision",
    who=LINE_MANAGERS,
    rules=("MGT-01", "MGT-02", "CP-52"),
    effective="on",
):
    """A manager held supervision; `cases_discussed` and `file_reviewed` are ids of offenders."""

    staff_id: Annotated[Id, TARGET] = later()
    manager_id: Annotated[StaffId, ACTOR_UNLESS_NAMED] = later()
    on: Day
    cases_discussed: Ids
    file_reviewed: Ids
    guidance: OwnText
    child_protection_discussed: bool


class SupervisorObserved(
    Fact,
    topic="staff.supervisor-observed.v1",
    command="RecordObservation",
    who=("operations-manager",),
    rules=("MGT-03",),
    effective="on",
):
    """A supervisor was observed at work, with feedback."""

    supervisor_id: Annotated[Id, TARGET] = later()
    on: Day
    placement_id: Id
    checklist: OwnMap
    feedback: OwnText
    by: Annotated[StaffId, ACTOR] = later()


class HsMaterialsRead(
    Fact,
    topic="staff.hs-materials-read.v1",
    command="ConfirmHsRead",
    who=("any-staff",),
    rules=("MGT-04",),
    effective="on",
):
    """The health and safety information was read and understood."""

    staff_id: Annotated[Id, TARGET] = later()
    on: Day


class TrainingCompleted(
    Fact,
    topic="staff.training-completed.v1",
    command="RecordTraining",
    who=("training-unit",),
    rules=("DP-13", "MGT-04", "SSP-19"),
    effective="on",
):
    """A course was completed."""

    staff_id: Annotated[Id, TARGET] = later()
    course: OwnText
    on: Day


class AppraisalHeld(
    Fact,
    topic="staff.appraisal-held.v1",
    command="RecordAppraisal",
    who=("senior-practitioner-or-above",),
    rules=("MGT-07",),
    effective="on",
):
    """An appraisal was held."""

    staff_id: Annotated[Id, TARGET] = later()
    on: Day
    child_protection_considered: bool


class DailyCallHeld(
    Fact,
    topic="staff.daily-call-held.v1",
    command="RecordDailyCall",
    who=("operations-manager",),
    rules=("MGT-06",),
    effective="on",
):
    """The supervisors were called at the end of the day."""

    on: Day
    issues: OwnTexts


class DriverVerified(
    Fact,
    topic="staff.driver-verified.v1",
    command="VerifyDriver",
    who=("operations-manager",),
    rules=("PLC-50",),
    effective="on",
):
    """A full driving licence was seen."""

    staff_id: Annotated[Id, TARGET] = later()
    on: Day


class VehicleUseLogged(
    Fact,
    topic="staff.vehicle-use-logged.v1",
    command="LogVehicleUse",
    who=("any-staff",),
    rules=("PLC-50",),
    effective="on",
):
    """A vehicle was driven; `mileage` and `odometer` in miles."""

    vehicle: OwnText
    on: Day
    mileage: Count
    odometer: Count
    use: OwnText


class VehicleDamageReported(
    Fact,
    topic="staff.vehicle-damage-reported.v1",
    command="ReportVehicleDamage",
    who=("any-staff",),
    rules=("PLC-50",),
    effective="on",
):
    """Damage to a vehicle was reported."""

    vehicle: OwnText
    on: Day
    text: OwnText


class IdentityCardLost(
    Fact,
    topic="staff.identity-card-lost.v1",
    command="ReportCardLoss",
    who=("any-staff",),
    rules=("MGT-12",),
    effective="on",
):
    """An identity card was lost, and its loss reported."""

    staff_id: Annotated[Id, TARGET] = later()
    on: Day
    reported_on: Day


class DutyRotaSet(
    Fact,
    topic="staff.duty-rota-set.v1",
    command="SetDutyRota",
    who=("operations-manager",),
    rules=("MGT-10",),
):
    """Who is on call on a day: a plan, so it takes effect when it is recorded."""

    on: Day
    manager: StaffText


class BoardAttended(
    Fact,
    topic="staff.board-attended.v1",
    command="RecordBoardAttendance",
    who=("area-manager", "aco"),
    rules=("MGT-08",),
    effective="on",
):
    """A meeting of a safeguarding board was attended."""

    board: OwnText
    on: Day
    by: Annotated[StaffId, ACTOR] = later()


class RepresentativeReportMade(
    Fact,
    topic="staff.representative-report-made.v1",
    command="MakeRepresentativeReport",
    who=("area-manager", "aco"),
    rules=("MGT-08",),
    effective="on",
):
    """The representative reported on the work with the boards."""

    year: OwnText
    on: Day


class TrainingReportMade(
    Fact,
    topic="staff.training-report-made.v1",
    command="MakeTrainingReport",
    who=("training-unit",),
    rules=("MGT-07",),
    effective="on",
):
    """The training unit reported to the assistant chief officer."""

    on: Day


class ContractClauseConfirmed(
    Fact,
    topic="staff.contract-clause-confirmed.v1",
    command="ConfirmClause",
    who=("area-manager", "aco"),
    rules=("CP-54",),
    effective="on",
):
    """A contract with an agency holds the duty to report concerns about children."""

    agency: OwnText
    on: Day
    by: Annotated[StaffId, ACTOR] = later()


FACTS: tuple[type[Fact], ...] = (
    StaffStarted,
    StaffLeft,
    SupervisionHeld,
    SupervisorObserved,
    HsMaterialsRead,
    TrainingCompleted,
    AppraisalHeld,
    DailyCallHeld,
    DriverVerified,
    VehicleUseLogged,
    VehicleDamageReported,
    IdentityCardLost,
    DutyRotaSet,
    BoardAttended,
    RepresentativeReportMade,
    TrainingReportMade,
    ContractClauseConfirmed,
)
