"""`ledger verify` over the whole ledger: every stored byte is read again, in one snapshot, by the offline oracle.

What is believed is nothing in the database: the oracle (ledger.transparency.verify) rebuilds tree, chains, versions
and times from the entries alone; here the rows are only fetched.  The newest released checkpoint outside the database
is compared too, so a cut tail shows.  Sealed values are opened and compared where that is asked for (unsealing.py).

What cannot be checked, because nothing sealed repeats it: the digest and the warnings of a receipt.  Whoever changes a
digest makes a retry be refused as another request; nothing false is recorded.

Proven by tests/store/test_verifying.py and, column by column, test_tampering.py.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, LiteralString

import psycopg

from ledger.store.timestamping import Roots
from ledger.store.unsealing import Unsealing
from ledger.store.verifying_repeated import repeated_that_differ
from ledger.store.verifying_swiftly import Plainly, read_swiftly, whole
from ledger.store.verifying_tiles import tiles_that_differ
from ledger.store.verifying_timestamps import timestamps_that_differ
from ledger.transparency.names import Name
from ledger.transparency.note import NoteVerifier
from ledger.transparency.stretch import STRETCH
from ledger.transparency.swift import SwiftVerifier
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
_SIMULATED: Final = {"demonstration", "scenario"}  # one of them is in the name of a ledger whose clock is (opening.py)
_DIGITS: Final = 19  # of a size: one digit more is no bigint


def verify_database(
    conninfo: str,
    origin: str,
    verifiers: Sequence[NoteVerifier],
    kept_file: Path | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
    values: Unsealing | None = None,
    *,
    schema: LiteralString = "public",
    roots: Roots = (),
    swiftly: bool = True,
    earlier: Sequence[Name] = (),
) -> Report:
    """Re-read a whole ledger; `progress` hears (entries read, of how many); `values` opens the sealed ones too;
    `roots`: whose timestamps are believed, empty where that is not checked.  Not `swiftly`: by the oracle alone, entry
    by entry, as where values are opened; the report is the same.  `earlier`: the names before an accepted loss.

    Raises psycopg.OperationalError, and VaultUnavailable where values are to be opened and no key can be had.
    """
    with at_one_moment(conninfo, schema, kept_file) as (connection, note):
        head = connection.execute(HEAD).fetchone()
        size = head[0] if head else 0
        oracle = SwiftVerifier(
            checkpoints=kept_checkpoints(connection, note), origin=origin, verifiers=verifiers, earlier=earlier
        )
        first_name = earlier[0].origin if earlier else origin  # which every sealed value is bound to

        def plainly(first: int, last: int, told: Callable[[int], None] = lambda done: None) -> Plainly:
            return read_plainly(connection, oracle, first_name, values, first, last, told)

        if values is None and swiftly and whole(connection, size):
            beside, known = read_swiftly(connection, conninfo, schema, oracle, size, plainly, progress)
        else:
            beside = plainly(LEAST, MOST, lambda done: progress(done, size)).findings
            known = frozenset[str]()
        report = oracle.finish(head=StoredHead(size, edge=head[1] if head else b""), chains=stored_chains(connection))
        beside += head_differs(head, report, first_name)
        beside += repeated_that_differ(connection, known)
        beside += tiles_that_differ(connection, size if "tiles" in known else 0)
        beside += timestamps_that_differ(connection, [*earlier, Name(origin, verifiers)], roots)
        return replace(report, findings=report.findings + tuple(beside[:100]), found=report.found + len(beside))


@contextmanager
def at_one_moment(
    conninfo: str, schema: LiteralString, kept_file: Path | None
) -> Generator[tuple[psycopg.Connection, str | None]]:
    """A connection that sees one of the two logs (ledger.store.log) as it was, and the note in the kept file."""
    # Read before the snapshot is taken: a note newer than the snapshot would look like a tail that was cut.
    note = kept_file.read_text("utf-8", errors="replace") if kept_file and kept_file.exists() else None
    with psycopg.connect(conninfo) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.execute(f"SET search_path = {schema}")
        yield connection, note


# A time as entries write it.  Read as text: a column may hold what no calendar of ours does (infinity, 44 BC).
HEAD: Final = (
    "SELECT size, edge, to_char(recorded AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"BC'), origin, simulated"
    " FROM head"
)
_ENTRIES: Final = """
    SELECT position, entry, leaf, stream, version,
        to_char(recorded AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"BC')
    FROM entries WHERE position BETWEEN %s AND %s ORDER BY position
"""
LEAST: Final = -(2**63)
MOST: Final = 2**63 - 1


def read_plainly(
    connection: psycopg.Connection,
    oracle: LedgerVerifier,
    origin: str,
    values: Unsealing | None,
    first: int,
    last: int,
    told: Callable[[int], None],
) -> Plainly:
    """Have the oracle read these entries, one by one."""
    read, done, entries = list[Finding](), 0, list[bytes]()
    with connection.cursor(name="entries") as cursor:
        cursor.itersize = PAGE
        cursor.execute(_ENTRIES, (first, last))
        while page := cursor.fetchmany(PAGE):
            oracle.add(StoredRow(*row[:5]) for row in page)
            read += [
                Finding("row-differs", "the column `recorded` says something else than the entry", row[0], row[3])
                for row in page
                if _recorded_differs(row[1], row[5])
            ]
            if values is not None:
                read += values.take(connection, origin, [(row[0], bytes(row[1])) for row in page])
            done += len(page)
            told(done)
            if last - first < STRETCH:
                entries += [row[1] for row in page]
    return Plainly(read, entries)


def stored_chains(connection: psycopg.Connection) -> Iterator[StoredChain]:
    with connection.cursor(name="chains") as cursor:
        cursor.itersize = PAGE
        cursor.execute("SELECT id, n, chain, last, version, leaf FROM chains ORDER BY id")
        for row in cursor:
            yield StoredChain(*row)


def kept_checkpoints(connection: psycopg.Connection, note: str | None) -> list[KeptCheckpoint]:
    """Every kept root and note, those of closings too, and the newest one that was released, by size."""
    rows = connection.execute(
        "SELECT size, root, note FROM checkpoints FULL JOIN released USING (size)"
        " UNION ALL SELECT position, root, NULL FROM closings ORDER BY size"
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


def head_differs(head: tuple[int, bytes, str | None, str, bool] | None, report: Report, origin: str) -> list[Finding]:
    """Does the head repeat the log's name, whether its clock is simulated, and when the newest entry was recorded?"""
    if head is None:
        return []
    _, _, recorded, name, simulated = head
    wrong = [
        (name != origin, "the head has another name than the log"),
        (
            simulated == _SIMULATED.isdisjoint(name.split("/")[1:]),
            "the head says that its clock is another than its name says",
        ),
        (
            report.last_recorded not in (None, _instant(recorded)),
            "the head says another time than the newest entry",
        ),
    ]
    return [Finding("row-differs", says, report.size) for differs, says in wrong if differs]


def _instant(recorded: str | None) -> str:
    return (recorded or "never").removesuffix("AD")
