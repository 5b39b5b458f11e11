"""Lines decided in another process: the same comes of them, whoever dies, and whoever else records meanwhile."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import psutil
import pytest
from tests.conftest import Clusters
from tests.doors import Door, new_door
from tests.importing.test_importing import IMPORTER, a_case, absence, aside, bank_holiday, entries, imported, write

from ledger.application import Ledger
from ledger.errors import StaleVersion
from ledger.importing import import_file, running
from ledger.importing.deciding import Decider
from ledger.settings import Settings
from ledger.store.checkpoint_files import size_of
from ledger.store.opening import migrate_all
from ledger.store.verifying import verify_database

Line = dict[str, Any]


@pytest.fixture(scope="module")
def real(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Door]:
    with new_door(clusters.ledger, clusters.vault) as door:
        yield door


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decide elsewhere however short the file is, and in small batches."""
    monkeypatch.setattr(running, "WORTH_A_PROCESS", 0)
    monkeypatch.setattr(running, "MOST", 40)


def deciders() -> list[psutil.Process]:
    """The processes that decide for this one."""
    return [each for each in psutil.Process().children() if "ledger.importing.elsewhere" in " ".join(each.cmdline())]


def interleaved(cases: int, absences: int) -> list[Line]:
    """The lines of so many cases, first those of all people, then all orders …"""
    return [each for row in zip(*(a_case(absences) for _ in range(cases)), strict=True) for each in row]


@pytest.mark.usefixtures("apart")
def test_a_file_decided_elsewhere_is_recorded_whole_and_in_order(real: Door, tmp_path: Path):
    lines = interleaved(30, 8)
    lines[100:100] = [bank_holiday("2026-05-05")]
    lines[200]["data"] = {"nonsense": 1}
    outcome = imported(real, write(tmp_path, lines))
    assert (outcome.recorded, len(outcome.rejected)) == (300, 1)
    for to in {each["to"] for each in lines if each["to"].startswith("offender")}:
        told = [each["data"].get("absence_id") for each in lines if each["to"] == to and "absence_id" in each["data"]]
        found = [each["values"].get("absence_id") for each in entries(real, to)]
        assert [each for each in found if each] == told
    assert deciders() == []


@pytest.mark.usefixtures("apart")
def test_a_case_that_is_there_already_goes_on_with_what_its_decisions_need_open(real: Door, tmp_path: Path):
    begun = a_case(2)
    assert imported(real, write(tmp_path, begun, "first.jsonl")).recorded == 4
    more = [absence(begun[0]["to"], begun[1]["data"]["order_id"], 10 + n) for n in range(5)]
    again = [*more, begun[0] | {"key": str(uuid4())}]
    path = write(tmp_path, again, "second.jsonl")
    outcome = imported(real, path)
    assert outcome.recorded == 5
    assert [(each["line"], each["rule"]) for each in aside(path)] == [(6, "GEN-06")]
    assert [each["version"] for each in entries(real, begun[0]["to"])] == list(range(1, 10))


@pytest.mark.usefixtures("apart")
def test_a_decider_that_is_killed_is_started_again_and_nothing_is_lost_or_doubled(real: Door, tmp_path: Path):
    lines = interleaved(40, 8)
    path, size = write(tmp_path, lines), real.size
    kills = [60, 170, 280]

    def progress(outcome: running.Outcome) -> None:
        if kills and outcome.lines >= kills[0] and (found := deciders()):
            kills.pop(0)
            found[0].kill()

    outcome = real.run(import_file(real.ledger, path, IMPORTER, progress))
    assert not kills
    assert (outcome.recorded, outcome.repeated, outcome.rejected) == (400, 0, [])
    assert real.size == size + 400


@pytest.mark.parametrize("worth", [0, 10**9])
def test_others_record_on_the_same_cases_meanwhile_and_every_line_is_there_once(
    real: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worth: int
):
    monkeypatch.setattr(running, "WORTH_A_PROCESS", worth)
    monkeypatch.setattr(running, "MOST", 50)
    case = real.new_case()
    lines = interleaved(10, 8)
    lines[40:40] = [absence(case.to, case.order, 5 + n) for n in range(40)]
    path, size = write(tmp_path, lines), real.size

    async def both() -> tuple[running.Outcome, int]:
        importing = asyncio.create_task(import_file(real.ledger, path, IMPORTER))
        others = 0
        while not importing.done():
            with suppress(StaleVersion):  # the import was faster, four times running
                await real.giving(case.to, "RecordAbsence", case.absence(30), "supervisor", key=uuid4())
                others += 1
            await asyncio.sleep(0.05)
        return await importing, others

    outcome, others = real.run(asyncio.wait_for(both(), 100))
    assert others
    assert (outcome.recorded, outcome.repeated, outcome.rejected) == (140, 0, [])
    assert real.size == size + 140 + others
    mine = [each["data"]["absence_id"] for each in lines[40:80]]
    found = [each["values"]["absence_id"] for each in entries(real, case.to)[2:]]
    assert [each for each in found if each in set(mine)] == mine


# ---------------------------------------------------------------------------------------- kill -9


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_an_import_that_is_killed_again_and_again_comes_to_its_end_with_nothing_doubled(tmp_path: Path):
    home = tmp_path / "home"
    settings = Settings(home=home)
    migrate_all(settings)
    path = write(tmp_path, interleaved(60, 18))
    command = [sys.executable, "-c", _SMALL_BATCHES, "import", str(path), "--json"]
    environment = os.environ | {"LEDGER_HOME": str(home)}
    for facts in (100, 350, 700):
        killed = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while released(home) < facts and killed.poll() is None:
            time.sleep(0.02)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
    done = subprocess.run(command, env=environment, capture_output=True, timeout=100, check=False)
    outcome = orjson.loads(done.stdout)
    assert (done.returncode, outcome["rejected"]) == (0, [])
    assert outcome["recorded"] + outcome["repeated"] == 1200
    assert outcome["repeated"] > 500
    again = orjson.loads(subprocess.run(command, env=environment, capture_output=True, timeout=100, check=False).stdout)
    assert (again["recorded"], again["repeated"]) == (0, 1200)

    async def checked() -> None:
        ledger = await Ledger.open(settings)
        try:
            head = await ledger.store.database.head()
            assert head is not None
            report = verify_database(
                ledger.store.conninfo(),
                ledger.store.origin,
                ledger.store.keys.known,
                ledger.store.released.path,
            )
            assert report.ok, report.summary()
            assert head.size - 1200 < 5  # the start of the release, and nothing of the file twice
            assert head.recorded <= datetime.now(UTC)
        finally:
            await ledger.close()

    asyncio.run(checked())


def released(home: Path) -> int:
    """Facts in the newest checkpoint that was kept."""
    note = home / "checkpoint"
    return size_of(note.read_bytes()) if note.exists() else 0


# The command line, with batches so small that a kill falls between two of them.
_SMALL_BATCHES = """
import sys
from ledger import cli
from ledger.importing import running
running.MOST, running.WORTH_A_PROCESS = 25, 100
sys.exit(cli.main(sys.argv[1:]))
"""


def test_a_decider_that_fails_on_every_line_costs_little_and_every_line_goes_alone(
    real: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    tries = 0

    async def failing(decider: Decider, line: Any) -> Any:
        nonlocal tries
        tries += 1
        raise TypeError

    monkeypatch.setattr(Decider, "_decided", failing)
    outcome = imported(real, write(tmp_path, interleaved(30, 8)))
    assert (outcome.recorded, outcome.rejected) == (300, [])
    assert tries < 1500
