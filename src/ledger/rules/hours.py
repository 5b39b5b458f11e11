"""Crediting hours: per session, by source, never beyond the order (rule book D).

Proven by tests/rules/test_small_rules.py and the scenarios of hours.yaml.
"""

from __future__ import annotations

from datetime import time
from typing import Final

from ledger.rules.registry import rule, stated

NO_ATTENDANCE: Final = "No attendance is recorded for this session."
OTHER_ORDER: Final = "This session belongs to another order; name the order it was planned for."
ALREADY_CREDITED: Final = "Hours are already credited for this session; record an adjustment."
NO_TRAVEL_WHEN_LATE: Final = "Late arrival: travel time cannot be credited."
ONLY_UP_TO: Final = "Hours can be credited only up to {time}."
LONG_DAY: Final = "More than seven hours; confirm."
REST_IS_NOTED: Final = "Only {minutes} minutes remain; the rest is noted, not credited."
NO_PERCENTAGE: Final = "Set the ETE percentage for this area first."
NOT_AGREED: Final = "Agree the activity with the probation practitioner first."
OVER_CAP: Final = "ETE credit is limited to {hours} hours for this order."
REASON_FOR_ADJUSTMENT: Final = "Give the reason for this adjustment."
BELOW_ZERO: Final = "This would leave {minutes} credited minutes; an adjustment cannot go below zero."
ABOVE_ORDERED: Final = "Only {minutes} minutes remain; an adjustment cannot go above the ordered hours."

stated(
    "HRS-01",
    "At the end of each session the supervisor tells the group and records whole minutes of work and travel for each.",
    cite="CPOM s2",
)


@rule("HRS-02", edition="manual-2022", cite="CPOM s2", anchor="day")
def travel_allowed(late: bool, travel_minutes: int) -> bool:
    """A late arrival gets no travel time, but may stay and work.  Reading: late by any minute counts."""
    return not (late and travel_minutes > 0)


@rule("HRS-03", edition="manual-2022", cite="CPOM s2", anchor="day")
def minutes_until_stopped(arrival: time, stopped: time) -> int:
    """Someone told to stop is credited only to the time they were stopped; minutes from arrival, never below 0."""
    return max(0, stopped.hour * 60 + stopped.minute - arrival.hour * 60 - arrival.minute)


@rule("HRS-04", edition="manual-2022", cite="CPOM Introduction", anchor="day")
def long_day(work_minutes: int, limit: int) -> bool:
    """A supervised day is up to seven hours.  Descriptive in the source, so only a warning."""
    return work_minutes > limit


@rule("HRS-05", edition="manual-2022", cite="reading", anchor="day")
def counted(minutes: int, remaining: int) -> int:
    """Credit stops at the ordered hours: how many of the minutes count; the rest is noted.

    Reading: a credit is work that was done, so it is recorded whole and warned of, never refused.
    """
    return max(0, min(minutes, remaining))


@rule("HRS-06", edition="manual-2022", cite="CPOM s1", anchor="day")
def ete_cap_minutes(ordered_minutes: int, percent: int | None) -> int | None:
    """A percentage of the ordered minutes, rounded down, may be credited for education, training and employment.

    The source names no figure: None, and no credit, until the area sets one.
    """
    return None if percent is None else ordered_minutes * percent // 100


stated("HRS-07", "A wrong credit is put right by an adjustment, within zero and the ordered hours.", cite="GEN-06")
stated("HRS-08", "No hours are credited for a session the person was not allowed to start.", cite="CPOM s2, s3")
stated("HRS-09", "Hours are shown by source: group, individual placement, one the person found, ETE.", cite="CPOM s1")
stated(
    "HRS-10",
    "In individual placements the beneficiary supervises and confirms the hours; staff enter them.",
    cite="CPOM s1",
)
