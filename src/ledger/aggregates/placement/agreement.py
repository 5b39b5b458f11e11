"""What provider, school and probation agree about a work site, and how they keep to it (rule book F; catalogue 6.2).

As told; field by field as the catalogue has it, frozen in tests/golden/facts.json.
"""

from __future__ import annotations

from typing import Annotated

from ledger.aggregates.shape import (
    ACTOR,
    Asked,
    Code,
    Count,
    Day,
    Fact,
    Id,
    OwnMap,
    OwnText,
    OwnTexts,
    StaffId,
    StaffText,
    ThirdPartyText,
    later,
)
from ledger.rules.placements import INITIALS, NOT_FROM_HEAD


class AgreementDrafted(
    Fact,
    topic="placement.agreement-drafted.v1",
    command="DraftAgreement",
    who=("placement-coordinator",),
    rules=("PLC-18",),
):
    """A version of the agreement was drafted."""

    version: Count
    sections: OwnMap


class AgreementSigned(
    Fact,
    topic="placement.agreement-signed.v1",
    command="SignAgreement",
    who=("placement-coordinator",),
    rules=("PLC-17", "PLC-18", "PLC-19"),
):
    """Provider and manager signed the agreement."""

    version: Count
    provider_name: ThirdPartyText
    provider_position: ThirdPartyText
    provider_signed_on: Day
    manager_name: StaffText
    manager_signed_on: Day
    briefed_on_risk_assessments: bool
    insurance_confirmed: bool
    information_received: bool
    tasks_agreed: bool
    contact_agreed: bool
    role_models_agreed: bool

    def effective(self) -> Day:
        """The later of the two signatures."""
        return max(self.provider_signed_on, self.manager_signed_on)


class HeadTeacherApprovalGiven(
    Fact,
    topic="placement.head-teacher-approval-given.v1",
    command="RecordHeadApproval",
    who=("placement-coordinator",),
    rules=("PLC-08",),
    effective="given_on",
):
    """The head teacher approved that a person at high risk works at the school."""

    approval_id: Id
    offender_id: Id
    head_teacher: Annotated[ThirdPartyText | None, Asked("PLC-08", NOT_FROM_HEAD)]
    given_on: Day
    form: Code


class HeadTeacherApprovalWithdrawn(
    Fact,
    topic="placement.head-teacher-approval-withdrawn.v1",
    command="WithdrawHeadApproval",
    who=("placement-coordinator",),
    rules=("PLC-08",),
    effective="on",
):
    """The head teacher withdrew an approval."""

    approval_id: Id
    on: Day
    reason: OwnText


class SchoolCommunityInformed(
    Fact,
    topic="placement.school-community-informed.v1",
    command="RecordSchoolInformed",
    who=("placement-coordinator",),
    rules=("PLC-28",),
):
    """Governors and parents were told of the placement."""

    governors_on: Day | None = None
    parents_on: Day | None = None

    def effective(self) -> Day | None:
        """The later of the dates given."""
        return max((day for day in (self.governors_on, self.parents_on) if day), default=None)


class ContactLogged(
    Fact,
    topic="placement.contact-logged.v1",
    command="LogContact",
    who=("supervisor", "placement-coordinator"),
    rules=("PLC-23",),
    effective="on",
):
    """A contact with the provider was logged."""

    sheet_no: Count
    on: Day
    initials: Annotated[StaffText | None, Asked("PLC-23", INITIALS)]
    kind: OwnText
    entry: ThirdPartyText
    remedy: OwnText | None = None


class DeviationNoted(
    Fact,
    topic="placement.deviation-noted.v1",
    command="NoteDeviation",
    who=("supervisor", "placement-coordinator"),
    rules=("PLC-24",),
    effective="noted_on",
):
    """Somebody noted that work differs from what was agreed."""

    deviation_id: Id
    what: OwnText
    noted_on: Day
    noted_by: Annotated[StaffId, ACTOR] = later()


class DeviationResolved(
    Fact,
    topic="placement.deviation-resolved.v1",
    command="ResolveDeviation",
    who=("placement-coordinator",),
    rules=("PLC-24",),
    effective="on",
):
    """Both parties resolved a deviation."""

    deviation_id: Id
    how: OwnText
    on: Day
    agreed_by: OwnTexts


class GuidanceObtained(
    Fact,
    topic="placement.guidance-obtained.v1",
    command="RecordGuidance",
    who=("placement-coordinator",),
    rules=("PLC-25",),
    effective="on",
):
    """Guidance about a suspended placement was obtained."""

    source: OwnText
    on: Day
    text: OwnText


class PlacementReviewed(
    Fact,
    topic="placement.reviewed.v1",
    command="ReviewPlacement",
    who=("placement-coordinator",),
    rules=("PLC-26",),
):
    """Both parties reviewed the placement and said whether it may continue."""

    done_on: Day
    form_reviewed: bool
    pqs_reviewed: bool
    provider_signed_on: Day | None = None
    manager_signed_on: Day | None = None
    may_continue: bool

    def effective(self) -> Day:
        """The later of the two signatures; unsigned, the day it was done."""
        return max((day for day in (self.provider_signed_on, self.manager_signed_on) if day), default=self.done_on)
