"""Whatever goes wrong comes as one shape, and neither an answer nor a log ever holds a personal value."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import orjson
import psycopg
import pytest
from tests.doors import PERSON, SURNAME, Case, Door, a_problem, compact, days_ago

from ledger.api.problems import of_any, problem
from ledger.errors import DatabaseUnavailable, LedgerError, OutcomeUnknown, ReadOnly, Refusal, Refused
from ledger.privacy.sealing import Unreadable
from ledger.store.wire import DatabaseTrouble

PERSONAL = (SURNAME, "0710890", "1990-02-01", "Kidderminster", "has hepatitis", "Fanshawe")


@pytest.fixture(autouse=True)
def _no_log_holds_a_personal_value(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    yield
    for record in caplog.records:
        for text in (record.getMessage(), str(record.args), record.exc_text or ""):
            for value in PERSONAL:
                assert value not in text, record


def clean(answer: Any) -> None:
    for value in PERSONAL:
        assert value not in answer.text


def body(answer: Any) -> dict[str, Any]:
    return orjson.loads(answer.body)


# ------------------------------------------------------------------------------------ the shape


def subclasses(error: type[LedgerError]) -> list[type[LedgerError]]:
    return [error, *(each for child in error.__subclasses__() for each in subclasses(child))]


@pytest.mark.parametrize("kind", subclasses(LedgerError), ids=lambda kind: kind.__name__)
def test_every_error_becomes_a_problem_of_its_own_type(kind: type[LedgerError]):
    error = kind.__new__(kind)
    LedgerError.__init__(error, "What is, then what to do.")
    vars(error).update(
        {"errors": {}, "key": None, "position": None, "allowed": ("GET",), "kind": "excluded", "told": None}
    )
    if issubclass(kind, Refused):
        error = kind([Refusal("GEN-05", "What is, then what to do.")])
    answer = problem(error)
    assert answer.media_type == "application/problem+json"
    assert answer.status_code == kind.status
    found = body(answer)
    assert found["type"] == f"/problems/{kind.code}"
    assert found["title"] == kind.title
    assert found["status"] == kind.status
    assert found["detail"] == "What is, then what to do."
    assert ("retry-after" in answer.headers) == (kind.status in (429, 503))


def test_an_unknown_outcome_says_with_which_key_to_ask_again():
    key = str(uuid4())
    answer = problem(OutcomeUnknown("It may stand.", key))
    assert body(answer)["key"] == key
    assert answer.headers["retry-after"] == "1"
    assert problem(ReadOnly("So.")).headers["retry-after"] == "60"


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(SURNAME),
        KeyError(SURNAME),
        psycopg.OperationalError(f"INSERT INTO offenders VALUES ({SURNAME})"),
        DatabaseTrouble("23505", f"duplicate key ({SURNAME})"),
        OSError(28, SURNAME),
        RecursionError(SURNAME),
        ExceptionGroup(SURNAME, [ValueError(SURNAME)]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_defect_of_ours_is_logged_by_its_place_and_told_without_its_text(
    error: Exception, caplog: pytest.LogCaptureFixture
):
    try:
        raise error
    except Exception as raised:
        answer = of_any(raised)
    assert answer.status_code == 500
    assert body(answer)["type"] == "/problems/unexpected"
    assert SURNAME not in answer.body.decode()
    assert type(error).__name__ in caplog.text
    assert "test_problems.py:" in caplog.text


def test_a_value_that_does_not_open_is_told_apart_from_a_defect(caplog: pytest.LogCaptureFixture):
    answer = of_any(Unreadable("the value surname beside the fact at 3 is not the one committed to"))
    assert answer.status_code == 500
    assert body(answer)["type"] == "/problems/damaged"
    assert "at 3" in caplog.text


def test_a_defect_behind_the_door_is_a_problem_too(door: Door, monkeypatch: pytest.MonkeyPatch):
    async def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError(SURNAME)

    monkeypatch.setattr(door.ledger, "view", broken)
    answer = door.get(f"/offenders/{uuid4()}/enforcement")
    a_problem(answer, 500, "unexpected")
    clean(answer)


def test_a_refusal_that_the_database_gave_is_told_in_our_words(door: Door, monkeypatch: pytest.MonkeyPatch):
    async def broken(*_: Any, **__: Any) -> None:
        raise DatabaseUnavailable("The ledger's database does not answer. Try again in a moment.")

    monkeypatch.setattr(door.ledger, "execute", broken)
    case = Case(str(uuid4()), str(uuid4()))
    answer = door.post(f"{case.path}/record-absence", case.absence())
    a_problem(answer, 503, "database-unavailable")
    assert answer.headers["retry-after"] == "1"


# ------------------------------------------------------------------------------------ nothing personal


def test_no_problem_repeats_a_personal_value(door: Door):
    case = door.new_case()
    person = f"/offenders/{uuid4()}/record-offender"
    secret = {"note": "has hepatitis"}
    attempts = [
        (person, PERSON | {"client_id": SURNAME}, "court-officer"),
        (person, PERSON | {"dob": SURNAME}, "court-officer"),
        (person, PERSON | {"gender": SURNAME}, "court-officer"),
        (person, PERSON | {"surname": f"{SURNAME}\x00"}, "court-officer"),
        (person, PERSON | {"surname": [SURNAME]}, "court-officer"),
        (person, PERSON | {"aliases": {"Fanshawe": 1}}, "court-officer"),
        (person, PERSON | {"aliases": ["Fanshawe"] * 501}, "court-officer"),
        (person, PERSON | {"colour": "Fanshawe"}, "court-officer"),
        (person, PERSON, "police"),
        (f"{case.path}/record-offender", PERSON, "court-officer"),
        (f"{case.path}/record-absence", case.absence(-3, **secret), "practitioner"),
        (f"{case.path}/record-absence", case.absence(kind="has hepatitis", **secret), "practitioner"),
        (f"{case.path}/record-absence", case.absence(order_id=str(uuid4()), **secret), "practitioner"),
        (f"{case.path}/record-absence", case.absence(date=SURNAME, **secret), "practitioner"),
        (f"{case.path}/correct-offender-details", {"field": SURNAME, "reason": "x"}, "team-admin"),
    ]
    for path, given, role in attempts:
        answer = door.post_raw(path, compact(given).replace(b"\\u0000", b"\\u0000"), role)
        assert 400 <= answer.status_code < 500, (path, answer.text)
        clean(answer)


def test_no_acknowledgement_holds_a_personal_value(door: Door):
    case = door.new_case()
    answer = door.post(f"{case.path}/record-absence", case.absence(note="has hepatitis"))
    assert answer.status_code == 201
    clean(answer)


def test_no_entry_holds_a_personal_value(door: Door):
    case = door.new_case()
    door.post(f"{case.path}/record-absence", case.absence(note="has hepatitis"))
    events = door.get(f"{case.path}/chronology").json()["events"]
    person = next(each["id"] for each in events if each["type"] == "OffenderRecorded")
    correction = {"event_ref": person, "field": "surname", "corrected_value": "Fanshawe", "reason": "has hepatitis"}
    assert door.post(f"{case.path}/correct-record", correction, "senior-practitioner").status_code == 201
    for _, _, entry in door.run(door.ledger.store.database.entries(1, door.size)):
        for value in PERSONAL:
            assert value.encode() not in entry


def test_no_row_of_any_table_of_the_ledger_holds_a_personal_value(door: Door):
    case = door.new_case()
    door.post(f"{case.path}/record-absence", case.absence(note="has hepatitis"), Idempotency_Key=str(uuid4()))
    with psycopg.connect(door.places[0].owner()) as connection:
        tables = [
            row[0]
            for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        ]
        assert {"entries", "sealed_values", "receipts"} <= set(tables)
        for table in tables:
            for row in connection.execute(f"SELECT * FROM {table}".encode()).fetchall():  # each column as it is
                for column in row:
                    text = bytes(column) if isinstance(column, bytes | memoryview) else str(column).encode()
                    for value in PERSONAL:
                        assert value.encode() not in text, table


def test_a_refusal_by_a_rule_repeats_no_text_of_its_request(door: Door):
    case = door.new_case()
    events = door.get(f"{case.path}/chronology").json()["events"]
    for field in ("nothing", "offender_id"):
        correction = {"event_ref": events[0]["id"], "field": field, "corrected_value": "Fanshawe", "reason": "x"}
        clean(door.post(f"{case.path}/correct-record", correction, "senior-practitioner"))
    setting = {"key": "enf.evidence", "new": "Fanshawe", "effective_from": days_ago(1), "reason": "has hepatitis"}
    answer = door.post("/policy/policy/change-setting", setting, "chief-officer")
    a_problem(answer, 409, "refused")
    clean(answer)
