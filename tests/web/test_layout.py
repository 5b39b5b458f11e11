"""How an answer is laid out: what is a table, and which ids are links."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.api.web.layout import LONG, WIDEST, WIDEST_OF_LONG, is_grid, is_parts, is_rows, page_of

ID = "019a0000-0000-4000-8000-000000000001"
FLAT = {"date": "2026-01-05", "state": "done", "why": {"rules": ["ENF-01"]}}


@pytest.mark.parametrize("rows", [[FLAT], [FLAT, {"cause": None}], [{"days": ["Mon", "Tue"]}]])
def test_maps_of_single_values_and_short_lists_are_a_table(rows: list[Any]):
    assert is_rows(rows)


@pytest.mark.parametrize(
    "rows",
    [
        [],
        "text",
        ["text"],
        [{"letter": {"issued_on": "2026-01-05"}}],
        [{"evidence": [{"late": False}]}],
        [dict.fromkeys(map(str, range(WIDEST + 1)))],
        [{"days": ["Mon"] * (WIDEST + 1)}],
        [dict.fromkeys(map(str, range(WIDEST_OF_LONG + 1)))] * (LONG + 1),
    ],
)
def test_what_has_parts_or_is_too_wide_is_no_table(rows: Any):
    assert not is_rows(rows)


def test_a_long_list_is_a_table_though_it_is_wide():
    wide = dict.fromkeys(map(str, range(WIDEST_OF_LONG)))
    assert is_rows([wide] * (LONG + 1))
    assert not is_rows([wide] * LONG)


def test_what_holds_maps_has_a_heading_and_single_values_have_none():
    assert is_parts({"due": "2026-01-05"})
    assert is_parts([FLAT])
    assert not is_parts("text")
    assert not is_parts(None)
    assert not is_parts([])
    assert not is_parts(["Mon", "Tue"])


def test_a_map_of_like_maps_is_a_table_with_a_heading_for_each_row():
    assert is_grid({"six": FLAT, "nine": FLAT})
    assert not is_grid({"six": FLAT})
    assert is_grid({"survey": {"last_done": None, "due": None}, "visit": {"last_done": None}})
    assert not is_grid({"six": FLAT, "nine": {"other": 1}})
    assert not is_grid({"six": FLAT, "nine": FLAT, "why": {"rules": []}})


@pytest.mark.parametrize(
    "name, at",
    [
        ("placement_id", f"/case/placements/{ID}"),
        ("child_refs", f"/case/children/{ID}"),
        ("offender_id", f"/case/offenders/{ID}"),
        ("review_id", f"/case/case-reviews/{ID}"),
        ("matter_id", f"/case/child-protection-matters/{ID}"),
        ("session_id", None),
        ("entry_id", f"/case/register-entries/{ID}"),
        ("note", None),
    ],
)
def test_an_id_leads_to_the_page_of_its_case_if_that_has_one(name: str, at: str | None):
    assert page_of(ID, name) == at
