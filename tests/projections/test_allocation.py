"""View `allocation`: who works with the person, needs and restrictions, alerts and their end, reasons, the unknown."""

from datetime import date

import pytest
from tests.aggregates.placing import COORDINATOR, Placing

from ledger.aggregates.shape import Erased
from ledger.projections import VIEWS

VIEW = next(each for each in VIEWS if each.name == "allocation")
NO_ONE = {"allocations": [], "practitioners": [], "needs": [], "restrictions": [], "sessions": [], "alerts": []}


def erased(here, name, field, topic):
    for n, each in enumerate(here.ledger.records):
        if each.stream == f"offender-{here.names.id(name)}" and each.fact.topic == topic:
            gone = each.fact.completed(**{field: Erased(date(2025, 2, 2))})
            here.ledger.records[n] = each.with_fact(gone, each.effective, each.position)
    return here


def assign(here, day, staff, grade, role="RESPONSIBLE"):
    data = {"order_id": "o-bob", "staff_id": staff, "grade": grade, "role": role, "on": day}
    return here.do(day, "senior-practitioner", "AssignPractitioner", **data)


# ---------------------------------------------------------------------------------------- who works with them


def staff(here, day):
    return [(each["staff_id"], each["grade"], each["role"]) for each in here.view(day)["practitioners"]]


def test_one_is_responsible_others_are_involved():
    here = assign(assign(Placing().somebody(), "2025-01-07", "po1", "PO"), "2025-01-08", "po2", "PO", "INVOLVED")
    assign(here, "2025-01-09", "po3", "PO")
    assert staff(here, "2025-01-08") == [("po1", "PO", "RESPONSIBLE"), ("po2", "PO", "INVOLVED")]
    assert staff(here, "2025-01-09") == [("po2", "PO", "INVOLVED"), ("po3", "PO", "RESPONSIBLE")]
    assign(here, "2025-01-10", "po2", "PO")
    assert staff(here, "2025-01-10") == [("po2", "PO", "RESPONSIBLE")]


def test_a_trainee_and_an_approved_officer_are_involved():
    here = Placing().somebody()
    told = {"order_id": "o-bob", "trainee_id": "t1", "guidance_by": "rm1", "guidance_on": "2025-01-07"}
    here.do("2025-01-07", "senior-practitioner", "InvolveTrainee", **told)
    told = {"order_id": "o-bob", "pso_id": "pso1", "nature_of_contact": "unpaid work", "on": "2025-01-08"}
    here.do("2025-01-08", "senior-practitioner", "ApprovePsoInvolvement", **told)
    assert staff(here, "2025-01-08") == [("t1", "TRAINEE", "INVOLVED"), ("pso1", "PSO", "INVOLVED")]
    assign(here, "2025-01-09", "pso2", "PSO")
    assert {each["staff_id"]: each.get("approved") for each in here.view("2025-01-09")["practitioners"]} == {
        "t1": None, "pso1": True, "pso2": False,
    }  # fmt: skip


# ---------------------------------------------------------------------------------------- needs and restrictions


def minded(here, day):
    shown = here.view(day)
    return [each["need"] for each in shown["needs"]], [each["restriction"] for each in shown["restrictions"]]


def needy():
    here = Placing().somebody()
    here.assess("2025-01-20", needs=["reads slowly"], restrictions=["no ladders"])
    here.do("2025-01-21", "pso", "RecordDiversityNeed", need="prayer", adjustment="a break", agreed_on="2025-01-21")
    here.do("2025-01-22", "pso", "RecordCommunicationNeed", need_type="SIGNING", language="BSL")
    told = {"restriction": "no lifting", "from_date": "2025-02-03"}
    return here.do("2025-01-23", COORDINATOR, "SetTaskRestriction", **told)


def test_needs_and_restrictions_are_those_of_the_last_assessment_and_those_agreed_since():
    here = needy()
    assert minded(here, "2025-01-23") == (["reads slowly", "prayer", "SIGNING"], ["no ladders", "no lifting"])
    assert minded(here, "2025-01-21") == (["reads slowly", "prayer"], ["no ladders"])
    here.assess("2025-01-24", restrictions=["no heights"])
    assert minded(here, "2025-01-24") == (["prayer", "SIGNING"], ["no heights", "no lifting"])
    assert str(here.view("2025-01-24")["restrictions"][-1]["from"]) == "2025-02-03"


def test_only_this_view_and_the_chronology_open_them():
    sealed = {
        "offender.upw-assessment-completed.v1": {"needs", "restrictions"},
        "offender.diversity-need-recorded.v1": {"need", "adjustment"},
        "offender.task-restriction-set.v1": {"restriction"},
    }
    for topic, fields in sealed.items():
        opening = {view.name for view in VIEWS if view.opens is not None and fields & {*view.opens.get(topic, ())}}
        assert opening == {"allocation"}


def test_what_is_erased_says_so():
    here = erased(needy(), "bob", "needs", "offender.upw-assessment-completed.v1")
    assert minded(here, "2025-01-23")[0][0] == "[record erased 02/02/2025]"


# ---------------------------------------------------------------------------------------- alerts, and their end


def test_a_trainee_is_to_be_replaced_until_somebody_else_is_responsible():
    here = assign(Placing().somebody(), "2025-01-07", "t1", "TRAINEE").concern("2025-02-03")
    flag = ("ALL-13", "REALLOCATE_FROM_TRAINEE")
    assert here.alerts("2025-02-02") == []
    assert here.alerts("2025-02-03") == [flag]
    assign(here, "2025-02-04", "t1", "TRAINEE", "INVOLVED")
    assert here.alerts("2025-02-04") == [flag]
    assign(here, "2025-02-05", "po1", "PO")
    assert (here.alerts("2025-02-04"), here.alerts("2025-02-05")) == ([flag], [])


def test_she_is_the_only_woman_from_the_day_the_other_goes_until_one_comes():
    here = Placing().park().somebody("ann", "F").somebody("cat", "F").somebody("bob")
    here.allocate("2025-02-03", "cat").allocate("2025-02-03", "bob").allocate("2025-02-03", "ann")
    here.suspend("2025-02-05", "cat").resume("2025-02-07", "cat").end("2025-02-10", "cat")
    flag = [("ALL-07", "ONLY_WOMAN_IN_GROUP")]
    days = ["2025-02-04", "2025-02-05", "2025-02-07", "2025-02-09", "2025-02-10"]
    assert [here.alerts(day, "ann") for day in days] == [[], flag, [], [], flag]
    assert here.alerts("2025-02-10", "bob") == []
    here.end("2025-02-12", "bob")
    assert here.alerts("2025-02-12", "ann") == []  # nobody else is there
    why = here.view("2025-02-11", "ann", explain=True)["alerts"][0]["why"]
    assert why["rules"] == ["ALL-07@manual-2022"]


def test_one_whose_allocation_plc_09_ended_is_no_company():
    here = Placing().school().somebody("ann", "F").somebody("cat", "F").somebody("bob")
    for name in ("cat", "bob", "ann"):
        here.allocate("2025-02-03", name, "school")
    here.offence("2025-02-05", "cat")
    assert here.alerts("2025-02-04", "ann") == []
    assert here.alerts("2025-02-05", "ann") == [("ALL-07", "ONLY_WOMAN_IN_GROUP")]


def test_the_stop_at_a_school_stays_an_alert_until_a_person_has_dealt_with_it():
    here = Placing().school().somebody().allocate("2025-02-03", placement="school").level("2025-02-05", "bob", "HIGH")
    assert here.alerts("2025-02-05") == [("PLC-09", "SCHOOL_ALLOCATION_SUSPENDED")]
    here.approval("2025-02-06").resume("2025-02-07").offence("2025-02-10")
    assert here.alerts("2025-02-06") == [("PLC-09", "SCHOOL_ALLOCATION_SUSPENDED")]
    assert here.alerts("2025-02-07") == []
    assert here.alerts("2025-02-10") == [("PLC-09", "SCHOOL_ALLOCATION_ENDED")]
    here.end("2025-02-11")
    shown = here.view("2025-02-11")
    assert (shown["alerts"], shown["allocations"][0]["state"]) == ([], "ended")
    assert shown["allocations"][0]["cause"] == "Offence code 21 excludes this person from school premises."


def test_a_falling_level_does_not_resume_by_itself():
    here = Placing().school().somebody().allocate("2025-02-03", placement="school").level("2025-02-05", "bob", "HIGH")
    here.level("2025-02-06", "bob", "LOW")
    assert here.state("2025-02-06") == "suspended"
    assert here.resume("2025-02-07").state("2025-02-07") == "active"


# ---------------------------------------------------------------------------------------- reasons, and the unknown


def test_every_state_says_why():
    here = Placing().school().somebody().allocate("2025-02-03", placement="school")
    here.schedule("2025-02-03", "s1", "2025-02-08", placement="school").offence("2025-02-05")
    shown = here.view("2025-02-05", explain=True)
    (allocation,), (session,), (alert,) = shown["allocations"], shown["sessions"], shown["alerts"]
    facts = [here.ledger.records[-1].position]
    why = {"rules": ["PLC-09@kent", "PLC-06@kent"], "facts": facts}
    settings = {"plc.school_excluded_codes": "16-25, 27, 107, 139"}
    assert allocation["why"] == session["why"] == {**why, "settings": settings}
    assert alert["why"] == {"rules": ["PLC-09@kent"], "facts": facts}
    assert (session["state"], allocation["state"]) == ("cancelled", "ended")
    before = here.view("2025-02-04", explain=True)["allocations"][0]
    assert before["why"]["rules"] == ["ALL-05@inspection-2012"]
    assert "why" not in here.view("2025-02-05")["allocations"][0]


def test_a_state_that_rests_on_what_is_erased_is_unknown():
    here = Placing().school().somebody().allocate("2025-02-03", placement="school").level("2025-02-05", "bob", "HIGH")
    erased(here, "bob", "rosh_level", "offender.risk-assessment-completed.v1")
    assert here.state("2025-02-05") == "unknown"
    assert here.end("2025-02-06").state("2025-02-06") == "ended"
    here = Placing().park().somebody().allocate("2025-02-03")
    assert erased(here, "bob", "rosh_level", "offender.risk-assessment-completed.v1").state("2025-02-05") == "active"


@pytest.mark.parametrize("level,reads", [("LOW", False), ("MEDIUM", False), ("HIGH", True)])
def test_the_placement_is_looked_at_only_where_an_answer_turns_on_it(level, reads):
    here = Placing().park().somebody(level=level).allocate("2025-02-03")
    asked = []

    def others(name):
        asked.append(name)
        return here.ledger.history(name, opens=VIEW.opens)

    history = here.ledger.history(f"offender-{here.names.id('bob')}", opens=VIEW.opens)
    VIEW.answer(history, here.ledger.policy(), date(2025, 2, 4), 999, False, others)
    assert bool(asked) is reads


def test_before_anything_there_is_nothing():
    here = Placing().park().somebody(ready=False, level=None)
    assert here.view("2025-01-06") == NO_ONE
    here.assess("2025-01-07").allocate("2025-02-03", from_date="2025-02-10").schedule("2025-02-03", "s1", "2025-02-15")
    assert here.view("2025-02-02") == NO_ONE
    assert here.view("2025-02-10", known_at="2025-02-02 12:00") == NO_ONE
    assert (here.state("2025-02-03"), here.sessions("2025-02-03")) == ("active", {"s1": "planned"})
