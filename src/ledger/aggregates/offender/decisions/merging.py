"""Decisions on records of one person: merged, and separated again (events.md 9, GEN-06).

Which records are one person's stands in ledger.aggregates.offender.merging.  Proven by
tests/importing/test_duplicates.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ledger.aggregates.aggregate import Ruling, nothing_rests_on_it
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.decisions.ruling import decides_across
from ledger.aggregates.offender.facts import PersonsMerged, PersonsSeparated
from ledger.aggregates.offender.merging import MERGING, PERSON, Persons
from ledger.aggregates.shape import Closed, Now, Recorded
from ledger.errors import Caution, Refusal
from ledger.rules import general


@decides_across(PersonsMerged)
def _(case: Case, draft: PersonsMerged, now: Now, stream: str) -> Ruling:
    """The person merged into is read whole, so that no circle is closed by two at once."""
    other = f"{PERSON}{draft.into}"
    if other == stream:
        return Ruling((_no(general.NOT_WITH_ITSELF),))
    if other in Persons(case.merges).records(stream):
        return Ruling((_no(general.ALREADY_ONE),))
    into: Case = now.other(other)
    if not into.history:
        return Ruling((_no(general.UNKNOWN.format(what="person", id=draft.into)),))
    if into.erased is not None:
        return Ruling((Refusal("CP-49", general.ERASED_PERSON, rule_book=False),))
    return Ruling(cautions=tuple(_of_two(case, into)), about=(other,))


@decides_across(PersonsSeparated)
def _(case: Case, draft: PersonsSeparated, now: Now, stream: str) -> Ruling:
    """Given to either of the two that were merged with each other."""
    del now
    other = f"{PERSON}{draft.from_person}"
    if not Persons(case.merges).directly(stream, other):
        return Ruling((_no(general.NOT_MERGED),))
    return Ruling(about=(other,))


def stays_merged(case: Case, record: Recorded[Any], now: Now) -> Refusal | None:
    """Whose record is whose is told by a merge and a separation, nothing between."""
    if isinstance(record.fact, MERGING):
        return _no(general.SEPARATE_INSTEAD)
    return nothing_rests_on_it(case, record, now)


def _of_two(case: Case, into: Case) -> Iterator[Caution]:
    genders = (case.person.gender, into.person.gender)
    if not any(each is None or isinstance(each, Closed) for each in genders) and genders[0] != genders[1]:
        yield Caution("GEN-06", general.OF_TWO_GENDERS)


def _no(message: str) -> Refusal:
    return Refusal("GEN-06", message, rule_book=False)
