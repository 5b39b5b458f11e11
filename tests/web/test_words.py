"""How a page says what an answer holds."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.api.web.words import duration, is_id, minutes, shown, words


@pytest.mark.parametrize(
    "name, said",
    [
        ("evidence_deadline", "Evidence deadline"),
        ("worked_minutes", "Worked"),
        ("breach_on", "Breach on"),
        ("upw", "Unpaid work"),
        ("case-review", "Case review"),
        ("OrderMade", "Order made"),
        ("order_id", "Order"),
        ("hs_reading", "Health and safety reading"),
        ("cp1", "CP1"),
        ("SendCp1", "Send CP1"),
    ],
)
def test_a_name_is_said_in_words(name: str, said: str):
    assert words(name) == said


@pytest.mark.parametrize(
    "count, said", [(0, "0 h"), (60, "1 h"), (390, "6 h 30 min"), (45, "45 min"), (-65, "-1 h 05 min")]
)
def test_minutes_are_said_as_hours(count: int, said: str):
    assert minutes(count) == said


@pytest.mark.parametrize(
    "value, name, said",
    [
        ("2026-01-05", "", "5 January 2026"),
        ("2026-07-01T08:30:00Z", "", "1 July 2026 at 09:30"),
        (True, "", "Yes"),
        (390, "worked_minutes", "6 h 30 min"),
        (4800, "group", "80 h"),
        (12345, "", "12,345"),
        (None, "", ""),
        ("2026-01-05 was a Monday", "", "2026-01-05 was a Monday"),
    ],
)
def test_a_value_is_said_as_people_write_it(value: object, name: str, said: str):
    assert shown(value, name) == said


@pytest.mark.parametrize(
    "age, said",
    [
        (timedelta(days=1), "1 day"),
        (timedelta(days=16, hours=4), "16 days"),
        (timedelta(hours=2), "2 hours"),
        (timedelta(), "0 minutes"),
    ],
)
def test_an_age_is_said_in_its_largest_unit(age: timedelta, said: str):
    assert duration(age) == said


def test_an_id_says_nothing_to_a_person():
    assert is_id("0196151c-7d5a-7000-8000-5b1f9c3a2d10")
    assert not is_id("0710890")
    assert not is_id(5)
