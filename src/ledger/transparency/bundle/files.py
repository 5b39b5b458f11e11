"""The files of a bundle, read strictly and compared with its manifest; entries proven to be in the tree.

The first step of ``verifying``, and what its later steps read with.  Proved by tests/transparency/test_bundle.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from ledger.transparency.bundle.archive import unpack
from ledger.transparency.bundle.contents import (
    CHAIN,
    HEADS,
    MANIFEST,
    OPENINGS,
    POLICY,
    RECEIPT,
    REQUIRED,
    Case,
    End,
    Manifest,
    Opening,
    digest_of,
    entry_name,
    is_known,
    leaf_name,
    proof_name,
    read_openings,
)
from ledger.transparency.bundle.forms import printable
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.errors import FormatError, ProofError
from ledger.transparency.note import Note, decode_base64, parse_note
from ledger.transparency.policy import Policy
from ledger.transparency.proof import Proof
from ledger.transparency.tree import HASH_SIZE, leaf_hash, verify_inclusion
from ledger.transparency.verify import Finding

__all__ = ["Bundle", "Leaves", "Stop", "opened", "place_of", "read"]

_T = TypeVar("_T")


class Stop(Exception):
    """Something does not hold."""

    def __init__(self, code: str, message: object, index: int | None = None, case: str | None = None) -> None:
        super().__init__(code)
        self.finding = Finding(code, printable(str(message)), None if index is None else index + 1, case)


@dataclass(frozen=True, slots=True)
class Bundle:
    """The files, and those of them that were read."""

    files: Mapping[str, bytes]
    manifest: Manifest
    case: Case
    end: End
    openings: Mapping[int, Mapping[str, Opening]]
    policy: Policy


# --- 1: the files --------------------------------------------------------------------------------------------


def opened(data: bytes) -> Bundle:
    """Read, and compared with the manifest; nothing is proven yet.  Raises Stop."""
    try:
        files = unpack(data)
    except FormatError as error:
        raise Stop("zip-malformed", error) from error
    for name in files:
        if not is_known(name):
            raise Stop("file-unknown", name)
    for name in REQUIRED:
        _file(files, name)
    manifest = read(MANIFEST, Manifest.parse, files)
    listed = set(manifest.files) | {MANIFEST, RECEIPT}
    for name in sorted(listed | set(files)):
        if name not in files:
            raise Stop("file-missing", f"the manifest names {name}, which is not here")
        if name not in listed:
            raise Stop("file-differs", f"{name} is not in the manifest")
        if name in manifest.files and manifest.files[name] != digest_of(files[name]):
            raise Stop("file-differs", f"{name} is not the one in the manifest", place_of(name))
    return Bundle(
        files,
        manifest,
        read(CHAIN, Case.parse, files),
        read(HEADS, End.parse, files),
        read(OPENINGS, read_openings, files),
        read(POLICY, Policy.parse, files),
    )


def place_of(name: str) -> int | None:
    """The leaf index that the name of a file holds."""
    index = name.partition("/")[2].partition(".")[0]
    return int(index) if index.isdigit() else None


def _file(files: Mapping[str, bytes], name: str) -> bytes:
    found = files.get(name)
    if found is None:
        raise Stop("file-missing", name, place_of(name))
    return found


def read(name: str, parse: Callable[[bytes], _T], files: Mapping[str, bytes]) -> _T:
    """What a file says.  Raises Stop."""
    try:
        return parse(_file(files, name))
    except FormatError as error:
        raise Stop("file-malformed", f"{name}: {error}", place_of(name)) from error


# --- entries and leaves --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Leaves:
    """Entries and leaf hashes of the files, each proven to be in the tree of one checkpoint."""

    files: Mapping[str, bytes]
    note: Note
    checkpoint: Checkpoint

    def leaf(self, index: int) -> tuple[bytes, bytes | None]:
        """The leaf hash at an index, and the entry unless it is withheld whole."""
        shown, hidden = entry_name(index), leaf_name(index)
        if shown in self.files and hidden in self.files:
            raise Stop("file-malformed", f"{shown} is withheld whole too", index)
        if hidden in self.files:
            return read(hidden, _leaf_in, self.files), None
        entry = _file(self.files, shown)
        return leaf_hash(entry), entry

    def prove(self, index: int, leaf: bytes) -> None:
        """The leaf is in the tree at this index."""
        proof = read(proof_name(index), Proof.parse, self.files)
        if proof.extra is not None:
            raise Stop("entry-unproved", f"{proof_name(index)} is a proof of something else", index)
        self._led(proof_name(index), proof, index, leaf)

    def carried(self, name: str) -> tuple[int, bytes]:
        """The index of an entry that its own proof carries, and the entry: it is in the tree there."""
        proof, index = read(name, Proof.parse, self.files), place_of(name)
        assert index is not None
        if proof.extra is None:
            raise Stop("entry-unproved", f"{name} carries no entry", index)
        self._led(name, proof, index, leaf_hash(proof.extra))
        return index, proof.extra

    def _led(self, name: str, proof: Proof, index: int, leaf: bytes) -> None:
        if proof.index != index:
            raise Stop("entry-unproved", f"{name} is a proof of something else", index)
        if not self._is_checkpoint(proof.note):
            raise Stop("entry-unproved", f"{name} is not under the checkpoint of this bundle", index)
        try:
            verify_inclusion(leaf, index, self.checkpoint.size, proof.hashes, self.checkpoint.root)
        except ProofError as error:
            raise Stop("entry-unproved", error, index) from error

    def _is_checkpoint(self, note: str) -> bool:
        """The same checkpoint, with some of its signatures: each was looked at there."""
        try:
            found = parse_note(note)
        except FormatError:
            return False
        return found.text == self.note.text and set(found.signatures) <= set(self.note.signatures)


def _leaf_in(data: bytes) -> bytes:
    leaf = decode_base64(data.decode("latin-1").removesuffix("\n"))
    if len(leaf) != HASH_SIZE or not data.endswith(b"\n"):
        raise FormatError("a leaf hash is the base64 of 32 bytes and a newline")
    return leaf
