"""A value reads as what was told, as erased because a fact says so, or as an integrity error: in no fourth way."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tests.conftest import Clusters
from tests.doors import TODAY, Door, a_problem, new_door
from tests.erasing.family import ERASED, OFFICER, Family
from tests.erasing.salamander import Under, opens_under_both
from tests.erasing.subjects import KINDS, somebody, with_retention

from ledger.application import Ledger
from ledger.disclosing.exporting import Export
from ledger.store.unsealing import Unsealing
from ledger.transparency.bundle import verify_bundle


@pytest.fixture
def home(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Family]:
    """A ledger that may be spoiled."""
    with new_door(clusters.ledger, clusters.vault, verified=False) as door:
        yield Family(door)


def spoil(door: Door, clusters: Clusters, query: str) -> None:
    """As the superuser, past every trigger."""
    name = door.places[0].owner().split("dbname=")[1].split()[0].strip("'")
    with psycopg.connect(clusters.ledger.conninfo("postgres", name)) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute(query.encode())


def findings(door: Door) -> set[str]:
    async def verified() -> set[str]:
        loop, vault = asyncio.get_running_loop(), door.ledger.store.vault
        keys = Unsealing(lambda ids: asyncio.run_coroutine_threadsafe(vault.keys_by_id(ids), loop).result())
        return {each.code for each in (await asyncio.to_thread(door.verify, keys)).findings}

    return door.run(verified())


def anew(door: Door) -> None:
    """Nothing is left in memory."""
    door.ledger.store.vault.forget()
    door.ledger.cases.close()


def box_of(home: Family, child: str) -> tuple[int, bytes]:
    """Position of a child's record, and the id of its key."""
    [stored] = home.told(f"child-{child}")[:1]
    [key] = {key for _, key in stored.sealed.values()}
    return stored.position, UUID(key).bytes


# ---------------------------------------------------------------------------------------- forged


def test_two_swapped_ciphertexts_are_an_error(home: Family, clusters: Clusters) -> None:
    kit, pip = home.child(), home.child()
    one, two = box_of(home, kit)[0], box_of(home, pip)[0]
    spoil(
        home.door,
        clusters,
        "UPDATE sealed_values AS a SET nonce = b.nonce, ciphertext = b.ciphertext FROM sealed_values AS b "
        f"WHERE (a.position, b.position) IN (({one}, {two}), ({two}, {one}))",
    )
    anew(home.door)
    a_problem(home.door.get(f"/children/{kit}", OFFICER), 500, "damaged")
    assert findings(home.door) == {"value-unreadable"}


def test_a_replaced_key_is_an_error(home: Family) -> None:
    kit, pip = home.child(), home.child()
    (_, one), (_, two) = box_of(home, kit), box_of(home, pip)
    wrapping = home.door.ledger.store.vault._wrapping
    name, other = str(UUID(bytes=one)), str(UUID(bytes=two))
    [(used, wrapped)] = home.vault(f"SELECT wrapping, wrapped FROM keys WHERE key_id = '{other}'")
    known = home.door.run(wrapping.known(used))
    replaced = known.wrap(known.unwrap(bytes(wrapped), other), name)
    with psycopg.connect(home.door.places[1].owner()) as connection:
        connection.execute("UPDATE keys SET wrapped = %s WHERE key_id = %s", (replaced, name))
    anew(home.door)
    a_problem(home.door.get(f"/children/{kit}", OFFICER), 500, "damaged")
    assert home.words[pip][0] in str(home.seen(f"/children/{pip}"))
    assert findings(home.door) == {"value-unreadable"}


def test_a_ciphertext_that_opens_under_two_keys_is_an_error_under_both(home: Family, clusters: Clusters) -> None:
    kit, pip = home.child(), home.child()
    (position, one), (_, two) = box_of(home, kit), box_of(home, pip)
    store = home.door.ledger.store
    fact = str(home.told(f"child-{kit}")[0].members["id"])
    keys = home.door.run(store.vault.keys_by_id([one, two]))
    both = [
        Under(each.derive(b"data\0" + fact.encode()), f"{store.origin}\0{fact}\0{each.id}".encode())
        for each in (keys[one], keys[two])
    ]
    nonce, plain = bytes(range(12)), b'{"surname":"somebody else"}'.ljust(64)
    data = opens_under_both(*both, nonce, plain)
    opened = [AESGCM(each.key).decrypt(nonce, data, each.bound_to) for each in both]
    assert opened[0].startswith(plain)
    assert opened[1] != opened[0]
    for key_id in (one, two):
        spoil(
            home.door,
            clusters,
            f"UPDATE sealed_values SET nonce = '\\x{nonce.hex()}', ciphertext = '\\x{data.hex()}', "
            f"key_id = '{UUID(bytes=key_id)}' WHERE position = {position}",
        )
        anew(home.door)
        a_problem(home.door.get(f"/children/{kit}", OFFICER), 500, "damaged")
        assert findings(home.door) & {"value-unreadable", "value-unknown"}


def test_a_value_that_no_fact_says_was_erased_is_never_erased(home: Family, clusters: Clusters) -> None:
    kit, pip = home.child(), home.child()
    home.leaves(home.entered([kit]))
    home.erase(kit)
    position, key = box_of(home, pip)
    [erased] = home.erasures_of(kit)
    spoil(home.door, clusters, f"DELETE FROM sealed_values WHERE position = {position}")
    for query in (
        f"INSERT INTO erased_keys VALUES ('{UUID(bytes=key)}', {erased.position})",  # a fact that does not name it
        f"UPDATE erased_keys SET position = {position} WHERE key_id = '{UUID(bytes=key)}'",  # no erasure at all
    ):
        spoil(home.door, clusters, query)
        anew(home.door)
        a_problem(home.door.get(f"/children/{pip}", OFFICER), 500, "damaged")
        assert "value-missing" in findings(home.door)
    assert ERASED in str(home.seen(f"/children/{kit}"))


def test_a_ciphertext_that_outlived_its_erasure_is_a_finding(home: Family, clusters: Clusters) -> None:
    kit = home.child()
    home.leaves(home.entered([kit]))
    position, key = box_of(home, kit)
    [(nonce, data)] = _rows(home, f"SELECT nonce, ciphertext FROM sealed_values WHERE position = {position}")
    home.erase(kit)
    assert findings(home.door) == set()
    spoil(
        home.door,
        clusters,
        f"INSERT INTO sealed_values VALUES ({position}, '{UUID(bytes=key)}', '\\x{nonce.hex()}', '\\x{data.hex()}')",
    )
    assert findings(home.door) == {"value-not-erased", "row-differs"}


def _rows(home: Family, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(home.door.places[0].owner()) as connection:
        return connection.execute(query.encode()).fetchall()


# ---------------------------------------------------------------------------------------- other processes


def test_another_process_shows_nothing_of_an_erased_child_once_it_has_read_the_erasure(home: Family) -> None:
    kit = home.child()
    entry = home.entered([kit])
    home.leaves(entry)

    async def elsewhere() -> tuple[str, str, str]:
        other = await Ledger.open(home.door.settings, places=home.door.places)
        try:
            before = str(await other.view("child", kit, "child"))
            await other.cases.read(f"child-{kit}")
            await home.erasing(kit)
            state = str((await other.cases.read(f"child-{kit}")).state)
            return before, str(await other.view("child", kit, "child")), state
        finally:
            await other.close()

    before, after, state = home.door.run(elsewhere())
    assert home.words[kit][0] in before
    assert ERASED in after
    assert not [each for each in home.words[kit] if each in after + state]


def test_a_case_with_something_opened_is_forgotten_though_nobody_asks(
    home: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit = home.child()
    cases = home.door.ledger.cases
    monkeypatch.setattr(type(cases), "kept_seconds", 0.2)
    cases.close()

    async def waits() -> list[str]:
        await cases.read(f"child-{kit}")
        held = list(cases._cases)
        await asyncio.sleep(0.4)
        return held if f"child-{kit}" in cases._cases else [f"gone: {held}"]

    [said] = home.door.run(waits())
    assert said.startswith("gone: ['child-")


# ---------------------------------------------------------------------------------------- proofs


def exported(home: Family) -> Export:
    actor = home.door.actor("practitioner")
    return home.door.run(home.door.ledger.export("offender", home.case.id, "supervision", "another unit", actor))


def test_what_was_proven_before_still_is_and_a_new_bundle_says_erased(home: Family) -> None:
    kit = home.child()
    entry = home.entered([kit])
    home.amended(entry, kit)
    vkey = home.door.ledger.store.signer.verifier().vkey()
    checkpoint = home.door.run(home.door.ledger.checkpoint())
    before = exported(home)
    home.leaves(entry)
    home.erase(kit)
    after = exported(home)
    old, new = (verify_bundle(each.data, [vkey]) for each in (before, after))
    assert old.ok
    assert new.ok
    [erased] = home.erasures_of(kit)
    assert "0 erased" in " ".join(before.words)
    assert home.words[kit][4].encode() not in after.data
    assert f"erased by the fact at {erased.position}" in " ".join(after.words)
    assert not [word for word in home.words[kit] if word.encode() in after.data]
    assert checkpoint
    assert home.door.verify().ok


# ---------------------------------------------------------------------------------------- in the words of the fact


@pytest.mark.parametrize("kind", KINDS)
def test_whoever_is_erased_is_called_by_what_they_were_though_somebody_read_before_the_fact_was_sealed(
    clusters: Clusters, ledger_template: str, vault_template: str, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Between the destruction and the fact only the journal of the vault says that it is gone, in words of its own."""
    with with_retention(clusters) as door:
        one = somebody(kind, Family(door))
        noun, id_ = one.to.split("/")
        page = f"/children/{id_}" if noun == "child" else f"/offenders/{id_}/chronology"
        reader = "victim-liaison" if kind == "VICTIM" else "practitioner"
        sequencer, append, meanwhile = door.ledger.store.sequencer, door.ledger.store.sequencer.append, list[str]()

        async def read_first(asked: Any) -> Any:
            meanwhile.append((await door.asking("GET", page, reader)).text)
            return await append(asked)

        monkeypatch.setattr(sequencer, "append", read_first)
        one.erase()
        at_once = door.get(page, reader).json()
        anew(door)
        restarted = door.get(page, reader).json()
        called = f"[{kind.lower().replace('_', ' ')} erased {TODAY:%d/%m/%Y}]"
        assert all(f" erased {TODAY:%d/%m/%Y}]" in each and one.word not in each for each in meanwhile[:1])
        assert called in str(at_once)
        assert "[record erased" not in str(at_once)
        assert {**restarted, "known_at": ""} == {**at_once, "known_at": ""}
