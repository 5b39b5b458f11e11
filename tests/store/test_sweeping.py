"""The quick way through several stretches comes to the report of the plain one, in this process and in others."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from dataclasses import replace
from secrets import token_hex
from uuid import UUID, uuid4

import psycopg
import pytest
from tests.conftest import Clusters
from tests.store.ledgers import ORIGIN, Ledger, a_command, a_fact

from ledger.store import sweeping, verifying_swiftly
from ledger.store.appending import Append, Ciphertext, Pending
from ledger.store.verifying import verify_database
from ledger.store.verifying_repeated import REPEATED
from ledger.transparency.stretch import STRETCH
from ledger.transparency.swift import SwiftVerifier
from ledger.transparency.verify import Report

FACTS = 2 * STRETCH + 500
LETTER_BEYOND_ASCII = STRETCH + 300  # the oracle itself reads the stretch that this entry is in


def a_keyed_command(*facts: Pending) -> Append:
    """A command whose facts say under which key they were recorded, as every client's do."""
    key = uuid4()
    said = b'"key":"%b",' % str(key).encode()
    return a_command(*(replace(each, prefix=each.prefix + said) for each in facts), key=key)


async def fill(ledger: Ledger) -> None:
    async with ledger.sequencer() as sequencer:
        for first in range(1, FACTS + 1, 50):
            facts = [
                a_fact(
                    f"case-{first // 50 % 7}",
                    50 * (first // 350) + number + 1,
                    about=[f"site-{number % 3}"] if number % 2 else (),
                    word="Zoë" if first + number == LETTER_BEYOND_ASCII else "Zoe",
                )
                for number in range(min(50, FACTS + 1 - first))
            ]
            await sequencer.append(a_keyed_command(*facts))


@pytest.fixture(scope="module")
def filled(clusters: Clusters, ledger_template: str) -> Generator[Ledger]:
    name = f"swept_{token_hex(4)}"
    clusters.ledger.create_database(name, ledger_template)
    ledger = Ledger.of(clusters.ledger, name)
    ledger.begin(simulated=False)
    asyncio.run(fill(ledger))
    yield ledger
    clusters.ledger.drop_database(name)


@pytest.fixture
def spoilt(clusters: Clusters, filled: Ledger) -> Generator[Ledger]:
    """A copy, to be spoilt."""
    name, origin = f"spoilt_{token_hex(4)}", psycopg.conninfo.conninfo_to_dict(filled.app)["dbname"]
    clusters.ledger.create_database(name, str(origin))
    yield Ledger.of(clusters.ledger, name)
    clusters.ledger.drop_database(name)


def verified(ledger: Ledger, *, swiftly: bool = True) -> Report:
    return verify_database(ledger.app, ORIGIN, [ledger.signer.verifier()], swiftly=swiftly)


@pytest.fixture(params=[0, 2], ids=["here", "in two processes"])
def processes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(verifying_swiftly, "useful_processes", lambda *_: request.param)
    return int(request.param)


@pytest.mark.usefixtures("processes")
def test_stretches_in_which_there_is_nothing_to_find_are_read_at_once(filled: Ledger, monkeypatch: pytest.MonkeyPatch):
    taken: list[int] = []
    take = SwiftVerifier.take

    def counted(self: SwiftVerifier, stretch: sweeping.Stretch, reader: int) -> bool:
        if held := take(self, stretch, reader):
            taken.append(stretch.first)
        return held

    monkeypatch.setattr(SwiftVerifier, "take", counted)
    report = verified(filled)
    assert taken == [1, 2 * STRETCH + 1]
    assert report.ok, report.summary()
    assert (report.size, report.first_recorded is not None) == (FACTS, True)
    assert report == verified(filled, swiftly=False)


def test_of_what_repeats_the_entries_nothing_is_asked_twice(filled: Ledger, monkeypatch: pytest.MonkeyPatch):
    asked: list[object] = []

    def heard(connection: object, known: frozenset[str]) -> list[object]:
        asked.append({about for about, _, _ in REPEATED} - known)
        return []

    monkeypatch.setattr("ledger.store.verifying.repeated_that_differ", heard)
    verified(filled)
    assert asked == [{"closings", "receipt times"}]


NONCE = "decode(repeat('00', 12), 'hex')"
SPOILT = {
    "a byte of an entry": "UPDATE entries SET entry = set_byte(entry, 30, 65) WHERE position = {at}",
    "a leaf": "UPDATE entries SET leaf = sha256(leaf) WHERE position = {at}",
    "an entry gone": "DELETE FROM entries WHERE position = {at}",
    "an entry of its own": "UPDATE entries SET stream = 'another' WHERE position = {at}",
    "a time": "UPDATE entries SET recorded = recorded + interval '1 second' WHERE position = {at}",
    "a row of about gone": "DELETE FROM about WHERE position BETWEEN {at} AND {at} + 1",
    "a row of about too many": "INSERT INTO about VALUES ('somebody', {at})",
    "a row of about beyond": "INSERT INTO about VALUES ('somebody', {at} + 100000)",
    "a receipt gone": "DELETE FROM receipts WHERE {at} BETWEEN first AND last",
    "a receipt of less": "UPDATE receipts SET last = last - 1 WHERE {at} BETWEEN first AND last",
    "a receipt of no checkpoint": "UPDATE receipts SET size = size + 1 WHERE {at} BETWEEN first AND last",
    "a ciphertext too many": "INSERT INTO sealed_values VALUES ({at}, gen_random_uuid(), {nonce}, '')",
    "a ciphertext beyond": "INSERT INTO sealed_values VALUES (-{at}, gen_random_uuid(), {nonce}, '')",
    "a checkpoint": "UPDATE checkpoints SET root = sha256(root) WHERE size >= {at}",
    "a checkpoint's time": "UPDATE checkpoints SET recorded = recorded + interval '1 second' WHERE size >= {at}",
    "a chain": "UPDATE chains SET chain = sha256(chain) WHERE last >= {at} - 400",
    "a tile": "INSERT INTO tiles SELECT 0, {at} / 256, sha256(''), decode(repeat('00', 8192), 'hex')",
    "the tail": "DELETE FROM entries WHERE position > {at}",
}


@pytest.mark.parametrize("at", [5, STRETCH, STRETCH + 7, FACTS - 60])
@pytest.mark.parametrize("statement", SPOILT.values(), ids=SPOILT.keys())
def test_what_is_spoilt_is_named_as_the_plain_way_names_it(
    spoilt: Ledger, statement: str, at: int, monkeypatch: pytest.MonkeyPatch
):
    spoilt.as_admin(statement.format(at=at, nonce=NONCE))
    plain = verified(spoilt, swiftly=False)
    assert not plain.ok
    assert verified(spoilt) == plain
    if at == STRETCH + 7:
        monkeypatch.setattr(verifying_swiftly, "useful_processes", lambda *_: 2)
        assert verified(spoilt) == plain


def test_receipts_older_than_thirty_days_may_be_gone_and_younger_ones_may_not(spoilt: Ledger):
    spoilt.as_admin("DELETE FROM receipts WHERE first < 1000")
    assert {each.message for each in verified(spoilt).findings} == {
        "no receipt is kept for the key of a fact recorded within 30 days"
    }
    assert verified(spoilt) == verified(spoilt, swiftly=False)
    # As if the log went on for a month: the head is later, and says so.
    spoilt.as_admin("UPDATE head SET recorded = recorded + interval '31 days'")
    assert {each.message for each in verified(spoilt).findings} == {"the head says another time than the newest entry"}
    assert verified(spoilt) == verified(spoilt, swiftly=False)


def test_ciphertexts_are_those_that_entries_commit_to(spoilt: Ledger):
    """Sealed values of one entry under one key are one ciphertext, under two keys two."""

    async def more() -> None:
        size = spoilt.size
        async with spoilt.sequencer() as sequencer:
            keys = [UUID(int=number, version=4) for number in (1, 2)]
            boxes = tuple(Ciphertext(key.bytes, bytes(12), b"x" * 64) for key in keys)
            fact = a_fact("sealing", 1, sealed=boxes)
            told = b'"sealed":{%b},' % b",".join(
                b'"%b":["%b","%b"]' % (path, b"A" * 43 + b"=", str(key).encode())
                for path, key in ((b"a", keys[0]), (b"b", keys[1]), (b"c/0", keys[0]))
            )
            await sequencer.append(a_keyed_command(replace(fact, suffix=b"," + told + fact.suffix[1:])))
        assert spoilt.size == size + 1

    asyncio.run(more())
    assert verified(spoilt).ok, verified(spoilt).summary()
    assert verified(spoilt) == verified(spoilt, swiftly=False)
    spoilt.as_admin("DELETE FROM sealed_values WHERE key_id::text LIKE '%2'")
    assert not verified(spoilt).ok
    assert verified(spoilt) == verified(spoilt, swiftly=False)


def test_a_process_that_ends_too_early_ends_the_verification(filled: Ledger, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(verifying_swiftly, "useful_processes", lambda *_: 2)
    monkeypatch.setattr(sweeping, "_PROGRAM", "raise SystemExit(1)")
    with pytest.raises(psycopg.OperationalError, match="has ended"):
        verified(filled)
