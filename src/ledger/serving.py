"""Serving: the HTTP application under uvicorn, with one event loop, tuned as measured (bench/RESULTS.md).

The address is taken first, so that a port that is not free is said at once; the ledger is opened next, and a signal
meanwhile gives it up; only then does anybody hear that it is ready.  A signal after that ends it gracefully: no new
requests, what is under way is answered, the embedded servers stop.

Proven by tests/journeys/.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import uvicorn
import uvloop
from fastapi import FastAPI

from ledger.api.app import build
from ledger.api.tokens import Tokens
from ledger.application import Ledger
from ledger.errors import Setup
from ledger.settings import Settings

COLLECT_EVERY = 50_000  # allocations: a collection of the youngest objects otherwise costs milliseconds at the tail
BACKLOG = 2_048  # connections that may wait to be accepted


def serve(
    settings: Settings,
    open_ledger: Callable[[], Awaitable[Ledger]],
    ready: Callable[[Ledger, Tokens], Awaitable[None]] | None = None,
) -> None:
    """Serve until a signal comes.  `ready` is called once, when the ledger is open and connections are taken.

    Raises Setup where the address is not free, and whatever `open_ledger` raises.
    """
    with contextlib.ExitStack() as stack, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sockets = [stack.enter_context(each) for each in _bound(settings)]
        ledger, tokens = runner.run(_opened(settings, open_ledger, ready, sockets))

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
            app.state.ledger, app.state.tokens = ledger, tokens
            gc.collect()
            gc.freeze()
            gc.set_threshold(COLLECT_EVERY, 20, 20)
            try:
                yield
            finally:
                await ledger.close()

        server = uvicorn.Server(
            uvicorn.Config(
                build(lifespan),
                log_level=settings.log_level if settings.log_level != "info" else "warning",
                access_log=False,
                http="httptools",
                ws="none",
                backlog=BACKLOG,
                timeout_graceful_shutdown=10,
                server_header=False,
            )
        )
        with contextlib.suppress(KeyboardInterrupt):  # told again, once everything has ended
            runner.run(server.serve(sockets))


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
    settings: Settings,
    open_ledger: Callable[[], Awaitable[Ledger]],
    ready: Callable[[Ledger, Tokens], Awaitable[None]] | None,
    sockets: Sequence[socket.socket],
) -> tuple[Ledger, Tokens]:
    """The ledger, open and announced; a signal meanwhile closes what was opened, as Ctrl-C does by itself."""
    loop, this = asyncio.get_running_loop(), asyncio.current_task()
    assert this is not None
    terminated: list[bool] = []

    def terminate() -> None:
        terminated.append(True)
        this.cancel()

    loop.add_signal_handler(signal.SIGTERM, terminate)
    try:
        ledger = await open_ledger()
        try:
            tokens = Tokens.of(ledger.store.origin, ledger.store.home)
            _listen(settings, sockets)
            if ready:
                await ready(ledger, tokens)
        except BaseException:
            await ledger.close()
            raise
    except asyncio.CancelledError:
        if terminated:
            raise SystemExit(128 + signal.SIGTERM) from None
        raise
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
    return ledger, tokens
