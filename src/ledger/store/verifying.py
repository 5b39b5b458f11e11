"""`ledger verify` over the whole ledger: every stored byte is read again, in one snapshot, by the offline oracle.

What is believed is nothing in the database: the oracle (ledger.transparency.verify) rebuilds tree, chains, versions
and times from the entries alone; here the rows are only fetched.  The newest released checkpoint outside the database
is compared too, so a cut tail shows.  Proven by tests/store/test_verifying.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, LiteralString

import psycopg

from ledger.transparency.note import NoteVerifier
from ledger.transparency.verify import (
    Finding,
    KeptCheckpoint,
    LedgerVerifier,
    Report,
    StoredChain,
    StoredHead,
    StoredRow,
)

PAGE: Final = 5_000
_DIGITS: Final = 19  # of a size: one digit more is no bigint


def verify_database(
    conninfo: str,
    origin: str,
    verifier: NoteVerifier,
    kept_file: Path | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Report:
    """Re-read a whole ledger; `progress` hears (entries read, of how many).  Raises psycopg.OperationalError."""
    # Read before the snapshot is taken: a note newer than the snapshot would look like a tail that was cut.
    note = kept_file.read_text("utf-8", errors="replace") if kept_file and kept_file.exists() else None
    with psycopg.connect(conninfo) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        head = connection.execute(_HEAD).fetchone()
        size = head[0] if head else 0
        oracle = LedgerVerifier(checkpoints=_checkpoints(connection, note), origin=origin, verifiers=[verifier])
        done = 0
        beside: list[Finding] = []
        for page in _pages(connection):
            oracle.add(StoredRow(*row[:5]) for row in page)
            beside += [
                Finding("row-differs", "the column `recorded` says something else than the entry", row[0], row[3])
                for row in page
                if _recorded_differs(row[1], row[5])
            ]
            done += len(page)
            progress(done, size)
        report = oracle.finish(head=StoredHead(size, edge=head[1] if head else b""), chains=_chains(connection))
        beside += filter(None, [_head_differs(head, report), _about_differs(connection), _receipts_differ(connection)])
        return replace(report, findings=report.findings + tuple(beside[:100]), found=report.found + len(beside))


# A time as entries write it.  Read as text: a column may hold what no calendar of ours does (infinity, 44 BC).
_HEAD: Final = (
    """SELECT size, edge, to_char(recorded AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"BC') FROM head"""
)
_ENTRIES: Final = """
    SELECT position, entry, leaf, stream, version,
        to_char(recorded AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"BC')
    FROM entries ORDER BY position
"""


def _pages(connection: psycopg.Connection) -> Iterator[list[Any]]:
    with connection.cursor(name="entries") as cursor:
        cursor.itersize = PAGE
        cursor.execute(_ENTRIES)
        while page := cursor.fetchmany(PAGE):
            yield page


def _chains(connection: psycopg.Connection) -> Iterator[StoredChain]:
    with connection.cursor(name="chains") as cursor:
        cursor.itersize = PAGE
        cursor.execute("SELECT id, n, chain, last, version, leaf FROM chains ORDER BY id")
        for row in cursor:
            yield StoredChain(*row)


def _checkpoints(connection: psycopg.Connection, note: str | None) -> list[KeptCheckpoint]:
    """Every kept root and note, and the newest one that was released, by size."""
    rows = connection.execute(
        "SELECT size, root, note FROM checkpoints FULL JOIN released USING (size) ORDER BY size"
    ).fetchall()
    kept = [KeptCheckpoint(*row) for row in rows]
    if note is not None:
        kept.append(KeptCheckpoint(_size_of(note), note=note))
    return sorted(kept, key=lambda each: each.size)


def _size_of(note: str) -> int:
    """Where a note belongs among the checkpoints; one that is none is compared first, and named by the oracle."""
    lines = note.split("\n")
    return int(lines[1]) if len(lines) > 1 and lines[1].isdecimal() and len(lines[1]) < _DIGITS else 0


def _recorded_differs(entry: bytes, recorded: str | None) -> bool:
    """Is the column that `known_at` searches the time sealed in the entry?  Its first `recorded` is the envelope's."""
    sealed = b'"recorded":"' + _instant(recorded).encode() + b'"'
    return entry.find(b'"recorded":"') != entry.find(sealed)


def _head_differs(head: tuple[int, bytes, str | None] | None, report: Report) -> Finding | None:
    """Does the head repeat when the newest entry was recorded?  The next one is recorded then, or later."""
    if head is None or report.last_recorded in (None, _instant(head[2])):
        return None
    return Finding("row-differs", "the head says another time than the newest entry", report.size)


def _instant(recorded: str | None) -> str:
    return (recorded or "never").removesuffix("AD")


# `about` repeats what entries say, for reading; a row too many or too few would hide or add something to a person.
_ABOUT = """
    WITH said AS (
        SELECT e.position, a.id FROM entries AS e,
            jsonb_array_elements_text(convert_from(e.entry, 'UTF8')::jsonb -> 'about') AS a (id)
        WHERE convert_from(e.entry, 'UTF8')::jsonb ? 'about'
    )
    SELECT coalesce(s.position, b.position), coalesce(s.id, b.id)
    FROM said AS s FULL JOIN about AS b ON b.position = s.position AND b.id = s.id
    WHERE s.id IS NULL OR b.id IS NULL ORDER BY 1 LIMIT 1
"""


def _about_differs(connection: psycopg.Connection) -> Finding | None:
    row = _first(connection, _ABOUT)
    if row is None:
        return None
    return Finding("row-differs", "the list of what concerns an id differs from what the entries say", row[0], row[1])


# A receipt leads from a key to the facts recorded under it; a retry that was led to others would be told a lie.
_RECEIPTS = """
    SELECT r.first FROM receipts AS r
    LEFT JOIN entries AS one ON one.position = r.first
    LEFT JOIN entries AS other ON other.position = r.last
    LEFT JOIN checkpoints AS c ON c.size = r.size
    WHERE c.size IS NULL OR r.last NOT BETWEEN r.first AND r.size
        OR convert_from(one.entry, 'UTF8')::jsonb ->> 'key' IS DISTINCT FROM r.key::text
        OR convert_from(other.entry, 'UTF8')::jsonb ->> 'key' IS DISTINCT FROM r.key::text
    ORDER BY 1 LIMIT 1
"""


def _receipts_differ(connection: psycopg.Connection) -> Finding | None:
    row = _first(connection, _RECEIPTS)
    return Finding("row-differs", "a receipt leads to facts not recorded under its key", row[0]) if row else None


def _first(connection: psycopg.Connection, query: LiteralString) -> tuple[Any, ...] | None:
    """The first row of a query over entries as JSON; none where one is not JSON any more: the oracle has named it."""
    try:
        with connection.transaction():
            return connection.execute(query).fetchone()
    except psycopg.DataError:
        return None
