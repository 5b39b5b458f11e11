"""Going on with erasures and holds that were cut short, whichever process began them: at every start, and every while.

Nothing is raised: what cannot be done now is tried again.  Proven by tests/erasing/test_cut_short.py.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from ledger.application.erasing import Erasing
from ledger.application.finalising import Finalising
from ledger.application.holding import Holding
from ledger.store.opening import Store

log = logging.getLogger(__name__)

SECONDS: Final = 20.0  # how long what was cut short waits for a process that still runs


class GoingOn:
    """What there is to go on with, in its order."""

    def __init__(self, store: Store, erasing: Erasing, holding: Holding, finalising: Finalising) -> None:
        self._store = store
        self._steps = (erasing.go_on_with_all, holding.go_on, erasing.carry_out_due, finalising.finish)

    async def at_once(self) -> None:
        """Do what there is."""
        if self._store.read_only is not None:
            return
        for step in self._steps:
            try:
                await step()
            except Exception as problem:  # a defect of ours neither stops the others nor keeps the ledger closed
                log.error("an erasure or a hold waits: %s", type(problem).__name__)

    async def keep(self) -> None:
        """Every while, for as long as this runs."""
        while True:
            await asyncio.sleep(SECONDS)
            await self.at_once()
