"""Whatever is killed under load: what was acknowledged stands, once, and nothing else was written.

The long version is `python -m bench.soak`; the checks themselves are proven by tests/journeys/test_journal.py.
"""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from tests.journeys.killing import DEFAULT_KINDS, Ordeal
from tests.journeys.process import ended, postgres_of


@pytest.mark.slow
def test_killed_under_load_the_process_and_its_servers_lose_nothing_and_double_nothing(open_tmp_path: Path):
    ordeal = Ordeal(open_tmp_path / "home", secrets.randbelow(1_000_000), print)
    print(f"seed {ordeal.seed}")
    with ended(ordeal.process):
        kinds = ordeal.random.sample(DEFAULT_KINDS, len(DEFAULT_KINDS))
        assert ordeal.go(kinds) == []
        assert all(each.acknowledged > 2 * ordeal.clients for each in ordeal.rounds)
        assert postgres_of(ordeal.home) == []
