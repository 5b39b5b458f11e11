"""A new wrapping key: every live key opens as before, and of what was destroyed nothing opens any more."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.store.test_vault import ANN, CHILD
from tests.store.test_vault_erasing import Breaking, an_order

from ledger.cli import main
from ledger.errors import VaultUnavailable
from ledger.privacy.owners import Owner
from ledger.store.appending import SETUP
from ledger.store.vault import STATEMENTS, Vault, WrappingKey, WrappingKeys, secret_file
from ledger.store.vault.asking import Connect
from ledger.store.vault.epochs import Epoch, horizon
from ledger.store.wire import Wire

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)
MAY = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def first_key(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "vault.key"


@asynccontextmanager
async def opened(conninfo: str, path: Path, connect: Connect | None = None) -> AsyncGenerator[Vault]:
    vault = Vault(connect or (lambda: Wire.connect(conninfo, STATEMENTS, SETUP)), WrappingKeys.at(path), backup_days=30)
    try:
        yield vault
    finally:
        vault.close()


def dump(conninfo: str) -> list[tuple[str, bytes]]:
    """What a thief of the vault has: every wrapped key and secret, with the name it is bound to."""
    with psycopg.connect(conninfo) as connection:
        return connection.execute(
            "SELECT key_id::text, wrapped FROM keys WHERE wrapped IS NOT NULL "
            "UNION ALL SELECT name, wrapped FROM secrets ORDER BY 1"
        ).fetchall()


def openable(stolen: list[tuple[str, bytes]], path: Path) -> list[str]:
    """What of it the key files that are here now open."""
    keys = [WrappingKey(secret_file(each)) for each in path.parent.iterdir()]
    return [name for name, wrapped in stolen if any(opens(key, name, wrapped) for key in keys)]


def opens(key: WrappingKey, name: str, wrapped: bytes) -> bool:
    try:
        return bool(key.unwrap(wrapped, name))
    except VaultUnavailable:
        return False


async def test_every_live_key_and_secret_opens_as_before_and_the_old_file_is_gone(
    vault_database: str, first_key: Path
) -> None:
    owners = [Owner(f"offender-{n}", "case") for n in range(1200)]  # more than two batches
    async with opened(vault_database, first_key) as vault, opened(vault_database, first_key) as running:
        made = await vault.keys_of(owners)
        secret = await vault.secret("digests")
        told: list[int] = []
        done = await vault.epochs.rewrap(told.append)
        assert (done.epoch, done.keys, done.secrets, told[:3]) == (2, 1200, 1, [500, 1000, 1200])
        assert [each.name for each in first_key.parent.iterdir()] == ["vault.key.2"]
        assert stat.S_IMODE((first_key.parent / "vault.key.2").stat().st_mode) == 0o600
        for each in (vault, running):  # another process read the key files before
            each.forget()
            again = await each.keys_of(owners)
            assert {owner: again[owner].derive(b"x") for owner in owners} == {
                owner: made[owner].derive(b"x") for owner in owners
            }
            assert await each.secret("digests") == secret
    async with opened(vault_database, first_key) as next_start:
        assert (await next_start.keys_of(owners[:1]))[owners[0]].id == made[owners[0]].id
        assert (await next_start.epochs.rewrap()).epoch == 3
    assert [each.name for each in first_key.parent.iterdir()] == ["vault.key.3"]


async def test_a_stolen_dump_of_the_vault_opens_nothing_that_was_destroyed_once_the_epoch_has_ended(
    vault_database: str, first_key: Path
) -> None:
    async with opened(vault_database, first_key) as vault:
        made = await vault.keys_of([CHILD, ANN])
        await vault.secret("digests")
        stolen = dump(vault_database)
        order = an_order(CHILD)
        await vault.erasures.begin(order)
        await vault.erasures.destroy(order.id)
        assert made[CHILD].id in openable(stolen, first_key)  # which is why there are epochs
        assert (await vault.epochs.status())["horizon"] is None
        await vault.epochs.rewrap()
        assert openable(stolen, first_key) == []
        assert openable(dump(vault_database), first_key) == sorted([made[ANN].id, "digests"])
        status = await vault.epochs.status()
        assert status["horizon"] - datetime.now(UTC) > 29 * DAY
        assert (status["epoch"], status["keys_active"], status["keys_destroyed"]) == (2, 1, 1)


async def test_a_process_that_has_the_old_wrapping_key_in_memory_makes_no_key_under_it(
    vault_database: str, first_key: Path
) -> None:
    async with opened(vault_database, first_key) as vault, opened(vault_database, first_key) as running:
        await running.keys_of([ANN])
        await vault.epochs.rewrap()
        made = await running.keys_of([CHILD])
        secret = await running.secret("digests")
        vault.forget()
        assert (await vault.keys_of([CHILD]))[CHILD].derive(b"x") == made[CHILD].derive(b"x")
        assert await vault.secret("digests") == secret


async def test_keys_made_while_all_are_wrapped_anew_are_not_lost(vault_database: str, first_key: Path) -> None:
    async with opened(vault_database, first_key) as vault, opened(vault_database, first_key) as running:
        await running.keys_of([Owner(f"offender-{n}", "case") for n in range(600)])
        rewrapping = asyncio.create_task(vault.epochs.rewrap())
        made: dict[Owner, Any] = {}
        for number in range(60):
            made |= await running.keys_of([Owner(f"child-{number}", "child")])
        await rewrapping
        vault.forget()
        found = await vault.keys_of(list(made))
    assert {owner: key.derive(b"x") for owner, key in found.items()} == {
        owner: key.derive(b"x") for owner, key in made.items()
    }


@pytest.mark.parametrize("before", [True, False])
async def test_broken_at_any_statement_the_rewrapping_is_gone_on_with(
    vault_database: str, first_key: Path, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    monkeypatch.setattr(Breaking, "before", before)
    async with opened(vault_database, first_key) as vault:
        made = (await vault.keys_of([ANN]))[ANN].derive(b"x")
        secret = await vault.secret("digests")
    broken = 0
    for statements in range(20):
        monkeypatch.setattr(Breaking, "left", statements)
        connect = lambda: Breaking.connect(vault_database, STATEMENTS, SETUP)  # noqa: E731
        async with opened(vault_database, first_key, connect) as crashing:
            try:
                await crashing.epochs.rewrap()
            except VaultUnavailable:
                broken += 1
        async with opened(vault_database, first_key) as vault:
            assert (await vault.keys_of([ANN]))[ANN].derive(b"x") == made
            assert await vault.secret("digests") == secret
            done = await vault.epochs.rewrap()
            assert (await vault.epochs.status())["unended"] == []
            assert [each.name for each in first_key.parent.iterdir()] == [f"vault.key.{done.epoch}"]
    assert 8 < broken < 20


async def test_a_key_file_that_a_crash_left_written_over_stops_nobody(vault_database: str, first_key: Path) -> None:
    async with opened(vault_database, first_key) as vault:
        await vault.keys_of([ANN])
        await vault.epochs.rewrap()
    first_key.touch(0o600)
    first_key.write_text("5a" * 32 + "\n")
    async with opened(vault_database, first_key) as vault:
        assert (await vault.keys_of([ANN, CHILD])).keys() == {ANN, CHILD}
        await vault.epochs.rewrap()
    assert [each.name for each in first_key.parent.iterdir()] == ["vault.key.3"]


async def test_without_the_key_file_in_use_nothing_is_made_and_the_file_is_named(
    vault_database: str, first_key: Path, tmp_path: Path
) -> None:
    async with opened(vault_database, first_key) as vault:
        await vault.keys_of([ANN])
    name = WrappingKey(secret_file(first_key)).id
    async with opened(vault_database, tmp_path / "elsewhere" / "vault.key") as stranger:
        for asked in (stranger.keys_of([CHILD]), stranger.secret("digests"), stranger.epochs.rewrap()):
            with pytest.raises(VaultUnavailable, match=name):
                await asked
    async with opened(vault_database, first_key) as vault:
        assert (await vault.epochs.status())["keys_active"] == 1


# ---------------------------------------------------------------------------------------- the horizon


def test_the_horizon_is_when_the_last_backup_expires_or_the_epoch_ends_whichever_is_later() -> None:
    began, ended = MAY - 100 * DAY, MAY + 3 * DAY
    assert horizon(MAY, ["a"], [Epoch(1, "a", began, ended)], 30) == MAY + 30 * DAY
    assert horizon(MAY, ["a"], [Epoch(1, "a", began, MAY + 40 * DAY)], 30) == MAY + 40 * DAY
    assert horizon(MAY, [], [Epoch(1, "a", began, None)], 30) == MAY + 30 * DAY  # there was no key


def test_while_a_wrapping_key_of_that_time_is_still_there_there_is_no_horizon() -> None:
    epochs = [Epoch(1, "a", MAY, MAY + DAY), Epoch(2, "b", MAY + DAY, None)]
    assert horizon(MAY, ["a", "b"], epochs, 30) is None
    assert horizon(MAY, ["a"], epochs, 30) == MAY + 30 * DAY


# ---------------------------------------------------------------------------------------- the command line


@pytest.mark.usefixtures("anyio_backend")
def test_the_command_line_wraps_all_anew_and_says_how_the_vault_stands(
    open_tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LEDGER_HOME", str(open_tmp_path / "home"))
    assert main(["vault", "rewrap", "--json"]) == 0
    told = capsys.readouterr()
    assert '"epoch": 2' in told.out
    assert "cannot be opened any more" in " ".join(told.err.split())
    assert main(["vault", "status"]) == 0
    assert "epoch: 2" in capsys.readouterr().out
    assert main(["status"]) == 0
    assert "epoch: 2" in capsys.readouterr().out
    assert [each.name for each in (open_tmp_path / "home" / "keys").glob("vault.key*")] == ["vault.key.2"]
