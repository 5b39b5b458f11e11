"""A ciphertext of AES-GCM that opens under two keys: GCM promises nothing about a second one, which commitments mend.

    data = opens_under_both(first, second, nonce, plain)       `plain` under the first key, rubbish under the second

A tag is a polynomial in a key's own point, plus a mask: with one block left free, the block that makes both tags the
same solves one linear equation in the field of 2^128 elements.  Written from NIST SP 800-38D.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 16
_R = 0xE1 << 120


def times(a: int, b: int) -> int:
    """The product of two elements, the first bit being the coefficient of x^0."""
    product = 0
    for bit in range(127, -1, -1):
        if a >> bit & 1:
            product ^= b
        b = b >> 1 ^ (_R if b & 1 else 0)
    return product


def power(a: int, n: int) -> int:
    found = 1 << 127
    while n:
        if n & 1:
            found = times(found, a)
        a, n = times(a, a), n >> 1
    return found


@dataclass(frozen=True)
class Under:
    """One key, and the additional data it is used with."""

    key: bytes
    bound_to: bytes

    def encrypted(self, block: bytes) -> bytes:
        encryptor = Cipher(algorithms.AES(self.key), modes.ECB()).encryptor()
        return encryptor.update(block) + encryptor.finalize()

    def stream(self, nonce: bytes, length: int) -> bytes:
        count = -(-length // BLOCK)
        return b"".join(self.encrypted(nonce + (each + 2).to_bytes(4)) for each in range(count))[:length]

    def tag(self, nonce: bytes, data: bytes) -> int:
        point = int.from_bytes(self.encrypted(bytes(BLOCK)))
        lengths = (len(self.bound_to) * 8).to_bytes(8) + (len(data) * 8).to_bytes(8)
        padded = b"".join(each.ljust(-(-len(each) // BLOCK) * BLOCK, b"\0") for each in (self.bound_to, data, lengths))
        found = 0
        for at in range(0, len(padded), BLOCK):
            found = times(found ^ int.from_bytes(padded[at : at + BLOCK]), point)
        return found ^ int.from_bytes(self.encrypted(nonce + (1).to_bytes(4)))

    @property
    def weight(self) -> int:
        """What the last block of the data is multiplied with."""
        point = int.from_bytes(self.encrypted(bytes(BLOCK)))
        return times(point, point)


def opens_under_both(first: Under, second: Under, nonce: bytes, plain: bytes) -> bytes:
    """Ciphertext and tag; `plain`, of whole blocks, is followed under the first key by a block of rubbish."""
    data = bytes(a ^ b for a, b in zip(plain, first.stream(nonce, len(plain)), strict=True)) + bytes(BLOCK)
    differs = first.tag(nonce, data) ^ second.tag(nonce, data)
    last = times(differs, power(first.weight ^ second.weight, 2**128 - 2))
    data = data[:-BLOCK] + last.to_bytes(BLOCK)
    assert first.tag(nonce, data) == second.tag(nonce, data)
    return data + first.tag(nonce, data).to_bytes(BLOCK)
