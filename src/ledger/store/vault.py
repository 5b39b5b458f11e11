"""The vault: where the keys lie, wrapped, in a PostgreSQL cluster of their own.

    wrapped = nonce (12) || AES-256-GCM under the wrapping key, AAD = key id (or the secret's name)

The wrapping key is a file (0600) outside both clusters.  A new key is committed here before the fact that uses it.
Keys read are kept in memory for less than a minute, so that a destroyed one is forgotten everywhere within it.

Proven by tests/store/test_vault.py.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import stat
import time
import uuid
from collections.abc import Awaitable, Callable, Collection, Iterable
from hashlib import sha256
from pathlib import Path
from typing import Final, LiteralString

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.errors import DiskFull, Setup, VaultUnavailable
from ledger.privacy.owners import Owner
from ledger.privacy.sealing import DataKey
from ledger.store import binary
from ledger.store.host import sync_folder
from ledger.store.wire import DISK_FULL, DatabaseTrouble, Rows, Wire

KEPT_SECONDS: Final = 50.0
MOST_KEPT: Final = 100_000

STATEMENTS: Final[dict[str, LiteralString]] = {
    "find": """
        SELECT k.owner, k.retention, k.key_id, k.wrapping, k.wrapped
        FROM unnest($1::text[], $2::text[]) AS o (owner, retention)
        JOIN keys AS k USING (owner, retention)
        WHERE k.state = 'active' ORDER BY k.generation
    """,
    "make": """
        INSERT INTO keys (key_id, owner, retention, generation, wrapping, wrapped)
        SELECT m.key_id, m.owner, m.retention,
            1 + coalesce((SELECT max(k.generation) FROM keys AS k
                          WHERE k.owner = m.owner AND k.retention = m.retention), 0),
            convert_from($4::bytea, 'UTF8'), m.wrapped
        FROM unnest($1::uuid[], $2::text[], $3::text[], $5::bytea[]) AS m (key_id, owner, retention, wrapped)
        WHERE NOT EXISTS (SELECT FROM keys AS k  -- made by another since we looked
                          WHERE k.owner = m.owner AND k.retention = m.retention AND k.state = 'active')
        ON CONFLICT (owner, retention, generation) DO NOTHING
    """,
    "by_id": "SELECT key_id, wrapping, wrapped FROM keys WHERE key_id = ANY($1::uuid[]) AND state <> 'destroyed'",
    "secret": "SELECT wrapping, wrapped FROM secrets WHERE name = convert_from($1::bytea, 'UTF8')",
    "keep_secret": """
        INSERT INTO secrets (name, wrapping, wrapped)
        VALUES (convert_from($1::bytea, 'UTF8'), convert_from($2::bytea, 'UTF8'), $3::bytea)
        ON CONFLICT (name) DO NOTHING
    """,
}


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


class Vault:
    """Keys by owner and by id.  Every method raises VaultUnavailable when the vault does not answer.

    Where there is no room for a new key, making one raises DiskFull.
    """

    def __init__(self, connect: Callable[[], Awaitable[Wire]], wrapping: WrappingKey) -> None:
        self._connect = connect
        self._wrapping = wrapping
        self._wire: Wire | None = None
        self._connecting = asyncio.Lock()
        self._owned: dict[Owner, tuple[float, DataKey]] = {}
        self._read: dict[bytes, tuple[float, DataKey]] = {}
        self._sweeping: asyncio.TimerHandle | None = None

    def kept(self, owners: Collection[Owner]) -> dict[Owner, DataKey] | None:
        """Their keys, if all of them are in memory and not yet to be forgotten."""
        now = time.monotonic()
        found: dict[Owner, DataKey] = {}
        for owner in owners:
            kept = self._owned.get(owner)
            if kept is None or kept[0] <= now:
                return None
            found[owner] = kept[1]
        return found

    def holds(self, ids: Iterable[bytes]) -> bool:
        """Are the keys of these ids in memory and not yet to be forgotten?  Then so may be what they opened."""
        now = time.monotonic()
        return all((kept := self._read.get(each)) is not None and kept[0] > now for each in ids)

    async def keys_of(self, owners: Collection[Owner]) -> dict[Owner, DataKey]:
        """The newest active key of each owner, made (and committed) where there is none."""
        now = time.monotonic()
        found = {owner: kept[1] for owner in owners if (kept := self._owned.get(owner)) and kept[0] > now}
        missing = [owner for owner in owners if owner not in found]
        if missing:
            found |= await self._find_or_make(missing)
        return found

    async def keys_by_id(self, ids: Iterable[bytes]) -> dict[bytes, DataKey]:
        """Those keys (16-byte ids) that still exist."""
        now = time.monotonic()
        wanted = set(ids)
        found = {each: kept[1] for each in wanted if (kept := self._read.get(each)) and kept[0] > now}
        missing = [each for each in wanted if each not in found]
        for row in await self._ask(b"by_id", binary.array_of_uuid(missing)) if missing else ():
            key_id, wrapping, wrapped = (binary.read_bytes(value) for value in row)
            found[key_id] = self._keep(key_id, wrapping, wrapped, now + KEPT_SECONDS)
        return found

    async def secret(self, name: str) -> bytes:
        """32 bytes that only the vault keeps, made on first use."""
        rows = await self._ask(b"secret", name.encode())
        if not rows:
            wrapped = self._wrapping.wrap(secrets.token_bytes(32), name)
            await self._ask(b"keep_secret", name.encode(), self._wrapping.id.encode(), wrapped)
            rows = await self._ask(b"secret", name.encode())
        return self._wrapping.unwrap(binary.read_bytes(rows[0][1]), name)

    async def ping(self) -> None:
        """Does it answer?"""
        await self._ask(b"secret", b"ping")

    def forget(self) -> None:
        """Drop every key from memory."""
        self._owned.clear()
        self._read.clear()
        if self._sweeping:
            self._sweeping.cancel()
            self._sweeping = None

    def close(self) -> None:
        self.forget()
        if self._wire:
            self._wire.close()

    async def _find_or_make(self, owners: list[Owner]) -> dict[Owner, DataKey]:
        found = await self._find(owners)
        lacking = [owner for owner in owners if owner not in found]
        if lacking:
            ids = [uuid.uuid4() for _ in lacking]
            wrapped = [self._wrapping.wrap(secrets.token_bytes(32), str(each)) for each in ids]
            await self._ask(
                b"make",
                binary.array_of_uuid([each.bytes for each in ids]),
                *_columns(lacking),
                self._wrapping.id.encode(),
                binary.array_of_bytes(wrapped),
            )
            found |= await self._find(lacking)  # ours, or those of a process that was faster
        return found

    async def _find(self, owners: list[Owner]) -> dict[Owner, DataKey]:
        until = time.monotonic() + KEPT_SECONDS
        found: dict[Owner, DataKey] = {}
        for row in await self._ask(b"find", *_columns(owners)):
            owner, retention, key_id, wrapping, wrapped = (binary.read_bytes(value) for value in row)
            name = Owner(owner.decode(), retention.decode())
            found[name] = self._keep(key_id, wrapping, wrapped, until)
            self._owned[name] = until, found[name]
        return found

    def _keep(self, key_id: bytes, wrapping: bytes, wrapped: bytes, until: float) -> DataKey:
        """Remember a key, counted from when it was asked for: it may be destroyed while the answer is under way."""
        name = str(uuid.UUID(bytes=key_id))
        if wrapping.decode() != self._wrapping.id:
            raise VaultUnavailable(f"The key {name} was wrapped by key file {wrapping.decode()}, which is not here.")
        key = DataKey(name, self._wrapping.unwrap(wrapped, name))
        if len(self._read) >= MOST_KEPT:
            self.forget()
        self._read[key_id] = until, key
        if self._sweeping is None:
            self._sweep_later()
        return key

    def _sweep_later(self) -> None:
        self._sweeping = asyncio.get_running_loop().call_later(KEPT_SECONDS / 8, self._sweep)

    def _sweep(self) -> None:
        """Drop what is out of date, though nobody asks for it again."""
        now = time.monotonic()
        self._owned = {name: kept for name, kept in self._owned.items() if kept[0] > now}
        self._read = {name: kept for name, kept in self._read.items() if kept[0] > now}
        self._sweeping = None
        if self._owned or self._read:
            self._sweep_later()

    async def _ask(self, name: bytes, *params: bytes) -> Rows:
        try:
            async with self._connecting:
                if self._wire is None or self._wire.closed:
                    self._wire = await self._connect()
            return await self._wire.ask(name, params)
        except (DatabaseTrouble, OSError) as problem:
            if getattr(problem, "state", None) == DISK_FULL:
                raise DiskFull("There is no room left in the vault to keep a key. Nothing was recorded.") from problem
            raise VaultUnavailable(
                "The vault does not answer; personal values cannot be read or sealed now."
            ) from problem


def _columns(owners: list[Owner]) -> tuple[bytes, bytes]:
    return (
        binary.array_of_text([owner.id for owner in owners]),
        binary.array_of_text([owner.retention for owner in owners]),
    )
