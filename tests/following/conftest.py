"""What tests of followers share."""

from __future__ import annotations

import asyncio
from collections.abc import Generator

import pytest
from tests.conftest import Clusters
from tests.doors import Door, new_door


@pytest.fixture(scope="module")
def door(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Door]:
    """A ledger whose follower may be cancelled: on asyncio's own loop, as a follower's process runs it."""
    with new_door(clusters.ledger, clusters.vault, loop=asyncio.new_event_loop) as made:
        yield made
