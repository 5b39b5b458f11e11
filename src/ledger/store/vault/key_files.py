"""What wraps the keys of the vault: files of 64 hexadecimal digits outside both clusters, 0600, one for each epoch.

    keys/vault.key, keys/vault.key.2, keys/vault.key.3 ...
    wrapped = nonce (12) || AES-256-GCM under the wrapping key, AAD = key id (or the secret's name)

To destroy one is to write over it, sync it and take it away.  What a disk or a file system keeps of blocks that were
written over (flash, copies on write, snapshots) is out of our reach: keep this folder where nothing copies it.

Proven by tests/store/test_vault.py.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

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


class WrappingKeys:
    """The wrapping keys that are here, by id.  Which one is in use says the vault's newest epoch."""

    def __init__(self, path: Path, found: Mapping[int, WrappingKey]) -> None:
        """`found`: by the numbers of their epochs."""
        self._path = path
        self._found = found

    @classmethod
    def at(cls, path: Path) -> WrappingKeys:
        """Those of a folder; `path` is the first one's file, made on the first start.

        Raises Setup when others can read one, or one is not a key.
        """
        if not _numbered(path):
            secret_file(path)
        return cls(path, _read(path))

    @property
    def home(self) -> Path:
        """The ledger's, in which the folder of keys is."""
        return self._path.parent.parent

    @property
    def newest(self) -> tuple[int, WrappingKey]:
        """That of the highest number, and the number."""
        return max(self._found.items(), key=lambda each: each[0])

    def known(self, id: str) -> WrappingKey:  # noqa: A002 - the key's own word
        """The one with this id; the folder is read again for one that another process made.

        Raises VaultUnavailable if it is not here.
        """
        for again in (False, True):
            if again:
                self._found = _read(self._path) or self._found
            for key in self._found.values():
                if key.id == id:
                    return key
        raise VaultUnavailable(
            f"What the vault holds was wrapped by the wrapping key {id}, whose file is not here; put that back."
        )

    def make(self, number: int) -> WrappingKey:
        """The key of the epoch of this number: what a try that was cut short made is used."""
        secret_file(self._path.with_name(f"{self._path.name}.{number}"))
        self._found = _read(self._path)
        return self._found[number]

    def destroy_before(self, number: int) -> None:
        """The files of earlier epochs are written over and taken away; nothing, where that was done before."""
        for earlier, path in _numbered(self._path).items():
            if earlier < number:
                with path.open("r+b") as file:  # in the form of a key: a crash here must not stop the next start
                    file.write(secrets.token_hex(32).encode())
                    file.flush()
                    os.fsync(file.fileno())
                path.unlink()
                sync_folder(path.parent)
        self._found = _read(self._path)


def _numbered(path: Path) -> dict[int, Path]:
    """The key files of a folder by their epoch's number."""
    named = {
        each: each.name.removeprefix(path.name).removeprefix(".") or "1" for each in path.parent.glob(f"{path.name}*")
    }
    return dict(sorted((int(number), each) for each, number in named.items() if number.isdigit()))


def _read(path: Path) -> dict[int, WrappingKey]:
    return {number: WrappingKey(secret_file(each)) for number, each in _numbered(path).items()}


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
