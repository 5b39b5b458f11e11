"""Rows of the monthly report: which entries are in it, and what each says (CP-50); what is not confirmed (CP-51)."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from tests.aggregates.memory_ledger import BEGINNING
from tests.aggregates.registering import OFFICER, Registering

from ledger.aggregates.ledger_stream import release_in_force
from ledger.aggregates.policy import Policy
from ledger.aggregates.register_report import MonthlyReportIssued, RegisterListConfirmed
from ledger.aggregates.shape import Actor, Recorded
from ledger.projections.monthly_report import standing
from ledger.rules.register import report_due

D = date.fromisoformat


def rows(case, as_at):
    return case.names.named(case.ledger.ask("worklist/monthly-report", D(as_at), None)["items"])


def test_a_closed_entry_leaves_the_report_the_day_it_is_closed():
    case = Registering().entered(children=["kit"])
    assert [row["entry_id"] for row in rows(case, "2025-10-12")] == ["e1"]
    case.notified().closed()
    assert [row["deregistration_pending"] for row in rows(case, "2025-10-09")] == [False]
    assert [row["deregistration_pending"] for row in rows(case, "2025-10-12")] == [True]
    assert rows(case, "2025-10-13") == []


def test_a_missed_review_shows_what_was_done_about_it():
    case, to = Registering().entered(), "register-entry/e1"
    assert rows(case, "2025-04-05")[0]["follow_up"] is None
    data = {"due_on": "2025-04-04", "to_unit": "North", "raised_on": "2025-04-05"}
    case.tell("2025-04-05 10:00", OFFICER, "RaiseMissedReview", to=to, **data)
    assert rows(case, "2025-04-05")[0]["follow_up"] == {"raised_on": "2025-04-05", "followed_up_on": None}
    case.tell("2025-04-07 10:00", "team-admin", "FollowUpMissedReview", to=to, on="2025-04-07", result="appointment")
    assert rows(case, "2025-04-07")[0]["follow_up"]["followed_up_on"] == "2025-04-07"


def test_children_are_counted_while_they_are_linked():
    case = Registering().entered()
    assert rows(case, "2025-10-09")[0]["children"] == 2
    case.notified(child="pip").ended("pip")
    assert rows(case, "2025-10-10")[0]["children"] == 1


def test_the_oldest_review_is_first_and_an_overdue_one_says_by_how_many_days():
    case = Registering().entered(children=["kit"], entry="e2", person="bob", day="2025-02-03")
    case.entered(children=["kit"], entry="e1", day="2025-03-03")
    told = [(row["entry_id"], row["review_due"], row["days_overdue"]) for row in rows(case, "2025-06-13")]
    assert told == [("e2", "2025-06-03", 10), ("e1", "2025-07-03", 0)]


def test_a_name_put_right_is_the_one_that_is_printed_and_the_officer_is_the_last_responsible_one():
    case = Registering().entered()
    case.tell("2025-01-06 10:00", "team-admin", "CorrectOffenderDetails", field="Surname", new_value="Otherwise",
              reason="married")  # fmt: skip
    for staff, on in (("sam", "2025-01-07"), ("tess", "2025-02-07")):
        data = {"order_id": "o-ann", "staff_id": staff, "grade": "PO", "role": "RESPONSIBLE", "on": on, "unit": "North"}
        case.tell(f"{on} 10:00", "senior-practitioner", "AssignPractitioner", **data)
    (row,) = rows(case, "2025-01-20")
    assert (row["name"], row["client_id"]) == ("Ann Otherwise", "9000001")
    assert (row["unit"], row["offender_manager"]) == ("North", "sam")
    assert rows(case, "2025-03-01")[0]["offender_manager"] == "tess"


# ---------------------------------------------------------------------------------------- month by month


def release():
    system = Actor(str(uuid4()), "system")
    return Recorded(1, "ledger", 1, str(uuid4()), release_in_force(), BEGINNING, BEGINNING, system)


POLICY = Policy.fold([release()])


def slowly(year, month, nth):
    """The nth working day of a month, day by day."""
    day = date(year, month, 1)
    while True:
        nth -= POLICY.calendar().is_working_day(day)
        if not nth:
            return day
        day += timedelta(days=1)


@pytest.mark.parametrize("month", range(1, 13))
@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_a_report_is_due_on_the_first_working_day_of_its_month(year, month):
    for nth in (1, 2, 5):
        assert report_due(date(year, month, 17), nth, POLICY.calendar()) == slowly(year, month, nth)


def issuing(*days, confirmed=()):
    """The chains of reports that were issued on these days, some of them confirmed."""
    officer = Actor(str(uuid4()), OFFICER)
    told = [MonthlyReportIssued(issued_on=D(day), recipients=["A. Manager"], month=day[:7]) for day in days]
    told += [RegisterListConfirmed(month=month, on=D(on), by=officer.id) for month, on in confirmed]
    chains = {}
    for fact in told:
        stream, at = f"register-report-{fact.month}", datetime(2030, 1, 1, tzinfo=UTC)
        own = chains.setdefault(stream, [])
        own.append(Recorded(len(own) + 1, stream, len(own) + 1, str(uuid4()), fact, fact.effective(), at, officer))
    return list(chains.values())


def stands(as_at, chains):
    return [(row["month"], row["state"]) for row in standing(chains, POLICY, D(as_at), 1)]


def test_a_month_is_due_on_its_day_overdue_from_the_next_and_another_month_is_another_report():
    told = {day: stands(day, []) for day in ("2025-06-01", "2025-06-02", "2025-06-03", "2025-06-30", "2025-07-01")}
    assert told == {
        "2025-06-01": [("2025-06", "not-due")],
        "2025-06-02": [("2025-06", "due")],
        "2025-06-03": [("2025-06", "overdue")],
        "2025-06-30": [("2025-06", "overdue")],
        "2025-07-01": [("2025-07", "due")],
    }


def test_from_the_first_report_on_every_month_is_told_and_one_that_was_not_confirmed_with_its_age():
    chains = issuing("2025-03-03", "2025-04-01", "2025-06-02", confirmed=[("2025-03", "2025-03-10")])
    assert stands("2025-06-12", chains) == [
        ("2025-03", "confirmed"),
        ("2025-04", "issued"),
        ("2025-05", "missed"),
        ("2025-06", "issued"),
    ]
    assert stands("2025-03-09", chains) == [("2025-03", "issued")]
    rows = standing(chains, POLICY, D("2025-06-12"), 1)
    assert [row["days_unconfirmed"] for row in rows] == [None, 72, None, 10]
    assert str(rows[0]["confirmed_on"]) == "2025-03-10"


def test_without_a_calendar_no_day_is_told_and_no_day_is_too_far():
    assert stands("2199-06-12", []) == [("2199-06", "calendar-missing")]
    assert len(stands("9999-12-31", issuing("2025-03-03"))) == 24
    assert [stands(day, []) for day in ("0001-01-01", "0001-03-01")] == [
        [("0001-01", "calendar-missing")],
        [("0001-03", "calendar-missing")],
    ]
