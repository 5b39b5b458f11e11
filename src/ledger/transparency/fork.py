r"""The proof of a fork: one log signed two checkpoints of which neither continues the other.

The project's own format, complete in itself: whoever knows the log's verifier key needs nothing else to see that the
log told two histories. Five parts, parted by blank lines:

    case-ledger/fork-proof@v1
    root <b64>                        what the second tree is at the size of the first; only where the sizes differ
    <b64 hash>                        consistency proof from there to the second checkpoint, RFC 9162 §2.1.4, lowest
    …                                 first
    <blank line>
    <checkpoint of the smaller size>  a signed note, itself in two parts
    <blank line>
    <checkpoint of the larger size>   a signed note, itself in two parts

Two checkpoints of one size with different roots are a fork by themselves. For different sizes the proof leads, inside
the second tree, from its own past to its root; that past is not the first checkpoint's.

    >>> from ledger.transparency.note import Signer
    >>> from ledger.transparency.tree import leaf_hash
    >>> log = Signer("ledger.example/kent", bytes(range(32)))
    >>> told, untold = (Checkpoint(log.name, 1, leaf_hash(entry)).sign(log) for entry in (b"yes", b"no"))
    >>> fork = Fork(told, untold)
    >>> fork.verify(log.name, [log.verifier()])
    >>> Fork.parse(fork.text()) == fork
    True
    >>> print(fork.text().splitlines()[0])
    case-ledger/fork-proof@v1
    >>> Fork(told, told).verify(log.name, [log.verifier()])
    Traceback (most recent call last):
    ledger.transparency.errors.ProofError: the two checkpoints of size 1 have the same root

Proved by tests/transparency/test_fork.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.errors import FormatError, ProofError
from ledger.transparency.note import NoteVerifier, decode_base64, encode_base64, parse_note
from ledger.transparency.tree import (
    HASH_SIZE,
    HashReader,
    consistency_proof,
    edge_at,
    roots_reached,
    verify_consistency,
)

__all__ = ["Fork", "fork_in_proof", "fork_in_tree"]

_TITLE: Final = "case-ledger/fork-proof@v1"


@dataclass(frozen=True, slots=True)
class Fork:
    """Two signed notes, the smaller checkpoint first, and what shows that they disagree; a claim until verified."""

    first: str
    second: str
    root: bytes | None = None
    proof: tuple[bytes, ...] = ()

    def verify(self, origin: str, verifiers: Sequence[NoteVerifier]) -> None:
        """Return if the log of this origin, by a key known here, signed both and they cannot both be true.

        Raises FormatError or SignatureError for a note that does not hold, ProofError where no fork is shown.
        """
        first, second = (Checkpoint.open(note, origin, verifiers) for note in (self.first, self.second))
        if first.size == second.size:
            if self.root is not None or self.proof:
                raise ProofError(f"two checkpoints of size {first.size} need no proof beside them")
            if first.root == second.root:
                raise ProofError(f"the two checkpoints of size {first.size} have the same root")
            return
        if self.root is None:
            raise ProofError(f"nothing shows what the tree of {second.size} leaves was at size {first.size}")
        verify_consistency(first.size, second.size, self.proof, self.root, second.root)
        if self.root == first.root:
            raise ProofError(f"the checkpoint of size {second.size} continues that of size {first.size}")

    def text(self) -> str:
        """The proof as a file."""
        root = [] if self.root is None else [f"root {encode_base64(self.root)}"]
        head = "".join(f"{line}\n" for line in (_TITLE, *root, *map(encode_base64, self.proof)))
        return f"{head}\n{self.first}\n{self.second}"

    @classmethod
    def parse(cls, text: str) -> "Fork":
        """What ``text`` wrote, nothing verified. Raises FormatError for anything else."""
        parts = text.split("\n\n")
        if len(parts) != 5:
            raise FormatError("a proof of a fork is five parts: its proof, and two checkpoints with their signatures")
        title, *lines = parts[0].split("\n")
        if title != _TITLE:
            raise FormatError(f"not a proof of a fork: {title[:80]!r}")
        root = None
        if lines and lines[0].startswith("root "):
            root = _hash(lines.pop(0).removeprefix("root "))
        # A checkpoint has no blank line but the one before its signatures.
        fork = cls(f"{parts[1]}\n\n{parts[2]}\n", f"{parts[3]}\n\n{parts[4]}", root, tuple(map(_hash, lines)))
        for note in (fork.first, fork.second):
            parse_note(note)
        if fork.text() != text:
            raise FormatError("a proof of a fork that would not have been written so")
        return fork


def fork_in_proof(first: tuple[Checkpoint, str], second: tuple[Checkpoint, str], proof: Sequence[bytes]) -> Fork | None:
    """The fork that a consistency proof between two (checkpoint, note) gives away; None if it shows none.

    ``first`` is not the larger. A proof that leads to the second root tells what that tree was before, and so
    contradicts the first if it is another; one that leads nowhere says nothing about the log, whoever sent it. Where
    the first size is a power of two a proof cannot tell: see ``fork_in_tree``.
    """
    (one, one_note), (two, two_note) = first, second
    if one.size == two.size:
        return Fork(one_note, two_note) if one.root != two.root else None
    if not one.size or one.size.bit_count() == 1:
        return None
    try:
        root, reached = roots_reached(one.size, two.size, proof, one.root)
    except ProofError:
        return None
    return Fork(one_note, two_note, root, tuple(proof)) if reached == two.root and root != one.root else None


def fork_in_tree(first: tuple[Checkpoint, str], second: tuple[Checkpoint, str], tree: HashReader) -> Fork | None:
    """The fork between two (checkpoint, note), read from the tree of the second; None if it continues the first.

    ``first`` is not the larger. Raises ProofError if ``tree`` is not the tree of the second checkpoint either, and
    what its reader raises.
    """
    (one, one_note), (two, two_note) = first, second
    if one.size == two.size or not one.size:
        return fork_in_proof(first, second, ())
    root = edge_at(one.size, tree).root()
    proof = consistency_proof(one.size, two.size, tree)
    verify_consistency(one.size, two.size, proof, root, two.root)
    return Fork(one_note, two_note, root, tuple(proof)) if root != one.root else None


def _hash(text: str) -> bytes:
    data = decode_base64(text)
    if len(data) != HASH_SIZE:
        raise FormatError("a hash is not exactly 32 bytes long")
    return data
