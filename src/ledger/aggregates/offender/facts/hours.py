"""Progress checks and the crediting of hours (rule book C and D; catalogue 6.1).

As told; field by field as the catalogue has it, frozen in tests/golden/facts.json.
"""

from __future__ import annotations

from typing import Annotated, Literal

from ledger.aggregates.shape import (
    ACTOR,
    COMPUTED,
    Asked,
    Count,
    Day,
    Fact,
    Id,
    OffenderText,
    OwnText,
    StaffId,
    ThirdPartyText,
    Whole,
    later,
)
from ledger.rules.hours import REASON_FOR_ADJUSTMENT
from ledger.rules.progress import SAY_WHETHER_SUFFICIENT


class ProgressCheckCompleted(
    Fact,
    topic="offender.progress-check-completed.v1",
    command="CompleteProgressCheck",
    who=("practitioner", "pso"),
    rules=("PRG-02",),
    effective="done_on",
):
    """The six- or nine-month check was done and said whether progress is sufficient."""

    order_id: Id
    point: Literal[6, 9]
    done_on: Day
    credited_minutes: Annotated[Count, COMPUTED] = later()
    ordered_minutes: Annotated[Count, COMPUTED] = later()
    sufficient: Annotated[bool | None, Asked("PRG-02", SAY_WHETHER_SUFFICIENT)]
    reason: OffenderText


class ProgressActionTaken(
    Fact,
    topic="offender.progress-action-taken.v1",
    command="RecordProgressAction",
    who=("practitioner", "pso"),
    rules=("PRG-03",),
    plan=True,
):
    """Action was taken because the hours were unlikely to be finished in time."""

    order_id: Id
    point: OwnText
    action: OffenderText
    by: Annotated[StaffId, ACTOR] = later()
    due_on: Day | None = None


class HoursCredited(
    Fact, topic="offender.hours-credited.v1", command="CreditHours", who=("supervisor",), rules=("HRS-01", "HRS-10")
):
    """Minutes of work and travel were credited for a session."""

    session_id: Id
    order_id: Id
    work_minutes: Count
    travel_minutes: Count
    told_to_person: bool
    confirmed_by_beneficiary: ThirdPartyText | None = None
    by: Annotated[StaffId, ACTOR] = later()


class HoursAdjusted(
    Fact,
    topic="offender.hours-adjusted.v1",
    command="AdjustHours",
    who=("operations-manager", "practitioner"),
    rules=("HRS-07",),
):
    """A wrong or missing credit was put right."""

    order_id: Id
    session_id: Id | None = None
    delta_minutes: Whole
    reason: Annotated[OwnText, Asked("HRS-07", REASON_FOR_ADJUSTMENT)]
    by: Annotated[StaffId, ACTOR] = later()


class EteActivityAgreed(
    Fact,
    topic="offender.ete-activity-agreed.v1",
    command="AgreeEte",
    who=("practitioner", "pso"),
    rules=("HRS-06",),
    effective="agreed_on",
):
    """An activity of education, training or employment was agreed to count towards the hours."""

    ete_id: Id
    order_id: Id
    activity: OffenderText
    purpose: Literal["CLOSER_TO_WORK", "KEEP_JOB", "PROGRESS_IN_WORK"]
    agreed_by: Annotated[StaffId, ACTOR] = later()
    agreed_on: Day


class EteHoursCredited(
    Fact,
    topic="offender.ete-hours-credited.v1",
    command="CreditEteHours",
    who=("practitioner", "pso"),
    rules=("HRS-06",),
    effective="on",
):
    """Minutes of an agreed activity were credited."""

    ete_id: Id
    minutes: Count
    evidence: OffenderText
    on: Day


class EteReferralMade(
    Fact,
    topic="offender.ete-referral-made.v1",
    command="ReferToEte",
    who=("practitioner", "pso"),
    rules=("INS-19",),
    effective="on",
):
    """The person was referred to education, training or employment."""

    order_id: Id
    on: Day
    kind: OwnText


class AwardAchieved(
    Fact,
    topic="offender.award-achieved.v1",
    command="RecordAward",
    who=("any-staff",),
    rules=("INS-19",),
    effective="on",
):
    """The person gained an award."""

    order_id: Id
    award: OffenderText
    on: Day
