"""The journal of erasures: begun, destroyed and closed once, whatever breaks; and never under a hold."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict
from tests.conftest import Clusters, FreshDatabase
from tests.store.test_vault import wrapped_by

from ledger.errors import NotFound, Refused, VaultUnavailable
from ledger.privacy.holds import CaseClass, CaseReached, Reach, Scope, to_json
from ledger.privacy.owners import Owner
from ledger.store import migrate
from ledger.store.appending import SETUP
from ledger.store.vault import STATEMENTS, Erasure, Order, Vault, WrappingKey
from ledger.store.vault.asking import Connect
from ledger.store.wire import Wire

pytestmark = pytest.mark.anyio

CHILD = Owner("child-eve", "child")
TEXTS = Owner("child-eve", "case")
ANN = Owner("offender-ann", "case")
SCOPE = Scope(frozenset({"offender-ann"}))
ROUNDS = int(os.environ.get("HOLD_RACES", "100"))  # as many as you like: 1,000 take three minutes
T = TypeVar("T")


def an_order(*owners: Owner, id: UUID | None = None, reach: Reach | None = None) -> Order:  # noqa: A002
    given = frozenset(owners or (CHILD, TEXTS))
    return Order(
        id or uuid4(),
        given,
        reach or Reach(frozenset({owner.id for owner in given} | {"offender-ann"})),
        "CHILD_REMOVED",
        "manager",
        "information-officer",
    )


@asynccontextmanager
async def opened(conninfo: str, connect: Connect | None = None) -> AsyncGenerator[Vault]:
    vault = Vault(connect or (lambda: Wire.connect(conninfo, STATEMENTS, SETUP)), wrapped_by(bytes(range(32))))
    try:
        yield vault
    finally:
        vault.close()


@pytest.fixture
def as_owner(clusters: Clusters, vault_database: str) -> str:
    return clusters.vault.conninfo(clusters.vault.owner_role, str(conninfo_to_dict(vault_database)["dbname"]))


def rows(conninfo: str, query: str) -> list[Any]:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def states(conninfo: str) -> dict[str, str]:
    return {
        f"{owner}/{kind}": state for owner, kind, state in rows(conninfo, "SELECT owner, retention, state FROM keys")
    }


# ---------------------------------------------------------------------------------------- the way of one erasure


async def test_an_erasure_destroys_every_key_of_its_owners_and_no_other(vault_database: str) -> None:
    async with opened(vault_database) as vault, opened(vault_database) as other:
        keys = await vault.keys_of([CHILD, TEXTS, ANN])
        order = an_order()
        begun = await vault.erasures.begin(order)
        assert (begun.step, begun.order) == ("begun", order)
        assert begun.keys == tuple(sorted((keys[CHILD].id, keys[TEXTS].id)))
        assert [each.id for each in await other.erasures.under_way()] == [order.id]
        destroyed = await other.erasures.destroy(order.id)
        assert destroyed.keys == begun.keys
        assert destroyed.destroyed_at is not None
        assert destroyed.wrappings == (WrappingKey(bytes(range(32))).id,)
        vault.forget()
        assert list(await vault.keys_by_id(key.id_bytes for key in keys.values())) == [keys[ANN].id_bytes]
        assert (await vault.erasures.close(order.id, 4711)).step == "closed"
        assert await vault.erasures.under_way() == []
    assert states(vault_database) == {
        "child-eve/child": "destroyed",
        "child-eve/case": "destroyed",
        "offender-ann/case": "active",
    }
    assert rows(vault_database, "SELECT count(*) FROM keys WHERE wrapped IS NULL AND wrapping IS NULL") == [(2,)]


async def test_nobody_makes_a_key_for_an_erased_owner_again(vault_database: str) -> None:
    never_had_one = Owner("child-eve", "victim")
    async with opened(vault_database) as vault, opened(vault_database) as other:
        await vault.keys_of([CHILD])
        order = an_order(CHILD, never_had_one)
        await vault.erasures.begin(order)
        for owner in (CHILD, never_had_one):
            with pytest.raises(Refused, match="This record was erased and cannot be restored") as refused:
                await other.keys_of([ANN, owner])
            assert refused.value.refusals[0].rule == "CP-49"
        await vault.erasures.destroy(order.id)
        with pytest.raises(Refused):
            await vault.keys_of([CHILD])
        assert (await vault.keys_of([Owner("child-eve-again", "child")])).keys()


async def test_who_makes_a_key_while_the_erasure_begins_gets_one_that_it_destroys_or_none(vault_database: str) -> None:
    for number in range(20):
        owner = Owner(f"child-{number}", "child")
        order = an_order(owner)
        async with opened(vault_database) as vault, opened(vault_database) as other:
            made, _ = await asyncio.gather(other.keys_of([owner]), vault.erasures.begin(order), return_exceptions=True)
            destroyed = await vault.erasures.destroy(order.id)
            if isinstance(made, BaseException):
                assert isinstance(made, Refused)
                assert destroyed.keys == ()
            else:
                assert destroyed.keys == (made[owner].id,)


async def test_asking_again_is_no_second_erasure(vault_database: str) -> None:
    async with opened(vault_database) as vault:
        await vault.keys_of([CHILD, TEXTS])
        order = an_order()
        first = await vault.erasures.begin(order)
        assert await vault.erasures.begin(order) == first
        assert await vault.erasures.begin(an_order()) == first  # another command, the same child
        destroyed = await vault.erasures.destroy(order.id, datetime(2026, 5, 4, 12, tzinfo=UTC))
        assert destroyed.destroyed_at == datetime(2026, 5, 4, 12, tzinfo=UTC)
        assert await vault.erasures.destroy(order.id) == destroyed
        assert (await vault.erasures.begin(order)).step == "destroyed"
        closed = await vault.erasures.close(order.id, 7)
        assert await vault.erasures.close(order.id, 8) == closed
        assert closed.position == 7
    assert rows(vault_database, "SELECT count(*) FROM erasures") == [(1,)]


async def test_nothing_is_destroyed_that_was_not_begun(vault_database: str) -> None:
    async with opened(vault_database) as vault:
        await vault.keys_of([CHILD])
        with pytest.raises(NotFound):
            await vault.erasures.destroy(uuid4())
        hold = uuid4()
        await vault.erasures.place_hold(hold, SCOPE, "aco")
        order = an_order()
        await vault.erasures.begin(order)
        assert (await vault.erasures.destroy(order.id)).step == "deferred"
        assert (await vault.erasures.close(order.id, 1)).step == "deferred"
    assert states(vault_database) == {"child-eve/child": "held"}


async def test_who_asks_cannot_approve_it(vault_database: str) -> None:
    statement = (
        "INSERT INTO erasures (id, owners, reach, ground, asked_by, approved_by, step) "
        "VALUES (gen_random_uuid(), '', '', '', 'one', 'one', 'begun')"
    )
    with pytest.raises(errors.CheckViolation):
        rows(vault_database, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE keys SET state = 'active', erasure = NULL",
        "DELETE FROM tombstones",
        "UPDATE tombstones SET owner = owner",
        "DELETE FROM erasures",
        "TRUNCATE holds CASCADE",
    ],
)
async def test_not_even_the_owner_takes_an_erasure_back(vault_database: str, as_owner: str, statement: str) -> None:
    async with opened(vault_database) as vault:
        await vault.keys_of([CHILD])
        await vault.erasures.begin(an_order())
    with psycopg.connect(as_owner) as connection, pytest.raises(errors.RestrictViolation):
        connection.execute(statement.encode())


# ---------------------------------------------------------------------------------------- holds


async def test_under_a_hold_nothing_is_destroyed_and_the_keys_are_used_on(vault_database: str) -> None:
    async with opened(vault_database) as vault:
        key = (await vault.keys_of([CHILD]))[CHILD]
        hold, order = uuid4(), an_order()
        assert await vault.erasures.place_hold(hold, SCOPE, "aco") == []
        held = await vault.erasures.begin(order)
        assert (held.step, held.held_by) == ("deferred", hold)
        assert await vault.erasures.begin(an_order()) == held
        assert (await vault.keys_of([CHILD]))[CHILD].id == key.id
        assert (await vault.keys_of([TEXTS])).keys() == {TEXTS}  # what is recorded meanwhile needs keys
        assert await vault.erasures.due() == await vault.erasures.under_way() == []
    assert states(vault_database)["child-eve/child"] == "held"


async def test_when_the_last_hold_is_released_what_waited_is_due_and_is_begun_by_asking_again(
    vault_database: str,
) -> None:
    async with opened(vault_database) as vault:
        await vault.keys_of([CHILD])
        one, another, order = uuid4(), uuid4(), an_order()
        await vault.erasures.place_hold(one, SCOPE, "aco")
        await vault.erasures.place_hold(another, Scope(frozenset({"child-eve"})), "aco")
        await vault.erasures.begin(order)
        assert await vault.erasures.release_hold(one) == []
        assert (await vault.erasures.begin(order)).held_by == another
        [due] = await vault.erasures.release_hold(another)
        assert due.order == order
        assert await vault.erasures.release_hold(another) == [due]
        await vault.keys_of([TEXTS])
        begun = await vault.erasures.begin(due.order)
        assert (begun.id, begun.step, len(begun.keys)) == (order.id, "begun", 2)
        assert await vault.erasures.due() == []
        assert await vault.erasures.holds() == {}


async def test_a_hold_on_a_class_of_cases_covers_by_what_the_erasure_says_of_them(vault_database: str) -> None:
    reach = Reach(
        frozenset({"child-eve"}),
        (CaseReached(frozenset({"theft"}), frozenset({"Nörth"}), datetime(2025, 1, 1).date()),),
    )
    async with opened(vault_database) as vault:
        hold = uuid4()
        await vault.erasures.place_hold(hold, Scope(classes=(CaseClass(office="Nörth"),)), "aco")
        held = await vault.erasures.begin(an_order(CHILD, reach=reach))
        assert (held.held_by, held.order.reach) == (hold, reach.as_kept())
        assert (await vault.erasures.begin(an_order(ANN))).step == "begun"


async def test_no_offence_lies_in_the_journal_and_a_hold_on_an_offence_covers_all_the_same(vault_database: str) -> None:
    day = datetime(2025, 1, 1).date()
    theft, arson = (
        Reach(frozenset(), (CaseReached(frozenset({each}), frozenset(), day),)) for each in ("theft", "arson")
    )
    async with opened(vault_database) as vault:
        hold = uuid4()
        await vault.erasures.place_hold(hold, Scope(classes=(CaseClass(offence="theft"),)), "aco")
        waits, goes = an_order(CHILD, reach=theft), an_order(ANN, reach=arson)
        assert (await vault.erasures.begin(waits)).step == "deferred"
        assert [each.id for each in await vault.erasures.due()] == [waits.id]  # to be asked again ...
        assert (await vault.erasures.begin(waits)).step == "deferred"  # ... and still held
        assert (await vault.erasures.begin(goes)).step == "begun"
        late = await vault.erasures.place_hold(uuid4(), Scope(classes=(CaseClass(offence="arson"),)), "aco")
        assert [each.id for each in late] == [goes.id]
        assert "theft" not in str(await vault.erasures.deferred())
        await vault.erasures.release_hold(hold)
        assert (await vault.erasures.begin(waits)).step == "begun"


async def test_a_hold_that_comes_too_late_is_told_which_erasures_were_faster(vault_database: str) -> None:
    async with opened(vault_database) as vault:
        order, other = an_order(), an_order(Owner("child-bob", "child"), reach=Reach(frozenset({"child-bob"})))
        await vault.erasures.begin(order)
        await vault.erasures.begin(other)
        assert [each.id for each in await vault.erasures.place_hold(uuid4(), SCOPE, "aco")] == [order.id]
        assert (await vault.erasures.destroy(order.id)).step == "destroyed"
        await vault.erasures.close(order.id, 1)
        assert await vault.erasures.place_hold(uuid4(), SCOPE, "aco") == []


async def late(turn: int, begun: Awaitable[T]) -> T:
    """Nobody is always the first."""
    await asyncio.sleep(turn % 5 * 0.0005)
    return await begun


async def test_when_a_hold_races_an_erasure_never_both_win(vault_database: str) -> None:
    seen = {"begun": 0, "deferred": 0}
    async with opened(vault_database) as vault, opened(vault_database) as other:
        for number in range(ROUNDS):
            owner = Owner(f"child-{number}", "child")
            order, hold, scope = an_order(owner), uuid4(), Scope(frozenset({owner.id}))

            first, too_late = await asyncio.gather(
                late(number, vault.erasures.begin(order)),
                late(number // 5, other.erasures.place_hold(hold, scope, "aco")),
            )
            seen[first.step] += 1
            after = await vault.erasures.destroy(order.id)
            if first.step == "begun":
                assert [each.id for each in too_late if each.id == order.id] == [order.id]
                assert after.step == "destroyed"
                await vault.erasures.close(order.id, number + 1)
            else:
                assert (first.held_by, too_late, after.step) == (hold, [], "deferred")
            await other.erasures.release_hold(hold)
    assert min(seen.values()) >= ROUNDS / 20, seen


# ---------------------------------------------------------------------------------------- crashes


class Breaking(Wire):
    """A connection that breaks: `left` statements go through, and of the next one nobody hears whether it did."""

    left = 1_000
    before = False  # does the break come before the server has read it?

    async def ask_all(self, queries: Any) -> Any:
        if Breaking.left <= 0:
            if not Breaking.before:
                await super().ask_all(queries)
            self.close()
        Breaking.left -= 1
        return await super().ask_all(queries)

    async def ask(self, name: bytes, params: Any = ()) -> Any:
        return (await self.ask_all([(name, params)]))[0]


async def carried_out(vault: Vault, order: Order) -> Erasure:
    """What the application does, from wherever the journal stands."""
    found = await vault.erasures.begin(order)
    if found.step == "begun":
        found = await vault.erasures.destroy(order.id)
    if found.step == "destroyed":
        found = await vault.erasures.close(order.id, 9)
    return found


async def released(vault: Vault, hold: UUID) -> None:
    for each in await vault.erasures.release_hold(hold):
        await carried_out(vault, each.order)


@pytest.mark.parametrize("before", [True, False])
async def test_broken_at_any_statement_an_erasure_is_gone_on_with_and_done_once(
    vault_database: str, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    monkeypatch.setattr(Breaking, "before", before)
    broken = 0
    for statements in range(40):
        owner = Owner(f"child-{statements}", "child")
        order = an_order(owner)
        async with opened(vault_database) as vault:
            await vault.keys_of([owner])
        monkeypatch.setattr(Breaking, "left", statements)
        async with opened(vault_database, lambda: Breaking.connect(vault_database, STATEMENTS, SETUP)) as crashing:
            try:
                await carried_out(crashing, order)
            except VaultUnavailable:
                broken += 1
        async with opened(vault_database) as vault:
            for each in await vault.erasures.under_way():
                await carried_out(vault, each.order)
            done = await carried_out(vault, order)  # its caller asks again with the same key
        assert (done.step, done.position, len(done.keys)) == ("closed", 9, 1)
    assert 12 < broken < 40
    assert rows(vault_database, "SELECT count(*), count(DISTINCT owners) FROM erasures") == [(40, 40)]
    assert rows(vault_database, "SELECT state, count(*) FROM keys GROUP BY 1") == [("destroyed", 40)]


@pytest.mark.parametrize("before", [True, False])
async def test_broken_at_any_statement_a_release_lets_what_waited_be_done_once(
    vault_database: str, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    monkeypatch.setattr(Breaking, "before", before)
    for statements in range(10):
        owner, hold = Owner(f"child-{statements}", "child"), uuid4()
        order = an_order(owner, reach=Reach(frozenset({owner.id})))
        async with opened(vault_database) as vault:
            await vault.keys_of([owner])
            await vault.erasures.place_hold(hold, Scope(frozenset({owner.id})), "aco")
            assert (await vault.erasures.begin(order)).step == "deferred"
        monkeypatch.setattr(Breaking, "left", statements)
        async with opened(vault_database, lambda: Breaking.connect(vault_database, STATEMENTS, SETUP)) as crashing:
            with pytest.raises(VaultUnavailable):
                await released(crashing, hold)
        async with opened(vault_database) as vault:
            await vault.erasures.release_hold(hold)  # the fact of the release is there: its vault half is done again
            for each in (*await vault.erasures.due(), *await vault.erasures.under_way()):
                assert (await carried_out(vault, each.order)).step == "closed"
            assert await vault.erasures.due() == await vault.erasures.under_way() == []
    assert rows(vault_database, "SELECT step, count(*) FROM erasures GROUP BY 1") == [("closed", 10)]
    assert rows(vault_database, "SELECT state, count(*) FROM keys GROUP BY 1") == [("destroyed", 10)]


# ---------------------------------------------------------------------------------------- journals of before


async def test_offences_that_an_older_journal_kept_are_gone_and_it_serves_as_before(
    clusters: Clusters, fresh_database: FreshDatabase
) -> None:
    owner, day = fresh_database(clusters.vault), datetime(2025, 1, 1).date()
    names = [name for name, _ in migrate.files("vault")]
    migrate.migrate(owner, "vault", names[: names.index("0005_no_offences.sql")])
    cases = tuple(CaseReached(frozenset({each}), frozenset({"Nörth"}), day, day) for each in ("Zqtheft", "Zqarson"))
    waits = an_order(CHILD, reach=Reach(frozenset({"child-eve"}), cases))
    goes = an_order(ANN, reach=Reach(frozenset({"offender-ann"})))
    app = clusters.vault.conninfo(clusters.vault.app_role, str(conninfo_to_dict(owner)["dbname"]))
    hold = uuid4()
    async with opened(app) as vault:
        await vault.erasures.place_hold(hold, Scope(classes=(CaseClass(offence="Zqarson"),)), "aco")
        before = [await vault.erasures.begin(each) for each in (waits, goes)]
    assert [each.step for each in before] == ["deferred", "begun"]
    with psycopg.connect(owner) as connection:  # as it was written then
        text = to_json(waits.reach).decode()
        connection.execute("UPDATE erasures SET reach = %s WHERE id = %s", (text, waits.id))
    assert migrate.migrate(owner, "vault") == names[names.index("0005_no_offences.sql") :]
    assert "Zq" not in str(rows(owner, "SELECT * FROM erasures"))
    async with opened(app) as vault:
        assert [await vault.erasures.deferred(), await vault.erasures.under_way()] == [[before[0]], [before[1]]]
        assert before[0].order.reach == waits.reach.as_kept()
        assert (await vault.erasures.begin(waits)).step == "deferred"
        [due] = await vault.erasures.release_hold(hold)
        assert (await vault.erasures.begin(due.order)).step == "begun"
        assert (await vault.erasures.destroy(goes.id)).step == "destroyed"
