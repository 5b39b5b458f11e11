"""The small rules of areas A to D as tables: what goes in, and in the last column what comes out."""

from datetime import date, time

import pytest

from ledger.rules import enforcement, hours, orders, progress

D = date.fromisoformat


@pytest.mark.parametrize("asked,allowed", [(39, False), (40, True), (300, True), (301, False)])
def test_hours_in_range(asked, allowed):
    assert orders.hours_in_range(asked, 40, 300) is allowed


@pytest.mark.parametrize(
    "end,limit,beyond",
    [("2026-09-02", "2026-09-02", False), ("2026-09-03", "2026-09-02", True), ("2026-09-03", None, False)],
)
def test_beyond_the_operational_period(end, limit, beyond):
    assert orders.beyond_operational_period(D(end), limit and D(limit)) is beyond


@pytest.mark.parametrize(
    "unacceptable,judged,until,effect",
    [
        (False, "2025-04-24", "2025-04-28", "2025-04-24"),
        (True, "2025-04-24", "2025-04-28", "2025-04-29"),
        (True, "2025-04-28", "2025-04-28", "2025-04-29"),
        (True, "2025-05-02", "2025-04-28", "2025-05-02"),
        (True, "2025-04-24", None, None),
        (False, "2025-04-24", None, "2025-04-24"),
    ],
)
def test_when_a_finding_takes_effect(unacceptable, judged, until, effect):
    found = enforcement.finding_takes_effect(unacceptable, D(judged), until and D(until))
    assert found == (effect and D(effect))


@pytest.mark.parametrize(
    "received,until,late",
    [("2025-04-28", "2025-04-28", False), ("2025-04-29", "2025-04-28", True), ("2025-04-29", None, False)],
)
def test_late_evidence(received, until, late):
    assert enforcement.is_late(D(received), until and D(until)) is late


@pytest.mark.parametrize(
    "proven,result,spent",
    [
        (True, "CONTINUED", True),
        (True, "AMENDED", True),
        (True, "REVOKED_RESENTENCED", True),
        (True, "WITHDRAWN", False),
        (False, "DISMISSED", False),
        (False, "CONTINUED", False),
    ],
)
def test_which_outcomes_spend_the_absences(proven, result, spent):
    assert enforcement.spends(proven, result) is spent


@pytest.mark.parametrize("late,travel,allowed", [(True, 0, True), (True, 1, False), (False, 30, True)])
def test_travel_for_late_arrivals(late, travel, allowed):
    assert hours.travel_allowed(late, travel) is allowed


@pytest.mark.parametrize("stopped,minutes", [(time(11, 15), 105), (time(9, 30), 0), (time(9, 0), 0)])
def test_credit_up_to_the_stop(stopped, minutes):
    assert hours.minutes_until_stopped(time(9, 30), stopped) == minutes


@pytest.mark.parametrize("minutes,remaining,counts", [(360, 90, 90), (60, 90, 60), (60, 0, 0), (60, -5, 0)])
def test_credit_stops_at_the_ordered_hours(minutes, remaining, counts):
    assert hours.counted(minutes, remaining) == counts


@pytest.mark.parametrize("ordered,percent,cap", [(6000, 30, 1800), (2700, 33, 891), (6000, None, None), (6000, 0, 0)])
def test_the_cap_is_rounded_down(ordered, percent, cap):
    assert hours.ete_cap_minutes(ordered, percent) == cap


@pytest.mark.parametrize("ordered,months,share", [(7200, 6, 3600), (7200, 9, 5400), (2700, 9, 2025), (2460, 9, 1845)])
def test_the_guide_figure(ordered, months, share):
    assert progress.guide_minutes(ordered, months, 12) == share


@pytest.mark.parametrize(
    "due,period,end", [("2026-03-03", "2025-09-02", "2025-09-02"), ("2026-03-03", None, "2026-03-03")]
)
def test_which_end_comes_first(due, period, end):
    assert progress.working_end(D(due), period and D(period)) == D(end)


@pytest.mark.parametrize("minutes,text", [(1800, "30"), (90, "1.5"), (891, "14.85"), (0, "0")])
def test_minutes_print_as_hours(minutes, text):
    assert orders.hours_text(minutes) == text
