"""Marking what is told, and sharing it on a stated basis: DP-01, DP-07, DP-08, DP-10."""

import pytest
from tests.aggregates.matters import Mattering
from tests.aggregates.telling import Telling

from ledger.rules.data_protection import by_the_mappa_route

SHARING = {"shared_with": "Nowhere Council", "what_class": "risk", "basis": "protocol", "on": "2025-03-10"}
MAPPA = SHARING | {"basis": "MAPPA protocol, level 2"}
ASSESSED = {"order_id": "o1", "completed_on": "2025-03-03", "rosh_level": "MEDIUM", "marking": "OPEN"}


def offended(code="17", assessed=True):
    case = Telling().order()
    case.tell("2025-02-03 10:00", "practitioner", "RecordOffence", offence_code=code, status="PAST")
    if assessed:
        case.tell("2025-03-03 10:00", "practitioner", "CompleteRiskAssessment", **ASSESSED)
    return case


def share(case, **more):
    return case.tell("2025-03-10 10:00", "practitioner", "ShareInformation", **(SHARING | more))


def stops(case, **more):
    return case.refused("2025-03-10 10:00", "practitioner", "ShareInformation", **(SHARING | more))


@pytest.mark.parametrize("basis", ["", " \n", None])
def test_sharing_states_its_basis(basis):
    told = {name: value for name, value in (SHARING | {"basis": basis}).items() if value is not None}
    found = Telling().order().refused("2025-03-10 10:00", "practitioner", "ShareInformation", **told)
    assert found == ("DP-07", "State the basis for sharing.")


@pytest.mark.parametrize("code", ["16", "17", "25", "017", "17/2", "27", "107", "139"])
def test_about_a_sex_offender_information_goes_by_mappa_alone(code):
    case = offended(code)
    assert stops(case) == ("DP-08", "Use the MAPPA disclosure route.")
    share(case, **MAPPA)


@pytest.mark.parametrize("code", ["15", "26", "28", "30"])
def test_about_anybody_else_another_basis_will_do(code):
    share(offended(code))


def test_the_route_has_a_risk_assessment_by_then():
    assert stops(offended(assessed=False), **MAPPA) == ("DP-08", "Use the MAPPA disclosure route.")


def test_an_offence_recorded_after_the_sharing_does_not_bar_it():
    case = Telling().order()
    case.tell("2025-03-20 10:00", "practitioner", "RecordOffence", offence_code="17", status="CURRENT")
    case.tell("2025-03-21 10:00", "practitioner", "ShareInformation", **SHARING)


@pytest.mark.parametrize(
    "basis,assessed,by_it",
    [
        ("MAPPA protocol", True, True),
        ("as agreed at the mappa meeting", True, True),
        ("MAPPA protocol", False, False),
        ("the MAPPAS of another land", True, False),
        ("Article 8", True, False),
    ],
)
def test_the_route_is_taken_where_the_basis_names_it(basis, assessed, by_it):
    assert by_the_mappa_route(basis, assessed=assessed) is by_it


def test_an_assessment_is_marked_open_or_confidential():
    told = {name: value for name, value in ASSESSED.items() if name != "marking"}
    found = Telling().order().refused("2025-03-03 10:00", "practitioner", "CompleteRiskAssessment", **told)
    assert found == ("DP-01", "Mark the section open or confidential.")


def test_a_section_on_risk_to_children_is_marked_open_or_confidential():
    case = Mattering().concern()
    found = case.stops("2025-09-02 10:00", "practitioner", "CompleteChildRiskSection", form="R2", on="2025-09-02")
    assert found == ("DP-01", "Mark the section open or confidential.")


def test_a_form_sent_astray_is_reported_by_anybody_on_the_staff():
    case = Telling().order()
    for by in ("supervisor", "team-admin", "practitioner"):
        case.tell("2025-03-10 10:00", by, "ReportMisdirection", form="request for information", on="2025-03-10")
