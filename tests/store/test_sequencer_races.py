"""Several sequencers against one ledger, the slow beside the fast, and readers who follow: no gap, no miss, no fork."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from tests.store.faults import at_commit, delay, faulty
from tests.store.ledgers import ORIGIN, Ledger, a_command, a_fact, one, positions, sealed_by

from ledger.errors import StaleVersion
from ledger.store.appending import Receipt
from ledger.store.sequencer import Sequencer

pytestmark = pytest.mark.anyio


class Follower:
    """Reads on from the last position it has seen, as every projection does."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    async def follow(self, ledger: Ledger, upto: int) -> None:
        async with await psycopg.AsyncConnection.connect(ledger.app, autocommit=True) as connection:
            while len(self.seen) < upto:
                after = self.seen[-1] if self.seen else 0
                cursor = await connection.execute(
                    "SELECT position FROM entries WHERE position > %s ORDER BY position", (after,)
                )
                found = [row[0] for row in await cursor.fetchall()]
                assert found == list(range(after + 1, after + 1 + len(found))), "a reader saw a gap"
                self.seen += found
                await asyncio.sleep(0)


@asynccontextmanager
async def followed(ledger: Ledger, facts: int) -> AsyncGenerator[None]:
    """Two readers follow meanwhile; in the end each has seen every one of so many facts, in order."""
    readers = [Follower(), Follower()]
    tasks = [asyncio.ensure_future(each.follow(ledger, facts)) for each in readers]
    yield
    await asyncio.wait_for(asyncio.gather(*tasks), 10)
    assert [each.seen for each in readers] == [list(range(1, facts + 1))] * 2


async def append_one_after_another(sequencer: Sequencer, stream: str, count: int) -> list[Receipt]:
    return [await sealed_by(sequencer, one(stream, version)) for version in range(1, count + 1)]


async def test_two_sequencers_share_a_ledger_without_gap_or_fork(ledger: Ledger) -> None:
    async with ledger.sequencer() as left, ledger.sequencer() as right, followed(ledger, 200):
        callers = [(f"{name}-{n}", each) for name, each in (("left", left), ("right", right)) for n in range(10)]
        receipts = await asyncio.gather(*(append_one_after_another(each, stream, 10) for stream, each in callers))
    assert sorted(positions([receipt for some in receipts for receipt in some])) == list(range(1, 201))
    assert left.batches + right.batches == len(ledger.notes)


async def test_of_two_sequencers_that_race_for_a_version_one_wins(ledger: Ledger) -> None:
    async with ledger.sequencer() as left, ledger.sequencer() as right:
        for version in range(1, 21):
            answers = await asyncio.gather(
                left.append(one("case-a", version)), right.append(one("case-a", version)), return_exceptions=True
            )
            assert sorted(type(each).__name__ for each in answers) == ["Receipt", "StaleVersion"]
    assert ledger.size == 20


async def test_of_two_sequencers_with_one_key_one_records_and_the_other_repeats(ledger: Ledger) -> None:
    async with ledger.sequencer() as left, ledger.sequencer() as right:
        for n in range(10):
            command = one(f"case-{n}", key=UUID(int=n))
            answers = await asyncio.gather(left.append(command), right.append(command))
            assert sorted(type(each).__name__ for each in answers) == ["Receipt", "Repeated"]


async def test_of_two_decisions_that_read_the_same_one_is_decided_again(ledger: Ledger) -> None:
    # The last place on a placement: both saw it free.
    async with ledger.sequencer() as left, ledger.sequencer() as right:
        for n in range(10):
            answers = await asyncio.gather(
                *(
                    each.append(a_command(a_fact(f"case-{name}{n}", 1, about=["place-1"]), reads=[("place-1", n)]))
                    for name, each in (("l", left), ("r", right))
                ),
                return_exceptions=True,
            )
            assert sorted(type(each) is StaleVersion for each in answers) == [False, True]


@pytest.mark.parametrize("slow_at", ["between the lock and the writing", "in COMMIT"])
async def test_a_slow_writer_beside_fast_ones_hides_no_fact_from_a_reader(ledger: Ledger, slow_at: str) -> None:
    between = slow_at.startswith("between")
    wire = faulty(*[delay(b"write", 0.05)] * 4) if between else faulty()
    with at_commit(ledger, "PERFORM pg_sleep(0.05)", "nothing" if between else "slow-%"):
        async with ledger.sequencer(wire) as slow, ledger.sequencer() as fast, followed(ledger, 64):
            await asyncio.gather(
                append_one_after_another(slow, "slow-a", 4),
                *(append_one_after_another(fast, f"fast-{n}", 20) for n in range(3)),
            )


async def test_an_append_waits_for_whoever_holds_the_head_and_follows_it(ledger: Ledger) -> None:
    async with ledger.sequencer() as sequencer, followed(ledger, 2):
        await sealed_by(sequencer, one("case-a"))
        async with await psycopg.AsyncConnection.connect(ledger.app) as holder:
            await holder.execute("SELECT size FROM head FOR UPDATE")
            asked = asyncio.ensure_future(sequencer.append(one("case-b")))
            await holder.execute("SELECT pg_sleep(0.2)")
            assert not asked.done()
            assert ledger.size == 1
        assert positions([await asked]) == [2]  # type: ignore[list-item]


# Another process: appends to a stream of its own and to one that all want, and prints how often it won that.
WRITER = """
import asyncio, sys
from tests.store.ledgers import Ledger, one
from ledger.errors import StaleVersion
from ledger.transparency.note import Signer

async def main():
    own, app = sys.argv[1], sys.stdin.readline().strip()
    ledger = Ledger("", app, "", Signer(sys.argv[2], bytes(range(32))))
    async with ledger.sequencer() as sequencer:
        async def wanted():
            won = 0
            for version in range(1, 51):
                try:
                    await sequencer.append(one("wanted", version)); won += 1
                except StaleVersion:
                    pass
            return won
        async def of_its_own(n):
            for version in range(1, 51):
                await sequencer.append(one(f"{own}-{n}", version))
        won, *_ = await asyncio.gather(wanted(), *(of_its_own(n) for n in range(4)))
        print(won)

asyncio.run(main())
"""


async def test_processes_race_without_gap_or_fork(ledger: Ledger) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, name, ORIGIN],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for name in ("left", "right")
    ]
    async with followed(ledger, 450):
        told = [asyncio.to_thread(each.communicate, f"{ledger.app}\n", 30) for each in writers]
        won = [int(out) for out, _ in await asyncio.gather(*told)]
    assert sum(won) == 50
    assert ledger.size == 450
