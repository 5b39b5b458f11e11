"""The child: its record, its key worker, the entries that link it; and notes that name it (GEN-10)."""

from datetime import date

import pytest
from tests.aggregates.registering import OFFICER, Registering

from ledger.aggregates import AGGREGATES
from ledger.aggregates.child.facts import ChildRecorded

KIT = {"to": "child/kit"}
WARNED = [("GEN-10", "Do not name children in this note; use the child field.")]


def name_worker(case, agency="Nowhere Children's Services", at="2025-01-13 10:00", **more):
    return case.tell(at, "practitioner", "NameKeyWorker", **KIT, name="K. Keymade", agency=agency, **more)


# ---------------------------------------------------------------------------------------- the record


@pytest.mark.parametrize("agency", ["Probation", "The Probation Service", "hmpps"])
def test_a_key_worker_is_never_of_probation(agency):
    case = Registering().child("kit")
    why = case.refused("2025-01-13 10:00", "practitioner", "NameKeyWorker", **KIT, name="K. K.", agency=agency)
    assert why == ("CP-25", "A key worker cannot be a probation employee.")


def test_a_child_is_recorded_once_and_first():
    case = Registering()
    first = case.refused("2025-01-13 10:00", "practitioner", "NameKeyWorker", **KIT, name="K. K.", agency="Nowhere")
    assert first == ("GEN-06", "Nothing is recorded here yet; begin with RecordChild.")
    again = {"client_id": "9100001", "surname": "Invented", "forenames": "Kit", "register_name": "CP_REGISTER"}
    assert case.child("kit").refused("2025-01-14 10:00", OFFICER, "RecordChild", **KIT, **again)[0] == "GEN-06"


def test_a_child_left_alone_may_be_nobody_we_know():
    data = {"place": "the waiting room", "at": "2025-01-13T10:00", "action": "the mother was found"}
    Registering().tell("2025-01-13 11:00", "team-admin", "ReportUnattendedChild", to="child/who", **data)


def test_an_erased_child_comes_back_as_another():
    case = Registering().entered(["kit"]).notified().closed().erased("kit", date(2025, 10, 14))
    data = {"client_id": "9100001", "surname": "Invented", "forenames": "Kit", "register_name": "ICS_REGISTER"}
    why = case.refused("2025-10-15 10:00", OFFICER, "RecordChild", **KIT, **data)
    assert why == ("CP-49", "This record was erased and cannot be restored.")
    case.r7("e2", at="2025-10-15 11:00")
    data = {"offender_id": "ann", "child_ids": ["kit"], "ground": "REGISTER_CHILD", "registered_on": "2025-10-15"}
    data |= {"copy_of_r7_filed": True, "roh_register_linked": False}
    assert case.refused("2025-10-15 12:00", OFFICER, "EnterRegister", to="register-entry/e2", **data) == why


def test_what_is_told_of_a_child_is_about_the_entries_that_link_it_and_their_offenders():
    case = Registering().entered().entered(["kit"], "e2", "bob", "2024-12-05")
    assert name_worker(case).chains() == ["offender/ann", "offender/bob", "register-entry/e1", "register-entry/e2"]
    case.notified(child="kit").ended("kit")
    assert name_worker(case, at="2025-11-01 10:00").chains() == ["offender/bob", "register-entry/e2"]


def test_the_view_of_a_child_shows_flag_worker_and_links():
    case = name_worker(Registering().entered(["kit"]), contact="01234 567890")
    row = case.view_of_child("kit", "2025-02-01")
    assert (row["name"], row["client_id"], row["erased_on"]) == ("Kit Invented", "9100001", None)
    assert row["flags"] == [{"code": "CR", "field_no": 19, "since": date(2024, 12, 4)}]
    assert row["key_worker"] == {
        "name": "K. Keymade",
        "contact": "01234 567890",
        "agency": "Nowhere Children's Services",
    }
    assert [(each["entry_id"], each["offender_id"]) for each in row["entries"]] == [("e1", "ann")]
    assert case.view_of_child("kit", "2025-01-12")["key_worker"] is None
    assert case.view_of_child("kit", "2024-12-03")["flags"] == []


def test_the_flag_of_a_child_outlives_one_of_two_links():
    case = Registering().entered(["kit"]).entered(["kit"], "e2", "bob", "2025-01-08")
    case.notified().closed("2025-10-13")
    assert str(case.view_of_child("kit", "2025-10-13")["flags"][0]["since"]) == "2024-12-04"
    case.closed("2025-10-20", entry="e2")
    assert case.view_of_child("kit", "2025-10-20")["flags"] == []


def test_every_flag_link_and_worker_says_why():
    row = name_worker(Registering().entered(["kit"])).view_of_child("kit", "2025-02-01", explain=True)
    assert row["flags"][0]["why"]["rules"] == ["CP-37@west-mercia-2007", "CP-38@west-mercia-2007"]
    assert row["key_worker"]["why"]["rules"] == ["CP-25@west-mercia-2007"]
    assert all(each["why"]["facts"] for each in (*row["flags"], *row["entries"]))


def test_a_fold_of_a_child_reads_no_more_than_it_needs_to_warn():
    assert AGGREGATES["child"].opens[ChildRecorded.topic] == ("client_id", "forenames")


# ---------------------------------------------------------------------------------------- names out of free text


@pytest.mark.parametrize(
    "text,warned",
    [
        ("Kit was at home.", True),
        ("saw KIT today", True),
        ("Sam told us so", True),  # the second forename of pip
        ("a kitten on the sofa", False),
        ("Invented came alone", False),  # a family's name is the offender's too
        ("nothing to note", False),
    ],
)
def test_a_note_that_names_a_child_of_the_case_warns(text, warned):
    case = Registering().entered().noted(text, "2025-01-10")
    assert case.warned == (WARNED if warned else [])


def test_it_warns_for_any_text_of_the_case_and_of_the_entry_but_the_childs_own():
    case = Registering().entered(["kit"])
    case.tell("2025-01-10 10:00", "practitioner", "RecordSignificantChange", what="Kit moved in", on="2025-01-10")
    assert case.warned == WARNED
    to = {"to": "register-entry/e1"}
    case.tell("2025-01-10 11:00", "team-admin", "FollowUpMissedReview", **to, on="2025-01-10", result="Kit is seen")
    assert case.warned == WARNED
    change = {"kind": "CHILD_ADDRESS", "on": "2025-01-10", "details": "Kit lives with an aunt"}
    case.tell("2025-01-10 12:00", "practitioner", "RecordCpChange", **to, **change)
    assert case.warned == []


def test_a_child_no_longer_linked_or_erased_is_not_looked_for():
    case = Registering().entered().notified(child="kit").ended("kit").noted("Kit was at home.", "2025-10-14")
    assert case.warned == []


def test_nobody_is_warned_of_what_another_system_told():
    case = Registering().entered(["kit"])
    data = {"what": "Kit moved in", "on": "2025-01-10"}
    answer = case.give("2025-01-10 10:00", "practitioner", "RecordSignificantChange", imported=True, **data)
    assert answer["warnings"] == []
