r"""A proof to keep: that an entry is in a log, in one file that anybody can check who knows the log's key.

Follows C2SP tlog-proof (c2sp.org/tlog-proof); files of this form end in ``.tlog-proof``:

    c2sp.org/tlog-proof@v1
    extra <b64>                     may be left out; signed by nobody, so nothing may rest on it
    index <decimal>                 of the leaf, from 0
    <b64 hash>                      the inclusion proof (``tree``), the leaf's sibling first; none to 63 lines

    <checkpoint>                    a signed note (``checkpoint``), as it was released

The entry is not in it: whoever checks has it, or its leaf hash, already.

    >>> from ledger.transparency.note import Signer
    >>> from ledger.transparency.tree import leaf_hash, node_hash
    >>> log = Signer("ledger.example/kent", bytes(range(32)))
    >>> left, right = leaf_hash(b"one"), leaf_hash(b"two")
    >>> note = Checkpoint("ledger.example/kent", 2, node_hash(left, right)).sign(log)
    >>> text = Proof(1, (left,), note).write()
    >>> print(text[:text.index("— ")], end="")
    c2sp.org/tlog-proof@v1
    index 1
    0Nc2CrefWKseHj/mStd+LqC8B+NrX0btIiPt2SmN+ek=
    <BLANKLINE>
    ledger.example/kent
    2
    T1X2GdkhUjV3iyufF9b0kVsWFxIU0VI4EpNml2Teci4=
    <BLANKLINE>
    >>> Proof.parse(text).verify(right, "ledger.example/kent", [log.verifier()]).size
    2
    >>> Proof.parse(text).verify(left, "ledger.example/kent", [log.verifier()])
    Traceback (most recent call last):
    ledger.transparency.errors.ProofError: the proof does not lead from leaf 1 to the root of 2 leaves

Proved by tests/transparency/test_proof.py and by an independent program (tests/independent).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.errors import FormatError
from ledger.transparency.note import MAX_NOTE_BYTES, NoteVerifier, decode_base64, encode_base64
from ledger.transparency.tree import HASH_SIZE, MAX_SIZE, verify_inclusion

__all__ = ["FIRST_LINE", "LONGEST", "MAX_HASHES", "SUFFIX", "Proof"]

FIRST_LINE = "c2sp.org/tlog-proof@v1"
SUFFIX = ".tlog-proof"
MAX_HASHES = 63
"""A path in a tree of 2^63 - 1 leaves is no longer."""

LONGEST = 2 * MAX_NOTE_BYTES
"""Bytes of the longest proof that is read: a note, and what stands before it."""

_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Proof:
    """The index of a leaf, its inclusion proof (32-byte hashes, lowest first), a checkpoint's note; believed by nobody
    yet. ``extra`` is carried along and never checked.

    Raises FormatError for an index outside 0 … 2^63 - 2, more than 63 hashes, and a hash that is not 32 bytes.
    """

    index: int
    hashes: tuple[bytes, ...]
    note: str
    extra: bytes | None = None

    def __post_init__(self) -> None:
        """Refuse what ``write`` could not write so that ``parse`` reads the same."""
        if not 0 <= self.index < MAX_SIZE:
            raise FormatError(f"{self.index} is not the index of a leaf")
        if len(self.hashes) > MAX_HASHES:
            raise FormatError(f"a proof has at most {MAX_HASHES} hashes, not {len(self.hashes)}")
        if any(len(each) != HASH_SIZE for each in self.hashes):
            raise FormatError("a hash is not exactly 32 bytes long")

    def write(self) -> str:
        """The file."""
        extra = [f"extra {encode_base64(self.extra)}"] if self.extra is not None else []
        lines = (FIRST_LINE, *extra, f"index {self.index}", *map(encode_base64, self.hashes), "", self.note)
        return "\n".join(lines)

    @classmethod
    def parse(cls, text: str | bytes) -> "Proof":
        """What ``write`` wrote; nothing is verified. Raises FormatError for anything else: a line too many, too few or
        out of place, base64 in another spelling, a hash of another length."""
        head, separator, note = _decoded(text).partition("\n\n")
        if not separator or note.startswith("\n"):
            raise FormatError("not one blank line parts the proof from its checkpoint")
        first, *lines = head.split("\n")
        if first != FIRST_LINE:
            raise FormatError(f"the first line is not {FIRST_LINE}: {first[:80]!r}")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = decode_base64(lines.pop(0).removeprefix("extra "))
        found = _INDEX.fullmatch(lines[0]) if lines else None
        if found is None:
            raise FormatError("the line of the index is missing, out of place, or no decimal without leading zeros")
        return cls(int(found[1]), tuple(map(decode_base64, lines[1:])), note, extra)

    def verify(self, leaf: bytes, origin: str, verifiers: Sequence[NoteVerifier]) -> Checkpoint:
        """The checkpoint that this proof's leaf is under, if ``leaf`` (a leaf hash) is that leaf and the log of this
        origin signed.

        Raises FormatError for a malformed note, SignatureError where the log did not sign it (``Checkpoint.open``),
        ProofError where the proof does not lead from this leaf to its root.
        """
        checkpoint = Checkpoint.open(self.note, origin, verifiers)
        verify_inclusion(leaf, self.index, checkpoint.size, self.hashes, checkpoint.root)
        return checkpoint


def _decoded(text: str | bytes) -> str:
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    if len(data) > LONGEST:
        raise FormatError(f"the proof is {len(data)} bytes long, more than {LONGEST}")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise FormatError("the proof is not UTF-8") from error
