"""What an assessment owes where there may be children, from the tables of a real ledger that its follower keeps."""

from uuid import uuid4

from tests.doors import TODAY, Door, days_ago
from tests.following.test_following import folded, rows


def of(door, case, name):
    door.run(door.ledger.follower.catch_up())
    kept = rows(door, name)
    assert kept == folded(door, name)
    return [each for each in kept if each["offender_id"] == case.id]


def kinds(door, case):
    return [each["kind"] for each in of(door, case, "child-protection")]


def assessed(case, days, **more):
    told = {"order_id": case.order, "completed_on": days_ago(days), "rosh_level": "LOW", "marking": "CONFIDENTIAL"}
    return told | more


def test_an_assessment_waits_for_its_check_whichever_table_is_asked(door: Door):
    case = door.new_case()
    door.give(case.to, "CompleteRiskAssessment", assessed(case, 20), "practitioner", key=uuid4())
    (row,) = of(door, case, "oasys-without-check")
    assert (row["order_id"], row["since"], row["days"]) == (case.order, days_ago(20), 20)
    asked = {"check_id": str(uuid4()), "offender_id": case.id, "on": days_ago(3), "reason": "REVIEW"}
    door.give(f"child-protection-matter/{uuid4()}", "RequestCheck", asked, "practitioner", key=uuid4())
    assert of(door, case, "oasys-without-check") == []


def test_a_check_about_another_record_of_the_person_is_about_them(door: Door):
    case, other = door.new_case(), door.new_case()
    door.give(case.to, "CompleteRiskAssessment", assessed(case, 20), "practitioner", key=uuid4())
    asked = {"check_id": str(uuid4()), "offender_id": other.id, "on": days_ago(3), "reason": "REVIEW"}
    door.give(f"child-protection-matter/{uuid4()}", "RequestCheck", asked, "practitioner", key=uuid4())
    assert len(of(door, case, "oasys-without-check")) == 1
    merging = {"into": case.id, "reason": "one person"}
    door.give(other.to, "MergePersons", merging, "information-officer", key=uuid4())
    assert of(door, case, "oasys-without-check") == []
    parting = {"from_person": case.id, "reason": "two persons"}
    door.give(other.to, "SeparatePersons", parting, "information-officer", key=uuid4())
    assert len(of(door, case, "oasys-without-check")) == 1


def test_the_kind_of_an_objective_is_read_though_it_is_sealed(door: Door):
    case = door.new_case()
    told = assessed(case, 20, risk_to_children_r2="as told")
    door.give(case.to, "CompleteRiskAssessment", told, "practitioner", key=uuid4())
    assert kinds(door, case) == ["objective"]
    for kind, left in (("work", ["objective"]), ("child_protection", [])):
        data = {"order_id": case.order, "text": "as told", "kind": kind}
        door.give(case.to, "SetObjective", data, "practitioner", key=uuid4())
        assert kinds(door, case) == left


def test_the_code_of_a_judgement_is_read_though_it_is_sealed(door: Door):
    case = door.new_case()
    concern = {"concern_id": str(uuid4()), "offender_id": case.id, "source": "OTHER", "noted_on": days_ago(30)}
    concern |= {"grave": False, "category": "IN_NEED", "note": "as told"}
    door.give(f"child-protection-matter/{uuid4()}", "RecordConcern", concern, "practitioner", key=uuid4())
    for days, code, there in ((12, "medical", False), (10, "AARC", True)):
        absence = case.absence(days)
        door.give(case.to, "RecordAbsence", absence, "supervisor", key=uuid4())
        data = {"absence_id": absence["absence_id"], "result": "ACCEPTABLE", "reason_code": code, "reason": "as told"}
        judged = {**data, "judged_on": days_ago(days - 1)}
        door.give(case.to, "JudgeAbsence", judged, "practitioner", key=uuid4())
        assert ("prison" in kinds(door, case)) == there
    informed = {"prison": "HMP Nowhere", "on": TODAY.isoformat()}
    door.give(case.to, "InformPrison", informed, "practitioner", key=uuid4())
    assert "prison" not in kinds(door, case)


def test_what_a_child_case_reads_is_read_under_every_record_of_the_person(door: Door):
    case, other = door.new_case(), door.new_case()
    concern = {"concern_id": str(uuid4()), "offender_id": case.id, "source": "OTHER", "noted_on": days_ago(30)}
    concern |= {"grave": False, "category": "IN_NEED", "note": "as told"}
    door.give(f"child-protection-matter/{uuid4()}", "RecordConcern", concern, "practitioner", key=uuid4())
    absence = other.absence(10)
    door.give(other.to, "RecordAbsence", absence, "supervisor", key=uuid4())
    judged = {"absence_id": absence["absence_id"], "result": "ACCEPTABLE", "reason_code": "AARC", "reason": "as told"}
    door.give(other.to, "JudgeAbsence", judged | {"judged_on": days_ago(9)}, "practitioner", key=uuid4())
    door.give(other.to, "MergePersons", {"into": case.id, "reason": "one person"}, "information-officer", key=uuid4())
    assert "prison" in kinds(door, case)
    parting = {"from_person": case.id, "reason": "two persons"}
    door.give(other.to, "SeparatePersons", parting, "information-officer", key=uuid4())
    assert "prison" not in kinds(door, case)


def test_what_is_put_right_as_told_under_r2_is_a_concern_whose_objective_is_read(door: Door):
    case = door.new_case()
    told = door.give(case.to, "CompleteRiskAssessment", assessed(case, 20), "practitioner", key=uuid4())
    objective = {"order_id": case.order, "text": "as told", "kind": "work"}
    door.give(case.to, "SetObjective", objective, "practitioner", key=uuid4())
    assert kinds(door, case) == []
    data = {"event_ref": told.body["events"][0]["id"], "field": "risk_to_children_r2", "corrected_value": "a child"}
    door.give(case.to, "CorrectRecord", data | {"reason": "left out"}, "senior-practitioner", key=uuid4())
    assert kinds(door, case) == ["objective"]
