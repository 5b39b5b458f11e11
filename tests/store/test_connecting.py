"""Connecting holds nobody up: a server that hangs, refuses, is one of several, or comes back."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

import pytest
from psycopg.conninfo import conninfo_to_dict

from ledger.store import connecting
from ledger.store.wire import DatabaseTrouble, Lost, Wire

pytestmark = pytest.mark.anyio

PULSE = 0.05  # seconds: how long everybody else may be kept waiting
STATEMENTS = {"echo": "SELECT $1::bytea"}


@contextmanager
def silent_server(backlog: int = 5) -> Generator[int]:
    """A port where connections are taken by the kernel, and nobody ever says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(backlog)
        yield int(listening.getsockname()[1])


@asynccontextmanager
async def pulse() -> AsyncGenerator[list[float]]:
    """How long each turn of the event loop took meanwhile, in seconds."""
    turns: list[float] = []

    async def beat() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.005)
            turns.append(time.perf_counter() - began - 0.005)

    beating = asyncio.create_task(beat())
    try:
        yield turns
    finally:
        beating.cancel()


@asynccontextmanager
async def door_to(conninfo: str, port: int = 0) -> AsyncGenerator[int]:
    """A TCP port that leads to the server's socket file."""
    given = conninfo_to_dict(conninfo)
    file = f"{given['host']}/.s.PGSQL.{given['port']}"

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
        finally:
            writer.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_unix_connection(file)
        await asyncio.gather(carry(reader, inner_writer), carry(inner_reader, writer), return_exceptions=True)

    server = await asyncio.start_server(accept, "127.0.0.1", port)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()


def through(conninfo: str, *, host: str = "127.0.0.1", port: int | str, **more: str) -> str:
    """The same database by another way."""
    given = {**conninfo_to_dict(conninfo), "host": host, "port": str(port), "sslmode": "disable", **more}
    return " ".join(f"{name}='{value}'" for name, value in given.items())


def open_files() -> int:
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0


async def test_a_server_that_never_answers_is_given_up_while_the_loop_goes_on(database: str) -> None:
    with silent_server() as port:
        before = open_files()
        async with pulse() as turns:
            began = time.monotonic()
            with pytest.raises(Lost):
                await Wire.connect(through(database, port=port, connect_timeout="1"), STATEMENTS)
            took = time.monotonic() - began
    assert 0.9 < took < 2
    assert len(turns) > 50
    assert max(turns) < PULSE
    assert open_files() <= before


async def test_without_a_deadline_of_its_own_an_address_has_five_seconds(database: str) -> None:
    with silent_server() as port:
        began = time.monotonic()
        with pytest.raises(Lost):
            await Wire.connect(through(database, port=port), STATEMENTS)
        assert 4.9 < time.monotonic() - began < 6


async def test_a_server_whose_queue_is_full_holds_nobody_up(database: str) -> None:
    with silent_server(backlog=0) as port:
        full = [socket.socket() for _ in range(3)]
        for each in full:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        async with pulse() as turns:
            with pytest.raises(Lost):
                await Wire.connect(through(database, port=port, connect_timeout="1"), STATEMENTS)
        for each in full:
            each.close()
    assert max(turns) < PULSE


async def test_a_server_that_falls_silent_after_letting_us_in_is_given_up_too(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "SECONDS", 0.3)
    async with pulse() as turns:
        with pytest.raises(Lost, match="said nothing"):
            await Wire.connect(database, STATEMENTS, ("SELECT pg_sleep(30)",))
    assert max(turns) < PULSE


async def test_a_refused_connection_is_told_at_once(database: str) -> None:
    with silent_server() as port:
        pass  # nobody listens there any more
    began = time.monotonic()
    with pytest.raises(Lost):
        await Wire.connect(through(database, port=port), STATEMENTS)
    assert time.monotonic() - began < 0.5


async def test_a_server_that_comes_back_is_found_again(database: str) -> None:
    async with door_to(database) as port:
        first = await Wire.connect(through(database, port=port), STATEMENTS)
        first.close()
    with pytest.raises(Lost):
        await Wire.connect(through(database, port=port), STATEMENTS)
    async with door_to(database, port):
        wire = await Wire.connect(through(database, port=port), STATEMENTS)
        assert await wire.ask(b"echo", [b"back"]) == [(b"back",)]
        wire.close()


async def test_of_several_servers_the_first_that_answers_is_taken(database: str) -> None:
    with silent_server() as silent, silent_server() as gone:
        pass
    with silent_server() as silent:
        async with door_to(database) as port:
            several = through(
                database,
                host="127.0.0.1,127.0.0.1,localhost",
                port=f"{gone},{silent},{port}",
                connect_timeout="1",
            )
            wire = await Wire.connect(several, STATEMENTS)
            assert await wire.ask(b"echo", [b"x"]) == [(b"x",)]
            wire.close()


async def test_a_name_that_nobody_knows_and_an_uneven_list_are_losses(database: str) -> None:
    for host, port in (("no-such-host.invalid", "5432"), ("127.0.0.1,127.0.0.1,127.0.0.1", "1,2")):
        async with pulse() as turns:
            with pytest.raises(Lost):
                await Wire.connect(through(database, host=host, port=port, connect_timeout="2"), STATEMENTS)
        assert max(turns, default=0) < PULSE


async def test_who_gives_up_waiting_leaves_no_socket_behind(database: str) -> None:
    with silent_server() as port:
        before = open_files()
        for _ in range(20):
            connecting_now = asyncio.ensure_future(Wire.connect(through(database, port=port), STATEMENTS))
            await asyncio.sleep(0.005)
            connecting_now.cancel()
            with pytest.raises(asyncio.CancelledError):
                await connecting_now
        assert open_files() <= before


async def test_a_wrong_password_is_a_loss_and_its_text_stays_here(database: str) -> None:
    with pytest.raises(DatabaseTrouble) as caught:
        await Wire.connect(f"{database} password=wrong user=nobody_at_all", STATEMENTS)
    assert isinstance(caught.value, Lost)


async def test_a_network_that_swallows_packets_is_not_waited_for_until_tcp_gives_up(database: str) -> None:
    async def chosen(conninfo: str) -> dict[str, str]:
        connection = await connecting.connected(conninfo)
        options = {each.keyword.decode(): (each.val or b"").decode() for each in connection.info}
        connection.finish()
        return options

    found = await chosen(database)
    assert (found["connect_timeout"], found["tcp_user_timeout"], found["keepalives_idle"]) == ("5", "10000", "5")
    assert (await chosen(f"{database} connect_timeout=77"))["connect_timeout"] == "77"
    assert conninfo_to_dict(database)["dbname"] == found["dbname"]
