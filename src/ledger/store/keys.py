"""The keys of one kind that sign a log's checkpoints: one, and for 90 days after a rotation two.

    home/keys/log.key           Ed25519: signs
    home/keys/log-next.key      signs beside it, from the moment the file is there (ledger.store.rotating makes it)
    home/keys/log-mldsa.key, log-mldsa-next.key     ML-DSA-44: the same (ledger.store.cosigned)
    home/keys/log-anew.key, log-mldsa-anew.key      of another name, while a loss is accepted (ledger.store.naming)

When the 90 days are over the second file takes the name of the first, and the old seed is gone.  So whoever starts in
between, or at any moment of a rotation that was cut short, signs what it should; and a process that runs meanwhile
looks before each signature whether the second file has come or gone.  What was signed by keys that are gone is still
verified, by the verifier keys that announcements in the log name.

Proven by tests/store/test_rotating.py.
"""

from __future__ import annotations

import fcntl
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Generic, Protocol, TypeVar

from ledger.store.host import sync_folder
from ledger.store.vault import secret_file
from ledger.transparency.cosignature import KnownKey, parse_vkey

NEXT: Final = "-next.key"
ANEW: Final = "-anew.key"


class Kind(Protocol):
    """A private key under the log's name: `Signer` (Ed25519) or `Cosigner` (ML-DSA-44)."""

    def __init__(self, name: str, seed: bytes, /) -> None:
        """`seed`: 32 bytes."""
        ...

    def verifier(self) -> KnownKey:
        """The public half."""
        ...


K = TypeVar("K", bound=Kind)


class LogKeys(Generic[K]):
    """The keys of one kind of one log, in the folder of its home."""

    def __init__(self, origin: str, file: Path, kind: type[K]) -> None:
        """Read them; the first is made on the first start.  Raises Setup, FormatError for a name no key may bear."""
        self._origin, self._file, self._kind = origin, file, kind
        self._next = file.with_name(file.name.replace(".key", NEXT))
        self._seen = self._look()
        self._signers = self._read()
        self._earlier: dict[str, KnownKey] = {}

    def signers(self) -> Sequence[K]:
        """Those that sign now, the one that has signed for longer first.  Raises Setup where a file is none of ours."""
        seen = self._look()
        if seen != self._seen:
            before = self._signers
            self._signers, self._seen = self._read(), seen
            self.remember(each.verifier().vkey() for each in before)
        return self._signers

    @property
    def known(self) -> list[KnownKey]:
        """By which what this log signed is verified: those that sign now, and those that did."""
        now = [each.verifier() for each in self.signers()]
        return [*now, *(each for name, each in self._earlier.items() if name not in {key.vkey() for key in now})]

    def remember(self, vkeys: Iterable[str]) -> None:
        """Keys that this log signed with before; those of another kind, and of another name of it, are passed over."""
        kind = type(self._signers[0].verifier())
        read = ((each, parse_vkey(each)) for each in vkeys)
        self._earlier |= {each: key for each, key in read if isinstance(key, kind) and key.name == self._origin}

    def prepare(self) -> K:
        """The key that is to come; from now on it signs too.  Made where there is none yet."""
        with alone(self._file):
            secret_file(self._next)
        return self.signers()[1]

    def retire(self) -> None:
        """The key that was announced signs alone from now on: the older one's seed is gone when this returns.

        Nothing happens where another process was quicker.
        """
        with alone(self._file):
            if self._look() is not None and self._look() == self._seen:
                self._next.replace(self._file)
                sync_folder(self._file.parent)
        self.signers()

    def _look(self) -> tuple[int, int] | None:
        try:
            found = self._next.stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns

    def _read(self) -> tuple[K, ...]:
        names = [self._file, *([self._next] if self._next.exists() else [])]
        try:
            return tuple(self._kind(self._origin, secret_file(each)) for each in names)
        except FileNotFoundError:  # it took the first one's place at this very moment
            return (self._kind(self._origin, secret_file(self._file)),)


@contextmanager
def alone(file: Path) -> Generator[None]:
    """No other process of this home makes or ends a key of this file's log meanwhile."""
    with open(file.with_name(f".{file.name}.lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
