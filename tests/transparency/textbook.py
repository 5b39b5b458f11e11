"""The Merkle tree as RFC 6962 §2.1 writes it down: recursive, slow, and nothing to get wrong.

The fast tree is compared with it. It keeps all leaves, hashes everything again for each question, and shares
no code with ``ledger.transparency``.
"""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256


def split(n: int) -> int:
    """k, "the largest power of two smaller than n"."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


@lru_cache(maxsize=200_000)
def mth(leaves: tuple[bytes, ...]) -> bytes:
    """Merkle Tree Hash of these leaf hashes, §2.1."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: tuple[bytes, ...]) -> list[bytes]:
    """PATH(m, D[n]), §2.1.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def proof(m: int, leaves: tuple[bytes, ...]) -> list[bytes]:
    """PROOF(m, D[n]), §2.1.2."""
    return subproof(m, leaves, known=True)


def subproof(m: int, leaves: tuple[bytes, ...], *, known: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b), §2.1.2."""
    if m == len(leaves):
        return [] if known else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], known=known), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], known=False), mth(leaves[:k])]


def tiles(leaves: tuple[bytes, ...]) -> dict[tuple[int, int], bytes]:
    """The hashes of every tile by level and index, as C2SP tlog-tiles words it: at level l roots of 256^l leaves."""
    found: dict[tuple[int, int], bytes] = {}
    level, hashes = 0, leaves
    while hashes:
        for at in range(0, len(hashes), 256):
            found[level, at // 256] = b"".join(hashes[at : at + 256])
        full = range(0, len(hashes) - 255, 256)
        hashes = tuple(mth(hashes[at : at + 256]) for at in full)
        level += 1
    return found


class PerfectSubtrees:
    """A reader of perfect subtrees that hashes each from all the leaves, and counts how often it was asked."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.leaves = tuple(leaves)
        self.readings = 0

    def hashes(self, nodes: list[tuple[int, int]]) -> list[bytes]:
        self.readings += 1
        return [self.node(level, index) for level, index in nodes]

    def node(self, level: int, index: int) -> bytes:
        covered = self.leaves[index << level : (index + 1) << level]
        assert len(covered) == 1 << level, f"({level}, {index}) is not a perfect subtree of this tree"
        return mth(covered)
