"""`ledger verify` over the whole ledger: every stored byte is read again, in one snapshot, by the offline oracle.

What is believed is nothing in the database: the oracle (ledger.transparency.verify) rebuilds tree, chains, versions
and times from the entries alone; here the rows are only fetched.  The newest released checkpoint outside the database
is compared too, so a cut tail shows.  Sealed values are opened and compared where that is asked for (unsealing.py).

What cannot be checked, because nothing sealed repeats it: the digest and the warnings of a receipt.  Whoever changes a
digest makes a retry be refused as another request; nothing false is recorded.

Proven by tests/store/test_verifying.py and, column by column, test_tampering.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, LiteralString

import psycopg

from ledger.store.timestamping import Roots
from ledger.store.unsealing import Unsealing
from ledger.store.verifying_tiles import tiles_that_differ
from ledger.store.verifying_timestamps import timestamps_that_differ
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
) -> Report:
    """Re-read a whole ledger; `progress` hears (entries read, of how many); `values` opens the sealed ones too;
    `roots`: whose timestamps are believed, empty where that is not checked.

    Raises psycopg.OperationalError, and VaultUnavailable where values are to be opened and no key can be had.
    """
    # Read before the snapshot is taken: a note newer than the snapshot would look like a tail that was cut.
    note = kept_file.read_text("utf-8", errors="replace") if kept_file and kept_file.exists() else None
    with psycopg.connect(conninfo) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.execute(f"SET search_path = {schema}")  # which of the two logs (ledger.store.log)
        head = connection.execute(_HEAD).fetchone()
        size = head[0] if head else 0
        oracle = LedgerVerifier(checkpoints=_checkpoints(connection, note), origin=origin, verifiers=verifiers)
        done = 0
        beside: list[Finding] = []
        for page in _pages(connection):
            oracle.add(StoredRow(*row[:5]) for row in page)
            beside += [
                Finding("row-differs", "the column `recorded` says something else than the entry", row[0], row[3])
                for row in page
                if _recorded_differs(row[1], row[5])
            ]
            if values is not None:
                beside += values.take(connection, origin, [(row[0], bytes(row[1])) for row in page])
            done += len(page)
            progress(done, size)
        report = oracle.finish(head=StoredHead(size, edge=head[1] if head else b""), chains=_chains(connection))
        beside += _head_differs(head, report, origin)
        for query, says in _REPEATED:
            beside += _differs(connection, query, says)
        beside += tiles_that_differ(connection)
        beside += timestamps_that_differ(connection, origin, roots)
        return replace(report, findings=report.findings + tuple(beside[:100]), found=report.found + len(beside))


# A time as entries write it.  Read as text: a column may hold what no calendar of ours does (infinity, 44 BC).
_HEAD: Final = (
    "SELECT size, edge, to_char(recorded AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"BC'), origin, simulated"
    " FROM head"
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


def _head_differs(head: tuple[int, bytes, str | None, str, bool] | None, report: Report, origin: str) -> list[Finding]:
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


# What repeats what entries say, for reading.  Each query gives (position, stream or id) of what differs, in order.
_REPEATED: Final[tuple[tuple[LiteralString, str], ...]] = (
    # A row of `about` too many or too few would hide or add something to a person.
    (
        """
        WITH said AS (
            SELECT e.position, a.id FROM entries AS e,
                jsonb_array_elements_text(convert_from(e.entry, 'UTF8')::jsonb -> 'about') AS a (id)
            WHERE convert_from(e.entry, 'UTF8')::jsonb ? 'about'
        )
        SELECT coalesce(s.position, b.position), coalesce(s.id, b.id)
        FROM said AS s FULL JOIN about AS b ON b.position = s.position AND b.id = s.id
        WHERE s.id IS NULL OR b.id IS NULL ORDER BY 1, 2
        """,
        "the list of what concerns an id differs from what the entries say",
    ),
    # A receipt leads from a key to the facts recorded under it; a retry that was led to others would be told a lie.
    (
        """
        SELECT r.first, NULL FROM receipts AS r
        LEFT JOIN entries AS one ON one.position = r.first
        LEFT JOIN entries AS other ON other.position = r.last
        LEFT JOIN entries AS before ON before.position = r.first - 1
        LEFT JOIN entries AS after ON after.position = r.last + 1
        LEFT JOIN checkpoints AS c ON c.size = r.size
        WHERE c.size IS NULL OR r.last NOT BETWEEN r.first AND r.size
            OR convert_from(one.entry, 'UTF8')::jsonb ->> 'key' IS DISTINCT FROM r.key::text
            OR convert_from(other.entry, 'UTF8')::jsonb ->> 'key' IS DISTINCT FROM r.key::text
            OR convert_from(before.entry, 'UTF8')::jsonb ->> 'key' = r.key::text
            OR convert_from(after.entry, 'UTF8')::jsonb ->> 'key' = r.key::text
        ORDER BY 1
        """,
        "a receipt leads to other facts than those recorded under its key",
    ),
    # Without its receipt a retry would be recorded a second time.  They are kept for 30 days (contract, *Commands*).
    (
        """
        WITH recent AS MATERIALIZED (  -- each entry is parsed once, not once for each receipt
            SELECT position, stream, convert_from(entry, 'UTF8')::jsonb ->> 'key' AS key FROM entries
            WHERE recorded > (SELECT recorded FROM head) - interval '30 days'
        )
        SELECT e.position, e.stream FROM recent AS e LEFT JOIN receipts AS r ON r.key::text = e.key
        WHERE e.key IS NOT NULL AND r.key IS NULL ORDER BY 1
        """,
        "no receipt is kept for the key of a fact recorded within 30 days",
    ),
    (
        """
        SELECT c.size, NULL FROM checkpoints AS c JOIN entries AS e ON e.position = c.size
        WHERE c.recorded <> (convert_from(e.entry, 'UTF8')::jsonb ->> 'recorded')::timestamptz ORDER BY 1
        """,
        "a checkpoint says another time than its newest entry",
    ),
    (
        """
        WITH said AS (
            SELECT position, convert_from(entry, 'UTF8')::jsonb -> 'values' ->> 'heads' AS heads FROM entries
            WHERE stream = 'ledger' AND convert_from(entry, 'UTF8')::jsonb ->> 'type' = 'ledger.closed.v1'
        )
        SELECT coalesce(s.position, c.position), 'ledger' FROM said AS s FULL JOIN closings AS c USING (position)
        WHERE s.heads IS DISTINCT FROM encode(c.heads, 'base64') ORDER BY 1
        """,
        "what is kept of a closing differs from what it says, or is of none",
    ),
    (
        """
        SELECT r.first, NULL FROM receipts AS r JOIN checkpoints AS c USING (size)
        WHERE r.recorded <> c.recorded ORDER BY 1
        """,
        "a receipt says another time than its checkpoint",
    ),
    # Opened or not, a ciphertext lies beside each entry for each key that it commits under, and beside no other.
    (
        """
        WITH said AS (
            SELECT DISTINCT e.position, (s.pair ->> 1)::uuid AS key_id FROM entries AS e,
                jsonb_each(convert_from(e.entry, 'UTF8')::jsonb -> 'sealed') AS s (path, pair)
            WHERE convert_from(e.entry, 'UTF8')::jsonb ? 'sealed'
        )
        SELECT coalesce(s.position, v.position), NULL
        FROM said AS s FULL JOIN sealed_values AS v ON v.position = s.position AND v.key_id = s.key_id
        WHERE s.key_id IS NULL OR v.key_id IS NULL ORDER BY 1
        """,
        "the ciphertexts beside an entry are not those of the keys it commits under",
    ),
)


def _differs(connection: psycopg.Connection, query: LiteralString, says: str) -> list[Finding]:
    """The first rows of a query over entries as JSON; none where one is not JSON any more: the oracle has named it."""
    try:
        with connection.transaction():
            rows = connection.execute(query + " LIMIT 100").fetchall()
    except psycopg.DataError:
        return []
    return [Finding("row-differs", says, position, stream) for position, stream in rows]
