"""`ledger report`: numbers over the whole caseload, for people and as JSON, for managers alone, as at any day."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tests.doors import PERSON, days_ago
from tests.test_cli import STAFF, Line, Made, failed, ledger, made  # noqa: F401 - fixtures

MANAGER = ("--role", "unit-manager", "--by", STAFF)


def told(ledger: Line, folder: Path, command: str, case: str, role: str, **data: Any) -> None:  # noqa: F811
    file = folder / f"{uuid4()}.jsonl"
    by = {"id": STAFF, "role": role}
    file.write_text(json.dumps({"command": command, "to": f"offender/{case}", "data": data, "by": by}) + "\n")
    ran = ledger("import", str(file))
    assert ran.code == 0, ran.out + ran.err


@pytest.fixture
def behind(ledger: Line, tmp_path: Path) -> tuple[str, str]:  # noqa: F811
    """A person whose order of 80 hours is 400 days old, and a unit that has nobody else."""
    case, unit = str(uuid4()), f"unit-{uuid4().hex[:6]}"
    told(ledger, tmp_path, "RecordOffender", case, "court-officer", **PERSON)
    order = {"order_id": str(uuid4()), "order_type": "CO", "court": "Kidderminster", "upw_hours": 80, "unit": unit}
    days = {"sentence_date": days_ago(400), "order_end_date": days_ago(-100), "requirements": ["UPW"]}
    told(ledger, tmp_path, "RecordOrder", case, "court-officer", **order, **days)
    return case, unit


def rows(found: Any, unit: str) -> list[Any]:
    return [each for each in found["items"] if each["unit"] == unit]


def test_the_backlog_is_numbers_of_each_unit_and_names_nobody(ledger: Line, behind: tuple[str, str]):  # noqa: F811
    case, unit = behind
    found = ledger("report", "backlog", *MANAGER, "--json")
    assert found.code == 0, found.err
    (row,) = rows(found.json, unit)
    assert (row["requirements"], row["outstanding"], row["owing_minutes"]) == (1, 1, 4800)
    assert case not in found.out
    shown = ledger("report", "backlog", *MANAGER)
    first, *lines = shown.out.splitlines()
    assert first == f"as at {found.json['as_at']}, up to position {found.json['position']}; 0 left out"
    (line,) = [each for each in lines if unit in each]
    assert "requirements 1, outstanding 1" in line
    assert case not in shown.out


def test_a_report_is_of_the_day_that_is_asked_for(ledger: Line, behind: tuple[str, str]):  # noqa: F811
    _, unit = behind
    before = ledger("report", "backlog", *MANAGER, "--as-at", days_ago(380), "--json").json
    assert before["as_at"] == days_ago(380)
    assert rows(before, unit) == []
    assert rows(ledger("report", "backlog", *MANAGER, "--as-at", days_ago(1), "--json").json, unit) != []


def test_whom_its_reader_may_not_read_is_left_out_and_counted(
    ledger: Line,  # noqa: F811
    behind: tuple[str, str],
    tmp_path: Path,
):
    case, unit = behind
    before = ledger("report", "backlog", *MANAGER, "--json").json["left_out"]
    shut = {"user_id": STAFF, "message": "Ask the area manager.", "reason": "kin"}
    told(ledger, tmp_path, "ExcludeAccess", case, "risk-manager", **shut)
    after = ledger("report", "backlog", *MANAGER, "--json").json
    assert (after["left_out"], rows(after, unit)) == (before + 1, [])
    somebody = ("--role", "unit-manager", "--by", str(uuid4()))
    assert rows(ledger("report", "backlog", *somebody, "--json").json, unit) != []


@pytest.mark.parametrize("name", ["late-recording", "backlog", "judgements"])
def test_it_is_for_senior_practitioners_and_above(ledger: Line, name: str):  # noqa: F811
    failed(ledger("report", name, "--role", "practitioner", "--by", STAFF), "Reports are read by")


def test_a_day_that_is_none_is_said(ledger: Line):  # noqa: F811
    failed(ledger("report", "backlog", *MANAGER, "--as-at", "soon"))
