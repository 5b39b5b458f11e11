"""What the access log of a test's ledger holds, and who stands in the way of it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import orjson
import psycopg
from tests.conftest import Clusters
from tests.doors import Door

Entry = dict[str, Any]


def entries(door: Door, after: int = 0) -> list[Entry]:
    """The entries of the access log after a position; those that close it are left out."""
    found = door.run(door.ledger.store.access.database.entries(after + 1, 2**40))
    told = [orjson.loads(entry) for _, _, entry in found]
    return [each for each in told if each["type"].startswith("access.")]


def size(door: Door) -> int:
    """How many entries it holds."""
    head = door.run(door.ledger.store.access.database.head())
    assert head is not None
    return head.size


def readings(door: Door, after: int = 0) -> list[Entry]:
    """Those that say that somebody was shown something."""
    return [each for each in entries(door, after) if each["type"] == "access.record-viewed.v1"]


def database_of(door: Door) -> str:
    return door.places[0].application().partition("dbname=")[2].split()[0].strip("'")


@contextmanager
def unwritable(clusters: Clusters, door: Door) -> Generator[None]:
    """Inside, nothing can be written to the access log, and everything else goes on."""
    with psycopg.connect(clusters.ledger.conninfo("postgres", database_of(door)), autocommit=True) as connection:
        connection.execute("REVOKE INSERT ON access.entries FROM ledger_app")
        try:
            yield
        finally:
            connection.execute("GRANT INSERT ON access.entries TO ledger_app")
