"""The demonstration's family: what is told of it is accepted on any day, and every turn of its story can be seen."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine, Generator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any, TypeVar
from uuid import uuid4

import orjson
import pytest
from tests.conftest import Clusters
from tests.demonstration.folding import fold
from tests.journeys.process import run

from ledger.aggregates.shape import Actor, in_london
from ledger.application import SYSTEM, Ledger
from ledger.demonstration import Line, caseload, demonstration
from ledger.demonstration.family import SURNAME, Family
from ledger.demonstration.reviewing import HOSPITAL, RELEASED
from ledger.importing import LineKeys, import_lines
from ledger.rules.child_protection import CONFERENCE_NO_REPORT
from ledger.rules.dates import london_day
from ledger.settings import Settings
from ledger.store.opening import DEMONSTRATION, embedded_place
from ledger.transparency.bundle.archive import pack, unpack

T = TypeVar("T")
TODAY = date(2026, 11, 23)
DAYS = ("2024-02-29", "2024-12-27", "2025-04-22", "2025-08-31", "2026-01-01", "2026-11-22")


# ------------------------------------------------------------------------------------------ the lines


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("seed", [2022, 7])
def test_every_line_is_accepted_on_any_day_and_no_text_names_a_child(day: str, seed: int) -> None:
    lines, _ = demonstration(date.fromisoformat(day), seed, 0)
    played = fold(lines)
    assert played.refused == []
    assert not [line for line, why in played.warned if why.startswith(("GEN-10", "CP-", "SCR-"))]


def test_the_family_comes_beside_a_caseload_and_changes_nothing_of_it() -> None:
    alone, (together, family) = caseload(TODAY, 7, 30), demonstration(TODAY, 7, 30)
    told = [line for line in together if line not in alone]
    assert [line for line in together if line in alone] == alone
    offenders = {line["to"] for line in told if line["to"].startswith("offender/")}
    assert offenders == {f"offender/{family.mother}", f"offender/{family.partner}"}
    assert {line["by"].get("unit") for line in told} >= {"North", "South"}
    assert 150 < len(told) < 300


# ------------------------------------------------------------------------------------------ the story, recorded


@dataclass(frozen=True)
class Told:
    """A ledger with nobody in it but the family and the sites they work at."""

    ledger: Ledger
    runner: asyncio.Runner
    family: Family
    lines: list[Line]
    folder: Path

    def run(self, asked: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(asked)

    def view(self, name: str, noun: str = "offender", whom: str = "", back: int = 0) -> dict[str, Any]:
        day = london_day(datetime.now(UTC)) - timedelta(days=back)
        return self.run(self.ledger.view(noun, whom or self.family.mother, name, as_at=day))


@pytest.fixture(scope="module")
def told(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Told]:
    del ledger_template, vault_template
    lines, family = demonstration(london_day(datetime.now(UTC)), 2022, 0)
    name, folder = f"family_{token_hex(6)}", Path(tempfile.mkdtemp(prefix="ledger-"))
    began = in_london(datetime.fromisoformat(str(lines[0]["at"]))) - timedelta(minutes=1)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        for cluster, template in ((clusters.ledger, "ledger_template"), (clusters.vault, "vault_template")):
            cluster.create_database(name, template)
            stack.callback(cluster.drop_database, name)
        runner = stack.enter_context(asyncio.Runner())
        places = [embedded_place(cluster, name) for cluster in (clusters.ledger, clusters.vault)]
        settings = Settings(home=folder)
        ledger = runner.run(Ledger.open(settings, kind=DEMONSTRATION, began=began, places=places))
        stack.callback(lambda: runner.run(ledger.close()))
        numbered = ((number, orjson.dumps(line)) for number, line in enumerate(lines, start=1))
        keys = LineKeys(folder, folder / "demonstration")
        outcome = runner.run(import_lines(ledger, numbered, keys, SYSTEM, lambda _: None))
        assert not outcome.rejected
        runner.run(ledger.follower.catch_up())
        yield Told(ledger, runner, family, lines, folder)


def entry_of(told: Told, whom: str, back: int = 0) -> dict[str, Any]:
    (entry,) = told.view("register", whom=whom, back=back)["entries"]
    return entry


def test_one_unit_reviews_in_time_and_the_other_misses_one_and_is_followed_up(told: Told) -> None:
    for whom, missed in ((told.family.mother, False), (told.family.partner, True)):
        entry = entry_of(told, whom, back=HOSPITAL + 10)
        assert (entry["missed_review"] is not None) == missed
    assert entry_of(told, told.family.partner, back=108)["review_state"] == "missed"
    assert entry_of(told, told.family.partner)["review_state"] == "not-due"


def test_a_conference_nobody_went_to_and_nobody_wrote_to_stands_as_such(told: Told) -> None:
    found = told.view("child-protection-matter", noun="child-protection-matter", whom=told.family.matter)
    assert CONFERENCE_NO_REPORT in str(found)
    before = told.view("child-protection-matter", noun="child-protection-matter", whom=told.family.matter, back=170)
    assert CONFERENCE_NO_REPORT not in str(before)


def test_what_was_due_waits_for_the_hold_and_is_erased_on_the_day_of_its_release_by_itself(told: Told) -> None:
    assert not [line for line in told.lines if line["command"] == "EraseChild"]
    waiting = entry_of(told, told.family.mother, back=RELEASED + 5)["deregistration"]
    assert waiting["held_by"] == [told.family.hold]
    assert waiting["steps"] == {"entry": True, "details": False, "flag": True, "notebook": False}
    erased = []
    for whom in (told.family.mother, told.family.partner):
        entry = entry_of(told, whom)
        assert entry["deregistration"]["done_of_4"] == 4
        gone = next(each for each in entry["children"] if each["child_id"] == told.family.children[0])
        erased.append(gone["erased_on"])
        assert gone["name"].startswith("[child erased ")
        assert told.view("register", whom=whom)["notebook"]
    released = next(line["at"] for line in told.lines if line["command"] == "ReleaseHold")
    assert {str(each) for each in erased} == {released[:10]}


def test_the_others_stay_on_the_register_under_their_names(told: Told) -> None:
    children = {each["child_id"]: each for each in entry_of(told, told.family.mother)["children"]}
    assert [children[each]["name"].split()[-1] for each in told.family.children[1:]] == [SURNAME, SURNAME]
    assert all(children[each]["link_ended_on"] is None for each in told.family.children[1:])


def test_either_officer_told_the_key_worker_by_form_cp1_and_of_the_children_nothing_opens_since_the_release(
    told: Told,
) -> None:
    sent = [line for line in told.lines if line["command"] == "SendCp1"]
    assert {line["by"]["unit"] for line in sent} == {"North", "South"}
    chronology = told.view("chronology")["events"]
    forms = [each for each in chronology if each["title"] == "CP1 sent"]
    assert len(forms) == 2
    names = {child["forenames"] for line in sent for child in line["data"]["children"]}
    assert len(names) > 1
    for each in forms:
        assert "erased" in str(each["values"]["children"])
        assert not [name for name in names if name in str(each["values"])]
    owed = told.run(told.ledger.worklist("child-protection")).items
    assert not [each for each in owed if each["kind"] == "cp1" and each["offender_id"] == told.family.mother]


def test_the_report_of_a_month_went_out_with_both_adults_in_it_and_a_risk_manager_confirmed_it(told: Told) -> None:
    issued = next(line for line in told.lines if line["command"] == "IssueMonthlyReport")
    view = told.view("register-report", noun="register-report", whom=issued["to"].removeprefix("register-report/"))
    assert view["issued_on"].isoformat() == issued["data"]["issued_on"]
    assert (view["state"], view["rows"], len(view["rows_hash"] or "")) == ("confirmed", 2, 64)
    assert [each["on"] > view["issued_on"] for each in view["confirmed"]] == [True]


# ------------------------------------------------------------------------------------------ the bundle


@pytest.mark.timeout(400)  # four processes
def test_the_bundle_of_either_adult_verifies_with_nothing_but_the_file_and_the_key(told: Told) -> None:
    gone = next(line for line in told.lines if line["to"] == f"child/{told.family.children[0]}")
    by, file = Actor(str(uuid4()), "practitioner", "North"), told.folder / "case.zip"
    for whom, purpose in ((told.family.mother, "supervision"), (told.family.partner, "court")):
        bundle = told.run(told.ledger.export("offender", whom, purpose, "Somebody", by, printed=False))
        files = unpack(bundle.data)
        assert not [name for name, data in files.items() if gone["data"]["client_id"].encode() in data]
        assert any(b"child-protection-matter.cp1-sent.v1" in data for data in files.values())
        chain = next(name for name in files if name.startswith("entries/"))
        spoiled = {**files, chain: files[chain].replace(b"offender.", b"offendre.", 1)}
        for data, code in ((bundle.data, 0), (pack(spoiled), 1)):
            file.write_bytes(data)
            ran = run(told.folder / "none", "verify", str(file), "--key", told.ledger.store.vkeys[0])
            assert ran.returncode == code, ran.stderr
            assert (f"offender-{whom}" in ran.stdout) == (code == 0)
