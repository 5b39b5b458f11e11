"""Decisions on orders: hours, operational periods, court, completion, the end (rule book A).

Proven by tests/aggregates/test_decisions_orders.py, order.yaml and progress.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from ledger.aggregates.aggregate import Computed, Ruling
from ledger.aggregates.offender.account import account_of
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.decisions.register import entries_of, moved_by_the_end, open_entries
from ledger.aggregates.offender.decisions.ruling import decides
from ledger.aggregates.offender.entities import Order
from ledger.aggregates.offender.facts import (
    CaseTransferredToHistoryFile,
    CourtApplicationMade,
    CourtVariationMade,
    InductionCompleted,
    OrderMade,
    SupervisionEnded,
    UpwRequirementCompleted,
)
from ledger.aggregates.offender.progress import due_on
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Now
from ledger.errors import Caution, Refusal
from ledger.rules import general, orders, sentencing_2026
from ledger.rules.dates import printed


@decides(OrderMade)
def _(case: Case, draft: OrderMade, now: Now) -> Ruling:
    del case
    refusals = list(_hours_out_of_range(draft.upw_hours, draft.sentence_date, now.policy))
    if draft.order_type == "SSO" and draft.operational_period_end is None:
        refusals.append(Refusal("UPW-02", orders.OPERATIONAL_PERIOD_NEEDED))
    return Ruling(refusals=tuple(refusals))


def _hours_out_of_range(hours: int, on: date, policy: Policy) -> Iterator[Refusal]:
    least, most = policy.number("upw.min_hours", on), policy.number("upw.max_hours", on)
    if not orders.hours_in_range(hours, least, most):
        yield Refusal("UPW-01", orders.HOURS_OUT_OF_RANGE.format(least=least, most=most))


@decides(InductionCompleted)
def _(case: Case, draft: InductionCompleted, now: Now) -> Ruling:
    del case, now
    left_out = orders.items_left_out(
        rules_of_order=draft.rules_of_order,
        rules_of_projects=draft.rules_of_projects,
        details_checked=draft.details_checked,
        offending_history=draft.offending_history,
        clothing_advised=draft.clothing_advised,
        conduct_warned=draft.conduct_warned,
    )
    message = orders.INDUCTION_INCOMPLETE.format(items=", ".join(left_out))
    return Ruling(cautions=(Caution("UPW-11", message),) if left_out else ())


@decides(CourtApplicationMade)
def _(case: Case, draft: CourtApplicationMade, now: Now) -> Ruling:
    order = case.orders[draft.order_id]
    if draft.application != "EXTENSION":
        return Ruling()
    return Ruling(refusals=tuple(_extension_refusals(order, draft, now.policy)))


def _extension_refusals(order: Order, draft: CourtApplicationMade, policy: Policy) -> Iterator[Refusal]:
    limit, end = order.operational_period_end, draft.requested_end_date
    if limit is not None and orders.operational_period_over(draft.made_on, limit):
        yield Refusal("UPW-09", orders.OPERATIONAL_PERIOD_OVER.format(day=printed(limit)))
    if limit is not None and end is not None and orders.beyond_operational_period(end, limit):
        yield Refusal("UPW-06", orders.BEYOND_OPERATIONAL_PERIOD.format(day=printed(limit)))
    present = due_on(order, policy, draft.made_on)
    if present is None:
        yield Refusal("UPW-07", sentencing_2026.NOTHING_TO_EXTEND)
    elif end is not None and not orders.later_than_present(end, present):
        yield Refusal("UPW-07", orders.NOT_LATER)


@decides(CourtVariationMade)
def _(case: Case, draft: CourtVariationMade, now: Now) -> Ruling:
    order = case.orders[draft.order_id]
    refusals: list[Refusal] = []
    if draft.result == "EXTENDED" and draft.new_end_date is None:
        refusals.append(Refusal("UPW-08", orders.NEW_DATE_NEEDED, rule_book=False))
    if draft.new_hours is not None:
        refusals.extend(_hours_out_of_range(draft.new_hours, order.sentence_date, now.policy))
    end = draft.new_end_date if draft.result == "EXTENDED" else None
    present = due_on(order, now.policy, draft.decided_on)
    if end is not None and present is not None and not orders.later_than_present(end, present):
        refusals.append(Refusal("UPW-07", orders.NOT_LATER))
    cautions = [*_beyond_period(order, end), *_nothing_to_extend(end, present)]
    return Ruling(refusals=tuple(refusals), cautions=tuple(cautions))


def _nothing_to_extend(end: date | None, present: date | None) -> Iterator[Caution]:
    """A court that extended a requirement without a period did so: it is recorded, and its author told."""
    if end is not None and present is None:
        yield Caution("UPW-07", sentencing_2026.NOTHING_TO_EXTEND)


def _beyond_period(order: Order, end: date | None) -> Iterator[Caution]:
    """A court that went beyond the operational period did so: it is recorded, and its author told of the rule."""
    limit = order.operational_period_end
    if end is not None and limit is not None and orders.beyond_operational_period(end, limit):
        yield Caution("UPW-06", orders.BEYOND_OPERATIONAL_PERIOD.format(day=printed(limit)))


@decides(UpwRequirementCompleted)
def _(case: Case, draft: UpwRequirementCompleted, now: Now) -> Ruling:
    order = case.orders[draft.order_id]
    account = account_of(case, order, now.policy, draft.completed_on)
    refusals: list[Refusal] = []
    if order.completions:
        refusals.append(Refusal("GEN-06", general.NO_OVERWRITING, rule_book=False))
    if account.balance:
        refusals.append(Refusal("UPW-12", orders.HOURS_REMAIN.format(hours=orders.hours_text(account.balance))))
    return Ruling(
        refusals=tuple(refusals),
        computed={
            "credited_minutes": Computed(account.credited, "UPW-12"),
            "ete_minutes": Computed(account.by_source["ete"], "UPW-12"),
        },
        rests_on=account.facts,
        editions={"HRS-05": sentencing_2026.EDITION} if account.credit else {},
    )


@decides(SupervisionEnded)
def _(case: Case, draft: SupervisionEnded, now: Now) -> Ruling:
    del now
    if case.orders[draft.order_id].endings:
        return Ruling(refusals=(Refusal("UPW-13", orders.ALREADY_ENDED, rule_book=False),))
    return Ruling(about=moved_by_the_end(case, draft.order_id))


@decides(CaseTransferredToHistoryFile)
def _(case: Case, draft: CaseTransferredToHistoryFile, now: Now) -> Ruling:
    del now
    if draft.scope == "REGISTER_CASE":
        return _registration_to_history(case, draft.ref)
    order = case.orders.get(draft.ref)
    if order is None:
        unknown = general.UNKNOWN.format(what="order", id=draft.ref)
        return Ruling(refusals=(Refusal("GEN-06", unknown, rule_book=False),))
    if not order.endings:
        return Ruling(refusals=(Refusal("UPW-15", orders.SUPERVISION_GOES_ON),))
    first = (Refusal("UPW-15", orders.DEREGISTER_FIRST),) if open_entries(case) else ()
    return Ruling(refusals=first, rests_on=(order.endings[-1].position,))


def _registration_to_history(case: Case, entry_id: str) -> Ruling:
    """A registration goes to the history file once it is closed (UPW-15)."""
    entry = next((each for each in entries_of(case) if each.entry_id == entry_id), None)
    if entry is None:
        unknown = general.UNKNOWN.format(what="register entry", id=entry_id)
        return Ruling(refusals=(Refusal("GEN-06", unknown, rule_book=False),))
    if entry.closed is None:
        return Ruling(refusals=(Refusal("UPW-15", orders.DEREGISTER_FIRST),), about=(entry.stream,))
    return Ruling(about=(entry.stream,), rests_on=(entry.closed.position,))
