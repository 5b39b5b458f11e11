"""Plots: the numbers that are drawn."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from ledger.api.web.plots import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, hours

BEGINS, ENDS = date(2025, 1, 6), date(2026, 1, 6)


def order(*credited: tuple[date, int], asked: int = 6000) -> dict[str, object]:
    return {
        "straight": [{"date": BEGINS, "minutes": 0}, {"date": ENDS, "minutes": asked}],
        "credited": [{"date": day, "minutes": count} for day, count in credited],
    }


def test_the_line_of_hours_goes_up_in_steps_to_the_day_looked_at():
    plot = hours(order((date(2025, 7, 7), 3000)), date(2025, 10, 6))
    assert plot is not None
    assert plot.straight == f"{LEFT},{HEIGHT - BOTTOM} {WIDTH - RIGHT},{TOP}"
    assert [each.says for each in plot.months] == ["6 months", "9 months", "12 months"]
    assert plot.says == "50 of 100 hours were credited by 6 October 2025."
    assert plot.rows == [("7 July 2025", 3000)]


def test_an_order_without_a_period_has_no_plot():
    assert hours({"straight": [], "credited": []}, BEGINS) is None


@given(
    st.lists(st.tuples(st.dates(BEGINS, date(2027, 1, 6)), st.integers(0, 20_000)), max_size=30),
    st.dates(BEGINS, date(2028, 1, 6)),
    st.integers(0, 18_000),
)
def test_nothing_is_drawn_beside_the_canvas(credited: list[tuple[date, int]], as_at: date, asked: int):
    plot = hours(order(*sorted(credited), asked=asked), as_at)
    assert plot is not None
    for pair in f"{plot.straight} {plot.steps}".split():
        x, y = map(int, pair.split(","))
        assert LEFT <= x <= WIDTH - RIGHT
        assert TOP <= y <= HEIGHT - BOTTOM
