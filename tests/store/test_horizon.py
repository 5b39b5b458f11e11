"""The horizon: with every file of the vault's server in hand, and every wrapping key that is left, nothing old opens.

Whoever has a copy of the disk has more than the tables: rows that were changed lie on between the others, in the
write-ahead log, in backups. So every possible wrapped key is carved out of the bytes, not asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.conftest import Clusters
from tests.store.test_vault import ANN, CHILD
from tests.store.test_vault_epochs import opened
from tests.store.test_vault_erasing import an_order

from ledger.errors import VaultUnavailable
from ledger.privacy.sealing import Box, DataKey, open_box, seal
from ledger.store.embedded import EmbeddedCluster
from ledger.store.vault import WrappingKey, secret_file

pytestmark = pytest.mark.anyio

ORIGIN, FACT, VALUES = "ledger.example", "019a0000-0000-7000-8000-000000000001", {"name": "Kit"}
WRAPPED = 12 + 32 + 16  # nonce, key, tag
_SHORT = bytes([(WRAPPED + 1) << 1 | 1])  # PostgreSQL's header of so many bytes in a row
_CANDIDATE = re.compile(re.escape(_SHORT) + b"(?=(.{%d}))" % WRAPPED, re.DOTALL)
_DISTINCT = 36  # of 60 random bytes some 53 differ; fewer than this many do so never


def carved(folder: Path) -> Iterator[bytes]:
    """Whatever in the files of a cluster may be a wrapped key, its write-ahead log included."""
    seen: set[bytes] = set()
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        for found in _CANDIDATE.finditer(path.read_bytes()):
            if found[1] not in seen and len(set(found[1])) >= _DISTINCT:
                seen.add(found[1])
                yield found[1]


def opening(candidates: Iterable[bytes], key_id: str, wrapping: list[WrappingKey]) -> list[bytes]:
    """The keys that come out with any of these wrapping keys under the name of the key."""
    found: list[bytes] = []
    for each in candidates:
        for key in wrapping:
            try:
                found.append(key.unwrap(each, key_id))
            except VaultUnavailable:
                continue
    return found


def at_hand(folder: Path) -> list[WrappingKey]:
    return [WrappingKey(secret_file(each)) for each in folder.iterdir()]


def written(clusters: Clusters) -> Path:
    """The folder of the vault's server, with everything in its files."""
    vault: EmbeddedCluster = clusters.vault
    with psycopg.connect(vault.conninfo("postgres", "postgres"), autocommit=True) as connection:
        connection.execute("CHECKPOINT")
    return vault.folder / "data"


@pytest.fixture
def uncompressed(clusters: Clusters) -> None:
    """What the vault writes into its log lies there as it is: to unpack pages is the thief's least trouble."""
    with psycopg.connect(clusters.vault.conninfo("postgres", "postgres"), autocommit=True) as connection:
        connection.execute(f"ALTER ROLE {clusters.vault.app_role} SET wal_compression = off".encode())


@pytest.mark.slow
@pytest.mark.usefixtures("uncompressed")
async def test_every_wrapped_key_carved_from_disk_and_log_opens_no_old_ciphertext_once_the_epoch_has_ended(
    clusters: Clusters, vault_database: str, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    async with opened(vault_database, keys / "vault.key") as vault:
        made = await vault.keys_of([CHILD, ANN])
        await vault.epochs.rewrap()  # so that they lie about as two epochs wrapped them
        gone, kept = made[CHILD], made[ANN]
        boxes = {key.id: seal(ORIGIN, FACT, key, VALUES)[1] for key in (gone, kept)}
        order = an_order(CHILD)
        await vault.erasures.begin(order)
        await vault.erasures.destroy(order.id)
        assert read(boxes, gone.id, carved(written(clusters)), at_hand(keys)) == [VALUES]  # destroyed in the table only

        await vault.epochs.rewrap()
        everything = list(carved(written(clusters)))
        assert read(boxes, gone.id, everything, at_hand(keys)) == []
        assert read(boxes, kept.id, everything, at_hand(keys)) == [VALUES]  # the carving works
        assert (await vault.epochs.status())["horizon"] is not None


def read(boxes: dict[str, Box], key_id: str, candidates: Iterable[bytes], wrapping: list[WrappingKey]) -> list[Any]:
    """What an old ciphertext says by the keys that come out of these candidates."""
    found = set(opening(candidates, key_id, wrapping))
    return [open_box(ORIGIN, FACT, DataKey(key_id, each), boxes[key_id]) for each in found]
