"""The way of a placement: on what premises, approved, signed, started, suspended, viable, closed; its deviations.

Everything is asked of a `Placement` as known; a day means its end.  Proven by
tests/aggregates/test_placement_standing.py and placements.yaml.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal, TypeAlias

from ledger.aggregates.offender.entities import happened
from ledger.aggregates.placement.agreement import AgreementDrafted, AgreementSigned, DeviationNoted, DeviationResolved
from ledger.aggregates.placement.fold import Placement, in_order
from ledger.aggregates.placement.site import (
    PlacementApproved,
    PlacementClosed,
    PlacementHoursChanged,
    PlacementJudgedNotViable,
    PlacementResumed,
    PlacementStarted,
    PlacementSuspended,
    RiskAssessmentFiled,
)
from ledger.aggregates.shape import Closed, Recorded, opened
from ledger.rules import placements as rules

Status: TypeAlias = Literal["draft", "approved", "agreed", "running", "suspended", "not-viable", "closed"]
BOTH: Final = 2  # provider and probation: what both must agree to


# ------------------------------------------------------------------------------------------ what it is


def on_school_premises(placement: Placement) -> bool:
    """Whether the rules of the Kent protocol bind it."""
    return placement.opened is not None and placement.opened.on_school_premises


def school_hours_change(placement: Placement, day: date) -> Recorded[PlacementHoursChanged] | None:
    """The change of hours in force on a day, if any was made: the latest by the day it is for."""
    made = [each for each in placement.of(PlacementHoursChanged) if each.fact.from_date <= day]
    return max(made, key=lambda each: (each.fact.from_date, each.position), default=None)


def in_school_hours(placement: Placement, day: date) -> bool:
    """Whether work there on a day is in school hours."""
    change = school_hours_change(placement, day)
    if change is not None:
        return change.fact.in_school_hours
    return placement.opened is not None and placement.opened.in_school_hours


def texts_needed(placement: Placement, *days: date) -> tuple[str, ...]:
    """The mandatory texts of section 4 (PLC-11, PLC-12), as the work stands on any of these days."""
    school = on_school_premises(placement)
    hours = any(in_school_hours(placement, day) for day in days)
    return (*rules.texts_of_school(school), *rules.texts_of_school_hours(school, hours))


# ------------------------------------------------------------------------------------------ its way


def first_by(placement: Placement, kind: type[Any], day: date) -> Recorded[Any] | None:
    """The first record of a type that had happened by the end of a day."""
    return next(iter(placement.by(kind, day)), None)


def last_by(placement: Placement, kind: type[Any], day: date) -> Recorded[Any] | None:
    """The last one."""
    found = placement.by(kind, day)
    return found[-1] if found else None


def closed_by(placement: Placement, day: date) -> Recorded[PlacementClosed] | None:
    """Its closing, once that day has come."""
    return first_by(placement, PlacementClosed, day)


def started_by(placement: Placement, day: date) -> Recorded[PlacementStarted] | None:
    """The start of work there, once that day has come."""
    return first_by(placement, PlacementStarted, day)


def approved_by(placement: Placement, day: date) -> Recorded[PlacementApproved] | None:
    """The decision to proceed (PLC-04)."""
    return last_by(placement, PlacementApproved, day)


def agreed_by(placement: Placement, day: date) -> Recorded[AgreementSigned] | None:
    """The agreement both have signed, in its last version (PLC-18)."""
    return last_by(placement, AgreementSigned, day)


def suspended_by(placement: Placement, day: date) -> Recorded[PlacementSuspended] | None:
    """The suspension it is under at the end of a day; a resumption ends it, also of the same day."""
    resumed = last_by(placement, PlacementResumed, day)
    since = [
        each for each in placement.by(PlacementSuspended, day) if not resumed or in_order(each) > in_order(resumed)
    ]
    return since[0] if since else None


def assessed(placement: Placement, day: date) -> dict[str, Recorded[RiskAssessmentFiled]]:
    """The latest risk assessment of each requirement (PLC-15)."""
    return {each.fact.requirement: each for each in placement.by(RiskAssessmentFiled, day)}


def not_viable(placement: Placement, day: date) -> tuple[str, Recorded[Any]] | None:
    """The requirement that cannot be achieved, and the record that says so; None while it is viable (PLC-16).

    It is not viable once judged so, or while the last assessment of a mandatory text says so.  Reading: an assessment
    filed since the judgement (of the requirement judged, where it is one of the form's) reopens it, once every
    requirement's last assessment says achievable.
    """
    last = assessed(placement, day)
    failing = [each for each in last.values() if not each.fact.achievable]
    judged = last_by(placement, PlacementJudgedNotViable, day)
    if judged is not None:
        text = opened(judged.fact.requirement)
        named = [last[text]] if text in last else [] if text in _REQUIREMENTS else list(last.values())
        reopened = not failing and any(in_order(each) > in_order(judged) for each in named)
        if not reopened:
            return str(judged.fact.requirement), judged
    if not failing:
        return None
    needed = texts_needed(placement, day)
    return next(((each.fact.requirement, each) for each in failing if each.fact.requirement in needed), None)


_REQUIREMENTS: Final = frozenset({*rules.SCHOOL_TEXTS, *rules.SCHOOL_HOURS_TEXTS, "TOOLS"})


def status(placement: Placement, day: date) -> tuple[Status, str, tuple[int, ...]]:
    """Its status at the end of a day, the rule that gives it, and the facts it rests on.

    Closed before not viable before suspended; then as far as it has come.
    """
    if closing := closed_by(placement, day):
        return "closed", "PLC-30", (closing.position,)
    if failed := not_viable(placement, day):
        return "not-viable", "PLC-16", (failed[1].position,)
    if suspension := suspended_by(placement, day):
        return "suspended", "PLC-25", (suspension.position,)
    if start := started_by(placement, day):
        return "running", "PLC-21", (start.position,)
    if signed := agreed_by(placement, day):
        return "agreed", "PLC-18", (signed.position,)
    if approval := approved_by(placement, day):
        return "approved", "PLC-04", (approval.position,)
    return "draft", "PLC-05", ()


# ------------------------------------------------------------------------------------------ its agreement


def draft_of(placement: Placement, version: int) -> Recorded[AgreementDrafted] | None:
    """The draft of a version, if there is one."""
    return next((each for each in placement.of(AgreementDrafted) if each.fact.version == version), None)


def missing_texts(placement: Placement, version: int, needed: tuple[str, ...]) -> tuple[str, ...]:
    """Which mandatory texts section 4 of a version lacks; none where it can no longer be read."""
    draft = draft_of(placement, version)
    if draft is None:
        return needed
    if isinstance(draft.fact.sections, Closed):
        return ()
    there = rules.codes_of(draft.fact.sections.get("4"))
    return tuple(each for each in needed if each not in there)


# ------------------------------------------------------------------------------------------ its deviations


@dataclass(frozen=True, slots=True)
class Deviation:
    """Where work differed from what was agreed, and its resolution by the end of the day asked about."""

    noted: Recorded[DeviationNoted]
    resolved: Recorded[DeviationResolved] | None


def deviations(placement: Placement, day: date) -> list[Deviation]:
    """Every deviation noted by the end of a day, as recorded (PLC-24)."""
    resolved = {each.fact.deviation_id: each for each in reversed(placement.by(DeviationResolved, day))}
    noted = [each for each in placement.of(DeviationNoted) if happened(each) <= day]
    return [Deviation(each, resolved.get(each.fact.deviation_id)) for each in noted]
