"""The two screens of the old system, through the door: every number stands there, and no line says what nobody said."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from tests.doors import PERSON, TODAY, Case, Door, days_ago
from tests.erasing.family import ERASED, Family

from ledger.projections.client_details import FIELDS, HISTORY


def screen(door: Door, path: str, role: str = "information-officer", **query: str) -> Any:
    answer = door.get(f"{path}/client-details", role, **query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def field(shown: Any, name: str) -> Any:
    return next(each["value"] for each in shown["fields"] if each["name"] == name)


def line(shown: Any, no: int) -> tuple[str | None, str | None]:
    (found,) = [each for each in shown["history"] if each["no"] == no]
    return found["flag"], found["since"]


def test_the_fields_have_the_numbers_of_the_old_screens_and_none_is_left_out():
    assert sorted({no for no, _ in FIELDS.values()} | {12}) == list(range(1, 19))  # 12 is the way to History/Warnings
    assert list(HISTORY) == list(range(1, 22))


def test_the_details_are_those_that_were_recorded_and_as_they_were_put_right(door: Door):
    case = Case(str(uuid4()), str(uuid4()))
    told = PERSON | {"title": "MS", "addresses": ["1 Nowhere Lane"], "aliases": ["Smith, Annie"], "race": "W"}
    door.give(case.to, "RecordOffender", told, "court-officer", key=uuid4())
    shown = screen(door, case.path)
    wanted = {"Client ID": PERSON["client_id"], "Title": "MS", "Addresses": ["1 Nowhere Lane"], "Race": "W"}
    wanted |= {"Alias(s)": ["Smith, Annie"], "Date Of Birth": PERSON["dob"], "PNC Number": None, "File Location": None}
    assert {name: field(shown, name) for name in wanted} == wanted
    right = {"field": "title", "new_value": "DR", "reason": "as she said"}
    door.give(case.to, "CorrectOffenderDetails", right, "practitioner", key=uuid4())
    assert field(screen(door, case.path), "Title") == "DR"


@pytest.mark.parametrize("born, age", [("1990-02-01", 35), ("1990-02-02", 35), ("1990-02-03", 34), ("2024-02-29", 0)])
def test_the_age_is_whole_years_at_the_end_of_the_day_asked_for(door: Door, born: str, age: int):
    case = Case(str(uuid4()), str(uuid4()))
    door.give(case.to, "RecordOffender", PERSON | {"dob": born}, "court-officer", key=uuid4())
    assert screen(door, case.path, as_at="2025-02-02")["current_age"] == age


def test_a_line_that_nothing_says_is_neither_yes_nor_no(door: Door):
    shown = screen(door, door.new_case().path)
    said = {each["no"] for each in shown["history"] if each["flag"] is not None}
    assert said == {2, 6, 20}
    assert line(shown, 2) == ("Y", days_ago(60))
    assert line(shown, 6) == ("N", None)
    assert (shown["warnings_lit"], shown["notes_lit"]) == (False, False)


def test_the_flags_and_the_header_are_lit_while_a_child_is_registered_and_not_after(door: Door):
    home = Family(door)
    kit = home.child()
    entry = home.entered([kit], day=30)
    shown = screen(door, home.case.path)
    assert line(shown, 20) == ("Y", days_ago(30))
    assert (shown["warnings_lit"], shown["notes_lit"]) == (True, False)
    assert line(screen(door, home.case.path, as_at=days_ago(31)), 20) == ("N", None)
    child = screen(door, f"/children/{kit}")
    assert line(child, 19) == ("Y", days_ago(30))
    assert {each["no"] for each in child["history"] if each["flag"] is not None} == {19}
    number = field(child, "Client ID")
    noted = {"entry_no": 1, "heading": "CHILDREN ON CP REGISTER", "about_client_id": number}
    noted |= {"entered_on": days_ago(20), "child_text": home.word(kit), "text": "see the child"}
    home.give(home.case.to, "MakeNotebookEntry", noted, "information-officer")
    assert screen(door, home.case.path)["notes_lit"] is True
    assert screen(door, f"/children/{kit}")["notes_lit"] is True
    home.leaves(entry)
    assert line(screen(door, home.case.path), 20) == ("N", None)
    assert screen(door, home.case.path)["notes_lit"] is False
    assert line(screen(door, f"/children/{kit}"), 19) == ("N", None)


def test_the_screen_of_an_erased_child_says_nothing_of_the_child(door: Door):
    home = Family(door)
    kit = home.child()
    home.leaves(home.entered([kit]))
    home.erase(kit)
    answer = door.get(f"/children/{kit}/client-details", "information-officer")
    assert all(word not in answer.text for word in home.words[kit])
    shown = answer.json()
    assert field(shown, "Surname") == field(shown, "Client ID") == ERASED
    assert shown["current_age"] is None


@pytest.mark.parametrize("role", ["inspector", "auditor", "supervisor"])
def test_who_may_not_read_who_a_child_is_is_told_nothing_of_it(door: Door, role: str):
    home = Family(door)
    kit = home.child()
    home.entered([kit])
    told = door.get(f"/children/{kit}/client-details", role)
    assert told.status_code == 200
    assert all(word not in told.text for word in home.words[kit])
    shown = {each["name"]: each["value"] for each in told.json()["fields"]}
    assert {shown["Client ID"], shown["Surname"], shown["Forenames"]} == {"[sealed]"}
    assert door.get(f"/children/{kit}/child", role).json()["client_id"] == "[sealed]"


def test_lines_of_a_notebook_lead_to_the_child_and_back(door: Door):
    home = Family(door)
    kit, pip = home.child(), home.child()
    home.entered([kit, pip])
    number = field(screen(door, f"/children/{kit}"), "Client ID")
    told = {"entry_no": 1, "heading": "CHILDREN ON CP REGISTER", "about_client_id": number}
    told |= {"entered_on": days_ago(20), "child_text": home.word(kit), "text": "see the child"}
    home.give(home.case.to, "MakeNotebookEntry", told, "information-officer")
    (there,) = home.register()["notebook"]
    assert there["child_ids"] == [kit]
    (back,) = home.seen(f"/children/{kit}/child")["notebook"]
    assert (back["offender_id"], back["text"], back["entered_on"]) == (home.case.id, "see the child", days_ago(20))
    assert home.seen(f"/children/{kit}/child", as_at=days_ago(21))["notebook"] == []
    assert home.seen(f"/children/{pip}/child")["notebook"] == []


def test_an_entry_says_by_itself_what_the_register_of_its_person_says_of_it(door: Door):
    home = Family(door)
    kit = home.child()
    entry = home.entered([kit])
    for step in (lambda: None, lambda: home.leaves(entry), lambda: home.erase(kit)):
        step()
        (there,) = home.register()["entries"]
        alone = home.seen(f"/register-entries/{entry}/register-entry")
        assert {name: alone[name] for name in there} == there
        assert alone["offender_id"] == home.case.id
    assert alone["deregistration"]["done_of_4"] == 4
    assert alone["children"][0]["erased_on"] == f"{TODAY:%Y-%m-%d}"
