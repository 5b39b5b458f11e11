"""`ledger verify` over what repeats what entries say, for reading: lists, receipts, times, closings, ciphertexts.

Each is asked of the database as a question over entries as JSON, which names what differs but takes ten times as long
as all else.  Where reading the entries (verifying_swiftly.py) showed already that one of them holds, it is not asked.

Proven by tests/store/test_verifying.py and, column by column, test_tampering.py.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Final, LiteralString

import psycopg

from ledger.transparency.verify import Finding


def repeated_that_differ(connection: psycopg.Connection, known: Container[str]) -> list[Finding]:
    """What differs, where it is not `known` to hold."""
    return [
        found for about, query, says in REPEATED if about not in known for found in differs(connection, query, says)
    ]


# By what it is about: each query gives (position, stream or id) of what differs, in order, and a sentence says what.
REPEATED: Final[tuple[tuple[str, LiteralString, str], ...]] = (
    # A row of `about` too many or too few would hide or add something to a person.
    (
        "about",
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
        "receipts",
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
        "receipts",
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
        "recorded",
        """
        SELECT c.size, NULL FROM checkpoints AS c JOIN entries AS e ON e.position = c.size
        WHERE c.recorded <> (convert_from(e.entry, 'UTF8')::jsonb ->> 'recorded')::timestamptz ORDER BY 1
        """,
        "a checkpoint says another time than its newest entry",
    ),
    (
        "closings",
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
        "receipt times",
        """
        SELECT r.first, NULL FROM receipts AS r JOIN checkpoints AS c USING (size)
        WHERE r.recorded <> c.recorded ORDER BY 1
        """,
        "a receipt says another time than its checkpoint",
    ),
    # Opened or not, a ciphertext lies beside each entry for each key that it commits under, and beside no other; none
    # for a key of which a fact of the ledger says that it was destroyed.
    (
        "ciphertexts",
        """
        WITH erased AS MATERIALIZED (
            SELECT k.key_id::uuid FROM public.entries AS e,
                jsonb_array_elements_text(convert_from(e.entry, 'UTF8')::jsonb -> 'values' -> 'key_ids') AS k (key_id)
            WHERE convert_from(e.entry, 'UTF8')::jsonb ->> 'type' LIKE '%.data-erased.v1'
        ), said AS (
            SELECT DISTINCT e.position, (s.pair ->> 1)::uuid AS key_id FROM entries AS e,
                jsonb_each(convert_from(e.entry, 'UTF8')::jsonb -> 'sealed') AS s (path, pair)
            WHERE convert_from(e.entry, 'UTF8')::jsonb ? 'sealed'
                AND (s.pair ->> 1)::uuid NOT IN (SELECT key_id FROM erased)
        )
        SELECT coalesce(s.position, v.position), NULL
        FROM said AS s FULL JOIN sealed_values AS v ON v.position = s.position AND v.key_id = s.key_id
        WHERE s.key_id IS NULL OR v.key_id IS NULL ORDER BY 1
        """,
        "the ciphertexts beside an entry are not those of the keys it commits under",
    ),
)


def differs(connection: psycopg.Connection, query: LiteralString, says: str) -> list[Finding]:
    """The first rows of a query over entries as JSON; none where one is not JSON any more: the oracle has named it."""
    try:
        with connection.transaction():
            rows = connection.execute(query + " LIMIT 100").fetchall()
    except psycopg.DataError:
        return []
    return [Finding("row-differs", says, position, stream) for position, stream in rows]
