"""Every list is told in pages of a bounded length, which together are the whole of it, each row once.

What a route is that tells a list follows from the OpenAPI document: its answer has `items` and `next`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest
from tests.doors import Case, Door, a_problem

from ledger.api import openapi

# Registries of this release: as long as its code, and the same for everybody.
WHOLE = {"/rules", "/events"}
BODY = {"surname": "Feather*"}


def lists() -> dict[str, Mapping[str, Any]]:
    """Path and operation of every list."""
    found: dict[str, Mapping[str, Any]] = {}
    for path, operations in openapi.document()["paths"].items():
        for operation in operations.values():
            schema = operation["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema")
            if schema and {"items", "next"} <= set(schema.get("properties", ())):
                found[path] = operation
    return found


LISTS = lists()
PAGED = sorted(set(LISTS) - WHOLE)


def test_the_lists_are_found():
    assert WHOLE | {"/access/refusals", "/worklists/breach", "/offenders/search"} <= set(LISTS)
    assert {"/offenders/{id}/readings", "/offenders/{id}/decisions"} <= set(LISTS)


@pytest.fixture(scope="module")
def case(door: Door) -> Case:
    """A case with seven refusals, as many readings, and decisions."""
    case = door.new_case()
    for _ in range(7):
        a_problem(door.post(f"{case.path}/record-absence", case.absence(), "auditor"), 403)
        assert door.get(case.path + "/progress").status_code == 200
        door.give(case.to, "RecordAbsence", case.absence(), "supervisor", key=uuid4())
    return case


@pytest.mark.parametrize("path", PAGED)
def test_a_list_says_how_long_a_page_may_be_and_holds_to_it(path: str):
    taken = {each["name"]: each for each in LISTS[path]["parameters"]}
    assert taken["limit"]["schema"]["minimum"] == 1
    assert 1 <= taken["limit"]["schema"]["maximum"] <= 1_000
    assert "cursor" in taken


@pytest.mark.parametrize("path", [each for each in PAGED if "{id}" not in each or each.startswith("/offenders/")])
def test_a_page_longer_than_that_a_negative_one_and_a_strange_cursor_are_refused(door: Door, case: Case, path: str):
    most = next(each for each in LISTS[path]["parameters"] if each["name"] == "limit")["schema"]["maximum"]
    for wrong in (str(most + 1), "-1", "1e3", "9" * 40, ""):
        a_problem(asked(door, case, path, limit=wrong), 422, "malformed")
    for wrong in ("-1", "nobody's", "9" * 400, "\x00"):
        a_problem(asked(door, case, path, cursor=wrong), 422, "malformed")


@pytest.mark.parametrize(
    "path",
    ["/access/refusals", "/access/refusals?to", "/offenders/{id}/readings", "/offenders/{id}/decisions"],
)
def test_the_pages_of_a_list_are_the_whole_of_it_each_row_once(door: Door, case: Case, path: str):
    more = {"to": case.to} if path.endswith("?to") else {}
    path = path.partition("?")[0]
    whole = asked(door, case, path, **more).json()["items"]
    assert len(whole) >= 7
    found, cursor = [], ""
    while cursor is not None and len(found) < len(whole):
        page = asked(door, case, path, limit="3", **more, **({"cursor": cursor} if cursor else {})).json()
        assert len(page["items"]) <= 3
        found += page["items"]
        cursor = page["next"]
    assert found[: len(whole)] == whole


def asked(door: Door, case: Case, path: str, **query: str) -> Any:
    auditing = "refusals" in path or "readings" in path
    role = "auditor" if auditing else "practitioner"
    path = path.replace("{id}", case.id)
    if "search" in path:
        return door.ask("POST", path, role, params=query, json=BODY)
    return door.get(path, role, **query)
