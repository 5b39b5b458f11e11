"""Epochs: every live key is wrapped anew, and the wrapping key of before is destroyed.

What was destroyed in the vault may still lie in an old backup of it, in its write-ahead log, or between the rows of
its files, wrapped.  When the wrapping key of that time is gone too, none of them opens.  So an erasure is irrecoverable
at its *horizon*: when every backup of that time has expired, and every epoch of that time has ended; until the epoch
ends there is none.

    1   the new wrapping key is made, its file synced                a crash here: the next try uses it
    2   the epoch is committed: nothing is wrapped with the old key any more
    3   live keys and secrets are wrapped anew, a batch at a time    a crash here: the next try goes on
    4   behind the gate, with nothing left under the old key, its key is destroyed, and the epoch ends
        on the day from which nobody has that key: at once, or when KMS's waiting period is over

What destroying a key means, key_files and kms say.  Proven by tests/store/test_vault_epochs.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ledger.errors import VaultUnavailable
from ledger.store import binary
from ledger.store.appending import Row
from ledger.store.vault.asking import Connect, asking, behind_the_gate
from ledger.store.vault.wrapping import WrappingKeys
from ledger.store.wire import Wire

BATCH: Final = 500

Told = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Epoch:
    """`wrapping`: id of its wrapping key; `ended_at`: when that was destroyed."""

    number: int
    wrapping: str
    began_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """The epoch that began, how much this run wrapped anew, and from when nobody has the wrapping key of before."""

    epoch: int
    keys: int
    secrets: int
    gone: datetime


def horizon(
    destroyed_at: datetime, wrappings: Sequence[str], epochs: Sequence[Epoch], backup_days: int
) -> datetime | None:
    """When keys destroyed then are irrecoverable; None while a wrapping key of that time is still there."""
    ends = [each.ended_at for each in epochs if each.wrapping in wrappings]
    passed = [each for each in ends if each is not None]
    if len(passed) < len(ends):
        return None
    return max([destroyed_at + timedelta(days=backup_days), *passed])


class Epochs:
    """Every method raises VaultUnavailable when the vault does not answer, or a wrapping key is not here."""

    def __init__(self, connect: Connect, wrapping: WrappingKeys, backup_days: int) -> None:
        self._connect = connect
        self._wrapping = wrapping
        self.backup_days = backup_days

    async def rewrap(self, told: Told = lambda count: None) -> Rewrapped:
        """Begin an epoch, or go on with the one that was begun, and end those before.  `told` hears of each batch."""
        async with behind_the_gate(self._connect) as wire:
            epochs = await _epochs(wire) or await self._first(wire)
            current = epochs[-1]
            if all(each.ended_at for each in epochs[:-1]):
                key = await self._wrapping.make(current.number + 1)
                await wire.ask(b"new_epoch", (binary.int8(current.number + 1), key.encode()))
                current = (await _epochs(wire))[-1]
        keys, names = [await self._all(kind, current.wrapping, told) for kind in ("keys", "secrets")]
        async with behind_the_gate(self._connect) as wire:
            epochs = await _epochs(wire)
            [[left]] = await wire.ask(b"left_behind", (current.wrapping.encode(),))
            if epochs[-1] != current or binary.read_int8(left):
                raise VaultUnavailable("Another rewrapping is under way. Let it end, then try again.")
            gone = await self._wrapping.destroy_before(current.number)
            await wire.ask(b"end_epochs", (binary.int8(current.number), binary.int8(binary.microseconds(gone))))
        return Rewrapped(current.number, keys, names, gone)

    async def _first(self, wire: Wire) -> list[Epoch]:
        number, key = self._wrapping.newest
        await wire.ask(b"enrol", (key.encode(), binary.int8(number)))
        return await _epochs(wire)

    async def _all(self, kind: str, current: str, told: Told) -> int:
        """Wrap all of a table anew; nothing is added under an old key while this runs."""
        new = await self._wrapping.known(current)
        async with asking(self._connect) as wire:
            done, after = 0, ""
            while rows := await wire.ask(f"old_{kind}".encode(), (current.encode(), after.encode())):
                texts = [[binary.read_bytes(value).decode() for value in row[:2]] for row in rows]
                names, old = [row[0] for row in texts], [row[1] for row in texts]
                anew = [
                    new.wrap((await self._wrapping.known(each)).unwrap(binary.read_bytes(row[2]), name), name)
                    for row, name, each in zip(rows, names, old, strict=True)
                ]
                given = binary.array_of_text(names), binary.array_of_text(old), binary.array_of_bytes(anew)
                await wire.ask(f"rewrap_{kind}".encode(), (current.encode(), *given))
                done, after = done + len(rows), names[-1]
                told(done)
            return done

    async def status(self) -> dict[str, Any]:
        """The epoch, what lies in the vault by state, and the horizon of what was destroyed last.

        `horizon` is None while there is none, or nothing was destroyed; `waiting` says how many wait for the epoch, and
        `to_finalise` of how many the horizon has passed: FinaliseErasure records that.
        """
        async with behind_the_gate(self._connect) as wire:
            epochs = await _epochs(wire)
            counted = await wire.ask(b"counted")
            gone = await wire.ask(b"destroyed_with")
        horizons = [self._horizon(row, epochs) for row in gone]
        final = [each for row, each in zip(gone, horizons, strict=True) if row[2] == b"closed" and each is not None]
        passed = [each for each in horizons if each is not None]
        read = binary.read_bytes
        return {
            "epoch": epochs[-1].number if epochs else None,
            "since": epochs[-1].began_at if epochs else None,
            "unended": [each.number for each in epochs[:-1] if each.ended_at is None],
            **{read(row[0]).decode(): binary.read_int8(row[1]) for row in counted},
            "horizon": max(passed) if passed and len(passed) == len(horizons) else None,
            "waiting": len(horizons) - len(passed),
            "to_finalise": sum(each <= datetime.now(UTC) for each in final),
        }

    async def horizon_of(self, destroyed_at: datetime, wrappings: Sequence[str]) -> datetime | None:
        """When what was destroyed then, wrapped so, is irrecoverable; None while a wrapping key of then is there."""
        async with behind_the_gate(self._connect) as wire:
            return horizon(destroyed_at, wrappings, await _epochs(wire), self.backup_days)

    def _horizon(self, row: Row, epochs: Sequence[Epoch]) -> datetime | None:
        moment = binary.moment(binary.read_int8(row[0]))
        return horizon(moment, binary.read_bytes(row[1]).decode().split(), epochs, self.backup_days)


async def _epochs(wire: Wire) -> list[Epoch]:
    return [_epoch(row) for row in await wire.ask(b"epochs")]


def _epoch(row: Row) -> Epoch:
    number, wrapping, began, ended = row
    read = binary.read_int8
    return Epoch(
        read(number),
        binary.read_bytes(wrapping).decode(),
        binary.moment(read(began)),
        binary.moment(read(ended)) if ended else None,
    )
