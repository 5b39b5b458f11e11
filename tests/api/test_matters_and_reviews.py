"""A matter and a review through the real door: whom they are about, what they secure, and what each role is shown."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from tests.doors import Case, Door, days_ago

PLANTED = "Quillfeather"


@pytest.fixture
def case(door: Door) -> Case:
    return door.new_case()


def concern(case: Case, **more: Any) -> dict[str, Any]:
    told = {"concern_id": str(uuid4()), "offender_id": case.id, "source": "UPW_SITE", "noted_on": days_ago(3)}
    return told | {"grave": True, "category": "SIGNIFICANT_HARM", "note": f"{PLANTED} told me", **more}


def matter_of(door: Door, case: Case) -> str:
    matter = f"/child-protection-matters/{uuid4()}"
    response = door.post(f"{matter}/record-concern", concern(case), "supervisor", Idempotency_Key=str(uuid4()))
    assert response.status_code == 201, response.text
    return matter


def test_a_concern_told_on_site_stands_on_the_offender_s_file(door: Door, case: Case):
    matter = matter_of(door, case)
    answer = door.get(f"{case.path}/child-protection", explain="true").json()
    assert [each["matter_id"] for each in answer["matters"]] == [matter[-36:]]
    assert [each["flag"] for each in answer["alerts"]] == ["GRAVE_NOT_ESCALATED"]
    assert door.get(matter).json()["persons"] == [f"offender-{case.id}"]
    assert door.get(f"{matter}/child-protection-matter").json()["alerts"] == door.get(matter).json()["alerts"]


@pytest.mark.parametrize("role", ["practitioner", "inspector", "auditor"])
def test_what_was_told_in_confidence_is_in_no_view_of_the_matter(door: Door, case: Case, role: str):
    matter = matter_of(door, case)
    for path in (matter, f"{case.path}/child-protection", f"{case.path}/oversight"):
        response = door.get(path, role, explain="true")
        assert response.status_code == 200, response.text
        assert PLANTED not in response.text


def test_a_concern_about_nobody_on_record_is_refused_and_repeats_nothing_of_it(door: Door, case: Case):
    told = concern(case, offender_id=str(uuid4()))
    response = door.post(f"/child-protection-matters/{uuid4()}/record-concern", told, "supervisor")
    assert (response.status_code, response.json()["rule"]) == (409, "GEN-06")
    assert PLANTED not in response.text


def test_a_matter_that_was_never_begun_is_not_there(door: Door):
    for path in ("child-protection-matters", "case-reviews"):
        assert door.get(f"/{path}/{uuid4()}").status_code == 404
        assert door.get(f"/{path}/not-an-id").status_code == 404
    assert door.get(f"/offenders/{uuid4()}").status_code == 404


def test_records_are_secured_over_every_stream_that_concerns_them(door: Door, case: Case):
    matter_of(door, case)
    review = f"/case-reviews/{uuid4()}"
    told = {"ground": "DEATH", "child_refs": [], "offender_refs": [case.id], "sent_to": "Nowhere Board"}
    referred = door.post(f"{review}/refer-serious-incident", told | {"referred_at": f"{days_ago(1)}T09:00"}, "aco")
    assert referred.status_code == 201, referred.text
    asked = {"requested_by": PLANTED, "requested_at": f"{days_ago(1)}T09:10", "secured_at": f"{days_ago(1)}T09:40"}
    refused = door.post(f"{review}/secure-records", asked | {"streams": [case.id]}, "unit-manager")
    assert (refused.status_code, refused.json()["rule"]) == (409, "SCR-03")
    assert PLANTED not in refused.text
    secured = door.post(f"{review}/secure-records", asked | {"streams": [case.id]}, "aco")
    assert secured.status_code == 201, secured.text
    made = door.post(f"{review}/produce-duplicate", {"produced_at": f"{days_ago(1)}T14:00"}, "team-admin")
    assert made.status_code == 201, made.text
    answer = door.get(review, explain="true").json()
    assert (answer["secured"], answer["duplicate"], answer["alerts"]) == (True, True, [])
    assert answer["last_sequences"] == {f"offender-{case.id}": 2}
    assert len(answer["seal_hash"]) == 64
    (shown,) = door.get(f"{case.path}/oversight").json()["reviews"]
    assert shown["seal_hash"] == answer["seal_hash"]
