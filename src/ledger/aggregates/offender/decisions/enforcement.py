"""Decisions on letters, evidence, judgements and breach (rule book B).

Proven by tests/aggregates/test_decisions_enforcement.py and enforcement.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from ledger.aggregates.aggregate import Computed, Ruling
from ledger.aggregates.offender.absences import (
    ACCEPTABLE,
    UNACCEPTABLE,
    UNKNOWN,
    Deadline,
    deadline_of,
    deadline_told,
    standing_on,
    standings,
    timely,
)
from ledger.aggregates.offender.breach import Breach, breach_of, trails_of
from ledger.aggregates.offender.breach_law import Law, counts
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.decisions.register import without_key_worker
from ledger.aggregates.offender.decisions.ruling import decides, today
from ledger.aggregates.offender.entities import Absence, happened
from ledger.aggregates.offender.facts import (
    AbsenceJudged,
    AbsenceRejudged,
    BreachActionNotTaken,
    BreachActionStarted,
    BreachOutcomeRecorded,
    BreachReferred,
    BreachWarningGiven,
    BreachWarningWithdrawn,
    EnforcementLetterIssued,
    EvidenceReceived,
    OrderMade,
)
from ledger.aggregates.shape import Fact, Now, Recorded
from ledger.errors import Caution, Refusal
from ledger.rules import enforcement, general, letters, sentencing_2020
from ledger.rules.dates import date, london_day, printed
from ledger.rules.editions import MANUAL

# ------------------------------------------------------------------------------------------ letter and evidence


@decides(EnforcementLetterIssued)
def _(case: Case, draft: EnforcementLetterIssued, now: Now) -> Ruling:
    absence = case.absences[draft.absence_id]
    deadline = deadline_told(draft.issued_on, now.policy, None)
    return Ruling(
        refusals=(*_unwritable(draft, letters.ENFORCEMENT_LETTER, now), *_letter_refusals(absence, draft, deadline)),
        computed={"evidence_deadline": Computed(deadline.told, "ENF-04")},
    )


def _letter_refusals(absence: Absence, draft: EnforcementLetterIssued, deadline: Deadline) -> Iterator[Refusal]:
    if absence.letter is not None:
        yield Refusal("ENF-03", enforcement.SECOND_LETTER)
    if draft.issued_on < absence.date:
        yield Refusal("ENF-03", enforcement.LETTER_BEFORE_ABSENCE)
    if deadline.missing_year is not None:
        yield Refusal("GEN-01", general.NO_BANK_HOLIDAYS.format(year=deadline.missing_year))


def _unwritable(draft: EnforcementLetterIssued | BreachWarningGiven, template: str, now: Now) -> Iterator[Refusal]:
    """Why the ledger does not write this letter; nothing where it is not asked to, or will.

    Its words follow from the decision and are written after it (ledger.application.writing).
    """
    if draft.template is None:
        words = (draft.template_edition, draft.template_digest, draft.words, draft.words_digest)
        if any(each is not None for each in words):
            yield Refusal("ENF-03", letters.NOT_WRITTEN_HERE, rule_book=False)
    elif now.imported:
        yield Refusal("ENF-03", letters.SENT_ELSEWHERE, rule_book=False)
    elif draft.template != template:
        yield Refusal("ENF-03", letters.OTHER_TEMPLATE.format(name=template), rule_book=False)


@decides(EvidenceReceived)
def _(case: Case, draft: EvidenceReceived, now: Now) -> Ruling:
    absence = case.absences[draft.absence_id]
    deadline = deadline_of(absence, now.policy)
    late = enforcement.is_late(london_day(draft.received_at), deadline.until if deadline else None)
    return Ruling(computed={"late": Computed(late, "ENF-07")}, rests_on=_positions(absence))


def _positions(absence: Absence) -> tuple[int, ...]:
    """The whole trail of an absence: what a judgement on it rests on."""
    trail: tuple[Recorded[Fact], ...] = (
        absence.record,
        *absence.letters,
        *absence.evidence,
        *absence.judgements,
    )
    return tuple(each.position for each in trail)


# ------------------------------------------------------------------------------------------ judgements


@decides(AbsenceJudged)
def _(case: Case, draft: AbsenceJudged, now: Now) -> Ruling:
    absence = case.absences[draft.absence_id]
    refusals = tuple(_judgement_refusals(absence, draft.judged_on, now))
    prayer = draft.result == "ACCEPTABLE" and str(draft.reason_code).strip().lower() == enforcement.PRAYER_CODE
    cautions = (Caution("ENF-16", enforcement.PRAYER_ALONE),) if prayer else ()
    return Ruling(refusals=refusals, cautions=cautions, rests_on=_positions(absence))


def _judgement_refusals(absence: Absence, judged_on: date, now: Now) -> Iterator[Refusal]:
    """A practitioner judges evidence that came in time; what came late, or a result that stands, is not for them."""
    deadline = deadline_of(absence, now.policy)
    until = deadline.until if deadline else None
    standing = standing_on(standings(absence, deadline), judged_on)
    if until is not None and (standing.deemed or _late_since_judged(absence, until)):
        arrived = enforcement.LATE_EVIDENCE if absence.evidence else enforcement.NO_EVIDENCE
        yield Refusal("ENF-07", arrived.format(day=printed(until)))
    elif absence.judgements and not _fresh(absence, until):
        yield Refusal("ENF-05", enforcement.ALREADY_JUDGED)


def _fresh(absence: Absence, until: date | None) -> bool:
    """Whether evidence inside the deadline was recorded after the last judgement."""
    last = max(each.position for each in absence.judgements)
    return any(each.position > last for each in timely(absence, until))


def _late_since_judged(absence: Absence, until: date) -> bool:
    """Whether, after a judgement, only late evidence was added: it is not for the practitioner to weigh."""
    if not absence.judgements or _fresh(absence, until):
        return False
    last = max(each.position for each in absence.judgements)
    return any(each.position > last for each in absence.evidence)


@decides(AbsenceRejudged)
def _(case: Case, draft: AbsenceRejudged, now: Now) -> Ruling:
    absence = case.absences[draft.absence_id]
    standing = standing_on(standings(absence, deadline_of(absence, now.policy)), draft.decided_on)
    nothing = standing.status not in (ACCEPTABLE, UNACCEPTABLE, UNKNOWN)
    result = standing.status.upper() if standing.status in (ACCEPTABLE, UNACCEPTABLE) else None
    return Ruling(
        refusals=(Refusal("ENF-07", enforcement.NOTHING_TO_REJUDGE),) if nothing else (),
        computed={"from_result": Computed(result, "ENF-07")},
        rests_on=_positions(absence),
    )


# ------------------------------------------------------------------------------------------ breach


def _breach(case: Case, order_id: str, day: date, now: Now) -> Breach:
    order = case.orders[order_id]
    return breach_of(order, trails_of(order, now.policy), now.policy, day)


@decides(BreachActionStarted)
def _(case: Case, draft: BreachActionStarted, now: Now) -> Ruling:
    breach = _breach(case, draft.order_id, draft.started_on, now)
    refusals: list[Refusal] = []
    if breach.state == "action-started":
        refusals.append(Refusal("ENF-09", enforcement.ALREADY_STARTED))
    elif not breach.enough and breach.edition == MANUAL:
        refusals.append(Refusal("ENF-11", enforcement.TOO_FEW.format(n=breach.tally)))
    elif not breach.enough:
        refusals.append(Refusal("ENF-09", sentencing_2020.REFER_FIRST))
    return Ruling(
        refusals=tuple(refusals),
        cautions=without_key_worker(case, breach.on),
        rests_on=breach.facts,
        editions=_ruled(breach, "ENF-09"),
    )


def _ruled(breach: Breach, rule: str) -> dict[str, str]:
    """The edition a decision on a breach was taken under, where it is not the manual."""
    return {} if breach.edition == MANUAL else {rule: breach.edition}


_NOTHING_TO_DECLINE: Final = {
    "none": enforcement.NO_BREACH,
    "dealt-with": enforcement.NO_BREACH,
    "action-started": enforcement.ALREADY_STARTED,
}


@decides(BreachActionNotTaken)
def _(case: Case, draft: BreachActionNotTaken, now: Now) -> Ruling:
    breach = _breach(case, draft.order_id, today(now), now)
    message = _NOTHING_TO_DECLINE.get(breach.state)
    return Ruling(
        refusals=(Refusal("ENF-09", message),) if message else (),
        cautions=without_key_worker(case, breach.on),
        rests_on=breach.facts,
        editions=_ruled(breach, "ENF-09"),
    )


@decides(BreachOutcomeRecorded)
def _(case: Case, draft: BreachOutcomeRecorded, now: Now) -> Ruling:
    breach = _breach(case, draft.order_id, draft.decided_on, now)
    started = breach.state == "action-started"
    cautions = () if started else (Caution("ENF-10", enforcement.NO_ACTION_STARTED),)
    return Ruling(cautions=cautions, rests_on=breach.facts)


# ------------------------------------------------------------------------------------------ the statutory warning

# The edition of the Sentencing Code rules these whatever the setting says: a warning that was given was given under it.
_UNDER_THE_CODE: Final[dict[str, str]] = dict.fromkeys(("ENF-03", "ENF-08"), sentencing_2020.EDITION)


@decides(BreachWarningGiven)
def _(case: Case, draft: BreachWarningGiven, now: Now) -> Ruling:
    absence = case.absences[draft.absence_id]
    order = case.orders.get(absence.record.fact.order_id)
    refusals = [*_unwritable(draft, letters.WARNING, now), *_unfounded(absence, draft.given_on, now)]
    if any(counts(each, draft.given_on) for each in absence.warnings):
        refusals.append(Refusal("ENF-08", sentencing_2020.ALREADY_WARNED))
    if any(happened(each) <= draft.given_on for each in absence.referrals):
        refusals.append(Refusal("ENF-08", sentencing_2020.ALREADY_REFERRED))
    law = Law.of(order, now.policy, None) if order else None
    warned = law.warned(absence, draft.given_on) if law else []
    if sentencing_2020.must_be_referred(absence.date, warned):
        last = max(warned, key=lambda each: each.until)
        told = {"day": printed(last.given_on), "until": printed(last.until)}
        refusals.append(Refusal("ENF-08", sentencing_2020.MUST_BE_REFERRED.format(**told)))
    unsaid = sentencing_2020.left_unsaid(draft.says_unacceptable, draft.says_liable)
    refusals += [Refusal("ENF-03", sentencing_2020.LACKS.format(what=what)) for what in unsaid]
    until = sentencing_2020.warned_until(draft.given_on, order.record.fact.order_type) if order else None
    return Ruling(
        refusals=tuple(refusals),
        computed={"until": Computed(until, "ENF-08")},
        rests_on=_positions(absence),
        editions=_UNDER_THE_CODE,
    )


def _unfounded(absence: Absence, day: date, now: Now) -> Iterator[Refusal]:
    standing = standing_on(standings(absence, deadline_of(absence, now.policy)), day)
    if standing.status not in (UNACCEPTABLE, UNKNOWN):
        yield Refusal("ENF-08", sentencing_2020.NOT_FOUND_UNACCEPTABLE)


@decides(BreachReferred)
def _(case: Case, draft: BreachReferred, now: Now) -> Ruling:
    absence = case.absences[draft.absence_id]
    refusals = list(_unfounded(absence, draft.referred_on, now))
    if absence.referrals:
        refusals.append(Refusal("ENF-09", sentencing_2020.ALREADY_REFERRED))
    return Ruling(
        refusals=tuple(refusals),
        rests_on=_positions(absence),
        editions=dict.fromkeys(("ENF-08", "ENF-09"), sentencing_2020.EDITION),
    )


@decides(BreachWarningWithdrawn)
def _(case: Case, draft: BreachWarningWithdrawn, now: Now) -> Ruling:
    del now
    warning = case.warnings[draft.warning_id]
    given_on = happened(warning.record)
    refusals: list[Refusal] = []
    if warning.withdrawals:
        refusals.append(Refusal("ENF-11", sentencing_2020.ALREADY_WITHDRAWN))
    if draft.withdrawn_on < given_on:
        refusals.append(Refusal("ENF-11", sentencing_2020.BEFORE_THE_WARNING.format(day=printed(given_on))))
    return Ruling(
        refusals=tuple(refusals),
        rests_on=(warning.record.position,),
        editions={"ENF-11": sentencing_2020.EDITION},
    )


def _id_of(absence: Absence | None) -> str | None:
    return absence.record.fact.absence_id if absence else None


def court_rests_on(case: Case, record: Recorded[Any], now: Now) -> Refusal | None:
    """Why a record may not be struck out: a court has dealt with a breach that rests on it (catalogue, section 5)."""
    absence = case.absences.get(getattr(record.fact, "absence_id", None) or "")
    order_id = absence.record.fact.order_id if absence else getattr(record.fact, "order_id", None)
    order = case.orders.get(order_id or "")
    if order is None:
        return None
    if isinstance(record.fact, BreachActionStarted):
        dealt = any(
            isinstance(each.fact, BreachOutcomeRecorded) and each.position > record.position
            for each in order.breach_acts
        )
    else:
        spent = _breach(case, order.id, today(now), now).spent
        dealt = bool(spent) if isinstance(record.fact, OrderMade) else _id_of(absence) in spent
    return Refusal("GEN-06", general.COURT_RESTS_ON_IT) if dealt else None
