"""What a case is made of: orders, sessions, absences, allocations, each with the facts about it, as recorded.

Entities hold facts, never conclusions: what follows from them is computed where it is asked (`absences`, `breach`,
`account`, `progress`), so a changed calendar or setting needs no second fold.  Proven by tests/aggregates/test_case.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeAlias, TypeVar

from ledger.aggregates.offender.facts import (
    AbsenceJudged,
    AbsenceRecorded,
    AbsenceRejudged,
    AllocationEnded,
    AllocationResumed,
    AllocationSuspended,
    BreachActionNotTaken,
    BreachActionStarted,
    BreachOutcomeRecorded,
    BreachReferred,
    BreachWarningGiven,
    BreachWarningWithdrawn,
    CaseTransferredToHistoryFile,
    CommunicationNeedRecorded,
    CourtApplicationMade,
    CourtVariationMade,
    DiversityNeedRecorded,
    EnforcementLetterIssued,
    EteActivityAgreed,
    EteHoursCredited,
    EvidenceReceived,
    FirstAppointmentOffered,
    HoursAdjusted,
    HoursCredited,
    LatenessRecorded,
    OffenceRecorded,
    OrderMade,
    PlacementAllocated,
    PractitionerAssigned,
    ProgressActionTaken,
    ProgressCheckCompleted,
    PsoInvolvementApproved,
    RiskAssessmentCompleted,
    RiskManagerConsulted,
    SentHome,
    SessionAttended,
    SessionCancelled,
    SessionScheduled,
    SupervisionEnded,
    TaskRestrictionSet,
    TraineeInvolved,
    UpwAssessmentCompleted,
    UpwRequirementCompleted,
    WorkStopped,
)
from ledger.aggregates.shape import Closed, Recorded
from ledger.rules.dates import day_of

Judgement: TypeAlias = Recorded[AbsenceJudged] | Recorded[AbsenceRejudged]
BreachAct: TypeAlias = Recorded[BreachActionStarted] | Recorded[BreachActionNotTaken] | Recorded[BreachOutcomeRecorded]
Involvement: TypeAlias = Recorded[PractitionerAssigned] | Recorded[TraineeInvolved] | Recorded[PsoInvolvementApproved]
Need: TypeAlias = Recorded[DiversityNeedRecorded] | Recorded[CommunicationNeedRecorded]
AllocationChange: TypeAlias = Recorded[AllocationSuspended] | Recorded[AllocationResumed] | Recorded[AllocationEnded]
Credit: TypeAlias = Recorded[HoursCredited] | Recorded[EteHoursCredited] | Recorded[HoursAdjusted]

T = TypeVar("T")
COMPUTED_KEPT = 50  # answers of an order, before all are forgotten


@dataclass(slots=True)
class BreachWarning:
    """A statutory warning, and its withdrawal if it was taken back."""

    record: Recorded[BreachWarningGiven]
    withdrawals: list[Recorded[BreachWarningWithdrawn]] = field(default_factory=list[Any])

    @property
    def withdrawn_on(self) -> date | None:
        """From which day on it counts no more; the earliest, should an import tell of several."""
        return min(map(happened, self.withdrawals), default=None)


@dataclass(slots=True)
class Absence:
    """One enforcement item: the absence, its letter, the evidence and every judgement, in order of position.

    Under the Sentencing Code also the warnings given for it and its referrals to an enforcement officer.
    """

    record: Recorded[AbsenceRecorded]
    letters: list[Recorded[EnforcementLetterIssued]] = field(default_factory=list[Any])
    evidence: list[Recorded[EvidenceReceived]] = field(default_factory=list[Any])
    judgements: list[Judgement] = field(default_factory=list[Any])
    warnings: list[BreachWarning] = field(default_factory=list[BreachWarning])
    referrals: list[Recorded[BreachReferred]] = field(default_factory=list[Any])

    @property
    def date(self) -> date:
        """The day of the absence."""
        return self.record.fact.date

    @property
    def letter(self) -> Recorded[EnforcementLetterIssued] | None:
        """The one letter (ENF-03); an import may tell of more, then the first counts."""
        return self.letters[0] if self.letters else None


@dataclass(slots=True)
class Session:
    """A planned session and what came of it."""

    record: Recorded[SessionScheduled]
    cancelled: Recorded[SessionCancelled] | None = None
    attended: list[Recorded[SessionAttended]] = field(default_factory=list[Any])
    late: list[Recorded[LatenessRecorded]] = field(default_factory=list[Any])
    sent_home: list[Recorded[SentHome]] = field(default_factory=list[Any])
    stopped: list[Recorded[WorkStopped]] = field(default_factory=list[Any])
    absences: list[Recorded[AbsenceRecorded]] = field(default_factory=list[Any])
    credits: list[Recorded[HoursCredited]] = field(default_factory=list[Any])

    @property
    def date(self) -> date:
        """The day it is planned for: attendance facts happened on it."""
        return self.record.fact.date

    @property
    def has_outcome(self) -> bool:
        """Attended, absent or sent home (ENF-01)."""
        return bool(self.attended or self.absences or self.sent_home)


@dataclass(slots=True)
class Allocation:
    """A stretch of work at one placement."""

    record: Recorded[PlacementAllocated]
    changes: list[AllocationChange] = field(default_factory=list[Any])


@dataclass(slots=True)
class Order:
    """An order and everything done under it."""

    record: Recorded[OrderMade]
    staff: list[Involvement] = field(default_factory=list[Any])
    consultations: list[Recorded[RiskManagerConsulted]] = field(default_factory=list[Any])
    absences: list[Absence] = field(default_factory=list[Any])
    sessions: list[Session] = field(default_factory=list[Any])
    allocations: list[Allocation] = field(default_factory=list[Any])
    offers: list[Recorded[FirstAppointmentOffered]] = field(default_factory=list[Any])
    upw_assessments: list[Recorded[UpwAssessmentCompleted]] = field(default_factory=list[Any])
    risk_assessments: list[Recorded[RiskAssessmentCompleted]] = field(default_factory=list[Any])
    checks: list[Recorded[ProgressCheckCompleted]] = field(default_factory=list[Any])
    actions: list[Recorded[ProgressActionTaken]] = field(default_factory=list[Any])
    applications: list[Recorded[CourtApplicationMade]] = field(default_factory=list[Any])
    variations: list[Recorded[CourtVariationMade]] = field(default_factory=list[Any])
    ete: list[Recorded[EteActivityAgreed]] = field(default_factory=list[Any])
    credits: list[Credit] = field(default_factory=list[Any])
    breach_acts: list[BreachAct] = field(default_factory=list[Any])
    completions: list[Recorded[UpwRequirementCompleted]] = field(default_factory=list[Any])
    endings: list[Recorded[SupervisionEnded]] = field(default_factory=list[Any])
    history_file: list[Recorded[CaseTransferredToHistoryFile]] = field(default_factory=list[Any])
    computed: dict[str, tuple[Any, Any]] = field(
        default_factory=dict[str, "tuple[Any, Any]"], compare=False, repr=False
    )

    def once(self, what: str, rests_on: Any, compute: Callable[[], T]) -> T:
        """What was computed last, if it rested on the same: most days change nothing for most questions.

        `rests_on` holds whatever the answer depends on, the objects themselves, so that none is taken for another.
        """
        kept = self.computed.get(what)
        if kept is None or kept[0] != rests_on:
            if len(self.computed) > COMPUTED_KEPT:
                self.computed.clear()
            kept = self.computed[what] = (rests_on, compute())
        return kept[1]

    @property
    def id(self) -> str:
        """The order's id."""
        return self.record.fact.order_id

    @property
    def sentence_date(self) -> date:
        """Day 0 of every clock of the order."""
        return self.record.fact.sentence_date

    @property
    def operational_period_end(self) -> date | None:
        """The limit of a suspended sentence order; None for a community order."""
        return self.record.fact.operational_period_end if self.record.fact.order_type == "SSO" else None


class Same:
    """Equal only to the very same policy: what an answer of `Order.once` rests on."""

    __slots__ = ("policy",)

    def __init__(self, policy: object) -> None:
        self.policy = policy

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.policy is self.policy


@dataclass(slots=True)
class Person:
    """What is known of the person whatever the order: as far as allocations rest on it.

    `gender`: F, M or OTHER; CLOSED or Erased where it cannot be read, None where it was never told.  `concerns` and
    `registrations`: the facts of other streams that make it a child protection case.
    """

    gender: str | Closed | None = None
    offences: list[Recorded[OffenceRecorded]] = field(default_factory=list[Any])
    needs: list[Need] = field(default_factory=list[Any])
    restrictions: list[Recorded[TaskRestrictionSet]] = field(default_factory=list[Any])
    concerns: list[Recorded[Any]] = field(default_factory=list[Any])
    registrations: list[Recorded[Any]] = field(default_factory=list[Any])


def last(records: list[T], day: Callable[[T], date]) -> T | None:
    """The latest by day, then by position (lists are in order of position)."""
    return max(enumerate(records), key=lambda each: (day(each[1]), each[0]), default=(0, None))[1]


def happened(record: Recorded[Any]) -> date:
    """The London day a recorded fact took effect."""
    return day_of(record.effective)
