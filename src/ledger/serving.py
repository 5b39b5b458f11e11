"""Serving: the HTTP application under uvicorn, with one event loop, tuned as measured (bench/RESULTS.md).

A signal ends it gracefully: no new requests, what is under way is answered, the embedded servers stop.
"""

from __future__ import annotations

import gc
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from ledger.api.app import build
from ledger.api.tokens import Tokens
from ledger.application import Ledger
from ledger.settings import Settings

COLLECT_EVERY = 50_000  # allocations: a collection of the youngest objects otherwise costs milliseconds at the tail


def serve(
    settings: Settings,
    open_ledger: Callable[[], Awaitable[Ledger]],
    ready: Callable[[Ledger, Tokens], Awaitable[None]] | None = None,
) -> None:
    """Serve until a signal comes.  `ready` is called once, when the ledger is open and before the first request."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        ledger = await open_ledger()
        app.state.ledger = ledger
        app.state.tokens = Tokens.of(ledger.store.origin, ledger.store.home)
        try:
            if ready:
                await ready(ledger, app.state.tokens)
            gc.collect()
            gc.freeze()
            gc.set_threshold(COLLECT_EVERY, 20, 20)
            yield
        finally:
            await ledger.close()

    uvicorn.run(
        build(lifespan),
        host=settings.listen_host,
        port=settings.listen_port,
        log_level=settings.log_level if settings.log_level != "info" else "warning",
        access_log=False,
        loop="uvloop",
        http="httptools",
        timeout_graceful_shutdown=10,
        server_header=False,
    )
