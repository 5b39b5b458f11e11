"""A wire that is slow: between the ledger and its server's socket, every message waits for as long as a test says."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

SOCKET = ".s.PGSQL.5432"


class Slow:
    """A way to a server; `delay`, in seconds, is that of each message in each direction, and may be changed."""

    def __init__(self, folder: Path, conninfo: str) -> None:
        self.delay = 0.0
        given = conninfo_to_dict(conninfo)
        self._server = f"{given['host']}/{SOCKET}"
        self.conninfo = make_conninfo(conninfo, host=str(folder))

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            back, there = await asyncio.open_unix_connection(self._server)
        except OSError:
            writer.close()
            return
        await asyncio.gather(self._one_way(reader, there), self._one_way(back, writer), return_exceptions=True)

    async def _one_way(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                if self.delay:
                    await asyncio.sleep(self.delay)
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()


@contextmanager
def slow_way(conninfo: str) -> Generator[Slow]:
    """The way stands while inside; it has a loop and a thread of its own."""
    folder = Path(tempfile.mkdtemp(prefix="slow-"))
    slow = Slow(folder, conninfo)
    loop, up = asyncio.new_event_loop(), threading.Event()

    async def serve() -> None:
        server = await asyncio.start_unix_server(slow.pass_on, folder / SOCKET)
        up.set()
        async with server:
            await server.serve_forever()

    serving = loop.create_task(serve())

    def run() -> None:
        try:
            loop.run_until_complete(serving)
        except asyncio.CancelledError:
            for each in asyncio.all_tasks(loop):
                each.cancel()
            loop.run_until_complete(asyncio.sleep(0))

    thread = threading.Thread(target=run)
    thread.start()
    up.wait(10)
    try:
        yield slow
    finally:
        loop.call_soon_threadsafe(serving.cancel)
        thread.join(10)
        loop.close()
        shutil.rmtree(folder)
