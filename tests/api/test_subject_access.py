"""Subject access by the convention of HMPPS services: 200 with the person's own, 204 nothing, 209 a number not ours."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from uuid import uuid4

import orjson
import pytest
from tests.doors import PERSON, SURNAME, Door, a_problem, days_ago

from ledger.aggregates.access import RecordViewed
from ledger.store import mapping

WHERE = "/subject-access-request"
ROLE = "subject-access"
NUMBERS = count(100_000)
VICTIM, SOLICITOR, REASON, CHILD = "Vanessa Victimish", "Sol Solicitorish", "a note in somebody's words", "Kit Kiddish"


def a_person(door: Door, **more) -> tuple[str, str, str]:
    """(number, id, target) of somebody with a solicitor, a victim, a restricted paper and a note of the staff."""
    crn, person = f"X{next(NUMBERS)}", str(uuid4())
    to = f"offender/{person}"
    given = PERSON | {"crn": crn, "solicitor_name": SOLICITOR} | more
    for role, command, data in (
        ("court-officer", "RecordOffender", given),
        ("practitioner", "FileVictimInformation", {"victim_id": str(uuid4()), "content": VICTIM, "on": days_ago(9)}),
        ("team-admin", "FileDocument",
         {"doc_id": str(uuid4()), "kind": "minute", "marking": "RESTRICTED", "section": CHILD}),
        ("practitioner", "RecordDataAdvice", {"on": days_ago(5), "advice": REASON}),
        ("practitioner", "RecordSignificantChange", {"what": "moved to Nowhere", "on": days_ago(3)}),
    ):  # fmt: skip
        door.give(to, command, data, role, key=uuid4())
    return crn, person, to


def asked(door: Door, role: str = ROLE, **query: str):
    return door.get(WHERE, role, **query)


def content(door: Door, **query: str):
    answer = asked(door, **query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()["content"]


@pytest.fixture(scope="module")
def person(door: Door):
    return a_person(door)


def test_the_person_gets_their_own_and_nobody_elses(door: Door, person):
    crn, offender_id, _ = person
    found = content(door, crn=crn)
    (case,) = found["cases"]
    told = orjson.dumps(found).decode()
    assert (found["crn"], case["offender_id"], case["withheld_whole"]) == (crn, offender_id, 2)
    assert SURNAME in told
    assert "moved to Nowhere" in told
    assert not [each for each in (VICTIM, SOLICITOR, REASON, CHILD) if each in told]
    kinds = [each["type"] for each in case["facts"]]
    assert kinds == ["DataAdviceTaken", "SignificantChangeRecorded", "OffenderRecorded"]
    assert next(each for each in case["facts"] if each["type"] == "DataAdviceTaken")["values"]["advice"] == "[sealed]"


def test_days_cut_what_happened_before_and_after(door: Door, person):
    crn = person[0]
    (case,) = content(door, crn=crn, fromDate=days_ago(5), toDate=days_ago(4))["cases"]
    assert ([each["type"] for each in case["facts"]], case["withheld_whole"]) == (["DataAdviceTaken"], 0)
    (case,) = content(door, crn=crn, fromDate=days_ago(3))["cases"]
    assert [each["type"] for each in case["facts"]] == ["SignificantChangeRecorded", "OffenderRecorded"]
    assert asked(door, crn=crn, toDate=days_ago(400)).status_code == 204


def test_nothing_held_is_204_and_a_prison_number_209(door: Door, person):
    nothing = asked(door, crn="X999999")
    assert (nothing.status_code, nothing.content) == (204, b"")
    assert asked(door, prn="A1234BC").status_code == 209
    assert asked(door, crn=person[0], prn="A1234BC").status_code == 200


def test_the_number_is_found_however_it_is_typed_and_a_wrong_one_is_put_right(door: Door):
    crn, offender_id, to = a_person(door)
    assert content(door, crn=crn.lower())["cases"][0]["offender_id"] == offender_id
    other = f"X{next(NUMBERS)}"
    record = door.run(door.ledger.store.database.chain(f"offender-{offender_id}"))[0].members["id"]
    data = {"event_ref": record, "field": "crn", "corrected_value": other, "reason": "a slip"}
    door.give(to, "CorrectRecord", data, "court-officer", key=uuid4())
    assert content(door, crn=other)["cases"][0]["offender_id"] == offender_id
    assert asked(door, crn=crn).status_code == 204


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"crn": " "},
        {"crn": "x" * 41},
        {"crn": "X1", "fromDate": "yesterday"},
        {"crn": "X1", "fromDate": "2025-02-01", "toDate": "2025-01-01"},
        {"crn": "X1", "surname": "Anybody"},
    ],
)
def test_a_request_that_asks_for_nothing_is_malformed(door: Door, query):
    a_problem(asked(door, **query), 422, "malformed")


@pytest.mark.parametrize("role", ["practitioner", "auditor", "administrator", "police", "chief-officer"])
def test_nobody_else_may_ask(door: Door, role):
    a_problem(asked(door, role, crn="X1"), 403, "forbidden")


def test_who_collects_for_the_person_reads_nothing_else(door: Door, person):
    a_problem(door.get(f"/offenders/{person[1]}/chronology", ROLE), 403, "forbidden")
    a_problem(door.get("/worklists/breach", ROLE), 403, "forbidden")
    a_problem(door.post(f"/offenders/{person[1]}/record-data-advice", {}, ROLE), 403, "forbidden")


def test_a_limit_that_binds_staff_does_not_bind_the_person(door: Door):
    crn, offender_id, to = a_person(door)
    data = {"user_ids": [str(uuid4())], "message": "ask the risk manager", "reason": "known to staff"}
    door.give(to, "RestrictAccess", data, "risk-manager", key=uuid4())
    a_problem(door.get(f"/offenders/{offender_id}/chronology", "practitioner"), 403)
    assert content(door, crn=crn)["cases"][0]["offender_id"] == offender_id


def test_the_disclosure_is_sealed_in_the_access_log_before_it_is_answered(door: Door, person):
    crn, offender_id, _ = person
    content(door, crn=crn)
    stored = door.run(door.ledger.store.access.database.chain(f"offender-{offender_id}"))
    fact = mapping.recorded(stored[-1]).fact
    assert isinstance(fact, RecordViewed)
    assert (fact.view, fact.category, fact.purpose) == ("subject-access-request", "disclosure", "subject-access")
    assert fact.target_ref == f"offender/{offender_id}"


def test_the_pages_are_a_document_and_name_nobody_else(door: Door, person):
    found = door.run(door.ledger.subject_access(person[0]))
    assert found is not None
    pages = found.pdf(door.run(door.ledger.checkpoint()), datetime(2026, 1, 1, tzinfo=UTC))
    assert pages.startswith(b"%PDF")
    assert len(pages) > 10_000


def test_where_the_search_is_filled_no_other_case_is_read_for_a_number(door: Door, monkeypatch: pytest.MonkeyPatch):
    """The number there was, the one it was corrected to, and the one given as a detail: each leads to the one case."""
    people = [a_person(door) for _ in range(3)]
    crn, offender_id, to = people[0]
    later = f"X{next(NUMBERS)}"
    detail = {"field": "CRN", "new_value": later.lower(), "reason": "a second number"}
    door.give(to, "CorrectOffenderDetails", detail, "team-admin", key=uuid4())
    before = [asked(door, crn=each).json()["content"]["cases"] for each in (crn, later, people[1][0])]
    door.run(door.ledger.fill_search(lambda done, of: None))
    database, read = door.ledger.store.database, list[str]()
    whole = database.chains

    async def counting(names, upto, *, foreign=True):
        read.extend(names)
        return await whole(names, upto, foreign=foreign)

    monkeypatch.setattr(database, "chains", counting)
    after = [asked(door, crn=each).json()["content"]["cases"] for each in (crn, later, people[1][0])]
    assert after == before
    assert [each[0]["offender_id"] for each in after] == [offender_id, offender_id, people[1][1]]
    assert asked(door, crn="X000000").status_code == 204
    assert set(read) == {f"offender-{offender_id}", f"offender-{people[1][1]}"}
    monkeypatch.setattr(door.ledger._searching.keeping, "unread", {f"offender-{people[2][1]}"})
    assert asked(door, crn="X000000").status_code == 204
    assert f"offender-{people[2][1]}" in read, "whoever the search could not read is read all the same"


def test_a_case_recorded_after_the_search_was_filled_is_found_by_its_number(door: Door):
    door.run(door.ledger.fill_search(lambda done, of: None))
    crn, offender_id, _ = a_person(door)
    assert content(door, crn=crn)["cases"][0]["offender_id"] == offender_id
