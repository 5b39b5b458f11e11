"""The callers of a batch: who waits for what, what each command comes to under the lock, and what each is told.

No connection and no clock of its own.  Proven with the sequencer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ledger.errors import ClockInDoubt, LedgerError, OutcomeUnknown
from ledger.store import binary
from ledger.store.appending import Append, Batch, Receipt, Repeated, Row, Sealed, check, place, repeated


@dataclass(slots=True, eq=False)
class Waiting:
    """One caller's append.  `sent`: it is, or was, in a COMMIT, so it cannot be told that nothing was recorded."""

    append: Append
    done: asyncio.Future[Receipt | Repeated]
    sent: bool = False
    facts: tuple[Sealed, ...] = ()
    recorded: int = 0
    known: Repeated | None = None  # recorded before under its key: the answer, once a COMMIT confirms it

    def answer(self, receipt: Receipt | Repeated) -> None:
        if not self.done.done():
            self.done.set_result(receipt)

    def fail(self, problem: LedgerError) -> None:
        if not self.done.done():
            self.done.set_exception(problem)

    def leave_unknown(self) -> None:
        """It may stand or not; the same key tells."""
        if self.done.done():
            return
        key = self.append.key.hex() if self.append.key else None
        shown = f"{key[:8]}-{key[8:12]}-{key[12:16]}-{key[16:20]}-{key[20:]}" if key else None
        self.fail(
            OutcomeUnknown(
                "It is not known whether this was recorded: the database did not answer in time. "
                "Send the same request again with the same key; it will not be recorded twice.",
                shown,
            )
        )


@dataclass(slots=True)
class Placing:
    """What the commands of a batch came to; those in none of these lists have their answer."""

    newest: int  # recorded time of the newest fact
    placed: list[Waiting] = field(default_factory=list[Waiting])
    known: list[Waiting] = field(default_factory=list[Waiting])  # recorded before
    twins: list[Waiting] = field(default_factory=list[Waiting])  # of one in this very batch: for the next one


def place_all(
    waiting: Iterable[Waiting],
    batch: Batch,
    receipts: Mapping[bytes, Row],
    *,
    clock: int,
    newest: int,
    simulated: bool,
) -> Placing:
    """Give each command its positions, or refuse it alone."""
    placing = Placing(newest)
    fresh: set[bytes] = set()
    for each in waiting:
        append = each.append
        if each.done.done():  # while the lock was awaited its caller left, or was told that nothing was recorded
            _end_series(append)
            continue
        try:
            if not append.facts:
                check(append, batch)
                each.known = Repeated(0, 0, batch.start, None)
                placing.known.append(each)
            elif append.key is not None and append.key in receipts:
                _end_series(append)
                each.known, each.sent = repeated(append, receipts[append.key]), True
                placing.known.append(each)
            elif append.key is not None and append.key in fresh:
                _end_series(append)
                placing.twins.append(each)
            else:
                each.recorded = recorded_at(append.at, clock, placing.newest, simulated=simulated)
                each.facts, each.sent = place(append, batch, each.recorded), True
                placing.newest = each.recorded
                placing.placed.append(each)
                if append.key is not None:
                    fresh.add(append.key)
        except LedgerError as problem:
            _end_series(append)
            each.fail(problem)
    return placing


def _end_series(append: Append) -> None:
    if append.series:
        append.series.broken = True


def recorded_at(at: datetime | None, clock: int, newest: int, *, simulated: bool) -> int:
    """The recorded time of a fact (microseconds), `at` being what its command asks for.  Raises ClockInDoubt."""
    if at is None:
        return max(clock, newest)
    if not simulated:
        raise ClockInDoubt("Only a scenario or demonstration ledger lets a command set the time.")
    asked = binary.microseconds(at)
    if asked < newest:
        raise ClockInDoubt(
            f"The newest fact was recorded at {binary.moment(newest):%d %b %Y %H:%M:%S} UTC, and this says "
            f"{at:%d %b %Y %H:%M:%S}: time does not run backwards."
        )
    return asked


def again(waiting: Sequence[Waiting]) -> list[Waiting]:
    """Those that still have no answer, to be tried again: nothing of theirs was recorded in this batch."""
    left = [each for each in waiting if not each.done.done()]
    for each in left:
        each.sent = each.known is not None
    return left
