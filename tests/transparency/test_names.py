"""A log under another name: what was signed under an earlier one is believed up to where it ended, and no further."""

from __future__ import annotations

import pytest

from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.errors import SignatureError
from ledger.transparency.names import EndedError, Name, name_at, opened
from ledger.transparency.note import Signer
from ledger.transparency.verify import KeptCheckpoint, verify_ledger

FIRST, SECOND, THIRD = (Signer(f"ledger.example/kent/{at}", bytes([at]) * 32) for at in (1, 2, 3))
NAMES = [
    Name(FIRST.name, [FIRST.verifier()], 5),
    Name(SECOND.name, [SECOND.verifier()], 9),
    Name(THIRD.name, [THIRD.verifier()]),
]
ROOT = b"\x07" * 32


def note(signer: Signer, size: int, name: str | None = None) -> str:
    return Checkpoint(name or signer.name, size, ROOT).sign(signer)


@pytest.mark.parametrize("signer, size", [(FIRST, 1), (FIRST, 5), (SECOND, 3), (SECOND, 9), (THIRD, 4), (THIRD, 4711)])
def test_each_name_vouches_for_its_own_time_and_what_came_before(signer: Signer, size: int) -> None:
    assert opened(note(signer, size), NAMES) == Checkpoint(signer.name, size, ROOT)


@pytest.mark.parametrize("signer, size", [(FIRST, 6), (FIRST, 4711), (SECOND, 10)])
def test_a_name_that_ended_vouches_for_nothing_after_it(signer: Signer, size: int) -> None:
    with pytest.raises(EndedError, match="ended at size"):
        opened(note(signer, size), NAMES)


def test_no_key_of_one_name_signs_under_another() -> None:
    for signer, name in ((FIRST, SECOND.name), (SECOND, FIRST.name), (FIRST, THIRD.name), (FIRST, "ledger.example/x")):
        with pytest.raises(SignatureError) as refused:
            opened(note(signer, 3, name), NAMES)
        assert not isinstance(refused.value, EndedError)


def test_the_name_at_a_position_is_the_one_its_entry_was_sealed_under() -> None:
    told = [name_at(position, NAMES).origin[-1] for position in range(1, 12)]
    assert "".join(told) == "11111222233"


def test_a_checkpoint_of_what_is_gone_is_told_from_one_that_nobody_signed() -> None:
    def code(*notes: str) -> list[str]:
        kept = [KeptCheckpoint(0, note=each) for each in notes]
        empty = {"origin": THIRD.name, "verifiers": [THIRD.verifier()], "earlier": NAMES[:2]}
        return [each.code for each in verify_ledger([], checkpoints=kept, **empty).findings]  # type: ignore[arg-type]

    assert code(note(FIRST, 6)) == ["checkpoint-lost"]
    assert code(note(FIRST, 6, THIRD.name)) == ["checkpoint-unsigned"]
    assert code(note(FIRST, 5)) == ["checkpoint-differs"]
