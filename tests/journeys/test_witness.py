"""A ledger and its witness, each a process of its own: cosigned while it goes on, refused when it is told twice."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from tests.doors import PERSON
from tests.journeys.process import Process, command, ended, environment, free_port, run
from tests.witnessing.test_running import Witness

from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.cosignature import parse_vkey
from ledger.transparency.fork import Fork
from ledger.transparency.note import NoteVerifier
from ledger.transparency.policy import Policy

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

ORIGIN = "ledger.example/witnessed"


def until(found: Callable[[], bool], limit: float = 60) -> None:
    """Wait for something that other processes bring about."""
    end = time.monotonic() + limit
    while not found():
        assert time.monotonic() < end
        time.sleep(0.1)


@dataclass
class Pair:
    """A server whose policy asks for one of two witnesses, and one of them is not there."""

    folder: Path
    server: Process
    witness: Witness
    policy: Path

    @property
    def keys(self) -> list[NoteVerifier]:
        return [parse_vkey(httpx.get(f"{self.server.address}/log/vkey").text.strip())]

    def published(self, log: str = "/log") -> str:
        answer = httpx.get(f"{self.server.address}{log}/checkpoint")
        return answer.text if answer.status_code == 200 else ""

    def published_size(self) -> int:
        note = self.published()
        return int(note.split("\n")[1]) if note else 0

    def record(self, server: Process | None = None) -> int:
        """One more fact; the size of the log after it."""
        to = server or self.server
        token = run(to.home, "token", "--role", "court-officer").stdout.strip()
        answer = httpx.post(
            f"{to.address}/offenders/{uuid4()}/record-offender",
            json=PERSON,
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )
        assert answer.status_code == 201, answer.text
        return int(answer.json()["checkpoint"].split("\n")[1])


@pytest.fixture(scope="module")
def pair() -> Generator[Pair]:
    folder = Path(tempfile.mkdtemp(prefix="ledger-"))
    folder.chmod(0o711)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        policy = folder / "policy"
        server = Process(
            folder / "home",
            free_port(),
            "serve",
            origin=ORIGIN,
            witnesses=policy,
            witnesses_seconds=0.2,
        )
        # The witness is told of the log before there is one.
        plain = Witness(folder / "w", server.address, f"{server.address}/access", "--name", "witness.example/w1")
        stack.callback(plain.end, signal.SIGKILL)
        plain.ready()
        gone = Witness(folder / "gone", "--name", "witness.example/w2")
        gone.ready()
        policy.write_text(
            f"witness w1 {plain.key.vkey()} {plain.address}\n"
            f"witness w2 {gone.key.vkey()} {gone.address}\n"
            "group enough any w1 w2\n"
            "quorum enough\n",
            "utf-8",
        )
        gone.end(signal.SIGKILL)
        stack.enter_context(ended(server))
        server.start()
        server.wait_until_ready()
        yield Pair(folder, server, plain, policy)


def test_what_leaves_is_cosigned_and_goes_on_as_facts_are_recorded(pair: Pair) -> None:
    until(lambda: pair.published_size() > 0)
    policy = Policy.parse(pair.policy.read_bytes())
    for _ in range(2):
        size = pair.record()
        until(lambda size=size: pair.published_size() >= size)
        checkpoint, signed = policy.open(pair.published(), pair.keys)
        assert checkpoint.size >= size
        assert signed == {"w1"}
    names = [line.split(" ")[1] for line in pair.published().split("\n") if line.startswith("— ")]
    assert names == [ORIGIN, ORIGIN, "witness.example/w1"]


def test_the_status_says_which_witness_is_not_there(pair: Pair) -> None:
    until(lambda: pair.published_size() > 0)
    shown = subprocess.run(
        command("status", "--json"),
        env=environment(pair.server.home, witnesses=pair.policy),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert shown.returncode == 0, shown.stderr
    status = json.loads(shown.stdout)
    assert status["cosigned"] == pair.published_size()
    one, two = status["witnesses"]
    assert (one["name"], one["problem"], one["size"]) == ("w1", None, status["cosigned"])
    assert two["name"] == "w2"
    assert "does not answer" in two["problem"]


def test_a_witness_that_is_down_stops_no_sealing_and_comes_back(pair: Pair) -> None:
    until(lambda: pair.published_size() > 0)
    assert pair.witness.end(signal.SIGTERM) == 0
    before = pair.published_size()
    size = pair.record()
    assert size > before
    time.sleep(1)
    assert pair.published_size() == before
    port = pair.witness.port
    pair.witness = Witness(pair.folder / "w", pair.server.address, port=port)
    try:
        pair.witness.ready()
        until(lambda: pair.published_size() >= size)
    finally:
        pair.witness.end(signal.SIGKILL)


@pytest.mark.soak
def test_a_second_ledger_with_the_same_key_is_refused_with_its_proof(pair: Pair) -> None:
    port = pair.witness.port
    pair.witness = Witness(pair.folder / "w", pair.server.address, port=port)
    thief = Process(pair.folder / "thief", free_port(), "serve", origin=ORIGIN)
    (thief.home / "keys").mkdir(parents=True, mode=0o700)
    shutil.copy2(pair.server.home / "keys" / "log.key", thief.home / "keys" / "log.key")
    try:
        pair.witness.ready()
        size = pair.record()
        until(lambda: pair.published_size() >= size)
        pair.witness.end(signal.SIGTERM)
        with ended(thief):
            thief.start()
            thief.wait_until_ready()
            while pair.record(thief) <= size:
                pass
            pair.witness = Witness(pair.folder / "w", pair.server.address, thief.address, port=port)
            pair.witness.wait_for("case-ledger/fork-proof@v1")
            [kept] = (pair.folder / "w" / "forks").glob("*.fork-proof")
            fork = Fork.parse(kept.read_text("utf-8"))
            fork.verify(ORIGIN, pair.keys)
            assert Checkpoint.open(fork.first, ORIGIN, pair.keys).size >= size
            # The first history is still cosigned.
            size = pair.record()
            until(lambda: pair.published_size() >= size)
    finally:
        pair.witness.end(signal.SIGKILL)


def test_a_replaying_witness_reads_what_the_ledger_sealed(pair: Pair) -> None:
    token = pair.folder / "token"
    token.write_text(run(pair.server.home, "token", "--role", "auditor").stdout, "utf-8")
    witness = Witness(pair.folder / "replaying", pair.server.address, "--replay", str(token))
    try:
        witness.wait_for('"cosigned"')
        assert witness.note(ORIGIN).text.startswith(f"{ORIGIN}\n")
        assert token.read_text("utf-8").strip() not in witness.said
        assert "not cosigned" not in witness.said.partition('"cosigned"')[0]
    finally:
        witness.end(signal.SIGKILL)
