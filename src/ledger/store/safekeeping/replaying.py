"""Every erasure that was carried out since a backup, carried out again in what was restored from it.

What was erased is told by the list in the home, by the lists beside both backups, by those that `--erasures` names, and
by the ledger itself: an erasure's fact names the keys it destroyed.  All of it goes into the list of the home first, so
that the next start would go on where this one is stopped; then the keys are destroyed in the vault, their owners never
have one again, and in the ledger their ciphertexts are deleted and the keys fenced.

Whoever opens the ledger goes on with them: an erasure whose fact is there is closed, one without is told.  So is one
whose fact lies beyond the end of a ledger that is restored with a loss: it is open again.

Proven by tests/store/test_restore.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, LiteralString
from uuid import UUID

import orjson
import psycopg
from psycopg import sql

from ledger.errors import Setup
from ledger.privacy.owners import Owner
from ledger.store.checkpoint_files import ACCESS, LEDGER
from ledger.store.opening import Place
from ledger.store.vault import STATEMENTS, Vault, WrappingKeys
from ledger.store.vault.listed import ErasureList, Listed

# The facts of an erasure (ledger-format.md: "Erasure facts list the key ids destroyed"), or what looks like one.
_FACTS: Final[LiteralString] = "SELECT entry FROM entries WHERE entry LIKE %s ORDER BY position"
_TOPIC: Final = ".data-erased."
_CHILD: Final = "child"
_BY_A_RESTORE: Final = "restore"  # in the place of who approved: the fact names one person


@dataclass(frozen=True, slots=True)
class Told:
    """An erasure that the ledger has a fact of.  `persons`: whose, as far as the fact names them."""

    id: UUID
    on: date
    persons: tuple[Owner, ...]
    keys: frozenset[UUID]
    by: str


async def replay(
    home: Path, ledger: Place, vault: Place, wrapping: WrappingKeys, lists: Sequence[Path], size: int
) -> int:
    """Carry out again what `lists` and the ledger of `size` facts say; how many erasures the vault did not know.

    Raises Setup for a list that is damaged, VaultUnavailable, psycopg.Error.
    """
    own = ErasureList(home / "erasures.jsonl")
    listed = own.all()
    for path in lists:
        if not path.is_file():
            raise Setup(f"There is no list of erasures {path}.")
        listed += ErasureList(path).all()
    there = {*_destroyed(vault.owner()), *(UUID(key) for each in listed for key in each.keys)}
    listed += [_listed(each, vault.owner()) for each in _told(ledger.owner()) if not each.keys <= there]
    for each in listed:
        own.add(each)
    _open_again(vault.owner(), size)
    kept = Vault(lambda: vault.connect(STATEMENTS), wrapping)
    try:
        again = await kept.erasures.replay()
    finally:
        kept.close()
    _delete(ledger.owner(), sorted(there | _destroyed(vault.owner())))
    return len(again)


def lacking(ledger: Place, vault: Place) -> int:
    """How many keys the ledger's ciphertexts lie under that this vault has never had: a vault older than the ledger."""
    wanted: set[UUID] = set()
    with psycopg.connect(ledger.owner()) as connection:
        for each in (LEDGER, ACCESS):
            query = sql.SQL("SELECT DISTINCT key_id FROM {}").format(sql.Identifier(each.schema, "sealed_values"))
            wanted |= {row[0] for row in connection.execute(query)}
    with psycopg.connect(vault.owner()) as connection:
        return len(wanted - {row[0] for row in connection.execute("SELECT key_id FROM keys")})


def _told(conninfo: str) -> list[Told]:
    found: list[Told] = []
    with psycopg.connect(conninfo) as connection:
        for (entry,) in connection.execute(_FACTS, (f"%{_TOPIC}%".encode(),)):
            said: dict[str, Any] = orjson.loads(entry)
            if _TOPIC in said["type"]:
                keys = frozenset(UUID(each) for each in said["values"]["key_ids"])
                on = date.fromisoformat(said["values"]["erased_on"])
                found.append(Told(UUID(said["id"]), on, _persons(said), keys, said["by"]["id"]))
    return found


def _persons(said: dict[str, Any]) -> tuple[Owner, ...]:
    """Whom the fact of an erasure names; of third parties, and of what else goes, the vault knows the owners."""
    stream, subject = said["stream"], said["values"].get("subject_id")
    if subject is None:
        return (Owner(stream, _CHILD),) if stream.startswith(f"{_CHILD}-") else ()
    return {
        "OFFENDER": (Owner(stream, "case"),),
        "VICTIM": (Owner(f"victim-{subject}", "victim"), Owner(stream, "victim")),
    }.get(said["values"]["kind"], (Owner(stream, "third-party"),))


def _listed(fact: Told, vault: str) -> Listed:
    """As it would stand in the list: whose the keys are says the vault, where it has them.

    Only of what this vault has not destroyed: else a key that a stream was given since would go with it.
    """
    query = "SELECT DISTINCT owner, retention FROM keys WHERE key_id = ANY(%s) ORDER BY 1, 2"
    with psycopg.connect(vault) as connection:
        rows = connection.execute(query, (list(fact.keys),)).fetchall()
    owners = tuple(sorted({*fact.persons, *(Owner(*row) for row in rows)}))
    return Listed(fact.id, fact.on, owners, tuple(sorted(map(str, fact.keys))), "RECORDED", (fact.by, _BY_A_RESTORE))


def _open_again(vault: str, size: int) -> None:
    with psycopg.connect(vault) as connection:
        connection.execute(
            "UPDATE erasures SET step = 'destroyed', position = NULL, closed_at = NULL, finalised_at = NULL"
            " WHERE step IN ('closed', 'finalised') AND position > %s",
            (size,),
        )


def _destroyed(vault: str) -> set[UUID]:
    with psycopg.connect(vault) as connection:
        return {row[0] for row in connection.execute("SELECT key_id FROM keys WHERE wrapped IS NULL")}


def _delete(ledger: str, keys: Sequence[UUID]) -> None:
    """What lies in either log under a key that is destroyed; and nothing is ever sealed under it again."""
    with psycopg.connect(ledger) as connection:
        for each in (LEDGER, ACCESS):
            values, fenced = (sql.Identifier(each.schema, name) for name in ("sealed_values", "fenced_keys"))
            connection.execute(sql.SQL("DELETE FROM {} WHERE key_id = ANY(%s)").format(values), (keys,))
            connection.execute(
                sql.SQL("INSERT INTO {} (key_id) SELECT unnest(%s::uuid[]) ON CONFLICT DO NOTHING").format(fenced),
                (keys,),
            )
