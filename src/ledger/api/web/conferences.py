"""Conferences of a child protection matter as steps: each with what belongs to it and what runs from it.

Proven by tests/web/test_matters.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from ledger.aggregates.child_protection_matter import facts
from ledger.api.web.stages import Course, Row, Step, clock, late, together_with
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
        yield Step(kind, invited["on"], each["for_date"], _took_place(view, of), says, tone, each, agreed, then)
        yield _answered(view, each, of)
        yield _reported(each)
        yield from _minutes(view, each, of)
        if each["core_group_state"]:
            yield _core_group(view, each)
        yield _next_review(view, each)


def _took_place(view: Course, of: Mapping[str, Any]) -> date | None:
    return next((each["on"] for each in view.told(facts.ConferenceAttended, facts.ReviewConferenceHeld, **of)), None)


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
    met = [one for one in view.told(facts.CoreGroupMet) if one["says"]["first"]]
    state = each["core_group_state"]
    found = (
        next((one for one in met if one["on"] >= each["for_date"]), None) if state in ("done", "done-late") else None
    )
    done = found["on"] if found else None
    says, tone = clock(state, late(each["core_group_due"], done, view.as_at))
    title = "First core group, within ten working days"
    due, then = each["core_group_due"], () if done else (facts.CoreGroupMet,)
    said = together_with(found["says"], "attended") if found else ()
    return Step(title, each["for_date"], due if isinstance(due, date) else None, done, says, tone, each, said, then)


def _next_review(view: Course, each: Row) -> Step:
    due, state = each["next_review_due"], each["next_review_state"]
    held = [one["for_date"] for one in view.shown["conferences"] if one["kind"] == "REVIEW"]
    done = next((on for on in sorted(held) if on > each["for_date"]), None) if state in ("done", "done-late") else None
    says, tone = clock(state, late(due, done, view.as_at))
    within = "three" if each["kind"] == "INITIAL" else "six"
    return Step(f"Review conference, within {within} months", each["for_date"], due, done, says, tone, each)


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
