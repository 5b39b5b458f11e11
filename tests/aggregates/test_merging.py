"""Which records are of one person: the same as by going through all that was ever merged, for less."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ledger.aggregates.offender.facts import PersonsMerged, PersonsSeparated
from ledger.aggregates.offender.merging import Persons, of_one_person
from ledger.aggregates.shape import Actor, Recorded

MOMENT = datetime(2026, 1, 5, tzinfo=UTC)
FEW = st.integers(0, 7)


def an_id(n: int) -> str:
    return str(UUID(int=n, version=4))


def name(n: int) -> str:
    return f"offender-{an_id(n)}"


def merged(position: int, one: int, other: int) -> Recorded[Any]:
    return told(position, one, other, PersonsMerged(into=an_id(other), reason="the same"))


def separated(position: int, one: int, other: int) -> Recorded[Any]:
    return told(position, one, other, PersonsSeparated(from_person=an_id(other), reason="two"))


def told(position: int, one: int, other: int, fact: PersonsMerged | PersonsSeparated) -> Recorded[Any]:
    return Recorded(position, name(one), position, str(position), fact, MOMENT, MOMENT, Actor("", ""), (name(other),))


def as_may_be_told(pairs: Sequence[tuple[int, int, bool]]) -> list[Recorded[Any]]:
    """Merges of records that are not one person's yet and into nobody else, and separations of those merged."""
    facts: list[Recorded[Any]] = []
    into: dict[int, int] = {}
    for one, other, apart in pairs:
        if apart and (into.get(one) == other or into.get(other) == one):
            facts.append(separated(len(facts) + 1, one, other))
            del into[one if into.get(one) == other else other]
        elif not apart and one not in into and other not in reachable(one, into):
            facts.append(merged(len(facts) + 1, one, other))
            into[one] = other
    return facts


def reachable(one: int, into: dict[int, int]) -> set[int]:
    """Every record that is linked to one, by going over all the links again until none is new."""
    found = {one}
    while more := {n for link in into.items() if found & {*link} for n in link} - found:
        found |= more
    return found


@given(st.lists(st.tuples(FEW, FEW, st.booleans()), max_size=40))
def test_records_are_those_that_every_merge_not_taken_back_links(pairs: list[tuple[int, int, bool]]) -> None:
    facts = as_may_be_told(pairs)
    persons, into = Persons(facts), dict[int, int]()
    for each in facts:
        one, other = (n for told in (each.stream, each.about[0]) for n in range(8) if name(n) == told)
        if isinstance(each.fact, PersonsMerged):
            into[one] = other
        else:
            into = {n: m for n, m in into.items() if {n, m} != {one, other}}
    for n in range(8):
        assert persons.records(name(n)) == {name(each) for each in reachable(n, into)}
        assert persons.records(name(n)) == of_one_person(name(n), facts)
        leads = persons.leads(name(n))
        assert leads in persons.records(name(n))
        assert all(persons.leads(each) == leads for each in persons.records(name(n)))
        for m in range(8):
            assert persons.directly(name(n), name(m)) is (into.get(n) == m or into.get(m) == n)


def test_one_merged_into_a_second_stays_merged_into_the_first() -> None:
    facts = [merged(1, 1, 2), merged(2, 1, 3)]
    persons = Persons(facts)
    assert all(persons.records(name(n)) == {name(1), name(2), name(3)} for n in (1, 2, 3))
    assert {persons.leads(name(n)) for n in (1, 2, 3)} == {name(3)}
    parted = Persons([*facts, separated(3, 2, 1)])
    assert parted.records(name(1)) == {name(1), name(3)}
    assert parted.records(name(2)) == {name(2)}


def test_however_many_were_merged_they_are_gone_through_once() -> None:
    rounds = list[int]()

    class Counted(list[Recorded[Any]]):
        def __iter__(self) -> Iterator[Recorded[Any]]:
            rounds.append(len(self))
            return super().__iter__()

    persons = Persons(Counted(merged(n, 2 * n, 2 * n + 1) for n in range(1, 1_001)))
    for n in range(1, 1_001):
        assert persons.records(name(2 * n)) == {name(2 * n), name(2 * n + 1)}
        assert persons.leads(name(2 * n)) == name(2 * n + 1)
    assert rounds == [1_000]
