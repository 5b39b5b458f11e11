"""What the sequencer seals, refuses and repeats when nothing breaks.  After every test the whole ledger is verified."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.store.conftest import NewLedger
from tests.store.ledgers import ORIGIN, Ledger, a_command, a_fact, one, positions, sealed_by, verify_everything

from ledger.errors import (
    ClockInDoubt,
    DatabaseUnavailable,
    EntryTooLarge,
    KeyReused,
    LedgerError,
    ReadOnly,
    StaleVersion,
)
from ledger.store import sequencer as module
from ledger.store.appending import Append, Ciphertext, Pending, Receipt, Repeated
from ledger.transparency.checkpoint import Checkpoint

pytestmark = pytest.mark.anyio

MARCH = datetime(2025, 3, 3, 9, 0, tzinfo=UTC)


async def test_the_first_fact_has_position_one_and_a_checkpoint_of_its_size(ledger: Ledger) -> None:
    async with ledger.sequencer() as sequencer:
        receipt = await sealed_by(sequencer, one("case-a"))
    [fact] = receipt.facts
    assert (fact.position, fact.version, receipt.size) == (1, 1, 1)
    checkpoint = Checkpoint.open(receipt.note, ORIGIN, [ledger.signer.verifier()])
    assert (checkpoint.size, checkpoint.root) == (1, fact.leaf)
    assert abs(receipt.recorded - datetime.now(UTC)) < timedelta(seconds=5)


async def test_positions_have_no_gaps_and_one_commit_serves_all_that_wait(ledger: Ledger) -> None:
    async with ledger.sequencer() as sequencer:
        receipts = await asyncio.gather(*(sealed_by(sequencer, one(f"case-{n}")) for n in range(300)))
        assert sorted(positions(receipts)) == list(range(1, 301))
        assert sequencer.batches < 10
        verify_everything(ledger)
        more = await asyncio.gather(*(sealed_by(sequencer, one(f"case-{n}", 2)) for n in range(300)))
    assert sorted(positions(more)) == list(range(301, 601))


async def test_a_receipt_holds_the_checkpoint_of_its_batch(ledger: Ledger) -> None:
    async with ledger.sequencer() as sequencer:
        receipts = await asyncio.gather(*(sealed_by(sequencer, one(f"case-{n}")) for n in range(20)))
    for receipt in receipts:
        checkpoint = Checkpoint.open(receipt.note, ORIGIN, [ledger.signer.verifier()])
        assert receipt.facts[0].position <= receipt.size == checkpoint.size


async def test_the_facts_of_one_command_stand_together_and_link_to_each_other(ledger: Ledger) -> None:
    async with ledger.sequencer() as sequencer:
        facts = [a_fact("case-a", version) for version in (1, 2, 3)] + [
            a_fact("case-b", 1, about=["case-a", "place-1"])
        ]
        receipt, other = await asyncio.gather(
            sealed_by(sequencer, a_command(*facts)), sealed_by(sequencer, one("case-c"))
        )
    assert positions([receipt, other]) == [1, 2, 3, 4, 5]
    assert ledger.rows("SELECT id, n, last FROM chains ORDER BY id") == [
        ("case-a", 4, 3),
        ("case-b", 1, 3),
        ("case-c", 1, 4),
        ("place-1", 1, 3),
    ]


async def test_ciphertexts_lie_beside_their_entry(ledger: Ledger) -> None:
    boxes = (Ciphertext(uuid4().bytes, bytes(12), b"secret " * 9), Ciphertext(uuid4().bytes, bytes(12), b"x" * 64))
    async with ledger.sequencer() as sequencer:
        await sealed_by(sequencer, a_command(a_fact("case-a", 1), a_fact("case-a", 2, sealed=boxes)))
    stored = ledger.rows("SELECT position, key_id, nonce, ciphertext FROM sealed_values ORDER BY ciphertext")
    assert [(at, key.bytes, nonce, data) for at, key, nonce, data in stored] == [
        (2, each.key_id, each.nonce, each.data) for each in boxes
    ]


async def test_a_stale_version_refuses_only_its_own_command(ledger: Ledger) -> None:
    async with ledger.sequencer() as sequencer:
        asked = [one("case-a"), one("case-a"), one("case-b", 2), a_command(a_fact("case-c", 1), a_fact("case-c", 3))]
        asked += [one("case-a", 2), one("case-d")]
        answers = await asyncio.gather(*map(sequencer.append, asked), return_exceptions=True)
    first, *stale, second, last = answers
    assert [type(each) for each in stale] == [StaleVersion] * 3
    assert positions([each for each in (first, second, last) if isinstance(each, Receipt)]) == [1, 2, 3]
    assert sequencer.batches == 1


async def test_facts_that_take_the_next_version_of_their_stream_never_stand_in_each_other_s_way(ledger: Ledger) -> None:
    def free() -> Append:
        fact = a_fact("reader-a", 0, note="x")
        suffix = fact.suffix.replace(b',"version":0}', b"}")
        return a_command(Pending(fact.stream, 0, fact.prefix, suffix, fact.about, fact.sealed))

    async with ledger.sequencer() as one_process, ledger.sequencer() as another:
        both = (one_process, another) * 50
        receipts = await asyncio.gather(*(sealed_by(each, free()) for each in both))
        [stale] = await asyncio.gather(another.append(one("reader-a", 7)), return_exceptions=True)
        await sealed_by(another, one("reader-a", 101))
        twice = await sealed_by(one_process, a_command(*free().facts, *free().facts))
    assert isinstance(stale, StaleVersion)
    assert sorted(each.facts[0].version for each in receipts) == list(range(1, 101))
    assert [each.version for each in twice.facts] == [102, 103]
    assert all(f'"version":{each.version}}}'.encode() in each.entry for each in twice.facts)


async def test_the_same_key_and_command_get_the_first_receipt(ledger: Ledger) -> None:
    key = uuid4()
    command = a_command(a_fact("case-a", 1), a_fact("case-a", 2), key=key, warnings=b"[]")
    async with ledger.sequencer() as sequencer:
        await sealed_by(sequencer, one("case-z"))
        first = await sealed_by(sequencer, command)
        await sealed_by(sequencer, one("case-z", 2))
        again = await sequencer.append(command)
    assert again == Repeated(first=2, last=3, size=first.size, warnings=b"[]")
    assert first.warnings == b"[]"


async def test_a_key_with_another_command_is_refused(ledger: Ledger) -> None:
    key = uuid4()
    async with ledger.sequencer() as sequencer:
        await sealed_by(sequencer, one("case-a", key=key, digest=b"this"))
        with pytest.raises(KeyReused):
            await sequencer.append(one("case-b", key=key, digest=b"that"))


async def test_twins_in_one_batch_are_recorded_once(ledger: Ledger) -> None:
    key = uuid4()
    async with ledger.sequencer() as sequencer:
        asked = [one("case-a", key=key), one("case-a", key=key), one("case-b", key=key, digest=b"other")]
        first, twin, other = await asyncio.gather(*map(sequencer.append, asked), return_exceptions=True)
    assert isinstance(first, Receipt)
    assert twin == Repeated(1, 1, 1, None)
    assert isinstance(other, KeyReused)
    assert ledger.size == 1


async def test_a_refused_command_leaves_its_key_free(ledger: Ledger) -> None:
    key = uuid4()
    async with ledger.sequencer() as sequencer:
        with pytest.raises(StaleVersion):
            await sequencer.append(one("case-a", 2, key=key))
        await sealed_by(sequencer, one("case-a", key=key))


async def test_a_decision_on_what_has_moved_since_is_refused(ledger: Ledger) -> None:
    async with ledger.sequencer() as sequencer:
        await sealed_by(sequencer, a_command(a_fact("case-a", 1, about=["place-1"])))
        fresh, stale = await asyncio.gather(
            sequencer.append(a_command(a_fact("case-b", 1, about=["place-1"]), reads=[("place-1", 1)])),
            sequencer.append(a_command(a_fact("case-c", 1, about=["place-1"]), reads=[("place-1", 1)])),
            return_exceptions=True,
        )
        assert isinstance(fresh, Receipt)
        assert isinstance(stale, StaleVersion)
        await sealed_by(sequencer, a_command(a_fact("case-c", 1), reads=[("place-1", 2), ("never-named", 0)]))
        with pytest.raises(StaleVersion):
            await sequencer.append(a_command(a_fact("case-d", 1), reads=[("never-named", 1)]))
    assert ledger.rows("SELECT id FROM chains WHERE id = 'never-named'") == []


async def test_an_entry_that_is_too_large_is_refused_and_its_neighbours_are_not(ledger: Ledger) -> None:
    async with ledger.sequencer() as sequencer:
        large = a_command(a_fact("case-a", 1), a_fact("case-a", 2, texts=["x" * 30_000, "x" * 30_000, "x" * 6_000]))
        refused, sealed = await asyncio.gather(
            sequencer.append(large), sequencer.append(one("case-b")), return_exceptions=True
        )
    assert isinstance(refused, EntryTooLarge)
    assert isinstance(sealed, Receipt)
    assert ledger.rows("SELECT stream FROM entries") == [("case-b",)]


async def test_an_append_without_facts_is_a_mistake_of_the_caller(ledger: Ledger) -> None:
    async with ledger.sequencer() as sequencer:
        with pytest.raises(ValueError, match="at least one fact"):
            await sequencer.append(a_command())


async def test_a_caller_who_left_before_the_batch_has_recorded_nothing(ledger: Ledger) -> None:
    async with ledger.sequencer() as sequencer:
        asked = asyncio.ensure_future(sequencer.append(one("case-a")))
        await asyncio.sleep(0)
        asked.cancel()
        await sealed_by(sequencer, one("case-b"))
    assert ledger.rows("SELECT stream FROM entries") == [("case-b",)]


@pytest.mark.parametrize(
    "poison",
    [
        pytest.param(a_fact("case-\x00", 1), id="text PostgreSQL refuses"),
        pytest.param(Pending("case-\ud800", 1, b"", b""), id="text that is no UTF-8"),
        pytest.param(a_fact("case-p", 1, about=["same", "same"]), id="a row twice"),
        pytest.param(a_fact("case-p", 1, sealed=(Ciphertext(uuid4().bytes, bytes(11), b""),)), id="a broken CHECK"),
        pytest.param(a_fact("case-p", 1, sealed=(Ciphertext(b"short", bytes(12), b""),)), id="a short key id"),
        pytest.param(Pending("case-p", 1, "no bytes", b""), id="a defect of ours"),  # type: ignore[arg-type]
    ],
)
async def test_what_the_database_refuses_poisons_only_its_own_command(ledger: Ledger, poison: Pending) -> None:
    async with ledger.sequencer() as sequencer:
        asked = [one("case-a"), a_command(poison), one("case-b", key=uuid4()), one("case-a", 2), one("case-z", 9)]
        asked.append(asked[2])
        answers = await asyncio.gather(*map(sequencer.append, asked), return_exceptions=True)
        await sealed_by(sequencer, one("case-c"))
    a, refused, b, second, stale, twin = answers
    assert isinstance(refused, DatabaseUnavailable)
    assert isinstance(stale, StaleVersion)
    assert isinstance(twin, Repeated)
    assert positions([each for each in (a, b, second) if isinstance(each, Receipt)]) == [1, 2, 3]
    assert ledger.size == 4


# ---------------------------------------------------------------------------------------- the clock


async def test_recorded_never_decreases_and_is_the_same_throughout_a_command(ledger: Ledger) -> None:
    async with ledger.sequencer() as sequencer:
        for batch in range(5):
            asked = (
                a_command(a_fact(f"case-{n}", batch * 2 + 1), a_fact(f"case-{n}", batch * 2 + 2)) for n in range(5)
            )
            await asyncio.gather(*map(sequencer.append, asked))
    times = [row[0] for row in ledger.rows("SELECT recorded FROM entries ORDER BY position")]
    assert times == sorted(times)
    assert times[0::2] == times[1::2]


async def test_a_simulated_clock_may_be_set_and_never_runs_backwards(new_ledger: NewLedger) -> None:
    ledger = new_ledger(simulated=True)
    async with ledger.sequencer() as sequencer:
        first = await sealed_by(sequencer, one("case-a", at=MARCH))
        same = await sealed_by(sequencer, one("case-b", at=MARCH))
        with pytest.raises(ClockInDoubt, match="time does not run backwards"):
            await sequencer.append(one("case-c", at=MARCH - timedelta(microseconds=1)))
        later = await sealed_by(sequencer, one("case-c", at=MARCH + timedelta(days=400)))
    assert [each.recorded for each in (first, same, later)] == [MARCH, MARCH, MARCH + timedelta(days=400)]


async def test_a_simulated_clock_moves_within_a_batch_too(new_ledger: NewLedger) -> None:
    ledger = new_ledger(simulated=True)
    days = [MARCH + timedelta(days=n) for n in (0, 1, 3, 2, 3)]
    async with ledger.sequencer() as sequencer:
        answers = await asyncio.gather(
            *(sequencer.append(one(f"case-{n}", at=day)) for n, day in enumerate(days)), return_exceptions=True
        )
    assert sequencer.batches == 1
    assert [type(each) for each in answers] == [Receipt, Receipt, Receipt, ClockInDoubt, Receipt]


async def test_a_simulated_ledger_in_the_future_goes_on_from_its_newest_fact(new_ledger: NewLedger) -> None:
    ledger = new_ledger(simulated=True)
    async with ledger.sequencer() as sequencer:
        await sealed_by(sequencer, one("case-a", at=datetime(2990, 1, 1, tzinfo=UTC)))
        receipt = await sealed_by(sequencer, one("case-a", 2))
    assert receipt.recorded == datetime(2990, 1, 1, tzinfo=UTC)


async def test_a_real_ledger_lets_nobody_set_the_time(ledger: Ledger) -> None:
    async with ledger.sequencer() as sequencer:
        refused, sealed = await asyncio.gather(
            sequencer.append(one("case-a", at=datetime.now(UTC))),
            sequencer.append(one("case-b")),
            return_exceptions=True,
        )
    assert isinstance(refused, ClockInDoubt)
    assert isinstance(sealed, Receipt)


async def test_nothing_is_sealed_while_the_database_is_behind_the_newest_fact(ledger: Ledger) -> None:
    async with ledger.sequencer() as sequencer:
        await sealed_by(sequencer, one("case-a"))
        ahead = ledger.value("SELECT recorded FROM head")
        ledger.rows("UPDATE head SET recorded = clock_timestamp() + interval '6 seconds'")
        with pytest.raises(ClockInDoubt):
            await sequencer.append(one("case-a", 2))
        ledger.rows("UPDATE head SET recorded = clock_timestamp() + interval '4 seconds'")
        receipt = await sealed_by(sequencer, one("case-a", 2))
    assert receipt.recorded > ahead + timedelta(seconds=3)


@pytest.mark.parametrize("off", [timedelta(seconds=-6), timedelta(seconds=6)])
async def test_nothing_is_sealed_while_database_and_process_disagree(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, off: timedelta
) -> None:
    class Wrong(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + off

    async with ledger.sequencer() as sequencer:
        with monkeypatch.context() as patch:
            patch.setattr(module, "datetime", Wrong)
            with pytest.raises(ClockInDoubt):
                await sequencer.append(one("case-a"))
        await sealed_by(sequencer, one("case-a"))


# ---------------------------------------------------------------------------------------- what was released before


async def test_a_ledger_smaller_than_what_was_released_is_closed_for_writing(ledger: Ledger) -> None:
    async with ledger.sequencer() as sequencer:
        await sealed_by(sequencer, one("case-a"))
    async with ledger.sequencer(floor=2) as sequencer:
        for _ in range(2):
            with pytest.raises(ReadOnly, match="holds 1 facts"):
                await sequencer.append(one("case-b"))
        assert sequencer.read_only
    assert ledger.size == 1


async def test_another_ledger_of_the_same_size_is_closed_for_writing(ledger: Ledger) -> None:
    async with ledger.sequencer() as sequencer:
        await sealed_by(sequencer, one("case-a"))
        edge = ledger.value("SELECT edge FROM head")
        ledger.rows("UPDATE head SET edge = sha256('another')")
        with pytest.raises(ReadOnly):
            await sequencer.append(one("case-b"))
        ledger.rows("UPDATE head SET edge = %s", edge)


async def test_a_ledger_that_lost_what_was_released_and_went_on_is_closed_for_writing(ledger: Ledger) -> None:
    """As after a failover to a standby that lacked a fact, where another process wrote on."""
    async with ledger.sequencer() as before, ledger.sequencer() as after:
        first = await sealed_by(before, one("case-a"))
        await sealed_by(before, one("case-b"))
        ledger.as_admin(
            "DELETE FROM entries WHERE position = 2",
            "DELETE FROM chains WHERE id = 'case-b'",
            "DELETE FROM checkpoints WHERE size = 2",
            f"UPDATE head SET size = 1, edge = '\\x{first.facts[0].leaf.hex()}', recorded = '{first.recorded}'",
        )
        del ledger.notes[2]
        await sealed_by(after, one("case-x"))
        await sealed_by(after, one("case-y"))
        with pytest.raises(ReadOnly, match="not the one that released a checkpoint of 2"):
            await before.append(one("case-c"))


async def test_a_ledger_without_a_head_is_closed_for_writing(ledger: Ledger) -> None:
    ledger.as_admin("DELETE FROM head")
    async with ledger.sequencer() as sequencer:
        with pytest.raises(ReadOnly, match="no head"):
            await sequencer.append(one("case-b"))
    ledger.begin(simulated=False)


async def test_a_closed_sequencer_refuses(ledger: Ledger) -> None:
    async with ledger.sequencer() as sequencer:
        pass
    with pytest.raises(LedgerError, match="stopping"):
        await sequencer.append(one("case-a"))
