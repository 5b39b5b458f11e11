"""How a command about a placement is ruled on: what is impossible, what its closing bars, then the fact's own decision.

    @decides(PlacementResumed)
    def _(placement: Placement, draft: PlacementResumed, now: Now) -> Ruling: ...

Facts without a decision are recorded as told.  A fact that names a thing which is not there, or brings an id that is,
is impossible whoever tells it.  Proven by the tables of tests/aggregates/test_decisions_{placement,quality}.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, Final, TypeVar

from ledger.aggregates.aggregate import Ruling, about_ids
from ledger.aggregates.offender.entities import happened
from ledger.aggregates.placement import agreement, quality, site
from ledger.aggregates.placement.fold import Placement
from ledger.aggregates.placement.way import (
    closed_by,
)
from ledger.aggregates.shape import Fact, Now, Recorded
from ledger.errors import Refusal
from ledger.rules import general
from ledger.rules import placements as rules
from ledger.rules.dates import day_of, london_day, printed

F = TypeVar("F", bound=Fact)
Decides = Callable[[Placement, Any, Now], Ruling]
_DECISIONS: Final[dict[type[Fact], Decides]] = {}


def decides(kind: type[F]) -> Callable[[Callable[[Placement, F, Now], Ruling]], Callable[[Placement, F, Now], Ruling]]:
    """Register the decision on a fact; everything it names exists by then."""

    def register(decision: Callable[[Placement, F, Now], Ruling]) -> Callable[[Placement, F, Now], Ruling]:
        _DECISIONS[kind] = decision
        return decision

    return register


def rule_on(placement: Placement, draft: Fact, now: Now, stream: str) -> Ruling:
    """The ruling on a draft: refusals first the impossible, then the closing, then the fact's own."""
    named = list(_named(placement, draft))
    impossible = tuple(_impossible(placement, draft, now))
    if impossible:
        return Ruling(refusals=impossible)
    decision = _DECISIONS.get(type(draft))
    ruling = decision(placement, draft, now) if decision else Ruling()
    return Ruling(
        refusals=(*_after_closing(placement, draft, now), *ruling.refusals),
        cautions=ruling.cautions,
        about=about_ids(draft, stream, *ruling.about),
        rests_on=tuple(sorted({*(each.position for each in named), *ruling.rests_on})),
    )


# ------------------------------------------------------------------------------------------ what it names

_BRINGS: Final[dict[type[Fact], str]] = {
    agreement.AgreementDrafted: "version",
    agreement.HeadTeacherApprovalGiven: "approval_id",
    agreement.DeviationNoted: "deviation_id",
    quality.PqsAudited: "audit_id",
    quality.IncidentReported: "incident_id",
}
_NAMES: Final[dict[type[Fact], tuple[str, str, type[Fact]]]] = {
    agreement.AgreementSigned: ("version", "agreement version", agreement.AgreementDrafted),
    agreement.HeadTeacherApprovalWithdrawn: ("approval_id", "approval", agreement.HeadTeacherApprovalGiven),
    agreement.DeviationResolved: ("deviation_id", "deviation", agreement.DeviationNoted),
    site.PlacementSuspended: ("deviation_id", "deviation", agreement.DeviationNoted),
    quality.PqsRechecked: ("audit_id", "audit", quality.PqsAudited),
    quality.IncidentWrittenUp: ("incident_id", "incident", quality.IncidentReported),
    quality.IncidentInvestigated: ("incident_id", "incident", quality.IncidentReported),
}


def brought_by(placement: Placement, kind: type[F], id: Any) -> Recorded[F] | None:  # noqa: A002
    """The record of a type that brought an id."""
    field = _BRINGS[kind]
    return next((each for each in placement.of(kind) if getattr(each.fact, field) == id), None)


def _named(placement: Placement, draft: Fact) -> Iterator[Recorded[Any]]:
    """The record that a draft refers to: what it rests on."""
    field, _, kind = _NAMES.get(type(draft), ("", "", Fact))
    found = brought_by(placement, kind, getattr(draft, field)) if field else None
    if found is not None:
        yield found


def _impossible(placement: Placement, draft: Fact, now: Now) -> Iterator[Refusal]:
    brings = _BRINGS.get(type(draft))
    if brings and brought_by(placement, type(draft), getattr(draft, brings)):
        yield Refusal("GEN-06", general.NO_OVERWRITING, rule_book=False)
    field, what, kind = _NAMES.get(type(draft), ("", "", Fact))
    id = getattr(draft, field) if field else None  # noqa: A001
    if id is not None:
        found = brought_by(placement, kind, id)
        if found is None:
            yield Refusal("GEN-06", general.UNKNOWN.format(what=what, id=id), rule_book=False)
        elif _before(draft, found):
            yield Refusal("GEN-06", rules.BEFORE_IT_BEGAN, rule_book=False)
    if any(general.in_the_future(when, now.moment) for when in _other_times(draft)):
        yield Refusal("GEN-05", general.FROM_THE_FUTURE, rule_book=False)


def _before(draft: Fact, found: Recorded[Any]) -> bool:
    """Whether a fact tells of something before what it refers to; drafts and signatures have days of their own."""
    when = draft.effective()
    if when is None or isinstance(draft, agreement.AgreementSigned):
        return False
    if type(when) is type(found.effective):
        return when < found.effective
    return day_of(when) < happened(found)


# Times of a fact that happened by then too, beside the one it takes effect at.
_OTHER_TIMES: Final[dict[type[Fact], tuple[str, ...]]] = {
    agreement.PlacementReviewed: ("done_on",),
    quality.IncidentReported: ("emergency_called_at", "manager_told_at"),
    quality.IncidentInvestigated: ("shared_on",),
}


def _other_times(draft: Fact) -> Iterator[Any]:
    for name in _OTHER_TIMES.get(type(draft), ()):
        if (when := getattr(draft, name)) is not None:
            yield when


# ------------------------------------------------------------------------------------------ its closing

# PLC-30: nothing is decided, agreed or planned for a day after it; what is looked into or told late still comes in.
ENDS_WITH_IT: Final[frozenset[type[Fact]]] = frozenset(
    {
        site.PlacementApproved,
        site.PlacementStarted,
        site.PlacementHoursChanged,
        site.PlacementJudgedNotViable,
        site.PlacementSuspended,
        site.PlacementResumed,
        site.TaskAdded,
        agreement.AgreementDrafted,
        agreement.AgreementSigned,
        agreement.HeadTeacherApprovalGiven,
        agreement.PlacementReviewed,
    }
)


def _after_closing(placement: Placement, draft: Fact, now: Now) -> Iterator[Refusal]:
    if type(draft) not in ENDS_WITH_IT:
        return
    day = day_of_draft(draft, now)
    closing = closed_by(placement, day)
    if closing is not None and happened(closing) < day:
        yield Refusal("PLC-30", rules.CLOSED_ON.format(day=printed(happened(closing))))


def day_of_draft(draft: Fact, now: Now) -> date:
    """The day a draft is for: its own, else today in London."""
    return day_of(draft.effective() or london_day(now.moment))
