"""Considering: whatever is thought out about a case and the others it needs, read anew, before anything is done.

    thought = await considering.consider(command, lambda state, now: ...)
    thought.found       what came of it
    thought.reads       what it rests on, for the sequencer to hold against what is recorded by then

Proven with the ways of an erasure and of a hold, tests/erasing/.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Now, Unread
from ledger.application.patience import in_time
from ledger.commands import Command, match_version, reads_of
from ledger.store.cases import Cases, Desk

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Thought(Generic[T]):
    """What was found out, and on what."""

    found: T
    desk: Desk
    policy: Policy
    reads: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Considering:
    """The cases of an open ledger, as they are recorded now."""

    cases: Cases
    deadline: float

    async def consider(self, command: Command, think: Callable[[Any, Now], T]) -> Thought[T]:
        """Think about the case a command is for, again until every case asked for lies there.

        Raises whatever `think` does, StaleVersion, DatabaseUnavailable, VaultUnavailable.
        """
        desk = Desk(self.cases, fresh=True)
        policy = await self._in_time(self.cases.policy(fresh=True))
        now = Now(
            moment=command.at or datetime.now(UTC),
            actor=command.actor,
            policy=policy.policy,
            imported=command.source is not None,
            look=desk.look,
        )
        while True:
            try:
                state = desk.look((command.stream,))[command.stream]
                match_version(command, desk.read[command.stream])
                return Thought(think(state, now), desk, policy.policy, reads_of(desk, policy))
            except Unread as wanted:
                for name in wanted.names:
                    desk.lay(name, await self._in_time(self.cases.read(name)))

    async def _in_time(self, reading: Awaitable[T]) -> T:
        return await in_time(self.deadline, reading)
