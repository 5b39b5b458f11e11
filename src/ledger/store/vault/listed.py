"""The list of erasures, in a file outside both clusters: what a restored vault must destroy again.

    {"erasure": "<id>", "on": "2026-05-04", "owners": [["child-019a…", "child"], …], "keys": ["<key id>", …],
     "ground": "CHILD_REMOVED", "by": ["<who asked>", "<who approved>"]}

One line of JSON each, synced before the keys are destroyed, so that no backup is older than what it must be told.
Random ids, codes and the day, no names: the owners, so that none of them has a key again where the backup knew of none;
ground and staff ids, so that a ledger restored from before can be told too.  A line that a crash cut short was never
acknowledged: the next one is written in its place.  An erasure that came to more than was planned has a further line,
and is all that its lines say.  The list is replayed whenever a ledger is opened.

Proven by tests/store/test_vault_listed.py.
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from ledger.errors import Setup, VaultUnavailable
from ledger.privacy.owners import Owner
from ledger.store.host import sync_folder


@dataclass(frozen=True, slots=True)
class Listed:
    """An erasure as listed.  `on`: the day; `by`: who asked, who approved."""

    id: UUID
    on: date
    owners: tuple[Owner, ...]
    keys: tuple[str, ...]
    ground: str
    by: tuple[str, str]


class ErasureList:
    """The file.  Any number of processes may add to it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, erasure: Listed) -> None:
        """Blocking: synced when this returns; once, however often it is asked.  Raises VaultUnavailable."""
        try:
            self._add(erasure)
        except OSError as problem:
            raise VaultUnavailable(
                f"The list of erasures {self.path.name} cannot be written. Nothing was destroyed; mend that first."
            ) from problem

    def _add(self, erasure: Listed) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = not self.path.exists()
        with os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            text = file.read()
            whole = text.rfind(b"\n") + 1
            known = (each for each in _read(text[:whole]) if each.id == erasure.id)
            if any({*erasure.owners, *erasure.keys} <= {*each.owners, *each.keys} for each in known):
                return
            file.seek(whole)
            file.truncate()
            file.write(_line(erasure))
            file.flush()
            os.fsync(file.fileno())
        if new:
            sync_folder(self.path.parent)

    def all(self) -> list[Listed]:
        """Every erasure, in order.  Raises Setup for a line that is none."""
        if not self.path.exists():
            return []
        text = self.path.read_bytes()
        found: dict[UUID, Listed] = {}
        for each in _read(text[: text.rfind(b"\n") + 1]):
            before = found.get(each.id, each)
            owners, keys = dict.fromkeys((*before.owners, *each.owners)), dict.fromkeys((*before.keys, *each.keys))
            found[each.id] = replace(each, owners=tuple(owners), keys=tuple(keys))
        return list(found.values())


def _line(erasure: Listed) -> bytes:
    said: dict[str, Any] = {
        "erasure": str(erasure.id),
        "on": erasure.on.isoformat(),
        "owners": [list(each) for each in erasure.owners],
        "keys": list(erasure.keys),
        "ground": erasure.ground,
        "by": list(erasure.by),
    }
    return orjson.dumps(said) + b"\n"


def _read(text: bytes) -> list[Listed]:
    found: list[Listed] = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            said = orjson.loads(line)
            owners = tuple(Owner(str(name), str(kind)) for name, kind in said["owners"])
            keys = tuple(str(UUID(each)) for each in said["keys"])
            asked, approved = map(str, said["by"])
            day = date.fromisoformat(said["on"])
            found.append(Listed(UUID(said["erasure"]), day, owners, keys, str(said["ground"]), (asked, approved)))
        except (ValueError, LookupError, TypeError, AttributeError) as wrong:
            raise Setup(f"Line {number} of the list of erasures is none. Restore the file from its backup.") from wrong
    return found
