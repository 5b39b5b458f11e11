"""Sealed values: a salted commitment in the entry, one ciphertext per fact and key beside it (ledger-format.md).

For the value at path f of fact e under the key K with its id:

    salt        HKDF-SHA256(K, salt = empty, info = "salt" 0x00 e 0x00 f, 32 bytes)
    commitment  H(0x30 || salt || u16(len f) || f || RFC 8785 form of the value)
    data key    HKDF-SHA256(K, salt = empty, info = "data" 0x00 e, 32 bytes)

All values of one fact under one key are one AES-256-GCM ciphertext of the RFC 8785 object {path: value}, padded with
spaces to a multiple of 64 bytes; 12 random bytes of nonce; AAD = origin 0x00 e 0x00 key id.

    >>> key = DataKey("00000000-0000-4000-8000-000000000001", bytes(range(32)))
    >>> e = "01900000-0000-7000-8000-000000000000"
    >>> commitments, box = seal("example/log", e, key, {"note": "told on site"}, nonce=bytes(12))
    >>> commitments["note"]
    '18ON7Qmt9VYOKPvcSwnEkHWWRk75KSX15vzR+YE70kA='
    >>> open_box("example/log", e, key, box)
    {'note': 'told on site'}
    >>> holds(e, key, "note", "told on site", commitments["note"])
    True

AES-GCM alone does not bind a ciphertext to one plaintext; the commitment does, so it is checked whenever a value
leaves the house.  Proven by tests/privacy/test_sealing.py against the `cryptography` package's HKDF and fixed vectors.
"""

from __future__ import annotations

import base64
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.errors import Malformed
from ledger.transparency.commitment import commitment, commitment_to, form_to_commit
from ledger.transparency.errors import FormatError

_BLOCK: Final = 64
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))  # RFC 2104
NONCE_BYTES: Final = 12
KEY_BYTES: Final = 32


class Unreadable(Exception):
    """A ciphertext that does not open, or a value that is not the one committed to: an error, never "erased"."""


class Keyed:
    """HMAC-SHA256 under one key, its two halves kept ready: several times faster than `hmac.digest`."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = (key if len(key) <= 64 else sha256(key).digest()).ljust(64, b"\0")
        self._inner = sha256(block.translate(_INNER))
        self._outer = sha256(block.translate(_OUTER))

    def digest(self, message: bytes) -> bytes:
        """32 bytes that only a holder of the key can make."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()


class DataKey:
    """32 random bytes with a random id (a UUID as text)."""

    __slots__ = ("_expand", "id", "id_bytes")

    def __init__(self, key_id: str, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError("a key is exactly 32 bytes")
        self.id = key_id
        self.id_bytes = bytes.fromhex(key_id.replace("-", ""))
        # RFC 5869: extract with an empty salt; `derive` is one round of expand.
        self._expand = Keyed(hmac.digest(bytes(32), key, "sha256")).digest

    def derive(self, info: bytes) -> bytes:
        """HKDF-SHA256 of this key with an empty salt: 32 bytes for `info`."""
        return self._expand(info + b"\x01")

    def __repr__(self) -> str:
        return f"DataKey({self.id})"


@dataclass(frozen=True, slots=True)
class Box:
    """The ciphertext of one fact's values under one key."""

    key_id: bytes  # 16 bytes
    nonce: bytes
    data: bytes


def salt_of(fact: str, key: DataKey, path: str) -> bytes:
    """The salt of one value: with the value itself it is the opening of its commitment."""
    return key.derive(b"salt\0" + fact.encode() + b"\0" + path.encode())


def forms_of(values: Mapping[str, Any]) -> dict[str, bytes]:
    """The RFC 8785 form of each value, by path: what is committed to and sealed.

    Raises Malformed for a value that nobody could verify a commitment to.
    """
    return {path: _form(path, value) for path, value in values.items()}


def seal(
    origin: str, fact: str, key: DataKey, values: Mapping[str, Any], nonce: bytes | None = None
) -> tuple[dict[str, str], Box]:
    """Commitments (base64) by path, and the box that holds the values.  `nonce` is given only by test vectors.

    Raises Malformed for a value that nobody could verify a commitment to.
    """
    return seal_forms(origin, fact, key, forms_of(values), nonce)


def seal_forms(
    origin: str, fact: str, key: DataKey, forms: Mapping[str, bytes], nonce: bytes | None = None
) -> tuple[dict[str, str], Box]:
    """The same for values in canonical form already (`forms_of`)."""
    commitments = {
        path: base64.b64encode(commitment_to(path, salt_of(fact, key, path), form)).decode()
        for path, form in forms.items()
    }
    plain = b"{" + b",".join(b'"%b":%b' % (path.encode(), forms[path]) for path in sorted(forms)) + b"}"
    nonce = nonce or os.urandom(NONCE_BYTES)
    padded = plain.ljust(-(-len(plain) // _BLOCK) * _BLOCK)
    data = _cipher(fact, key).encrypt(nonce, padded, _bound_to(origin, fact, key))
    return commitments, Box(key.id_bytes, nonce, data)


def open_box(origin: str, fact: str, key: DataKey, box: Box) -> dict[str, Any]:
    """The values by path.  Raises Unreadable."""
    try:
        plain = _cipher(fact, key).decrypt(box.nonce, box.data, _bound_to(origin, fact, key))
    except InvalidTag as wrong:
        raise Unreadable(f"the values of fact {fact} under key {key.id} do not open") from wrong
    try:
        values: dict[str, Any] = orjson.loads(plain)
    except ValueError:  # made by somebody else to open under this key too; its text may quote a value
        raise Unreadable(f"the values of fact {fact} under key {key.id} are none") from None
    return values


def holds(fact: str, key: DataKey, path: str, value: Any, committed: str) -> bool:
    """Is this the value the entry committed to?  `committed` in base64."""
    try:
        return base64.b64encode(commitment(path, salt_of(fact, key, path), value)).decode() == committed
    except FormatError:
        return False


def _form(path: str, value: Any) -> bytes:
    try:
        return form_to_commit(path, value)
    except FormatError:  # its text may quote the value
        raise Malformed(
            f"What {path} holds cannot be sealed. Inside it, name things with small letters, digits, _, / and -; use "
            "whole numbers within 2^53, texts up to 32 KiB, lists up to 500 items and at most 16 levels.",
            {path: "cannot be sealed"},
        ) from None


def _cipher(fact: str, key: DataKey) -> AESGCM:
    return AESGCM(key.derive(b"data\0" + fact.encode()))


def _bound_to(origin: str, fact: str, key: DataKey) -> bytes:
    return f"{origin}\0{fact}\0{key.id}".encode()
