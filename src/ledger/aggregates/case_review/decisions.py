"""What may be recorded in a case review (rule book I).

Impossible, whoever tells it: an offender who is not on record, records that are not there, a duplicate of nothing.
Holds are decided in `on_holds`.  Proven by tests/aggregates/test_decisions_case_review.py, test_review_chronology.py,
test_action_plan.py beside it, and case-review.yaml.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from ledger.aggregates.aggregate import Computed, Ruling, about_ids
from ledger.aggregates.case_review import facts, plan
from ledger.aggregates.case_review.chronicle import Period, listed
from ledger.aggregates.case_review.holding import HoldPlaced, HoldReleased
from ledger.aggregates.case_review.on_holds import ends_by_release, on_placing, on_releasing
from ledger.aggregates.case_review.review import Review
from ledger.aggregates.offender.facts import PractitionerAssigned
from ledger.aggregates.shape import Closed, Fact, Now, Recorded, blank, opened
from ledger.errors import Refusal
from ledger.rules import case_review, general

PUBLIC_PROTECTION: Final = "aco"  # scenarios/README: the ACO is the senior manager responsible for public protection


def rule_on(review: Review, draft: Fact, now: Now, stream: str) -> Ruling:
    """The ruling on a draft.  All of a review is about the offenders and children that its referral names."""
    about = about_ids(draft, stream, *review.persons)
    if review.referral is None and isinstance(draft, facts.SeriousIncidentReferred):
        return _on_referral(draft, now, about)
    if review.referral is None and not isinstance(draft, HoldPlaced | HoldReleased):
        return Ruling(refusals=tuple(_without_referral(review)))
    match draft:
        case facts.RecordsSecured():
            return _on_securing(review, draft, now, about)
        case facts.DuplicateSetProduced():
            return _on_duplicate(review, now, about)
        case facts.ChronologyProduced():
            return _on_chronology(review, draft, now, about)
        case facts.ActionPlanIssued():
            return _on_plan(draft, about)
        case HoldPlaced():
            return on_placing(review, draft, now, about)
        case HoldReleased():
            return on_releasing(review, draft, now, about)
        case _:
            refusals = tuple(_refusals(review, draft, now))
            rests_on = (review.referral.position,) if review.referral else ()
            return Ruling(refusals=refusals, about=about, rests_on=rests_on)


# ------------------------------------------------------------------------------------------ referral


def _on_referral(draft: facts.SeriousIncidentReferred, now: Now, about: tuple[str, ...]) -> Ruling:
    return Ruling(
        refusals=tuple(_referral_refusals(draft, now)),
        about=tuple(sorted({*about, *(f"child-{each}" for each in draft.child_refs)})),
    )


def _without_referral(review: Review) -> Iterator[Refusal]:
    """A review whose referral was struck out is about nobody; that one has not begun, its aggregate says."""
    if any(isinstance(each.fact, facts.SeriousIncidentReferred) for each in review.history):
        yield Refusal("SCR-01", case_review.REFERRAL_STRUCK_OUT, rule_book=False)


def _referral_refusals(draft: facts.SeriousIncidentReferred, now: Now) -> Iterator[Refusal]:
    if not draft.child_refs and not draft.offender_refs:
        yield Refusal("SCR-01", case_review.NOBODY_NAMED, rule_book=False)
    cases = now.others([f"offender-{each}" for each in draft.offender_refs])
    for each in draft.offender_refs:
        if not _own(cases, f"offender-{each}"):
            yield _unknown("offender", each)
    if case_review.concern_needed(draft.ground) and blank(draft.concern):
        yield Refusal("SCR-01", case_review.STATE_THE_CONCERN)


def _own(cases: Mapping[str, Any], name: str) -> list[int]:
    """The versions of a case's own facts."""
    return [each.version for each in cases[name].history if each.stream == name]


# ------------------------------------------------------------------------------------------ the sealed set


def _on_securing(review: Review, draft: facts.RecordsSecured, now: Now, about: tuple[str, ...]) -> Ruling:
    refusals = [*_not_theirs_to_secure(now)]
    streams = _streams(review, draft.streams, now)
    unknown = [each for each in draft.streams if each not in streams]
    if unknown or not draft.streams:
        refusals += [Refusal("SCR-03", case_review.NOTHING_NAMED, rule_book=False)] if not draft.streams else []
        refusals += [_unknown("record", each) for each in unknown]
        return Ruling(refusals=tuple(refusals))
    cases = now.others(sorted(streams.values()))
    return Ruling(
        refusals=tuple(refusals),
        computed={
            "last_sequences": Computed({name: max(_own(cases, name)) for name in cases}, "SCR-03"),
            "seal_hash": Computed(_sealed((each, None) for each in cases.values()), "SCR-03"),
        },
        about=tuple(sorted({*about, *cases})),
    )


def _not_theirs_to_secure(now: Now) -> Iterator[Refusal]:
    if now.actor.role != PUBLIC_PROTECTION:
        yield Refusal("SCR-03", case_review.ONLY_PUBLIC_PROTECTION)


def _streams(review: Review, ids: Iterable[str], now: Now) -> dict[str, str]:
    """The stream of each id: of a person of the review, or of a record that is about one (an entry, a matter)."""
    cases = now.others(review.persons)
    there = {each.stream[-36:]: each.stream for state in cases.values() for each in state.history}
    return {each: there[each] for each in ids if each in there}


def _sealed(cases: Iterable[tuple[Any, int | None]]) -> str:
    """The hash of all that cases held, each up to before a position."""
    return case_review.seal(
        (each.position, each.id)
        for state, before in cases
        for each in state.history
        if before is None or each.position < before
    )


def _on_duplicate(review: Review, now: Now, about: tuple[str, ...]) -> Ruling:
    secured = review.told(facts.RecordsSecured)
    if not secured:
        return Ruling(refusals=(Refusal("SCR-04", case_review.NOTHING_SECURED, rule_book=False),))
    upto = {name: each.position for each in secured for name in each.fact.last_sequences}
    cases = now.others(list(upto))
    contents = _sealed((cases[name], before) for name, before in upto.items())
    return Ruling(
        computed={"contents_hash": Computed(contents, "SCR-04")},
        about=about,
        rests_on=tuple(each.position for each in secured),
    )


# ------------------------------------------------------------------------------------------ chronology, action plan


def _on_chronology(review: Review, draft: facts.ChronologyProduced, now: Now, about: tuple[str, ...]) -> Ruling:
    refusals = tuple(_no_chronology(draft, now))
    if refusals:
        return Ruling(refusals=refusals)

    def look(names: Sequence[str]) -> dict[str, Sequence[Recorded[Any]]]:
        return {name: state.history for name, state in now.others(names).items()}

    found = listed(review.persons, Period(draft.from_date, draft.to_date, draft.as_known_at), look)
    return Ruling(
        computed={
            "event_count": Computed(len(found), "SCR-10"),
            "hash": Computed(case_review.chronology_hash((each.position, each.id) for each in found), "SCR-10"),
        },
        about=about,
        rests_on=(review.referral.position,) if review.referral else (),
    )


def _no_chronology(draft: facts.ChronologyProduced, now: Now) -> Iterator[Refusal]:
    if draft.to_date < draft.from_date:
        yield Refusal("SCR-10", case_review.PERIOD_ENDS_FIRST, rule_book=False)
    if draft.as_known_at > now.moment:
        yield Refusal("SCR-10", case_review.NOT_KNOWN_YET, rule_book=False)


def _on_plan(draft: facts.ActionPlanIssued, about: tuple[str, ...]) -> Ruling:
    wrong = tuple(plan.wrong_with(draft))
    if wrong:
        return Ruling(refusals=wrong)
    days = Computed(plan.due_days(draft), "SCR-12")
    return Ruling(computed={"due_days": days}, cautions=tuple(plan.without_id(draft)), about=about)


def stays_as_issued(review: Review, record: Recorded[Any], now: Now) -> Refusal | None:
    """What is not corrected: a hold, which is released; a chronology and a plan, whose digest and days are computed."""
    match record.fact:
        case facts.ChronologyProduced():
            return Refusal("SCR-10", case_review.PRODUCED_ANEW, rule_book=False)
        case facts.ActionPlanIssued():
            return Refusal("SCR-12", case_review.ISSUED_ANEW, rule_book=False)
        case _:
            return ends_by_release(review, record, now)


# ------------------------------------------------------------------------------------------ panel and report


def _refusals(review: Review, draft: Fact, now: Now) -> Iterator[Refusal]:
    match draft:
        case facts.ReviewConstituted():
            if _line_managers(review, opened(draft.members) or [], now):
                yield Refusal("SCR-07", case_review.LINE_MANAGES)
        case facts.ReviewerNominated():
            if not review.told(facts.RecordsConfirmedSecured):
                yield Refusal("SCR-08", case_review.CONFIRM_SECURED)
            if _line_managers(review, [opened(draft.staff) or ""], now):
                yield Refusal("SCR-07", case_review.LINE_MANAGES)  # "refused as SCR-07", says SCR-08
        case facts.ManagementReviewSigned():
            yield from _empty_sections(review)
        case facts.ManagementReviewForwarded():
            if not review.of_the_draft(facts.ManagementReviewSigned):
                yield Refusal("SCR-08", case_review.SIGN_FIRST)
        case facts.ReviewActionCompleted():
            if not plan.named(review, draft.action_id):
                yield _unknown("action", draft.action_id)
        case _:
            return


def _line_managers(review: Review, staff: Iterable[str], now: Now) -> set[str]:
    """Those who ever line-managed a case of the review, or one in which a child of it was ever registered: as an
    assignment to one of its orders names them, and who acted on it as a senior practitioner (scenarios/README)."""
    about = now.others(review.persons)
    registered = (each for name in review.children for each in about[name].entries.values() if each.made)
    cases = now.others([*review.offenders, *(f"offender-{each.offender_id}" for each in registered)])
    managers = {
        each.by.id for state in cases.values() for each in state.history if each.by.role == "senior-practitioner"
    }
    assigned = (each.fact for state in cases.values() for order in state.orders.values() for each in order.staff)
    managers |= {each.line_manager for each in assigned if isinstance(each, PractitionerAssigned) and each.line_manager}
    return managers & set(staff)


def _empty_sections(review: Review) -> Iterator[Refusal]:
    drafted = review.last(facts.ManagementReviewDrafted)
    sections = drafted.fact.sections if drafted else {}
    if isinstance(sections, Closed):  # erased since: what was in it is not known, so it cannot be said to be empty
        return
    for n in case_review.SECTIONS:
        if not sections.get(n) or blank(sections.get(n)):
            yield Refusal("SCR-09", case_review.SECTION_EMPTY.format(n=n))


def _unknown(what: str, given: str) -> Refusal:
    return Refusal("GEN-06", general.UNKNOWN.format(what=what, id=given), rule_book=False)
