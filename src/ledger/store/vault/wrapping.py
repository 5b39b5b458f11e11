"""The wrapping keys of the vault by epoch: each from a provider, with one file in the folder of keys.

    vault.key, vault.key.2 ...                  the key itself                       key_files.py
    vault.key.1.kms, vault.key.2.kms ...        the key, encrypted by AWS KMS        kms.py

A folder may hold both kinds: setting LEDGER_VAULT_KMS_KEY, or unsetting it, says what the next epoch's is, so
`ledger vault rewrap` moves a vault from one to the other.

Proven by tests/store/test_vault.py, test_vault_epochs.py and test_vault_kms.py.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Protocol

from ledger.errors import VaultUnavailable
from ledger.store.vault.key_files import KeyFiles, WrappingKey
from ledger.store.vault.kms import SUFFIX, Kms


class Provider(Protocol):
    """Who keeps a wrapping key.  Every method blocks and may raise Setup or VaultUnavailable; OSError where there was
    no answer."""

    seconds: ClassVar[float]  # for which a key that was opened is used before it is opened again

    def path(self, first: Path, number: int) -> Path:
        """The file of the epoch of this number, beside the first one's."""
        ...

    def make(self, path: Path, earlier: Collection[Path]) -> None:
        """A new one, synced; `earlier`: files of epochs that are to end."""
        ...

    def id(self, path: Path) -> str | None:
        """Its id; None for one that is destroyed."""
        ...

    def open(self, path: Path) -> WrappingKey: ...

    def destroy(self, path: Path) -> datetime:
        """From when nobody opens anything with it; done again it is no second time."""
        ...


class WrappingKeys:
    """The wrapping keys that are here, by id.  Which one is in use says the vault's newest epoch."""

    def __init__(self, first: Path, kms: Kms) -> None:
        self._first = first
        self._kms = kms
        self._files = KeyFiles()
        self._opened: dict[str, tuple[float, WrappingKey]] = {}

    @classmethod
    def at(cls, first: Path, kms: Kms | None = None) -> WrappingKeys:
        """Those of a folder; `first` is the first one's file, which is made on the first start.  Blocking.

        `kms`: makes the next one, if it names a key.  Raises Setup when others can read one, or one is not a key;
        VaultUnavailable where the first cannot be made.
        """
        found = cls(first, kms or Kms())
        if not found._numbered():
            found._make(1)
        for path in found._numbered().values():
            found._of(path).id(path)
        return found

    @property
    def home(self) -> Path:
        """The ledger's, in which the folder of keys is."""
        return self._first.parent.parent

    @property
    def newest(self) -> tuple[int, str]:
        """The highest number, and the id of its key."""
        for number, path in sorted(self._numbered().items(), reverse=True):
            if name := self._of(path).id(path):
                return number, name
        raise VaultUnavailable("Every wrapping key of the vault is destroyed. Put back the one in use.")

    async def known(self, id: str) -> WrappingKey:  # noqa: A002 - the key's own word
        """The one with this id; the folder is read again for one that another process made.

        Raises VaultUnavailable if it is not here, or its keeper does not give it.
        """
        until, key = self._opened.get(id, (0.0, None))
        if key is not None and until > time.monotonic():
            return key
        return await asyncio.to_thread(self._open, id)

    async def make(self, number: int) -> str:
        """The id of the key of the epoch of this number: what a try that was cut short made is used."""
        return await asyncio.to_thread(self._make, number)

    async def destroy_before(self, number: int) -> datetime:
        """The keys of earlier epochs are destroyed; from when nobody has one.  Those that are gone stay gone."""
        return await asyncio.to_thread(self._destroy_before, number)

    def _open(self, id: str) -> WrappingKey:  # noqa: A002
        _, before = self._opened.get(id, (0.0, None))
        for path in self._numbered().values():
            provider = self._of(path)
            if provider.id(path) != id:
                continue
            try:
                key = provider.open(path)
            except OSError as problem:  # an outage takes nothing from whoever has it already
                if before is None:
                    raise VaultUnavailable(
                        f"The wrapping key {path.name} cannot be opened now: {_why(problem)}. No name can be read or"
                        " sealed until it can."
                    ) from problem
                key = before
            self._opened[id] = time.monotonic() + provider.seconds, key
            return key
        self._opened.pop(id, None)
        raise VaultUnavailable(
            f"What the vault holds was wrapped by the wrapping key {id}, whose file is not here; put that back."
        )

    def _make(self, number: int) -> str:
        there = self._numbered()
        if number not in there:
            provider = self._kms if self._kms.key else self._files
            path = provider.path(self._first, number)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                provider.make(path, list(there.values()))
            except OSError as problem:
                raise VaultUnavailable(
                    f"The wrapping key {path.name} cannot be made now: {_why(problem)}. Nothing was changed."
                ) from problem
            there[number] = path
        name = self._of(there[number]).id(there[number])
        if name is None:
            raise VaultUnavailable(f"The wrapping key {there[number].name} is destroyed. Put back the one in use.")
        return name

    def _destroy_before(self, number: int) -> datetime:
        gone = [datetime.now(UTC)]
        for earlier, path in self._numbered().items():
            if earlier < number:
                try:
                    gone.append(self._of(path).destroy(path))
                except OSError as problem:
                    raise VaultUnavailable(
                        f"The wrapping key {path.name} cannot be destroyed now: {_why(problem)}. Everything is wrapped"
                        " anew; run this again to end the epoch."
                    ) from problem
        return max(gone)

    def _of(self, path: Path) -> Provider:
        return self._kms if path.name.endswith(SUFFIX) else self._files

    def _numbered(self) -> dict[int, Path]:
        """The files of the folder by their epoch's number."""
        found: dict[int, Path] = {}
        for each in self._first.parent.glob(f"{self._first.name}*"):
            number = each.name.removeprefix(self._first.name).removesuffix(SUFFIX).removeprefix(".") or "1"
            if number.isdigit():
                found[int(number)] = each
        return dict(sorted(found.items()))


def _why(problem: OSError) -> str:
    """Without what a library adds."""
    return problem.strerror or str(problem) or type(problem).__name__
