"""Allocation through the real door: two at once for the last place, one woman in while the other goes, bad input."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from uuid import uuid4

import pytest
from tests.aggregates.telling import A_PARK, SIGNED, TIMETABLE
from tests.conftest import Clusters
from tests.doors import PERSON, Door, days_ago, new_door

from ledger.errors import Refused

ROUNDS = 12


@pytest.fixture(scope="module")
def door(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Door]:
    with new_door(clusters.ledger, clusters.vault) as opened:
        yield opened


def park(door: Door, places: int) -> str:
    to, day = f"placement/{uuid4()}", days_ago(30)
    for command, role, data in (
        ("OpenPlacement", "placement-coordinator", A_PARK | {"max_no": places, "proposed_start": day}),
        ("ApprovePlacement", "head-of-unpaid-work", {"on": day}),
        ("FileRiskAssessment", "placement-coordinator",
         {"requirement": "TOOLS", "achievable": True, "location": "box", "noted_in_pqs5": True, "on": day}),
        ("DraftAgreement", "placement-coordinator", {"version": 1, "sections": TIMETABLE}),
        ("SignAgreement", "placement-coordinator", SIGNED | {"provider_signed_on": day, "manager_signed_on": day}),
    ):  # fmt: skip
        door.give(to, command, data, role)
    return to.partition("/")[2]


def somebody(door: Door, gender: str) -> tuple[str, str]:
    """A person who may be allocated: (address, order)."""
    to, order = f"offender/{uuid4()}", str(uuid4())
    door.give(to, "RecordOffender", PERSON | {"gender": gender}, "court-officer")
    data = {"order_id": order, "order_type": "CO", "court": "Nowhere", "sentence_date": days_ago(60)}
    data |= {"order_end_date": days_ago(-300), "requirements": ["UPW"], "upw_hours": 100}
    door.give(to, "RecordOrder", data, "court-officer")
    data = {"order_id": order, "completed_on": days_ago(50)}
    door.give(to, "CompleteUpwAssessment", data | {"group_preference": "MIXED"}, "practitioner")
    door.give(to, "CompleteRiskAssessment", data | {"rosh_level": "LOW", "marking": "CONFIDENTIAL"}, "practitioner")
    return to, order


def allocation(order: str, placement: str) -> dict[str, object]:
    data = {"allocation_id": str(uuid4()), "order_id": order, "placement_id": placement, "mode": "GROUP"}
    return data | {"from_date": days_ago(-3), "match_reasons": "near home", "roh_considered": True}


def test_of_two_at_once_for_the_last_place_exactly_one_comes(door: Door) -> None:
    people = [somebody(door, "M"), somebody(door, "M")]

    async def both(placement: str) -> list[object]:
        given = (
            door.giving(to, "AllocatePlacement", allocation(order, placement), "placement-coordinator")
            for to, order in people
        )
        return await asyncio.gather(*given, return_exceptions=True)

    for _ in range(ROUNDS):
        came = door.run(both(park(door, 1)))
        refused = [each for each in came if isinstance(each, Refused)]
        assert len(refused) == 1, came
        assert [(each.rule, each.message) for each in refused[0].refusals] == [("ALL-05", "The placement is full (1).")]
        assert sum(not isinstance(each, BaseException) for each in came) == 1


def test_thirty_at_once_for_thirty_places_all_come_in_turn(door: Door) -> None:
    people, placement = [somebody(door, "M") for _ in range(30)], park(door, 30)

    async def all_of_them() -> list[object]:
        return await asyncio.gather(
            *(
                door.giving(to, "AllocatePlacement", allocation(order, placement), "placement-coordinator")
                for to, order in people
            )
        )

    assert len(door.run(all_of_them())) == 30
    one_more = somebody(door, "M")
    with pytest.raises(Refused):
        door.give(one_more[0], "AllocatePlacement", allocation(one_more[1], placement), "placement-coordinator")


def test_a_woman_comes_while_the_other_goes(door: Door) -> None:
    """Whichever is sealed first, she was never let into a group that was all-male when her allocation was sealed."""
    (cat, cats), (bob, bobs), (ann, anns) = somebody(door, "F"), somebody(door, "M"), somebody(door, "F")

    async def both(placement: str, hers: dict[str, object]) -> tuple[object, object]:
        ended = {"allocation_id": hers["allocation_id"], "on": days_ago(0), "reason": "moved"}
        return await asyncio.gather(
            door.giving(ann, "AllocatePlacement", allocation(anns, placement), "placement-coordinator"),
            door.giving(cat, "EndAllocation", ended, "placement-coordinator"),
            return_exceptions=True,
        )

    for _ in range(ROUNDS):
        placement = park(door, 6)
        hers = allocation(cats, placement)
        door.give(cat, "AllocatePlacement", hers, "placement-coordinator")
        door.give(bob, "AllocatePlacement", allocation(bobs, placement), "placement-coordinator")
        allocated, went = door.run(both(placement, hers))
        assert not isinstance(went, BaseException)
        if isinstance(allocated, Refused):
            assert allocated.refusals[0].rule == "ALL-07"
        else:
            assert not isinstance(allocated, BaseException)
            assert allocated.body["events"][0]["position"] < went.body["events"][0]["position"]


def test_what_is_sealed_leaves_by_this_view_only_for_those_who_may_read_it(door: Door) -> None:
    to, order = somebody(door, "M")
    told = {"restriction": "No-ladders-for-this-one", "from_date": days_ago(1)}
    door.give(to, "SetTaskRestriction", told, "placement-coordinator")
    door.give(to, "AllocatePlacement", allocation(order, park(door, 2)), "placement-coordinator")
    path = f"/offenders/{to.partition('/')[2]}"
    shown = door.get(f"{path}/allocation").json()
    assert [each["restriction"] for each in shown["restrictions"]] == ["No-ladders-for-this-one"]
    assert shown["allocations"][0]["state"] == "active"
    assert "No-ladders-for-this-one" not in door.get(f"{path}/progress").text


@pytest.mark.parametrize(
    "change",
    [
        {"placement_id": "park"},
        {"placement_id": "00000000-0000-3000-8000-000000000000"},
        {"mode": "group"},
        {"mode": None},
        {"from_date": "2025-02-30"},
        {"from_date": 20250203},
        {"match_reasons": "near\x00home"},
        {"match_reasons": "x" * 40_000},
        {"match_reasons": ["near"]},
        {"roh_considered": "yes"},
        {"allocation_id": 7},
        {"more": 1},
    ],
)
def test_an_allocation_of_the_wrong_shape_is_malformed_and_nothing_is_written(door: Door, change) -> None:
    to, order = somebody(door, "M")
    body = allocation(order, park(door, 1)) | change
    before = door.size
    answer = door.post(f"/offenders/{to.partition('/')[2]}/allocate-placement", body, "placement-coordinator")
    assert (answer.status_code, door.size) == (422, before)


def test_a_placement_nobody_opened_is_refused_and_names_no_person(door: Door) -> None:
    to, order = somebody(door, "M")
    body = allocation(order, str(uuid4()))
    answer = door.post(f"/offenders/{to.partition('/')[2]}/allocate-placement", body, "placement-coordinator")
    assert (answer.status_code, answer.json()["rule"]) == (409, "GEN-06")
    assert PERSON["surname"] not in answer.text
