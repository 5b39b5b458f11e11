"""Tables (CSV) beside JSON Lines: columns by a mapping, and every oddity that a table comes with."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from tests.doors import Door
from tests.importing.lines import SOURCE, a_case, aside, entries, imported, write

from ledger.errors import Malformed, Setup
from ledger.importing import Mapping, mapping_of, source_in
from ledger.importing.columns import Table

OLD = {"source.system": "old", "source.recorded": "2024-11-05T10:00:00Z"}


def table(folder: Path, rows: list[str] | bytes, name: str = "export.csv", end: str = "\n") -> Path:
    path = folder / name
    path.write_bytes(rows if isinstance(rows, bytes) else end.join([*rows, ""]).encode())
    return path


def mapping(folder: Path, text: str, name: str = "mapping.toml") -> Mapping:
    path = folder / name
    path.write_text(text, "utf-8")
    return mapping_of(path)


def lines_of(path: Path, given: Mapping | None, home: Path) -> list[tuple[int, Any]]:
    """What a table's rows become: a line, or why none."""
    told = source_in(path, given, home).lines()
    return [(n, orjson.loads(text) if isinstance(text, bytes) and text else text) for n, text in told]


def only(path: Path, given: Mapping | None, home: Path) -> dict[str, Any]:
    ((_, line),) = lines_of(path, given, home)
    return line


# ---------------------------------------------------------------------------------------- headings and types


def test_a_heading_of_field_names_needs_no_mapping(door: Door, tmp_path: Path):
    person, order, absence = a_case()
    columns: list[str] = ["command", "to", "by.id", "by.role", *OLD]
    rows = [[each["command"], each["to"], each["by"]["id"], each["by"]["role"], *OLD.values()] for each in (person,)]
    fields = list(person["data"])
    path = table(
        tmp_path,
        [",".join([*columns, *fields]), *(",".join([*row, *map(str, person["data"].values())]) for row in rows)],
    )
    assert imported(door, path).recorded == 1
    more = [*columns, "order_id", "order_type", "court", "sentence_date", "order_end_date", "requirements", "upw_hours"]
    more += ["absence_id", "appointment_kind", "date", "kind"]

    def row(line: dict[str, Any]) -> str:
        told = line["data"] | {"requirements": "|".join(line["data"].get("requirements", []))}
        start = [line["command"], line["to"], line["by"]["id"], line["by"]["role"], *OLD.values()]
        return ",".join([*start, *(str(told.get(name, "")) for name in more[len(columns) :])])

    path = table(tmp_path, [",".join(more), row(order), row(absence)], "two.csv")
    outcome = imported(door, path)
    assert (outcome.recorded, outcome.rejected) == (2, [])
    found = entries(door, person["to"])
    assert found[1]["values"]["upw_hours"] == 100
    assert found[2]["values"]["date"] == absence["data"]["date"]
    assert [each["source"]["system"] for each in found] == ["old"] * 3


def test_a_cell_becomes_what_its_field_is(tmp_path: Path):
    heading = "command,to,by.id,by.role,order_id,upw_hours,requirements,suspended,on,sentence_date"
    path = table(tmp_path, [heading, f"RecordOrder,offender/{uuid4()},x,court-officer,,100,UPW|ETE,,,07/04/2025"])
    found = only(path, mapping(tmp_path, 'days = "dd/mm/yyyy"'), tmp_path)["data"]
    assert found == {"upw_hours": 100, "requirements": ["UPW", "ETE"], "sentence_date": "2025-04-07"}
    heading = "command,to,by.id,by.role,session_id,told_to_person,work_minutes"
    path = table(tmp_path, [heading, f"CreditHours,offender/{uuid4()},x,supervisor,s,Yes,7:30"])
    given = mapping(tmp_path, '[kinds]\nwork_minutes = "minutes"')
    assert only(path, given, tmp_path)["data"] == {"session_id": "s", "told_to_person": True, "work_minutes": 450}


@pytest.mark.parametrize(
    "days, cell, iso",
    [
        ("dd/mm/yyyy", "07/04/2025", "2025-04-07"),
        ("dd/mm/yyyy", "7/4/2025 09:30", "2025-04-07T09:30"),
        ("dd.mm.yyyy", "07.04.2025", "2025-04-07"),
        ("mm/dd/yyyy", "04/07/2025", "2025-04-07"),
        ("yyyy-mm-dd", "2025-04-07", "2025-04-07"),
        ("dd/mm/yyyy", "07.04.2025", "07.04.2025"),
        ("dd/mm/yyyy", "99/99/9999", "9999-99-99"),
    ],
)
def test_days_come_in_the_form_the_mapping_names_and_others_stay_what_they_are(
    tmp_path: Path, days: str, cell: str, iso: str
):
    path = table(tmp_path, ["command,to,by.id,by.role,date", f"RecordAbsence,offender/{uuid4()},x,supervisor,{cell}"])
    assert only(path, mapping(tmp_path, f'days = "{days}"'), tmp_path)["data"] == {"date": iso}


# ---------------------------------------------------------------------------------------- the mapping

FOLDER = """
encoding = "cp1252"
separator = ";"
days = "dd/mm/yyyy"
ids = "theirs"

[[tables]]
file = "people.csv"
codes.gender = {Female = "F", Male = "M"}
[tables.constants]
noun = "offender"
command = "RecordOffender"
"by.role" = "court-officer"
"source.system" = "delius"
[tables.columns]
to = "Nr"
surname = "Surname"
forenames = "First names"
dob = "Born"
gender = "Sex"
client_id = "Client"
"by.id" = "Officer"
"source.recorded" = "Entered"

[[tables]]
file = "orders.csv"
[tables.constants]
noun = "offender"
command = "RecordOrder"
"by.role" = "court-officer"
"source.system" = "delius"
order_type = "CO"
[tables.columns]
to = "Nr"
order_id = "Order"
court = "Court"
sentence_date = "Sentenced"
order_end_date = "Ends"
requirements = "Requirements"
upw_hours = "Hours"
"by.id" = "Officer"
"source.recorded" = "Entered"
"""


def export(folder: Path) -> Path:
    """Two tables of another system, as such systems write them."""
    folder.mkdir()
    people = [
        "Nr;Surname;First names;Born;Sex;Client;Officer;Entered",
        '17;"O\'Brien; née Müller";Zoë;01/02/1990;Female;0710890;K7;06/01/2025 09:00',
        '18;"Smith ""Smithy""";Ann;02/03/1991;Male;0710891;K7;06/01/2025 09:05',
    ]
    orders = [
        "Nr;Order;Court;Sentenced;Ends;Requirements;Hours;Officer;Entered",
        "17;A1;Kidderminster;06/01/2025;05/01/2026;UPW;100;K7;06/01/2025 09:10",
        "18;A2;Kidderminster;06/01/2025;05/01/2026;UPW;80;K9;06/01/2025 09:15",
        "19;A3;Kidderminster;06/01/2025;05/01/2026;UPW;80;K9;06/01/2025 09:20",
    ]
    (folder / "people.csv").write_bytes("\r\n".join([*people, ""]).encode("cp1252"))
    (folder / "orders.csv").write_bytes("\r\n".join([*orders, ""]).encode("cp1252"))
    return folder


def test_a_folder_of_another_systems_tables_comes_in_by_a_mapping(door: Door, tmp_path: Path):
    folder, given = export(tmp_path / "export"), mapping(tmp_path, FOLDER)
    outcome = imported(door, folder, given)
    assert (outcome.read, outcome.recorded) == (5, 4)
    assert aside(folder) == [
        {
            "file": "orders.csv",
            "line": 4,
            "rule": "GEN-06",
            "reason": "Nothing is recorded here yet; begin with RecordOffender.",
        }
    ]
    (case,) = [name for name, counts in outcome.by_case.items() if counts.set_aside]
    first, second = (name for name in outcome.by_case if name != case)
    shown = door.run(door.ledger.view("offender", first.partition("/")[2], "chronology"))["events"]
    assert shown[1]["values"]["surname"] == "O'Brien; née Müller"
    assert shown[1]["values"]["gender"] == "F"
    assert shown[0]["values"]["sentence_date"].isoformat() == "2025-01-06"
    assert [each["source"]["recorded"] for each in entries(door, second)] == [
        "2025-01-06T09:05:00.000000Z",
        "2025-01-06T09:15:00.000000Z",
    ]
    again = imported(door, folder, given)
    assert (again.recorded, again.repeated, len(again.rejected)) == (0, 4, 1)


def test_the_same_number_is_the_same_person_in_every_table_and_no_order(tmp_path: Path):
    folder, given = export(tmp_path / "export"), mapping(tmp_path, FOLDER)
    lines = [line for _, line in lines_of(folder, given, tmp_path)]
    people, orders = lines[:2], lines[2:]
    assert [each["to"] for each in people] == [each["to"] for each in orders[:2]]
    assert {UUID(each["data"]["order_id"]).version for each in orders} == {4}
    assert people[0]["by"] == people[1]["by"]
    assert orders[0]["by"] != orders[1]["by"]
    elsewhere = [line for _, line in lines_of(folder, given, tmp_path / "another home")]
    assert not {each["to"] for each in lines} & {each["to"] for each in elsewhere}


def test_a_mapping_in_json_says_the_same(tmp_path: Path):
    given = mapping(tmp_path, orjson.dumps(tomllib.loads(FOLDER)).decode(), "mapping.json")
    assert given == mapping(tmp_path, FOLDER)


@pytest.mark.parametrize(
    "text, says",
    [
        ("columns = 1", "columns of the mapping is an object of texts"),
        ('colums = {to = "Nr"}', "Look at colums"),
        ('separator = ";;"', "separator is one character"),
        ('days = "d/m/y"', "days is a form such as"),
        ('ids = "mine"', "ids is ours"),
        ('kinds = {date = "Tuesday"}', "Look at Tuesday"),
        ('columns = {to = "Nr"}\nconstants = {to = "x"}', "Told by a column and as a constant: to"),
        ("tables = []", "tables is a list"),
        ("[[tables]]\n[[tables]]", "names its file"),
        ("this is not TOML", "neither TOML nor JSON"),
    ],
)
def test_a_mapping_that_does_not_do_says_what_is_wrong_with_it(tmp_path: Path, text: str, says: str):
    with pytest.raises(Setup, match=says):
        mapping(tmp_path, text)


def test_an_encoding_that_there_is_not_and_a_file_that_is_not_there_are_said(tmp_path: Path):
    path = table(tmp_path, ["command,to,by.id,by.role"])
    with pytest.raises(Setup, match="an encoding that there is not"):
        list(source_in(path, Mapping((Table(encoding="klingon"),)), tmp_path).lines())
    with pytest.raises(Setup, match=r"names nowhere\.csv"):
        source_in(tmp_path, Mapping((Table(file="nowhere.csv"),)), tmp_path)
    with pytest.raises(Setup, match="There is no file"):
        source_in(tmp_path / "nowhere.csv", None, tmp_path)


@pytest.mark.parametrize(
    "heading, says",
    [
        ("command,to,to,by.id,by.role", "names a column twice"),
        ("command,to", "tells by.id, by.role"),
        ("", "tells by.id, by.role, command, to"),
    ],
)
def test_a_heading_that_does_not_do_ends_the_import_before_its_first_row(
    door: Door, tmp_path: Path, heading: str, says: str
):
    size = door.size
    with pytest.raises(Malformed, match=says):
        imported(door, table(tmp_path, [heading, "x"]))
    assert door.size == size


# ---------------------------------------------------------------------------------------- oddities

HEADING = "command,to,by.id,by.role,language,need_type"


def need(language: str = "Welsh", **more: str) -> str:
    to = more.get("to", f"offender/{uuid4()}")
    return f"RecordCommunicationNeed,{to},{uuid4()},practitioner,{language},INTERPRETER"


def test_a_byte_order_mark_lines_of_windows_and_of_old_machines_are_no_part_of_a_value(tmp_path: Path):
    for end in ("\n", "\r\n", "\r"):
        path = table(tmp_path, ("\ufeff" + end.join([HEADING, need(), need("Polish")])).encode())
        found = [line["data"]["language"] for _, line in lines_of(path, None, tmp_path)]
        assert found == ["Welsh", "Polish"]


def test_an_empty_cell_is_an_absent_value_and_an_empty_row_is_blank(door: Door, tmp_path: Path):
    path = table(tmp_path, [HEADING, need(""), "", ",,,,,", need()])
    assert [isinstance(line, dict) for _, line in lines_of(path, None, tmp_path)] == [True, False, False, True]
    assert "language" not in lines_of(path, None, tmp_path)[0][1]["data"]
    outcome = imported(door, path)
    assert (outcome.read, outcome.blank, len(outcome.rejected), outcome.reconciles) == (4, 2, 2, True)


def test_a_text_may_have_quotation_marks_separators_and_lines(tmp_path: Path):
    path = table(tmp_path, [HEADING, need('"one, ""two""\nthree"'), need()])
    first, second = lines_of(path, None, tmp_path)
    assert (first[0], first[1]["data"]["language"]) == (2, 'one, "two"\nthree')
    assert (second[0], second[1]["data"]["language"]) == (4, "Welsh")


def test_a_quotation_mark_that_is_never_closed_costs_its_own_row_alone(tmp_path: Path):
    path = table(tmp_path, [HEADING, need(), need('"never closed'), *(need() for _ in range(5)), need('"here too')])
    found = lines_of(path, None, tmp_path)
    assert [number for number, _ in found] == [2, 3, 4, 5, 6, 7, 8, 9]
    assert [number for number, line in found if not isinstance(line, dict)] == [3, 9]


def test_rows_that_are_none_are_set_aside_and_every_other_is_recorded(door: Door, tmp_path: Path):
    to = write(tmp_path, [a_case(0, source=SOURCE)[0]])
    imported(door, to)
    person = orjson.loads(to.read_bytes())["to"]
    good = need(to=person)
    rows = [
        HEADING.encode(),
        good.encode(),
        good.encode() + b",one more",
        good.rpartition(",")[0].encode(),
        need("Caf\xe9", to=person).encode("cp1252"),
        b'RecordCommunicationNeed,"x"y,z',
        need("a bell \x07", to=person).encode(),
        good.encode(),
    ]
    path = table(tmp_path, b"\n".join(rows) + b"\n")
    outcome = imported(door, path)
    assert (outcome.read, outcome.recorded, outcome.reconciles) == (7, 2, True)
    assert [each["line"] for each in aside(path)] == [3, 4, 5, 6, 7]
    assert {each["rule"] for each in aside(path)} == {"malformed"}
    assert "encoding" in aside(path)[2]["reason"]


def test_a_row_longer_than_any_is_passed_over_and_never_held(tmp_path: Path):
    path = table(tmp_path, [HEADING, need("x" * 3_000_000), need()])
    (first, too_long), (second, kept) = lines_of(path, None, tmp_path)
    assert (first, second) == (2, 3)
    assert "longer than" in too_long.reason
    assert kept["data"]["language"] == "Welsh"


def test_the_numbers_of_one_file_do_not_move_when_another_has_grown(tmp_path: Path):
    for name in ("a.csv", "b.csv"):
        table(tmp_path, [HEADING, need()], name)
    before = [number for number, _ in lines_of(tmp_path, None, tmp_path)]
    table(tmp_path, [HEADING, need(), need(), need()], "a.csv")
    after = [number for number, _ in lines_of(tmp_path, None, tmp_path)]
    assert before[-1] == after[-1]
    source = source_in(tmp_path, None, tmp_path)
    assert source.place(after[-1]) == ("b.csv", 2)
    assert source.total() == 6


def test_days_that_are_none_are_refused_by_the_field(door: Door, tmp_path: Path):
    person = a_case(0, source=SOURCE)[0]
    imported(door, write(tmp_path, [person]))
    heading = "command,to,by.id,by.role,supervision,on,ended_on"
    path = table(tmp_path, [heading, f"EndSupervision,{person['to']},{uuid4()},practitioner,,,31/02/2025"])
    imported(door, path, mapping(tmp_path, 'days = "dd/mm/yyyy"'))
    ((found),) = aside(path)
    assert found["rule"] == "malformed"
    assert "ended_on" in found["reason"]
    assert "2025" not in found["reason"]
