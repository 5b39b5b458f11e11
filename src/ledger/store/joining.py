"""Questions that are asked side by side, put as one.

    boxes = Joining(ask)                  `ask`: a question about several keys, answered by key
    found = await boxes.of(positions)     of these keys what was found

Whoever asks in the same turn of the loop shares the answer: it goes out when that turn ends, so nobody's is older than
their question.  So whatever reads many cases asks as often as for one, if it reads them at once (`asyncio.gather`).

Proven by tests/store/test_joining.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Joining(Generic[K, V]):
    """One question for whoever asks it at once."""

    def __init__(self, ask: Callable[[list[K]], Awaitable[dict[K, V]]]) -> None:
        self._ask = ask
        self._wanted: dict[K, None] = {}
        self._going: asyncio.Task[dict[K, V]] | None = None

    async def of(self, keys: Collection[K]) -> dict[K, V]:
        """What there is of these keys.  Raises whatever the question raises."""
        if not keys:
            return {}
        self._wanted.update(dict.fromkeys(keys))
        if self._going is None:
            self._going = asyncio.get_running_loop().create_task(self._go())
            self._going.add_done_callback(heard)
        found = await asyncio.shield(self._going)  # whoever gives up meanwhile leaves the others their answer
        return {key: found[key] for key in keys if key in found}

    async def _go(self) -> dict[K, V]:
        wanted, self._wanted, self._going = [*self._wanted], {}, None
        return await self._ask(wanted)


def heard(asked: asyncio.Task[Any]) -> None:
    """Everybody who asked may have given up meanwhile: then nobody is told what went wrong."""
    if not asked.cancelled():
        asked.exception()
