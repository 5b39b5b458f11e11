"""Finalising: an erasure is final when no backup that may still exist opens what was erased (DP-05).

    finalise    FinaliseErasure: sealed in the ledger first, then the vault is told
    finish      tells the vault of those that are sealed as final, where a crash came between the two

The rules know the day that the certificate promised; only the vault knows whether the wrapping keys of that time are
gone.  A child, a person, a victim and a third party go the same way (`roads`).

Proven by tests/erasing/test_finalising.py.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ledger.aggregates.after import finality_of
from ledger.aggregates.shape import Now
from ledger.aggregates.subject import ErasureFinalised
from ledger.application.considering import Considering
from ledger.application.erasing import Erasing, draft_of_act
from ledger.application.executing import Executing
from ledger.application.roads import Whom, is_of, road_of, subject_of, told
from ledger.commands import Acknowledged, Command
from ledger.errors import Refusal, Refused
from ledger.rules import register
from ledger.rules.dates import london_day, printed
from ledger.store.cases import Cases
from ledger.store.opening import Store
from ledger.store.vault import Erasure


class Finalising:
    """The ends of the erasures of an open ledger."""

    def __init__(self, store: Store, cases: Cases, executing: Executing, erasing: Erasing) -> None:
        self._executing, self._erasing = executing, erasing
        self._considering = Considering(cases, store.deadline)
        self._journal, self._epochs = store.vault.erasures, store.vault.epochs

    async def finalise(self, command: Command) -> Acknowledged:
        """Carry out FinaliseErasure.  Raises as Ledger.execute.

        An erasure whose last step a crash cut off is carried to it first.  Of one that the vault has not destroyed
        there is no fact either, and the case's own decision refuses it.
        """
        draft = draft_of_act(command)
        assert isinstance(draft, ErasureFinalised)
        subject = Whom(command.stream, draft.subject_id or command.id)
        erasure = next((each for each in await self._journal.done() if is_of(each, subject)), None)
        if erasure is None:
            return await self._executing.execute(command)
        await self._erasing.go_on(erasure)
        await self._past_the_horizon(erasure, command.at or datetime.now(UTC))
        acknowledged = await self._executing.execute(command)
        await self._journal.finalise(erasure.id)
        return acknowledged

    async def _past_the_horizon(self, erasure: Erasure, moment: datetime) -> None:
        assert erasure.destroyed_at is not None
        final_at = await self._epochs.horizon_of(erasure.destroyed_at, erasure.wrappings)
        if final_at is None:
            raise Refused([Refusal("DP-05", register.WRAPPED_AS_THEN)])
        if final_at > moment:
            day = printed(london_day(final_at))
            raise Refused([Refusal("DP-05", register.BEFORE_THE_HORIZON.format(day=day))])

    async def finish(self) -> None:
        """Tell the vault."""
        irrecoverable = datetime.now(UTC) - timedelta(days=self._epochs.backup_days)
        for each in await self._journal.closed():
            if each.destroyed_at is not None and each.destroyed_at <= irrecoverable and await self._is_sealed(each):
                await self._journal.finalise(each.id)

    async def _is_sealed(self, erasure: Erasure) -> bool:
        command = told(erasure)
        road, subject = road_of(command), subject_of(command, erasure.order.owners)

        def is_final(state: Any, now: Now) -> bool:
            erased = road.erasure(state, subject)
            return erased is not None and finality_of(state.history, erased) is not None

        return (await self._considering.consider(command, is_final)).found
