"""Progress checks at six and nine months, and the assessment clocks (rule book C).

Proven by tests/rules/test_small_rules.py and the scenarios of progress.yaml and order.yaml.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from ledger.rules.dates import Calendar, add_months
from ledger.rules.registry import rule, stated

SAY_WHETHER_SUFFICIENT: Final = "Say whether progress is sufficient."
RECORD_THE_ACTION: Final = "Record the action taken."
TOO_EARLY: Final = "This check comes before {day}; it does not count for the point due on {due}."


@rule("PRG-01", edition="manual-2022", cite="CPOM s1", anchor="sentence")
def check_due(sentence_date: date, months: int) -> date:
    """Every requirement is checked at six and at nine months from sentence; a due day does not move off a weekend."""
    return add_months(sentence_date, months)


@rule("PRG-02", edition="manual-2022", cite="CPOM s1", anchor="day")
def counts_from(due: date, early_days: int) -> date:
    """The first day on which a check counts for its point.

    Reading: up to 14 days early, a setting; from that day on the check shows as due.
    """
    return due - timedelta(days=early_days)


stated(
    "PRG-03",
    "Where the hours are unlikely to be done in time, action is taken and recorded, then the check.",
    cite="CPOM s1",
)


@rule("PRG-04", edition="manual-2022", cite="CPOM gives none", anchor="day")
def guide_minutes(ordered_minutes: int, months: int, completion_months: int) -> int:
    """The straight-line share: 50 % at six months, 75 % at nine, rounded down to the minute.  A judgement decides."""
    return ordered_minutes * months // completion_months


stated(
    "PRG-05",
    "On the day after the end point the state becomes completed, outstanding, application made, extended or revoked. "
    "Reading: with nothing owing then it is completed, though the practitioner has yet to confirm it.",
    cite="CPOM s1",
)
stated(
    "PRG-06",
    "Requirements beyond twelve months with hours owing are reported by unit. Readings: one that the court extended is "
    "counted too, apart; one is no more once nothing is owing, it is revoked or supervision has ended; the unit is the "
    "one the case was with on the day of the report.",
    cite="CPOM s1",
)
stated("PRG-07", "A check not done by its day stays visibly late, with its days, even when done later.", cite="CPOM s1")


@rule("PRG-08", edition="manual-2022", cite="CPOM s1", anchor="sentence")
def assessment_due(sentence_date: date, working_days: int, calendar: Calendar) -> date:
    """The unpaid work assessment and E-OASys are due within 15 working days of sentence, reminded of at day 10.

    Reading: both run from the sentence.
    """
    return calendar.add_working_days(sentence_date, working_days)


@rule("PRG-09", edition="manual-2022", cite="CPOM s1", anchor="sentence")
def working_end(due_on: date | None, operational_period_end: date | None) -> date | None:
    """Whichever ends first: the due day, or the operational period of a suspended sentence order.

    Where an edition knows no due day, the operational period alone.
    """
    return min((each for each in (due_on, operational_period_end) if each), default=None)
