"""A backup while people work, and the way back from it, as processes: the operator's own words and nothing else."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import httpx
import orjson
import pytest
from tests.doors import PERSON, SURNAME
from tests.journeys.process import Process, command, ended, environment, free_port, postgres_of, run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def at_work() -> Generator[Path]:
    """A folder with `home`, which was at work while `backups` were made, and one person that was acknowledged."""
    folder = Path(tempfile.mkdtemp(prefix="ledger-"))
    folder.chmod(0o711)
    with ended(Process(folder / "home", free_port(), "serve")) as served:
        served.start()
        served.wait_until_ready()
        token = run(served.home, "token", "--role", "court-officer").stdout.strip()
        person, stopped, recorded = str(uuid4()), threading.Event(), [0]

        def record(who: str) -> None:
            where = f"{served.address}/offenders/{who}/record-offender"
            httpx.post(where, json=PERSON, headers={"Authorization": f"Bearer {token}"}, timeout=30).raise_for_status()
            recorded[0] += 1

        def work() -> None:
            while not stopped.is_set():
                record(str(uuid4()))

        record(person)
        (folder / "person").write_text(person)
        threads = [threading.Thread(target=work) for _ in range(2)]
        for each in threads:
            each.start()
        made = run(served.home, "backup", str(folder / "backups"), "--json", limit=120)
        meanwhile = recorded[0]
        stopped.set()
        for each in threads:
            each.join()
        assert made.returncode == 0, made.stderr
        said = orjson.loads(made.stdout)
        assert 2 <= said["facts"] <= recorded[0] + 1
        assert meanwhile > 1
        assert served.stop(signal.SIGTERM) == 0
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def new_home(at_work: Path) -> Generator[Path]:
    """With the keys put back, and nothing else."""
    home = at_work / f"new-{uuid4().hex[:6]}"
    shutil.copytree(at_work / "home" / "keys", home / "keys")
    yield home
    for each in postgres_of(home):
        with suppress(Exception):
            each.kill()
    shutil.rmtree(home, ignore_errors=True)


@pytest.mark.soak
def test_a_backup_made_under_load_is_restored_verified_and_read(at_work: Path, new_home: Path) -> None:
    done = run(new_home, "restore", str(at_work / "backups"), limit=120)
    assert done.returncode == 0, done.stderr
    assert "and verified" in done.stdout
    verified = run(new_home, "verify", "--values", "--json")
    assert (verified.returncode, orjson.loads(verified.stdout)["ok"]) == (0, True), verified.stdout
    person = (at_work / "person").read_text()
    reader = ("--role", "practitioner", "--by", str(uuid4()))
    assert SURNAME in run(new_home, "case", person, "--view", "chronology", *reader).stdout
    again = run(new_home, "restore", str(at_work / "backups"))
    assert again.returncode == 2
    assert "has a ledger already, which is not written over" in again.stderr


@pytest.mark.soak
def test_one_byte_that_was_changed_is_refused_with_the_name_of_its_file(at_work: Path, new_home: Path) -> None:
    shutil.copytree(at_work / "backups", damaged := new_home / "damaged")
    [file] = damaged.glob("ledger/*/public.entries.copy.gz")
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    done = run(new_home, "restore", str(damaged))
    assert done.returncode == 2
    assert str(file) in done.stderr.replace("\n", "")
    assert not (new_home / "postgres").exists()


@pytest.mark.soak
def test_a_checkpoint_of_the_home_that_was_lost_refuses_the_loss_until_it_is_accepted(
    at_work: Path, new_home: Path
) -> None:
    shutil.copy(at_work / "home" / "checkpoint", new_home)
    done = run(new_home, "restore", str(at_work / "backups"))
    assert done.returncode == 2
    assert "were acknowledged" in " ".join(done.stderr.split())
    assert not (new_home / "postgres").exists()
    done = run(new_home, "restore", str(at_work / "backups"), "--accept-loss", "--json", limit=120)
    assert (done.returncode, list(orjson.loads(done.stdout)["lost"])) == (1, ["ledger"])
    status = run(new_home, "status", "--json")
    assert status.returncode == 1
    assert "were acknowledged" in orjson.loads(status.stdout)["read_only"]


@pytest.mark.soak
def test_a_restore_that_was_killed_is_run_again_and_nobody_opens_what_is_half(at_work: Path, new_home: Path) -> None:
    killed = subprocess.Popen(
        command("restore", str(at_work / "backups")), env=environment(new_home), stderr=subprocess.DEVNULL
    )
    while not (new_home / "restoring.json").exists():
        assert killed.poll() is None
    killed.kill()
    killed.wait()
    half = run(new_home, "status")
    assert (half.returncode, "was not finished" in half.stderr) == (2, True)
    done = run(new_home, "restore", str(at_work / "backups"), limit=120)
    assert done.returncode == 0, done.stderr
    assert run(new_home, "verify").returncode == 0
