"""What the tests share: two embedded clusters for the whole session, and a database of one's own for a test.

The clusters are throw-away ones in a short temporary folder. A test that needs tables makes (once) a database with
them and gives it to `fresh_database` as the template: a copy takes some 20 ms.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Protocol

import pytest
from tests.doors import Door, new_door

from ledger.store.embedded import EmbeddedCluster
from ledger.store.migrate import migrate


@dataclass(frozen=True)
class Clusters:
    """The two clusters a ledger needs."""

    ledger: EmbeddedCluster
    vault: EmbeddedCluster


class FreshDatabase(Protocol):
    """Makes a database that is dropped when the test ends; how to connect to it, as its owner unless told."""

    def __call__(self, cluster: EmbeddedCluster, template: str | None = None, role: str | None = None) -> str: ...


@pytest.fixture
def open_tmp_path() -> Generator[Path]:
    """A temporary folder with a short path that other accounts may pass through, as root's servers need it."""
    path = Path(tempfile.mkdtemp(prefix="ledger-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def clusters() -> Generator[Clusters]:
    """A running ledger cluster and a running vault cluster, the same for all tests."""
    home = Path(tempfile.mkdtemp(prefix="ledger-"))
    home.chmod(0o711)
    pair = Clusters(
        ledger=EmbeddedCluster(home, "ledger", throwaway=True), vault=EmbeddedCluster(home, "vault", throwaway=True)
    )
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, home)
        stack.callback(pair.vault.remove)
        stack.callback(pair.ledger.remove)
        with ThreadPoolExecutor() as pool:
            list(pool.map(EmbeddedCluster.ensure_running, (pair.ledger, pair.vault)))
        yield pair


@pytest.fixture(scope="session")
def ledger_template(clusters: Clusters) -> str:
    """A database with the ledger's schema, as the migrations leave it."""
    clusters.ledger.create_database("ledger_template")
    migrate(clusters.ledger.conninfo(clusters.ledger.owner_role, "ledger_template"), "ledger")
    return "ledger_template"


@pytest.fixture(scope="session")
def vault_template(clusters: Clusters) -> str:
    """A database with the vault's schema, as the migrations leave it."""
    clusters.vault.create_database("vault_template")
    migrate(clusters.vault.conninfo(clusters.vault.owner_role, "vault_template"), "vault")
    return "vault_template"


@pytest.fixture(scope="module")
def door(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Door]:
    """A ledger behind its HTTP application, the same for the tests of a module; verified, whole, at the end."""
    with new_door(clusters.ledger, clusters.vault) as made:
        yield made


@pytest.fixture
def fresh_database() -> Generator[FreshDatabase]:
    """What makes databases for this test only."""
    made: list[tuple[EmbeddedCluster, str]] = []

    def make(cluster: EmbeddedCluster, template: str | None = None, role: str | None = None) -> str:
        name = f"test_{token_hex(6)}"
        cluster.create_database(name, template)
        made.append((cluster, name))
        return cluster.conninfo(role or cluster.owner_role, name)

    yield make
    for cluster, name in made:
        cluster.drop_database(name)


@pytest.fixture
def database(clusters: Clusters, fresh_database: FreshDatabase) -> str:
    """How to connect, as its owner, to an empty database of this test's own in the ledger cluster."""
    return fresh_database(clusters.ledger)
