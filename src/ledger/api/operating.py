"""What whoever runs the ledger sees of it: a line and a count for each request, /info, /metrics, and its limits.

`Operating` is one application's state beside its ledger; `Observed` wraps every request.  Nothing here knows what a
command means.  Proven by tests/api/test_operating.py and tests/journeys/test_operations.py.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import metadata
from time import perf_counter
from typing import Any, Final
from uuid import uuid4

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ledger.aggregates.shape import a_random_id
from ledger.api import openapi
from ledger.api.metrics import Metrics, Readings
from ledger.application import READY_SECONDS, Ledger
from ledger.errors import LedgerError, TooMany, Unavailable
from ledger.logs import REQUEST, told
from ledger.rules.registry import EDITIONS
from ledger.settings import Settings

log = logging.getLogger(__name__)

NAME: Final = "case-ledger"
UNKNOWN: Final = "unknown"
COMMAND_ROUTE: Final = "/{collection}/{id}/{name}"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_STOPPING: Final = "The service is stopping. Nothing was recorded; try again in a moment."


class Operating:
    """What is measured, what is bounded, and whether this process is on its way out."""

    def __init__(self, settings: Settings) -> None:
        self.started_at = datetime.now(UTC)
        self.revision = settings.revision
        self.version = metadata.version(NAME)
        self.metrics = Metrics(self.version, settings.revision)
        self.stopping = False
        self._most = settings.commands_at_once
        self._under_way = 0
        self._routes = frozenset(openapi.document()["paths"])

    # ------------------------------------------------------------------------------------ limits

    @contextmanager
    def one_command(self) -> Generator[None]:
        """A command's room, from the moment it has arrived whole.  Raises Unavailable, TooMany."""
        if self.stopping:
            raise Unavailable(_STOPPING)
        if self._under_way >= self._most:
            raise TooMany(f"{self._most:,} commands are under way here. Nothing was recorded; try again in a moment.")
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        self._under_way += change
        self.metrics.under_way(self._under_way)

    # ------------------------------------------------------------------------------------ telling

    async def info(self, ledger: Ledger) -> dict[str, Any]:
        """What is running, in the members that Spring Boot's /info gave the name to; and how its logs are vouched for,
        null where the database does not say so in a moment."""
        return {
            "build": {"name": NAME, "version": self.version},
            **({"git": {"commit": {"id": self.revision}}} if self.revision else {}),
            "origin": ledger.store.origin,
            "simulated": ledger.store.simulated,
            "started_at": self.started_at,
            "editions": [{"name": each.name, "title": each.title} for each in EDITIONS.values()],
            "logs": await _in_time(ledger.vouched()),
        }

    async def measured(self, ledger: Ledger) -> bytes:
        """The metrics as of now; what does not answer in time is left out, and `ledger_up` says so."""
        store = ledger.store
        head, state, lag = await asyncio.gather(_in_time(store.database.head()), ledger.ready(), _in_time(ledger.lag()))
        components: dict[str, str] = state["components"]
        return self.metrics.text(
            Readings(
                facts_sealed=store.sequencer.sealed,
                batches=store.sequencer.batches,
                read_only=store.read_only is not None,
                position=head.size if head else None,
                components={name: status == "UP" for name, status in components.items() if name != "writing"},
                lag=lag,
            )
        )

    def route_of(self, scope: Scope) -> str:
        """The template of the route a request took, with the command's or view's name where the registries know it."""
        path = _state(scope).get("route", UNKNOWN)
        found = path
        for name, value in scope.get("path_params", {}).items():
            if name != "id":
                found = found.replace(f"{{{name}}}", str(value))
        return found if found in self._routes else path


def _state(scope: Scope) -> dict[str, Any]:
    """What was noted on a request's way: its route, the role it was made in, the problem it ended with."""
    return scope.get("state", {})


async def _in_time(reading: Awaitable[Any]) -> Any:
    """What is read, or None where it cannot be had in a moment."""
    try:
        async with asyncio.timeout(READY_SECONDS):
            return await reading
    except (LedgerError, TimeoutError):
        return None


class Observed:
    """Around the whole application: a request gets an id, and once it is answered, a line and a count."""

    def __init__(self, app: ASGIApp, operating: Operating) -> None:
        self._app = app
        self._operating = operating

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        request_id = _request_id(scope)
        status: int | None = None

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            await send(message)

        token = REQUEST.set(request_id)
        try:
            await self._app(scope, receive, sending)
        finally:
            self._note(scope, status, perf_counter() - began)
            REQUEST.reset(token)

    def _note(self, scope: Scope, status: int | None, seconds: float) -> None:
        route = self._operating.route_of(scope)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        metrics = self._operating.metrics
        metrics.answered(method, route, status)
        state = _state(scope)
        if method == "POST" and state.get("route") == COMMAND_ROUTE:
            metrics.took(seconds, status)
        if log.isEnabledFor(logging.INFO):
            log.info(
                "request",
                extra=told(
                    method=method,
                    route=route,
                    status=status,
                    ms=round(seconds * 1000, 2),
                    role=state.get("role"),
                    problem=state.get("problem"),
                ),
            )


def _request_id(scope: Scope) -> str:
    """The caller's own, if it is a random one and so cannot say anything about anybody; else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            try:
                return a_random_id(value.decode().lower())
            except ValueError:
                break
    return str(uuid4())
