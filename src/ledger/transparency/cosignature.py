r"""Cosignatures: somebody's word that a checkpoint continues everything he has seen of that log before.

Follows C2SP tlog-cosignature (c2sp.org/tlog-cosignature). A cosignature is a signature line of the checkpoint's
note; its bytes are a time and a signature, and the type is the first byte of the public key in a verifier key:

    u64 POSIX seconds, big endian || signature               0 is no time: then nothing is said about the largest

    0x04  Ed25519 (64 bytes) over     "cosignature/v1\ntime <seconds>\n" || the note's text
    0x06  ML-DSA-44 (2,420 bytes) over
          "subtree/v1\n\0" || u8 length || cosigner's name || u64 seconds || u8 length || origin
          || u64 first leaf (0) || u64 end (the checkpoint's size) || 32-byte root

So the second binds the name of who signs, and the first does not: one Ed25519 key serves one name only. Only what
``checkpoint`` reads is cosigned, which has no extension lines. A time above 2^63 - 1 is no time.

    >>> from ledger.transparency.checkpoint import Checkpoint
    >>> from ledger.transparency.note import Signer, open_note
    >>> log = Signer("ledger.example/kent", bytes(range(32)))
    >>> witness = Cosigner("witness.example/w1", bytes(32))
    >>> checkpoint = Checkpoint("ledger.example/kent", 3, bytes(31) + b"\x01")
    >>> note = checkpoint.sign(log, witness.at(1_679_315_147))
    >>> _, line = open_note(note, [log.verifier(), witness.verifier()]).signatures
    >>> line.name, timestamp_of(line.signature), len(line.signature)
    ('witness.example/w1', 1679315147, 2428)
    >>> witness.verifier().vkey()[:40]
    'witness.example/w1+481cf053+Brpx+fZOEbrr'
    >>> parse_vkey(witness.verifier().vkey()).key_id == line.key_id
    True
    >>> Checkpoint.open(note.replace("\n3\n", "\n4\n"), log.name, [log.verifier()])
    Traceback (most recent call last):
    ledger.transparency.errors.SignatureError: the signature by ledger.example/kent+51b4c5e8 is not over this text

Proved by tests/transparency/test_cosignature.py: against the formulas above spelled out byte by byte, and for 0x04
against Go's own note package where Go is installed.
"""

from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.errors import FormatError
from ledger.transparency.note import (
    ED25519,
    NoteVerifier,
    Verifier,
    decode_base64,
    encode_base64,
    is_key_name,
    key_id,
)

__all__ = [
    "COSIGNATURE_ED25519",
    "COSIGNATURE_ML_DSA_44",
    "CosignatureVerifier",
    "Cosigner",
    "KnownKey",
    "MomentSigner",
    "ed25519_message",
    "ml_dsa_44_message",
    "parse_vkey",
    "timestamp_of",
]

COSIGNATURE_ED25519: Final = b"\x04"
"""Signature type of a timestamped Ed25519 cosignature."""

COSIGNATURE_ML_DSA_44: Final = b"\x06"
"""Signature type of a timestamped ML-DSA-44 cosignature, safe from quantum computers: the one for new keys."""

_KEY_BYTES: Final = {COSIGNATURE_ED25519: 32, COSIGNATURE_ML_DSA_44: 1312}
_SIGNATURE_BYTES: Final = {COSIGNATURE_ED25519: 64, COSIGNATURE_ML_DSA_44: 2420}
_LATEST: Final = 2**63 - 1


class KnownKey(NoteVerifier, Protocol):
    """A verifier that was read from a verifier key and can be written as one; two with one public key are the same."""

    @property
    def public_key(self) -> bytes: ...
    def vkey(self) -> str: ...


# --- what is signed ------------------------------------------------------------------------------------------


def ed25519_message(timestamp: int, text: bytes) -> bytes:
    """What an Ed25519 cosignature of this time signs: two lines and the whole text of the note."""
    return b"cosignature/v1\ntime %d\n" % timestamp + text


def ml_dsa_44_message(name: str, timestamp: int, origin: str, start: int, end: int, root: bytes) -> bytes:
    """What an ML-DSA-44 cosignature signs about the leaves ``start`` … ``end`` - 1 of a log; a checkpoint's from 0.

    Raises FormatError for a name or origin longer than 255 bytes, or a time beside another start than 0.
    """
    if start and timestamp:
        raise FormatError("a subtree that does not begin at leaf 0 is cosigned without a time")
    return b"".join(
        (
            b"subtree/v1\n\x00",
            _short(name),
            timestamp.to_bytes(8, "big"),
            _short(origin),
            start.to_bytes(8, "big"),
            end.to_bytes(8, "big"),
            root,
        )
    )


def timestamp_of(signature: bytes) -> int:
    """When a cosignature was made, in POSIX seconds; 0 for one without a time. Raises FormatError for none at all."""
    if len(signature) - 8 not in _SIGNATURE_BYTES.values():
        raise FormatError(f"{len(signature)} bytes are no cosignature")
    return int.from_bytes(signature[:8], "big")


# --- keys ----------------------------------------------------------------------------------------------------


class Cosigner:
    """A named key that cosigns checkpoints; ``at`` gives the signer for a moment, since this package has no clock."""

    __slots__ = ("_key", "name", "signature_type")

    def __init__(self, name: str, seed: bytes, signature_type: bytes = COSIGNATURE_ML_DSA_44) -> None:
        """``seed`` is 32 bytes for either type. Raises FormatError for another length, type or a bad name."""
        _check(name, signature_type)
        if len(seed) != 32:
            raise FormatError("the private key of a cosigner is exactly 32 bytes long")
        self.name = name
        self.signature_type = signature_type
        ed25519 = signature_type == COSIGNATURE_ED25519
        self._key = Ed25519PrivateKey.from_private_bytes(seed) if ed25519 else MLDSA44PrivateKey.from_seed_bytes(seed)

    def at(self, timestamp: int) -> "MomentSigner":
        """Signs as of this POSIX second; 0 says nothing about which checkpoint was the largest."""
        if not 0 <= timestamp <= _LATEST:
            raise FormatError(f"{timestamp} is not a time of a cosignature")
        return MomentSigner(self, timestamp)

    def verifier(self) -> "CosignatureVerifier":
        """The public half."""
        return CosignatureVerifier(self.name, self._key.public_key().public_bytes_raw(), self.signature_type)

    def sign_message(self, message: bytes) -> bytes:
        """The bare signature over exactly these bytes."""
        return self._key.sign(message)


class MomentSigner:
    """A cosigner at a moment: signs the text of a note if it is a checkpoint."""

    __slots__ = ("_cosigner", "_timestamp", "key_id", "name")

    def __init__(self, cosigner: Cosigner, timestamp: int) -> None:
        """As ``Cosigner.at`` makes it."""
        self._cosigner, self._timestamp = cosigner, timestamp
        self.name, self.key_id = cosigner.name, cosigner.verifier().key_id

    def sign(self, text: bytes, /) -> bytes:
        """The time and the signature. Raises FormatError for a text that is no checkpoint."""
        message = _message(self.name, self._cosigner.signature_type, self._timestamp, text)
        return self._timestamp.to_bytes(8, "big") + self._cosigner.sign_message(message)


class CosignatureVerifier:
    """The public half of a cosigner's key."""

    __slots__ = ("_key", "key_id", "name", "public_key", "signature_type")

    def __init__(self, name: str, public_key: bytes, signature_type: bytes = COSIGNATURE_ML_DSA_44) -> None:
        """32 bytes of Ed25519 or 1,312 of ML-DSA-44. Raises FormatError for another length, type or a bad name."""
        _check(name, signature_type)
        if len(public_key) != _KEY_BYTES[signature_type]:
            raise FormatError(f"a key of this type is exactly {_KEY_BYTES[signature_type]} bytes long")
        self.name = name
        self.public_key = public_key
        self.signature_type = signature_type
        self.key_id = key_id(name, public_key, signature_type)
        ed25519 = signature_type == COSIGNATURE_ED25519
        kind = Ed25519PublicKey if ed25519 else MLDSA44PublicKey
        self._key = kind.from_public_bytes(public_key)

    def vkey(self) -> str:
        """The verifier key, one line: ``name+hexid+base64``."""
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(self.signature_type + self.public_key)}"

    def verify(self, text: bytes, signature: bytes, /) -> bool:
        """Whether this key cosigned exactly this checkpoint, at whatever time; False for a text that is none."""
        if len(signature) != 8 + _SIGNATURE_BYTES[self.signature_type]:
            return False
        timestamp = int.from_bytes(signature[:8], "big")
        try:
            message = _message(self.name, self.signature_type, timestamp, text)
            self._key.verify(signature[8:], message)
        except (InvalidSignature, FormatError):
            return False
        return timestamp <= _LATEST


def parse_vkey(vkey: str) -> "Verifier | CosignatureVerifier":
    """A verifier key of any type we read: 0x01 of a log, 0x04 or 0x06 of a cosigner. Raises FormatError."""
    name, _, rest = vkey.partition("+")
    _, _, encoded = rest.partition("+")  # the key in base64 may hold a "+"
    key = decode_base64(encoded)
    if key[:1] == ED25519:
        return Verifier.parse(vkey)
    verifier = CosignatureVerifier(name, key[1:], key[:1])
    if verifier.vkey() != vkey:
        raise FormatError(f"not the verifier key {verifier.name}+{verifier.key_id.hex()} it claims to be")
    return verifier


# --- below ---------------------------------------------------------------------------------------------------


def _message(name: str, signature_type: bytes, timestamp: int, text: bytes) -> bytes:
    try:
        checkpoint = Checkpoint.parse(text.decode())
    except UnicodeDecodeError as error:
        raise FormatError("the text is not UTF-8") from error
    if signature_type == COSIGNATURE_ED25519:
        return ed25519_message(timestamp, text)
    return ml_dsa_44_message(name, timestamp, checkpoint.origin, 0, checkpoint.size, checkpoint.root)


def _short(text: str) -> bytes:
    data = text.encode()
    if not 0 < len(data) < 256:
        raise FormatError(f"a name that is cosigned is 1 to 255 bytes long, not {len(data)}")
    return bytes([len(data)]) + data


def _check(name: str, signature_type: bytes) -> None:
    if signature_type not in _KEY_BYTES:
        raise FormatError(f"{signature_type.hex() or 'nothing'} is not a type of cosignature: 04 or 06")
    if not is_key_name(name):
        raise FormatError(f"not the name of a key: {name[:80]!r}")
    _short(name)
