"""A rebuild loses no case, whoever is paused, killed or at work beside it, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from random import Random
from typing import Any

import psutil
import psycopg
import pytest
from tests.conftest import Clusters
from tests.doors import Case
from tests.following.world import Home, World, a_person, opened

from ledger import pipes
from ledger.errors import Unavailable
from ledger.following.follower import Follower
from ledger.following.workers import Workers
from ledger.projections import WORKLISTS, schedule
from ledger.projections.schedule import Projected
from ledger.store.vault import Vault

pytestmark = pytest.mark.usefixtures("ledger_template", "vault_template")
ROWS = """
    SELECT r.worklist, r.case_id, n, rank, since, until, row
    FROM projections.rows AS r JOIN projections.worklists AS w ON w.name = r.worklist AND w.generation = r.generation
    ORDER BY 1, 2, 3
"""


class Followed:
    """A world with some people in it, and the tables that follow it."""

    def __init__(self, home: Home) -> None:
        self.home, self.world = home, World(home)
        self.first, self.second = self.person(), self.person()
        self.catch_up()

    def person(self) -> str:
        """Somebody with an order and an absence; the name of the stream."""
        rng = Random(len(self.world.told))
        known = len(self.world.ids["order"])
        while len(self.world.ids["order"]) == known:
            self.home.run(self._person(rng))
        case = self.world.ids["order"][-1]["to"]
        self.absent(case)
        return case.replace("/", "-")

    async def _person(self, rng: Any) -> None:
        await a_person(self.world, rng)

    def absent(self, case: str) -> None:
        order = next(each for each in self.world.ids["order"] if each["to"] == case.replace("offender-", "offender/"))
        absence = Case(order["to"], order["order_id"]).absence()

        async def told() -> None:
            assert await self.world.give(Random(1), order["to"], "RecordAbsence", **absence)

        self.home.run(told())

    def catch_up(self) -> None:
        self.home.ledger.follower._retried = float("-inf")
        self.home.run(self.home.ledger.follower.catch_up())

    def rebuild(self, name: str | None = None, progress: Any = lambda done, total: None) -> None:
        self.home.run(self.home.ledger.rebuild(name, progress))

    def sql(self, query: str) -> list[Any]:
        with psycopg.connect(self.home.conninfo, autocommit=True) as connection:
            return connection.execute(query.encode()).fetchall()

    def rows(self, stream: str = "") -> list[Any]:
        return [each for each in self.sql(ROWS) if stream in ("", each[1])]

    def paused(self) -> list[str]:
        return [case for (case,) in self.sql("SELECT case_id FROM projections.paused ORDER BY 1")]


@pytest.fixture
def followed(clusters: Clusters) -> Generator[Followed]:
    with opened(clusters) as home:
        yield Followed(home)


@contextmanager
def poisoned(*streams: str) -> Generator[None]:
    real = schedule.unit_of

    def unit_of(stream: str, history: Any) -> str | None:
        if stream in streams:
            raise ArithmeticError
        return real(stream, history)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schedule, "unit_of", unit_of)
        yield


# ------------------------------------------------------------------------------------ a case that cannot be folded


@pytest.mark.parametrize("name", [None, "letters"])
def test_a_paused_case_keeps_its_rows_through_a_rebuild_and_stays_listed(followed: Followed, name: str | None) -> None:
    with poisoned(followed.first):
        followed.absent(followed.first)
        followed.catch_up()
        before = followed.rows(followed.first)
        followed.rebuild(name)
        assert followed.rows(followed.first) == before != []
        assert followed.paused() == [followed.first]
    followed.catch_up()
    assert followed.paused() == []
    assert len(followed.rows(followed.first)) > len(before)


def test_a_rebuild_that_is_interrupted_takes_no_paused_case_off_the_list(followed: Followed) -> None:
    with poisoned(followed.first):
        followed.absent(followed.first)
        followed.catch_up()
    before = followed.rows()

    def cut(done: int, total: int) -> None:
        raise EOFError

    with pytest.raises(EOFError):  # it folded the case, which can be folded again; its rows are as old as before
        followed.rebuild(None, cut)
    assert followed.rows() == before
    assert followed.paused() == [followed.first]


def test_a_case_that_heals_while_a_rebuild_could_not_fold_it_is_in_the_new_tables(followed: Followed) -> None:
    with pytest.MonkeyPatch.context() as patch:
        real, calls = schedule.unit_of, [0]

        def unit_of(stream: str, history: Any) -> str | None:
            calls[0] += stream == followed.first
            if stream == followed.first and calls[0] == 1:
                raise ArithmeticError
            return real(stream, history)

        before = followed.rows()
        patch.setattr(schedule, "unit_of", unit_of)
        followed.rebuild()
    assert followed.rows() == before
    assert followed.paused() == []


def test_a_value_whose_key_the_vault_has_lost_pauses_its_case_until_it_is_back(followed: Followed) -> None:
    async def assessed() -> None:
        to = followed.first.replace("offender-", "offender/")
        order = next(each["order_id"] for each in followed.world.ids["order"] if each["to"] == to)
        data = {"order_id": order, "completed_on": followed.world.day(), "rosh_level": "HIGH"}
        assert await followed.world.give(Random(1), to, "CompleteRiskAssessment", **data, marking="CONFIDENTIAL")

    followed.home.run(assessed())
    with pytest.MonkeyPatch.context() as patch:

        async def nothing(self: Vault, ids: Any) -> dict[bytes, Any]:
            return {}

        patch.setattr(Vault, "keys_by_id", nothing)
        before = followed.rows()
        followed.catch_up()
        assert followed.paused() == [followed.first]
        [(reason,)] = followed.sql("SELECT reason FROM projections.paused")
        assert reason.startswith("Unreadable at ")
        followed.rebuild()
        assert followed.rows() == before
    followed.catch_up()
    assert followed.paused() == []


def test_a_paused_case_is_listed_with_the_first_fact_that_its_rows_lack(followed: Followed) -> None:
    with poisoned(followed.first):
        followed.absent(followed.second)
        followed.absent(followed.first)
        first = followed.home.size
        followed.absent(followed.first)
        followed.absent(followed.second)
        followed.catch_up()
        followed.absent(followed.first)
        followed.catch_up()
        assert followed.sql("SELECT case_id, position FROM projections.paused") == [(followed.first, first)]


# ------------------------------------------------------------------------------------ beside others


def test_whoever_writes_does_so_in_the_order_of_the_cases(followed: Followed) -> None:
    """A follower and a rebuild write what cases asked of the policy at the same time: in two orders, they would each
    wait for the other."""
    cases = [f"offender-{n:08}-0000-4000-8000-000000000000" for n in (3, 1, 2)]
    asked = {name: Projected(None, (), {"calendar": date(2026, 1, 1)}) for name in cases}

    async def written() -> None:
        tables = await followed.home.ledger._tables()
        await tables.replace(asked, {}, 1)
        await tables.close()

    followed.home.run(written())
    found = [name for (name,) in followed.sql("SELECT case_id FROM projections.cases ORDER BY ctid")]
    assert [name for name in found if name in asked] == sorted(cases)


def test_no_generation_has_the_number_of_an_earlier_one(followed: Followed) -> None:
    """What a worker of a killed rebuild still writes must not lie among the rows of the next."""

    async def numbers() -> list[int]:
        tables = await followed.home.ledger._tables()
        try:
            return [await tables.new_generation() for _ in range(3)]
        finally:
            await tables.close()

    [(live,)] = followed.sql("SELECT max(generation) FROM projections.worklists")
    assert followed.home.run(numbers()) == [live + 1, live + 2, live + 3]


WITH_A_WORKER = """
import asyncio, pathlib, time
from ledger.following.workers import Where, Workers
async def begun():
    workers = Workers(Where("x", "host=/nowhere", "host=/nowhere", pathlib.Path("/nowhere")), 1)
    try:
        await workers.write(["offender-x"], {}, 1)
    except Exception:
        print("there", flush=True)
    time.sleep(60)
asyncio.run(begun())
"""


@pytest.fixture
def shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even so few cases are worth a worker."""
    monkeypatch.setattr("ledger.following.rebuilding.WORTH_WORKERS", 0)
    monkeypatch.setattr("ledger.following.rebuilding.CASES_AT_ONCE", 1)
    monkeypatch.setattr("ledger.following.rebuilding.processors", lambda: 2)


@pytest.mark.usefixtures("shared_out")
def test_a_rebuild_that_is_shared_out_comes_to_the_same_rows(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        followed.person()
    followed.catch_up()
    before, there = followed.rows(), []
    real = Workers.write

    async def write(self: Workers, streams: Any, generations: Any, upto: int) -> list[str]:
        there.extend(streams)
        return await real(self, streams, generations, upto)

    monkeypatch.setattr(Workers, "write", write)
    followed.rebuild()
    assert followed.rows() == before
    assert {each[1] for each in before} - set(there) != {each[1] for each in before}  # a worker wrote some of them
    assert psutil.Process().children() == []  # and is gone


@pytest.mark.usefixtures("shared_out")
def test_a_rebuild_whose_worker_dies_says_so_and_leaves_the_live_rows(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, real = followed.rows(), pipes.start

    async def started(module: str) -> asyncio.subprocess.Process:
        process = await real(module)
        process.kill()
        return process

    with monkeypatch.context() as patch:
        patch.setattr("ledger.pipes.start", started)
        with pytest.raises(Unavailable, match="ended before its time"):
            followed.rebuild()
    assert followed.rows() == before
    followed.rebuild()
    assert followed.rows() == before


@pytest.mark.usefixtures("shared_out")
def test_a_worker_that_cannot_go_on_tells_why_and_nothing_of_what_it_read(followed: Followed) -> None:
    where = replace(followed.home.ledger._where(), ledger="host=/nowhere")

    async def asked() -> None:
        async with Workers(where, 1) as workers:
            await workers.write([followed.first], {}, 1)

    with pytest.raises(Unavailable, match="could not go on: OperationalError at "):
        followed.home.run(asked())


def test_the_workers_of_a_rebuild_that_was_killed_end_with_it(tmp_path: Any) -> None:
    script = tmp_path / "with_a_worker.py"
    script.write_text(WITH_A_WORKER)
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE) as rebuilding:
        assert rebuilding.stdout
        assert rebuilding.stdout.readline() == b"there\n"
        workers = psutil.Process(rebuilding.pid).children(recursive=True)
        assert workers
        os.kill(rebuilding.pid, signal.SIGKILL)
    ends = time.monotonic() + 20
    while any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in workers):
        assert time.monotonic() < ends, "they are still there"
        time.sleep(0.05)


# ------------------------------------------------------------------------------------ what nobody thought of


def test_what_nobody_thought_of_does_not_end_a_follower_silently(
    followed: Followed, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ledger.following.follower.AFTER_TROUBLE", 0.01)
    real, raised = Follower.catch_up, [0]

    async def catch_up(self: Follower) -> None:
        raised[0] += 1
        if raised[0] < 3:
            raise KeyError("Featherstonehaugh")
        await real(self)

    monkeypatch.setattr(Follower, "catch_up", catch_up)
    followed.absent(followed.first)

    async def run() -> None:
        async with followed.home.ledger.followed(), asyncio.timeout(20):
            while (await followed.home.ledger.lag())["behind"]:
                await asyncio.sleep(0.01)

    followed.home.run(run())
    assert raised[0] >= 3
    assert "KeyError at test_rebuilding.py" in caplog.text
    assert "Featherstonehaugh" not in caplog.text


def test_a_change_of_policy_that_moves_every_case_is_folded_in_parts(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.following.folding.AT_ONCE", 1)

    async def told() -> None:
        data = {"key": "upw.assessment", "new": "7", "effective_from": "2000-01-01", "reason": "as told"}
        assert await followed.world.give(Random(1), "policy/policy", "ChangeSetting", **data)

    followed.home.run(told())
    followed.catch_up()
    slow = followed.world.rows([followed.world.clock.date()])
    for name in WORKLISTS:
        asking = followed.home.ledger.worklist(name, as_at=followed.world.clock.date())
        assert len(followed.home.run(asking).items) == len(slow.get((name, followed.world.clock.date(), ""), []))
