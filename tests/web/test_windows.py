"""A timeline year by year."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.api.web.windows import FACTS, chosen, windows
from ledger.errors import NotFound


def told(*days: date | datetime | None) -> list[dict[str, Any]]:
    """Facts in order; None for one of a record with limited access."""
    return [
        {"limited": True} if each is None else {"position": number, "effective": each}
        for number, each in enumerate(days, 1)
    ]


def test_each_year_is_a_part_and_the_newest_is_shown():
    found = windows(told(date(2024, 5, 1), date(2026, 1, 1), date(2026, 2, 1)))
    assert [(each.name, each.says, len(each.events)) for each in found] == [("2024", "2024", 1), ("2026", "2026", 2)]
    newest = chosen(found, "", "")
    assert newest is found[-1]


def test_the_last_hour_of_a_year_is_londons():
    [found] = windows(told(datetime(2025, 12, 31, 23, 30, tzinfo=UTC)))
    assert found.name == "2025"
    [found] = windows(told(datetime(2026, 6, 30, 23, 30, tzinfo=UTC)))  # it is July in London
    assert found.name == "2026"


def test_a_year_of_very_many_facts_comes_in_parts():
    found = windows(told(*[date(2026, 1, 1) + timedelta(days=each // 3) for each in range(FACTS + 1)]))
    assert [(each.name, each.says, len(each.events)) for each in found] == [
        ("2026-1", "2026, part 1 of 2", FACTS),
        ("2026-2", "2026, part 2 of 2", 1),
    ]


def test_a_fact_is_found_where_it_is_shown():
    found = windows(told(date(2024, 5, 1), date(2026, 1, 1)))
    assert chosen(found, "", "1") is found[0]
    for name, fact in (("", "3"), ("2025", ""), ("", "1 "), ("", "None")):
        with pytest.raises(NotFound):
            chosen(found, name, fact)


def test_what_has_limited_access_stays_beside_the_fact_before_it():
    found = windows(told(None, date(2024, 5, 1), None, date(2026, 1, 1)))
    assert [(each.name, len(each.events)) for each in found] == [("2024", 3), ("2026", 1)]
    assert chosen(windows([]), "", "") is None
    assert len(windows(told(None, None))) == 1


@given(st.lists(st.one_of(st.none(), st.dates(date(2015, 1, 1), date(2026, 1, 1))), max_size=600))
def test_every_fact_is_shown_once_and_in_order(days: list[date | None]):
    events = told(*sorted(day for day in days if day), *(None for day in days if day is None))
    found = windows(events)
    assert [event for each in found for event in each.events] == events
    assert len({each.name for each in found}) == len(found)
    assert all(0 < len(each.events) <= FACTS for each in found)
