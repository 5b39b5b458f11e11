"""Closings: the root that is sealed is the textbook's, of what was before and no more, whoever else records or dies."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.store.conftest import NewLedger
from tests.store.faults import delay, faulty, lose_answer, lose_before, refuse
from tests.store.ledgers import ORIGIN, Ledger, a_command, a_fact, one, sealed_by, verify_everything
from tests.transparency import textbook_heads

from ledger.errors import DatabaseUnavailable, Inconsistent, LedgerError, OutcomeUnknown, ReadOnly
from ledger.store import closing as module
from ledger.store import heads as following
from ledger.store.appending import SETUP, Receipt
from ledger.store.closing import Closer
from ledger.store.heads import Closing
from ledger.store.sequencer import Sequencer
from ledger.store.wire import Wire
from ledger.transparency.chain import chain_of
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.entry import parse_entry
from ledger.transparency.heads import CLOSED, Heads, verify_absence, verify_head
from ledger.transparency.note import encode_base64

pytestmark = pytest.mark.anyio

MARCH = datetime(2025, 3, 3, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """One closing a second would make slow tests; where it matters it is put back."""
    monkeypatch.setattr(module, "ONCE", 0.0)


def a_closer(ledger: Ledger, sequencer: Sequencer, wire: type[Wire] = Wire) -> Closer:
    return Closer(
        lambda statements: wire.connect(ledger.app, statements, SETUP),
        sequencer,
        ORIGIN,
        simulated=ledger.simulated,
    )


@asynccontextmanager
async def closing_of(
    ledger: Ledger, wire: type[Wire] = Wire, **options: Any
) -> AsyncGenerator[tuple[Sequencer, Closer]]:
    """A process: a sequencer, and a closer that seals through it."""
    async with ledger.sequencer(wire, **options) as sequencer:
        closer = a_closer(ledger, sequencer)
        try:
            yield sequencer, closer
        finally:
            closer.close()


def heads_at(ledger: Ledger, size: int) -> dict[str, textbook_heads.Told]:
    """Every chain's head when there were so many facts, from the entries alone."""
    chains: dict[str, list[tuple[int, bytes]]] = {}
    for position, leaf, data in ledger.rows("SELECT position, leaf, entry FROM entries ORDER BY position"):
        entry = parse_entry(data)
        for name in (entry["stream"], *entry.get("about", ())) if position <= size else ():
            chains.setdefault(name, []).append((position - 1, leaf))
    return {name: (len(places), chain_of(places), places[-1][0]) for name, places in chains.items()}


def closings(ledger: Ledger) -> list[dict[str, Any]]:
    """The values of every closing with its position, held against the textbook and against what is kept of it."""
    found: list[dict[str, Any]] = []
    for position, data in ledger.rows("SELECT position, entry FROM entries WHERE stream = 'ledger' ORDER BY position"):
        entry = parse_entry(data)
        if entry["type"] == CLOSED[1]:
            values = entry.get("values", {})
            told = heads_at(ledger, position - 1)
            assert values == {"size": position - 1, "heads": encode_base64(textbook_heads.root(told))}
            assert ledger.value("SELECT count(*) FROM checkpoints WHERE size = %s", position) == 1, "not the last leaf"
            found.append({"position": position, **values})
    kept = ledger.rows(
        "SELECT c.position, c.heads, c.root = k.root "
        "FROM closings AS c LEFT JOIN checkpoints AS k ON k.size = c.position ORDER BY c.position"
    )
    assert [(at, encode_base64(heads), same) for at, heads, same in kept] == [
        (each["position"], each["heads"], True) for each in found
    ]
    return found


def proves_every_chain(ledger: Ledger, closing: Closing) -> None:
    told = heads_at(ledger, closing.size)
    for name, head in told.items():
        assert verify_head(name, closing.chains.prove(name), closing.heads) == head
    for name in ("offender-nobody", "case", ""):
        verify_absence(name, closing.chains.prove(name), closing.heads)


async def some_facts(sequencer: Sequencer) -> None:
    await sealed_by(sequencer, a_command(a_fact("case-a", 1, about=["place-1"]), a_fact("case-a", 2)))
    await sealed_by(sequencer, a_command(a_fact("case-b", 1, about=["case-a", "place-1", "staff-7"])))
    await sealed_by(sequencer, one("case-c"))


# ---------------------------------------------------------------------------------------- one process


async def test_a_closing_is_the_last_leaf_of_its_checkpoint_and_seals_every_chain_before_it(ledger: Ledger) -> None:
    async with closing_of(ledger) as (sequencer, closer):
        await some_facts(sequencer)
        closing = await closer.close_now()
        assert (closing.size, closing.position, ledger.size) == (4, 5, 5)
        proves_every_chain(ledger, closing)
        checkpoint = Checkpoint.open(ledger.notes[5], ORIGIN, [ledger.signer.verifier()])
        assert (checkpoint.size, checkpoint.root) == (closing.position, closing.root)
        assert ledger.rows("SELECT note FROM released WHERE size = 5") == [(ledger.notes[5],)]
        assert await closer.newest() == {
            "position": 5,
            "size": 4,
            "heads": encode_base64(closing.heads),
            "recorded": closing.recorded,
        }
    assert len(closings(ledger)) == 1
    [(entry,)] = ledger.rows("SELECT entry FROM entries WHERE position = 5")
    sealed = parse_entry(entry)
    assert (sealed["stream"], sealed["version"], sealed["by"]["role"], "about" in sealed) == (
        "ledger",
        1,
        "system",
        False,
    )


async def test_an_empty_ledger_can_be_closed_and_proves_that_nobody_is_in_it(ledger: Ledger) -> None:
    async with closing_of(ledger) as (_, closer):
        assert await closer.newest() is None
        closing = await closer.close_now()
    assert (closing.size, closing.heads) == (0, bytes(32))
    verify_absence("case-a", closing.chains.prove("case-a"), closing.heads)
    assert closings(ledger) == [{"position": 1, "size": 0, "heads": encode_base64(bytes(32))}]


async def test_a_ledger_in_which_nothing_moved_is_not_closed_again(ledger: Ledger) -> None:
    async with closing_of(ledger) as (sequencer, closer):
        await some_facts(sequencer)
        first = await closer.close_now()
        assert await closer.close_now() is first
        await sealed_by(sequencer, one("case-c", 2))
        second = await closer.close_now()
        assert (first.size, second.size) == (4, 6)
        proves_every_chain(ledger, first)  # the map of a closing stays while the log goes on
        proves_every_chain(ledger, second)
    assert [each["size"] for each in closings(ledger)] == [4, 6]


async def test_one_chain_that_did_not_move_needs_no_other_closing(ledger: Ledger) -> None:
    async with closing_of(ledger) as (sequencer, closer):
        await some_facts(sequencer)
        closing = await closer.close_now()
        await sealed_by(sequencer, a_command(a_fact("case-c", 2, about=["staff-7"])))
        for name in ("case-a", "case-b", "place-1", "ledger", "case-nobody"):
            assert await closer.close_now(name) is closing
        for name in ("staff-7",):
            moved = await closer.close_now(name)
            assert verify_head(name, moved.chains.prove(name), moved.heads).n == 2
    assert [each["size"] for each in closings(ledger)] == [4, 6]


async def test_a_chain_that_began_since_is_not_proven_absent_by_an_older_closing(ledger: Ledger) -> None:
    async with closing_of(ledger) as (sequencer, closer):
        await some_facts(sequencer)
        verify_absence("case-d", (await closer.close_now("case-d")).chains.prove("case-d"), closer_root(closer))
        await sealed_by(sequencer, one("case-d"))
        closing = await closer.close_now("case-d")
        assert verify_head("case-d", closing.chains.prove("case-d"), closing.heads).n == 1


def closer_root(closer: Closer) -> bytes:
    newest = closer._live.newest
    assert newest is not None
    return newest.heads


async def test_a_ledger_is_closed_once_a_second_at_most(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ONCE", 0.4)
    async with closing_of(ledger) as (sequencer, closer):
        made = []
        for version in (1, 2, 3):
            await sealed_by(sequencer, one("case-a", version))
            made.append((await closer.close_now()).recorded)
    assert all(later - earlier >= timedelta(seconds=0.39) for earlier, later in pairwise(made))


async def test_many_who_ask_at_once_get_one_closing(ledger: Ledger) -> None:
    async with closing_of(ledger) as (sequencer, closer):
        await some_facts(sequencer)
        answers = await asyncio.gather(*(closer.close_now() for _ in range(20)))
    assert {each.position for each in answers} == {5}
    assert len(closings(ledger)) == 1


@pytest.mark.parametrize("page", [1, 2, 3, 128])
async def test_the_map_is_followed_page_by_page_to_the_same_root(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(following, "PAGE", page)
    monkeypatch.setattr(following, "CHAINS_PAGE", page)
    async with closing_of(ledger) as (sequencer, closer):
        await some_facts(sequencer)
        for version in range(1, 6):
            await closer.close_now()
            for number in range(version):
                await sealed_by(sequencer, a_command(a_fact(f"more-{version}-{number}", 1, about=["case-a"])))
        proves_every_chain(ledger, await closer.close_now())
    assert len(closings(ledger)) == 6


# ---------------------------------------------------------------------------------------- under load


async def test_a_ledger_under_64_callers_is_closed_between_their_batches(ledger: Ledger) -> None:
    recorded = 0

    async def record(sequencer: Sequencer, name: str) -> None:
        nonlocal recorded
        version = 0
        while not enough.is_set():
            version += 1
            await sealed_by(sequencer, a_command(a_fact(name, version, about=["place-1", f"staff-{version % 40}"])))
            recorded += 1

    enough = asyncio.Event()
    async with closing_of(ledger) as (sequencer, closer):
        callers = [asyncio.create_task(record(sequencer, f"case-{number}")) for number in range(64)]
        made: list[Closing] = []
        for _ in range(8):
            made.append(await closer.close_now())
            await asyncio.sleep(0.05)
        enough.set()
        await asyncio.gather(*callers)
        proves_every_chain(ledger, made[-1])
        assert sequencer._most == 2_000  # large batches again
    sizes = [each.size for each in made]
    assert sizes == sorted(set(sizes))
    assert [each["size"] for each in closings(ledger)] == sizes
    assert recorded == ledger.size - 8


async def test_what_is_too_much_to_look_at_under_the_lock_is_looked_at_before(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time the closing's turn comes, more was sealed than it may look at: it is handed no more than that."""
    handed: list[int] = []
    real = Closer._made

    def made(self: Closer, size: int, recorded: int, version: int, since: Any) -> Any:
        handed.append(len(since))
        return real(self, size, recorded, version, since)

    monkeypatch.setattr(Closer, "_made", made)
    async with closing_of(ledger) as (sequencer, closer):
        await some_facts(sequencer)
        await closer.close_now()
        flood = [one(f"case-{number}") for number in range(500)]
        sealing = asyncio.gather(*(sequencer.append(each) for each in flood))
        await asyncio.sleep(0)  # they are under way
        closing = await closer.close_now()
        await sealing
        assert await closer.close_now()
        proves_every_chain(ledger, closing)
    assert max(handed) <= module.ENTRIES_UNDER_LOCK + 1
    closings(ledger)


async def test_a_fact_that_moves_more_chains_than_fit_is_put_in_outside_the_lock(ledger: Ledger) -> None:
    async with closing_of(ledger) as (sequencer, closer):
        await closer.close_now()
        wide = a_command(a_fact("case-a", 1, about=[f"child-{number}" for number in range(400)]))
        sealing = sequencer.append(wide)
        asked = asyncio.create_task(closer.close_now())
        await sealing
        await asked
        proves_every_chain(ledger, await closer.close_now())
    closings(ledger)


async def test_who_cannot_be_kept_up_with_is_told_so(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ENTRIES_UNDER_LOCK", 0)
    monkeypatch.setattr(module, "TRYING", 0.2)
    async with closing_of(ledger) as (sequencer, closer):
        stop = asyncio.Event()

        async def record() -> None:
            version = 0
            while not stop.is_set():
                version += 1
                await sealed_by(sequencer, one("case-a", version))

        recording = asyncio.create_task(record())
        await asyncio.sleep(0.05)
        with pytest.raises(DatabaseUnavailable, match="More is being recorded"):
            await close_again_and_again(closer)
        stop.set()
        await recording
        await closer.close_now()
    closings(ledger)


async def close_again_and_again(closer: Closer) -> None:
    while True:
        await closer.close_now()


# ---------------------------------------------------------------------------------------- several processes


async def test_a_process_that_comes_later_goes_on_from_the_newest_closing(ledger: Ledger) -> None:
    async with closing_of(ledger) as (sequencer, closer):
        await some_facts(sequencer)
        first = await closer.close_now()
    async with closing_of(ledger) as (sequencer, closer):
        again = await closer.close_now()
        assert (again.position, again.heads, again.root) == (first.position, first.heads, first.root)
        proves_every_chain(ledger, again)
    async with closing_of(ledger) as (sequencer, closer):
        await sealed_by(sequencer, a_command(a_fact("case-new", 1, about=["case-a"]), a_fact("case-c", 2)))
        assert (await closer.close_now("case-b")).position == first.position
        assert (await closer.close_now("case-a")).size == 7
    assert [each["size"] for each in closings(ledger)] == [4, 7]


async def test_where_too_much_moved_since_the_newest_closing_the_map_begins_after_it(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with closing_of(ledger) as (sequencer, closer):
        await some_facts(sequencer)
        await closer.close_now()
        await sealed_by(sequencer, one("case-d"))
    monkeypatch.setattr(following, "MOVED_BACK", 1)
    async with closing_of(ledger) as (sequencer, closer):
        proves_every_chain(ledger, await closer.close_now("case-a"))
    assert [each["size"] for each in closings(ledger)] == [4, 6]


async def test_two_processes_that_close_at_once_agree(ledger: Ledger) -> None:
    async with closing_of(ledger) as (one_sequencer, left), closing_of(ledger) as (other_sequencer, right):
        await some_facts(one_sequencer)
        answers: list[Closing] = []
        for version in range(1, 9):
            await asyncio.gather(
                sealed_by(one_sequencer, one("left", version)), sealed_by(other_sequencer, one("right", version))
            )
            pair = await asyncio.gather(left.close_now(), right.close_now())
            for closing in pair:
                assert closing.size >= 4 + 2 * version
                proves_every_chain(ledger, closing)
            answers += pair
        found = closings(ledger)
    assert {each.position for each in answers} == {each["position"] for each in found}
    assert len(found) <= len(answers)


async def test_a_process_follows_the_closings_of_another(ledger: Ledger) -> None:
    async with closing_of(ledger) as (sequencer, left), closing_of(ledger) as (_, right):
        await some_facts(sequencer)
        for version in range(1, 5):
            await sealed_by(sequencer, one("case-d", version))
            closing = await left.close_now()
            same = await right.close_now()
            assert (same.position, same.heads, same.root) == (closing.position, closing.heads, closing.root)
    assert len(closings(ledger)) == 4


async def test_what_others_record_while_a_closing_is_sealed_comes_after_it(ledger: Ledger) -> None:
    """While one process does not get round to ending its closing, it holds the lock."""
    wire = faulty(delay(b"write", 0.2))
    async with closing_of(ledger, wire) as (_, slow), closing_of(ledger) as (sequencer, closer):
        closing = asyncio.create_task(slow.close_now())
        while wire.faults:
            await asyncio.sleep(0.01)
        receipt = await sealed_by(sequencer, one("case-a"))
        assert receipt.size == (await closing).position + 1
        assert (await closer.close_now()).size == 2
    assert [each["size"] for each in closings(ledger)] == [0, 2]


# ---------------------------------------------------------------------------------------- when things go wrong


@pytest.mark.parametrize("statement", [b"begin", b"write"])
async def test_a_connection_lost_before_the_commit_was_sent_costs_a_try(ledger: Ledger, statement: bytes) -> None:
    async with closing_of(ledger, faulty(lose_before(statement))) as (_, closer):
        assert (await closer.close_now()).size == 0
    assert len(closings(ledger)) == 1


async def test_a_closing_whose_commit_got_no_answer_stands_once(ledger: Ledger) -> None:
    async with closing_of(ledger, faulty(lose_answer(b"commit"))) as (_, closer):
        assert (await closer.close_now()).size == 0
        assert (await closer.close_now()).size == 0
    assert len(closings(ledger)) == 1


async def test_a_closing_of_unknown_outcome_is_found_by_the_next_who_asks(ledger: Ledger) -> None:
    async with closing_of(ledger, faulty(delay(b"write", 0.3)), deadline=0.1) as (_, closer):
        with pytest.raises(OutcomeUnknown):
            await closer.close_now()
        await asyncio.sleep(0.4)
        assert (await closer.close_now()).size == 0
    assert len(closings(ledger)) == 1


async def test_who_is_killed_between_commit_and_answer_leaves_a_closing_that_the_next_one_takes(ledger: Ledger) -> None:
    async with closing_of(ledger, faulty(lose_answer(b"commit"))) as (_, closer):
        await some_facts_on_another(ledger)
        asked = asyncio.create_task(closer.close_now())
        while not ledger.rows("SELECT position FROM closings"):
            await asyncio.sleep(0.01)
        asked.cancel()
    async with closing_of(ledger) as (_, closer):
        closing = await closer.close_now()
        assert closing.size == 4
        proves_every_chain(ledger, closing)
    assert len(closings(ledger)) == 1


async def some_facts_on_another(ledger: Ledger) -> None:
    async with ledger.sequencer() as sequencer:
        await some_facts(sequencer)


CLOSING = """
import asyncio, sys
from tests.store.ledgers import Ledger, ORIGIN, one
from tests.store.test_closing import closing_of
from ledger.store import closing
from ledger.transparency.note import Signer

async def main(app, name):
    closing.ONCE = 0.0
    ledger = Ledger("", app, "", Signer(ORIGIN, bytes(range(32))))
    async with closing_of(ledger) as (sequencer, closer):
        for version in range(1, 100_000):
            await sequencer.append(one(name, version))
            await closer.close_now()
            print(version, flush=True)

asyncio.run(main(sys.stdin.readline().strip(), sys.argv[1]))
"""


@pytest.mark.soak
async def test_processes_that_are_killed_while_they_close_leave_closings_that_hold(ledger: Ledger) -> None:
    lives = random.Random(7)
    for life in range(5):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", CLOSING, f"case-{life}"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{ledger.app}\n".encode())
        assert await process.stdout.readline() == b"1\n"
        await asyncio.sleep(lives.random() * 0.1)
        process.kill()
        await process.communicate()
    async with closing_of(ledger) as (_, closer):
        proves_every_chain(ledger, await closer.close_now())
    assert len(closings(ledger)) >= 5


async def test_who_leaves_while_it_closes_leaves_the_next_one_nothing_wrong(ledger: Ledger) -> None:
    wire = faulty(delay(b"write", 0.1))
    async with closing_of(ledger, wire) as (sequencer, closer):
        asked = asyncio.create_task(closer.close_now())
        while wire.faults:
            await asyncio.sleep(0.01)
        asked.cancel()
        await sealed_by(sequencer, one("case-a"))
        proves_every_chain(ledger, await closer.close_now())
    closings(ledger)


async def test_a_closing_that_the_database_refuses_is_refused_and_the_next_one_is_not(ledger: Ledger) -> None:
    async with closing_of(ledger, faulty(refuse(b"write", "53100"))) as (_, closer):
        with pytest.raises(LedgerError):
            await closer.close_now()
        assert (await closer.close_now()).size == 0
    assert len(closings(ledger)) == 1


async def test_a_ledger_open_for_reading_only_is_not_closed(ledger: Ledger) -> None:
    async with closing_of(ledger) as (sequencer, closer):
        await some_facts(sequencer)
        closing = await closer.close_now()
        sequencer.read_only = "It is smaller than it was."
        assert await closer.close_now() is closing
    async with closing_of(ledger) as (sequencer, closer):
        await sealed_by(sequencer, one("case-d"))
        sequencer.read_only = "It is smaller than it was."
        with pytest.raises(ReadOnly):
            await closer.close_now()
    assert len(closings(ledger)) == 1


async def test_no_closing_is_made_after_one_that_the_chains_contradict(new_ledger: NewLedger) -> None:
    """A chain that was changed beside entries that hold: whoever passes the closing comes to another root."""
    ledger = new_ledger()
    async with closing_of(ledger) as (sequencer, closer):
        await some_facts(sequencer)
        await closer.close_now()
    ledger.as_admin("UPDATE chains SET n = n + 1 WHERE id = 'case-b'")
    try:
        async with closing_of(ledger) as (sequencer, closer):
            await sealed_by(sequencer, one("case-d"))
            for _ in range(2):
                with pytest.raises(Inconsistent, match="position 5 sealed other chains"):
                    await closer.close_now()
    finally:
        ledger.as_admin("UPDATE chains SET n = n - 1 WHERE id = 'case-b'")
    async with closing_of(ledger) as (_, closer):
        assert (await closer.close_now()).size == 6


# ---------------------------------------------------------------------------------------- clocks, and the hour


async def test_a_clock_that_commands_set_is_not_moved_by_a_closing(new_ledger: NewLedger) -> None:
    ledger = new_ledger(simulated=True)
    async with closing_of(ledger) as (sequencer, closer):
        await sealed_by(sequencer, one("case-a", at=MARCH))
        assert (await closer.close_now()).recorded == MARCH
        receipt = await sealed_by(sequencer, one("case-a", 2, at=MARCH + timedelta(minutes=1)))
        assert receipt.recorded == MARCH + timedelta(minutes=1)
    assert len(closings(ledger)) == 1


class Kept:
    """A closer that looks every hundredth of a second whether an hour is over."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, hour: timedelta) -> None:
        monkeypatch.setattr(module, "EVERY_SECONDS", 0.01)
        monkeypatch.setattr(module, "HOURLY", hour)

    @asynccontextmanager
    async def __call__(self, closer: Closer) -> AsyncGenerator[None]:
        task = asyncio.create_task(closer.keep())
        yield
        assert not task.done() or closer._simulated
        task.cancel()


async def until(ledger: Ledger, count: int) -> None:
    async with asyncio.timeout(10):
        while len(ledger.rows("SELECT position FROM closings")) < count:
            await asyncio.sleep(0.02)


async def test_a_ledger_is_closed_hourly_while_facts_arrive(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept(monkeypatch, timedelta(seconds=0.3))
    async with closing_of(ledger) as (sequencer, closer), kept(closer):
        await asyncio.sleep(0.5)
        assert closings(ledger) == []  # nothing was recorded
        first = await sealed_by(sequencer, one("case-a"))
        assert closings(ledger) == []
        await until(ledger, 1)
        await asyncio.sleep(0.5)
        assert len(closings(ledger)) == 1  # nothing was recorded since
        await sealed_by(sequencer, one("case-a", 2))
        await until(ledger, 2)
        recorded = (await closer.newest() or {})["recorded"]
    assert recorded - first.recorded >= timedelta(seconds=0.6)


async def test_no_hour_is_over_within_the_first(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVERY_SECONDS", 0.01)
    async with closing_of(ledger) as (sequencer, closer):
        keeping = asyncio.create_task(closer.keep())
        await some_facts(sequencer)
        await asyncio.sleep(0.3)
        keeping.cancel()
    assert closings(ledger) == []
    assert timedelta(minutes=58) < module.HOURLY


async def test_what_fails_is_tried_again_at_the_next_look(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept(monkeypatch, timedelta(seconds=0.05))
    async with (
        closing_of(ledger, faulty(*[refuse(b"write_closing", "53100")] * 3)) as (sequencer, closer),
        kept(closer),
    ):
        await sealed_by(sequencer, one("case-a"))
        await until(ledger, 1)
    assert len(closings(ledger)) == 1


async def test_a_demonstration_counts_the_hours_of_the_process_and_a_scenario_none(
    new_ledger: NewLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept(monkeypatch, timedelta(seconds=0.4))
    ledger = new_ledger(simulated=True)
    async with closing_of(ledger) as (sequencer, closer):
        await sealed_by(sequencer, one("case-a", at=MARCH))
        closer._origin = f"{ORIGIN}/scenario"
        async with kept(closer):
            await asyncio.sleep(0.6)
        assert closings(ledger) == []
        closer._origin = f"{ORIGIN}/demonstration"
        async with kept(closer):
            await asyncio.sleep(0.2)
            assert closings(ledger) == []
            await until(ledger, 1)
            await asyncio.sleep(0.6)
            assert len(closings(ledger)) == 1


# ---------------------------------------------------------------------------------------- the sequencer


async def test_a_closing_is_alone_in_its_batch_and_before_all_who_wait(ledger: Ledger) -> None:
    async with closing_of(ledger) as (sequencer, closer):
        await closer.close_now()
        before = sequencer.batches
        asked = asyncio.create_task(closer._seal())
        appends: Sequence[asyncio.Future[Any]] = []
        while not sequencer._waiting:
            await asyncio.sleep(0)
        appends = [sequencer.append(one(f"case-{number}")) for number in range(5)]
        receipts = await asyncio.gather(*appends)
        await asked
        assert all(isinstance(each, Receipt) and each.size == 7 for each in receipts)
        assert sequencer.batches == before + 2
    assert [each["position"] for each in closings(ledger)] == [1, 2]
    verify_everything(ledger)


def test_the_type_that_the_oracle_knows_is_the_facts() -> None:
    from ledger.aggregates.ledger_stream import STREAM, Closed

    assert (STREAM, Closed.topic) == CLOSED
    assert orjson.loads(orjson.dumps({"heads": encode_base64(Heads().root)}))["heads"] == "A" * 43 + "="
