"""Where the keys lie: wrapped, one per owner however many ask, forgotten within a minute, gone once destroyed."""

from __future__ import annotations

import asyncio
import os
import stat
import tempfile
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from tests.conftest import Clusters

from ledger.errors import Setup, VaultUnavailable
from ledger.privacy.owners import Owner
from ledger.store.appending import SETUP
from ledger.store.vault import STATEMENTS, Vault, WrappingKey, WrappingKeys, secret_file
from ledger.store.vault import keys as module
from ledger.store.vault.key_files import write_once
from ledger.store.wire import Lost, Wire

pytestmark = pytest.mark.anyio

WRAPPING = bytes(range(32))
ANN = Owner("offender-ann", "case")
CHILD = Owner("child-eve", "child")


def wrapped_by(key: bytes) -> WrappingKeys:
    """One wrapping key, in a folder of its own."""
    path = Path(tempfile.mkdtemp(prefix="ledger-")) / "keys" / "vault.key"
    path.parent.mkdir()
    write_once(path, key.hex())
    return WrappingKeys.at(path)


@asynccontextmanager
async def opened(conninfo: str, wrapping: bytes = WRAPPING) -> AsyncGenerator[Vault]:
    vault = Vault(lambda: Wire.connect(conninfo, STATEMENTS, SETUP), wrapped_by(wrapping))
    try:
        yield vault
    finally:
        vault.close()


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """The clock of the vault's memory is so much further on."""
    now = module.time.monotonic
    monkeypatch.setattr(module.time, "monotonic", lambda: now() + seconds)


class Keys:
    """What stands in the table of keys, seen and changed as the owner."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo

    def rows(self, query: str, *params: object) -> list[tuple[object, ...]]:
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            cursor = connection.execute(query.encode(), params or None)
            return cursor.fetchall() if cursor.description else []

    def begin_erasing(self, key_id: str) -> None:
        """As no erasure does it: without a tombstone."""
        self.rows(
            "WITH e AS (INSERT INTO erasures (id, owners, reach, ground, asked_by, approved_by, step) "
            "VALUES (gen_random_uuid(), '', '', '', 'one', 'another', 'begun') RETURNING id) "
            "UPDATE keys SET state = 'erasing', erasure = e.id FROM e WHERE key_id = %s AND state = 'active'",
            key_id,
        )

    def destroy(self, key_id: str) -> None:
        self.begin_erasing(key_id)
        self.rows("UPDATE keys SET state = 'destroyed', wrapping = NULL, wrapped = NULL WHERE key_id = %s", key_id)


@pytest.fixture
def keys(clusters: Clusters, vault_database: str) -> Keys:
    name = psycopg.conninfo.conninfo_to_dict(vault_database)["dbname"]
    return Keys(clusters.vault.conninfo(clusters.vault.owner_role, str(name)))


# ---------------------------------------------------------------------------------------- the key file


def test_a_key_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "vault.key"
    key = secret_file(path)
    assert len(key) == 32
    assert secret_file(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_processes_that_start_at_once_make_one_key_file(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(secret_file, [tmp_path / "vault.key"] * 8))
    assert len(set(found)) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["vault.key"]


def test_what_a_start_that_was_killed_left_behind_disturbs_nobody(tmp_path: Path) -> None:
    (tmp_path / f".vault.key.{os.getpid()}").write_text("half")
    assert len(secret_file(tmp_path / "vault.key")) == 32


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    secret_file(path)
    path.chmod(0o640)
    with pytest.raises(Setup, match="read by others"):
        secret_file(path)


@pytest.mark.parametrize("text", ["", "00" * 31, "00" * 33, "no key"])
def test_a_key_file_without_a_key_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "vault.key"
    path.touch(0o600)
    path.write_text(text)
    with pytest.raises(Setup, match="64 hexadecimal"):
        secret_file(path)


# ---------------------------------------------------------------------------------------- keys


async def test_an_owner_has_one_key_for_each_class_and_it_is_the_same_next_time(vault_database: str) -> None:
    other = Owner(ANN.id, "child")
    async with opened(vault_database) as vault, opened(vault_database) as next_process:
        made = await vault.keys_of([ANN, other, CHILD])
        assert len({key.id for key in made.values()}) == 3
        again = await next_process.keys_of([CHILD, ANN])
    assert {owner: key.id for owner, key in again.items()} == {owner: made[owner].id for owner in (CHILD, ANN)}
    assert again[ANN].derive(b"x") == made[ANN].derive(b"x") != made[CHILD].derive(b"x")


async def test_a_key_read_by_its_id_is_the_key_its_owner_seals_under(vault_database: str) -> None:
    async with opened(vault_database) as vault, opened(vault_database) as reader:
        key = (await vault.keys_of([ANN]))[ANN]
        found = await reader.keys_by_id([key.id_bytes, UUID(int=7).bytes])
    assert list(found) == [key.id_bytes]
    assert found[key.id_bytes].derive(b"x") == key.derive(b"x")


async def test_many_who_need_one_owners_first_key_get_one_key(vault_database: str, keys: Keys) -> None:
    owners = [Owner(f"offender-{n}", "case") for n in range(20)]
    async with opened(vault_database) as left, opened(vault_database) as right:
        found = await asyncio.gather(*(vault.keys_of(owners) for vault in (left, right) * 4))
    for owner in owners:
        assert len({each[owner].id for each in found}) == 1
    assert keys.rows("SELECT count(*), max(generation) FROM keys") == [(20, 1)]


async def test_one_who_needs_a_key_a_moment_after_another_made_it_gets_that_one(
    vault_database: str, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(vault_database) as left, opened(vault_database) as right:
        look = right._find
        looked = 0

        async def look_too_early(owners: list[Owner]) -> object:
            nonlocal looked
            found = await look(owners)
            looked += 1
            if looked == 1:
                await left.keys_of(owners)  # made between the other's look and its making
            return found

        monkeypatch.setattr(right, "_find", look_too_early)
        assert (await right.keys_of([ANN]))[ANN].id == (await left.keys_of([ANN]))[ANN].id
    assert keys.rows("SELECT count(*) FROM keys") == [(1,)]


async def test_the_database_holds_no_key_that_is_not_wrapped(vault_database: str, keys: Keys) -> None:
    async with opened(vault_database) as vault:
        made = (await vault.keys_of([ANN]))[ANN]
        secret = await vault.secret("digest-of-commands")
    [(wrapped,)] = keys.rows("SELECT wrapped FROM keys")
    assert isinstance(wrapped, bytes)
    raw = WrappingKey(WRAPPING).unwrap(wrapped, made.id)
    everything = "".join(row[0] for row in keys.rows("SELECT keys::text FROM keys"))  # type: ignore[misc]
    everything += "".join(row[0] for row in keys.rows("SELECT secrets::text FROM secrets"))  # type: ignore[misc]
    assert len(wrapped) == 12 + 32 + 16
    for each in (raw, secret, WRAPPING):
        assert each.hex() not in everything


async def test_a_key_wrapped_by_another_file_names_that_file(vault_database: str) -> None:
    async with opened(vault_database) as vault:
        key = (await vault.keys_of([ANN]))[ANN]
        await vault.secret("name")
    async with opened(vault_database, bytes(32)) as stranger:
        with pytest.raises(VaultUnavailable, match=WrappingKey(WRAPPING).id):
            await stranger.keys_by_id([key.id_bytes])
        with pytest.raises(VaultUnavailable):
            await stranger.keys_of([ANN])
        with pytest.raises(VaultUnavailable, match="put that back"):
            await stranger.secret("name")


async def test_a_key_put_in_the_place_of_another_does_not_open(vault_database: str, keys: Keys) -> None:
    async with opened(vault_database) as vault:
        made = await vault.keys_of([ANN, CHILD])
    keys.rows("UPDATE keys SET wrapped = (SELECT wrapped FROM keys WHERE owner = %s)", ANN.id)
    async with opened(vault_database) as vault:
        with pytest.raises(VaultUnavailable):
            await vault.keys_by_id([made[CHILD].id_bytes])


async def test_a_destroyed_key_is_not_given_out_and_one_that_is_being_erased_seals_nothing_new(
    vault_database: str, keys: Keys
) -> None:
    async with opened(vault_database) as vault:
        key = (await vault.keys_of([ANN]))[ANN]
        keys.begin_erasing(key.id)
        vault.forget()
        assert list(await vault.keys_by_id([key.id_bytes])) == [key.id_bytes]
        assert (await vault.keys_of([ANN]))[ANN].id != key.id
        keys.destroy(key.id)
        vault.forget()
        assert await vault.keys_by_id([key.id_bytes]) == {}
    assert keys.rows("SELECT generation, state FROM keys ORDER BY 1") == [(1, "destroyed"), (2, "active")]


# ---------------------------------------------------------------------------------------- forgetting


async def test_a_destroyed_key_is_forgotten_within_a_minute(
    vault_database: str, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(vault_database) as vault:
        key = (await vault.keys_of([ANN]))[ANN]
        keys.destroy(key.id)
        later(monkeypatch, 45)
        assert list(await vault.keys_by_id([key.id_bytes])) == [key.id_bytes]  # it was in memory, and nothing asked
        later(monkeypatch, 10)
        assert await vault.keys_by_id([key.id_bytes]) == {}
        assert (await vault.keys_of([ANN]))[ANN].id != key.id


async def test_the_minute_counts_from_the_question_not_from_a_slow_answer(
    vault_database: str, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(vault_database) as vault:
        key = (await vault.keys_of([ANN]))[ANN]
        vault.forget()
        ask = vault._ask

        async def slowly(name: bytes, *params: bytes) -> object:
            rows = await ask(name, *params)
            later(monkeypatch, 40)
            return rows

        monkeypatch.setattr(vault, "_ask", slowly)
        await vault.keys_by_id([key.id_bytes])
        await vault.keys_of([ANN])
        keys.destroy(key.id)
        monkeypatch.setattr(vault, "_ask", ask)
        later(monkeypatch, 19)
        assert await vault.keys_by_id([key.id_bytes]) == {}
        assert (await vault.keys_of([ANN]))[ANN].id != key.id


async def test_keys_leave_memory_though_nobody_asks_again(vault_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_SECONDS", 0.1)
    async with opened(vault_database) as vault:
        await vault.keys_of([ANN, CHILD])
        assert len(vault._read) == len(vault._owned) == 2
        await asyncio.sleep(0.3)
        assert len(vault._read) == len(vault._owned) == 0
        await vault.keys_of([ANN])
        assert len(vault._read) == len(vault._owned) == 1


# ---------------------------------------------------------------------------------------- secrets, and no answer


async def test_a_secret_is_drawn_once_for_all(vault_database: str) -> None:
    async with opened(vault_database) as left, opened(vault_database) as right:
        found = await asyncio.gather(*(vault.secret("name") for vault in (left, right) * 4))
        other = await left.secret("other")
    assert len(set(found)) == 1
    assert len(found[0]) == len(other) == 32
    assert other != found[0]


async def test_a_vault_that_does_not_answer_is_said_so_and_found_again(clusters: Clusters, vault_database: str) -> None:
    down = True

    async def connect() -> Wire:
        if down:
            raise Lost("refused")
        return await Wire.connect(vault_database, STATEMENTS, SETUP)

    vault = Vault(connect, wrapped_by(WRAPPING))
    with pytest.raises(VaultUnavailable):
        await vault.keys_of([ANN])
    down = False
    key = (await vault.keys_of([ANN]))[ANN]
    name = str(psycopg.conninfo.conninfo_to_dict(vault_database)["dbname"])
    with psycopg.connect(clusters.vault.conninfo("postgres", name), autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    vault.forget()
    await asyncio.sleep(0.02)
    assert (await vault.keys_of([ANN]))[ANN].id == key.id
    vault.close()
