r"""The names a log has had: one for as long as nothing is lost, another after each loss that was accepted.

A log whose key was stolen, or of which entries are gone, goes on under a new origin and new keys (``ledger-format``,
*Keys of the log, witnesses*). The tree goes on; what was signed under an earlier name stays true up to the size at
which that name ended, and says nothing of the log beyond it: whoever stole the key can sign anything there.

    >>> from ledger.transparency.note import Signer
    >>> old, new = Signer("ledger.example/kent", bytes(32)), Signer("ledger.example/kent/2", b"\x01" * 32)
    >>> names = [Name(old.name, [old.verifier()], 3), Name(new.name, [new.verifier()])]
    >>> opened(Checkpoint(old.name, 3, bytes(32)).sign(old), names).size
    3
    >>> opened(Checkpoint(old.name, 4, bytes(32)).sign(old), names)
    Traceback (most recent call last):
    ledger.transparency.names.EndedError: ledger.example/kent ended at size 3: it vouches for nothing of 4 entries
    >>> opened(Checkpoint(old.name, 4, bytes(32)).sign(new), names[1:])
    Traceback (most recent call last):
    ledger.transparency.errors.SignatureError: the checkpoint is of ledger.example/kent, not of ledger.example/kent/2

Proved by tests/transparency/test_names.py and tests/store/test_losing.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.errors import SignatureError
from ledger.transparency.note import NoteVerifier, parse_note

__all__ = ["EndedError", "Name", "name_at", "opened"]


@dataclass(frozen=True, slots=True)
class Name:
    """An origin with the keys that signed under it; ``size``: the entries at which it ended, None for the newest."""

    origin: str
    verifiers: Sequence[NoteVerifier]
    size: int | None = None


class EndedError(SignatureError):
    """A checkpoint is under a name that the log had given up at that size."""


def opened(note: str | bytes, names: Sequence[Name]) -> Checkpoint:
    """The checkpoint in a note that the log signed under one of its names, the newest of them last.

    Raises EndedError for one beyond the end of its name, and as ``Checkpoint.open``.
    """
    origin = parse_note(note).text.split("\n")[0]
    name = next((each for each in names if each.origin == origin), names[-1])
    checkpoint = Checkpoint.open(note, name.origin, name.verifiers)
    if name.size is not None and checkpoint.size > name.size:
        raise EndedError(f"{origin} ended at size {name.size}: it vouches for nothing of {checkpoint.size} entries")
    return checkpoint


def name_at(position: int, names: Sequence[Name]) -> Name:
    """The name that the log had when the entry at this position was sealed."""
    return next((each for each in names if each.size is None or position <= each.size), names[-1])
