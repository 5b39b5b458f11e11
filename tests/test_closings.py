"""Closings of a ledger in use: they prove cases, and disturb no decision, view, list, import or receipt."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from tests.conftest import Clusters
from tests.doors import PERSON, Door, days_ago, new_door, opened

from ledger.aggregates.shape import Actor
from ledger.errors import Forbidden
from ledger.importing import import_file, running
from ledger.store import closing as module
from ledger.store.opening import SCENARIO
from ledger.transparency.heads import verify_absence, verify_head


@pytest.fixture
def fresh(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Door]:
    """A ledger for one test alone; both its logs are verified at the end."""
    with new_door(clusters.ledger, clusters.vault) as door:
        yield door


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ONCE", 0.0)


def entry_at(door: Door, position: int) -> dict[str, Any]:
    [(_, _, entry)] = door.run(door.ledger.store.database.entries(position, position))
    return orjson.loads(entry)


def test_a_case_and_its_absence_are_proven_by_a_closing(fresh: Door):
    case = fresh.new_case()
    closing = fresh.run(fresh.ledger.close_now())
    name = f"offender-{case.id}"
    head = verify_head(name, closing.chains.prove(name), closing.heads)
    assert (head.n, head.last, closing.size) == (2, 2, 3)
    nobody = f"offender-{uuid4()}"
    verify_absence(nobody, closing.chains.prove(nobody), closing.heads)
    assert fresh.run(fresh.ledger.close_now(name)) is closing
    fresh.give(case.to, "RecordAbsence", case.absence(), "supervisor")
    later = fresh.run(fresh.ledger.close_now(name))
    assert verify_head(name, later.chains.prove(name), later.heads).n == 3


def test_the_access_log_has_closings_of_its_own(fresh: Door):
    case = fresh.new_case()

    def refuse() -> None:
        with pytest.raises(Forbidden):
            fresh.give(case.to, "RecordAbsence", case.absence(), "victim-liaison-officer")

    refuse()
    access = fresh.ledger.store.access
    closing = fresh.run(fresh.ledger.close_now(of=access))
    refuse()
    name = f"offender-{case.id}"
    assert verify_head(name, closing.chains.prove(name), closing.heads).n == 1
    assert fresh.run(fresh.ledger.close_now(name, access)).size == 3
    items, after = fresh.run(fresh.ledger.refusals())
    assert ([each["position"] for each in items], after) == ([1, 3], None)
    assert fresh.size == 3  # not in the ledger


def test_status_tells_the_newest_closing_of_each_log(fresh: Door):
    fresh.new_case()
    before = fresh.run(fresh.ledger.status())
    assert before["newest_closing"] is before["access_log"]["newest_closing"] is None
    closing = fresh.run(fresh.ledger.close_now())
    after = fresh.run(fresh.ledger.status())
    assert after["newest_closing"]["position"] == after["facts"] == closing.position
    assert after["newest_closing"]["recorded"] == after["newest_fact"] == closing.recorded
    assert after["access_log"]["newest_closing"] is None


def test_a_closing_is_no_change_of_policy_and_no_release(fresh: Door):
    case = fresh.new_case()
    before = fresh.run(fresh.ledger.cases.policy(fresh=True))
    fresh.give(case.to, "RecordAbsence", case.absence(9), "supervisor")
    fresh.run(fresh.ledger.close_now())
    after = fresh.run(fresh.ledger.cases.policy(fresh=True))
    assert after.policy is before.policy
    fresh.give(case.to, "RecordAbsence", case.absence(8), "supervisor")
    earlier, later = entry_at(fresh, 4), entry_at(fresh, 6)
    assert [(each["policy"], each["release"]) for each in (earlier, later)] == [(0, 1), (0, 1)]
    fresh.give(
        "policy/policy",
        "ChangeSetting",
        {"key": "enf.evidence", "new": "7", "effective_from": days_ago(1), "reason": "as told"},
        "chief-officer",
    )
    moved = fresh.run(fresh.ledger.cases.policy(fresh=True))
    assert moved.policy is not before.policy
    assert moved.policy.version == 1


def test_a_policy_read_by_another_process_is_the_same_with_closings_between_its_facts(fresh: Door):
    fresh.new_case()
    for value in ("7", "8"):
        fresh.run(fresh.ledger.close_now())
        told = {"key": "enf.evidence", "new": value, "effective_from": days_ago(1), "reason": "as told"}
        fresh.give("policy/policy", "ChangeSetting", told, "chief-officer")
    fresh.run(fresh.ledger.close_now())
    own = fresh.run(fresh.ledger.cases.policy(fresh=True)).policy
    with opened(fresh.settings, fresh.places) as another:
        other = another.run(another.ledger.cases.policy(fresh=True)).policy
        assert another.size == fresh.size  # it took no closing for another release
    assert [each.position for each in other.history] == [each.position for each in own.history] == [1, 5, 7]


def test_views_and_lists_say_the_same_after_a_closing(fresh: Door):
    case = fresh.new_case()
    for days in (30, 20):
        fresh.give(case.to, "RecordAbsence", case.absence(days), "supervisor")

    def shown() -> list[Any]:
        fresh.run(fresh.ledger.follower.catch_up())
        views = [
            fresh.run(fresh.ledger.view("offender", case.id, name, as_at=None))
            for name in ("enforcement", "chronology")
        ]
        for each in views:
            del each["known_at"]
        return [*views, fresh.run(fresh.ledger.worklist("breach")).items]

    before = shown()
    closing = fresh.run(fresh.ledger.close_now())
    assert shown() == before
    lag = fresh.run(fresh.ledger.lag())
    assert (lag["position"], lag["behind"], lag["paused"]) == (closing.position, 0, 0)


def test_a_receipt_is_the_same_when_it_is_asked_for_after_a_closing(fresh: Door):
    case = fresh.new_case()
    key = uuid4()
    absence = case.absence()
    first = fresh.give(case.to, "RecordAbsence", absence, "supervisor", key=key)
    fresh.run(fresh.ledger.close_now())
    assert fresh.give(case.to, "RecordAbsence", absence, "supervisor", key=key).body == first.body


def test_nobody_can_give_a_closing_as_a_command(fresh: Door):
    for path in ("/ledger/ledger/closed", "/ledger/ledger/close"):
        assert fresh.post(path, {"size": 1, "heads": "A" * 43 + "="}, "chief-officer").status_code in (403, 404, 405)
    assert fresh.size == 1


def test_an_import_goes_on_over_closings(fresh: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(running, "MOST", 8)  # lines of a batch: a closing finds its way in between them
    file = tmp_path / "history.jsonl"
    lines = [
        {
            "command": "RecordOffender",
            "to": f"offender/{uuid4()}",
            "data": {**PERSON, "client_id": f"{number:07}"},
            "by": {"id": str(uuid4()), "role": "court-officer"},
        }
        for number in range(600)
    ]
    file.write_text("".join(json.dumps(each) + "\n" for each in lines))

    async def both() -> int:
        made = {(await fresh.ledger.close_now()).position}
        importing = asyncio.create_task(import_file(fresh.ledger, file, Actor(str(uuid4()), "administrator")))
        while not importing.done():
            made.add((await fresh.ledger.close_now()).position)
            await asyncio.sleep(0.01)
        outcome = await importing
        assert (outcome.recorded, outcome.rejected) == (600, [])
        return len(made)

    made = fresh.run(both())
    assert made > 2
    assert fresh.size == 601 + made


def test_a_served_ledger_is_closed_by_itself_and_a_scenario_is_not(
    clusters: Clusters, fresh: Door, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "EVERY_SECONDS", 0.02)
    monkeypatch.setattr(module, "HOURLY", timedelta())

    async def serve(door: Door) -> None:
        async with door.ledger.closed_hourly():
            await asyncio.sleep(0.6)

    fresh.new_case()
    fresh.run(serve(fresh))
    assert fresh.size == 4
    with new_door(clusters.ledger, clusters.vault, SCENARIO) as scenario:
        scenario.new_case()
        scenario.run(serve(scenario))
        assert scenario.size == 3
        assert scenario.run(scenario.ledger.close_now()).size == 3  # on demand it is
