"""The process of a witness, as a log meets it over a socket."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tests.journeys.process import free_port
from tests.witnessing.served import LOG, ORIGIN, TOKEN, Files, entries_of, served

from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.cosignature import CosignatureVerifier, parse_vkey
from ledger.transparency.fork import Fork
from ledger.transparency.note import open_note
from ledger.transparency.tree import RightEdge, consistency_proof, grow, leaf_hash
from ledger.transparency.witness import request_of
from ledger.witnessing.kept import origin_hash
from ledger.witnessing.running import MOST_BYTES

pytestmark = pytest.mark.slow

ENTRIES, OTHERS = entries_of(40), entries_of(40, 20)


class Witness:
    """`ledger witness` as a process."""

    def __init__(self, home: Path, *arguments: str, port: int | None = None) -> None:
        self.home, self.port = home, port or free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.printed = home.with_name(f"{home.name}.printed")
        self.logged = home.with_name(f"{home.name}.logged")
        with self.printed.open("ab") as out, self.logged.open("ab") as err:
            self._popen = subprocess.Popen(
                [sys.executable, "-m", "ledger.cli", "witness", "--home", str(home), "--every", "0.1",
                 "--listen", f"127.0.0.1:{self.port}", *arguments],
                stdin=subprocess.DEVNULL, stdout=out, stderr=err,
            )  # fmt: skip

    def wait_for(self, what: str, *, limit: float = 30) -> None:
        """Until this stands in what it says."""
        until = time.monotonic() + limit
        while what not in self.said and time.monotonic() < until:
            assert self._popen.poll() is None, self.said
            time.sleep(0.02)
        assert what in self.said, self.said

    @property
    def said(self) -> str:
        return self.printed.read_text("utf-8") + self.logged.read_text("utf-8")

    @property
    def key(self) -> CosignatureVerifier:
        key = parse_vkey(httpx.get(f"{self.address}/vkey").text.strip())
        assert isinstance(key, CosignatureVerifier)
        return key

    def note(self, origin: str = ORIGIN) -> httpx.Response:
        return httpx.get(f"{self.address}/{origin_hash(origin)}/checkpoint")

    def ask(self, body: str | bytes) -> httpx.Response:
        return httpx.post(f"{self.address}/add-checkpoint", content=body)

    def ready(self, limit: float = 30) -> None:
        until = time.monotonic() + limit
        while time.monotonic() < until:
            assert self._popen.poll() is None, self.said
            try:
                httpx.get(f"{self.address}/vkey")
                return
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError(self.said)

    def end(self, number: signal.Signals) -> int:
        if self._popen.poll() is None:
            self._popen.send_signal(number)
        return self._popen.wait(15)


@contextmanager
def witness(home: Path, *arguments: str) -> Generator[Witness]:
    """A witness that is ready; killed at the end, if it still runs."""
    process = Witness(home, *arguments)
    try:
        process.ready()
        yield process
    finally:
        process.end(signal.SIGKILL)


def proof(old: int, size: int) -> list[bytes]:
    _, rows = grow(RightEdge(), [leaf_hash(each) for each in ENTRIES])
    known = {(row.level, row.first + at): each for row in rows for at, each in enumerate(row.hashes)}

    class Reader:
        def hashes(self, nodes: list[tuple[int, int]]) -> list[bytes]:
            return [known[node] for node in nodes]

    return consistency_proof(old, size, Reader())


def test_a_log_sends_its_checkpoints_and_gets_cosignatures(tmp_path: Path) -> None:
    files = Files(ENTRIES, 13)
    with witness(tmp_path / "w", "--name", "witness.example/w1", "--key", LOG.verifier().vkey()) as process:
        assert process.note().status_code == 404
        first = process.ask(request_of(0, [], files.note()))
        assert (first.status_code, first.headers["content-type"]) == (200, "text/plain; charset=utf-8")
        assert open_note(f"{Checkpoint.parse(files.note().split(chr(10) * 2)[0] + chr(10)).body()}\n{first.text}",
                         [process.key])  # fmt: skip
        again = process.ask(request_of(0, [], files.note(29)))
        assert (again.status_code, again.headers["content-type"], again.text) == (409, "text/x.tlog.size", "13\n")
        assert process.ask(request_of(13, proof(13, 29), files.note(29))).status_code == 200
        assert process.ask(request_of(29, [bytes(32)], files.note(40))).status_code == 422
        assert process.ask(b"\xff").status_code == 400
        assert process.ask(b"x" * (MOST_BYTES + 1)).status_code == 400
        assert process.note("ledger.example/essex").status_code == 404
        kept = process.note()
        assert Checkpoint.open(kept.content, ORIGIN, [LOG.verifier(), process.key]).size == 29
        assert process.end(signal.SIGTERM) == 0
    with witness(tmp_path / "w") as process:
        assert process.note().text == kept.text
        assert process.ask(request_of(29, proof(29, 40), files.note(40))).status_code == 200
        assert process.end(signal.SIGINT) == 0


@pytest.mark.soak
def test_killed_at_any_time_it_never_takes_back_what_it_said(tmp_path: Path) -> None:
    files = Files(ENTRIES, 40)
    held = 0
    for size in range(1, 4):
        with witness(tmp_path / "w", "--key", LOG.verifier().vkey()) as process:
            said = process.ask(request_of(held, proof(held, size) if held else [], files.note(size)))
            assert said.status_code == 200, said.text
            process.end(signal.SIGKILL)
            held = size


def test_it_follows_by_itself_and_prints_the_proof_of_a_fork(tmp_path: Path) -> None:
    files = Files(ENTRIES, 25)
    with served(files) as url, witness(tmp_path / "w", url) as process:
        process.wait_for('"size":25')
        files.size = 30
        process.wait_for('"size":30')
        assert "compare it with the one you were given" in process.said
        files.entries, files.size = OTHERS, 40
        process.wait_for("case-ledger/fork-proof@v1")
        [kept] = (tmp_path / "w" / "forks").glob("*.fork-proof")
        fork = Fork.parse(kept.read_text("utf-8"))
        fork.verify(ORIGIN, [LOG.verifier()])
        assert fork.text() in process.printed.read_text("utf-8")
        assert "\n30\n" in process.note().text
        time.sleep(0.5)
        assert process.said.count("case-ledger/fork-proof@v1") == 1


def test_it_replays_with_the_token_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n", "utf-8")
    files = Files(entries_of(40, p33={"version": 7}), 32)
    with (
        served(files) as url,
        witness(tmp_path / "w", url, "--replay", str(tmp_path / "token")) as process,
    ):
        process.wait_for('"size":32')
        files.size = 35
        process.wait_for("version-differs at position 33")
        assert "\n32\n" in process.note().text
        assert TOKEN not in process.said


@pytest.mark.parametrize(
    "arguments,why",
    [
        (["--listen", "here"], "no place to listen"),
        (["--listen", "127.0.0.1:65536"], "no place to listen"),
        (["--every", "0"], "at least once a day"),
        (["--key", "x"], "no verifier key"),
        (["--name", "a b"], "cannot be called so"),
        (["ftp://x"], "no address of a log"),
        (["--replay", "/nowhere/token"], "No such file"),
    ],
)
def test_what_makes_no_sense_is_said_and_it_does_not_start(tmp_path: Path, arguments: list[str], why: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ledger.cli", "witness", "--home", str(tmp_path / "w"), *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert why in done.stderr
    assert "Traceback" not in done.stderr


def test_a_place_that_is_taken_is_said(tmp_path: Path) -> None:
    with witness(tmp_path / "w") as process:
        done = subprocess.run(
            [sys.executable, "-m", "ledger.cli", "witness", "--home", str(tmp_path / "v"),
             "--listen", f"127.0.0.1:{process.port}"],
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert "Choose another with --listen" in done.stderr
