"""Whom a question finds: stars, accents, aliases, numbers; against a search that looks at everybody one by one."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import Malformed
from ledger.searching.finding import People, question
from ledger.searching.people import Name, Person, plain


def somebody(surname="Jones", forenames="Ann Marie", *aliases: tuple[str, str], **more) -> Person:
    names = tuple(Name(plain(last), plain(first)) for last, first in ((surname, forenames), *aliases))
    given = {"client_id": "0710890", "crn": "X123456", "dob": date(1990, 2, 1), **more}
    return Person(
        given.get("stream", f"offender-{uuid4()}"),
        given["client_id"],
        given["crn"],
        surname,
        forenames,
        given["dob"],
        names,
        (),
        (),
        tuple(given.get("keys", ())),
    )


def found(people: list[Person], **asked: str) -> list[str]:
    index = People()
    for each in people:
        index.put(each)
    return [f"{each.surname}, {each.forenames}" for each in index.find(question(asked))]


ANN, BEN, ZOE = somebody(), somebody("O'Neill-Smith", "Ben", client_id="1234567"), somebody("Żak", "Zoë", crn=None)
ALL = [ANN, BEN, ZOE]


@pytest.mark.parametrize(
    "asked, expected",
    [
        ({"surname": "jones"}, ["Jones, Ann Marie"]),
        ({"surname": "JON*"}, ["Jones, Ann Marie"]),
        ({"surname": "jon"}, []),
        ({"surname": "oneill smith"}, ["O'Neill-Smith, Ben"]),
        ({"surname": "O’NEILL-*"}, ["O'Neill-Smith, Ben"]),
        ({"surname": "zak", "forenames": "zoe"}, ["Żak, Zoë"]),
        ({"surname": "jones", "forenames": "ann"}, ["Jones, Ann Marie"]),
        ({"surname": "jones", "forenames": "an"}, []),
        ({"surname": "jones", "forenames": "a*"}, ["Jones, Ann Marie"]),
        ({"surname": "jones", "forenames": "marie"}, []),
        ({"client_id": "1234567"}, ["O'Neill-Smith, Ben"]),
        ({"crn": "x123456", "surname": "jones"}, ["Jones, Ann Marie"]),
        ({"date_of_birth": "1990-02-01"}, ["Jones, Ann Marie", "O'Neill-Smith, Ben", "Żak, Zoë"]),
        ({"date_of_birth": "1990-02-01", "surname": "zak"}, ["Żak, Zoë"]),
        ({"client_id": "1234567", "surname": "jones"}, []),
    ],
)
def test_whom_a_question_finds(asked, expected):
    assert found(ALL, **asked) == expected


def test_an_alias_finds_under_the_name_on_file_and_once():
    assert found([somebody("Jones", "Ann", ("Jonson", "Annie"), ("Jonas", "A"))], surname="jo*") == ["Jones, Ann"]
    assert found([somebody("Jones", "Ann", ("Smith", "Annie"))], surname="smith", forenames="ann") == []
    assert found([somebody("Jones", "Ann", ("Smith", "Annie"))], surname="smith") == ["Jones, Ann"]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"forenames": "Ann"},
        {"surname": ""},
        {"surname": "*"},
        {"surname": "j*"},
        {"surname": "jo*es"},
        {"surname": "'"},
        {"surname": 7},
        {"surname": None},
        {"surname": "x" * 101},
        {"client_id": "123456"},
        {"client_id": "12345678"},
        {"client_id": "١٢٣٤٥٦٧"},
        {"date_of_birth": "1.2.1990"},
        {"surname": "jones", "reason": "why"},
    ],
)
def test_a_question_by_which_nobody_is_found_is_malformed_and_not_repeated(asked):
    with pytest.raises(Malformed) as refused:
        question(asked)
    assert "why" not in str(refused.value)


def test_who_is_put_in_again_is_found_as_known_now_and_who_is_dropped_is_not_found():
    index = People()
    index.put(ANN)
    index.put(BEN)
    index.put(ANN._replace(surname="Bright", names=(Name("bright", "ann marie"),), client_id="7654321"))
    assert not index.find(question({"surname": "jones"}))
    assert not index.find(question({"client_id": "0710890"}))
    assert index.find(question({"surname": "bright", "client_id": "7654321"}))
    index.drop(ANN.stream)
    index.drop(ANN.stream)
    assert not index.find(question({"surname": "bright"}))
    assert len(index) == 1


def test_with_a_key_goes_whoever_is_known_by_it():
    index = People()
    index.put(somebody(keys=[b"k" * 16]))
    index.put(somebody("Smith", "Ann", keys=[b"l" * 16]))
    index.drop_keys([b"k" * 16, b"?" * 16])
    assert [each.surname for each in index.find(question({"date_of_birth": "1990-02-01"}))] == ["Smith"]


NAMES = st.sampled_from(["Jones", "Jonas", "JONSON", "Smith", "O'Neill", "Oneill", "Żak", "Zak-Smith"])
PEOPLE = st.builds(
    somebody,
    NAMES,
    st.sampled_from(["Ann", "Ann Marie", "Annie", "Ben"]),
    st.tuples(NAMES, st.sampled_from(["A", "Ann"])),
    client_id=st.sampled_from(["0710890", "1234567"]),
)
ASKED = st.fixed_dictionaries(
    {"surname": st.sampled_from(["jones", "jo*", "jon*", "zak*", "oneill", "smith"])},
    optional={"forenames": st.sampled_from(["ann", "an*", "ben"]), "client_id": st.sampled_from(["0710890"])},
)


@settings(max_examples=200)
@given(st.lists(PEOPLE, max_size=12), st.lists(PEOPLE, max_size=4), ASKED)
def test_the_index_finds_whom_looking_at_everybody_finds(first, then, asked):
    index = People()
    for each in (*first, *then):
        index.put(each)
    for each in first[::3]:
        index.drop(each.stream)
    there = [*(each for n, each in enumerate(first) if n % 3), *then]

    def fits(each: Person) -> bool:
        def name(asked: str | None, own: str, first_words: bool) -> bool:
            if asked is None:
                return True
            if asked.endswith("*"):
                return own.startswith(asked[:-1])
            return own == asked or (first_words and own.split(" ")[: len(asked.split(" "))] == asked.split(" "))

        numbers = asked.get("client_id") in (None, each.client_id)
        return numbers and any(
            name(asked["surname"], one.surname, False) and name(asked.get("forenames"), one.forenames, True)
            for one in each.names
        )

    assert {each.stream for each in index.find(question(asked))} == {each.stream for each in there if fits(each)}


def test_the_first_so_many_are_those_of_everybody_in_order():
    everybody = People()
    for number in range(40):
        given = ("Jones", "Jonas", "Joy")[number % 3], ("Ann", "Abe", "Zoe")[number % 5 % 3]
        everybody.put(somebody(*given, ("Jordan", "Ann")) if number % 4 else somebody(*given))
    for asked in ({"surname": "Jo*"}, {"surname": "Jones"}, {"surname": "Jo*", "forenames": "A*"}):
        whole = everybody.find(question(asked))
        assert len(whole) > 7
        for most in (1, 2, 7, len(whole), len(whole) + 5):
            assert everybody.find(question(asked), most) == whole[:most]
