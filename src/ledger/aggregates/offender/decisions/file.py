"""Decisions on the file: where a paper belongs (DP-03), and what leaves it before anybody outside sees it (DP-02).

Proven by tests/aggregates/test_decisions_file.py and privacy.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ledger.aggregates.aggregate import Ruling
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.decisions.rights import passing_on
from ledger.aggregates.offender.decisions.ruling import decides
from ledger.aggregates.offender.entities import happened
from ledger.aggregates.offender.facts import DocumentFiled, FileDisclosed
from ledger.aggregates.shape import Closed, Now, Recorded, opened
from ledger.errors import WITHHELD, Refusal
from ledger.rules import data_protection, general


@decides(DocumentFiled)
def _(case: Case, draft: DocumentFiled, now: Now) -> Ruling:
    del case, now
    section = opened(draft.section)
    if section is not None and data_protection.belongs_elsewhere(draft.kind, section):
        return Ruling(refusals=(Refusal("DP-03", data_protection.VICTIM_SECTION),))
    return Ruling()


@decides(FileDisclosed)
def _(case: Case, draft: FileDisclosed, now: Now) -> Ruling:
    """The restricted papers that were on the file by then are removed, each by its id."""
    del now
    removed = [] if isinstance(draft.removed_docs, Closed) else draft.removed_docs
    restricted = {each.fact.doc_id: each for each in _restricted(case) if happened(each) <= draft.on}
    left = data_protection.still_in_the_file(restricted, removed)
    refusals = [*_unknown(case, removed), *passing_on(case, draft.on)]
    if left:
        refusals.append(Refusal("DP-02", data_protection.REMOVE_FIRST.format(documents=", ".join(left))))
    return Ruling(refusals=tuple(refusals), rests_on=tuple(sorted(each.position for each in restricted.values())))


def _restricted(case: Case) -> Iterator[Recorded[DocumentFiled]]:
    return (each for each in case.documents.values() if each.fact.marking == data_protection.RESTRICTED)


def _unknown(case: Case, removed: list[Any]) -> Iterator[Refusal]:
    """A document that nobody filed cannot have been taken out; what was told for its id may be anything."""
    for each in removed:
        if each not in case.documents:
            told, kept = (general.UNKNOWN.format(what="document", id=name) for name in (each, WITHHELD))
            yield Refusal("GEN-06", told, rule_book=False, kept=kept)
