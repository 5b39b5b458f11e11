r"""Checkpoints: what a log of this name is at this size, as a signed note.

Follows C2SP tlog-checkpoint (c2sp.org/tlog-checkpoint). The note's text is three lines, each ended by a
newline; ours has no extension lines, and text with any is refused:

    <origin>        the log's name, not empty
    <size>          the number of leaves in decimal, without leading zeros; at most 2^63 - 1
    <b64 root>      the 32-byte root of the tree of that size (``tree``)

The log's own key has the origin as its name, so an opened checkpoint is one that *this* log signed; keys of
witnesses may stand beside it.

    >>> from ledger.transparency.note import Signer
    >>> log = Signer("ledger.example/kent", bytes(range(32)))
    >>> checkpoint = Checkpoint("ledger.example/kent", 3, bytes(31) + b"\x01")
    >>> print(checkpoint.body(), end="")
    ledger.example/kent
    3
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=
    >>> note = checkpoint.sign(log)
    >>> Checkpoint.open(note, "ledger.example/kent", [log.verifier()]) == checkpoint
    True
    >>> Checkpoint.open(note, "ledger.example/essex", [log.verifier()])
    Traceback (most recent call last):
    ledger.transparency.errors.SignatureError: the checkpoint is of ledger.example/kent, not of ledger.example/essex

Proved by tests/transparency/test_checkpoint.py and, byte for byte against OpenSSL, by
tests/golden/formulas.json.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.transparency.errors import FormatError, SignatureError
from ledger.transparency.note import (
    NoteSigner,
    NoteVerifier,
    decode_base64,
    encode_base64,
    open_note,
    sign_note,
)
from ledger.transparency.tree import EMPTY_ROOT, HASH_SIZE, MAX_SIZE

__all__ = ["Checkpoint"]

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Origin, number of leaves and 32-byte root of a log; a value that is not signed yet, or was verified.

    Raises FormatError for what no checkpoint says: an empty or broken origin, a size outside 0 … 2^63 - 1, a
    root that is not 32 bytes, or size 0 with another root than that of the empty tree.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        """Refuse what ``body`` could not write so that ``parse`` reads the same."""
        if not self.origin or not self.origin.isprintable():
            raise FormatError(f"not an origin: {self.origin[:80]!r}")
        if not 0 <= self.size <= MAX_SIZE:
            raise FormatError(f"{self.size} is not the size of a tree")
        if len(self.root) != HASH_SIZE:
            raise FormatError("a root is exactly 32 bytes long")
        if not self.size and self.root != EMPTY_ROOT:
            raise FormatError("the tree of size 0 has another root")

    def body(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"

    def sign(self, *signers: NoteSigner) -> str:
        """The signed note, one line for each signer in their order; at least one signer."""
        return sign_note(self.body(), signers)

    @classmethod
    def parse(cls, body: str) -> "Checkpoint":
        """What ``body`` wrote. Raises FormatError for anything else, extension lines included."""
        lines = body.split("\n")
        if len(lines) != 4 or lines[3]:
            raise FormatError("a checkpoint is three lines: origin, size, root")
        origin, size, root, _ = lines
        if not _SIZE.fullmatch(size):
            raise FormatError(f"not a decimal size without leading zeros: {size[:80]!r}")
        return cls(origin, int(size), decode_base64(root))

    @classmethod
    def open(cls, note: str | bytes, origin: str, verifiers: Sequence[NoteVerifier]) -> "Checkpoint":
        """The checkpoint in a note which the log of this origin signed.

        ``verifiers`` are all keys the reader knows; one that bears the origin as its name must have signed,
        and none of them may have signed wrongly. Raises FormatError for a malformed note or body and
        SignatureError for another origin, no valid signature by the log, or a bad one by any known key.
        """
        opened = open_note(note, verifiers)
        checkpoint = cls.parse(opened.text)
        if checkpoint.origin != origin:
            raise SignatureError(f"the checkpoint is of {checkpoint.origin}, not of {origin}")
        if all(signature.name != origin for signature in opened.signatures):
            raise SignatureError(f"no known key of {origin} itself signed this checkpoint")
        return checkpoint
