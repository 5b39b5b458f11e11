"""Another key for a log, told by the log itself (ledger-format.md, *Keys of the log, witnesses*).

    rotate(log)          a new key, announced by an entry whose checkpoint both keys sign; both sign for 90 days
    rotate(log, log.second.keys)    the same of the ML-DSA-44 key
    announce_second(log) the same entry for the ML-DSA-44 key, which has signed beside the first from the beginning
    retire_due(log)      after the 90 days: the old key's seed is gone
    announcements(log)   each entry with its proof, for whoever holds the old key (ledger.transparency.announcement)

The 90 days are counted by the ledger's clock: from `recorded` of the announcement, and in a simulated ledger to the
newest fact.  This is for a key that has served its time.  After a theft no entry helps, for the thief can write one.

Proven by tests/store/test_rotating.py and tests/journeys/test_witness.py.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ledger.aggregates.ledger_stream import STREAM, SYSTEM, LogKeyAnnounced
from ledger.aggregates.shape import Fact
from ledger.errors import Conflict, DatabaseUnavailable, LedgerError, ReadOnly, StaleVersion
from ledger.store import mapping
from ledger.store.appending import Append, Receipt
from ledger.store.keys import LogKeys
from ledger.store.log import Log
from ledger.store.mapping import Draft, Envelope, Stored
from ledger.store.naming import losses_of
from ledger.transparency.proof import Proof
from ledger.transparency.tree import HashReader, inclusion_proof

log = logging.getLogger(__name__)

BESIDE: Final = timedelta(days=90)
EVERY_SECONDS: Final = 3600.0
TRIES: Final = 5
_CROWDED: Final = "Others write to this stream just now. Nothing was recorded; try again in a moment."


async def say(of: Log, fact: Fact) -> Receipt:
    """Seal what a log says of itself, in its stream `ledger`.

    Raises ReadOnly, ClockInDoubt, DatabaseUnavailable, OutcomeUnknown.
    """
    for _ in range(TRIES):
        newest, _policy = await of.database.newest_rules()
        stored = await of.database.stream(STREAM, after=newest - 1) if newest else []
        head = await of.database.head()
        assert head is not None
        moment = head.recorded if of.simulated and head.size else datetime.now(UTC)
        version = int(stored[-1].members["version"]) if stored else 0
        draft = Draft(mapping.fact_id(moment), STREAM, version + 1, fact, moment)
        made = mapping.pending(of.bound_to, draft, Envelope(SYSTEM, policy=0), {})
        try:
            receipt = await of.sequencer.append(Append([made]))
        except StaleVersion:
            continue
        assert isinstance(receipt, Receipt)
        return receipt
    raise DatabaseUnavailable(_CROWDED)


async def rotate(of: Log, keys: LogKeys[Any] | None = None) -> str:
    """Announce a new key and sign with both from now on; its verifier key.  `keys`: the Ed25519 ones if left out.

    What was cut short is gone on with.  Raises Conflict within 90 days of the last one, and as `say`.
    """
    if of.read_only:
        raise ReadOnly(of.read_only)
    await retire_due(of)
    keys = keys or of.keys
    old, *beside = keys.signers()
    for each in await _announced(of):
        if beside and each.members["values"]["vkey"] == beside[0].verifier().vkey():
            until = datetime.fromisoformat(each.members["recorded"]) + BESIDE
            raise Conflict(f"The key announced last signs beside the old one until {until:%-d %B %Y}. Rotate it then.")
    new = (await asyncio.to_thread(keys.prepare)).verifier().vkey()
    await _announce(of, LogKeyAnnounced(vkey=new, replaces=old.verifier().vkey()))
    return new


async def announce_second(of: Log) -> str:
    """Announce the ML-DSA-44 key, once; its verifier key.  Raises as `say`."""
    vkey = of.second.verifier.vkey()
    if all(each.members["values"]["vkey"] != vkey for each in await _announced(of)):
        await _announce(of, LogKeyAnnounced(vkey=vkey))
    return vkey


async def retire_due(of: Log) -> bool:
    """Let each old key go whose 90 days are over; whether one did.  Raises DatabaseUnavailable."""
    both: Sequence[LogKeys[Any]] = (of.keys, of.second.keys)
    beside = {each.signers()[1].verifier().vkey(): each for each in both if len(each.signers()) > 1}
    if not beside or of.read_only:
        return False
    head = await of.database.head()
    assert head is not None
    now, gone = head.recorded if of.simulated else datetime.now(UTC), False
    for each in await _announced(of):
        keys = beside.get(each.members["values"]["vkey"])
        if keys and datetime.fromisoformat(each.members["recorded"]) + BESIDE <= now:
            await asyncio.to_thread(keys.retire)
            log.warning("a key of the %s has served its time and is gone", of.kept.name)
            gone = True
    return gone


async def keep(of: Log) -> None:
    """Look hourly whether a key is to go, until cancelled."""
    while True:
        try:
            await retire_due(of)
        except (LedgerError, OSError) as problem:
            log.error("the keys of the %s were not looked at: %s", of.kept.name, type(problem).__name__)
        await asyncio.sleep(EVERY_SECONDS)


async def announcements(of: Log) -> list[dict[str, Any]]:
    """Each key that this log announced: `vkey`, `replaces` (or null), `recorded`, and `proof`, a .tlog-proof with the
    entry in it under the checkpoint that both keys signed.  Raises DatabaseUnavailable, ReadOnly."""
    found: list[dict[str, Any]] = []
    for each in await _announced(of):
        values, size = each.members["values"], each.position
        [(_, _, entry)] = await of.database.entries(size, size)
        # Its own checkpoint, or where that was cut short the next one: both keys sign each of them.
        kept = await of.database.note_from(size) or await _newest(of, size)
        hashes = await of.tiles.prove(kept[0], _inclusion(size, kept[0]))
        found.append(
            {
                "position": size,
                "recorded": each.members["recorded"],
                "vkey": values["vkey"],
                "replaces": values.get("replaces"),
                "proof": Proof(size - 1, tuple(hashes), kept[1], entry).write(),
            }
        )
    return found


async def _newest(of: Log, size: int) -> tuple[int, str]:
    checkpoint, note = await of.covering(size)
    return checkpoint.size, of.second.under(note)


async def losses(of: Log) -> list[dict[str, Any]]:
    """Each loss that was accepted: the fact's own words, its position and when it was recorded.  That its keys are
    this log's nobody proves here: see ledger.store.losing.  Raises DatabaseUnavailable."""
    return [
        {"position": each.position, "recorded": each.recorded, **each.fact.model_dump()}
        for each in await losses_of(of.database)
    ]


def _inclusion(position: int, size: int) -> Callable[[HashReader], list[bytes]]:
    return lambda tree: inclusion_proof(position - 1, size, tree)


async def _announce(of: Log, fact: LogKeyAnnounced) -> None:
    """Seal it, and keep its checkpoint, signed by every key, for ever: the old one cannot sign it again one day."""
    receipt = await say(of, fact)
    await of.database.keep_note(receipt.size, await asyncio.to_thread(of.second.under, receipt.note))


async def _announced(of: Log) -> list[Stored]:
    return await of.database.of_the_log(LogKeyAnnounced.topic)
