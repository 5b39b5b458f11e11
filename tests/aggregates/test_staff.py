"""Staff at work: what falls due and when, what is refused, what a case is told of it (rule book J; CP-52, DP-13)."""

import random
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.aggregates.registering import OFFICER, Registering
from tests.aggregates.telling import Telling
from tests.projections.test_schedule import holds_on_every_day

from ledger.aggregates import AGGREGATES
from ledger.aggregates.offender.merging import as_one
from ledger.projections import case_review

OM = "operations-manager"
HELD = {"cases_discussed": [], "file_reviewed": [], "guidance": "as told", "child_protection_discussed": False}
SEEN = {"placement_id": "park", "checklist": {"punctual": True}, "feedback": "calm"}


class Working(Telling):
    """One member of staff, told line by line."""

    def give(self, at, by, command, /, to=None, **more):
        return super().give(at, by, command, to=to or "staff/sue", **more)

    def started(self, on, role="supervisor", **more):
        return self.tell(f"{on} 12:00", OM, "StartStaff", role=role, on=on, **more)

    def supervised(self, on, **more):
        return self.tell(f"{on} 12:00", OM, "RecordSupervision", manager_id="om1", on=on, **HELD | more)

    def observed(self, on):
        return self.tell(f"{on} 12:00", OM, "RecordObservation", supervisor_id="sue", on=on, **SEEN)

    def trained(self, on, course):
        return self.tell(f"{on} 12:00", "training-unit", "RecordTraining", course=course, on=on)

    def view(self, as_at, explain=False):
        path = f"staff/{self.names.id('sue')}/staff"
        return self.ledger.ask(path, date.fromisoformat(as_at), None, explain)

    def due(self, as_at):
        items = self.ledger.ask("worklist/oversight", date.fromisoformat(as_at), None)["items"]
        return {each["kind"]: (str(each["due"]), each["state"]) for each in items}


# ---------------------------------------------------------------------------------------- clocks


@pytest.mark.parametrize(
    "as_at,state",
    [("2025-10-12", "not-due"), ("2025-10-13", "due"), ("2025-10-14", "overdue"), ("2026-03-01", "overdue")],
)
def test_supervision_is_due_forty_two_days_after_the_last(as_at, state):
    sue = Working().started("2025-01-06").supervised("2025-09-01")
    assert sue.view(as_at)["supervision"] == {
        "last_on": date(2025, 9, 1),
        "next_due": date(2025, 10, 13),
        "state": state,
    }


def test_before_the_first_supervision_it_is_due_from_the_start():
    assert Working().started("2025-01-06").view("2025-01-07")["supervision"]["next_due"] == date(2025, 2, 17)


@pytest.mark.parametrize(
    "role,supervised,observed",
    [
        ("supervisor", True, True),
        ("Placement Coordinator", True, False),
        ("operations_manager", True, False),
        ("practitioner", False, False),
    ],
)
def test_who_is_supervised_and_observed_follows_from_the_role(role, supervised, observed):
    due = Working().started("2025-01-06", role=role).due("2025-01-07")
    assert ("supervision" in due, "observation" in due) == (supervised, observed)


def test_two_observations_a_year_and_the_next_year_begins_anew():
    sue = Working().started("2025-01-06").observed("2025-02-03")
    assert sue.due("2025-12-31")["observation"] == ("2025-12-31", "due")
    assert sue.due("2026-01-01")["observation"] == ("2025-12-31", "overdue")
    sue.observed("2025-06-02")
    assert sue.due("2025-12-31")["observation"] == ("2026-12-31", "not-due")
    years = [(each["year"], each["done"], each["state"]) for each in sue.view("2026-01-01")["observations"]]
    assert years == [(2025, 2, "done"), (2026, 0, "due")]


@pytest.mark.parametrize("on,state", [(None, "overdue"), ("2025-07-06", "done"), ("2025-07-07", "done-late")])
def test_probation_takes_an_observation_within_six_months(on, state):
    sue = Working().started("2025-01-06")
    sue = sue.observed(on) if on else sue
    assert sue.view("2025-07-08")["probation_observation"]["state"] == state


def test_a_start_on_the_last_of_august_gives_the_training_to_the_last_of_february():
    shown = Working().started("2025-08-31").view("2025-09-01")
    assert (shown["hs_reading"]["due"], shown["hs_training"]["due"]) == (date(2025, 10, 26), date(2026, 2, 28))


@pytest.mark.parametrize(
    "course,clock", [("Health  and Safety package", "hs_training"), ("H&S", "hs_training"), ("e-safety", None)]
)
def test_a_course_is_known_by_its_name(course, clock):
    shown = Working().started("2025-01-06").trained("2025-02-03", course).view("2025-02-03")
    assert (shown["hs_training"]["state"] == "done") is (clock == "hs_training")


def test_information_security_is_trained_every_twelve_months():
    sue = Working().started("2024-02-29")
    assert sue.due("2025-02-28")["information-security"] == ("2025-02-28", "due")
    sue.trained("2025-02-20", "Information security refresher")
    assert sue.due("2025-02-28")["information-security"] == ("2026-02-20", "not-due")


def test_nothing_falls_due_for_who_left_until_they_start_again():
    sue = Working().started("2025-01-06").tell("2025-02-03 09:00", OM, "EndStaff", on="2025-02-03")
    assert sue.due("2025-02-02") != {}
    assert sue.due("2025-02-03") == {}
    assert sue.view("2026-01-01")["supervision"]["next_due"] is None
    sue.started("2026-03-02")
    assert sue.due("2026-03-02")["supervision"] == ("2026-04-13", "not-due")


def test_who_starts_again_is_supervised_from_the_new_start_and_owes_nothing_for_the_years_away():
    sue = Working().started("2023-01-09").supervised("2023-02-06").observed("2023-02-06").observed("2023-03-06")
    sue.tell("2023-06-05 09:00", OM, "EndStaff", on="2023-06-05").started("2026-03-02")
    assert sue.due("2026-03-03")["supervision"] == ("2026-04-13", "not-due")
    assert sue.view("2026-03-03")["supervision"]["last_on"] == date(2023, 2, 6)
    years = [(each["year"], each["state"]) for each in sue.view("2026-03-03")["observations"]]
    assert years == [(2023, "done"), (2026, "due")]


def test_a_setting_moves_the_day_and_the_answer_says_so():
    sue = Working(settings={"mgt.supervision": "28"}).started("2025-01-06")
    shown = sue.view("2025-01-07", explain=True)["supervision"]
    assert shown["next_due"] == date(2025, 2, 3)
    assert shown["why"] == {"rules": ["MGT-02@manual-2022"], "facts": [3], "settings": {"mgt.supervision": 28}}


# ---------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    "at,by,command,data,why",
    [
        (
            "2025-02-03",
            OM,
            "StartStaff",
            {"role": "supervisor"},
            "This start is already recorded; record a correction.",
        ),
        ("2025-01-05", OM, "EndStaff", {}, "Nobody left who had not started; record the start first."),
        (
            "2025-02-03",
            "supervisor",
            "LogVehicleUse",
            {"vehicle": "van 1", "mileage": 12, "odometer": 40012, "use": "to the park"},
            "Driver is not verified.",
        ),
        (
            "2025-02-03",
            "supervisor",
            "ReportCardLoss",
            {"reported_on": "2025-02-02"},
            "A loss is reported on or after the day of the loss.",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_plain_words(at, by, command, data, why):
    sue = Working().started("2025-01-06")
    assert sue.refused("2025-02-04 12:00", by, command, on=at, **data)[1] == why


def test_a_driver_drives_from_the_day_of_the_verification():
    used = {"vehicle": "van 1", "mileage": 12, "odometer": 40012, "use": "to the park"}
    sue = Working().started("2025-01-06").tell("2025-02-03 09:00", OM, "VerifyDriver", on="2025-02-03")
    assert sue.refused("2025-02-04 12:00", "supervisor", "LogVehicleUse", on="2025-02-02", **used)[0] == "PLC-50"
    sue.tell("2025-02-04 12:00", "supervisor", "LogVehicleUse", on="2025-02-03", **used)


# ---------------------------------------------------------------------------------------- the list


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["supervised", "observed", "trained", "left", "started"]), st.integers(0, 60)),
        max_size=8,
    )
)
@settings(max_examples=25, deadline=None)
def test_the_list_by_table_is_the_list_day_by_day(steps):
    sue, day = Working().started("2025-01-06"), date(2025, 1, 6)
    for step, later in steps:
        day = date.fromordinal(day.toordinal() + later)
        if step == "left":
            sue.give(f"{day} 12:00", OM, "EndStaff", on=str(day))
        elif step == "started":
            sue.give(f"{day} 12:00", OM, "StartStaff", role="supervisor", on=str(day))
        elif step == "trained":
            sue.trained(str(day), "information security")
        else:
            getattr(sue, step)(str(day))
    stream, known = f"staff-{sue.names.id('sue')}", len(sue.ledger.records)
    history = sue.ledger.history(stream, known, AGGREGATES["staff"].opens)
    holds_on_every_day(stream, history, sue.ledger.policy(), known, random.Random(1))


# ---------------------------------------------------------------------------------------- what a case is told


class Overseen(Registering):
    """A child protection case since 4 Dec 2024 and a supervision of its officer."""

    def supervision(self, on, **more):
        to = "staff/pat"
        return self.tell(f"{on} 10:00", OM, "RecordSupervision", to=to, manager_id="om1", on=on, **HELD | more)

    def oversight(self, as_at, explain=False):
        path = f"offender/{self.names.id('ann')}/oversight"
        return self.names.named(self.ledger.ask(path, date.fromisoformat(as_at), None, explain))


def test_a_child_protection_case_whose_file_no_supervision_has_read_is_flagged_by_its_age():
    case = Overseen().entered()
    assert case.oversight("2024-12-02")["alerts"] == []
    (alert,) = case.oversight("2025-01-03")["alerts"]
    assert (alert["rule"], alert["flag"], str(alert["since"]), alert["days"]) == (
        "MGT-01",
        "NO_FILE_REVIEW",
        "2024-12-04",
        30,
    )
    case.supervision("2025-01-06", cases_discussed=["ann"], child_protection_discussed=True)
    assert len(case.oversight("2025-01-06")["alerts"]) == 1  # talked of, not read
    case.supervision("2025-01-13", cases_discussed=["ann"], file_reviewed=["ann"])
    assert len(case.oversight("2025-01-12")["alerts"]) == 1
    assert case.oversight("2025-01-13")["alerts"] == []


@pytest.mark.parametrize("one,into", [("ann", "bob"), ("bob", "ann")])
def test_a_review_of_the_file_of_either_record_of_a_person_is_told_of_both(one, into):
    case = Overseen().entered().person_of("bob")
    case.supervision("2025-01-06", cases_discussed=["bob"], file_reviewed=["bob"])
    case.tell("2025-01-07 09:00", OFFICER, "MergePersons", to=f"offender/{one}", into=into, reason="one person")
    name, other = (f"offender-{case.names.id(each)}" for each in ("ann", "bob"))
    histories = {each: case.ledger.history(each) for each in (name, other)}
    for each in (name, other):
        shown = case_review.oversight(as_one(each, histories), case.ledger.policy(), date(2025, 1, 31), 10_000)
        assert [(told["discussed"], told["file_reviewed"]) for told in shown["supervision"]] == [(True, True)]
        assert shown["alerts"] == []


def test_a_case_is_told_when_it_was_discussed_and_by_whom_and_of_nobody_elses():
    case = Overseen().entered().person_of("bob")
    case.supervision("2025-01-06", cases_discussed=["ann", "bob"], child_protection_discussed=True)
    case.supervision("2025-01-07", file_reviewed=["bob"])
    (told,) = case.oversight("2025-01-31")["supervision"]
    assert told == {
        "on": date(2025, 1, 6),
        "staff_id": "pat",
        "by": "om1",
        "discussed": True,
        "file_reviewed": False,
        "child_protection_discussed": True,
    }
