"""How an entry comes into the access log, and what its caller is told where it cannot.

Proven by tests/access/.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from ledger.errors import AccessLogReadOnly, AccessLogUnavailable, ClockInDoubt, LedgerError, ReadOnly
from ledger.store import mapping
from ledger.store.appending import Append, Receipt, Repeated
from ledger.store.log import Log
from ledger.store.mapping import Draft, Envelope
from ledger.store.vault import Vault

UNSEALED: Final = (
    "No answer leaves before what it tells is sealed in the access log, which cannot be written. Nothing was recorded."
)


@contextmanager
def or_no_answer(unsealed: str = UNSEALED) -> Generator[None]:
    """Inside, the access log is written to: raises AccessLogUnavailable for whatever stands in the way."""
    try:
        yield
    except (AccessLogUnavailable, AccessLogReadOnly):
        raise
    except ReadOnly as closed:
        raise AccessLogReadOnly(f"{unsealed} {closed.message}") from closed
    except LedgerError as trouble:
        raise AccessLogUnavailable(f"{unsealed} Try again in a moment.") from trouble


def begin(log: Log, drafts: Sequence[Draft], envelope: Envelope) -> asyncio.Future[Receipt | Repeated]:
    """Hand entries without sealed values to the sequencer, in the order of these calls, and wait for nothing.

    Whoever begins in the same moment shares one transaction.  Raises what Sequencer.append does.
    """
    facts = [mapping.pending(log.bound_to, each, envelope, {}) for each in drafts]
    return log.sequencer.append(Append(facts))


async def append(log: Log, vault: Vault, drafts: Sequence[Draft], envelope: Envelope, at: datetime | None) -> Receipt:
    """Seal entries, with their sealed values; `at` sets the clock of a simulated ledger."""
    parts = [mapping.parts_of(each, envelope) for each in drafts]
    owners = {owner for each in parts for owner in each.boxes}
    keys = await vault.keys_of(owners) if owners else {}
    facts = [mapping.pending(log.bound_to, each, envelope, keys, of) for each, of in zip(drafts, parts, strict=True)]
    while True:
        try:
            receipt = await log.sequencer.append(Append(facts, at=at))
        except ClockInDoubt:
            # A simulated clock is set by commands, and one that is refused may come from before the last one.
            head = await log.database.head()
            if at is None or head is None or head.recorded <= at:
                raise
            at = head.recorded
            continue
        assert isinstance(receipt, Receipt)  # without a key nothing is ever repeated
        return receipt
