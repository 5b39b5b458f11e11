"""What wraps the keys of the vault: a file of 64 hexadecimal digits outside both clusters, 0600.

    wrapped = nonce (12) || AES-256-GCM under the wrapping key, AAD = key id (or the secret's name)

Proven by tests/store/test_vault.py.
"""

from __future__ import annotations

import os
import secrets
import stat
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.errors import Setup, VaultUnavailable
from ledger.store.host import sync_folder


class WrappingKey:
    """The key that wraps the keys: a file of 64 hexadecimal digits, readable by its owner alone."""

    def __init__(self, key: bytes) -> None:
        self.id = sha256(b"wrapping" + key).hexdigest()[:16]
        self._cipher = AESGCM(key)

    @classmethod
    def at(cls, path: Path) -> WrappingKey:
        """Read it, or make it on the first start.  Raises Setup when others can read it or it is not a key."""
        return cls(secret_file(path))

    def wrap(self, key: bytes, bound_to: str) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._cipher.encrypt(nonce, key, bound_to.encode())

    def unwrap(self, wrapped: bytes, bound_to: str) -> bytes:
        """Raises VaultUnavailable if this wrapping key does not fit."""
        try:
            return self._cipher.decrypt(wrapped[:12], wrapped[12:], bound_to.encode())
        except InvalidTag as wrong:
            raise VaultUnavailable(
                f"The key {bound_to} was wrapped by another wrapping key file; put that back."
            ) from wrong


def secret_file(path: Path) -> bytes:
    """32 bytes of a key file, made with 0600 on the first start.  Raises Setup."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        _write_secret(path, secrets.token_bytes(32))
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise Setup(f"The key file {path.name} can be read by others. Run: chmod 600 on it, and think about a new key.")
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except ValueError:
        key = b""
    if len(key) != 32:
        raise Setup(f"The key file {path.name} does not hold 64 hexadecimal digits. Restore it from its backup.")
    return key


def _write_secret(path: Path, key: bytes) -> None:
    """Whole or not at all, and the first of two processes wins."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(key.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    sync_folder(path.parent)  # a file that is gone after a power cut takes every key it wrapped with it
