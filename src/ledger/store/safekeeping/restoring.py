"""`ledger restore DIR`: a ledger and its vault from backups, into a home or servers that hold neither.

    1   both backups are read, every byte against its checksum; nothing has been touched yet
    2   the home has the folder of keys, and the wrapping key of that vault; no checkpoint that can be reached is of
        more facts than the backup has, unless the loss is accepted
    3   home/restoring.json says what is restored: until it is gone nobody opens this home
    4   schema as it was, every table in one transaction, then the migrations since
    5   both logs are verified, every entry, against the backup's checkpoints and every other that was found
    6   every erasure since is carried out again (replaying.py)
    7   the newest checkpoint lies in the home, the mark goes

A restore that was stopped is begun again by the same words: a database it had filled is left, or made anew.  A home or
a database that holds anything else is never written over.  A loss that was accepted stays one: the checkpoint in the
home is of more facts than the ledger, which therefore opens for reading only.

Worklists are not in a backup; the follower builds them when the ledger is served.

Proven by tests/store/test_restore.py and tests/journeys/test_safekeeping.py.
"""

from __future__ import annotations

import asyncio
import fcntl
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, LiteralString

import orjson
import psycopg
from psycopg import sql

from ledger.aggregates.ledger_stream import STREAM, LogKeyAnnounced
from ledger.errors import Malformed, Setup, VaultUnavailable
from ledger.settings import Settings
from ledger.store.checkpoint_files import Kept, keep_newest, write_synced
from ledger.store.database import STATEMENTS, Database
from ledger.store.embedded import EmbeddedCluster
from ledger.store.host import sync_folder
from ledger.store.keys import LogKeys
from ledger.store.migrate import Which, files, migrate
from ledger.store.naming import losses_of, names_of
from ledger.store.opening import RESTORING, Place, embedded_place, migrated, place_at
from ledger.store.safekeeping.copying import holds_something, load
from ledger.store.safekeeping.evidence import LOGS, Evidence, Looked, evidence
from ledger.store.safekeeping.folders import ERASURES, SUMS, Folder, checked, within
from ledger.store.safekeeping.replaying import lacking, replay
from ledger.store.vault import Kms, WrappingKeys
from ledger.store.vault.key_files import write_once
from ledger.store.vault.kms import SUFFIX
from ledger.store.verifying import verify_database
from ledger.transparency.cosignature import KnownKey, parse_vkey
from ledger.transparency.errors import TransparencyError
from ledger.transparency.names import Name
from ledger.transparency.note import Signer
from ledger.transparency.tree import RightEdge

Progress = Callable[[str, int, int], None]  # what is done, how much of it, of how much
Known = Mapping[Kept, tuple[str, Sequence[KnownKey]]]  # name and keys of each log

_WHICH: Final[tuple[Which, Which]] = ("ledger", "vault")
_SENTINELS: Final[Mapping[Which, tuple[LiteralString, ...]]] = {
    "ledger": ("head", "entries"),
    "vault": ("keys", "secrets", "epochs", "erasures", "holds"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to restore.  `folder`: of `ledger backup`, of which the newest backups are taken where none is named."""

    folder: Path | None = None
    ledger: Path | None = None
    vault: Path | None = None
    erasures: Sequence[Path] = ()
    checkpoints: Sequence[Path] = ()
    keys: Sequence[str] = ()
    accept_loss: bool = False


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of it.  `lost`: by log, how many facts were acknowledged that the backup does not have; `replayed`:
    erasures the vault had not known; `lacking`: keys of values that this vault never had."""

    ledger: Folder
    vault: Folder
    facts: int
    lost: Mapping[str, int]
    replayed: int
    lacking: int
    silent: Sequence[str] = field(default_factory=tuple)


def restore(
    settings: Settings,
    wanted: Wanted,
    told: Progress = lambda what, done, of: None,
    places: Sequence[Place] | None = None,
) -> Restored:
    """Restore; blocking, and outside every event loop.  `places`: empty databases, where they are not the settings'.

    Raises Setup with what stands in the way, VaultUnavailable, psycopg.Error, OSError.
    """
    ledger, vault = _chosen(wanted, told)
    origin = ledger.manifest.origin
    _fits(ledger, vault, settings)
    with _alone(settings.home):
        if places is None:
            _new(settings)
        known = _known(settings.home, origin, wanted.keys)
        looked = evidence(settings.home, within(ledger.path.parent), wanted.checkpoints, settings.witnesses, known)
        lost = _lost(ledger, looked, wanted)
        wrapping = asyncio.run(_wrapping(settings, vault))
        with _into(settings, places, ledger, vault) as found:
            for place, folder in zip(found, (ledger, vault), strict=True):
                _filled(place, folder, told)
            _verified(ledger, found[0], known, looked.found, told)
            lists = [*(each.path / ERASURES for each in (ledger, vault)), *wanted.erasures]
            size = ledger.manifest.sizes["public"]
            again = asyncio.run(replay(settings.home, *found, wrapping, lists, size))
            missing = lacking(*found)
            _released(settings.home, looked.found)
            (settings.home / RESTORING).unlink()
            sync_folder(settings.home)
    return Restored(ledger, vault, size, lost, again, missing, looked.silent)


# ---------------------------------------------------------------------------------------- what is restored


def _chosen(wanted: Wanted, told: Progress) -> tuple[Folder, Folder]:
    """Both backups, read once from end to end."""
    found: list[Folder] = []
    for which, named in zip(_WHICH, (wanted.ledger, wanted.vault), strict=True):
        path = named
        if path is None:
            parent = (wanted.folder or Path()) / which
            there = within(parent) if wanted.folder else []
            if not there:
                raise Setup(f"There is no backup in {parent}. Name one: --{which} FOLDER.")
            path = there[0]
        found.append(checked(path, which, lambda done, of, which=which: told(f"read the {which}'s backup", done, of)))
    return found[0], found[1]


def _fits(ledger: Folder, vault: Folder, settings: Settings) -> None:
    origin = ledger.manifest.origin
    if vault.manifest.origin != origin:
        raise Setup(f"The vault's backup is of {vault.manifest.origin}, not of {origin}. Name the one that belongs.")
    if settings.origin and settings.origin != origin.removesuffix("/demonstration").removesuffix("/scenario"):
        raise Setup(f"LEDGER_ORIGIN is {settings.origin}, but the backup is of {origin}.")
    for each in (ledger, vault):
        newer = set(each.manifest.migrations) - {name for name, _ in files(each.manifest.kind)}
        if newer:
            raise Setup(f"{each.path} was made by release {each.manifest.version}, which is newer: use that or later.")


def _known(home: Path, origin: str, given: Sequence[str]) -> Known:
    """The keys of both logs, which are never made here: what they signed must be told from what they did not."""
    found: dict[Kept, tuple[str, Sequence[KnownKey]]] = {}
    try:
        named = [parse_vkey(each) for each in given]
    except TransparencyError as wrong:
        raise Malformed(f"--key: {wrong}.") from wrong
    for kept, name in zip(LOGS, (origin, f"{origin}/access"), strict=True):
        file = home / "keys" / kept.key
        if not file.is_file():
            raise Setup(f"{file} is not there. Put back the folder of keys from its copy, then restore.")
        found[kept] = name, [*LogKeys(name, file, Signer).known, *(each for each in named if each.name == name)]
    return found


def _lost(ledger: Folder, looked: Looked, wanted: Wanted) -> dict[str, int]:
    """By log, how many facts are missing.  Raises Setup unless that is accepted."""
    lost: dict[str, int] = {}
    for kept in LOGS:
        newest = max((each for each in looked.found if each.kept == kept), key=_size, default=None)
        size = ledger.manifest.sizes[kept.schema]
        if newest is None or newest.checkpoint.size <= size:
            continue
        lost[kept.name] = newest.checkpoint.size - size
        if not wanted.accept_loss:
            raise Setup(
                f"The backup of {ledger.manifest.taken_at:%-d %B %Y %H:%M} UTC holds {size:,} facts of the {kept.name};"
                f" {newest.checkpoint.size:,} were acknowledged ({newest.where}). Use a newer backup; where there is"
                f" none, --accept-loss restores it for reading only, without those {lost[kept.name]:,}."
            )
    return lost


def _size(each: Evidence) -> int:
    return each.checkpoint.size


async def _wrapping(settings: Settings, vault: Folder) -> WrappingKeys:
    """The wrapping keys in the home, with those of KMS that the backup brings; the backup's is among them."""
    first = settings.home / "keys" / "vault.key"
    for each in vault.path.glob(f"{first.name}*{SUFFIX}"):
        write_once(first.with_name(each.name), each.read_text("ascii"))
    found = WrappingKeys(first, Kms(settings.vault_kms_key, settings.vault_kms_days))
    if vault.manifest.wrapping is None:
        return found
    try:
        await found.known(vault.manifest.wrapping)
    except VaultUnavailable as problem:
        raise Setup(
            f"The backup {vault.path} cannot be opened. {problem.message} If the vault was rewrapped since, that key is"
            " destroyed for good: use a backup from after it."
        ) from problem
    return found


# ---------------------------------------------------------------------------------------- where to


@contextmanager
def _alone(home: Path) -> Generator[None]:
    home.mkdir(parents=True, exist_ok=True)
    with open(home / ".restoring.lock", "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise Setup(f"Another restore into {home} is under way.") from taken
        yield


@contextmanager
def _into(
    settings: Settings, places: Sequence[Place] | None, ledger: Folder, vault: Folder
) -> Generator[tuple[Place, Place]]:
    """Two databases that are empty, or were begun to be filled from these very backups; and the mark in the home."""
    mark = settings.home / RESTORING
    says = orjson.dumps({each.manifest.kind: (each.path / SUMS).read_text("ascii") for each in (ledger, vault)})
    begun = mark.exists()
    same = begun and mark.read_bytes() == says
    if places is not None:
        clusters, theirs = {}, {place.which: place for place in places}
    else:
        clusters, theirs = _of_settings(settings)
    for place in theirs.values():
        if not same and _holds(place):
            raise Setup(
                f"The {place.which}'s database holds something already, which is not written over. Empty it, or name"
                " another one."
            )
    write_synced(mark, says.decode())
    with ExitStack() as held:
        for which, cluster in clusters.items():
            held.enter_context(cluster)
            if begun:
                cluster.drop_database(which)
            cluster.ensure_database(which)
        found = {which: embedded_place(cluster, which) for which, cluster in clusters.items()} | theirs
        yield found["ledger"], found["vault"]


def _new(settings: Settings) -> None:
    """Raises Setup where the home has a cluster that no restore began."""
    for which, cluster in _of_settings(settings)[0].items():
        if cluster.folder.exists() and not (settings.home / RESTORING).exists():
            raise Setup(
                f"The home {settings.home} has a {which} already, which is not written over. Set LEDGER_HOME to a new"
                f" folder with the keys in it, or move {cluster.folder} away."
            )


def _of_settings(settings: Settings) -> tuple[dict[Which, EmbeddedCluster], dict[Which, Place]]:
    """What is embedded, and what is somebody else's server."""
    urls: dict[Which, str | None] = {"ledger": settings.database_url, "vault": settings.vault_url}
    owners = {"ledger": settings.owner_url, "vault": None}
    return (
        {which: EmbeddedCluster(settings.home, which) for which, url in urls.items() if url is None},
        {which: place_at(which, url, owners[which]) for which, url in urls.items() if url is not None},
    )


def _holds(place: Place) -> bool:
    try:
        return holds_something(place.owner(), _SENTINELS[place.which])
    except psycopg.OperationalError as problem:
        raise Setup(f"The {place.which}'s database cannot be reached. Check its address and that it runs.") from problem


def _filled(place: Place, folder: Folder, told: Progress) -> None:
    """Fill an empty database; one that is not was filled by the restore that this one goes on with."""
    if not _holds(place):
        migrate(place.owner(), place.which, folder.manifest.migrations)
        total = sum(each.stat().st_size for each in folder.path.glob("*.copy.gz"))
        done = 0

        def read(count: int) -> None:
            nonlocal done
            done += count
            told(f"restore the {place.which}", done, total)

        load(place.owner(), folder.path, dict(folder.manifest.rows), read)
    migrated(place.owner(), place.which)


# ---------------------------------------------------------------------------------------- whether it holds


def _verified(ledger: Folder, place: Place, known: Known, found: Sequence[Evidence], told: Progress) -> None:
    """Raises Setup where an entry is not what the backup's checkpoint, or another that was found, says."""
    for kept, (origin, keys) in known.items():
        earlier, name, replaced = asyncio.run(_names(place, kept))
        if name != origin:
            raise Setup(f"The {kept.name} in {ledger.path} is called {name}, not {origin}. Use another backup.")
        report = verify_database(
            place.owner(),
            origin,
            [*keys, *(each for each in replaced if each.name == origin)],
            ledger.path / kept.checkpoint,
            lambda done, of, name=kept.name: told(f"verify the {name}", done, of),
            schema=kept.schema,
            earlier=earlier,
        )
        if not report.ok or report.size != ledger.manifest.sizes[kept.schema]:
            first = str(report.findings[0]) if report.findings else f"it holds {report.size:,} facts"
            raise Setup(f"The {kept.name} in {ledger.path} does not hold: {first}. Use another backup.")
        past = sorted({each for each in found if each.kept == kept and _size(each) <= report.size}, key=_size)
        for each, root in zip(past, _roots(place, kept, [_size(each) for each in past]), strict=True):
            if each.checkpoint.root != root:
                raise Setup(
                    f"The {kept.name} in {ledger.path} is another history than the checkpoint {each.where} of"
                    f" {_size(each):,} facts. Keep both; one of them was forged."
                )


def _roots(place: Place, kept: Kept, sizes: Sequence[int]) -> list[bytes]:
    """What the tree's root was at these sizes, which rise, from every leaf."""
    edge, found = RightEdge(), list[bytes]()
    query = sql.SQL("SELECT leaf FROM {} WHERE position > %s AND position <= %s ORDER BY position").format(
        sql.Identifier(kept.schema, "entries")
    )
    with psycopg.connect(place.owner()) as connection:
        for size in sizes:
            while edge.size < size:
                upto = min(edge.size + 20_000, size)
                edge = edge.extend([row[0] for row in connection.execute(query, (edge.size, upto))])
            found.append(edge.root())
    return found


async def _names(place: Place, kept: Kept) -> tuple[list[Name], str, list[KnownKey]]:
    """The names the log had before losses, the one it has, and the keys that others came in place of: as it says."""
    database = Database(lambda statements: place.connect(statements, kept.schema), STATEMENTS)
    try:
        head = await database.head()
        told = [each.members["values"] for each in await database.stream(STREAM) if each.type == LogKeyAnnounced.topic]
        replaced = [str(each["replaces"]) for each in told if "replaces" in each]
        losses = await losses_of(database)
    finally:
        database.close()
    if head is None:
        raise Setup(f"The {kept.name} has no head. Use another backup.")
    earlier, name = names_of(head.origin, losses, replaced)
    return earlier, name, [parse_vkey(each) for each in replaced]


def _released(home: Path, found: Sequence[Evidence]) -> None:
    """The newest checkpoint of each log that was found, the backup's own among them, is the one to compare with."""
    for kept in LOGS:
        newest = max((each for each in found if each.kept == kept), key=_size, default=None)
        if newest is not None:
            keep_newest(home / kept.checkpoint, newest.checkpoint.size, newest.note)
