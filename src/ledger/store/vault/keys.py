"""The keys of the vault, given out by owner and by id.

A new key is committed here before the fact that uses it.  Keys read are kept in memory for less than a minute, so that
a destroyed one is forgotten everywhere within it.  An owner that was erased never has a key again.

Proven by tests/store/test_vault.py.
"""

from __future__ import annotations

import asyncio
import secrets
import time
import uuid
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from ledger.errors import Refusal, Refused, VaultUnavailable
from ledger.privacy.owners import Owner
from ledger.privacy.sealing import DataKey
from ledger.rules.register import CANNOT_BE_RESTORED
from ledger.store import binary
from ledger.store.appending import Query
from ledger.store.joining import Joining
from ledger.store.vault.asking import Connect, no_answer
from ledger.store.vault.epochs import Epochs
from ledger.store.vault.erasing import Erasures, columns_of
from ledger.store.vault.key_files import WrappingKey
from ledger.store.vault.listed import ErasureList
from ledger.store.vault.wrapping import WrappingKeys
from ledger.store.wire import DatabaseTrouble, Rows, Wire

KEPT_SECONDS: Final = 50.0
MOST_KEPT: Final = 100_000


class Vault:
    """Keys by owner and by id.  Every method raises VaultUnavailable when the vault does not answer.

    Where there is no room for a new key, making one raises DiskFull.
    """

    def __init__(self, connect: Connect, wrapping: WrappingKeys, backup_days: int = 35) -> None:
        """`backup_days`: how long a backup of the vault is kept."""
        self.epochs = Epochs(connect, wrapping, backup_days)
        self.erasures = Erasures(connect, self.forget, ErasureList(wrapping.home / "erasures.jsonl"))
        self._connect = connect
        self._wrapping = wrapping
        self._current: WrappingKey | None = None  # of the newest epoch, as last asked
        self._wire: Wire | None = None
        self._connecting = asyncio.Lock()
        self._owned: dict[Owner, tuple[float, DataKey]] = {}
        self._read: dict[bytes, tuple[float, DataKey]] = {}
        self._sweeping: asyncio.TimerHandle | None = None
        self._by_id = Joining(self._of_ids)

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
        """The newest active key of each owner, made (and committed) where there is none.

        Raises Refused (CP-49) where one of them was erased, or is being erased.
        """
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
        return found | await self._by_id.of(missing)

    async def _of_ids(self, ids: Sequence[bytes]) -> dict[bytes, DataKey]:
        until = time.monotonic() + KEPT_SECONDS
        found: dict[bytes, DataKey] = {}
        for row in await self._ask(b"by_id", binary.array_of_uuid(ids)):
            key_id, wrapping, wrapped = (binary.read_bytes(value) for value in row)
            found[key_id] = await self._keep(key_id, wrapping, wrapped, until)
        return found

    async def secret(self, name: str) -> bytes:
        """32 bytes that only the vault keeps, made on first use."""
        for epoch in (self._epoch, self._new_epoch):
            rows = await self._ask(b"secret", name.encode())
            if rows:
                break
            key = await epoch()
            wrapped = key.wrap(secrets.token_bytes(32), name)
            kept = (name.encode(), key.id.encode(), wrapped)
            _, _, rows = await self._ask_all([(b"share_gate", ()), (b"keep_secret", kept), (b"secret", kept[:1])])
            if rows:
                break
        else:
            raise VaultUnavailable("The vault's wrapping key is being changed. Try again in a moment.")
        wrapping, wrapped = (binary.read_bytes(value) for value in rows[0])
        return (await self._wrapping.known(wrapping.decode())).unwrap(wrapped, name)

    async def _epoch(self) -> WrappingKey:
        """What is wrapped with now."""
        return self._current or await self._new_epoch()

    async def _new_epoch(self) -> WrappingKey:
        """The same, asked again."""
        number, newest = await asyncio.to_thread(lambda: self._wrapping.newest)
        enrol = (b"enrol", (newest.encode(), binary.int8(number)))
        _, rows = await self._ask_all([enrol, (b"epoch", ())])
        self._current = await self._wrapping.known(binary.read_bytes(rows[0][0]).decode())
        return self._current

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
        for epoch in (self._epoch, self._new_epoch):
            lacking = [owner for owner in owners if owner not in found]
            if not lacking:
                return found
            key = await epoch()
            ids = [uuid.uuid4() for _ in lacking]
            wrapped = [key.wrap(secrets.token_bytes(32), str(each)) for each in ids]
            columns = binary.array_of_uuid([each.bytes for each in ids]), *columns_of(lacking)
            made = *columns, key.id.encode(), binary.array_of_bytes(wrapped)
            await self._ask_all([(b"share_gate", ()), (b"make", made)])
            found |= await self._find(lacking)  # ours, or those of a process that was faster
        if any(owner not in found for owner in owners):
            raise Refused([Refusal("CP-49", CANNOT_BE_RESTORED, rule_book=False)])
        return found

    async def _find(self, owners: list[Owner]) -> dict[Owner, DataKey]:
        until = time.monotonic() + KEPT_SECONDS
        found: dict[Owner, DataKey] = {}
        for row in await self._ask(b"find", *columns_of(owners)):
            owner, retention, key_id, wrapping, wrapped = (binary.read_bytes(value) for value in row)
            name = Owner(owner.decode(), retention.decode())
            found[name] = await self._keep(key_id, wrapping, wrapped, until)
            self._owned[name] = until, found[name]
        return found

    async def _keep(self, key_id: bytes, wrapping: bytes, wrapped: bytes, until: float) -> DataKey:
        """Remember a key, counted from when it was asked for: it may be destroyed while the answer is under way."""
        name = str(uuid.UUID(bytes=key_id))
        key = DataKey(name, (await self._wrapping.known(wrapping.decode())).unwrap(wrapped, name))
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
        return (await self._ask_all([(name, params)]))[0]

    async def _ask_all(self, queries: Sequence[Query]) -> list[Rows]:
        """One after the other, in one transaction."""
        try:
            async with self._connecting:
                if self._wire is None or self._wire.closed:
                    self._wire = await self._connect()
            return await self._wire.ask_all(queries)
        except (DatabaseTrouble, OSError) as problem:
            raise no_answer(problem) from problem
