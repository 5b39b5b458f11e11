"""What the quality checklists of a placement come to: totals, accreditation, the next one's day (PLC-31 to PLC-38).

A score that is erased or may not be read makes a total unknown (None), never a number.  Proven by
tests/aggregates/test_placement_quality.py and placements.yaml.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from ledger.aggregates.offender.entities import happened
from ledger.aggregates.placement.agreement import ContactLogged
from ledger.aggregates.placement.fold import Placement, in_order
from ledger.aggregates.placement.quality import PqsAudited, PqsRechecked, SignificantPlacementChange
from ledger.aggregates.placement.standing import REVIEW_DAYS
from ledger.aggregates.placement.way import (
    closed_by,
    last_by,
    on_school_premises,
    started_by,
)
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Recorded, opened
from ledger.rules import quality as rules

LEAST: Final = "plc.pqs_accredited_min"
CAP: Final = "plc.pqs_q1_cap"
MONTHS: Final = "plc.pqs_interval_months"
HOURS: Final = "plc.contact_hours"


@dataclass(frozen=True, slots=True)
class Quality:
    """The last checklist at the end of a day.  `initial` and `revised` totals: None where there is none, or unread."""

    initial: int | None
    revised: int | None
    accredited: bool | None
    next_due: date | None
    facts: tuple[int, ...]
    settings: dict[str, int]


def quality_of(placement: Placement, day: date, policy: Policy, known: int | None = None) -> Quality:
    """What the last audit comes to at the end of a day, with its re-check (PLC-34, PLC-36 to PLC-38)."""
    audit = last_by(placement, PqsAudited, day)
    least = policy.number(LEAST, day, known)
    if audit is None:
        start = started_by(placement, day)
        due = happened(start) if start is not None and closed_by(placement, day) is None else None
        return Quality(None, None, False, due, (), {LEAST: least})
    recheck = recheck_of(placement, audit.fact.audit_id, day)
    cap = policy.number(CAP, happened(audit), known)
    initial, revised = _total(audit, None, cap), None
    if recheck is not None:
        revised = _total(audit, recheck, policy.number(CAP, happened(recheck), known))
    total = initial if recheck is None else revised
    return Quality(
        initial=initial,
        revised=revised,
        accredited=None if total is None else rules.is_accredited(total, least),
        next_due=_next_due(placement, audit, day, policy, known),
        facts=(audit.position, *((recheck.position,) if recheck else ())),
        settings={LEAST: least, CAP: cap},
    )


def recheck_of(placement: Placement, audit_id: str, day: date) -> Recorded[PqsRechecked] | None:
    """The re-check of an audit by the end of a day; an import may tell of more, then the first counts."""
    return next((each for each in placement.by(PqsRechecked, day) if each.fact.audit_id == audit_id), None)


def _total(audit: Recorded[PqsAudited], recheck: Recorded[PqsRechecked] | None, cap: int) -> int | None:
    scores, revised = opened(audit.fact.scores), opened(recheck.fact.revised_scores) if recheck else []
    if scores is None or revised is None:
        return None
    return rules.total_of(scores, revised, direct_contact(audit.fact), cap)


def direct_contact(audit: PqsAudited) -> bool:
    """Whether question 1 says yes to contact with the direct beneficiary; what cannot be read caps nothing."""
    details = opened(audit.q1_details)
    return details is None or details.get("with_direct_beneficiary") is True


def _next_due(
    placement: Placement, audit: Recorded[PqsAudited], day: date, policy: Policy, known: int | None
) -> date | None:
    if closed_by(placement, day):
        return None
    changes = placement.by(SignificantPlacementChange, day)
    since = next((happened(each) for each in changes if in_order(each) > in_order(audit)), None)
    audited = happened(audit)
    months, days = policy.number(MONTHS, audited, known), policy.number(REVIEW_DAYS, audited, known)
    return rules.audit_due(audited, on_school_premises(placement), months, days, since)


# ------------------------------------------------------------------------------------------ contact


@dataclass(frozen=True, slots=True)
class Contact:
    """Minutes by the clock that were worked since the last logged contact, and whether that is too long."""

    minutes: int
    overdue: bool
    facts: tuple[int, ...]
    hours: int


def contact_of(placement: Placement, day: date, policy: Policy, known: int | None = None) -> Contact:
    """How long was worked there without a contact, at the end of a day (PLC-35)."""
    last = last_by(placement, ContactLogged, day)
    since = happened(last) if last else date.min
    worked = sorted(when for when in placement.days if since < when <= day)
    minutes = sum(
        rules.minutes_on_site(
            (each.fact.arrival, each.fact.departure) for session in placement.days[when] for each in session.attended
        )
        for when in worked
    )
    hours = policy.number(HOURS, day, known)
    return Contact(minutes, minutes > hours * 60, (last.position,) if last else (), hours)
