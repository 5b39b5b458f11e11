"""A ledger's database for each test of the store: copied from one that was migrated once, its name in the head."""

from __future__ import annotations

from collections.abc import Generator
from secrets import token_hex
from typing import Any, Protocol

import psycopg
import pytest
from tests.conftest import Clusters
from tests.store.ledgers import Ledger, verify_everything
from tests.store.spoiling import copied, copy, sound

__all__ = ["copied", "copy", "sound"]  # fixtures


class NewLedger(Protocol):
    """Makes an empty ledger that is verified, whole, when the test ends."""

    def __call__(self, *, simulated: bool = False) -> Ledger: ...


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """What asynchronous tests run on: the loop of the server."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="session")
def spare_ledgers() -> list[Ledger]:
    """Databases that earlier tests are done with: to empty one takes a twentieth of the time to copy one."""
    return []


@pytest.fixture
def new_ledger(clusters: Clusters, ledger_template: str, spare_ledgers: list[Ledger]) -> Generator[NewLedger]:
    made: list[Ledger] = []

    def make(*, simulated: bool = False) -> Ledger:
        if spare_ledgers:
            database = spare_ledgers.pop()
        else:
            name = f"ledger_{token_hex(4)}"
            clusters.ledger.create_database(name, ledger_template)
            database = Ledger.of(clusters.ledger, name)
        database.begin(simulated=simulated)
        made.append(database)
        return database

    yield make
    for each in made:
        verify_everything(each)
    spare_ledgers.extend(made)


@pytest.fixture
def ledger(new_ledger: NewLedger) -> Ledger:
    """An empty ledger with the real clock."""
    return new_ledger()


@pytest.fixture(scope="session")
def empty_database(clusters: Clusters) -> str:
    """How to connect, as its owner, to a database in which nobody keeps anything."""
    clusters.ledger.create_database("empty")
    return clusters.ledger.conninfo(clusters.ledger.owner_role, "empty")


@pytest.fixture(scope="session")
def vault_of_these_tests(clusters: Clusters, vault_template: str) -> str:
    """A copy: whoever is given the template itself would leave what he kept in every other test's vault."""
    clusters.vault.create_database("vault_of_the_store", vault_template)
    return "vault_of_the_store"


@pytest.fixture
def vault_database(clusters: Clusters, vault_of_these_tests: str) -> str:
    """How to connect, as the application, to an empty vault."""
    with psycopg.connect(clusters.vault.conninfo("postgres", vault_of_these_tests)) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")  # whom no trigger stops
        for table in ("keys", "secrets", "tombstones", "erasures", "holds", "epochs"):
            connection.execute(f"DELETE FROM {table}".encode())
    return clusters.vault.conninfo(clusters.vault.app_role, vault_of_these_tests)
