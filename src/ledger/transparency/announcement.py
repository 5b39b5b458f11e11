r"""A new key of a log, and how a reader of the old one comes to accept it: by the log's own entry, or not at all.

The entry of type ``ledger.log-key-announced.v1`` in stream ``ledger`` says ``values.vkey``, the new verifier key, and,
where it takes the place of another, ``values.replaces``. Its proof is a plain .tlog-proof (``proof``) whose ``extra``
is the entry itself, under a checkpoint that the old key and the new one both signed: the old one vouches for the new,
and the new one is in the hands of who made the entry. A stolen key can announce too; against that no entry helps.

    >>> from ledger.transparency.checkpoint import Checkpoint
    >>> from ledger.transparency.entry import format_entry
    >>> from ledger.transparency.note import Signer
    >>> old, new = (Signer("ledger.example/kent", bytes([at]) * 32) for at in (1, 2))
    >>> entry = format_entry({
    ...     "entry": 1, "id": "019a0000-0000-7000-8000-000000000001", "stream": "ledger", "version": 1,
    ...     "previous": None, "type": "ledger.log-key-announced.v1", "effective": "2025-04-07",
    ...     "recorded": "2025-04-07T16:30:12.345678Z", "by": {"id": "s1", "role": "system"},
    ...     "values": {"replaces": old.verifier().vkey(), "vkey": new.verifier().vkey()}})
    >>> checkpoint = Checkpoint(old.name, 1, leaf_hash(entry))
    >>> proof = Proof(0, (), checkpoint.sign(old, new), entry).write()
    >>> [each.vkey() == new.verifier().vkey() for each in followed(old.name, [old.verifier()], [proof])]
    [False, True]
    >>> announced(Proof(0, (), checkpoint.sign(new), entry).write(), old.name, [old.verifier()])
    Traceback (most recent call last):
    ledger.transparency.errors.SignatureError: no known key signed this note; it names ledger.example/kent+feccbe9e

Proved by tests/transparency/test_announcement.py.
"""

from collections.abc import Sequence
from typing import Final

from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.cosignature import COSIGNATURE_ML_DSA_44, KnownKey, parse_vkey
from ledger.transparency.entry import parse_entry
from ledger.transparency.errors import EntryError, FormatError, ProofError, SignatureError
from ledger.transparency.note import Verifier
from ledger.transparency.proof import Proof
from ledger.transparency.tree import leaf_hash

__all__ = ["ANNOUNCED", "announced", "followed"]

ANNOUNCED: Final = ("ledger", "ledger.log-key-announced.v1")
"""Stream and type of the entry that announces a key of the log it is in."""


def announced(proof: str, origin: str, known: Sequence[KnownKey]) -> KnownKey:
    """The key that a proof makes a reader accept who holds these keys of the log.

    Raises FormatError for what is no such proof or announces no key of this log; SignatureError where no key known
    here signed the checkpoint, or the new key did not; ProofError where the entry is not under it.
    """
    read = Proof.parse(proof)
    if read.extra is None:
        raise FormatError("the proof of a new key carries the entry that announces it")
    own = [each for each in known if each.name == origin]
    read.verify(leaf_hash(read.extra), origin, own)
    key = _key_in(read.extra, origin)
    # By the new key alone: a signature by it must be there, not only none that is wrong.
    Checkpoint.open(read.note, origin, [key])
    return key


def followed(origin: str, known: Sequence[KnownKey], proofs: Sequence[str]) -> list[KnownKey]:
    """The keys of a log a reader holds, and those he comes to accept by these proofs, in the order of the log.

    A proof that says nothing to him, because no key he holds by then signed it, is passed over. Raises FormatError and
    ProofError for one that is broken.
    """
    keys = list(known)
    for proof in proofs:
        try:
            key = announced(proof, origin, keys)
        except SignatureError:
            continue
        if key.vkey() not in {each.vkey() for each in keys}:
            keys.append(key)
    return keys


def _key_in(data: bytes, origin: str) -> KnownKey:
    try:
        entry = parse_entry(data)
    except EntryError as error:
        raise FormatError(f"the entry that announces a key is none: {error}") from error
    if (entry["stream"], entry["type"]) != ANNOUNCED:
        raise ProofError(f"an entry of type {entry['type'][:80]} in stream {entry['stream'][:80]} announces no key")
    vkey = entry.get("values", {}).get("vkey")
    key = parse_vkey(vkey if isinstance(vkey, str) else "")
    if key.name != origin:
        raise FormatError(f"the key that is announced is not of {origin}: {key.name[:80]}")
    if not (isinstance(key, Verifier) or key.signature_type == COSIGNATURE_ML_DSA_44):
        raise FormatError("a log signs with a key of type 0x01 or 0x06")
    return key
