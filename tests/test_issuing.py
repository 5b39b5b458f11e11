"""The monthly report of the register, issued through the door: its rows, their digest, and both stay as they were.

CP-50, CP-51.
"""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest
from tests.doors import TODAY, Door, a_problem

from ledger.aggregates.register_report import rows_hash
from ledger.store.database import Database
from ledger.store.wire import Rows

MONTH = f"{TODAY:%Y-%m}"
AT = f"/register-reports/{MONTH}"
ISSUED = {"issued_on": TODAY.isoformat(), "recipients": ["Area manager North", "Risk manager"]}
OFFICER = "information-officer"
OF_THE_PERSON = ("client_id", "name", "unit", "offender_manager")


def registered(door: Door, ground: str = "REGISTER_CHILD", days: int = 140):
    """A person with an entry that was made so many days ago."""
    case, child, entry = door.new_case(), str(uuid4()), str(uuid4())
    day = (TODAY - timedelta(days=days)).isoformat()
    to = f"register-entry/{entry}"
    door.give(to, "SubmitR7", {"offender_id": case.id, "ground": ground, "on": day}, "practitioner", key=uuid4())
    children = [] if ground == "CONCERN" else [child]
    if children:
        named = {"client_id": "9100001", "surname": "Invented", "forenames": "Kit", "register_name": "ICS_REGISTER"}
        door.give(f"child/{child}", "RecordChild", named, OFFICER, key=uuid4())
    made = {"offender_id": case.id, "child_ids": children, "ground": ground, "registered_on": day}
    made |= {"copy_of_r7_filed": True, "roh_register_linked": False}
    door.give(to, "EnterRegister", made, OFFICER, key=uuid4())
    return case, entry


def listed(door: Door, **asked: str):
    """The rows of the worklist as the report has them."""
    yesterday = (TODAY - timedelta(days=1)).isoformat()
    answer = door.get("/worklists/monthly-report", as_at=yesterday, **asked)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def without_the_person(rows):
    """As an auditor reads them who makes the digest again: days are days again."""
    return [{name: value for name, value in row.items() if name not in OF_THE_PERSON} for row in rows]


@pytest.fixture(scope="module")
def report(door: Door):
    """Issued while there are two entries, one on a concern alone."""
    entries = [registered(door)[1], registered(door, "CONCERN", 20)[1]]
    key = str(uuid4())
    answer = door.post(f"{AT}/issue-monthly-report", ISSUED, OFFICER, Idempotency_Key=key)
    assert answer.status_code == 201, answer.text
    return entries, key, answer.json()


def test_the_list_names_the_person_and_no_child_and_parts_children_from_concerns(door: Door, report):
    rows = {row["entry_id"]: row for row in listed(door, after=str(door.size))}
    first, second = (rows[each] for each in report[0])
    assert (first["client_id"], first["name"], first["part"], first["children"]) == (
        "0710890", "Ann Featherstonehaugh", 1, 1,
    )  # fmt: skip
    assert (second["part"], second["children"], second["ground"]) == (2, 0, "CONCERN")
    assert first["days_overdue"] > 0
    assert "Invented" not in str(rows)
    assert "9100001" not in str(rows)


def test_month_by_month_it_is_said_what_is_due_was_issued_and_is_not_confirmed(door: Door, report):
    told = door.get("/reports/register-reports", "unit-manager").json()["items"][-1]
    assert (told["month"], told["state"], told["issued_on"]) == (MONTH, "issued", TODAY.isoformat())
    assert told["due"][:7] == MONTH
    assert told["days_unconfirmed"] == 0
    before = door.get("/reports/register-reports", "unit-manager", as_at="2025-06-03").json()["items"]
    assert before == [
        {"month": "2025-06", "due": "2025-06-02", "state": "overdue", "issued_on": None, "confirmed_on": None,
         "days_unconfirmed": None}
    ]  # fmt: skip


def test_who_reads_days_and_states_only_reads_no_name(door: Door, report):
    answer = door.get("/worklists/monthly-report", role="auditor", after=str(door.size))
    assert {row["name"] for row in answer.json()["items"]} == {"[sealed]"}
    assert "Featherstonehaugh" not in answer.text


def test_a_report_says_how_many_rows_as_at_when_and_their_digest(door: Door, report):
    shown = door.get(AT).json()
    assert (shown["month"], shown["state"], shown["rows"]) == (MONTH, "issued", 2)
    assert shown["recipients"] == ISSUED["recipients"]
    assert shown["rows_as_at"] == (TODAY - timedelta(days=1)).isoformat()
    assert shown["rows_hash"] == rows_hash(without_the_person(listed(door)))


def test_what_was_issued_can_be_made_again_whatever_is_recorded_since(door: Door, report):
    shown = door.get(AT).json()
    moment = door.get(AT).json()["known_at"]
    registered(door, days=30)
    assert len(listed(door, after=str(door.size))) == 3
    then = listed(door, known_at=moment)
    assert rows_hash(without_the_person(then)) == shown["rows_hash"] == door.get(AT).json()["rows_hash"]


def test_the_same_request_again_gets_the_first_receipt_although_the_rows_have_moved(door: Door, report):
    _, key, first = report
    registered(door, days=31)
    again = door.post(f"{AT}/issue-monthly-report", ISSUED, OFFICER, Idempotency_Key=key)
    assert (again.status_code, again.json()) == (200, first)


def test_a_month_is_reported_once(door: Door, report):
    refused = a_problem(door.post(f"{AT}/issue-monthly-report", ISSUED, OFFICER), 409, "refused")
    assert refused["rule"] == "GEN-06"


@pytest.mark.parametrize("field,value", [("rows_hash", "0" * 64), ("rows_count", 99), ("rows_as_at", "2020-01-01")])
def test_a_digest_that_is_not_the_rows_is_refused(door: Door, report, field, value):
    body = ISSUED | {field: value}
    assert a_problem(door.post(f"{AT}/issue-monthly-report", body, OFFICER), 409, "refused")["rule"] == "CP-50"


def test_a_report_is_issued_in_its_month(door: Door, report):
    body = ISSUED | {"issued_on": (TODAY.replace(day=1) - timedelta(days=3)).isoformat()}
    other = (TODAY.replace(day=1) - timedelta(days=60)).strftime("%Y-%m")
    refused = a_problem(door.post(f"/register-reports/{other}/issue-monthly-report", body, OFFICER), 409, "refused")
    assert refused["rule"] == "CP-50"


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "january", "00000000-0000-4000-8000-000000000001"])
def test_a_month_is_a_month(door: Door, month):
    a_problem(door.get(f"/register-reports/{month}"), 404, "not-found")
    a_problem(door.post(f"/register-reports/{month}/issue-monthly-report", ISSUED, OFFICER), 422, "malformed")


def test_only_the_information_officer_issues_and_only_a_risk_manager_confirms(door: Door, report):
    body = {"on": date.today().isoformat(), "corrections": ["one entry is of another unit"]}
    a_problem(door.post(f"{AT}/issue-monthly-report", ISSUED, "practitioner"), 403, "forbidden")
    a_problem(door.post(f"{AT}/confirm-register-list", body, OFFICER), 403, "forbidden")
    assert door.post(f"{AT}/confirm-register-list", body, "risk-manager").status_code == 201
    shown = door.get(AT).json()
    assert (shown["state"], shown["confirmed"][0]["corrections"]) == ("confirmed", body["corrections"])


def test_what_is_not_issued_is_not_confirmed(door: Door):
    answer = door.post("/register-reports/2020-01/confirm-register-list", {"on": "2020-01-03"}, "risk-manager")
    assert a_problem(answer, 409, "refused")["rule"] == "GEN-06"


def test_a_report_that_went_out_is_neither_struck_out_nor_corrected(door: Door, report):
    ref = report[2]["events"][0]["id"]
    gone = door.post(f"{AT}/strike-out-record", {"event_ref": ref, "reason": "too early"}, "unit-manager")
    assert a_problem(gone, 409, "refused")["rule"] == "GEN-06"


def test_the_decision_to_issue_comes_out_the_same_when_it_is_taken_again(door: Door, report):
    trail = door.get(f"{AT}/decisions/{report[2]['events'][0]['position']}").json()
    assert trail["rerun"]["outcome"] == "same"


def test_a_page_asks_as_often_for_whom_it_names_however_many_they_are(door: Door, monkeypatch: pytest.MonkeyPatch):
    asked, ask = list[bytes](), Database._ask

    async def counted(database: Database, name: bytes, *params: bytes) -> Rows:
        if database is door.ledger.store.database:
            asked.append(name)
        return await ask(database, name, *params)

    counts, known = list[tuple[int, int]](), set[str]()
    for more in (1, 4):
        for _ in range(more):
            registered(door)
        listed(door, after=str(door.size))
        with monkeypatch.context() as patched:
            patched.setattr(Database, "_ask", counted)
            rows = listed(door)
        known = {row["name"] for row in rows}
        counts.append((asked.count(b"of_types"), asked.count(b"boxes")))
        assert not {b"chain", b"stream", b"newest"} & {*asked}
        asked.clear()
        assert len(rows) >= more
    assert counts == [(1, 1), (1, 1)]
    assert known == {"Ann Featherstonehaugh"}
