"""Corrections through the real door: what a command would be refused for does not come in by putting right."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.doors import PERSON, Door, days_ago

from ledger.api.asking import READERS
from ledger.rules.dates import add_months


class Told:
    """A person's case, told over HTTP; `ids` by command."""

    def __init__(self, door: Door) -> None:
        self.door, self.path, self.order, self.ids = door, f"/offenders/{uuid4()}", str(uuid4()), dict[str, str]()
        order = {"order_id": self.order, "order_type": "CO", "court": "Kidderminster", "sentence_date": days_ago(60)}
        order |= {"order_end_date": days_ago(-305), "requirements": ["UPW"], "upw_hours": 100}
        self.tell("record-offender", PERSON, "court-officer")
        self.tell("record-order", order, "court-officer")

    def tell(self, command: str, body: dict[str, Any], role: str, path: str | None = None) -> None:
        response = self.door.post(f"{path or self.path}/{command}", body, role, Idempotency_Key=str(uuid4()))
        assert response.status_code == 201, response.text
        self.ids[command] = response.json()["events"][0]["id"]

    def correct(self, command: str, field: str, value: Any, path: str | None = None) -> httpx.Response:
        body = {"event_ref": self.ids[command], "field": field, "corrected_value": value, "reason": "as told"}
        return self.door.post(
            f"{path or self.path}/correct-record", body, "senior-practitioner", Idempotency_Key=str(uuid4())
        )


@pytest.fixture
def told(door: Door) -> Told:
    return Told(door)


def refused(response: httpx.Response) -> tuple[int, str | None]:
    return response.status_code, response.json().get("rule")


def test_hours_that_no_court_may_order_do_not_come_in_by_a_correction(told: Told) -> None:
    size = told.door.size
    for hours in (1, 39, 301, "1"):
        assert refused(told.correct("record-order", "upw_hours", hours)) == (409, "UPW-01")
    assert told.door.size == size
    assert told.correct("record-order", "upw_hours", 100).status_code == 201
    assert told.correct("record-order", "upw_hours", 300).status_code == 201
    progress = told.door.get(f"{told.path}/progress").json()
    assert progress["orders"][0]["ordered_minutes"] == 300 * 60


def test_a_case_kept_in_memory_and_one_read_anew_rule_alike_on_a_letter_and_its_absence(told: Told) -> None:
    absence = {"absence_id": str(uuid4()), "order_id": told.order, "appointment_kind": "UPW", "kind": "FTA"}
    told.tell("record-absence", absence | {"date": days_ago(9)}, "supervisor")
    letter = {"letter_id": str(uuid4()), "absence_id": absence["absence_id"], "channel": "post"}
    told.tell("issue-enforcement-letter", letter | {"issued_on": days_ago(8)}, "practitioner")
    for forget in (False, True):
        if forget:
            told.door.ledger.cases.forget(told.path.replace("/offenders/", "offender-"))
        assert refused(told.correct("issue-enforcement-letter", "issued_on", days_ago(10))) == (409, "ENF-03")
    assert told.correct("record-absence", "date", days_ago(11)).status_code == 201
    assert told.correct("issue-enforcement-letter", "issued_on", days_ago(10)).status_code == 201


def test_an_assessment_is_ruled_on_whole_though_its_answers_are_sealed(told: Told) -> None:
    place, today = f"/placements/{uuid4()}", days_ago(0)
    opened = {"name": "Nowhere Park", "type": "grounds", "on_school_premises": False, "work_types": ["PAINTING"]}
    opened |= {
        "in_school_hours": False,
        "mode": "GROUP",
        "max_no": 4,
        "days_available": ["Mon"],
        "address": "1 Nowhere",
    }
    opened |= {"proposed_start": today, "projected_completion": days_ago(-90)}
    told.tell("open-placement", opened, "placement-coordinator", place)
    assessed = {"answers": {"commercial_edge": "yes"}, "risks": "x", "benefits": "y", "recommendation": "refuse"}
    told.tell("assess-project", assessed | {"on": today}, "placement-coordinator", place)
    assert refused(told.correct("assess-project", "recommendation", "accept", place)) == (409, "PLC-02")
    assert told.correct("assess-project", "answers", {"commercial_edge": "no"}, place).status_code == 201
    assert told.correct("assess-project", "recommendation", "accept", place).status_code == 201


def test_a_correction_of_a_correction_cannot_make_a_case_unreadable(told: Told) -> None:
    assert told.correct("record-order", "sentence_date", days_ago(61)).status_code == 201
    body = {"event_ref": told.ids["record-order"], "field": "sentence_date", "corrected_value": days_ago(59)}
    told.tell("correct-record", body | {"reason": "as told"}, "senior-practitioner")
    for field, value in (("corrected_value", "nonsense"), ("field", "no_such_field"), ("field", "court")):
        assert refused(told.correct("correct-record", field, value)) == (409, "GEN-06")
    assert told.correct("correct-record", "corrected_value", days_ago(58)).status_code == 201
    due = date.fromisoformat(told.door.get(f"{told.path}/progress").json()["orders"][0]["due_on"])
    assert due == add_months(date.fromisoformat(days_ago(58)), 12)


@pytest.mark.parametrize("role", sorted(READERS))
def test_a_corrected_day_is_the_same_day_in_every_role(door: Door, role: str):
    """A value that stands in clear is of nobody: that a correction of it is sealed for some roles would break folds."""
    case = door.new_case()
    absence = case.absence(20)
    told = door.give(case.to, "RecordAbsence", absence, "supervisor", key=uuid4()).body["events"][0]["id"]
    event, field = told, "date"
    for days in (19, 18):  # put right, and put right again
        right = {"event_ref": event, "field": field, "corrected_value": days_ago(days), "reason": "misheard"}
        done = door.give(case.to, "CorrectRecord", right, "senior-practitioner", key=uuid4())
        event, field = done.body["events"][0]["id"], "corrected_value"
        answer = door.get(f"{case.path}/enforcement", role)
        assert answer.status_code == 200, answer.text
        assert answer.json()["orders"][0]["absences"][0]["date"] == days_ago(days)
