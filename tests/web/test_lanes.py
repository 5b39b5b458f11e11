"""A timeline as lanes: where a fact stands, what its shape says, and that nothing is drawn beside the canvas."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.aggregates import AGGREGATES
from ledger.aggregates.values import Erased
from ledger.api.web.lanes import LEFT, ORDER, OTHER, RIGHT, WIDTH, lane_of, lanes, marks_in_words, shape_of

DAY = date(2026, 3, 2)


def fact(day: date = DAY, kind: str = "AbsenceRecorded", late_days: int = 0, **more: Any) -> dict[str, Any]:
    recorded = datetime.combine(day + timedelta(days=late_days), time(12), UTC)
    return {
        **{"position": 1, "type": kind, "title": kind, "effective": day, "recorded": recorded, "values": {}},
        **{"late_days": late_days, "late": late_days > 0, "corrects": None, "corrected_by": [], "struck_out": False},
        **more,
    }


@pytest.mark.parametrize(
    "kind, lane",
    [
        ("SessionAttended", "Sessions"),
        ("EteHoursCredited", "Sessions"),
        ("AbsenceJudged", "Absences"),
        ("EvidenceReceived", "Absences"),
        ("EnforcementLetterIssued", "Letters"),
        ("BreachWarningGiven", "Letters"),
        ("BreachActionStarted", "Breach"),
        ("R7Submitted", "Register"),
        ("RegisterReviewed", "Register"),
        ("MissedReviewRaised", "Register"),
        ("ProgressCheckCompleted", "Reviews"),
        ("OrderMade", OTHER),
        ("RecordCorrected", OTHER),
    ],
)
def test_a_fact_stands_in_the_lane_of_its_kind(kind: str, lane: str):
    assert any(each.__name__ == kind for of in AGGREGATES.values() for each in of.every_fact)
    assert lane_of(kind) == lane


def test_every_fact_there_is_has_a_lane():
    kinds = {each.__name__ for of in AGGREGATES.values() for each in of.every_fact}
    assert {lane_of(each) for each in kinds} == set(ORDER)


def test_the_shape_of_a_mark_says_what_became_of_its_fact():
    assert shape_of(fact()) == "fact"
    assert shape_of(fact(corrects=7)) == "correction"
    assert shape_of(fact(values={"note": str(Erased(DAY))})) == "erased"
    assert shape_of(fact(values={"name": str(Erased(DAY, "child"))}, struck_out=True)) == "struck-out"
    assert shape_of(fact(values={"note": "He erased the board"})) == "fact"


def test_the_same_is_said_in_words():
    assert marks_in_words(fact()) == ""
    assert marks_in_words(fact(late_days=1)) == "recorded 1 day late"
    assert marks_in_words(fact(late_days=3, corrected_by=[9])) == "recorded 3 days late, corrected since"
    assert marks_in_words(fact(corrects=7)) == "corrects fact 7"
    assert marks_in_words(fact(struck_out=True, corrected_by=[9])) == "struck out"


def test_a_late_fact_has_a_line_to_the_day_it_was_recorded_and_others_have_none():
    found = lanes([fact(), fact(DAY, late_days=10), fact(DAY + timedelta(days=30))], [], DAY)
    assert found is not None
    first, late, last = found.marks
    assert (first.late, last.late) == (None, None)
    assert late.late is not None
    assert late.x < late.late < last.x
    assert "recorded 10 days late" in late.says


def test_a_letters_bar_reaches_from_its_day_to_the_last_day_for_evidence():
    letter = {"issued_on": DAY, "working_days": [DAY + timedelta(days=each) for each in range(1, 6)]}
    other = {"issued_on": DAY - timedelta(days=400), "working_days": [DAY]}
    kinds = [fact(kind="EnforcementLetterIssued"), fact(DAY + timedelta(days=40))]
    found = lanes(kinds, [letter, other, {"issued_on": DAY, "working_days": []}], DAY)
    assert found is not None
    [(x, width, _, says)] = found.bars
    assert x == found.marks[0].x
    assert width > 4
    assert says == "Letter of 2 March 2026: evidence until 7 March 2026"


def test_without_facts_there_is_nothing_to_draw():
    assert lanes([], [], DAY) is None
    assert lanes([{"limited": True}], [], DAY) is None


@given(
    st.lists(
        st.builds(
            fact,
            st.dates(date(2016, 1, 1), date(2026, 1, 1)),
            st.sampled_from(["SessionAttended", "AbsenceRecorded", "OrderMade"]),
            st.integers(0, 500),
        ),
        min_size=1,
        max_size=60,
    ),
    st.dates(date(2016, 1, 1), date(2027, 1, 1)),
)
def test_nothing_is_drawn_beside_the_canvas(events: list[dict[str, Any]], as_at: date):
    found = lanes(sorted(events, key=lambda each: each["effective"]), [], as_at)
    assert found is not None
    xs = [each.x for each in found.marks] + [each.late for each in found.marks if each.late is not None]
    assert all(LEFT <= x <= WIDTH - RIGHT for x in (*xs, *(x for x, _ in found.ticks)))
    assert all(0 < each.y < found.height - 24 for each in found.marks)
    assert len(found.ticks) <= 28
    assert len(found.marks) == len(events)
