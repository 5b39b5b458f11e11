"""The list of erasures outlives the vault: one restored from before is told again, before anybody reads from it."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import orjson
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from tests.conftest import Clusters
from tests.store.test_vault import ANN, CHILD
from tests.store.test_vault_epochs import opened
from tests.store.test_vault_erasing import an_order, states

from ledger.cli import main
from ledger.errors import Refused, Setup, VaultUnavailable
from ledger.privacy.owners import Owner
from ledger.store.vault.listed import ErasureList, Listed

pytestmark = pytest.mark.anyio


def an_erasure() -> Listed:
    keys = (str(uuid4()), str(uuid4()))
    return Listed(uuid4(), date(2026, 5, 4), (CHILD, Owner("child-eve", "case")), keys, "CHILD_REMOVED", ("a", "b"))


@pytest.fixture
def file(tmp_path: Path) -> ErasureList:
    return ErasureList(tmp_path / "home" / "erasures.jsonl")


# ---------------------------------------------------------------------------------------- the file


def test_what_is_listed_is_read_as_it_was_written_once_each_and_in_order(file: ErasureList) -> None:
    one, another = an_erasure(), an_erasure()
    assert file.all() == []
    for each in (one, another, one):
        file.add(each)
    assert file.all() == [one, another]
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_processes_that_list_at_once_lose_no_line(file: ErasureList) -> None:
    erasures = [an_erasure() for _ in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(file.add, erasures * 2))
    assert sorted(each.id for each in file.all()) == sorted(each.id for each in erasures)


def test_a_line_that_a_crash_cut_short_is_written_over(file: ErasureList) -> None:
    one, another = an_erasure(), an_erasure()
    file.add(one)
    whole = file.path.read_bytes()
    for cut in (1, 40, len(whole) - 1):
        file.path.write_bytes(whole + whole[:cut])
        assert file.all() == [one]
        file.add(another)
        assert file.all() == [one, another]


def test_a_line_that_was_damaged_is_named_and_nothing_is_destroyed_by_it(file: ErasureList) -> None:
    file.add(an_erasure())
    file.path.write_bytes(file.path.read_bytes() + b'{"erasure": "no id"}\n')
    with pytest.raises(Setup, match="Line 2"):
        file.all()


# ---------------------------------------------------------------------------------------- the vault


async def test_an_erasure_is_listed_with_ids_and_its_true_date_alone(vault_database: str, tmp_path: Path) -> None:
    path = tmp_path / "keys" / "vault.key"
    order = an_order(CHILD)
    async with opened(vault_database, path) as vault:
        key = (await vault.keys_of([CHILD]))[CHILD]
        await vault.erasures.begin(order)
        assert not (tmp_path / "erasures.jsonl").exists()
        await vault.erasures.destroy(order.id, datetime(2026, 5, 3, 23, 30, tzinfo=UTC))  # after midnight in London
        await vault.erasures.destroy(order.id)
    [line] = (tmp_path / "erasures.jsonl").read_bytes().splitlines()
    assert orjson.loads(line) == {
        "erasure": str(order.id),
        "on": "2026-05-04",
        "owners": [list(CHILD)],
        "keys": [key.id],
        "ground": "CHILD_REMOVED",
        "by": ["manager", "information-officer"],
    }


async def test_where_the_list_cannot_be_written_nothing_is_destroyed(vault_database: str, tmp_path: Path) -> None:
    order = an_order(CHILD)
    async with opened(vault_database, tmp_path / "keys" / "vault.key") as vault:
        await vault.keys_of([CHILD])
        await vault.erasures.begin(order)
        (tmp_path / "erasures.jsonl").mkdir()
        with pytest.raises(VaultUnavailable, match=r"erasures\.jsonl"):
            await vault.erasures.destroy(order.id)
        assert states(vault_database) == {"child-eve/child": "erasing"}
        (tmp_path / "erasures.jsonl").rmdir()
        assert (await vault.erasures.destroy(order.id)).step == "destroyed"


async def test_a_vault_restored_from_before_an_erasure_destroys_again_and_revives_nobody(
    clusters: Clusters, vault_database: str, tmp_path: Path
) -> None:
    path = tmp_path / "keys" / "vault.key"
    order = an_order(CHILD, Owner("child-eve", "case"))
    async with opened(vault_database, path) as vault:
        made = await vault.keys_of([CHILD, ANN])
        backup = clusters.vault.conninfo("postgres", str(conninfo_to_dict(vault_database)["dbname"]))
        with psycopg.connect(backup) as connection:
            connection.execute("CREATE TEMPORARY TABLE kept AS SELECT * FROM keys")
            connection.commit()
            await vault.erasures.begin(order)
            await vault.erasures.destroy(order.id)
            await vault.erasures.close(order.id, 7)
            connection.execute("SET LOCAL session_replication_role = replica")
            for statement in (
                "DELETE FROM keys",
                "DELETE FROM tombstones",
                "DELETE FROM erasures",
                "INSERT INTO keys SELECT * FROM kept",
            ):
                connection.execute(statement)
    async with opened(vault_database, path) as restored:
        assert made[CHILD].id_bytes in await restored.keys_by_id([made[CHILD].id_bytes])  # as the backup has it
        [again] = await restored.erasures.replay()
        assert (again.id, again.step, again.keys) == (order.id, "destroyed", (made[CHILD].id,))
        assert (again.order.owners, again.order.ground) == (order.owners, order.ground)
        assert await restored.keys_by_id([made[CHILD].id_bytes]) == {}
        for owner in order.owners:
            with pytest.raises(Refused):
                await restored.keys_of([owner])
        assert (await restored.keys_of([ANN]))[ANN].id == made[ANN].id
        assert [each.id for each in await restored.erasures.under_way()] == [order.id]  # the ledger may need telling
        assert await restored.erasures.replay() == []


def test_a_ledger_replays_the_list_before_it_opens(
    open_tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LEDGER_HOME", str(open_tmp_path / "home"))
    erasure = replace(an_erasure(), owners=(Owner(f"child-{uuid4()}", "child"),))
    ErasureList(open_tmp_path / "home" / "erasures.jsonl").add(erasure)
    assert main(["vault", "status"]) == 0
    assert "erasures closed: 1" in capsys.readouterr().out
