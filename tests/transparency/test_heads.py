"""The map of heads is the one its definition gives, whatever changed in whatever order, and no forged proof passes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.transparency import textbook_heads as textbook

from ledger.transparency import heads as module
from ledger.transparency.errors import FormatError, ProofError
from ledger.transparency.heads import EMPTY, Builder, Head, HeadProof, Heads, key_of, verify_absence, verify_head

# Few names, so that many of them come again; and enough that paths get as long as ten bits.
NAMES = st.integers(0, 150).map(lambda number: f"case-{number}")
HEADS = st.builds(
    lambda n, more, byte: Head(n, bytes([byte]) * 32, n - 1 + more),
    st.integers(1, 2**20),
    st.integers(0, 2**40),
    st.integers(0, 255),
)
CHANGES = st.dictionaries(NAMES, HEADS, max_size=60)
ABSENT = [f"nobody-{number}" for number in range(20)]
SAMPLE = {f"case-{number}": Head(number + 1, bytes([number]) * 32, 3 * number) for number in range(40)}


@settings(max_examples=60, deadline=None)
@given(st.lists(CHANGES, max_size=5))
def test_the_map_is_the_textbooks_after_every_change_and_those_before_it_stay(steps: list[dict[str, Head]]):
    told: dict[str, Head] = {}
    made = [(Heads(), dict(told))]
    for changes in steps:
        told |= changes
        made.append((made[-1][0].updated(changes), dict(told)))
    for heads, known in made:
        assert heads.root == textbook.root(known)
        assert {name: heads.head(name) for name in known} == known


@settings(max_examples=25, deadline=None)
@given(CHANGES)
def test_one_by_one_all_at_once_or_built_from_buckets_it_is_the_same_map(told: dict[str, Head]):
    one_by_one = Heads()
    builder = Builder()
    for name, head in told.items():
        one_by_one = one_by_one.updated({name: head})
        builder.add(name, head)
    for _ in builder.steps():
        pass
    assert {one_by_one.root, Heads.of(told).root, builder.built.root} == {textbook.root(told)}


@settings(max_examples=25, deadline=None)
@given(CHANGES)
def test_a_proof_is_the_textbooks_and_shows_what_is_there_and_what_is_not(told: dict[str, Head]):
    heads = Heads.of(told)
    for name in [*told, *ABSENT]:
        proof = heads.prove(name)
        assert list(proof.siblings) == textbook.siblings(told, name)
        assert HeadProof.parse(json.loads(json.dumps(proof.members()))) == proof
        if name in told:
            assert verify_head(name, proof, heads.root) == told[name]
            refused(verify_absence, name, proof, heads.root)
        else:
            verify_absence(name, proof, heads.root)
            refused(verify_head, name, proof, heads.root)


def test_keys_that_agree_in_many_bits_lie_as_deep_as_they_must(monkeypatch: pytest.MonkeyPatch):
    """No two ids are known whose keys agree in more than some 60 bits: the keys are made up here."""
    near = {"a": bytes(32), "b": bytes(31) + b"\x01", "c": bytes(20) + b"\x01" + bytes(11), "d": b"\xff" * 32}
    monkeypatch.setattr(module, "key_of", lambda name: near[name])
    heads = Heads()
    for name in "dbca":
        heads = heads.updated({name: SAMPLE["case-7"]})
    assert heads.root == Heads.of(dict.fromkeys("abcd", SAMPLE["case-7"])).root
    assert [heads.prove(name).depth for name in "abcd"] == [256, 256, 168, 1]
    for name in "abcd":
        assert verify_head(name, heads.prove(name), heads.root) == SAMPLE["case-7"]


def test_an_empty_map_proves_that_nobody_is_in_it():
    proof = Heads().prove("case-1")
    assert (proof.key, proof.head, proof.siblings, Heads().root) == (None, None, (), EMPTY)
    verify_absence("case-1", proof, EMPTY)
    refused(verify_absence, "case-1", proof, Heads.of(SAMPLE).root)


def test_a_change_costs_in_proportion_to_what_changes(monkeypatch: pytest.MonkeyPatch):
    """Hashes are counted: of 4,000 ids one change hashes its leaf and its path, and no more."""
    heads = Heads.of({f"case-{number}": SAMPLE["case-1"] for number in range(4_000)})
    depth = heads.prove("case-77").depth
    counted: list[int] = []

    def counting(data: bytes) -> Any:
        counted.append(1)
        return sha256(data)

    monkeypatch.setattr(module, "sha256", counting)
    heads.updated({"case-77": SAMPLE["case-2"]})
    assert len(counted) == 2 + depth  # its key, its leaf, a node for each bit
    assert depth < 24


# ---------------------------------------------------------------------------------------- what is forged


def forgeries(proof: HeadProof) -> Iterator[HeadProof]:
    """Every proof that differs in one thing."""
    for at, sibling in enumerate(proof.siblings):
        for changed in (bytes([sibling[0] ^ 1]) + sibling[1:], sibling[:31], sibling + b"\0", EMPTY, b""):
            if changed != sibling:
                yield replace(proof, siblings=(*proof.siblings[:at], changed, *proof.siblings[at + 1 :]))
        yield replace(proof, siblings=(*proof.siblings[:at], *proof.siblings[at + 1 :]))
        yield replace(proof, siblings=(*proof.siblings[:at], EMPTY, *proof.siblings[at:]))
    yield replace(proof, siblings=(*proof.siblings, EMPTY))
    yield replace(proof, siblings=(*proof.siblings, bytes(31) + b"\x01"))
    yield replace(proof, siblings=(EMPTY,) * 257)
    if proof.key is None or proof.head is None:
        yield replace(proof, key=key_of("case-1"))
        yield replace(proof, head=SAMPLE["case-1"])
        yield replace(proof, key=key_of("case-1"), head=SAMPLE["case-1"])
        return
    n, chain, last = proof.head
    for head in (
        Head(n - 1, chain, last),
        Head(n + 1, chain, last + 1),
        Head(n, chain, last + 1),
        Head(n, chain[1:] + b"\x77", last),
        Head(n, chain[1:], last),
        Head(n, chain + b"\0", last),
        Head(-1, chain, last),
        Head(2**64, chain, 2**64),
        Head(n, chain, -1),
    ):
        yield replace(proof, head=head)
    yield replace(proof, key=key_of("case-999"))
    yield replace(proof, key=proof.key[:31])
    yield replace(proof, key=None)
    yield replace(proof, head=None)
    yield replace(proof, key=None, head=None)


@pytest.mark.parametrize("name", [*SAMPLE, *ABSENT])
def test_a_proof_changed_in_one_thing_proves_nothing(name: str):
    heads = Heads.of(SAMPLE)
    for forged in forgeries(heads.prove(name)):
        refused(verify_head, name, forged, heads.root)
        refused(verify_absence, name, forged, heads.root)


def test_the_proof_of_one_id_is_none_of_another():
    heads = Heads.of(SAMPLE)
    for name in SAMPLE:
        for other in (*SAMPLE, *ABSENT):
            if other != name:
                refused(verify_head, other, heads.prove(name), heads.root)
                if heads.prove(other) != heads.prove(name):
                    refused(verify_absence, other, heads.prove(name), heads.root)


def test_a_stale_map_proves_nothing_of_what_changed_or_came_since():
    """The heads of last week under this week's root, and the other way round."""
    before = Heads.of(SAMPLE)
    after = before.updated({"case-7": Head(99, bytes(32), 999), "nobody-3": Head(1, bytes(32), 1_000)})
    refused(verify_head, "case-7", before.prove("case-7"), after.root)
    refused(verify_head, "case-7", after.prove("case-7"), before.root)
    refused(verify_absence, "nobody-3", before.prove("nobody-3"), after.root)
    refused(verify_head, "nobody-3", after.prove("nobody-3"), before.root)
    assert verify_head("case-7", before.prove("case-7"), before.root) == SAMPLE["case-7"]


def test_nobody_who_is_there_can_be_proven_absent_by_the_path_of_another():
    """The likeliest lie: the leaf that lies beside it is shown as the end of its path."""
    heads = Heads.of(SAMPLE)
    for name in SAMPLE:
        own = heads.prove(name)
        for other in SAMPLE:
            if other != name:
                theirs = heads.prove(other)
                refused(verify_absence, name, replace(theirs, siblings=own.siblings), heads.root)


def test_a_path_that_goes_on_below_a_single_leaf_is_refused_even_by_a_root_that_was_made_for_it():
    """A map in which a leaf has an empty neighbour is no map of the definition: it could hold an id in two places."""
    proof = Heads.of({"case-1": SAMPLE["case-1"]}).prove("case-1")
    pair = (proof_hash(proof), EMPTY) if key_of("case-1")[0] < 0x80 else (EMPTY, proof_hash(proof))
    deeper = replace(proof, siblings=(EMPTY,))
    refused(verify_head, "case-1", deeper, sha256(b"\x21" + pair[0] + pair[1]).digest())


def proof_hash(proof: HeadProof) -> bytes:
    assert proof.head is not None
    return textbook.leaf("case-1", proof.head)


@pytest.mark.parametrize(
    "head",
    [
        Head(0, bytes(32), 0),
        Head(2, bytes(32), 0),
        Head(1, bytes(31), 0),
        Head(1, bytes(33), 0),
        Head(1, bytes(32), -1),
        Head(1, bytes(32), 2**64),
    ],
)
def test_what_is_no_head_of_a_chain_does_not_get_into_a_map(head: Head):
    with pytest.raises(FormatError):
        Heads.of({"case-1": head})
    with pytest.raises(FormatError):
        Builder().add("case-1", head)


WRITTEN = Heads.of(SAMPLE).prove("case-1").members()


@pytest.mark.parametrize(
    "changed",
    [
        {"depth": 3},
        {"depth": True},
        {"depth": None},
        {"siblings": "AAAA"},
        {"siblings": ["AAAA"], "depth": 1},
        {"siblings": [7], "depth": 1},
        {"n": 1.0},
        {"n": "1"},
        {"index": None},
        {"key": "AAAA"},
        {"head": 7},
        {"more": 1},
    ],
)
def test_members_that_no_proof_wrote_are_refused(changed: Mapping[str, object]):
    with pytest.raises(FormatError):
        HeadProof.parse({**WRITTEN, **changed})


@pytest.mark.parametrize("missing", [*WRITTEN])
def test_members_that_lack_one_are_refused(missing: str):
    with pytest.raises(FormatError):
        HeadProof.parse({name: value for name, value in WRITTEN.items() if name != missing})


def refused(verify: Any, name: str, proof: HeadProof, root: bytes) -> None:
    with pytest.raises(ProofError):
        verify(name, proof, root)
