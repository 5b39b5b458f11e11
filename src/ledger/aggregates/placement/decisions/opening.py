"""Decisions on a placement's beginning: opened, assessed, approved, signed, started (PLC-02 to PLC-21).

    missing_at_start(placement, day)     what is still missing before work may start, each with its rule

Proven by tests/aggregates/test_decisions_placement.py and placements.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from ledger.aggregates.aggregate import Ruling
from ledger.aggregates.offender.entities import happened
from ledger.aggregates.placement.agreement import AgreementSigned, SchoolCommunityInformed
from ledger.aggregates.placement.decisions.ruling import decides
from ledger.aggregates.placement.fold import Placement
from ledger.aggregates.placement.quality import PqsAudited
from ledger.aggregates.placement.site import (
    PlacementApproved,
    PlacementOpened,
    PlacementStarted,
    PlanningMeetingHeld,
    ProjectAssessed,
)
from ledger.aggregates.placement.way import (
    agreed_by,
    approved_by,
    assessed,
    draft_of,
    first_by,
    last_by,
    missing_texts,
    not_viable,
    on_school_premises,
    suspended_by,
    texts_needed,
)
from ledger.aggregates.shape import Closed, Now, blank, opened
from ledger.errors import WITHHELD, Caution, Refusal
from ledger.rules import general
from ledger.rules import placements as rules
from ledger.rules.dates import printed

USUAL: Final = frozenset({"TOOLS", "OTHER"})  # the risk assessments every placement has (PLC-15)


@decides(PlacementOpened)
def _(placement: Placement, draft: PlacementOpened, now: Now) -> Ruling:
    del placement, now
    return Ruling(refusals=tuple(_opening(draft)))


def _opening(draft: PlacementOpened) -> Iterator[Refusal]:
    if draft.projected_completion < draft.proposed_start:
        yield Refusal("PLC-54", rules.ENDS_BEFORE_START, rule_book=False)
    work = opened(draft.work_types) or ()
    if draft.on_school_premises and not all(rules.allowed_on_school_premises(each) for each in work):
        yield Refusal("PLC-05", rules.SCHOOL_WORK_ONLY)
    if draft.in_school_hours and draft.on_school_premises and blank(draft.in_hours_reason):
        yield Refusal("PLC-12", rules.WHY_SCHOOL_HOURS)
    if rules.weekdays(opened(draft.days_available) or ())[1]:
        yield Refusal("PLC-54", rules.NAME_THE_DAYS)


@decides(ProjectAssessed)
def _(placement: Placement, draft: ProjectAssessed, now: Now) -> Ruling:
    del placement, now
    failed = rules.failed_exclusions(opened(draft.answers) or {})
    if failed and rules.recommends(opened(draft.recommendation) or ""):
        return Ruling(refusals=(Refusal("PLC-02", rules.CANNOT_ACCEPT.format(reason="; ".join(failed))),))
    return Ruling()


def _viable(placement: Placement, day: date) -> Iterator[Refusal]:
    if failed := not_viable(placement, day):
        kept = rules.NOT_VIABLE.format(requirement=WITHHELD)
        yield Refusal("PLC-16", rules.NOT_VIABLE.format(requirement=failed[0]), kept=kept)


@decides(PlacementApproved)
def _(placement: Placement, draft: PlacementApproved, now: Now) -> Ruling:
    del now
    return Ruling(refusals=tuple(_viable(placement, draft.on)))


# ------------------------------------------------------------------------------------------ signing


@decides(AgreementSigned)
def _(placement: Placement, draft: AgreementSigned, now: Now) -> Ruling:
    del now
    return Ruling(refusals=tuple(_signing(placement, draft)))


def _signing(placement: Placement, draft: AgreementSigned) -> Iterator[Refusal]:
    if any(each.fact.version == draft.version for each in placement.of(AgreementSigned)):
        yield Refusal("GEN-06", general.ALREADY.format(what="signature"), rule_book=False)
    day, school = draft.effective(), on_school_premises(placement)
    needed = texts_needed(placement, day, date.max)
    yield from _viable(placement, day)
    if school and first_by(placement, PlanningMeetingHeld, day) is None:
        yield Refusal("PLC-10", rules.MEET_FIRST)
    yield from _texts(missing_texts(placement, draft.version, needed))
    there = assessed(placement, day)
    if unassessed := [each for each in needed if each not in there]:
        yield Refusal("PLC-15", rules.ASSESSMENT_MISSING.format(requirements=", ".join(unassessed)))
    if school and not draft.briefed_on_risk_assessments:
        yield Refusal("PLC-17", rules.BRIEF_HEAD)
    unconfirmed = rules.left_unconfirmed(
        insurance_confirmed=draft.insurance_confirmed,
        information_received=draft.information_received,
        tasks_agreed=draft.tasks_agreed,
        contact_agreed=draft.contact_agreed,
        role_models_agreed=draft.role_models_agreed,
    )
    if unconfirmed:
        yield Refusal("PLC-19", rules.PROVIDER_CONFIRMS.format(item=", ".join(unconfirmed)))


def _texts(missing: tuple[str, ...]) -> Iterator[Refusal]:
    """Section 4 lacks texts of every school (PLC-11), or of school hours (PLC-12)."""
    always = [each for each in missing if each in rules.SCHOOL_TEXTS]
    hours = [each for each in missing if each in rules.SCHOOL_HOURS_TEXTS]
    if always:
        yield Refusal("PLC-11", rules.SECTION_4_LACKS.format(texts=", ".join(always)))
    if hours:
        yield Refusal("PLC-12", rules.SCHOOL_HOURS_NEED.format(texts=", ".join(hours)))


# ------------------------------------------------------------------------------------------ starting


@dataclass(frozen=True, slots=True)
class Missing:
    """Something still missing before work may start, in words, and its rule."""

    rule: str
    what: str
    kept: str | None = None  # without a sealed value in it


def missing_at_start(placement: Placement, day: date) -> list[Missing]:
    """What stands between a placement and its start at the end of a day (PLC-04, PLC-11, PLC-12, PLC-15 to PLC-21)."""
    return list(_missing(placement, day))


def _missing(placement: Placement, day: date) -> Iterator[Missing]:
    if failed := not_viable(placement, day):
        yield Missing("PLC-16", f"{failed[0]} cannot be achieved", f"{WITHHELD} cannot be achieved")
    if approved_by(placement, day) is None:
        yield Missing("PLC-04", "approval by the head of unpaid work")
    needed, signed = texts_needed(placement, day), agreed_by(placement, day)
    if signed is None:
        yield Missing("PLC-18", "agreement signed by both")
    else:
        for each in missing_texts(placement, signed.fact.version, needed):
            yield Missing("PLC-11" if each in rules.SCHOOL_TEXTS else "PLC-12", f"{each} in section 4")
        if not _timetable(placement, signed.fact.version):
            yield Missing("PLC-20", "contact timetable in section 6")
    achievable = {name for name, each in assessed(placement, day).items() if each.fact.achievable}
    for each in needed:
        if each not in achievable:
            yield Missing("PLC-15", f"risk assessment for {each}")
    if not achievable & USUAL:
        yield Missing("PLC-15", "risk assessment of tools and equipment")
    if last_by(placement, PqsAudited, day) is None:
        yield Missing("PLC-31", "initial quality assessment")


def _timetable(placement: Placement, version: int) -> bool:
    draft = draft_of(placement, version)
    if draft is None:
        return False
    return isinstance(draft.fact.sections, Closed) or rules.has_timetable(draft.fact.sections.get("6"))


@decides(PlacementStarted)
def _(placement: Placement, draft: PlacementStarted, now: Now) -> Ruling:
    del now
    return Ruling(refusals=tuple(_starting(placement, draft)), cautions=tuple(_untold(placement, draft.on)))


def _starting(placement: Placement, draft: PlacementStarted) -> Iterator[Refusal]:
    """The obstacle itself is named before the list it is part of (Q36)."""
    if placement.of(PlacementStarted):
        yield Refusal("GEN-06", general.ALREADY.format(what="start"), rule_book=False)
    yield from _viable(placement, draft.on)
    if suspension := suspended_by(placement, draft.on):
        yield Refusal("PLC-25", rules.SUSPENDED_SINCE.format(day=printed(happened(suspension))))
    signed = agreed_by(placement, draft.on)
    if signed is not None:
        yield from _texts(missing_texts(placement, signed.fact.version, texts_needed(placement, draft.on)))
        if not _timetable(placement, signed.fact.version):
            yield Refusal("PLC-20", rules.TIMETABLE_FIRST)
    if missing := missing_at_start(placement, draft.on):
        told = rules.CANNOT_START.format(missing=", ".join(each.what for each in missing))
        kept = rules.CANNOT_START.format(missing=", ".join(each.kept or each.what for each in missing))
        yield Refusal("PLC-21", told, kept=kept)


def _untold(placement: Placement, day: date) -> Iterator[Caution]:
    told: list[Any] = [each.fact for each in placement.by(SchoolCommunityInformed, day)]
    if on_school_premises(placement) and not (
        any(each.governors_on for each in told) and any(each.parents_on for each in told)
    ):
        yield Caution("PLC-28", rules.COMMUNITY_NOT_TOLD)
