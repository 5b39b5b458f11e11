"""The map of heads as its definition reads: recursive, slow, and nothing to get wrong.

The fast map is compared with it. It keeps all leaves, hashes everything again for each question, and shares no code
with ``ledger.transparency``.
"""

from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256

Told = tuple[int, bytes, int]  # n, c_n, leaf index of the last entry


@lru_cache(maxsize=10_000)
def bits_of(name: str) -> str:
    """The key of an id as 256 digits, most significant first."""
    return "".join(f"{byte:08b}" for byte in sha256(b"chain\x00" + name.encode()).digest())


def leaf(name: str, told: Told) -> bytes:
    n, chain, index = told
    key = sha256(b"chain\x00" + name.encode()).digest()
    return sha256(b"\x20" + key + n.to_bytes(8, "big") + chain + index.to_bytes(8, "big")).digest()


def root(heads: Mapping[str, Told], prefix: str = "") -> bytes:
    """The subtree of all keys that begin with these bits."""
    under = {name: told for name, told in heads.items() if bits_of(name).startswith(prefix)}
    if not under:
        return bytes(32)
    if len(under) == 1:
        return leaf(*under.popitem())
    return sha256(b"\x21" + root(under, prefix + "0") + root(under, prefix + "1")).digest()


def siblings(heads: Mapping[str, Told], name: str) -> list[bytes]:
    """Along the path of an id, from the root down, until at most one leaf is left."""
    found: list[bytes] = []
    bits = bits_of(name)
    while sum(bits_of(each).startswith(bits[: len(found)]) for each in heads) > 1:
        depth = len(found)
        found.append(root(heads, bits[:depth] + str(1 - int(bits[depth]))))
    return found
