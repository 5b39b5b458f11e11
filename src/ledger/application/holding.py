"""Holding: a hold is in the vault before it is a fact, and a fact that it ended before the vault lets go (SCR-05, 06).

    placing      the vault holds  ->  HoldPlaced is sealed
    releasing    HoldReleased is sealed  ->  what is due under it is journalled  ->  the vault lets go  ->  what no hold
                 keeps any longer is erased, the same day, in the role system

So an erasure and a hold never overtake each other.  The vault keeps the command a hold was placed with: `go_on` seals
the hold whose author was cut off, and lets go of the one whose release was; each step done twice is done once.  A hold
told by another system is not sealed for it: its import is, line by line, when it is given again.

Proven by tests/erasing/test_holding.py, test_cut_short.py and privacy.yaml.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from ledger.aggregates import AGGREGATES
from ledger.aggregates.case_review.holding import HoldPlaced, HoldReleased
from ledger.aggregates.case_review.holds import Hold, holds_of, scope_of
from ledger.aggregates.case_review.on_holds import waiting_under
from ledger.aggregates.shape import Fact, Now
from ledger.application.considering import Considering
from ledger.application.erasing import Erasing
from ledger.application.executing import Executing
from ledger.commands import Acknowledged, Command, authorise, draft_of, fact_class_of, kept, of_kept
from ledger.errors import Caution, Conflict, LedgerError, Refusal, Refused
from ledger.rules import case_review, general
from ledger.store.cases import Cases
from ledger.store.opening import Store

log = logging.getLogger(__name__)


class Holding:
    """The holds of an open ledger."""

    def __init__(self, store: Store, cases: Cases, executing: Executing, erasing: Erasing) -> None:
        self._store, self._executing, self._erasing = store, executing, erasing
        self._considering = Considering(cases, store.deadline)
        self._journal = store.vault.erasures

    async def place(self, command: Command) -> Acknowledged:
        """Carry out PlaceHold.  Raises whatever Ledger.execute does."""
        self._store.writable()
        command = command if command.key else replace(command, key=uuid4())
        draft = _draft(command)
        assert isinstance(draft, HoldPlaced)
        again = await self._executing.receipt_of(command, self._executing.digest(command))
        if again is not None:
            return again
        await self._considering.consider(command, lambda state, now: _decide(state, now, command, draft))
        name, told = UUID(draft.hold_id), kept(command)
        late = await self._journal.place_hold(name, scope_of(draft), command.actor.id, told)
        if (await self._journal.told_holds()).get(name) != told:  # somebody else's, in another review
            raise Refused([Refusal("GEN-06", general.ALREADY.format(what="hold"), rule_book=False)])
        cautions = tuple(Caution("SCR-05", case_review.TOO_LATE.format(key=each.id)) for each in late)
        try:
            return await self._executing.execute(command, cautions)
        except Conflict:
            await self._journal.release_hold(name)  # nothing was recorded, and nobody could release it
            raise

    async def release(self, command: Command) -> Acknowledged:
        """Carry out ReleaseHold.  Raises whatever Ledger.execute does; what follows is gone on with if it fails."""
        draft = _draft(command)
        assert isinstance(draft, HoldReleased)
        acknowledged = await self._executing.execute(command)
        try:
            await self._let_go(command, draft.hold_id)
        except LedgerError as problem:
            log.error("what a released hold kept waits: %s", problem.code)
        return acknowledged

    async def go_on(self) -> None:
        """Seal the holds that are only in the vault; let go of those that the ledger has released."""
        for name, told in (await self._journal.told_holds()).items():
            if not told:
                continue
            command = of_kept(told)
            thought = await self._considering.consider(
                replace(command, if_match=None), lambda state, now, name=name: _hold_of(state, str(name))
            )
            hold = thought.found
            if hold is None and command.source is None:
                try:
                    await self._executing.execute(command)
                except Conflict as problem:
                    log.error("a hold that was never acknowledged is not placed: %s", problem.code)
                    await self._journal.release_hold(name)
            elif hold is not None and hold.released is not None:
                await self._let_go(command, str(name))

    async def _let_go(self, command: Command, hold_id: str) -> None:
        """Journal what is due under a hold that has ended, let go of it, and erase what nothing keeps any longer."""
        thought = await self._considering.consider(
            replace(command, if_match=None), lambda state, now: _waiting(state, now, hold_id)
        )
        for child in thought.found:
            await self._erasing.ask_by_release(child, command.at)
        await self._journal.release_hold(UUID(hold_id))
        await self._erasing.carry_out_due(command.at)


def _draft(command: Command) -> Fact:
    fact_class = fact_class_of(command)
    authorise(command, fact_class)
    return draft_of(command, fact_class)


def _decide(state: Any, now: Now, command: Command, draft: Fact) -> None:
    AGGREGATES[command.noun].decide(state, draft, now, command.stream)


def _hold_of(review: Any, hold_id: str) -> Hold | None:
    return next((each for each in holds_of(review.history) if each.hold_id == hold_id), None)


def _waiting(review: Any, now: Now, hold_id: str) -> list[str]:
    """The children under a hold; whether they are due, each one's own rules say."""
    hold = _hold_of(review, hold_id)
    return waiting_under(hold.placed.fact, now) if hold else []
