"""What may be recorded about a child (CP-17, CP-25, CP-49), and whom it concerns: the entries that link the child now.

Its erasure is decided in `erasing`.  Proven by tests/aggregates/test_child.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ledger.aggregates.after import FOLLOWING, ruling_after
from ledger.aggregates.aggregate import Ruling, about_ids
from ledger.aggregates.child.child import Child
from ledger.aggregates.child.erasing import on_erasing
from ledger.aggregates.child.facts import (
    ChildContactRecorded,
    ChildDataErased,
    ChildRecorded,
    ChildUnattendedOnPremises,
    KeyWorkerNamed,
)
from ledger.aggregates.register_entry.registrations import Registration
from ledger.aggregates.shape import Closed, Fact, Now, Recorded
from ledger.errors import Refusal
from ledger.rules import child_protection, general, register


def rule_on(child: Child, draft: Fact, now: Now, stream: str) -> Ruling:
    """The ruling on a draft: first what is impossible, then what its own rule says."""
    if isinstance(draft, FOLLOWING):
        meant = child.erased if draft.subject_id in (None, child.child_id) else None
        return ruling_after(meant, draft, child.history, now)
    impossible = tuple(_impossible(child, draft))
    if isinstance(draft, ChildDataErased):
        return Ruling(refusals=impossible) if impossible else on_erasing(child, draft, now)
    return Ruling(
        refusals=(*impossible, *_key_worker(draft), *_contact(draft)),
        about=about_ids(draft, stream, *chains_of(child.live)),
    )


def stays_erased(child: Child, record: Recorded[Any], now: Now) -> Refusal | None:
    """Nothing of an erased child is struck out, and its erasure least: the reason would be told of somebody gone."""
    del record, now
    return Refusal("CP-49", register.CANNOT_BE_RESTORED, rule_book=False) if child.erased is not None else None


def not_corrected(child: Child, record: Recorded[Any], now: Now) -> Refusal | None:
    """Of an erased child there is nothing to put right: a new value would need the key that is gone."""
    del record, now
    return Refusal("CP-49", register.CANNOT_BE_RESTORED, rule_book=False) if child.erased is not None else None


def chains_of(entries: Iterable[Registration]) -> Iterator[str]:
    """The chains of entries and of their offenders."""
    for each in entries:
        yield each.stream
        yield f"offender-{each.offender_id}"


def _impossible(child: Child, draft: Fact) -> Iterator[Refusal]:
    """A child left alone may be one of whom nothing is known; all else begins with the record."""
    if child.erased is not None:
        yield Refusal("CP-49", register.CANNOT_BE_RESTORED, rule_book=False)
    elif isinstance(draft, ChildRecorded) and child.record is not None:
        yield Refusal("GEN-06", general.NO_OVERWRITING, rule_book=False)
    elif not isinstance(draft, ChildRecorded | ChildUnattendedOnPremises) and child.record is None:
        yield Refusal("GEN-06", general.NOT_YET.format(command=ChildRecorded.command), rule_book=False)


def _contact(draft: Fact) -> Iterator[Refusal]:
    if not isinstance(draft, ChildContactRecorded) or isinstance(draft.purpose, Closed):
        return
    if not child_protection.to_decide_on_a_referral(draft.purpose):
        yield Refusal("CP-17", child_protection.ONLY_TO_DECIDE)


def _key_worker(draft: Fact) -> Iterator[Refusal]:
    if not isinstance(draft, KeyWorkerNamed) or isinstance(draft.agency, Closed):
        return
    if register.of_probation(draft.agency):
        yield Refusal("CP-25", register.NO_PROBATION_EMPLOYEE)
