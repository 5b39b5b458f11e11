"""The first minutes: `ledger demo` from an empty home, asked as a newcomer would, interrupted, started again."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import stat
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from tests.journeys.process import Process, ended, free_port, postgres_of, run

from ledger.aggregates.roles import ROLES
from ledger.errors import LedgerError
from ledger.store.embedded import EmbeddedCluster
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.note import Verifier

ABSENCES = {"no-letter", "awaiting-evidence", "under-consideration", "acceptable", "unacceptable"}
BREACHES = {"none", "triggered", "action-started", "not-taken", "dealt-with"}
STATES = {"in-time", "completed", "outstanding", "application-made", "extended", "revoked", "operational-period-ended"}
CHECKS = {"not-due", "due", "done", "done-late", "overdue"}

pytestmark = pytest.mark.slow


def demo(home: Path) -> Process:
    port = free_port()
    return Process(home, port, "demo", "--port", str(port))


def size_of(process: Process) -> int:
    return int(httpx.get(f"{process.address}/log/checkpoint").text.split("\n")[1])


def tokens_of(process: Process) -> dict[str, str]:
    """As printed: a role, a colon, a token."""
    return dict(re.findall(r"^([a-z-]+): (ey\S+)$", process.output, re.MULTILINE))


@pytest.fixture(scope="module")
def first() -> Generator[Process]:
    """A demonstration after its first start; ready within a minute."""
    folder = Path(tempfile.mkdtemp(prefix="ledger-"))
    folder.chmod(0o711)
    with ended(demo(folder / "home")) as process:
        process.start()
        print(f"the first start: {process.wait_until_ready(60):.1f} s")
        yield process
    shutil.rmtree(folder)


class Reader:
    """A client with a role's printed token."""

    def __init__(self, process: Process, role: str) -> None:
        headers = {"Authorization": f"Bearer {tokens_of(process)[role]}"}
        self.http = httpx.Client(base_url=process.address, headers=headers, timeout=30)

    def get(self, path: str) -> Any:
        answer = self.http.get(path)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()

    def cases(self, process: Process) -> list[str]:
        """Every offender: there is no list of them for everybody, so the database is asked."""
        cluster = EmbeddedCluster(process.home, "ledger")
        with psycopg.connect(cluster.conninfo(cluster.app_role, "ledger")) as connection:
            rows = connection.execute("SELECT DISTINCT stream FROM entries WHERE stream LIKE 'offender-%'").fetchall()
        return [str(row[0]).removeprefix("offender-") for row in rows]


@pytest.fixture
def practitioner(first: Process) -> Reader:
    return Reader(first, "practitioner")


def test_it_prints_its_address_and_a_token_that_holds_for_each_role_of_a_person(first: Process):
    assert f"{first.address}/docs" in first.output
    assert re.search(r"^ledger-[0-9a-f]{8}\.local/demonstration$", first.output, re.MULTILINE)
    printed = tokens_of(first)
    assert {*printed} == {*ROLES} - {"system"}
    for role, token in printed.items():
        answer = httpx.get(f"{first.address}/rules", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200, role


def test_it_prints_for_each_role_of_a_person_a_link_on_a_line_that_fits_a_screen(first: Process):
    printed = re.findall(r"^    ([a-z-]+) +(http://\S+/sign-in/once/\S+)$", first.output, re.MULTILINE)
    assert sorted(role for role, _ in printed) == sorted({*ROLES} - {"system"})
    lines = [line for line in first.output.splitlines() if "/sign-in/once/" in line]
    assert max(map(len, lines)) <= 90
    assert lines[0].index("http") == lines[-1].index("http")
    answer = httpx.get(printed[0][1], headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert httpx.get(printed[0][1], headers={"Accept": "text/html"}).status_code == 403


def test_the_commands_it_suggests_work_as_printed(first: Process, practitioner: Reader):
    suggested = re.findall(r"curl -H 'Authorization: Bearer TOKEN' (\S+)", first.output)
    assert len(suggested) >= 2
    for address in suggested:
        assert practitioner.get(address.removeprefix(first.address))


def test_the_pages_that_are_open_to_all_answer(first: Process):
    docs = httpx.get(f"{first.address}/docs")
    assert docs.status_code == 200
    assert docs.headers["content-type"].startswith("text/html")
    assert httpx.get(f"{first.address}/openapi.json").json()["openapi"].startswith("3.")
    verifier = Verifier.parse(httpx.get(f"{first.address}/log/vkey").text.strip())
    note = httpx.get(f"{first.address}/log/checkpoint").text
    assert Checkpoint.open(note, verifier.name, [verifier]).size > 1_000


def test_somebody_is_in_breach_and_every_row_leads_to_its_case(practitioner: Reader):
    rows = practitioner.get("/worklists/breach")["items"]
    assert rows
    for row in rows:
        assert practitioner.get(f"/offenders/{row['offender_id']}/enforcement")["orders"]


def test_the_caseload_shows_every_status_that_the_contract_knows(first: Process, practitioner: Reader):
    absences, breaches, states, checks = set[str](), set[str](), set[str](), set[str]()
    for case in practitioner.cases(first):
        for order in practitioner.get(f"/offenders/{case}/enforcement")["orders"]:
            breaches.add(order["breach"])
            absences |= {each["status"] for each in order["absences"]}
        for order in practitioner.get(f"/offenders/{case}/progress")["orders"]:
            states.add(order["state"])
            checks |= {each["state"] for each in order["checks"].values() if each}
        assert practitioner.get(f"/offenders/{case}/chronology")["events"]
    assert absences >= ABSENCES
    assert breaches >= BREACHES
    assert states >= STATES
    assert checks >= CHECKS


def test_nobody_else_can_read_the_keys(first: Process):
    files = [each for each in (first.home / "keys").rglob("*") if each.is_file()]
    assert {"log.key", "vault.key", "token.key", "postgres-ledger.json", "postgres-vault.json"} <= {
        each.name for each in files
    }
    assert {oct(stat.S_IMODE(each.stat().st_mode)) for each in files} == {"0o600"}
    assert stat.S_IMODE((first.home / "keys").stat().st_mode) == 0o700


def test_stopped_it_leaves_no_server_and_started_again_it_is_quick_and_records_nothing_twice(first: Process):
    size = size_of(first)
    assert first.stop(signal.SIGINT) == 0
    assert postgres_of(first.home) == []
    first.start()
    print(f"the second start: {first.wait_until_ready(30):.1f} s")
    assert size_of(first) == size
    assert first.stop(signal.SIGTERM) in (0, -signal.SIGTERM)
    assert postgres_of(first.home) == []
    verified = run(first.home, "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr

    port = free_port()
    served = Process(first.home, port, "serve")
    served.start()
    served.wait_until_ready(30)
    assert f'/demonstration","address":"http://127.0.0.1:{port}"' in served.output
    assert size_of(served) == size
    assert served.stop() == 0
    assert "Traceback" not in first.output
    first.start()
    first.wait_until_ready(30)


@pytest.mark.soak
def test_a_first_start_that_was_killed_goes_on_where_it_stopped(open_tmp_path: Path):
    with ended(demo(open_tmp_path / "home")) as process:
        process.start()
        before = wait_for_facts(process, 300)
        process.kill()
        process.start()
        process.wait_until_ready(60)
        whole = size_of(process)
        assert whole > before
        assert process.stop() == 0
        verified = run(process.home, "verify")
        assert verified.returncode == 0, verified.stdout + verified.stderr
        # As many facts as were announced: what was there already was found, not recorded again. One is the release.
        announced = int(re.findall(r"([\d,]+) facts recorded and sealed", process.output)[-1].replace(",", ""))
        assert whole == announced + 1


@pytest.mark.parametrize(
    "number,code", [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.soak)]
)
def test_a_first_start_ends_soon_after_a_signal_and_leaves_no_server(
    open_tmp_path: Path, number: signal.Signals, code: int
):
    with ended(demo(open_tmp_path / "home")) as process:
        process.start()
        wait_for_facts(process, 300)
        began = time.monotonic()
        assert process.stop(number) == code
        assert time.monotonic() - began < 5
        assert postgres_of(process.home) == []
        assert "Traceback" not in process.output
        assert "Ready" not in process.output


def wait_for_facts(process: Process, count: int) -> int:
    """Until so many facts are in the log, and how many there were."""
    cluster = EmbeddedCluster(process.home, "ledger")
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        try:
            with psycopg.connect(cluster.conninfo(cluster.app_role, "ledger")) as connection:
                found = connection.execute("SELECT size FROM head").fetchone()
                if found and found[0] >= count:
                    return int(found[0])
        except (psycopg.Error, OSError, LedgerError):
            pass  # not there yet
        time.sleep(0.02)
    raise AssertionError("nothing was recorded in a minute")


@pytest.mark.soak
def test_a_real_ledger_is_never_turned_into_a_demonstration(open_tmp_path: Path):
    home = open_tmp_path / "home"
    assert run(home, "status").returncode == 0
    before = run(home, "log", "checkpoint").stdout
    refused = run(home, "demo", "--port", str(free_port()))
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"ledger: {home} holds the ledger ledger-")
    assert "LEDGER_HOME" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert run(home, "log", "checkpoint").stdout == before
    assert not (home / "demonstration.json").exists()
    assert postgres_of(home) == []


def test_a_port_that_is_not_free_is_said_at_once_and_nothing_is_made(open_tmp_path: Path):
    home = open_tmp_path / "home"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = run(home, "demo", "--port", str(port))
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"ledger: Nobody can be served at 127.0.0.1:{port}: ")
    assert "Traceback" not in refused.stderr
    assert run(home, "demo", "--port", "99999").stderr == "ledger: There is no port 99999: they go from 1 to 65535.\n"
    assert not home.exists()
