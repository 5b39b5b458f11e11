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
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from ledger.access.purposes import Reader
from ledger.access.readings import Screen, is_case, people_of, target_of
from ledger.aggregates import AGGREGATES, noun_of
from ledger.aggregates.ledger_stream import STREAM
from ledger.aggregates.shape import Recorded, Unread
from ledger.application import Ledger
from ledger.application.asking import nearby, stream_of
from ledger.application.patience import in_time
from ledger.commands import SINGLE_STREAMS
from ledger.disclosing.seeing import EVERYTHING, classes_for
from ledger.errors import NotFound
from ledger.privacy.limiting import CONCERNING, PERSON
from ledger.projections import VIEWS
from ledger.projections.why import Row
from ledger.store.binary import LARGEST
from ledger.store.chains import Chain, Opens
from ledger.store.database import Newest
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
    name, newest = await _known(ledger, noun, id)
    cases = _Reader(ledger, withhold=True)
    chain = await cases.stored(name, newest.case)
    await ledger.admit(reader, name, stored=chain, limits=newest.limits)
    history = await cases.as_told(name)
    wanted = [each for each in history if each.position > after and _is_decision(each)]
    listed = [telling.listed(each) for each in wanted[:most]]
    items = [dict(each) for each in await ledger.unsaid(reader, listed, name, history, newest.limits)]
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
    name, newest = await _known(ledger, *of) if of else (None, None)
    there = 0 < position <= LARGEST
    reading = ledger.store.database.entries(position - 1, position)
    entries = {at: (leaf, entry) for at, leaf, entry in await in_time(ledger.store.deadline, reading)} if there else {}
    leaf, entry = entries.get(position, (b"", None))
    stored = Stored.of(position, entry) if entry else None
    before = Stored.of(position - 1, entries[position - 1][1]) if position - 1 in entries else None
    if stored is None or (
        name is not None and name not in (stored.members["stream"], *stored.members.get("about", ()))
    ):
        raise NotFound(NOT_THERE.format(position=position, of=" of this case" if of else ""))
    decided_on = str(stored.members["stream"])
    if newest is None:
        newest = await in_time(ledger.store.deadline, ledger.store.database.newest(decided_on))
    cases = _Reader(ledger)
    if name in (None, decided_on):
        await cases.stored(decided_on, newest.case)
    people = [each for each in stored.members.get("about", ()) if each.startswith((PERSON, *CONCERNING))]
    await cases.find((decided_on, *people))  # it is about whom it was decided on, nearly always
    for each in dict.fromkeys((name or decided_on, decided_on)):
        await ledger.admit(reader, each, stored=await cases.stored(each), limits=newest.limits)
    cases.withhold = withhold = withhold or await _sees_less(cases, reader, decided_on)
    own = (await cases.read_all((decided_on, *people)))[decided_on]
    record = next(each for each in own if each.position == position)
    if not _is_decision(record):
        raise NotFound(NO_DECISION.format(position=position))
    policy = (await in_time(ledger.store.deadline, ledger.cases.policy_at(newest.rules))).policy
    release = int(stored.members.get("release", 0))
    then, asked = policy_then(policy, record.policy, release), Asked()

    async def told(each: Recorded[Any]) -> Row:
        return await cases.row(each, theirs=each.stream == record.stream or record.stream in each.about)

    outcome = await cases.pure(lambda chains: decided(record, knowing(record, chains, then, asked)))
    closed = await cases.pure(lambda chains: closed_inputs(record, chains, outcome.looked))
    changes = await cases.pure(lambda chains: changes_of(record, chains, then))
    worded = telling.in_clear if withhold else telling.in_full
    sealed = telling.sealed_fields(record) if withhold else frozenset[str]()
    seen, on_screen = await seen_by_author(
        ledger, stored, before, record, read=cases.chains, withhold=withhold, reader=reader
    )
    found: Row = {
        "position": position,
        "leaf": base64.b64encode(leaf).decode(),
        "decision": await told(record),
        "about": list(record.about),
        "rested_on": [await told(each) for each in await cases.records_at(record.rests_on)],
        "rules": telling.rules_of(record.under),
        "policy": telling.policy_of(asked, policy) | {"version": record.policy, "release": release},
        "seen": seen,
        "rerun": telling.rerun_of(outcome, differences(record, outcome), closed, sealed, worded),
        "later": [
            await told(each.record) | {"would_have_changed": telling.effects_of(each, sealed, worded)}
            for each in changes
        ],
    }
    across = any(each.across for each in VIEWS if each.name == found["seen"]["view"])
    shown = dict.fromkeys(_shown_in(found))
    if newest.limits:  # else nobody is kept from any
        await cases.find(
            each for each in shown if each.startswith(CONCERNING) or (across and each == found["seen"]["of"])
        )
    for each in shown:
        known = cases.chains[each].stored if each in cases.chains else None
        whole = across and each == found["seen"]["of"]
        await ledger.admit(reader, each, whole=whole, stored=known, limits=newest.limits)
    screen = Screen(
        "/".join(of) if of else target_of(record.stream),
        "decision",
        position,
        people=() if withhold else people_of(None),
    )
    await _read(ledger, reader, screen, {*_shown_in(found), *on_screen})
    return found


async def _sees_less(cases: _Reader, reader: Reader | None, stream: str) -> bool:
    """Whether a class of values is shut for this reader: then, as a decision rests on all of them, none is shown."""
    return reader is not None and classes_for(reader.by, await cases.closed(stream)) != EVERYTHING


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


async def _known(ledger: Ledger, noun: str, id: str) -> tuple[str, Newest]:  # noqa: A002 - the contract's own word
    """The name of a case that anything is recorded of, and how new it is; the policy is always there.

    Raises NotFound.
    """
    name = stream_of(noun, id)
    newest = await in_time(ledger.store.deadline, ledger.store.database.newest(name))
    if noun not in SINGLE_STREAMS and not newest.case:
        raise NotFound(f"There is no {noun} {id}.")
    return name, newest


def _is_decision(record: Recorded[Any]) -> bool:
    return record.stream != STREAM and bool(record.under or record.rests_on)


# ------------------------------------------------------------------------------------------ reading


class _Reader:
    """The chains that were read for one trail, each as it stood when it was first asked for; several are read at once.

    `withhold`: no sealed value leaves; `chains`: those that were read.
    """

    def __init__(self, ledger: Ledger, *, withhold: bool = False) -> None:
        self.ledger = ledger
        self.withhold = withhold
        self.chains: dict[str, Chain] = {}
        self._opened_of: dict[str, History] = {}
        self._closed: dict[str, History] = {}

    async def stored(self, name: str, newest: int | None = None) -> Sequence[Stored]:
        """The entries of a chain, up to this position at least."""
        if name not in self.chains:
            self.chains[name] = await self._in_time(self.ledger.cases.chains.of(name, newest))
        return self.chains[name].stored

    async def find(self, names: Iterable[str]) -> None:
        """Read several chains that were not read yet, in one question."""
        if lacking := [each for each in dict.fromkeys(names) if each not in self.chains]:
            self.chains |= await self._in_time(self.ledger.cases.chains.together(lacking))

    async def read(self, name: str) -> History:
        """A whole chain, opened as far as whoever asks may have decisions taken on it."""
        return (await self.read_all((name,)))[name]

    async def read_all(self, names: Iterable[str]) -> Mapping[str, History]:
        """Several, so opened; and all that were read before."""
        missing = [each for each in dict.fromkeys(names) if each not in self._opened_of]
        await self.find(missing)
        opens = ((AGGREGATES[noun_of(each)].opens if self.withhold else None) for each in missing)
        read = await asyncio.gather(*(self._opened(name, each) for name, each in zip(missing, opens, strict=True)))
        self._opened_of |= dict(zip(missing, read, strict=True))
        return self._opened_of

    async def closed(self, name: str) -> History:
        """A whole chain with no value opened."""
        if name not in self._closed:
            await self.stored(name)
            self._closed[name] = await self._opened(name, {})
        return self._closed[name]

    async def _opened(self, name: str, opens: Opens) -> History:
        reading = await self._in_time(self.ledger.cases.chains.read(self.chains[name], opens))
        return list(reading.records)

    async def pure(self, ask: Callable[[Chains], T]) -> T:
        """What a pure function of chains answers, once those it asks for are read."""

        def chain(name: str) -> History:
            if name not in self._opened_of:
                raise Unread((name,))
            return self._opened_of[name]

        while True:
            try:
                return await asyncio.to_thread(ask, chain)  # it may take many decisions
            except Unread as wanted:
                near = (nearby(each, wanted.names) for each in self._opened_of.values())
                await self.read_all({*wanted.names}.union(*near))

    async def as_told(self, name: str, *, theirs: bool = True) -> History:
        """The chain with no value opened that may not leave: of others (not `theirs`) none at all."""
        return await self.read(name) if theirs and not self.withhold else await self.closed(name)

    async def row(self, record: Recorded[Any], *, theirs: bool) -> Row:
        """A fact as it may leave; `theirs`: it is of the very case that was decided on."""
        chain = await self.as_told(record.stream, theirs=theirs)
        return telling.row(next(each for each in chain if each.position == record.position), chain)

    async def records_at(self, positions: Sequence[int]) -> list[Recorded[Any]]:
        """The facts at these positions, of whichever case."""
        there = {each.position for chain in self._opened_of.values() for each in chain}
        if lacking := [each for each in positions if each not in there]:
            entries = await self._in_time(self.ledger.store.database.as_stored(lacking))
            await self.read_all(str(Stored.of(at, entry).members["stream"]) for at, entry in entries.items())
        found = {each.position: each for chain in self._opened_of.values() for each in chain}
        return [found[position] for position in positions]

    async def _in_time(self, reading: Awaitable[T]) -> T:
        return await in_time(self.ledger.store.deadline, reading)
