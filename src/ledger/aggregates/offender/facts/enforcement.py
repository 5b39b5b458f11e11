"""Absences, letters, evidence, judgements and breach (rule book B; catalogue 6.1).

As told; field by field as the catalogue has it, frozen in tests/golden/facts.json.
"""

from __future__ import annotations

from typing import Annotated, Literal

from ledger.aggregates.shape import (
    ACTOR,
    COMPUTED,
    OWN,
    WRITTEN,
    Asked,
    Code,
    Day,
    Fact,
    Id,
    Instant,
    OffenderText,
    Personal,
    StaffId,
    later,
)
from ledger.rules.enforcement import REASON_FOR_DECLINING, REASON_FOR_JUDGEMENT, REASON_FOR_LATE_EVIDENCE
from ledger.rules.sentencing_2020 import DESCRIBE_THE_BREACH, REASON_FOR_WITHDRAWAL

Verdict = Literal["ACCEPTABLE", "UNACCEPTABLE"]


class AbsenceRecorded(
    Fact,
    topic="offender.absence-recorded.v1",
    command="RecordAbsence",
    who=("supervisor", "practitioner"),
    rules=("ENF-01", "ENF-02", "ENF-21"),
    effective="date",
):
    """The person failed to attend, or to comply with, an appointment of the order."""

    absence_id: Id
    session_id: Id | None = None
    order_id: Id
    appointment_kind: Literal["UPW", "OTHER"]
    date: Day
    kind: Literal["FTA", "FAILURE_TO_COMPLY"]
    note: OffenderText | None = None


class AbsenceInformationPassed(
    Fact,
    topic="offender.absence-information-passed.v1",
    command="PassOnInformation",
    who=("any-staff",),
    rules=("ENF-17",),
):
    """Somebody passed on what they knew about an absence."""

    absence_id: Id
    by: Annotated[StaffId, ACTOR] = later()
    note: OffenderText


class EnforcementLetterIssued(
    Fact,
    topic="offender.enforcement-letter-issued.v1",
    command="IssueEnforcementLetter",
    who=("practitioner", "pso"),
    rules=("ENF-03",),
    effective="issued_on",
):
    """A letter asked the person to show why an absence was acceptable.

    Where its command names a template the ledger writes the letter: which template, and the words, are part of the
    fact.  Without one the letter was written elsewhere.
    """

    letter_id: Id
    absence_id: Id
    issued_on: Day
    channel: Code
    evidence_deadline: Annotated[Day, COMPUTED] = later()
    template: Annotated[Code | None, WRITTEN] = None
    template_edition: Annotated[Code | None, WRITTEN] = None
    template_digest: Annotated[Code | None, WRITTEN] = None
    words: Annotated[OffenderText | None, WRITTEN] = None
    words_digest: Annotated[OffenderText | None, WRITTEN] = None


class EvidenceReceived(
    Fact,
    topic="offender.evidence-received.v1",
    command="ReceiveEvidence",
    who=("any-staff",),
    rules=("ENF-05", "ENF-07"),
    effective="received_at",
):
    """Evidence about an absence arrived."""

    absence_id: Id
    received_at: Instant
    kind: OffenderText
    description: OffenderText
    late: Annotated[bool, COMPUTED] = later()
    received_by: Annotated[StaffId, ACTOR] = later()


class AbsenceJudged(
    Fact,
    topic="offender.absence-judged.v1",
    command="JudgeAbsence",
    who=("practitioner", "pso"),
    rules=("ENF-05",),
    effective="judged_on",
):
    """The practitioner judged an absence acceptable or not."""

    absence_id: Id
    result: Verdict
    reason_code: OffenderText  # ENF-15
    reason: Annotated[OffenderText | None, Asked("ENF-05", REASON_FOR_JUDGEMENT)]
    judged_on: Day
    by: Annotated[StaffId, ACTOR] = later()


class AbsenceRejudged(
    Fact,
    topic="offender.absence-rejudged.v1",
    command="RejudgeAbsence",
    who=("senior-practitioner",),
    rules=("ENF-07",),
    effective="decided_on",
):
    """A senior probation officer judged an absence anew."""

    absence_id: Id
    from_result: Annotated[Personal[Verdict], OWN, COMPUTED] = later()
    to_result: Annotated[Personal[Verdict], OWN]
    reason: Annotated[OffenderText | None, Asked("ENF-07", REASON_FOR_LATE_EVIDENCE)]
    decided_on: Day
    by_manager: Annotated[StaffId, ACTOR] = later()


class BreachWarningGiven(
    Fact,
    topic="offender.breach-warning-given.v1",
    command="GiveBreachWarning",
    who=("practitioner", "pso"),
    rules=("ENF-03", "ENF-08"),
    effective="given_on",
):
    """The person was given the statutory warning for a failure without reasonable excuse.

    Written by the ledger, or elsewhere, as an enforcement letter is.
    """

    warning_id: Id
    absence_id: Id
    given_on: Day
    circumstances: Annotated[OffenderText | None, Asked("ENF-03", DESCRIBE_THE_BREACH)]
    says_unacceptable: bool
    says_liable: bool
    until: Annotated[Day, COMPUTED] = later()
    template: Annotated[Code | None, WRITTEN] = None
    template_edition: Annotated[Code | None, WRITTEN] = None
    template_digest: Annotated[Code | None, WRITTEN] = None
    words: Annotated[OffenderText | None, WRITTEN] = None
    words_digest: Annotated[OffenderText | None, WRITTEN] = None


class BreachWarningWithdrawn(
    Fact,
    topic="offender.breach-warning-withdrawn.v1",
    command="WithdrawBreachWarning",
    who=("practitioner", "senior-practitioner"),
    rules=("ENF-11",),
    effective="withdrawn_on",
):
    """A statutory warning was taken back: it counts no more."""

    warning_id: Id
    withdrawn_on: Day
    reason: Annotated[OffenderText | None, Asked("ENF-11", REASON_FOR_WITHDRAWAL)]


class BreachReferred(
    Fact,
    topic="offender.breach-referred.v1",
    command="ReferBreach",
    who=("practitioner", "pso"),
    rules=("ENF-08", "ENF-09"),
    effective="referred_on",
):
    """A failure without reasonable excuse was referred to an enforcement officer."""

    absence_id: Id
    referred_on: Day


class BreachActionStarted(
    Fact,
    topic="offender.breach-action-started.v1",
    command="StartBreachAction",
    who=("practitioner",),
    rules=("ENF-09", "ENF-22", "ENF-24"),
    effective="started_on",
):
    """The breach was taken to court."""

    order_id: Id
    started_on: Day
    court: OffenderText
    risk_led: bool
    explained_on: Day | None = None
    reengaged: bool | None = None


class BreachActionNotTaken(
    Fact,
    topic="offender.breach-action-not-taken.v1",
    command="DeclineBreachAction",
    who=("senior-practitioner",),
    rules=("ENF-09", "ENF-24"),
):
    """A manager decided not to take the breach to court."""

    order_id: Id
    reason: Annotated[OffenderText | None, Asked("ENF-09", REASON_FOR_DECLINING)]
    by_manager: Annotated[StaffId, ACTOR] = later()


class BreachOutcomeRecorded(
    Fact,
    topic="offender.breach-outcome-recorded.v1",
    command="RecordBreachOutcome",
    who=("court-officer", "practitioner"),
    rules=("ENF-10",),
    effective="decided_on",
):
    """The court dealt with the breach."""

    order_id: Id
    proven: bool
    result: Literal["CONTINUED", "AMENDED", "REVOKED_RESENTENCED", "WITHDRAWN", "DISMISSED"]
    decided_on: Day


class ComplianceActionTaken(
    Fact,
    topic="offender.compliance-action-taken.v1",
    command="RecordComplianceAction",
    who=("practitioner", "pso"),
    rules=("ENF-19",),
    effective="date",
):
    """Something short of breach was done to secure compliance."""

    order_id: Id
    action: OffenderText
    date: Day
    by: Annotated[StaffId, ACTOR] = later()
