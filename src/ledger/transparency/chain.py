"""The chain through everything that concerns one person (or placement, child, register entry: any id).

The project's own formula. For an id, take in order the entries of its own stream and those that are ``about``
it. u64 is 8 bytes, big endian; leaf indexes count from 0, so the entry at position p has index p - 1:

    c_0 = 32 zero bytes
    c_n = H(0x22 || c_(n-1) || u64 leaf index || leaf hash)

The n-th value and n itself, put into a signed map of heads, prove that a file holds all n entries, in order,
and none besides. The prefix 0x22 keeps a chain value from passing for a leaf (0x00), a node (0x01) or a
node of the map (0x20, 0x21).

    >>> one = next_link(CHAIN_START, 0, bytes(32))
    >>> one.hex()
    '9a8bf36f02e54ed8547d68e0cc30b2fe586982cdade6072cd1fa77c2ff4c17c5'
    >>> next_link(one, 6, bytes(32)) == chain_of([(0, bytes(32)), (6, bytes(32))])
    True

Proved by tests/transparency/test_chain.py and tests/golden/formulas.json.
"""

from collections.abc import Iterable
from hashlib import sha256

from ledger.transparency.errors import FormatError
from ledger.transparency.tree import HASH_SIZE

__all__ = ["CHAIN_START", "chain_of", "next_link"]

CHAIN_START = bytes(HASH_SIZE)
"""c_0: the chain that has no entries yet."""


def next_link(chain: bytes, index: int, leaf: bytes) -> bytes:
    """c_n from c_(n-1), the leaf index (from 0) and the leaf hash of the n-th entry; 32 bytes each.

    Raises FormatError for a chain or leaf that is not 32 bytes, or an index outside u64.
    """
    if len(chain) != HASH_SIZE or len(leaf) != HASH_SIZE:
        raise FormatError("a hash is not exactly 32 bytes long")
    try:
        return sha256(b"\x22" + chain + index.to_bytes(8, "big") + leaf).digest()
    except OverflowError as error:
        raise FormatError(f"{index} is not a leaf index") from error


def chain_of(entries: Iterable[tuple[int, bytes]]) -> bytes:
    """c_n over (leaf index, leaf hash) of n entries. Raises FormatError unless the indexes rise."""
    chain, last = CHAIN_START, -1
    for index, leaf in entries:
        if index <= last:
            raise FormatError(f"leaf index {index} does not come after {last}")
        chain, last = next_link(chain, index, leaf), index
    return chain
