"""Quality, safety and incidents at a placement (rule book F; PLC-31 to PLC-56).

Messages stand at their rules.  Proven by tests/rules/test_placements.py and the scenarios of placements.yaml.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final, TypeGuard

from ledger.rules.dates import add_months
from ledger.rules.registry import rule, stated

SCORES_ARE: Final = "Scores are 0, 1 or 2."
CIRCLE: Final = "Circle YES or NO for each detail."
EVIDENCE: Final = "Record evidence for the score."
CAPPED: Final = "Question 1 is limited to {cap} unless contact is with the direct beneficiary."
NEW_CHECKLIST: Final = "Complete a new checklist."

QUESTIONS: Final = 5
Q1_DETAILS: Final = ("with_direct_beneficiary", "with_representative", "by_letter", "at_placement", "at_cp_premises")
Q5_DETAILS: Final = ("key_skills", "pre_vocational_skills", "interpersonal_skills", "formal_certification")
SITE_DAY_INCOMPLETE: Final = "SITE_DAY_INCOMPLETE"
NO_LONE_DEVICE: Final = "NO_LONE_DEVICE"
TOOLS_MISSING: Final = "TOOLS_MISSING"
EMERGENCY_NOT_CALLED: Final = "EMERGENCY_NOT_CALLED"
DRIVER_NOT_VERIFIED: Final = "Driver is not verified."

stated(
    "PLC-31",
    "Every placement is assessed with the quality checklist at set-up, then quarterly, or on a significant change.",
    edition="kent",
    cite="KENT A2",
)
stated(
    "PLC-32",
    "The checklist's header names unit, placement, type of work, group or individual, auditor and dates.",
    edition="kent",
    cite="KENT A2",
)


@rule("PLC-33", edition="kent", cite="KENT A2", anchor="day")
def is_score(score: int | None) -> TypeGuard[int]:
    """Five questions score 0 (none), 1 (some) or 2 (a lot), each with evidence; the details of the first and the last
    are each yes or no."""
    return score is not None and 0 <= score <= 2


@rule("PLC-34", edition="kent", cite="KENT A2, 3.4", anchor="day")
def audit_due(audited_on: date, school: bool, months: int, school_days: int, changed_on: date | None) -> date:
    """The next audit is due three months after the last, at a school 84 days; at once after a significant change.

    Reading: months are counted from each audit, so from 30 November to the last day of February.
    """
    due = audited_on + timedelta(days=school_days) if school else add_months(audited_on, months)
    return due if changed_on is None else min(due, changed_on)


@rule("PLC-35", edition="kent", cite="KENT A2 q1", anchor="day")
def minutes_on_site(times: Iterable[tuple[time, time]]) -> int:
    """Contact with the beneficiary is at least once in 30 placement hours, preferably weekly.

    Readings: a placement hour is an hour by the clock in which anybody worked there, however many did; work of the day
    of a contact came before it.
    """
    minutes, reached = 0, 0
    for begins, ends in sorted((_minute(arrival), _minute(departure)) for arrival, departure in times):
        minutes += max(0, ends - max(begins, reached))
        reached = max(reached, ends)
    return minutes


def _minute(clock: time) -> int:
    return clock.hour * 60 + clock.minute


@rule("PLC-36", edition="kent", cite="KENT A2", anchor="day")
def capped(score: int, direct: bool, cap: int) -> int:
    """Unless contact is with the direct beneficiary, question 1 scores at most 1.

    Reading: a higher score told by another system counts for no more either.
    """
    return score if direct else min(score, cap)


stated(
    "PLC-37",
    "After remedial action revised scores are entered once for an audit, signed; a later change needs a new checklist.",
    edition="kent",
    cite="KENT A2",
)


@rule("PLC-38", edition="kent", cite="KENT A2", anchor="day")
def is_accredited(total: int | None, least: int) -> bool:
    """A total of 6 or more, revised scores where there are any, makes completions there accredited ones.

    A completion is accredited by the placement it was completed at, and mixed if another one used scored below.
    Readings: a placement never audited is below 6; its scores are those of the day of completion.
    """
    return total is not None and total >= least


def total_of(scores: Sequence[int | None], revised: Sequence[int | None], direct: bool, cap: int) -> int:
    """The total of a checklist: the revised score of each question where there is one; what is no score counts 0."""
    padded = [*revised, *([None] * len(scores))]
    best = [new if is_score(new) else old for old, new in zip(scores, padded, strict=False)]
    counted = [each if is_score(each) else 0 for each in best[:QUESTIONS]]
    return sum([capped(counted[0], direct, cap), *counted[1:]]) if counted else 0


stated(
    "PLC-39",
    "Each day on site begins with its risk assessment, briefing, toolbox talk, checked equipment and vests; hours "
    "credited on a day with gaps are flagged. Reading: on a day that was opened with gaps; a day that nobody opened "
    "says nothing.",
    cite="CPOM s2, s3, s4",
)
stated(
    "PLC-40",
    "Tools are counted out and the same number back; faulty ones are reported; none is borrowed without agreement.",
    cite="CPOM s3",
)
stated("PLC-41", "People unfit, unsafe or refusing protective clothing are sent home and reported.", cite="CPOM s2, s3")


@rule("PLC-42", edition="manual-2022", cite="CPOM s3", anchor="day")
def write_up_due(occurred_at: datetime, hours: int) -> datetime:
    """An incident is written up within 24 elapsed hours, also where the clocks change; emergency services come first
    for serious injury or a criminal act."""
    return occurred_at + timedelta(hours=hours)


@rule("PLC-42", edition="manual-2022", cite="CPOM s3", anchor="day")
def needs_emergency_services(kind: str) -> bool:
    """Whether an incident is a serious injury or a criminal act.

    Reading: the sources list no kinds; a kind with a word beginning serious, crim, fatal or death is one.
    """
    return re.search(r"(?<![a-z])(serious|crim|fatal|death)", kind.lower()) is not None


@rule("PLC-43", edition="manual-2022", cite="CPOM s5, s6", anchor="day")
def survey_due(since: date, months: int, closed_on: date | None) -> date:
    """Beneficiaries are surveyed annually, or at the project's end; the first year counts from the start of work."""
    due = add_months(since, months)
    return due if closed_on is None else min(due, closed_on)


stated("PLC-44", "Incidents are investigated; conclusions and learning are shared.", cite="CPOM s6")
stated(
    "PLC-45",
    "Regular, unannounced spot checks cover work and conduct; no number stands behind regular, so age is shown.",
    cite="CPOM s6",
)
stated(
    "PLC-46",
    "Risk assessments are audited by sample each year, and after any accident, near miss or change. Reading: an "
    "incident or a significant change is due for it from its day on.",
    cite="CPOM s6",
)
stated("PLC-47", "A random sample of placement agreements is audited annually.", cite="CPOM s6")
stated("PLC-48", "Coordinators visit to see the agreed safe system followed and the right tools there.", cite="CPOM s5")
stated("PLC-49", "Individual placements are supervised by the beneficiary.", cite="CPOM s1")
stated(
    "PLC-50",
    "Staff who drive show a verified full licence; every use of a vehicle is logged and damage reported.",
    cite="CPOM s4",
)
stated("PLC-51", "A supervisor working alone has a lone working device.", cite="CPOM s3")
stated(
    "PLC-52",
    "Materials, tools, supplier and date come from section 5 of the agreement.",
    edition="kent",
    cite="CPOM s5; KENT A1 s5",
)
stated(
    "PLC-53",
    "Contact of an offender with a pupil on site is logged as a deviation and as a concern.",
    edition="kent",
    cite="KENT 2.1",
)
stated("PLC-55", "Each unit keeps a wet-weather or contingency alternative.", cite="CPOM s1, s5")
stated(
    "PLC-56",
    "Powered tools wait in the first few weeks until the supervisor has confirmed competence; advice, no bar.",
    cite="CPOM s2",
)
