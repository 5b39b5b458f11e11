"""One canonical form, whoever writes it: ours, the rfc8785 package's, the standard library's, orjson's."""

import json
from collections.abc import Callable
from typing import cast

import orjson
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.transparency.entry import MAX_INTEGER, MAX_ITEMS, MAX_TEXT_BYTES, Json, canonical
from ledger.transparency.errors import FormatError

peer = cast("Callable[[object], bytes]", rfc8785.dumps)

TEXTS = st.text(st.characters(codec="utf-8"))
NAMES = st.from_regex(r"[a-z0-9_/-]{1,12}", fullmatch=True)
VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=20,
)


@settings(max_examples=500)
@given(VALUES)
def test_ours_is_the_form_of_rfc_8785_and_the_standard_library_and_orjson_write_it_too(value: Json):
    by_json = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    by_orjson = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    assert canonical(value) == peer(value) == by_json == by_orjson


def test_every_character_that_json_might_escape_is_written_as_rfc_8785_writes_it():
    text = "".join(map(chr, [*range(0x3000), *range(0xE000, 0x10010)]))
    for start in range(0, len(text), 4096):
        assert canonical(text[start : start + 4096]) == peer(text[start : start + 4096])


def test_members_are_sorted_by_their_names_bytes():
    names = ["z", "a", "_", "-", "/", "0", "a/b", "a-b", "a_b", "aa", "a0"]
    assert list(json.loads(canonical(dict.fromkeys(names)))) == sorted(names)


def _nested(depth: int) -> Json:
    value: Json = []
    for _ in range(depth - 1):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        MAX_INTEGER,
        -MAX_INTEGER,
        [0] * MAX_ITEMS,
        "x" * MAX_TEXT_BYTES,
        "é" * (MAX_TEXT_BYTES // 2),
        _nested(16),
        {"a/0": (1, 2)},
        {},
    ],
    ids=lambda value: repr(value)[:20],
)
def test_values_at_their_limit_are_written(value: Json):
    assert orjson.loads(canonical(value)) == (
        list(v) if isinstance(v := value, tuple) else orjson.loads(orjson.dumps(v))
    )


@pytest.mark.parametrize(
    "value,why",
    [
        (1.0, "a float where"),
        (float("nan"), "a float where"),
        ({"a": [1, {"b": 0.5}]}, "a float where"),
        (MAX_INTEGER + 1, "not within"),
        (-MAX_INTEGER - 1, "not within"),
        (10**400, "not within"),
        ([0] * (MAX_ITEMS + 1), "501 items"),
        ("x" * (MAX_TEXT_BYTES + 1), "more than 32768 bytes"),
        ("é" * (MAX_TEXT_BYTES // 2) + "x", "more than 32768 bytes"),
        (_nested(17), "more than 16 deep"),
        ({"A": 1}, "member name 'A'"),
        ({"": 1}, "member name ''"),
        ({"a\n": 1}, "member name"),
        ({"é": 1}, "member name"),
        ({1: 1}, "member name '1'"),
        ({None: 1}, "member name 'None'"),
        ("\ud800", "cannot be written"),
        (["\udfff"], "cannot be written"),
        (b"bytes", "a bytes where"),
        ({1, 2}, "a set where"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_no_entry_may_hold_is_refused_with_its_reason(value: Json, why: str):
    with pytest.raises(FormatError, match=why):
        canonical(value)
