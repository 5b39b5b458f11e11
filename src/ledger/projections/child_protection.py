"""Views `child-protection` of an offender and of one matter: matters with their clocks and flags (contract, *Views*).

A matter is read whole from its own stream: an adult whom a later concern brings in sees what was recorded before.  It
is that of a person named under any record of theirs; not where every record that named them was struck out.  Nothing
sealed is shown but the texts of a matter's own course (ledger.projections.course).  Proven by
tests/projections/test_child_protection.py, tests/importing/test_duplicates.py and child-protection.yaml.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from ledger.aggregates.child_protection_matter import facts
from ledger.aggregates.child_protection_matter.clocks import (
    Clock,
    Conference,
    Done,
    alerts,
    check_of,
    conferences,
    core_assessment_clock,
    core_group_clock,
    reply_clock,
    review_clock,
)
from ledger.aggregates.child_protection_matter.matter import Matter, r7s_of
from ledger.aggregates.offender.merging import PERSON, merging_in, of_one_person
from ledger.aggregates.policy import Policy
from ledger.aggregates.register_entry.registrations import registrations_of
from ledger.aggregates.shape import Recorded
from ledger.projections.course import OF_A_MATTER, course
from ledger.projections.why import Row, explained
from ledger.rules.dates import day_of

History = Sequence[Recorded[Any]]
Others = Callable[[str], History]
CALENDAR_MISSING: Final = "calendar-missing"
MATTER: Final = "child-protection-matter-"
_REPLY_STATES: Final = {"due": "awaiting-reply", "overdue": "overdue", "done": "replied", "done-late": "replied-late"}


def view(history: History, policy: Policy, as_at: date, known: int, explain: bool, others: Others) -> Row:
    """An offender's matters as recorded; the flags of all of them, oldest first."""
    person = next((each.stream for each in history if each.stream.startswith(PERSON)), "")
    records = of_one_person(person, merging_in(history))
    rows: list[Row] = []
    for stream in dict.fromkeys(each.stream for each in history if each.stream.startswith(MATTER)):
        matter = Matter.as_at(others(stream), as_at)
        if not records.isdisjoint(matter.persons):
            rows.append(_row(stream, matter, _beside(matter, as_at, others), policy, as_at, known, explain))
    flags = [flag for row in rows for flag in row.pop("alerts")]
    return {"matters": rows, "alerts": sorted(flags, key=lambda each: each["since"])}


def matter_view(history: History, policy: Policy, as_at: date, known: int, explain: bool, others: Others) -> Row:
    """One matter: whom it is about, its clocks and its flags, and all that was recorded of it (`course`)."""
    stream = next((each.stream for each in history if each.stream.startswith(MATTER)), "")
    matter = Matter.as_at(history, as_at)
    row = _row(stream, matter, _beside(matter, as_at, others), policy, as_at, known, explain)
    return {"persons": list(matter.persons), **row, "course": course(matter.facts, OF_A_MATTER, explain)}


@dataclass(frozen=True, slots=True)
class Beside:
    """What a matter's clocks need of the register: R7 forms, and when the last registration ended if none is open."""

    r7s: Sequence[Done]
    deregistered: Done | None


def _beside(matter: Matter, as_at: date, others: Others) -> Beside:
    chains = [others(each) for each in matter.offenders]
    r7s = [_done(each) for chain in chains for each in r7s_of(chain)]
    entries = [each for chain in chains for each in registrations_of(chain).values()]
    made = [each for each in entries if each.made and _done(each.made)[0] <= as_at]
    closed = [_done(each.closed) for each in made if each.closed and _done(each.closed)[0] <= as_at]
    over = made and len(closed) == len(made)
    return Beside([each for each in r7s if each[0] <= as_at], max(closed) if over else None)


def _done(record: Recorded[Any]) -> Done:
    return day_of(record.effective), record.position


def _row(stream: str, matter: Matter, beside: Beside, policy: Policy, as_at: date, known: int, explain: bool) -> Row:
    meetings = conferences(matter)
    assessment = core_assessment_clock(matter, policy, as_at, known)
    row: Row = {
        "matter_id": stream.removeprefix(MATTER),
        "concerns": [_concern(matter, each, explain) for each in matter.told(facts.ChildProtectionConcernRecorded)],
        "checks": [
            _check(matter, each, beside.r7s, as_at, explain)
            for each in matter.told(facts.ChildrenServicesCheckRequested)
        ],
        "new_information": [_information(matter, each) for each in matter.told(facts.NewInformationRecorded)],
        "referrals": [
            _referral(matter, each, policy, as_at, known, explain) for each in matter.told(facts.ReferralMade)
        ],
        "conferences": [
            _conference(matter, each, meetings, beside, policy, as_at, known, explain) for each in meetings
        ],
        "actions": [_action(matter, each, as_at, explain) for each in matter.told(facts.ConferenceActionSet)],
        "core_assessment_from": assessment.began if assessment else None,
        "core_assessment_days": assessment.length if assessment else None,
        "core_assessment_due": assessment.due if assessment else None,
        "core_assessment_ready_on": assessment.done_on if assessment else None,
        "core_assessment_state": assessment.state if assessment else None,
        "alerts": [_flag(stream, each, explain) for each in alerts(matter, as_at)],
    }
    if assessment is None:
        return row
    return explained(row, explain, rules=["CP-27"], facts=assessment.facts, settings=assessment.settings)


def _flag(stream: str, alert: Any, explain: bool) -> Row:
    row: Row = {
        "rule": alert.rule,
        "flag": alert.flag,
        "since": alert.since,
        "matter_id": stream.removeprefix(MATTER),
    }
    return explained(row, explain, rules=[alert.rule], facts=alert.facts)


# ------------------------------------------------------------------------------------------ what a matter holds


def _concern(matter: Matter, record: Recorded[facts.ChildProtectionConcernRecorded], explain: bool) -> Row:
    fact = record.fact
    escalated = matter.told(facts.ConcernEscalated, concern_id=fact.concern_id)
    row: Row = {
        "concern_id": fact.concern_id,
        "offender_id": fact.offender_id,
        "child_ref": fact.child_ref,
        "source": fact.source,
        "noted_on": fact.noted_on,
        "grave": fact.grave,
        "category": fact.category,
        "escalated_at": min((each.fact.escalated_at for each in escalated), default=None),
    }
    return explained(
        row, explain, rules=["CP-01", "CP-58"], facts=(record.position, *(each.position for each in escalated))
    )


def _check(
    matter: Matter,
    record: Recorded[facts.ChildrenServicesCheckRequested],
    r7s: Sequence[Done],
    as_at: date,
    explain: bool,
) -> Row:
    """A check with its age while unanswered; `r7_due`: answered yes, no R7 from that day on, and not closed (CP-08)."""
    check = check_of(matter, record.fact.check_id, r7s)
    answer, closed = check.answer, check.closed
    row: Row = {
        "check_id": record.fact.check_id,
        "requested_on": record.fact.on,
        "answered_on": answer.fact.on if answer else None,
        "age_days": None if answer else (as_at - record.fact.on).days,
        "r7_due": check.wants_r7 and closed is None,
        "closed_on": closed[0] if closed else None,
    }
    rests = [record.position, *([answer.position] if answer else ()), *(each[1] for each in check.forms)]
    rests += [closed[1]] if closed else []
    return explained(row, explain, rules=["CP-06", "CP-08"], facts=rests)


def _information(matter: Matter, record: Recorded[facts.NewInformationRecorded]) -> Row:
    """New information, and the day the risk manager countersigned it (CP-09)."""
    signed = [each.fact.on for each in matter.told(facts.RiskManagerCountersigned) if each.fact.on >= record.fact.on]
    return {"position": record.position, "on": record.fact.on, "countersigned_on": min(signed, default=None)}


def _referral(
    matter: Matter,
    record: Recorded[facts.ReferralMade],
    policy: Policy,
    as_at: date,
    known: int,
    explain: bool,
) -> Row:
    of = {"referral_id": record.fact.referral_id}
    clock = reply_clock(matter, record, policy, as_at, known)
    waits = clock.done_on is None
    row: Row = {
        "referral_id": record.fact.referral_id,
        "made_at": record.fact.made_at,
        "channel": record.fact.channel,
        "in_writing_on": min(
            (each.fact.on for each in matter.told(facts.ReferralConfirmedInWriting, **of)), default=None
        ),
        "contact_on": clock.began,
        "reply_days": clock.length,
        "reply_due": clock.due,
        "state": _REPLY_STATES[clock.state],
        "replied_on": clock.done_on,
        "days_late": clock.days_late,
        "remind": waits and clock.due is not None and as_at >= clock.due,
        "chased_on": [each.fact.on for each in matter.told(facts.ReferralChased, **of)],
    }
    return explained(row, explain, rules=["CP-12"], facts=clock.facts, settings=clock.settings)


def _conference(
    matter: Matter,
    conference: Conference,
    every: Sequence[Conference],
    beside: Beside,
    policy: Policy,
    as_at: date,
    known: int,
    explain: bool,
) -> Row:
    invited = conference.invited.fact
    group = core_group_clock(matter, conference, policy, as_at, known)
    review = review_clock(conference, every, beside.deregistered, policy, as_at, known)
    row: Row = {
        "conference_id": invited.conference_id,
        "kind": invited.kind,
        "for_date": invited.for_date,
        "state": conference.state(as_at),
        "took_place_on": conference.on if conference.took_place else None,
        "counts_from": conference.on,
        "answered_on": conference.answered[0] if conference.answered else None,
        "non_attendance_agreed": conference.agreed is not None,
        "reported_on": conference.reported[0] if conference.reported else None,
        "minutes_checked": bool(matter.told(facts.ConferenceMinutesChecked, conference_id=invited.conference_id)),
        "core_group_days": group.length if group else None,
        "core_group_due": _due(group),
        "core_group_state": group.state if group else None,
        "core_group_met_on": group.done_on if group else None,
        "next_review_months": review.length,
        "next_review_due": review.due,
        "next_review_state": review.state,
        "next_review_held_on": review.done_on,
    }
    return explained(
        row,
        explain,
        rules=["CP-20", *(["CP-26"] if group else []), "CP-28"],
        facts=(*review.facts, *(group.facts if group else ())),
        calendar=policy.calendar(known) if group else None,
        settings={**review.settings, **(group.settings if group else {})},
    )


def _due(clock: Clock | None) -> date | str | None:
    if clock is None:
        return None
    return clock.due or CALENDAR_MISSING


def _action(matter: Matter, record: Recorded[facts.ConferenceActionSet], as_at: date, explain: bool) -> Row:
    """`open`, `overdue` after its day, `done`, or `not-done` with the reason in writing (CP-24)."""
    of = {"action_id": record.fact.action_id}
    done, explained_away = (
        matter.told(facts.ConferenceActionDone, **of),
        matter.told(facts.ConferenceActionNotDone, **of),
    )
    due = record.fact.due
    state = "done" if done else "not-done" if explained_away else "overdue" if due and as_at > due else "open"
    row: Row = {
        "action_id": record.fact.action_id,
        "conference_id": record.fact.conference_id,
        "due": due,
        "state": state,
    }
    told = (record, *done, *explained_away)
    return explained(row, explain, rules=["CP-24"], facts=(each.position for each in told))
