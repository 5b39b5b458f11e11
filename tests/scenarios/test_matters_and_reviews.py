"""The example cases of child protection matters and case reviews, played on a ledger in memory."""

from pathlib import Path

import pytest
from tests.aggregates.memory_ledger import MemoryLedger

from ledger.scenarios import load, play

HERE = Path(__file__).parent
MATTERS = (
    "Ten days for the reply, over Christmas",
    "First core group within ten working days, over Christmas",
    "Core assessment thirty-five days after the strategy discussion",
    "Review conferences after three and then six months",
    "A conference missed without a report",
)
OF_MATTERS = [each for each in load(HERE / "child-protection.yaml") if each.name in MATTERS]
OF_REVIEWS = load(HERE / "case-review.yaml")


@pytest.mark.parametrize("scenario", OF_MATTERS, ids=lambda each: each.name)
def test_a_matter_comes_out_as_written(scenario):
    assert play(scenario, MemoryLedger()) == []


def test_every_example_of_a_matter_is_played():
    assert {each.name for each in OF_MATTERS} == set(MATTERS)


@pytest.mark.parametrize("scenario", OF_REVIEWS, ids=lambda each: each.name)
def test_a_review_comes_out_as_written(scenario):
    assert play(scenario, MemoryLedger()) == []
