"""Import of JSON Lines: in order, once, whatever breaks in between, and never a word of a line that was set aside."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import stat
import tempfile
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from tests.conftest import Clusters
from tests.doors import PERSON, SURNAME, Door, days_ago, new_door
from tests.importing.lines import (
    IMPORTER,
    LONG_AGO,
    SOURCE,
    Line,
    a_case,
    absence,
    aside,
    bank_holiday,
    by,
    entries,
    imported,
    line,
    order,
    person,
    write,
)

from ledger.aggregates.aggregate import Aggregate
from ledger.errors import NotFound, Setup
from ledger.importing import LineKeys, Outcome, import_file, read_line
from ledger.projections import VIEWS
from ledger.store.embedded import EmbeddedCluster
from ledger.store.migrate import migrate
from ledger.store.opening import DEMONSTRATION


@pytest.fixture(scope="module")
def real(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Door]:
    with new_door(clusters.ledger, clusters.vault) as door:
        yield door


@pytest.fixture(scope="module")
def simulated(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Door]:
    with new_door(clusters.ledger, clusters.vault, DEMONSTRATION) as door:
        yield door


# ---------------------------------------------------------------------------------------- order


def test_positions_rise_with_the_lines_of_the_file(simulated: Door, tmp_path: Path):
    began = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    cases = [a_case(4) for _ in range(30)]
    lines = [each for row in zip(*cases, strict=True) for each in row]  # first all people, then all orders, …
    for number, each in enumerate(lines):
        each["at"] = (began + timedelta(hours=number)).isoformat()
    keys = [str(uuid4()) for _ in lines]
    path = write(tmp_path, [{**each, "key": key} for each, key in zip(lines, keys, strict=True)])
    outcome = imported(simulated, path)
    assert (outcome.rejected, outcome.recorded) == ([], len(lines))
    found = {
        each["key"]: (each["position"], each["recorded"])
        for case in cases
        for each in entries(simulated, case[0]["to"])
    }
    placed = [found[key] for key in keys]
    assert placed == sorted(placed)
    assert [datetime.fromisoformat(recorded) for _, recorded in placed] == [
        datetime.fromisoformat(each["at"]) for each in lines
    ]


def test_a_line_is_decided_after_every_line_before_it_of_its_case(real: Door, tmp_path: Path):
    lines = a_case(40)
    outcome = imported(real, write(tmp_path, lines))
    assert (outcome.rejected, outcome.recorded, outcome.facts) == ([], 42, 42)
    assert [each["values"]["absence_id"] for each in entries(real, lines[0]["to"])[2:]] == [
        each["data"]["absence_id"] for each in lines[2:]
    ]


def test_a_setting_is_in_force_for_every_line_after_it_and_for_none_before(real: Door, tmp_path: Path):
    before, after = [[person(f"offender/{uuid4()}") for _ in range(20)] for _ in "12"]
    path = write(tmp_path, [*before, bank_holiday("2026-03-02"), bank_holiday("2026-03-03"), *after])
    outcome = imported(real, path)
    assert outcome.rejected == []
    policies = [[entries(real, each["to"])[0].get("policy", 0) for each in part] for part in (before, after)]
    assert len(set(policies[0])) == len(set(policies[1])) == 1
    assert policies[1][0] == policies[0][0] + 2


# ---------------------------------------------------------------------------------------- what is set aside

NAMED = f"{SURNAME} of Upton"
HOSTILE: list[tuple[str, Line | bytes]] = [
    ("no JSON", f'{{"command": "{SURNAME}'.encode()),
    ("a surrogate", b'{"command": "\\ud800' + SURNAME.encode() + b'"}'),
    ("no UTF-8", SURNAME.encode() + b"\xff"),
    ("a list", f'["{SURNAME}"]'.encode()),
    ("nothing in it", b"{}"),
    ("deep", b'{"a":' * 2000 + SURNAME.encode()),
    ("a command that is none", person(f"offender/{uuid4()}") | {"command": SURNAME}),
    ("a command that is a list", person(f"offender/{uuid4()}") | {"command": [SURNAME]}),
    ("a target that is none", person(SURNAME)),
    ("a target of no noun", person(f"{SURNAME}/{uuid4()}")),
    ("a target that is no id", person(f"offender/{SURNAME}")),
    ("a target that is a list", person(f"offender/{uuid4()}") | {"to": [SURNAME]}),
    ("the ledger itself", person("ledger/ledger") | {"command": "StartRelease"}),
    ("another policy", line("SetBankHoliday", f"policy/{SURNAME}", {}, "administrator")),
    ("a member too many", person(f"offender/{uuid4()}") | {SURNAME: 1}),
    ("a role that is none", person(f"offender/{uuid4()}") | {"by": by(SURNAME)}),
    ("a role that is a list", person(f"offender/{uuid4()}") | {"by": by("") | {"role": [SURNAME]}}),
    ("a role that is an object", person(f"offender/{uuid4()}") | {"by": by("") | {"role": {SURNAME: 1}}}),
    ("a wrong role", line("RecordOffender", f"offender/{uuid4()}", PERSON, "supervisor")),
    ("a unit that is a name", person(f"offender/{uuid4()}") | {"by": by("court-officer", unit=f"{NAMED}, x")}),
    ("a unit that is a list", person(f"offender/{uuid4()}") | {"by": by("court-officer") | {"unit": [SURNAME]}}),
    ("an actor that is a name", person(f"offender/{uuid4()}") | {"by": {"id": SURNAME, "role": "court-officer"}}),
    ("an actor that is text", person(f"offender/{uuid4()}") | {"by": SURNAME}),
    ("an actor with more", person(f"offender/{uuid4()}") | {"by": by("court-officer") | {"name": SURNAME}}),
    ("a key that is a name", person(f"offender/{uuid4()}") | {"key": SURNAME}),
    ("a key that is a list", person(f"offender/{uuid4()}") | {"key": [SURNAME]}),
    ("a time that is a name", person(f"offender/{uuid4()}") | {"at": SURNAME}),
    ("a time before all", person(f"offender/{uuid4()}") | {"at": "0001-01-01T00:00:00+14:00"}),
    ("a time after all", person(f"offender/{uuid4()}") | {"at": "9999-12-31T23:59:59-14:00"}),
    ("a day that is a name", person(f"offender/{uuid4()}") | {"effective": NAMED}),
    ("a source that is a name", person(f"offender/{uuid4()}") | {"source": SURNAME}),
    ("a source of text", person(f"offender/{uuid4()}") | {"source": {"system": NAMED + "!", "recorded": LONG_AGO}}),
    ("a source without time", person(f"offender/{uuid4()}") | {"source": {"system": "x", "recorded": SURNAME}}),
    (
        "a source before all",
        person(f"offender/{uuid4()}") | {"source": {"system": "x", "recorded": "0001-01-01T00:00:00+14:00"}},
    ),
    (
        "a source of an early year",
        person(f"offender/{uuid4()}") | {"source": {"system": "x", "recorded": "0900-01-01"}},
    ),
    ("data that is a name", person(f"offender/{uuid4()}") | {"data": SURNAME}),
    ("a field that is a name", person(f"offender/{uuid4()}") | {"data": {**PERSON, SURNAME: 1}}),
    ("a name for a number", person(f"offender/{uuid4()}") | {"data": {**PERSON, "client_id": SURNAME}}),
    ("a name for a code", person(f"offender/{uuid4()}") | {"data": {**PERSON, "gender": NAMED}}),
    ("a name for a day", person(f"offender/{uuid4()}") | {"data": {**PERSON, "dob": SURNAME}}),
    ("a list for a name", person(f"offender/{uuid4()}") | {"data": {**PERSON, "surname": [SURNAME]}}),
    ("a map for a name", person(f"offender/{uuid4()}") | {"data": {**PERSON, "surname": {SURNAME: 1.5}}}),
    ("a control character", person(f"offender/{uuid4()}") | {"data": {**PERSON, "surname": f"{SURNAME}\x07"}}),
    ("a number beyond all", orjson.dumps(person(f"offender/{uuid4()}")).replace(b'"0710890"', b"9" * 400)),
    (
        "a setting that is a name",
        line(
            "ChangeSetting",
            "policy/policy",
            {"key": SURNAME, "new": "1", "effective_from": "2025-01-01", "reason": "x", "endorsed_by": []},
            "chief-officer",
        ),
    ),
]


def corrections_with_names(door: Door) -> list[tuple[str, Line]]:
    """Corrections, which name a fact and a field, with names in both."""
    case = door.new_case()
    recorded = entries(door, case.to)[0]["id"]
    right = {"event_ref": recorded, "field": "surname", "corrected_value": "Jones", "reason": "typing error"}
    return [
        (str(wrong), line("CorrectRecord", case.to, right | wrong, "court-officer"))
        for wrong in (
            {"field": SURNAME},
            {"event_ref": SURNAME},
            {"field": "dob", "corrected_value": SURNAME},
            {"field": "gender", "corrected_value": SURNAME},
            {"field": "client_id", "corrected_value": SURNAME},
            {"field": "offender_id", "corrected_value": SURNAME},
        )
    ]


def test_what_is_set_aside_has_line_rule_and_reason_and_never_a_word_of_the_line(real: Door, tmp_path: Path):
    hostile = [*HOSTILE, *corrections_with_names(real)]
    path = write(tmp_path, [each for _, each in hostile])
    size = real.size
    outcome = imported(real, path)
    assert real.size == size
    assert outcome.recorded == 0
    found = {each["line"]: each for each in aside(path)}
    for number, (name, _) in enumerate(hostile, start=1):
        assert number in found, name
        assert set(found[number]) == {"line", "rule", "reason"}, name
        assert found[number]["rule"], name
        assert len(found[number]["reason"]) > 10, name
        for word in (SURNAME, "Upton"):
            assert word.lower() not in json.dumps(found[number]).lower(), name


def test_the_file_of_what_was_set_aside_is_for_its_owner_alone_and_goes_when_all_is_well(real: Door, tmp_path: Path):
    to = f"offender/{uuid4()}"
    path = write(tmp_path, [person(to) | {"command": "Nonsense"}, person(f"offender/{uuid4()}")])
    beside = path.with_name("history.rejected.jsonl")
    beside.write_text("an older one that everybody may read")
    beside.chmod(0o666)
    assert imported(real, path).recorded == 1
    assert stat.S_IMODE(beside.stat().st_mode) == 0o600
    assert [each["line"] for each in aside(path)] == [1]
    write(tmp_path, [person(to), *path.read_bytes().splitlines()[1:]])
    outcome = imported(real, path)
    assert (outcome.recorded, outcome.repeated, outcome.rejected) == (1, 1, [])
    assert not beside.exists()


def test_a_refusal_names_its_rule_and_the_rest_goes_on(real: Door, tmp_path: Path):
    good = a_case(2)
    bad = person(good[0]["to"])
    path = write(tmp_path, [*good, bad, absence(good[0]["to"], str(uuid4())), b"", *a_case(1)])
    outcome = imported(real, path)
    assert outcome.recorded == 7
    assert [each["line"] for each in aside(path)] == [5, 6]
    assert all(re.fullmatch(r"[A-Z]+-[0-9]+", each["rule"]) for each in aside(path)), aside(path)


def test_a_defect_of_ours_sets_one_line_aside_and_ends_nothing(
    real: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    lines = [person(f"offender/{uuid4()}") for _ in range(5)]
    decide = Aggregate.decide

    def defective(noun: Aggregate, state: Any, draft: Any, now: Any, stream: str) -> Any:
        if stream == lines[2]["to"].replace("/", "-"):
            raise KeyError(SURNAME)
        return decide(noun, state, draft, now, stream)

    monkeypatch.setattr(Aggregate, "decide", defective)
    path = write(tmp_path, lines)
    assert imported(real, path).recorded == 4
    ((found),) = aside(path)
    assert (found["line"], found["rule"]) == (3, "unexpected")
    assert SURNAME not in found["reason"]


# ---------------------------------------------------------------------------------------- again


def test_a_file_imported_again_records_nothing_twice_with_keys_or_without(real: Door, tmp_path: Path):
    lines = [*a_case(3), *({**each, "key": str(uuid4())} for each in a_case(3))]
    path = write(tmp_path, lines)
    assert imported(real, path).recorded == len(lines)
    size = real.size
    for _ in range(2):
        outcome = imported(real, path)
        assert (outcome.recorded, outcome.repeated, outcome.facts, outcome.rejected) == (0, len(lines), 0, [])
    assert real.size == size


def test_a_line_that_was_mended_is_recorded_the_second_time(real: Door, tmp_path: Path):
    lines: list[Line | bytes] = [*a_case(1)]
    mended = person(f"offender/{uuid4()}")
    path = write(tmp_path, [*lines, mended | {"data": {**PERSON, "dob": "soon"}}, *a_case(1)])
    assert imported(real, path).recorded == 6
    assert [each["line"] for each in aside(path)] == [4]
    rest = path.read_bytes().splitlines()
    write(tmp_path, [*rest[:3], mended, *rest[4:]])
    outcome = imported(real, path)
    assert (outcome.recorded, outcome.repeated, outcome.rejected) == (1, 6, [])


def test_a_recorded_line_that_was_changed_afterwards_is_set_aside(real: Door, tmp_path: Path):
    path = write(tmp_path, [person(f"offender/{uuid4()}")])
    imported(real, path)
    write(tmp_path, [person(f"offender/{uuid4()}")])
    assert imported(real, path).recorded == 0
    assert [each["rule"] for each in aside(path)] == ["key-reused"]


def test_keys_of_lines_are_drawn_for_the_file_and_say_nothing_of_it(tmp_path: Path):
    ours, others = (LineKeys(tmp_path / home, tmp_path / "a.jsonl") for home in ("one", "two"))
    assert ours.of(7) == LineKeys(tmp_path / "one", tmp_path / "a.jsonl").of(7)
    assert ours.of(7) != ours.of(8)
    assert ours.of(7) != others.of(7)
    assert ours.of(7) != LineKeys(tmp_path / "one", tmp_path / "b.jsonl").of(7)
    assert (ours.of(7).version, ours.of(7).variant) == (4, "specified in RFC 4122")
    for each in (tmp_path / "one" / "imports").iterdir():
        assert stat.S_IMODE(each.stat().st_mode) == 0o600
        assert "a.jsonl" not in each.name


def test_a_key_file_that_was_never_finished_is_refused_and_not_believed(tmp_path: Path):
    LineKeys(tmp_path, tmp_path / "a.jsonl")
    (drawn,) = (tmp_path / "imports").iterdir()
    drawn.write_bytes(b"")
    with pytest.raises(Setup, match="64 hexadecimal"):
        LineKeys(tmp_path, tmp_path / "a.jsonl")


# ---------------------------------------------------------------------------------------- history


def test_a_rule_that_history_breaks_is_a_warning_and_what_cannot_be_is_set_aside(real: Door, tmp_path: Path):
    to, order_id = f"offender/{uuid4()}", str(uuid4())
    too_many = order(to, order_id, source=SOURCE)
    too_many["data"]["upw_hours"] = 900
    alone = order(f"offender/{uuid4()}", str(uuid4()))
    alone["data"]["upw_hours"] = 900
    path = write(
        tmp_path,
        [
            person(to, source=SOURCE),
            too_many,
            person(to, source=SOURCE),
            person(alone["to"]),
            alone,
            order(to, str(uuid4()), source=SOURCE) | {"data": {"upw_hours": "many"}},
        ],
    )
    outcome = imported(real, path)
    assert outcome.recorded == 3
    assert [each["line"] for each in aside(path)] == [3, 5, 6]
    key = LineKeys(real.settings.home, path).of(2)
    found = real.run(real.ledger.store.database.receipt(key))
    assert found is not None
    assert found[1].warnings
    assert orjson.loads(found[1].warnings)[0]["rule"] == aside(path)[1]["rule"]


def test_history_is_signed_by_the_importer_and_says_sealed_who_told_the_other_system(real: Door, tmp_path: Path):
    told = person(f"offender/{uuid4()}", source=SOURCE)
    imported(real, write(tmp_path, [told]))
    (entry,) = entries(real, told["to"])
    assert entry["by"] == {"id": IMPORTER.id, "role": "administrator"}
    assert entry["source"] == {"system": "old-case-system", "recorded": "2024-11-05T10:00:00.000000Z"}
    assert "source/by" in entry["sealed"]
    assert told["by"]["id"] not in json.dumps(entry)


@pytest.mark.parametrize("view", [each.name for each in VIEWS if each.noun == "offender"] + ["compare"])
def test_every_view_by_another_systems_clock_says_that_it_is_not_provable(real: Door, tmp_path: Path, view: str):
    lines = a_case(1, source=SOURCE)
    imported(real, write(tmp_path, lines))
    path = f"/offenders/{lines[0]['to'].partition('/')[2]}/{view}"
    moments = {"known_at": "2024-12-01T00:00:00Z"} | ({"with": "2024-12-02T00:00:00Z"} if view == "compare" else {})
    told = real.get(path, clock="source", **moments)
    assert told.status_code == 200, told.text
    assert (told.json()["clock"], told.json()["provable"]) == ("source", False)
    assert told.json()["says"].startswith("Not provable")
    if view != "compare":
        assert real.get(path, clock="ledger", **moments).status_code == 404
        assert "provable" not in real.get(path).json()


def test_a_fact_of_history_is_shown_according_to_whom(real: Door, tmp_path: Path):
    lines = a_case(1, source=SOURCE)
    imported(real, write(tmp_path, [*lines, {**absence(lines[0]["to"], lines[1]["data"]["order_id"])}]))
    target = lines[0]["to"].partition("/")[2]
    events = {each["position"]: each for each in real.get(f"/offenders/{target}/chronology").json()["events"]}
    told = [events[position]["according_to"] for position in sorted(events)]
    assert told[:3] == [
        {"system": "old-case-system", "recorded": "2024-11-05T10:00:00Z", "by": each["by"]["id"]} for each in lines
    ]
    assert told[3] is None
    withheld = real.get(f"/offenders/{target}/chronology", "auditor").json()["events"]
    assert {each["according_to"]["by"] for each in withheld if each["according_to"]} == {"[sealed]"}


def test_history_is_known_at_the_other_systems_time_on_its_clock_only(real: Door, tmp_path: Path):
    told = person(f"offender/{uuid4()}", source=SOURCE, effective="2024-11-01")
    imported(real, write(tmp_path, [told]))
    target = told["to"].removeprefix("offender/")

    def known(moment: str, clock: str) -> int:
        at = datetime.fromisoformat(moment)
        try:
            view = real.run(real.ledger.view("offender", target, "chronology", known_at=at, clock=clock))
        except NotFound:
            return 0
        return len(view["events"])

    assert known("2024-11-05T10:00:00Z", "source") == 1
    assert known("2024-11-05T09:59:59Z", "source") == 0
    assert known("2024-12-01T10:00:00Z", "ledger") == 0


def test_what_has_no_date_of_its_own_had_happened_when_the_other_system_recorded_it(real: Door, tmp_path: Path):
    told = person(f"offender/{uuid4()}", source=SOURCE)
    imported(real, write(tmp_path, [told]))
    (entry,) = entries(real, told["to"])
    assert entry["effective"] == entry["source"]["recorded"]


def test_no_other_system_has_recorded_what_lies_ahead(real: Door, tmp_path: Path):
    ahead = {"system": "old-case-system", "recorded": "2199-01-01T10:00:00Z"}
    path = write(tmp_path, [person(f"offender/{uuid4()}", source=ahead)])
    assert imported(real, path).recorded == 0
    assert [each["line"] for each in aside(path)] == [1]


def test_no_line_sets_the_time_of_a_real_ledger(real: Door, tmp_path: Path):
    path = write(tmp_path, [person(f"offender/{uuid4()}", at=LONG_AGO), person(f"offender/{uuid4()}")])
    assert imported(real, path).recorded == 1
    assert [(each["line"], each["rule"]) for each in aside(path)] == [(1, "clock-in-doubt")]


def test_a_correction_names_the_key_of_the_line_that_it_corrects(real: Door, tmp_path: Path):
    lines, key = a_case(1), str(uuid4())
    to = lines[0]["to"]
    told = {"event_ref": key, "field": "date", "corrected_value": days_ago(4), "reason": "another day"}
    path = write(
        tmp_path, [*lines[:2], {**lines[2], "key": key}, line("CorrectRecord", to, told, "senior-practitioner")]
    )
    outcome = imported(real, path)
    assert (outcome.recorded, outcome.rejected) == (4, [])
    found = entries(real, to)
    assert found[3]["values"]["event_ref"] == found[2]["id"]
    assert imported(real, path).repeated == 4


def test_a_correction_of_a_key_that_recorded_nothing_is_set_aside(real: Door, tmp_path: Path):
    to = f"offender/{uuid4()}"
    told = {"event_ref": str(uuid4()), "field": "surname", "corrected_value": "Jones", "reason": "typing error"}
    path = write(tmp_path, [person(to), line("CorrectRecord", to, told, "court-officer")])
    assert imported(real, path).recorded == 1
    ((found),) = aside(path)
    assert found["line"] == 2
    assert told["event_ref"] not in found["reason"]


def test_a_line_is_read_as_the_contract_writes_it():
    told = person(f"offender/{uuid4()}", at="2025-04-07T17:30", effective="2025-04-07", key=str(uuid4()))
    command = read_line(orjson.dumps(told), uuid4, IMPORTER, simulated=True)
    assert command.at == datetime(2025, 4, 7, 16, 30, tzinfo=UTC)
    assert str(command.key) == told["key"]
    assert command.effective == "2025-04-07"
    assert (command.recorder, command.source) == (None, None)


def test_a_line_that_gives_a_member_twice_is_set_aside(real: Door, tmp_path: Path):
    told = orjson.dumps(person(f"offender/{uuid4()}"))
    twice = [told[:-1] + b',"to":"offender/x"}', told.replace(b'"surname":', b'"surname":"A","surname":')]
    path = write(tmp_path, twice)
    assert imported(real, path).recorded == 0
    assert all("twice" in each["reason"] for each in aside(path))


def test_windows_ends_of_lines_and_blank_ones_count_as_lines(real: Door, tmp_path: Path):
    path = tmp_path / "windows.jsonl"
    path.write_bytes(b"\r\n" + orjson.dumps(person(f"offender/{uuid4()}")) + b"\r\n\r\n" + b"nonsense\r\n" + b"  ")
    assert imported(real, path).recorded == 1
    assert [each["line"] for each in aside(path)] == [4]


# ---------------------------------------------------------------------------------------- a server that dies


@pytest.fixture
def own_door() -> Generator[tuple[Door, EmbeddedCluster]]:
    """A ledger on servers of this test's own: one will be killed."""
    home = Path(tempfile.mkdtemp(prefix="ledger-"))
    home.chmod(0o711)
    pair = [EmbeddedCluster(home, name, throwaway=True) for name in ("ledger", "vault")]
    try:
        for cluster in pair:
            cluster.ensure_running()
            cluster.create_database(f"{cluster.name}_template")
            migrate(cluster.conninfo(cluster.owner_role, f"{cluster.name}_template"), cluster.name)
        with new_door(pair[0], pair[1], command_deadline=3.0) as door:
            yield door, pair[0]
    finally:
        for cluster in pair:
            cluster.remove()
        shutil.rmtree(home, ignore_errors=True)


def test_two_thousand_lines_are_all_there_though_the_server_was_killed_twice(
    own_door: tuple[Door, EmbeddedCluster], tmp_path: Path
):
    door, cluster = own_door
    cases = [a_case(8) for _ in range(200)]
    lines = [each for row in zip(*cases, strict=True) for each in row]
    path = write(tmp_path, lines)
    size = door.size

    async def killed() -> Outcome:
        kills = [500, 1300]

        def progress(outcome: Outcome) -> None:
            if kills and outcome.lines >= kills[0]:
                kills.pop(0)
                assert cluster.pid is not None
                os.kill(cluster.pid, signal.SIGKILL)

        outcome = await import_file(door.ledger, path, IMPORTER, progress)
        assert not kills
        return outcome

    outcome = door.run(asyncio.wait_for(killed(), 100))
    assert outcome.rejected == []
    assert outcome.recorded + outcome.repeated == 2000
    assert door.size == size + 2000
    assert imported(door, path).repeated == 2000
    assert door.size == size + 2000
