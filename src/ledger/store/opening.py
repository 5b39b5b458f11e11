"""Opening a ledger: its clusters, keys and schema, the check that nothing released is missing, and its two doors.

    home/keys/log.key        0600   seed of the Ed25519 key that signs checkpoints
    home/keys/vault.key      0600   wraps every key in the vault; vault.key.2 ..., or .kms files, in later epochs
    home/keys/token.key      0600   seed of the embedded issuer's Ed25519 key (api)
    home/keys/access.key     0600   seed of the one that signs those of the access log
    home/checkpoint                 the newest released checkpoint, synced, at most a second old
    home/access-checkpoint          that of the access log
    home/verification.json          what the last 'ledger verify' came to, for people to see
    home/restoring.json             while a restore is under way, or was stopped: then nobody opens this home
    home/erasures.jsonl             what was destroyed in the vault, and must be again in one restored from before

Keys are made on the first start, outside every database folder.  A ledger that is smaller than the checkpoint file
says, or another one, opens read-only: facts that were acknowledged are missing, and writing on would hide it.  So does
the access log, by itself: then nothing is refused any more (a refusal that leaves no evidence is not given, see
ledger.access), while what is accepted goes on, for the ledger itself is whole.

Proven by tests/store/test_opening.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, LiteralString

import psycopg
from psycopg import sql

from ledger.errors import LedgerError, Setup
from ledger.settings import Settings
from ledger.store.appending import SETUP
from ledger.store.checkpoint_files import ACCESS, LEDGER, Kept
from ledger.store.cosigned import policy_at
from ledger.store.database import Head
from ledger.store.embedded import EmbeddedCluster
from ledger.store.log import Log, open_log
from ledger.store.migrate import Which, migrate, pending
from ledger.store.vault import STATEMENTS as VAULT_STATEMENTS
from ledger.store.vault import Kms, Vault, WrappingKeys
from ledger.store.wire import Lost, Wire

log = logging.getLogger(__name__)

ROLES: Final[Mapping[Which, str]] = {"ledger": "ledger_app", "vault": "vault_app"}
DEMONSTRATION: Final = "demonstration"
SCENARIO: Final = "scenario"
RESTORING: Final = "restoring.json"


@dataclass(frozen=True, slots=True)
class Place:
    """Where one database is: how its owner and the application connect, and what brings its server back."""

    which: Which
    owner: Callable[[], str]
    application: Callable[[], str]
    revive: Callable[[], None] = lambda: None

    async def connect(self, statements: Mapping[str, LiteralString], schema: LiteralString = "public") -> Wire:
        """A connection as the application's role; a server of ours that is down is started again."""
        setup = (*SETUP, f"SET ROLE {ROLES[self.which]}", f"SET search_path = {schema}")
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
class Store(Log):
    """An open ledger, below everything that knows what a fact means: its own log, and what lies beside it."""

    home: Path
    vault: Vault
    access: Log
    conninfo: Callable[[], str]  # how the application connects; it holds a password
    vault_conninfo: Callable[[], str]
    clusters: Sequence[EmbeddedCluster] = field(default_factory=tuple)

    async def close(self) -> None:
        """Let what is under way end; stop embedded servers that nobody else uses."""
        await asyncio.gather(Log.close(self), self.access.close())
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
    if (settings.home / RESTORING).exists():
        raise Setup(f"A restore into {settings.home} was not finished. Run the same 'ledger restore' again.")
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
                ran[which] = migrated(cluster.conninfo(cluster.owner_role, which), which)
        else:
            owner = settings.owner_url if which == "ledger" else None
            ran[which] = migrated(owner or url, which)
    return ran


def migrated(owner: str, which: Which) -> list[str]:
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
    name = settings.origin or f"ledger-{secrets.token_hex(4)}.local"
    origin, simulated = (f"{name}/{kind}", True) if kind else (name, False)
    policy = policy_at(settings.witnesses) if settings.witnesses else None

    async def opened(kept: Kept, origin: str, simulated: bool, check: Callable[[Head, str], None]) -> Log:
        def connect(statements: Mapping[str, LiteralString]) -> Awaitable[Wire]:
            return ledger.connect(statements, kept.schema)

        deadline = settings.command_deadline
        return await open_log(connect, kept, settings.home, origin, simulated, check, deadline, policy)

    async with contextlib.AsyncExitStack() as undo:
        own = await opened(LEDGER, origin, simulated, lambda head, name: _check_kind(head, name, kind, settings))
        undo.push_async_callback(own.close)
        access = await opened(ACCESS, f"{own.origin}/access", own.simulated, lambda head, name: None)
        undo.push_async_callback(access.close)
        if access.origin != f"{own.origin}/access":
            mend = " Run 'ledger log accept-loss' again: it was cut short." if own.earlier else ""
            access.sequencer.read_only = f"The access log beside {own.origin} is another's, {access.origin}.{mend}"
            log.critical("%s", access.read_only)
        kms = Kms(settings.vault_kms_key, settings.vault_kms_days)
        wrapping = await asyncio.to_thread(WrappingKeys.at, settings.home / "keys" / "vault.key", kms)
        undo.pop_all()
    return Store(
        own.kept,
        own.origin,
        own.simulated,
        own.keys,
        own.database,
        own.sequencer,
        own.released,
        own.tiles,
        own.deadline,
        own.second,
        own.cosigned,
        own.earlier,
        settings.home,
        Vault(lambda: vault.connect(VAULT_STATEMENTS), wrapping, settings.vault_backup_days),
        access,
        ledger.application,
        vault.application,
        clusters,
    )


def _check_kind(head: Head, name: str, kind: str | None, settings: Settings) -> None:
    """A demonstration must never be taken for a real ledger, nor write into one; `name`: the one that it has now."""
    found = kind_of(head)
    if kind is not None and found != kind:
        raise Setup(f"{settings.home} holds the ledger {name}. Set LEDGER_HOME to another folder for this.")
    expected = f"{settings.origin}/{found}" if found else settings.origin
    if settings.origin and expected != name:
        since = "since a loss was accepted: set it to that" if name != head.origin else "and never changes"
        raise Setup(f"LEDGER_ORIGIN is {settings.origin}, but this ledger's name is {name} {since}.")


def kind_of(head: Head) -> str:
    """DEMONSTRATION, SCENARIO, or "" for a real ledger: the name it was begun under says so for ever."""
    return head.origin.rpartition("/")[2] if head.simulated else ""
