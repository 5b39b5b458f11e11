"""sigstore's own verifier of Rekor's proofs agrees with ours on inclusion, on what holds and on what does not.

It runs where that package is installed (`pip install sigstore`), which the ledger itself has no use for.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ledger.transparency.errors import ProofError
from ledger.transparency.tree import RightEdge, grow, inclusion_proof, leaf_hash, verify_inclusion

merkle: Any = pytest.importorskip("sigstore._internal.merkle", reason="needs the package sigstore")
errors: Any = pytest.importorskip("sigstore.errors", reason="needs the package sigstore")

ENTRIES = [f"entry {number}".encode() for number in range(130)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]


class _Nodes:
    """The perfect subtrees of all leaves."""

    def __init__(self) -> None:
        _, rows = grow(RightEdge(), LEAVES)
        self.found = {(row.level, row.first + i): each for row in rows for i, each in enumerate(row.hashes)}

    def hashes(self, nodes: list[tuple[int, int]]) -> list[bytes]:
        return [self.found[node] for node in nodes]


NODES = _Nodes()


def agrees(entry: bytes, index: int, size: int, hashes: list[bytes], root: bytes) -> bool:
    proof = SimpleNamespace(log_index=index, tree_size=size, hashes=hashes, root_hash=root)
    try:
        merkle.verify_merkle_inclusion(
            SimpleNamespace(_inner=SimpleNamespace(inclusion_proof=proof, canonicalized_body=entry))
        )
    except errors.VerificationError:
        return False
    return True


def holds(entry: bytes, index: int, size: int, hashes: list[bytes], root: bytes) -> bool:
    try:
        verify_inclusion(leaf_hash(entry), index, size, hashes, root)
    except ProofError:
        return False
    return True


def test_every_proof_of_every_small_tree_holds_for_both():
    for size in range(1, len(ENTRIES) + 1):
        root = RightEdge().extend(LEAVES[:size]).root()
        for index in range(size):
            asked = (ENTRIES[index], index, size, inclusion_proof(index, size, NODES), root)
            assert holds(*asked) is agrees(*asked) is True


def test_a_proof_that_was_changed_holds_for_neither():
    for size in range(2, 40):
        root = RightEdge().extend(LEAVES[:size]).root()
        for index in range(size):
            hashes = inclusion_proof(index, size, NODES)
            other = ENTRIES[(index + 1) % size]
            wrong = [(other, index, size, hashes, root), (ENTRIES[index], index, size, hashes, bytes(32))]
            for at in range(len(hashes)):
                spoilt = [*hashes[:at], bytes(32), *hashes[at + 1 :]]
                wrong += [(ENTRIES[index], index, size, each, root) for each in (spoilt, hashes[:at], [*hashes, root])]
            for asked in wrong:
                assert holds(*asked) is agrees(*asked) is False
