"""What the tests of backups share: a ledger with one case, its backup, and empty places to restore it into."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any

import psycopg
from psycopg import sql
from tests.conftest import Clusters
from tests.doors import Door, opened

from ledger.settings import Settings
from ledger.store.embedded import EmbeddedCluster
from ledger.store.opening import Place, embedded_place
from ledger.store.safekeeping import Made, Restored, Wanted, back_up, restore
from ledger.store.safekeeping.copying import tables


def backed_up(door: Door, folder: Path, days: int = 35) -> Made:
    return door.run(back_up(door.ledger.store, folder, days))


@dataclass
class Safe:
    """Somewhere new: a home with a copy of the keys and nothing else, and two empty databases."""

    home: Path
    places: Sequence[Place]
    settings: dict[str, Any] = field(default_factory=dict[str, Any])

    def restore(self, folder: Path | None = None, **wanted: Any) -> Restored:
        settings = Settings(home=self.home, **self.settings)
        return restore(settings, Wanted(folder, **wanted), places=self.places)

    def opened(self, *, verified: bool = True):
        return opened(Settings(home=self.home, **self.settings), self.places, verified=verified)

    def rows(self, which: int, query: str, *params: object) -> list[Any]:
        with psycopg.connect(self.places[which].owner(), autocommit=True) as connection:
            cursor = connection.execute(query.encode(), params or None)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def a_safe(clusters: Clusters, keys: Path, **settings: Any) -> Generator[Safe]:
    """`keys`: the folder that is put back first, as the operator does."""
    home = Path(tempfile.mkdtemp(prefix="ledger-"))
    shutil.copytree(keys, home / "keys")
    name = f"safe_{token_hex(6)}"
    both: tuple[EmbeddedCluster, ...] = (clusters.ledger, clusters.vault)
    for cluster in both:
        cluster.create_database(name)
    try:
        yield Safe(home, [embedded_place(cluster, name) for cluster in both], settings)
    finally:
        for cluster in both:
            cluster.drop_database(name)
        shutil.rmtree(home)


def contents(conninfo: str) -> dict[str, list[Any]]:
    """Every row of every table that is kept, as text, in order."""
    found: dict[str, list[Any]] = {}
    with psycopg.connect(conninfo) as connection:
        for each in tables(connection):
            query = sql.SQL("SELECT t::text FROM {} AS t ORDER BY 1").format(each.quoted)
            found[each.whole] = connection.execute(query).fetchall()
    return found
