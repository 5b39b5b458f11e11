"""Documents beside the log: encrypted in parts of 1 MB, in memory alone, under the key of whose they are.

    parts = shut(origin, file_id, key, data)         nothing of the bytes is readable in what is written
    data = opened(origin, file_id, key, parts)       raises Unreadable for what is not there whole, in order

    part key   HKDF-SHA256(K, salt = empty, info = "file" 0x00 file id)
    each       AES-256-GCM, 12 random bytes of nonce, AAD = origin 0x00 file id 0x00 key id 0x00 part/parts

The parts are committed before the fact that names them is sealed: what is acknowledged is there.  What was written for
a fact that then was not sealed is removed; what a crash left is swept at the next start (`sweep`), an hour after it was
written: no command waits so long for its fact.

Proven by tests/store/test_documents.py and tests/api/test_documents.py.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, cast
from uuid import UUID

import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg import sql

from ledger.errors import DatabaseUnavailable
from ledger.privacy.sealing import NONCE_BYTES, Box, DataKey, Unreadable

PART: Final = 1_000_000  # bytes
UNNAMED_FOR: Final = timedelta(hours=1)  # since it was written, before what no fact names is taken for left over
# Asked of the index entries_of_files, whose condition and expression stand here word for word.
_NAMED: Final = """
    EXISTS (
        SELECT FROM entries AS e WHERE position('"file_id":"'::bytea IN e.entry) > 0
            AND substring(e.entry FROM position('"file_id":"'::bytea IN e.entry) + 11 FOR 36)
                = convert_to(p.file_id::text, 'UTF8')
    )
"""
_SWEEP: Final = f"""
    WITH gone AS (
        DELETE FROM file_parts AS p WHERE written < now() - %s::interval AND NOT {_NAMED} RETURNING file_id
    ) SELECT count(DISTINCT file_id) FROM gone
"""  # noqa: S608 - every word of it stands above
_COUNTED: Final = f"SELECT count(*), count(*) FILTER (WHERE NOT {_NAMED}) FROM file_parts AS p WHERE part = 0"  # noqa: S608


def shut(origin: str, file_id: str, key: DataKey, data: bytes) -> list[Box]:
    """The parts of a document, encrypted."""
    pieces = [data[start : start + PART] for start in range(0, len(data), PART)] or [b""]
    cipher = _cipher(file_id, key)
    made: list[Box] = []
    for number, piece in enumerate(pieces):
        nonce = os.urandom(NONCE_BYTES)
        bound = _bound_to(origin, file_id, key, number, len(pieces))
        made.append(Box(key.id_bytes, nonce, cipher.encrypt(nonce, piece, bound)))
    return made


def opened(origin: str, file_id: str, key: DataKey, parts: Sequence[Box]) -> bytes:
    """The document of these parts.  Raises Unreadable."""
    cipher, pieces = _cipher(file_id, key), list[bytes]()
    try:
        for number, part in enumerate(parts):
            bound = _bound_to(origin, file_id, key, number, len(parts))
            pieces.append(cipher.decrypt(part.nonce, part.data, bound))
    except InvalidTag as wrong:
        raise Unreadable(f"the document {file_id} under key {key.id} does not open") from wrong
    return b"".join(pieces)


def _cipher(file_id: str, key: DataKey) -> AESGCM:
    return AESGCM(key.derive(b"file\0" + file_id.encode()))


def _bound_to(origin: str, file_id: str, key: DataKey, number: int, of: int) -> bytes:
    return f"{origin}\0{file_id}\0{key.id}\0{number}/{of}".encode()


class Files:
    """The parts as they are kept: a connection for each document, for there are few."""

    def __init__(self, conninfo: str, role: str) -> None:
        self._conninfo, self._role = conninfo, role

    async def keep(self, file_id: str, parts: Sequence[Box]) -> None:
        """Raises DatabaseUnavailable."""
        rows = [
            (UUID(file_id), number, UUID(bytes=each.key_id), each.nonce, each.data) for number, each in enumerate(parts)
        ]
        insert = "INSERT INTO file_parts (file_id, part, key_id, nonce, ciphertext) VALUES (%s, %s, %s, %b, %b)"
        await self._run(insert, rows)

    async def of(self, file_id: str) -> list[Box]:
        """Its parts in order; none where it was erased, or never was."""
        select = "SELECT key_id, nonce, ciphertext FROM file_parts WHERE file_id = %s ORDER BY part"
        return [Box(key_id.bytes, nonce, data) for key_id, nonce, data in await self._run(select, [(UUID(file_id),)])]

    async def drop(self, file_id: str) -> None:
        """What is not sealed is not kept."""
        await self._run("DELETE FROM file_parts WHERE file_id = %s", [(UUID(file_id),)])

    async def sweep(self) -> int:
        """Remove what no fact names; how many documents that were.  Raises DatabaseUnavailable."""
        [[count]] = await self._run(_SWEEP, [(UNNAMED_FOR,)])
        return int(count)

    async def counted(self) -> tuple[int, int]:
        """How many documents lie there, and how many of them no fact names, or not yet.  Raises DatabaseUnavailable."""
        [[kept, unnamed]] = await self._run(_COUNTED, [()])
        return int(kept), int(unnamed)

    async def _run(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> list[Any]:
        """One transaction."""
        try:
            async with await psycopg.AsyncConnection.connect(self._conninfo, connect_timeout=5) as connection:
                await connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(self._role)))
                found: list[Any] = []
                for row in rows:
                    cursor = await connection.execute(statement.encode(), row, binary=True)
                    found += cast("list[Any]", await cursor.fetchall()) if cursor.description else []
                return found
        except psycopg.OperationalError as trouble:
            raise DatabaseUnavailable("The ledger's database does not answer. Try again in a moment.") from trouble
