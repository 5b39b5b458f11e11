"""Decisions on what is owed to the person: requests, restriction, retention (DP-05, DP-09), and sharing (DP-07, DP-08).

What is restricted is not passed on: neither the file nor information from it (DPA 2018 s.47).  Proven by
tests/aggregates/test_rights.py and tests/aggregates/test_sharing.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any, Final

from ledger.aggregates.after import ruling_after
from ledger.aggregates.aggregate import Ruling
from ledger.aggregates.offender.allocations import LISTED
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.decisions.ruling import decides, decides_across
from ledger.aggregates.offender.entities import happened
from ledger.aggregates.offender.erasing import erasure_of, on_erasing
from ledger.aggregates.offender.facts import InformationShared
from ledger.aggregates.rights import Request, rights_of
from ledger.aggregates.shape import Now, Recorded, blank, opened
from ledger.aggregates.subject import (
    ErasureFinalised,
    ProcessingRestricted,
    RecipientsNotified,
    RecordRetained,
    RecordRetentionEnded,
    RestrictionLifted,
    RightsRequestAnswered,
    RightsRequestReceived,
    SubjectDataErased,
)
from ledger.errors import Refusal
from ledger.rules import allocation, data_protection, general
from ledger.rules.dates import printed

KEEPING: Final = (ProcessingRestricted, RestrictionLifted, RecordRetained, RecordRetentionEnded)


def passing_on(case: Case, on: date) -> Iterator[Refusal]:
    """Why what is held may not be given to anybody on a day."""
    restricted = rights_of(case.history, on).restricted
    if restricted is not None:
        told = data_protection.RESTRICTED_NOW.format(day=printed(restricted.fact.on))
        yield Refusal("DP-05", told)


@decides(InformationShared)
def _(case: Case, draft: InformationShared, now: Now) -> Ruling:
    return Ruling(refusals=(*passing_on(case, draft.on), *_past_mappa(case, draft, now)))


def _past_mappa(case: Case, draft: InformationShared, now: Now) -> Iterator[Refusal]:
    """Disclosure about a sex offender by another road than MAPPA's (DP-08); an offence that cannot be read is none."""
    listed = str(now.policy.setting(LISTED, draft.on) or "")
    codes = (opened(each.fact.offence_code) for each in case.person.offences if happened(each) <= draft.on)
    basis = opened(draft.basis)
    if (
        basis is None
        or blank(basis)
        or not any(code is not None and allocation.excludes(code, listed) for code in codes)
    ):
        return
    assessed = any(each[0] <= draft.on for each in case.levels)
    if not data_protection.by_the_mappa_route(basis, assessed=assessed):
        yield Refusal("DP-08", data_protection.USE_MAPPA)


@decides(RightsRequestReceived)
def _(case: Case, draft: RightsRequestReceived, now: Now) -> Ruling:
    del now
    if draft.request_id in rights_of(case.history).requests:
        return Ruling(refusals=(_no(general.NO_OVERWRITING),))
    return Ruling()


@decides(RightsRequestAnswered)
def _(case: Case, draft: RightsRequestAnswered, now: Now) -> Ruling:
    del now
    request = rights_of(case.history).requests.get(draft.request_id)
    if request is None:
        return _unknown(draft.request_id)
    refusals = [_no(general.ALREADY.format(what="answer"))] if request.answered is not None else []
    if draft.on < request.received.fact.received_on:
        refusals.append(_no(data_protection.BEFORE_THE_REQUEST.format(day=printed(request.received.fact.received_on))))
    return Ruling(refusals=tuple(refusals), rests_on=(request.received.position,))


@decides(RecipientsNotified)
def _(case: Case, draft: RecipientsNotified, now: Now) -> Ruling:
    """Of an erasure they are told by whom it was; of the person's own without a word, once that is erased."""
    request: Request | None = rights_of(case.history).requests.get(draft.request_id or "")
    if draft.request_id is not None and request is None:
        return _unknown(draft.request_id)
    rests_on = (request.received.position,) if request else ()
    if draft.subject_id is None and case.erased is None:
        return Ruling(rests_on=rests_on)
    after = ruling_after(erasure_of(case, draft.subject_id), draft, case.history, now)
    return replace(after, rests_on=(*rests_on, *after.rests_on))


@decides(ErasureFinalised)
def _(case: Case, draft: ErasureFinalised, now: Now) -> Ruling:
    return ruling_after(erasure_of(case, draft.subject_id), draft, case.history, now)


@decides(ProcessingRestricted)
def _(case: Case, draft: ProcessingRestricted, now: Now) -> Ruling:
    del draft, now
    return _begins(rights_of(case.history).restricted, data_protection.ALREADY_RESTRICTED)


@decides(RestrictionLifted)
def _(case: Case, draft: RestrictionLifted, now: Now) -> Ruling:
    del now
    return _ends(rights_of(case.history).restricted, draft.on, data_protection.NOT_RESTRICTED)


@decides(RecordRetained)
def _(case: Case, draft: RecordRetained, now: Now) -> Ruling:
    del draft, now
    return _begins(rights_of(case.history).retained, data_protection.ALREADY_RETAINED)


@decides(RecordRetentionEnded)
def _(case: Case, draft: RecordRetentionEnded, now: Now) -> Ruling:
    del now
    return _ends(rights_of(case.history).retained, draft.on, data_protection.NOT_RETAINED)


@decides_across(SubjectDataErased)
def _(case: Case, draft: SubjectDataErased, now: Now, stream: str) -> Ruling:
    return on_erasing(case, draft, now, stream)


def stays_as_said(record: Recorded[Any]) -> Refusal | None:
    """A correction is its author's to make, or any senior practitioner's: when a restriction or a retention ends would
    be no longer the information manager's to say, and what was restricted would be passed on, or destroyed."""
    return (
        Refusal("DP-05", data_protection.STAYS_AS_SAID, rule_book=False) if isinstance(record.fact, KEEPING) else None
    )


def _begins(standing: Recorded[Any] | None, already: str) -> Ruling:
    """It begins once, until it has ended."""
    if standing is None:
        return Ruling()
    return Ruling(refusals=(_no(already.format(day=printed(standing.fact.on))),))


def _ends(standing: Recorded[Any] | None, on: date, not_there: str) -> Ruling:
    """Only what stands can end, and not before it began."""
    if standing is None:
        return Ruling(refusals=(_no(not_there),))
    early = on < standing.fact.on
    refusals = (_no(data_protection.BEFORE_IT_BEGAN.format(day=printed(standing.fact.on))),) if early else ()
    return Ruling(refusals=refusals, rests_on=(standing.position,))


def _unknown(request_id: str) -> Ruling:
    return Ruling(refusals=(_no(general.UNKNOWN.format(what="request", id=request_id)),))


def _no(message: str) -> Refusal:
    return Refusal("GEN-06", message, rule_book=False)
