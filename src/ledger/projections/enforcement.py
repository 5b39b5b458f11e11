"""View `enforcement`: each order with its tally, its breach, and where every absence stands (contract, *Views*).

An absence is one from any appointment of the order, not from unpaid work alone (ENF-18).

Dates are `date`, instants aware `datetime` in UTC; the door that serves them writes ISO.  Unknown, because erased or
closed, is `unknown` for a status and None for a flag.  Proven by tests/projections/test_views.py and
enforcement.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from ledger.aggregates.offender.absences import Deadline, Standing, standing_on
from ledger.aggregates.offender.breach import THRESHOLD, Breach, Trail, Trails, breach_of, counted_days, trails_of
from ledger.aggregates.offender.breach_law import Law, counts, rule_in
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.entities import Absence, BreachWarning, Judgement, Order, happened
from ledger.aggregates.offender.facts import AbsenceJudged
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Closed, Recorded
from ledger.projections.why import Row, explained
from ledger.rules.dates import london_day
from ledger.rules.editions import BREACH, MANUAL, SENTENCING_2020
from ledger.rules.enforcement import is_late
from ledger.rules.general import recorded_late_days
from ledger.rules.registry import edition_label
from ledger.rules.sentencing_2020 import warned_until

CALENDAR_MISSING = "calendar-missing"
FAST_TRACK = frozenset({"HIGH", "VERY_HIGH"})


def view(history: Sequence[Recorded[Any]], policy: Policy, as_at: date, known: int, explain: bool = False) -> Row:
    """Orders as recorded; absences by date."""
    case = Case.as_at(history, as_at)
    return {"orders": [_order(case, order, policy, as_at, known, explain) for order in case.orders.values()]}


def _order(case: Case, order: Order, policy: Policy, as_at: date, known: int, explain: bool) -> Row:
    trails = trails_of(order, policy, known)
    breach = breach_of(order, trails, policy, as_at, known)
    row: Row = {
        "order_id": order.id,
        **state_of(breach),
        **statutory(order, breach, policy, as_at, known, explain),
        "fast_track": fast_track(case),
        "absences": [_absence(each, breach, as_at, explain) for each in by_date(trails)],
    }
    return explained(
        row,
        explain,
        rules=_rules(breach),
        facts=(order.record.position, *breach.facts),
        calendar=policy.calendar(known) if any(each.deadline for each in trails.values()) else None,
        settings={THRESHOLD: breach.threshold, **_edition_set(breach)},
    )


def _edition_set(breach: Breach) -> Row:
    """The setting that chose the edition, where it chose another than the manual."""
    return {BREACH.key: breach.edition} if breach.edition != MANUAL else {}


def statutory(order: Order, breach: Breach, policy: Policy, as_at: date, known: int, explain: bool = False) -> Row:
    """What the Sentencing Code asks for: {statutory: {failures, warnings}}; nothing where the manual alone rules.

    `failures`: each that is without reasonable excuse and not spent, with what is to be done about it, or was;
    `warnings`: each that was given, with the last day on which a further failure must be referred.
    """
    if breach.editions == (MANUAL,):
        return {}
    law = Law.of(order, policy, known)
    failures = [
        explained(
            {"absence_id": each.absence_id, "duty": each.state},
            explain,
            rules=[edition_label("ENF-09" if each.state == "referred" else "ENF-08", SENTENCING_2020)],
            facts=each.facts,
            settings={BREACH.key: law.of_absence[each.absence_id]},
        )
        for each in law.duties(breach.live, as_at)
    ]
    warnings = [
        _warning(order, absence, each, breach, as_at, explain)
        for absence in order.absences
        for each in absence.warnings
    ]
    return {"statutory": {"failures": failures, "warnings": warnings}}


def _warning(order: Order, absence: Absence, warning: BreachWarning, breach: Breach, as_at: date, explain: bool) -> Row:
    """`withdraw`: it is about a failure that is unacceptable no more, and should be taken back."""
    given_on = happened(warning.record)
    until = warned_until(given_on, order.record.fact.order_type)
    counted = counts(warning, as_at)
    absence_id = absence.record.fact.absence_id
    row: Row = {
        "warning_id": warning.record.fact.warning_id,
        "absence_id": absence_id,
        "given_on": given_on,
        "until": until,
        "state": "withdrawn" if not counted else "running" if as_at <= until else "over",
        "withdraw": counted and absence_id not in breach.live | breach.spent,
    }
    facts = (warning.record.position, *(each.position for each in warning.withdrawals))
    return explained(
        row, explain, rules=[edition_label(each, SENTENCING_2020) for each in ("ENF-08", "ENF-11")], facts=facts
    )


def state_of(breach: Breach) -> Row:
    """Tally, breach, its day, and whether its basis changed after court action."""
    return {
        "tally": breach.tally,
        "breach": breach.state,
        "breach_on": breach.on,
        "basis_changed": breach.basis_changed is not None,
    }


def _rules(breach: Breach) -> list[str]:
    found = [*(rule_in("ENF-08", each) for each in breach.editions), breach.rule]
    if breach.basis_changed:
        found.append(rule_in("ENF-11", breach.edition))
    if breach.spent:
        found.append("ENF-12")
    return list(dict.fromkeys(found))


def fast_track(case: Case) -> bool | None:
    """High and very high risk go to court by the fast track (ENF-09); None where the level cannot be read."""
    level = case.level()
    return None if isinstance(level, Closed) else level in FAST_TRACK


# ------------------------------------------------------------------------------------------ an absence


def by_date(trails: Trails) -> list[Trail]:
    """Absences by the day they happened, then as recorded."""
    return sorted(trails.values(), key=lambda each: (each.absence.date, each.absence.record.position))


def _absence(trail: Trail, breach: Breach, as_at: date, explain: bool) -> Row:
    absence, deadline = trail.absence, trail.deadline
    standing = standing_on(trail.standings, as_at)
    recorded = absence.record
    row: Row = {
        "absence_id": recorded.fact.absence_id,
        "date": absence.date,
        "kind": recorded.fact.kind,
        "status": standing.status,
        "status_since": standing.since,
        "deemed": standing.deemed,
        "spent": recorded.fact.absence_id in breach.spent,
        "recorded_late_days": recorded_late_days(recorded.effective, recorded.recorded),
        "letter": _letter(absence, deadline, explain),
        "evidence": _evidence(absence, deadline, explain),
        "judgements": [_judgement(each, explain) for each in absence.judgements],
    }
    return _because(row, standing, deadline, explain)


def _because(row: Row, standing: Standing, deadline: Deadline | None, explain: bool) -> Row:
    return explained(
        row,
        explain,
        rules=[standing.rule],
        facts=standing.facts,
        calendar=deadline.counted_on if deadline else None,
        settings={"enf.evidence": deadline.days} if deadline else None,
    )


def _letter(absence: Absence, deadline: Deadline | None, explain: bool) -> Row | None:
    """The letter with its clock; a deadline lengthened by a later holiday shows both days and the reason (GEN-01)."""
    letter = absence.letter
    if letter is None or deadline is None:
        return None
    row: Row = {
        "letter_id": letter.fact.letter_id,
        "issued_on": letter.fact.issued_on,
        "evidence_deadline": deadline.told or CALENDAR_MISSING,
        "working_days": list(deadline.working_days),
    }
    if deadline.until != deadline.told:
        row["evidence_until"] = deadline.until
        row["lengthened_by"] = list(deadline.lengthened_by)
    return explained(
        row,
        explain,
        rules=["ENF-04", "GEN-01"],
        facts=[letter.position],
        calendar=deadline.calendar,
        settings={"enf.evidence": deadline.days},
    )


def _evidence(absence: Absence, deadline: Deadline | None, explain: bool) -> list[Row]:
    """Evidence in order of arrival, each measured against the deadline."""
    until = deadline.until if deadline else None
    letters = (absence.letter.position,) if absence.letter else ()
    return [
        explained(
            {"received_at": each.fact.received_at, "late": is_late(london_day(each.fact.received_at), until)},
            explain,
            rules=["ENF-04", "ENF-07"],
            facts=(each.position, *letters),
            calendar=deadline.counted_on if deadline else None,
            settings={"enf.evidence": deadline.days} if deadline else None,
        )
        for each in sorted(absence.evidence, key=lambda each: (each.fact.received_at, each.position))
    ]


def _judgement(record: Judgement, explain: bool) -> Row:
    fact = record.fact
    if isinstance(fact, AbsenceJudged):
        row: Row = {"result": fact.result, "on": fact.judged_on, "by": record.by.id, "by_manager": False}
        return explained(row, explain, rules=["ENF-05"], facts=[record.position])
    result = str(fact.to_result) if isinstance(fact.to_result, Closed) else fact.to_result
    row = {"result": result, "on": fact.decided_on, "by": record.by.id, "by_manager": True}
    return explained(row, explain, rules=["ENF-07"], facts=[record.position])


# ------------------------------------------------------------------------------------------ rows of worklists


def breach_rows(history: Sequence[Recorded[Any]], policy: Policy, as_at: date, known: int) -> list[Row]:
    """Worklist `breach`: orders with a breach to decide on or before the court; oldest first within a case.

    Under the Sentencing Code also those with a failure that was neither warned nor referred.
    """
    case = Case.as_at(history, as_at)
    rows: list[Row] = []
    for order in case.orders.values():
        breach = breach_of(order, trails_of(order, policy, known), policy, as_at, known)
        code = statutory(order, breach, policy, as_at, known)
        if breach.state in ("triggered", "action-started") or _something_to_do(code):
            rows.append({"order_id": order.id, **state_of(breach), **_undone(code), "fast_track": fast_track(case)})
    return rows


def _something_to_do(code: Row) -> bool:
    return any(each["duty"] == "warn-or-refer" for each in code.get("statutory", {}).get("failures", ()))


def _undone(code: Row) -> Row:
    """Of what the Sentencing Code asks for, the failures alone: a warning that is over changes no row."""
    return {"failures": code["statutory"]["failures"]} if code else {}


def breach_moments(history: Sequence[Recorded[Any]], policy: Policy, known: int) -> Iterator[date]:
    """The days on which a tally, a breach or its track may change: absences that begin or cease to count, acts, levels.

    Where nothing ever counted and nobody acted there is no breach.
    """
    case = Case.fold(history)
    for order in case.orders.values():
        counted = list(counted_days(trails_of(order, policy, known)))
        if not counted and not order.breach_acts:
            continue
        yield order.sentence_date
        yield from counted
        yield from Law.of(order, policy, known).days
        yield from (happened(each) for each in order.breach_acts)
        yield from (day for day, *_ in case.levels)


def letter_moments(history: Sequence[Recorded[Any]], policy: Policy, known: int) -> Iterator[date]:
    """The days on which an absence of an order takes another state, or a fact about it took effect.

    What is told of a day before its order shows from the day of the order on.
    """
    for order in Case.fold(history).orders.values():
        if order.absences:
            yield order.sentence_date
        for trail in trails_of(order, policy, known).values():
            yield from (standing.since for standing in trail.standings)
            yield from (happened(each) for each in (*trail.absence.letters, *trail.absence.evidence))


def letter_rows(history: Sequence[Recorded[Any]], policy: Policy, as_at: date, known: int) -> list[Row]:
    """Worklist `letters`: absences without a letter by age, and open letters with the days left."""
    case = Case.as_at(history, as_at)
    return [
        row
        for order in case.orders.values()
        for trail in by_date(trails_of(order, policy, known))
        if (row := _letter_row(order, trail, as_at)) is not None
    ]


def _letter_row(order: Order, trail: Trail, as_at: date) -> Row | None:
    absence, deadline = trail.absence, trail.deadline
    standing = standing_on(trail.standings, as_at)
    if standing.status not in ("no-letter", "awaiting-evidence", "under-consideration"):
        return None
    until = deadline.until if deadline else None
    return {
        "order_id": order.id,
        "absence_id": absence.record.fact.absence_id,
        "date": absence.date,
        "status": standing.status,
        "status_since": standing.since,
        "letter": _letter(absence, deadline, explain=False),
        "until": until,
    }


def letter_ages(row: Row, as_at: date, policy: Policy) -> Row:
    """What changes by the day: days left until evidence counts no more, and the age of the absence."""
    del policy
    until = row.pop("until")
    days_left = (date.fromisoformat(until) - as_at).days if until else None
    return {**row, "days_left": days_left, "age_days": (as_at - date.fromisoformat(row["date"])).days}


def basis_changed_since(case: Case, policy: Policy, as_at: date, known: int) -> list[tuple[Order, date]]:
    """Orders whose breach lost its basis after court action, with the day it did (ENF-11)."""
    found = [
        (order, breach_of(order, trails_of(order, policy, known), policy, as_at, known).basis_changed)
        for order in case.orders.values()
        if order.breach_acts
    ]
    return [(order, since) for order, since in found if since is not None]
