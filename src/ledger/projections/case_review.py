"""View of a case review, the view `oversight` of an offender (reviews, holds, what managers did), worklist `holds`.

Nothing sealed is shown but, of one review, the texts of its own course (ledger.projections.course).  Proven by
tests/aggregates/test_decisions_case_review.py, tests/projections/test_holds.py and case-review.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from ledger.aggregates.case_review import facts
from ledger.aggregates.case_review.holds import Hold, holds_of
from ledger.aggregates.case_review.plan import Action, actions_of
from ledger.aggregates.case_review.review import Review
from ledger.aggregates.corrections import as_corrected
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.facts import ManagementDecisionRecorded, QualityChecked
from ledger.aggregates.offender.merging import PERSON, Persons, merging_in
from ledger.aggregates.offender.protection import protection_of
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Recorded
from ledger.projections import staff
from ledger.projections.course import OF_A_REVIEW, course
from ledger.projections.review_clocks import completion, duplicated, law_of, management_review, rapid_review
from ledger.projections.why import Row, explained
from ledger.rules.case_review import NO_DUPLICATE_SET
from ledger.rules.dates import day_of
from ledger.rules.oversight import NO_FILE_REVIEW

History = Sequence[Recorded[Any]]
REVIEW: Final = "case-review-"


def view(history: History, policy: Policy, as_at: date, known: int, explain: bool = False) -> Row:
    """One review: whom it is about, what is secured, when it must be completed, and its management review."""
    stream = next((each.stream for each in history if each.stream.startswith(REVIEW)), "")
    own = [each for each in history if each.stream == stream]
    review = Review.as_at(own, as_at)
    row = _review(stream, review, policy, as_at, known, explain)
    holds = [_hold(each, explain) for each in holds_of(own, upto=as_at)]
    return {**row, "holds": holds, "course": course(review.facts, OF_A_REVIEW, explain)}


def oversight(history: History, policy: Policy, as_at: date, known: int, explain: bool = False) -> Row:
    """What others than the practitioner did about a case: holds, reviews, supervision, decisions, file reviews.

    Holds on a class of cases name nobody: they show in the register view, where they keep something from being erased.
    """
    own = {each.stream for each in history if each.stream.startswith(PERSON)}
    persons = Persons(merging_in(history))
    offenders = {record.removeprefix(PERSON) for name in own for record in persons.records(name)}
    supervision = staff.supervised(history, offenders, as_at, explain)
    streams = dict.fromkeys(each.stream for each in history if each.stream.startswith(REVIEW))
    reviews = {name: Review.as_at([each for each in history if each.stream == name], as_at) for name in streams}
    return {
        "holds": [_hold(each, explain) for each in holds_of(history, upto=as_at)],
        "reviews": [
            _review(name, each, policy, as_at, known, explain) for name, each in reviews.items() if each.referral
        ],
        "supervision": supervision,
        "alerts": _file_unread(history, supervision, as_at, explain),
        **_of_managers(history, supervision, as_at, explain),
    }


def _file_unread(history: History, supervision: Sequence[Row], as_at: date, explain: bool) -> list[Row]:
    """A child protection case whose file no supervision has read since it became one (MGT-01)."""
    protection = protection_of(Case.as_at(history, as_at), as_at)
    if protection is None or any(each["file_reviewed"] and each["on"] >= protection.since for each in supervision):
        return []
    row: Row = {
        "rule": "MGT-01",
        "flag": NO_FILE_REVIEW,
        "since": protection.since,
        "days": (as_at - protection.since).days,
    }
    return [explained(row, explain, rules=["MGT-01"], facts=protection.facts)]


def _of_managers(history: History, supervision: Sequence[Row], as_at: date, explain: bool) -> Row:
    """Decisions of managers on the case (MGT-05); reviews of its file in supervision (MGT-01) and of its documents
    (MGT-09), by day."""
    told = [each for each in as_corrected(history) if day_of(each.effective) <= as_at]

    def listed(kind: type[ManagementDecisionRecorded] | type[QualityChecked], rule: str) -> list[Row]:
        return [
            explained(
                {"order_id": each.fact.order_id, "on": each.fact.on, "by": each.by.id},
                explain,
                rules=[rule],
                facts=[each.position],
            )
            for each in told
            if isinstance(each.fact, kind)
        ]

    read: list[Row] = [{"order_id": None, **each} for each in supervision if each["file_reviewed"]]
    reviews = [*read, *listed(QualityChecked, "MGT-09")]
    return {
        "decisions": listed(ManagementDecisionRecorded, "MGT-05"),
        "file_reviews": sorted(reviews, key=lambda each: day_of(each["on"])),
    }


# ------------------------------------------------------------------------------------------ holds


def _hold(hold: Hold, explain: bool) -> Row:
    placed, released = hold.placed.fact, hold.released
    row: Row = {
        "hold_id": hold.hold_id,
        "review_id": hold.review_id,
        "offender_refs": placed.offender_refs or [],
        "child_refs": placed.child_refs or [],
        "scope": placed.scope,
        "placed_at": placed.placed_at,
        "released_at": released.fact.released_at if released else None,
    }
    facts_of = [hold.placed.position, *([released.position] if released else [])]
    return explained(row, explain, rules=["SCR-05", *(["SCR-06"] if released else [])], facts=facts_of)


def hold_rows(history: History, policy: Policy, as_at: date, known: int) -> list[Row]:
    """Worklist `holds`: what may not be erased now, one row for each hold that stands."""
    del policy, known
    return [
        {
            "hold_id": each.hold_id,
            "offender_refs": each.placed.fact.offender_refs or [],
            "child_refs": each.placed.fact.child_refs or [],
            "scope": each.placed.fact.scope,
            "placed_on": day_of(each.placed.effective),
            "placed_at": each.placed.fact.placed_at,
            "released_at": None,
        }
        for each in holds_of(history, upto=as_at)
        if each.released is None
    ]


def hold_moments(history: History, policy: Policy, known: int) -> Iterator[date]:
    """The days on which holds are placed and released."""
    del policy, known
    for each in holds_of(history):
        yield day_of(each.placed.effective)
        if each.released is not None:
            yield day_of(each.released.effective)


# ------------------------------------------------------------------------------------------ a review


def _review(stream: str, review: Review, policy: Policy, as_at: date, known: int, explain: bool) -> Row:
    referral = review.referral
    row: Row = {
        "review_id": stream.removeprefix(REVIEW),
        "ground": referral.fact.ground if referral else None,
        "referred_at": referral.fact.referred_at if referral else None,
        "offender_refs": list(referral.fact.offender_refs) if referral else [],
        "child_refs": list(referral.fact.child_refs) if referral else [],
        **_sealed_set(review),
        **_edition(review, policy, known),
        "rapid_review": rapid_review(review, policy, as_at, known, explain),
        "completion": completion(review, policy, as_at, known, explain),
        "management_review": management_review(review, as_at, explain),
        "chronologies": [_chronology(each, explain) for each in review.told(facts.ChronologyProduced)],
        "actions": [_action(each, as_at, explain) for each in actions_of(review)],
        "alerts": _alerts(review, explain),
    }
    row |= {name: row["completion"][name] for name in ("completion_due", "reminder_on")}
    told = (*review.told(facts.RecordsSecured), *review.told(facts.DuplicateSetProduced))
    rests = [*(each.position for each in told), *([referral.position] if referral else [])]
    return explained(row, explain, rules=["SCR-01", "SCR-03", "SCR-04"], facts=rests)


def _sealed_set(review: Review) -> Row:
    """Whether records are secured, up to which version; a duplicate counts if made after the last securing."""
    secured = review.last(facts.RecordsSecured)
    return {
        "secured": secured is not None,
        "secured_at": secured.fact.secured_at if secured else None,
        "last_sequences": dict(secured.fact.last_sequences) if secured else {},
        "seal_hash": secured.fact.seal_hash if secured else None,
        "duplicate": duplicated(review),
    }


def _alerts(review: Review, explain: bool) -> list[Row]:
    secured = review.last(facts.RecordsSecured)
    if secured is None or duplicated(review):
        return []
    row: Row = {"rule": "SCR-04", "flag": NO_DUPLICATE_SET, "since": day_of(secured.effective)}
    return [explained(row, explain, rules=["SCR-04"], facts=[secured.position])]


def _chronology(produced: Recorded[facts.ChronologyProduced], explain: bool) -> Row:
    """A chronology that was produced (SCR-10); its rows are the view `chronology` of the review."""
    fact = produced.fact
    row: Row = {
        "from_date": fact.from_date,
        "to_date": fact.to_date,
        "as_known_at": fact.as_known_at,
        "event_count": fact.event_count,
        "hash": fact.hash,
        "by": fact.by,
    }
    return explained(row, explain, rules=["SCR-10"], facts=[produced.position])


def _action(action: Action, as_at: date, explain: bool) -> Row:
    """An action of the plan in force: its day, and whether it is done (SCR-12)."""
    done = action.completed
    row: Row = {
        "action_id": action.action_id,
        "due": action.due,
        "state": action.state(as_at),
        "completed_on": done.fact.on if done else None,
    }
    rests = (action.plan.position, *([done.position] if done else []))
    return explained(row, explain, rules=["SCR-12"], facts=rests)


def _edition(review: Review, policy: Policy, known: int) -> Row:
    """What the review is called, and by which edition."""
    law, edition = law_of(review, policy, known)
    return {"called": law.called, "review_edition": edition}
