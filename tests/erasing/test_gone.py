"""Whoever is erased comes back by no command: every one that would tell something of them is refused, by CP-49.

The commands are those of the catalogue, each with something in every sealed field; none of them is listed by hand.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any
from uuid import uuid4

import pytest
from tests.conftest import Clusters
from tests.doors import Door, a_problem, days_ago
from tests.erasing.family import PRACTITIONER, Family
from tests.erasing.subjects import somebody, with_retention
from tests.journeys.planting import Planter, role_for

from ledger.aggregates import AGGREGATES
from ledger.aggregates.after import FOLLOWING
from ledger.aggregates.child.facts import ChildContactRecorded
from ledger.aggregates.child_protection_matter.facts import ChildrenServicesContacted
from ledger.aggregates.corrections import CORRECTING
from ledger.aggregates.shape import Fact, Subject
from ledger.errors import Refused

CANNOT = ("CP-49", "This record was erased and cannot be restored.")


@pytest.fixture(scope="module")
def door(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Door]:
    with with_retention(clusters) as made:
        yield made


@pytest.fixture
def home(door: Door) -> Family:
    return Family(door)


def sealing(*nouns: str) -> Iterator[tuple[str, type[Fact]]]:
    """Every command of these nouns with a sealed field, but what may follow an erasure."""
    for noun in nouns:
        for fact in AGGREGATES[noun].every_fact:
            if fact.whose and fact.command and fact not in FOLLOWING:
                yield noun, fact


def about(subject: Subject, *nouns: str) -> list[tuple[str, type[Fact]]]:
    """Those of them with a field that is this subject's."""
    return [
        (noun, fact)
        for noun, fact in sealing(*nouns)
        if any(whose.subject is subject for whose in fact.whose.values()) and fact not in CORRECTING
    ]


def refusals(home: Family, planter: Planter, noun: str, fact: type[Fact], **more: Any) -> list[tuple[str, str]]:
    """Of a command with something in every sealed field; that nothing came of it, and no key was made for it."""
    before, body = (home.door.size, keys(home)), planter.body(noun, fact, more)
    with pytest.raises(Refused) as problem:
        home.give(f"{noun}/{planter.target(noun)}", fact.command, body, role_for(noun, fact))
    assert (home.door.size, keys(home)) == before, fact
    return [(each.rule, each.message) for each in problem.value.refusals]


def keys(home: Family) -> list[tuple[Any, ...]]:
    return home.vault("SELECT count(*) FROM keys WHERE wrapped IS NOT NULL")


def a_child(home: Family) -> Planter:
    """Told of in an entry, a matter and a review, and erased."""
    kit, matter, review = home.child(), str(uuid4()), str(uuid4())
    entry = home.entered([kit])
    home.amended(entry, kit)
    concern = {"concern_id": str(uuid4()), "offender_id": home.case.id, "source": "COURT", "noted_on": days_ago(9)}
    concern |= {"grave": False, "category": "IN_NEED", "child_ref": kit, "note": "said"}
    concern |= {"child_text": home.word(kit)}
    home.give(f"child-protection-matter/{matter}", "RecordConcern", concern, PRACTITIONER)
    referral = {"ground": "DEATH", "child_refs": [kit], "offender_refs": [], "referred_at": f"{days_ago(3)}T09:00"}
    home.give(f"case-review/{review}", "ReferSeriousIncident", referral | {"sent_to": "Nowhere Board"}, "aco")
    home.leaves(entry)
    home.erase(kit)
    ids = {"child": kit, "register_entry": entry, "child_protection_matter": matter, "case_review": review}
    return Planter(ids | {"offender": home.case.id})


STREAMS = ("register-entry", "child-protection-matter", "case-review")


@pytest.fixture(scope="module")
def erased_child(door: Door) -> tuple[Family, Planter]:
    home = Family(door)
    return home, a_child(home)


@pytest.mark.parametrize(
    "noun,fact", [*sealing("child"), *about(Subject.CHILD, *STREAMS)], ids=lambda each: getattr(each, "__name__", each)
)
def test_nothing_is_told_of_an_erased_child_by_any_command(
    erased_child: tuple[Family, Planter], noun: str, fact: type[Fact]
) -> None:
    home, planter = erased_child
    more: dict[str, Any] = {}
    if fact in CORRECTING:
        more = {"event_ref": home.told(f"child-{planter.ids['child']}")[0].members["id"]}
        more |= {"field": "surname"} if "field" in fact.model_fields else {}
    elif fact is ChildContactRecorded:
        more = {"purpose": "to decide on a referral"}
    assert CANNOT in (found := refusals(home, planter, noun, fact, **more))
    assert found == [CANNOT] or fact in CORRECTING


def test_a_text_that_went_with_a_child_is_not_put_right_though_another_child_is_left(home: Family) -> None:
    kit, pip = home.child(), home.child()
    entry = home.entered([kit, pip])
    home.amended(entry, kit)
    home.leaves(entry, kit)
    home.erase(kit)
    home.amended(entry, pip)
    first, last = (each for each in home.told(f"register-entry-{entry}") if "amended" in each.type)

    def put_right(fact: Any, field: str, value: str) -> None:
        right = {"event_ref": fact.members["id"], "field": field, "corrected_value": value, "reason": "a slip"}
        home.give(f"register-entry/{entry}", "CorrectRecord", right, PRACTITIONER)

    with pytest.raises(Refused) as problem:
        put_right(first, "summary", "what it said")
    assert [(each.rule, each.message) for each in problem.value.refusals] == [CANNOT]
    put_right(first, "on", days_ago(1))
    put_right(last, "summary", "what it should say")


def test_of_another_child_of_the_matter_it_is_told_once_that_child_is_named(home: Family) -> None:
    planter = a_child(home)
    matter = f"child-protection-matter/{planter.ids['child_protection_matter']}"
    told = planter.body("child-protection-matter", ChildrenServicesContacted, {})
    with pytest.raises(Refused, match="erased"):
        home.give(matter, "RecordServicesContact", told, PRACTITIONER)
    concern = {"concern_id": str(uuid4()), "offender_id": home.case.id, "source": "COURT", "noted_on": days_ago(0)}
    concern |= {"grave": False, "category": "IN_NEED", "child_ref": home.child(), "note": "another child"}
    home.give(matter, "RecordConcern", concern, PRACTITIONER)
    home.give(matter, "RecordServicesContact", told, PRACTITIONER)


@pytest.fixture(scope="module")
def erased_person(door: Door) -> tuple[Family, Planter]:
    """A person erased, in whose matter, of nobody else, everything had been told."""
    home = Family(door)
    person = somebody("OFFENDER", home)
    planter = Planter({"offender": home.case.id})
    noun = "child-protection-matter"
    for fact in AGGREGATES[noun].facts:
        home.give(f"{noun}/{planter.target(noun)}", fact.command, planter.body(noun, fact, {}), role_for(noun, fact))
    person.erase()
    return home, planter


@pytest.mark.parametrize(
    "noun,fact",
    [*sealing("offender"), *about(Subject.OFFENDER, "child-protection-matter")],
    ids=lambda each: getattr(each, "__name__", each),
)
def test_nothing_is_told_of_an_erased_person_by_any_command(
    erased_person: tuple[Family, Planter], noun: str, fact: type[Fact]
) -> None:
    home, planter = erased_person
    more: dict[str, Any] = {}
    if fact in CORRECTING:
        more = {"event_ref": home.told(f"offender-{home.case.id}")[0].members["id"]}
        more |= {"field": "surname"} if "field" in fact.model_fields else {}
    assert CANNOT in refusals(home, planter, noun, fact, **more)


@pytest.mark.parametrize(
    "noun,fact", about(Subject.VICTIM, *AGGREGATES), ids=lambda each: getattr(each, "__name__", each)
)
def test_nothing_is_told_of_an_erased_victim_by_any_command(home: Family, noun: str, fact: type[Fact]) -> None:
    one = somebody("VICTIM", home)
    one.erase()
    planter = Planter({"offender": home.case.id, "victim": one.subject_id})
    assert refusals(home, planter, noun, fact, victim_id=one.subject_id) == [CANNOT]


def test_a_document_that_names_an_erased_child_is_refused(home: Family) -> None:
    child, doc = a_child(home).ids["child"], str(uuid4())
    filed = {"doc_id": doc, "kind": "conference minute", "marking": "OPEN", "section": "child protection"}
    home.give(home.case.to, "FileDocument", filed, "team-admin")
    path, before = f"{home.case.path}/documents/{doc}?child_id={child}", keys(home)
    answer = home.door.ask(
        "PUT", path, "team-admin", content=b"%PDF-1.7\n", headers={"Content-Type": "application/pdf"}
    )
    assert CANNOT[1] in str(a_problem(answer, 409))
    assert keys(home) == before
