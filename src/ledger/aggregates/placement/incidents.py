"""What happened at a placement that it must answer for: incidents with their write-up, and its exception flags.

    incidents_of(placement, day, policy)     each incident with when its write-up is due and how that stands
    flags_of(placement, day, policy)         recorded facts that break a rule of area F, oldest first

A flag stands on a day of work, whoever and however many worked then.  Proven by
tests/aggregates/test_placement_incidents.py and placements.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal, TypeAlias

from ledger.aggregates.offender.entities import Session, happened
from ledger.aggregates.placement.fold import Placement
from ledger.aggregates.placement.quality import (
    IncidentReported,
    IncidentWrittenUp,
    SchoolDayChecked,
    SiteDayOpened,
    ToolsCounted,
)
from ledger.aggregates.placement.standing import review_clock
from ledger.aggregates.placement.way import in_school_hours, on_school_premises, suspended_by
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Recorded, opened
from ledger.rules import placements, quality
from ledger.rules.dates import london_day

HOURS: Final = "plc.incident_hours"
WriteUp: TypeAlias = Literal["open", "overdue", "written-up", "written-up-late"]


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident and its write-up: the first that was handed in counts.  `due` is an instant, `hours` its setting."""

    reported: Recorded[IncidentReported]
    written_up: Recorded[IncidentWrittenUp] | None
    due: datetime
    state: WriteUp
    hours: int


def incidents_of(placement: Placement, day: date, policy: Policy, known: int | None = None) -> list[Incident]:
    """Every incident by the end of a day, as recorded (PLC-42)."""
    reports: dict[str, Recorded[IncidentWrittenUp]] = {}
    for each in sorted(placement.by(IncidentWrittenUp, day), key=lambda each: (each.fact.submitted_at, each.position)):
        reports.setdefault(each.fact.incident_id, each)
    return [
        _incident(each, reports.get(each.fact.incident_id), day, policy, known)
        for each in placement.of(IncidentReported)
        if happened(each) <= day
    ]


def _incident(
    reported: Recorded[IncidentReported],
    report: Recorded[IncidentWrittenUp] | None,
    day: date,
    policy: Policy,
    known: int | None,
) -> Incident:
    hours = policy.number(HOURS, happened(reported), known)
    due = quality.write_up_due(reported.fact.occurred_at, hours)
    if report is not None:
        return Incident(
            reported, report, due, "written-up-late" if report.fact.submitted_at > due else "written-up", hours
        )
    return Incident(reported, None, due, "overdue" if london_day(due) <= day else "open", hours)


# ------------------------------------------------------------------------------------------ exception flags


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag on recorded facts, the rule that raises it, and the day it stands on."""

    flag: str
    rule: str
    date: date
    facts: tuple[int, ...]


def flags_of(placement: Placement, day: date, policy: Policy, known: int | None = None) -> list[Flag]:
    """The exception flags of a placement at the end of a day, oldest first (rule book O)."""
    found = [
        *_of_work(placement, day, policy, known),
        *_of_site_days(placement, day),
        *_of_school_days(placement, day),
        *_of_incidents(placement, day),
    ]
    return sorted(found, key=lambda each: (each.date, each.facts))


def worked_days(placement: Placement, day: date) -> Iterator[tuple[date, list[Session]]]:
    """The days by the end of a day on which somebody came to work there, with those sessions."""
    for when in sorted(each for each in placement.days if each <= day):
        sessions = [each for each in placement.days[when] if each.attended]
        if sessions:
            yield when, sessions


def _of_work(placement: Placement, day: date, policy: Policy, known: int | None) -> Iterator[Flag]:
    """Sessions worked while suspended, after a review was due, or in school hours without the day's record."""
    checked = {each.fact.date for each in placement.by(SchoolDayChecked, day)}
    for when, sessions in worked_days(placement, day):
        facts = tuple(each.attended[0].position for each in sessions)
        if suspension := suspended_by(placement, when):
            yield Flag(placements.SESSION_WHILE_SUSPENDED, "PLC-25", when, (suspension.position, *facts))
        clock = review_clock(placement, when, policy, known)
        if clock is not None and when > clock.due:
            yield Flag(placements.REVIEW_OVERDUE, "PLC-27", when, (clock.since.position, *facts))
        if on_school_premises(placement) and in_school_hours(placement, when) and when not in checked:
            yield Flag(placements.SCHOOL_DAY_INCOMPLETE, "PLC-14", when, facts)


def _of_school_days(placement: Placement, day: date) -> Iterator[Flag]:
    for each in placement.by(SchoolDayChecked, day):
        if not (each.fact.toilets_separate and each.fact.badges_worn):
            yield Flag(placements.SCHOOL_DAY_INCOMPLETE, "PLC-14", each.fact.date, (each.position,))


def _of_site_days(placement: Placement, day: date) -> Iterator[Flag]:
    for each in placement.by(SiteDayOpened, day):
        fact = each.fact
        if fact.lone_working and fact.device_id is None:
            yield Flag(quality.NO_LONE_DEVICE, "PLC-51", fact.date, (each.position,))
        credited = [credit.position for session in placement.days.get(fact.date, ()) for credit in session.credits]
        done = (fact.dynamic_risk_done, fact.briefing_done, fact.toolbox_done, fact.equipment_checked, fact.vests_worn)
        if credited and not all(done):
            yield Flag(quality.SITE_DAY_INCOMPLETE, "PLC-39", fact.date, (each.position, *credited))


def _of_incidents(placement: Placement, day: date) -> Iterator[Flag]:
    """Tools that did not come back, and emergency services that were not called."""
    for count in placement.by(ToolsCounted, day):
        if count.fact.n_out != count.fact.n_in:
            yield Flag(quality.TOOLS_MISSING, "PLC-40", count.fact.date, (count.position,))
    for incident in placement.by(IncidentReported, day):
        serious = quality.needs_emergency_services(opened(incident.fact.kind) or "")
        if serious and incident.fact.emergency_called_at is None:
            yield Flag(quality.EMERGENCY_NOT_CALLED, "PLC-42", happened(incident), (incident.position,))
