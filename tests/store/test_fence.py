"""What is being erased is sealed no more, by any process; and its ciphertexts go with the fact that says so."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from tests.store.ledgers import Ledger, a_command, a_fact, one, sealed_by

from ledger.errors import BeingErased, StaleVersion
from ledger.store.appending import SETUP, Ciphertext, Pending
from ledger.store.database import STATEMENTS, Database
from ledger.store.wire import Wire

pytestmark = pytest.mark.anyio

ERASED, KEPT = uuid4().bytes, uuid4().bytes


def a_sealed_fact(stream: str, version: int, *keys: bytes) -> Pending:
    return a_fact(stream, version, sealed=tuple(Ciphertext(key, bytes(12), b"sealed " * 10) for key in keys))


def reading(ledger: Ledger) -> Database:
    return Database(lambda statements: Wire.connect(ledger.app, statements, SETUP), STATEMENTS)


async def test_under_a_fenced_key_nothing_is_sealed_and_its_neighbours_are(ledger: Ledger) -> None:
    database = reading(ledger)
    async with ledger.sequencer() as sequencer, ledger.sequencer() as other:
        await sealed_by(sequencer, a_command(a_sealed_fact("child-a", 1, ERASED, KEPT)))
        await database.fence([ERASED])
        await database.fence([ERASED])
        for each in (sequencer, other):
            answers = await asyncio.gather(
                each.append(one(f"case-{uuid4()}")),
                each.append(a_command(a_fact("case-b", 1), a_sealed_fact("child-a", 2, KEPT, ERASED))),
                each.append(a_command(a_sealed_fact(f"case-{uuid4()}", 1, KEPT))),
                return_exceptions=True,
            )
            refused = answers[1]
            assert isinstance(refused, BeingErased)
            assert not any(isinstance(answer, BaseException) for answer in (answers[0], answers[2]))
    database.close()
    assert ledger.size == 5
    assert ledger.rows("SELECT count(*) FROM chains WHERE id = 'case-b'") == [(0,)]


async def test_what_was_sealed_before_the_fence_goes_with_the_fact_that_says_so(ledger: Ledger) -> None:
    database = reading(ledger)
    for position, key in ((7, ERASED), (8, KEPT)):  # what the access log says of them
        ledger.rows("INSERT INTO access.sealed_values VALUES (%s, %s, %s, %s)", position, key.hex(), bytes(12), b"x")
    async with ledger.sequencer() as sequencer:
        facts = a_sealed_fact("child-a", 1, ERASED), a_sealed_fact("case-b", 1, KEPT, ERASED)
        await sealed_by(sequencer, a_command(*facts))
        await database.fence([ERASED])
        with pytest.raises(StaleVersion):  # what is refused deletes nothing
            await sequencer.append(one("child-a", 9, erases=[ERASED]))
        assert ledger.value("SELECT count(*) FROM sealed_values") == 3
        await sealed_by(sequencer, one("child-a", 2, erases=[ERASED]))
    for table, left in (("sealed_values", [(2, KEPT)]), ("access.sealed_values", [(8, KEPT)])):
        assert [(at, key.bytes) for at, key in ledger.rows(f"SELECT position, key_id FROM {table}")] == left
    ledger.as_admin("DELETE FROM access.sealed_values")
    database.close()


async def test_an_append_that_races_the_fence_is_before_it_or_refused(ledger: Ledger) -> None:
    """Whoever has fenced can read all that was ever sealed under the key."""
    database = reading(ledger)
    async with ledger.sequencer() as sequencer, ledger.sequencer() as other:
        for number in range(60):
            key = uuid4().bytes
            appends = [
                asyncio.ensure_future(each.append(a_command(a_sealed_fact(f"case-{number}-{place}", 1, key))))
                for place, each in enumerate((sequencer, other) * 4)
            ]
            await asyncio.sleep(number % 6 * 0.0005)
            await database.fence([key])
            sealed = ledger.value("SELECT count(*) FROM sealed_values WHERE key_id = %s", key.hex())
            answers = await asyncio.gather(*appends, return_exceptions=True)
            refused = [answer for answer in answers if isinstance(answer, BeingErased)]
            assert len(answers) - len(refused) == sealed
            assert all(isinstance(answer, BeingErased) or not isinstance(answer, BaseException) for answer in answers)
            assert ledger.value("SELECT count(*) FROM sealed_values WHERE key_id = %s", key.hex()) == sealed
    database.close()
