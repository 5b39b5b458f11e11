"""Erasing: the way of one erasure, carried out step by step, and gone on with whatever breaks (CP-42, SCR-05, DP-05).

    1  decided; the vault begins it, or lets it wait for the hold that covers it, and keeps the command
    2  the ledger fences its keys: nothing more is sealed under them; the keys are forgotten
    3  the vault destroys the keys: from here on nothing opens
    4  one transaction of the ledger: the ciphertexts go, the fact that says so and the notebook lines are sealed;
       whoever was told of since it was planned goes through 2 and 3 first
    5  the access log says that it was done; the vault closes it

`go_on` goes on at the first open step, whoever began it, and decides nothing again: what has begun is done.  Each step
done twice is done once.  In every process what was opened is forgotten within a minute; here at once.  That no backup
opens it either, `finalising` says when the time has come.

Proven by tests/erasing/test_erasing.py and test_cut_short.py, and by every scenario that erases.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from ledger.aggregates import AGGREGATES
from ledger.aggregates.after import HORIZON
from ledger.aggregates.child.erasing import BY_RELEASE, Line
from ledger.aggregates.child.facts import ChildDataErased
from ledger.aggregates.ledger_stream import SYSTEM
from ledger.aggregates.shape import Fact, Now
from ledger.application.considering import Considering, Thought
from ledger.application.executing import TRIES, Executing
from ledger.application.roads import road_of, stream_of, subject_of, told
from ledger.commands import (
    Acknowledged,
    Command,
    authorise,
    draft_of,
    envelope_of,
    fact_class_of,
    kept,
)
from ledger.errors import Forbidden, Malformed, Refusal, Refused, StaleVersion
from ledger.privacy.owners import Owner
from ledger.rules import case_review
from ledger.rules.dates import london_day
from ledger.rules.registry import labels
from ledger.store import mapping
from ledger.store.appending import Append, Repeated
from ledger.store.cases import Cases
from ledger.store.mapping import Draft
from ledger.store.opening import Store
from ledger.store.vault import Erasure, Order

STORES: Final = ("vault", "list-of-erasures", "ledger", "access-log", "memory")
"""What an erasure reaches, by the codes of a certificate; worklists hold no value of anybody, and no export is kept."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What an erasure comes to.  `refusals`: why not; `order`: what the vault is told, where it could be asked."""

    refusals: tuple[Refusal, ...]
    order: Order | None


class Erasing:
    """The erasures of an open ledger."""

    def __init__(
        self, store: Store, cases: Cases, executing: Executing, erased: Callable[[Command, int], Awaitable[None]]
    ) -> None:
        """`erased` seals in the access log that it was done, before the vault closes it: at least once."""
        self._store, self._cases, self._executing, self._erased = store, cases, executing, erased
        self._considering = Considering(cases, store.deadline)
        self._journal = store.vault.erasures

    async def erase(self, command: Command) -> Acknowledged:
        """Carry out EraseChild or EraseSubject.  Raises whatever Ledger.execute does."""
        if command.actor.role == BY_RELEASE:
            raise Forbidden(
                f"{command.name} in the role {BY_RELEASE} is what the release of a hold brings; nobody gives it."
            )
        self._store.writable()
        command = command if command.key else replace(command, key=uuid4())
        draft = draft_of_act(command)
        digest = self._executing.digest(command)
        mine = False  # whether this call has carried it out
        for tried in range(TRIES):
            again = await self._executing.receipt_of(command, digest)
            if again is not None:
                return replace(again, repeated=not mine)
            plan = await self._planned(command, draft)
            if plan.order is None:
                raise Refused(plan.refusals)
            erasure = await self._journal.begin(plan.order)
            if erasure.step != "deferred":
                await self.go_on(erasure)
                mine = erasure.order.told == plan.order.told
            elif plan.refusals:
                raise Refused(plan.refusals)
            elif tried == TRIES - 1:  # the fact of the hold is still on its way
                raise Refused([Refusal("SCR-05", case_review.ERASURE_IS_HELD.format(id=erasure.held_by))])
        raise StaleVersion("The record changed; look again.", command.stream)

    async def ask_by_release(self, child: str, at: datetime | None, id: UUID | None = None) -> Erasure | None:  # noqa: A002 - as above
        """Have the vault begin what waited for a hold, or keep it waiting; None where its own rules stand in the way.

        `child`: its stream; `at`: the moment of a simulated clock; `id`: of the erasure, where it was asked for before.
        """
        day = london_day(at or datetime.now(UTC))
        data = {"erased_on": day.isoformat()}
        return await self._ask_again(
            Command(ChildDataErased.act, "child", child[-36:], data, SYSTEM, key=id or uuid4(), at=at)
        )

    async def _ask_again(self, command: Command) -> Erasure | None:
        draft = draft_of_act(command)
        plan = await self._planned(command, draft)
        return await self._journal.begin(plan.order) if plan.order else None

    async def _planned(self, command: Command, draft: Fact) -> _Plan:
        return (
            await self._considering.consider(command, lambda state, now: _planned(state, now, command, draft))
        ).found

    async def carry_out_due(self, at: datetime | None = None) -> None:
        """Erase what waited, and no hold keeps any longer."""
        for each in await self._journal.due():
            stream = stream_of(each)
            if stream.startswith("child-"):
                begun = await self.ask_by_release(stream, at, each.id)
            else:  # by those who asked for it, for only they can be two people; with the true date
                asked, day = told(each), london_day(at or datetime.now(UTC)).isoformat()
                again = replace(asked, data={**asked.data, "erased_on": day}, at=at, key=uuid4(), if_match=None)
                begun = await self._ask_again(again)
            if begun is not None:
                await self.go_on(begun)

    # ------------------------------------------------------------------------------------ what has begun

    async def go_on_with_all(self) -> None:
        """Whatever is under way: children last, for the end of one is a line for the notebook of its adults, and there
        is none for whoever is erased as well, which is known once that is sealed."""
        under_way = await self._journal.under_way()
        for each in sorted(under_way, key=lambda each: stream_of(each).startswith("child-")):
            await self.go_on(each)

    async def go_on(self, erasure: Erasure) -> None:
        """Carry an erasure that has begun to its end, from whichever step it stands at."""
        if erasure.step not in ("begun", "destroyed"):
            return
        command = told(erasure)
        erasure = await self._destroyed(erasure, command)
        while not isinstance(done := await self._sealed(erasure, command), int):
            erasure = await self._destroyed(await self._journal.widen(erasure.id, done), command)
        await self._erased(command, done)
        await self._journal.close(erasure.id, done)

    async def _destroyed(self, erasure: Erasure, command: Command) -> Erasure:
        for each in (self._store, self._store.access):
            await each.database.fence([UUID(key).bytes for key in erasure.keys])
        self._store.vault.forget()
        self._cases.close()
        return await self._journal.destroy(erasure.id, command.at) if erasure.step == "begun" else erasure

    async def _sealed(self, erasure: Erasure, command: Command) -> int | frozenset[Owner]:
        """Seal that it is done, once: the position of the fact that says so.

        Or whose keys are to go as well, for they were told of since it was planned: the fact seals that there are none.
        """
        while True:
            thought = await self._considering.consider(command, lambda state, now: _done(state, now, command, erasure))
            done = thought.found
            try:
                return await self._seal(erasure, command, thought, done) if isinstance(done, _Done) else done
            except StaleVersion:
                continue  # whoever moves the case writes to it; nobody can for ever
            finally:
                self._forget(thought)

    async def _seal(self, erasure: Erasure, command: Command, thought: Thought[Any], done: _Done) -> int:
        keys = await self._journal.keys_of(erasure)
        assert erasure.destroyed_at is not None
        fact = done.fact.completed(key_ids=list(keys), certificate=self._certificate(erasure.destroyed_at))
        moment = command.at or datetime.now(UTC)
        drafts = [
            _draft_of(command.stream, thought.desk.read[command.stream].version + 1, fact, done, moment),
            *self._lines(thought, done.lines, moment),
        ]
        envelope = envelope_of(
            command if command.actor.role != BY_RELEASE else replace(command, key=None), thought.policy
        )
        parts = [mapping.parts_of(draft, envelope) for draft in drafts]
        sealed_under = await self._store.vault.keys_of({owner for each in parts for owner in each.boxes})
        append = Append(
            [
                mapping.pending(self._store.bound_to, draft, envelope, sealed_under, each)
                for draft, each in zip(drafts, parts, strict=True)
            ],
            key=UUID(envelope.key).bytes if envelope.key else None,
            digest=self._executing.digest(command),
            reads=thought.reads,
            at=command.at,
            erases=[UUID(key).bytes for key in keys],
        )
        receipt = await self._store.sequencer.append(append)
        return receipt.first if isinstance(receipt, Repeated) else receipt.facts[0].position

    def _lines(self, thought: Thought[Any], lines: Sequence[Line], moment: datetime) -> list[Draft]:
        versions: dict[str, int] = {}
        made: list[Draft] = []
        for line in lines:
            version = versions[line.stream] = versions.get(line.stream, thought.desk.read[line.stream].version) + 1
            made.append(_draft_of(line.stream, version, line.decision.facts[0], line.decision, moment))
        return made

    def _certificate(self, destroyed_at: datetime) -> dict[str, str]:
        day = london_day(destroyed_at).isoformat()
        promised = london_day(destroyed_at + timedelta(days=self._store.vault.epochs.backup_days))
        return {**dict.fromkeys(STORES, day), HORIZON: promised.isoformat()}

    def _forget(self, thought: Thought[Any]) -> None:
        for name in thought.desk.read:
            self._cases.forget(name)


@dataclass(frozen=True, slots=True)
class _Done:
    """What is sealed of an erasure that is done.  `fact`: all of it but what only the vault knows."""

    fact: Fact
    about: tuple[str, ...]
    rests_on: tuple[int, ...]
    under: tuple[str, ...]
    lines: Sequence[Line]


def _planned(state: Any, now: Now, command: Command, draft: Fact) -> _Plan:
    refusals: tuple[Refusal, ...] = ()
    try:
        AGGREGATES[command.noun].decide(state, draft, now, command.stream)
    except Refused as problem:
        refusals = tuple(problem.refusals)
    road, subject = road_of(command), subject_of(command)
    asked = road.asked_for(state, subject, now) if all(each.rule == "SCR-05" for each in refusals) else None
    if asked is None:
        return _Plan(refusals, None)
    owners, reach = frozenset(road.owners(state, subject)), road.reach(state, subject, now)
    assert command.key is not None
    return _Plan(refusals, Order(command.key, owners, reach, asked.ground, asked.by, asked.approved_by, kept(command)))


def _done(state: Any, now: Now, command: Command, erasure: Erasure) -> _Done | frozenset[Owner] | int:
    """What to seal, as things are now; where it is sealed already, its position; where others were told of since it was
    planned, their keys' owners."""
    assert erasure.destroyed_at is not None
    day = london_day(erasure.destroyed_at)
    road, subject = road_of(command), subject_of(command, erasure.order.owners)
    sealed = road.erasure(state, subject)
    if sealed is not None:
        return sealed.position
    since = frozenset(road.owners(state, subject)) - erasure.order.owners
    if since:
        return since
    fact = road.fact(state, subject, day)
    ruling = road.ruling(state, subject, fact, now)
    return _Done(fact, ruling.about, ruling.rests_on, labels(type(fact).rules), road.lines(state, day, now))


def draft_of_act(command: Command) -> Fact:
    """The draft of an act.  Raises as draft_of; Malformed where it says what only its doer knows; Forbidden."""
    fact_class = fact_class_of(command)
    authorise(command, fact_class)
    draft = draft_of(command, fact_class)
    known = [name for name, by in fact_class.supplied.items() if by.by == "ledger" and getattr(draft, name) is not None]
    if known:
        raise Malformed(
            f"{command.name}: {known[0]} is what the ledger itself says; leave it out.",
            dict.fromkeys(known, "the ledger says this"),
        )
    return draft


def _draft_of(stream: str, version: int, fact: Fact, decided: Any, moment: datetime) -> Draft:
    return Draft(
        id=mapping.fact_id(moment),
        stream=stream,
        version=version,
        fact=fact,
        effective=fact.effective() or moment,
        about=decided.about,
        under=decided.under,
        rests_on=decided.rests_on,
    )
