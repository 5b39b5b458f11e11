"""What others say of the log: witnesses, which have seen no other history, and an authority of time (RFC 3161).

Neither has to speak of the very checkpoint that the case is proven under.  Of each other size of the log that one of
them speaks of, ``consistency/<size>.json`` shows that the two are one log: the smaller is the beginning of the larger.

A witness whose key the reader gave must have cosigned all that the closing covers.  Of others it is only said what
they cosigned, by the keys in this file.

Proved by tests/transparency/test_bundle_others.py and tests/disclosing/test_others.py.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ledger.transparency.bundle.contents import CHECKPOINT, COSIGNED, consistency_name
from ledger.transparency.bundle.files import Stop, place_of, read
from ledger.transparency.bundle.forms import a_list, a_text, members, to_json
from ledger.transparency.bundle.keys import Keys, name_of
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.cosignature import timestamp_of
from ledger.transparency.errors import FormatError, ProofError, TransparencyError
from ledger.transparency.note import Signature, decode_base64, encode_base64, parse_note
from ledger.transparency.timestamp import NotStamped, Roots, checked
from ledger.transparency.tree import verify_consistency

__all__ = ["Consistency", "Cosigned", "Stamped", "cosigned_by", "stamped"]

_STAMPS: Final = "timestamps/"
_PROOFS: Final = "consistency/"


@dataclass(frozen=True, slots=True)
class Consistency:
    """The root of the log at another size, and the consistency proof between that and the checkpoint (RFC 6962)."""

    root: bytes
    hashes: tuple[bytes, ...]

    def write(self) -> bytes:
        """The file."""
        return to_json({"root": encode_base64(self.root), "hashes": [encode_base64(each) for each in self.hashes]})

    @classmethod
    def parse(cls, data: bytes) -> "Consistency":
        """What ``write`` wrote.  Raises FormatError for anything else; the length of hashes is not looked at."""
        found = members(data, "root", "hashes")
        hashes = (decode_base64(a_text(each, "a hash")) for each in a_list(found["hashes"], "hashes"))
        return cls(decode_base64(a_text(found["root"], "root")), tuple(hashes))


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A witness cosigned the log at this size; ``given``: by the key that the reader gave."""

    witness: str
    size: int
    given: bool


@dataclass(frozen=True, slots=True)
class Stamped:
    """An authority saw the log at this size, by its own clock."""

    size: int
    at: datetime


def cosigned_by(files: Mapping[str, bytes], keys: Keys, checkpoint: Checkpoint) -> list[Cosigned]:
    """Which witnesses cosigned which size, the largest of each.  Raises Stop, also where one that was given did not."""
    notes = [(checkpoint.size, files[CHECKPOINT])]
    if COSIGNED in files:
        notes.append((_cosigned(files, keys, checkpoint), files[COSIGNED]))
    sizes: dict[tuple[str, bytes], int] = {}
    for size, note in notes:
        for each in filter(_is_of_a_time, parse_note(note).signatures):
            sizes[each.name, each.key_id] = max(size, sizes.get((each.name, each.key_id), 0))
    given = {(each.name, each.key_id) for each in keys.witnesses}
    for each in keys.witnesses:
        size = sizes.get((each.name, each.key_id), 0)
        if size < checkpoint.size:
            told = f"has cosigned the first {size:,} facts only" if size else "has not cosigned"
            raise Stop("cosignature-missing", f"{name_of(each)} {told}")
    return [
        Cosigned(name_of(each), size, (each.name, each.key_id) in given)
        for each in keys.known
        if keys.is_witness(each) and (size := sizes.get((each.name, each.key_id)))
    ]


def _is_of_a_time(signature: Signature) -> bool:
    """Only with a time does a cosignature say that no other history of the log was seen; a log's own is none."""
    try:
        return timestamp_of(signature.signature) > 0
    except FormatError:
        return False


def _cosigned(files: Mapping[str, bytes], keys: Keys, checkpoint: Checkpoint) -> int:
    """The size that the file `cosigned` is of, if it is of this very log."""
    try:
        found = Checkpoint.open(files[COSIGNED], keys.origin, keys.own)
        keys.opened(files[COSIGNED])
        if found.root != _root_at(files, found.size, checkpoint):
            raise ProofError(f"it is of another log: it has another root at size {found.size}")
    except TransparencyError as error:
        raise Stop("cosigned-differs", error) from error
    return found.size


def stamped(files: Mapping[str, bytes], checkpoint: Checkpoint, roots: Roots) -> list[Stamped]:
    """What an authority saw when, the earliest first; `roots`: who may have signed, where that is to be checked.

    Raises Stop for a token that does not hold.
    """
    found: list[Stamped] = []
    for name in files:
        if name.startswith(_STAMPS):
            size = place_of(name) or 0
            try:
                of = Checkpoint(checkpoint.origin, size, _root_at(files, size, checkpoint))
                found.append(Stamped(size, checked(files[name], of, roots)))
            except (NotStamped, TransparencyError) as error:
                raise Stop("timestamp-differs", f"{name}: {error}") from error
    return sorted(found, key=lambda each: each.size)


def check_used(files: Mapping[str, bytes], sizes: Set[int]) -> None:
    """Each consistency proof is of a size that somebody speaks of.  Raises Stop.

    The checkpoint in `cosigned` is one, even where no cosignature under it has a time.
    """
    if COSIGNED in files:
        sizes = {*sizes, Checkpoint.parse(parse_note(files[COSIGNED]).text).size}
    for name in files:
        if name.startswith(_PROOFS) and place_of(name) not in sizes:
            raise Stop("file-unknown", f"{name} is of a size that nobody speaks of")


def _root_at(files: Mapping[str, bytes], size: int, checkpoint: Checkpoint) -> bytes:
    """The root of the log at a size: proven to be of one log with the checkpoint.  Raises FormatError, ProofError."""
    if size == checkpoint.size:
        return checkpoint.root
    name = consistency_name(size)
    if name not in files:
        raise FormatError(f"{name} is not here")
    told = read(name, Consistency.parse, files)
    ends = [(size, told.root), (checkpoint.size, checkpoint.root)]
    (small, before), (large, after) = sorted(ends)
    verify_consistency(small, large, told.hashes, before, after)
    return told.root
