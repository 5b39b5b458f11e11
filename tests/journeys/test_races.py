"""Two commands at the same moment, in one process and in two: the rule holds every time.

The long version, 1,000 rounds of each race, is `python -m bench.races`.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest
from tests.journeys.process import run
from tests.journeys.races import RACES
from tests.journeys.racing import (
    Answer,
    Track,
    all_in_some_order,
    decided_on_the_last_word,
    never_both,
    one_wins,
    recorded_once,
    two_servers,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def track() -> Generator[Track]:
    folder = Path(tempfile.mkdtemp(prefix="ledger-"))
    folder.chmod(0o711)
    home = folder / "home"
    seed = secrets.randbelow(1_000_000)
    print(f"seed {seed}")
    with two_servers(home, seed) as made:
        yield made
    verified = run(home, "verify", "--values")
    assert verified.returncode == 0, verified.stdout
    shutil.rmtree(folder)


@pytest.mark.parametrize("name", RACES)
def test_whoever_is_first_the_rule_holds(track: Track, name: str):
    assert asyncio.run(track.run(name, RACES[name], 6)) == []


# ---------------------------------------------------------------------------------------- the verdicts themselves


def recorded(position: int, status: int = 201) -> Answer:
    return Answer(status, {"events": [{"position": position}]})


def refused(by: str) -> Answer:
    return Answer(409, {"type": "/problems/refused", "rule": by})


def test_two_winners_no_winner_or_a_loser_of_something_else_are_seen():
    holds = one_wins("ALL-05")
    assert holds([recorded(7), refused("ALL-05")])
    assert holds([refused("ALL-05"), recorded(7)])
    assert not holds([recorded(7), recorded(8)])
    assert not holds([refused("ALL-05"), refused("ALL-05")])
    assert not holds([recorded(7), refused("GEN-06")])
    assert not holds([recorded(7), Answer(500, {"rule": "ALL-05"})])


def test_a_decision_on_what_was_not_so_any_more_is_seen():
    holds = decided_on_the_last_word("ALL-13")
    assert holds([recorded(7), recorded(8)])
    assert holds([refused("ALL-13"), recorded(8)])
    assert not holds([recorded(8), recorded(7)])
    assert not holds([refused("stale-version"), recorded(8)])
    assert not holds([recorded(7), refused("GEN-06")])


def test_an_erasure_under_a_hold_that_was_there_before_is_seen():
    warned = Answer(201, {"events": [{"position": 7}], "warnings": [{"rule": "SCR-05"}]})
    assert never_both([recorded(7), refused("SCR-05")])
    assert never_both([recorded(8), recorded(7)])
    assert never_both([warned, recorded(8)])
    assert not never_both([recorded(7), recorded(8)])
    assert not never_both([refused("stale-version"), recorded(8)])
    assert not never_both([recorded(7), refused("stale-version")])


def test_something_recorded_twice_or_not_at_all_is_seen():
    assert recorded_once([recorded(7, 200), recorded(7)])
    assert not recorded_once([recorded(7), recorded(8)])
    assert not recorded_once([recorded(7, 200), recorded(8)])
    assert not recorded_once([recorded(7, 200), recorded(7, 200)])
    assert all_in_some_order([recorded(9), recorded(7), recorded(8)])
    assert not all_in_some_order([recorded(7), recorded(7)])
    assert not all_in_some_order([recorded(7), refused("stale-version")])
