"""The files in which a home keeps a log's checkpoints: which they are, and how one is written so that it stays.

Proven by tests/store/test_opening.py.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, LiteralString


@dataclass(frozen=True, slots=True)
class Kept:
    """What one of the two logs is called, and where it is kept: its schema, its key file, its checkpoint file."""

    name: str
    schema: LiteralString
    key: str
    checkpoint: str


LEDGER: Final = Kept("ledger", "public", "log.key", "checkpoint")
ACCESS: Final = Kept("access log", "access", "access.key", "access-checkpoint")


def keep_newest(path: Path, size: int, note: str) -> None:
    """Write a note unless the file holds a later one: other processes of this home keep theirs in it too."""
    with _alone(path):
        if not path.exists() or size_of(path.read_bytes()) < size:
            _replace(path, note)


def size_of(note: bytes) -> int:
    """The size that a checkpoint claims; -1 for what is none."""
    lines = note.split(b"\n")
    return int(lines[1]) if len(lines) > 1 and lines[1].isdigit() and len(lines[1]) < 20 else -1


def write_synced(path: Path, text: str) -> None:
    """Replace a file by another whole one, durable when this returns."""
    with _alone(path):
        _replace(path, text)


@contextlib.contextmanager
def _alone(path: Path) -> Generator[None]:
    """No other process of this home writes the file meanwhile."""
    with open(path.with_name(f".{path.name}.lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _replace(path: Path, text: str) -> None:
    """The draft has one name for all: what a killed process leaves of it the next one overwrites."""
    draft = path.with_name(f".{path.name}.draft")
    with open(draft, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
