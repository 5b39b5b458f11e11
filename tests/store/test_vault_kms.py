"""The vault's wrapping keys in AWS KMS: moto's KMS where it answers, an address where nobody listens where it does not.

moto takes a key in any state; that KMS does not is added here.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import orjson
import pytest
from moto import mock_aws
from moto.core.exceptions import JsonRESTError
from moto.kms.models import KmsBackend
from tests.conftest import Clusters
from tests.doors import new_door
from tests.journeys.process import free_port
from tests.store.test_vault import ANN, CHILD
from tests.store.test_vault_epochs import dump
from tests.store.test_vault_erasing import an_order

from ledger.cli import main
from ledger.errors import Setup, VaultUnavailable
from ledger.settings import Settings, SettingsError
from ledger.store.appending import SETUP
from ledger.store.vault import STATEMENTS, Kms, Vault, WrappingKey, WrappingKeys
from ledger.store.vault import kms as module
from ledger.store.wire import Wire

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)
ALIAS = "alias/the-vault"


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Generator[Any]:
    """A KMS with a key of the vault's, by an alias."""
    for name, value in {
        "AWS_DEFAULT_REGION": "eu-west-2",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
    }.items():
        monkeypatch.setenv(name, value)
    for method in ("decrypt", "generate_data_key"):
        monkeypatch.setattr(KmsBackend, method, in_good_state(getattr(KmsBackend, method)))
    with mock_aws():
        client = boto3.client("kms", region_name="eu-west-2")
        client.create_alias(AliasName=ALIAS, TargetKeyId=a_key(client))
        yield client


class InState(JsonRESTError):
    """What KMS says of a key that is disabled, or is to be deleted."""

    code = 400

    def __init__(self, state: str) -> None:
        super().__init__("DisabledException" if state == "Disabled" else "KMSInvalidStateException", f"is {state}")


def in_good_state(method: Callable[..., Any]) -> Callable[..., Any]:
    """As KMS does it: only with a key that is enabled."""

    def checked(backend: KmsBackend, *given: Any, **named: Any) -> Any:
        answer = method(backend, *given, **named)
        state = backend.describe_key(answer[-1]).key_state
        if state != "Enabled":
            raise InState(state)
        return answer

    return checked


def a_key(client: Any) -> str:
    return str(client.create_key()["KeyMetadata"]["Arn"])


def disable(client: Any, arn: str) -> None:
    client.disable_key(KeyId=arn.rpartition("/")[2])  # moto knows it by no ARN here


def enable(client: Any, arn: str) -> None:
    client.enable_key(KeyId=arn.rpartition("/")[2])


def named(client: Any) -> str:
    """The key behind the alias."""
    return str(client.describe_key(KeyId=ALIAS)["KeyMetadata"]["Arn"])


@pytest.fixture
def first(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "vault.key"


def a_vault(conninfo: str, first: Path, key: str | None = ALIAS, days: int = 30) -> Vault:
    """Opened as by a process that has just started."""
    wrapping = WrappingKeys.at(first, Kms(key, days))
    return Vault(lambda: Wire.connect(conninfo, STATEMENTS, SETUP), wrapping, backup_days=10)


def files(first: Path) -> list[str]:
    return sorted(each.name for each in first.parent.iterdir())


async def test_what_kms_wraps_opens_in_every_process_and_no_file_holds_the_key(
    kms: Any, vault_database: str, first: Path
) -> None:
    vault, another = a_vault(vault_database, first), a_vault(vault_database, first, None)
    made = (await vault.keys_of([ANN]))[ANN]
    secret = await vault.secret("digests")
    assert (await another.keys_of([ANN]))[ANN].derive(b"x") == made.derive(b"x")
    assert await another.secret("digests") == secret
    assert files(first) == ["vault.key.1.kms"]
    kept = first.with_name("vault.key.1.kms")
    said = orjson.loads(kept.read_bytes())
    assert kept.stat().st_mode & 0o077 == 0
    assert said["key"] == named(kms)
    opened = Kms().open(kept)
    assert opened.id == said["id"] == (await another.epochs.status() and WrappingKeys.at(first).newest[1])
    [[_, wrapped], _] = sorted(dump(vault_database), key=lambda row: row[0] == "digests")
    for guess in (orjson.dumps(said)[:32], bytes(32)):
        with pytest.raises(VaultUnavailable):
            WrappingKey(guess).unwrap(wrapped, made.id)
    vault.close()
    another.close()


async def test_an_epoch_ends_on_the_day_that_kms_deletes_its_key_and_the_horizon_counts_that(
    kms: Any, vault_database: str, first: Path
) -> None:
    old = named(kms)
    vault = a_vault(vault_database, first)
    made = await vault.keys_of([ANN, CHILD])
    order = an_order(CHILD)
    await vault.erasures.begin(order)
    await vault.erasures.destroy(order.id)
    assert (await vault.epochs.status())["horizon"] is None
    kms.update_alias(AliasName=ALIAS, TargetKeyId=a_key(kms))
    done = await vault.epochs.rewrap()
    state = kms.describe_key(KeyId=old)["KeyMetadata"]
    assert state["KeyState"] == "PendingDeletion"
    assert done.gone == state["DeletionDate"]
    assert done.gone - datetime.now(UTC) > 29 * DAY  # which is later than the last backup's end, in 10 days
    status = await vault.epochs.status()
    assert (status["epoch"], status["horizon"], status["unended"]) == (2, done.gone, [])
    assert orjson.loads(first.with_name("vault.key.1.kms").read_bytes()).keys() == {"key", "gone"}
    vault.close()
    again = a_vault(vault_database, first)
    assert (await again.keys_of([ANN]))[ANN].derive(b"x") == made[ANN].derive(b"x")
    again.close()


async def test_nothing_that_was_destroyed_opens_by_a_copy_of_everything_once_kms_has_let_go(
    kms: Any, vault_database: str, first: Path
) -> None:
    vault = a_vault(vault_database, first)
    made = await vault.keys_of([ANN, CHILD])
    stolen = dict(dump(vault_database))
    copied = first.with_name("copy.kms")
    copied.write_bytes(first.with_name("vault.key.1.kms").read_bytes())
    assert Kms().open(copied).unwrap(stolen[made[CHILD].id], made[CHILD].id)
    order = an_order(CHILD)
    await vault.erasures.begin(order)
    await vault.erasures.destroy(order.id)
    kms.update_alias(AliasName=ALIAS, TargetKeyId=a_key(kms))
    await vault.epochs.rewrap()
    vault.close()
    with pytest.raises(VaultUnavailable, match="Cancel its deletion"):
        Kms().open(copied)


async def test_a_kms_key_is_not_used_for_the_epoch_after_it(kms: Any, vault_database: str, first: Path) -> None:
    vault = a_vault(vault_database, first)
    await vault.keys_of([ANN])
    with pytest.raises(Setup, match="LEDGER_VAULT_KMS_KEY still names"):
        await vault.epochs.rewrap()
    assert ((await vault.epochs.status())["epoch"], files(first)) == (1, ["vault.key.1.kms"])
    vault.forget()
    assert ANN in await vault.keys_of([ANN])
    vault.close()


async def test_a_vault_moves_from_a_key_file_to_kms_and_back(kms: Any, vault_database: str, first: Path) -> None:
    vault = a_vault(vault_database, first, None)
    made = (await vault.keys_of([ANN]))[ANN].derive(b"x")
    vault.close()
    for key, expected in (
        (ALIAS, ["vault.key.2.kms"]),
        (None, ["vault.key.2.kms", "vault.key.3"]),  # of the KMS key only when it is gone is kept
    ):
        vault = a_vault(vault_database, first, key)
        await vault.epochs.rewrap()
        vault.forget()
        assert (await vault.keys_of([ANN]))[ANN].derive(b"x") == made
        assert files(first) == expected
        vault.close()


async def test_a_rewrapping_that_kms_stopped_is_gone_on_with(kms: Any, vault_database: str, first: Path) -> None:
    old = named(kms)
    vault = a_vault(vault_database, first)
    made = (await vault.keys_of([ANN]))[ANN].derive(b"x")
    kms.update_alias(AliasName=ALIAS, TargetKeyId=a_key(kms))
    disable(kms, old)  # the old keys are in memory, and a disabled key can still be deleted
    await vault.epochs.rewrap()
    third = a_key(kms)
    kms.update_alias(AliasName=ALIAS, TargetKeyId=third)
    disable(kms, third)
    with pytest.raises(VaultUnavailable, match="disabled"):
        await vault.epochs.rewrap()
    assert (await vault.epochs.status())["epoch"] == 2
    enable(kms, third)
    done = await vault.epochs.rewrap()
    assert done.epoch == 3
    vault.forget()
    assert (await vault.keys_of([ANN]))[ANN].derive(b"x") == made
    vault.close()


async def test_a_crash_between_the_deletion_and_the_end_of_the_epoch_changes_nothing_of_the_day(
    kms: Any, vault_database: str, first: Path
) -> None:
    vault = a_vault(vault_database, first, days=7)
    await vault.keys_of([ANN])
    kept = first.with_name("vault.key.1.kms")
    before = kept.read_bytes()
    day = Kms(days=7).destroy(kept)
    assert Kms(days=30).destroy(kept) == day  # the file says so
    kept.write_bytes(before)
    assert Kms(days=30).destroy(kept) == day  # KMS says so
    assert timedelta(days=6) < day - datetime.now(UTC) <= 7 * DAY
    vault.close()


# ---------------------------------------------------------------------------------------- when it does not answer


async def test_a_disabled_kms_key_closes_the_vault_of_every_running_process_within_minutes(
    kms: Any, vault_database: str, first: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Kms, "seconds", 0.0)
    vault = a_vault(vault_database, first)
    await vault.keys_of([ANN])
    disable(kms, named(kms))
    vault.forget()
    with pytest.raises(VaultUnavailable, match=r"disabled\. Enable it"):
        await vault.keys_of([ANN])
    enable(kms, named(kms))
    assert ANN in await vault.keys_of([ANN])
    vault.close()
    assert 60 <= module.SECONDS <= 600


async def test_an_outage_of_kms_stops_nobody_who_has_the_key_and_is_named_to_who_has_not(
    kms: Any, vault_database: str, first: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Kms, "seconds", 0.0)
    running = a_vault(vault_database, first)
    made = (await running.keys_of([ANN]))[ANN].derive(b"x")
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", f"http://127.0.0.1:{free_port()}")
    running.forget()
    assert (await running.keys_of([ANN]))[ANN].derive(b"x") == made
    starting = a_vault(vault_database, first)
    with pytest.raises(VaultUnavailable, match=r"vault\.key\.1\.kms cannot be opened now: AWS KMS does not answer"):
        await starting.keys_of([ANN])
    with pytest.raises(VaultUnavailable, match=r"cannot be made now: AWS KMS does not answer"):
        a_vault(vault_database, first.with_name("other.key"))
    running.close()
    starting.close()


async def test_a_login_that_may_not_and_a_place_that_is_not_named_are_said_with_the_way_out(
    kms: Any, vault_database: str, first: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = a_vault(vault_database, first)
    await vault.keys_of([ANN])
    vault.close()
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    assert Kms().open(first.with_name("vault.key.1.kms"))  # its ARN says where
    with pytest.raises(VaultUnavailable, match="Set AWS_DEFAULT_REGION"):
        a_vault(vault_database, first.with_name("other.key"))


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b'{"key": "arn:aws:kms:x"}', b"\xff\x00"])
def test_a_file_of_kms_that_is_none_is_named(first: Path, text: bytes) -> None:
    first.parent.mkdir()
    first.with_name("vault.key.1.kms").write_bytes(text)
    with pytest.raises(Setup, match=r"vault\.key\.1\.kms does not hold"):
        WrappingKeys.at(first)


def test_a_file_that_was_changed_does_not_open_as_another_key(kms: Any, first: Path) -> None:
    WrappingKeys.at(first, Kms(ALIAS))
    kept = first.with_name("vault.key.1.kms")
    said = orjson.loads(kept.read_bytes())
    kept.write_bytes(orjson.dumps(said | {"id": "0" * 16}))
    with pytest.raises(VaultUnavailable, match="not whole"):
        Kms().open(kept)
    kept.write_bytes(orjson.dumps(said | {"key": a_key(kms)}))
    with pytest.raises(VaultUnavailable):
        Kms().open(kept)


# ---------------------------------------------------------------------------------------- the ledger


def test_the_command_line_and_the_api_say_what_kms_keeps_from_them(
    kms: Any, clusters: Clusters, ledger_template: str, vault_template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Kms, "seconds", 0.0)
    with new_door(clusters.ledger, clusters.vault, vault_kms_key=ALIAS) as door:
        case = door.new_case().id
        disable(kms, named(kms))
        door.ledger.store.vault.forget()
        door.ledger.cases.forget(f"offender-{case}")
        answer = door.get(f"/offenders/{case}/chronology")
        assert answer.status_code == 503, answer.text
        assert answer.json()["detail"].startswith(f"The KMS key {named(kms)} is disabled. Enable it")
        enable(kms, named(kms))
        assert door.get(f"/offenders/{case}/chronology").status_code == 200


def test_the_command_line_names_an_outage_of_kms(
    kms: Any, open_tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LEDGER_HOME", str(open_tmp_path / "home"))
    monkeypatch.setenv("LEDGER_VAULT_KMS_KEY", ALIAS)
    assert main(["vault", "status"]) == 0
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", f"http://127.0.0.1:{free_port()}")
    assert main(["vault", "status"]) == 2
    assert "AWS KMS does not answer" in " ".join(capsys.readouterr().err.split())


def test_the_waiting_period_is_one_that_kms_takes() -> None:
    for days in ("6", "31"):
        with pytest.raises(SettingsError, match="LEDGER_VAULT_KMS_DAYS"):
            Settings.from_environment({"LEDGER_VAULT_KMS_DAYS": days})
