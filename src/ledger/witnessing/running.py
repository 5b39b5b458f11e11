"""The process of a witness: its small HTTP service, and the loop that follows the logs it was given.

    POST /add-checkpoint            C2SP tlog-witness: a checkpoint with its consistency proof; the cosignature
    GET  /<origin hash>/checkpoint  the newest checkpoint it cosigned of a log
    GET  /vkey                      the key to trust it by

A signal (SIGTERM, SIGINT) ends it with 0.  What it cosigned is on the disk by then, whenever then is.
Proven by tests/witnessing/test_running.py and tests/journeys/test_witness.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn
from fastapi import FastAPI, Request, Response

from ledger import logs
from ledger.errors import Setup
from ledger.fetching import Unreached
from ledger.transparency.cosignature import KnownKey, parse_vkey
from ledger.transparency.errors import TransparencyError
from ledger.transparency.note import MAX_NOTE_BYTES
from ledger.witnessing.kept import Keeping
from ledger.witnessing.remote import RemoteLog, proofs_in
from ledger.witnessing.replaying import Replay
from ledger.witnessing.station import Station

log = logging.getLogger(__name__)

MOST_BYTES: Final = MAX_NOTE_BYTES + 4_096  # a note, and 63 hashes in base64
TEXT: Final = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a witness is started with.  `token`: of an auditor, to replay each log followed; None: hashes only."""

    home: Path
    host: str
    port: int
    name: str | None = None
    urls: Sequence[str] = ()
    keys: Sequence[KnownKey] = ()
    token: str | None = None
    every: float = 10.0
    announced: Sequence[str] = ()

    @classmethod
    def of(
        cls,
        home: Path,
        listen: str,
        name: str | None,
        urls: Sequence[str],
        vkeys: Sequence[str],
        replay: Path | None,
        *,
        every: float,
        announced: Path | None = None,
    ) -> Wanted:
        """As the command line gives it.  Raises Setup."""
        host, _, port = listen.rpartition(":")
        if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
            raise Setup(f"{listen} is no place to listen: write host:port, for example 127.0.0.1:8100.")
        if not 0.05 <= every <= 86_400:
            raise Setup("A witness looks at least once a day, and at most twenty times a second: --every.")
        try:
            keys = [parse_vkey(each) for each in vkeys]
        except TransparencyError as problem:
            raise Setup(f"This is no verifier key: {problem}. 'ledger log vkey' prints the log's.") from problem
        token = replay.read_text("utf-8").strip() if replay else None
        try:
            proofs = proofs_in(announced.read_bytes()) if announced else []
        except Unreached as problem:
            raise Setup(f"{announced} is not what 'ledger log announcements' prints: {problem}.") from problem
        return cls(home, host.strip("[]"), int(port), name, urls, keys, token, every, proofs)


def run(wanted: Wanted, say: Callable[[str], None]) -> None:
    """Witness until a signal.  `say` is given lines for the operator, proofs of forks among them.  Raises Setup."""
    keeping = Keeping(wanted.home, wanted.name)
    try:
        try:
            station = Station(keeping, wanted.keys, alarm=say, proofs=wanted.announced)
        except TransparencyError as problem:
            raise Setup(f"The announcements do not hold: {problem}.") from problem
        try:
            remotes = [RemoteLog(url, wanted.token) for url in wanted.urls]
        except ValueError as problem:
            raise Setup(f"This is no address of a log: {problem}.") from problem
        say(f"witness: {station.vkey}")
        asyncio.run(_running(wanted, station, remotes))
    finally:
        keeping.close()


class _Server(uvicorn.Server):
    """uvicorn's, without its handlers of signals: they would end the process by the signal, not with 0."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


async def _running(wanted: Wanted, station: Station, remotes: Sequence[RemoteLog]) -> None:
    config = uvicorn.Config(
        service(station),
        host=wanted.host,
        port=wanted.port,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    server = _Server(config)

    def end() -> None:
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, end)
    following = [asyncio.create_task(followed(station, each, wanted)) for each in remotes]
    try:
        log.info("witnessing", extra=logs.told(address=f"http://{wanted.host}:{wanted.port}"))
        await server.serve()
    except SystemExit as ended:
        raise Setup(f"Nobody can be served at {wanted.host}:{wanted.port}. Choose another with --listen.") from ended
    finally:
        for each in following:
            each.cancel()
        await asyncio.gather(*following, return_exceptions=True)


async def followed(station: Station, remote: RemoteLog, wanted: Wanted) -> None:
    """Follow one log for ever: what goes wrong is said, once for each thing, and tried again."""
    origin: str | None = None
    last = ""
    while True:
        try:
            if origin is None:
                origin = await asyncio.to_thread(station.meet, remote, wanted.keys)
                if wanted.token is not None:
                    station.replay(origin, Replay(remote.entries))
            answer = await asyncio.to_thread(station.follow, origin, remote)
            problem = answer.body.strip() if answer is not None and answer.held is None else ""
            if answer is not None and answer.held is not None:
                log.info("cosigned", extra=logs.told(origin=origin, size=answer.held.size))
        except (Unreached, TransparencyError, Setup) as wrong:
            problem = str(wrong)
        except Exception as wrong:  # a defect must not end the following, and is told by type: see ledger.logs
            log.exception("following failed")
            problem = type(wrong).__name__
        if problem and problem != last:
            log.error("not cosigned", extra=logs.told(origin=origin, url=remote.peer.url, why=problem))
        last = problem
        await asyncio.sleep(wanted.every)


def service(station: Station) -> FastAPI:
    """The witness over HTTP."""
    app = FastAPI(openapi_url=None)

    async def add_checkpoint(request: Request) -> Response:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MOST_BYTES:
                return Response(f"a request is at most {MOST_BYTES} bytes long\n", 400, media_type=TEXT)
        answer = await asyncio.to_thread(station.add_checkpoint, bytes(body))
        return Response(answer.body.encode(), answer.status, headers={"Content-Type": answer.content_type})

    async def checkpoint(hashed: str) -> Response:
        note = station.checkpoint(hashed)
        if note is None:
            return Response("nothing was cosigned of this log\n", 404, media_type=TEXT)
        return Response(note, media_type=TEXT)

    async def vkey() -> Response:
        return Response(f"{station.vkey}\n", media_type=TEXT)

    app.add_api_route("/add-checkpoint", add_checkpoint, methods=["POST"])
    app.add_api_route("/vkey", vkey, methods=["GET"])
    app.add_api_route("/{hashed}/checkpoint", checkpoint, methods=["GET"])
    return app
