"""A wrapping key that AWS KMS gives and takes: on our disk it lies encrypted under a KMS key.

    keys/vault.key.2.kms     {"key": "<ARN of the KMS key>", "id": "<id of the wrapping key>", "wrapped": "<base64>"}
    after its epoch          {"key": "<ARN>", "gone": "<instant>"}

KMS generates the wrapping key of an epoch (GenerateDataKey) and decrypts it (Decrypt); wrapping is done here, so one
call serves all keys of the vault.  The plaintext is in memory only and is asked for again every SECONDS: a KMS key that
was disabled closes the vault of every running process within them, while an outage of KMS stops none that has the key.

A copy of the file opens for as long as its KMS key lives, so each epoch has a KMS key of its own: point
LEDGER_VAULT_KMS_KEY (best an alias) at a new one, run `ledger vault rewrap`, and the deletion of the old one is
scheduled (ScheduleKeyDeletion) with the waiting period of LEDGER_VAULT_KMS_DAYS.  Until that is over it could be called
off; so the epoch ends, and what was erased before has its horizon, on the day that KMS names.

Where KMS is, and as whom we come: as AWS's own tools are told (AWS_DEFAULT_REGION, AWS_PROFILE, AWS_ENDPOINT_URL_KMS).

Proven by tests/store/test_vault_kms.py: moto's KMS, and an address where nobody listens.
"""

from __future__ import annotations

import base64
import importlib
import os
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Final, cast

import orjson

from ledger.errors import Setup, VaultUnavailable
from ledger.store.host import sync_folder
from ledger.store.vault.key_files import WrappingKey, write_once

SUFFIX: Final = ".kms"
SECONDS: Final = 300.0
DAYS: Final = 30
_FOR: Final = {"of": "case-ledger vault"}  # encryption context: a blob of another use does not decrypt here
_PATIENCE: Final = {"connect_timeout": 3, "read_timeout": 5, "retries": {"total_max_attempts": 2}}
_WAYS_OUT: Final = {
    "DisabledException": "is disabled. Enable it",
    "KMSInvalidStateException": "is not usable in the state it is in. Cancel its deletion, or enable it",
    "NotFoundException": "does not exist. Name the right one, or put back the file that belongs to it",
    "AccessDeniedException": "may not be used by this login. Allow kms:GenerateDataKey, Decrypt, DescribeKey and"
    " ScheduleKeyDeletion",
    "InvalidCiphertextException": "did not encrypt this file. Put the file back from its backup",
    "IncorrectKeyException": "did not encrypt this file. Put the file back from its backup",
}


class Kms:
    """The provider of wrapping keys that AWS KMS stands behind (wrapping.Provider)."""

    seconds: ClassVar[float] = SECONDS

    def __init__(self, key: str | None = None, days: int = DAYS) -> None:
        """`key`: ARN, id or alias of the KMS key of the next epoch, None where no more are made here; `days`: the
        waiting period of a deletion, 7 to 30."""
        self.key = key
        self._days = days

    def path(self, first: Path, number: int) -> Path:
        return first.with_name(f"{first.name}.{number}{SUFFIX}")

    def make(self, path: Path, earlier: Collection[Path]) -> None:
        assert self.key is not None
        name = self.key
        made = _asked(name, lambda kms: kms.generate_data_key(KeyId=name, KeySpec="AES_256", EncryptionContext=_FOR))
        if any(each.name.endswith(SUFFIX) and _read(each)["key"] == made["KeyId"] for each in earlier):
            raise Setup(
                "LEDGER_VAULT_KMS_KEY still names the KMS key of an epoch that is to end, whose deletion would take the"
                " new epoch with it. Make another KMS key, name that, and try again."
            )
        wrapped = base64.b64encode(made["CiphertextBlob"]).decode()
        said = {"key": made["KeyId"], "id": WrappingKey(made["Plaintext"]).id, "wrapped": wrapped}
        write_once(path, orjson.dumps(said).decode() + "\n")

    def id(self, path: Path) -> str | None:
        return _read(path).get("id")

    def open(self, path: Path) -> WrappingKey:
        said = _read(path)
        blob = base64.b64decode(said["wrapped"])
        opened = _asked(
            said["key"], lambda kms: kms.decrypt(CiphertextBlob=blob, KeyId=said["key"], EncryptionContext=_FOR)
        )
        key = WrappingKey(opened["Plaintext"])
        if key.id != said["id"]:
            raise VaultUnavailable(f"The file {path.name} is not whole. Put it back from its backup.")
        return key

    def destroy(self, path: Path) -> datetime:
        said = _read(path)
        if "gone" in said:
            return datetime.fromisoformat(said["gone"])
        gone = _asked(said["key"], lambda kms: _deleted(kms, said["key"], self._days))
        draft = path.with_name(f".{path.name}.gone")
        draft.unlink(missing_ok=True)
        write_once(draft, orjson.dumps({"key": said["key"], "gone": gone.isoformat()}).decode() + "\n")
        os.replace(draft, path)
        sync_folder(path.parent)
        return gone


def _read(path: Path) -> dict[str, str]:
    """What a file says.  Raises Setup."""
    try:
        said = cast("dict[str, str]", orjson.loads(path.read_bytes()))
        if said["key"] and ("gone" in said or (said["id"] and said["wrapped"])):
            return said
    except (ValueError, LookupError, TypeError, AttributeError):
        pass
    raise Setup(f"The file {path.name} does not hold a wrapping key of KMS. Put it back from its backup.")


def _deleted(kms: Any, key: str, days: int) -> datetime:
    """Schedule the deletion, unless that was done before; the moment from which it cannot be called off."""
    try:
        found = kms.describe_key(KeyId=key)["KeyMetadata"]
        if found["KeyState"] != "PendingDeletion":
            found = kms.schedule_key_deletion(KeyId=found["KeyId"], PendingWindowInDays=days)
    except kms.exceptions.NotFoundException:
        return datetime.now(UTC)
    return cast("datetime", found["DeletionDate"]).astimezone(UTC)


def _asked(key: str, ask: Callable[[Any], Any]) -> Any:
    """KMS's answer.  Raises OSError where there was none, VaultUnavailable where it refuses, Setup without boto3."""
    try:
        boto3: Any = importlib.import_module("boto3")
        botocore: Any = importlib.import_module("botocore.exceptions")
        config: Any = importlib.import_module("botocore.config")
    except ImportError as missing:
        raise Setup("AWS KMS needs the package boto3. Install it: pip install 'case-ledger[kms]'.") from missing
    region = key.split(":")[3] if key.startswith("arn:") else None
    try:
        client = boto3.session.Session().client("kms", region_name=region, config=config.Config(**_PATIENCE))
        return ask(client)
    except botocore.ClientError as refused:
        code = str(refused.response.get("Error", {}).get("Code", "unknown"))
        says = _WAYS_OUT.get(code, f"was refused ({code}). See what KMS says of it")
        raise VaultUnavailable(f"The KMS key {key} {says}; no name can be read or sealed without it.") from refused
    except (botocore.NoRegionError, botocore.NoCredentialsError, botocore.PartialCredentialsError) as lacking:
        raise VaultUnavailable(
            f"The KMS key {key} cannot be asked for: {_sentence(lacking)}. Set AWS_DEFAULT_REGION and the login, as"
            " AWS's own tools want them."
        ) from lacking
    except botocore.BotoCoreError as silent:
        raise OSError(f"AWS KMS does not answer for {key} ({type(silent).__name__})") from silent


def _sentence(problem: Exception) -> str:
    return str(problem).rstrip(".")
