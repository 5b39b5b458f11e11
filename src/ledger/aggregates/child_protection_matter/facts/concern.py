"""Concern, check and referral: how a matter begins (rule book CP-01 to CP-12; catalogue 6.6).

As told; field by field as the catalogue has it, frozen in tests/golden/facts.json.  `source` is a closed code: CP-01
publishes its list.
"""

from __future__ import annotations

from typing import Annotated, Literal

from ledger.aggregates.shape import (
    ACTOR,
    CHILD,
    Asked,
    ChildText,
    Day,
    Fact,
    Id,
    Ids,
    Instant,
    OffenderText,
    OwnText,
    Personal,
    StaffId,
    Texts,
    later,
)
from ledger.rules.data_protection import MARK_THE_SECTION

ChildTexts = Annotated[Personal[Texts], CHILD]


class ChildProtectionConcernRecorded(
    Fact,
    topic="child-protection-matter.child-protection-concern-recorded.v1",
    command="RecordConcern",
    who=("any-staff",),
    rules=("ALL-11", "CP-01", "CP-54", "CP-58"),
    effective="noted_on",
):
    """A concern about a child was noted, at court, reception, interview, site or home."""

    concern_id: Id
    offender_id: Id
    source: Literal[
        "COURT",
        "RECEPTION",
        "INTERVIEW_OASYS",
        "UPW_SITE",
        "PROGRAMME",
        "APPROVED_PREMISES",
        "VOLUNTEER_OR_PARTNER",
        "OTHER",
    ]
    noted_on: Day
    grave: bool
    category: Literal["IN_NEED", "SIGNIFICANT_HARM", "UNDETERMINED"]
    child_ref: Id | None = None
    child_text: ChildText | None = None
    note: OffenderText
    reporter_role: OwnText | None = None
    by: Annotated[StaffId, ACTOR] = later()


class ConcernNotified(
    Fact,
    topic="child-protection-matter.concern-notified.v1",
    command="NotifyConcern",
    who=("any-staff",),
    rules=("CP-02", "CP-03"),
    effective="on",
):
    """The line or duty manager was told of a concern."""

    concern_id: Id
    form: Literal["CNF1", "EMAIL", "VERBAL"]
    to_role: OwnText
    on: Day
    written_follow_up_on: Day | None = None


class ConcernEscalated(
    Fact,
    topic="child-protection-matter.concern-escalated.v1",
    command="EscalateConcern",
    who=("any-staff",),
    rules=("CP-05",),
    effective="escalated_at",
):
    """A concern went to children's services or the police at once."""

    concern_id: Id
    to_agency: Literal["CHILDREN_SERVICES", "POLICE"]
    escalated_at: Instant


class ChildRiskSectionCompleted(
    Fact,
    topic="child-protection-matter.child-risk-section-completed.v1",
    command="CompleteChildRiskSection",
    who=("practitioner",),
    rules=("CP-04", "DP-01"),
    effective="on",
):
    """A section on risk to children was completed."""

    form: Literal["R2", "R6", "R7"]
    on: Day
    by: Annotated[StaffId, ACTOR] = later()
    confidential: Annotated[bool | None, Asked("DP-01", MARK_THE_SECTION)]
    contents: ChildText | None = None


class ChildrenServicesCheckRequested(
    Fact,
    topic="child-protection-matter.children-services-check-requested.v1",
    command="RequestCheck",
    who=("practitioner",),
    rules=("CP-06",),
    effective="on",
):
    """Children's services were asked what they know."""

    check_id: Id
    offender_id: Id
    on: Day
    reason: Literal["PSR", "REVIEW", "CHANGE"]
    child_names: ChildTexts | None = None


class ChildrenServicesCheckAnswered(
    Fact,
    topic="child-protection-matter.children-services-check-answered.v1",
    command="RecordCheckAnswer",
    who=("team-admin", "practitioner"),
    rules=("CP-06",),
    effective="on",
):
    """Children's services answered the two questions of the check form."""

    check_id: Id
    on: Day
    q1: bool
    q1_details: ChildText | None = None
    q2: bool
    q2_details: ChildText | None = None


class ChildrenServicesCheckClosed(
    Fact,
    topic="child-protection-matter.children-services-check-closed.v1",
    command="CloseCheck",
    who=("practitioner", "team-admin"),
    rules=("CP-08",),
    effective="on",
):
    """Nothing more follows from an answered check: R7 was sent, or the reason says why not."""

    check_id: Id
    on: Day
    reason: OwnText | None = None


class NewInformationRecorded(
    Fact,
    topic="child-protection-matter.new-information-recorded.v1",
    command="RecordNewInformation",
    who=("practitioner",),
    rules=("CP-09",),
    effective="on",
):
    """New information about a case came in."""

    offender_id: Id
    on: Day
    note: OffenderText
    child_text: ChildText | None = None


class RiskManagerCountersigned(
    Fact,
    topic="child-protection-matter.risk-manager-countersigned.v1",
    command="Countersign",
    who=("risk-manager",),
    rules=("CP-09",),
    effective="on",
):
    """The risk manager countersigned new information."""

    on: Day
    by: Annotated[StaffId, ACTOR] = later()


class ReferralMade(
    Fact,
    topic="child-protection-matter.referral-made.v1",
    command="MakeReferral",
    who=("any-staff",),
    rules=("CP-11",),
    effective="made_at",
):
    """Concerns were referred to children's services."""

    referral_id: Id
    concern_ids: Ids
    made_at: Instant
    channel: Literal["PHONE", "WRITTEN"]
    sent_to: OwnText
    by: Annotated[StaffId, ACTOR] = later()
    child_text: ChildText | None = None


class ReferralConfirmedInWriting(
    Fact,
    topic="child-protection-matter.referral-confirmed-in-writing.v1",
    command="ConfirmReferral",
    who=("practitioner",),
    rules=("CP-11",),
    effective="on",
):
    """A referral by telephone was followed up in writing."""

    referral_id: Id
    on: Day


class ReferralReplied(
    Fact,
    topic="child-protection-matter.referral-replied.v1",
    command="RecordReply",
    who=("practitioner", "team-admin"),
    rules=("CP-12",),
    effective="on",
):
    """Children's services replied with an outline of what they do."""

    referral_id: Id
    on: Day
    outline: ChildText


class ReferralChased(
    Fact,
    topic="child-protection-matter.referral-chased.v1",
    command="ChaseReferral",
    who=("practitioner", "senior-practitioner"),
    rules=("CP-12",),
    effective="on",
):
    """A reply was asked for again."""

    referral_id: Id
    on: Day
    how: OwnText
    by: Annotated[StaffId, ACTOR] = later()
