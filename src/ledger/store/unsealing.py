"""`ledger verify --values`: every ciphertext is opened, and each value compared with the commitment in its entry.

AES-GCM alone does not bind a ciphertext to one plaintext; the commitment, which the tree holds, does.  What is found
names the position and what lies there, a path or a key, and never a value.  A key that the vault no longer has, a
ciphertext that is gone, altered or somebody else's: each is a finding, unless a sealed fact says that the key was
destroyed; then it is one if the ciphertext is still there.

A document is opened too, in all its parts, and held against the digest that its entry commits to.  Proven by
tests/store/test_tampering.py, tests/erasing/test_values.py and tests/store/test_documents_kept.py.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import psycopg

from ledger.errors import VaultUnavailable
from ledger.privacy.sealing import Box, DataKey, Unreadable, holds, open_box
from ledger.store.documents import opened
from ledger.store.erased import erased_among
from ledger.store.mapping import Stored
from ledger.transparency.verify import Finding

Keys = Callable[[Collection[bytes]], Mapping[bytes, DataKey]]
"""The keys of these 16-byte ids that the vault still has.  Raises VaultUnavailable."""

VALUE_CODES: Final[Mapping[str, str]] = {
    "value-missing": "no ciphertext lies beside an entry for values it commits to",
    "value-unknown": "a ciphertext lies beside an entry that commits to nothing under its key",
    "value-key-missing": "the vault has no key for a ciphertext",
    "value-not-erased": "a ciphertext lies beside an entry under a key that was destroyed",
    "value-unreadable": "a ciphertext does not open under its key, or the key not under the vault's key file",
    "value-differs": "a value is not the one that its entry commits to",
    "file-missing": "a document that an entry commits to does not lie beside it",
    "file-not-erased": "a document lies beside an entry under a key that was destroyed",
    "file-unreadable": "a document does not open, whole and in order, under the key of its entry",
    "file-differs": "a document is not the one that its entry commits to",
}

_DOCUMENT: Final = "document"
_BOXES: Final = """
    SELECT position, key_id, nonce, ciphertext FROM sealed_values WHERE position BETWEEN %s AND %s
    ORDER BY position, key_id
"""


_PARTS: Final = "SELECT key_id, nonce, ciphertext FROM public.file_parts WHERE file_id = %s ORDER BY part"


@dataclass(slots=True)
class Unsealing:
    """The sealed values of a ledger, opened as its entries are read.  `held`, and `files` of documents: how many were
    what was committed to."""

    keys: Keys
    held: int = 0
    files: int = 0

    def take(self, connection: psycopg.Connection, origin: str, entries: Sequence[tuple[int, bytes]]) -> list[Finding]:
        """Open what lies beside these entries (position, bytes; in order of position).

        Raises VaultUnavailable where no key can be had, psycopg.OperationalError.
        """
        boxes: dict[int, dict[str, Box]] = {}
        for position, key_id, nonce, data in connection.execute(_BOXES, (entries[0][0], entries[-1][0])):
            boxes.setdefault(position, {})[str(key_id)] = Box(key_id.bytes, nonce, data)
        had, refused = _fetched({box.key_id for found in boxes.values() for box in found.values()}, self.keys)
        findings: list[Finding] = []
        read: list[tuple[int, Stored, dict[str, dict[str, str]]]] = []
        for position, data in entries:
            try:
                stored = Stored.of(position, data)
                read.append((position, stored, _by_key(stored)))
            except (ValueError, TypeError, LookupError, AttributeError):
                continue  # no entry any more, which the oracle says
        erased = erased_among(connection, {each for _, _, promised in read for each in promised})
        for position, stored, promised in read:
            beside = boxes.get(position, {})
            gone = sorted(promised.keys() - beside.keys() - erased)
            findings += [_finding("value-missing", stored, promised[key_id], key_id) for key_id in gone]
            for key_id, box in beside.items():
                paths = promised.get(key_id, {})
                if not paths:
                    findings.append(_finding("value-unknown", stored, paths, key_id))
                elif key_id in erased:
                    findings.append(_finding("value-not-erased", stored, paths, key_id))
                elif box.key_id in refused:
                    findings.append(_finding("value-unreadable", stored, paths, key_id))
                elif box.key_id not in had:
                    findings.append(_finding("value-key-missing", stored, paths, key_id))
                else:
                    key = had[box.key_id]
                    found, values = self._compare(origin, stored, key, box, paths)
                    findings += found
                    if _DOCUMENT in values:
                        findings += self._compare_file(connection, origin, stored, key, str(values[_DOCUMENT]))
            if not erased.isdisjoint(promised) and _parts(connection, stored):
                findings.append(_finding("file-not-erased", stored, (), _key_of_document(stored)))
        return findings

    def _compare_file(
        self, connection: psycopg.Connection, origin: str, stored: Stored, key: DataKey, digest: str
    ) -> list[Finding]:
        """The document beside an entry, if it names one that was put there."""
        file_id, parts = _file_id(stored), _parts(connection, stored)
        if file_id is None:
            return []
        try:
            whole = bool(parts) and {each.key_id for each in parts} == {key.id_bytes}
            data = opened(origin, file_id, key, parts) if whole else b""
        except Unreadable:
            return [_finding("file-unreadable", stored, (), key.id)]
        if not whole:
            return [_finding("file-unreadable" if parts else "file-missing", stored, (), key.id)]
        if f"sha256:{sha256(data).hexdigest()}" != digest:
            return [_finding("file-differs", stored, (), key.id)]
        self.files += 1
        return []

    def _compare(
        self, origin: str, stored: Stored, key: DataKey, box: Box, promised: Mapping[str, str]
    ) -> tuple[list[Finding], Mapping[str, Any]]:
        """What is wrong with the values of one ciphertext, and the values."""
        fact = str(stored.members["id"])
        try:
            values: dict[str, Any] = open_box(origin, fact, key, box)
        except (Unreadable, ValueError):
            return [_finding("value-unreadable", stored, promised, key.id)], {}
        differs = [
            path
            for path in sorted({*promised, *values})
            if path not in promised or path not in values or not holds(fact, key, path, values[path], promised[path])
        ]
        self.held += len(promised) - len(differs)
        return ([_finding("value-differs", stored, differs, key.id)], {}) if differs else ([], values)


def _file_id(stored: Stored) -> str | None:
    """The document that an entry says lies beside it."""
    named = stored.members.get("values", {}).get("file_id")
    return named if isinstance(named, str) else None


def _key_of_document(stored: Stored) -> str:
    return stored.sealed[_DOCUMENT][1] if _DOCUMENT in stored.sealed else "-"


def _parts(connection: psycopg.Connection, stored: Stored) -> list[Box]:
    """The parts of it, in order; none for an entry that names no document."""
    file_id = _file_id(stored)
    found = connection.execute(_PARTS, (file_id,)).fetchall() if file_id else ()
    return [Box(key_id.bytes, nonce, data) for key_id, nonce, data in found]


def _by_key(stored: Stored) -> dict[str, dict[str, str]]:
    """What the entry commits to: by key id, the commitment of each path."""
    promised: dict[str, dict[str, str]] = {}
    for path, (commitment, key_id) in stored.sealed.items():
        promised.setdefault(key_id, {})[path] = commitment
    return promised


def _fetched(ids: Collection[bytes], keys: Keys) -> tuple[Mapping[bytes, DataKey], set[bytes]]:
    """The keys, and the ids of those that this key file does not unwrap.

    Raises VaultUnavailable where not one can be had: then it is the vault that is away, or the key file that is wrong.
    """
    if not ids:
        return {}, set()
    try:
        return keys(ids), set()
    except VaultUnavailable:
        had: dict[bytes, DataKey] = {}
        refused: set[bytes] = set()
        for each in ids:
            try:
                had |= keys([each])
            except VaultUnavailable as problem:
                refused.add(each)
                if len(refused) == len(ids):
                    raise VaultUnavailable(f"No sealed value can be read. {problem.message}") from problem
        return had, refused


def _finding(code: str, stored: Stored, paths: Collection[str], key_id: str) -> Finding:
    named = f"{', '.join(sorted(paths))} under key {key_id}" if paths else f"key {key_id}"
    stream = stored.members.get("stream")
    return Finding(code, f"{VALUE_CODES[code]}: {named}", stored.position, str(stream) if stream else None)
