r"""Commitments to what lies outside the entry: a value or a document, sealed without being shown.

The project's own formulas: a salted hash with the place of the value inside it, so that one opening fits one
place. H is SHA-256; u16 is two bytes, big endian; ``path`` is the value's place in the fact (a field, then "/"
and a list index or map key), ASCII of ``[a-z0-9_/-]+``; the salt is 32 bytes, secret until the value is
disclosed:

    value      H(0x30 || salt || u16(length of path) || path || RFC 8785 form of the value)
    document   H(0x31 || salt || H(bytes of the document))

A fact names a document by its digest, the text ``sha256:`` and 64 small hexadecimal digits: the commitment to such a
value is that to the document.

Whoever has (salt, value) can open the commitment and nobody can open it to another value; whoever has only
the commitment learns nothing, however few values are possible. Where salts come from is no concern here.

    >>> salt = bytes(range(32))
    >>> sealed = commitment("note", salt, "He said he was ill.")
    >>> sealed.hex()
    '0ecda569ec1d61f56c5534145197dc6f3aee7b494b601c56949e7cc54de04bb6'
    >>> open_commitment(sealed, "note", salt, "He said he was ill.")
    True
    >>> open_commitment(sealed, "note", salt, "He said he was well.")
    False
    >>> open_document(document_commitment(salt, sha256(b"%PDF-1.7").digest()), salt, b"%PDF-1.7")
    True

Proved by tests/transparency/test_commitment.py and, byte for byte, by tests/golden/formulas.json.
"""

import re
from hashlib import sha256

from ledger.transparency.entry import Json, canonical, is_path
from ledger.transparency.errors import FormatError

__all__ = [
    "SALT_SIZE",
    "commitment",
    "commitment_to",
    "document_commitment",
    "form_to_commit",
    "open_commitment",
    "open_document",
]

_DIGEST = re.compile(rb'"sha256:([0-9a-f]{64})"')
_DIGEST_LENGTH = 73

SALT_SIZE = 32
"""Bytes of a salt."""


def commitment(path: str, salt: bytes, value: Json) -> bytes:
    """32 bytes that commit to this value at this path.

    Raises FormatError for a path or value that no entry could hold (see ``entry``) or a salt that is not 32 bytes.
    """
    return commitment_to(path, salt, form_to_commit(path, value))


def form_to_commit(path: str, value: Json) -> bytes:
    """The RFC 8785 form of a value. Raises FormatError for a path or value that no entry could hold (see ``entry``)."""
    if not is_path(path) or len(path) > 0xFFFF:
        raise FormatError(f"not a path: {path[:80]!r}")
    return canonical(value)


def commitment_to(path: str, salt: bytes, form: bytes) -> bytes:
    """The commitment to a value by its form, as ``form_to_commit`` gave it for this path; FormatError for the salt."""
    _check_salt(salt)
    if len(form) == _DIGEST_LENGTH and (digest := _DIGEST.fullmatch(form)):
        return document_commitment(salt, bytes.fromhex(digest[1].decode()))
    place = path.encode("ascii")
    return sha256(b"\x30" + salt + len(place).to_bytes(2, "big") + place + form).digest()


def open_commitment(sealed: bytes, path: str, salt: bytes, value: Json) -> bool:
    """Whether ``sealed`` is the commitment to this value at this path. Raises FormatError as ``commitment`` does."""
    return commitment(path, salt, value) == sealed


def document_commitment(salt: bytes, digest: bytes) -> bytes:
    """32 bytes that commit to the document with this SHA-256 (32 bytes). Raises FormatError for other lengths."""
    _check_salt(salt)
    if len(digest) != 32:
        raise FormatError("the digest of a document is exactly 32 bytes long")
    return sha256(b"\x31" + salt + digest).digest()


def open_document(sealed: bytes, salt: bytes, document: bytes) -> bool:
    """Whether ``sealed`` is the commitment to these bytes. Raises FormatError for a salt that is not 32 bytes."""
    return document_commitment(salt, sha256(document).digest()) == sealed


def _check_salt(salt: bytes) -> None:
    if len(salt) != SALT_SIZE:
        raise FormatError(f"a salt is exactly {SALT_SIZE} bytes long")
