"""The quick way of `ledger verify`: entries by the stretch, on all cores, and what lies beside them by its digests.

Where a stretch does not hold at a glance the oracle reads its entries one by one, so what is found, and how it is
named, is the oracle's alone.  Of what repeats the entries this way only ever says that it holds: lists and receipts are
held against digests over what the entries say, and where those differ verifying_repeated.py names what it is.

Proven by tests/store/test_sweeping.py: over every kind of spoilt ledger, the report is the one of the plain way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from hashlib import sha256
from typing import Any, Final, LiteralString, NamedTuple

import psycopg

from ledger.store.erased import erased_among
from ledger.store.sweeping import Asked, Place, Sweep, Swept, connected, swept, useful_processes
from ledger.transparency.entry import parse_entry
from ledger.transparency.stretch import STRETCH, Beside, beside_of
from ledger.transparency.swift import SwiftVerifier
from ledger.transparency.verify import Finding

_RUN: Final = 32  # bytes: a command's key, its first and its last position
_NOTHING: Final = sha256().digest()

_ABOUT: Final[LiteralString] = r"""
    SELECT (position - 1) / %s, sha256(
        string_agg(int8send(position), '\x'::bytea) || string_agg(convert_to(id, 'UTF8'), '\x0a'::bytea)
    ) FROM (SELECT position, id FROM about ORDER BY position, id) AS ordered GROUP BY 1
"""
_RECEIPTS: Final[LiteralString] = r"""
    SELECT string_agg(run, '\x'::bytea) FROM (
        SELECT uuid_send(key) || int8send(first) || int8send(last) AS run, row_number() OVER (ORDER BY first) AS number
        FROM receipts ORDER BY first
    ) AS ordered GROUP BY number / 10000 ORDER BY number / 10000
"""
_RECEIPTS_LEAD_ELSEWHERE: Final[LiteralString] = """
    SELECT EXISTS (
        SELECT FROM receipts AS r LEFT JOIN checkpoints AS c USING (size)
        WHERE c.size IS NULL OR r.last NOT BETWEEN r.first AND r.size
    )
"""
_RECENT: Final[LiteralString] = """
    SELECT recorded > (SELECT recorded FROM head) - interval '30 days' FROM entries WHERE position = %s
"""
_CHECKPOINT_TIMES_DIFFER: Final[LiteralString] = """
    SELECT EXISTS (
        SELECT FROM checkpoints AS c JOIN entries AS e ON e.position = c.size WHERE c.recorded <> e.recorded
    )
"""
_CIPHERTEXTS_ELSEWHERE: Final[LiteralString] = """
    SELECT EXISTS (SELECT FROM sealed_values WHERE position < 1)
        OR EXISTS (SELECT FROM sealed_values WHERE position > %s)
"""


class Plainly(NamedTuple):
    """What the oracle's own way found in columns that it does not know, and the entries of one stretch that it read."""

    findings: list[Finding]
    entries: list[bytes]


def whole(connection: psycopg.Connection, size: int) -> bool:
    """Are there as many entries as the head says, at positions without gaps?"""
    found = connection.execute("SELECT count(*), min(position), max(position) FROM entries").fetchone()
    return size > 0 and found == (size, 1, size)


def read_swiftly(
    connection: psycopg.Connection,
    conninfo: str,
    schema: LiteralString,
    oracle: SwiftVerifier,
    size: int,
    plainly: Callable[[int, int], Plainly],
    progress: Callable[[int, int], None],
) -> tuple[list[Finding], frozenset[str]]:
    """Read a log of this size that is `whole`; what was found beside the oracle, and what is known to hold."""
    asked: list[Asked] = [
        (first, min(first + STRETCH - 1, size), oracle.sizes(first, min(first + STRETCH - 1, size)))
        for first in range(1, size + 1, STRETCH)
    ]
    place = Place(conninfo, schema, _one(connection.execute("SELECT pg_export_snapshot()")))
    processes = useful_processes(size, STRETCH)
    findings, beside = (
        list[Finding](),
        _Beside(
            _one(connection.execute("SELECT min(first) FROM receipts")),
            frozenset(bytes.fromhex(each.replace("-", "")) for each in erased_among(connection)),
        ),
    )
    with ThreadPoolExecutor(1) as thread:
        stored = thread.submit(_stored, place)
        with _read(connection, place, asked, processes) as found:
            for each in found:
                if each.stretch is not None and oracle.take(each.stretch, each.reader):
                    beside.take(each, each.stretch.beside)
                else:
                    read = plainly(each.first, each.last)
                    beside.times &= not read.findings
                    findings += read.findings
                    beside.take(each, _said(each.first, read.entries))
                progress(each.last, size)
        return findings, beside.known(connection, size, stored)


def _read(
    connection: psycopg.Connection, place: Place, asked: list[Asked], processes: int
) -> AbstractContextManager[Iterator[Swept]]:
    if processes:
        return swept(place, asked, processes)
    sweep = Sweep(connection)
    return nullcontext(sweep.read(*each) for each in asked)


def _said(first: int, entries: list[bytes]) -> Beside | None:
    """None where something is no entry: then nothing can be said of what lies beside it."""
    try:
        return beside_of(first, [parse_entry(each) for each in entries])
    except ValueError:
        return None


def _stored(place: Place) -> tuple[dict[int, bytes], bytes]:
    """The lists of what concerns an id, a digest for each stretch; and a digest of all receipts, in order."""
    with connected(place) as connection:
        with connection.cursor(binary=True) as cursor:
            about = dict[int, bytes](cursor.execute(_ABOUT, (STRETCH,)).fetchall())
        receipts = sha256()
        with connection.cursor(name="receipts", binary=True) as cursor:
            cursor.itersize = 10
            for (runs,) in cursor.execute(_RECEIPTS):
                receipts.update(runs)
        return about, receipts.digest()


def _one(cursor: psycopg.Cursor) -> Any:
    row = cursor.fetchone()
    return row[0] if row else None


class _Beside:
    """What the entries say of what lies beside them, gathered stretch by stretch."""

    def __init__(self, kept_from: int | None, erased: frozenset[bytes]) -> None:
        """`kept_from`: where the first receipt that is kept leads; those of commands before it are gone.  `erased`: the
        ids of keys whose ciphertexts are gone."""
        self._kept_from, self._erased = kept_from, erased
        self._about: dict[int, bytes] = {}
        self._receipts, self._run, self._gone = sha256(), b"", 0
        self._readable = self._ciphertexts = self._tiles = True
        self.times = True  # every column `recorded` is known to hold

    def take(self, found: Swept, said: Beside | None) -> None:
        """The next stretch."""
        if said is None:
            self._readable = False
            return
        if said.concerned != _NOTHING:
            self._about[(found.first - 1) // STRETCH] = said.concerned
        self._ciphertexts &= said.ciphertexts == found.ciphertexts or self._left(said.ciphertexts) == found.ciphertexts
        self._tiles &= found.tiles_hold
        runs = said.commands
        if not runs:
            return
        # A command may go on from one stretch to the next.
        if self._run[:16] == runs[:16] and int.from_bytes(self._run[24:]) + 1 == int.from_bytes(runs[16:24]):
            runs = self._run[:24] + runs[24:]
        else:
            self._count(self._run)
        self._count(runs[:-_RUN])
        self._run = runs[-_RUN:]

    def _left(self, promised: bytes) -> bytes:
        """Of ciphertexts (position and key id, 24 bytes each) those that no erasure has taken."""
        each = (promised[at : at + 24] for at in range(0, len(promised), 24))
        return b"".join(one for one in each if one[8:] not in self._erased)

    def _count(self, runs: bytes) -> None:
        at = 0
        while at < len(runs) and not self._kept(runs[at : at + _RUN]):
            self._gone = int.from_bytes(runs[at + 24 : at + _RUN])
            at += _RUN
        self._receipts.update(runs[at:])

    def _kept(self, run: bytes) -> bool:
        return self._kept_from is not None and int.from_bytes(run[16:24]) >= self._kept_from

    def known(
        self, connection: psycopg.Connection, size: int, stored: Future[tuple[dict[int, bytes], bytes]]
    ) -> frozenset[str]:
        """What is known to hold, by the names that REPEATED has; and "tiles"."""
        about, receipts = stored.result()
        if not self._readable:
            return frozenset()
        self._count(self._run)
        holds = {
            "about": about == self._about,
            "receipts": receipts == self._receipts.digest()
            and not (self._gone and _one(connection.execute(_RECENT, (self._gone,))))
            and not _one(connection.execute(_RECEIPTS_LEAD_ELSEWHERE)),
            "recorded": self.times and not _one(connection.execute(_CHECKPOINT_TIMES_DIFFER)),
            "ciphertexts": self._ciphertexts and not _one(connection.execute(_CIPHERTEXTS_ELSEWHERE, (size,))),
            "tiles": self._tiles,
        }
        return frozenset(name for name, each in holds.items() if each)
