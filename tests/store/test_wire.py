"""One connection driven by hand: what it carries, in which order, and what is said when it breaks."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from ledger.store import binary
from ledger.store.wire import Answer, DatabaseTrouble, Lost, Wire

pytestmark = pytest.mark.anyio

STATEMENTS = {
    "echo": "SELECT $1::bytea",
    "rows": "SELECT g, NULL::bytea FROM generate_series(1, $1::bigint) AS g",
    "pid": "SELECT pg_backend_pid()",
    "divide": "SELECT 1 / $1::bigint",
    "array": "SELECT $1::bytea[]",
    "sleep": "SELECT 1 FROM pg_sleep(0.2)",
    "kill_me": "SELECT pg_terminate_backend(pg_backend_pid())",
    "begin": "BEGIN",
    "warn": "ROLLBACK",
    "isolation": "SELECT convert_to(current_setting('transaction_isolation'), 'UTF8')",
}


async def connect(conninfo: str, setup: tuple[str, ...] = ()) -> Wire:
    return await Wire.connect(conninfo, STATEMENTS, setup)


async def test_rows_come_back_in_binary_with_nulls(empty_database: str) -> None:
    wire = await connect(empty_database)
    rows = await wire.ask(b"rows", [binary.int8(3)])
    assert [(int.from_bytes(row[0] or b"", "big"), row[1]) for row in rows] == [(1, None), (2, None), (3, None)]
    wire.close()


async def test_several_requests_under_way_are_answered_in_order(empty_database: str) -> None:
    wire = await connect(empty_database)
    asked = [wire.ask(b"echo", [str(number).encode()]) for number in range(200)]
    assert [rows[0][0] for rows in await asyncio.gather(*asked)] == [str(number).encode() for number in range(200)]
    wire.close()


async def test_a_request_larger_than_the_sockets_buffer_arrives_whole(empty_database: str) -> None:
    wire = await connect(empty_database)
    large = bytes(range(256)) * 80_000
    answers = await asyncio.gather(wire.ask(b"echo", [large]), wire.ask(b"echo", [b"small"]))
    assert answers == [[(large,)], [(b"small",)]]
    wire.close()


async def test_an_error_fails_its_own_request_and_no_other(empty_database: str) -> None:
    wire = await connect(empty_database)
    before, wrong, after = await asyncio.gather(
        wire.ask(b"echo", [b"before"]),
        wire.ask_all([(b"echo", [b"with"]), (b"divide", [binary.int8(0)]), (b"echo", [b"not reached"])]),
        wire.ask(b"echo", [b"after"]),
        return_exceptions=True,
    )
    assert (before, after) == ([(b"before",)], [(b"after",)])
    assert isinstance(wrong, DatabaseTrouble)
    assert not isinstance(wrong, Lost)
    assert wrong.state == "22012"
    wire.close()


async def test_a_callback_may_send_the_next_request_from_within(empty_database: str) -> None:
    wire = await connect(empty_database)
    answers: asyncio.Queue[Answer] = asyncio.Queue()

    def first(answer: Answer) -> None:
        answers.put_nowait(answer)
        wire.send([(b"echo", [b"second"])], answers.put_nowait)

    wire.send([(b"echo", [b"first"])], first)
    assert [await answers.get(), await answers.get()] == [[[(b"first",)]], [[(b"second",)]]]
    wire.close()


async def test_a_caller_who_gave_up_disturbs_nobody(empty_database: str) -> None:
    wire = await connect(empty_database)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(wire.ask(b"sleep"), 0.02)
    assert await wire.ask(b"echo", [b"still here"]) == [(b"still here",)]
    wire.close()


async def test_a_terminated_connection_fails_all_that_was_under_way(empty_database: str) -> None:
    wire = await connect(empty_database)
    answers = await asyncio.gather(wire.ask(b"kill_me"), wire.ask(b"echo", [b"x"]), return_exceptions=True)
    assert all(isinstance(answer, Lost) for answer in answers)
    assert wire.closed
    with pytest.raises(Lost):
        await wire.ask(b"echo", [b"x"])


async def test_a_connection_that_dies_while_idle_is_noticed(empty_database: str) -> None:
    wire = await connect(empty_database)
    [(pid,)] = await wire.ask(b"pid")
    with psycopg.connect(empty_database, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", (int.from_bytes(pid or b"", "big"),))
    while not wire.closed:
        await asyncio.sleep(0.005)
    with pytest.raises(Lost):
        await wire.ask(b"echo", [b"x"])


async def test_whatever_its_state_an_error_that_ends_the_session_is_a_loss(empty_database: str) -> None:
    # 25P03 stands for all: a full disk under the write-ahead log panics with 53100 while a COMMIT is under way.
    wire = await connect(empty_database, ("SET idle_in_transaction_session_timeout = '20ms'",))
    await wire.ask(b"begin")
    await asyncio.sleep(0.1)
    with pytest.raises(Lost):
        await wire.ask(b"echo", [b"x"])


async def test_a_parameter_that_is_no_value_of_its_type_is_no_loss_of_the_connection(empty_database: str) -> None:
    wire = await connect(empty_database)
    with pytest.raises(DatabaseTrouble) as caught:
        await wire.ask(b"array", [b"\0"])
    assert caught.value.state == "08P01"  # a class whose other members are losses
    assert not isinstance(caught.value, Lost)
    assert await wire.ask(b"echo", [b"x"]) == [(b"x",)]
    wire.close()


async def test_closing_fails_what_is_under_way_and_may_be_repeated(empty_database: str) -> None:
    wire = await connect(empty_database)
    asked = asyncio.ensure_future(wire.ask(b"sleep"))
    await asyncio.sleep(0)
    wire.close()
    wire.close()
    with pytest.raises(Lost):
        await asked


async def test_warnings_are_counted_once(empty_database: str) -> None:
    wire = await connect(empty_database)
    await wire.ask(b"warn")
    await wire.ask(b"echo", [b"x"])
    assert (wire.take_warnings(), wire.take_warnings()) == (1, 0)
    wire.close()


async def test_settings_of_the_session_hold_before_the_first_statement(empty_database: str) -> None:
    wire = await connect(empty_database, ("SET default_transaction_isolation = 'repeatable read'",))
    assert await wire.ask(b"isolation") == [(b"repeatable read",)]
    wire.close()


async def test_a_connection_that_cannot_be_set_up_is_given_back(empty_database: str) -> None:
    named = f"{empty_database} application_name=given_back"
    for setup, statements in ((("SET no_such_setting = 1",), {}), ((), {"wrong": "SELECT nothing"})):
        with pytest.raises(DatabaseTrouble):
            await Wire.connect(named, statements, setup)
    with psycopg.connect(empty_database, autocommit=True) as other:
        for _ in range(200):
            left = other.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'given_back'")
            if left.fetchone() == (0,):
                return
            await asyncio.sleep(0.01)
    pytest.fail("a connection was left behind")


async def test_a_server_that_is_not_there_is_a_loss(empty_database: str) -> None:
    with pytest.raises(Lost):
        await connect(f"{empty_database} port=1")
