"""Opening a ledger: its clusters, keys and schema, the check that nothing released is missing, and its two doors.

    home/keys/log.key        0600   seed of the Ed25519 key that signs checkpoints
    home/keys/vault.key      0600   wraps every key in the vault
    home/keys/token.key      0600   seed of the embedded issuer's Ed25519 key (api)
    home/checkpoint                 the newest released checkpoint, synced, at most a second old

Keys are made on the first start, outside every database folder.  A ledger that is smaller than the checkpoint file
says, or another one, opens read-only: facts that were acknowledged are missing, and writing on would hide it.

Proven by tests/store/test_opening.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, LiteralString

import psycopg
from psycopg import sql

from ledger.errors import LedgerError, ReadOnly, Setup
from ledger.settings import Settings
from ledger.store import binary, sequencer
from ledger.store.appending import SETUP
from ledger.store.database import Database, Head
from ledger.store.embedded import EmbeddedCluster
from ledger.store.migrate import Which, migrate, pending
from ledger.store.sequencer import Sequencer
from ledger.store.vault import STATEMENTS as VAULT_STATEMENTS
from ledger.store.vault import Vault, WrappingKey, secret_file
from ledger.store.wire import Lost, Wire
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.errors import TransparencyError
from ledger.transparency.note import Signer
from ledger.transparency.tree import RightEdge

log = logging.getLogger(__name__)

ROLES: Final[Mapping[Which, str]] = {"ledger": "ledger_app", "vault": "vault_app"}
DEMONSTRATION: Final = "demonstration"
SCENARIO: Final = "scenario"


@dataclass(frozen=True, slots=True)
class Place:
    """Where one database is: how its owner and the application connect, and what brings its server back."""

    which: Which
    owner: Callable[[], str]
    application: Callable[[], str]
    revive: Callable[[], None] = lambda: None

    async def connect(self, statements: Mapping[str, LiteralString]) -> Wire:
        """A connection as the application's role; a server of ours that is down is started again."""
        setup = (*SETUP, f"SET ROLE {ROLES[self.which]}")
        try:
            return await Wire.connect(self.application(), statements, setup)
        except (Lost, LedgerError):
            await asyncio.get_running_loop().run_in_executor(None, self.revive)
            return await Wire.connect(self.application(), statements, setup)


def embedded_place(cluster: EmbeddedCluster, database: str) -> Place:
    """A database of an embedded cluster, made if it is not there."""
    return Place(
        cluster.name,
        lambda: cluster.conninfo(cluster.owner_role, database),
        lambda: cluster.conninfo(cluster.app_role, database),
        cluster.ensure_running,
    )


def place_at(which: Which, url: str, owner_url: str | None = None) -> Place:
    """A database of somebody else's server."""
    return Place(which, lambda: owner_url or url, lambda: url)


@dataclass(slots=True)
class Released:
    """Keeps the newest released checkpoint: in memory at once, in a synced file and a table at most a second later."""

    path: Path
    database: Database
    size: int = 0
    note: str = ""
    _written: int = 0
    _task: asyncio.Task[None] | None = None

    def __call__(self, size: int, note: str) -> None:
        if size > self.size:
            self.size, self.note = size, note

    def begin(self, size: int, note: str) -> None:
        """What the file holds when the ledger opens."""
        self.size = self._written = size
        self.note = note

    def read(self) -> str | None:
        """The newest note as kept in the file."""
        return self.path.read_text("utf-8", errors="replace") if self.path.exists() else None

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._keep())

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self.keep()

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            await self.keep()

    async def keep(self) -> None:
        """Write the newest one if it is not written yet."""
        size, note = self.size, self.note
        if size == self._written:
            return
        try:
            await asyncio.to_thread(keep_newest, self.path, size, note)
            self._written = size
            await self.database.keep_note(size, note)
        except (OSError, LedgerError) as problem:
            log.error("the released checkpoint could not be kept: %s", type(problem).__name__)


def keep_newest(path: Path, size: int, note: str) -> None:
    """Write a note unless the file holds a later one: other processes of this home keep theirs in it too."""
    with open(path.with_name(f".{path.name}.lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists() or size_of(path.read_bytes()) < size:
            write_synced(path, note)


def size_of(note: bytes) -> int:
    """The size that a checkpoint claims; -1 for what is none."""
    lines = note.split(b"\n")
    return int(lines[1]) if len(lines) > 1 and lines[1].isdigit() and len(lines[1]) < 20 else -1


def write_synced(path: Path, text: str) -> None:
    """Replace a file by another whole one, durable when this returns."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with open(draft, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@dataclass(slots=True)
class Store:
    """An open ledger, below everything that knows what a fact means."""

    origin: str
    simulated: bool
    home: Path
    signer: Signer
    database: Database
    sequencer: Sequencer
    vault: Vault
    released: Released
    conninfo: Callable[[], str]  # how the application connects; it holds a password
    deadline: float  # seconds that a caller waits
    clusters: Sequence[EmbeddedCluster] = field(default_factory=tuple)

    def note(self, size: int, root: bytes) -> str:
        """The signed note of a checkpoint that was released: Ed25519 makes the same one every time.

        Raises ReadOnly: of a ledger that is not the one released nothing is signed, or one size might get two roots.
        """
        if self.read_only:
            raise ReadOnly(self.read_only)
        return Checkpoint(self.origin, size, root).sign(self.signer)

    @property
    def read_only(self) -> str | None:
        """Why nothing may be added, if so."""
        return self.sequencer.read_only

    async def close(self) -> None:
        """Let what is under way end; stop embedded servers that nobody else uses."""
        await self.sequencer.close()
        await self.released.stop()
        self.database.close()
        self.vault.close()
        for cluster in self.clusters:
            await asyncio.get_running_loop().run_in_executor(None, cluster.release)


async def open_store(settings: Settings, *, kind: str | None = None, places: Sequence[Place] | None = None) -> Store:
    """Open the ledger of these settings, made if there is none.

    `kind`: DEMONSTRATION or SCENARIO for one whose commands may set the clock (the origin says so for ever), "" for a
    real one, None for whatever is there.  Raises Setup, EmbeddedError, DatabaseUnavailable.
    """
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise Setup(f"The home {settings.home} cannot be made: {problem.strerror}. Set LEDGER_HOME.") from problem
    clusters: list[EmbeddedCluster] = []
    if places is None:
        clusters = [EmbeddedCluster(settings.home, name) for name, url in _embedded(settings) if url is None]
    try:
        found = places if places is not None else await _prepared(settings, clusters)
        return await _open(settings, kind, found, clusters)
    except BaseException:
        for cluster in clusters:
            cluster.release()
        raise


async def _prepared(settings: Settings, clusters: Sequence[EmbeddedCluster]) -> list[Place]:
    """`_prepare`, on a thread: who gives up waits for its end, or it would start what has just been released."""
    preparing = asyncio.ensure_future(asyncio.to_thread(_prepare, settings, clusters))
    try:
        return await asyncio.shield(preparing)
    except asyncio.CancelledError:
        await asyncio.wait({preparing})
        raise


def _embedded(settings: Settings) -> Sequence[tuple[Which, str | None]]:
    return (("ledger", settings.database_url), ("vault", settings.vault_url))


def migrate_all(settings: Settings) -> dict[str, list[str]]:
    """Blocking: bring the schemas of ledger and vault up to date; the names of the migrations that ran, by database."""
    ran: dict[str, list[str]] = {}
    for which, url in _embedded(settings):
        if url is None:
            with EmbeddedCluster(settings.home, which) as cluster:
                cluster.ensure_database(which)
                ran[which] = _migrated(cluster.conninfo(cluster.owner_role, which), which)
        else:
            owner = settings.owner_url if which == "ledger" else None
            ran[which] = _migrated(owner or url, which)
    return ran


def _migrated(owner: str, which: Which) -> list[str]:
    """Migrate, and let the application see that it was done."""
    try:
        ran = migrate(owner, which)
        with psycopg.connect(owner) as connection:
            connection.execute(sql.SQL("GRANT SELECT ON migrations TO {}").format(sql.Identifier(ROLES[which])))
    except psycopg.OperationalError as problem:
        raise Setup(f"The {which}'s database cannot be reached. Check its address and that it runs.") from problem
    except psycopg.errors.InsufficientPrivilege as problem:
        raise Setup(f"This login may not make tables in the {which}'s database. Name its owner.") from problem
    return ran


def _prepare(settings: Settings, clusters: Sequence[EmbeddedCluster]) -> list[Place]:
    """Blocking: start and migrate what is embedded; check what is not.  The places of ledger and vault."""
    places: list[Place] = []
    by_name = {cluster.name: cluster for cluster in clusters}
    for which, url in _embedded(settings):
        if url is None:
            cluster = by_name[which]
            cluster.ensure_running()
            cluster.ensure_database(which)
            place = embedded_place(cluster, which)
            migrate(place.owner(), which)
        else:
            place = place_at(which, url)
            _check_schema(place)
        places.append(place)
    return places


def _check_schema(place: Place) -> None:
    try:
        missing = pending(place.application(), place.which)
    except psycopg.OperationalError as problem:
        raise Setup(f"The {place.which}'s database cannot be reached. Check its address and that it runs.") from problem
    except psycopg.errors.InsufficientPrivilege as problem:
        role = ROLES[place.which]
        raise Setup(
            f"This login may not act as {role}. As an administrator run: GRANT {role} TO it; then 'ledger migrate'."
        ) from problem
    if missing:
        raise Setup(f"The {place.which}'s schema lacks {', '.join(missing)}. Run 'ledger migrate'.")


async def _open(
    settings: Settings, kind: str | None, places: Sequence[Place], clusters: Sequence[EmbeddedCluster]
) -> Store:
    ledger, vault = places
    database = Database(ledger.connect)
    try:
        head = await database.head() or await _first_head(ledger, database, settings, kind or "")
        _check_kind(head, kind, settings)
        signer = Signer(head.origin, secret_file(settings.home / "keys" / "log.key"))
        released = Released(settings.home / "checkpoint", database)
        missing = await _compare(head, released, signer)
        wrapping = WrappingKey.at(settings.home / "keys" / "vault.key")
    except BaseException:
        database.close()
        raise
    store = Store(
        head.origin,
        head.simulated,
        settings.home,
        signer,
        database,
        Sequencer(
            lambda: ledger.connect(sequencer.STATEMENTS),
            signer,
            simulated=head.simulated,
            released=released,
            floor=released.size,
            deadline=settings.command_deadline,
        ),
        Vault(lambda: vault.connect(VAULT_STATEMENTS), wrapping),
        released,
        ledger.application,
        settings.command_deadline,
        clusters,
    )
    store.sequencer.read_only = missing
    released.start()
    return store


async def _first_head(place: Place, database: Database, settings: Settings, kind: str) -> Head:
    """Give a new ledger its name, for ever."""
    name = settings.origin or f"ledger-{secrets.token_hex(4)}.local"
    origin = f"{name}/{kind}" if kind else name

    def insert() -> None:
        with psycopg.connect(place.application(), autocommit=True) as connection:
            connection.execute(
                "INSERT INTO head (origin, simulated, size, edge, recorded) VALUES (%s, %s, 0, '', %s) "
                "ON CONFLICT DO NOTHING",
                (origin, bool(kind), binary.EPOCH),
            )

    await asyncio.get_running_loop().run_in_executor(None, insert)
    head = await database.head()
    assert head is not None
    return head


def _check_kind(head: Head, kind: str | None, settings: Settings) -> None:
    """A demonstration must never be taken for a real ledger, nor write into one."""
    found = head.origin.rpartition("/")[2] if head.simulated else ""
    if kind is not None and found != kind:
        raise Setup(f"{settings.home} holds the ledger {head.origin}. Set LEDGER_HOME to another folder for this.")
    expected = f"{settings.origin}/{found}" if found else settings.origin
    if settings.origin and expected != head.origin:
        raise Setup(f"LEDGER_ORIGIN is {settings.origin}, but this ledger's name is {head.origin} and never changes.")


async def _compare(head: Head, released: Released, signer: Signer) -> str | None:
    """Does it hold what was last released?  Why it must open read-only, or None; `released` knows what it was."""
    path = released.path
    if not path.exists():
        if head.size:
            log.warning("there is no file %s to compare the ledger with; it begins with the next checkpoint", path.name)
        return None
    try:
        note = path.read_bytes().decode()
        kept = Checkpoint.open(note, head.origin, [signer.verifier()])
    except (TransparencyError, UnicodeDecodeError) as problem:
        return _read_only(f"The checkpoint file does not fit this ledger's name and key ({type(problem).__name__})")
    released.begin(kept.size, note)
    head = await released.database.head() or head  # again: another process may have gone on since, and kept its note
    if kept.size > head.size:
        return _read_only(f"The ledger holds {head.size} facts; {kept.size} were acknowledged")
    if kept.size and await _root_of(kept.size, released.database) != kept.root:
        return _read_only(f"The first {kept.size} facts are not the ones that were acknowledged")
    return None


def _read_only(why: str) -> str:
    message = f"{why}. It is open for reading only: restore the ledger that belongs to this home."
    log.critical("%s", message)
    return message


async def _root_of(size: int, database: Database) -> bytes:
    """From every leaf, not from a row that says so."""
    edge = RightEdge()
    for first in range(1, size + 1, 20_000):
        edge = edge.extend(await database.leaves(first, min(first + 19_999, size)))
    return edge.root()
