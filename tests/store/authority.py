"""A timestamping authority of openssl's: a root, a certificate for timestamping under it, and an HTTP service."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

OPENSSL = shutil.which("openssl")
_CONFIG = """
[ req ]
distinguished_name = name
[ name ]
[ root ]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[ stamping ]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[ tsa ]
serial = serial
crypto_device = builtin
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_chain = yes
ess_cert_id_alg = sha256
"""


@dataclass
class Authority:
    """Its folder, and what it does to what it is asked: `broken` gives another answer instead."""

    home: Path
    asked: list[bytes] = field(default_factory=list[bytes])
    broken: bytes | None = None
    replay: bytes | None = None  # answers this question instead of the one it is asked

    def __post_init__(self) -> None:
        self.home.mkdir()
        (self.home / "openssl.cnf").write_text(_CONFIG, "ascii")
        (self.home / "serial").write_text("01\n", "ascii")
        self._make("root", "root", "-x509", "-days", "3650")
        self._make("tsa", None, out="tsa.csr")
        self._run(
            *("x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial"),
            *("-days", "3650", "-extfile", "openssl.cnf", "-extensions", "stamping", "-out", "tsa.pem"),
        )

    @property
    def roots(self) -> Path:
        return self.home / "root.pem"

    def answer(self, request: bytes) -> bytes:
        self.asked.append(request)
        if self.broken is not None:
            return self.broken
        (self.home / "request.tsq").write_bytes(self.replay or request)
        self._run("ts", "-reply", "-config", "openssl.cnf", "-section", "tsa", "-queryfile", "request.tsq", "-out", "r")
        return (self.home / "r").read_bytes()

    def _make(self, name: str, extensions: str | None, *more: str, out: str | None = None) -> None:
        self._run(
            *("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-subj", f"/CN={name}"),
            *("-config", "openssl.cnf", "-out", out or f"{name}.pem", *more),
            *(("-extensions", extensions) if extensions else ()),
        )

    def _run(self, *argv: str) -> None:
        assert OPENSSL is not None
        subprocess.run([OPENSSL, *argv], cwd=self.home, check=True, capture_output=True)


@contextmanager
def served(authority: Authority) -> Generator[str]:
    """Its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = authority.answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200 if self.headers["Content-Type"] == "application/timestamp-query" else 415)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            del args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/tsr"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
