"""Rows of the monthly report: which entries are in it, and what each says (CP-50)."""

from datetime import date

from tests.aggregates.registering import OFFICER, Registering

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
