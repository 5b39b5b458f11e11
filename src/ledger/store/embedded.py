"""PostgreSQL inside the ledger: a cluster made, started, shared and stopped without anybody's help.

    home/keys/postgres-ledger.json      0600   the roles' passwords, apart from the data
    home/postgres/id                    what the socket's folder is named after, should it lie elsewhere
    home/postgres/ledger/data           0700   the data folder, with `run` (the socket) and `server.log` beside it
    home/postgres/ledger.lock                  held while one process makes, starts or stops the server
    home/postgres/ledger.users                 held, shared, by every process that uses it: the last one stops it
    home/postgres/elsewhere                    only where root's home is closed to the server's account: where to

The locks are `flock`s, which end with their process however it ends. So a process that was killed leaves at worst a
running server that the next one takes over, and a killed server is started again by the next `ensure_running`.
A folder by the final name is whole: it is made under another name, roles and all, and renamed.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, cast

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from ledger.store import host
from ledger.store.host import POSTGRES_MAJOR, SOCKET_NAME, Account, EmbeddedError

__all__ = ["ClusterName", "EmbeddedCluster", "EmbeddedError"]

ClusterName = Literal["ledger", "vault"]

SUPERUSER = "postgres"
OWNER = "ledger_owner"
APPLICATION: dict[ClusterName, str] = {"ledger": "ledger_app", "vault": "vault_app"}

# How long a server may take: a start after a crash first replays up to max_wal_size of log.
START_LIMIT = 120.0
STOP_LIMIT = 60.0
TURN_LIMIT = 180.0
PAUSE = 0.01
TRIES = 3
LOG_LIMIT = 10_000_000

SETTINGS = {
    # Nobody gets in but through a socket in a folder that only its owner enters.
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    # Who is being let in and says no more (its process is stopped, or busy elsewhere) answers no other backend either,
    # and DROP DATABASE waits for all of them. Our own connecting gives up as soon (store/connecting.py).
    "authentication_timeout": "5s",
    # Acknowledged means durable.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_compression": "pglz",
    # What is logged is about the server. No statement, no parameter, no detail of an error: any may hold a value.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
    "log_autovacuum_min_duration": "-1",
    "log_line_prefix": "%m [%p] ",
    "log_timezone": "UTC",
    "timezone": "UTC",
    # Small: two servers and the ledger itself share a modest machine.
    "huge_pages": "off",
    "io_method": "sync",
    "max_wal_senders": "3",
    "max_replication_slots": "3",
    "max_worker_processes": "3",
    "max_logical_replication_workers": "0",
    "max_parallel_workers": "2",
    "autovacuum_max_workers": "2",
    "maintenance_work_mem": "32MB",
    "random_page_cost": "1.1",
}
SIZES: dict[ClusterName, dict[str, str]] = {
    "ledger": {
        "shared_buffers": "64MB",
        "max_connections": "60",
        "wal_buffers": "8MB",
        "max_wal_size": "1GB",
        "work_mem": "8MB",
    },
    "vault": {
        "shared_buffers": "16MB",
        "max_connections": "20",
        "wal_buffers": "1MB",
        "max_wal_size": "128MB",
        "min_wal_size": "32MB",
    },
}
# Still what was committed survives a killed server, only not a machine that loses power.
THROWAWAY = {
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "checkpoint_timeout": "1h",
}
# Every way in asks for a password; the superuser alone may copy the cluster (pg_basebackup).
ACCESS = f"""\
local all all scram-sha-256
local replication {SUPERUSER} scram-sha-256
"""


@dataclass(frozen=True, slots=True)
class _PidFile:
    """What a server says of itself in postmaster.pid."""

    pid: int
    socket_folder: Path | None
    is_ready: bool


class EmbeddedCluster:
    """One PostgreSQL cluster in a ledger's home: `ledger`, or the `vault` that holds the keys.

    Use it as a context manager, or call `ensure_running` and, when done, `release`. Any number of processes may share
    a cluster, each with an object of its own: a fork inherits no share. `throwaway` trades durability for speed and
    allows `remove`; it is for tests and scenarios.
    """

    def __init__(self, home: Path, name: ClusterName, *, throwaway: bool = False) -> None:
        self.home = home.expanduser().resolve()
        self.name: ClusterName = name
        self.throwaway = throwaway
        self._base = self.home / "postgres"
        self._keys_file = self.home / "keys" / f"postgres-{name}.json"
        self._one_thread = threading.RLock()
        self._share: int | None = None
        self._socket: Path | None = None

    def __enter__(self) -> Self:
        self.ensure_running()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    # --- running and stopping ----------------------------------------------------------------------------------

    def ensure_running(self) -> None:
        """Make the cluster if there is none, start its server if it is down, and hold it until `release`."""
        self._prepare_home()
        with self._alone():
            joined = self._join()
            try:
                self._check_or_make()
                self._start_if_down()
            except BaseException:
                if joined:
                    self._leave()
                raise

    def release(self) -> None:
        """Let go of the server; the last process that does so stops it."""
        if self._share is None:
            return
        try:
            with self._alone():
                if self._leave():
                    self._stop(signal.SIGINT)  # "fast": open transactions end, everything is written
        except FileNotFoundError:  # the home was deleted meanwhile; the server notices by itself and ends
            self._leave()

    def abandon(self) -> None:
        """Let go at once: a server that nobody else uses is told to drop everything, and its end is not waited for."""
        if self._leave() and (pid := self.pid) is not None:
            os.kill(pid, signal.SIGQUIT)

    def remove(self) -> None:
        """Stop the server, whoever uses it, and delete the cluster with its passwords. For throw-away ones only."""
        if not self.throwaway:
            raise EmbeddedError(f"The {self.name} cluster in {self.home} is not a throw-away one and is not removed.")
        with self._alone():
            self._stop(signal.SIGQUIT)
            place = self._place()
            shutil.rmtree(place / self.name, ignore_errors=True)
            self._keys_file.unlink(missing_ok=True)
            self._leave()
            if place != self._base:
                with suppress(OSError):  # the other cluster is still there
                    place.rmdir()
                    (self._base / "elsewhere").unlink()

    # --- what others need --------------------------------------------------------------------------------------

    @property
    def owner_role(self) -> str:
        """The role that owns the databases and migrates them; it logs in, and is no superuser."""
        return OWNER

    @property
    def app_role(self) -> str:
        """The role the ledger works as from day to day."""
        return APPLICATION[self.name]

    @property
    def pid(self) -> int | None:
        """The server's process number, while it runs."""
        found = self._pid_file()
        return found.pid if found and host.is_server_of(found.pid, self._data) else None

    @property
    def folder(self) -> Path:
        """Where the cluster lies: in the home, or elsewhere if the server's account cannot get into that."""
        return self._place() / self.name

    @property
    def log_file(self) -> Path:
        """Where the server writes what happens to it."""
        return self.folder / "server.log"

    def program(self, name: str) -> Path:
        """The path of one of PostgreSQL's programs: pg_dump, pg_basebackup, psql …"""
        return host.binaries(Account(os.geteuid(), os.getegid())) / name

    def conninfo(self, role: str, dbname: str) -> str:
        """How to connect as `role`. It holds the role's password: hand it on, but never print it."""
        passwords = self._passwords()
        if role not in passwords:
            raise EmbeddedError(f"The {self.name} cluster has no role {role!r}; it has {', '.join(passwords)}.")
        found = self._pid_file()
        folder = (found and found.socket_folder) or self._socket
        if folder is None:
            raise EmbeddedError(f"The {self.name} cluster does not run; call ensure_running first.")
        return make_conninfo("", host=str(folder), port=5432, user=role, password=passwords[role], dbname=dbname)

    def ensure_database(self, name: str) -> bool:
        """Make a database unless there is one by that name; whether it was made."""
        with self._alone():  # two at once would both find that there is none
            try:
                self.create_database(name)
            except psycopg.errors.DuplicateDatabase:
                return False
        return True

    def create_database(self, name: str, template: str | None = None) -> None:
        """Make a database that the owner role owns and only the application's role may enter besides.

        With a `template`, a copy of that database, to which nobody may be connected meanwhile.
        """
        database = _identifier(name)
        with self._superuser() as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY {}").format(
                    database,
                    sql.Identifier(OWNER),
                    _identifier(template or "template0"),
                    # Copying files is faster, but forces checkpoints, which are cheap only without fsync.
                    sql.SQL("file_copy" if self.throwaway else "wal_log"),
                )
            )
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
            connection.execute(
                sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(database, sql.Identifier(self.app_role))
            )

    def drop_database(self, name: str) -> None:
        """Drop a database if it is there, and disconnect whoever is in it."""
        with self._superuser() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(_identifier(name)))

    def _superuser(self) -> psycopg.Connection:
        return psycopg.connect(self.conninfo(SUPERUSER, "postgres"), autocommit=True)

    # --- turns and shares --------------------------------------------------------------------------------------

    @contextmanager
    def _alone(self) -> Generator[None]:
        """Only one thread of one process at a time makes, starts or stops this server."""
        with self._one_thread:
            descriptor = self._open_lock("lock")
            try:
                _wait_for(
                    lambda: _try_lock(descriptor, fcntl.LOCK_EX),
                    TURN_LIMIT,
                    f"Another process has been starting or stopping the {self.name} cluster in {self.home} for "
                    f"{TURN_LIMIT:.0f} s. End that process, then try again.",
                )
                yield
            finally:
                os.close(descriptor)

    def _open_lock(self, kind: str) -> int:
        path = self._base / f"{self.name}.{kind}"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except PermissionError as error:
            raise self._not_ours(path) from error
        host.owner_of(self.home).take(path)
        return descriptor

    def _join(self) -> bool:
        """Count ourselves among the users; false if we are one already."""
        if self._share is not None:
            return False
        descriptor = self._open_lock("users")
        fcntl.flock(descriptor, fcntl.LOCK_SH)  # never waits long: it is taken exclusively only within a turn
        self._share = descriptor
        return True

    def _leave(self) -> bool:
        """Stop being a user; whether nobody else is one."""
        if self._share is None:
            return False
        alone = _try_lock(self._share, fcntl.LOCK_EX)
        os.close(self._share)
        self._share = None
        return alone

    # --- places ------------------------------------------------------------------------------------------------

    def _prepare_home(self) -> None:
        # A server that root starts runs as another account, which must pass through, though not look around.
        mode = 0o711 if os.geteuid() == 0 else 0o700
        try:
            if not self.home.exists():
                self.home.mkdir(parents=True, exist_ok=True)
                self.home.chmod(mode)
            keeper = host.owner_of(self.home)
            if not self._base.exists():
                self._base.mkdir(exist_ok=True)
                self._base.chmod(mode)
                keeper.take(self._base)
            host.private_folder(self._keys_file.parent, keeper)
        except PermissionError as error:
            raise self._not_ours(Path(error.filename)) from error

    def _not_ours(self, path: Path) -> EmbeddedError:
        return EmbeddedError(
            f"{path} is closed to {host.name_of(os.geteuid())}. Run the ledger as whoever made {self.home}, or set "
            "LEDGER_HOME to a folder of your own."
        )

    def _place(self) -> Path:
        """Where the clusters of this home lie: in it, unless a pointer names another folder."""
        pointer = self._base / "elsewhere"
        if not pointer.exists():
            return self._base
        place = Path(pointer.read_text(encoding="utf-8").strip())
        if not place.is_dir():
            raise EmbeddedError(
                f"The data of {self.home} lay in {place}, which is gone. Put it back, for example from a backup; to "
                f"begin with an empty ledger instead, delete {pointer}."
            )
        return place

    def _place_for(self, account: Account) -> Path:
        """Where to make a cluster: in the home, or under /var/lib where the server's account cannot get into it."""
        place = self._place()
        if place == self._base and not host.can_use(account, place):
            place = host.elsewhere(self._identity())
            host.write_private(self._base / "elsewhere", f"{place}\n", host.owner_of(self.home))
        return place

    def _identity(self) -> str:
        """A short random name of this home; where a folder elsewhere must be told from others', it is named so."""
        path = self._base / "id"
        if not path.exists():
            host.write_private(path, secrets.token_hex(8), host.owner_of(self.home))
        return path.read_text(encoding="utf-8").strip()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    # --- making ------------------------------------------------------------------------------------------------

    def _passwords(self) -> dict[str, str]:
        try:
            return cast("dict[str, str]", json.loads(self._keys_file.read_text(encoding="utf-8")))
        except FileNotFoundError as error:
            raise EmbeddedError(
                f"{self._keys_file}, with the passwords of the {self.name} cluster, is missing. Put it back from the "
                "backup of the keys."
            ) from error

    def _check_or_make(self) -> None:
        for left_over in self._place().glob(f"{self.name}.new-*"):
            shutil.rmtree(left_over, ignore_errors=True)  # an orphaned initdb may still be at it; then the next time
        if not self.folder.exists():
            self._make()
        data = self._data
        try:
            made_by = (data / "PG_VERSION").read_text(encoding="ascii").strip()
        except PermissionError as error:
            raise self._not_ours(data) from error
        except FileNotFoundError as error:
            raise EmbeddedError(f"{data} is no PostgreSQL data folder. Put it back from a backup.") from error
        if made_by != str(POSTGRES_MAJOR):
            raise EmbeddedError(
                f"{data} was made by PostgreSQL {made_by}, and this ledger carries {POSTGRES_MAJOR}. Back the ledger "
                "up with the version of it that made the folder, and restore the backup with this one."
            )
        self._passwords()

    def _make(self) -> None:
        """Make the cluster under another name, roles and all, and give it its own only when it is whole."""
        account = host.account_for(self.home)
        place = self._place_for(account)
        if not self._keys_file.exists():
            passwords = {role: secrets.token_urlsafe(32) for role in (SUPERUSER, OWNER, self.app_role)}
            host.write_private(self._keys_file, json.dumps(passwords), host.owner_of(self.home))
        beside = Path(tempfile.mkdtemp(prefix=f"{self.name}.new-", dir=place))
        account.take(beside)
        self._init(beside / "data", account)
        self._make_roles(beside / "data", account)
        beside.rename(place / self.name)
        host.sync_folder(place)

    def _init(self, data: Path, account: Account) -> None:
        password_file = data.parent / "password"
        host.write_private(password_file, self._passwords()[SUPERUSER], account)
        ended = account.run(
            host.binaries(account) / "initdb",
            f"--pgdata={data}",
            f"--username={SUPERUSER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--data-checksums",
            "--no-instructions",
            *(["--no-sync"] if self.throwaway else []),
        )
        password_file.unlink()
        if ended.returncode:
            raise EmbeddedError(
                f"initdb could not make the {self.name} cluster in {data}: {_end_of(ended.stderr)}\n"
                "Set LEDGER_HOME to a folder on a local disk with room, or name a server in LEDGER_DATABASE_URL."
            )
        host.write_private(data / "pg_hba.conf", ACCESS, account)
        with (data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("\n# Written anew at every start.\ninclude_if_exists 'case-ledger.conf'\n")

    def _make_roles(self, data: Path, account: Account) -> None:
        """Make the roles before any server runs, so that there is no moment at which they are missing."""
        passwords = self._passwords()
        statements = [
            f"CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '{passwords[role]}'"
            for role in (OWNER, self.app_role)
        ]
        statements.append("REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC")
        server = host.binaries(account) / "postgres"
        quiet = ("exit_on_error=on", "log_min_error_statement=panic", "log_checkpoints=off")
        options = [part for setting in quiet for part in ("-c", setting)]
        ended = account.run(server, "--single", *options, "-D", data, "postgres", stdin=";\n".join(statements) + ";\n")
        if ended.returncode:
            raise EmbeddedError(f"The roles of the {self.name} cluster could not be made: {_end_of(ended.stderr)}")

    # --- the server --------------------------------------------------------------------------------------------

    def _pid_file(self) -> _PidFile | None:
        try:
            lines = (self._data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            return _PidFile(
                pid=int(lines[0]),
                socket_folder=Path(lines[4]) if len(lines) > 4 and lines[4] else None,
                is_ready=len(lines) > 7 and lines[7].strip() == "ready",
            )
        except (FileNotFoundError, IndexError, ValueError):  # none, or one half written
            return None

    def _start_if_down(self) -> None:
        """Find the server running, or wait for it to finish starting or stopping, or start it."""
        started: int | None = None
        failures = 0
        deadline = time.monotonic() + START_LIMIT
        while time.monotonic() < deadline:
            found = self._pid_file()
            if found and found.socket_folder and host.answers(found.socket_folder / SOCKET_NAME):
                if found.is_ready:
                    self._socket = found.socket_folder
                    return
            elif found and host.is_server_of(found.pid, self._data):
                if found.is_ready:  # it listens where nobody finds it: its socket was swept from a temporary folder
                    self._stop(signal.SIGINT)
            elif started is None or not host.is_alive(started):
                failures += started is not None
                if failures and not self._may_try_again(failures):
                    break
                started = self._launch(found)
            time.sleep(PAUSE)
        raise EmbeddedError(
            f"The {self.name} cluster in {self.home} did not start: {_end_of(self._log_text())}\n"
            f"The whole log is {self.log_file}."
        )

    def _may_try_again(self, failures: int) -> bool:
        """Whether to start it once more: it may have been killed, or a killed one's last children are still ending."""
        time.sleep(10 * PAUSE)
        return failures < TRIES or "is still in use" in self._log_text()[-400:]

    def _launch(self, stale: _PidFile | None) -> int:
        account = host.owner_of(self._data)
        socket_folder = host.socket_folder(self.folder, self._identity(), account)
        conf = SETTINGS | SIZES[self.name] | (THROWAWAY if self.throwaway else {})
        conf["unix_socket_directories"] = '"' + str(socket_folder).replace('"', '""') + '"'
        lines = [f"{key} = '{_quoted(value)}'\n" for key, value in conf.items()]
        host.write_private(self._data / "case-ledger.conf", "".join(lines), account)
        if self.log_file.exists() and self.log_file.stat().st_size > LOG_LIMIT:
            self.log_file.rename(self.log_file.with_suffix(".log.old"))
        server = host.binaries(account) / "postgres"
        return host.start_detached(account, [server, "-D", self._data], self.log_file, stale.pid if stale else None)

    def _stop(self, how: signal.Signals) -> None:
        """End the server and wait until it has ended; one that does not is told to drop everything."""
        found = self._pid_file()
        for sign in (how, signal.SIGQUIT):
            pid = self.pid
            if pid is None:
                break
            with suppress(ProcessLookupError):
                os.kill(pid, sign)
            with suppress(EmbeddedError):
                _wait_for(lambda pid=pid: not host.is_server_of(pid, self._data), STOP_LIMIT, "")
                break
        else:
            raise EmbeddedError(f"The {self.name} cluster's server in {self.home} does not stop; see {self.log_file}.")
        if found and found.socket_folder and found.socket_folder.parent != self.folder:
            with suppress(OSError):  # not empty after a crash; it is used again
                found.socket_folder.rmdir()

    def _log_text(self) -> str:
        try:
            with self.log_file.open("rb") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(0, file.tell() - 4000))
                return file.read().decode(errors="replace")
        except OSError as error:
            return str(error)


def _identifier(name: str) -> sql.Identifier:
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name):
        raise EmbeddedError(f"{name!r} is no name for a database: use up to 63 small letters, digits and underscores.")
    return sql.Identifier(name)


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")


def _end_of(text: str) -> str:
    """The last lines of what a program said."""
    return "\n".join(text.strip().splitlines()[-5:]) or "it gave no reason"


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait_for(condition: Callable[[], bool], limit: float, otherwise: str) -> None:
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            raise EmbeddedError(otherwise)
        time.sleep(PAUSE)
