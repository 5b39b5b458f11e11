"""Each kind of change is planted in a sound ledger, and the oracle finds it and names its place."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.transparency import textbook_heads

from ledger.transparency.chain import chain_of
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.entry import SealedEntry, format_entry, parse_entry
from ledger.transparency.names import Name
from ledger.transparency.note import Signer, Verifier, encode_base64, sign_note
from ledger.transparency.tree import EMPTY_ROOT, RightEdge, leaf_hash
from ledger.transparency.verify import (
    CODES,
    KeptCheckpoint,
    LedgerVerifier,
    Report,
    StoredChain,
    StoredHead,
    StoredRow,
    verify_ledger,
)

ORIGIN = "ledger.example/kent"
LOG = Signer(ORIGIN, b"\x01" * 32)
OTHER = Signer(ORIGIN, b"\x02" * 32)
EARLIER = Signer("ledger.example/before", b"\x03" * 32)

# Who writes, and about whom, position by position.
SCRIPT: list[tuple[str, list[str]]] = [
    ("ann", []),
    ("ben", ["site"]),
    ("ann", []),
    ("site", []),
    ("ann", ["ben", "site"]),
    ("ben", []),
    ("ann", ["child"]),
    ("site", ["ann"]),
    ("ben", []),
    ("ann", []),
    ("ann", ["site"]),
]
SIZES = [3, 5, 8, 11]


@dataclass
class Ledger:
    """Everything an oracle is given, free to be tampered with."""

    entries: list[bytes] = field(default_factory=list[bytes])
    leaves: list[bytes] = field(default_factory=list[bytes])
    positions: list[int] = field(default_factory=list[int])
    columns: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    chains: dict[str, StoredChain] = field(default_factory=dict[str, StoredChain])
    checkpoints: list[KeptCheckpoint] = field(default_factory=list[KeptCheckpoint])
    head: StoredHead = field(default_factory=lambda: StoredHead(0))
    verifiers: list[Verifier] = field(default_factory=lambda: [LOG.verifier()])
    earlier: list[Name] = field(default_factory=lambda: [Name(EARLIER.name, [EARLIER.verifier()], 4)])

    def rows(self) -> Iterator[StoredRow]:
        for position, entry, leaf, (stream, version) in zip(
            self.positions, self.entries, self.leaves, self.columns, strict=True
        ):
            yield StoredRow(position, entry, leaf, stream, version)

    def verify(self, **options: Any) -> Report:
        return verify_ledger(
            self.rows(),
            head=self.head,
            chains=self.chains.values(),
            checkpoints=self.checkpoints,
            origin=ORIGIN,
            verifiers=self.verifiers,
            earlier=self.earlier,
            **options,
        )


def entry_at(position: int, stream: str, version: int, previous: bytes | None, about: list[str]) -> SealedEntry:
    entry: SealedEntry = {
        "entry": 1,
        "id": f"019a0000-0000-7000-8000-{position:012x}",
        "stream": stream,
        "version": version,
        "previous": encode_base64(previous) if previous else None,
        "type": "offender.absence-recorded.v1",
        "effective": "2025-04-07",
        # Two share each instant: time need not move on, it must not go back.
        "recorded": f"2025-04-07T16:30:{position // 2:02}.000000Z",
        "by": {"id": "s1", "role": "supervisor"},
        "values": {"kind": "FTA"},
    }
    if about:
        entry["about"] = sorted(about)
    if position > 4:
        entry["rests_on"] = [position - 1]
        entry["seen"] = {"position": position - 1}
        entry["release"] = 4
    return entry


def seal(entries: list[SealedEntry]) -> Ledger:
    """A ledger that holds together around these entries, each with `previous` and `version` put right."""
    ledger = Ledger()
    versions: dict[str, tuple[int, bytes | None]] = {}
    places: dict[str, list[tuple[int, bytes]]] = {}
    edge = RightEdge()
    for position, entry in enumerate(entries, start=1):
        stream = entry["stream"]
        version, previous = versions.get(stream, (0, None))
        entry["version"], entry["previous"] = version + 1, encode_base64(previous) if previous else None
        data = format_entry(entry)
        leaf = leaf_hash(data)
        versions[stream] = version + 1, leaf
        for name in (stream, *entry.get("about", [])):
            places.setdefault(name, []).append((position - 1, leaf))
        edge = edge.append(leaf)
        ledger.entries.append(data)
        ledger.leaves.append(leaf)
        ledger.positions.append(position)
        ledger.columns.append((stream, version + 1))
        if position in SIZES:
            note = Checkpoint(ORIGIN, position, edge.root()).sign(LOG)
            ledger.checkpoints.append(KeptCheckpoint(position, edge.root(), note))
    for name, place in places.items():
        version, leaf = versions.get(name, (0, None))
        ledger.chains[name] = StoredChain(name, len(place), chain_of(place), place[-1][0], version, leaf)
    ledger.head = StoredHead(edge.size, edge.to_bytes(), edge.root())
    return ledger


CLOSED_AT = (5, 6, 9)


def closed_script(**lies: object) -> list[SealedEntry]:
    """The script with closings at these positions, the last of which may be told to lie."""
    entries = [entry_at(i, stream, 1, None, about) for i, (stream, about) in enumerate(SCRIPT, start=1)]
    for position in CLOSED_AT:
        before = seal(entries[: position - 1])
        heads = {name: (each.n, each.chain, each.last) for name, each in before.chains.items()}
        values = {"size": position - 1, "heads": encode_base64(textbook_heads.root(heads))}
        closing = entry_at(position, "ledger", 1, None, [])
        closing |= {"type": "ledger.closed.v1", "values": values | (lies if position == CLOSED_AT[-1] else {})}
        entries[position - 1] = closing
    return entries


def script() -> list[SealedEntry]:
    return [entry_at(i, stream, 1, None, about) for i, (stream, about) in enumerate(SCRIPT, start=1)]


def sound() -> Ledger:
    return seal(script())


# --- a sound ledger ----------------------------------------------------------------------------------------


def test_a_sound_ledger_holds_and_the_report_says_what_was_compared():
    report = sound().verify()
    assert (report.ok, report.found, report.findings) == (True, 0, ())
    assert (report.size, report.streams, report.chains, report.checkpoints, report.signatures) == (11, 3, 4, 4, 4)
    assert (report.first_recorded, report.last_recorded) == (
        "2025-04-07T16:30:00.000000Z",
        "2025-04-07T16:30:05.000000Z",
    )
    assert report.root == sound().head.root
    assert report.entry_bytes == sum(map(len, sound().entries))
    assert report.summary() == (
        "11 entries in 3 streams re-read, 4 chains and 4 checkpoints compared, 4 signatures checked: everything holds"
    )


def test_a_ledger_with_closings_holds():
    report = seal(closed_script()).verify()
    assert report.ok, report.summary()
    assert report.streams == 4


@pytest.mark.parametrize("position", [1, 2, 3, 4, 7, 8])
def test_an_entry_changed_before_a_closing_contradicts_its_heads_though_all_else_was_put_right(position: int):
    entries = closed_script()
    entries[position - 1]["values"] = {"kind": "FTB"}
    found = [finding.code for finding in seal(entries).verify().findings]
    assert set(found) == {"heads-differ"}
    assert len(found) == sum(position < at for at in CLOSED_AT)


def test_a_closing_among_positions_gone_wrong_is_a_finding_and_no_crash():
    ledger = seal(closed_script())
    ledger.positions[:] = [1] * 11
    assert "heads-differ" in {finding.code for finding in ledger.verify().findings}


def test_an_entry_before_the_first_is_a_finding_and_no_crash():
    ledger = sound()
    ledger.positions[0] = 0
    assert str(ledger.verify().findings[0]) == "position-out-of-order at position 0: comes after position 0"


def test_an_empty_ledger_holds():
    report = verify_ledger(
        [], head=StoredHead(0, b"", EMPTY_ROOT), chains=[], checkpoints=[KeptCheckpoint(0, EMPTY_ROOT)]
    )
    assert (report.ok, report.size, report.root, report.checkpoints) == (True, 0, EMPTY_ROOT, 1)


@given(st.integers(0, 11), st.integers(0, 11))
def test_rows_may_come_in_parts(one: int, other: int):
    ledger = sound()
    rows = list(ledger.rows())
    first, second = sorted((one, other))
    verifier = LedgerVerifier(checkpoints=ledger.checkpoints, origin=ORIGIN, verifiers=ledger.verifiers)
    for part in (rows[:first], rows[first:second], rows[second:]):
        verifier.add(part)
    assert verifier.finish(head=ledger.head, chains=ledger.chains.values()) == ledger.verify()


def test_more_leaves_than_are_hashed_at_once_make_the_same_tree(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(LedgerVerifier, "_BATCH", 2)
    assert sound().verify().ok


def test_what_is_not_given_is_not_compared():
    ledger = sound()
    rows = [StoredRow(row.position, row.entry) for row in ledger.rows()]
    report = verify_ledger(rows, checkpoints=[KeptCheckpoint(11, note=ledger.checkpoints[-1].note)])
    assert (report.ok, report.chains, report.checkpoints, report.signatures) == (True, 0, 1, 0)


# --- a tampered one ----------------------------------------------------------------------------------------

Tampering = Callable[[Ledger], None]


def rewrite(position: int, **members: object) -> Tampering:
    """The bytes at this position, with members changed and written canonically; the stored leaf hash put right too."""

    def tamper(ledger: Ledger) -> None:
        changed = {**parse_entry(ledger.entries[position - 1]), **members}
        ledger.entries[position - 1] = orjson.dumps(changed, option=orjson.OPT_SORT_KEYS)
        ledger.leaves[position - 1] = leaf_hash(ledger.entries[position - 1])

    return tamper


def reseal(position: int, **members: object) -> Tampering:
    """A liar with the key: members changed at this position, and all that follows sealed again to agree."""

    def tamper(ledger: Ledger) -> None:
        entries = script()
        entries[position - 1] = cast("SealedEntry", {**entries[position - 1], **members})
        ledger.__dict__.update(seal(entries).__dict__)

    return tamper


def change_a_byte(ledger: Ledger) -> None:
    ledger.entries[6] = ledger.entries[6].replace(b"FTA", b"FTB")


def break_the_form(ledger: Ledger) -> None:
    ledger.entries[6] = ledger.entries[6].replace(b'"FTA"', b'"FTA" ')
    ledger.leaves[6] = leaf_hash(ledger.entries[6])


def remove_a_row(ledger: Ledger) -> None:
    for column in (ledger.entries, ledger.leaves, ledger.positions, ledger.columns):
        del column[4]


def remove_rows(ledger: Ledger) -> None:
    remove_a_row(ledger)
    remove_a_row(ledger)


def close_the_gap(ledger: Ledger) -> None:
    remove_a_row(ledger)
    ledger.positions[:] = range(1, 11)


def cut_the_tail(ledger: Ledger) -> None:
    for column in (ledger.entries, ledger.leaves, ledger.positions, ledger.columns):
        del column[9:]


def cut_the_tail_and_agree(ledger: Ledger) -> None:
    shorter = seal(script()[:9])
    shorter.checkpoints = ledger.checkpoints
    ledger.__dict__.update(shorter.__dict__)


def repeat_a_row(ledger: Ledger) -> None:
    for column in (ledger.entries, ledger.leaves, ledger.positions, ledger.columns):
        cast("list[Any]", column).insert(5, column[4])


def swap_rows(ledger: Ledger) -> None:
    rows = list(ledger.rows())
    rows[4], rows[5] = rows[5], rows[4]
    ledger.positions[4:6] = 6, 5
    ledger.entries[4:6] = rows[4].entry, rows[5].entry
    ledger.leaves[4:6] = leaf_hash(rows[4].entry), leaf_hash(rows[5].entry)
    ledger.columns[4:6] = reversed(ledger.columns[4:6])


def swap_entries_of_two_streams(ledger: Ledger) -> None:
    # Both are the first of their streams and every column goes with them: at first only the time tells.
    for column in (ledger.entries, ledger.leaves, ledger.columns):
        values = cast("list[Any]", column)
        values[0], values[1] = values[1], values[0]


def sign_with_another_key(ledger: Ledger) -> None:
    kept = ledger.checkpoints[1]
    ledger.checkpoints[1] = kept._replace(note=Checkpoint(ORIGIN, 5, cast("bytes", kept.root)).sign(OTHER))


def sign_what_is_gone(ledger: Ledger) -> None:
    """Under the name that it had when there were four entries."""
    kept = ledger.checkpoints[1]
    ledger.checkpoints[1] = kept._replace(note=Checkpoint(EARLIER.name, 5, bytes(32)).sign(EARLIER))


def forge_a_signature(ledger: Ledger) -> None:
    kept = ledger.checkpoints[1]
    ledger.checkpoints[1] = kept._replace(note=cast("str", ledger.checkpoints[0].note).replace("\n3\n", "\n5\n"))


def keep_a_note_that_is_none(ledger: Ledger) -> None:
    ledger.checkpoints[1] = ledger.checkpoints[1]._replace(note=sign_note("not a checkpoint\n", [LOG]))


def keep_the_note_of_another_size(ledger: Ledger) -> None:
    ledger.checkpoints[1] = ledger.checkpoints[1]._replace(note=ledger.checkpoints[0].note)


def sign_a_second_history(ledger: Ledger) -> None:
    ledger.checkpoints[1] = KeptCheckpoint(5, None, Checkpoint(ORIGIN, 5, bytes(32)).sign(LOG))


def change_a_kept_root(ledger: Ledger) -> None:
    ledger.checkpoints[1] = ledger.checkpoints[1]._replace(root=bytes(32))


def give_checkpoints_out_of_order(ledger: Ledger) -> None:
    ledger.checkpoints.reverse()


def closed(**lies: object) -> Tampering:
    """A liar with the key: a ledger with closings, the last of which seals something else than what is before it."""

    def tamper(ledger: Ledger) -> None:
        ledger.__dict__.update(seal(closed_script(**lies)).__dict__)

    return tamper


def head(**members: object) -> Tampering:
    def tamper(ledger: Ledger) -> None:
        ledger.head = ledger.head._replace(**cast("dict[str, Any]", members))

    return tamper


def chain(name: str, **members: object) -> Tampering:
    def tamper(ledger: Ledger) -> None:
        ledger.chains[name] = ledger.chains[name]._replace(**cast("dict[str, Any]", members))

    return tamper


def forget_a_chain(ledger: Ledger) -> None:
    del ledger.chains["child"]


def invent_a_chain(ledger: Ledger) -> None:
    ledger.chains["nobody"] = replace_id(ledger.chains["child"], "nobody")


def replace_id(stored: StoredChain, name: str) -> StoredChain:
    return stored._replace(id=name)


def change_a_column(ledger: Ledger) -> None:
    ledger.columns[6] = ("ann", 5)


def change_a_stream_column(ledger: Ledger) -> None:
    ledger.columns[6] = ("ben", 4)


PLANTED: list[tuple[str, Tampering, str, int | None, str | None]] = [
    # what was done, how, and the first finding: its code, position and stream
    ("a byte changed", change_a_byte, "leaf-differs", 7, "ann"),
    ("a byte changed with its leaf hash", rewrite(7, values={"kind": "FTB"}), "checkpoint-differs", 8, None),
    ("an early byte changed with its leaf hash", rewrite(1, marking="X"), "previous-differs", 3, "ann"),
    ("the form broken", break_the_form, "entry-malformed", 7, "ann"),
    ("a row removed", remove_a_row, "position-missing", 6, None),
    ("two rows removed", remove_rows, "position-missing", 7, None),
    ("a row removed and the rest moved up", close_the_gap, "reference-ahead", 5, "ben"),
    ("a row repeated", repeat_a_row, "position-out-of-order", 5, None),
    ("two rows swapped", swap_rows, "position-missing", 6, None),
    ("two entries swapped", swap_entries_of_two_streams, "time-goes-back", 2, "ann"),
    ("the tail cut", cut_the_tail, "checkpoint-beyond-end", 11, None),
    (
        "the tail cut, all put right",
        cut_the_tail_and_agree,
        "checkpoint-beyond-end",
        11,
        None,
    ),
    ("a fact id used twice", reseal(9, id=script()[1]["id"]), "fact-id-repeated", 9, "ben"),
    ("time going backwards", reseal(9, recorded="2025-04-07T16:30:03.999999Z"), "time-goes-back", 9, "ben"),
    ("a version skipped", rewrite(7, version=5), "row-differs", 7, "ann"),
    ("a version repeated", rewrite(7, version=3), "row-differs", 7, "ann"),
    ("another previous", rewrite(7, previous="A" * 43 + "="), "previous-differs", 7, "ann"),
    ("moved to another stream", rewrite(6, stream="site"), "row-differs", 6, "site"),
    ("a column changed", change_a_column, "row-differs", 7, "ann"),
    ("a stream column changed", change_a_stream_column, "row-differs", 7, "ann"),
    ("about someone left out", rewrite(7, about=["nobody"]), "checkpoint-differs", 8, None),
    ("resting on itself", reseal(7, rests_on=[2, 7]), "reference-ahead", 7, "ann"),
    ("a screen from the future", reseal(7, seen={"position": 7}), "reference-ahead", 7, "ann"),
    ("a release from the future", reseal(7, release=7), "reference-ahead", 7, "ann"),
    ("a closing of other heads", closed(heads="A" * 43 + "="), "heads-differ", 9, "ledger"),
    ("a closing of another size", closed(size=7), "heads-differ", 9, "ledger"),
    ("a note signed with another key", sign_with_another_key, "checkpoint-unsigned", 5, None),
    ("a note of what a loss took", sign_what_is_gone, "checkpoint-lost", 5, None),
    ("a signature forged", forge_a_signature, "checkpoint-unsigned", 5, None),
    ("a signed note that is no checkpoint", keep_a_note_that_is_none, "checkpoint-malformed", 5, None),
    ("the note of another size", keep_the_note_of_another_size, "checkpoint-differs", 5, None),
    ("a second history, rightly signed", sign_a_second_history, "checkpoint-differs", 5, None),
    ("a kept root changed", change_a_kept_root, "checkpoint-differs", 5, None),
    ("checkpoints out of order", give_checkpoints_out_of_order, "checkpoint-out-of-order", 8, None),
    ("the head's size raised", head(size=12), "head-size-differs", 12, None),
    ("the head's edge changed", head(edge=bytes(96)), "head-edge-differs", 11, None),
    ("the head's edge cut", head(edge=bytes(64)), "head-edge-differs", 11, None),
    ("the head's root changed", head(root=bytes(32)), "head-root-differs", 11, None),
    ("a chain changed", chain("ben", chain=bytes(32)), "chain-differs", 9, "ben"),
    ("a chain's length changed", chain("ben", n=3), "chain-differs", 9, "ben"),
    ("a chain's last entry changed", chain("ben", last=7), "chain-differs", 9, "ben"),
    ("a chain's version changed", chain("ben", version=4), "chain-differs", 9, "ben"),
    ("a chain's leaf changed", chain("ben", leaf=bytes(32)), "chain-differs", 9, "ben"),
    ("a stream made of what is none", chain("child", version=1, leaf=bytes(32)), "chain-differs", 7, "child"),
    ("a chain forgotten", forget_a_chain, "chain-missing", 7, "child"),
    ("a chain invented", invent_a_chain, "chain-unknown", 7, "nobody"),
]


@pytest.mark.parametrize(
    "tamper,code,position,stream", [planted[1:] for planted in PLANTED], ids=[p[0] for p in PLANTED]
)
def test_a_planted_change_is_the_first_thing_named(
    tamper: Tampering, code: str, position: int | None, stream: str | None
):
    ledger = sound()
    tamper(ledger)
    report = ledger.verify()
    assert not report.ok
    first = report.findings[0]
    assert (first.code, first.position, first.stream) == (code, position, stream), report.findings
    assert code in str(first)
    assert str(first) in report.summary()


def test_a_version_that_is_not_the_next_is_named_where_no_column_tells():
    ledger = sound()
    rewrite(7, version=5)(ledger)
    report = verify_ledger(StoredRow(row.position, row.entry) for row in ledger.rows())
    assert str(report.findings[0]) == "version-differs at position 7 in ann: version 5, where version 4 comes next"


def test_every_code_is_planted_and_every_finding_has_a_code():
    found: set[str] = set()
    for _, tamper, *_ in PLANTED:
        ledger = sound()
        tamper(ledger)
        found |= {finding.code for finding in ledger.verify().findings}
    assert found == CODES.keys()


@given(st.integers(1, 11), st.data())
def test_no_byte_of_any_entry_can_be_changed_unseen(position: int, data: st.DataObject):
    ledger = sound()
    entry = bytearray(ledger.entries[position - 1])
    at = data.draw(st.integers(0, len(entry) - 1))
    entry[at] ^= data.draw(st.integers(1, 255))
    ledger.entries[position - 1] = bytes(entry)
    stored = verify_ledger(ledger.rows())
    assert (stored.findings[0].code, stored.findings[0].position) == ("leaf-differs", position)
    ledger.leaves[position - 1] = leaf_hash(bytes(entry))
    assert not ledger.verify().ok


def test_a_finding_reads_as_a_sentence_with_its_place():
    ledger = sound()
    reseal(9, recorded="2025-04-07T16:30:03.999999Z")(ledger)
    [finding] = ledger.verify().findings
    assert str(finding) == (
        "time-goes-back at position 9 in ben: "
        "recorded 2025-04-07T16:30:03.999999Z, after an entry recorded 2025-04-07T16:30:04.000000Z"
    )


@pytest.mark.parametrize(
    "tamper,message",
    [
        (remove_a_row, "position-missing at position 6: position 5 is not there"),
        (remove_rows, "position-missing at position 7: positions 5 to 6 are not there"),
        (repeat_a_row, "position-out-of-order at position 5: comes after position 5"),
        (
            chain("ben", n=3, leaf=None),
            "chain-differs at position 9 in ben: its stored n, leaf: not what 4 entries make",
        ),
        (head(size=12), "head-size-differs at position 12: the head says 12, and there are 11 entries"),
    ],
)
def test_a_finding_says_what_is_and_what_should_be(tamper: Tampering, message: str):
    ledger = sound()
    tamper(ledger)
    assert str(ledger.verify().findings[0]) == message


def test_findings_are_capped_and_all_counted():
    ledger = sound()
    ledger.leaves = [bytes(32)] * 11
    report = ledger.verify(limit=3)
    assert (len(report.findings), report.found) == (3, 11)
    assert [finding.position for finding in report.findings] == [1, 2, 3]
    assert "11 findings, the first: leaf-differs at position 1 in ann" in report.summary()
    assert len(ledger.verify(limit=0).findings) == 1
