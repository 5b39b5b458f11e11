"""A place in a list, as it is handed out and taken back: opaque, for it names a case that its holder may not read of.

    cursors = Cursors(secret)
    cursors.open(cursors.seal("2025-04-07 offender-019a… 7"))

AES-256-GCM under a secret of the vault, so that any process takes back what another handed out.  The nonce is an HMAC
of the place itself: one place is one text, and two places share a nonce only by a collision of 96 bits.  Proven by
tests/privacy/test_cursors.py.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.privacy.sealing import NONCE_BYTES, Keyed

_LONGEST: Final = 400  # characters: no place of ours is nearly as long
_BOUND_TO: Final = b"cursor"


class Cursors:
    """Seals and opens places.  `secret`: at least 32 random bytes that outlive this process."""

    def __init__(self, secret: bytes) -> None:
        keyed = Keyed(secret)
        self._nonce = Keyed(keyed.digest(b"nonce"))
        self._cipher = AESGCM(keyed.digest(b"cursor"))

    def seal(self, place: str) -> str:
        """The place as text for an address."""
        plain = place.encode()
        nonce = self._nonce.digest(plain)[:NONCE_BYTES]
        return base64.urlsafe_b64encode(nonce + self._cipher.encrypt(nonce, plain, _BOUND_TO)).decode().rstrip("=")

    def open(self, text: str) -> str:
        """The place.  Raises ValueError for a text that was not handed out by this ledger."""
        try:
            if len(text) > _LONGEST:
                raise ValueError("too long")
            data = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
            return self._cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], _BOUND_TO).decode()
        except (binascii.Error, InvalidTag, ValueError) as wrong:
            raise ValueError("not a cursor") from wrong
