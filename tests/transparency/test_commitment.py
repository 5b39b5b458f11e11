"""A commitment opens to its own value, at its own path, with its own salt, and to nothing else."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.transparency.commitment import (
    commitment,
    document_commitment,
    open_commitment,
    open_document,
)
from ledger.transparency.entry import Json
from ledger.transparency.errors import FormatError

SALT = b"s" * 32
PATHS = st.from_regex(r"[a-z0-9_/-]{1,20}", fullmatch=True)
VALUES = st.text(st.characters(codec="utf-8")) | st.integers(-1000, 1000) | st.booleans() | st.none()


def test_a_commitment_is_the_hash_of_prefix_salt_path_and_canonical_value():
    value: Json = {"surname": "Ó Briain", "age": 9}
    by_hand = sha256(b"\x30" + SALT + b"\x00\x06person" + '{"age":9,"surname":"Ó Briain"}'.encode()).digest()
    assert commitment("person", SALT, value) == by_hand


def test_a_document_commitment_is_the_hash_of_prefix_salt_and_digest():
    by_hand = sha256(b"\x31" + SALT + sha256(b"a scan").digest()).digest()
    assert document_commitment(SALT, sha256(b"a scan").digest()) == by_hand


@given(PATHS, PATHS, st.binary(min_size=32, max_size=32), VALUES, VALUES)
def test_a_commitment_opens_to_its_own_value_path_and_salt_only(
    path: str, other_path: str, other_salt: bytes, value: Json, other: Json
):
    sealed = commitment(path, SALT, value)
    assert open_commitment(sealed, path, SALT, value)
    assert open_commitment(sealed, other_path, SALT, value) == (other_path == path)
    assert open_commitment(sealed, path, other_salt, value) == (other_salt == SALT)
    # True and 1 are equal in Python and different in JSON.
    same = type(other) is type(value) and other == value
    assert open_commitment(sealed, path, SALT, other) == same


def test_the_length_of_the_path_parts_it_from_the_value():
    assert commitment("a", SALT, 1) != commitment("a1", SALT, 1)
    assert commitment("a", SALT, 11) != commitment("a1", SALT, 1)


def test_a_path_may_be_as_long_as_two_bytes_can_say():
    path = "a" * 0xFFFF
    assert commitment(path, SALT, 1) == sha256(b"\x30" + SALT + b"\xff\xff" + path.encode() + b"1").digest()


def test_a_document_commitment_opens_to_its_own_bytes_and_salt_only():
    sealed = document_commitment(SALT, sha256(b"a scan").digest())
    assert open_document(sealed, SALT, b"a scan")
    assert not open_document(sealed, SALT, b"another scan")
    assert not open_document(sealed, b"t" * 32, b"a scan")


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_salt_that_is_not_32_bytes_is_refused(length: int):
    for attempt in (
        lambda: commitment("a", bytes(length), 1),
        lambda: document_commitment(bytes(length), bytes(32)),
        lambda: document_commitment(SALT, bytes(length)),
    ):
        with pytest.raises(FormatError, match="32 bytes"):
            attempt()


@pytest.mark.parametrize("path", ["", "A", "a b", "a.b", "é", "a\n", "a" * 0x10000])
def test_a_path_no_entry_may_hold_is_refused(path: str):
    with pytest.raises(FormatError, match="not a path"):
        commitment(path, SALT, 1)


@pytest.mark.parametrize("value", [1.0, 2**53, "\ud800", {"A": 1}])
def test_a_value_no_entry_may_hold_is_refused(value: Json):
    with pytest.raises(FormatError):
        commitment("a", SALT, value)


def test_a_value_that_is_the_digest_of_a_document_is_committed_to_as_the_document():
    data = b"%PDF-1.7 a letter"
    named = f"sha256:{sha256(data).hexdigest()}"
    sealed = commitment("document", SALT, named)
    assert sealed == document_commitment(SALT, sha256(data).digest())
    assert open_document(sealed, SALT, data)
    assert open_commitment(sealed, "document", SALT, named)
    assert not open_commitment(sealed, "document", SALT, named[:-1] + ("0" if named[-1] != "0" else "1"))


@pytest.mark.parametrize("text", ["sha256:", "sha256:" + "0" * 63, "sha256:" + "0" * 65, "SHA256:" + "0" * 64])
def test_what_only_looks_like_such_a_digest_is_a_text(text):
    place, form = b"note", f'"{text}"'.encode()
    assert commitment("note", SALT, text) == sha256(b"\x30" + SALT + b"\x00\x04" + place + form).digest()
