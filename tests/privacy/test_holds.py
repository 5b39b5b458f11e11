"""A hold covers whom it names, whoever is linked with them, and every case of a class it names; and nothing else."""

from __future__ import annotations

from datetime import date

import pytest

from ledger.privacy.holds import CaseClass, CaseReached, Reach, Scope, covers, of_json, to_json

CHILD = frozenset({"child-7", "offender-1", "offender-2"})
CASE = CaseReached(frozenset({"assault", "theft"}), frozenset({"North"}), date(2020, 3, 1), date(2021, 3, 1))
OPEN = CaseReached(frozenset({"theft"}), frozenset({"South"}), date(2020, 3, 1))


def test_a_hold_covers_a_person_it_names_and_whoever_is_linked_with_one() -> None:
    assert covers(Scope(frozenset({"child-7"})), Reach(CHILD))
    assert covers(Scope(frozenset({"offender-9", "offender-2"})), Reach(CHILD))
    assert not covers(Scope(frozenset({"child-8", "offender-9"})), Reach(CHILD))


def test_a_hold_that_names_nothing_covers_nothing() -> None:
    assert not covers(Scope(), Reach(CHILD, (CASE,)))


@pytest.mark.parametrize(
    "kind, held",
    [
        (CaseClass(), True),
        (CaseClass(offence="assault"), True),
        (CaseClass(offence="robbery"), False),
        (CaseClass(office="North"), True),
        (CaseClass(offence="assault", office="South"), False),
        (CaseClass(since=date(2021, 3, 1)), True),
        (CaseClass(since=date(2021, 3, 2)), False),
        (CaseClass(until=date(2020, 3, 1)), True),
        (CaseClass(until=date(2020, 2, 29)), False),
        (CaseClass("theft", "North", date(2020, 6, 1), date(2020, 7, 1)), True),
    ],
)
def test_a_case_belongs_to_a_class_that_fits_it_in_every_part(kind: CaseClass, held: bool) -> None:
    assert covers(Scope(classes=(kind,)), Reach(CHILD, (CASE,))) is held


def test_a_case_that_is_still_open_belongs_to_every_later_period() -> None:
    later = Scope(classes=(CaseClass(since=date(2030, 1, 1)),))
    assert covers(later, Reach(CHILD, (OPEN,)))
    assert not covers(later, Reach(CHILD, (CASE,)))


def test_one_case_of_several_is_enough() -> None:
    assert covers(Scope(classes=(CaseClass(office="South"),)), Reach(CHILD, (CASE, OPEN)))
    assert not covers(Scope(classes=(CaseClass("assault", "South"),)), Reach(CHILD, (CASE, OPEN)))


def test_what_the_vault_keeps_is_read_as_it_was_written() -> None:
    for value in (
        Scope(CHILD, (CaseClass("thèft", "Nörth", date(2020, 1, 1)), CaseClass())),
        Reach(CHILD, (CASE, OPEN)),
        Scope(),
    ):
        assert of_json(type(value), to_json(value)) == value
