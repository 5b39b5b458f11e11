"""Under whose key a value is sealed: of every kind of person, named or not, in a stream of theirs or of another."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from ledger.aggregates import AGGREGATES, FACTS
from ledger.aggregates.corrections import RecordCorrected, read_value
from ledger.aggregates.shape import CHILD, OFFENDER, OWN, STAFF, THIRD_PARTY, VICTIM, Fact, Subject, Whose
from ledger.privacy.owners import _NAMED_BY, Owner, names_somebody, owner_of

FACT = "019a0000-0000-7000-8000-000000000001"
PLACE, CASE, EVE, VIC = "placement-p", "offender-o", "child-eve", "victim-v"


class Named(Fact):
    """Names one of each."""

    offender_id: str = "named-o"
    child_id: str = "named-c"
    victim_id: str = "named-v"
    staff_id: str = "named-s"


class Nameless(Fact):
    """Names nobody."""


@pytest.mark.parametrize(
    "fact, stream, whose, owner",
    [
        # free text: the person the stream is about, or the stream itself
        (Named(), CASE, OWN, Owner(CASE, "case")),
        (Named(), PLACE, OWN, Owner(PLACE, "case")),
        # the offender: of the stream, else the one named, else the stream
        (Named(), CASE, OFFENDER, Owner(CASE, "case")),
        (Named(), PLACE, OFFENDER, Owner("offender-named-o", "case")),
        (Nameless(), PLACE, OFFENDER, Owner(PLACE, "case")),
        # a child or a victim: the one named, in whatever stream; in a stream of their own, that one
        (Named(), CASE, CHILD, Owner("child-named-c", "child")),
        (Named(), EVE, CHILD, Owner(EVE, "child")),
        (Nameless(), CASE, CHILD, Owner(CASE, "child")),
        (Nameless(), CASE, Whose(Subject.CHILD, "found-c"), Owner("child-found-c", "child")),
        (Named(), CASE, VICTIM, Owner("victim-named-v", "victim")),
        (Named(), VIC, VICTIM, Owner(VIC, "victim")),
        (Nameless(), CASE, VICTIM, Owner(CASE, "victim")),
        # staff: the one named, else a key of this fact's own
        (Named(), CASE, STAFF, Owner("staff-named-s", "staff")),
        (Nameless(), CASE, STAFF, Owner(f"staff-of-{FACT}", "staff")),
        # third parties: a key for each person of each fact
        (Named(), CASE, THIRD_PARTY, Owner(f"third-party-{FACT}", "third-party")),
        (Named(), CASE, Whose(Subject.THIRD_PARTY, "solicitor"), Owner(f"third-party-{FACT}/solicitor", "third-party")),
    ],
)
def test_a_value_is_sealed_under_the_key_of(fact: Fact, stream: str, whose: Whose, owner: Owner) -> None:
    assert owner_of(fact, FACT, stream, whose) == owner


ONE, TWO = ("offender-a", "staff-s"), ("offender-a", "offender-b")
CORRECTION = RecordCorrected(event_ref=FACT, field="x", corrected_value="y", reason="z")


@pytest.mark.parametrize(
    "fact, stream, whose, about, owner",
    [
        # what is told at a placement of one person is that person's; of several, the placement's
        (Nameless(), PLACE, OFFENDER, ONE, Owner("offender-a", "case")),
        (Nameless(), PLACE, OFFENDER, TWO, Owner(PLACE, "case")),
        (Named(), PLACE, OFFENDER, ONE, Owner("offender-named-o", "case")),
        (Nameless(), CASE, OFFENDER, ONE, Owner(CASE, "case")),
        (Nameless(), PLACE, OWN, ONE, Owner(PLACE, "case")),
        # a fact that names no child is not about the child for being about it; a correction is
        (Nameless(), CASE, CHILD, (EVE,), Owner(CASE, "child")),
        (CORRECTION, CASE, CHILD, (EVE,), Owner(EVE, "child")),
        (CORRECTION, CASE, CHILD, (EVE, "child-abe"), Owner(CASE, "child")),
        (CORRECTION, PLACE, OFFENDER, ONE, Owner("offender-a", "case")),
        (CORRECTION, CASE, VICTIM, (VIC,), Owner(VIC, "victim")),
    ],
)
def test_whom_a_fact_is_about_decides_where_it_names_nobody(
    fact: Fact, stream: str, whose: Whose, about: tuple[str, ...], owner: Owner
) -> None:
    assert owner_of(fact, FACT, stream, whose, about) == owner


def test_one_persons_classes_of_retention_have_keys_apart() -> None:
    """A child's details go with its registration; the case that names it stays."""
    owners = {owner_of(Nameless(), FACT, CASE, each) for each in (OWN, OFFENDER, CHILD, VICTIM)}
    assert {(each.id, each.retention) for each in owners} == {(CASE, "case"), (CASE, "child"), (CASE, "victim")}


@pytest.mark.parametrize("retention", ["child", "victim", "third-party"])
@pytest.mark.parametrize("noun", AGGREGATES)
def test_texts_of_a_stream_that_name_nobody_are_nobodys(noun: str, retention: str) -> None:
    owner = Owner(f"{noun}-00000000-0000-4000-8000-000000000001", retention)
    assert names_somebody(owner) is (noun == retention)


def test_a_person_is_somebody_and_so_is_each_third_party_of_a_fact() -> None:
    one = "00000000-0000-4000-8000-000000000001"
    for owner in (Owner(f"victim-{one}", "victim"), Owner(CASE, "case"), Owner(f"child-{one}", "case")):
        assert names_somebody(owner)
    for name in (f"third-party-{one}", f"third-party-{one}/2"):
        assert names_somebody(Owner(name, "third-party"))


def test_every_sealed_value_of_every_fact_has_an_owner() -> None:
    for fact_class in FACTS:
        values: dict[str, Any] = dict.fromkeys(fact_class.model_fields)
        fact = fact_class.model_construct(**values)
        for name, whose in fact_class.whose.items():
            owner = owner_of(fact, FACT, CASE, whose)
            assert owner.id, name
            assert owner.retention in {"case", "child", "victim", "third-party", "staff"}


def test_whoever_is_named_as_an_owner_is_named_by_a_random_id() -> None:
    """The names of owners stand in clear in the vault."""
    names = {field for _, fields in _NAMED_BY.values() for field in fields}
    for fact_class in FACTS:
        for name in names & set(fact_class.model_fields):
            with pytest.raises(ValidationError):
                read_value(fact_class, name, "0710890")
            assert name not in fact_class.whose
