"""What views show beyond the scenarios: explanations, gaps, exceptions, late records, clocks and hours."""

from datetime import date

import pytest
from tests.aggregates.telling import Telling

D = date.fromisoformat


def rows(telling, name, as_at):
    return telling.names.named(telling.ledger.ask(f"worklist/{name}", D(as_at), None)["items"])


def case():
    return Telling().order().absence("a1", "2025-04-12").letter("l1", "a1", "2025-04-17")


# ---------------------------------------------------------------------------------------- why


def test_every_status_says_why():
    order = case().enforcement("2025-04-29", explain=True)
    absence = order["absences"][0]
    assert absence["why"]["rules"] == ["ENF-06@manual-2022"]
    assert absence["why"]["facts"] == [4, 5]
    assert absence["why"]["calendar"] == "england-and-wales@release 1"
    assert absence["letter"]["why"]["settings"] == {"enf.evidence": 5}
    assert order["why"]["rules"] == ["ENF-08@manual-2022"]


def test_evidence_judgements_and_the_breach_say_why_with_their_calendar():
    telling = case().evidence("a1", "2025-04-25 10:00").judge("a1", "2025-04-29", "UNACCEPTABLE")
    order = telling.enforcement("2025-04-29", explain=True)
    (absence,) = order["absences"]
    assert absence["evidence"][0]["why"]["calendar"] == order["why"]["calendar"] == "england-and-wales@release 1"
    assert absence["judgements"][0]["why"]["rules"] == ["ENF-05@manual-2022"]


def test_every_clock_and_check_says_why():
    order = case().progress("2025-04-29", explain=True)
    assert order["why"]["rules"][0] == "UPW-03@manual-2022"
    assert order["checks"]["six"]["why"]["settings"] == {"upw.check_months": "6, 9", "upw.check_early_days": 14}
    assert order["first_appointment"]["why"]["rules"] == ["UPW-10@manual-2022", "GEN-01@conventions-1"]
    assert order["assessments"]["risk"]["why"]["facts"] == [3]


def test_nothing_is_explained_unasked():
    assert "why" not in case().enforcement("2025-04-29")


# ---------------------------------------------------------------------------------------- clocks


@pytest.mark.parametrize(
    "as_at,state,late",
    [
        ("2025-01-08", "not-due", None),
        ("2025-01-09", "due", None),
        ("2025-01-13", "due", None),
        ("2025-01-14", "overdue", 1),
        ("2025-01-20", "overdue", 5),
    ],
)
def test_the_first_appointment_is_reminded_of_from_day_three(as_at, state, late):
    first = Telling().order().progress(as_at)["first_appointment"]
    assert (first["state"], first["working_days_late"], str(first["due"])) == (state, late, "2025-01-13")


@pytest.mark.parametrize("day,state", [("2025-01-13", "done"), ("2025-01-14", "done-late")])
def test_an_appointment_counts_on_its_day(day, state):
    data = {"order_id": "o1", "offered_on": "2025-01-07", "offered_for": day}
    telling = Telling().order().tell("2025-01-07 10:00", "pso", "OfferFirstAppointment", **data)
    assert telling.progress("2025-01-10")["first_appointment"]["state"] == "due"
    assert telling.progress("2025-01-14")["first_appointment"]["state"] == state


@pytest.mark.parametrize(
    "as_at,state", [("2025-01-17", "not-due"), ("2025-01-20", "due"), ("2025-01-27", "due"), ("2025-01-28", "overdue")]
)
def test_assessments_are_reminded_of_from_day_ten(as_at, state):
    assert Telling().order().progress(as_at)["assessments"]["upw"]["state"] == state


def test_an_order_beyond_the_calendar_has_clocks_without_a_day():
    order = Telling().order(sentence="2031-01-06").progress("2031-01-06")
    assert order["first_appointment"]["due"] == order["first_appointment"]["state"] == "calendar-missing"
    assert str(order["checks"]["six"]["due"]) == "2031-07-06"


# ---------------------------------------------------------------------------------------- hours


def test_hours_are_shown_by_the_source_of_their_placement():
    telling = Telling().order().ready()
    for n, mode in enumerate(("GROUP", "IP", "PIP"), 1):
        telling.placed(f"p{n}", f"2025-03-17 1{n}:00", mode=mode)
        data = {"allocation_id": f"al{n}", "order_id": "o1", "placement_id": f"p{n}", "mode": mode}
        data |= {"from_date": "2025-03-22", "match_reasons": "near", "roh_considered": True}
        telling.tell(f"2025-03-17 1{n}:00", "placement-coordinator", "AllocatePlacement", **data)
        data = {
            "session_id": f"s{n}",
            "order_id": "o1",
            "placement_id": f"p{n}",
            "date": "2025-03-22",
            "start": "09:30",
        }
        telling.tell(f"2025-03-17 1{n}:10", "placement-coordinator", "ScheduleSession", **data)
    for n in (1, 2, 3):
        telling.attended(f"s{n}", at=f"2025-03-22 1{n + 5}:45")
        data = {"session_id": f"s{n}", "order_id": "o1", "work_minutes": 60 * n, "travel_minutes": 5}
        telling.tell(f"2025-03-22 1{n + 5}:50", "supervisor", "CreditHours", **data, told_to_person=True)
    order = telling.progress("2025-03-22")
    assert order["by_source"] == {"group": 65, "ip": 125, "pip": 185, "ete": 0, "adjusted": 0}
    assert order["credited_minutes"] == 375


# ---------------------------------------------------------------------------------------- chronology


def test_events_stand_in_the_order_they_happened():
    telling = Telling().order().absence("a1", "2025-04-12", at="2025-04-20 09:00")
    telling.tell("2025-04-21 09:00", "practitioner", "RecordSignificantChange", what="moved", on="2025-04-10")
    events = telling.ask("chronology", "2025-04-30")["events"]
    assert [each["type"] for each in events][-2:] == ["SignificantChangeRecorded", "AbsenceRecorded"]
    absence = events[-1]
    assert (absence["late_days"], absence["late"], absence["title"]) == (8, True, "Absence recorded")
    assert absence["values"]["date"] == D("2025-04-12")
    assert absence["by"]["id"] == "supervisor"
    assert telling.ask("chronology", "2025-04-11")["events"][-1]["type"] == "SignificantChangeRecorded"


def test_what_may_not_be_opened_prints_as_sealed():
    telling = case()
    history = telling.ledger.history(f"offender-{telling.names.id('ann')}", opens={})
    from ledger.projections import chronology

    events = chronology.view(history, telling.ledger.policy(), D("2025-04-30"), 99)["events"]
    assert events[0]["values"]["surname"] == "[sealed]"


@pytest.mark.parametrize(
    "telling,as_at,rules",
    [
        (lambda: Telling().order(), "2025-01-13", []),
        (lambda: Telling().order(), "2025-01-14", ["UPW-10"]),
        (lambda: Telling().order(), "2025-01-28", ["UPW-10", "PRG-08", "PRG-08"]),
        (lambda: Telling().order(), "2025-07-07", ["UPW-10", "PRG-08", "PRG-08", "PRG-07"]),
        (lambda: Telling().order(), "2026-01-07", ["UPW-10", "PRG-08", "PRG-08", "PRG-07", "PRG-07", "UPW-05"]),
        (lambda: Telling().order().absence("a1", "2025-01-07"), "2025-01-10", ["ENF-03"]),
        (lambda: Telling().order().session(day="2025-01-09", at="2025-01-08 09:00"), "2025-01-10", ["ENF-01"]),
    ],
)
def test_what_should_have_happened_and_did_not_is_a_gap(telling, as_at, rules):
    assert [each["rule"] for each in telling().ask("chronology", as_at)["gaps"]] == rules


def test_a_breach_to_decide_on_and_evidence_to_judge_are_gaps():
    telling = Telling().order().two_unacceptable()
    assert "ENF-09" in [each["rule"] for each in telling.ask("chronology", "2025-06-20")["gaps"]]
    telling = case().evidence("a1", "2025-04-24 12:00")
    gaps = {each["rule"]: each for each in telling.ask("chronology", "2025-05-01")["gaps"]}
    assert (gaps["ENF-05"]["days"], gaps["ENF-05"]["absence_id"]) == (3, "a1")


# ---------------------------------------------------------------------------------------- worklists


def test_attendance_recorded_late_is_listed_with_its_days():
    telling = Telling().order().session(day="2025-03-22").attended(at="2025-03-24 09:00")
    (row,) = rows(telling, "late-recording", "2025-03-24")
    assert (row["offender_id"], row["type"], row["late_days"]) == ("ann", "SessionAttended", 2)


def test_letters_wait_with_their_age_or_the_days_left():
    telling = case().absence("a2", "2025-04-19")
    open_letter, none = rows(telling, "letters", "2025-04-22")
    assert (open_letter["absence_id"], open_letter["days_left"]) == ("a1", 6)
    assert (none["status"], none["age_days"], none["letter"]) == ("no-letter", 3, None)
    assert [each["absence_id"] for each in rows(telling, "letters", "2025-04-29")] == ["a2"]


def test_lists_of_what_is_due():
    telling = Telling().order()
    assert rows(telling, "first-appointments", "2025-01-08") == []
    assert rows(telling, "first-appointments", "2025-01-09")[0]["order_id"] == "o1"
    assert rows(telling, "assessments", "2025-01-20")[0]["offender_id"] == "ann"
    assert rows(telling, "progress", "2025-06-21") == []
    assert rows(telling, "progress", "2025-06-22")[0]["checks"]["six"]["state"] == "due"
    assert rows(telling, "progress", "2026-01-07")[0]["state"] == "outstanding"
