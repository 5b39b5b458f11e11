"""Serving: the HTTP application under uvicorn, with one event loop, tuned as measured (bench/RESULTS.md).

The address is taken first, so that a port that is not free is said at once; the ledger is opened next, and a signal
meanwhile gives it up; only then does anybody hear that it is ready.

A signal after that (SIGTERM, SIGINT) ends it gracefully, with exit code 0: no new connection is taken; a command that
has arrived whole is carried out and answered, for as long as the command deadline; one that arrives later gets 503;
then the sequencer closes, and the embedded servers stop unless another process uses them.  A second signal goes at
once, as a power cut would: what was under way may or may not stand, and its key tells.

Proven by tests/journeys/.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import math
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import Final

import uvicorn
import uvloop

from ledger import collecting, logs
from ledger.api.app import build
from ledger.api.operating import Operating
from ledger.api.protocol import counting
from ledger.api.tokens import Tokens
from ledger.api.web.sessions import Links
from ledger.application import Ledger
from ledger.beside import follower_beside
from ledger.errors import Setup
from ledger.settings import Settings

log = logging.getLogger(__name__)

BACKLOG = 2_048  # connections that may wait to be accepted
SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

Ready = Callable[[Ledger, Tokens, Links], Awaitable[None]]


def serve(settings: Settings, open_ledger: Callable[[], Awaitable[Ledger]], ready: Ready | None = None) -> None:
    """Serve until a signal comes.  `ready` is called once, when the ledger is open and connections are taken.

    Raises Setup where the address is not free, and whatever `open_ledger` raises; SystemExit for a signal before it
    was ready.
    """
    logs.configure(settings.log_level)
    with contextlib.ExitStack() as stack, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sockets = [stack.enter_context(each) for each in _bound(settings)]
        runner.run(_served(settings, open_ledger, ready, sockets))


class _Ending:
    """What the signals do: the first begins the end, whatever that is by now; the second does not wait for it."""

    def __init__(self, begin: Callable[[], object]) -> None:
        self.begin = begin
        self.asked: int | None = None
        self.ledger: Ledger | None = None

    def heard(self, number: int) -> None:
        if self.asked is not None:
            self._go(128 + number)
        self.asked = number
        log.info("asked to end", extra=logs.told(signal=signal.Signals(number).name))
        self.begin()

    def _go(self, code: int) -> None:
        log.warning("asked again: what is under way is left")
        for cluster in self.ledger.store.clusters if self.ledger else ():
            with contextlib.suppress(Exception):
                cluster.abandon()
        os._exit(code)


class _Server(uvicorn.Server):
    """uvicorn's, without its handlers of signals: they would end the process by the signal, not with 0."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


async def _served(
    settings: Settings,
    open_ledger: Callable[[], Awaitable[Ledger]],
    ready: Ready | None,
    sockets: Sequence[socket.socket],
) -> None:
    loop, this = asyncio.get_running_loop(), asyncio.current_task()
    assert this is not None
    loop.set_exception_handler(logs.loop_trouble)
    ending = _Ending(this.cancel)
    for each in SIGNALS:
        loop.add_signal_handler(each, ending.heard, each)
    try:
        links = Links()
        ledger, tokens = await _opened(open_ledger, ready, settings, sockets, links)
        ending.ledger = ledger
        try:
            async with (
                follower_beside(),
                ledger.searched(),
                ledger.closed_hourly(),
                ledger.keys_in_time(),
                ledger.erasures_gone_on_with(),
                ledger.witnessed(settings.witnesses_seconds),
                ledger.stamped(settings.timestamps, settings.timestamps_roots),
            ):
                await _serving(settings, ledger, tokens, links, sockets, ending)
        finally:
            await ledger.close()
        log.info("ended")
    except asyncio.CancelledError:
        if ending.asked is not None:
            raise SystemExit(128 + ending.asked) from None
        raise
    finally:
        for each in SIGNALS:
            loop.remove_signal_handler(each)


async def _serving(
    settings: Settings,
    ledger: Ledger,
    tokens: Tokens,
    links: Links,
    sockets: Sequence[socket.socket],
    ending: _Ending,
) -> None:
    """From the first request to the last answer."""
    app = build(settings=settings, links=links)
    app.state.ledger, app.state.tokens = ledger, tokens
    operating: Operating = app.state.operating
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            proxy_headers=False,
            lifespan="off",
            http=counting(operating.metrics),
            ws="none",
            backlog=BACKLOG,
            timeout_graceful_shutdown=math.ceil(settings.command_deadline),
            server_header=False,
        )
    )

    def begin() -> None:
        operating.stopping = server.should_exit = True

    ending.begin = begin
    gc.collect()
    collecting.seldom()
    log.info("serving", extra=logs.told(origin=ledger.store.origin, address=f"http://{settings.listen}"))
    await server.serve(list(sockets))


def _bound(settings: Settings) -> list[socket.socket]:
    """The address, taken and not listened on yet.  Raises Setup."""
    made: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(
            settings.listen_host, settings.listen_port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        for family, kind, protocol, _, address in dict.fromkeys(found):
            made.append(taken := socket.socket(family, kind, protocol))
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            taken.bind(address)
            taken.setblocking(False)
    except (OSError, OverflowError) as problem:
        for each in made:
            each.close()
        raise _not_free(settings, problem) from problem
    return made


def _listen(settings: Settings, sockets: Sequence[socket.socket]) -> None:
    """Take connections, which wait for the server.  Raises Setup."""
    try:
        for each in sockets:
            each.listen(BACKLOG)
    except OSError as problem:
        raise _not_free(settings, problem) from problem


def _not_free(settings: Settings, problem: Exception) -> Setup:
    why = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
    return Setup(f"Nobody can be served at {settings.listen}: {why}. Choose another port, or end what is there.")


async def _opened(
    open_ledger: Callable[[], Awaitable[Ledger]],
    ready: Ready | None,
    settings: Settings,
    sockets: Sequence[socket.socket],
    links: Links,
) -> tuple[Ledger, Tokens]:
    """The ledger, open and announced; who gives up meanwhile leaves nothing open."""
    ledger = await open_ledger()
    try:
        tokens = Tokens.of(ledger.store.origin, ledger.store.home)
        _listen(settings, sockets)
        if ready:
            await ready(ledger, tokens, links)
    except BaseException:
        await ledger.close()
        raise
    return ledger, tokens
