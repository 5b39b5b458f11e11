"""An answer as long as a history is told in pages: every row once, in order, and none is longer than it may be."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.doors import Door, days_ago
from tests.erasing.family import Family
from tests.web.test_reviews import Reviewing

from ledger.api.long_lists import FACTS, page_of
from ledger.errors import Malformed
from ledger.rules.dates import LONDON


def walked(answer: dict[str, Any], most: int) -> list[dict[str, Any]]:
    pages, after = list[dict[str, Any]](), 0
    while True:
        page = page_of(answer, "rows", after, most)
        pages.append(page)
        if page["next"] is None:
            return pages
        after = int(page["next"])


@given(st.lists(st.integers(1, 3), max_size=12), st.integers(1, 5), st.randoms())
def test_pages_hold_every_row_once_in_order_and_the_rows_of_a_fact_together(counts: list[int], most: int, random: Any):
    positions = random.sample(range(1, 1000), len(counts))
    rows = [{"position": at, "n": n} for at, count in zip(positions, counts, strict=True) for n in range(count)]
    pages = walked({"rows": rows, "says": "more"}, most)
    assert [row for page in pages for row in page["rows"]] == rows
    assert all(len({row["position"] for row in page["rows"]}) <= most for page in pages)
    assert all(page["says"] == "more" for page in pages)
    assert len(pages) == max(1, -(-len(counts) // most)), "no page is empty but of an answer that is"


def test_a_row_of_a_closed_record_stays_with_the_fact_before_it():
    shut = {"limited": True}
    rows = [shut, {"position": 4}, shut, {"position": 2}, shut]
    pages = walked({"rows": rows}, 1)
    assert [page["rows"] for page in pages] == [rows[:3], rows[3:]]


def test_what_is_recorded_between_two_pages_is_not_lost_and_nothing_is_shown_twice():
    rows = [{"position": each} for each in (5, 1, 9)]
    first = page_of({"rows": rows}, "rows", 0, 2)
    later = [{"position": each} for each in (12, 5, 1, 10, 9)]
    assert page_of({"rows": later}, "rows", int(first["next"]), 2)["rows"] == later[3:]


def test_a_place_that_is_none_is_refused():
    with pytest.raises(Malformed):
        page_of({"rows": [{"position": 1}]}, "rows", 2, 1)


@pytest.mark.parametrize("name,member", [("who-knew", "knowledge"), ("chronology", "events")])
def test_a_review_is_read_page_by_page_and_whole_where_it_is_short(door: Door, name: str, member: str):
    review = Reviewing(Family(door))
    now = datetime.now(LONDON).isoformat()
    told = {"from_date": days_ago(4000), "to_date": days_ago(0), "as_known_at": now}
    review.tell("ProduceChronology", "case-reviewer", **told)
    at = f"/case-reviews/{review.id}/{name}"
    whole = door.get(at, "case-reviewer").json()
    assert whole["next"] is None
    assert len(whole[member]) > 2
    rows, asked = list[Any](), {"limit": "1"}
    while True:
        page = door.get(at, "case-reviewer", **asked).json()
        assert {each["position"] for each in page[member]} == {page[member][0]["position"]}
        rows += page[member]
        if page["next"] is None:
            break
        asked["cursor"] = page["next"]
    assert rows == whole[member]
    for wrong in ({"limit": str(FACTS + 1)}, {"cursor": "x"}, {"cursor": "999999999"}):
        assert door.get(at, "case-reviewer", **wrong).status_code == 422, wrong
    assert door.get(f"/case-reviews/{review.id}", "case-reviewer", limit="1").status_code == 422
