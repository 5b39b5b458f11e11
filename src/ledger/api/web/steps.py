"""A check shown step by step: what each step compared, in words, and whether it held.

    included(entry, proof, checkpoint)        from the bytes of a fact up to the root that was signed
    signed(note, names)                       that the log signed a checkpoint
    grown(earlier, consistency, checkpoint)   that the log of an earlier checkpoint only grew

Nothing is believed that is not compared here.  After a step that does not hold the others are not looked at.  Proven by
tests/web/test_steps.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.errors import ProofError, TransparencyError
from ledger.transparency.names import Name, opened
from ledger.transparency.note import parse_note
from ledger.transparency.proof import Proof
from ledger.transparency.tree import climb, leaf_hash, verify_consistency


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `holds` is None where it was not looked at; `hashes`: (what it is, 32 bytes) to compare by hand."""

    title: str
    holds: bool | None
    says: Sequence[str] = ()
    hashes: Sequence[tuple[str, bytes]] = ()


def until_one_fails(steps: Iterable[Step]) -> list[Step]:
    """The steps; those after the first that does not hold were not looked at."""
    found: list[Step] = []
    failed = False
    for each in steps:
        found.append(replace(each, holds=None, says=(), hashes=()) if failed else each)
        failed = failed or each.holds is False
    return found


def included(entry: bytes, proof: Proof, checkpoint: Checkpoint) -> Iterator[Step]:
    """That this entry is in the log at the place the proof names, one step for each neighbour on the way up."""
    reached = leaf = leaf_hash(entry)
    yield Step(
        "The fact's own bytes make its leaf hash",
        holds=True,
        says=(f"{len(entry):,} bytes, after a byte 00, through SHA-256.",),
        hashes=(("The leaf hash", leaf),),
    )
    many = len(proof.hashes)
    try:
        for number, step in enumerate(climb(leaf, proof.index, checkpoint.size, proof.hashes), start=1):
            side = "left" if step.left else "right"
            pair = [("Hashed so far", reached), ("Its neighbour", step.sibling)]
            yield Step(
                f"Neighbour {number} of {many}, on the {side}",
                holds=True,
                says=("After a byte 01, the left one and then the right one, through SHA-256.",) if number == 1 else (),
                hashes=(*(reversed(pair) if step.left else pair), ("Together", step.reached)),
            )
            reached = step.reached
    except ProofError as wrong:
        yield Step("The way up is as long as the log is high", holds=False, says=(f"{wrong}.",))
        return
    yield Step(
        f"What is reached is the root of the checkpoint of {checkpoint.size:,} facts",
        holds=reached == checkpoint.root,
        says=() if reached == checkpoint.root else ("It is another one: this fact is not at that place of this log.",),
        hashes=(("Reached", reached), ("In the checkpoint", checkpoint.root)),
    )


def signed(note: str, names: Sequence[Name], title: str = "The log signed that checkpoint") -> tuple[Step, Checkpoint]:
    """That one of the log's own keys signed a checkpoint, and what it says.  Raises FormatError for no checkpoint."""
    said = Checkpoint.parse(parse_note(note).text)
    try:
        checkpoint = opened(note, names)
    except TransparencyError as wrong:
        return Step(title, holds=False, says=(f"{wrong}.",)), said
    return Step(title, holds=True, says=(f"{checkpoint.origin}, {checkpoint.size:,} facts.",)), checkpoint


def grown(earlier: Checkpoint, hashes: Sequence[bytes], checkpoint: Checkpoint) -> Step:
    """That the log of an earlier checkpoint is the beginning of that of a later one."""
    title = f"Its {earlier.size:,} facts are the first of the {checkpoint.size:,} that the log holds now"
    roots = (("Root in the receipt", earlier.root), ("Root now", checkpoint.root))
    try:
        verify_consistency(earlier.size, checkpoint.size, hashes, earlier.root, checkpoint.root)
    except ProofError as wrong:
        return Step(title, holds=False, says=(f"{wrong}.",), hashes=roots)
    says = f"By a consistency proof of {len(hashes)} hashes: nothing was taken out or changed since."
    return Step(title, holds=True, says=(says,), hashes=roots)
