"""With a database away, what cannot be done is refused as such, what can be done goes on, and it heals by itself."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Generator
from uuid import uuid4

import httpx
import pytest
from tests.api.outages import Pair, away, ended, foreign_door, healed, own_pair, suspended, unavailable
from tests.doors import PERSON, Case, Door, new_door
from tests.store.test_vault import wrapped_by

from ledger.application import READY_SECONDS
from ledger.store.database import READERS

DEADLINE = 1.0  # seconds, of a command: these tests wait for some of them


@pytest.fixture(scope="module")
def pair() -> Generator[Pair]:
    """Two clusters of this module's own: they will be stopped."""
    with own_pair() as made:
        yield made


@pytest.fixture(scope="module")
def embedded(pair: Pair) -> Generator[Door]:
    """A ledger that starts its servers again by itself."""
    with new_door(*pair, command_deadline=DEADLINE) as door:
        yield door


@pytest.fixture(scope="module")
def foreign(pair: Pair) -> Generator[Door]:
    """A ledger on servers that somebody else starts."""
    with foreign_door(pair, "foreign", command_deadline=DEADLINE) as door:
        yield door


# ------------------------------------------------------------------------------------ the ledger's database


def test_without_the_database_everything_is_refused_as_unavailable_and_works_again_once_it_is_back(
    foreign: Door, pair: Pair
):
    case = foreign.new_case()
    absence, key = case.absence(note="x"), {"Idempotency-Key": str(uuid4())}
    size = foreign.size
    with away(pair[0]):
        for _ in range(2):
            unavailable(
                foreign.ask("POST", f"{case.path}/record-absence", json=absence, headers=key), "database-unavailable"
            )
            unavailable(foreign.get(f"{case.path}/enforcement"), "database-unavailable")
            unavailable(foreign.get("/worklists/breach"), "database-unavailable")
        ready = foreign.ask("GET", "/health/ready", None)
        assert ready.status_code == 503
        assert ready.json()["status"] == "DOWN"
        assert ready.json()["components"]["database"] == "DOWN"
        assert ready.json()["components"]["vault"] == "UP"
        assert foreign.ask("GET", "/health/live", None).json() == {"status": "UP"}
        for path in ("/rules", "/events"):
            assert foreign.get(path).status_code == 200
        for path in ("/openapi.json", "/docs", "/log/checkpoint", "/log/vkey"):
            assert foreign.ask("GET", path, None).status_code == 200
    assert (
        healed(
            foreign, "POST", f"{case.path}/record-absence", role="practitioner", json=absence, headers=key
        ).status_code
        == 201
    )
    assert foreign.size == size + 1
    assert foreign.get(f"{case.path}/enforcement").status_code == 200
    assert foreign.ask("GET", "/health/ready", None).status_code == 200


def test_a_server_that_was_killed_under_way_loses_and_doubles_nothing(foreign: Door, pair: Pair):
    case = foreign.new_case()
    asked = [(case.absence(), {"Idempotency-Key": str(uuid4())}) for _ in range(20)]
    others = [foreign.new_case() for _ in asked]

    async def all_at_once() -> list[httpx.Response]:
        asking = [
            asyncio.ensure_future(
                foreign.asking(
                    "POST",
                    f"{other.path}/record-absence",
                    json={**absence, "order_id": other.order},
                    headers=key,
                )
            )
            for other, (absence, key) in zip(others, asked, strict=True)
        ]
        await asyncio.sleep(0.003)
        await asyncio.to_thread(ended, pair[0], signal.SIGKILL)
        return await asyncio.gather(*asking)

    first = foreign.run(all_at_once())
    assert {each.status_code for each in first} <= {201, 503}
    pair[0].ensure_running()
    for other, (absence, key), before in zip(others, asked, first, strict=True):
        path = f"{other.path}/record-absence"
        body = {**absence, "order_id": other.order}
        again = healed(foreign, "POST", path, json=body, headers=key)
        assert again.status_code in (200, 201)
        if before.status_code == 201:
            assert again.status_code == 200
            assert again.content == before.content
        stored = foreign.run(foreign.ledger.store.database.stream(f"offender-{other.id}"))
        assert [each.members["version"] for each in stored] == [1, 2, 3]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=lambda how: how.name)
def test_an_embedded_server_that_ended_is_started_again_without_a_restart(
    embedded: Door, pair: Pair, how: signal.Signals
):
    case = embedded.new_case()
    for cluster in pair:
        ended(cluster, how)
    embedded.ledger.store.vault.forget()
    absence, key = case.absence(note="x"), {"Idempotency-Key": str(uuid4())}
    answer = healed(embedded, "POST", f"{case.path}/record-absence", json=absence, headers=key)
    assert answer.status_code == 201
    assert healed(embedded, "GET", f"{case.path}/chronology").status_code == 200
    assert embedded.ask("GET", "/health/ready", None).status_code == 200


def test_a_database_that_does_not_answer_is_not_waited_for_longer_than_the_deadline(foreign: Door, pair: Pair):
    case = foreign.new_case()
    foreign.post(f"{case.path}/record-absence", case.absence())
    for _ in range(2 * READERS):  # every connection is open
        assert foreign.get(f"{case.path}/enforcement").status_code == 200
    with suspended(pair[0]):
        began = time.monotonic()
        absence, key = case.absence(), {"Idempotency-Key": str(uuid4())}
        warm = foreign.ask("POST", f"{case.path}/record-absence", json=absence, headers=key)
        unavailable(warm, "database-unavailable", "outcome-unknown")
        unseen = Case(str(uuid4()), str(uuid4()))
        unavailable(foreign.post(f"{unseen.path}/record-absence", unseen.absence()), "database-unavailable")
        unavailable(foreign.get(f"{case.path}/enforcement"), "database-unavailable")
        assert foreign.ask("GET", "/health/ready", None).status_code == 503
        assert time.monotonic() - began < 5 * DEADLINE + READY_SECONDS
    assert healed(foreign, "POST", f"{case.path}/record-absence", json=absence, headers=key).status_code in (200, 201)
    stored = foreign.run(foreign.ledger.store.database.stream(f"offender-{case.id}"))
    assert len(stored) == 4


# ------------------------------------------------------------------------------------ the vault


def test_without_the_vault_what_needs_no_key_goes_on(foreign: Door, pair: Pair):
    case = foreign.new_case()
    size = foreign.size
    with away(pair[1]):
        foreign.ledger.store.vault.forget()
        answer = foreign.post(f"{case.path}/record-absence", case.absence(note="x"))
        unavailable(answer, "vault-unavailable")
        person = foreign.post(f"/offenders/{uuid4()}/record-offender", PERSON, "court-officer")
        unavailable(person, "vault-unavailable")
        unavailable(foreign.get(f"{case.path}/chronology"), "vault-unavailable")
        assert foreign.size == size
        assert foreign.post(f"{case.path}/record-absence", case.absence()).status_code == 201
        assert foreign.get(f"{case.path}/enforcement").status_code == 200
        ready = foreign.ask("GET", "/health/ready", None)
        assert ready.status_code == 503
        assert ready.json()["components"]["vault"] == "DOWN"
        assert ready.json()["components"]["database"] == "UP"
    answer = healed(foreign, "POST", f"{case.path}/record-absence", json=case.absence(note="x"))
    assert answer.status_code == 201
    assert foreign.get(f"{case.path}/chronology").status_code == 200


def test_a_vault_that_does_not_answer_is_not_waited_for_longer_than_the_deadline(foreign: Door, pair: Pair):
    case = foreign.new_case()
    with suspended(pair[1]):
        foreign.ledger.store.vault.forget()
        began = time.monotonic()
        unavailable(foreign.post(f"{case.path}/record-absence", case.absence(note="x")), "vault-unavailable")
        unavailable(foreign.get(f"{case.path}/chronology"), "vault-unavailable")
        assert foreign.ask("GET", "/health/ready", None).status_code == 503
        assert time.monotonic() - began < 4 * DEADLINE + READY_SECONDS
        assert foreign.post(f"{case.path}/record-absence", case.absence()).status_code == 201
    assert healed(foreign, "POST", f"{case.path}/record-absence", json=case.absence(note="x")).status_code == 201


def test_another_wrapping_key_is_an_outage_of_the_vault_and_no_loss(foreign: Door):
    case = foreign.new_case()
    vault = foreign.ledger.store.vault
    right, vault._wrapping = vault._wrapping, wrapped_by(os.urandom(32))
    vault.forget()
    try:
        unavailable(foreign.get(f"{case.path}/chronology"), "vault-unavailable")
        unavailable(foreign.post(f"{case.path}/record-absence", case.absence(note="x")), "vault-unavailable")
    finally:
        vault._wrapping = right
        vault.forget()
    assert foreign.get(f"{case.path}/chronology").status_code == 200
