"""A page says what the log said at its position: on any day, as known at any moment, and while rows come and go."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Generator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import uuid4

import orjson
import pytest
from tests.conftest import Clusters
from tests.following.world import Home, World, opened

from ledger.errors import Malformed
from ledger.following import lists
from ledger.following.folding import Folder
from ledger.following.places import place_of
from ledger.following.tables import Tables
from ledger.projections import WORKLISTS
from ledger.projections.schedule import FOR_EVER, Projected, Span

pytestmark = pytest.mark.usefixtures("ledger_template", "vault_template")


@pytest.fixture(scope="module")
def home(clusters: Clusters) -> Generator[Home]:
    with opened(clusters) as made:
        yield made


@pytest.fixture(scope="module")
def world(home: Home) -> World:
    """Some people, some months ago, each with an overdue assessment; and what happened to them since."""
    made, rng = World(home), Random(5)
    for _ in range(6):
        home.run(made.tell(rng, "offender"))
    made.passes(60)
    for _ in range(30):
        home.run(made.tell(rng))
        made.passes(1)
    home.run(home.ledger.follower.catch_up())
    return made


def pages(home: Home, name: str, most: int = 2, **asked: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = home.run(home.ledger.worklist(name, cursor=cursor, most=most, **asked))
        assert len(page.items) <= most
        found += page.items
        cursor = page.next
    return found


# ------------------------------------------------------------------------------------ as known at a moment


@pytest.mark.parametrize("name", WORKLISTS)
def test_as_known_now_a_list_is_what_its_table_says_row_by_row(home: Home, world: World, name: str) -> None:
    day = world.clock.date()
    assert pages(home, name, as_at=day, known_at=world.clock) == pages(home, name, as_at=day)


@pytest.mark.parametrize("behind", [0, 7, lists.FAR_BEHIND])
def test_the_whole_of_a_list_is_as_it_folds_however_far_its_table_is_behind(
    home: Home, world: World, behind: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read from the table, from the table and what moved since, or folded: the same rows at the same position."""
    rng, ledger = Random(behind), home.ledger
    for _ in range(min(behind, 7)):
        home.run(world.tell(rng))
    if behind == lists.FAR_BEHIND:
        monkeypatch.setattr(lists, "FAR_BEHIND", 1)
    folded_for = list[int]()
    histories = Folder.histories

    async def noted(self: Folder, streams: Sequence[str], *given: Any) -> Any:
        folded_for.append(len(streams))
        return await histories(self, streams, *given)

    monkeypatch.setattr(Folder, "histories", noted)
    head, policy = home.run(ledger.store.database.head()), home.run(ledger.policy())
    day, everybody = world.clock.date() + timedelta(days=9), len(home.run(ledger.store.database.streams("offender")))
    for worklist in (each for each in WORKLISTS.values() if each.noun == "offender"):
        asked = lists.Question(day, most=lists.EVERY_ROW)
        read = home.run(lists.whole(ledger.store.database, ledger.cases, worklist, day, policy, head.size))
        looked_at, folded_for[:] = sum(folded_for), []
        assert read == home.run(lists.folded(ledger.store.database, ledger.cases, worklist, asked, policy, head.size))
        folded_for.clear()
        assert (looked_at > 0) == (behind > 0)
        assert looked_at == everybody or behind != lists.FAR_BEHIND
    home.run(ledger.follower.catch_up())


def test_what_became_known_later_moves_no_page_of_an_earlier_moment(home: Home, world: World) -> None:
    """Not even how many working days something is late by."""
    day, moment = world.clock.date() + timedelta(days=20), world.clock
    before = pages(home, "assessments", as_at=day, known_at=moment)
    late = [each["assessments"]["upw"].get("working_days_late") for each in before]
    assert any(late)
    known = home.run(home.ledger.cases.policy(fresh=True)).policy.calendar().holidays
    holiday = next(
        each
        for each in (day - timedelta(days=back) for back in range(1, 15))
        if each.weekday() < 5 and each not in known
    )
    data = {"date": holiday.isoformat(), "name": "A day off", "source_ref": "Gazette"}
    assert home.run(world.give(Random(1), "policy/policy", "SetBankHoliday", **data))
    home.run(home.ledger.follower.catch_up())
    assert pages(home, "assessments", as_at=day, known_at=moment) == before
    assert pages(home, "assessments", as_at=day) != before


def test_a_case_that_cannot_be_folded_is_named_and_the_others_are_there(
    home: Home, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = world.clock.date()
    before = pages(home, "assessments", as_at=day, known_at=world.clock)
    poisoned = before[0]["offender_id"]
    changed = WORKLISTS["assessments"]

    def rows(history: Any, *asked: Any) -> list[dict[str, Any]]:
        if any(each.stream.endswith(poisoned) for each in history):
            raise ArithmeticError("Featherstonehaugh")
        return changed.rows(history, *asked)

    monkeypatch.setattr("ledger.application.WORKLISTS", dict(WORKLISTS) | {"assessments": replace(changed, rows=rows)})
    page = home.run(home.ledger.worklist("assessments", as_at=day, known_at=world.clock, most=1000))
    assert page.items == [each for each in before if each["offender_id"] != poisoned]
    [told] = page.paused
    assert (told["offender_id"], told["reason"][:15]) == (poisoned, "ArithmeticError")
    assert "Featherstonehaugh" not in str(told)


@pytest.mark.parametrize(
    "cursor", ["x", "²", "9" * 5000, "-1", "7", base64.b64encode(b"2026-13-01 offender-x 1").decode()]
)
def test_a_strange_cursor_is_said_of_an_earlier_moment_too(home: Home, world: World, cursor: str) -> None:
    for asked in ({}, {"known_at": world.clock}):
        with pytest.raises(Malformed, match="cursor"):
            home.run(home.ledger.worklist("assessments", cursor=cursor, **asked))


# ------------------------------------------------------------------------------------ rows that come and go


DAY = date(2026, 3, 2)
CASE = f"offender-{uuid4()}"


def row(n: int) -> bytes:
    return orjson.dumps({"offender_id": CASE[-36:], "order_id": None, "flag": f"flag {n}", "rule": "X", "since": DAY})


def spans(numbers: list[int], since: date = DAY) -> dict[str, Projected]:
    """A case with these rows, which nothing but their text tells apart."""
    found = tuple(Span("exceptions", row(n), since, since, FOR_EVER) for n in numbers)
    return {CASE: Projected(None, found, {})}


def test_whoever_turns_the_page_neither_misses_nor_repeats_what_stays_while_rows_of_the_case_change(home: Home) -> None:
    stay = list(range(0, 40, 2))

    async def turned(rng: Random) -> list[str]:
        tables: Tables = await home.ledger._tables()
        live = (await tables.built()).live
        found: list[str] = []
        cursor: str | None = ""
        try:
            while cursor is not None:
                others = rng.sample(range(1, 80, 2), rng.randint(0, 20))
                await tables.replace(spans([*stay, *others]), live, 0)
                page = await home.ledger.worklist("exceptions", as_at=DAY, cursor=cursor, most=3)
                found += [each["flag"] for each in page.items if each["offender_id"] == CASE[-36:]]
                cursor = page.next
        finally:
            await tables.replace(spans([]), live, 0)
            await tables.close()
        return found

    home.run(home.ledger.follower.catch_up())
    for seed in range(5):
        found = home.run(turned(Random(seed)))
        assert sorted(each for each in found if int(each[5:]) % 2 == 0) == sorted(f"flag {n}" for n in stay)


@pytest.mark.parametrize("seed", range(8))
def test_a_page_of_any_day_holds_just_the_rows_that_stand_on_it(home: Home, seed: int) -> None:
    """Rows of a day, of years, for ever, beginning and ending on days that many powers of two divide and on others."""
    rng = Random(seed)
    edges = [date.fromordinal(1 << k) for k in range(20)] + [date.fromordinal(3 << 18), date.fromordinal(739_840)]
    days = edges + [DAY + timedelta(days=rng.randint(-900, 900)) for _ in range(60)]
    found: list[Span] = []
    for n in range(200):
        since = rng.choice(days)
        until = rng.choice([since + timedelta(days=rng.choice([1, 2, 7, 40, 700])), FOR_EVER])
        found.append(Span("exceptions", row(n), rng.choice(days), since, until))

    async def standing(day: date) -> list[str]:
        page = await home.ledger.worklist("exceptions", as_at=day, most=1000)
        return [each["flag"] for each in page.items if each["offender_id"] == CASE[-36:]]

    async def both() -> None:
        tables: Tables = await home.ledger._tables()
        live = (await tables.built()).live
        try:
            await tables.replace({CASE: Projected(None, tuple(found), {})}, live, 0)
            for day in rng.sample([date(1800, 1, 1), date(2200, 12, 31), *days], 30):
                flags = await standing(day)
                there = [each for each in found if each.since <= day < each.until]
                assert sorted(flags) == sorted(orjson.loads(each.row)["flag"] for each in there), day
                ranks = {orjson.loads(each.row)["flag"]: each.rank for each in there}
                assert [ranks[flag] for flag in flags] == sorted(ranks.values()), day
        finally:
            await tables.replace(spans([]), live, 0)
            await tables.close()

    home.run(both())


def test_equal_rows_have_places_side_by_side_and_no_two_the_same() -> None:
    taken: set[int] = set()
    first = place_of(b"a row", taken)
    assert [place_of(b"a row", taken) for _ in range(3)] == [first + 1, first + 2, first + 3]
    assert len(taken) == 4
    assert all(0 <= place_of(bytes([n]), taken) < 2**31 for n in range(200))


def test_a_page_and_its_position_are_of_one_moment(home: Home, world: World) -> None:
    """Whoever reads while a follower writes sees all rows of a position, and that position with them."""
    ledger = home.ledger

    async def reading(until: asyncio.Event) -> list[tuple[int, int]]:
        seen: list[tuple[int, int]] = []
        while not until.is_set():
            page = await ledger.worklist("nominations", as_at=world.clock.date(), most=1000)
            seen.append((page.position, len(page.items)))
            await asyncio.sleep(0)
        return seen

    async def both() -> tuple[list[tuple[int, int]], dict[int, int]]:
        done, true = asyncio.Event(), dict[int, int]()
        readers = [asyncio.create_task(reading(done)) for _ in range(3)]
        page = await ledger.worklist("nominations", as_at=world.clock.date(), most=1000)
        count = len(page.items)
        true[page.position] = count
        told = {
            "received_on": world.day(),
            "means_of_referral": "form",
            "site": "Nowhere",
            "work_described": "painting",
        }
        for _ in range(12):
            assert await world.give(Random(1), f"nomination/{uuid4()}", "ReceiveNomination", **told)
            await ledger.follower.catch_up()
            count += 1
            true[(await ledger.store.database.followed()).position] = count
        done.set()
        return [each for reader in readers for each in await reader], true

    seen, true = home.run(both())
    assert len(set(seen)) > 3
    assert all(true[position] == count for position, count in seen)


def test_the_unit_of_a_case_is_the_one_it_was_moved_to_unless_that_was_struck_out(home: Home, world: World) -> None:
    day, ledger = world.clock.date() + timedelta(days=400), home.ledger
    home.run(ledger.follower.catch_up())
    on_the_list = {each["offender_id"] for each in pages(home, "progress", as_at=day)}
    order = next(each for each in world.ids["order"] if each["to"][-36:] in on_the_list)
    stream = order["to"].replace("/", "-")
    moved = {"order_id": order["order_id"], "from_unit": "North", "to_unit": "Island", "notified_on": world.day()}
    known = len(world.told)
    assert home.run(world.give(Random(1), order["to"], "TransferCase", **moved, documents=["the file"]))

    def listed() -> set[str]:
        home.run(ledger.follower.catch_up())
        by_table = {each["offender_id"] for each in pages(home, "progress", as_at=day, unit="Island")}
        by_moment = {
            each["offender_id"]
            for each in pages(home, "progress", as_at=day, unit="Island", known_at=world.clock + timedelta(hours=1))
        }
        assert by_table == by_moment
        return by_table

    assert listed() == {stream[-36:]}
    struck = {"event_ref": world.told[known][1], "reason": "the wrong person"}
    assert home.run(world.give(Random(1), order["to"], "StrikeOutRecord", **struck))
    assert listed() == set()
