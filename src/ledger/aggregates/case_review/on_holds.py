"""What may be recorded of a hold (SCR-05, SCR-06), and whom it concerns.

Impossible, whoever tells it: an id brought twice, a hold that is not there, is released already, or begins after its
end.  Proven by tests/aggregates/test_holds.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ledger.aggregates.aggregate import Ruling
from ledger.aggregates.case_review import facts
from ledger.aggregates.case_review.holding import HoldPlaced, HoldReleased
from ledger.aggregates.case_review.holds import CLASS_MEMBERS, EVERYWHERE, Hold, holds_of, persons_of, scope_of
from ledger.aggregates.case_review.review import Review
from ledger.aggregates.register_entry.registrations import registrations_of
from ledger.aggregates.shape import Now, Recorded
from ledger.errors import Refusal
from ledger.rules import case_review, general


def on_placing(review: Review, draft: HoldPlaced, now: Now, about: tuple[str, ...]) -> Ruling:
    """The ruling on a hold: whom it covers must be there; it is about everybody linked with them too."""
    refusals = (*_impossible_scope(draft), *_brought_twice(review, draft), *_unknown_persons(draft, now))
    if refusals:
        return Ruling(refusals=refusals)
    referral = review.referral
    return Ruling(
        about=tuple(sorted({*about, *chains_under(draft, now)})), rests_on=(referral.position,) if referral else ()
    )


def _impossible_scope(draft: HoldPlaced) -> Iterator[Refusal]:
    if not any(persons_of(draft)) and not draft.scope:
        yield Refusal("SCR-05", case_review.NOBODY_HELD, rule_book=False)
    try:
        unknown = set(draft.scope or ()) - set(CLASS_MEMBERS)
        scope_of(draft)
    except ValueError:
        unknown = {"a day that is none"}
    if unknown:
        yield Refusal("SCR-05", case_review.NO_SUCH_CLASS, rule_book=False)


def _brought_twice(review: Review, draft: HoldPlaced) -> Iterator[Refusal]:
    if any(each.hold_id == draft.hold_id for each in holds_of(review.history)):
        yield Refusal("GEN-06", general.ALREADY.format(what="hold"), rule_book=False)


def _unknown_persons(draft: HoldPlaced, now: Now) -> Iterator[Refusal]:
    names = list(persons_of(draft))
    for name, state in now.others(names).items() if names else ():
        if all(each.stream != name for each in state.history):
            what, _, given = name.partition("-")
            yield Refusal("GEN-06", general.UNKNOWN.format(what=what, id=given), rule_book=False)


def on_releasing(review: Review, draft: HoldReleased, now: Now, about: tuple[str, ...]) -> Ruling:
    """The ruling on a release: the review's own work comes first.

    Also of one that another system tells: it is not only history, for the vault lets go and what waited is erased.
    """
    hold = next((each for each in holds_of(review.history) if each.hold_id == draft.hold_id), None)
    impossible = _impossible_release(hold, draft)
    if hold is None or impossible is not None:
        return Ruling(refusals=(impossible,) if impossible else ())
    signed, planned = review.of_the_draft(facts.ManagementReviewSigned), review.told(facts.ActionPlanIssued)
    finished = case_review.may_be_released(
        requested=bool(review.told(facts.ManagementReviewRequested)),
        signed=bool(signed),
        presented=bool(review.told(facts.OverviewReportPresented)),
        planned=bool(planned),
    )
    return Ruling(
        refusals=() if finished else (Refusal("SCR-06", case_review.NOT_FINISHED, rule_book=False),),
        about=tuple(sorted({*about, *hold.placed.about, *chains_under(hold.placed.fact, now)})),
        rests_on=(hold.placed.position, *(each.position for each in (*signed, *planned))),
    )


def _impossible_release(hold: Hold | None, draft: HoldReleased) -> Refusal | None:
    if hold is None:
        return Refusal("GEN-06", general.UNKNOWN.format(what="hold", id=draft.hold_id), rule_book=False)
    if hold.released is not None:
        return Refusal("GEN-06", case_review.ALREADY_RELEASED, rule_book=False)
    if draft.released_at < hold.placed.fact.placed_at:
        return Refusal("GEN-06", case_review.BEFORE_THE_HOLD, rule_book=False)
    return None


def ends_by_release(review: Review, record: Recorded[Any], now: Now) -> Refusal | None:
    """A hold struck out, or made narrower, would be lifted by whoever may correct: neither it nor its release is."""
    del review, now
    if isinstance(record.fact, HoldPlaced | HoldReleased):
        return Refusal("SCR-05", case_review.A_HOLD_IS_RELEASED, rule_book=False)
    return None


# ------------------------------------------------------------------------------------------ whom it concerns


def chains_under(fact: HoldPlaced, now: Now) -> frozenset[str]:
    """Every chain that a hold concerns: the persons it names, and the children, entries and offenders linked with them.

    Whoever is linked later is not among them: whether a hold covers somebody is never read from `about` alone.
    """
    names = list(persons_of(fact))
    found = set(names) | ({EVERYWHERE} if fact.scope else set[str]())
    for name, state in now.others(names).items() if names else ():
        for entry in registrations_of(state.history).values():
            if name.startswith("offender-"):
                found |= {entry.stream, *(f"child-{each}" for each in entry.child_ids)}
            elif name.removeprefix("child-") in entry.child_ids:
                found |= {entry.stream, f"offender-{entry.offender_id}"}
    return frozenset(found)


def waiting_under(fact: HoldPlaced, now: Now) -> list[str]:
    """The chains of the children under a hold; whether one is due for erasure, its own decision says.

    A hold on a class of cases names nobody: what was asked for under it, whoever deferred it knows.
    """
    return sorted(each for each in chains_under(fact, now) if each.startswith("child-"))
