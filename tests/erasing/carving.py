"""Every possible wrapped key in a file: whatever stands at any byte, wherever and in whatever form a server left it.

    carved(data)                        every stretch of 60 bytes that may be one, each once
    opened(candidates, ids, keys)       those that are: the key that comes out, by the id that it is bound to

Nothing is asked of PostgreSQL's formats.  A wrapped key is random bytes: stretches that no random 60 bytes look like
(three zeros on end: once in 300,000; fewer than 12 or more than 48 bytes with the first bit: once in 300,000; fewer
than 36 different ones: never) are left out, and the AEAD decides about the others.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import accumulate
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

WRAPPED: Final = 12 + 32 + 16  # nonce, key, tag
_DISTINCT: Final = 36
_HIGH: Final = bytes(each >> 7 for each in range(256))
_DENSE: Final = re.compile(rb"(?:[^\0]\0{0,2}){20,}", re.DOTALL)


def carved(data: bytes) -> Iterator[bytes]:
    """Slides over the bytes."""
    seen: set[bytes] = set()
    for stretch in _DENSE.finditer(data):
        found = stretch[0]
        counted = [0, *accumulate(found.translate(_HIGH))]
        for at in range(len(found) - WRAPPED + 1):
            if 12 <= counted[at + WRAPPED] - counted[at] <= 48:
                each = found[at : at + WRAPPED]
                if len(set(each)) >= _DISTINCT and each not in seen:
                    seen.add(each)
                    yield each


def opened(candidates: Iterable[bytes], ids: Collection[str], keys: Collection[bytes]) -> dict[str, bytes]:
    """The keys of these ids that come out with any of these wrapping keys."""
    found: dict[str, bytes] = {}
    ciphers, named = [AESGCM(each) for each in keys], [(each, each.encode()) for each in ids]
    for each in candidates:
        nonce, sealed = each[:12], each[12:]
        for cipher in ciphers:
            for name, bound_to in named:
                try:
                    found[name] = cipher.decrypt(nonce, sealed, bound_to)
                except InvalidTag:
                    continue
    return found
