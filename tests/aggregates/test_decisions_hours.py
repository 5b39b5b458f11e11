"""Refusals and warnings of areas C and D: the command, and in the last column rule and message."""

import pytest
from tests.aggregates.telling import Telling

CREDIT = {"session_id": "s1", "order_id": "o1", "work_minutes": 360, "travel_minutes": 0, "told_to_person": True}
AT = ("2025-03-22 16:00", "supervisor", "CreditHours")


def planned():
    return Telling().order().session()


def came():
    return planned().attended()


def late():
    data = {"session_id": "s1", "minutes_late": 1, "stayed": True}
    return planned().tell("2025-03-22 09:45", "supervisor", "RecordLateness", **data).attended()


def stopped():
    data = {"session_id": "s1", "stopped_at": "2025-03-22 11:15", "reason": "as told", "reported_to": []}
    return planned().tell("2025-03-22 11:20", "supervisor", "StopWork", **data).attended()


def with_owing(minutes):
    data = {"order_id": "o1", "delta_minutes": 6000 - minutes, "reason": "as told"}
    return came().tell("2025-03-22 15:50", "operations-manager", "AdjustHours", **data)


@pytest.mark.parametrize(
    "telling,data,why",
    [
        (planned, {}, ("HRS-01", "No attendance is recorded for this session.")),
        (lambda: came().tell(*AT, **CREDIT), {},
         ("HRS-01", "Hours are already credited for this session; record an adjustment.")),
        (late, {"travel_minutes": 1}, ("HRS-02", "Late arrival: travel time cannot be credited.")),
        (stopped, {"work_minutes": 106}, ("HRS-03", "Hours can be credited only up to 11:15.")),
    ],
)  # fmt: skip
def test_credit_is_refused(telling, data, why):
    assert telling().refused("2025-03-22 17:00", "supervisor", "CreditHours", **CREDIT | data) == why


@pytest.mark.parametrize(
    "telling,data,warned",
    [
        (came, {}, []),
        (came, {"work_minutes": 421}, [("HRS-04", "More than seven hours; confirm.")]),
        (stopped, {"work_minutes": 105}, []),
        (late, {}, []),
        (lambda: with_owing(360), {}, []),
        (lambda: with_owing(90), {}, [("HRS-05", "Only 90 minutes remain; the rest is noted, not credited.")]),
        (lambda: with_owing(370), {"travel_minutes": 30},
         [("HRS-05", "Only 370 minutes remain; the rest is noted, not credited.")]),
    ],
)  # fmt: skip
def test_credit_is_recorded_and_warned_of(telling, data, warned):
    assert telling().tell(*AT, **CREDIT | data).warned == warned


def test_a_session_of_another_order_is_impossible():
    telling = came().order("o2", sentence="2025-03-24")
    data = CREDIT | {"order_id": "o2"}
    assert telling.refused("2025-03-25 17:00", "supervisor", "CreditHours", **data)[0] == "GEN-06"


@pytest.mark.parametrize(
    "delta,why",
    [
        (-1, ("HRS-07", "This would leave -1 credited minutes; an adjustment cannot go below zero.")),
        (6001, ("HRS-07", "Only 6000 minutes remain; an adjustment cannot go above the ordered hours.")),
    ],
)
def test_an_adjustment_is_refused(delta, why):
    data = {"order_id": "o1", "delta_minutes": delta, "reason": "as told"}
    assert Telling().order().refused("2025-03-22 16:00", "operations-manager", "AdjustHours", **data) == why


def test_an_adjustment_makes_room_again():
    telling = with_owing(0)
    data = {"order_id": "o1", "delta_minutes": -360, "reason": "as told"}
    telling.tell("2025-03-22 15:55", "operations-manager", "AdjustHours", **data)
    assert telling.tell(*AT, **CREDIT).warned == []
    assert telling.progress("2025-03-22")["balance_minutes"] == 0


# ---------------------------------------------------------------------------------------- education

AGREE = {"ete_id": "t1", "order_id": "o1", "activity": "a course", "purpose": "KEEP_JOB", "agreed_on": "2025-02-03"}
SHARE = {"hrs.ete_max_percent": "30"}


def agreed(settings=None):
    return Telling(settings=settings).order().tell("2025-02-03 10:00", "practitioner", "AgreeEte", **AGREE)


@pytest.mark.parametrize(
    "telling,minutes,why",
    [
        (agreed, 60, ("HRS-06", "Set the ETE percentage for this area first.")),
        (lambda: Telling().order(), 60, ("HRS-06", "Set the ETE percentage for this area first.")),
        (lambda: Telling(settings=SHARE).order(), 60,
         ("HRS-06", "Agree the activity with the probation practitioner first.")),
        (lambda: agreed(SHARE), 1801, ("HRS-06", "ETE credit is limited to 30 hours for this order.")),
        (lambda: agreed({"hrs.ete_max_percent": "33"}), 1981,
         ("HRS-06", "ETE credit is limited to 33 hours for this order.")),
    ],
)  # fmt: skip
def test_education_is_refused(telling, minutes, why):
    data = {"ete_id": "t1", "minutes": minutes, "evidence": "register", "on": "2025-02-10"}
    assert telling().refused("2025-02-10 10:00", "practitioner", "CreditEteHours", **data) == why


# ---------------------------------------------------------------------------------------- checks

CHECK = {"order_id": "o1", "point": 6, "done_on": "2025-07-04", "sufficient": True, "reason": "as told"}
AT_CHECK = ("2025-07-04 10:00", "practitioner", "CompleteProgressCheck")


@pytest.mark.parametrize(
    "data,why",
    [
        ({"sufficient": False}, ("PRG-03", "Record the action taken.")),
        ({"credited_minutes": 1}, ("PRG-02", "credited_minutes is 0; leave it out or give that value.")),
        ({"ordered_minutes": 1}, ("PRG-02", "ordered_minutes is 6000; leave it out or give that value.")),
    ],
)
def test_a_check_is_refused(data, why):
    assert Telling().order().refused(*AT_CHECK, **CHECK | data) == why


def test_an_action_for_another_point_does_not_do():
    telling = Telling().order()
    data = {"order_id": "o1", "point": "9", "action": "as told"}
    telling.tell("2025-07-03 10:00", "practitioner", "RecordProgressAction", **data)
    assert telling.refused(*AT_CHECK, **CHECK | {"sufficient": False})[0] == "PRG-03"


@pytest.mark.parametrize(
    "done,warned,state",
    [
        ("2025-06-21", ["PRG-02"], ("due", None)),
        ("2025-06-22", [], ("done", 0)),
        ("2025-07-06", [], ("done", 0)),
        ("2025-07-07", [], ("done-late", 1)),
    ],
)
def test_a_check_counts_from_fourteen_days_early(done, warned, state):
    telling = Telling().order().tell(f"{done} 10:00", *AT_CHECK[1:], **CHECK | {"done_on": done})
    assert [rule for rule, _ in telling.warned] == warned
    six = telling.progress("2025-07-06" if state[0] == "due" else "2025-08-01")["checks"]["six"]
    assert (six["state"], six["days_late"]) == state


LACKING = {"order_id": "o1", "point": 6, "done_on": "2025-07-07", "reason": "seen"}


@pytest.mark.parametrize("imported", [False, True])
def test_a_check_says_whether_progress_is_sufficient_whoever_tells_it(imported):
    why = ("PRG-02", "Say whether progress is sufficient.")
    at = ("2025-07-07 10:00", "pso", "CompleteProgressCheck")
    assert Telling().order().refused(*at, imported=imported, **LACKING) == why
