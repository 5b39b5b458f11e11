"""On a real socket: what begins and never ends is sent away, what is slow for good reason is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.server import ServerState

from ledger.api import protocol
from ledger.api.metrics import Metrics, Readings

LIMIT = 0.3  # seconds


async def slowly(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that thinks for longer than headers may take."""
    await asyncio.sleep(2 * LIMIT)
    await PlainTextResponse("done")(scope, receive, send)


@asynccontextmanager
async def listening(metrics: Metrics) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    config = Config(slowly, log_config=None, http=protocol.counting(metrics), lifespan="off", ws="none")
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: protocol.counting(metrics)(config, state, {}), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
    try:
        yield reader, writer
    finally:
        writer.close()
        server.close()


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEADER_SECONDS", LIMIT)


def talk(
    conversation: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bytes]],
) -> tuple[bytes, str]:
    """What came back, and the metrics after it."""
    metrics = Metrics("0", None)

    async def main() -> bytes:
        async with listening(metrics) as (reader, writer):
            return await conversation(reader, writer)

    came = asyncio.run(main())
    return came, metrics.text(Readings(0, 0, False, 0, {})).decode()


def too_slow(came: bytes) -> dict[str, Any]:
    head, _, body = came.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert b"connection: close" in head.lower()
    return orjson.loads(body)


@pytest.mark.parametrize("sent", [b"", b"GET /", b"GET / HTTP/1.1\r\nHost: x\r\n"])
def test_headers_that_never_end_are_sent_away(sent: bytes):
    async def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(sent)
        return await asyncio.wait_for(reader.read(), 5)

    came, metrics = talk(begin)
    assert too_slow(came)["type"] == "/problems/too-slow"
    assert 'status="408"} 1.0' in metrics


def test_headers_that_drip_are_sent_away_too():
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"GET / HTTP/1.1\r\n")
        answer = asyncio.ensure_future(reader.readuntil(b"}"))
        for _ in range(40):
            if not answer.done():
                writer.write(b"X: y\r\n")
                await asyncio.sleep(LIMIT / 10)
        return await asyncio.wait_for(answer, 1)

    too_slow(talk(drip)[0])


def test_an_answer_that_takes_its_time_is_waited_for_even_if_more_was_sent_ahead():
    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return await asyncio.wait_for(reader.read(), 10)

    came, _ = talk(ask)
    assert came.count(b"HTTP/1.1 200 OK") == 2
    assert b"408" not in came


def test_what_is_no_http_is_said_to_be_none_after_an_answer_too():
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        first = await reader.readuntil(b"done")
        writer.write(b"\x00\x01\x02\r\n\r\n")
        return first + await asyncio.wait_for(reader.read(), 5)

    came, metrics = talk(babble)
    assert came.startswith(b"HTTP/1.1 200 OK")
    assert orjson.loads(came.rpartition(b"\r\n\r\n")[2])["type"] == "/problems/not-http"
    assert 'status="400"} 1.0' in metrics
