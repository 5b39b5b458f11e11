"""What is left of an order, what finishing in time takes, and where the pace leads: to the minute and the day."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.aggregates.telling import Telling

D = date.fromisoformat
SENTENCE = D("2025-01-06")


def worked(*days, minutes=360, travel=60, hours=100):
    """An order of 6 January 2025 with a session worked and credited on each of these days after it."""
    telling = Telling().order(hours=hours).placed().ready().allocated()
    for number, after in enumerate(days):
        day = (SENTENCE + timedelta(days=after)).isoformat()
        telling.session(f"s{number}", day, at=f"{day} 08:00").attended(f"s{number}", at=f"{day} 16:00")
        data = {"session_id": f"s{number}", "order_id": "o1", "work_minutes": minutes, "travel_minutes": travel}
        telling.tell(f"{day} 16:30", "supervisor", "CreditHours", told_to_person=True, **data)
    return telling


def outlook(telling, as_at):
    return telling.ask("outlook", as_at)["orders"][0]


def test_who_works_a_day_a_week_sees_when_he_will_be_done():
    found = outlook(worked(70, 77, 84, 91), "2025-04-07")
    assert (found["balance_minutes"], found["due_on"]) == (6000 - 4 * 420, D("2026-01-06"))
    assert found["session_minutes"] == 420
    assert found["sessions_needed"] == 11  # 4320 / 420 = 10.3
    assert found["sessions_a_week"] == 1
    assert found["minutes_a_week"] == 4 * 420 * 7 // 56
    assert found["finishes_on"] == D("2025-04-07") + timedelta(days=144)  # 4320 x 56 / 1680
    assert found["in_time"] is True


def test_who_works_too_seldom_sees_that_it_will_be_too_late():
    found = outlook(worked(70, 91), "2025-04-14")
    assert found["finishes_on"] > found["due_on"]
    assert found["in_time"] is False


def test_who_did_not_work_lately_has_no_day_and_a_session_is_a_full_one():
    found = outlook(Telling().order(), "2025-03-03")
    assert (found["session_minutes"], found["minutes_a_week"]) == (420, 0)
    assert (found["finishes_on"], found["in_time"]) == (None, False)


def test_on_the_last_day_no_number_of_sessions_a_week_would_do():
    assert outlook(Telling().order(), "2026-01-05")["sessions_a_week"] == 15 * 7
    found = outlook(Telling().order(), "2026-01-06")
    assert (found["days_left"], found["sessions_a_week"]) == (0, None)


def test_of_an_order_that_is_done_nothing_is_asked():
    found = outlook(worked(70, 71, 72, 73, 74, 75, minutes=400, travel=0, hours=40), "2025-04-07")
    assert found["balance_minutes"] == 0
    assert {found[name] for name in ("sessions_needed", "sessions_a_week", "minutes_a_week", "finishes_on")} == {None}


def test_the_lines_of_the_plot_begin_at_sentence_and_end_with_the_order():
    found = outlook(worked(70, 77), "2025-04-07")
    assert found["straight"] == [
        {"date": SENTENCE, "minutes": 0},
        {"date": D("2026-01-06"), "minutes": 6000},
    ]
    assert found["credited"] == [
        {"date": SENTENCE + timedelta(days=70), "minutes": 420},
        {"date": SENTENCE + timedelta(days=77), "minutes": 840},
    ]


def test_the_day_at_this_pace_is_the_first_that_a_walk_by_days_comes_to():
    for days in ((64,), (64, 65, 90), (70, 77, 84, 91, 98)):
        telling = worked(*days)
        found = outlook(telling, "2025-04-20")
        earned = len([each for each in days if SENTENCE + timedelta(days=each) > D("2025-04-20") - timedelta(weeks=8)])
        done, day = 0, D("2025-04-20")
        while done < found["balance_minutes"] * 56:  # minutes in 56ths: nothing is rounded on the way
            day += timedelta(days=1)
            done += earned * 420
        assert found["finishes_on"] == day


@given(st.lists(st.integers(64, 200), min_size=1, max_size=6, unique=True), st.integers(0, 420))
def test_more_sessions_never_lead_to_a_later_day(days, after):
    day = (SENTENCE + timedelta(days=after)).isoformat()
    days = sorted(days)
    less, more = outlook(worked(*days[:-1]), day), outlook(worked(*days), day)
    assert more["balance_minutes"] <= less["balance_minutes"]
    if less["finishes_on"] is not None and days[-1] <= after and more["finishes_on"] is not None:
        assert more["finishes_on"] <= less["finishes_on"]


@pytest.mark.parametrize("as_at", ["2025-01-06", "2025-01-05", "2024-12-31"])
def test_on_the_day_of_sentence_and_before_there_is_an_answer(as_at):
    telling = Telling().order()
    answer = telling.ask("outlook", as_at)["orders"]
    assert [each["minutes_a_week"] for each in answer] in ([0], [])
