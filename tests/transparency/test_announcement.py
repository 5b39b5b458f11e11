"""A new key is accepted through the log's own entry under both signatures, and through nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.transparency.announcement import announced, followed
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.cosignature import Cosigner
from ledger.transparency.entry import format_entry
from ledger.transparency.errors import FormatError, ProofError, SignatureError, TransparencyError
from ledger.transparency.note import NoteSigner, Signer
from ledger.transparency.proof import Proof
from ledger.transparency.tree import leaf_hash, node_hash

ORIGIN = "ledger.example/kent"
OLD, NEW, NEWER = (Signer(ORIGIN, bytes([at]) * 32) for at in (1, 2, 3))
QUANTUM = Cosigner(ORIGIN, b"\x04" * 32)
STRANGER = Signer("ledger.example/essex", b"\x05" * 32)


def entry_of(vkey: Any, **members: Any) -> bytes:
    sealed: Any = {
        "entry": 1,
        "id": "019a0000-0000-7000-8000-000000000001",
        "stream": "ledger",
        "version": 1,
        "previous": None,
        "type": "ledger.log-key-announced.v1",
        "effective": "2025-04-07",
        "recorded": "2025-04-07T16:30:12.345678Z",
        "by": {"id": "s1", "role": "system"},
        "values": {"vkey": vkey},
        **members,
    }
    return format_entry(sealed)


def proof_of(entry: bytes, *signers: NoteSigner, leaf: bytes | None = None, **more: Any) -> str:
    before = leaf_hash(b"before")
    note = Checkpoint(ORIGIN, 2, node_hash(before, leaf or leaf_hash(entry))).sign(*signers)
    return Proof(1, (before,), note, more.get("extra", entry)).write()


GOOD = proof_of(entry_of(NEW.verifier().vkey()), OLD, NEW)


def test_the_new_key_is_accepted_by_who_holds_the_old() -> None:
    assert announced(GOOD, ORIGIN, [OLD.verifier()]).vkey() == NEW.verifier().vkey()


def test_one_announcement_leads_to_the_next() -> None:
    second = proof_of(entry_of(NEWER.verifier().vkey()), NEW, NEWER)
    keys = followed(ORIGIN, [OLD.verifier()], [GOOD, second])
    assert [each.vkey() for each in keys] == [each.verifier().vkey() for each in (OLD, NEW, NEWER)]
    assert len(followed(ORIGIN, [OLD.verifier()], [second])) == 1, "the first of two is missing"
    assert len(followed(ORIGIN, [NEWER.verifier()], [GOOD, second])) == 1, "nothing leads back"


def test_a_key_of_the_other_kind_is_announced_alike() -> None:
    proof = proof_of(entry_of(QUANTUM.verifier().vkey()), OLD, QUANTUM.at(0))
    assert announced(proof, ORIGIN, [OLD.verifier()]).vkey() == QUANTUM.verifier().vkey()


@pytest.mark.parametrize(
    "proof,why",
    [
        (proof_of(entry_of(NEW.verifier().vkey()), NEW), SignatureError),  # the old key says nothing
        (proof_of(entry_of(NEW.verifier().vkey()), OLD), SignatureError),  # nobody holds the new one
        (proof_of(entry_of(NEW.verifier().vkey()), OLD, NEWER), SignatureError),
        (proof_of(entry_of(NEW.verifier().vkey()), OLD, NEW, leaf=leaf_hash(b"another")), ProofError),
        (proof_of(entry_of(NEW.verifier().vkey()), OLD, NEW, extra=entry_of(NEWER.verifier().vkey())), ProofError),
        (proof_of(entry_of(NEW.verifier().vkey()), OLD, NEW, extra=None), FormatError),
        (proof_of(b"{}", OLD, NEW), FormatError),
        (proof_of(entry_of(STRANGER.verifier().vkey()), OLD, NEW), FormatError),
        (proof_of(entry_of("a key"), OLD, NEW), FormatError),
        (proof_of(entry_of(7), OLD, NEW), FormatError),
        (proof_of(entry_of(Cosigner(ORIGIN, b"\x06" * 32, b"\x04").verifier().vkey()), OLD, NEW), FormatError),
        (proof_of(entry_of(NEW.verifier().vkey(), stream="offender-7"), OLD, NEW), ProofError),
        (proof_of(entry_of(NEW.verifier().vkey(), type="ledger.closed.v1"), OLD, NEW), ProofError),
    ],
)
def test_nothing_else_makes_a_key_accepted(proof: str, why: type[TransparencyError]) -> None:
    with pytest.raises(why):
        announced(proof, ORIGIN, [OLD.verifier()])


def test_no_byte_of_an_announcement_may_be_another() -> None:
    data = GOOD.encode()
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        try:
            keys = followed(ORIGIN, [OLD.verifier()], [changed.decode("utf-8", "surrogateescape")])
        except TransparencyError:
            continue
        assert len(keys) == 1, at
