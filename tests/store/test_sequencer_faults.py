"""The sequencer when something breaks: nothing is lost, nothing is recorded twice, nobody hears what is not known."""

from __future__ import annotations

import asyncio
import time
from uuid import uuid4

import psycopg
import pytest
from tests.store.faults import (
    a_standby_that_never_answers,
    at_commit,
    backend_waiting,
    delay,
    faulty,
    lose_answer,
    lose_before,
    refuse,
    terminate_before,
)
from tests.store.ledgers import Ledger, a_command, a_fact, one, positions, sealed_by, verify_everything

from ledger.errors import DatabaseUnavailable, DiskFull, OutcomeUnknown
from ledger.store import sequencer as module
from ledger.store.appending import Receipt, Repeated
from ledger.store.sequencer import SETUP
from ledger.store.wire import Lost, Wire

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("statement", [b"begin", b"write", b"commit"])
@pytest.mark.parametrize("how", ["dropped here", "ended by the server"])
async def test_a_connection_lost_before_commit_was_sent_costs_nobody_anything(
    ledger: Ledger, statement: bytes, how: str
) -> None:
    fault = lose_before(statement) if how == "dropped here" else terminate_before(statement, ledger)
    async with ledger.sequencer(faulty(fault)) as sequencer:
        receipts = await asyncio.gather(*(sealed_by(sequencer, one(f"case-{n}")) for n in range(5)))
        assert sorted(positions(receipts)) == [1, 2, 3, 4, 5]
        verify_everything(ledger)
        await sealed_by(sequencer, one("case-0", 2))


async def test_a_commit_that_happened_though_its_answer_was_lost_is_released_once(ledger: Ledger) -> None:
    async with ledger.sequencer(faulty(lose_answer(b"commit"))) as sequencer:
        receipts = await asyncio.gather(*(sealed_by(sequencer, one(f"case-{n}")) for n in range(5)))
        assert positions(receipts) == [1, 2, 3, 4, 5]
        assert list(ledger.notes) == [5]
        assert {each.note for each in receipts} == {ledger.notes[5]}
        await sealed_by(sequencer, one("case-0", 2))
    assert ledger.size == 6


async def test_a_commit_that_was_killed_is_done_again(ledger: Ledger) -> None:
    with at_commit(ledger, "PERFORM pg_sleep(0.3)"):
        async with ledger.sequencer() as sequencer:
            asked = asyncio.gather(*(sealed_by(sequencer, one(f"{name}-1")) for name in ("slow", "case")))
            pid = await backend_waiting(ledger, "PgSleep")
            ledger.as_admin(f"SELECT pg_terminate_backend({pid}, 5000)")
            assert ledger.size == 0
            assert positions(await asked) == [1, 2]
    assert list(ledger.notes) == [2]


@pytest.mark.parametrize("happened", [True, False])
async def test_a_doubt_is_settled_though_the_next_connection_breaks_too(ledger: Ledger, happened: bool) -> None:
    first = lose_answer(b"commit") if happened else lose_before(b"commit")
    async with ledger.sequencer(faulty(first, lose_before(b"leaf"), lose_answer(b"leaf"))) as sequencer:
        doubtful = asyncio.ensure_future(sequencer.append(one("case-a")))
        await asyncio.sleep(0.02)
        after = await sealed_by(sequencer, one("case-b"))
        assert positions([receipt for receipt in [await doubtful] if isinstance(receipt, Receipt)] + [after]) == [1, 2]


async def test_a_database_that_will_not_settle_a_doubt_is_not_asked_in_a_whirl(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REFUSED_PAUSE", 0.05)
    script = faulty(lose_answer(b"commit"), *[refuse(b"leaf", "25006")] * 3)
    connected: list[float] = []

    class Counting(script):  # type: ignore[misc, valid-type]
        @classmethod
        async def connect(cls, *args: object) -> Wire:
            connected.append(time.monotonic())
            return await super().connect(*args)

    async with ledger.sequencer(Counting) as sequencer:
        await sealed_by(sequencer, one("case-a"))
    assert len(connected) == 5
    assert connected[-1] - connected[1] > 3 * 0.05


async def test_a_deadline_that_passes_in_doubt_leaves_the_outcome_unknown_and_the_key_settles_it(
    ledger: Ledger,
) -> None:
    key = uuid4()
    wire = faulty(lose_answer(b"commit"), delay(b"leaf", 0.3))
    async with ledger.sequencer(wire, deadline=0.15) as sequencer:
        with pytest.raises(OutcomeUnknown) as caught:
            await sequencer.append(one("case-a", key=key))
        assert caught.value.key == str(key)
        await asyncio.sleep(0.3)
        assert await sequencer.append(one("case-a", key=key)) == Repeated(1, 1, 1, None)


async def test_a_deadline_that_passes_during_commit_leaves_the_outcome_unknown(ledger: Ledger) -> None:
    key = uuid4()
    with at_commit(ledger, "PERFORM pg_sleep(0.3)"):
        async with ledger.sequencer(deadline=0.15) as sequencer:
            with pytest.raises(OutcomeUnknown):
                await sequencer.append(one("slow-a", key=key))
    async with ledger.sequencer() as sequencer:
        assert await sequencer.append(one("slow-a", key=key)) == Repeated(1, 1, 1, None)


async def test_a_deadline_that_passes_before_the_lock_is_had_means_nothing_was_recorded(ledger: Ledger) -> None:
    async with ledger.sequencer() as other, ledger.sequencer(deadline=0.1) as sequencer:
        await sealed_by(sequencer, one("case-a"))
        with at_commit(ledger, "PERFORM pg_sleep(0.5)"):
            slow = asyncio.ensure_future(other.append(one("slow-a")))
            await backend_waiting(ledger, "PgSleep")
            with pytest.raises(DatabaseUnavailable, match="Nothing was recorded"):
                await sequencer.append(one("case-b"))
            await slow
        await sealed_by(sequencer, one("case-c"))
    assert ledger.rows("SELECT stream FROM entries ORDER BY position") == [("case-a",), ("slow-a",), ("case-c",)]


async def test_a_database_that_does_not_answer_is_said_so_and_found_again(ledger: Ledger) -> None:
    down = True

    class Down(Wire):
        @classmethod
        async def connect(cls, *args: object) -> Wire:
            if down:
                raise Lost("refused")
            return await super().connect(*args)  # type: ignore[arg-type]

    async with ledger.sequencer(Down) as sequencer:
        began = time.monotonic()
        for _ in range(2):
            with pytest.raises(DatabaseUnavailable, match="Nothing was recorded"):
                await sequencer.append(one("case-a"))
        assert time.monotonic() - began < 2
        down = False
        while True:
            try:
                await sealed_by(sequencer, one("case-a"))
                break
            except DatabaseUnavailable:
                await asyncio.sleep(0.05)


async def test_a_full_disk_is_called_so_and_harms_no_later_command(ledger: Ledger) -> None:
    async with ledger.sequencer(faulty(refuse(b"write", "53100"))) as sequencer:
        answers = await asyncio.gather(*(sequencer.append(one(f"case-{n}")) for n in range(3)), return_exceptions=True)
        assert [type(each) for each in answers] == [DiskFull] * 3
        assert ledger.size == 0
        await sealed_by(sequencer, one("case-0"))


async def test_a_command_refused_at_commit_harms_neither_its_neighbours_nor_the_next_batch(ledger: Ledger) -> None:
    # The ROLLBACK after a COMMIT that failed is answered with a warning: it must not be taken for one of a COMMIT.
    with at_commit(ledger, "RAISE EXCEPTION 'no'"):
        async with ledger.sequencer() as sequencer:
            a, refused, b = await asyncio.gather(
                *(sequencer.append(one(f"{name}-1")) for name in ("case-a", "slow", "case-b")), return_exceptions=True
            )
            assert isinstance(refused, DatabaseUnavailable)
            assert positions([each for each in (a, b) if isinstance(each, Receipt)]) == [1, 2]
            await sealed_by(sequencer, one("case-c"))


async def test_a_session_on_a_demoted_server_is_given_up(ledger: Ledger) -> None:
    name = ledger.value("SELECT current_database()")
    async with ledger.sequencer() as sequencer:
        ledger.rows(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        with pytest.raises(DatabaseUnavailable, match="25006"):
            await sequencer.append(one("case-a"))
        ledger.as_admin(
            "SET transaction_read_only = off", f'ALTER DATABASE "{name}" RESET default_transaction_read_only'
        )
        await sealed_by(sequencer, one("case-a"))


# ---------------------------------------------------------------------------------------- what was not confirmed


async def test_a_warning_at_commit_leaves_the_outcome_unknown_until_a_clean_one(ledger: Ledger) -> None:
    key = uuid4()
    with at_commit(ledger, "RAISE WARNING 'a standby may lack this'"):
        async with ledger.sequencer() as sequencer:
            answers = await asyncio.gather(
                sequencer.append(one("slow-a", key=key)), sequencer.append(one("case-a")), return_exceptions=True
            )
            assert [type(each) for each in answers] == [OutcomeUnknown] * 2
            assert ledger.notes == {}
            assert ledger.size == 2  # it stands here, and nothing says so outside
            # Known again, but only in a COMMIT that warns as well.
            answers = await asyncio.gather(
                sequencer.append(one("slow-a", key=key)), sequencer.append(one("slow-b")), return_exceptions=True
            )
            assert [type(each) for each in answers] == [OutcomeUnknown] * 2
            after, again = await asyncio.gather(
                sealed_by(sequencer, one("case-b")), sequencer.append(one("slow-a", key=key))
            )
            assert list(ledger.notes) == [after.size] == [4]
            assert again == Repeated(1, 1, 2, None)


async def test_a_cancelled_wait_for_a_standby_is_confirmed_only_by_one_that_is_not(ledger: Ledger) -> None:
    key = uuid4()
    async with ledger.sequencer() as first, ledger.sequencer() as other_process:
        async with a_standby_that_never_answers(ledger):
            for sequencer in (first, first, other_process):  # the first COMMIT, and the ones of the retries
                asked = asyncio.ensure_future(sequencer.append(one("case-a", key=key)))
                ledger.as_admin(f"SELECT pg_cancel_backend({await backend_waiting(ledger, 'SyncRep')})")
                with pytest.raises(OutcomeUnknown):
                    await asked
                assert ledger.size == 1
            asked = asyncio.ensure_future(other_process.confirm())
            ledger.as_admin(f"SELECT pg_cancel_backend({await backend_waiting(ledger, 'SyncRep')})")
            with pytest.raises(OutcomeUnknown):
                await asked
        assert ledger.notes == {}
        await other_process.confirm()
        assert await first.append(one("case-a", key=key)) == Repeated(1, 1, 1, None)
        assert ledger.notes == {}  # whoever needs a note of that size signs it now


async def test_a_retry_in_doubt_is_not_told_that_nothing_was_recorded(ledger: Ledger) -> None:
    key = uuid4()
    async with ledger.sequencer() as sequencer:
        await sealed_by(sequencer, one("case-a", key=key))
    async with ledger.sequencer(faulty(delay(b"commit", 0.3)), deadline=0.1) as sequencer:
        with pytest.raises(OutcomeUnknown):
            await sequencer.append(one("case-a", key=key))
    async with ledger.sequencer(faulty(refuse(b"commit", "XX000"))) as sequencer:
        with pytest.raises(OutcomeUnknown):
            await sequencer.append(one("case-a", key=key))
        assert await sequencer.append(one("case-a", key=key)) == Repeated(1, 1, 1, None)


async def test_a_commit_cut_off_while_it_waits_for_a_standby_is_not_released_before_one_confirms_it(
    ledger: Ledger,
) -> None:
    async with ledger.sequencer() as sequencer:
        async with a_standby_that_never_answers(ledger):
            asked = asyncio.ensure_future(sequencer.append(one("case-a")))
            ledger.as_admin(f"SELECT pg_terminate_backend({await backend_waiting(ledger, 'SyncRep')}, 5000)")
            await backend_waiting(ledger, "SyncRep")  # the settling COMMIT
            assert (ledger.size, ledger.notes) == (1, {})
        receipt = await asked
    assert isinstance(receipt, Receipt)
    assert list(ledger.notes) == [1]


# ---------------------------------------------------------------------------------------- stopping, and what is around


async def test_stopping_lets_what_is_under_way_end_and_refuses_what_waits(ledger: Ledger) -> None:
    with at_commit(ledger, "PERFORM pg_sleep(0.1)"):
        async with ledger.sequencer() as sequencer:
            under_way = asyncio.ensure_future(sequencer.append(one("slow-a")))
            await backend_waiting(ledger, "PgSleep")
            waiting = asyncio.ensure_future(sequencer.append(one("case-a")))
            await asyncio.sleep(0)
        assert isinstance(await under_way, Receipt)
        with pytest.raises(DatabaseUnavailable, match="stopping"):
            await waiting


async def test_stopping_in_doubt_says_that_it_is_not_known(ledger: Ledger) -> None:
    broken = faulty(lose_answer(b"commit"))

    class Once(Wire):
        @classmethod
        async def connect(cls, *args: object) -> Wire:
            if not broken.faults:
                raise Lost("refused")
            return await broken.connect(*args)  # type: ignore[arg-type]

    async with ledger.sequencer(Once) as sequencer:
        asked = asyncio.ensure_future(sequencer.append(one("case-a")))
        while broken.faults:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.1)
        assert not asked.done()
    with pytest.raises(OutcomeUnknown):
        await asked


async def test_stopping_does_not_wait_for_ever_for_the_lock(ledger: Ledger) -> None:
    with psycopg.connect(ledger.app) as holder:
        holder.execute("SELECT size FROM head FOR UPDATE")
        async with ledger.sequencer(deadline=0.2) as sequencer:
            asked = asyncio.ensure_future(sequencer.append(one("case-a")))
            await backend_waiting(ledger, "transactionid")
        with pytest.raises(DatabaseUnavailable, match="Nothing was recorded"):
            await asked


async def test_a_listener_that_fails_takes_nobodys_receipt(ledger: Ledger) -> None:
    async with ledger.sequencer() as sequencer:

        def fail(size: int, note: str) -> None:
            raise OSError("no room for the checkpoint")

        sequencer._released = fail
        await sealed_by(sequencer, a_command(a_fact("case-a", 1)))
        sequencer._released = ledger.released
        await sealed_by(sequencer, one("case-a", 2))


async def test_the_session_does_not_rest_on_the_servers_defaults(ledger: Ledger) -> None:
    name = ledger.value("SELECT current_database()")
    poor = {"synchronous_commit": "off", "default_transaction_isolation": "serializable"}
    ask = {each: f"SELECT convert_to(current_setting('{each}'), 'UTF8')" for each in poor}
    for setting, value in poor.items():
        ledger.as_admin(f"ALTER DATABASE \"{name}\" SET {setting} = '{value}'")
    try:
        wire = await Wire.connect(ledger.app, ask, SETUP)  # type: ignore[arg-type]
        found = [(await wire.ask(each.encode()))[0][0] for each in poor]
        wire.close()
    finally:
        for setting in poor:
            ledger.as_admin(f'ALTER DATABASE "{name}" RESET {setting}')
    assert found == [b"on", b"read committed"]
