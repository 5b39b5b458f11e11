"""Orders: made, held, varied, completed, ended (rule book A; catalogue 6.1).

As told; field by field as the catalogue has it, frozen in tests/golden/facts.json.
"""

from __future__ import annotations

from typing import Annotated, Literal

from ledger.aggregates.shape import (
    ACTOR,
    ACTOR_UNLESS_NAMED,
    COMPUTED,
    TARGET,
    Code,
    Count,
    Day,
    Fact,
    Id,
    OffenderText,
    OffenderTexts,
    OwnText,
    OwnTexts,
    StaffId,
    later,
)


class OrderMade(
    Fact,
    topic="offender.order-made.v1",
    command="RecordOrder",
    who=("court-officer", "practitioner"),
    rules=("UPW-01",),
    effective="sentence_date",
):
    """A court made an order with an unpaid work requirement."""

    order_id: Id
    order_type: Literal["CO", "SSO"]
    court: OffenderText
    sentence_date: Day
    order_end_date: Day
    operational_period_end: Day | None = None
    requirements: OffenderTexts
    upw_hours: Count
    unit: Code | None = None


class PractitionerAssigned(
    Fact,
    topic="offender.practitioner-assigned.v1",
    command="AssignPractitioner",
    who=("senior-practitioner",),
    rules=("ALL-10",),
    effective="on",
):
    """A member of staff is made responsible for, or involved in, an order."""

    order_id: Id
    staff_id: Id
    grade: Literal["PO", "PSO", "TRAINEE"]
    role: Literal["RESPONSIBLE", "INVOLVED"]
    line_manager: StaffId | None = None
    unit: Code | None = None
    on: Day


class FirstAppointmentOffered(
    Fact,
    topic="offender.first-appointment-offered.v1",
    command="OfferFirstAppointment",
    who=("practitioner", "pso"),
    rules=("UPW-10",),
    effective="offered_on",
):
    """A first appointment was offered; the day it is for is what counts against the five working days."""

    order_id: Id
    offered_on: Day
    offered_for: Day


class InductionCompleted(
    Fact,
    topic="offender.induction-completed.v1",
    command="CompleteInduction",
    who=("practitioner", "pso"),
    rules=("UPW-11",),
    effective="date",
):
    """The rules of the order and of projects were explained, item by item."""

    order_id: Id
    date: Day
    rules_of_order: bool
    rules_of_projects: bool
    details_checked: bool
    offending_history: bool
    clothing_advised: bool
    conduct_warned: bool
    by: Annotated[StaffId, ACTOR] = later()


class TraineeInvolved(
    Fact,
    topic="offender.trainee-involved.v1",
    command="InvolveTrainee",
    who=("senior-practitioner",),
    rules=("ALL-13",),
    effective="guidance_on",
):
    """A trainee is involved in the case, under guidance."""

    order_id: Id
    trainee_id: Id
    guidance_by: StaffId
    guidance_on: Day


class PsoInvolvementApproved(
    Fact,
    topic="offender.pso-involvement-approved.v1",
    command="ApprovePsoInvolvement",
    who=("senior-practitioner",),
    rules=("ALL-14",),
    effective="on",
):
    """The line manager approved that a probation service officer works on a child protection case."""

    order_id: Id
    pso_id: Id
    nature_of_contact: OwnText
    approved_by: Annotated[StaffId, ACTOR] = later()
    on: Day


class RiskManagerConsulted(
    Fact,
    topic="offender.risk-manager-consulted.v1",
    command="RecordConsultation",
    who=("practitioner",),
    rules=("ALL-12",),
    effective="on",
):
    """The risk manager was consulted and advised."""

    order_id: Id
    on: Day
    advice: OffenderText
    by: Annotated[StaffId, ACTOR_UNLESS_NAMED] = later()


class CaseTransferred(
    Fact,
    topic="offender.case-transferred.v1",
    command="TransferCase",
    who=("senior-practitioner",),
    rules=("ALL-22",),
    effective="notified_on",
):
    """The case moved from one unit to another."""

    order_id: Id
    from_unit: Code
    to_unit: Code
    notified_on: Day
    documents: OwnTexts


class ManagementDecisionRecorded(
    Fact,
    topic="offender.management-decision-recorded.v1",
    command="RecordManagementDecision",
    who=("senior-practitioner-or-above",),
    rules=("MGT-05", "UPW-09"),
    effective="on",
):
    """A manager decided something about the case and said why."""

    order_id: Id
    matter: OwnText
    decision: OwnText
    reason: OffenderText
    on: Day
    by: Annotated[StaffId, ACTOR] = later()


class CourtApplicationMade(
    Fact,
    topic="offender.court-application-made.v1",
    command="ApplyToCourt",
    who=("practitioner",),
    rules=("UPW-05",),
    effective="made_on",
):
    """The court was asked to extend or to revoke the requirement."""

    order_id: Id
    application: Literal["EXTENSION", "REVOCATION"]
    made_on: Day
    requested_end_date: Day | None = None


class CourtVariationMade(
    Fact,
    topic="offender.court-variation-made.v1",
    command="RecordCourtVariation",
    who=("court-officer", "practitioner"),
    rules=("UPW-05", "UPW-08"),
    effective="decided_on",
):
    """The court extended or revoked the requirement, or refused to."""

    order_id: Id
    result: Literal["EXTENDED", "REVOKED", "REFUSED"]
    new_end_date: Day | None = None
    new_hours: Count | None = None
    decided_on: Day
    court: OffenderText


class UpwRequirementCompleted(
    Fact,
    topic="offender.upw-requirement-completed.v1",
    command="ConfirmCompletion",
    who=("practitioner", "pso"),
    rules=("UPW-12",),
    effective="completed_on",
):
    """The practitioner confirmed that the ordered hours are done."""

    order_id: Id
    completed_on: Day
    credited_minutes: Annotated[Count, COMPUTED] = later()
    ete_minutes: Annotated[Count, COMPUTED] = later()
    placement_id: Id
    accredited: Annotated[bool, COMPUTED] = later()
    mixed: Annotated[bool, COMPUTED] = later()


class SupervisionEnded(
    Fact,
    topic="offender.supervision-ended.v1",
    command="EndSupervision",
    who=("practitioner",),
    rules=("UPW-13",),
    effective="ended_on",
):
    """Supervision under the order ended."""

    order_id: Id
    ended_on: Day
    ground: OwnText


class CaseTransferredToHistoryFile(
    Fact,
    topic="offender.case-transferred-to-history-file.v1",
    command="MoveToHistory",
    who=("information-officer", "team-admin"),
    rules=("CP-42", "UPW-15"),
    effective="on",
):
    """The case, or a registration, went to the history file."""

    scope: Literal["REGISTER_CASE", "SUPERVISION_CASE"]
    ref: Id
    offender_id: Annotated[Id, TARGET] = later()
    on: Day
    by: Annotated[StaffId, ACTOR] = later()
