"""The verb `ledger document`: put a document beside the record, or take it out again.

Proven by tests/test_cli.py.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any
from uuid import uuid4

from ledger.aggregates.documents import DocumentStored
from ledger.application import Ledger
from ledger.application.documents import LARGEST, Document
from ledger.askers import actor_of, reader_of
from ledger.commands import Acknowledged, Command
from ledger.errors import Setup
from ledger.verbs import out, say, with_ledger

MEDIA_OF: dict[str, str] = {
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
}


def document(given: argparse.Namespace) -> int:
    """`ledger document put` or `ledger document get`."""
    noun, _, name = str(given.id).rpartition("/")
    return _put(given, noun or "offender", name) if given.what == "put" else _get(given, noun or "offender", name)


def _put(given: argparse.Namespace, noun: str, name: str) -> int:
    by, file = actor_of(given), Path(given.file)
    if not file.is_file():
        raise Setup(f"There is no file {file}.")
    if file.stat().st_size > LARGEST:
        raise Setup(f"{file} is larger than a document may be: {LARGEST:,} bytes.")
    media = MEDIA_OF.get(file.suffix.lower())
    if media is None:
        raise Setup(f"A document ends in one of {', '.join(MEDIA_OF)}.")
    told: dict[str, Any] = {"doc_id": given.doc_id, "media_type": media}
    told |= {name: value for name in ("kind", "marking") if (value := getattr(given, name)) is not None}
    command = Command(DocumentStored.act, noun, name, told, by, key=uuid4())

    async def use(ledger: Ledger) -> Acknowledged:
        return await ledger.store_document(command, file.read_bytes())

    done = with_ledger(use)
    [event] = done.body["events"]
    say(given, done.body, lambda: out.print(f"stored at position {event['position']}", markup=False))
    return 0


def _get(given: argparse.Namespace, noun: str, name: str) -> int:
    by = reader_of(given)

    async def use(ledger: Ledger) -> Document:
        return await ledger.document(noun, name, given.doc_id, reader=by)

    found = with_ledger(use)
    file: Path = given.file
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:  # its reader asked for it
        opened.write(found.data)
    body = {"file": str(file), "bytes": len(found.data), "media_type": found.media_type}
    say(given, body, lambda: out.print(f"{file}: {len(found.data):,} bytes", markup=False, soft_wrap=True))
    return 0
