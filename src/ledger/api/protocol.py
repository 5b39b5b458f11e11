"""Before there is a request: what is no HTTP at all, or begins and never ends, gets a problem document too.

uvicorn answers the first with a line of plain text and waits for the second without end, so that whoever opens
connections and says nothing could use up all there are.  Proven by tests/journeys/test_operations.py.
"""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ledger.api.metrics import Metrics
from ledger.api.problems import problem
from ledger.errors import LedgerError, NotHttp, TooSlow

log = logging.getLogger(__name__)

HEADER_SECONDS: Final = 20  # from a connection's beginning, or a request's first byte, to the end of its headers


class Protocol(HttpToolsProtocol):
    """uvicorn's, with our own answers; `metrics` is set by `counting`."""

    metrics: Metrics
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait_for_headers()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if not self._answering():  # what is sent ahead meanwhile is not read on, and so cannot hurry
            self._wait_for_headers()

    def on_headers_complete(self) -> None:
        self._wait_no_more()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """What cannot be read as HTTP; uvicorn has logged it."""
        del msg
        self._refuse(NotHttp("What came is no HTTP/1.1 request, or its headers are too long. Send one."))

    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete  # type: ignore[redundant-expr]

    def _wait_for_headers(self) -> None:
        self._wait_no_more()
        self._timer = self.loop.call_later(HEADER_SECONDS, self._too_slow)

    def _wait_no_more(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        log.info("no request came in time")
        self._refuse(TooSlow(f"No whole request had come after {HEADER_SECONDS} seconds. Send it again."))

    def _refuse(self, error: LedgerError) -> None:
        self._wait_no_more()
        if not self._answering():  # else these bytes would land in the middle of another answer
            response = problem(error)
            response.headers["Connection"] = "close"
            headers = (*self.server_state.default_headers, *response.raw_headers)
            lines = (f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}".encode(), *map(b": ".join, headers))
            self.transport.write(b"\r\n".join((*lines, b"", bytes(response.body))))
            self.metrics.answered("other", "unknown", error.status)
        self.transport.close()


def counting(measures: Metrics) -> type[Protocol]:
    """The protocol of a server with these metrics."""

    class Counting(Protocol):
        metrics = measures

    return Counting
