"""The ledger's database as it is read: streams, chains, moments, receipts; and what a lost connection does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg
import pytest
from tests.store.conftest import NewLedger
from tests.store.ledgers import ORIGIN, Ledger, a_command, a_fact, one, sealed_by

from ledger.aggregates import FACT_BY_TOPIC
from ledger.errors import DatabaseUnavailable
from ledger.store import binary
from ledger.store.appending import SETUP, Ciphertext, Repeated
from ledger.store.database import STATEMENTS, Database
from ledger.store.wire import Lost, Wire

pytestmark = pytest.mark.anyio

MARCH = datetime(2025, 3, 3, 9, 0, tzinfo=UTC)


@asynccontextmanager
async def reading(ledger: Ledger) -> AsyncGenerator[Database]:
    database = Database(lambda statements: Wire.connect(ledger.app, statements, SETUP))
    yield database
    database.close()


async def test_an_empty_ledger_has_a_head_and_nothing_else(ledger: Ledger) -> None:
    async with reading(ledger) as database:
        head = await database.head()
        assert head
        assert (head.origin, head.simulated, head.size, head.edge) == (ORIGIN, False, 0, b"")
        assert await database.stream("case-a") == await database.concerning("case-a") == []
        assert await database.known_at(datetime.now(UTC)) == 0
        assert await database.newest_rules() == (0, 0)
        assert await database.receipt(uuid4()) is None
        assert await database.root_at(1) is None
        assert await database.boxes([]) == await database.boxes([1]) == {}


async def test_a_ledger_never_opened_has_no_head(ledger: Ledger) -> None:
    ledger.as_admin("DELETE FROM head")
    async with reading(ledger) as database:
        assert await database.head() is None
    ledger.begin(simulated=False)


async def test_a_stream_is_read_in_order_and_within_bounds(ledger: Ledger) -> None:
    async with ledger.sequencer() as sequencer, reading(ledger) as database:
        for version in (1, 2, 3):
            await sealed_by(
                sequencer, a_command(a_fact("case-a", version, about=["place-1"]), a_fact("case-b", version))
            )
        read = await database.stream("case-a")
        assert [(each.position, each.members["version"], each.type) for each in read] == [
            (1, 1, "test.happened.v1"), (3, 2, "test.happened.v1"), (5, 3, "test.happened.v1"),
        ]  # fmt: skip
        assert [each.position for each in await database.stream("case-a", upto=4)] == [1, 3]
        assert [each.position for each in await database.stream("case-a", after=1)] == [3, 5]
        assert [each.position for each in await database.concerning("place-1", upto=3)] == [1, 3]


async def test_of_several_cases_the_facts_of_some_types_are_read_each_in_order(ledger: Ledger) -> None:
    longest = max(FACT_BY_TOPIC, key=len)
    async with ledger.sequencer() as sequencer, reading(ledger) as database:
        told = [("a", longest), ("b", "test.a.v1"), ("a", "test.a.v1"), ("a", "test.a.v10"), ("a", longest)]
        versions = {"a": count(1), "b": count(1)}
        for name, topic in told:
            more: dict[str, Any] = {"of_type": topic, "about": ["case-c"], "note": 'of "type":"test.b.v1" é'}
            await sealed_by(sequencer, a_command(a_fact(f"case-{name}", next(versions[name]), **more)))

        async def read(*types: str, upto: int = 9) -> dict[str, list[int]]:
            found = await database.of_types(["case-a", "case-b", "case-c"], upto, types)
            return {name: [each.position for each in stored] for name, stored in found.items()}

        assert await read(longest) == {"case-a": [1, 5], "case-b": [], "case-c": []}
        assert await read("test.a.v1") == {"case-a": [3], "case-b": [2], "case-c": []}
        assert await read("test.a.v1", longest, upto=4) == {"case-a": [1, 3], "case-b": [2], "case-c": []}
        assert await read() == await read("test.b.v1") == {"case-a": [], "case-b": [], "case-c": []}
        assert await database.of_types([], 9, ["test.a.v1"]) == {}


async def test_entries_come_with_their_leaf_hashes(ledger: Ledger) -> None:
    async with ledger.sequencer() as sequencer, reading(ledger) as database:
        facts = [(await sealed_by(sequencer, one("case-a", version))).facts[0] for version in (1, 2, 3)]
        assert await database.entries(2, 9) == [(each.position, each.leaf, each.entry) for each in facts[1:]]
        assert await database.leaves(1, 2) == [each.leaf for each in facts[:2]]


async def test_the_streams_of_a_noun_are_not_those_of_a_longer_one(ledger: Ledger) -> None:
    names = [f"{noun}-{UUID(int=n)}" for noun in ("child", "child-protection-matter", "children") for n in (1, 2)]
    report = "register-report-2026-03"
    async with ledger.sequencer() as sequencer, reading(ledger) as database:
        facts = (a_fact(name, 1, about=[f"child-{UUID(int=3)}"]) for name in (*names, report, "policy"))
        await sealed_by(sequencer, a_command(*facts))
        assert await database.streams("child") == names[:2]
        assert await database.streams("child-protection-matter") == names[2:4]
        assert await database.streams("register-report") == [report]
        assert await database.streams("nothing") == []


async def test_ciphertexts_are_found_by_position(ledger: Ledger) -> None:
    boxes = tuple(Ciphertext(uuid4().bytes, bytes(12), bytes([n]) * 64) for n in range(3))
    async with ledger.sequencer() as sequencer, reading(ledger) as database:
        await sealed_by(
            sequencer,
            a_command(
                a_fact("case-a", 1, sealed=boxes[:2]), a_fact("case-a", 2), a_fact("case-a", 3, sealed=boxes[2:])
            ),
        )
        found = await database.boxes([1, 2, 3, 4])
    assert {at: {box.data for box in some} for at, some in found.items()} == {
        1: {boxes[0].data, boxes[1].data},
        3: {boxes[2].data},
    }


async def test_known_at_a_moment_is_everything_recorded_until_then(new_ledger: NewLedger) -> None:
    ledger = new_ledger(simulated=True)
    async with ledger.sequencer() as sequencer, reading(ledger) as database:
        for version, day in enumerate((0, 0, 2), start=1):
            await sealed_by(sequencer, one("case-a", version, at=MARCH + timedelta(days=day)))
        moments = (MARCH - timedelta(microseconds=1), MARCH, MARCH + timedelta(days=1), MARCH + timedelta(days=2))
        assert [await database.known_at(each) for each in moments] == [0, 2, 2, 3]


async def test_a_moment_is_found_by_its_index_however_long_ago_it_was(ledger: Ledger) -> None:
    with psycopg.connect(ledger.owner, autocommit=True) as connection:
        for each in SETUP:
            connection.execute(each)
        connection.execute(f"PREPARE known_at AS {STATEMENTS['known_at']}".encode())
        plan = "\n".join(row[0] for row in connection.execute("EXPLAIN EXECUTE known_at ('2025-01-01Z')"))
    assert "Index Scan Backward using entries_recorded" in plan


async def test_what_is_asked_at_once_is_asked_of_the_database_once_and_never_answered_with_what_was_before(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[bytes] = []
    send = Wire.send

    def counted(wire: Wire, queries: Any, answered: Any) -> None:
        sent.extend(name for name, _ in queries if name.startswith(b"newest"))
        send(wire, queries, answered)

    async with ledger.sequencer() as sequencer, reading(ledger) as database:
        await database.newest("case-a")
        monkeypatch.setattr(Wire, "send", counted)
        now = datetime.now(UTC)
        names = ("case-a", "case-a", "case-a", "case-b")
        await asyncio.gather(
            *map(database.newest, names), database.newest("case-a", now), database.newest("case-a", now)
        )
        assert sorted(sent) == [b"newest", b"newest", b"newest_then"]
        for version in range(1, 6):
            earlier = asyncio.create_task(database.newest("case-a"))  # under way while the next is sealed
            await asyncio.sleep(0)
            await sealed_by(sequencer, a_command(a_fact("case-a", version)))
            assert (await database.newest("case-a")).case == version
            await earlier


async def test_whoever_gives_up_takes_no_answer_from_the_others(ledger: Ledger) -> None:
    async with reading(ledger) as database:
        one, other = (asyncio.create_task(database.newest("case-a")) for _ in range(2))
        await asyncio.sleep(0)
        one.cancel()
        assert (await other).case == 0
        with pytest.raises(asyncio.CancelledError):
            await one


async def test_the_newest_rules_are_the_heads_of_ledger_and_policy(ledger: Ledger) -> None:
    async with ledger.sequencer() as sequencer, reading(ledger) as database:
        await sealed_by(sequencer, a_command(a_fact("policy", 1), a_fact("ledger", 1), a_fact("case-a", 1)))
        assert await database.newest_rules() == (2, 1)


async def test_how_new_a_case_is_counts_what_is_about_it_too(ledger: Ledger) -> None:
    async with ledger.sequencer() as sequencer, reading(ledger) as database:
        await sealed_by(
            sequencer,
            a_command(
                a_fact("ledger", 1), a_fact("case-a", 1), a_fact("case-b", 1, about=("case-a",)), a_fact("policy", 1)
            ),
        )
        found = {name: await database.newest(name) for name in ("case-a", "case-b", "case-c", "policy")}
        assert {name: each.case for name, each in found.items()} == {"case-a": 3, "case-b": 3, "case-c": 0, "policy": 4}
        assert {each.rules for each in found.values()} == {(1, 4)}


async def test_a_receipt_is_found_by_its_key(ledger: Ledger) -> None:
    key = uuid4()
    async with ledger.sequencer() as sequencer, reading(ledger) as database:
        await sealed_by(sequencer, one("case-z"))
        sealed = await sealed_by(sequencer, one("case-a", key=key, digest=b"digest", warnings=b"[]"))
        assert await database.receipt(key) == (b"digest", Repeated(2, 2, sealed.size, b"[]"))
        assert await database.root_at(2) == ledger.value("SELECT root FROM checkpoints WHERE size = 2")


async def test_a_released_note_is_kept_once(ledger: Ledger) -> None:
    async with ledger.sequencer() as sequencer, reading(ledger) as database:
        receipt = await sealed_by(sequencer, one("case-a"))
        await database.keep_note(receipt.size, receipt.note)
        await database.keep_note(receipt.size, receipt.note)
    assert ledger.rows("SELECT size, note FROM released") == [(1, receipt.note)]


async def test_a_lost_connection_is_replaced_unseen(ledger: Ledger) -> None:
    async with reading(ledger) as database:
        await asyncio.gather(*(database.head() for _ in range(4)))
        ledger.as_admin(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert all(await asyncio.gather(*(database.head() for _ in range(4))))


async def test_a_database_that_does_not_answer_is_said_so() -> None:
    async def connect(statements: Mapping[str, LiteralString]) -> Wire:
        raise Lost("refused")

    with pytest.raises(DatabaseUnavailable):
        await Database(connect).head()


async def test_moments_before_the_year_2000_are_moments_too(ledger: Ledger) -> None:
    async with reading(ledger) as database:
        assert await database.known_at(datetime(1970, 1, 1, tzinfo=UTC)) == 0
    assert binary.microseconds(datetime(1970, 1, 1, tzinfo=UTC)) < 0


async def test_a_case_is_found_by_its_stream_before_postgresql_knows_how_few_facts_one_has(ledger: Ledger) -> None:
    async with ledger.sequencer() as sequencer:
        for version in range(1, 41):
            await sealed_by(sequencer, a_command(*(a_fact(f"case-{n}", version) for n in range(100))))
    plans: dict[str, str] = {}
    with psycopg.connect(ledger.app, autocommit=True) as connection:
        for each in SETUP:
            connection.execute(each)
        told = connection.execute("SELECT count(*) FROM pg_stats WHERE tablename = 'entries'").fetchone()
        assert told == (0,)
        for name, given in {
            "stream": "'case-7', 9999, 0",
            "chain": "'case-7', 9999, 0",
            "several_chains": "'{case-7,case-8}', 9999, true",
            "telling": "'{case-7,case-8}', 9999",
            "of_types": "'{case-7,case-8}', 9999, '{test.happened.v1}'",
        }.items():
            connection.execute(b"PREPARE " + name.encode() + b" AS " + STATEMENTS[name].encode())
            plan = connection.execute(f"EXPLAIN EXECUTE {name} ({given})".encode()).fetchall()
            plans[name] = "\n".join(str(line) for (line,) in plan)
    for name, plan in plans.items():
        assert "entries_stream_version_key" in plan, name
        assert 'Cond: ("position" <=' not in plan, name
        assert 'Cond: (("position" <=' not in plan, name
