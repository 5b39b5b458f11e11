"""Decision trails asked of an open ledger: its cases read as far as a decision needs them.

    await decisions(ledger, "offender", id)
    await trail(ledger, position, of=("offender", id))

A decision may turn on other people's cases: of a fact that is not of the case decided on, no sealed value is told.

`withhold`: for roles that read states and dates only.  What a fold needs is opened for them as for a view, but no
sealed value leaves, and the decision's own texts stay closed: a decision that has one cannot be re-run for them.
Proven by tests/trails/test_trails.py.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, TypeVar

from ledger.access.purposes import Reader
from ledger.access.readings import Screen, is_case, people_of, target_of
from ledger.aggregates import AGGREGATES, noun_of
from ledger.aggregates.ledger_stream import STREAM
from ledger.aggregates.shape import Recorded, Unread
from ledger.application import Ledger
from ledger.application.asking import stream_of
from ledger.application.patience import in_time
from ledger.commands import SINGLE_STREAMS
from ledger.disclosing.seeing import EVERYTHING, classes_for
from ledger.errors import NotFound
from ledger.projections import VIEWS
from ledger.projections.why import Row
from ledger.store.binary import LARGEST
from ledger.store.chains import Opens
from ledger.store.mapping import Stored
from ledger.trails import telling
from ledger.trails.again import Asked, Chains, History, closed_inputs, decided, differences, knowing, policy_then
from ledger.trails.later import changes_of
from ledger.trails.screens import seen_by_author

T = TypeVar("T")
PAGE: Final = 500  # decisions of one answer
NO_DECISION: Final = "The fact at position {position} was told, not decided: no rule was applied to it."
NOT_THERE: Final = "There is no decision at position {position}{of}."


async def decisions(
    ledger: Ledger,
    noun: str,
    id: str,  # noqa: A002 - the contract's own word
    after: int = 0,
    *,
    most: int = PAGE,
    reader: Reader | None = None,
) -> tuple[list[Row], int | None]:
    """The decisions of a case, those about it elsewhere among them, in order of position: the first so many after a
    position, and after which the next page begins (None: no more).  `reader` as Ledger.view.

    Raises NotFound, LimitedAccess, DatabaseUnavailable, AccessLogUnavailable.
    """
    name = await _known(ledger, noun, id)
    await ledger.admit(reader, name)
    history = await _Reader(ledger, withhold=True).as_told(name)
    wanted = [each for each in history if each.position > after and _is_decision(each)]
    listed = [telling.listed(each) for each in wanted[:most]]
    items = [dict(each) for each in await ledger.unsaid(reader, listed, name, history)]
    screen = Screen(f"{noun}/{id}", "decisions", history[-1].position if history else 0)
    await _read(ledger, reader, screen, {name, *(each["stream"] for each in items if "stream" in each)})
    return items, wanted[most - 1].position if len(wanted) > most else None


async def trail(
    ledger: Ledger,
    position: int,
    *,
    of: tuple[str, str] | None = None,
    withhold: bool = False,
    reader: Reader | None = None,
) -> Row:
    """The trail of the decision at a position; `of`: of this case (noun, id), or it is not there.  `reader` as
    Ledger.view.

    Raises NotFound, LimitedAccess, DatabaseUnavailable, VaultUnavailable, AccessLogUnavailable.
    """
    name = await _known(ledger, *of) if of else None
    there = 0 < position <= LARGEST
    entries = await in_time(ledger.store.deadline, ledger.store.database.entries(position, position)) if there else []
    stored = Stored.of(position, entries[0][2]) if entries else None
    if stored is None or (
        name is not None and name not in (stored.members["stream"], *stored.members.get("about", ()))
    ):
        raise NotFound(NOT_THERE.format(position=position, of=" of this case" if of else ""))
    decided_on = str(stored.members["stream"])
    for each in dict.fromkeys((name or decided_on, decided_on)):
        await ledger.admit(reader, each)
    withhold = withhold or await _sees_less(ledger, reader, decided_on)
    cases = _Reader(ledger, withhold=withhold)
    own = await cases.read(decided_on)
    record = next(each for each in own if each.position == position)
    if not _is_decision(record):
        raise NotFound(NO_DECISION.format(position=position))
    policy = (await in_time(ledger.store.deadline, ledger.cases.policy(fresh=True))).policy
    release = int(stored.members.get("release", 0))
    then, asked = policy_then(policy, record.policy, release), Asked()

    async def told(each: Recorded[Any]) -> Row:
        return await cases.row(each, theirs=each.stream == record.stream or record.stream in each.about)

    outcome = await cases.pure(lambda chains: decided(record, knowing(record, chains, then, asked)))
    closed = await cases.pure(lambda chains: closed_inputs(record, chains, outcome.looked))
    changes = await cases.pure(lambda chains: changes_of(record, chains, then))
    worded = telling.in_clear if withhold else telling.in_full
    sealed = telling.sealed_fields(record) if withhold else frozenset[str]()
    found: Row = {
        "position": position,
        "leaf": base64.b64encode(entries[0][1]).decode(),
        "decision": await told(record),
        "about": list(record.about),
        "rested_on": [await told(each) for each in await cases.records_at(record.rests_on)],
        "rules": telling.rules_of(record.under),
        "policy": telling.policy_of(asked, policy) | {"version": record.policy, "release": release},
        "seen": await seen_by_author(ledger, stored, record, withhold=withhold, reader=reader),
        "rerun": telling.rerun_of(outcome, differences(record, outcome), closed, sealed, worded),
        "later": [
            await told(each.record) | {"would_have_changed": telling.effects_of(each, sealed, worded)}
            for each in changes
        ],
    }
    across = any(each.across for each in VIEWS if each.name == found["seen"]["view"])
    for each in dict.fromkeys(_shown_in(found)):
        await ledger.admit(reader, each, whole=across and each == found["seen"]["of"])
    screen = Screen(
        "/".join(of) if of else target_of(record.stream),
        "decision",
        position,
        people=() if withhold else people_of(None),
    )
    await _read(ledger, reader, screen, _shown_in(found))
    return found


async def _sees_less(ledger: Ledger, reader: Reader | None, stream: str) -> bool:
    """Whether a class of values is shut for this reader: then, as a decision rests on all of them, none is shown."""
    if reader is None:
        return False
    history = await _Reader(ledger, withhold=True).as_told(stream)
    return classes_for(reader.by, history) != EVERYTHING


async def _read(ledger: Ledger, reader: Reader | None, screen: Screen, cases: Iterable[str]) -> None:
    """It is sealed who is shown this, before it is.  Raises AccessLogUnavailable."""
    if reader is not None:
        version = (await in_time(ledger.store.deadline, ledger.cases.policy())).policy.version
        await ledger.access.readings.begin(reader, screen, {*filter(is_case, cases)}, version).sealed()


def _shown_in(found: Row) -> Iterator[str]:
    """The cases of which a trail shows a fact or a view."""
    yield from found["about"]
    yield from (each["stream"] for each in (found["decision"], *found["rested_on"], *found["later"]))
    if found["seen"]["of"] is not None:
        yield found["seen"]["of"]


async def _known(ledger: Ledger, noun: str, id: str) -> str:  # noqa: A002 - the contract's own word
    """The name of a case that anything is recorded of; the policy is always there.  Raises NotFound."""
    name = stream_of(noun, id)
    if (
        noun not in SINGLE_STREAMS
        and not (await in_time(ledger.store.deadline, ledger.store.database.newest(name))).case
    ):
        raise NotFound(f"There is no {noun} {id}.")
    return name


def _is_decision(record: Recorded[Any]) -> bool:
    return record.stream != STREAM and bool(record.under or record.rests_on)


# ------------------------------------------------------------------------------------------ reading


class _Reader:
    """The chains that were read for one trail."""

    def __init__(self, ledger: Ledger, *, withhold: bool) -> None:
        self.ledger = ledger
        self._withhold = withhold
        self._chains: dict[str, History] = {}
        self._told: dict[str, History] = {}

    async def read(self, name: str) -> History:
        """A whole chain, opened as far as whoever asks may have decisions taken on it."""
        if name not in self._chains:
            self._chains[name] = await self._opened(name, AGGREGATES[noun_of(name)].opens if self._withhold else None)
        return self._chains[name]

    async def _opened(self, name: str, opens: Opens) -> History:
        async def reading() -> Sequence[Recorded[Any]]:
            chains = self.ledger.cases.chains
            return (await chains.read(await chains.of(name), opens)).records

        return list(await in_time(self.ledger.store.deadline, reading()))

    async def pure(self, ask: Callable[[Chains], T]) -> T:
        """What a pure function of chains answers, once those it asks for are read."""

        def chain(name: str) -> History:
            if name not in self._chains:
                raise Unread((name,))
            return self._chains[name]

        while True:
            try:
                return await asyncio.to_thread(ask, chain)  # it may take many decisions
            except Unread as wanted:
                for name in wanted.names:
                    await self.read(name)

    async def as_told(self, name: str, *, theirs: bool = True) -> History:
        """The chain with no value opened that may not leave: of others (not `theirs`) none at all."""
        if theirs and not self._withhold:
            return await self.read(name)
        if name not in self._told:
            self._told[name] = await self._opened(name, {})
        return self._told[name]

    async def row(self, record: Recorded[Any], *, theirs: bool) -> Row:
        """A fact as it may leave; `theirs`: it is of the very case that was decided on."""
        chain = await self.as_told(record.stream, theirs=theirs)
        return telling.row(next(each for each in chain if each.position == record.position), chain)

    async def records_at(self, positions: Sequence[int]) -> list[Recorded[Any]]:
        """The facts at these positions, of whichever case."""
        there = {each.position: each for chain in self._chains.values() for each in chain}
        for position in positions:
            if position not in there:
                ((_, _, entry),) = await in_time(
                    self.ledger.store.deadline, self.ledger.store.database.entries(position, position)
                )
                for each in await self.read(str(Stored.of(position, entry).members["stream"])):
                    there[each.position] = each
        return [there[position] for position in positions]
