"""What somebody is shown is sealed in the access log before it leaves: who, what for, of which cases, and when."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from tests.doors import Case, Door, a_problem, days_ago

from ledger.access.purposes import PURPOSES

Entry = dict[str, Any]


@pytest.fixture
def case(door: Door) -> Case:
    return door.new_case()


def entries(door: Door, after: int = 0) -> list[Entry]:
    """Every entry of the access log."""
    found = door.run(door.ledger.store.access.database.entries(after + 1, 2**40))
    return [orjson.loads(entry) for _, _, entry in found]


def size(door: Door) -> int:
    head = door.run(door.ledger.store.access.database.head())
    assert head is not None
    return head.size


# ------------------------------------------------------------------------------------ what an entry says


def test_a_view_is_an_entry_of_who_read_which_case_as_at_and_as_known_when_and_what_for(door: Door, case: Case):
    before = size(door)
    answer = door.get(f"{case.path}/enforcement", as_at=days_ago(3)).json()
    (entry,) = entries(door, before)
    by = door.actor("practitioner")
    assert (entry["type"], entry["by"]) == ("access.record-viewed.v1", {"id": by.id, "role": by.role})
    assert (entry["stream"], entry["about"]) == (f"staff-{by.id}", [f"offender-{case.id}"])
    assert entry["values"] == {
        "target_ref": case.to,
        "view": "enforcement",
        "category": "consultation",
        "purpose": "supervision",
        "position": answer["position"],
        "as_at": days_ago(3),
        "known_at": answer["known_at"],
        "people": ["narrative", "offender"],
    }


def test_the_purpose_that_is_named_stands_there_and_one_that_is_none_is_refused_before_anything_is_read(
    door: Door, case: Case
):
    before = size(door)
    for code in PURPOSES:
        assert door.ask("GET", f"{case.path}/progress", headers={"Ledger-Purpose": code}).status_code == 200
    assert [each["values"]["purpose"] for each in entries(door, before)] == list(PURPOSES)
    problem = a_problem(door.ask("GET", f"{case.path}/progress", headers={"Ledger-Purpose": "curiosity"}), 422)
    assert problem["errors"] == {"Ledger-Purpose": "not a purpose of a reading"}
    assert size(door) == before + len(PURPOSES)
