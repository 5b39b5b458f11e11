"""A check step by step holds where the proof holds, and fails at the step that does not, and there alone."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.transparency import textbook

from ledger.api.web.steps import Step, grown, included, signed, until_one_fails
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.names import Name
from ledger.transparency.note import Signer
from ledger.transparency.proof import Proof
from ledger.transparency.tree import leaf_hash

ORIGIN = "ledger.example/kent"
LOG = Signer(ORIGIN, bytes(range(32)))
ENTRIES = [f"entry {number}".encode() for number in range(70)]
LEAVES = tuple(map(leaf_hash, ENTRIES))


def checkpoint(size: int) -> Checkpoint:
    return Checkpoint(ORIGIN, size, textbook.mth(LEAVES[:size]))


def proof(index: int, size: int) -> Proof:
    return Proof(index, tuple(textbook.path(index, LEAVES[:size])), checkpoint(size).sign(LOG))


@given(st.integers(1, 70).flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size))))
def test_every_fact_of_every_log_is_led_up_to_the_root(at: tuple[int, int]):
    index, size = at
    steps = list(included(ENTRIES[index], proof(index, size), checkpoint(size)))
    assert all(each.holds for each in steps)
    assert len(steps) == len(proof(index, size).hashes) + 2
    assert steps[-1].hashes[0][1] == steps[-1].hashes[1][1] == checkpoint(size).root


def test_each_step_shows_hashes_that_anybody_can_hash_again():
    for each in list(included(ENTRIES[11], proof(11, 70), checkpoint(70)))[1:-1]:
        (_, left), (_, right), (_, together) = each.hashes
        assert sha256(b"\x01" + left + right).digest() == together


def test_a_changed_fact_does_not_reach_the_root():
    *steps, last = included(b"another entry", proof(11, 70), checkpoint(70))
    assert all(each.holds for each in steps)  # each hashes what it is given
    assert last.holds is False


@pytest.mark.parametrize("number", range(7))
def test_a_changed_neighbour_does_not_reach_the_root(number: int):
    given = proof(11, 70)
    hashes = list(given.hashes)
    hashes[number] = bytes(32)
    assert list(included(ENTRIES[11], Proof(11, tuple(hashes), given.note), checkpoint(70)))[-1].holds is False


@pytest.mark.parametrize("more", [-1, 1])
def test_a_proof_of_another_length_does_not_hold(more: int):
    given = proof(11, 70)
    hashes = given.hashes[:-1] if more < 0 else (*given.hashes, bytes(32))
    steps = list(included(ENTRIES[11], Proof(11, hashes, given.note), checkpoint(70)))
    assert [each.holds for each in steps].count(False) == 1
    assert steps[-1].holds is False


def test_a_checkpoint_is_of_the_log_only_where_its_own_key_signed():
    names = [Name(ORIGIN, [LOG.verifier()])]
    step, found = signed(checkpoint(3).sign(LOG), names)
    assert step.holds
    assert found == checkpoint(3)
    step, found = signed(checkpoint(3).sign(Signer(ORIGIN, bytes(32))), names)
    assert step.holds is False
    assert found == checkpoint(3)


def test_a_log_that_only_grew_is_told_from_one_that_did_not():
    hashes = textbook.proof(3, LEAVES[:70])
    assert grown(checkpoint(3), hashes, checkpoint(70)).holds
    other = Checkpoint(ORIGIN, 3, bytes(32))
    assert grown(other, hashes, checkpoint(70)).holds is False
    assert grown(checkpoint(70), hashes, checkpoint(3)).holds is False


def test_after_the_first_step_that_fails_no_other_is_looked_at():
    steps = [Step("one", holds=True), Step("two", holds=False, says=("no",)), Step("three", holds=True, says=("yes",))]
    assert until_one_fails(steps) == [steps[0], steps[1], Step("three", holds=None)]
