"""A real server in a process of its own, its follower beside it, and the least client that can ask it.

    with server(home) as (port, token): …          `ledger.serving.serve` on this home, until the end of the block
    client = await connected(port)                 one kept connection, one request under way
    answer = await client.ask(request)             the whole answer; anything but the status asked for is an error

Clients write requests made beforehand to the socket and look for no more than the status and the length of the answer:
a client library such as httpx needs longer for a request than the server and would be all that is measured.

    python -m bench.served HOME PORT               the server alone; it prints a token
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, cast
from uuid import uuid4

import orjson
from psycopg.conninfo import make_conninfo

from bench.measuring import machine
from ledger import serving
from ledger.api.tokens import Tokens
from ledger.api.web.sessions import Links
from ledger.application import Ledger
from ledger.settings import Settings
from ledger.store.embedded import EmbeddedCluster

ROLES = ("practitioner", "court-officer", "information-officer")
STARTED = 60.0  # seconds that opening a large ledger may take


async def tell(ledger: Ledger, tokens: Tokens, links: Links) -> None:
    """Print a token, which says that the ledger is open."""
    del ledger, links
    print(tokens.issue(str(uuid4()), ROLES, "North"), flush=True)


@contextlib.contextmanager
def server(home: Path, run: Sequence[str] = ("-m", "bench.served")) -> Generator[tuple[int, str]]:
    """(port, token) of a server on this home.  The follower beside it finds the home in the environment."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    with (home / "served.log").open("wb") as log:  # it logs each request, as it does in service
        process = subprocess.Popen(
            [sys.executable, *run, str(home), str(port)],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "LEDGER_HOME": str(home)},
        )
    try:
        assert process.stdout is not None
        token = process.stdout.readline().strip()
        if not token:
            raise SystemExit(f"the server did not start:\n{(home / 'served.log').read_text()[-2000:]}")
        _wait_until_listening(port)
        yield port, token
    finally:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(30)


def _wait_until_listening(port: int) -> None:
    ends = perf_counter() + STARTED
    while perf_counter() < ends:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
    raise SystemExit("the server does not listen")


def conninfo_of(home: Path) -> str:
    """The embedded ledger of a home, as its application connects."""
    cluster = EmbeddedCluster(home, "ledger")
    return make_conninfo(cluster.conninfo(cluster.app_role, "ledger"))


def machine_of(home: Path) -> str:
    """The machine and its PostgreSQL, while the server runs."""
    return machine(conninfo_of(home))


class Client(asyncio.Protocol):
    """One connection, one request under way."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._received = bytearray()
        self._needed = 0  # bytes of the whole answer, once its head is there
        self._answered: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        received = self._received
        received += data
        if not self._needed:
            end = received.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(received[:end]).lower()
            at = head.find(b"content-length: ")
            self._needed = end + 4 + int(head[at + 16 :].partition(b"\r")[0])
        if len(received) >= self._needed and self._answered and not self._answered.done():
            self._received, self._needed = bytearray(), 0
            self._answered.set_result(bytes(received))

    def connection_lost(self, exc: Exception | None) -> None:
        self._received, self._needed = bytearray(), 0
        if self._answered and not self._answered.done():
            self._answered.set_exception(exc or ConnectionError("the server closed the connection"))

    async def connect(self) -> None:
        await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self._port)

    async def ask(self, request: bytes, status: int = 201) -> bytes:
        """The whole answer; anything but this status is an error."""
        if self.transport.is_closing():  # the server ends what has been idle for some seconds
            await self.connect()
        self._answered = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        answer = await self._answered
        if not answer.startswith(b"HTTP/1.1 %d" % status):
            raise RuntimeError(answer.decode())
        return answer


async def connected(port: int) -> Client:
    client = Client(port)
    await client.connect()
    return client


def get(token: str, path: str, role: str = ROLES[0]) -> bytes:
    """A question, ready to be sent."""
    return f"GET {path} HTTP/1.1\r\n{_head(token, role)}\r\n".encode()


def post(token: str, path: str, body: Mapping[str, Any], role: str = ROLES[0]) -> bytes:
    """A body sent to an address, under an idempotency key of its own."""
    sent = orjson.dumps(body)
    head = f"{_head(token, role)}Idempotency-Key: {uuid4()}\r\nContent-Type: application/json\r\n"
    return f"POST {path} HTTP/1.1\r\n{head}Content-Length: {len(sent)}\r\n\r\n".encode() + sent


def _head(token: str, role: str) -> str:
    return f"Host: ledger\r\nAuthorization: Bearer {token}\r\nLedger-Role: {role}\r\n"


def body_of(answer: bytes) -> Any:
    return orjson.loads(answer.partition(b"\r\n\r\n")[2])


def main() -> None:
    settings = Settings(home=Path(sys.argv[1]), listen=f"127.0.0.1:{sys.argv[2]}")
    serving.serve(settings, lambda: Ledger.open(settings), tell)


if __name__ == "__main__":
    main()
