"""Whatever happens, in whatever order: once a follower has caught up, the tables say what the slow way says.

A Hypothesis state machine against the real databases. Facts of every kind are told at random (world.py), policy facts,
corrections and imports among them, while followers step, are cut short, lose their connections, run two at once or from
polling alone, cases cannot be folded for a while, and worklists are rebuilt, interrupted, beside all of that.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Sequence
from contextlib import ExitStack
from datetime import date, timedelta
from random import Random
from typing import Any
from unittest.mock import patch

import orjson
import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.conftest import Clusters
from tests.following.world import UNITS, World, opened

from ledger.errors import LedgerError
from ledger.following.follower import Follower
from ledger.projections import WORKLISTS, schedule
from ledger.store.cases import Cases

SEEDS = st.integers(0, 2**32)
AREAS = st.sampled_from(("", "", "", "offender", "register", "placement", "policy", "correct"))
MOMENTS = st.floats(0, 0.05)  # seconds
ROWS = """
    SELECT r.worklist, r.case_id, n, unit, rank, since, until, row
    FROM projections.rows AS r JOIN projections.worklists AS w ON w.name = r.worklist AND w.generation = r.generation
    ORDER BY 1, 2, 3
"""


class PowerCut(Exception):
    """The end of whatever runs."""


class Poisoned(Exception):
    """A case that cannot be folded."""


class Following(RuleBasedStateMachine):
    """One ledger, told things at random, and its followers."""

    clusters: Clusters

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self.home = self._stack.enter_context(opened(self.clusters))
        self.world = World(self.home)
        self.poisoned: dict[str, list[Any]] = {}  # case -> its rows when it last could be folded
        real = schedule.unit_of

        def unit_of(stream: str, history: Any) -> str | None:
            if stream in self.poisoned:
                raise Poisoned
            return real(stream, history)

        self._stack.enter_context(patch.object(schedule, "unit_of", unit_of))

    def teardown(self) -> None:
        try:
            self.healed()
            self.agrees(0, 8)
            before = self.kept()
            self.home.run(self.home.ledger.rebuild(None, lambda done, total: None))
            assert self.kept() == before, "rebuilt, the tables say something else"
            self.from_the_first_fact_again()
            assert self.kept() == before, "projected twice, the same facts gave other rows"
        finally:
            self._stack.close()

    # ------------------------------------------------------------------------------------ looking

    def sql(self, query: str) -> list[Any]:
        with psycopg.connect(self.home.conninfo, autocommit=True) as connection:
            return connection.execute(query.encode()).fetchall()

    def kept(self) -> list[Any]:
        return self.sql(ROWS)

    def rows_of(self, stream: str) -> list[Any]:
        return [each for each in self.kept() if each[1] == stream]

    def listed(self, name: str, day: date, unit: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            page = self.home.run(self.home.ledger.worklist(name, unit=unit, as_at=day, cursor=cursor, most=3))
            assert page.position == self.home.size
            assert {each[WORKLISTS[name].names_case] for each in page.paused} <= {each[-36:] for each in self.poisoned}
            found += [WORKLISTS[name].without_person(each) for each in page.items]
            cursor = page.next
        return found

    def caught_up(self) -> None:
        follower = self.home.ledger.follower
        follower._retried = float("-inf")
        self.home.run(follower.catch_up())
        lag = self.home.run(self.home.ledger.lag())
        assert (lag["position"], lag["behind"]) == (self.home.size, 0)

    def agrees(self, seed: int, many: int = 2) -> None:
        """After a catch-up the tables say what the slow way says, on a few days, in all and by unit."""
        self.caught_up()
        rng, today = Random(seed), self.world.clock.date()
        days = sorted({today, *(today + timedelta(days=rng.randint(-200, 200)) for _ in range(many))})
        slow = self.world.rows(days)
        left_out = {each[-36:] for each in self.poisoned}
        for name, worklist in WORKLISTS.items():
            for day in days:
                for unit in ("", rng.choice(UNITS)):
                    told = _sound(self.listed(name, day, unit), worklist.names_case, left_out)
                    true = _sound(slow.get((name, day, unit), []), worklist.names_case, left_out)
                    lost, made_up = set(true) - set(told), set(told) - set(true)
                    assert told == true, f"{name} on {day} of {unit or 'all units'}: not there {lost}, not so {made_up}"

    @invariant()
    def what_cannot_be_folded_keeps_its_rows(self) -> None:
        for stream, rows in self.poisoned.items():
            assert self.rows_of(stream) == rows

    # ------------------------------------------------------------------------------------ telling

    @initialize(seed=SEEDS)
    def begins(self, seed: int) -> None:
        rng = Random(seed)
        for area in ("offender", "offender", "offender", "register", "placement"):
            self.home.run(self.world.tell(rng, area))
        self.caught_up()

    @rule(seed=SEEDS, only=AREAS, times=st.integers(1, 8))
    def something_is_told(self, seed: int, only: str, times: int) -> None:
        self.home.run(self.telling(seed, only, times))

    async def telling(self, seed: int, only: str = "", times: int = 4) -> None:
        rng = Random(seed)
        for _ in range(times):
            await self.world.tell(rng, only)

    @rule(days=st.integers(1, 60))
    def time_passes(self, days: int) -> None:
        self.world.passes(days)

    # ------------------------------------------------------------------------------------ following

    @rule(seed=SEEDS)
    def the_tables_agree(self, seed: int) -> None:
        self.agrees(seed)

    @rule(seed=SEEDS, moment=MOMENTS)
    def a_follower_is_cut_short_while_facts_arrive(self, seed: int, moment: float) -> None:
        self.home.run(_cut_short(self.home.ledger.follower.catch_up(), moment, self.telling(seed)))
        self.home.run(self.home.ledger.follower.close())

    @rule(seed=SEEDS, moment=MOMENTS)
    def a_follower_loses_its_connections(self, seed: int, moment: float) -> None:
        async def lost() -> None:
            follower = self.home.ledger.follower
            following = asyncio.create_task(follower.catch_up())
            await self.telling(seed, times=2)
            await asyncio.sleep(moment)
            if follower._tables is not None:
                number = follower._tables.connection.info.backend_pid
                await asyncio.to_thread(self.superuser, f"SELECT pg_terminate_backend({number})")
            with contextlib.suppress(psycopg.Error):
                await following
            await follower.close()

        self.home.run(lost())

    def superuser(self, query: str) -> None:
        conninfo = self.clusters.ledger.conninfo("postgres", "postgres")
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(query.encode())

    @rule(seed=SEEDS, moment=MOMENTS)
    def two_follow_at_once(self, seed: int, moment: float) -> None:
        ledger = self.home.ledger

        async def both() -> None:
            cases = Cases(ledger.store.origin, ledger.store.database, ledger.store.vault)
            other = Follower(ledger._tables, ledger.store.database, cases, ledger._where)
            try:
                await asyncio.gather(ledger.follower.catch_up(), other.catch_up(), self.telling(seed))
                await _cut_short(other.catch_up(), moment, ledger.follower.catch_up())
            finally:
                await other.close()

        self.home.run(both())

    @rule(seed=SEEDS, heard=st.booleans())
    def it_follows_by_itself_even_if_nobody_says_that_there_is_something(self, seed: int, heard: bool) -> None:
        ledger = self.home.ledger

        async def followed() -> None:
            with patch("ledger.following.follower.SEALED", "sealed" if heard else "never"):
                async with ledger.followed():
                    await self.telling(seed)
                    head = await ledger.store.database.head()
                    assert head is not None
                    async with asyncio.timeout(30):
                        while (await ledger.store.database.followed()).position < head.size:
                            await asyncio.sleep(0.01)

        self.home.run(followed())

    # ------------------------------------------------------------------------------------ what cannot be folded

    @precondition(lambda self: len(self.poisoned) < 2)
    @rule(seed=SEEDS)
    def a_case_cannot_be_folded_any_more(self, seed: int) -> None:
        self.caught_up()
        names = [each for (each,) in self.sql("SELECT case_id FROM projections.cases ORDER BY 1")]
        stream = Random(seed).choice(names)
        if stream not in self.poisoned:
            self.poisoned[stream] = self.rows_of(stream)

    @rule()
    def it_can_again(self) -> None:
        self.healed()

    def healed(self) -> None:
        self.caught_up()
        self.poisoned.clear()
        self.caught_up()
        assert self.home.run(self.home.ledger.lag())["paused"] == 0

    # ------------------------------------------------------------------------------------ rebuilding

    @rule(seed=SEEDS, name=st.sampled_from((None, *WORKLISTS)))
    def worklists_are_rebuilt_beside_a_follower_and_commands(self, seed: int, name: str | None) -> None:
        ledger = self.home.ledger
        said: list[tuple[int, int]] = []

        async def beside() -> None:
            rebuilding = ledger.rebuild(name, lambda done, total: said.append((done, total)))
            with patch("ledger.following.rebuilding.CASES_AT_ONCE", 1):  # there is time for something to happen
                await asyncio.gather(rebuilding, self.telling(seed), ledger.follower.catch_up())

        self.home.run(beside())
        assert all(0 < done <= total for done, total in said)
        assert not said or said[-1][0] == said[-1][1]

    @rule(seed=SEEDS, name=st.sampled_from((None, *WORKLISTS)), moment=MOMENTS, cut=st.booleans())
    def a_rebuild_is_interrupted(self, seed: int, name: str | None, moment: float, cut: bool) -> None:
        ledger = self.home.ledger
        built = self.sql("SELECT * FROM projections.worklists ORDER BY 1")
        was_cut = False

        def progress(done: int, total: int) -> None:  # a list no case can be on has no progress, and is not cut
            nonlocal was_cut
            if cut:
                was_cut = True
                raise PowerCut

        async def interrupted() -> None:
            beside = asyncio.gather(self.telling(seed), ledger.follower.catch_up())
            with contextlib.suppress(PowerCut):
                await _cut_short(ledger.rebuild(name, progress), moment, beside)

        self.home.run(interrupted())
        if was_cut:
            assert self.sql("SELECT * FROM projections.worklists ORDER BY 1") == built

    def from_the_first_fact_again(self) -> None:
        with psycopg.connect(self.home.conninfo, autocommit=True) as connection:
            connection.execute("UPDATE projections.followed SET position = 0")
        self.caught_up()


async def _cut_short(running: Awaitable[Any], moment: float, beside: Awaitable[Any]) -> None:
    """Cancel what runs after a moment, while something else goes on to its end."""
    task = asyncio.ensure_future(running)
    other = asyncio.ensure_future(beside)
    await asyncio.sleep(moment)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, LedgerError, psycopg.Error):
        try:
            await task
        finally:
            await other
    await other


def _sound(rows: Sequence[Any], name: str, left_out: set[str]) -> list[bytes]:
    """Rows as JSON in one order, without those of cases that cannot be folded."""
    read = [orjson.loads(each) if isinstance(each, bytes) else each for each in rows]
    return sorted(orjson.dumps(each, option=orjson.OPT_SORT_KEYS) for each in read if each[name] not in left_out)


def run(clusters: Clusters, examples: int, steps: int) -> None:
    """So many lives of a ledger, each of so many steps."""
    made = type("OnTheseClusters", (Following,), {"clusters": clusters})
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    run_state_machine_as_test(made, settings=chosen)


@pytest.mark.slow
@pytest.mark.usefixtures("ledger_template", "vault_template")
@pytest.mark.timeout(600)
def test_whatever_happens_the_tables_say_what_the_slow_way_says(clusters: Clusters) -> None:
    run(clusters, examples=6, steps=15)
