"""The tables of a database out of one snapshot, and into an empty one: PostgreSQL's own binary COPY, compressed.

Every table is copied that a schema of ours has, but those of `projections`, which follow from the rest and are built
anew, and the list of migrations, which the restoring makes.  So a table that a later migration adds is in the next
backup without a word here.  No program of PostgreSQL's is called: a server of any version from 15 on is asked the same.

Proven by tests/store/test_backup.py.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Final, LiteralString, NamedTuple

import psycopg
from psycopg import sql

from ledger.errors import Setup

_LEVEL: Final = 1  # of compression: a ciphertext does not get smaller, and time is dearer than room
_PIECE: Final = 1 << 18

_TABLES: Final[LiteralString] = """
    SELECT n.nspname, c.relname,
        (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute AS a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''),
        coalesce((SELECT array_agg(f.confrelid::regclass::oid::bigint) FROM pg_constraint AS f
                  WHERE f.conrelid = c.oid AND f.contype = 'f' AND f.confrelid <> c.oid), '{}'),
        c.oid::bigint, pg_table_size(c.oid)
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname IN ('public', 'access') AND c.relname <> 'migrations'
    ORDER BY n.nspname, c.relname
"""


class Table(NamedTuple):
    """A table, its columns in order, and about how large it is."""

    schema: str
    name: str
    columns: tuple[str, ...]
    bytes: int

    @property
    def whole(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def file(self) -> str:
        return f"{self.whole}.copy.gz"

    @property
    def quoted(self) -> sql.Composable:
        return sql.Identifier(self.schema, self.name)

    @property
    def listed(self) -> sql.Composable:
        return sql.SQL(", ").join(map(sql.Identifier, self.columns))


def private(path: str, flags: int) -> int:
    """Opens a file that only its owner reads."""
    return os.open(path, flags, 0o600)


def tables(connection: psycopg.Connection) -> list[Table]:
    """Every table that is kept, each after those it refers to."""
    rows = connection.execute(_TABLES).fetchall()
    known = {oid: Table(schema, name, tuple(columns), size) for schema, name, columns, _, oid, size in rows}
    order = TopologicalSorter({oid: referred for _, _, _, referred, oid, _ in rows})
    return [known[oid] for oid in order.static_order() if oid in known]


def copy_out(connection: psycopg.Connection, table: Table, folder: Path, read: Callable[[int], None]) -> int:
    """Write a table to its file; the number of its rows.  `read` hears of each piece."""
    query = sql.SQL("COPY {} ({}) TO STDOUT (FORMAT binary)").format(table.quoted, table.listed)
    with (
        open(folder / table.file, "xb", opener=private) as raw,
        gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as file,
        connection.cursor() as cursor,
    ):
        with cursor.copy(query) as copy:
            for piece in copy:
                file.write(piece)
                read(len(piece))
        return cursor.rowcount


def copy_in(connection: psycopg.Connection, table: Table, folder: Path, read: Callable[[int], None]) -> int:
    """Fill a table from its file; the number of its rows.  What a migration has put there gives way."""
    if connection.execute(sql.SQL("SELECT FROM {} LIMIT 1").format(table.quoted)).fetchall():
        connection.execute(sql.SQL("DELETE FROM {}").format(table.quoted))
    query = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(table.quoted, table.listed)
    path = folder / table.file
    with path.open("rb") as raw, gzip.GzipFile("", "rb", fileobj=raw) as file, connection.cursor() as cursor:
        with cursor.copy(query) as copy:
            before = 0
            while piece := file.read(_PIECE):
                copy.write(piece)
                read(raw.tell() - before)
                before = raw.tell()
        return cursor.rowcount


def load(conninfo: str, folder: Path, rows: dict[str, int], read: Callable[[int], None]) -> None:
    """Everything of a backup in one transaction: whole, or as if it had never been begun.  Raises Setup."""
    with psycopg.connect(conninfo) as connection:
        found = tables(connection)
        strange = {each.whole for each in found} ^ rows.keys()
        if strange:
            raise Setup(f"This release and the backup {folder} differ in tables: {', '.join(sorted(strange))}.")
        for each in found:
            try:
                loaded = copy_in(connection, each, folder, read)
            except (psycopg.DataError, psycopg.IntegrityError, EOFError, gzip.BadGzipFile) as wrong:
                raise Setup(f"The file {folder / each.file} cannot be loaded. Use another backup.") from wrong
            if loaded != rows[each.whole]:
                raise Setup(f"The file {folder / each.file} holds {loaded} rows, not {rows[each.whole]}.")
    with psycopg.connect(conninfo, autocommit=True) as connection, suppress(psycopg.Error):
        connection.execute("ANALYZE")  # or the first questions are answered by reading everything


def holds_something(conninfo: str, sentinels: Sequence[LiteralString]) -> bool:
    """Has a ledger or a vault been at work in this database?  One row in one of these tables is enough."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for each in sentinels:
            [[there]] = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (each,)).fetchall()
            query = sql.SQL("SELECT FROM {} LIMIT 1").format(sql.Identifier(each))
            if there and connection.execute(query).fetchall():
                return True
    return False
