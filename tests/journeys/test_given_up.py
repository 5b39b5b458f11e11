"""A start that is given up while the servers are being made leaves none of them running."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.journeys.process import postgres_of

from ledger.settings import Settings
from ledger.store.opening import open_store


@pytest.mark.soak
@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.5])
def test_an_opening_that_is_given_up_leaves_no_server(open_tmp_path: Path, seconds: float):
    async def give_up() -> None:
        opening = asyncio.create_task(open_store(Settings(home=open_tmp_path / "home")))
        await asyncio.sleep(seconds)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening

    asyncio.run(give_up())
    left = postgres_of(open_tmp_path)
    for each in left:
        each.kill()
    assert left == []
