"""An answer in time, or none: a server that hangs is as good as none.  Proven by tests/api/test_outages.py."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from ledger.errors import DatabaseUnavailable, Unavailable

T = TypeVar("T")


async def in_time(seconds: float, reading: Awaitable[T], late: type[Unavailable] = DatabaseUnavailable) -> T:
    """What is read, if it comes before the deadline.  Raises `late`."""
    try:
        async with asyncio.timeout(seconds):
            return await reading
    except TimeoutError as slow:
        raise late("There was no answer in time. Nothing was recorded; try again in a moment.") from slow
