"""Replay through the real door: every view and worklist of the registry, live, as known now, and before a fact came."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from tests.access.test_doors import told  # noqa: F401 - a fixture
from tests.doors import Door, days_ago

from ledger.aggregates import AGGREGATES
from ledger.projections import VIEWS, WORKLISTS, View

Told = tuple[Door, dict[str, str]]


def path_of(found: dict[str, str], view: View) -> str:
    return f"/{AGGREGATES[view.noun].collection}/{found[view.noun]}/{view.name}"


def moments_of(door: Door, noun: str, name: str) -> list[tuple[int, datetime]]:
    """The facts of a case with when they were recorded."""
    stored = door.run(door.ledger.store.database.chain(f"{noun}-{name}"))
    return [(each.position, datetime.fromisoformat(str(each.members["recorded"]))) for each in stored]


def newest(door: Door) -> str:
    """When the last fact was recorded: the clock of a demonstration ledger is its own."""
    ((_, _, entry),) = door.run(door.ledger.store.database.entries(door.size, door.size))
    return str(orjson.loads(entry)["recorded"])


def positions_in(value: Any) -> list[int]:
    """Those of the facts that an answer shows or rests on."""
    if isinstance(value, dict):
        own = [value["position"]] if isinstance(value.get("position"), int) else []
        rests_on = value["why"]["facts"] if isinstance(value.get("why"), dict) else []
        return [*own, *rests_on, *(one for each in value.values() for one in positions_in(each))]
    return [one for each in value for one in positions_in(each)] if isinstance(value, list) else []


@pytest.mark.parametrize("view", VIEWS, ids=lambda each: f"{each.noun} {each.name}")
def test_as_known_now_a_view_says_what_it_says_live_and_before_a_fact_it_knows_nothing_of_it(
    told: Told,  # noqa: F811
    view: View,
):
    door, found = told
    if view.noun not in found:
        pytest.skip("no case of this noun is in the world of this test")
    path, day = path_of(found, view), days_ago(0)
    now = door.get(path, as_at=day).json()
    again = door.get(path, as_at=day, known_at=newest(door)).json()
    assert {**again, "known_at": None} == {**now, "known_at": None}
    chain = moments_of(door, view.noun, found[view.noun])
    for position, recorded in {chain[0], chain[len(chain) // 2], chain[-1]}:
        before = (recorded - timedelta(microseconds=1)).astimezone(UTC).isoformat()
        answer = door.get(path, known_at=before, explain="true")
        if recorded == chain[0][1]:  # several facts may be of one instant: before it there was no case yet
            assert answer.status_code == 404
            continue
        told_then = answer.json()
        assert told_then["position"] < position
        assert all(each < position for each in positions_in(told_then)), path
        fixed = door.get(path, known_at=before, as_at="2024-02-29").json()
        assert fixed["as_at"] == "2024-02-29"
        assert fixed["position"] == told_then["position"]


@pytest.mark.parametrize("name", WORKLISTS)
def test_as_known_now_a_worklist_has_the_rows_of_its_table_and_before_anything_none(
    told: Told,  # noqa: F811
    name: str,
):
    door, _ = told
    for as_at in ({"as_at": days_ago(0)}, {"as_at": days_ago(300)}, {"as_at": days_ago(-300)}):
        live = door.get(f"/worklists/{name}", limit="1000", **as_at).json()
        folded = door.get(f"/worklists/{name}", limit="1000", known_at=newest(door), **as_at).json()
        rows = [sorted(map(orjson.dumps, each["items"])) for each in (live, folded)]
        assert rows[0] == rows[1]
        assert live["paused"] == folded["paused"] == []
    assert door.get(f"/worklists/{name}", known_at="2020-01-01T00:00:00Z").json()["items"] == []
