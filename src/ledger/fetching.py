"""Asking other services over HTTP: a witness asks a log, a log asks its witnesses and its timestamping authority.

    peer = Peer("https://witness.example/w1")
    answer = peer.ask("POST", "/add-checkpoint", body, most=10_000)       blocking: call it on a thread

One connection for each peer, kept open.  No redirection is followed (a token must not travel to another host, and who
is asked is who was configured) and no answer is read beyond what its caller allows.  Certificates are checked against
the system's authorities.  Proven by tests/test_fetching.py.
"""

from __future__ import annotations

import http.client
import threading
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urlsplit

TIMEOUT_SECONDS: Final = 10.0
_STALE: Final = (http.client.RemoteDisconnected, http.client.CannotSendRequest, BrokenPipeError, ConnectionResetError)


class Unreached(Exception):
    """There was no answer, or none that could be read; the message says why, without the address's password."""


class Answered(NamedTuple):
    """An answer: its status, the content type without parameters, and the whole body."""

    status: int
    content_type: str
    body: bytes


class Peer:
    """A service at an address; may be used from any thread, one question at a time."""

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        timeout: float = TIMEOUT_SECONDS,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`url`: http or https with a host, and a path that every question begins with; `headers`: of each question.

        Raises ValueError.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("an address is like https://witness.example/w1")
        if parts.username is not None or parts.password is not None:
            raise ValueError("an address holds no name and no password")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self.url = url.rstrip("/")
        self._path = parts.path.rstrip("/")
        self._connection = kind(parts.hostname, parts.port, timeout=timeout)
        self._headers = {**(headers or {}), **({"Authorization": f"Bearer {token}"} if token else {})}
        self._lock = threading.Lock()

    def ask(
        self, method: str, path: str, body: bytes | None = None, *, most: int, content_type: str = "text/plain"
    ) -> Answered:
        """Ask, and read at most so many bytes of the answer.  Raises Unreached.

        A connection that the other side has closed meanwhile is opened again, once: so ask only what may be asked
        twice.
        """
        headers = self._headers | ({"Content-Type": content_type} if body is not None else {})
        with self._lock:
            try:
                try:
                    return self._asked(method, path, body, headers, most)
                except _STALE:
                    self._connection.close()
                    return self._asked(method, path, body, headers, most)
            except (OSError, http.client.HTTPException) as problem:
                self._connection.close()
                why = problem.strerror if isinstance(problem, OSError) and problem.strerror else type(problem).__name__
                raise Unreached(f"{self.url} does not answer: {why}") from problem
            except Unreached:
                self._connection.close()
                raise

    def _asked(self, method: str, path: str, body: bytes | None, headers: dict[str, str], most: int) -> Answered:
        self._connection.request(method, self._path + path, body, headers)
        response = self._connection.getresponse()
        read = response.read(most + 1)
        if len(read) > most:
            raise Unreached(f"{self.url} answers with more than {most} bytes")
        kind = response.headers.get_content_type()
        return Answered(response.status, kind, read)

    def close(self) -> None:
        """Let the connection go."""
        with self._lock:
            self._connection.close()
