"""The time machine: its stops, and which of them is looked at."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ledger.api.web.asking import Moments
from ledger.api.web.machine import machine
from ledger.reading import an_instant
from ledger.rules.dates import london_day

FIRST = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)


def facts(*hours: float) -> list[dict[str, Any]]:
    return [{"recorded": FIRST + timedelta(hours=each), "title": f"Fact {each}"} for each in hours]


def test_the_facts_of_a_day_are_one_stop_at_its_last():
    found = machine(facts(0, 1, 30), Moments(), "/x")
    assert [each.says for each in found.stops] == ["1 June 2026, 2 facts, last fact 1", "2 June 2026: fact 30"]
    assert found.here == found.stops[1]
    assert (found.earlier, found.later) == (found.stops[0], None)


def test_a_fact_of_the_last_minutes_before_midnight_in_london_is_of_that_day():
    [stop] = machine(facts(13.9), Moments(), "/x").stops  # 22.54 UTC is 23.54 in London in June
    assert stop.says.startswith("1 June 2026")
    [stop] = machine(facts(14.5), Moments(), "/x").stops
    assert stop.says.startswith("2 June 2026")


def test_before_the_first_fact_there_is_only_a_way_on():
    found = machine(facts(0, 48), Moments(known_at=FIRST - timedelta(hours=1)), "/x")
    assert (found.here, found.earlier) == (None, None)
    assert found.later == found.stops[0]


def test_a_day_is_looked_at_from_its_end():
    found = machine(facts(0, 48), Moments(as_at=date(2026, 6, 1)), "/x")
    assert found.here == found.stops[0]
    assert found.later == found.stops[1]


def test_a_case_without_facts_has_no_stops():
    found = machine([], Moments(), "/x")
    assert (found.stops, found.here, found.earlier, found.later) == ([], None, None, None)


@given(st.lists(st.floats(0, 2_000), min_size=1, max_size=40).map(sorted))
def test_steps_back_from_now_meet_every_day_once_and_steps_on_lead_back(hours: list[float]):
    events = facts(*hours)
    found, met = machine(events, Moments(), "/x"), []
    while found.here:
        met.append(found.here)
        if found.earlier is None:
            break
        address = found.to(found.earlier).partition("known_at=")[2].replace("%3A", ":")
        later, found = found.here, machine(events, Moments(known_at=an_instant(address)), "/x")
        assert found.later == later
    assert [london_day(each.at) for each in reversed(met)] == sorted({london_day(each["recorded"]) for each in events})
