"""Two histories of one log are shown by what lies in the proof alone, and nothing else passes for a fork."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.transparency.histories import LOG, ORIGIN, History

from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.errors import FormatError, ProofError, SignatureError
from ledger.transparency.fork import Fork, fork_in_proof, fork_in_tree
from ledger.transparency.note import Signer
from ledger.transparency.tree import EMPTY_ROOT

SIZE = 40
ONE = History.of(SIZE)
KNOWN = [LOG.verifier()]
PAIRS = st.tuples(st.integers(1, SIZE), st.integers(1, SIZE)).map(sorted).map(tuple)


@given(PAIRS, st.integers(0, SIZE - 1))
def test_a_tree_shows_a_fork_exactly_where_histories_part_before_the_smaller_one(pair: tuple[int, int], parted: int):
    small, large = pair
    other = History.of(SIZE, parted)
    fork = fork_in_tree(ONE.signed(small), other.signed(large), other)
    assert (fork is not None) == (parted < small)
    if fork is not None:
        fork.verify(ORIGIN, KNOWN)
        assert Fork.parse(fork.text()) == fork


@given(PAIRS, st.integers(0, SIZE - 1))
def test_a_proof_that_was_sent_gives_a_fork_away_unless_the_smaller_tree_is_perfect(pair: tuple[int, int], parted: int):
    small, large = pair
    other = History.of(SIZE, parted)
    fork = fork_in_proof(ONE.signed(small), other.signed(large), other.proof(small, large))
    assert (fork is not None) == (parted < small and (small == large or small.bit_count() > 1))
    if fork is not None:
        fork.verify(ORIGIN, KNOWN)


@given(PAIRS, st.lists(st.binary(min_size=32, max_size=32), max_size=8))
def test_an_honest_log_is_never_accused_by_a_proof_somebody_made_up(pair: tuple[int, int], proof: list[bytes]):
    small, large = pair
    assert fork_in_proof(ONE.signed(small), ONE.signed(large), proof) is None
    assert fork_in_proof(ONE.signed(small), ONE.signed(large), ONE.proof(small, large)[:-1]) is None


def test_an_honest_log_is_not_accused_from_a_tree_of_somebody_else():
    with pytest.raises(ProofError):
        fork_in_tree(ONE.signed(13), ONE.signed(29), History.of(SIZE, 3))


def test_the_empty_log_forks_from_nothing():
    empty = Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    assert fork_in_tree((empty, empty.sign(LOG)), ONE.signed(7), ONE) is None
    assert fork_in_proof((empty, empty.sign(LOG)), ONE.signed(7), []) is None


def _fork() -> Fork:
    other = History.of(SIZE, 3)
    fork = fork_in_tree(ONE.signed(13), other.signed(29), other)
    assert fork is not None
    return fork


def test_whoever_knows_the_key_needs_nothing_else():
    fork = Fork.parse(_fork().text())
    fork.verify(ORIGIN, KNOWN)
    stranger = Signer(ORIGIN, b"\x09" * 32)
    with pytest.raises(SignatureError):
        fork.verify(ORIGIN, [stranger.verifier()])
    with pytest.raises(SignatureError):
        fork.verify("ledger.example/essex", KNOWN)


def test_what_shows_no_fork_is_refused_with_the_reason():
    fork, other = _fork(), History.of(SIZE, 3)
    for changed, reason in (
        (replace(fork, root=ONE.at(13).root, proof=tuple(ONE.proof(13, 29))), "does not lead from the root of 13"),
        (replace(fork, second=ONE.note(29), root=ONE.at(13).root, proof=tuple(ONE.proof(13, 29))), "continues"),
        (replace(fork, root=None), "nothing shows"),
        (replace(fork, root=bytes(32)), "does not lead to the root of 13"),
        (replace(fork, proof=fork.proof[:-1]), "too short"),
        (replace(fork, proof=(*fork.proof, bytes(32))), "too long"),
        (Fork(fork.second, fork.first, fork.root, fork.proof), "does not come before"),
        (Fork(ONE.note(13), ONE.note(13)), "the same root"),
        (Fork(ONE.note(13), other.note(13), fork.root), "no proof beside"),
        (Fork(ONE.note(13), other.note(13), None, fork.proof), "no proof beside"),
    ):
        with pytest.raises(ProofError, match=reason):
            changed.verify(ORIGIN, KNOWN)
    Fork(ONE.note(13), other.note(13)).verify(ORIGIN, KNOWN)


def test_every_byte_of_a_proof_of_a_fork_counts():
    data = _fork().text().encode()
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with pytest.raises((FormatError, SignatureError, ProofError)):
            Fork.parse(changed.decode("utf-8", "surrogateescape")).verify(ORIGIN, KNOWN)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "",
        lambda text: text[:-1],
        lambda text: text + "\n",
        lambda text: "\n" + text,
        lambda text: text.replace("v1", "v2"),
        lambda text: text.replace("root ", "root  "),
        lambda text: text.replace("root ", "Root "),
        lambda text: text.replace("\n\n", "\n"),
        lambda text: text.replace("@v1\n", "@v1\nAAAA\n"),
        lambda text: text.split("\n\n", 3)[0],
    ],
)
def test_a_text_that_would_not_have_been_written_is_refused(change):
    with pytest.raises(FormatError):
        Fork.parse(change(_fork().text()))
