"""A checkpoint has one spelling, and is believed only under the log's own known key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.errors import FormatError, SignatureError
from ledger.transparency.note import Signer, parse_note, sign_note
from ledger.transparency.tree import EMPTY_ROOT, MAX_SIZE

ORIGIN = "ledger.example/kent"
LOG = Signer(ORIGIN, b"\x01" * 32)
NEW_KEY = Signer(ORIGIN, b"\x02" * 32)
WITNESS = Signer("witness.example", b"\x03" * 32)
CHECKPOINT = Checkpoint(ORIGIN, 4711, b"\xfb" * 32)
ROOT = CHECKPOINT.body().split("\n")[2]


@given(st.integers(1, MAX_SIZE), st.binary(min_size=32, max_size=32))
def test_a_checkpoint_comes_back_from_its_body_and_from_its_note(size: int, root: bytes):
    checkpoint = Checkpoint(ORIGIN, size, root)
    assert Checkpoint.parse(checkpoint.body()) == checkpoint
    assert Checkpoint.open(checkpoint.sign(LOG), ORIGIN, [LOG.verifier()]) == checkpoint


def test_the_body_is_origin_size_and_root():
    assert CHECKPOINT.body() == f"ledger.example/kent\n4711\n{ROOT}\n"
    assert ROOT == "+/v7" * 10 + "+/s="


def test_the_empty_log_has_a_checkpoint_with_the_empty_root():
    empty = Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    assert Checkpoint.parse(empty.body()) == empty
    with pytest.raises(FormatError, match="size 0"):
        Checkpoint(ORIGIN, 0, bytes(32))


@pytest.mark.parametrize(
    "body",
    [
        "",
        f"{ORIGIN}\n4711\n",
        f"{ORIGIN}\n4711\n{ROOT}",
        f"{ORIGIN}\n4711\n{ROOT}\nextension\n",
        f"{ORIGIN}\n4711\n{ROOT}\n\n",
        f"\n4711\n{ROOT}\n",
        f"{ORIGIN}\n04711\n{ROOT}\n",
        f"{ORIGIN}\n+4711\n{ROOT}\n",
        f"{ORIGIN}\n-1\n{ROOT}\n",
        f"{ORIGIN}\n4_711\n{ROOT}\n",
        f"{ORIGIN}\n 4711\n{ROOT}\n",
        f"{ORIGIN}\n٤٧١١\n{ROOT}\n",
        f"{ORIGIN}\n\n{ROOT}\n",
        f"{ORIGIN}\n{MAX_SIZE + 1}\n{ROOT}\n",
        f"{ORIGIN}\n{'9' * 5000}\n{ROOT}\n",
        f"{ORIGIN}\n4711\n{ROOT[:-1]}\n",
        f"{ORIGIN}\n4711\n{ROOT[:-4]}\n",
        f"{ORIGIN}\n4711\nAAAA{ROOT}\n",
        f"{ORIGIN}\r\n4711\r\n{ROOT}\r\n",
        f"{ORIGIN}\u2028\n4711\n{ROOT}\n",
    ],
)
def test_a_body_that_would_not_have_been_written_is_refused(body: str):
    with pytest.raises(FormatError):
        Checkpoint.parse(body)


@pytest.mark.parametrize("origin,size,root", [("", 1, bytes(32)), ("a\nb", 1, bytes(32)), ("a", -1, bytes(32))])
def test_a_checkpoint_that_could_not_be_read_back_is_not_made(origin: str, size: int, root: bytes):
    with pytest.raises(FormatError):
        Checkpoint(origin, size, root)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_root_that_is_not_32_bytes_is_refused(length: int):
    with pytest.raises(FormatError, match="32 bytes"):
        Checkpoint(ORIGIN, 1, bytes(length))


def test_a_checkpoint_of_another_log_is_not_taken_for_this_one():
    with pytest.raises(SignatureError, match=r"is of ledger\.example/kent, not of ledger\.example/kent/access"):
        Checkpoint.open(CHECKPOINT.sign(LOG), f"{ORIGIN}/access", [LOG.verifier()])


def test_a_witness_alone_does_not_speak_for_the_log():
    known = [LOG.verifier(), WITNESS.verifier()]
    with pytest.raises(SignatureError, match=r"no known key of ledger\.example/kent itself"):
        Checkpoint.open(CHECKPOINT.sign(WITNESS), ORIGIN, known)
    assert Checkpoint.open(CHECKPOINT.sign(LOG, WITNESS), ORIGIN, known) == CHECKPOINT


def test_while_keys_change_either_key_opens_a_checkpoint_both_signed():
    note = CHECKPOINT.sign(LOG, NEW_KEY)
    for key in (LOG, NEW_KEY):
        assert Checkpoint.open(note, ORIGIN, [key.verifier()]) == CHECKPOINT


def test_a_signed_text_that_is_no_checkpoint_is_refused():
    with pytest.raises(FormatError, match="three lines"):
        Checkpoint.open(sign_note("some other text\n", [LOG]), ORIGIN, [LOG.verifier()])


def test_a_checkpoint_with_one_digit_changed_is_refused():
    note = CHECKPOINT.sign(LOG)
    assert parse_note(note).text == CHECKPOINT.body()
    with pytest.raises(SignatureError):
        Checkpoint.open(note.replace("4711", "4712"), ORIGIN, [LOG.verifier()])
