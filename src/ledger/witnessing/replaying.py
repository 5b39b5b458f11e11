"""Replaying a log: every entry read and held against all before it, so that a lie which is sealed is not cosigned.

A tree of hashes only shows that nothing was taken back.  What was sealed may still be false in itself: a version left
out of a stream, a chain that does not go on, a time before the last, a closing whose map is not the one the entries
make.  All of that is what `ledger verify` checks (ledger.transparency.verify); here it is done as the log grows, by
somebody else, before he signs.

Nothing is kept of the entries but hashes, ids and the heads of chains, in memory: a witness that starts again reads
the log again.  Proven by tests/witnessing/test_running.py.
"""

from __future__ import annotations

from collections.abc import Callable

from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.errors import ProofError
from ledger.transparency.verify import LedgerVerifier, StoredRow

Entries = Callable[[int, int], list[bytes]]
"""(first leaf, size) -> some entries from that leaf on, at least one, of the tree of that size."""


class Replay:
    """How far one log has been replayed."""

    def __init__(self, entries: Entries) -> None:
        self._entries = entries
        self._size = 0
        self._verifier = LedgerVerifier()

    def reach(self, checkpoint: Checkpoint) -> None:
        """Read on to this checkpoint.  Raises ProofError where something does not hold, and what reading raises.

        After anything that does not hold all is read again: what was served wrongly once may be served rightly.
        """
        try:
            self._reach(checkpoint)
        except Exception:
            self._size, self._verifier = 0, LedgerVerifier()
            raise

    def _reach(self, checkpoint: Checkpoint) -> None:
        if checkpoint.size < self._size:
            raise ProofError(f"{checkpoint.size} entries do not come after {self._size}")
        while self._size < checkpoint.size:
            entries = self._entries(self._size, checkpoint.size)
            if not entries:
                raise ProofError(f"nothing is given from leaf {self._size} on")
            self._verifier.add(StoredRow(self._size + at, entry) for at, entry in enumerate(entries, 1))
            self._size += len(entries)
        report = self._verifier.finish()
        if not report.ok:
            raise ProofError(f"the entries do not hold: {report.findings[0]}")
        if (report.size, report.root) != (checkpoint.size, checkpoint.root):
            raise ProofError(f"the {report.size} entries that are given do not lead to the checkpoint")
