"""Documents are looked after like every other value: verified to the byte, in every backup, and swept if nobody's."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from tests.api.test_documents import SCAN, filed, put
from tests.conftest import Clusters
from tests.doors import Case, Door, new_door
from tests.erasing.family import Family
from tests.store.safes import a_safe, backed_up

from ledger.store.documents import _COUNTED, PART
from ledger.store.unsealing import Unsealing

LARGE = b"%PDF-1.7" + bytes(range(256)) * (2 * PART // 256)


@pytest.fixture
def door(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Door]:
    """A ledger that may be spoiled."""
    with new_door(clusters.ledger, clusters.vault, verified=False) as made:
        yield made


@pytest.fixture
def case(door: Door) -> Case:
    return door.new_case()


def stored(door: Door, case: Case, data: bytes = SCAN) -> tuple[str, str]:
    """Where a document is told, and the id under which it lies."""
    where = f"{case.path}/documents/{filed(door, case)}"
    position = put(door, where, data).json()["events"][0]["position"]
    rows = run(door, "SELECT substring(entry FROM position('\"file_id\":\"'::bytea IN entry) + 11 FOR 36) FROM entries "
                     f"WHERE position = {position}")  # fmt: skip
    return where, rows[0][0].decode()


def run(door: Door, query: str) -> list[tuple]:
    with psycopg.connect(door.places[0].owner(), autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        return cursor.fetchall() if cursor.description else []


def verified(door: Door) -> tuple[set[str], int]:
    """What `ledger verify --values` finds, and how many documents were the ones committed to."""

    async def work() -> tuple[set[str], int]:
        loop, vault = asyncio.get_running_loop(), door.ledger.store.vault
        values = Unsealing(lambda ids: asyncio.run_coroutine_threadsafe(vault.keys_by_id(ids), loop).result())
        report = await asyncio.to_thread(door.verify, values)
        return {each.code for each in report.findings}, values.files

    return door.run(work())


# ------------------------------------------------------------------------------------------ verified


def test_every_document_is_opened_and_held_against_its_digest(door: Door, case: Case):
    stored(door, case)
    stored(door, case, LARGE)
    assert verified(door) == (set(), 2)


@pytest.mark.parametrize(
    "spoiling, code",
    [
        ("DELETE FROM file_parts WHERE file_id = '{file}'", "file-missing"),
        ("DELETE FROM file_parts WHERE file_id = '{file}' AND part = 1", "file-unreadable"),
        ("UPDATE file_parts SET ciphertext = ciphertext || 'x' WHERE file_id = '{file}'", "file-unreadable"),
        ("UPDATE file_parts SET part = 9 - part WHERE file_id = '{file}'", "file-unreadable"),
        ("UPDATE file_parts SET key_id = gen_random_uuid() WHERE file_id = '{file}'", "file-unreadable"),
    ],
)
def test_a_document_that_was_spoiled_or_is_gone_is_a_finding(door: Door, case: Case, spoiling: str, code: str):
    _, file = stored(door, case, LARGE)
    stored(door, case)
    run(door, spoiling.format(file=file))
    assert verified(door) == ({code}, 1)


def test_another_document_in_the_place_of_one_is_a_finding(door: Door, case: Case):
    """Shut rightly, under the right key and id, and not the one that was put on record."""
    (_, file), (where, other) = stored(door, case), stored(door, case, SCAN + b"other")
    keep = f"CREATE TABLE kept AS SELECT * FROM file_parts WHERE file_id = '{file}'"
    run(door, keep)
    run(door, f"DELETE FROM file_parts WHERE file_id = '{file}'")
    run(door, f"UPDATE file_parts SET file_id = '{file}' WHERE file_id = '{other}'")
    assert verified(door)[0] == {"file-unreadable", "file-missing"}
    assert door.get(where).status_code == 500


def test_a_document_of_a_child_that_outlived_the_child_is_a_finding(door: Door):
    home = Family(door)
    kit = home.child()
    entry = home.entered([kit])
    where = f"{home.case.path}/documents/{filed(door, home.case)}?child_id={kit}"
    assert put(door, where).status_code == 201
    run(door, "CREATE TABLE kept AS SELECT * FROM file_parts")
    home.leaves(entry)
    home.erase(kit)
    assert verified(door) == (set(), 0)
    run(door, "INSERT INTO file_parts SELECT * FROM kept")
    assert verified(door)[0] == {"file-not-erased"}


# ------------------------------------------------------------------------------------------ kept


def test_a_document_is_in_the_backup_and_opens_after_a_restore(
    door: Door, case: Case, clusters: Clusters, tmp_path: Path
):
    where, _ = stored(door, case, LARGE)
    backed_up(door, tmp_path)
    with a_safe(clusters, door.settings.home / "keys") as safe:
        safe.restore(tmp_path)
        with safe.opened() as again:
            assert again.get(where).content == LARGE
            assert verified(again) == (set(), 1)


# ------------------------------------------------------------------------------------------ left over


def left_over(door: Door, since: str) -> str:
    """What a crash between the parts and the fact leaves."""
    file = str(uuid4())
    run(
        door,
        "INSERT INTO file_parts (file_id, part, key_id, nonce, ciphertext, written) SELECT "
        f"'{file}', n, gen_random_uuid(), '\\x000000000000000000000000', 'x', now() - interval '{since}' "
        "FROM generate_series(0, 2) AS n",
    )
    return file


def lying(door: Door) -> set[str]:
    return {str(each[0]) for each in run(door, "SELECT DISTINCT file_id FROM file_parts")}


def test_what_a_crash_left_is_swept_at_the_start_and_nothing_else_is(door: Door, case: Case):
    where, named = stored(door, case)
    run(door, "UPDATE file_parts SET written = now() - interval '9 days'")
    old, young = left_over(door, "2 hours"), left_over(door, "2 minutes")
    assert lying(door) == {named, old, young}
    assert door.run(door.ledger.status())["documents"] == {"kept": 3, "unnamed": 2}
    door.run(door.ledger._documents.sweep())
    assert lying(door) == {named, young}
    assert door.run(door.ledger.status())["documents"] == {"kept": 2, "unnamed": 1}
    assert door.get(where).content == SCAN
    assert verified(door) == (set(), 1)


def test_a_ledger_that_is_opened_sweeps_by_itself(door: Door, case: Case, clusters: Clusters, tmp_path: Path):
    named, old = stored(door, case)[1], left_over(door, "2 days")
    backed_up(door, tmp_path)
    with a_safe(clusters, door.settings.home / "keys") as safe:
        safe.restore(tmp_path)
        with safe.opened() as again:
            assert lying(again) == {named}
    assert old in lying(door)


def test_the_index_is_asked_for_what_a_fact_names(door: Door, case: Case):
    stored(door, case)
    run(door, "ANALYZE")
    with psycopg.connect(door.places[0].owner(), autocommit=True) as connection:
        connection.execute("SET enable_seqscan = off")
        plan = "\n".join(row[0] for row in connection.execute(f"EXPLAIN {_COUNTED}".encode()))
    assert "entries_of_files" in plan
