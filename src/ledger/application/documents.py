"""Documents: in through memory into encrypted parts, out through memory to those entitled; never in clear on a disk.

    await documents.store(command, data)                the bytes, then the fact that commits to them
    await documents.open("offender-019a…", doc_id, reader)

Stored is what its type says it is (the first bytes are looked at), at most 10 MB.  Who opens a document stands in
rules.data_protection (`opened_by`), by its marking, and one about a child only in a role that reads values about
children (ledger.disclosing.table), whatever its marking: our reading.  That it is opened is sealed in the access log
first.

Proven by tests/api/test_documents.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final, TypeVar
from uuid import uuid4

from ledger import logs
from ledger.access.purposes import Reader
from ledger.access.readings import Readings, Screen, people_of, target_of
from ledger.aggregates.documents import MEDIA, DocumentStored, stored_in
from ledger.aggregates.shape import Closed, Erased, Recorded
from ledger.application.entitling import Entitling
from ledger.application.executing import Executing
from ledger.application.patience import in_time
from ledger.commands import Acknowledged, Command, authorise, draft_of, fact_class_of
from ledger.disclosing.seeing import may_open
from ledger.disclosing.table import FieldClass
from ledger.errors import (
    DatabaseUnavailable,
    Forbidden,
    LedgerError,
    Malformed,
    NotFound,
    OutcomeUnknown,
    TooLarge,
    Unavailable,
    UnsupportedMedia,
    VaultUnavailable,
)
from ledger.privacy.owners import Owner
from ledger.privacy.sealing import Unreadable
from ledger.rules.data_protection import opened_by
from ledger.store.cases import Cases
from ledger.store.documents import Files, opened, shut
from ledger.store.opening import ROLES, Store

log = logging.getLogger(__name__)
T = TypeVar("T")
LARGEST: Final = 10_000_000  # bytes
BYTES_WANTED: Final = "Send the document itself: PUT …/documents/{doc_id}, or ledger document put."
_BEGINS: Final[dict[str, tuple[bytes, ...]]] = {
    "application/pdf": (b"%PDF-",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/tiff": (b"II*\x00", b"MM\x00*"),
}
_OPENS: Final = {DocumentStored.topic: ("document",)}
_OF_A_CHILD: Final = (
    "This document is about a child, and is opened in roles that may read of children (docs/disclosing.md); not by "
    "{role}."
)


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it was stored."""

    doc_id: str
    media_type: str
    data: bytes


class Documents:
    """The documents of an open ledger."""

    def __init__(
        self, store: Store, cases: Cases, executing: Executing, entitling: Entitling, readings: Readings
    ) -> None:
        self._store, self._cases, self._executing = store, cases, executing
        self._entitling, self._readings = entitling, readings
        self._files = Files(store.conninfo(), ROLES["ledger"])

    async def store(self, command: Command, data: bytes) -> Acknowledged:
        """Store a document by the command StoreDocument, whose data lack what follows from the bytes.

        Raises what Ledger.execute does, TooLarge, UnsupportedMedia.
        """
        _check(str(command.data.get("media_type")), data)
        told = {"size": len(data), "document": f"sha256:{sha256(data).hexdigest()}"}
        command = replace(command, data={**command.data, **told})
        authorise(command, fact_class_of(command))
        draft_of(command, DocumentStored)
        await self._entitling.check_command(command)
        again = await self._in_time(self._executing.receipt_of(command, self._executing.digest(command)))
        if again is not None:
            return again
        if not (await self._in_time(self._store.database.newest(command.stream))).case:
            raise NotFound(f"There is no {command.noun} {command.id}.")
        file_id = str(uuid4())
        owner = _owner_of(command)
        key = (await self._in_time(self._store.vault.keys_of([owner]), VaultUnavailable))[owner]
        parts = await asyncio.to_thread(shut, self._store.origin, file_id, key, data)
        await self._in_time(self._files.keep(file_id, parts))
        try:
            done = await self._executing.execute(command, completed={"file_id": file_id})
        except OutcomeUnknown:
            raise  # it may stand
        except LedgerError:
            await self._dropped(file_id)
            raise
        if done.repeated:
            await self._dropped(file_id)
        return done

    async def open(self, stream: str, doc_id: str, reader: Reader) -> Document:
        """A document, opened to memory.

        Raises NotFound, also for one that was erased, Forbidden, LimitedAccess, AccessLogUnavailable; Unreadable for
        one that is damaged.
        """
        stored = await self._in_time(self._store.database.chain(stream))
        await self._entitling.check(reader.by, stream, stored)
        own = [each for each in stored if each.members["stream"] == stream]
        records = await self._in_time(self._cases.records(own, _OPENS, leaving=True), VaultUnavailable)
        found = stored_in(records).get(doc_id)
        if found is None:
            raise NotFound(f"There is no document {doc_id[:40]} stored here.")
        allowed = opened_by(found.fact.marking)
        if reader.by.role not in allowed:
            raise Forbidden(f"This document is opened by {', '.join(sorted(allowed))}; not by {reader.by.role}.")
        if found.fact.child_id is not None and not may_open(reader.by, FieldClass.CHILD):
            raise Forbidden(_OF_A_CHILD.format(role=reader.by.role))
        policy = (await self._in_time(self._cases.policy(fresh=True))).policy
        screen = Screen(target_of(stream), f"document {doc_id}", found.position, people=people_of(_OPENS))
        await self._readings.begin(reader, screen, {stream, *found.about}, policy.version).sealed()
        return Document(doc_id, found.fact.media_type, await self._bytes(found))

    async def sweep(self) -> None:
        """Remove what a crash left, and say how much; nothing is raised: it is done at the next start otherwise."""
        if self._store.read_only is not None:
            return
        with contextlib.suppress(LedgerError):
            if count := await self._in_time(self._files.sweep()):
                log.warning("documents that no fact names were removed", extra=logs.told(documents=count))

    async def counted(self) -> dict[str, int]:
        """How many documents are kept, and how many lie there that no fact names, or not yet."""
        kept, unnamed = await self._in_time(self._files.counted())
        return {"kept": kept, "unnamed": unnamed}

    async def _bytes(self, found: Recorded[DocumentStored]) -> bytes:
        fact = found.fact
        if isinstance(fact.document, Erased):
            raise NotFound(f"The document {fact.doc_id} is erased: {fact.document}.")
        parts = await self._in_time(self._files.of(fact.file_id or ""))
        keys = await self._in_time(self._store.vault.keys_by_id({each.key_id for each in parts}), VaultUnavailable)
        if not parts or len(keys) != 1 or isinstance(fact.document, Closed):
            raise Unreadable(f"the document {fact.doc_id} of the fact at {found.position} is not beside it")
        [key] = keys.values()
        data = await asyncio.to_thread(opened, self._store.origin, fact.file_id or "", key, parts)
        if f"sha256:{sha256(data).hexdigest()}" != fact.document:
            raise Unreadable(f"the document beside the fact at {found.position} is not the one committed to")
        return data

    async def _dropped(self, file_id: str) -> None:
        """What cannot be removed just now stays encrypted, and goes with its owner."""
        with contextlib.suppress(LedgerError):
            await self._in_time(self._files.drop(file_id))

    async def _in_time(self, reading: Awaitable[T], late: type[Unavailable] = DatabaseUnavailable) -> T:
        return await in_time(self._store.deadline, reading, late)


def _check(media_type: str, data: bytes) -> None:
    if len(data) > LARGEST:
        raise TooLarge(f"A document is at most {LARGEST:,} bytes.")
    if media_type not in MEDIA:
        raise UnsupportedMedia(f"Send a document as one of {', '.join(MEDIA)}.")
    if not data.startswith(_BEGINS[media_type]):
        raise Malformed(f"These bytes are no {media_type}.", {"body": "not of the type it is sent as"})


def _owner_of(command: Command) -> Owner:
    """The child that the document is about, else the case or placement it lies with."""
    child_id: Any = command.data.get("child_id")
    return Owner(f"child-{child_id}", "child") if isinstance(child_id, str) else Owner(command.stream, "case")
