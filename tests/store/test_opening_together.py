"""Several openings of one home: one release, one order, a checkpoint file that only grows, none taken for smaller."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator, Coroutine, Generator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from tests.conftest import Clusters
from tests.doors import PERSON

from ledger.aggregates.shape import Actor
from ledger.application import Ledger
from ledger.commands import Acknowledged, Command
from ledger.settings import Settings
from ledger.store.checkpoint_files import keep_newest
from ledger.store.database import Database, Head
from ledger.store.opening import Place, embedded_place

T = TypeVar("T")
OFFICER = Actor(str(uuid4()), "court-officer")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner() as runner:
        return runner.run(coroutine)


class Home:
    """A folder and the two databases that belong to it."""

    def __init__(self, folder: Path, places: Sequence[Place]) -> None:
        self.folder, self._places = folder, places

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[Ledger]:
        ledger = await Ledger.open(Settings(home=self.folder), places=self._places)
        try:
            yield ledger
        finally:
            await ledger.close()


@pytest.fixture
def home(clusters: Clusters, ledger_template: str, vault_template: str, tmp_path: Path) -> Generator[Home]:
    name = f"home_{token_hex(4)}"
    both = {clusters.ledger: ledger_template, clusters.vault: vault_template}
    for cluster, template in both.items():
        cluster.create_database(name, template)
    yield Home(tmp_path, [embedded_place(cluster, name) for cluster in both])
    for cluster in both:
        cluster.drop_database(name)


async def someone(ledger: Ledger) -> Acknowledged:
    """A person is recorded."""
    return await ledger.execute(Command("RecordOffender", "offender", str(uuid4()), PERSON, OFFICER, key=uuid4()))


def size_in(path: Path) -> int:
    return int(path.read_text("utf-8").split("\n")[1])


def test_three_open_at_once_all_append_and_the_release_starts_once(home: Home):
    async def tried() -> None:
        async def one() -> None:
            async with home.opened() as ledger:
                await asyncio.gather(*(someone(ledger) for _ in range(10)))

        await asyncio.gather(*(one() for _ in range(3)))
        async with home.opened() as ledger:
            assert (await ledger.status())["facts"] == 31
            assert len(await ledger.store.database.stream("ledger")) == 1
            assert ledger.store.read_only is None
        assert size_in(home.folder / "checkpoint") == 31

    run(tried())


def test_what_another_releases_while_one_opens_is_not_taken_for_missing(home: Home, monkeypatch: pytest.MonkeyPatch):
    async def tried() -> None:
        async with home.opened() as first:
            await someone(first)
            await first.store.released.keep()
            read = Database.head

            async def slowly(database: Database) -> Head | None:
                """The other goes on just after the head was read."""
                head = await read(database)
                if database is not first.store.database:
                    await someone(first)
                    await first.store.released.keep()
                return head

            monkeypatch.setattr(Database, "head", slowly)
            async with home.opened() as second:
                assert second.store.read_only is None
                await someone(second)

    run(tried())


def test_two_processes_that_start_at_once_in_a_new_home_share_it(open_tmp_path: Path):
    program = """
import asyncio, sys
from pathlib import Path
from uuid import uuid4
from ledger.aggregates.shape import Actor
from ledger.application import Ledger
from ledger.commands import Command
from ledger.settings import Settings
from tests.doors import PERSON

async def work():
    ledger = await Ledger.open(Settings(home=Path(sys.argv[1])))
    by = Actor(str(uuid4()), "court-officer")
    for _ in range(5):
        await ledger.execute(Command("RecordOffender", "offender", str(uuid4()), PERSON, by, key=uuid4()))
    print(ledger.store.origin)
    await ledger.close()

asyncio.run(work())
"""
    command = [sys.executable, "-c", program, str(open_tmp_path)]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) for _ in "12"
    ]
    origins = {each.communicate(timeout=60)[0] for each in started}
    assert [each.returncode for each in started] == [0, 0]
    assert len(origins) == 1

    async def look() -> None:
        ledger = await Ledger.open(Settings(home=open_tmp_path))
        try:
            assert (await ledger.status())["facts"] == 11
            assert len(await ledger.store.database.stream("ledger")) == 1
        finally:
            await ledger.close()

    run(look())
    assert size_in(open_tmp_path / "checkpoint") == 11


def test_the_checkpoint_file_is_replaced_whole_and_never_goes_back(tmp_path: Path):
    path = tmp_path / "checkpoint"
    seen: list[int] = []

    async def tried() -> None:
        writers = [
            asyncio.to_thread(lambda part=part: [keep_newest(path, n, f"x\n{n}\ny\n") for n in range(part, 300, 3)])
            for part in (1, 2, 3)
        ]
        writing = asyncio.gather(*writers)
        while not writing.done():
            if path.exists():
                text = path.read_text("utf-8")
                assert text.endswith("\ny\n")
                seen.append(size_in(path))
            await asyncio.sleep(0)
        await writing

    run(tried())
    assert seen == sorted(seen)
    assert size_in(path) == 299
    assert {each.name for each in tmp_path.iterdir()} == {"checkpoint", ".checkpoint.lock"}
