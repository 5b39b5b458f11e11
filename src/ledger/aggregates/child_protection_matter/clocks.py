"""What falls due in a matter: replies, core groups, core assessments, review conferences; checks, and flags.

Each clock is a pure function of the matter as at a day; the setting in force on the day a clock starts counts for it,
and working days follow the calendar as known, for nobody was told the date (GEN-01).  A corrected date may be absurd
and a view must stand all the same: what lies beyond every calendar is due on the last day there is.  Proven by
tests/aggregates/test_child_protection_clocks.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final, Literal

from ledger.aggregates.child_protection_matter import facts
from ledger.aggregates.child_protection_matter.matter import Matter
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Recorded, blank
from ledger.rules import child_protection as rules
from ledger.rules.dates import CalendarMissing, day_of, london_day

REPLY: Final = "cp.referral_reply"
CORE_GROUP: Final = "cp.core_group"
CORE_ASSESSMENT: Final = "cp.core_assessment"
REVIEWS: Final = "cp.review_conference"

Invited = Recorded[facts.ConferenceInvited]
Referred = Recorded[facts.ReferralMade]
Done = tuple[date, int]  # on which day, told at which position
ClockState = Literal["not-due", "due", "done", "done-late", "overdue", "calendar-missing", "ended"]


@dataclass(frozen=True, slots=True)
class Clock:
    """Something due.  `due` is None where nothing is owed, or no calendar is loaded; `days_late`: calendar days.

    `began`: the day it runs from; `length`: how many days, working days or months it runs for, by the setting then.
    """

    began: date
    length: int
    due: date | None
    state: ClockState = "due"
    done_on: date | None = None
    days_late: int | None = None
    facts: tuple[int, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])


def _running(begun: Clock, done: Done | None, as_at: date) -> Clock:
    """Where a clock that has started stands at the end of a day."""
    on = done[0] if done else None
    told = replace(begun, done_on=on, facts=(*begun.facts, *((done[1],) if done else ())))
    if begun.due is None:
        return replace(told, state="calendar-missing")
    late = ((on or as_at) - begun.due).days
    if on is not None:
        return replace(told, state="done-late" if late > 0 else "done", days_late=max(0, late))
    return replace(told, state="overdue" if late > 0 else "due", days_late=late if late > 0 else None)


def _within(day: Callable[[], date]) -> date:
    try:
        return day()
    except (OverflowError, ValueError):
        return date.max


def _first(records: Sequence[Recorded[Any]], since: date = date.min) -> Done | None:
    """The earliest of some facts from a day on."""
    return min(
        ((day_of(each.effective), each.position) for each in records if day_of(each.effective) >= since), default=None
    )


# ------------------------------------------------------------------------------------------ checks


@dataclass(frozen=True, slots=True)
class Check:
    """A check of children's services: its first answer, the R7 forms since, and what closed it."""

    answer: Recorded[facts.ChildrenServicesCheckAnswered] | None
    forms: tuple[Done, ...]
    closed: Done | None

    @property
    def wants_r7(self) -> bool:
        """Answered yes, and no R7 from that day on (CP-08)."""
        return self.answer is not None and (self.answer.fact.q1 or self.answer.fact.q2) and not self.forms


def check_of(matter: Matter, check_id: str, r7s: Iterable[Done]) -> Check:
    """A check of a matter.  `r7s`: the R7 forms that went to the Information Officer about its offenders.

    A closing without a reason rests on R7, or on an answer that said no: struck out or put right, it closes nothing.
    """
    answers = matter.told(facts.ChildrenServicesCheckAnswered, check_id=check_id)
    answer = min(answers, key=lambda each: (each.fact.on, each.position), default=None)
    forms = [*r7s, *(_done(each) for each in matter.told(facts.ChildRiskSectionCompleted, form="R7"))]
    since = tuple(each for each in forms if answer is not None and each[0] >= answer.fact.on)
    closed = matter.told(facts.ChildrenServicesCheckClosed, check_id=check_id)
    check = Check(answer, since, _first(closed))
    return (
        replace(check, closed=_first([each for each in closed if not blank(each.fact.reason)]))
        if check.wants_r7
        else check
    )


def _done(record: Recorded[Any]) -> Done:
    return day_of(record.effective), record.position


# ------------------------------------------------------------------------------------------ referrals


def reply_clock(matter: Matter, referral: Referred, policy: Policy, as_at: date, known: int) -> Clock:
    """The reply to a referral: ten days from the first contact, by telephone or in writing (CP-12)."""
    of = {"referral_id": referral.fact.referral_id}
    made = london_day(referral.fact.made_at)
    written = _first(matter.told(facts.ReferralConfirmedInWriting, **of))
    contact = min(made, written[0]) if written else made
    days = policy.number(REPLY, contact, known)
    due = _within(lambda: rules.reply_due(contact, days))
    rests = [referral.position]
    if written and written[0] < made:
        rests.append(written[1])
    begun = Clock(contact, days, due, facts=tuple(rests), settings={REPLY: days})
    return _running(begun, _first(matter.told(facts.ReferralReplied, **of)), as_at)


# ------------------------------------------------------------------------------------------ conferences


@dataclass(frozen=True, slots=True)
class Conference:
    """A conference and what was recorded of it.  `on`: attended or held on that day, else called for that day."""

    invited: Invited
    on: date
    answered: Done | None
    agreed: Done | None
    reported: Done | None
    attended: Done | None
    held: Done | None

    @property
    def facts(self) -> tuple[int, ...]:
        """Positions of what its state rests on."""
        told = (self.answered, self.agreed, self.reported, self.attended, self.held)
        return (self.invited.position, *(each[1] for each in told if each))

    @property
    def took_place(self) -> bool:
        """Whether somebody said that it was held."""
        return self.attended is not None or self.held is not None

    def state(self, as_at: date) -> Literal["invited", "answered", "attended", "held", "reported", "missed"]:
        """`reported`: the day passed and a written report stands for attendance; `missed`: neither (CP-20)."""
        if self.attended:
            return "attended"
        if as_at >= _within(lambda: rules.absent_from(self.invited.fact.for_date)):
            return "reported" if self.reported else "held" if self.held else "missed"
        return "held" if self.held else "answered" if self.answered else "invited"


def conferences(matter: Matter) -> list[Conference]:
    """Conferences as recorded."""
    return [_conference(matter, each) for each in matter.told(facts.ConferenceInvited)]


def _conference(matter: Matter, invited: Invited) -> Conference:
    of = {"conference_id": invited.fact.conference_id}
    attended = _first(matter.told(facts.ConferenceAttended, **of))
    held = _first(matter.told(facts.ReviewConferenceHeld, **of))
    took_place = [each[0] for each in (attended, held) if each]
    return Conference(
        invited,
        min(took_place, default=invited.fact.for_date),
        _first(matter.told(facts.ConferenceAnswered, **of)),
        _first(matter.told(facts.NonAttendanceAgreed, **of)),
        _first(matter.told(facts.ConferenceReportSubmitted, **of)),
        attended,
        held,
    )


def core_group_clock(matter: Matter, conference: Conference, policy: Policy, as_at: date, known: int) -> Clock | None:
    """The first core group after an initial conference (CP-26); a review conference starts none."""
    if conference.invited.fact.kind != "INITIAL":
        return None
    days = policy.number(CORE_GROUP, conference.on, known)
    try:
        due = rules.core_group_due(conference.on, days, policy.calendar(known))
    except (CalendarMissing, OverflowError):
        due = None
    first = [each for each in matter.told(facts.CoreGroupMet) if each.fact.first]
    begun = Clock(conference.on, days, due, facts=conference.facts, settings={CORE_GROUP: days})
    return _not_yet(_running(begun, _first(first, conference.on), as_at), as_at)


def review_clock(
    conference: Conference,
    every: Sequence[Conference],
    deregistered: Done | None,
    policy: Policy,
    as_at: date,
    known: int,
) -> Clock:
    """The next review conference: three months after the initial one, six after each review (CP-28).

    `deregistered`: when the last registration ended, if none is open: no review is owed from then on.
    """
    listed = str(policy.setting(REVIEWS, conference.on, known) or "3, 6")
    months = _months(listed)[0 if conference.invited.fact.kind == "INITIAL" else -1]
    due = _within(lambda: rules.next_review_due(conference.on, months))
    later = [
        (each.on, each.invited.position)
        for each in every
        if each.invited.fact.kind == "REVIEW" and each.took_place and each.on > conference.on
    ]
    begun = Clock(conference.on, months, due, facts=conference.facts, settings={REVIEWS: listed})
    clock = _running(begun, min(later, default=None), as_at)
    if clock.done_on is None and deregistered and deregistered[0] >= conference.on:
        return replace(begun, due=None, state="ended", facts=(*conference.facts, deregistered[1]))
    return _not_yet(clock, as_at)


def _months(listed: str) -> list[int]:
    """The months of a list such as "3, 6"; a list that cannot be read is the policy's own."""
    try:
        return [int(each) for each in listed.split(",")]
    except ValueError:
        return [3, 6]


def _not_yet(clock: Clock, as_at: date) -> Clock:
    """What runs from a conference that is still to come is not due yet."""
    return replace(clock, state="not-due") if clock.state == "due" and as_at < clock.began else clock


# ------------------------------------------------------------------------------------------ core assessment


def core_assessment_clock(matter: Matter, policy: Policy, as_at: date, known: int) -> Clock | None:
    """The core assessment of the latest round of enquiries; None where none has begun (CP-27)."""
    starts = [*matter.told(facts.StrategyMeetingHeld), *matter.told(facts.EnquiriesStarted)]
    ready = matter.told(facts.CoreAssessmentReady)
    start, done = _first(starts), None
    while start is not None:
        done = _first(ready, start[0])
        following = _first([each for each in starts if done and day_of(each.effective) > done[0]])
        if following is None:
            break
        start = following
    if start is None:
        return None
    since = start[0]
    days = policy.number(CORE_ASSESSMENT, since, known)
    due = _within(lambda: rules.core_assessment_due(since, days))
    return _running(Clock(since, days, due, facts=(start[1],), settings={CORE_ASSESSMENT: days}), done, as_at)


# ------------------------------------------------------------------------------------------ flags


@dataclass(frozen=True, slots=True)
class Alert:
    """A recorded fact that breaks a rule, and since when; cleared by the fact the rule asks for."""

    rule: str
    flag: str
    since: date
    facts: tuple[int, ...]


def alerts(matter: Matter, as_at: date) -> list[Alert]:
    """The flags of a matter at the end of a day, oldest first."""
    found = [
        *_untold_in_writing(matter, as_at),
        *_not_escalated(matter),
        *_not_in_writing(matter),
        *_without_report(matter),
    ]
    return sorted((each for each in found if each.since <= as_at), key=lambda each: (each.since, each.facts))


def _untold_in_writing(matter: Matter, as_at: date) -> Iterator[Alert]:
    for each in matter.told(facts.ConcernNotified, form="VERBAL"):
        written = each.fact.written_follow_up_on
        others = matter.told(facts.ConcernNotified, concern_id=each.fact.concern_id)
        in_writing = any(other.fact.form != "VERBAL" for other in others)
        if not in_writing and (written is None or written > as_at):
            yield Alert("CP-02", rules.WRITTEN_FOLLOW_UP_MISSING, each.fact.on, (each.position,))


def _not_escalated(matter: Matter) -> Iterator[Alert]:
    for each in matter.told(facts.ChildProtectionConcernRecorded):
        if each.fact.grave and not matter.told(facts.ConcernEscalated, concern_id=each.fact.concern_id):
            since = _within(lambda noted=each.fact.noted_on: rules.escalation_overdue_from(noted))
            yield Alert("CP-05", rules.GRAVE_NOT_ESCALATED, since, (each.position,))


def _not_in_writing(matter: Matter) -> Iterator[Alert]:
    for each in matter.told(facts.ReferralMade, channel="PHONE"):
        if not matter.told(facts.ReferralConfirmedInWriting, referral_id=each.fact.referral_id):
            yield Alert("CP-11", rules.REFERRAL_NOT_IN_WRITING, london_day(each.fact.made_at), (each.position,))


def _without_report(matter: Matter) -> Iterator[Alert]:
    for each in conferences(matter):
        if each.attended is None and each.reported is None:
            since = _within(lambda day=each.invited.fact.for_date: rules.absent_from(day))
            yield Alert("CP-20", rules.CONFERENCE_NO_REPORT, since, each.facts)
