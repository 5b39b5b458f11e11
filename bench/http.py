"""A command over HTTP against an endpoint of the same application that does no work, side by side.

    python -m bench.http [--clients 16] [--rounds 5] [--seconds 3] [--cases 800]

The server is a process of its own, `ledger.serving.serve` with its uvicorn, on an embedded, durable home.  Two routes
are added for the comparison, guarded like the others, which answer with as many constant bytes as a receipt has:

    door      POST /door/{collection}/{id}/{command}    the endpoint with no work in it: token, address, headers and
                                                        body are read just as for a command, and that is all
    nothing   POST /empty/{collection}/{id}/{command}   a constant at once: no token, no body

The clients (bench.served) are a second process (this one), each with one kept connection and one request under way.
Everything runs on the same cores: server, its follower, PostgreSQL, clients.

A command is a real one, with its own idempotency key: for each case in turn an absence, its enforcement letter, two
pieces of evidence, a judgement; then the next absence.  Every answer but 201 ends the benchmark.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import shlex
import shutil
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import uuid4

import orjson
import uvloop
from starlette.requests import Request
from starlette.responses import Response

from bench.measuring import Result, Round, out, ratio, table
from bench.served import Client, connected, machine_of, server, tell
from ledger import serving
from ledger.api import app
from ledger.api.openapi import kebab
from ledger.application import Ledger
from ledger.rules.dates import london_day
from ledger.settings import Settings

WARM_UP = 0.5
RECEIPT = b'{"events":["' + b"." * 431 + b'"]}'

# ------------------------------------------------------------------------------------------ the server


async def empty(request: Request) -> Response:
    """As much as a receipt, for nothing."""
    del request
    return Response(RECEIPT, 201, {"ETag": '"12"'}, "application/json")


async def door(request: Request) -> Response:
    """The same endpoint with no work in it."""
    await app.command_of(request)
    return Response(RECEIPT, 201, {"ETag": '"12"'}, "application/json")


def serve(home: Path, port: int) -> None:
    """The server as it is, and the two routes for no work."""
    settings = Settings(home=home, listen=f"127.0.0.1:{port}")
    beside = (("/door/{collection}/{id}/{name}", "POST", door), ("/empty/{collection}/{id}/{name}", "POST", empty))
    setattr(app, "ROUTES", (*beside, *app.ROUTES))  # noqa: B010 - a constant to everybody but this comparison

    serving.serve(settings, lambda: Ledger.open(settings), tell)


# ------------------------------------------------------------------------------------------ the commands


class Case:
    """A case and the commands that come next on it."""

    def __init__(self, token: str, prefix: str = "") -> None:
        self.id, self._order = str(uuid4()), str(uuid4())
        self._head = f"Host: ledger\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        self._prefix = prefix
        self._next = self._commands()

    def request(self) -> bytes:
        """The next command, ready to be sent."""
        name, role, data = next(self._next)
        body = orjson.dumps(data)
        return (
            f"POST {self._prefix}/offenders/{self.id}/{kebab(name)} HTTP/1.1\r\n{self._head}Ledger-Role: {role}\r\n"
            f"Idempotency-Key: {uuid4()}\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode() + body

    def opening(self) -> list[bytes]:
        """The commands that make it a case with an order."""
        return [self.request(), self.request()]

    def _commands(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        now = datetime.now(UTC)
        today = london_day(now)
        yield "RecordOffender", "court-officer", _PERSON
        yield (
            "RecordOrder",
            "court-officer",
            {
                "order_id": self._order,
                "order_type": "CO",
                "court": "Maidstone Magistrates' Court",
                "sentence_date": (today - timedelta(days=60)).isoformat(),
                "order_end_date": (today + timedelta(days=300)).isoformat(),
                "requirements": ["Unpaid work"],
                "upw_hours": 120,
            },
        )
        while True:
            absence = str(uuid4())
            day = (today - timedelta(days=1)).isoformat()
            yield (
                "RecordAbsence",
                "practitioner",
                {
                    "absence_id": absence,
                    "order_id": self._order,
                    "appointment_kind": "UPW",
                    "date": day,
                    "kind": "FTA",
                    "note": "Did not attend the group at the depot; no call before the start.",
                },
            )
            yield (
                "IssueEnforcementLetter",
                "practitioner",
                {
                    "letter_id": str(uuid4()),
                    "absence_id": absence,
                    "issued_on": day,
                    "channel": "POST",
                },
            )
            for kind in ("Note", "Telephone call"):
                yield (
                    "ReceiveEvidence",
                    "practitioner",
                    {
                        "absence_id": absence,
                        "received_at": now.isoformat(),
                        "kind": kind,
                        "description": "The surgery confirms an appointment at nine in the morning of that day.",
                    },
                )
            yield (
                "JudgeAbsence",
                "practitioner",
                {
                    "absence_id": absence,
                    "result": "ACCEPTABLE",
                    "reason_code": "MEDICAL",
                    "reason": "The appointment could not be moved, and the surgery confirms it.",
                    "judged_on": today.isoformat(),
                },
            )


_PERSON = {
    "client_id": "1234567",
    "surname": "Example",
    "forenames": "Alex",
    "dob": "1990-02-01",
    "gender": "OTHER",
    "addresses": ["1 Example Street, Exampleton"],
}


# ------------------------------------------------------------------------------------------ the clients


async def measure(clients: list[Client], requests: Sequence[Iterator[bytes]], seconds: float) -> Round:
    """Every client asks one thing after another."""
    starts = perf_counter() + WARM_UP
    ends = starts + seconds
    latencies: list[float] = []

    async def work(client: Client, mine: Iterator[bytes]) -> None:
        while perf_counter() < ends:
            request = next(mine)
            began = perf_counter()
            await client.ask(request)
            ended = perf_counter()
            if began >= starts and ended <= ends:
                latencies.append(ended - began)

    await asyncio.gather(*(work(*pair) for pair in zip(clients, requests, strict=True)))
    return Round(len(latencies), seconds, latencies)


async def compare(port: int, token: str, given: argparse.Namespace) -> None:
    clients = [await connected(port) for _ in range(given.clients)]
    began = perf_counter()
    cases = await _opened(clients, token, given.cases)
    out.print(f"{given.cases} cases with an order, opened in {perf_counter() - began:.1f} s.")
    idle = {
        name: [itertools.repeat(Case(token, prefix).request()) for _ in clients]
        for name, prefix in (("door", "/door"), ("nothing", "/empty"))
    }
    queues = [Queue(cases[n :: len(clients)]) for n in range(len(clients))]
    rounds: dict[str, list[Round]] = {"command": [], **{name: [] for name in idle}}
    sizes = [len(await clients[0].ask(next(each))) for each in (queues[0], idle["nothing"][0])]
    out.print(f"A receipt here: {sizes[0]} bytes; the empty answer: {sizes[1]}.")
    expected = 1_000.0  # commands a second, a first guess
    for _ in range(given.rounds):
        for queue in queues:
            queue.fill(int(expected * (given.seconds + WARM_UP) * 2 / len(clients)))
        rounds["command"].append(await measure(clients, queues, given.seconds))
        for name, requests in idle.items():
            rounds[name].append(await measure(clients, requests, given.seconds))
        expected = max(expected, rounds["command"][-1].rate)
    shown = table(f"{given.clients} clients", "", "requests/s", "p50 ms", "p99 ms", "command /")
    for name, found in rounds.items():
        result = Result.of(found)
        share = "" if name == "command" else f"{ratio(rounds['command'], found):.2f}"
        shown.add_row(name, f"{result.rate:,.0f}", f"{result.p50:.2f}", f"{result.p99:.2f}", share)
    out.print(shown)
    for client in clients:
        client.transport.close()


async def _opened(clients: list[Client], token: str, count: int) -> list[Case]:
    cases = [Case(token) for _ in range(count)]

    async def work(client: Client, mine: list[Case]) -> None:
        for case in mine:
            for request in case.opening():
                await client.ask(request)

    await asyncio.gather(*(work(client, cases[n :: len(clients)]) for n, client in enumerate(clients)))
    return cases


class Queue(Iterator[bytes]):
    """The commands of one client, on cases of its own, in order; made beforehand, more only if they do not suffice."""

    def __init__(self, cases: list[Case]) -> None:
        self._source = (case.request() for case in itertools.cycle(cases))
        self._made: deque[bytes] = deque()

    def fill(self, count: int) -> None:
        self._made.extend(itertools.islice(self._source, max(0, count - len(self._made))))

    def __next__(self) -> bytes:
        return self._made.popleft() if self._made else next(self._source)


# ------------------------------------------------------------------------------------------ both


def run(given: argparse.Namespace, home: Path) -> None:
    with server(home, given.under or ["-m", "bench.http", "--serve"]) as (port, token):
        uvloop.run(compare(port, token, given))
        out.print(f"{machine_of(home)}.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--cases", type=int, default=800)
    parser.add_argument("--under", type=shlex.split, default=[], help="options of the server's interpreter, to profile")
    parser.add_argument("--serve", nargs=2, metavar=("HOME", "PORT"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(Path(given.serve[0]), int(given.serve[1]))
        return
    home = Path(tempfile.mkdtemp(prefix="bench-"))
    os.chmod(home, 0o711)
    try:
        run(given, home)
    finally:
        shutil.rmtree(home)


if __name__ == "__main__":
    main()
