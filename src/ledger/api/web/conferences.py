"""Conferences of a child protection matter as steps: each with what belongs to it and what runs from it.

Proven by tests/web/test_matters.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from ledger.aggregates.child_protection_matter import facts
from ledger.api.web.stages import Course, Row, Step, clock, late, together_with, within
from ledger.api.web.words import day, shown, words

_STATES: Final = {
    "invited": ("Called", "due"),
    "answered": ("Called, and answered", "due"),
    "attended": ("Attended", "done"),
    "held": ("Held", "done"),
    "reported": ("Not attended; a report stands for it", "done"),
    "missed": ("Neither attended nor reported to", "missing"),
}


def conferences(view: Course) -> Iterator[Step]:
    """Each conference: called, answered, attended or reported to, its minutes, its core group, the next review."""
    for each in view.shown["conferences"]:
        of = {"conference_id": each["conference_id"]}
        kind = f"{words(each['kind'])} conference of {day(each['for_date'])}"
        says, tone = _STATES[each["state"]]
        (invited,) = view.told(facts.ConferenceInvited, **of)
        waits = each["state"] in ("invited", "answered", "missed")
        then = (facts.ConferenceAttended, facts.NonAttendanceAgreed, facts.ReviewConferenceHeld) if waits else ()
        agreed = ("Not going was agreed with the line manager",) if each["non_attendance_agreed"] else ()
        yield Step(kind, invited["on"], each["for_date"], each["took_place_on"], says, tone, each, agreed, then)
        yield _answered(view, each, of)
        yield _reported(each)
        yield from _minutes(view, each, of)
        if each["core_group_state"]:
            yield _core_group(view, each)
        yield _next_review(view, each)


def _answered(view: Course, each: Row, of: Mapping[str, Any]) -> Step:
    done = each["answered_on"]
    told = view.told(facts.ConferenceAnswered, **of)
    said = [str(one["says"]["answer"]) for one in told if one["says"].get("answer")]
    then = () if done else (facts.ConferenceAnswered,)
    state = ("Done", "done") if done else ("Not yet", "waiting")
    return Step("Invitation answered", None, None, done, *state, told[0] if told else {}, said, then)


def _reported(each: Row) -> Step:
    done = each["reported_on"]
    needed = each["state"] == "missed"
    state = ("Done", "done") if done else ("Missing", "missing") if needed else ("Not yet", "waiting")
    then = () if done else (facts.ConferenceReportSubmitted,)
    return Step("Report for the conference", None, each["for_date"], done, *state, each if needed else {}, then=then)


def _minutes(view: Course, each: Row, of: Mapping[str, Any]) -> Iterator[Step]:
    checked = view.told(facts.ConferenceMinutesChecked, **of)
    for one in checked:
        says = one["says"]
        right = "Right" if says["accurate"] else "Errors found"
        raised = (f"Errors raised on {shown(says['error_raised_on'])}",) if says.get("error_raised_on") else ()
        tone = "done" if says["accurate"] or raised else "missing"
        yield Step("Minutes checked", says["received_on"], None, says["checked_on"], right, tone, one, raised)
    if not checked and each["for_date"] <= view.as_at:
        then = (facts.ConferenceMinutesChecked,)
        yield Step("Minutes checked", None, None, None, "Not yet", "waiting", then=then)


def _core_group(view: Course, each: Row) -> Step:
    due, done = each["core_group_due"], each["core_group_met_on"]
    met = view.told(facts.CoreGroupMet, first=True)
    found = next((one for one in met if one["on"] == done), None)
    says, tone = clock(each["core_group_state"], late(due, done, view.as_at))
    title = within("First core group", each["core_group_days"], "working day")
    then = () if done else (facts.CoreGroupMet,)
    said = together_with(found["says"], "attended") if found else ()
    due = due if isinstance(due, date) else None
    return Step(title, each["counts_from"], due, done, says, tone, each, said, then)


def _next_review(view: Course, each: Row) -> Step:
    due, done = each["next_review_due"], each["next_review_held_on"]
    says, tone = clock(each["next_review_state"], late(due, done, view.as_at))
    title = within("Review conference", each["next_review_months"], "month")
    return Step(title, each["counts_from"], due, done, says, tone, each)


def actions(view: Course) -> Iterator[Step]:
    """What conferences agreed on, and the core groups that met again over it."""
    ends = (facts.ConferenceActionDone, facts.ConferenceActionNotDone)
    for each in view.shown["actions"]:
        (fact,) = view.told(facts.ConferenceActionSet, action_id=each["action_id"])
        end = next(iter(view.told(*ends, action_id=each["action_id"])), None)
        done, state = (end["on"] if end else None), each["state"]
        behind = late(each["due"], done, view.as_at)
        says, tone = {
            "not-done": ("Not done; the reason is in writing", "late"),
            "open": ("Open", "due"),
        }.get(state) or clock("done-late" if state == "done" and behind else state, behind)
        reason = (str(end["says"]["reason"]),) if end and end["says"].get("reason") else ()
        then = () if end else ends
        title = str(fact["says"].get("text", "An action"))
        yield Step(title, fact["on"], each["due"], done, says, tone, each, reason, then)
    later = [each for each in view.told(facts.CoreGroupMet) if not each["says"]["first"]]
    for each in later:
        yield Step(
            "Core group met again", each["on"], None, each["on"], row=each, says=together_with(each["says"], "attended")
        )
