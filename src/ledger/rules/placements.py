"""Placements from nomination to closing: agreement, school premises, suspension, review (rule book F).

Messages stand at their rules.  Proven by tests/rules/test_placements.py and the scenarios of placements.yaml.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final, cast

from ledger.rules.dates import Calendar
from ledger.rules.registry import rule, stated

GIVE_REASONS: Final = "Record the reasons for accepting or rejecting."
CANNOT_ACCEPT: Final = "This work cannot be accepted: {reason}."
SCHOOL_WORK_ONLY: Final = "Only decorating and external grounds maintenance are allowed on school premises."
NOT_FROM_HEAD: Final = "Approval must come from the head teacher before assignment."
MEET_FIRST: Final = "Hold the planning meeting with the head teacher first."
SECTION_4_LACKS: Final = "Section 4 lacks: {texts}."
SCHOOL_HOURS_NEED: Final = "School-hours work needs {texts} in section 4."
WHY_SCHOOL_HOURS: Final = "Give the reason for working in school hours."
SCHOOL_HOURS_FIRST: Final = "Complete the school-hours requirements before working in school hours."
ASSESSMENT_MISSING: Final = "Risk assessment missing for {requirements}."
NOT_VIABLE: Final = "Not viable: {requirement} cannot be achieved."
BRIEF_HEAD: Final = "Brief the head teacher on the risk assessments when signing."
PROVIDER_CONFIRMS: Final = "The provider must confirm {item}."
TIMETABLE_FIRST: Final = "Record the planned contact timetable in section 6 first."
CANNOT_START: Final = "Cannot start: {missing}."
ASSESS_TASK: Final = "Assess this task before adding it."
INITIALS: Final = "Date and initials are required."
BOTH_RESOLVE: Final = "Both parties must agree that the deviation is resolved."
SUSPENDED_SINCE: Final = "This placement is suspended since {day}."
GUIDANCE_FIRST: Final = "Obtain guidance and close the deviation first."
BOTH_REVIEW: Final = "Both forms must be reviewed and both parties must sign."
MAY_NOT_CONTINUE: Final = "By the review of {day} the work may not continue."
REVIEW_WAS_DUE: Final = "The 12-weekly review was due on {day}; both parties must sign before more work is planned."
COMMUNITY_NOT_TOLD: Final = "Governors and parents have not been told."
CLOSED_ON: Final = "This placement was closed on {day}."
NOT_AVAILABLE: Final = "The placement is not available on {day}."
FULL: Final = "The placement is full ({n})."
AFTER_COMPLETION: Final = "This session is after the projected completion on {day}."
ENDS_BEFORE_START: Final = "The projected completion is before the proposed start; check the dates."
NAME_THE_DAYS: Final = "Name the days available as Mon, Tue, Wed, Thu, Fri, Sat or Sun."
STILL_PLANNED: Final = "Sessions are still planned here from {day} on; cancel them."
NOT_SUSPENDED: Final = "This placement is not suspended."
BEFORE_IT_BEGAN: Final = "This is before what it refers to; check the dates."

SCHOOL_WORK: Final = frozenset({"INTERNAL_DECORATING", "EXTERNAL_DECORATING", "GROUNDS_MAINTENANCE"})
SCHOOL_TEXTS: Final = ("S1", "S2", "S3")
SCHOOL_HOURS_TEXTS: Final = ("H1", "H2", "H3", "H4")
WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SESSION_WHILE_SUSPENDED: Final = "SESSION_WHILE_SUSPENDED"
REVIEW_OVERDUE: Final = "REVIEW_OVERDUE"
SCHOOL_DAY_INCOMPLETE: Final = "SCHOOL_DAY_INCOMPLETE"


@rule("PLC-01", edition="manual-2022", cite="CPOM s5", anchor="day")
def acknowledge_by(received_on: date, working_days: int, calendar: Calendar) -> date:
    """Anyone may nominate a project; each is acknowledged within five working days of receipt and decided with reasons.

    Reading: a nomination that is decided no longer waits for its acknowledgement.
    """
    return calendar.add_working_days(received_on, working_days)


@rule("PLC-05", edition="kent", cite="KENT 2.1", anchor="day")
def allowed_on_school_premises(work_type: str) -> bool:
    """On school premises only internal and external decorating and external grounds maintenance are allowed."""
    return work_type.strip().upper() in SCHOOL_WORK


@rule("PLC-08", edition="kent", cite="KENT 2.3", anchor="day")
def backdated(given_on: date, allocated_on: date) -> bool:
    """A person at high risk comes only with the head teacher's prior approval.

    Reading: an approval that reaches the ledger after an allocation it would have had to precede is backdated if its
    day is not later than that allocation's; one given since is for what comes after it.
    """
    return given_on <= allocated_on


@rule("PLC-11", edition="kent", cite="KENT 2.3", anchor="day")
def texts_of_school(on_school_premises: bool) -> tuple[str, ...]:
    """Section 4 of the agreement for a school carries S1 (no sexual offences), S2 (nobody at very high risk) and S3
    (high risk only with the head teacher's prior approval)."""
    return SCHOOL_TEXTS if on_school_premises else ()


@rule("PLC-12", edition="kent", cite="KENT 2.4", anchor="day")
def texts_of_school_hours(on_school_premises: bool, in_school_hours: bool) -> tuple[str, ...]:
    """In school hours section 4 also carries H1 (accompanied), H2 (supervised), H3 (toilets not shared), H4 (badge).

    Reading: working in school hours needs a reason when the placement is opened.
    """
    return SCHOOL_HOURS_TEXTS if on_school_premises and in_school_hours else ()


@rule("PLC-26", edition="kent", cite="KENT 3.4", anchor="day")
def review_due(anchor: date, days: int) -> date:
    """Agreement and quality form are reviewed every 12 weeks (84 days) of a school project's life.

    Counted from its start, then from the day a review was complete: both forms, and the later signature.
    """
    return anchor + timedelta(days=days)


@rule("PLC-26", edition="kent", cite="reminder: local", anchor="day")
def review_reminded(due: date, days: int) -> date:
    """The reminder comes 14 days before a review is due, a setting."""
    return due - timedelta(days=days)


@rule("PLC-54", edition="kent", cite="KENT A1 s1", anchor="day")
def is_available(day: date, days_available: tuple[str, ...]) -> bool:
    """Sessions are planned only on the days the form names, from the proposed start on, up to Max No people; one after
    the projected completion is warned of.

    Reading: days are told apart by their first three letters.
    """
    return WEEKDAYS[day.weekday()] in days_available


def weekdays(days_available: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The days a form names, as Mon to Sun, and what is none of them."""
    told = {each: each.strip()[:3].title() for each in days_available}
    return (
        tuple(day for day in WEEKDAYS if day in told.values()),
        tuple(each for each, day in told.items() if day not in WEEKDAYS),
    )


def codes_of(section: Any) -> frozenset[str]:
    """The codes that a section of the agreement lists, however it was written down: a list, lines, a map of codes."""
    texts = cast("Iterable[Any]", section if isinstance(section, list | dict) else [section])
    found = (word for each in texts if isinstance(each, str) for word in re.findall(r"[A-Za-z]\d+", each))
    return frozenset(word.upper() for word in found)


def has_timetable(section: Any) -> bool:
    """Whether section 6 holds a contact timetable (PLC-20)."""
    told: Any = cast("dict[str, Any]", section).get("contact_timetable") if isinstance(section, dict) else section
    return bool(told.strip() if isinstance(told, str) else told)


# What an answer must not be, and why the work is then excluded (PLC-02, PLC-03).
_EXCLUSIONS: Final = {
    "not_replacing_paid_work": (False, "it replaces paid employment"),
    "replaces_paid_work": (True, "it replaces paid employment"),
    "not_adding_to_profit": (False, "it contributes to profit"),
    "adds_to_profit": (True, "it contributes to profit"),
    "not_for_profit": (False, "it is for profit and adds no service"),
    "commercial_edge": (True, "it gives a commercial bidder an edge"),
    "personal_care": (True, "it is direct personal care or supervision of a child or vulnerable adult"),
}
_WORDS: Final = {"yes": True, "true": True, "no": False, "false": False}


@rule("PLC-02", edition="manual-2022", cite="CPOM s5", anchor="day")
def failed_exclusions(answers: dict[str, Any]) -> list[str]:
    """A project is assessed by the coordinator; one that fails an exclusion is not recommended for acceptance.

    Reading: an exclusion fails by the answer no to not_replacing_paid_work, not_adding_to_profit or not_for_profit, or
    yes to replaces_paid_work, adds_to_profit, commercial_edge or personal_care; other answers are told only.
    """
    told = {
        name: _WORDS.get(value.strip().lower()) if isinstance(value, str) else value for name, value in answers.items()
    }
    return list(dict.fromkeys(reason for name, (fails, reason) in _EXCLUSIONS.items() if told.get(name) is fails))


@rule("PLC-02", edition="manual-2022", cite="CPOM s5", anchor="day")
def recommends(recommendation: str) -> bool:
    """Whether a recommendation is for accepting.  Reading: one that begins with accept, approve, proceed or yes."""
    return recommendation.strip().lower().startswith(("accept", "approve", "proceed", "yes"))


stated(
    "PLC-03",
    "Community Payback may not replace paid employment, add to profit, give a commercial bidder an edge, or do direct "
    "personal care or supervision of a child or vulnerable adult.",
    cite="CPOM s5",
)
stated(
    "PLC-04",
    "The head of unpaid work decides on a project once risks and benefits are set out. Reading: work does not start "
    "without that decision.",
    cite="CPOM s5",
)
stated(
    "PLC-10",
    "The coordinator meets the head teacher and uses the agreement form before a school's agreement is signed.",
    edition="kent",
    cite="KENT 2.2",
)
stated(
    "PLC-13",
    "Moving a project into school hours makes H1 to H4 and new signatures necessary before the next session.",
    edition="kent",
    cite="KENT 2.1, 2.4",
)
stated(
    "PLC-14",
    "In school hours each session records who accompanied on and off, separate toilets, badges. Reading: a session "
    "worked in school hours on a day without that record lacks all of it, and is flagged too.",
    edition="kent",
    cite="KENT 2.4",
)
stated(
    "PLC-15",
    "A risk assessment supports each of S1 to S3 and H1 to H4 that applies, besides the usual ones of tools and "
    "equipment; it is kept in the project box and noted in section 5 of the quality checklist.",
    edition="kent",
    cite="KENT 2.4, 2.6",
)
stated(
    "PLC-16",
    "A project of which a mandatory requirement cannot be achieved is not viable, until a new assessment finds all of "
    "them achievable. Reading: the last assessment of a mandatory text saying so is enough, without the judgement.",
    edition="kent",
    cite="KENT 2.5",
)
stated(
    "PLC-17",
    "The head teacher is briefed on all completed risk assessments when the form is signed.",
    edition="kent",
    cite="KENT 2.6",
)
stated(
    "PLC-18",
    "The agreement form has nine sections, from placement details to the contact log; both sign one version of it.",
    edition="kent",
    cite="KENT A1",
)


@rule("PLC-19", edition="kent", cite="KENT A1 s7", anchor="day")
def left_unconfirmed(**confirmed: bool) -> list[str]:
    """By signing the provider has the information, is insured, has discussed the tasks, keeps in touch and ensures good
    role models; what was not confirmed is named."""
    return [item.replace("_", " ") for item, yes in confirmed.items() if not yes]


stated("PLC-20", "Section 6 holds the planned contact timetable before work begins.", edition="kent", cite="KENT 3.1")
stated(
    "PLC-21",
    "A placement opens for work with the agreement signed by both, its risk assessments, a first quality assessment "
    "and, at a school, the mandatory texts. Reading: with the decision to proceed too (PLC-04), and with one risk "
    "assessment beside those of the texts.",
    edition="kent",
    cite="KENT 2, 3; KENT A2",
)
stated(
    "PLC-22",
    "A task that is not on the form is assessed separately before it is added.",
    edition="kent",
    cite="KENT A1 s7",
)
stated(
    "PLC-23",
    "The contact log has an entry for every day worked and every other visit, dated and initialled.",
    edition="kent",
    cite="KENT A1 s8, s9; KENT 3.2",
)
stated(
    "PLC-24",
    "A deviation from the agreement is logged, and resolved when both parties agree that it is.",
    edition="kent",
    cite="KENT 3.2, 3.3",
)
stated(
    "PLC-25",
    "What supervisor and head teacher cannot resolve suspends the project; it resumes once guidance was obtained since "
    "and no deviation is open. Reading: the day of suspension counts as suspended, the day of resumption does not.",
    edition="kent",
    cite="KENT 3.3",
)
stated(
    "PLC-27",
    "An overdue review stops planning, not recording; a session worked meanwhile is flagged. Reading: a completed "
    "review that says the work may not continue stops planning too, until one says that it may.",
    edition="kent",
    cite="KENT 3.4",
)
stated(
    "PLC-28",
    "The head teacher is advised to inform governors and parents before a project starts; a start without it is "
    "warned of.",
    edition="kent",
    cite="KENT 5",
)
stated(
    "PLC-29",
    "Anyone on county premises owes and is owed health and safety duties as a contractor.",
    edition="kent",
    cite="KENT 4",
)
stated(
    "PLC-30",
    "A placement's closing ends its reviews and makes the beneficiary survey due. Reading: nothing is decided or "
    "planned there for a later day; late records of earlier days, surveys and investigations still come in.",
    edition="kent",
    cite="KENT 3.4; CPOM s6",
)
