"""Refusals and warnings of area E that the case itself shows: assessments, who manages, child protection."""

from datetime import date

import pytest
from tests.aggregates.placing import COORDINATOR, Placing

D = date.fromisoformat
PSO = ("ALL-14", "Line manager's approval is needed before a PSO works on a child protection case.")
TRAINEE = ("ALL-13", "A trainee may not be responsible for a child protection case.")
CONSULT = ("ALL-12", "Consult the risk manager first.")


def assigned(day, grade, staff="s1", role="RESPONSIBLE", name="bob"):
    data = {"order_id": f"o-{name}", "staff_id": staff, "grade": grade, "role": role, "on": day}
    return day, "senior-practitioner", "AssignPractitioner", name, data


def assign(here, *told, **more):
    day, by, command, name, data = assigned(*told, **more)
    return here.do(day, by, command, name, **data)


def not_assigned(here, *told, **more):
    day, by, command, name, data = assigned(*told, **more)
    return here.not_to(day, by, command, name, **data)


def approve(here, day, staff="pso1", name="bob"):
    data = {"order_id": f"o-{name}", "pso_id": staff, "nature_of_contact": "unpaid work", "on": day}
    return here.do(day, "senior-practitioner", "ApprovePsoInvolvement", name, **data)


# ---------------------------------------------------------------------------------------- assessments


@pytest.mark.parametrize(
    "gender,given,why",
    [
        ("F", {}, ("ALL-06", "Record her preference.")),
        ("F", {"group_preference": "NONE"}, None),
        ("M", {}, None),
        ("OTHER", {}, None),
    ],
)
def test_a_womans_assessment_asks_what_she_prefers(gender, given, why):
    here = Placing().somebody(gender=gender, ready=False)
    data = {"order_id": "o-bob", "completed_on": "2025-01-20", **given}
    if why:
        assert here.not_to("2025-01-20", "practitioner", "CompleteUpwAssessment", **data) == why
    else:
        assert here.do("2025-01-20", "practitioner", "CompleteUpwAssessment", **data).warned == []


def test_a_gender_put_right_counts_from_then_on():
    here = Placing().somebody(ready=False)
    told = {"field": " Gender ", "new_value": "female", "reason": "as told"}
    here.do("2025-01-07", "team-admin", "CorrectOffenderDetails", **told)
    data = {"order_id": "o-bob", "completed_on": "2025-01-20"}
    assert here.not_to("2025-01-20", "practitioner", "CompleteUpwAssessment", **data)[0] == "ALL-06"


def test_a_gender_that_is_none_is_asked_about_not_refused():
    here = Placing().somebody(ready=False)
    here.do("2025-01-07", "team-admin", "CorrectOffenderDetails", field="gender", new_value="?", reason="as told")
    data = {"order_id": "o-bob", "completed_on": "2025-01-20"}
    assert [rule for rule, _ in here.do("2025-01-20", "practitioner", "CompleteUpwAssessment", **data).warned] == [
        "ALL-06"
    ]


def test_no_allocation_without_the_assessment_of_that_order():
    here = Placing().park().somebody(ready=False)
    assert here.not_allocated("2025-02-03") == ("ALL-01", "Complete the UPW assessment before allocating.")
    assert here.assess("2025-02-03").allocate("2025-02-03").state("2025-02-03") == "active"


@pytest.mark.parametrize("reasons", [{"match_reasons": ""}, {"match_reasons": "  \n"}, {"match_reasons": None}])
def test_an_allocation_says_why_it_suits(reasons):
    here = Placing().park().somebody()
    why = ("ALL-05", "State why this placement suits the person.")
    assert here.not_allocated("2025-02-03", **reasons) == why


# ---------------------------------------------------------------------------------------- who manages


@pytest.mark.parametrize(
    "grade,role,requirements,why",
    [
        ("PSO", "RESPONSIBLE", ("UPW",), None),
        ("PSO", "RESPONSIBLE", ("UPW", "SUPERVISION"), "ALL-10"),
        ("PSO", "RESPONSIBLE", (), "ALL-10"),
        ("PSO", "INVOLVED", ("UPW", "SUPERVISION"), None),
        ("PO", "RESPONSIBLE", ("UPW", "SUPERVISION"), None),
        ("TRAINEE", "RESPONSIBLE", ("UPW", "SUPERVISION"), None),
    ],
)
def test_an_officer_holds_orders_of_unpaid_work_alone(grade, role, requirements, why):
    here = Placing().somebody(requirements=requirements)
    if why:
        message = "Multi-requirement orders are held by an offender manager."
        assert not_assigned(here, "2025-01-07", grade, role=role) == (why, message)
    else:
        assert assign(here, "2025-01-07", grade, role=role).warned == []


@pytest.mark.parametrize("level,warned", [("LOW", []), ("MEDIUM", []), ("HIGH", ["ALL-10"]), ("VERY_HIGH", ["ALL-10"])])
def test_an_officer_on_a_high_risk_case_is_warned_of(level, warned):
    here = assign(Placing().somebody(level=level), "2025-01-07", "PSO")
    assert [rule for rule, _ in here.warned] == warned


# ---------------------------------------------------------------------------------------- child protection


@pytest.mark.parametrize(
    "grade,role,why", [("TRAINEE", "RESPONSIBLE", TRAINEE), ("PSO", "RESPONSIBLE", PSO), ("PO", "RESPONSIBLE", None)]
)
def test_who_may_be_responsible_for_a_child_protection_case(grade, role, why):
    here = Placing().somebody().concern("2025-02-03")
    if why:
        assert not_assigned(here, "2025-02-04", grade, role=role) == why
    else:
        assign(here, "2025-02-04", grade, role=role)


def test_a_trainee_may_be_involved():
    here = Placing().somebody().concern("2025-02-03")
    told = {"order_id": "o-bob", "trainee_id": "t1", "guidance_by": "rm1", "guidance_on": "2025-02-04"}
    here.do("2025-02-04", "senior-practitioner", "InvolveTrainee", **told)
    assign(here, "2025-02-04", "TRAINEE", role="INVOLVED", staff="t2")


def test_an_approved_officer_may_be_responsible_and_only_that_one():
    here = approve(Placing().somebody().concern("2025-02-03"), "2025-02-04", "pso1")
    assert not_assigned(here, "2025-02-05", "PSO", "pso2") == PSO
    assign(here, "2025-02-05", "PSO", "pso1")


AS_PSO = [
    ("AgreeEte", {"ete_id": "t1", "activity": "bricklaying", "purpose": "CLOSER_TO_WORK", "agreed_on": "2025-02-04"}),
    ("OfferFirstAppointment", {"offered_on": "2025-02-04", "offered_for": "2025-02-05"}),
    ("CompleteUpwAssessment", {"completed_on": "2025-02-04"}),
]


@pytest.mark.parametrize("command,data", AS_PSO, ids=lambda each: each if isinstance(each, str) else "")
def test_no_officer_works_on_a_child_protection_case_unapproved(command, data):
    here = Placing().somebody().concern("2025-02-03")
    given = {"order_id": "o-bob", **data}
    assert here.not_to("2025-02-04", "pso", command, **given, author="pso1") == PSO
    approve(here, "2025-02-04", "pso2")
    assert here.not_to("2025-02-04", "pso", command, **given, author="pso1") == PSO
    approve(here, "2025-02-04", "pso1")
    here.do("2025-02-04", "pso", command, **given, author="pso1")


def test_an_approval_for_another_order_does_not_do():
    here = Placing().somebody().concern("2025-02-03")
    order = {"order_id": "o-2", "order_type": "CO", "court": "Nowhere", "sentence_date": "2025-02-03", "upw_hours": 60}
    order |= {"order_end_date": "2027-01-05", "requirements": ["UPW"]}
    here.do("2025-02-03", "court-officer", "RecordOrder", **order)
    approve(here, "2025-02-04", "pso1")
    given = {"order_id": "o-2", "offered_on": "2025-02-04", "offered_for": "2025-02-05"}
    assert here.not_to("2025-02-04", "pso", "OfferFirstAppointment", **given, author="pso1") == PSO
    here.do("2025-02-04", "pso", "RecordCommunicationNeed", need_type="SIGNING", author="pso1")  # of no one order


def test_a_concern_is_taken_from_anybody():
    here = Placing().somebody().concern("2025-02-03")
    told = {"category": "SAFEGUARDING", "observed_on": "2025-02-04", "note": "as told", "reported_to": []}
    here.do("2025-02-04", "pso", "ReportRiskConcern", **told, author="pso1")


def test_nobody_is_barred_before_there_is_a_concern_or_once_it_was_struck_out():
    here = Placing().somebody()
    given = {"order_id": "o-bob", "offered_on": "2025-02-04", "offered_for": "2025-02-05"}
    here.do("2025-02-03", "pso", "OfferFirstAppointment", **given | {"offered_on": "2025-02-03"}, author="pso1")
    here.concern("2025-02-03", label="the-concern")
    assert here.not_to("2025-02-04", "pso", "OfferFirstAppointment", **given, author="pso1") == PSO
    to = "child-protection-matter/m1"
    here.do("2025-02-04", "senior-practitioner", "StrikeOutRecord", to, event_ref="the-concern", reason="another man")
    here.do("2025-02-04", "pso", "OfferFirstAppointment", **given, author="pso1")


# ---------------------------------------------------------------------------------------- the risk manager


def consulted(here, day, order="o-bob"):
    return here.do(day, "practitioner", "RecordConsultation", order_id=order, on=day, advice="group work is suitable")


@pytest.mark.parametrize(
    "level,category,why",
    [
        ("HIGH", "SIGNIFICANT_HARM", CONSULT),
        ("VERY_HIGH", "UNDETERMINED", CONSULT),
        ("HIGH", "IN_NEED", None),
        ("MEDIUM", "SIGNIFICANT_HARM", None),
        (None, "SIGNIFICANT_HARM", None),
    ],
)
def test_high_risk_with_a_significant_concern_asks_for_the_risk_manager(level, category, why):
    here = Placing().park().somebody(level=level).concern("2025-02-03", category=category)
    if why:
        assert here.not_allocated("2025-02-04") == why
        consulted(here, "2025-02-04")
    here.allocate("2025-02-04")


def test_a_consultation_before_both_came_together_is_about_something_else():
    here = consulted(Placing().park().somebody(level="HIGH"), "2025-01-10").concern("2025-02-03")
    assert here.not_allocated("2025-02-04") == CONSULT
    here = Placing().park().somebody(level="LOW").concern("2025-02-03")
    consulted(here, "2025-02-04").level("2025-02-10", "bob", "HIGH")
    assert here.not_allocated("2025-02-11") == CONSULT
    consulted(here, "2025-02-11").allocate("2025-02-11")


# ---------------------------------------------------------------------------------------- told by another system


def test_history_that_breaks_these_rules_is_recorded_and_flagged():
    here = Placing().park().somebody(ready=False, level="HIGH", requirements=("UPW", "SUPERVISION"))
    here.concern("2025-02-03")
    here.do("2025-02-04", COORDINATOR, "AllocatePlacement", imported=True, **here.allocation("2025-02-04"))
    assert {rule for rule, _ in here.warned} == {"ALL-01", "ALL-12"}
    _, by, command, _, data = assigned("2025-02-04", "PSO")
    here.do("2025-02-04", by, command, imported=True, **data)
    rows = here.names.named(here.ledger.ask("worklist/exceptions", D("2025-02-05"), None)["items"])
    assert {each["rule"] for each in rows} == {"ALL-01", "ALL-12", "ALL-10", "ALL-14"}
