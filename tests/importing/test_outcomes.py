"""Outcome codes come in as the facts they stand for and go out again as they came; what is no outcome is set aside."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from tests.conftest import Clusters
from tests.doors import TODAY, Door, new_door
from tests.importing.test_importing import IMPORTER, Line
from tests.test_placing import allocation, park, somebody

from ledger.cli import main
from ledger.importing import import_file
from ledger.importing.outcomes import COLUMNS, SetAside, lines_of, write
from ledger.rules.outcome_codes import CODES, FORMERLY, current

STAFF = {name: str(uuid4()) for name in ("supervisor_id", "practitioner_id", "coordinator_id")}
RECORDED = f"{TODAY - timedelta(days=2)}T09:00"


@pytest.fixture(scope="module")
def door(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Door]:
    with new_door(clusters.ledger, clusters.vault) as made:
        yield made


@pytest.fixture(scope="module")
def placement(door: Door) -> str:
    """One with room for everybody."""
    return park(door, 99)


class Case:
    """A person with an order who works at a placement, and a table's rows: a session of its own each, one a day."""

    def __init__(self, door: Door, placement: str) -> None:
        to, self.order = somebody(door, "M")
        self.offender, self.placement = to.partition("/")[2], placement
        door.give(to, "AllocatePlacement", allocation(self.order, placement), "placement-coordinator")
        self.rows: list[dict[str, str]] = []

    def row(self, outcome: str, **more: str) -> dict[str, str]:
        """The next row."""
        day = (TODAY - timedelta(days=28 - len(self.rows))).isoformat()
        made = a_row(outcome, offender_id=self.offender, order_id=self.order, date=day, recorded=RECORDED, **more)
        self.rows.append(made)
        return made


ATTENDED = {"arrival": "09:00:00", "departure": "16:00:00", "worked_minutes": "390", "travel_minutes": "60"}


def all_codes(case: Case) -> None:
    """A row for each code there is, and each that there was."""
    for code in (*CODES, *FORMERLY):
        kind = CODES[current(code)].kind
        more: dict[str, str] = {}
        if kind in ("attended", "no-comply", "sent-home", "stood-off"):
            more = ATTENDED
        elif kind == "instruction":
            more = {"session_id": "", "start": ""}
        elif kind == "travel":
            more = {"contact_id": "", "session_id": "", "start": "", "travel_minutes": "-30"}
        if more.get("session_id", "a session"):
            more = {**more, "placement_id": case.placement}
        case.row(code, **more)


def a_row(outcome: str, **more: str) -> dict[str, str]:
    """A row of nobody's case."""
    ids = {name: str(uuid4()) for name in ("contact_id", "offender_id", "order_id", "session_id")}
    told = {"date": "2025-03-03", "start": "09:00", "outcome": outcome, "recorded": "2025-03-04T09:00"}
    return {**dict.fromkeys(COLUMNS, ""), **STAFF, **ids, **told, **more}


def table(rows: list[dict[str, str]]) -> io.StringIO:
    file = io.StringIO(newline="")
    written: csv.DictWriter[str] = csv.DictWriter(file, COLUMNS)
    written.writeheader()
    written.writerows(rows)
    file.seek(0)
    return file


def lines(rows: list[dict[str, str]]) -> list[Line]:
    found: list[Line] = []
    for _, each in lines_of(table(rows), "delius"):
        assert not isinstance(each, SetAside), each
        found += each
    return found


def imported(door: Door, folder: Path, told: list[Line]) -> list[Any]:
    path = folder / f"{uuid4()}.jsonl"
    path.write_bytes(b"".join(orjson.dumps(each) + b"\n" for each in told))
    return door.run(import_file(door.ledger, path, IMPORTER)).rejected


def test_every_code_comes_in_as_facts_and_goes_out_as_it_came(door: Door, placement: str, tmp_path: Path) -> None:
    case = Case(door, placement)
    all_codes(case)
    assert imported(door, tmp_path, lines(case.rows)) == []
    answer = door.get(f"/offenders/{case.offender}/outcomes").json()
    file = io.StringIO(newline="")
    assert write(case.offender, answer["outcomes"], file) == len(case.rows)
    file.seek(0)
    back = {row["date"]: row for row in csv.DictReader(file)}
    told = [name for name in COLUMNS if name not in (*STAFF, "recorded", "contact_id")]
    for row in case.rows:
        came = {name: row[name] for name in told} | {"outcome": current(row["outcome"])}
        found = back[row["date"]]
        assert {name: found[name] for name in told} == came
        assert found["contact_id"] in (row["contact_id"], row["session_id"])
        assert CODES[found["outcome"]].says


def test_what_went_out_can_come_in_as_another_case_and_says_the_same(
    door: Door, placement: str, tmp_path: Path
) -> None:
    """Out of one ledger, into another: the people and the day of recording are the importer's to fill in."""
    case, other = Case(door, placement), Case(door, placement)
    all_codes(case)
    assert imported(door, tmp_path, lines(case.rows)) == []
    first = door.get(f"/offenders/{case.offender}/outcomes").json()["outcomes"]
    file = io.StringIO(newline="")
    write(case.offender, first, file)
    file.seek(0)
    ids: dict[str, str] = {"": "", case.offender: other.offender, case.order: other.order, placement: placement}
    for row in csv.DictReader(file):
        fresh = {name: ids.setdefault(row[name], str(uuid4())) for name in row if name.endswith("_id")}
        other.rows.append({**row, **fresh, **STAFF, "recorded": RECORDED})
    assert imported(door, tmp_path, lines(other.rows)) == []
    second = door.get(f"/offenders/{other.offender}/outcomes").json()["outcomes"]
    bare = [
        [{**each, **dict.fromkeys([n for n in each if n.endswith("_id")])} for each in of] for of in (first, second)
    ]
    assert bare[0] == bare[1]


def test_the_hours_and_the_breach_are_those_of_the_facts(door: Door, placement: str, tmp_path: Path) -> None:
    case = Case(door, placement)
    for code, more in (("ATTC", ATTENDED), ("UACP", {}), ("UAAB", {}), ("AAME", {})):
        case.row(code, placement_id=case.placement, **more)
    assert imported(door, tmp_path, lines(case.rows)) == []
    (progress,) = door.get(f"/offenders/{case.offender}/progress").json()["orders"]
    assert progress["credited_minutes"] == 450
    (enforced,) = door.get(f"/offenders/{case.offender}/enforcement").json()["orders"]
    assert [each["judgements"][0]["result"] for each in enforced["absences"]] == [
        "UNACCEPTABLE",
        "UNACCEPTABLE",
        "ACCEPTABLE",
    ]


def test_a_session_that_only_stands_in_the_plan_has_no_outcome_and_one_called_off_is_the_services_wish(
    door: Door, placement: str, tmp_path: Path
) -> None:
    case = Case(door, placement)
    called_off = case.row("RSOF", placement_id=case.placement)
    planned = case.row("RSSR", placement_id=case.placement)
    told = [each for each in lines([called_off, planned]) if each["data"].get("cause") != "RSSR"]
    told[-2]["data"]["cause"] = "the van broke down"
    assert imported(door, tmp_path, told) == []
    first, second = door.get(f"/offenders/{case.offender}/outcomes").json()["outcomes"]
    assert (first["outcome"], second["outcome"], second["says"]) == ("RSSR", None, None)


@pytest.mark.parametrize(
    "wrong, says",
    [
        ({"outcome": "ATTX"}, "outcome is none of the codes"),
        ({"outcome": ""}, "outcome is empty"),
        ({"arrival": ""}, "arrival is empty, and this outcome needs it."),
        ({"worked_minutes": "6.5"}, "worked_minutes is no whole number of minutes."),
        ({"worked_minutes": "٦"}, "worked_minutes is no whole number of minutes."),
        ({"travel_minutes": "1e3"}, "travel_minutes is no whole number of minutes."),
        ({"supervisor_id": ""}, "supervisor_id is empty, and this outcome needs it."),
        ({"recorded": ""}, "recorded is empty, and this outcome needs it."),
    ],
)
def test_a_row_that_is_no_outcome_is_set_aside_with_the_reason_and_the_next_is_read(
    wrong: dict[str, str], says: str
) -> None:
    first, second = a_row("ATTC", **ATTENDED) | wrong, a_row("ATTC", **ATTENDED)
    (number, aside), (_, made) = lines_of(table([first, second]), "delius")
    assert number == 2
    assert isinstance(aside, SetAside)
    assert aside.reason.startswith(says)
    assert isinstance(made, list)


def test_a_heading_of_other_columns_is_refused_and_a_row_of_another_length_set_aside(tmp_path: Path) -> None:
    file = tmp_path / "outcomes.csv"
    file.write_text("contact_id,surname\n1,2\n", "utf-8")
    assert main(["outcomes", "read", str(file), "-o", str(tmp_path / "no.jsonl")]) == 2
    assert not (tmp_path / "no.jsonl").exists()
    file.write_text(f"{','.join(COLUMNS)}\n1,2,3\n", "utf-8")
    assert main(["outcomes", "read", str(file), "-o", str(tmp_path / "lines.jsonl")]) == 1
    assert (tmp_path / "lines.jsonl").read_text("utf-8") == ""


def test_the_command_line_makes_the_lines_that_an_import_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [a_row("ATTC", **ATTENDED), a_row("AARC")]
    file, made = tmp_path / "outcomes.csv", tmp_path / "lines.jsonl"
    file.write_text(table(rows).getvalue(), "utf-8-sig")
    assert main(["outcomes", "read", str(file), "-o", str(made), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"rows": 2, "lines": 4, "set_aside": []}
    assert [json.loads(each)["command"] for each in made.read_text("utf-8").splitlines()] == [
        "RecordAttendance",
        "CreditHours",
        "RecordAbsence",
        "JudgeAbsence",
    ]
    assert made.stat().st_mode & 0o777 == 0o600
