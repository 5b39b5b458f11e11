"""The follower in a process of its own: folding takes a processor, and the one that answers people must not wait.

    follow(settings)                   follow until a signal (`ledger follow`)
    async with follower_beside():      the same beside a server, for as long as the server lives

The one beside a server ends when its standard input does, so it never outlives a server that was killed; one that ends
by itself is started again.  Any number may run: they take turns (ledger.following).

Proven by tests/journeys/test_following.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Final

from ledger import collecting, logs
from ledger.application import Ledger
from ledger.errors import LedgerError
from ledger.settings import Settings

log = logging.getLogger(__name__)

BESIDE: Final = "--beside"
AGAIN_SECONDS: Final = 1.0
END_SECONDS: Final = 5.0


def follow(settings: Settings, *, beside: bool = False, ready: Callable[[str], None] = lambda origin: None) -> None:
    """Follow the ledger of these settings until SIGTERM or SIGINT, or (`beside`) until standard input ends."""
    logs.configure(settings.log_level)
    # Not on uvloop: it aborts the process where a cancelled query closes a socket that it still watches.
    with asyncio.Runner() as runner:
        runner.run(_followed(settings, beside, ready))


async def _followed(settings: Settings, beside: bool, ready: Callable[[str], None]) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, ended.set)
    if beside:
        _at_end_of_input(loop, ended)
    ledger = await Ledger.open(settings, kind=None)
    try:
        gc.collect()
        collecting.seldom()
        async with ledger.followed():
            ready(ledger.store.origin)
            await ended.wait()
    finally:
        await ledger.close()


def _at_end_of_input(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    def read() -> None:
        if not os.read(sys.stdin.fileno(), 1024):
            loop.remove_reader(sys.stdin)
            ended.set()

    loop.add_reader(sys.stdin, read)


@asynccontextmanager
async def follower_beside() -> AsyncGenerator[None]:
    """While inside, a follower runs beside this process, for the ledger that the environment names."""
    keeping = asyncio.create_task(_kept())
    try:
        yield
    finally:
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping


async def _kept() -> None:
    """Start it, and again whenever it has ended."""
    while True:
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "ledger.cli",
                "follow",
                BESIDE,
                stdin=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, LedgerError) as problem:
            log.error("the follower could not be started: %s", type(problem).__name__)
        else:
            try:
                code = await process.wait()
                log.error("the follower ended (%d) and is started again", code)
            except asyncio.CancelledError:
                await _end(process)
                raise
        await asyncio.sleep(AGAIN_SECONDS)


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), END_SECONDS)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
