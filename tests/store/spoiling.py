"""A sound ledger to be copied and spoiled as only PostgreSQL's superuser can, and what verification finds in it."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import psycopg
import pytest
from tests.conftest import Clusters
from tests.doors import Case, days_ago, opened
from tests.store.ledgers import TABLES

from ledger.privacy.sealing import DataKey
from ledger.settings import Settings
from ledger.store.embedded import EmbeddedCluster
from ledger.store.opening import embedded_place
from ledger.store.unsealing import Unsealing
from ledger.store.verifying import verify_database
from ledger.transparency.note import NoteVerifier, Signer
from ledger.transparency.verify import Report

FACTS = 10  # of the sound ledger: the release, then eight about one case, then a closing


@dataclass(frozen=True)
class Sound:
    """A closed ledger in which everything holds, to be copied and spoiled."""

    database: str
    origin: str
    verifier: NoteVerifier
    signer: Signer  # as a thief of the log's key has it
    home: Path
    case: Case
    officer: str  # about whom, too, one of its facts is
    keys: Mapping[bytes, DataKey]  # of its sealed values


@dataclass(frozen=True)
class Copy:
    """A copy of it, as a superuser sees it."""

    sound: Sound
    cluster: EmbeddedCluster
    database: str
    kept: Path  # the checkpoint file beside it

    def spoil(self, *statements: str) -> None:
        """As PostgreSQL's superuser, whom no trigger stops."""
        with psycopg.connect(self.cluster.conninfo("postgres", self.database)) as connection:
            connection.execute("SET LOCAL session_replication_role = replica")
            for each in statements:
                connection.execute(each.encode())

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.cluster.conninfo("postgres", self.database)) as connection:
            return connection.execute(query.encode()).fetchall()

    def verify(self, kept: Path | None = None, values: Unsealing | None = None) -> Report:
        """Both ways: the quick one names what the plain one names, and nothing else."""

        def verified(*, swiftly: bool) -> Report:
            return verify_database(
                self.cluster.conninfo(self.cluster.app_role, self.database),
                self.sound.origin,
                [self.sound.verifier],
                kept or self.kept,
                values=values,
                swiftly=swiftly,
            )

        report = verified(swiftly=False)
        assert values is not None or verified(swiftly=True) == report
        return report

    def unsealing(self) -> Unsealing:
        """With every key."""
        return Unsealing(lambda ids: {each: self.sound.keys[each] for each in ids if each in self.sound.keys})

    def found(self) -> list[tuple[str, int | None]]:
        """Code and position of every finding."""
        return [(each.code, each.position) for each in self.verify().findings]


@pytest.fixture(scope="session")
def sound(
    clusters: Clusters, ledger_template: str, vault_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Sound]:
    home = tmp_path_factory.mktemp("home")
    name = f"sound_{token_hex(4)}"
    pair = (clusters.ledger, clusters.vault)
    for cluster in pair:
        cluster.create_database(name, f"{cluster.name}_template")
    with opened(Settings(home=home), [embedded_place(cluster, name) for cluster in pair]) as door:
        case = door.new_case()
        officer = "7b1c1f0a-54b5-4b0e-9c41-5a3c2f6d1e00"
        door.give(
            case.to,
            "ApprovePsoInvolvement",
            {"order_id": case.order, "pso_id": officer, "nature_of_contact": "as told", "on": days_ago(10)},
            "senior-practitioner",
        )
        for days in (9, 8, 7, 6, 5):
            door.give(case.to, "RecordAbsence", case.absence(days), "supervisor")
        door.run(door.ledger.close_now())
        assert door.size == FACTS
        door.run(door.ledger.store.released.keep())
        boxes = door.run(door.ledger.store.database.boxes(range(1, FACTS + 1)))
        ids = {box.key_id for found in boxes.values() for box in found}
        keys = door.run(door.ledger.store.vault.keys_by_id(ids))
        assert ids == set(keys)
        origin, signer = door.ledger.store.origin, door.ledger.store.signer
    yield Sound(name, origin, signer.verifier(), signer, home, case, officer, keys)
    for cluster in pair:
        cluster.drop_database(name)


@pytest.fixture(scope="session")
def copied(clusters: Clusters, sound: Sound) -> Generator[Copy]:
    """One copy for all tests, with its rows beside it: to put them back takes less than to copy again."""
    name = f"spoilt_{token_hex(4)}"
    clusters.ledger.create_database(name, sound.database)
    made = Copy(sound, clusters.ledger, name, sound.home / "checkpoint")
    made.spoil("CREATE SCHEMA kept", *(f"CREATE TABLE kept.{each} AS TABLE public.{each}" for each in TABLES))
    yield made
    clusters.ledger.drop_database(name)


@pytest.fixture
def copy(copied: Copy) -> Generator[Copy]:
    yield copied
    copied.spoil(
        *(f"DELETE FROM public.{each}" for each in TABLES),
        *(f"INSERT INTO public.{each} SELECT * FROM kept.{each}" for each in TABLES),
    )
