"""A folder of a backup: made under another name and renamed when it is whole; each of its files by its checksum.

    manifest.json       what it is of, when it was taken, under which migrations, how many rows of which table
    SHA256SUMS          of every other file, as `sha256sum --check SHA256SUMS` reads it
    <schema>.<table>.copy.gz, checkpoint, erasures.jsonl ...

Proven by tests/store/test_backup.py.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

import orjson

from ledger.errors import Setup
from ledger.store.host import sync_folder
from ledger.store.safekeeping.copying import private

FORMAT: Final = "case-ledger/backup@v1"
MANIFEST: Final = "manifest.json"
SUMS: Final = "SHA256SUMS"
ERASURES: Final = "erasures.jsonl"
PARTIAL: Final = ".partial-"
STAMP: Final = "%Y%m%dT%H%M%S.%fZ"  # of a folder, so that names sort as they were taken; then a few digits of its own
_SUM: Final = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9_][A-Za-z0-9_.-]*)")
_PIECE: Final = 1 << 20

Kind = Literal["ledger", "vault"]
Told = Callable[[int, int], None]  # so much done, of so much


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a folder says of itself.  `sizes`: of the two logs; `wrapping`: id of the key that wraps the vault's."""

    kind: Kind
    origin: str
    taken_at: datetime
    version: str  # of the software
    migrations: tuple[str, ...]
    rows: Mapping[str, int]  # by table
    sizes: Mapping[str, int]
    wrapping: str | None = None
    backup: str = FORMAT


@dataclass(frozen=True, slots=True)
class Folder:
    """A whole one."""

    path: Path
    manifest: Manifest


class Draft:
    """A folder that is being made.  Blocking."""

    def __init__(self, parent: Path, stamp: str) -> None:
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left_over in parent.glob(f"{PARTIAL}*"):
            shutil.rmtree(left_over)
        self._final = parent / stamp
        self.path = parent / f"{PARTIAL}{stamp}"
        self.path.mkdir(mode=0o700)

    def keep(self, name: str, data: bytes) -> None:
        """A small file, whole."""
        with open(self.path / name, "xb", opener=private) as file:
            file.write(data)

    def finish(self, manifest: Manifest) -> Folder:
        """Write what it says of itself, sync everything, and give it its name."""
        self.keep(MANIFEST, orjson.dumps(asdict(manifest), option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z) + b"\n")
        names = sorted(each.name for each in self.path.iterdir())
        self.keep(SUMS, "".join(f"{_digest(self.path / each)}  {each}\n" for each in names).encode())
        for each in (*names, SUMS):
            descriptor = os.open(self.path / each, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
        sync_folder(self.path)
        self.path.rename(self._final)
        sync_folder(self._final.parent)
        return Folder(self._final, manifest)

    def drop(self) -> None:
        """It is not wanted any more."""
        shutil.rmtree(self.path, ignore_errors=True)


def checked(path: Path, kind: Kind, told: Told = lambda done, of: None) -> Folder:
    """A folder, every byte of it as it was written.  Raises Setup that names what is not."""
    listed = _sums(path)
    total = sum(each.stat().st_size for name in listed if (each := path / name).is_file())
    done = 0

    def read(count: int) -> None:
        nonlocal done
        done += count
        told(done, total)

    for name, digest in listed.items():
        if not (path / name).is_file():
            raise Setup(f"The backup {path} lacks its file {name}. Use another backup.")
        if _digest(path / name, read) != digest:
            raise Setup(f"The file {path / name} is not as it was backed up: its checksum differs. Use another backup.")
    found = manifest_of(path)
    if found.kind != kind:
        raise Setup(f"{path} is a backup of the {found.kind}, not of the {kind}.")
    return Folder(path, found)


def manifest_of(path: Path) -> Manifest:
    """What a folder says of itself, its checksums not compared.  Raises Setup where it says nothing."""
    try:
        said: dict[str, Any] = orjson.loads((path / MANIFEST).read_bytes())
        read: dict[str, Any] = {
            "taken_at": datetime.fromisoformat(said["taken_at"]),
            "migrations": tuple(said["migrations"]),
        }
        found = Manifest(**(said | read))
    except (OSError, ValueError, LookupError, TypeError) as wrong:
        raise Setup(f"The file {path / MANIFEST} is not that of a backup. Use another backup.") from wrong
    if found.backup != FORMAT:
        raise Setup(f"{path} is a backup of the form {found.backup}; this release reads {FORMAT}.")
    return found


def within(parent: Path) -> list[Path]:
    """The backups of a folder, the newest first; none that a crash left, or somebody took away, in part."""
    return sorted((each for each in parent.glob("*Z-*") if (each / SUMS).is_file()), reverse=True)


def expired(parent: Path, origin: str, days: int, now: datetime) -> list[Path]:
    """Those of a folder that have been kept for longer than they may be; not another ledger's, where that is told."""
    found: list[Path] = []
    for each in parent.glob("*Z-*"):
        try:
            taken = datetime.strptime(each.name.partition("-")[0], STAMP).replace(tzinfo=UTC)
        except ValueError:
            continue
        if taken + timedelta(days=days) < now and _is_of(each, origin):
            found.append(each)
    return sorted(found)


def _is_of(path: Path, origin: str) -> bool:
    """What is damaged, or was taken away in part, counts as ours."""
    try:
        return manifest_of(path).origin == origin
    except Setup:
        return True


def remove(path: Path) -> None:
    """What a crash leaves of it is taken away the next time."""
    for each in path.iterdir():
        each.unlink()
    path.rmdir()
    sync_folder(path.parent)


def _sums(path: Path) -> dict[str, str]:
    try:
        *lines, end = (path / SUMS).read_bytes().decode("ascii").split("\n")
    except (OSError, ValueError) as problem:
        raise Setup(f"{path} is no whole backup: its {SUMS} cannot be read. Use another backup.") from problem
    found = {match[2]: match[1] for line in lines if (match := _SUM.fullmatch(line))}
    if end or len(found) != len(lines) or MANIFEST not in found:
        raise Setup(f"The file {path / SUMS} is damaged. Use another backup.")
    return found


def _digest(path: Path, read: Callable[[int], None] = lambda count: None) -> str:
    made = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            made.update(piece)
            read(len(piece))
    return made.hexdigest()
