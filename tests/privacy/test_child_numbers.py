"""A child's seven-digit number in the notebook: under the child's own key, and nowhere in the vault to be read."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import psycopg
import pytest
from tests.doors import PERSON, Case, Door, days_ago

from ledger.errors import Refused
from ledger.store.mapping import Stored

NUMBER, OTHER, UNKNOWN = "7306152", "7306153", "7306154"
OFFICER = "information-officer"


def child(door: Door, number: str) -> str:
    child_id = str(uuid4())
    data = {"client_id": number, "surname": "Invented", "forenames": "Kit", "register_name": "CP_REGISTER"}
    door.give(f"child/{child_id}", "RecordChild", data, OFFICER)
    return child_id


def registered(door: Door, case: Case, *children: str) -> str:
    entry = f"register-entry/{uuid4()}"
    asked = {"offender_id": case.id, "ground": "REGISTER_CHILD", "on": days_ago(3)}
    door.give(entry, "SubmitR7", asked, "practitioner")
    made = {"offender_id": case.id, "child_ids": list(children), "ground": "REGISTER_CHILD"}
    made |= {"registered_on": days_ago(2), "roh_register_linked": False, "copy_of_r7_filed": True}
    door.give(entry, "EnterRegister", made, OFFICER)
    return entry


def noted(door: Door, case: Case, number: str) -> dict[str, Any]:
    """What the entry of such a line commits to and is about."""
    line = {"entry_no": 1, "entered_on": days_ago(0), "about_client_id": number, "text": "seen"}
    told = door.give(case.to, "MakeNotebookEntry", line | {"child_text": "at school"}, OFFICER).body["events"][0]
    return members(door, told["position"])


def refused(door: Door, case: Case, number: str) -> None:
    line = {"entry_no": 1, "entered_on": days_ago(0), "about_client_id": number, "text": "seen"}
    with pytest.raises(Refused) as found:
        door.give(case.to, "MakeNotebookEntry", line, OFFICER)
    told = [(each.rule, each.message) for each in found.value.refusals]
    assert told == [("CP-39", "All persons named must be recorded and cross-referenced.")]
    assert number not in str(found.value)


def members(door: Door, position: int) -> dict[str, Any]:
    ((found, _, entry),) = door.run(door.ledger.store.database.entries(position, position))
    return dict(Stored.of(found, entry).members)


def in_the_vault(door: Door) -> str:
    """Every row of every table of the vault, as text."""
    with psycopg.connect(door.places[1].owner()) as vault:
        tables = vault.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        rows = [vault.execute(f'SELECT t::text FROM "{name}" AS t').fetchall() for (name,) in tables]  # type: ignore[arg-type]
    return "\n".join(text for found in rows for (text,) in found)


def owner_of(door: Door, fact: dict[str, Any], path: str) -> tuple[str, str]:
    with psycopg.connect(door.places[1].owner()) as vault:
        key = fact["sealed"][path][1]
        return vault.execute("SELECT owner, retention FROM keys WHERE key_id = %s", (key,)).fetchone()  # type: ignore[return-value]


def test_a_number_in_the_notebook_is_nowhere_in_the_vault(door: Door) -> None:
    case = door.new_case()
    kit = child(door, NUMBER)
    registered(door, case, kit)
    noted(door, case, NUMBER)
    refused(door, case, UNKNOWN)
    lying = in_the_vault(door)
    assert kit in lying
    assert NUMBER not in lying
    assert UNKNOWN not in lying


def test_what_is_noted_of_a_child_of_the_case_lies_under_that_childs_key_and_is_about_the_child(door: Door) -> None:
    case = door.new_case()
    kit, pip = child(door, NUMBER), child(door, OTHER)
    registered(door, case, kit, pip)
    for child_id, number in ((kit, NUMBER), (pip, OTHER)):
        line = noted(door, case, number)
        assert f"child-{child_id}" in line["about"]
        for path in ("about_client_id", "child_text"):
            assert owner_of(door, line, path) == (f"child-{child_id}", "child")
        assert owner_of(door, line, "text") == (f"offender-{case.id}", "case")


def test_what_is_noted_of_a_child_of_another_case_lies_under_that_childs_key_too(door: Door) -> None:
    case, another = door.new_case(), door.new_case()
    kit = child(door, "7306155")
    registered(door, another, kit)
    line = noted(door, case, "7306155")
    assert line["about"] == [f"child-{kit}"]
    for path in ("about_client_id", "child_text"):
        assert owner_of(door, line, path) == (f"child-{kit}", "child")


def test_a_line_about_an_adult_on_record_is_written_into_the_notebook_of_the_case(door: Door) -> None:
    case = door.new_case()
    door.new_case()
    line = noted(door, case, PERSON["client_id"])
    assert "about" not in line
    assert owner_of(door, line, "about_client_id") == (f"offender-{case.id}", "child")


def test_a_number_that_nobody_has_is_no_cross_reference(door: Door) -> None:
    case = door.new_case()
    refused(door, case, UNKNOWN)
    kit = child(door, UNKNOWN)
    assert noted(door, case, UNKNOWN)["about"] == [f"child-{kit}"]


def test_of_two_children_with_one_number_the_line_says_not_whom_it_means(door: Door) -> None:
    case = door.new_case()
    child(door, "7306158")
    child(door, "7306158")
    assert "about" not in noted(door, case, "7306158")


def test_a_corrected_text_about_a_child_goes_under_the_childs_key_too(door: Door) -> None:
    case = door.new_case()
    kit = child(door, NUMBER)
    registered(door, case, kit, child(door, OTHER))
    line = noted(door, case, NUMBER)
    data = {"event_ref": line["id"], "field": "child_text", "corrected_value": "at home", "reason": "misheard"}
    told = door.give(case.to, "CorrectRecord", data, "senior-practitioner").body["events"][0]
    assert owner_of(door, members(door, told["position"]), "corrected_value") == (f"child-{kit}", "child")
