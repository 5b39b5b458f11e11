r"""The map of heads: one root over the chain of every id, with proofs that a chain ends where it is said to, or is not.

The project's own formula. ``chain`` follows everything that concerns one id; this map names for each id how many
entries that are, the value of its chain, and where the last of them lies. Its root, sealed in a *closing*, is what a
case in the hand of a stranger is compared with: a dropped tail, a dropped case and a false "no such case" all need
another root. It is a binary trie over the SHA-256 of the ids, most significant bit first:

    key      H("chain" || 0x00 || id)
    leaf     H(0x20 || key || u64 n || c_n || u64 leaf index of the last entry)
    node     H(0x21 || left || right)

where u64 is 8 bytes, big endian. A subtree without leaves is 32 zero bytes, one with a single leaf is that leaf at
whatever height, so a path is about as long as the logarithm of the number of ids. The path of a key ends in its own
leaf; or in nothing, or in the leaf of another key, and then nothing was ever recorded about that id. Both cannot be
shown under one root: node and leaf begin with different bytes, so a key has one path and the path one end.

    >>> heads = Heads.of({"case-a": Head(2, bytes(32), 6), "case-b": Head(1, bytes(32), 3)})
    >>> heads.root.hex()
    'def89008bb184543efc4bde5da6bd2157052c9fc44dd3cc1703ee378b4dd9626'
    >>> proof = heads.prove("case-a")
    >>> verify_head("case-a", proof, heads.root) == Head(n=2, chain=bytes(32), last=6)
    True
    >>> verify_absence("case-c", heads.prove("case-c"), heads.root)
    >>> verify_absence("case-a", proof, heads.root)
    Traceback (most recent call last):
    ledger.transparency.errors.ProofError: the path ends in the leaf of case-a itself

A map is a value. ``updated`` copies the paths to what changed and shares all else with the map before it, so the map
of a closing stays while the next one grows; its work is in proportion to what changed. In memory an id takes some 370
bytes.

Proved by tests/transparency/test_heads.py: against a textbook map that knows only the definition, by forged proofs,
and by tests/golden/formulas.json.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple, TypeAlias, cast

from ledger.transparency.errors import FormatError, ProofError
from ledger.transparency.note import decode_base64, encode_base64
from ledger.transparency.tree import HASH_SIZE

__all__ = ["CLOSED", "EMPTY", "Builder", "Head", "HeadProof", "Heads", "key_of", "verify_absence", "verify_head"]

CLOSED = ("ledger", "ledger.closed.v1")
"""Stream and type of a closing. Its ``values`` are ``size``, the entries before it, and ``heads``, the root."""

EMPTY = bytes(HASH_SIZE)
"""A subtree without leaves, and so the root of a map without ids."""

_DEPTH = 8 * HASH_SIZE
_BUCKET_BITS = 12
_U64 = 2**64
_PATH = {"depth", "siblings"}
_LEAF = {"key", "n", "head", "index"}

# A leaf is what is hashed (key, n, chain, index: 80 bytes) and then its hash; a node is its hash, left and right. Bytes
# and tuples of three, because there are hundreds of thousands of them.
_KEY = slice(0, 32)
_RECORD = slice(0, 80)
_HASH = slice(80, 112)
_Node: TypeAlias = "bytes | tuple[bytes, _Node, _Node] | None"


def key_of(name: str) -> bytes:
    """Where an id lies in the map, 32 bytes."""
    return sha256(b"chain\x00" + name.encode()).digest()


class Head(NamedTuple):
    """What the map says of one id: n entries, c_n (32 bytes), and the leaf index (from 0) of the last of them."""

    n: int
    chain: bytes
    last: int


@dataclass(frozen=True, slots=True)
class HeadProof:
    """Where the path of a key ends, and the siblings along it from the root down.

    ``key`` and ``head`` are those of the leaf that it ends in: the id's own, or another's, which proves absence. Both
    are None where it ends in an empty subtree, which proves absence too.
    """

    key: bytes | None
    head: Head | None
    siblings: tuple[bytes, ...]

    @property
    def depth(self) -> int:
        """How many bits of the key the path follows."""
        return len(self.siblings)

    def members(self) -> dict[str, object]:
        """As a bundle writes it: depth, siblings from the root down, and key, n, head and index where it has a leaf."""
        path: dict[str, object] = {"depth": self.depth, "siblings": [encode_base64(each) for each in self.siblings]}
        if self.key is None or self.head is None:
            return path
        n, chain, last = self.head
        return {"key": encode_base64(self.key), "n": n, "head": encode_base64(chain), "index": last, **path}

    @classmethod
    def parse(cls, members: Mapping[str, object]) -> HeadProof:
        """What ``members`` wrote. Raises FormatError for anything else."""
        depth, siblings = members.get("depth"), members.get("siblings")
        if set(members) not in (_PATH, _PATH | _LEAF) or not isinstance(siblings, list):
            raise FormatError("a head is depth and siblings, and key, n, head and index where its path has a leaf")
        found = tuple(_hash(each) for each in cast("list[object]", siblings))
        if type(depth) is not int or depth != len(found):
            raise FormatError("the depth of a path is the number of its siblings")
        if "key" not in members:
            return cls(None, None, found)
        n, last = members["n"], members["index"]
        if type(n) is not int or type(last) is not int:
            raise FormatError("n and index are whole numbers")
        return cls(_hash(members["key"]), Head(n, _hash(members["head"]), last), found)


class Heads:
    """A map of heads; a value."""

    __slots__ = ("_top",)

    def __init__(self, top: _Node = None) -> None:
        """The empty map; others are made by ``of``, ``updated`` and ``Builder``."""
        self._top = top

    @classmethod
    def of(cls, heads: Mapping[str, Head]) -> Heads:
        """The map of these."""
        return cls().updated(heads)

    def updated(self, changes: Mapping[str, Head]) -> Heads:
        """The map with these heads put in or put anew; this one stays as it is. Raises FormatError for no head."""
        leaves = sorted(_leaf(key_of(name), head) for name, head in changes.items())
        return Heads(_merged(self._top, leaves, 0)) if leaves else self

    @property
    def root(self) -> bytes:
        """What a closing seals; 32 bytes."""
        return _hash_of(self._top)

    def head(self, name: str) -> Head | None:
        """The head of this id; None where nothing was ever recorded about it."""
        key = key_of(name)
        end, _ = self._end(key)
        return _head_of(end) if end is not None and end[_KEY] == key else None

    def prove(self, name: str) -> HeadProof:
        """The end of this id's path: what ``verify_head`` or, for an id that is not there, ``verify_absence`` takes."""
        end, siblings = self._end(key_of(name))
        if end is None:
            return HeadProof(None, None, siblings)
        return HeadProof(end[_KEY], _head_of(end), siblings)

    def _end(self, key: bytes) -> tuple[bytes | None, tuple[bytes, ...]]:
        bits, node, siblings = int.from_bytes(key), self._top, list[bytes]()
        while isinstance(node, tuple):
            _, left, right = node
            if bits >> (_DEPTH - 1 - len(siblings)) & 1:
                node, sibling = right, left
            else:
                node, sibling = left, right
            siblings.append(_hash_of(sibling))
        return node, tuple(siblings)


class Builder:
    """A map of many heads that come in any order: put them in one by one, then let it be built, piece by piece.

    builder = Builder()
    builder.add("case-a", Head(...))
    for _ in builder.steps():
        ...                          # some tenth of a millisecond each: whoever has others to serve serves them here
    builder.built                    # the map
    """

    def __init__(self) -> None:
        self._buckets: list[list[bytes]] = [[] for _ in range(1 << _BUCKET_BITS)]
        self.built = Heads()

    def add(self, name: str, head: Head) -> None:
        """One id, which was not added before."""
        leaf = _leaf(key_of(name), head)
        self._buckets[leaf[0] << 4 | leaf[1] >> 4].append(leaf)

    def steps(self) -> Iterator[None]:
        """Build, a small piece at each step."""
        row: list[_Node] = []
        for number, bucket in enumerate(self._buckets):
            self._buckets[number] = []
            row.append(_built(sorted(bucket), _BUCKET_BITS))
            yield
        while len(row) > 1:
            row = [_joined(row[at], row[at + 1]) for at in range(0, len(row), 2)]
            yield
        self.built = Heads(row[0])


# --- proofs --------------------------------------------------------------------------------------------------


def verify_head(name: str, proof: HeadProof, root: bytes) -> Head:
    """The head of an id in the map with this root. Raises ProofError if the proof does not show it.

    A bundle's reader compares it with the chain of the entries he holds, and ``last`` with the size that was closed.
    """
    if proof.key is None or proof.head is None:
        raise ProofError(f"the path ends in nothing: there is no {name}")
    if proof.key != key_of(name):
        raise ProofError(f"the path does not end in the leaf of {name}")
    _check_path(proof, key_of(name), root)
    return proof.head


def verify_absence(name: str, proof: HeadProof, root: bytes) -> None:
    """Return if the proof shows that the map with this root has no such id. Raises ProofError otherwise."""
    if proof.key == key_of(name):
        raise ProofError(f"the path ends in the leaf of {name} itself")
    _check_path(proof, key_of(name), root)


def _check_path(proof: HeadProof, key: bytes, root: bytes) -> None:
    """The path of ``key`` in the map with this root ends where the proof says."""
    if {len(root), *map(len, proof.siblings)} != {HASH_SIZE}:
        raise ProofError("a hash is not exactly 32 bytes long")
    if proof.depth > _DEPTH:
        raise ProofError(f"a path of {proof.depth} bits: a key has {_DEPTH}")
    if (proof.key is None) != (proof.head is None):
        raise ProofError("a leaf has a key and a head, an empty subtree neither")
    if proof.siblings and proof.siblings[-1] == EMPTY:
        raise ProofError("the path goes on where the map has one leaf at most")
    reached = EMPTY
    if proof.key is not None and proof.head is not None:
        try:
            reached = _leaf(proof.key, proof.head)[_HASH]
        except FormatError as error:
            raise ProofError(str(error)) from error
        other = int.from_bytes(proof.key) ^ int.from_bytes(key)
        if other >> (_DEPTH - proof.depth):
            raise ProofError("the leaf at the end does not lie on the path of this id")
    bits = int.from_bytes(key)
    for depth in range(proof.depth - 1, -1, -1):
        sibling = proof.siblings[depth]
        pair = sibling + reached if bits >> (_DEPTH - 1 - depth) & 1 else reached + sibling
        reached = sha256(b"\x21" + pair).digest()
    if reached != root:
        raise ProofError("the path does not lead to the root of this map")


def _hash(text: object) -> bytes:
    found = decode_base64(text) if isinstance(text, str) else b""
    if len(found) != HASH_SIZE:
        raise FormatError("a hash is the base64 of exactly 32 bytes")
    return found


# --- leaves and nodes ----------------------------------------------------------------------------------------


def _leaf(key: bytes, head: Head) -> bytes:
    """A leaf as it is kept. Raises FormatError for what no chain has."""
    n, chain, last = head
    if len(key) != HASH_SIZE or len(chain) != HASH_SIZE:
        raise FormatError("a hash is not exactly 32 bytes long")
    if not 0 < n <= last + 1 <= _U64:
        raise FormatError(f"{n} entries cannot end at leaf index {last}")
    record = b"".join((key, n.to_bytes(8), chain, last.to_bytes(8)))
    return record + sha256(b"\x20" + record).digest()


def _head_of(leaf: bytes) -> Head:
    return Head(int.from_bytes(leaf[32:40]), leaf[40:72], int.from_bytes(leaf[72:80]))


def _hash_of(node: _Node) -> bytes:
    if node is None:
        return EMPTY
    return node[0] if isinstance(node, tuple) else node[_HASH]


def _joined(left: _Node, right: _Node) -> _Node:
    """Two subtrees as one: neither node nor empty subtree stands above a single leaf."""
    if left is None and not isinstance(right, tuple):
        return right
    if right is None and not isinstance(left, tuple):
        return left
    return (sha256(b"\x21" + _hash_of(left) + _hash_of(right)).digest(), left, right)


def _built(leaves: Sequence[bytes], depth: int) -> _Node:
    """A subtree of these leaves, sorted, whose keys agree in the first ``depth`` bits."""
    if len(leaves) < 2:
        return leaves[0] if leaves else None
    at = _cut(leaves, depth)
    return _joined(_built(leaves[:at], depth + 1), _built(leaves[at:], depth + 1))


def _merged(node: _Node, leaves: Sequence[bytes], depth: int) -> _Node:
    """A subtree with these leaves, sorted and at least one, put in or put anew."""
    if len(leaves) == 1:
        return _put(node, leaves[0], depth)
    if node is None:
        return _built(leaves, depth)
    if not isinstance(node, tuple):
        return _built(_with(node, leaves), depth)
    _, left, right = node
    at = _cut(leaves, depth)
    if at:
        left = _merged(left, leaves[:at], depth + 1)
    if at < len(leaves):
        right = _merged(right, leaves[at:], depth + 1)
    return (sha256(b"\x21" + _hash_of(left) + _hash_of(right)).digest(), left, right)


def _put(node: _Node, leaf: bytes, depth: int) -> _Node:
    """A subtree with one leaf put in or put anew: down its path, and up again."""
    bits, path = int.from_bytes(leaf[_KEY]), list[_Node]()
    while isinstance(node, tuple):
        _, left, right = node
        if bits >> (_DEPTH - 1 - depth) & 1:
            path.append(left)
            node = right
        else:
            path.append(right)
            node = left
        depth += 1
    made = leaf if node is None else _built(_with(node, (leaf,)), depth)
    reached = _hash_of(made)
    for sibling in reversed(path):
        depth -= 1
        if bits >> (_DEPTH - 1 - depth) & 1:
            reached = sha256(b"\x21" + _hash_of(sibling) + reached).digest()
            made = (reached, sibling, made)
        else:
            reached = sha256(b"\x21" + reached + _hash_of(sibling)).digest()
            made = (reached, made, sibling)
    return made


def _with(leaf: bytes, leaves: Iterable[bytes]) -> list[bytes]:
    """These leaves and, unless it is put anew by one of them, another; sorted."""
    given = list(leaves)
    return given if any(each[_KEY] == leaf[_KEY] for each in given) else sorted((*given, leaf))


def _cut(leaves: Sequence[bytes], depth: int) -> int:
    """How many of these sorted leaves go to the left: those whose bit at this depth is 0."""
    byte, mask = depth >> 3, 0x80 >> (depth & 7)
    low, high = 0, len(leaves)
    while low < high:
        middle = (low + high) // 2
        if leaves[middle][byte] & mask:
            high = middle
        else:
            low = middle + 1
    return low
