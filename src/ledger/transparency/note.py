r"""Signed notes: a text, a blank line, and one line for each signature by a named key.

Follows C2SP signed-note (c2sp.org/signed-note), signature type 0x01, Ed25519 (RFC 8032) over the text:

    <text, ending in a newline>
    <blank line>
    — <key name> <b64(key id || signature)>           one line or more; "—" is U+2014

    key id        first 4 bytes of H(key name || 0x0A || 0x01 || 32-byte public key)
    verifier key  <key name>+<key id as 8 hex digits>+<b64(0x01 || public key)>

A note is UTF-8 without control characters other than newline. A key name is not empty and holds no Unicode
space and no "+". b64 is standard base64 with padding, and only its one canonical spelling is read. The text
may hold blank lines: the last one in the note ends it. At most 100 signature lines and 1,000,000 bytes are read.

A signature by a key that is not known is passed over, even under a known name or a known id; one by a known
key must be right, or the whole note is refused; and without one right signature by a known key the text says
nothing. The worked example signs with the first secret key of RFC 8032 §7.1:

    >>> secret = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    >>> signer = Signer("ledger.example/kent", secret)
    >>> signer.verifier().vkey()
    'ledger.example/kent+998be386+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea'
    >>> note = sign_note("Nothing was left out.\n", [signer])
    >>> print(note, end="")
    Nothing was left out.
    <BLANKLINE>
    — ledger.example/kent mYvjhuYiygYPkzM569DyVoGhNFKU6Q7zLW1tOppdf6WURocZkTSZdX0Q642nUqB5WKV/tFDQ1wliaWome2I33Cgilw8=
    >>> open_note(note, [Verifier.parse(signer.verifier().vkey())]).text
    'Nothing was left out.\n'
    >>> open_note(note.replace("Nothing", "Something"), [signer.verifier()])
    Traceback (most recent call last):
    ledger.transparency.errors.SignatureError: the signature by ledger.example/kent+998be386 is not over this text

Proved by tests/transparency/test_note.py and, byte for byte against OpenSSL, by tests/golden/formulas.json.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.transparency.errors import FormatError, SignatureError

__all__ = [
    "ED25519",
    "MAX_NOTE_BYTES",
    "MAX_SIGNATURES",
    "Note",
    "NoteSigner",
    "NoteVerifier",
    "Signature",
    "Signer",
    "Verifier",
    "decode_base64",
    "encode_base64",
    "format_note",
    "is_key_name",
    "key_id",
    "open_note",
    "parse_note",
    "sign_note",
]

ED25519 = b"\x01"
"""Signature type identifier byte of plain Ed25519 over the note's text."""

MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100


class Signature(NamedTuple):
    """One signature line: the key's name, its 4-byte id, and the signature bytes (64 for Ed25519)."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends in a newline, with its signatures in the order of their lines; trusted by nobody yet."""

    text: str
    signatures: tuple[Signature, ...]


class NoteSigner(Protocol):
    """A named key that signs texts; other signature types bring a class of their own."""

    @property
    def name(self) -> str: ...
    @property
    def key_id(self) -> bytes: ...
    def sign(self, text: bytes, /) -> bytes: ...


class NoteVerifier(Protocol):
    """A named key that recognises its signatures; other signature types bring a class of their own."""

    @property
    def name(self) -> str: ...
    @property
    def key_id(self) -> bytes: ...
    def verify(self, text: bytes, signature: bytes, /) -> bool: ...


# --- keys ----------------------------------------------------------------------------------------------------


def is_key_name(name: str) -> bool:
    """Whether this may name a key: not empty, no Unicode space, no control character, no "+", encodable."""
    return _KEY_NAME.fullmatch(name) is not None


def key_id(name: str, public_key: bytes, signature_type: bytes = ED25519) -> bytes:
    """First 4 bytes of H(name || newline || type || public key): names a key, protects nothing."""
    return sha256(name.encode() + b"\n" + signature_type + public_key).digest()[:4]


class Signer:
    """A named Ed25519 key. Deterministic: the same text gives the same bytes (RFC 8032)."""

    __slots__ = ("_key", "key_id", "name")

    def __init__(self, name: str, private_key_bytes: bytes) -> None:
        """``private_key_bytes`` is the 32-byte seed. Raises FormatError for another length or a bad name."""
        _check_key_name(name)
        if len(private_key_bytes) != 32:
            raise FormatError("an Ed25519 private key is exactly 32 bytes long")
        self._key = Ed25519PrivateKey.from_private_bytes(private_key_bytes)
        self.name = name
        self.key_id = key_id(name, self._key.public_key().public_bytes_raw())

    def sign(self, text: bytes, /) -> bytes:
        """64 bytes over exactly this text."""
        return self._key.sign(text)

    def verifier(self) -> "Verifier":
        """The public half."""
        return Verifier(self.name, self._key.public_key().public_bytes_raw())


class Verifier:
    """The public half of a named Ed25519 key."""

    __slots__ = ("_key", "key_id", "name", "public_key")

    def __init__(self, name: str, public_key: bytes) -> None:
        """``public_key`` is 32 bytes. Raises FormatError for another length or a bad name."""
        _check_key_name(name)
        if len(public_key) != 32:
            raise FormatError("an Ed25519 public key is exactly 32 bytes long")
        self.name = name
        self.public_key = public_key
        self.key_id = key_id(name, public_key)
        self._key = Ed25519PublicKey.from_public_bytes(public_key)

    def vkey(self) -> str:
        """The verifier key, one line to hand to whoever is to check: ``name+hexid+base64``."""
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(ED25519 + self.public_key)}"

    @classmethod
    def parse(cls, vkey: str) -> "Verifier":
        """What ``vkey`` wrote. Raises FormatError for any other text: another type, a wrong id, upper-case hex."""
        # The key in base64 may hold a "+", so only the first two separate.
        name, _, rest = vkey.partition("+")
        _, _, encoded = rest.partition("+")
        key = decode_base64(encoded)
        if key[:1] != ED25519:
            raise FormatError("a verifier key of a type other than Ed25519 (0x01)")
        verifier = cls(name, key[1:])
        if verifier.vkey() != vkey:
            raise FormatError(f"not the verifier key {verifier.name}+{verifier.key_id.hex()} it claims to be")
        return verifier

    def verify(self, text: bytes, signature: bytes, /) -> bool:
        """Whether the signature was made by this key over exactly this text."""
        try:
            self._key.verify(signature, text)
        except InvalidSignature:
            return False
        return True


# --- notes ---------------------------------------------------------------------------------------------------


def format_note(text: str, signatures: Iterable[Signature]) -> str:
    """The note as it is written. Raises FormatError for a text or signatures that no note may hold."""
    _check_text(text)
    lines = [_signature_line(*signature) for signature in signatures]
    if not 0 < len(lines) <= MAX_SIGNATURES:
        raise FormatError(f"a note has 1 to {MAX_SIGNATURES} signatures, not {len(lines)}")
    return f"{text}\n{''.join(lines)}"


def parse_note(note: str | bytes) -> Note:
    """What ``format_note`` wrote, nothing verified. Raises FormatError for anything it would not have written."""
    note = _decode(note)
    # The blank line is the last one: text, "\n", "\n", signature lines without a blank one among them.
    end = note.rfind("\n\n") + 1
    text, lines = note[:end], note[end + 1 :]
    _check_text(text)
    if not lines.endswith("\n"):
        raise FormatError("the note does not end in a newline after its signatures")
    found = lines[:-1].split("\n")
    if len(found) > MAX_SIGNATURES:
        raise FormatError(f"a note has 1 to {MAX_SIGNATURES} signatures, not {len(found)}")
    return Note(text, tuple(map(_parse_signature_line, found)))


def sign_note(text: str, signers: Iterable[NoteSigner]) -> str:
    """The text with a signature by each signer, in their order. Raises FormatError for a text no note may hold."""
    _check_text(text)
    data = text.encode()
    return format_note(text, [Signature(s.name, s.key_id, s.sign(data)) for s in signers])


def open_note(note: str | bytes, verifiers: Sequence[NoteVerifier]) -> Note:
    """The note with only those signatures that a known key made over its text: at least one.

    Raises FormatError for a malformed note or two known keys of one name and id; SignatureError if a
    signature by a known key is wrong, whatever others there are, and if no known key signed.
    """
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    if len(known) != len(verifiers):
        raise FormatError("two of the known keys share a name and an id")
    parsed = parse_note(note)
    text = parsed.text.encode()
    valid: list[Signature] = []
    for signature in parsed.signatures:
        verifier = known.get((signature.name, signature.key_id))
        if verifier is None:
            continue
        if not verifier.verify(text, signature.signature):
            raise SignatureError(f"the signature by {signature.name}+{signature.key_id.hex()} is not over this text")
        valid.append(signature)
    if not valid:
        names = ", ".join(f"{s.name}+{s.key_id.hex()}" for s in parsed.signatures)
        raise SignatureError(f"no known key signed this note; it names {names}")
    return Note(parsed.text, tuple(valid))


# --- base64 --------------------------------------------------------------------------------------------------


def encode_base64(data: bytes) -> str:
    """Standard base64 with padding, RFC 4648 §4."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def decode_base64(text: str) -> bytes:
    """What ``encode_base64`` wrote. Raises FormatError otherwise, also for spare bits, which would give one
    value several spellings."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise FormatError("not standard base64 with padding") from error
    if encode_base64(data) != text:
        raise FormatError("base64 that is not the one canonical spelling of its bytes")
    return data


# --- below ---------------------------------------------------------------------------------------------------

_DASH = "— "
_KEY_NAME = re.compile(r"[^\s+\x00-\x1f\ud800-\udfff]+")
# Control characters other than newline, and lone surrogates, which UTF-8 cannot write.
_NOT_IN_A_NOTE = re.compile(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]")


def _signature_line(name: str, id_: bytes, signature: bytes) -> str:
    _check_key_name(name)
    if len(id_) != 4 or not signature:
        raise FormatError(f"the signature by {name} has no 4-byte key id or no bytes")
    return f"{_DASH}{name} {encode_base64(id_ + signature)}\n"


def _parse_signature_line(line: str) -> Signature:
    name, separator, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not separator:
        raise FormatError(f"not a signature line: {line[:80]!r}")
    _check_key_name(name)
    data = decode_base64(encoded)
    if len(data) < 5:
        raise FormatError(f"the signature by {name} has no 4-byte key id or no bytes")
    return Signature(name, data[:4], data[4:])


def _check_key_name(name: str) -> None:
    if not is_key_name(name):
        raise FormatError(f"not the name of a key: {name[:80]!r}")


def _check_text(text: str) -> None:
    if not text.endswith("\n"):
        raise FormatError("the text of a note ends in a newline, and a blank line parts it from its signatures")
    if _NOT_IN_A_NOTE.search(text):
        raise FormatError("the text of a note holds a control character or is not Unicode")


def _decode(note: str | bytes) -> str:
    data = note if isinstance(note, bytes) else note.encode("utf-8", "surrogatepass")
    if len(data) > MAX_NOTE_BYTES:
        raise FormatError(f"the note is {len(data)} bytes long, more than {MAX_NOTE_BYTES}")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise FormatError("the note is not UTF-8") from error
