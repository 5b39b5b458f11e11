"""Standing: what the ledger holds, how far its worklists follow, and whether everything it needs is there.

Proven by tests/api/test_operating.py and tests/api/test_outages.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from ledger.application.patience import in_time
from ledger.errors import LedgerError, VaultUnavailable
from ledger.searching import Keeping
from ledger.store.checkpoint_files import Kept
from ledger.store.closing import Closer
from ledger.store.log import Log
from ledger.store.opening import Store
from ledger.store.verified import Verified, newest

T = TypeVar("T")

LAG_SECONDS: Final = 60  # how far behind the worklists may be while the service is ready
READY_SECONDS: Final = 2  # how long a database or vault may take to say that it is there


class Standing:
    """How an open ledger stands."""

    def __init__(self, store: Store, closers: Mapping[Kept, Closer]) -> None:
        self._store = store
        self._closers = closers
        self.search: Keeping | None = None  # where this process is one that can be searched

    async def _follows(self) -> bool:
        """The worklists follow within a minute."""
        return (await self.lag())["lag_seconds"] <= LAG_SECONDS

    async def status(self) -> dict[str, Any]:
        """What the ledger and its access log hold, whether they may be written to, and how far the worklists follow."""
        own, access = [await self._status(each) for each in (self._store, self._store.access)]
        return own | {"access_log": access, "worklists": await self.lag(), "vault": await self._vault()}

    async def _vault(self) -> dict[str, Any]:
        """Its epoch, and the horizon of what was destroyed; or why neither can be said."""
        try:
            return await in_time(self._store.deadline, self._store.vault.epochs.status(), VaultUnavailable)
        except VaultUnavailable as away:
            return {"unavailable": away.message}

    async def _status(self, each: Log) -> dict[str, Any]:
        newest = await self._in_time(self._closers[each.kept].newest())
        return await self._in_time(each.status()) | {"newest_closing": newest}

    async def vouched(self) -> dict[str, Any]:
        """Of each log what anybody may know of how it is vouched for: `status` without what is the operator's."""
        told = ("origin", "keys", "newest_closing", "newest_timestamp", "cosigned", "quorum", "witnesses")
        both = {"ledger": self._store, "access_log": self._store.access}
        found: dict[str, Any] = {}
        for name, of in both.items():
            found[name] = {key: value for key, value in (await self._status(of)).items() if key in told}
            if "witnesses" in found[name]:  # where they are, and what stands in their way, is for the operator
                found[name]["witnesses"] = [
                    {key: each[key] for key in ("name", "size", "at")} for each in found[name]["witnesses"]
                ]
        return found

    def verified(self) -> Verified | None:
        """What the last full verification of this home came to.  Raises NotARecord."""
        return newest(self._store.home)

    async def lag(self) -> dict[str, Any]:
        """How far the worklists follow: `position`, `behind` (facts), `lag_seconds`, and how many cases are `paused`
        (which they are, a worklist says to those who may read of them).

        The lag is the age of the oldest fact that is not projected yet, by the ledger's clock.
        """
        followed = await self._in_time(self._store.database.followed())
        age = (datetime.now(UTC) - followed.waiting).total_seconds() if followed.waiting else 0
        paused = await self._in_time(self._store.database.paused())
        return {
            "position": followed.position,
            "behind": followed.size - followed.position,
            "lag_seconds": max(0, round(age)),
            "paused": len(paused),
        }

    async def ready(self) -> dict[str, Any]:
        """Do the database, the vault and the access log answer?  Status UP or DOWN, in all and of each."""
        asked: Mapping[str, Callable[[], Awaitable[object]]] = {
            "database": self._store.database.head,
            "vault": self._store.vault.ping,
            "access_log": self._store.access.database.head,
            "worklists": self._follows,
        }
        if self.search is not None:
            asked = {**asked, "search": self.search.filled}
        # All at once: whoever probes waits for the slowest of them and not for their sum.
        parts = dict(zip(asked, await asyncio.gather(*map(_up, asked.values())), strict=True))
        parts["writing"] = "DOWN" if self._store.read_only else "UP"
        if self._store.access.read_only:
            parts["access_log"] = "DOWN"
        return {"status": "UP" if set(parts.values()) == {"UP"} else "DOWN", "components": parts}

    async def _in_time(self, reading: Awaitable[T]) -> T:
        return await in_time(self._store.deadline, reading)


async def _up(ask: Callable[[], Awaitable[object]]) -> str:
    """UP if there is an answer in time, and it is not no."""
    try:
        async with asyncio.timeout(READY_SECONDS):
            return "DOWN" if await ask() is False else "UP"
    except (LedgerError, TimeoutError):
        return "DOWN"
