r"""The Merkle tree over the entries: its hashes, its growing right edge, its two proofs and their checks.

Follows RFC 6962 §2.1 and RFC 9162 §2.1 (the same tree; the newer text also spells out how proofs are
checked). H is SHA-256 and every hash is exactly 32 bytes:

    leaf      H(0x00 || entry)
    node      H(0x01 || left || right)
    root      of no leaves: H of nothing; of one leaf: that leaf; of n leaves: the node over the first k
              and the other n - k, where k is the largest power of two smaller than n

A *perfect* subtree covers 2^level leaves and never changes once its last leaf is in. It is named
``(level, index)`` and covers the leaves from ``index << level`` up to ``(index + 1) << level``, so
``(0, i)`` is leaf i, counted from 0. Only perfect subtrees are ever stored or read; whatever else a proof
needs is hashed from them. A tree of n leaves is told entirely by its *right edge*: the perfect subtrees,
largest first, one for each bit set in n. Appending needs nothing but the edge.

    >>> leaves = [leaf_hash(entry) for entry in (b"one", b"two", b"three")]
    >>> edge, rows = grow(RightEdge(), leaves)
    >>> edge.size, len(edge.hashes)
    (3, 2)
    >>> edge.root() == node_hash(node_hash(leaves[0], leaves[1]), leaves[2])
    True
    >>> edge.root().hex()
    '5aac771c899ac292e74bf1afe2e6e302f8b55883b2d1bf197b46a6bea6dabca9'
    >>> nodes = {(level, first + i): h for level, first, hashes in rows for i, h in enumerate(hashes)}
    >>> sorted(nodes)
    [(0, 0), (0, 1), (0, 2), (1, 0)]

Whoever proves reads the perfect subtrees through one method, and whoever checks needs no reader at all:

    >>> class Reader:
    ...     def hashes(self, nodes_wanted):
    ...         return [nodes[node] for node in nodes_wanted]
    >>> proof = inclusion_proof(2, 3, Reader())
    >>> proof == [nodes[1, 0]]
    True
    >>> verify_inclusion(leaves[2], 2, 3, proof, edge.root())
    >>> verify_inclusion(leaves[1], 2, 3, proof, edge.root())
    Traceback (most recent call last):
    ledger.transparency.errors.ProofError: the proof does not lead from leaf 2 to the root of 3 leaves
    >>> older = RightEdge().extend(leaves[:2])
    >>> verify_consistency(2, 3, consistency_proof(2, 3, Reader()), older.root(), edge.root())

Proved by tests/transparency/test_tree.py: against a textbook recursive tree for every size up to 300, against
the public vectors of transparency-dev, and by changed proofs that must be refused.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple, Protocol

from ledger.transparency.errors import FormatError, ProofError

__all__ = [
    "EMPTY_ROOT",
    "HASH_SIZE",
    "MAX_SIZE",
    "HashReader",
    "NodeId",
    "RightEdge",
    "Row",
    "Step",
    "climb",
    "consistency_proof",
    "edge_at",
    "grow",
    "inclusion_proof",
    "leaf_hash",
    "node_hash",
    "roots_reached",
    "verify_consistency",
    "verify_inclusion",
]

HASH_SIZE = 32
"""Bytes of every hash in this package."""

MAX_SIZE = 2**63 - 1
"""The largest tree: sizes fit a signed 64-bit integer, as everywhere in the tlog family of specifications."""

EMPTY_ROOT = sha256(b"").digest()
"""Root of the tree without leaves (RFC 9162 §2.1.1)."""

NodeId = tuple[int, int]
"""(level, index) of a perfect subtree."""


def leaf_hash(entry: bytes) -> bytes:
    """H(0x00 || entry), 32 bytes. The prefix keeps a leaf from ever passing for a node (RFC 9162 §2.1.1)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """H(0x01 || left || right), 32 bytes, of two 32-byte hashes (RFC 9162 §2.1.1)."""
    return sha256(b"\x01" + left + right).digest()


# --- the right edge ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RightEdge:
    """A tree of ``size`` leaves as its perfect subtrees, largest first: all that is needed to go on.

    An immutable value. Raises FormatError for a size outside 0 … MAX_SIZE, for a number of hashes other than
    the bits set in the size, and for a hash that is not 32 bytes.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no tree has."""
        if not 0 <= self.size <= MAX_SIZE:
            raise FormatError(f"{self.size} is not the size of a tree")
        if len(self.hashes) != self.size.bit_count():
            raise FormatError(
                f"a tree of {self.size} leaves has {self.size.bit_count()} perfect subtrees, not {len(self.hashes)}"
            )
        _check_hashes(self.hashes, FormatError)

    def append(self, leaf: bytes) -> "RightEdge":
        """The edge after one more leaf hash."""
        return self.extend((leaf,))

    def extend(self, leaves: Sequence[bytes]) -> "RightEdge":
        """The edge after these leaf hashes, in order; on average one node hash per leaf."""
        return grow(self, leaves)[0]

    def root(self) -> bytes:
        """Root of the tree, 32 bytes: the subtrees folded from the smallest up; EMPTY_ROOT without leaves."""
        return _fold(self.hashes) if self.hashes else EMPTY_ROOT

    def to_bytes(self) -> bytes:
        """The hashes one after the other, largest subtree first; 32 bytes for each bit set in the size."""
        return b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, size: int, data: bytes) -> "RightEdge":
        """What ``to_bytes`` wrote for a tree of this size. Raises FormatError if the length does not fit it."""
        if len(data) != HASH_SIZE * size.bit_count():
            raise FormatError(
                f"the edge of {size} leaves is {HASH_SIZE * size.bit_count()} bytes long, not {len(data)}"
            )
        return cls(size, tuple(data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)))


class Row(NamedTuple):
    """Neighbouring perfect subtrees of one level, completed by one growth: (level, first), (level, first + 1), …"""

    level: int
    first: int
    hashes: Sequence[bytes]


def grow(edge: RightEdge, leaves: Sequence[bytes]) -> tuple[RightEdge, list[Row]]:
    """The edge after these leaf hashes, and every perfect subtree they complete, level 0 (the leaves) first.

    The rows are what a store of nodes or tiles has to add; they cost nothing beyond the hashing that the
    edge needs anyway, which is why ``extend`` is this with the rows dropped.
    Raises FormatError for a leaf that is not 32 bytes or a tree that would outgrow MAX_SIZE.
    """
    _check_hashes(leaves, FormatError)
    waiting = list(edge.hashes)  # subtrees on the left that still lack their sibling; the smallest is last
    settled: list[bytes] = []  # the new edge from its small end
    rows: list[Row] = []
    level, first, row = 0, edge.size, leaves
    while row:
        rows.append(Row(level, first, row))
        if first & 1:
            # The first new node is a right child, and its left sibling is exactly the smallest one waiting.
            row = [waiting.pop(), *row]
            first -= 1
        if len(row) & 1:
            settled.append(row[-1])
        pair = iter(row)
        # node_hash, written out: this line is the hot path of sealing.
        row = [sha256(b"\x01" + left + right).digest() for left, right in zip(pair, pair, strict=False)]
        first >>= 1
        level += 1
    return RightEdge(edge.size + len(leaves), (*waiting, *reversed(settled))), rows


# --- proofs --------------------------------------------------------------------------------------------------


class HashReader(Protocol):
    """Where a prover reads perfect subtrees: a table, tiles, a dictionary. The one thing asked of a store."""

    def hashes(self, nodes: list[NodeId], /) -> Sequence[bytes]:
        """The 32-byte hash of each named perfect subtree, in the order asked; asked once for a whole proof."""
        ...


def edge_at(size: int, reader: HashReader) -> RightEdge:
    """The right edge, and so the root, the tree had at this size; to answer for the past or to start again."""
    return RightEdge(size, tuple(_read(reader, _perfect(0, size))))


def inclusion_proof(index: int, size: int, reader: HashReader) -> list[bytes]:
    """The audit path from leaf ``index`` to the root of ``size`` leaves, lowest first (RFC 9162 §2.1.3.1).

    Raises ProofError unless 0 <= index < size; FormatError if the reader gives too few hashes or malformed ones.
    """
    _check_member(index, size)
    ranges: list[tuple[int, int]] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            ranges.append((middle, high))
            high = middle
        else:
            ranges.append((low, middle))
            low = middle
    return _roots(ranges[::-1], reader)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Return if the proof shows that ``leaf`` (a leaf hash) is leaf ``index`` of the tree with this size and root.

    The algorithm of RFC 9162 §2.1.3.2. Raises ProofError otherwise: also for an index outside the tree, a
    proof too short or too long, and any hash that is not exactly 32 bytes.
    """
    _check_hashes((root,), ProofError)
    reached = leaf
    for step in climb(leaf, index, size, proof):
        reached = step.reached
    if reached != root:
        raise ProofError(f"the proof does not lead from leaf {index} to the root of {size} leaves")


class Step(NamedTuple):
    """One step from a leaf to the root: the neighbour it is hashed with, on which side that stands, what is reached."""

    sibling: bytes
    left: bool
    reached: bytes


def climb(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> Iterator[Step]:
    """The steps that an inclusion proof leads up from a leaf hash; where they end is for the caller to compare.

    Raises ProofError for an index outside the tree, a hash that is not exactly 32 bytes, and a proof too long or, at
    its end, too short.
    """
    _check_member(index, size)
    _check_hashes((leaf, *proof), ProofError)
    at, last, reached = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofError(f"the proof is too long for leaf {index} of {size}")
        left = bool(at & 1) or at == last
        if left:
            reached = node_hash(sibling, reached)
            # A last node without a sibling is carried up unhashed, level by level, until it has one.
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            reached = node_hash(reached, sibling)
        yield Step(sibling, left, reached)
        at, last = at >> 1, last >> 1
    if last:
        raise ProofError(f"the proof is too short for leaf {index} of {size}")


def consistency_proof(size1: int, size2: int, reader: HashReader) -> list[bytes]:
    """Proof that the tree of ``size2`` leaves only appended to the tree of ``size1`` (RFC 9162 §2.1.4.1).

    Empty for equal sizes. Raises ProofError unless 0 < size1 <= size2: every tree continues the empty one,
    so a proof from size 0 would prove nothing.
    """
    _check_sizes(size1, size2)
    ranges: list[tuple[int, int]] = []
    low, high = 0, size2
    while high != size1:
        middle = low + _split(high - low)
        if size1 <= middle:
            ranges.append((middle, high))
            high = middle
        else:
            ranges.append((low, middle))
            low = middle
    if low:
        ranges.append((low, high))  # otherwise the old tree is itself a subtree, and its root is known already
    return _roots(ranges[::-1], reader)


def verify_consistency(size1: int, size2: int, proof: Sequence[bytes], root1: bytes, root2: bytes) -> None:
    """Return if the proof shows that the second tree is the first with leaves appended.

    The algorithm of RFC 9162 §2.1.4.2. Raises ProofError otherwise. Three things are refused before any
    hashing: a size1 of 0, which would make any two trees consistent; a hash that is not exactly 32 bytes; and
    for equal sizes a proof that is not empty or roots that differ.
    """
    _check_sizes(size1, size2)
    _check_hashes((root1, root2, *proof), ProofError)
    if size1 == size2:
        if proof:
            raise ProofError(f"the proof between equal sizes ({size1}) is not empty")
        if root1 != root2:
            raise ProofError(f"two roots for one size ({size1}): {root1.hex()} and {root2.hex()}")
        return
    old, new = roots_reached(size1, size2, proof, root1)
    if old != root1:
        raise ProofError(f"the proof does not lead to the root of {size1} leaves")
    if new != root2:
        raise ProofError(f"the proof does not lead from the root of {size1} leaves to the root of {size2}")


def roots_reached(size1: int, size2: int, proof: Sequence[bytes], root1: bytes) -> tuple[bytes, bytes]:
    """The roots of both trees, 0 < size1 < size2, that a consistency proof leads to: whether or not they are known.

    If the second is one that the log signed, the first is the root which that very tree had at ``size1``: what shows
    a fork where another one was signed too. Where size1 is a power of two the proof leaves out the first root, so it
    is ``root1`` by definition. Raises ProofError for a proof too short or too long.
    """
    # A first tree of 2^k leaves is itself a subtree of the second: the proof leaves out its root, known already.
    path = list(proof) if size1 & (size1 - 1) else [root1, *proof]
    if not path:
        raise ProofError(f"the proof is too short from {size1} to {size2} leaves")
    at, last = size1 - 1, size2 - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofError(f"the proof is too long from {size1} to {size2} leaves")
        if at & 1 or at == last:
            old = node_hash(sibling, old)
            new = node_hash(sibling, new)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        at, last = at >> 1, last >> 1
    if last:
        raise ProofError(f"the proof is too short from {size1} to {size2} leaves")
    return old, new


# --- below ---------------------------------------------------------------------------------------------------


def _split(size: int) -> int:
    """The largest power of two smaller than ``size`` (size > 1): where the RFC cuts a tree in two."""
    return 1 << (size - 1).bit_length() - 1


def _perfect(low: int, high: int) -> list[NodeId]:
    """The perfect subtrees that cover leaves low … high - 1 of a subtree of the RFC's, largest first.

    ``low`` is a multiple of a power of two not smaller than high - low, as every cut of the RFC's makes it.
    """
    nodes: list[NodeId] = []
    while low < high:
        level = (high - low).bit_length() - 1
        nodes.append((level, low >> level))
        low += 1 << level
    return nodes


def _roots(ranges: Sequence[tuple[int, int]], reader: HashReader) -> list[bytes]:
    """The subtree root over each range of leaves, with one reading for all of them."""
    parts = [_perfect(low, high) for low, high in ranges]
    read = iter(_read(reader, [node for part in parts for node in part]))
    return [_fold([next(read) for _ in part]) for part in parts]


def _fold(hashes: Sequence[bytes]) -> bytes:
    """The root over perfect subtrees given largest first, of which there is at least one."""
    root = hashes[-1]
    for left in hashes[-2::-1]:
        root = node_hash(left, root)
    return root


def _read(reader: HashReader, nodes: list[NodeId]) -> Sequence[bytes]:
    """What the reader gives, held to its promise: one 32-byte hash for each node."""
    hashes = reader.hashes(nodes) if nodes else ()
    if len(hashes) != len(nodes):
        raise FormatError(f"the reader gave {len(hashes)} hashes for {len(nodes)} nodes")
    _check_hashes(hashes, FormatError)
    return hashes


def _check_hashes(hashes: Iterable[bytes], error: type[FormatError | ProofError]) -> None:
    """Every hash is exactly 32 bytes: a shorter or longer one could shift bytes between neighbours in a hash."""
    if set(map(len, hashes)) - {HASH_SIZE}:
        raise error("a hash is not exactly 32 bytes long")


def _check_member(index: int, size: int) -> None:
    if not 0 <= index < size <= MAX_SIZE:
        raise ProofError(f"leaf {index} is not in a tree of {size} leaves")


def _check_sizes(size1: int, size2: int) -> None:
    if size1 == 0:
        raise ProofError("a proof from size 0 proves nothing: every tree continues the empty one")
    if not 0 < size1 <= size2 <= MAX_SIZE:
        raise ProofError(f"a tree of {size1} leaves does not come before one of {size2}")
