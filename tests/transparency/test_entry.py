"""Entry bytes are read only in their one form, and every member is held to what the format says of it."""

import json
import time
from typing import Any, cast

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.transparency.entry import (
    MAX_DEPTH,
    MAX_ENTRY_BYTES,
    MAX_INTEGER,
    MAX_ITEMS,
    MAX_TEXT_BYTES,
    SealedEntry,
    format_entry,
    parse_entry,
)
from ledger.transparency.errors import EntryError, FormatError

HASH = "A" * 43 + "="
FULL: SealedEntry = {
    "entry": 1,
    "id": "019a0000-0000-7000-8000-000000000001",
    "stream": "offender-019a0000-0000-7000-8000-00000000000a",
    "version": 12,
    "previous": HASH,
    "type": "offender.absence-recorded.v1",
    "about": ["child-2", "placement-1"],
    "effective": "2025-04-07",
    "recorded": "2025-04-07T16:30:12.345678Z",
    "by": {"id": "019a0000-0000-4000-8000-00000000000b", "role": "supervisor", "unit": "kent-north"},
    "key": "019a0000-0000-4000-8000-00000000000c",
    "caused_by": "019a0000-0000-7000-8000-00000000000d",
    "marking": "RESTRICTED",
    "seen": {"position": 4711, "as_at": "2025-04-07", "known_at": "2025-04-07T16:29:00.1Z"},
    "source": {"system": "delius", "recorded": "2025-04-06T08:00:00Z"},
    "under": ["ENF-03@manual-2022", "ENF-01@manual-2022"],
    "policy": 31,
    "release": 4,
    "rests_on": [4710, 4702],
    "values": {"date": "2025-04-07", "kind": "FTA", "minutes": 90, "late": False, "tags": ["a", None, {"b/0": 1}]},
    "sealed": {"note": [HASH, "019a0000-0000-4000-8000-00000000000e"], "source/ref": [HASH, "k"]},
}
LEAST: SealedEntry = {
    "entry": 1,
    "id": "019a0000-0000-7000-8000-000000000001",
    "stream": "policy",
    "version": 1,
    "previous": None,
    "type": "policy.setting-changed.v1",
    "effective": "2025-04-07T16:30:12.5Z",
    "recorded": "2025-04-07T16:30:12.345678Z",
    "by": {"id": "s1", "role": "system"},
}
REQUIRED = set(LEAST)


def entry_with(base: SealedEntry = FULL, /, **members: object) -> bytes:
    """The canonical bytes of an entry with these members set, whatever they are."""
    return orjson.dumps({**base, **members}, option=orjson.OPT_SORT_KEYS)


def refusal(data: bytes) -> str:
    with pytest.raises(EntryError) as refused:
        parse_entry(data)
    return str(refused.value)


# --- one form ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", [FULL, LEAST], ids=["full", "least"])
def test_an_entry_comes_back_from_its_bytes(entry: SealedEntry):
    assert parse_entry(format_entry(entry)) == entry
    assert format_entry(entry) == json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize("name", sorted(set(FULL) - REQUIRED))
def test_a_member_that_is_not_required_may_be_absent(name: str):
    entry = cast("dict[str, Any]", FULL.copy())
    del entry[name]
    assert parse_entry(format_entry(cast("SealedEntry", entry))) == entry


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_a_required_member_may_not_be_absent(name: str):
    members = {key: value for key, value in LEAST.items() if key != name}
    assert refusal(orjson.dumps(members, option=orjson.OPT_SORT_KEYS)) == f"without {name}"


@pytest.mark.parametrize("name", sorted(set(FULL) - {"previous"}))
def test_no_member_but_previous_may_be_null(name: str):
    assert refusal(entry_with(**{name: None})).startswith(f"{name}: expected")


@pytest.mark.parametrize("name", ["ent", "verse", "vaults", "zeal", "a", "Values", "value s", ""])
def test_a_member_of_another_name_is_refused(name: str):
    assert "is no member of an entry" in refusal(entry_with(**{name: {"a": 1}}))


def test_a_member_cannot_hide_behind_values():
    # Read by the grammar alone, the bytes of `values` could run on over the members that follow them.
    hidden_members: list[dict[str, object]] = [{"vast": {"b": 1}}, {"values_": {}}, {"vat": 1, "veal": {"x": {}}}]
    for hidden in hidden_members:
        assert "is no member of an entry" in refusal(entry_with(**hidden))


def test_an_entry_that_would_not_be_read_again_is_not_written():
    for wrong in ({"version": 0}, {"marking": "\ud800"}, {"values": {"a": 0.5}}, {"stream": "child-2"}):
        with pytest.raises(FormatError):
            format_entry(cast("SealedEntry", {**FULL, **wrong}))


CANONICAL = format_entry(LEAST)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(CANONICAL + b"\n", id="a newline at the end"),
        pytest.param(b" " + CANONICAL, id="a space at the start"),
        pytest.param(CANONICAL.replace(b":", b": ", 1), id="a space between"),
        pytest.param(json.dumps(LEAST, separators=(",", ":")).encode(), id="members in another order"),
        pytest.param(CANONICAL.replace(b'"entry":1,', b'"entry":1,"entry":1,'), id="a member twice"),
        pytest.param(CANONICAL.replace(b'"system"', b'"s\\u0079stem"'), id="a needless escape"),
        pytest.param(CANONICAL.replace(b'"s1"', b'"s\\/1"'), id="an escaped slash"),
        pytest.param(entry_with(values={"a": "é"}).replace("é".encode(), b"\\u00e9"), id="escaped beyond ASCII"),
        pytest.param(entry_with(values={"a": "\n"}).replace(b"\\n", b"\\u000a"), id="the longer of two escapes"),
        pytest.param(entry_with(values={"a": "\x1f"}).replace(b"\\u001f", b"\\u001F"), id="an escape in capitals"),
        pytest.param(entry_with(values={"a": 7}).replace(b'{"a":7}', b'{"a":7e0}'), id="an exponent"),
        pytest.param(entry_with(values={"a": 0}).replace(b'{"a":0}', b'{"a":-0}'), id="minus zero"),
    ],
)
def test_any_other_spelling_is_refused(data: bytes):
    assert orjson.loads(data)
    assert refusal(data) == "not in canonical form (RFC 8785)"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"not json",
        CANONICAL[:-1],
        CANONICAL + CANONICAL,
        b"\xef\xbb\xbf" + CANONICAL,
        CANONICAL.replace(b"s1", b"\xff"),
        CANONICAL.replace(b"s1", b"\\ud800"),
        CANONICAL.replace(b"s1", b"a\nb"),
        entry_with(values={"a": 7}).replace(b'{"a":7}', b'{"a":07}'),
        entry_with(values={"a": 7}).replace(b'{"a":7}', b'{"a":NaN}'),
        entry_with(values={"a": 7}).replace(b'{"a":7}', b'{"a":1e999}'),
        b"[" * 60_000,
        b'{"a":' * 12_000,
    ],
    ids=range(14),
)
def test_bytes_that_are_no_json_are_refused(data: bytes):
    assert refusal(data).startswith("not JSON")


@pytest.mark.parametrize("data", [b"null", b"1", b'"text"', b"[]", b"[{}]"])
def test_json_that_is_no_object_is_refused(data: bytes):
    assert refusal(data) == "not a JSON object"


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_noise_is_refused_with_the_one_error(noise: bytes):
    refusal(noise)


@settings(max_examples=300)
@given(st.data())
def test_a_byte_changed_is_refused_or_read_as_exactly_those_bytes(data: st.DataObject):
    entry = bytearray(format_entry(FULL))
    entry[data.draw(st.integers(0, len(entry) - 1))] = data.draw(st.integers(0, 255))
    try:
        read = parse_entry(bytes(entry))
    except EntryError:
        return
    assert format_entry(read) == bytes(entry)


# --- members -----------------------------------------------------------------------------------------------

BAD: dict[str, list[object]] = {
    "entry": [0, 2, "1", True, 1.0],
    "id": ["019A0000-0000-7000-8000-000000000001", "019a0000-0000-4000-8000-000000000001", "019a", "", 7],
    "stream": ["", "Offender", "offender/7", "offender 7", "é", 1],
    "version": [0, -1, 1.0, "1", True],
    "previous": ["", "A" * 44, "A" * 42 + "B=", "A" * 43, "-" * 43 + "=", 1],
    "type": ["", "absence", "offender.absence", "offender.absence.v0", "offender.absence.v01", "a.b.c.v1", "A.b.v1"],
    "about": [[], ["A"], [""], [1], "child-2", {"a": 1}, ["a"] * (MAX_ITEMS + 1)],
    "effective": ["", "2025-4-7", "2025-04-07T16:30", "2025-04-07T16:30:00", "2025-04-07T16:30:00+01:00", 1],
    "recorded": ["2025-04-07", "2025-04-07T16:30:12Z", "2025-04-07T16:30:12.345Z", "2025-04-07 16:30:12.345678Z"],
    "by": [{}, {"id": "a"}, {"role": "a"}, {"id": "", "role": "a"}, {"id": "a", "name": "b", "role": "c"}, "a", []],
    "key": ["019a0000-0000-5000-8000-000000000001", "019a0000-0000-7000-c000-000000000001", "k", 1],
    "caused_by": ["", 1, []],
    "marking": ["", 1],
    "seen": [{}, 1, {"position": -1}, {"position": "1"}, {"as_at": "2025-04-07"}, {"position": 1, "x": 1}],
    "source": [{}, {"recorded": "2025-04-07"}, {"by": "a name", "system": "a"}, {"system": ""}, "delius"],
    "under": [[], [""], [1], "ENF-03"],
    "policy": [-1, "1", 0.5, True],
    "release": [0, "1", True],
    "rests_on": [[], [0], ["1"], [1.5], 1],
    "values": [{}, [], "a", 1, [{"a": 1}]],
    "sealed": [
        {},
        [],
        {"note": HASH},
        {"note": [HASH]},
        {"note": [HASH, ""]},
        {"note": [HASH, "k", "k"]},
        {"note": ["A" * 42 + "B=", "k"]},
        {"note": ["k", HASH]},
        {"Note": [HASH, "k"]},
        {"": [HASH, "k"]},
    ],
}


def test_every_member_has_bad_values_to_try():
    assert BAD.keys() == FULL.keys()


@pytest.mark.parametrize("name", sorted(BAD))
def test_a_member_of_another_kind_is_refused_by_its_name_and_without_its_value(name: str):
    for value in BAD[name]:
        message = refusal(entry_with(**{name: value}))
        assert message.startswith(f"{name}: expected"), (value, message)


def test_only_version_one_has_no_previous():
    for members in ({"version": 1}, {"previous": None}):
        assert refusal(entry_with(**members)) == "previous: null in version 1 and never otherwise"


@pytest.mark.parametrize("about", [["b", "a"], ["a", "a"], ["a", "c", "b"]])
def test_ids_it_is_about_are_sorted_and_each_once(about: list[str]):
    assert refusal(entry_with(about=about)) == "about: not sorted, each id once"


def test_an_entry_is_not_about_its_own_stream():
    assert refusal(entry_with(about=["a", FULL["stream"]])) == "about: names its own stream"


def test_rules_and_positions_are_named_once():
    assert refusal(entry_with(under=["a", "b", "a"])) == "under: one of them twice"
    assert refusal(entry_with(rests_on=[1, 1])) == "rests_on: one of them twice"


@pytest.mark.parametrize(
    "members",
    [
        {"effective": "2025-02-29"},
        {"effective": "2025-04-07T24:00:00Z"},
        {"recorded": "2025-04-31T16:30:12.345678Z"},
        {"recorded": "2025-06-30T23:59:60.000000Z"},
        {"recorded": "0000-01-01T00:00:00.000000Z"},
        {"seen": {"position": 1, "as_at": "2025-13-01"}},
        {"seen": {"position": 1, "known_at": "2025-04-07T16:60:00Z"}},
        {"source": {"system": "a", "recorded": "2025-00-01"}},
    ],
)
def test_a_time_that_is_in_no_calendar_is_refused(members: dict[str, object]):
    assert refusal(entry_with(**members)).endswith("is in no calendar")


# --- limits ------------------------------------------------------------------------------------------------


def nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


def test_the_limits_are_those_of_the_format():
    limits = (MAX_ENTRY_BYTES, MAX_TEXT_BYTES, MAX_DEPTH, MAX_ITEMS, MAX_INTEGER)
    assert limits == (65_535, 32_768, 16, 500, 9_007_199_254_740_991)


def test_a_list_of_ids_rules_or_positions_may_be_as_long_as_its_limit():
    names = [f"{i:04}" for i in range(MAX_ITEMS)]
    positions = list(range(1, MAX_ITEMS + 1))
    parse_entry(entry_with(about=names, under=names, rests_on=positions))
    assert refusal(entry_with(about=[*names, "z"])).startswith("about: expected a list of 1 to 500")
    assert refusal(entry_with(under=[*names, "z"])).startswith("under: expected a list of 1 to 500")
    assert refusal(entry_with(rests_on=[*positions, 999])).startswith("rests_on: expected a list of 1 to 500")


def test_an_entry_may_be_as_long_as_its_limit_and_no_longer():
    short = len(entry_with(values={"a": "", "b": "x" * MAX_TEXT_BYTES}))
    for length, fits in ((MAX_ENTRY_BYTES, True), (MAX_ENTRY_BYTES + 1, False)):
        data = entry_with(values={"a": "x" * (length - short), "b": "x" * MAX_TEXT_BYTES})
        assert len(data) == length
        if fits:
            parse_entry(data)
        else:
            assert refusal(data) == "65536 bytes, more than 65535"


@pytest.mark.parametrize(
    "value",
    [MAX_INTEGER, -MAX_INTEGER, "x" * MAX_TEXT_BYTES, [0] * MAX_ITEMS, nested(MAX_DEPTH - 2), "", [], {}, None],
    ids=lambda value: repr(value)[:12],
)
def test_a_value_at_its_limit_is_read(value: object):
    assert parse_entry(entry_with(values={"a": value})).get("values") == {"a": value}


@pytest.mark.parametrize(
    "value,why",
    [
        (0.5, "a float where JSON without floats is expected"),
        ("x" * (MAX_TEXT_BYTES + 1), "a text of more than 32768 bytes"),
        ([0] * (MAX_ITEMS + 1), "a list of 501 items, more than 500"),
        (nested(MAX_DEPTH - 1), "nested more than 16 deep"),
        ({"A": 1}, "the member name 'A' is not of [a-z0-9_/-]+"),
    ],
    ids=lambda value: repr(value)[:12],
)
def test_a_value_beyond_its_limit_is_refused(value: object, why: str):
    assert refusal(entry_with(values={"a": value})) == why


@pytest.mark.parametrize("number", [MAX_INTEGER + 1, -MAX_INTEGER - 1, 2**63, 10**30])
def test_an_integer_beyond_its_limit_is_refused_wherever_it_stands(number: int):
    written = str(number).encode()
    refusal(entry_with(values={"a": 7}).replace(b'{"a":7}', b'{"a":%b}' % written))
    refusal(entry_with().replace(b'"policy":31', b'"policy":%b' % written))
    refusal(entry_with().replace(b"[4710,4702]", b"[4710,%b]" % written))


def test_a_text_beyond_its_limit_is_refused_outside_the_values_too():
    assert refusal(entry_with(marking="x" * (MAX_TEXT_BYTES + 1))) == "a text of more than 32768 bytes"


def test_a_hostile_entry_is_refused_in_a_moment():
    text = "\\" * 15_000
    started = time.perf_counter()
    for hostile in (
        entry_with(marking=text, version="x"),
        entry_with(under=[text], version=0),
        entry_with(values={"a": ['},"version":0'] * MAX_ITEMS}, version=0),
        entry_with(sealed={f"p{i}": [HASH, "k"] for i in range(900)}, stream=""),
    ):
        refusal(hostile)
    assert time.perf_counter() - started < 2
