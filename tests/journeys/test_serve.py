"""`ledger serve` as strangers meet it: over a socket, with requests that no library would send, and signals."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.doors import PERSON, Case, a_problem, days_ago
from tests.journeys.process import SECRETIVE, Process, ended, free_port, postgres_of, run

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Served:
    """The process, and a token from the command line for the two roles that these tests act in."""

    process: Process
    token: str
    case: Case

    def ask(self, method: str, path: str, role: str = "practitioner", **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", "Ledger-Role": role, **more.pop("headers", {})}
        return httpx.request(method, self.process.address + path, headers=headers, timeout=30, **more)

    def raw(self, sent: bytes, *, shut: bool = True) -> bytes:
        """Bytes as they are; what came back before the connection ended."""
        with socket.create_connection(("127.0.0.1", self.process.port), timeout=10) as wire:
            try:
                wire.sendall(sent)
                if shut:
                    wire.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it hung up before it had read all
            wire.settimeout(10)
            parts: list[bytes] = []
            try:
                while part := wire.recv(65536):
                    parts.append(part)
            except OSError:
                pass
            return b"".join(parts)

    @property
    def size(self) -> int:
        return int(httpx.get(f"{self.process.address}/log/checkpoint").text.split("\n")[1])


@contextmanager
def ended_alone(process: Process) -> Generator[None]:
    """Like `ended`, but its servers belong to another process too."""
    try:
        yield
    finally:
        if process.running:
            process.kill()
        process.printed.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def served() -> Generator[Served]:
    folder = Path(tempfile.mkdtemp(prefix="ledger-"))
    folder.chmod(0o711)
    with ended(Process(folder / "home", free_port(), "serve")) as process:
        process.start()
        process.wait_until_ready()
        token = run(process.home, "token", "--role", "practitioner", "--role", "court-officer").stdout.strip()
        case = Case(str(uuid4()), str(uuid4()))
        found = Served(process, token, case)
        order = {
            "order_id": case.order,
            "order_type": "CO",
            "court": "Kidderminster",
            "sentence_date": days_ago(60),
            "order_end_date": days_ago(-305),
            "requirements": ["UPW"],
            "upw_hours": 100,
        }
        for command, body in (("record-offender", PERSON), ("record-order", order)):
            answer = found.ask("POST", f"{case.path}/{command}", "court-officer", json=body)
            assert answer.status_code == 201, answer.text
        yield found
        assert not [each for each in SECRETIVE if each in process.output], process.output
    shutil.rmtree(folder)


def test_a_token_from_the_command_line_opens_the_door_of_the_running_server(served: Served):
    answer = served.ask("POST", f"{served.case.path}/record-absence", json=served.case.absence())
    assert answer.status_code == 201
    assert "server" not in answer.headers
    assert httpx.get(f"{served.process.address}/rules").status_code == 401


@pytest.mark.soak
def test_the_other_verbs_work_beside_the_running_server(served: Served):
    home = served.process.home
    status = json.loads(run(home, "status", "--json").stdout)
    assert status["facts"] == served.size
    assert run(home, "verify").returncode == 0
    shown = json.loads(run(home, "case", served.case.id, "--json").stdout)
    answer = served.ask("GET", f"{served.case.path}/enforcement").json()
    assert {**shown, "known_at": 0} == {**answer, "known_at": 0}
    assert served.process.running


def test_a_body_that_never_ends_is_refused_before_it_does(served: Served):
    sent = 0

    def endless() -> Generator[bytes]:
        nonlocal sent
        for _ in range(2_000):
            sent += 65536
            yield b" " * 65536

    size = served.size
    try:
        answer = served.ask(
            "POST",
            f"{served.case.path}/record-absence",
            content=endless(),
            headers={"Content-Type": "application/json"},
        )
        a_problem(answer, 413, "too-large")
    except httpx.WriteError:
        pass  # the server has answered and hung up
    assert sent < 20_000_000
    assert served.size == size


STRANGE = {
    "nothing": b"",
    "noise": bytes(range(256)),
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,
    "no version": b"GET /rules\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no host": b"GET /rules HTTP/1.1\r\n\r\n",
    "an absolute address": b"GET http://evil.example/rules HTTP/1.1\r\nHost: x\r\n\r\n",
    "a star": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "a tunnel": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    "half a percent": b"GET /offenders/%/enforcement HTTP/1.1\r\nHost: x\r\n\r\n",
    "no hexadecimal": b"GET /offenders/%zz%u1234/enforcement HTTP/1.1\r\nHost: x\r\n\r\n",
    "bytes above 127": b"GET /offenders/\xff\xfe/enforcement HTTP/1.1\r\nHost: x\r\n\r\n",
    "a nought in the path": b"GET /offenders/%00/enforcement HTTP/1.1\r\nHost: x\r\n\r\n",
    "dots": b"GET /../../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
    "a long path": b"GET /" + b"a" * 60_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a long query": b"GET /rules?" + b"a=b&" * 15_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "many headers": b"GET /rules HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
    "a long header": b"GET /rules HTTP/1.1\r\nX: " + b"y" * 500_000 + b"\r\n\r\n",
    "a split header": b"GET /rules HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\r\n b\r\n\r\n",
    "two lengths": b"POST /rules HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "length and chunks": b"POST /rules HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"0\r\n\r\n",
    "a negative length": b"POST /rules HTTP/1.1\r\nHost: x\r\nContent-Length: -2\r\n\r\n{}",
    "a chunk that is none": b"POST /rules HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"
    b"0\r\n\r\n",
    "a method in small letters": b"get /rules HTTP/1.1\r\nHost: x\r\n\r\n",
    "a made-up method": b"FROBNICATE /rules HTTP/1.1\r\nHost: x\r\n\r\n",
    "an upgrade": b"GET /rules HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
}


@pytest.mark.parametrize("name", STRANGE)
def test_what_no_client_would_send_is_refused_and_never_an_error_of_ours(served: Served, name: str):
    size = served.size
    answer = served.raw(STRANGE[name])
    status = re.match(rb"HTTP/1\.[01] ([0-9]{3})", answer)
    if answer:
        assert status is not None, answer[:200]
        assert 200 <= int(status[1]) < 500, answer[:300]
    assert b"Traceback" not in answer
    assert httpx.get(f"{served.process.address}/health/live").json() == {"status": "UP"}
    assert served.size == size


def test_a_request_smuggled_behind_another_is_none(served: Served):
    inner = b"GET /log/vkey HTTP/1.1\r\nHost: x\r\n\r\n"
    outer = b"POST /rules HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(
        inner
    )
    answer = served.raw(outer + inner)
    assert answer.count(b"HTTP/1.1 ") == 1


def test_a_client_that_hangs_up_in_the_middle_of_its_body_writes_nothing_and_is_no_error(served: Served):
    size = served.size
    head = (
        f"POST {served.case.path}/record-absence HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {served.token}\r\nLedger-Role: practitioner\r\nContent-Length: 500\r\n\r\n{{"
    )
    for _ in range(5):
        served.raw(head.encode())
    time.sleep(0.3)
    assert served.size == size
    assert "unexpected" not in served.process.output


def test_many_idle_connections_keep_nobody_out(served: Served):
    idle = [socket.create_connection(("127.0.0.1", served.process.port)) for _ in range(200)]
    try:
        for each in idle:
            each.sendall(b"GET /rules HTTP/1.1\r\nHost: x\r\n")  # and never ends its headers
        assert served.ask("GET", f"{served.case.path}/enforcement").status_code == 200
    finally:
        for each in idle:
            each.close()


def test_a_signal_ends_it_with_everything_answered_and_no_server_left(served: Served):
    """Asked to end under load: each command is answered or was never taken, and what was acknowledged stands."""
    process = served.process
    acknowledged: list[str] = []
    stop = threading.Event()

    def go_on() -> None:
        with httpx.Client(base_url=process.address, timeout=30) as client:
            while not stop.is_set():
                person = str(uuid4())
                try:
                    answer = client.post(
                        f"/offenders/{person}/record-offender",
                        json=PERSON,
                        headers={"Authorization": f"Bearer {served.token}", "Ledger-Role": "court-officer"},
                    )
                except httpx.TransportError:
                    return
                if answer.status_code == 201:
                    acknowledged.append(person)
                elif answer.status_code != 503:
                    raise AssertionError(answer.text)

    threads = [threading.Thread(target=go_on) for _ in range(4)]
    for each in threads:
        each.start()
    limit = time.monotonic() + 20
    while len(acknowledged) < 20 and time.monotonic() < limit:
        time.sleep(0.05)
    code = process.stop(signal.SIGTERM)
    stop.set()
    for each in threads:
        each.join(30)
    assert code == 0
    assert postgres_of(process.home) == []
    assert acknowledged
    process.start()
    process.wait_until_ready()
    for person in acknowledged:
        assert served.ask("GET", f"/offenders/{person}/enforcement").status_code == 200
    assert run(process.home, "verify").returncode == 0


def test_a_second_server_at_the_same_address_says_so_and_harms_nobody(served: Served):
    second = Process(served.process.home, served.process.port, "serve")
    second.printed = served.process.printed.with_name("second.printed")
    with ended_alone(second):
        second.start()
        assert second.wait() == 2
        assert "Choose another port" in second.output
        assert "Traceback" not in second.output
    assert served.ask("GET", f"{served.case.path}/enforcement").status_code == 200


def test_a_second_server_at_another_address_serves_the_same_ledger(served: Served):
    second = Process(served.process.home, free_port(), "serve")
    second.printed = served.process.printed.with_name("second.printed")
    with ended_alone(second):
        second.start()
        second.wait_until_ready()
        other = Served(second, served.token, served.case)
        for each in (served, other) * 3:
            answer = each.ask("POST", f"{served.case.path}/record-absence", json=served.case.absence())
            assert answer.status_code == 201, answer.text
        assert second.stop() == 0
    assert served.ask("POST", f"{served.case.path}/record-absence", json=served.case.absence()).status_code == 201
