"""The follower as a process of its own, beside a real server and alone, killed and outlived."""

from __future__ import annotations

import shutil
import signal
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import httpx
import psutil
import psycopg
import pytest
from tests.doors import PERSON, days_ago
from tests.journeys.process import Process, command, ended, environment, followers_of, free_port, run

from ledger.store.embedded import EmbeddedCluster

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
WORKING = 4  # clients


class Office:
    """People who record absences, and know afterwards which were acknowledged."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.token = run(process.home, "token", "--role", "court-officer", "--role", "supervisor").stdout.strip()
        self.recorded: list[str] = []
        self.newest = 0
        self.offender, self.order = str(uuid4()), str(uuid4())
        order = {"order_id": self.order, "order_type": "CO", "court": "Nowhere", "sentence_date": days_ago(60)}
        order |= {"order_end_date": days_ago(-300), "requirements": ["UPW"], "upw_hours": 100}
        assert self.send("record-offender", PERSON, "court-officer").status_code == 201
        assert self.send("record-order", order, "court-officer").status_code == 201

    def send(self, name: str, body: dict[str, object], role: str = "supervisor", key: str = "") -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", "Ledger-Role": role} | (
            {"Idempotency-Key": key} if key else {}
        )
        return httpx.post(
            f"{self.process.address}/offenders/{self.offender}/{name}", json=body, headers=headers, timeout=60
        )

    def absent(self) -> None:
        """One absence, sent again with its key until it is acknowledged."""
        absence = {"absence_id": str(uuid4()), "order_id": self.order, "appointment_kind": "OTHER"}
        absence |= {"date": days_ago(5), "kind": "FTA"}
        key = str(uuid4())
        while True:
            with suppress(httpx.TransportError):
                answer = self.send("record-absence", absence, key=key)
                assert answer.status_code in (200, 201, 503, 504), answer.text
                if answer.status_code < 300:
                    self.recorded.append(str(absence["absence_id"]))
                    self.newest = max(self.newest, *(each["position"] for each in answer.json()["events"]))
                    return
            time.sleep(0.1)

    @contextmanager
    def at_work(self) -> Generator[None]:
        """Several record absences meanwhile; at the end everything they sent is acknowledged."""
        stopping, wrong = threading.Event(), list[BaseException]()

        def work() -> None:
            try:
                while not stopping.is_set():
                    self.absent()
                    time.sleep(0.1)  # the machine is for the followers, too
            except BaseException as problem:
                wrong.append(problem)

        threads = [threading.Thread(target=work) for _ in range(WORKING)]
        for each in threads:
            each.start()
        try:
            yield
        finally:
            stopping.set()
            for each in threads:
                each.join()
        assert wrong == []

    def listed(self, after: int = 0) -> list[str]:
        """The absences on worklist `letters`, once it follows up to a position."""
        found: list[str] = []
        asked: dict[str, str | int] = {"after": after, "limit": 1000}
        headers = {"Authorization": f"Bearer {self.token}", "Ledger-Role": "supervisor"}
        while True:
            answer = httpx.get(f"{self.process.address}/worklists/letters", params=asked, headers=headers, timeout=60)
            if answer.status_code == 503:
                time.sleep(0.2)
                continue
            assert answer.status_code == 200, answer.text
            page = answer.json()
            assert page["paused"] == []
            found += [each["absence_id"] for each in page["items"] if each["offender_id"] == self.offender]
            if page["next"] is None:
                return found
            asked["cursor"] = page["next"]

    def nothing_is_lost_or_doubled(self) -> None:
        assert len(self.recorded) > WORKING
        assert sorted(self.listed(self.newest)) == sorted(self.recorded)


@pytest.fixture(scope="module")
def home() -> Generator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="ledger-"))
    folder.chmod(0o711)
    yield folder / "home"
    shutil.rmtree(folder)


@pytest.fixture
def process(home: Path) -> Generator[Process]:
    with ended(Process(home, free_port(), "serve")) as made:
        made.start()
        made.wait_until_ready()
        yield made


def until(true: Callable[[], object], seconds: float = 60) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it did not come to that"
        time.sleep(0.05)


def command_line(process: psutil.Process) -> list[str]:
    """Nothing of one that has just ended."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def follower_of(process: Process) -> psutil.Process:
    found: list[psutil.Process] = []

    def there() -> bool:
        found[:] = [each for each in psutil.Process(process.pid).children() if "follow" in command_line(each)]
        return len(found) == 1

    until(there)
    return found[0]


def behind(home: Path) -> int:
    cluster = EmbeddedCluster(home, "ledger")
    with psycopg.connect(cluster.conninfo(cluster.app_role, "ledger")) as connection:
        query = "SELECT h.size - coalesce(f.position, 0) FROM head AS h LEFT JOIN projections.followed AS f ON true"
        return int(connection.execute(query).fetchone()[0])  # type: ignore[index]


def test_a_fact_is_on_its_worklist_within_a_second(process: Process) -> None:
    office = Office(process)
    office.absent()
    office.listed(office.newest)
    took: list[float] = []
    for _ in range(15):
        office.absent()
        began = time.monotonic()
        assert office.recorded[-1] in office.listed(office.newest)
        took.append(time.monotonic() - began)
    assert statistics.median(took) < 1


@pytest.mark.soak
def test_a_follower_killed_under_load_is_back_and_nothing_is_lost_or_doubled(process: Process) -> None:
    office = Office(process)
    killed: set[int] = set()
    with office.at_work():
        for _ in range(3):
            time.sleep(0.7)
            follower = follower_of(process)
            follower.kill()
            killed.add(follower.pid)
            until(lambda: follower_of(process).pid not in killed)
    office.nothing_is_lost_or_doubled()
    assert len(killed) == 3


@pytest.mark.soak
def test_worklists_are_rebuilt_beside_a_server_at_work(process: Process) -> None:
    office = Office(process)
    with office.at_work():
        time.sleep(0.5)
        one, every = run(process.home, "rebuild", "letters"), run(process.home, "rebuild")
    assert (one.returncode, every.returncode) == (0, 0), one.stderr + every.stderr
    office.nothing_is_lost_or_doubled()


def test_when_a_server_is_killed_its_follower_ends_by_itself(process: Process) -> None:
    follower_of(process)
    process.kill()
    until(lambda: followers_of(process.home) == [], 30)


def test_alone_it_follows_what_nobody_followed_and_ends_when_asked(process: Process) -> None:
    office = Office(process)
    office.absent()
    office.listed(office.newest)
    follower = follower_of(process)
    follower.suspend()
    for _ in range(3):
        office.absent()
    assert behind(process.home) >= 3
    process.kill()
    follower.kill()
    with psutil.Popen(command("follow"), env=environment(process.home)) as alone:
        try:
            until(lambda: EmbeddedCluster(process.home, "ledger").pid and behind(process.home) == 0)
            alone.send_signal(signal.SIGINT)
            assert alone.wait(30) == 0
        finally:
            if alone.is_running():
                alone.kill()
    process.start()
    process.wait_until_ready()
    assert sorted(office.listed()) == sorted(office.recorded)
