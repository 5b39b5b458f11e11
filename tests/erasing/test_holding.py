"""A hold keeps erasures waiting, whoever asks; its release carries them out the same day; neither overtakes another."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from tests.conftest import Clusters
from tests.doors import Door, days_ago, new_door
from tests.erasing.family import ERASED, OFFICER, Family

from ledger.aggregates.shape import Actor
from ledger.commands import Acknowledged
from ledger.errors import Forbidden, Refused
from ledger.importing import import_file
from ledger.store.mapping import Stored

ROUNDS = int(os.environ.get("HOLD_RACES", "12"))  # as many as you like: HOLD_RACES=1000, --timeout 3600


@pytest.fixture(scope="module")
def door(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Door]:
    with new_door(clusters.ledger, clusters.vault) as made:
        yield made


@pytest.fixture
def home(door: Door) -> Family:
    return Family(door)


def deferred(home: Family, child: str) -> list[tuple[str, str | None]]:
    query = f"SELECT step, held_by::text FROM erasures WHERE owners LIKE '%{child}%'"
    return [(step, held_by) for step, held_by in home.vault(query)]


def refused(home: Family, child: str) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as problem:
        home.erase(child)
    return [(each.rule, each.message) for each in problem.value.refusals]


def test_an_erasure_under_a_hold_waits_and_the_attempt_is_recorded_twice(home: Family) -> None:
    kit = home.child()
    entry, review = home.entered([kit]), home.review()
    hold = home.held(review)
    home.leaves(entry)
    assert refused(home, kit) == [("SCR-05", f"Erasure is held by case review {review}.")]
    assert deferred(home, kit) == [("deferred", hold)]
    items, _ = home.door.run(home.door.ledger.refusals(f"child/{kit}"))
    assert [(each["command_name"], each["rule_ids"]) for each in items] == [("EraseChild", ["SCR-05"])]
    assert home.words[kit][0] in str(home.seen(f"/children/{kit}"))
    states = home.vault(f"SELECT DISTINCT state FROM keys WHERE owner LIKE '%{kit}%'")
    assert states == [("held",)]
    released = home.released(review, hold)
    assert [each["type"] for each in released.body["events"]] == ["HoldReleased"]
    [erased] = home.erasures_of(kit)
    assert (erased.members["by"]["role"], erased.members["values"]["erased_on"]) == ("system", days_ago(0))
    assert ERASED in str(home.register())
    assert [step for step, _ in deferred(home, kit)] == ["closed"]


def test_a_release_erases_what_is_due_though_nobody_asked_and_leaves_who_is_still_registered(home: Family) -> None:
    kit, pip = home.child(), home.child()
    one, _ = home.entered([kit]), home.entered([pip])
    review = home.review()
    hold = home.held(review)
    home.leaves(one)
    home.released(review, hold)
    assert len(home.erasures_of(kit)) == 1
    assert home.erasures_of(pip) == []
    assert home.words[pip][0] in str(home.register())


def test_of_two_holds_the_last_release_decides(home: Family) -> None:
    kit = home.child()
    entry, first, second = home.entered([kit]), home.review(), home.review()
    one, two = home.held(first), home.held(second)
    home.leaves(entry)
    home.released(first, one)
    assert home.erasures_of(kit) == []
    assert refused(home, kit) == [("SCR-05", f"Erasure is held by case review {second}.")]
    home.released(second, two)
    assert len(home.erasures_of(kit)) == 1


def test_after_a_release_whoever_asks_again_learns_that_it_is_done(home: Family) -> None:
    kit, key = home.child(), uuid4()
    entry, review = home.entered([kit]), home.review()
    hold = home.held(review)
    home.leaves(entry)
    with pytest.raises(Refused):
        home.erase(kit, key)
    home.released(review, hold)
    with pytest.raises(Refused, match="This record was erased"):
        home.erase(kit, key)


def test_a_hold_placed_again_with_the_same_key_is_the_same_hold_and_a_released_one_stays_released(home: Family) -> None:
    review, hold, key = home.review(), str(uuid4()), uuid4()
    first = home.door.give(f"case-review/{review}", "PlaceHold", home.holding(hold), "aco", key=key)
    assert home.door.give(f"case-review/{review}", "PlaceHold", home.holding(hold), "aco", key=key).body == first.body
    home.released(review, hold)
    assert home.door.give(f"case-review/{review}", "PlaceHold", home.holding(hold), "aco", key=key).body == first.body
    assert home.vault(f"SELECT released_at IS NULL FROM holds WHERE id = '{hold}'") == [(False,)]


def test_the_id_of_a_hold_in_force_is_nobody_elses(home: Family) -> None:
    first, second = home.review(), home.review()
    hold = home.held(first)
    with pytest.raises(Refused, match="hold"):
        home.held(second, hold)
    assert home.vault(f"SELECT released_at IS NULL FROM holds WHERE id = '{hold}'") == [(True,)]


@pytest.mark.parametrize("refusing", ["by-role", "by-rule"])
def test_a_hold_that_is_refused_holds_nothing(home: Family, refusing: str) -> None:
    review, hold = home.review(), str(uuid4())
    if refusing == "by-role":
        with pytest.raises(Forbidden):
            home.give(f"case-review/{review}", "PlaceHold", home.holding(hold), OFFICER)
    else:
        unknown = home.holding(hold) | {"offender_refs": [str(uuid4())]}
        with pytest.raises(Refused):
            home.give(f"case-review/{review}", "PlaceHold", unknown, "aco")
    assert home.vault(f"SELECT count(*) FROM holds WHERE id = '{hold}'") == [(0,)]


def test_hold_and_erasure_at_once_are_never_both(home: Family) -> None:
    """Either the erasure was under way before the hold, which says so, or it waits for it."""
    for number in range(ROUNDS):
        assert round_of(Family(home.door), number * 0.002) in ("erased", "held")


def round_of(home: Family, late: float) -> str:
    """What came of a hold and an erasure at once: "erased" or "held", or what was wrong."""
    kit = home.child()
    entry, review, hold = home.entered([kit]), home.review(), str(uuid4())
    home.leaves(entry)

    async def placing() -> Any:
        await asyncio.sleep(late)
        return await home.door.giving(f"case-review/{review}", "PlaceHold", home.holding(hold), "aco", key=uuid4())

    async def both() -> list[Any]:
        return await asyncio.gather(placing(), home.erasing(kit), return_exceptions=True)

    placed, erased = home.door.run(both())
    if not isinstance(placed, Acknowledged):
        return f"the hold: {placed!r}"
    facts: list[Stored] = home.erasures_of(kit)
    if isinstance(erased, Acknowledged):
        return "erased" if len(facts) == 1 else "acknowledged and not recorded"
    if not isinstance(erased, Refused) or erased.refusals[0].rule != "SCR-05":
        return f"the erasure: {erased!r}"
    steps = home.vault(f"SELECT step FROM erasures WHERE owners LIKE '%{kit}%'")
    readable = home.words[kit][0] in str(home.seen(f"/children/{kit}"))
    return "held" if not facts and steps == [("deferred",)] and readable else f"both: {steps}"


def test_a_hold_that_comes_too_late_says_what_it_did_not_stop(home: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    kit = home.child()
    entry, review, hold = home.entered([kit]), home.review(), str(uuid4())
    home.leaves(entry)
    journal = home.door.ledger.store.vault.erasures
    destroy = journal.destroy

    async def while_it_is_under_way(id: Any, at: Any = None) -> Any:  # noqa: A002
        monkeypatch.undo()  # the texts of this review about the child go too: that is a step of its own
        placed = await home.door.giving(f"case-review/{review}", "PlaceHold", home.holding(hold), "aco", key=uuid4())
        assert [each["rule"] for each in placed.body["warnings"]] == ["SCR-05"]
        assert str(id) in placed.body["warnings"][0]["message"]
        return await destroy(id, at)

    monkeypatch.setattr(journal, "destroy", while_it_is_under_way)
    home.erase(kit)
    assert len(home.erasures_of(kit)) == 1


def test_a_release_told_by_another_system_waits_for_the_review_like_any(home: Family, tmp_path: Path) -> None:
    kit = home.child()
    entry, review = home.entered([kit]), home.review()
    hold = home.held(review)
    asked = {"on": days_ago(1), "timescale_due": days_ago(-60)}
    home.give(f"case-review/{review}", "RequestManagementReview", asked, "chief-officer")
    home.leaves(entry)
    told = {
        "command": "ReleaseHold",
        "to": f"case-review/{review}",
        "data": home.releasing(hold),
        "by": {"id": str(uuid4()), "role": "chief-officer"},
        "source": {"system": "OLD", "recorded": f"{days_ago(0)}T00:01"},
    }
    file = tmp_path / "releases.jsonl"
    file.write_bytes(orjson.dumps(told) + b"\n")
    outcome = home.door.run(import_file(home.door.ledger, file, Actor(str(uuid4()), "administrator")))
    assert [(number, rule) for number, rule, _ in outcome.rejected] == [(1, "SCR-06")]
    assert home.erasures_of(kit) == []
    assert home.vault(f"SELECT released_at IS NULL FROM holds WHERE id = '{hold}'") == [(True,)]
