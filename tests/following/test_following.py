"""The tables follow the log: the same rows as the worklists themselves, exactly once, whatever comes between."""

import asyncio
import contextlib
import random
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest
from tests.doors import TODAY, Case, Door, days_ago

from ledger.errors import Malformed, NotYetProjected
from ledger.following import lists
from ledger.following.folding import can_move
from ledger.projections import WORKLISTS, schedule

SOME_DAYS = [TODAY - timedelta(days=300), TODAY - timedelta(days=20), TODAY, TODAY + timedelta(days=200)]


def rows(door: Door, name: str, day: date = TODAY) -> list[dict]:
    """Every row of a worklist, from its table."""
    found, cursor = [], ""
    while cursor is not None:
        page = door.run(door.ledger.worklist(name, as_at=day, cursor=cursor, most=7))
        found += [WORKLISTS[name].without_person(each) for each in page.items]
        cursor = page.next
    return found


def folded(door: Door, name: str, day: date = TODAY) -> list[dict]:
    """The same, folded case by case."""
    policy = door.run(door.ledger.cases.policy(fresh=True)).policy
    asked = lists.Question(day, most=100_000)
    ledger = door.ledger
    answer = lists.folded(ledger.store.database, ledger.cases, WORKLISTS[name], asked, policy, door.size)
    return door.run(answer).items


def tables_agree(door: Door) -> int:
    door.run(door.ledger.follower.catch_up())
    count = 0
    for name in WORKLISTS:
        for day in SOME_DAYS:
            kept = rows(door, name, day)
            assert kept == folded(door, name, day), f"{name} on {day}"
            count += len(kept)
    return count


def absent(door: Door, case: Case, *days: int) -> None:
    for each in days:
        absence = case.absence(each)
        assert door.post(f"{case.path}/record-absence", absence).status_code == 201
        letter = {"letter_id": str(uuid4()), "absence_id": absence["absence_id"], "channel": "post"}
        letter["issued_on"] = days_ago(each - 1)
        assert door.post(f"{case.path}/issue-enforcement-letter", letter).status_code == 201


def test_what_the_tables_say_is_what_the_worklists_say(door: Door):
    for days in ((40, 30), (12,), (60, 50, 3), ()):
        absent(door, door.new_case(), *days)
    assert tables_agree(door) > 20


def test_a_rebuild_gives_the_same_rows_and_a_new_generation(door: Door):
    absent(door, door.new_case(), 40, 30)
    tables_agree(door)
    before = {name: rows(door, name) for name in WORKLISTS}
    progress = []
    done = door.run(door.ledger.rebuild(None, lambda count, total: progress.append((count, total))))
    assert done["worklists"] == sorted(WORKLISTS)
    assert progress[-1][0] == progress[-1][1] == done["cases"]
    assert {name: rows(door, name) for name in WORKLISTS} == before
    door.run(door.ledger.rebuild("breach", lambda count, total: None))
    assert {name: rows(door, name) for name in WORKLISTS} == before
    generations = {name: number for name, (number, _) in door.run(generations_of(door)).items()}
    assert generations["breach"] == generations["letters"] + 1


async def generations_of(door: Door):
    tables = await door.ledger._tables()
    try:
        return await tables.generations()
    finally:
        await tables.close()


def test_projecting_the_same_facts_twice_gives_the_same_rows(door: Door):
    absent(door, door.new_case(), 40, 30)
    tables_agree(door)
    before = {name: rows(door, name) for name in WORKLISTS}

    async def again():
        tables = await door.ledger._tables()
        async with tables.held() as position:
            await tables.followed(max(0, position - 50))
        await tables.close()
        await door.ledger.follower.catch_up()

    door.run(again())
    assert {name: rows(door, name) for name in WORKLISTS} == before


def test_a_change_of_policy_moves_the_cases_it_can_and_no_others(door: Door):
    fresh, old = door.new_case(), door.new_case()
    absent(door, fresh, 4)
    absent(door, old, 200)
    door.run(door.ledger.follower.catch_up())
    change = {"key": "enf.evidence", "new": "9", "effective_from": days_ago(10), "reason": "a longer time"}
    sealed = door.post("/policy/policy/change-setting", change, "chief-officer")
    assert sealed.status_code == 201, sealed.text

    async def movable():
        tables = await door.ledger._tables()
        try:
            return await tables.movable({"enf.evidence": TODAY - timedelta(days=10)})
        finally:
            await tables.close()

    found = door.run(movable())
    assert f"offender-{fresh.id}" in found
    assert f"offender-{old.id}" not in found
    tables_agree(door)
    back = {**change, "new": "5", "reason": "as before"}
    assert door.post("/policy/policy/change-setting", back, "chief-officer").status_code == 201
    tables_agree(door)


def test_a_holiday_set_later_moves_what_it_lengthens(door: Door):
    absent(door, door.new_case(), 2)
    door.run(door.ledger.follower.catch_up())
    day = TODAY + timedelta(days=1)
    while day.weekday() > 4:
        day += timedelta(days=1)
    holiday = {"date": day.isoformat(), "name": "A day off", "source_ref": "Gazette"}
    answer = door.post("/policy/policy/set-bank-holiday", holiday, "chief-officer")
    assert answer.status_code in (201, 409)
    tables_agree(door)


def test_what_moved_from_a_day_on_moves_whoever_asked_for_that_day_or_a_later_one():
    assert can_move({"calendar": "2020-01-01"}, {"calendar": date(2020, 1, 1)})
    assert not can_move({"enf.evidence": "2020-01-01"}, {"enf.evidence": date(2020, 1, 2)})
    assert not can_move({"enf.evidence": "2020-01-01"}, {"calendar": date(2019, 1, 1)})
    assert not can_move({}, {"calendar": date.min})


# ------------------------------------------------------------------------------------ a case that cannot be folded


def test_a_case_that_cannot_be_folded_is_listed_and_the_others_stay_current(
    door: Door, monkeypatch: pytest.MonkeyPatch
):
    poisoned, sound = door.new_case(), door.new_case()
    absent(door, poisoned, 40, 30)
    door.run(door.ledger.follower.catch_up())
    real = schedule.unit_of

    def unit_of(stream, history):
        if stream.endswith(poisoned.id):
            raise KeyError("Featherstonehaugh")
        return real(stream, history)

    monkeypatch.setattr(schedule, "unit_of", unit_of)
    absent(door, poisoned, 3)
    absent(door, sound, 40, 30)
    door.run(door.ledger.follower.catch_up())
    page = door.run(door.ledger.worklist("breach", as_at=TODAY, most=1000))
    assert {poisoned.id, sound.id} <= {each["offender_id"] for each in page.items}
    [told] = [each for each in page.paused if each["offender_id"] == poisoned.id]
    assert told["reason"].startswith("KeyError at test_following.py:")
    assert "Featherstonehaugh" not in str(page.paused)
    assert 0 < told["position"] <= door.size
    lag = door.run(door.ledger.lag())
    assert (lag["behind"], lag["paused"]) == (0, 1)
    assert not [each for each in rows(door, "letters") if each["offender_id"] == poisoned.id and each["age_days"] == 3]
    monkeypatch.undo()
    absent(door, poisoned, 2)
    door.run(door.ledger.follower.catch_up())
    assert door.run(door.ledger.lag())["paused"] == 0
    tables_agree(door)


def test_a_paused_case_is_tried_again_without_a_new_fact(door: Door, monkeypatch: pytest.MonkeyPatch):
    case = door.new_case()

    def unit_of(stream, history):
        raise KeyError

    with monkeypatch.context() as poison:
        poison.setattr(schedule, "unit_of", unit_of)
        absent(door, case, 40, 30)
        door.run(door.ledger.follower.catch_up())
    assert door.run(door.ledger.lag())["paused"]
    door.ledger.follower._retried = float("-inf")
    door.run(door.ledger.follower.catch_up())
    assert door.run(door.ledger.lag())["paused"] == 0
    tables_agree(door)


# ------------------------------------------------------------------------------------ reading


def test_pages_follow_one_another_without_a_gap_or_a_repeat(door: Door):
    for _ in range(9):
        absent(door, door.new_case(), 40, 30)
    door.run(door.ledger.follower.catch_up())
    whole = door.run(door.ledger.worklist("breach", as_at=TODAY, most=1000)).items
    assert rows(door, "breach") == whole
    assert len({each["order_id"] for each in whole}) == len(whole) >= 9
    assert [each["breach_on"] for each in whole] == sorted(each["breach_on"] for each in whole)


def test_a_list_of_a_unit_holds_its_cases_only(door: Door):
    door.run(door.ledger.follower.catch_up())
    assert door.run(door.ledger.worklist("breach", unit="Nowhere")).items == []


@pytest.mark.parametrize("cursor", ["x", "AAAA", "MjAyNS0wMS0wMSBub25l", "é", "=" * 9])
def test_a_strange_cursor_is_said(door: Door, cursor: str):
    with pytest.raises(Malformed, match="cursor"):
        door.run(door.ledger.worklist("breach", cursor=cursor))


def test_whoever_asks_for_a_position_waits_until_it_is_projected(door: Door):
    case = door.new_case()
    absent(door, case, 40, 30)
    page = door.run(door.ledger.worklist("breach", after=door.size, most=1000))
    assert page.position >= door.size
    assert case.id in {each["offender_id"] for each in page.items}


def test_a_position_that_is_not_projected_in_time_is_said_with_the_one_reached(
    door: Door, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(lists, "WAIT_SECONDS", 0.1)
    with pytest.raises(NotYetProjected) as told:
        door.run(door.ledger.worklist("breach", after=door.size + 1000))
    assert told.value.extra() == {"position": door.run(door.ledger.lag())["position"]}
    problem = door.get("/worklists/breach", after=door.size + 1000)
    assert (problem.status_code, problem.json()["type"]) == (503, "/problems/not-yet-projected")
    assert problem.headers["retry-after"]


@contextlib.contextmanager
def newer_code():
    """The code of a later release, whose breach worklist says something else."""
    changed = dict(WORKLISTS) | {"breach": replace(WORKLISTS["breach"], version=2)}
    with pytest.MonkeyPatch.context() as patch:
        for module in ("ledger.following.tables", "ledger.following.rebuilding", "ledger.application"):
            patch.setattr(f"{module}.WORKLISTS", changed)
        yield


def test_a_worklist_of_another_version_is_built_anew_before_it_is_read(door: Door):
    absent(door, door.new_case(), 40, 30)
    tables_agree(door)
    with newer_code():
        with pytest.raises(NotYetProjected, match="being built"):
            door.run(door.ledger.worklist("breach"))
        before = rows(door, "letters")
        door.run(door.ledger.follower.catch_up())
        assert rows(door, "letters") == before
        assert rows(door, "breach")
    door.run(door.ledger.rebuild(None, lambda done, total: None))
    tables_agree(door)


def test_older_code_stands_aside_where_newer_code_follows_and_passes_no_fact_by(door: Door):
    absent(door, door.new_case(), 40, 30)
    tables_agree(door)
    with newer_code():
        door.run(door.ledger.follower.catch_up())
        built = door.run(generations_of(door))
    case = door.new_case()
    absent(door, case, 40, 30)
    before = door.run(door.ledger.lag())["position"]
    for _ in range(3):
        door.run(door.ledger.follower.catch_up())
    assert door.run(door.ledger.lag())["position"] == before
    assert door.run(generations_of(door)) == built, "the older code built its own again, and the newer would, for ever"
    with newer_code():
        door.run(door.ledger.follower.catch_up())
        assert case.id in {each["offender_id"] for each in rows(door, "breach")}
    door.run(door.ledger.rebuild(None, lambda done, total: None))
    door.run(door.ledger.follower.catch_up())
    assert door.run(door.ledger.lag())["behind"] == 0
    tables_agree(door)


# ------------------------------------------------------------------------------------ interruptions


def test_a_follower_stopped_anywhere_goes_on_without_loss(door: Door):
    """Cancelled at random moments while facts arrive: in the end the tables agree, and nothing was skipped."""
    pick = random.Random(7)

    async def one_life():
        follower = door.ledger.follower
        following = asyncio.create_task(follower.catch_up())
        await asyncio.sleep(pick.random() * 0.03)
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following
        await follower.close()

    for _ in range(12):
        absent(door, door.new_case(), *pick.sample(range(3, 60), 2))
        door.run(one_life())
    assert tables_agree(door) > 20


def test_a_rebuild_that_is_interrupted_leaves_the_live_tables(door: Door):
    absent(door, door.new_case(), 40, 30)
    tables_agree(door)
    before = {name: rows(door, name) for name in WORKLISTS}
    generations = door.run(generations_of(door))

    class PowerCut(Exception):
        pass

    def progress(done: int, total: int) -> None:
        raise PowerCut

    with pytest.raises(PowerCut):
        door.run(door.ledger.rebuild(None, progress))
    assert door.run(generations_of(door)) == generations
    assert {name: rows(door, name) for name in WORKLISTS} == before
    door.run(door.ledger.rebuild(None, lambda done, total: None))
    tables_agree(door)
