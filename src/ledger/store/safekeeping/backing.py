"""`ledger backup DIR`: ledger and vault as they are at a moment, while everybody goes on working.

The ledger is read in one snapshot and then the vault in one: a key is committed in the vault before the fact that uses
it, so the vault's backup has every key of the ledger's.  What is erased between the two is in the list of erasures,
which is copied last and replayed by every restore.

Nothing in it is in clear that is not in clear in the databases: entries are pseudonymous, values are ciphertexts, keys
are wrapped.  A backup of the vault has a life, LEDGER_VAULT_BACKUP_DAYS, because erasure waits for its end: those older
than that are taken away by the next `ledger backup` into the same folder.  Copies made elsewhere are not ours to find:
give that place the same life.

Proven by tests/store/test_backup.py and tests/journeys/test_safekeeping.py.
"""

from __future__ import annotations

import asyncio
import fcntl
import secrets
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from ledger.errors import ReadOnly, Setup
from ledger.store.log import Log
from ledger.store.migrate import Which, files
from ledger.store.opening import Store
from ledger.store.safekeeping.copying import copy_out, tables
from ledger.store.safekeeping.folders import ERASURES, STAMP, Draft, Folder, Manifest, Told, expired, remove
from ledger.store.vault.kms import SUFFIX
from ledger.transparency.tree import RightEdge

_WRAPPING: Final = "SELECT wrapping FROM keys WHERE wrapping IS NOT NULL UNION SELECT wrapping FROM secrets"


@dataclass(frozen=True, slots=True)
class Made:
    """What came of it; `ended`: backups of the vault whose life was over, which are gone."""

    ledger: Folder
    vault: Folder
    ended: Sequence[Path]


async def back_up(store: Store, folder: Path, backup_days: int, told: Told = lambda done, of: None) -> Made:
    """Back up an open ledger; `told` hears of bytes, about.

    Raises ReadOnly for one that is not what was released, Setup, psycopg.Error, OSError.
    """
    for each in (store, store.access):
        if each.read_only:
            raise ReadOnly(f"{each.read_only} A backup of it would pass for one of the whole.")
    stamp = f"{datetime.now(UTC):{STAMP}}-{secrets.token_hex(2)}"
    with _alone(folder):
        ledger = Draft(folder / "ledger", stamp)
        vault = Draft(folder / "vault", stamp)
        try:
            progress = _Progress(told)
            kept = await _ledger(store, ledger, progress)
            done = await asyncio.to_thread(_vault, store, vault, progress)
            told(progress.total, progress.total)
            made = [await asyncio.to_thread(draft.finish, each) for draft, each in ((ledger, kept), (vault, done))]
        finally:
            ledger.drop()
            vault.drop()
        ended = expired(folder / "vault", store.origin, backup_days, datetime.now(UTC))
        for each in ended:
            await asyncio.to_thread(remove, each)
    return Made(made[0], made[1], ended)


@dataclass(slots=True)
class _Progress:
    told: Told
    total: int = 0
    done: int = 0

    def read(self, count: int) -> None:
        self.done += count
        self.told(min(self.done, self.total), self.total)


async def _ledger(store: Store, draft: Draft, progress: _Progress) -> Manifest:
    taken = datetime.now(UTC)
    connection = await asyncio.to_thread(_at_one_moment, store.conninfo())
    try:
        sizes: dict[str, int] = {}
        for log in (store, store.access):
            size, root = await asyncio.to_thread(_head, connection, log)
            if size:
                await log.sequencer.confirm()  # what is only read may not be durable everywhere
                draft.keep(log.kept.checkpoint, log.note(size, root).encode())
            sizes[log.kept.schema] = size
        with_witnesses = [log.cosigned.path for log in (store, store.access) if log.cosigned.path.exists()]
        for each in with_witnesses:
            draft.keep(each.name, each.read_bytes())
        rows = await asyncio.to_thread(_copied, connection, draft.path, progress)
    finally:
        connection.close()
    draft.keep(ERASURES, _erasures(store))
    return _manifest("ledger", store, taken, rows, sizes)


def _vault(store: Store, draft: Draft, progress: _Progress) -> Manifest:
    """Raises Setup while its keys are wrapped anew: what is copied then opens with a key that is about to go."""
    taken = datetime.now(UTC)
    with _at_one_moment(store.vault_conninfo()) as connection:
        wrapping = sorted(row[0] for row in connection.execute(_WRAPPING).fetchall())
        rows = _copied(connection, draft.path, progress)
    with psycopg.connect(store.vault_conninfo()) as connection:
        now = [row[0] for row in connection.execute("SELECT wrapping FROM epochs ORDER BY number DESC LIMIT 1")]
    if wrapping and wrapping != now:
        raise Setup("The vault's keys are being wrapped anew just now. Let that end, then back up again.")
    for each in (store.home / "keys").glob(f"*{SUFFIX}"):
        draft.keep(each.name, each.read_bytes())  # opened by KMS alone, so it may lie here
    draft.keep(ERASURES, _erasures(store))
    return _manifest("vault", store, taken, rows, {}, *wrapping)


def _manifest(
    which: Which,
    store: Store,
    taken: datetime,
    rows: dict[str, int],
    sizes: dict[str, int],
    wrapping: str | None = None,
) -> Manifest:
    migrations = tuple(name for name, _ in files(which))
    return Manifest(which, store.origin, taken, metadata.version("case-ledger"), migrations, rows, sizes, wrapping)


def _at_one_moment(conninfo: str) -> psycopg.Connection:
    """Whoever reads here reads what was committed when the first statement began."""
    connection = psycopg.connect(conninfo)
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    return connection


def _head(connection: psycopg.Connection, log: Log) -> tuple[int, bytes]:
    """Size and root of a log in this snapshot."""
    query = sql.SQL("SELECT size, edge FROM {}").format(sql.Identifier(log.kept.schema, "head"))
    [(size, edge)] = connection.execute(query).fetchall()
    return size, RightEdge.from_bytes(size, edge).root()


def _copied(connection: psycopg.Connection, folder: Path, progress: _Progress) -> dict[str, int]:
    found = tables(connection)
    progress.total += sum(each.bytes for each in found)
    return {each.whole: copy_out(connection, each, folder, progress.read) for each in found}


def _erasures(store: Store) -> bytes:
    """The list as it is, without a line that is just being written."""
    path = store.home / ERASURES
    text = path.read_bytes() if path.exists() else b""
    return text[: text.rfind(b"\n") + 1]


@contextmanager
def _alone(folder: Path) -> Generator[None]:
    """One backup into a folder at a time: each takes away what another left unfinished."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(folder / ".lock", "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise Setup(f"Another backup into {folder} is under way. Let it end, then try again.") from taken
        yield
