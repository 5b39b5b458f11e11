"""A world told at random: every decision in it, taken again after all of it is told, comes out as it was sealed.

Settings and holidays change on the way, records are corrected and struck out, other systems tell things late: none of
it moves a decision that is past.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from random import Random

import pytest
from tests.conftest import Clusters
from tests.following.world import World, opened
from tests.printing.paper import Paper

from ledger.errors import NotFound
from ledger.trails import trail, trail_pdf

COMMANDS = 260


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_every_decision_of_a_random_world_comes_out_the_same(
    clusters: Clusters, ledger_template: str, vault_template: str, seed: int
) -> None:
    rng = Random(seed)
    with opened(clusters) as home:
        world = World(home)
        for _ in range(COMMANDS):
            home.run(world.tell(rng))
            world.passes(rng.choice((0, 0, 1, 3)))
        outcomes: Counter[str] = Counter()
        changed = 0
        note = home.run(home.ledger.checkpoint())
        for position in range(1, home.size + 1):
            try:
                found = home.run(trail(home.ledger, position))
            except NotFound:
                outcomes["told"] += 1
                continue
            outcomes[found["rerun"]["outcome"]] += 1
            assert found["rerun"]["outcome"] == "same", (position, found["decision"]["type"], found["rerun"])
            assert all(each["position"] > position for each in found["later"])
            assert all(each["position"] < position for each in found["rested_on"])
            changed += bool(found["later"])
            if found["later"] and changed < 5:
                page = Paper(trail_pdf(found, note, datetime.now(UTC)))
                assert page.says("Recorded later, and would have changed it")
        assert outcomes["same"] > COMMANDS / 2
        assert changed > 2
