"""Whole logs in memory for the tests of witnesses and forks: any number of leaves, parted where a test says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.note import NoteSigner, Signer
from ledger.transparency.tree import NodeId, RightEdge, consistency_proof, grow, leaf_hash

ORIGIN = "ledger.example/kent"
LOG = Signer(ORIGIN, b"\x01" * 32)


@dataclass(frozen=True)
class History:
    """A log with these leaf hashes; its trees at every size, as checkpoints, proofs and a reader of hashes."""

    leaves: tuple[bytes, ...]

    @classmethod
    def of(cls, size: int, parted: int | None = None) -> History:
        """``size`` leaves; another history from leaf ``parted`` on, the same before."""
        texts = (f"{'one' if parted is None or at < parted else 'other'} {at}" for at in range(size))
        return cls(tuple(leaf_hash(each.encode()) for each in texts))

    def at(self, size: int) -> Checkpoint:
        return Checkpoint(ORIGIN, size, RightEdge().extend(self.leaves[:size]).root())

    def note(self, size: int, *signers: NoteSigner) -> str:
        return self.at(size).sign(*(signers or (LOG,)))

    def signed(self, size: int) -> tuple[Checkpoint, str]:
        return self.at(size), self.note(size)

    def hashes(self, nodes: Sequence[NodeId]) -> list[bytes]:
        """A reader of its perfect subtrees."""
        _, rows = grow(RightEdge(), self.leaves)
        known = {(row.level, row.first + at): each for row in rows for at, each in enumerate(row.hashes)}
        return [known[node] for node in nodes]

    def proof(self, old: int, size: int) -> list[bytes]:
        return consistency_proof(old, size, self) if 0 < old < size else []
