"""What a bundle holds beside the case: the keys that its notes are checked with, and what others say of the log.

    await others(store, closing, positions)     files of the bundle: policy, announcements, cosignatures, timestamps

Of the timestamps those go with a case that say most about it: for each of its facts the first one that covers it.

Where a quorum of witnesses is asked for (LEDGER_WITNESSES), an export waits a little for their cosignature of its
closing; where it does not come, it goes with the newest there is: a witness that is away stops no export, as it stops
no sealing, and the bundle says what it lacks.

Proven by tests/disclosing/test_others.py and tests/store/test_rotating.py.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Final

from ledger.aggregates.ledger_stream import TimestampObtained
from ledger.store import rotating
from ledger.store.heads import Closing
from ledger.store.opening import Store
from ledger.transparency.bundle import contents
from ledger.transparency.bundle.others import Consistency
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.cosignature import parse_vkey
from ledger.transparency.errors import TransparencyError
from ledger.transparency.names import name_at
from ledger.transparency.note import format_note, parse_note
from ledger.transparency.policy import Party, Policy
from ledger.transparency.tree import HashReader, consistency_proof, edge_at

COSIGNED_WITHIN: Final = 3.0  # seconds; witnesses are asked every second while a quorum is wanted
_LOOK_EVERY: Final = 0.1


async def others(store: Store, closing: Closing, positions: Sequence[int]) -> dict[str, bytes]:
    """All of it, for a case whose facts are at these positions.

    Raises DatabaseUnavailable, ReadOnly.
    """
    files = await _stamped(store, closing, positions)
    sizes = {int(name.partition("/")[2].partition(".")[0]) for name in files}
    witnesses: Mapping[str, Party] = {}
    if found := await _cosigned(store, closing):
        files[contents.COSIGNED], witnesses = found[1].encode(), found[2]
        sizes.add(found[0])
    proofs = await store.tiles.prove(max((closing.position, *sizes)), lambda tree: _proofs(tree, sizes, closing))
    return {
        **files,
        **{contents.consistency_name(size): each.write() for size, each in proofs.items()},
        **await _announced(store),
        contents.POLICY: _policy(store, witnesses),
    }


def _proofs(tree: HashReader, sizes: set[int], closing: Closing) -> dict[int, Consistency]:
    """That the log at each of these sizes and at the closing's is one."""
    found: dict[int, Consistency] = {}
    for size in sorted(sizes - {closing.position}):
        small, large = sorted((size, closing.position))
        found[size] = Consistency(edge_at(size, tree).root(), tuple(consistency_proof(small, large, tree)))
    return found


async def _announced(store: Store) -> dict[str, bytes]:
    """The keys that both logs announced under the name they have, for whoever holds an earlier one of that name."""
    return {
        contents.announcement_name(each["position"] - 1, of_access=of is store.access): each["proof"].encode()
        for of in (store, store.access)
        for each in await rotating.announcements(of)
        if each["vkey"].partition("+")[0] == of.origin
    }


async def _stamped(store: Store, closing: Closing, positions: Sequence[int]) -> dict[str, bytes]:
    """The first token that covers each of these positions, of those over checkpoints up to the closing's.

    A token is over a checkpoint's text, and so over the name that the log had then: those of before a loss say nothing
    of the name that this bundle is under, and stay at home.
    """
    stored = await store.database.of_the_log(TimestampObtained.topic)
    here = [each.members["values"] for each in stored if name_at(each.position, store.names).origin == store.origin]
    tokens = {int(each["size"]): str(each["token"]) for each in here}
    sizes = sorted(size for size in tokens if size <= closing.position)
    covering = {next((size for size in sizes if size >= position), None) for position in positions}
    return {contents.timestamp_name(size): base64.b64decode(tokens[size]) for size in sizes if size in covering}


async def _cosigned(store: Store, closing: Closing) -> tuple[int, str, Mapping[str, Party]] | None:
    """(size, note, witnesses) of the newest checkpoint with enough cosignatures: of the closing's or a larger one, if
    it comes in time."""
    until = monotonic() + (COSIGNED_WITHIN if store.cosigned.demanded else 0)
    while True:
        newest = await asyncio.to_thread(store.cosigned.newest)
        if (newest is not None and newest[0].size >= closing.position) or monotonic() >= until:
            break
        await asyncio.sleep(_LOOK_EVERY)
    policy = store.cosigned.policy
    return None if newest is None or policy is None else _known_to_its_reader(store, policy, *newest)


def _known_to_its_reader(
    store: Store, policy: Policy, checkpoint: Checkpoint, note: str
) -> tuple[int, str, Mapping[str, Party]] | None:
    """The note without signatures by keys that are gone since: those a reader could not check."""
    keys = [*map(parse_vkey, store.vkeys), *(each.key for each in policy.witnesses.values())]
    there = {(each.name, each.key_id) for each in keys}
    parsed = parse_note(note)
    try:
        kept = format_note(parsed.text, [each for each in parsed.signatures if (each.name, each.key_id) in there])
        _, signed = policy.signed(kept, store.cosigned.known)
    except TransparencyError:  # by keys that are gone alone: the next round of asking mends it
        return None
    return checkpoint.size, kept, {name: each for name, each in policy.witnesses.items() if name in signed}


def _policy(store: Store, witnesses: Mapping[str, Party]) -> bytes:
    """The verifier keys of both logs and of the witnesses that signed, as a tlog-policy that asks for nothing."""
    lines = [f"log {each}\n" for each in (*store.vkeys, *store.access.vkeys)]
    lines += [f"witness {name} {each.key.vkey()}\n" for name, each in witnesses.items()]
    return "".join([*lines, "quorum none\n"]).encode("utf-8", "surrogateescape")
