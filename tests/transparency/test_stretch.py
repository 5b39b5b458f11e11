"""Reading many entries at once finds what reading them one by one finds: nothing more, nothing less, nothing else."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.transparency.test_entry import FULL, HASH, LEAST, entry_with
from tests.transparency.test_verify import (
    ORIGIN,
    PLANTED,
    Ledger,
    Tampering,
    closed_script,
    script,
    seal,
    sound,
)

from ledger.transparency import swift
from ledger.transparency.entry import MAX_ITEMS, SealedEntry, parse_entry
from ledger.transparency.errors import FormatError
from ledger.transparency.stretch import Columns, StretchReader
from ledger.transparency.swift import SwiftVerifier
from ledger.transparency.tree import leaf_hash
from ledger.transparency.verify import Report, StoredRow, verify_ledger

KEY_ID = "019a0000-0000-4000-8000-00000000000e"
PLAIN: SealedEntry = {**FULL, "sealed": {"note": [HASH, KEY_ID], "source/ref": [HASH, KEY_ID]}}


def microseconds(text: object) -> int:
    try:
        since = datetime.fromisoformat(str(text)) - datetime(2000, 1, 1, tzinfo=UTC)
    except (ValueError, TypeError):
        return 0
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def said(entry: bytes) -> dict[str, Any]:
    """What an entry says, as far as it says anything."""
    try:
        found: object = orjson.loads(entry)
    except orjson.JSONDecodeError:
        found = None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def columns(rows: Sequence[StoredRow]) -> Columns:
    """As a store hands them over. It stores times that fit, for their column is not part of a StoredRow."""
    return Columns(
        rows[0].position,
        b"\n".join(row.entry for row in rows),
        b"".join(row.leaf or b"" for row in rows),
        b"\n".join((row.stream or "").encode() for row in rows),
        b"".join((row.version or 0).to_bytes(8) for row in rows),
        b"".join(microseconds(said(row.entry).get("recorded")).to_bytes(8, signed=True) for row in rows),
    )


def swiftly(ledger: Ledger, length: int, readers: int = 1) -> tuple[Report, int]:
    """The report that stretches of this length lead to, and how many of them held."""
    verifier = SwiftVerifier(
        checkpoints=ledger.checkpoints, origin=ORIGIN, verifiers=ledger.verifiers, earlier=ledger.earlier
    )
    rows, taken = list(ledger.rows()), 0
    all_readers = [StretchReader() for _ in range(readers)]
    for number, at in enumerate(range(0, len(rows), length)):
        part, reader = rows[at : at + length], number % readers
        stretch = None
        if [row.position for row in part] == list(range(part[0].position, part[0].position + len(part))):
            sizes = verifier.sizes(part[0].position, part[-1].position)
            stretch = all_readers[reader].read(columns(part), sizes)
        if stretch is not None and verifier.take(stretch, reader):
            taken += 1
        else:
            verifier.add(part)
    return verifier.finish(head=ledger.head, chains=ledger.chains.values()), taken


# --- a whole ledger ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("readers", [1, 3])
def test_a_sound_ledger_is_taken_whole(length: int, readers: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(swift, "STRETCH", length)
    ledger = sound()
    report, taken = swiftly(ledger, length, readers)
    assert taken == -(-11 // length)
    assert report == ledger.verify()
    assert report.ok


@pytest.mark.parametrize("length", [1, 2, 4, 16])
@pytest.mark.parametrize("tamper", [planted[1] for planted in PLANTED], ids=[planted[0] for planted in PLANTED])
def test_a_planted_change_leads_to_the_same_report(tamper: Tampering, length: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(swift, "STRETCH", length)
    ledger = sound()
    tamper(ledger)
    report, _ = swiftly(ledger, length, readers=2)
    assert not report.ok
    sizes = [each.size for each in ledger.checkpoints]
    if sizes == sorted(sizes):  # as they must be given
        assert report == ledger.verify()


@pytest.mark.parametrize("length", [1, 2, 4])
def test_closings_between_stretches_are_held_against_the_chains_of_both_ways(
    length: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(swift, "STRETCH", length)
    for entries in (closed_script(), closed_script(heads=HASH), closed_script(size=3)):
        ledger = seal(entries)
        report, taken = swiftly(ledger, length)
        assert report == ledger.verify()
        assert taken > 0


@settings(max_examples=300)
@given(st.randoms(use_true_random=False), st.sampled_from([2, 4, 8]))
def test_anything_changed_anywhere_leads_to_the_same_report(drawn: random.Random, length: int):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(swift, "STRETCH", length)
        entries = script()
        for _ in range(drawn.randrange(3)):
            changed = cast("dict[str, Any]", entries[drawn.randrange(11)])
            changed |= drawn.choice(MEMBERS)
        try:
            ledger = seal(entries)
        except (FormatError, KeyError, TypeError):
            return
        for _ in range(drawn.randrange(3)):
            at = drawn.randrange(11)
            match drawn.randrange(6):
                case 0:
                    ledger.entries[at] = spoilt(drawn, ledger.entries[at])
                case 1:
                    ledger.entries[at] = spoilt(drawn, ledger.entries[at])
                    ledger.leaves[at] = leaf_hash(ledger.entries[at])
                case 2:
                    ledger.leaves[at] = ledger.leaves[drawn.randrange(11)]
                case 3:
                    ledger.columns[at] = ledger.columns[drawn.randrange(11)]
                case 4:
                    ledger.positions[at] += drawn.choice([-1, 1, 1000])
                case _:
                    ledger.entries[at] = ledger.entries[drawn.randrange(11)]
        report, _ = swiftly(ledger, length, drawn.randrange(1, 3))
        assert report == ledger.verify()


# --- one entry -----------------------------------------------------------------------------------------------

MEMBERS: list[dict[str, object]] = [
    {"about": ["a", "b"]},
    {"about": ["b", "a"]},
    {"about": ["ann"]},
    {"about": [f"id-{number:03}" for number in range(MAX_ITEMS)]},
    {"id": "019a0000-0000-7000-8000-000000000002"},
    {"id": "019A0000-0000-7000-8000-000000000002"},
    {"id": "019a0000-0000-4000-8000-000000000002"},
    {"key": KEY_ID},
    {"key": "019a0000-0000-1000-8000-000000000002"},
    {"key": "019a00000-000-4000-8000-000000000002"},
    {"effective": "2025-02-30"},
    {"effective": "2025-02-28T24:00:00Z"},
    {"effective": "2025-02-28T23:00:00.1Z"},
    {"effective": ""},
    {"recorded": "2025-04-07T16:30:03.000000Z"},
    {"recorded": "2025-04-07T16:30:03.00000Z"},
    {"recorded": "2025-04-31T16:30:03.000000Z"},
    {"recorded": "2025-04-07T16:30:60.000000Z"},
    {"recorded": "1999-04-07T16:30:03.000000Z"},
    {"rests_on": [1, 1]},
    {"rests_on": [2, 1]},
    {"rests_on": [12]},
    {"rests_on": list(range(1, MAX_ITEMS + 2))},
    {"release": 3},
    {"release": 2**53 - 1},
    {"policy": 0},
    {"seen": {"position": 0, "as_at": "2025-01-01", "known_at": "2025-01-01T00:00:00Z"}},
    {"seen": {"position": 0, "as_at": "2025-13-01"}},
    {"seen": {"position": 11}},
    {"source": {"system": "delius", "recorded": "2025-01-01"}},
    {"source": {"system": "delius", "recorded": ""}},
    {"source": {"system": "{}"}},
    {"under": ["A", "A"]},
    {"under": ["A", "B"]},
    {"under": ['A","B']},
    {"caused_by": "é"},
    {"caused_by": 'a"b'},
    {"caused_by": "a\nb"},
    {"marking": "x\\"},
    {"marking": ""},
    {"stream": "Ann"},
    {"type": "ledger.closed.v1"},
    {"type": "noun.fact.v0"},
    {"sealed": {"note": [HASH, KEY_ID]}},
    {"sealed": {"note": [HASH, KEY_ID], "a": [HASH, KEY_ID], "z/0": [HASH, KEY_ID.replace("e", "f")]}},
    {"sealed": {"Note": [HASH, KEY_ID]}},
    {"sealed": {"note": ["B" * 43 + "=", KEY_ID]}},
    {"sealed": {"note": [HASH, "}"]}},
    {"values": {"kind": "FTB"}},
    {"values": {"kind": 1, "more": [1, 2, "3", None, True], "deep": {"er": [{"est": []}]}}},
    {"values": {"kind": 1.5}},
    {"values": {"kind": 2**53}},
    {"values": {"Kind": 1}},
    {"values": {"kind": list(range(MAX_ITEMS + 1))}},
    {"values": {"kind": "x" * 33_000}},
    {"values": {}},
    {"values": {"kind": 'a","version":9}'}},
    {"other": 1},
]
FRAGMENTS = [
    b'"', b",", b"{", b"}", b"[", b"]", b":", b"0", b"-", b"1", b".0", b"e1", b"\\", b"\n", b" ", b"\x00", b"\x7f",
    b"\xc3\xa9",
    b"\xff", b"null", b"true", b'"a":1,', b',"a":1', b'"values":{},', b',"version":1}', b'"policy":01,', b'"policy":1,',
    b'"entry":1,', b"A", b"=", b"Z", b"{}", b"[]", b'""', b"-0", b'{"a":1,"a":2}',
]  # fmt: skip


def spoilt(drawn: random.Random, data: bytes) -> bytes:
    """These bytes with a piece taken out, put in, put elsewhere or changed."""
    start = drawn.randrange(len(data))
    end = min(len(data), start + drawn.choice([0, 0, 1, 1, 2, 5, 20]))
    match drawn.randrange(4):
        case 0:
            piece = drawn.choice(FRAGMENTS)
        case 1:
            piece = b""
        case 2:
            other = drawn.randrange(len(data))
            piece = data[other : other + drawn.randrange(30)]
        case _:
            piece = bytes([data[start] ^ 1 << drawn.randrange(8)])
    return data[:start] + piece + data[end:]


def read(data: bytes) -> object:
    members = said(data)
    stream, version = members.get("stream"), members.get("version")
    stored = version if isinstance(version, int) and 0 <= version < 2**63 else 0
    return StretchReader().read(columns([StoredRow(10_000, data, leaf_hash(data), str(stream), stored)]))


def holds_alone(data: bytes) -> bool:
    """What the oracle finds in an entry that has nothing before it but its version."""
    report = verify_ledger([StoredRow(10_000, data)])
    return not {each.code for each in report.findings} - {"position-missing", "version-differs"}


@pytest.mark.parametrize("entry", [PLAIN, LEAST, *(PLAIN | members for members in MEMBERS[:1])])
def test_an_ordinary_entry_is_read(entry: SealedEntry):
    assert read(entry_with(entry)) is not None


@pytest.mark.parametrize("members", MEMBERS)
def test_what_is_read_at_once_is_an_entry(members: dict[str, object]):
    for base in (PLAIN, LEAST):
        try:
            data = entry_with(base, **members)
        except (TypeError, orjson.JSONEncodeError):
            return
        assert holds_alone(data) or read(data) is None


@settings(max_examples=2_000)
@given(st.randoms(use_true_random=False), st.sampled_from([PLAIN, LEAST]))
def test_no_spoilt_bytes_are_read_at_once_that_are_no_entry(drawn: random.Random, base: SealedEntry):
    data = entry_with(base)
    for _ in range(drawn.randrange(1, 4)):
        data = spoilt(drawn, data)
        if not data:
            return
    if read(data) is not None:
        assert holds_alone(data)
        parse_entry(data)


@given(st.lists(st.sampled_from(MEMBERS), max_size=4))
def test_a_layout_that_was_sound_once_lets_nothing_unsound_pass(chosen: list[dict[str, object]]):
    reader = StretchReader()
    sealed = [entry_with(PLAIN, **members) for members in [{}, *chosen, {}]]
    for data in sealed:
        members = said(data)
        row = StoredRow(10_000, data, leaf_hash(data), members["stream"], members["version"])
        if reader.read(columns([row])) is not None:
            assert holds_alone(data)


def test_a_column_beside_an_entry_that_says_something_else_is_for_the_oracle():
    data = entry_with(PLAIN)
    given_columns = columns([StoredRow(10_000, data, leaf_hash(data), PLAIN["stream"], PLAIN["version"])])
    assert StretchReader().read(given_columns) is not None
    for name in ("leaves", "streams", "versions", "recorded"):
        other = bytearray(getattr(given_columns, name))
        other[-1] ^= 1
        assert StretchReader().read(given_columns._replace(**{name: bytes(other)})) is None
