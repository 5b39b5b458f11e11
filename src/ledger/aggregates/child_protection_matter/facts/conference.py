"""Conferences, their reports, minutes and actions, and the core group (rule book CP-20 to CP-28; catalogue 6.6).

As told; field by field as the catalogue has it, frozen in tests/golden/facts.json.
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
    Map,
    OffenderText,
    OwnText,
    OwnTexts,
    Personal,
    StaffId,
    ThirdPartyText,
    later,
)
from ledger.rules.child_protection import WRITTEN_REASON


class ConferenceInvited(
    Fact,
    topic="child-protection-matter.conference-invited.v1",
    command="RecordInvitation",
    who=("team-admin",),
    rules=("CP-20",),
    plan=True,
):
    """An invitation to a conference came in."""

    conference_id: Id
    kind: Literal["INITIAL", "REVIEW"]
    for_date: Day


class ConferenceAnswered(
    Fact,
    topic="child-protection-matter.conference-answered.v1",
    command="AnswerInvitation",
    who=("practitioner",),
    rules=("CP-20",),
    effective="on",
):
    """An invitation was answered."""

    conference_id: Id
    on: Day
    answer: OwnText


class NonAttendanceAgreed(
    Fact,
    topic="child-protection-matter.non-attendance-agreed.v1",
    command="AgreeNonAttendance",
    who=("senior-practitioner",),
    rules=("CP-20",),
):
    """The line manager agreed that a written report takes the place of attendance."""

    conference_id: Id
    by: Annotated[StaffId, ACTOR] = later()
    reason: OwnText


class ConferenceReportSubmitted(
    Fact,
    topic="child-protection-matter.conference-report-submitted.v1",
    command="SubmitConferenceReport",
    who=("practitioner",),
    rules=("CP-20", "CP-21"),
    effective="on",
):
    """The written report for a conference was handed in."""

    conference_id: Id
    on: Day
    sections: Annotated[Personal[Map], CHILD]
    shared_with_family_on: Day | None = None
    closed_session_agreed_with: ThirdPartyText | None = None
    statement_types: OwnTexts


class ConferenceAttended(
    Fact,
    topic="child-protection-matter.conference-attended.v1",
    command="RecordConferenceAttendance",
    who=("practitioner",),
    rules=("CP-20", "CP-60"),
    effective="on",
):
    """Probation attended a conference."""

    conference_id: Id
    on: Day
    by: Annotated[StaffId, ACTOR] = later()


class ConferenceMinutesChecked(
    Fact,
    topic="child-protection-matter.conference-minutes-checked.v1",
    command="CheckMinutes",
    who=("practitioner",),
    rules=("CP-23",),
    effective="checked_on",
):
    """The minutes of a conference were checked for accuracy."""

    conference_id: Id
    received_on: Day
    checked_on: Day
    accurate: bool
    error_raised_on: Day | None = None


class ConferenceActionSet(
    Fact,
    topic="child-protection-matter.conference-action-set.v1",
    command="SetConferenceAction",
    who=("practitioner",),
    rules=("CP-24",),
    plan=True,
):
    """A conference gave probation something to do."""

    action_id: Id
    conference_id: Id
    text: ChildText
    due: Day | None = None


class ConferenceActionDone(
    Fact,
    topic="child-protection-matter.conference-action-done.v1",
    command="CompleteConferenceAction",
    who=("practitioner",),
    rules=("CP-24",),
    effective="on",
):
    """An action of a conference was carried out."""

    action_id: Id
    on: Day


class ConferenceActionNotDone(
    Fact,
    topic="child-protection-matter.conference-action-not-done.v1",
    command="ExplainConferenceAction",
    who=("practitioner",),
    rules=("CP-24",),
    effective="written_on",
):
    """An action of a conference was not carried out, for a reason given in writing."""

    action_id: Id
    reason: Annotated[OffenderText | None, Asked("CP-24", WRITTEN_REASON)]
    written_on: Day


class CoreGroupMet(
    Fact,
    topic="child-protection-matter.core-group-met.v1",
    command="RecordCoreGroup",
    who=("practitioner",),
    rules=("CP-26",),
    effective="on",
):
    """The core group met."""

    first: bool
    on: Day
    attended: OwnTexts


class ReviewConferenceHeld(
    Fact,
    topic="child-protection-matter.review-conference-held.v1",
    command="RecordReviewConference",
    who=("practitioner",),
    rules=("CP-28",),
    effective="on",
):
    """A review conference was held."""

    conference_id: Id
    on: Day
    outcome: ChildText
