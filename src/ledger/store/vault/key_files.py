"""A wrapping key in a file of 64 hexadecimal digits outside both clusters, 0600: what is used unless KMS is named.

    keys/vault.key, keys/vault.key.2, keys/vault.key.3 ...      one for each epoch
    wrapped = nonce (12) || AES-256-GCM under the wrapping key, AAD = key id (or the secret's name)

To destroy one is to write over it, sync it and take it away.  What a disk or a file system keeps of blocks that were
written over (flash, copies on write, snapshots) is out of our reach: keep this folder where nothing copies it.

Proven by tests/store/test_vault.py.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Collection
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.errors import Setup, VaultUnavailable
from ledger.store.host import sync_folder


class WrappingKey:
    """A key that wraps keys; `id`: 16 hexadecimal digits that tell nothing of it."""

    def __init__(self, key: bytes) -> None:
        self.id = sha256(b"wrapping" + key).hexdigest()[:16]
        self._cipher = AESGCM(key)

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


class KeyFiles:
    """The provider of wrapping keys that needs nobody else (wrapping.Provider)."""

    seconds: ClassVar[float] = float("inf")  # nobody can take back what lies on our own disk

    def path(self, first: Path, number: int) -> Path:
        return first if number == 1 else first.with_name(f"{first.name}.{number}")

    def make(self, path: Path, earlier: Collection[Path]) -> None:
        secret_file(path)

    def id(self, path: Path) -> str:
        return self.open(path).id

    def open(self, path: Path) -> WrappingKey:
        return WrappingKey(secret_file(path))

    def destroy(self, path: Path) -> datetime:
        with path.open("r+b") as file:  # in the form of a key: a crash here must not stop the next start
            file.write(secrets.token_hex(32).encode())
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
        sync_folder(path.parent)
        return datetime.now(UTC)


def secret_file(path: Path) -> bytes:
    """32 bytes of a key file, made with 0600 on the first start.  Raises Setup."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        write_once(path, secrets.token_bytes(32).hex() + "\n")
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise Setup(f"The key file {path.name} can be read by others. Run: chmod 600 on it, and think about a new key.")
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except ValueError:
        key = b""
    if len(key) != 32:
        raise Setup(f"The key file {path.name} does not hold 64 hexadecimal digits. Restore it from its backup.")
    return key


def write_once(path: Path, text: str) -> None:
    """A file (0600) whole or not at all; the first of two processes wins."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    sync_folder(path.parent)  # a file that is gone after a power cut takes every key it wrapped with it
