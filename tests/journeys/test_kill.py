"""Whoever is killed under load, and wherever: what was acknowledged stands, once, and nothing else was written.

The long version is `python -m bench.soak`; that the comparisons see what they are there for is proven by
test_journal.py and test_planted.py.
"""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path

import pytest
from tests.journeys.killing import AT_PLACES, AT_RANDOM, Ordeal
from tests.journeys.process import ended, postgres_of
from tests.journeys.stopping import FIRST, STARTING

NOT_YET = "comparing with what was released"  # nothing was, at a first start


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_whoever_is_killed_wherever_from_the_first_start_on_nothing_is_lost_and_nothing_doubled(open_tmp_path: Path):
    ordeal = Ordeal(open_tmp_path / "home", secrets.randbelow(1_000_000), print)
    print(f"seed {ordeal.seed}")
    faults = [*ordeal.random.sample(AT_PLACES, 3), *ordeal.random.sample(AT_RANDOM, 1)]
    places = [each for each in (*FIRST, *STARTING) if each != NOT_YET]
    drawn = ordeal.random.sample(places, 3)  # another three each time; a start is at each of them in this order
    with ended(ordeal.process):
        for place in (each for each in places if each in drawn):
            asyncio.run(_killed_at_its_first_start(ordeal, place))
        assert ordeal.go(faults, seconds=0.4) == []
        assert len(ordeal.rounds) == len(faults)
        assert all(each.acknowledged > 2 * ordeal.many for each in ordeal.rounds)
        assert postgres_of(ordeal.home) == []


async def _killed_at_its_first_start(ordeal: Ordeal, place: str) -> None:
    ordeal.places.arm(place)
    ordeal.process.start()
    async with asyncio.timeout(60):
        while not ordeal.places.reached(place):
            assert ordeal.process.running, ordeal.process.output[-2000:]
            await asyncio.sleep(0.01)
    ordeal.process.kill()
