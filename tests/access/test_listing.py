"""Who read a case: for auditors all of it, for the person it is about what harms nobody; and that is a reading too."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from tests.access.entries import readings, size, unwritable
from tests.conftest import Clusters
from tests.doors import Case, Door, a_problem, days_ago

from ledger.access.purposes import PURPOSES
from ledger.aggregates import FACT_BY_TOPIC
from ledger.aggregates.access import CATEGORIES, PROCESSES
from ledger.aggregates.roles import ROLES

REASON = "Quillfeather of Nether Wallop rang"


@pytest.fixture
def case(door: Door) -> Case:
    return door.new_case()


def read_of(door: Door, case: Case, role: str = "auditor", **query: str) -> list[dict[str, Any]]:
    """Every page."""
    items: list[dict[str, Any]] = []
    page = door.get(f"{case.path}/readings", role, **query).json()
    while items.extend(page["items"]) or page["next"]:
        page = door.get(f"{case.path}/readings", role, cursor=page["next"], **query).json()
    return items


# ------------------------------------------------------------------------------------ for auditors


def test_auditors_are_told_who_read_a_case_when_which_view_and_what_for(door: Door, case: Case):
    answer = door.get(f"{case.path}/progress", as_at=days_ago(2)).json()
    door.ask("GET", f"{case.path}/oversight", "unit-manager", headers={"Ledger-Purpose": "complaint"})
    first, second = read_of(door, case)
    by = door.actor("practitioner")
    assert first["by"] == {"id": by.id, "role": by.role, "unit": None}
    assert (first["view"], first["as_at"], first["known_at"]) == ("progress", days_ago(2), answer["known_at"])
    assert (first["category"], first["purpose"], first["at_position"]) == (
        "consultation",
        "supervision",
        answer["position"],
    )
    assert first["proof"] == f"/access/log/proof/{first['position']}"
    assert door.get(first["proof"], None).status_code == 200
    assert (second["by"]["role"], second["purpose"]) == ("unit-manager", "complaint")


def test_that_they_asked_is_a_reading_too_and_stands_in_the_next_answer(door: Door, case: Case):
    assert read_of(door, case) == []
    (asked,) = read_of(door, case, "data-protection-officer")
    assert (asked["view"], asked["by"]["id"]) == ("readings", door.actor("auditor").id)
    assert asked["purpose"] == "audit"


def test_a_list_that_showed_the_case_is_among_them_and_one_that_did_not_is_not(door: Door):
    late, other = door.new_case(sentence_date=days_ago(200)), door.new_case(sentence_date=days_ago(0))
    door.run(door.ledger.follower.catch_up())
    shown = {each["offender_id"] for each in door.get("/worklists/assessments", limit="1000").json()["items"]}
    assert late.id in shown
    (listed,) = read_of(door, late)
    assert (listed["target_ref"], listed["category"], listed["cases"]) == (
        "worklist/assessments",
        "combination",
        len(shown),
    )
    assert [each["target_ref"] for each in read_of(door, other)] == (
        ["worklist/assessments"] if other.id in shown else []
    )


def test_exports_and_disclosures_are_among_them_with_their_category(door: Door, case: Case):
    given = {"purpose": "court", "recipient": "Worcester Crown Court"}
    assert door.post(f"{case.path}/export", given).status_code == 200
    shared = {"shared_with": REASON, "what_class": "risk", "basis": "Crime and Disorder Act 1998 s115"}
    answer = door.post(f"{case.path}/share-information", shared | {"on": days_ago(1)})
    assert answer.status_code == 201, answer.text
    exported, command = read_of(door, case)
    assert (command["type"], command["command_name"], command["category"]) == (
        "RecordProcessed",
        "ShareInformation",
        "disclosure",
    )
    assert command["at_position"] == answer.json()["events"][0]["position"]
    assert REASON not in str(command)
    assert (exported["type"], exported["category"], exported["purpose"]) == ("ExportReleased", "disclosure", "court")
    assert exported["recipient"] == "[sealed]"
    assert "Worcester" not in str(exported)


def test_a_reason_is_opened_for_the_data_protection_officer_and_for_nobody_else(door: Door, case: Case):
    door.ask("GET", f"{case.path}/progress", headers={"Ledger-Reason": quote(REASON)})
    opened, closed = read_of(door, case, "data-protection-officer")[0], read_of(door, case, "auditor")[0]
    assert (opened["reason"], closed["reason"]) == (REASON, "[sealed]")


def test_a_reason_whose_key_was_destroyed_says_so_and_the_reading_stays(door: Door, case: Case):
    door.ask("GET", f"{case.path}/progress", headers={"Ledger-Reason": quote(REASON)})
    before = read_of(door, case, "data-protection-officer")[0]
    vault = door.ledger.store.vault
    asked, keys_by_id = vault.keys_by_id, dict[bytes, Any]()

    async def gone(ids: Any) -> dict[bytes, Any]:
        del ids
        return keys_by_id

    vault.keys_by_id = gone  # what the vault answers once the key is destroyed
    try:
        after = read_of(door, case, "data-protection-officer")[0]
    finally:
        vault.keys_by_id = asked
    assert after == before | {"reason": "[erased]"}


def test_page_by_page_each_is_told_once_in_the_order_of_the_log(door: Door, case: Case):
    for _ in range(5):
        assert door.get(f"{case.path}/progress").status_code == 200
    items: list[dict[str, Any]] = []
    cursor = "0"
    for _ in range(3):  # each page asked for is a further entry, so whoever goes on to the end sees himself
        page = door.get(f"{case.path}/readings", "auditor", cursor=cursor, limit="2").json()
        items += page["items"]
        cursor = page["next"] or cursor
    assert [each["view"] for each in items[:5]] == ["progress"] * 5
    assert [each["position"] for each in items] == sorted({each["position"] for each in items})


def test_a_duplicate_set_of_several_people_s_records_is_a_combination(door: Door, case: Case):
    review = f"/case-reviews/{uuid4()}"
    told = {"ground": "DEATH", "child_refs": [], "offender_refs": [case.id], "sent_to": "Nowhere Board"}
    door.post(f"{review}/refer-serious-incident", told | {"referred_at": f"{days_ago(1)}T09:00"}, "aco")
    asked = {"requested_by": "chair", "requested_at": f"{days_ago(1)}T09:10", "secured_at": f"{days_ago(1)}T09:40"}
    assert door.post(f"{review}/secure-records", asked | {"streams": [case.id]}, "aco").status_code == 201
    made = door.post(f"{review}/produce-duplicate", {"produced_at": f"{days_ago(1)}T14:00"}, "team-admin")
    assert made.status_code == 201, made.text
    (entry,) = door.get(f"{review}/readings", "auditor").json()["items"]
    assert (entry["command_name"], entry["category"]) == ("ProduceDuplicate", "combination")


def test_a_disclosure_whose_entry_cannot_be_written_is_recorded_and_the_same_key_brings_its_receipt_later(
    door: Door, case: Case, clusters: Clusters
):
    key, shared = str(uuid4()), {"shared_with": "police", "what_class": "risk", "basis": "MAPPA", "on": days_ago(1)}
    before = door.size
    with unwritable(clusters, door):
        answer = door.post(f"{case.path}/share-information", shared, Idempotency_Key=key)
        assert "This is recorded" in a_problem(answer, 503, "access-log-unavailable")["detail"]
    assert door.size == before + 1
    assert read_of(door, case) == []
    again = door.post(f"{case.path}/share-information", shared, Idempotency_Key=key)
    assert (again.status_code, door.size) == (200, before + 1)
    assert [each["type"] for each in read_of(door, case)][-1:] == ["RecordProcessed"]


# ------------------------------------------------------------------------------------ for the person


def test_the_person_is_told_when_in_which_role_and_what_for_and_nobody_s_id(door: Door, case: Case):
    door.ask("GET", f"{case.path}/progress", headers={"Ledger-Reason": quote(REASON)})
    given = {"purpose": "court", "recipient": "Worcester Crown Court"}
    assert door.post(f"{case.path}/export", given).status_code == 200
    for role in ("information-manager", "data-protection-officer", "auditor"):
        read, exported = read_of(door, case, role, **{"for": "subject"})[:2]
        assert set(read) == {"recorded", "role", "category", "purpose"}
        assert (read["role"], read["category"], read["purpose"]) == ("practitioner", "consultation", "supervision")
        assert (exported["category"], exported["purpose"]) == ("disclosure", "court")
        assert door.actor("practitioner").id not in str((read, exported))


@pytest.mark.parametrize("code", [code for code, each in PURPOSES.items() if not each.told])
def test_the_person_is_not_told_of_what_could_harm_another_or_an_inquiry(door: Door, case: Case, code: str):
    door.ask("GET", f"{case.path}/progress", headers={"Ledger-Purpose": code})
    assert read_of(door, case, "information-manager", **{"for": "subject"}) == []
    assert read_of(door, case)[0]["purpose"] == code


def test_nor_of_a_reading_in_a_role_that_tells_of_such_a_thing_whatever_it_says_it_is_for(door: Door, case: Case):
    door.ask("GET", f"{case.path}/progress", "victim-liaison", headers={"Ledger-Purpose": "training"})
    door.ask("GET", f"{case.path}/progress", "case-reviewer", headers={"Ledger-Purpose": "training"})
    assert read_of(door, case, "information-manager", **{"for": "subject"}) == []


def test_nor_of_somebody_else_s_record_or_a_list_that_showed_theirs_beside_it(door: Door):
    case = door.new_case(sentence_date=days_ago(200))
    door.run(door.ledger.follower.catch_up())
    assert door.get("/worklists/assessments", limit="1000").status_code == 200
    assert read_of(door, case, "information-manager", **{"for": "subject"}) == []


# ------------------------------------------------------------------------------------ who may ask


def test_who_may_ask_and_what(door: Door, case: Case):
    before = size(door)
    full, person = {"auditor", "data-protection-officer"}, {"auditor", "data-protection-officer", "information-manager"}
    for role in ROLES:
        asked = door.get(f"{case.path}/readings", role).status_code
        told = door.get(f"{case.path}/readings", role, **{"for": "subject"}).status_code
        assert (asked == 200, told == 200) == (role in full, role in person), role
        assert asked in (200, 403)
        assert told in (200, 403)
    assert len(readings(door, before)) == len(full) + len(person)
    for path, query, status in (
        (f"/offenders/{uuid4()}/readings", {}, 404),
        ("/offenders/nobody/readings", {}, 404),
        (f"{case.path}/readings", {"for": "everybody"}, 422),
        (f"{case.path}/readings", {"cursor": "x"}, 422),
    ):
        a_problem(door.get(path, "auditor", **query), status)


# ------------------------------------------------------------------------------------ categories


def test_every_category_of_the_act_has_its_meaning_and_what_leaves_an_entry_is_a_fact_there_is():
    assert set(CATEGORIES) == {
        *("collection", "alteration", "consultation", "disclosure", "combination", "erasure"),
    }
    for topic, category in PROCESSES.items():
        assert topic in FACT_BY_TOPIC
        assert category in CATEGORIES
