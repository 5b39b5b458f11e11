"""Stretches of the log read for `ledger verify`, in this process or in others beside it, all at one snapshot.

    sweep = Sweep(connection)                            reads in this process
    with swept(place, stretches, processes) as found:    or in so many others
        for swept in found: …                            in order of position

What a stretch is, and what is asked of its entries: ledger.transparency.stretch.  Here the columns are fetched, each as
one run of bytes, and what lies beside the entries is compared where a range of positions leads to it: ciphertexts and
the tiles of leaves.

Proven by tests/store/test_sweeping.py.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import IO, Any, Final, LiteralString, NamedTuple, TypeAlias

import psycopg
from psycopg import sql

from ledger.pipes import Pipe
from ledger.transparency.stretch import Columns, Stretch, StretchReader
from ledger.transparency.tiles import WIDTH
from ledger.transparency.tree import HASH_SIZE

Asked: TypeAlias = tuple[int, int, list[int]]
"""First and last position of a stretch, and the sizes at which its edge is wanted."""

AHEAD: Final = 3  # stretches that each process has been asked for
_LENGTH: Final = struct.Struct(">I")
_PROGRAM: Final = "import gc; gc.disable(); from ledger.store.sweeping import main; main()"
_ENDED: Final = "a process that was reading the log has ended"
_TILE: Final = 8 + HASH_SIZE + HASH_SIZE * WIDTH

_COLUMNS: Final[LiteralString] = r"""
    SELECT e.*, (
        SELECT string_agg(int8send(s.position) || uuid_send(s.key_id), '\x'::bytea) FROM (
            SELECT position, key_id FROM sealed_values WHERE position BETWEEN %(first)s AND %(last)s
            ORDER BY position, key_id
        ) AS s
    ), (
        SELECT string_agg(int8send(index) || root || hashes, '\x'::bytea) FROM tiles
        WHERE level = 0 AND index BETWEEN (%(first)s - 1) / 256 AND (%(last)s - 1) / 256
    )
    FROM (
        SELECT count(*), string_agg(entry, '\x0a'::bytea), string_agg(leaf, '\x'::bytea),
            string_agg(convert_to(stream, 'UTF8'), '\x0a'::bytea), string_agg(int8send(version), '\x'::bytea),
            string_agg(timestamptz_send(recorded), '\x'::bytea)
        FROM (SELECT * FROM entries WHERE position BETWEEN %(first)s AND %(last)s ORDER BY position) AS ordered
    ) AS e
"""


class Place(NamedTuple):
    """Where to read: which of the two logs of which database, at which snapshot."""

    conninfo: str
    schema: LiteralString
    snapshot: str


class Swept(NamedTuple):
    """What reading a stretch came to."""

    first: int
    last: int
    reader: int
    stretch: Stretch | None  # None: the oracle must read these entries
    ciphertexts: bytes  # stored beside these entries: position and key id, 24 bytes each
    tiles_hold: bool  # whether the tiles of these leaves that are stored are what the leaves make them


def connected(place: Place) -> psycopg.Connection:
    """A connection that sees what the snapshot saw."""
    connection = psycopg.connect(place.conninfo)
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    connection.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(place.snapshot))
    connection.execute(f"SET search_path = {place.schema}")
    return connection


class Sweep:
    """A reader of stretches, with a connection."""

    def __init__(self, connection: psycopg.Connection, number: int = 0) -> None:
        """The number tells the ids of one reader from those of another."""
        self._cursor = connection.cursor(binary=True)
        self._number, self._reader = number, StretchReader()

    def read(self, first: int, last: int, sizes: Sequence[int]) -> Swept:
        """Positions first … last."""
        row = self._cursor.execute(_COLUMNS, {"first": first, "last": last}, prepare=True).fetchone()
        assert row is not None
        count, entries, leaves, streams, versions, recorded, ciphertexts, tiles = row
        stretch = None
        if count == last - first + 1:
            stretch = self._reader.read(Columns(first, entries, leaves, streams, versions, recorded), sizes)
        return Swept(
            first, last, self._number, stretch, ciphertexts or b"", _tiles_hold(tiles or b"", first, leaves, stretch)
        )


def _tiles_hold(tiles: bytes, first: int, leaves: bytes, stretch: Stretch | None) -> bool:
    """Each as its index, its root and its hashes."""
    if stretch is None:
        return not tiles
    for at in range(0, len(tiles), _TILE):
        tile = tiles[at : at + _TILE]
        number = int.from_bytes(tile[:8]) - (first - 1) // WIDTH
        hashes = leaves[HASH_SIZE * WIDTH * number : HASH_SIZE * WIDTH * (number + 1)]
        if number >= len(stretch.subtrees) or tile[8:] != stretch.subtrees[number] + hashes:
            return False
    return True


# ---------------------------------------------------------------------------------------- in other processes


@contextmanager
def swept(place: Place, stretches: Sequence[Asked], processes: int) -> Generator[Iterator[Swept]]:
    """Read stretches (first, last, sizes) in so many processes of their own; they end with it.

    Raises OSError where no process can be had, and psycopg.OperationalError where one of them ended.
    """
    workers: list[_Worker] = []
    threads = [ThreadPoolExecutor(1) for _ in range(processes)]
    try:
        workers.extend(_Worker(place, number) for number in range(processes))
        yield _in_order(threads, workers, stretches)
    finally:
        for each in workers:
            each.end()
        for each in threads:
            each.shutdown(cancel_futures=True)


def _in_order(
    threads: Sequence[ThreadPoolExecutor], workers: Sequence[_Worker], stretches: Sequence[Asked]
) -> Iterator[Swept]:
    """In turn, so that each reads its stretches in order: the numbers it gives to ids go on from one to the next."""
    asked: deque[Future[Swept]] = deque()
    for turn, stretch in enumerate(stretches):
        if len(asked) >= AHEAD * len(workers):
            yield asked.popleft().result()
        number = turn % len(workers)
        asked.append(threads[number].submit(workers[number].ask, stretch))
    while asked:
        yield asked.popleft().result()


class _Worker:
    """Another process that reads."""

    def __init__(self, place: Place, number: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._say((place, number))

    def ask(self, stretch: Asked) -> Swept:
        """Raises psycopg.OperationalError if it has ended."""
        self._say(stretch)
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size))
        return pickle.loads(self._read(length))  # noqa: S301 - our own process, over our own pipe

    def end(self) -> None:
        """Ask no more of it."""
        self._process.kill()
        self._process.wait()
        for each in (self._process.stdin, self._process.stdout):
            if each is not None:
                with contextlib.suppress(OSError):  # what was written to nobody
                    each.close()

    def _say(self, what: object) -> None:
        data = pickle.dumps(what, pickle.HIGHEST_PROTOCOL)
        sink: IO[bytes] | None = self._process.stdin
        assert sink is not None
        try:
            sink.write(_LENGTH.pack(len(data)) + data)
            sink.flush()
        except OSError as problem:
            raise psycopg.OperationalError(_ENDED) from problem

    def _read(self, length: int) -> bytes:
        source: IO[bytes] | None = self._process.stdout
        assert source is not None
        data = source.read(length)
        if len(data) < length:
            raise psycopg.OperationalError(_ENDED)
        return data


def main() -> None:
    """The other process: read what is asked for until the input ends."""
    pipe = Pipe()
    place, number = pipe.receive()
    with connected(place) as connection:
        sweep = Sweep(connection, number)
        while True:
            try:
                asked: Any = pipe.receive()
            except EOFError:
                return
            pipe.say(sweep.read(*asked))


def useful_processes(size: int, stretch: int) -> int:
    """How many processes a log of this size is worth; 0: this one."""
    return min(len(os.sched_getaffinity(0)), 8) if size >= 32 * stretch else 0
