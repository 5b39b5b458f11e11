"""The journal of erasures, and the holds that stop them: both under one lock, so that neither overtakes the other.

    deferred     asked for, and a hold covers it: nothing is destroyed, its keys go on being used
    begun        no hold covered it; its keys seal nothing new, and no person among its owners ever has another
    destroyed    listed outside (listed.py), and the keys are gone; the ciphertexts may still lie in the ledger
    closed       the ledger has sealed that it was done, at `position`
    finalised    the horizon has passed

The texts of a stream that name nobody go with the keys they have by then; what is told there later has a new one.

An erasure is begun, destroyed and closed by whoever asks and, after a crash, by whoever finds it in `under_way`: each
step done again is no second one.  Releasing a hold begins nothing: `due` lists what no hold keeps any longer, and each
is asked for again, with its reach as it is by then.  A hold that comes when an erasure has begun is too late for it,
and is told so.

Proven by tests/store/test_vault_erasing.py: a crash at every step, and holds racing erasures.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import orjson

from ledger.aggregates.shape import Erased
from ledger.errors import NotFound
from ledger.privacy.holds import Reach, Scope, covers, of_json, to_json
from ledger.privacy.owners import Owner, called, names_somebody
from ledger.rules.dates import day_of, london_day
from ledger.store import binary
from ledger.store.appending import Row
from ledger.store.vault.asking import Connect, asking, behind_the_gate
from ledger.store.vault.listed import ErasureList, Listed
from ledger.store.wire import Wire

_UNDER_WAY: Final = ("begun", "destroyed")


@dataclass(frozen=True, slots=True)
class Order:
    """An erasure as asked for.  `id`: the key of the command; `ground`: a code; two people, by their staff ids; `told`:
    the command itself, so that it can be gone on with."""

    id: UUID
    owners: frozenset[Owner]
    reach: Reach
    ground: str
    asked_by: str
    approved_by: str
    told: bytes = b""


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure as it stands.  `held_by`: the hold that it waits for, or last waited for; `keys`: ids as text."""

    order: Order
    step: str
    held_by: UUID | None
    keys: tuple[str, ...]
    wrappings: tuple[str, ...]  # which wrapping keys they were wrapped with when they were destroyed
    asked_at: datetime
    begun_at: datetime | None
    destroyed_at: datetime | None
    position: int | None

    @property
    def id(self) -> UUID:
        return self.order.id


class Erasures:
    """Every method raises VaultUnavailable when the vault does not answer."""

    def __init__(self, connect: Connect, forget: Callable[[], None], listed: ErasureList) -> None:
        """`forget` drops every key from this process's memory."""
        self._connect = connect
        self._forget = forget
        self._listed = listed

    async def begin(self, order: Order) -> Erasure:
        """Begin it, or let it wait where a hold covers it: `step` of the answer says which.

        Asked again, or by another id for owners that an erasure has already, it is that one.
        """
        owners = sorted(order.owners)
        columns, persons = columns_of(owners), [each for each in owners if names_somebody(each)]
        buried = columns_of(persons)
        async with behind_the_gate(self._connect) as wire:
            found = await wire.ask(b"erasure", (order.id.bytes,))
            found = found or await wire.ask(b"erasure_of", (_names(persons), *buried))
            known = _erasure(found[0]) if found else None
            if known and known.step != "deferred":
                return known
            name = (known.id if known else order.id).bytes
            hold = next((each for each, scope, _ in await _holds(wire) if covers(scope, order.reach)), None)
            await wire.ask(
                b"journal",
                (
                    name,
                    _names(owners),
                    to_json(order.reach.as_kept()),
                    order.ground.encode(),
                    order.asked_by.encode(),
                    order.approved_by.encode(),
                    hold.bytes if hold else None,
                    order.told,
                ),
            )
            if hold:
                await wire.ask(b"keep_held", columns)
            else:
                await wire.ask_all([(b"bury", (name, *buried)), (b"begin_erasing", (name, *columns))])
            [row] = await wire.ask(b"erasure", (name,))
        self._forget()
        return _erasure(row)

    async def destroy(self, id: UUID, at: datetime | None = None) -> Erasure:  # noqa: A002 - the journal's own word
        """Destroy the keys of an erasure that has begun; `at`: the true date, where it is not the vault's clock."""
        async with behind_the_gate(self._connect) as wire:
            found = await _known(wire, id)
            if found.step == "begun":
                await asyncio.to_thread(self._listed.add, _line_of(found, at or datetime.now(UTC)))
                found = await _destroyed(wire, id, at)
        self._forget()
        return found

    async def widen(self, id: UUID, owners: Iterable[Owner]) -> Erasure:  # noqa: A002
        """These go too: they were told of after it was asked for, and before the ledger has sealed that it is done.

        It stands at `begun` again then, unless they went with it already, or it is closed.
        """
        async with behind_the_gate(self._connect) as wire:
            found = await _known(wire, id)
            more = sorted(frozenset(owners) - found.order.owners)
            if not more or found.step not in _UNDER_WAY:
                return found
            buried = columns_of([each for each in more if names_somebody(each)])
            await wire.ask_all(
                [
                    (b"widen", (id.bytes, _names(sorted({*found.order.owners, *more})))),
                    (b"bury", (id.bytes, *buried)),
                    (b"begin_erasing", (id.bytes, *columns_of(more))),
                ]
            )
            found = await _known(wire, id)
        self._forget()
        return found

    async def replay(self) -> list[Erasure]:
        """Destroy what the list says was destroyed and this vault does not know: it was restored from before, or the
        process was stopped between the two.  They are `under_way` then.  Raises Setup for a list that is damaged."""
        listed = await asyncio.to_thread(self._listed.all)
        if not listed:
            return []
        async with behind_the_gate(self._connect) as wire:
            rows = await wire.ask(b"not_destroyed", (binary.array_of_uuid([each.id.bytes for each in listed]),))
            missing = {binary.read_bytes(row[0]) for row in rows}
            # One that was widened after the backup it was restored from knows some of its keys only.
            keys = [UUID(key).bytes for each in listed for key in each.keys]
            alive = {binary.read_bytes(row[0]) for row in await wire.ask(b"by_id", (binary.array_of_uuid(keys),))}
            missing |= {each.id.bytes for each in listed if any(UUID(key).bytes in alive for key in each.keys)}
            found = [await _again(wire, each) for each in listed if each.id.bytes in missing]
        self._forget()
        return found

    async def close(self, id: UUID, position: int) -> Erasure:  # noqa: A002
        """The ledger has sealed it: `position` of the fact."""
        async with behind_the_gate(self._connect) as wire:
            await wire.ask(b"close", (id.bytes, binary.int8(position)))
            return await _known(wire, id)

    async def under_way(self) -> list[Erasure]:
        """Begun and not closed: to be gone on with at the first step that is open."""
        async with behind_the_gate(self._connect) as wire:
            return await _at(wire, _UNDER_WAY)

    async def deferred(self) -> list[Erasure]:
        """Asked for, and not begun."""
        async with behind_the_gate(self._connect) as wire:
            return await _at(wire, ("deferred",))

    async def due(self) -> list[Erasure]:
        """Deferred, and by what is kept of their reach under no hold any longer: to be asked for again today.

        What is not kept of it, offences, is said again then.
        """
        async with behind_the_gate(self._connect) as wire:
            holds = await _holds(wire)
            waiting = await _at(wire, ("deferred",))
        return [each for each in waiting if not any(covers(scope, each.order.reach) for _, scope, _ in holds)]

    async def place_hold(self, id: UUID, scope: Scope, by: str, told: bytes = b"") -> list[Erasure]:  # noqa: A002
        """Hold what is in scope from now on; the erasures under way that it may cover, for which it comes too late.

        `told`: the command, so that it can be gone on with.  A hold of that id which is in force stays as it is.
        """
        async with behind_the_gate(self._connect) as wire:
            await wire.ask(b"place_hold", (id.bytes, to_json(scope), by.encode(), told))
            begun = await _at(wire, _UNDER_WAY)
        return [each for each in begun if covers(scope, each.order.reach, unsaid=True)]

    async def release_hold(self, id: UUID) -> list[Erasure]:  # noqa: A002
        """Let go; the erasures that nothing keeps any longer (`due`)."""
        async with behind_the_gate(self._connect) as wire:
            await wire.ask(b"release_hold", (id.bytes,))
        return await self.due()

    async def holds(self) -> dict[UUID, Scope]:
        """Those in force, the oldest first."""
        async with behind_the_gate(self._connect) as wire:
            return {name: scope for name, scope, _ in await _holds(wire)}

    async def told_holds(self) -> dict[UUID, bytes]:
        """With which command each of those in force was placed; empty where that was not kept."""
        async with behind_the_gate(self._connect) as wire:
            return {name: told for name, _, told in await _holds(wire)}

    async def destroyed_among(self, keys: Sequence[bytes]) -> dict[bytes, Erased]:
        """Those of these keys (16-byte ids) that are destroyed in an erasure that the ledger has not sealed yet."""
        async with asking(self._connect) as wire:
            rows = await wire.ask(b"destroyed_among", (binary.array_of_uuid(keys),))
        found: dict[bytes, Erased] = {}
        for row in rows:
            key, retention, moment = (binary.read_bytes(value) for value in row)
            found[key] = Erased(london_day(binary.moment(binary.read_int8(moment))), called(retention.decode()))
        return found

    async def keys_of(self, erasure: Erasure) -> tuple[str, ...]:
        """The ids of its keys, those too that a vault restored from before does not know and the list does."""
        listed = next((each for each in await asyncio.to_thread(self._listed.all) if each.id == erasure.id), None)
        return tuple(sorted({*erasure.keys, *(listed.keys if listed else ())}))

    async def finalise(self, id: UUID) -> Erasure:  # noqa: A002
        """Its horizon has passed, and the ledger has sealed that it has."""
        async with behind_the_gate(self._connect) as wire:
            await wire.ask_all([(b"finalise", (id.bytes,)), (b"finalised", (id.bytes,))])
            return await _known(wire, id)

    async def closed(self) -> list[Erasure]:
        """Sealed in the ledger, and not final yet."""
        async with behind_the_gate(self._connect) as wire:
            return await _at(wire, ("closed",))

    async def done(self) -> list[Erasure]:
        """All whose keys are destroyed, whatever has been sealed of them."""
        async with behind_the_gate(self._connect) as wire:
            return await _at(wire, ("destroyed", "closed", "finalised"))


def _line_of(erasure: Erasure, at: datetime) -> Listed:
    order = erasure.order
    owners = tuple(sorted(order.owners))
    return Listed(order.id, day_of(at), owners, erasure.keys, order.ground, (order.asked_by, order.approved_by))


async def _destroyed(wire: Wire, id: UUID, at: datetime | None) -> Erasure:  # noqa: A002
    moment = None if at is None else binary.int8(binary.microseconds(at))
    await wire.ask_all([(b"destroyed", (id.bytes, moment)), (b"destroy", (id.bytes,))])
    return await _known(wire, id)


async def _again(wire: Wire, listed: Listed) -> Erasure:
    """What is listed, from the beginning.  Keys made after the backup are not here; their owners have none again."""
    name = listed.id.bytes
    columns = columns_of([each for each in listed.owners if names_somebody(each)])
    reach = Reach(frozenset(owner.id for owner in listed.owners))
    told = to_json(reach), listed.ground.encode(), *(each.encode() for each in listed.by), None, b""
    await wire.ask_all(
        [
            (b"journal", (name, _names(listed.owners), *told)),
            (b"bury", (name, *columns)),
            (b"begin_erasing", (name, *columns)),
            (b"begin_erasing_keys", (name, binary.array_of_uuid([UUID(each).bytes for each in listed.keys]))),
        ]
    )
    return await _destroyed(wire, listed.id, None)


async def _known(wire: Wire, id: UUID) -> Erasure:  # noqa: A002
    rows = await wire.ask(b"erasure", (id.bytes,))
    if not rows:
        raise NotFound("The vault's journal has no such erasure.")
    return _erasure(rows[0])


async def _at(wire: Wire, steps: Sequence[str]) -> list[Erasure]:
    return [_erasure(row) for row in await wire.ask(b"erasures_at", (binary.array_of_text(steps),))]


async def _holds(wire: Wire) -> list[tuple[UUID, Scope, bytes]]:
    read = binary.read_bytes
    rows = await wire.ask(b"holds")
    return [(UUID(bytes=read(row[0])), of_json(Scope, read(row[1])), read(row[2])) for row in rows]


def _erasure(row: Row) -> Erasure:
    name, owners, reach, ground, asked_by, approved_by, step = map(binary.read_bytes, row[:7])
    order = Order(
        UUID(bytes=name),
        frozenset(Owner(*each) for each in orjson.loads(owners)),
        of_json(Reach, reach),
        ground.decode(),
        asked_by.decode(),
        approved_by.decode(),
        binary.read_bytes(row[13]),
    )
    asked_at = _moment(row[9])
    assert asked_at is not None
    return Erasure(
        order,
        step.decode(),
        UUID(bytes=row[7]) if row[7] else None,
        tuple(binary.read_bytes(row[14]).decode().split()),
        tuple(binary.read_bytes(row[8]).decode().split()),
        asked_at,
        _moment(row[10]),
        _moment(row[11]),
        binary.read_int8(row[12]) if row[12] else None,
    )


def _moment(data: bytes | None) -> datetime | None:
    return binary.moment(binary.read_int8(data)) if data else None


def _names(owners: Sequence[Owner]) -> bytes:
    return orjson.dumps([list(each) for each in owners])


def columns_of(owners: Sequence[Owner]) -> tuple[bytes, bytes]:
    """Ids and retention classes, as text[]."""
    return (
        binary.array_of_text([owner.id for owner in owners]),
        binary.array_of_text([owner.retention for owner in owners]),
    )
