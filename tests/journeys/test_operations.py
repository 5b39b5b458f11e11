"""`ledger serve` as whoever runs it meets it: what it logs, how it ends, and what it does while its database hangs."""

from __future__ import annotations

import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson
import psutil
import psycopg
import pytest
from tests.doors import PERSON, SURNAME, a_problem
from tests.journeys.process import Process, ended, free_port, postgres_of, run

from ledger.store.embedded import EmbeddedCluster

pytestmark = pytest.mark.slow

DEADLINE = 3  # seconds, of a command


class Served:
    """The process, and a token for those who record people and those who watch."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.token = run(process.home, "token", "--role", "court-officer", "--role", "administrator").stdout.strip()

    def headers(self, role: str = "court-officer") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Ledger-Role": role}

    def ask(self, path: str, role: str = "court-officer") -> httpx.Response:
        return httpx.get(self.process.address + path, headers=self.headers(role), timeout=30)

    def record(self, person: str) -> httpx.Response:
        where = f"{self.process.address}/offenders/{person}/record-offender"
        return httpx.post(where, json=PERSON, headers=self.headers(), timeout=30)

    def half_a_command(self, person: str) -> socket.socket:
        """A connection on which a command has begun to arrive."""
        wire = socket.create_connection(("127.0.0.1", self.process.port), timeout=20)
        body = orjson.dumps(PERSON)
        head = [
            f"POST /offenders/{person}/record-offender HTTP/1.1",
            "Host: x",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            *(f"{name}: {value}" for name, value in self.headers().items()),
        ]
        wire.sendall("\r\n".join((*head, "", "")).encode() + body[:10])
        return wire

    def in_background(self, person: str) -> tuple[threading.Thread, list[httpx.Response]]:
        answers: list[httpx.Response] = []

        def ask() -> None:
            with suppress(httpx.TransportError):  # who is hung up on has no answer
                answers.append(self.record(person))

        thread = threading.Thread(target=ask)
        thread.start()
        return thread, answers

    def stands(self, person: str) -> bool:
        return self.ask(f"/offenders/{person}/chronology").status_code != 404


@pytest.fixture(scope="module")
def home() -> Generator[Path]:
    """One home for all these tests: to make one takes longer than what they ask of it."""
    folder = Path(tempfile.mkdtemp(prefix="ledger-"))
    folder.chmod(0o711)
    yield folder / "home"
    shutil.rmtree(folder)


@pytest.fixture
def served(home: Path) -> Generator[Served]:
    with ended(Process(home, free_port(), "serve", command_deadline=DEADLINE)) as process:
        process.start()
        process.wait_until_ready()
        yield Served(process)


def answered(wire: socket.socket) -> tuple[int, dict[str, Any]]:
    """Status and body of the answer on a connection, to its end."""
    data = b""
    while part := wire.recv(65536):
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    return int(head.split()[1]), orjson.loads(body)


@contextmanager
def head_locked(home: Path) -> Iterator[None]:
    """Nothing can be sealed meanwhile: somebody else has the one lock."""
    with psycopg.connect(EmbeddedCluster(home, "ledger").conninfo("ledger_owner", "ledger")) as connection:
        connection.execute("SELECT size FROM head FOR UPDATE")
        yield
        with suppress(psycopg.OperationalError):  # the server may have been told to drop everything
            connection.rollback()


def until(condition: Any, seconds: float = 10) -> bool:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if condition():
            return True
        time.sleep(0.02)
    return False


def log_of(process: Process) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in process.output.splitlines()]


# ------------------------------------------------------------------------------------ the log


def test_every_line_it_prints_is_json_without_a_name_an_id_or_a_token(served: Served):
    person = str(uuid4())
    assert served.record(person).status_code == 201
    served.ask(f"/offenders/{person}/enforcement?as_at={SURNAME}")
    served.ask(f"/{SURNAME}/{SURNAME}")
    with socket.create_connection(("127.0.0.1", served.process.port)) as wire:
        wire.sendall(f"{SURNAME}\r\n\r\n".encode())
        wire.recv(1000)
    assert served.process.stop(signal.SIGTERM) == 0
    lines = log_of(served.process)
    messages = [each["message"] for each in lines]
    for message in ("serving", "request", "asked to end", "ended"):
        assert message in messages
    posted = next(each for each in lines if each.get("method") == "POST")
    assert posted["route"] == "/offenders/{id}/record-offender"
    assert (posted["status"], posted["role"], posted["level"]) == (201, "court-officer", "info")
    assert posted["ms"] > 0
    assert any(each["logger"].startswith("uvicorn") for each in lines)
    for secret in (SURNAME, "0710890", person, served.token[:20], "eyJ", "Traceback"):
        assert secret not in served.process.output


def test_what_is_no_http_gets_a_problem_document_and_is_counted(served: Served):
    with socket.create_connection(("127.0.0.1", served.process.port), timeout=10) as wire:
        wire.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        status, body = answered(wire)
    assert (status, body["type"], body["status"]) == (400, "/problems/not-http", 400)
    metrics = served.ask("/metrics", "administrator").text
    assert 'ledger_requests_total{method="other",route="unknown",status="400"} 1.0' in metrics


# ------------------------------------------------------------------------------------ how it ends


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.soak)])
def test_asked_to_end_it_does_so_with_nothing_left_behind(served: Served, number: signal.Signals):
    assert served.record(str(uuid4())).status_code == 201
    assert served.process.stop(number) == 0
    assert postgres_of(served.process.home) == []


def test_a_command_under_way_is_answered_and_nobody_new_is_let_in(served: Served):
    process, person = served.process, str(uuid4())
    with head_locked(process.home):
        thread, answers = served.in_background(person)
        time.sleep(0.5)
        process.send(signal.SIGTERM)
        assert until(lambda: not _connects(process.port))
        time.sleep(0.5)
        assert process.running
        assert answers == []
    thread.join(20)
    assert [each.status_code for each in answers] == [201]
    assert process.wait() == 0
    assert postgres_of(process.home) == []
    process.start()
    process.wait_until_ready()
    assert served.stands(person)


def _connects(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.mark.soak
def test_a_command_that_arrives_whole_only_after_the_signal_is_sent_away(served: Served):
    process, late = served.process, str(uuid4())
    wire = served.half_a_command(late)
    time.sleep(0.3)
    process.send(signal.SIGTERM)
    assert until(lambda: not _connects(process.port))
    wire.sendall(orjson.dumps(PERSON)[10:])
    status, body = answered(wire)
    wire.close()
    assert (status, body["type"]) == (503, "/problems/unavailable")
    assert "stopping" in body["detail"]
    assert process.wait() == 0
    process.start()
    process.wait_until_ready()
    assert not served.stands(late)


@pytest.mark.soak
def test_a_command_that_cannot_be_sealed_holds_the_end_up_no_longer_than_its_deadline(served: Served):
    process = served.process
    with head_locked(process.home):
        thread, answers = served.in_background(str(uuid4()))
        time.sleep(0.3)
        began = time.monotonic()
        process.send(signal.SIGTERM)
        thread.join(20)
        a_problem(answers[0], 503)
        assert time.monotonic() - began < DEADLINE + 1
    assert process.wait() == 0
    assert postgres_of(process.home) == []


@pytest.mark.soak
@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_asked_twice_it_goes_at_once_and_its_servers_with_it(served: Served, second: signal.Signals):
    process = served.process
    with head_locked(process.home):
        thread, _ = served.in_background(str(uuid4()))
        time.sleep(0.3)
        process.send(signal.SIGTERM)
        time.sleep(0.3)
        assert process.running
        began = time.monotonic()
        assert process.stop(second) == 128 + second
        assert time.monotonic() - began < 1
        thread.join(20)
    assert until(lambda: postgres_of(process.home) == [])
    process.start()
    process.wait_until_ready()
    assert served.record(str(uuid4())).status_code == 201
    assert run(process.home, "verify").returncode == 0


# ------------------------------------------------------------------------------------ a database that hangs


@pytest.mark.soak
def test_while_its_database_hangs_the_process_answers_and_goes_on_when_it_is_back(served: Served):
    process, lost = served.process, str(uuid4())
    servers = postgres_of(process.home)
    assert servers
    for each in servers:
        each.suspend()
    try:
        thread, answers = served.in_background(lost)
        slowest = 0.0
        ends = time.monotonic() + 2 * DEADLINE
        while time.monotonic() < ends:
            began = time.monotonic()
            assert httpx.get(f"{process.address}/health/live", timeout=10).status_code == 200
            slowest = max(slowest, time.monotonic() - began)
            time.sleep(0.05)
        assert slowest < 1
        ready = httpx.get(f"{process.address}/health/ready", timeout=20)
        assert (ready.status_code, ready.json()["status"]) == (503, "DOWN")
        thread.join(30)
        a_problem(answers[0], 503)
    finally:
        for each in servers:
            try:
                each.resume()
            except psutil.Error:
                continue  # that one has ended meanwhile
    assert until(lambda: httpx.get(f"{process.address}/health/ready", timeout=20).status_code == 200, 30)
    assert served.record(str(uuid4())).status_code == 201
