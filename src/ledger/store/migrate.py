"""Schema and migrations: numbered files, each run once, in order, in a transaction of its own, under one lock.

`schema.sql` (ledger) and `vault.sql` (vault) are the whole truth; the folders `migrations` and `vault_migrations` lead
there from any earlier version.  A test makes one database from each and compares their dumps.  The application's role
must exist: it is made here if this login may make roles, else the message says which statement to run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from importlib import resources
from typing import Final, Literal

import psycopg
from psycopg import sql

from ledger.errors import Setup

Which = Literal["ledger", "vault"]
_FOLDER: Final = {"ledger": "migrations", "vault": "vault_migrations"}
_ROLE: Final = {"ledger": "ledger_app", "vault": "vault_app"}
_LOCK: Final = 0x1ED6E4
OLDEST: Final = 150_000

_LOG: Final = """
    CREATE TABLE IF NOT EXISTS migrations (
        name text PRIMARY KEY, digest text NOT NULL, run_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )
"""


def files(which: Which) -> list[tuple[str, str]]:
    """(name, SQL) of every migration, in order."""
    folder = resources.files("ledger.store") / _FOLDER[which]
    found = [(each.name, each.read_text("utf-8")) for each in folder.iterdir() if each.name.endswith(".sql")]
    return sorted(found)


def migrate(conninfo: str, which: Which, only: Collection[str] | None = None) -> list[str]:
    """Bring a database up to date as its owner, or as far as `only` these lead; the names of the migrations that ran.

    Raises Setup: PostgreSQL older than 15, no role for the application, or a migration that was changed after it ran.
    """
    with psycopg.connect(conninfo, autocommit=True) as connection:
        _check_server(connection)
        _check_role(connection, _ROLE[which])
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        connection.execute("SET client_min_messages = warning")
        connection.execute(_LOG)
        done = dict(connection.execute("SELECT name, digest FROM migrations").fetchall())
        wanted = [each for each in files(which) if only is None or each[0] in only]
        return [name for name, text in wanted if _run(connection, name, text, done)]


def pending(conninfo: str, which: Which) -> list[str]:
    """Names of migrations that this database lacks (all of them where there is no schema yet)."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        known = connection.execute("SELECT to_regclass('migrations') IS NOT NULL").fetchone()
        rows = connection.execute("SELECT name FROM migrations").fetchall() if known and known[0] else []
    done = {row[0] for row in rows}
    return [name for name, _ in files(which) if name not in done]


def _run(connection: psycopg.Connection, name: str, text: str, done: dict[str, str]) -> bool:
    digest = hashlib.sha256(text.encode()).hexdigest()
    if name in done:
        if done[name] != digest:
            raise Setup(f"The migration {name} was changed after it had run. Put it back and add a new one.")
        return False
    with connection.transaction():
        # The files are part of the package, not input.
        connection.execute(sql.SQL(text))  # pyright: ignore[reportArgumentType]
        connection.execute("INSERT INTO migrations (name, digest) VALUES (%s, %s)", (name, digest))
    return True


def _check_server(connection: psycopg.Connection) -> None:
    if connection.info.server_version < OLDEST:
        raise Setup(f"This is PostgreSQL {connection.info.server_version // 10_000}; the ledger needs 15 or newer.")


def _check_role(connection: psycopg.Connection, role: str) -> None:
    if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
        return
    try:
        connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(role)))
    except psycopg.errors.InsufficientPrivilege as refused:
        raise Setup(
            f"The role {role} does not exist. As an administrator run: CREATE ROLE {role} NOLOGIN;"
        ) from refused
