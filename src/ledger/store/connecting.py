"""A connection to PostgreSQL made on the event loop: nothing here waits where others would have to wait too.

libpq's own connecting call keeps the interpreter to itself until the server has answered, so that one server that
hangs would stop every request of the process.  Here each host and address is tried in turn, each with its own
deadline, and names are looked up on a thread.

Proven by tests/store/test_connecting.py.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from psycopg import ProgrammingError, pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import ConnStatus, PollingStatus

Parameters: TypeAlias = dict[str, Any]

SECONDS: Final = 5  # that one server may take to answer; `connect_timeout` in its address says otherwise
# A network that swallows packets must not be waited for until TCP gives up, hours later. No effect on a socket file.
_PATIENCE: Final[Parameters] = {
    "connect_timeout": str(SECONDS),
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
_MANY: Final = ("host", "hostaddr", "port")  # what may be a list, one for each server


async def connected(conninfo: str) -> pq.abc.PGconn:
    """The first server of these that lets us in.  Raises OSError with what the last one said, which no person sees."""
    found: Parameters = _PATIENCE | conninfo_to_dict(conninfo)
    seconds = int(found["connect_timeout"])
    last: OSError = ConnectionError("no server is named")
    for server in _servers(found):
        try:
            async with asyncio.timeout(seconds if seconds > 0 else None):
                addresses = await _addresses(server)
        except OSError as problem:  # TimeoutError is one
            last = problem
            continue
        for address in addresses:
            try:
                async with asyncio.timeout(seconds if seconds > 0 else None):
                    return await _tried(make_conninfo("", **(server | address)))
            except OSError as problem:
                last = problem
    raise last


def _servers(parameters: Parameters) -> Iterator[Parameters]:
    """One after another, where an address names several; libpq itself says what is wrong with uneven lists."""
    lists = {name: str(parameters[name]).split(",") for name in _MANY if parameters.get(name)}
    count = max((len(each) for each in lists.values()), default=1)
    if any(len(each) not in (1, count) for each in lists.values()):
        yield parameters
        return
    for turn in range(count):
        yield parameters | {name: each[turn % len(each)] for name, each in lists.items()}


async def _addresses(server: Parameters) -> list[Parameters]:
    """What to add so that libpq looks nothing up itself: nothing for a socket file or what is an address already."""
    host = server.get("host")
    if not host or host.startswith(("/", "@")) or server.get("hostaddr"):
        return [{}]
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [{"hostaddr": each} for each in dict.fromkeys(str(address[0]) for *_, address in found)]


async def _tried(conninfo: str) -> pq.abc.PGconn:
    """One server at one address, let go again if this is given up."""
    try:
        connection = pq.PGconn.connect_start(conninfo.encode())
    except ProgrammingError as problem:
        raise ConnectionError(str(problem)) from problem
    try:
        step = PollingStatus.WRITING  # libpq: wait so before the first poll
        while step != PollingStatus.OK:
            if step == PollingStatus.FAILED or connection.status == ConnStatus.BAD:
                raise ConnectionError(connection.error_message.decode(errors="replace").strip())
            await _until(connection.socket, reading=step == PollingStatus.READING)
            step = PollingStatus(connection.connect_poll())
    except BaseException:
        connection.finish()
        raise
    return connection


async def _until(descriptor: int, *, reading: bool) -> None:
    """Until the socket can be read from, or written to.  libpq may open another one in the next step."""
    loop = asyncio.get_running_loop()
    able: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        if not able.done():
            able.set_result(None)

    (loop.add_reader if reading else loop.add_writer)(descriptor, wake)
    try:
        await able
    finally:
        (loop.remove_reader if reading else loop.remove_writer)(descriptor)
