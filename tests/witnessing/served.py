"""A log that is nothing but files behind an HTTP server of the standard library: checkpoint, key, tiles, bundles.

What it serves can be changed under the witness's eyes, as a dishonest operator would.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.entry import SealedEntry, format_entry
from ledger.transparency.note import Signer, encode_base64
from ledger.transparency.tiles import ENTRIES, WIDTH, bundle_of, parse_path
from ledger.transparency.tree import RightEdge, grow, leaf_hash

ORIGIN = "ledger.example/kent"
LOG = Signer(ORIGIN, b"\x01" * 32)
TOKEN = "an-auditors-token"
STREAMS = ("ann", "ben", "site")


def entries_of(size: int, parted: int | None = None, **lies: dict[str, Any]) -> list[bytes]:
    """Sealed entries that hold; other ones from leaf `parted` on.  `lies`: members changed at a position (p7=…)."""
    made: list[bytes] = []
    versions: dict[str, tuple[int, bytes | None]] = {}
    for position in range(1, size + 1):
        stream = STREAMS[position % 3]
        version, previous = versions.get(stream, (0, None))
        entry: dict[str, Any] = {
            "entry": 1,
            "id": f"019a0000-0000-7000-8000-{position:012x}",
            "stream": stream,
            "version": version + 1,
            "previous": encode_base64(previous) if previous else None,
            "type": "offender.absence-recorded.v1",
            "effective": "2025-04-07",
            "recorded": f"2025-04-07T16:{position // 60 % 60:02}:{position % 60:02}.000000Z",
            "by": {"id": "s1", "role": "supervisor"},
            "values": {"kind": "FTA" if parted is None or position <= parted else "UTA"},
        }
        sealed: SealedEntry = entry | lies.get(f"p{position}", {})  # type: ignore[assignment]
        data = format_entry(sealed)
        made.append(data)
        versions[stream] = (version + 1, leaf_hash(data))
    return made


@dataclass
class Files:
    """What the server gives out: the first `size` entries, as they are now."""

    entries: Sequence[bytes]
    size: int
    signer: Signer = LOG
    asked: list[str] = field(default_factory=list[str])
    status: int = 200  # of every answer; anything else: the server is in trouble
    partial: bool = True  # whether tiles that have become full are still given in part

    def note(self, size: int | None = None) -> str:
        upto = self.size if size is None else size
        root = RightEdge().extend([leaf_hash(each) for each in self.entries[:upto]]).root()
        return Checkpoint(ORIGIN, upto, root).sign(self.signer)

    def found(self, path: str, token: str) -> bytes | None:
        self.asked.append(path)
        if path == "/log/checkpoint":
            return self.note().encode()
        if path == "/log/vkey":
            return f"{self.signer.verifier().vkey()}\n".encode()
        if path == "/log/announcements":
            return b'{"announcements":[]}'
        tile = parse_path(path.removeprefix("/log/"))
        if tile.leaves > self.size:
            return None
        if tile.level == ENTRIES:
            entries = self.entries[tile.index * WIDTH :][: tile.width]
            return bundle_of(entries) if token == f"Bearer {TOKEN}" else None
        if not self.partial and not tile.full and (tile.index + 1) << 8 * (tile.level + 1) <= self.size:
            return None
        _, rows = grow(RightEdge(), [leaf_hash(each) for each in self.entries[: self.size]])
        hashes = next(row.hashes for row in rows if row.level == 8 * tile.level)
        return b"".join(hashes[tile.index * WIDTH :][: tile.width])


@contextmanager
def served(files: Files) -> Generator[str]:
    """The address of a server of these files."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = files.found(self.path, self.headers.get("Authorization", ""))
            status = files.status if body is not None else 404
            sent = body if body is not None and status == 200 else b"no\n"
            self.send_response(status)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *args: object) -> None:
            del args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
