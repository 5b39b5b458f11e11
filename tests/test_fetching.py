"""A peer is asked over one connection, at the address that was configured and no other, and never read without end."""

from __future__ import annotations

import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ledger.fetching import Peer, Unreached


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, str | None, bytes, int]]

    def do_POST(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.seen.append((self.path, self.headers.get("Authorization"), body, self.client_address[1]))
        if self.path.endswith("/redirected"):
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/x.tlog.size; charset=utf-8")
        sent = b"x" * 100
        self.send_header("Content-Length", str(len(sent)))
        if self.path.endswith("/last"):
            self.close_connection = True  # without a word of it
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *args: object) -> None:
        del args


@pytest.fixture
def server() -> Generator[ThreadingHTTPServer]:
    Handler.seen = []
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.daemon_threads = True
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def _peer(server: ThreadingHTTPServer, path: str = "", token: str | None = None) -> Peer:
    return Peer(f"http://127.0.0.1:{server.server_port}{path}", token=token, timeout=5)


def test_questions_go_over_one_connection_below_the_peers_own_path(server: ThreadingHTTPServer) -> None:
    peer = _peer(server, "/w1/", "secret")
    for body in (None, b"old 0\n"):
        answer = peer.ask("POST" if body else "GET", "/add", body, most=100)
        assert (answer.status, answer.content_type, answer.body) == (200, "text/x.tlog.size", b"x" * 100)
    assert [each[:3] for each in Handler.seen] == [
        ("/w1/add", "Bearer secret", b""),
        ("/w1/add", "Bearer secret", b"old 0\n"),
    ]
    assert len({each[3] for each in Handler.seen}) == 1
    peer.close()


def test_a_connection_that_was_closed_meanwhile_is_opened_again(server: ThreadingHTTPServer) -> None:
    peer = _peer(server)
    for _ in range(3):
        assert peer.ask("GET", "/last", most=100).status == 200
    assert len(Handler.seen) == 3


def test_a_redirection_is_an_answer_and_is_not_followed(server: ThreadingHTTPServer) -> None:
    assert _peer(server, token="secret").ask("GET", "/redirected", most=100).status == 302
    assert [each[0] for each in Handler.seen] == ["/redirected"]


def test_an_answer_longer_than_allowed_is_not_read(server: ThreadingHTTPServer) -> None:
    peer = _peer(server)
    with pytest.raises(Unreached, match="more than 99 bytes"):
        peer.ask("GET", "/", most=99)
    assert peer.ask("GET", "/", most=100).status == 200


def test_nobody_there_is_said_with_the_address(server: ThreadingHTTPServer) -> None:
    port = server.server_port
    server.server_close()
    with pytest.raises(Unreached, match=f"http://127.0.0.1:{port} does not answer: "):
        Peer(f"http://127.0.0.1:{port}", timeout=1).ask("GET", "/", most=1)


@pytest.mark.parametrize(
    "url",
    ["", "witness.example", "ftp://x", "file:///etc/passwd", "http://", "http://h?q=1", "http://h#f", "http://u:p@h/"],
)
def test_what_is_no_address_of_a_service_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="an address"):
        Peer(url)
