"""Records that nobody changes: equal by value, hashable, without room for anything more."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import date

import pytest

from ledger.aggregates.immutable import immutable
from ledger.aggregates.shape import Actor, Recorded


@immutable
class Told:
    on: date
    facts: tuple[int, ...] = ()


def test_records_are_equal_and_hash_alike_by_what_they_hold() -> None:
    told = Told(date(2025, 4, 7), (1, 2))
    assert told == Told(date(2025, 4, 7), (1, 2))
    assert len({told, Told(date(2025, 4, 7), (1, 2)), Told(date(2025, 4, 8))}) == 2
    assert replace(told, facts=()) == Told(date(2025, 4, 7))


def test_a_record_has_its_fields_and_no_more() -> None:
    with pytest.raises(AttributeError):
        Told(date(2025, 4, 7)).else_ = 1  # type: ignore[attr-defined]


def test_a_record_goes_from_process_to_process_whole() -> None:
    told = Told(date(2025, 4, 7), (1, 2))
    assert pickle.loads(pickle.dumps(told)) == told


def test_facts_with_their_envelope_are_such_records() -> None:
    record = Recorded(1, "offender-1", 1, "id", None, date(2025, 4, 7), None, Actor("a", "pso"))  # type: ignore[arg-type]
    assert replace(record, position=2) != record
    assert replace(record, position=1) == record
