"""Who imports signs what is imported: no line of a file makes an entry of a real ledger somebody else's.

Proven with hostile files too: a line that says it is the auditor, the second of two people, or whoever may do more.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Generator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.conftest import Clusters
from tests.doors import PERSON, Door, new_door
from tests.importing.test_importing import IMPORTER, Line, a_case, aside, entries, line, person, write

from ledger.aggregates.shape import Actor
from ledger.commands import Command, kept, of_kept
from ledger.importing import Outcome, import_file
from ledger.store.opening import DEMONSTRATION
from ledger.store.unsealing import Unsealing

SOURCE = {"system": "delius", "recorded": "2025-01-06T09:00:00Z"}


@pytest.fixture(scope="module")
def real(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Door]:
    with new_door(clusters.ledger, clusters.vault) as door:
        yield door


def imported(door: Door, path: Path, by: Actor = IMPORTER) -> Outcome:
    return door.run(import_file(door.ledger, path, by))


def told_of(door: Door, to: str) -> list[Any]:
    """The records of a case, with the sealed values that the entries' sources hold."""
    database = door.ledger.store.database
    return [each.sealed.get("source/by") for each in door.run(database.stream(to.replace("/", "-")))]


def test_in_a_real_ledger_every_entry_is_by_who_imports_in_the_role_the_line_names(real: Door, tmp_path: Path):
    lines = a_case(2)
    assert imported(real, write(tmp_path, lines)).rejected == []
    found = entries(real, lines[0]["to"])
    assert [each["by"] for each in found] == [{"id": IMPORTER.id, "role": each["by"]["role"]} for each in lines]
    assert not any(told["by"]["id"] in json.dumps(each) for told in lines for each in found)


def test_whom_a_line_names_is_sealed_beside_it(real: Door, tmp_path: Path):
    lines = a_case()
    imported(real, write(tmp_path, lines))
    name = lines[0]["to"].replace("/", "-")
    stored = real.run(real.ledger.store.database.stream(name))
    assert all("source/by" in each.sealed and "source" not in each.members for each in stored)
    boxes = real.run(real.ledger.store.vault.keys_by_id({UUID(each.sealed["source/by"][1]).bytes for each in stored}))
    assert boxes
    values = real.run(real.ledger.cases.opened({each.position: each for each in stored}))
    assert [values[each.position]["source/by"] for each in stored] == [each["by"]["id"] for each in lines]


def test_whoever_imports_a_line_of_ones_own_signs_it_and_nothing_is_sealed_beside(real: Door, tmp_path: Path):
    own = person(f"offender/{uuid4()}") | {"by": {"id": IMPORTER.id, "role": "court-officer"}}
    imported(real, write(tmp_path, [own]))
    assert told_of(real, own["to"]) == [None]


def test_a_line_of_another_system_is_the_importers_telling_of_it_as_before(real: Door, tmp_path: Path):
    lines = a_case(1, source=SOURCE)
    assert imported(real, write(tmp_path, lines)).rejected == []
    for each in entries(real, lines[0]["to"]):
        assert each["by"] == {"id": IMPORTER.id, "role": IMPORTER.role}
        assert each["source"]["system"] == "delius"


def test_in_a_simulated_ledger_a_line_is_by_whom_it_names(clusters: Clusters, tmp_path: Path):
    with new_door(clusters.ledger, clusters.vault, DEMONSTRATION) as door:
        lines = a_case()
        assert imported(door, write(tmp_path, lines)).rejected == []
        assert [each["by"]["id"] for each in entries(door, lines[0]["to"])] == [each["by"]["id"] for each in lines]


# ------------------------------------------------------------------------------------------ hostile files


def test_nobody_puts_right_what_another_recorded_by_writing_the_others_id_into_a_line(real: Door, tmp_path: Path):
    case = real.new_case()
    fact = real.give(case.to, "RecordAbsence", case.absence(), "supervisor", key=uuid4()).body["events"][0]["id"]
    struck = line("StrikeOutRecord", case.to, {"event_ref": fact, "reason": "never happened"}, "supervisor")
    path = write(tmp_path, [struck | {"by": {"id": real.actor("supervisor").id, "role": "supervisor"}}])
    assert imported(real, path).recorded == 0
    [found] = aside(path)
    assert found["rule"] == "GEN-06"
    assert imported(real, path, real.actor("supervisor")).recorded == 1


def test_what_is_refused_of_a_line_is_told_of_who_imported_it(real: Door, tmp_path: Path):
    lines = a_case(0)
    forged = line("RecordAbsence", lines[0]["to"], {"absence_id": str(uuid4())}, "auditor")
    assert imported(real, write(tmp_path, [*lines, forged])).recorded == 2
    items, _ = real.run(real.ledger.refusals(lines[0]["to"]))
    assert [(each["by"]["id"], each["by"]["role"]) for each in items] == [(IMPORTER.id, "auditor")]


def test_whoever_is_excluded_from_a_case_imports_nothing_into_it_under_another_id(real: Door, tmp_path: Path):
    lines = a_case(0)
    imported(real, write(tmp_path, lines))
    given = {"user_id": IMPORTER.id, "message": "No.", "reason": "No."}
    real.give(lines[0]["to"], "ExcludeAccess", given, "risk-manager", key=uuid4())
    path = write(tmp_path, [line("RecordOffender", lines[0]["to"], PERSON, "court-officer")], "more.jsonl")
    assert imported(real, path).recorded == 0
    [found] = aside(path)
    assert found["rule"] != "GEN-06"


def test_the_same_file_imported_by_somebody_else_is_recorded_once(real: Door, tmp_path: Path):
    lines = [{**each, "key": str(uuid4())} for each in a_case(3)]
    path = write(tmp_path, lines)
    assert imported(real, path).recorded == 5
    other = imported(real, path, Actor(str(uuid4()), "administrator"))
    assert (other.recorded, other.repeated, other.rejected) == (0, 5, [])


def test_a_line_that_names_somebody_else_under_a_key_that_was_used_is_another_line(real: Door, tmp_path: Path):
    one = person(f"offender/{uuid4()}", key=str(uuid4()))
    assert imported(real, write(tmp_path, [one])).recorded == 1
    two = one | {"by": one["by"] | {"id": str(uuid4())}}
    path = write(tmp_path, [two], "two.jsonl")
    assert imported(real, path).recorded == 0
    assert len(aside(path)) == 1


def test_a_command_that_is_gone_on_with_after_a_crash_asks_the_same(real: Door):
    by, told = Actor(str(uuid4()), "court-officer"), {"by": str(uuid4())}
    command = Command("EraseChild", "child", str(uuid4()), {}, by, key=uuid4(), source_sealed=told)
    assert of_kept(kept(command)) == command


def test_every_sealed_name_opens_and_is_the_one_committed_to(real: Door, tmp_path: Path):
    lines: list[Line] = a_case(2)
    imported(real, write(tmp_path, lines))

    async def work() -> Any:
        loop, vault = asyncio.get_running_loop(), real.ledger.store.vault
        values = Unsealing(lambda ids: asyncio.run_coroutine_threadsafe(vault.keys_by_id(ids), loop).result())
        return await asyncio.to_thread(real.verify, values)

    assert real.run(work()).findings == ()
