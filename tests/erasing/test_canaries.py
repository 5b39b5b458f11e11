"""Nothing of an erased child lies anywhere: looked for, byte by byte, before the erasure and after it.

A word stands in every personal text of the child, and is told to the API, to views, lists and refusals.  Read are the
files of both clusters (tables, indexes, WAL, logs, temporary files), the home of the ledger, the folder of temporary
files, dumps of both databases, and what the tiles of entries give out.  That a word would be found is shown by the
child's random id, which is.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Generator, Iterator
from itertools import chain
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from tests.conftest import Clusters
from tests.doors import Door, days_ago, new_door
from tests.erasing.family import OFFICER, PRACTITIONER, Family
from tests.journeys.planting import everything_in, forms

from ledger.store.embedded import EmbeddedCluster


@pytest.fixture
def door(
    clusters: Clusters, ledger_template: str, vault_template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Generator[Door]:
    """With a folder of its own for whatever is temporary."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with new_door(clusters.ledger, clusters.vault) as made:
        yield made


def dumps(door: Door, clusters: Clusters) -> Iterator[bytes]:
    """Both databases as pg_dump writes them."""
    for place, cluster in zip(door.places, (clusters.ledger, clusters.vault), strict=True):
        yield dumped(cluster, place.owner())


def dumped(cluster: EmbeddedCluster, conninfo: str) -> bytes:
    given = conninfo_to_dict(conninfo)
    to = ("-h", str(given["host"]), "-p", str(given["port"]), "-U", str(given["user"]), str(given["dbname"]))
    environment = {"PGPASSWORD": str(given["password"])}
    return subprocess.run([cluster.program("pg_dump"), *to], env=environment, capture_output=True, check=True).stdout


def checkpoint(clusters: Clusters) -> None:
    """What is in memory goes to the files."""
    for cluster in (clusters.ledger, clusters.vault):
        with psycopg.connect(cluster.conninfo("postgres", "postgres"), autocommit=True) as connection:
            connection.execute("CHECKPOINT")


def found_in(home: Family, clusters: Clusters, words: list[str]) -> list[str]:
    """Where one of these words lies, in whatever form: file, word, form."""
    looked_for = {(word, name): form for word in words for name, form in forms(word).items() if "base64" not in name}
    # PostgreSQL breaks a word up where it compresses a long value: each half is looked for by itself.
    looked_for |= {(word, f"from {at}"): word[at : at + 14].encode() for word in words for at in (0, 14)}
    checkpoint(clusters)
    folders = [Path(tempfile.gettempdir()), home.door.settings.home]
    for place, cluster in zip(home.door.places, (clusters.ledger, clusters.vault), strict=True):
        folders += folders_of(cluster, place.owner())
    everywhere = chain(
        everything_in(folders),
        ((Path("dump"), data) for data in dumps(home.door, clusters)),
        [(Path("tiles"), tiles(home))],
    )
    return [
        f"{path}: {word[:6]} {name}"
        for path, data in everywhere
        for (word, name), form in looked_for.items()
        if form in data
    ]


def folders_of(cluster: EmbeddedCluster, conninfo: str) -> Iterator[Path]:
    """All of a cluster but the tables of other tests' databases."""
    with psycopg.connect(conninfo) as connection:
        row = connection.execute("SELECT oid::text FROM pg_database WHERE datname = current_database()").fetchone()
    assert row is not None
    number = row[0]
    yield cluster.folder / "server.log"
    for each in (cluster.folder / "data").iterdir():
        if each.name == "base":
            yield from (each / name for name in (number, "pgsql_tmp") if (each / name).exists())
        else:
            yield each


def tiles(home: Family) -> bytes:
    answer = home.door.get(f"/log/tile/entries/000.p/{home.door.size % 256}", "auditor")
    assert answer.status_code == 200, answer.text
    return answer.content


def lived(home: Family) -> tuple[str, str, list[str]]:
    """A child of whom everything is told, also what is refused and misread; its id, its entry, and the words."""
    kit, matter = home.child(), str(uuid4())
    entry = home.entered([kit])
    home.amended(entry, kit)
    concern = {"concern_id": str(uuid4()), "offender_id": home.case.id, "source": "COURT", "noted_on": days_ago(9)}
    concern |= {"grave": False, "category": "IN_NEED", "child_ref": kit, "note": "said in court"}
    told = {**concern, "child_text": home.word(kit)}
    home.give(f"child-protection-matter/{matter}", "RecordConcern", told, PRACTITIONER)
    for path, body in (
        (f"/children/{kit}/record-child", {"surname": home.word(kit)}),
        (f"/children/{kit}/record-child-contact", {"on": days_ago(-9), "purpose": home.word(kit)}),
    ):
        assert home.door.post(path, body, OFFICER).status_code in (403, 409, 422)
    for path in (f"/children/{kit}", f"{home.case.path}/register", f"{home.case.path}/chronology"):
        home.seen(path)
    home.door.run(home.door.ledger.worklist("deregistration", after=home.door.size))
    return kit, entry, home.words[kit]


@pytest.mark.timeout(300)
def test_no_word_of_a_child_lies_in_clear_anywhere_before_or_after_the_erasure(door: Door, clusters: Clusters) -> None:
    home = Family(door)
    kit, entry, words = lived(home)
    assert len(words) >= 8
    assert found_in(home, clusters, [kit])
    assert found_in(home, clusters, words) == []
    stored = [*home.told(f"child-{kit}"), *home.told(f"register-entry-{entry}")]
    home.leaves(entry)
    home.erase(kit)
    for path in (f"/children/{kit}", f"{home.case.path}/register", f"{home.case.path}/chronology"):
        home.seen(path)
    assert found_in(home, clusters, words) == []
    [erased] = home.erasures_of(kit)
    gone = {UUID(each).bytes for each in erased.members["values"]["key_ids"]}
    assert len(gone) >= 2
    assert home.vault("SELECT count(*) FROM keys WHERE wrapped IS NOT NULL AND erasure IS NOT NULL") == [(0,)]
    assert door.run(door.ledger.store.vault.keys_by_id(gone)) == {}
    boxes = door.run(door.ledger.store.database.boxes([each.position for each in stored]))
    assert not gone & {box.key_id for found in boxes.values() for box in found}
