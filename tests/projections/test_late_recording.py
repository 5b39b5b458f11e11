"""What came late, by how many minutes and in which team; and deadlines that only a date told afterwards made met."""

from datetime import UTC, date, datetime

import pytest
from tests.aggregates.telling import Telling

from ledger.projections.late_recording import by_team, late_minutes

D = date.fromisoformat


def rows(telling, as_at):
    return telling.names.named(telling.ledger.ask("worklist/late-recording", D(as_at), None)["items"])


@pytest.mark.parametrize(
    "effective,recorded,minutes",
    [
        (date(2025, 3, 22), datetime(2025, 3, 22, 23, 59, tzinfo=UTC), 0),
        (date(2025, 3, 22), datetime(2025, 3, 23, 0, 0, 59, tzinfo=UTC), 0),
        (date(2025, 3, 22), datetime(2025, 3, 23, 0, 1, tzinfo=UTC), 1),
        (date(2025, 3, 29), datetime(2025, 3, 30, 23, 0, tzinfo=UTC), 23 * 60),  # the clocks went forward on the 30th
        (date(2025, 7, 1), datetime(2025, 7, 1, 23, 30, tzinfo=UTC), 30),  # past midnight in London
        (datetime(2025, 3, 22, 9, 0, tzinfo=UTC), datetime(2025, 3, 22, 10, 1, 59, tzinfo=UTC), 61),
    ],
)
def test_minutes_run_from_the_end_of_the_day_or_from_the_instant(effective, recorded, minutes):
    assert late_minutes(effective, recorded) == minutes


def test_attendance_of_another_day_is_late_and_no_deadline_hangs_on_it():
    telling = Telling().order().session(day="2025-03-22").attended(at="2025-03-24 09:00")
    (row,) = rows(telling, "2025-03-24")
    assert (row["type"], row["late_days"], row["late_minutes"]) == ("SessionAttended", 2, 24 * 60 + 9 * 60)
    assert (row["rule"], row["deadline"]) == ("ENF-01", None)


def checked(recorded, done_on):
    check = {"order_id": "o1", "point": 6, "done_on": done_on, "sufficient": True, "reason": "as told"}
    return Telling().order().tell(f"{recorded} 10:00", "practitioner", "CompleteProgressCheck", **check)


@pytest.mark.parametrize(
    "recorded,done_on,met",
    [
        ("2025-07-06", "2025-07-06", []),
        ("2025-07-06", "2025-07-01", []),  # told later than it was done, and still in time
        ("2025-07-07", "2025-07-06", ["PRG-02"]),
        ("2025-07-07", "2025-07-07", []),  # it was late, and says so
    ],
)
def test_a_check_done_in_time_by_its_date_and_recorded_after_the_deadline_is_named(recorded, done_on, met):
    found = rows(checked(recorded, done_on), "2025-12-31")
    assert [each["rule"] for each in found] == met
    assert all(str(each["deadline"]) == "2025-07-06" for each in found)


def test_so_are_a_first_appointment_an_assessment_and_evidence():
    offer = {"order_id": "o1", "offered_on": "2025-01-08", "offered_for": "2025-01-13"}
    telling = Telling().order().tell("2025-01-14 10:00", "pso", "OfferFirstAppointment", **offer)
    done = {"order_id": "o1", "completed_on": "2025-01-27", "group_preference": "MIXED"}
    telling.tell("2025-01-28 10:00", "practitioner", "CompleteUpwAssessment", **done)
    telling.absence("a1", "2025-04-12").letter("l1", "a1", "2025-04-17")
    telling.evidence("a1", "2025-04-28 10:00", recorded="2025-04-29 10:00")
    found = {each["rule"]: each for each in rows(telling, "2025-12-31")}
    deadlines = {rule: str(each["deadline"]) for rule, each in found.items()}
    assert deadlines == {"UPW-10": "2025-01-13", "PRG-08": "2025-01-27", "ENF-04": "2025-04-28"}


def test_what_another_system_recorded_in_time_was_in_time():
    check = {"order_id": "o1", "point": 6, "done_on": "2025-07-06", "sufficient": True, "reason": "as told"}
    telling = Telling().order()
    telling.tell("2025-07-06 10:00", "practitioner", "CompleteProgressCheck", imported=True, **check)
    assert rows(telling, "2025-12-31") == []


def test_a_team_is_summed_up_in_whole_minutes():
    def row(unit, minutes, deadline=None):
        return {"unit": unit, "late_minutes": minutes, "deadline": deadline}

    items = [row("N", 5), row(None, 9), row("N", 1, "2025-07-06"), row("N", 100), row("N", 8), row("S", 7)]
    assert by_team(items) == [
        {"unit": "N", "late": 4, "median_minutes": 6, "longest_minutes": 100, "met_by_backdating": 1},
        {"unit": "S", "late": 1, "median_minutes": 7, "longest_minutes": 7, "met_by_backdating": 0},
        {"unit": None, "late": 1, "median_minutes": 9, "longest_minutes": 9, "met_by_backdating": 0},
    ]
    assert by_team([]) == []
