"""Sealed values against other people's HKDF, hash and cipher; and what a changed byte anywhere does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import Malformed
from ledger.privacy.sealing import Box, DataKey, Keyed, Unreadable, holds, open_box, salt_of, seal
from ledger.transparency.commitment import open_commitment

ORIGIN = "ledger.example/kent"
FACT = "01900000-0000-7000-8000-000000000000"
KEY_ID = "00000000-0000-4000-8000-000000000001"
SECRET = bytes(range(32))
KEY = DataKey(KEY_ID, SECRET)
VALUES: dict[str, Any] = {"note": "told on site", "minutes": 90, "people/0": "Zoë", "map": {"b": [True, None], "a": -1}}

secrets = st.binary(min_size=32, max_size=32)


def hkdf(secret: bytes, info: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=None, info=info).derive(secret)


@given(secrets, st.binary(max_size=200))
def test_derived_keys_are_those_of_hkdf(secret: bytes, info: bytes) -> None:
    assert DataKey(KEY_ID, secret).derive(info) == hkdf(secret, info)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_keyed_digests_are_hmac_for_keys_of_every_length(key: bytes, message: bytes) -> None:
    assert Keyed(key).digest(message) == hmac.digest(key, message, "sha256")


def test_the_formula_step_by_step_with_other_peoples_code() -> None:
    commitments, box = seal(ORIGIN, FACT, KEY, VALUES)
    for path, value in VALUES.items():
        salt = hkdf(SECRET, b"salt\0" + FACT.encode() + b"\0" + path.encode())
        made = b"\x30" + salt + len(path).to_bytes(2, "big") + path.encode() + rfc8785.dumps(value)
        assert base64.b64decode(commitments[path]) == hashlib.sha256(made).digest()
        assert salt_of(FACT, KEY, path) == salt
    cipher = AESGCM(hkdf(SECRET, b"data\0" + FACT.encode()))
    plain = cipher.decrypt(box.nonce, box.data, f"{ORIGIN}\0{FACT}\0{KEY_ID}".encode())
    assert plain.rstrip(b" ") == rfc8785.dumps(VALUES)
    assert len(plain) % 64 == 0
    assert box.key_id == UUID(KEY_ID).bytes


def test_the_golden_commitments_are_ours_too() -> None:
    golden = json.loads((Path(__file__).parents[1] / "golden" / "formulas.json").read_text("utf-8"))
    fields = {each["path"]: each["value"] for each in golden["commitment"]}
    commitments, _ = seal(ORIGIN, FACT, KEY, fields)
    for each in golden["commitment"]:
        salt = salt_of(FACT, KEY, each["path"])
        assert open_commitment(base64.b64decode(commitments[each["path"]]), each["path"], salt, each["value"])
        assert hashlib.sha256(
            b"\x30" + bytes.fromhex(each["salt"]) + len(each["path"]).to_bytes(2, "big")
            + each["path"].encode() + each["canonical"].encode()
        ).hexdigest() == each["commitment"]  # fmt: skip


@given(st.dictionaries(st.from_regex(r"[a-z0-9_/-]{1,12}", fullmatch=True), st.text() | st.integers(-9, 9), min_size=1))
def test_what_was_sealed_opens_and_holds(values: dict[str, Any]) -> None:
    commitments, box = seal(ORIGIN, FACT, KEY, values)
    assert open_box(ORIGIN, FACT, KEY, box) == values
    assert all(holds(FACT, KEY, path, value, commitments[path]) for path, value in values.items())


@pytest.mark.parametrize("text", ["", "x" * 51, "x" * 52, "x" * 53, "x" * 500])
def test_a_ciphertext_tells_the_length_of_its_values_to_64_bytes_only(text: str) -> None:
    _, box = seal(ORIGIN, FACT, KEY, {"n": text})
    plain = len(rfc8785.dumps({"n": text}))
    assert len(box.data) == -(-plain // 64) * 64 + 16


def test_the_same_value_is_committed_to_anew_in_every_fact_path_and_key() -> None:
    other_fact = FACT.replace("8000", "8001")
    seen = {
        seal(ORIGIN, FACT, KEY, {"note": "x"})[0]["note"],
        seal(ORIGIN, other_fact, KEY, {"note": "x"})[0]["note"],
        seal(ORIGIN, FACT, KEY, {"notes": "x"})[0]["notes"],
        seal(ORIGIN, FACT, DataKey(KEY_ID, bytes(32)), {"note": "x"})[0]["note"],
    }
    assert len(seen) == 4


def test_the_same_values_never_make_the_same_ciphertext() -> None:
    assert seal(ORIGIN, FACT, KEY, VALUES)[1] != seal(ORIGIN, FACT, KEY, VALUES)[1]


def test_a_ciphertext_changed_anywhere_does_not_open() -> None:
    _, box = seal(ORIGIN, FACT, KEY, {"note": "told"})
    for at in range(len(box.data)):
        changed = box.data[:at] + bytes([box.data[at] ^ 1]) + box.data[at + 1 :]
        with pytest.raises(Unreadable):
            open_box(ORIGIN, FACT, KEY, Box(box.key_id, box.nonce, changed))
    for data in (box.data[:-1], box.data[:16], b"", box.data + b"\0"):
        with pytest.raises(Unreadable):
            open_box(ORIGIN, FACT, KEY, Box(box.key_id, box.nonce, data))


def test_a_ciphertext_opens_only_in_its_ledger_beside_its_fact_and_under_its_key() -> None:
    _, box = seal(ORIGIN, FACT, KEY, VALUES)
    for origin, fact, key in (
        ("ledger.example/essex", FACT, KEY),
        (ORIGIN, FACT.replace("8000", "8001"), KEY),
        (ORIGIN, FACT, DataKey(KEY_ID.replace("1", "2"), SECRET)),
        (ORIGIN, FACT, DataKey(KEY_ID, bytes(32))),
    ):
        with pytest.raises(Unreadable):
            open_box(origin, fact, key, box)


def test_an_error_names_fact_and_key_and_no_value() -> None:
    _, box = seal(ORIGIN, FACT, KEY, {"note": "told"})
    with pytest.raises(Unreadable) as caught:
        open_box(ORIGIN, FACT, DataKey(KEY_ID, bytes(32)), box)
    assert FACT in str(caught.value)
    assert KEY_ID in str(caught.value)
    assert repr(KEY) == f"DataKey({KEY_ID})"


@pytest.mark.parametrize("value", ["told", "told on  site", None, 0, ["told on site"]])
def test_another_value_does_not_hold(value: object) -> None:
    commitments, _ = seal(ORIGIN, FACT, KEY, {"note": "told on site"})
    assert not holds(FACT, KEY, "note", value, commitments["note"])


UNVERIFIABLE = [{"Ann Jones": 1}, {"é": 1}, {"": 1}, 1.5, [{"a": 0.5}], 2**53, "x" * (32 * 1024 + 1), list(range(501))]


@pytest.mark.parametrize("value", UNVERIFIABLE)
def test_what_no_verifier_could_check_is_not_sealed_and_not_quoted(value: object) -> None:
    with pytest.raises(Malformed) as caught:
        seal(ORIGIN, FACT, KEY, {"answers": value})
    assert "answers" in caught.value.message
    assert "Ann" not in caught.value.message
    assert caught.value.__cause__ is None
    assert not holds(FACT, KEY, "answers", value, "anything")


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_key_is_exactly_32_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        DataKey(KEY_ID, bytes(size))
