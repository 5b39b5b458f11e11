"""Dealing with children's services, the key worker and other units (rule book CP-13 to CP-19; catalogue 6.6).

As told; field by field as the catalogue has it, frozen in tests/golden/facts.json.  The people of form CP1 are
described in it, not named by id, so their descriptions lie under the key of the matter (catalogue, *Whose text*).
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from ledger.aggregates.shape import (
    CHILD,
    LIST_ITEMS,
    OFFENDER,
    Asked,
    ChildText,
    Code,
    Day,
    Fact,
    Map,
    OffenderText,
    OwnText,
    OwnTexts,
    Personal,
    StaffText,
    ThirdPartyText,
)
from ledger.rules.child_protection import CP1_NEEDS

Described = Annotated[list[Map], Field(max_length=LIST_ITEMS)]


_NEEDED: Final = Asked("CP-14", CP1_NEEDS)


class Cp1Sent(
    Fact,
    topic="child-protection-matter.cp1-sent.v1",
    command="SendCp1",
    who=("practitioner",),
    rules=("CP-14",),
    effective="on",
):
    """The key worker or manager was told by form CP1 who has taken responsibility for the case."""

    on: Day
    tick_child_on_register: Annotated[bool | None, _NEEDED]
    tick_risk_to_children: Annotated[bool | None, _NEEDED]
    location: Annotated[OwnText | None, _NEEDED]
    children: Annotated[Annotated[Personal[Described], CHILD] | None, _NEEDED]
    offenders: Annotated[Annotated[Personal[Described], OFFENDER] | None, _NEEDED]
    relationship: Annotated[ChildText | None, _NEEDED]
    supervision_commenced: Annotated[Day | None, _NEEDED]
    supervision_expires: Annotated[Day | None, _NEEDED]
    officer: Annotated[StaffText | None, _NEEDED]
    officer_location: Annotated[OwnText | None, _NEEDED]
    telephone: Annotated[StaffText | None, _NEEDED]


class LossOfContactNotified(
    Fact,
    topic="child-protection-matter.loss-of-contact-notified.v1",
    command="NotifyLossOfContact",
    who=("practitioner",),
    rules=("CP-13",),
    effective="on",
):
    """The key worker was told that contact with the offender is lost."""

    notified_to: ThirdPartyText
    on: Day
    written_on: Day | None = None


class ChildrenServicesContacted(
    Fact,
    topic="child-protection-matter.children-services-contacted.v1",
    command="RecordServicesContact",
    who=("practitioner",),
    rules=("CP-15", "ENF-24"),
    effective="on",
):
    """There was contact with children's services."""

    on: Day
    channel: Code
    summary: ChildText
    written_on: Day | None = None


class UnitInformed(
    Fact,
    topic="child-protection-matter.unit-informed.v1",
    command="InformUnit",
    who=("practitioner",),
    rules=("CP-16",),
    effective="on",
):
    """Another unit in contact with the offender was told of concerns or changes."""

    unit: Code
    on: Day
    content: OffenderText


class StrategyMeetingHeld(
    Fact,
    topic="child-protection-matter.strategy-meeting-held.v1",
    command="RecordStrategyMeeting",
    who=("practitioner",),
    rules=("CP-18",),
    effective="on",
):
    """Agencies discussed what to do."""

    on: Day
    attended_by: OwnTexts
    decision: ChildText | None = None


class EnquiriesStarted(
    Fact,
    topic="child-protection-matter.enquiries-started.v1",
    command="RecordEnquiries",
    who=("practitioner",),
    rules=("CP-27",),
    effective="on",
):
    """Children's services began their enquiries."""

    on: Day


class SocialWorkerInformed(
    Fact,
    topic="child-protection-matter.social-worker-informed.v1",
    command="InformSocialWorker",
    who=("practitioner",),
    rules=("CP-19",),
    effective="on",
):
    """The officer made themselves known to the social worker."""

    on: Day
    name: ThirdPartyText | None = None


class CoreAssessmentReady(
    Fact,
    topic="child-protection-matter.core-assessment-ready.v1",
    command="RecordCoreAssessment",
    who=("practitioner",),
    rules=("CP-27",),
    effective="on",
):
    """The core assessment was ready."""

    on: Day


class DisagreementRaised(
    Fact,
    topic="child-protection-matter.disagreement-raised.v1",
    command="RaiseDisagreement",
    who=("practitioner",),
    rules=("CP-29",),
    effective="on",
):
    """A difference with another agency went to a manager."""

    with_agency: OwnText
    on: Day
    level: OwnText
    text: OffenderText | None = None


class FamilyGroupConferenceHeld(
    Fact,
    topic="child-protection-matter.family-group-conference-held.v1",
    command="RecordFamilyGroupConference",
    who=("practitioner",),
    rules=("CP-30",),
    effective="on",
):
    """The family met for a child in need."""

    on: Day
    outcome: ChildText | None = None
