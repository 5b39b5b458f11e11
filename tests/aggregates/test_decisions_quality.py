"""Refusals of quality checklists, incidents and their reports: the command, and rule and message."""

import pytest
from tests.aggregates.siting import AUDIT, Q1, Q5, Siting, park, school

PC, SV, OM = "placement-coordinator", "supervisor", "operations-manager"
DIRECT = Q1 | {"with_direct_beneficiary": True}
SCORES = ("PLC-33", "Scores are 0, 1 or 2.")
CIRCLE = ("PLC-33", "Circle YES or NO for each detail.")
EVIDENCE = ("PLC-33", "Record evidence for the score.")
CAP = ("PLC-36", "Question 1 is limited to 1 unless contact is with the direct beneficiary.")


@pytest.mark.parametrize(
    "data,why",
    [
        ({"scores": [1, 1, 1, 1]}, SCORES),
        ({"scores": [1] * 6}, SCORES),
        ({"scores": []}, SCORES),
        ({"scores": [1, 1, 1, 1, 3]}, SCORES),
        ({"scores": [-1, 1, 1, 1, 1]}, SCORES),
        ({"scores": [1, None, 1, 1, 1]}, SCORES),
        ({"q1_details": {}}, CIRCLE),
        ({"q1_details": Q1 | {"by_letter": "yes"}}, CIRCLE),
        ({"q1_details": Q1 | {"by_letter": None}}, CIRCLE),
        *(({"q1_details": {k: v for k, v in Q1.items() if k != left_out}}, CIRCLE) for left_out in Q1),
        *(({"q5_details": {k: v for k, v in Q5.items() if k != left_out}}, CIRCLE) for left_out in Q5),
        ({"evidence": ["seen"] * 4}, EVIDENCE),
        ({"evidence": ["seen"] * 4 + [" "]}, EVIDENCE),
        ({"scores": [2, 1, 1, 1, 1]}, CAP),
    ],
)
def test_a_checklist_is_refused(data, why):
    told = AUDIT | {"audit_id": "q1", "audited_on": "2025-06-02"} | data
    assert park().refused("2025-06-02 14:00", PC, "AuditQuality", **told) == why


@pytest.mark.parametrize("data", [{"scores": [2, 2, 2, 2, 2], "q1_details": DIRECT}, {"scores": [0] * 5}])
def test_a_checklist_is_recorded(data):
    park().audited("q1", "2025-06-02", **data)


def test_the_cap_in_force_on_the_day_of_the_audit_decides():
    site = park()
    data = {"key": "plc.pqs_q1_cap", "new": "0", "effective_from": "2025-06-02", "reason": "as told"}
    data |= {"endorsed_by": ["KCPC", "MCPC"]}
    site.tell("2025-05-01 09:00", "chief-officer", "ChangeSetting", to="policy/policy", **data)
    site.audited("q1", "2025-06-01")
    told = AUDIT | {"audit_id": "q2", "audited_on": "2025-06-02"}
    why = ("PLC-36", "Question 1 is limited to 0 unless contact is with the direct beneficiary.")
    assert site.refused("2025-06-02 14:00", PC, "AuditQuality", **told) == why


RECHECK = {"audit_id": "q0", "rechecked_on": "2025-06-02", "signatures": ["A."], "remedial_completed_by": "a1"}
NOTHING = [None] * 5


@pytest.mark.parametrize(
    "data,why",
    [
        ({"revised_scores": [None] * 4}, SCORES),
        ({"revised_scores": [None, 3, None, None, None]}, SCORES),
        ({"revised_scores": [2, None, None, None, None]}, CAP),
        ({"revised_scores": NOTHING, "signatures": []}, ("GEN-08", "Every entry must be signed and dated.")),
        ({"revised_scores": NOTHING, "signatures": [" "]}, ("GEN-08", "Every entry must be signed and dated.")),
        ({"revised_scores": NOTHING, "rechecked_on": "2025-01-21"},
         ("GEN-06", "This is before what it refers to; check the dates.")),
        ({"revised_scores": NOTHING, "audit_id": "q9"}, ("GEN-06", "No audit")),
    ],
)  # fmt: skip
def test_a_recheck_is_refused(data, why):
    rule, message = park().refused("2025-06-02 14:00", PC, "RecheckQuality", **RECHECK | data)
    assert rule == why[0]
    assert message.startswith(why[1])


def test_an_audit_is_rechecked_once_and_the_next_one_again():
    site = park().coordinator("2025-06-02 14:00", "RecheckQuality", **RECHECK, revised_scores=NOTHING)
    why = ("PLC-37", "Complete a new checklist.")
    assert site.refused("2025-06-02 15:00", PC, "RecheckQuality", **RECHECK, revised_scores=NOTHING) == why
    site.audited("q1", "2025-06-03")
    data = RECHECK | {"audit_id": "q1", "rechecked_on": "2025-06-04"}
    site.coordinator("2025-06-04 14:00", "RecheckQuality", **data, revised_scores=NOTHING)


@pytest.mark.parametrize(
    "command,data,brought",
    [
        ("AuditQuality", AUDIT | {"audit_id": "q0", "audited_on": "2025-06-02"}, PC),
        ("NoteDeviation", {"deviation_id": "dv1", "what": "x", "noted_on": "2025-06-02"}, SV),
        ("ReportIncident", {"incident_id": "i1", "occurred_at": "2025-06-02 10:00", "kind": "x", "location": "x"}, SV),
    ],
)
def test_an_id_is_brought_once(command, data, brought):
    site = park()
    if command != "AuditQuality":
        site.tell("2025-06-02 14:00", brought, command, **data)
    why = ("GEN-06", "Recorded events cannot be changed; record a correction.")
    assert site.refused("2025-06-02 15:00", brought, command, **data) == why


# ---------------------------------------------------------------------------------------- incidents

INCIDENT = {"incident_id": "i1", "occurred_at": "2025-06-07 14:00", "kind": "INJURY", "location": "the pond"}
REPORT = {"incident_id": "i1", "submitted_at": "2025-06-08 10:00", "text": "as told"}


def happening(**more):
    return park().tell("2025-06-07 14:30", SV, "ReportIncident", **INCIDENT | more)


@pytest.mark.parametrize("field", ["occurred_at", "emergency_called_at", "manager_told_at"])
def test_nothing_of_an_incident_is_yet_to_come(field):
    why = ("GEN-05", "An event cannot take effect in the future.")
    data = INCIDENT | {field: "2025-06-07 14:31"}
    assert park().refused("2025-06-07 14:30", SV, "ReportIncident", **data) == why


@pytest.mark.parametrize(
    "data",
    [{"incident_id": "i9"}, {"submitted_at": "2025-06-07 13:59"}],
)
def test_a_report_is_about_an_incident_and_comes_after_it(data):
    assert happening().refused("2025-06-08 10:00", SV, "SubmitIncidentReport", **REPORT | data)[0] == "GEN-06"
    told = {"incident_id": data.get("incident_id", "i9"), "investigator": "I.", "conclusions": "x", "learning": "y"}
    assert happening().refused("2025-06-08 10:00", OM, "InvestigateIncident", **told)[0] == "GEN-06"


@pytest.mark.parametrize("people", [[], ["ann"], ["ann", "bob"]])
def test_what_is_told_of_an_incident_concerns_those_it_concerned(people):
    site = happening(offender_refs=people).tell("2025-06-08 10:00", SV, "SubmitIncidentReport", **REPORT)
    data = {"incident_id": "i1", "investigator": "I.", "conclusions": "x", "learning": "y"}
    site.tell("2025-06-09 10:00", OM, "InvestigateIncident", **data)
    concerned = {f"offender-{site.names.id(each)}" for each in people}
    assert [set(each.about) for each in site.folded().history[-3:]] == [concerned] * 3


def test_learning_is_not_shared_tomorrow():
    data = {"incident_id": "i1", "investigator": "I.", "conclusions": "x", "learning": "y", "shared_on": "2025-06-10"}
    assert happening().refused("2025-06-09 10:00", OM, "InvestigateIncident", **data)[0] == "GEN-05"


# ---------------------------------------------------------------------------------------- told by another system


def test_a_checklist_of_another_system_is_flagged_and_its_first_score_counts_capped():
    site = school().audited("q1", "2025-09-02", scores=[2, 2, 1, 1, 1], evidence=[], imported=True)
    assert site.warned == [EVIDENCE, CAP]
    assert site.shown("2025-09-02")["quality"]["initial_total"] == 6
    assert ("RULE_BROKEN_BEFORE_IMPORT", "PLC-36", "2025-09-02") in site.flags("2025-09-02")


def test_a_score_that_is_none_is_set_aside_whoever_tells_it():
    data = AUDIT | {"audit_id": "q1", "audited_on": "2025-06-02", "scores": [7] * 5}
    assert park().refused("2025-06-02 14:00", PC, "AuditQuality", imported=True, **data) == SCORES


def test_nothing_comes_before_the_opening():
    why = ("GEN-06", "Nothing is recorded here yet; begin with OpenPlacement.")
    assert Siting().refused("2025-06-07 14:30", SV, "ReportIncident", **INCIDENT) == why
