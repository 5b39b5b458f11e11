"""The keys of a log as its operators and readers meet them: a server, a witness, the command line, and other people."""

from __future__ import annotations

import json
import shutil
import signal
import tempfile
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from uuid import uuid4

import httpx
import pytest
from tests.doors import PERSON
from tests.journeys.process import Process, ended, free_port, run
from tests.witnessing.test_running import Witness

from ledger.transparency.announcement import followed
from ledger.transparency.cosignature import parse_vkey
from ledger.transparency.note import Signer, open_note

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@dataclass
class Served:
    """A server in a home of its own, which a test asks and an operator works at."""

    folder: Path
    server: Process

    @property
    def home(self) -> Path:
        return self.server.home

    def verb(self, *arguments: str) -> CompletedProcess[str]:
        return run(self.home, *arguments, limit=120)

    def done(self, *arguments: str) -> str:
        answer = self.verb(*arguments)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    def get(self, path: str) -> str:
        answer = httpx.get(f"{self.server.address}{path}", timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.text

    def record(self) -> httpx.Response:
        token = self.done("token", "--role", "court-officer").strip()
        return self.record_with(token, str(uuid4()))

    def record_with(self, token: str, person: str) -> httpx.Response:
        return httpx.post(
            f"{self.server.address}/offenders/{person}/record-offender",
            json=PERSON,
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )

    def bundle(self, name: str) -> Path:
        """The case of somebody nothing is recorded about is enough: the keys are what is looked at."""
        file = self.folder / name
        self.done("export", str(uuid4()), "-o", str(file), "--purpose", "supervision", "--recipient", "the court",
                  "--without-pdf", "--by", str(uuid4()))  # fmt: skip
        return file


@pytest.fixture
def served() -> Generator[Served]:
    folder = Path(tempfile.mkdtemp(prefix="ledger-"))
    folder.chmod(0o711)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        server = stack.enter_context(ended(Process(folder / "home", free_port(), "serve")))
        server.start()
        server.wait_until_ready()
        yield Served(folder, server)


def signatures(note: str, *vkeys: str) -> int:
    return len(open_note(note, [parse_vkey(each) for each in vkeys]).signatures)


@pytest.mark.soak
def test_keys_are_rotated_while_the_server_runs_and_readers_of_the_old_ones_follow(served: Served) -> None:
    first, second = served.done("log", "vkeys").split()
    assert served.done("log", "announce-key").strip() == second
    third = served.done("log", "rotate-key").strip()
    fourth = served.done("log", "rotate-key", "--ml-dsa").strip()
    again = served.verb("log", "rotate-key")
    assert again.returncode == 2
    assert "signs beside the old one until" in again.stderr
    # The server, which was not started again, signs with all of them from its next fact on.
    receipt = served.record().json()
    assert signatures(receipt["checkpoint"], first, third) == 2
    assert signatures(served.get("/log/checkpoint"), first, second, third, fourth) == 4
    assert served.get("/log/vkeys").split() == [first, third, second, fourth]
    # Who holds an old key follows the announcements, and who holds a stranger's does not.
    proofs = [each["proof"] for each in json.loads(served.done("log", "announcements"))["announcements"]]
    origin, stranger = first.partition("+")[0], Signer(first.partition("+")[0], bytes(32)).verifier()
    for vkey in (first, second):
        assert {each.vkey() for each in followed(origin, [parse_vkey(vkey)], proofs)} >= {vkey, third, fourth}
    assert followed(origin, [stranger], proofs) == [stranger]
    file = served.bundle("case.zip")
    for vkeys in ((first, second), (third, fourth), (first, fourth)):  # all sign for 90 days
        answer = served.verb("verify", str(file), *(each for vkey in vkeys for each in ("--key", vkey)))
        assert answer.returncode == 0, answer.stdout
    verified = served.done("verify", "--json")
    assert json.loads(verified)["ok"]


@pytest.mark.soak
def test_after_a_theft_everything_goes_on_under_another_name(served: Served) -> None:
    old, _ = served.done("log", "vkeys").split()
    origin = old.partition("+")[0]
    witness = Witness(served.folder / "w", served.server.address, "--key", old)
    try:
        witness.ready()
        witness.wait_for('"cosigned"')
        token = served.done("token", "--role", "court-officer").strip()
        assert served.record_with(token, str(uuid4())).status_code == 201
        held = served.folder / "held"
        held.write_text(served.get("/log/checkpoint"), "utf-8")
        before = served.bundle("before.zip")
        assert served.verb("log", "accept-loss").returncode == 2
        told = json.loads(
            served.done("log", "accept-loss", "--cause", "key-stolen", "--origin", "ledger.example/anew",
                        "--held", str(held), "--json")
        )["accepted"]  # fmt: skip
        assert [(each["log"], each["origin"]) for each in told] == [
            ("ledger", "ledger.example/anew"),
            ("access log", "ledger.example/anew/access"),
        ]
        assert told[0]["names_checkpoint"] == {"origin": origin, "size": int(held.read_text().split("\n")[1])}
        # The server that runs records nothing more under the old name, and says what to do.
        answer = served.record_with(token, str(uuid4()))
        assert answer.status_code == 503
        assert "start this process again" in answer.json()["detail"]
        assert served.server.stop() == 0
        served.server.start()
        served.server.wait_until_ready()
        assert json.loads(served.get("/info"))["origin"] == "ledger.example/anew"
        assert served.record_with(token, str(uuid4())).status_code == 401
        assert served.record().status_code == 201
        note, new = served.get("/log/checkpoint"), told[0]["vkeys"]
        assert note.startswith("ledger.example/anew\n")
        assert signatures(note, *new) == 2
        # The witness does not follow by itself, for a thief could have said so; told the new key, it does.
        witness.wait_for(f"the log ledger.example/anew is at the address of {origin}")
        witness.end(signal.SIGTERM)
        witness = Witness(served.folder / "w", served.server.address, "--key", new[0])
        witness.wait_for('"origin":"ledger.example/anew"')
        # What was given out before still holds under the old key, and what is given out now does not.
        assert served.verb("verify", str(before), "--key", old).returncode == 0
        after = served.bundle("after.zip")
        assert served.verb("verify", str(after), "--key", new[0]).returncode == 0
        refused = served.verb("verify", str(after), "--key", old)
        assert refused.returncode == 1
        assert origin in refused.stdout
        # The whole ledger holds, and so does what an auditor goes on from who kept a checkpoint.
        whole = served.done("verify")
        assert f"called {origin} up to position {told[0]['position'] - 1}" in whole
        since = served.done("verify", "--from", str(held))
        assert "everything holds" in since
        assert f"called {origin}" in since
        kept = [file.name for file in served.home.iterdir() if ".before-" in file.name]
        assert f"checkpoint.before-{told[0]['position']}" in kept
    finally:
        witness.end(signal.SIGKILL)
