"""The command line: every verb for people and as JSON, its exit code, and errors that say the way out."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from tests.conftest import Clusters
from tests.doors import PERSON, SURNAME, days_ago, foreign_databases

from ledger import cli, verbs
from ledger.aggregates import FACTS
from ledger.rules.registry import rules
from ledger.settings import Settings
from ledger.store.verified import newest
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.note import Signer, Verifier

STAFF = str(uuid4())


@dataclass(frozen=True)
class Ran:
    """What one run of the command line came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Line:
    """The command line with its environment, in this process."""

    def __init__(self, settings: Settings, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self.settings = settings
        for name in [name for name in os.environ if name.startswith("LEDGER_")]:
            patch.delenv(name)
        for name, value in settings.model_dump().items():
            if value is not None:
                patch.setenv(f"LEDGER_{name.upper()}", str(value))
        patch.setenv("COLUMNS", "200")

    def __call__(self, *arguments: str) -> Ran:
        self._capsys.readouterr()
        try:
            code = cli.main(arguments)
        except SystemExit as ended:  # what argparse does with arguments it does not know
            code = ended.code if isinstance(ended.code, int) else 1
        out, err = self._capsys.readouterr()
        assert "Traceback" not in out + err
        return Ran(code, out, err)


CRN = "X320741"


@dataclass(frozen=True)
class Made:
    """A migrated ledger with one case in it."""

    settings: Settings
    case: str
    order: str
    absence: str


@pytest.fixture(scope="module")
def made(clusters: Clusters, tmp_path_factory: pytest.TempPathFactory) -> Generator[Made]:
    folder = tmp_path_factory.mktemp("ledger")
    with foreign_databases(clusters.ledger, clusters.vault, folder / "home") as settings:
        found = Made(settings, str(uuid4()), str(uuid4()), str(uuid4()))
        (folder / "case.jsonl").write_text("".join(json.dumps(each) + "\n" for each in a_case(found)))
        with pytest.MonkeyPatch.context() as patch:
            for name, value in settings.model_dump().items():
                if value is not None:
                    patch.setenv(f"LEDGER_{name.upper()}", str(value))
            assert cli.main(["migrate", "--json"]) == 0
            assert cli.main(["import", str(folder / "case.jsonl"), "--json"]) == 0
        yield found


def a_case(made: Made) -> list[dict[str, Any]]:
    by = {"id": STAFF, "role": "court-officer"}
    order = {
        "order_id": made.order,
        "order_type": "CO",
        "court": "Kidderminster",
        "sentence_date": days_ago(60),
        "order_end_date": days_ago(-305),
        "requirements": ["UPW"],
        "upw_hours": 100,
    }
    return [
        {"command": "RecordOffender", "to": f"offender/{made.case}", "data": PERSON | {"crn": CRN}, "by": by},
        {"command": "RecordOrder", "to": f"offender/{made.case}", "data": order, "by": by},
        absence_line(made, made.absence, 20),
    ]


def absence_line(made: Made, absence: str, days: int, **more: Any) -> dict[str, Any]:
    data = {
        "absence_id": absence,
        "order_id": made.order,
        "appointment_kind": "UPW",
        "date": days_ago(days),
        "kind": "FTA",
    }
    by = {"id": STAFF, "role": "supervisor", "unit": "North"}
    return {"command": "RecordAbsence", "to": f"offender/{made.case}", "data": data | more, "by": by}


@pytest.fixture
def ledger(made: Made, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Line:
    return Line(made.settings, capsys, monkeypatch)


def failed(ran: Ran, *words: str, code: int = 2) -> None:
    """The reason on standard error, in one short paragraph; nothing on standard output."""
    assert ran.code == code
    assert ran.out == ""
    assert ran.err.startswith("ledger: ")
    for word in words:
        assert word in ran.err
    assert len(ran.err) < 1_500


# ------------------------------------------------------------------------------------ what every verb has


def verbs_of_the_parser() -> Sequence[str]:
    return next(list(action.choices) for action in cli.parser()._actions if action.dest != "help" and action.choices)


def test_without_a_verb_the_verbs_are_listed(ledger: Line):
    ran = ledger()
    assert ran.code == 2
    for verb in verbs_of_the_parser():
        assert verb in ran.out


@pytest.mark.parametrize("verb", verbs_of_the_parser())
def test_every_verb_explains_itself_and_takes_json(ledger: Line, verb: str):
    ran = ledger(verb, "--help")
    assert ran.code == 0
    assert "--json" in ran.out


@pytest.mark.parametrize(
    "arguments", [("nonsense",), ("status", "--colour"), ("case",), ("log", "everything"), ("token",), ("import",)]
)
def test_arguments_that_make_no_sense_are_refused_with_the_usage(ledger: Line, arguments: Sequence[str]):
    ran = ledger(*arguments)
    assert ran.code == 2
    assert "usage: ledger" in ran.err


def test_a_setting_that_nobody_knows_is_refused_with_the_nearest(ledger: Line, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LEDGER_HOMES", "x")
    failed(ledger("status"), "LEDGER_HOMES", "LEDGER_HOME")


# ------------------------------------------------------------------------------------ asking


def test_status_says_what_the_ledger_holds(ledger: Line):
    ran = ledger("status", "--json")
    assert ran.code == 0
    assert ran.json["facts"] >= 4
    assert ran.json["read_only"] is None
    assert ran.json["released_checkpoint"].startswith(ran.json["origin"])
    shown = ledger("status")
    assert shown.code == 0
    assert f"facts: {ran.json['facts']}" in shown.out


def test_a_view_of_a_case_is_printed_as_an_outline_and_as_json(ledger: Line, made: Made):
    ran = ledger("case", made.case, "--json")
    assert ran.code == 0
    [order] = ran.json["orders"]
    assert order["absences"][0]["absence_id"] == made.absence
    shown = ledger("case", made.case)
    assert shown.code == 0
    assert f"absence id: {made.absence}" in shown.out
    assert "{" not in shown.out


def test_a_view_may_be_asked_for_by_name_day_and_instant_and_explained(ledger: Line, made: Made):
    asked = ("case", f"offender/{made.case}", "--view", "chronology", "--json")
    assert SURNAME in json.dumps(ledger(*asked, "--role", "practitioner", "--by", STAFF).json)
    assert SURNAME not in json.dumps(ledger(*asked).json)  # whoever runs the ledger need not know whom it is about
    before = ledger("case", made.case, "--as-at", days_ago(30), "--json").json
    assert before["orders"][0]["absences"] == []
    explained = ledger("case", made.case, "--explain", "--json").json
    assert "why" in json.dumps(explained)
    failed(ledger("case", made.case, "--known-at", "2001-01-01T00:00"), "as known then")


def test_two_moments_of_a_case_are_compared_for_people_and_as_json(ledger: Line, made: Made):
    asked = ("case", made.case, "compare", "--known-at", "2001-01-01T00:00")
    by = ("--role", "practitioner", "--by", STAFF)
    found = ledger(*asked, *by, "--json").json
    assert [each["change"] for each in found["facts"]][:3] == ["added"] * 3
    assert (found["position"], found["with"]["position"]) == (0, found["facts"][-1]["position"])
    assert SURNAME in json.dumps(found)
    shown = ledger(*asked)
    assert shown.code == 0
    assert "added: Absence recorded at" in shown.out
    assert "as known 01 Jan 2001" in shown.out
    assert SURNAME not in shown.out
    now = ("--known-at", "2099-01-01T00:00", "--with", "2099-01-01T00:00")
    assert "nothing differs" in ledger("case", made.case, "compare", *now).out


@pytest.mark.parametrize(
    "arguments, word",
    [
        (("compare",), "--known-at"),
        (("--with", "2025-01-01T00:00"), "compare"),
        (("compare", "--known-at", "2025-01-02T00:00", "--with", "2025-01-01T00:00"), "not before"),
        (("compare", "--known-at", "2025-01-02T00:00", "--with", "later"), "--with"),
    ],
)
def test_moments_that_make_no_sense_are_said(ledger: Line, made: Made, arguments: Sequence[str], word: str):
    failed(ledger("case", made.case, *arguments), word)


@pytest.mark.soak
def test_a_what_if_is_printed_by_a_process_of_its_own_and_writes_nothing(ledger: Line, made: Made):
    settings = {f"LEDGER_{name.upper()}": str(value) for name, value in made.settings.model_dump().items() if value}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        asked = [sys.executable, "-m", "ledger.cli", "what-if", *arguments]
        environment = {**os.environ, **settings, "COLUMNS": "200"}
        return subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False, env=environment)

    before = ledger("status", "--json").json["facts"]
    amended = run("--edition", "sentencing-2026", "--against", "manual-2022", "--as-at", days_ago(-400), "--json")
    assert amended.returncode == 0, amended.stderr
    found = json.loads(amended.stdout)
    assert (found["cases"], found["cases_that_differ"], found["paused"]) == (1, 1, [])
    (item,) = found["items"]
    assert (item["offender_id"], item["order_id"]) == (made.case, made.order)
    assert item["differs"]["state"] == ["outstanding", "in-time"]
    shown = run("--edition", "sentencing-2026", "--against", "manual-2022", "--as-at", days_ago(-400))
    assert "1 of 1 cases would differ" in shown.stdout
    assert "state outstanding -> in-time" in shown.stdout
    same = run("--edition", "sentencing-2020", "--against", "sentencing-2020", "--json")
    assert json.loads(same.stdout)["items"] == []
    wrong = run("--edition", "sentencing-2020", "--as-at", "someday")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "--as-at" in wrong.stderr
    assert run("--edition", "kent").returncode == 2
    assert ledger("status", "--json").json["facts"] == before


def test_the_trail_of_a_decision_for_people_as_json_and_as_a_page(ledger: Line, made: Made, tmp_path: Path):
    events = ledger("case", made.case, "--view", "chronology", "--json").json["events"]
    position = str(next(each["position"] for each in events if each["type"] == "AbsenceRecorded"))
    shown = ledger("trail", position)
    assert shown.code == 0
    assert "gives the same result" in shown.out
    assert ledger("trail", position, "--json").json["rerun"]["outcome"] == "same"
    written = ledger("trail", position, "-o", str(tmp_path / "page.pdf"))
    assert written.code == 0
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF-1.7")
    for told in ("1", "0", "999999", str(10**30)):
        failed(ledger("trail", told), f"position {told}")
    failed(ledger("trail", position, "-o", str(tmp_path / "nowhere" / "page.pdf")), "Check the path")


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("x",), ("no offender",)),
        ((str(uuid4()),), ("no offender",)),
        (("../../etc/passwd",), ("no",)),
        (("nothing/" + str(uuid4()),), ("nothing",)),
        ((str(uuid4()), "--view", "nothing"), ("enforcement", "progress", "chronology")),
        ((str(uuid4()), "--as-at", "today"), ("--as-at", "2025-04-28")),
        ((str(uuid4()), "--as-at", "0001-01-01"), ("--as-at",)),
        ((str(uuid4()), "--as-at", "2025-W01-1"), ("--as-at",)),
        ((str(uuid4()), "--known-at", "now"), ("--known-at", "2025-04-28T16:30")),
        ((str(uuid4()), "--known-at", "2026-03-29T01:30"), ("--known-at",)),
        ((str(uuid4()), "--known-at", "0001-01-01T00:00:00+05:00"), ("--known-at",)),
    ],
)
def test_a_case_that_is_not_there_or_a_time_that_is_none_is_said(
    ledger: Line, arguments: Sequence[str], words: Sequence[str]
):
    failed(ledger("case", *arguments), *words)


def test_what_is_held_about_a_person_is_printed_or_written_for_its_owners_eyes(
    ledger: Line, made: Made, tmp_path: Path
):
    [case] = ledger("subject-access", CRN, "--by", STAFF, "--json").json["content"]["cases"]
    assert (case["offender_id"], case["withheld_whole"]) == (made.case, 0)
    assert SURNAME in ledger("subject-access", CRN, "--from", days_ago(0), "--by", STAFF).out
    file = tmp_path / "held.pdf"
    assert ledger("subject-access", CRN, "-o", str(file), "--by", STAFF).code == 0
    assert file.read_bytes().startswith(b"%PDF")
    assert file.stat().st_mode & 0o777 == 0o600


def test_of_a_number_that_nobody_has_nothing_is_held_and_only_some_may_ask(ledger: Line):
    ran = ledger("subject-access", "X000000", "--by", STAFF)
    assert (ran.code, "Nothing is held" in ran.out) == (1, True)
    failed(ledger("subject-access", CRN, "--by", STAFF, "--role", "practitioner"), "asked by")
    failed(ledger("subject-access", CRN, "--by", STAFF, "--from", "yesterday"), "A day, such as")


def test_a_case_is_exported_and_verified_with_nothing_but_the_file_and_the_key(
    ledger: Line, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    file = tmp_path / "case.zip"
    asked = ("export", made.case, "-o", str(file), "--purpose", "court", "--recipient", "the court", "--by", STAFF)
    ran = ledger(*asked, "--json")
    assert ran.code == 0, ran.err
    assert ran.json["file"] == str(file)
    assert file.stat().st_mode & 0o777 == 0o600
    vkey = ledger("log", "vkey").out.strip()
    for name in [name for name in os.environ if name.startswith("LEDGER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LEDGER_HOME", str(tmp_path / "none"))
    ran = ledger("verify", str(file), "--key", vkey)
    assert ran.code == 0, ran.err
    assert "All " in ran.out
    assert f"offender-{made.case}" in ran.out
    assert ran.out.splitlines()[0].startswith("verified under ")
    assert not (tmp_path / "none").exists()
    assert ledger("verify", str(file)).code == 1


def test_an_export_that_is_not_allowed_leaves_no_file(ledger: Line, made: Made, tmp_path: Path):
    file = tmp_path / "case.zip"
    asked = ("export", made.case, "-o", str(file), "--recipient", "him", "--by", STAFF, "--purpose")
    failed(ledger(*asked, "audit"), "not by practitioner")
    failed(ledger(*asked, "curiosity"), "purpose")
    failed(ledger(*asked, "court", "--role", "nobody"), "--role: one of")
    assert list(tmp_path.iterdir()) == []


def test_the_checkpoint_and_the_key_that_checks_it_are_printed_as_they_are(ledger: Line):
    vkey = ledger("log", "vkey").out.rstrip("\n")
    assert ledger("log", "vkey", "--json").json == {"vkey": vkey}
    note = ledger("log", "checkpoint").out
    assert ledger("log", "checkpoint", "--json").json == {"checkpoint": note}
    origin = note.split("\n")[0]
    assert Checkpoint.open(note, origin, [Verifier.parse(vkey)]).size >= 4


def test_the_log_is_written_to_a_folder_and_that_its_entries_were_taken_is_told(ledger: Line, tmp_path: Path):
    access = ledger("status", "--json").json["access_log"]["facts"]
    first = ledger("log", "tiles", str(tmp_path / "log"))
    size = ledger("status", "--json").json["facts"]
    assert first.code == 0
    assert f"holds the log of {size} facts" in first.out
    assert (tmp_path / "log" / "checkpoint").read_text() == ledger("log", "checkpoint").out
    assert (tmp_path / "log" / "tile" / "0" / f"000.p/{size}").stat().st_size == 32 * size
    assert ledger("log", "tiles", str(tmp_path / "log"), "--json").json == {"size": size, "written": 0}
    assert ledger("status", "--json").json["access_log"]["facts"] == access + 1
    own = ledger("log", "tiles", str(tmp_path / "access"), "--access", "--json").json
    assert own["size"] == access + 1
    other = ledger("log", "tiles", str(tmp_path / "log"), "--access")
    assert other.code == 2
    assert "Choose another folder" in other.err


@pytest.mark.parametrize("arguments", [("tiles",), ("checkpoint", "somewhere"), ("vkey", "somewhere")])
def test_a_folder_is_named_for_tiles_and_for_nothing_else(ledger: Line, arguments: Sequence[str]):
    failed(ledger("log", *arguments), "ledger log tiles DIR")


def test_every_rule_and_every_fact_is_printed(ledger: Line):
    items = ledger("rules", "--json").json["items"]
    assert {each["id"] for each in items} == {each.id for each in rules()}
    shown = ledger("rules")
    assert (shown.code, "ENF-07" in shown.out) == (0, True)
    items = ledger("events", "--json").json["items"]
    assert {each["event"] for each in items} == {fact.__name__ for fact in FACTS}
    shown = ledger("events")
    assert (shown.code, "RecordAbsence" in shown.out) == (0, True)


def test_migrations_that_have_run_are_not_run_again(ledger: Line):
    ran = ledger("migrate", "--json")
    assert (ran.code, ran.json) == (0, {"ledger": [], "vault": []})
    assert "up to date" in ledger("migrate").out


# ------------------------------------------------------------------------------------ recording


def test_an_import_says_what_became_of_every_line(ledger: Line, made: Made, tmp_path: Path):
    file = tmp_path / "march.jsonl"
    lines = [absence_line(made, str(uuid4()), 9), absence_line(made, str(uuid4()), -9), absence_line(made, "x", 8)]
    file.write_text("".join(json.dumps(each) + "\n" for each in lines))
    ran = ledger("import", str(file), "--json")
    assert ran.code == 1
    assert (ran.json["recorded"], ran.json["facts"], ran.json["repeated"]) == (1, 1, 0)
    assert [each["line"] for each in ran.json["rejected"]] == [2, 3]
    assert ran.json["rejected"][0]["rule"] == "GEN-05"
    aside = tmp_path / "march.rejected.jsonl"
    assert [json.loads(each) for each in aside.read_text().splitlines()] == ran.json["rejected"]
    again = ledger("import", str(file))
    assert again.code == 1
    assert "3 lines read = 0 recorded + 1 recorded before + 2 set aside + 0 blank." in again.out
    assert str(aside) in again.out  # whole, however narrow the terminal
    file.write_text(json.dumps(lines[0]) + "\n")
    assert ledger("import", str(file)).code == 0
    assert not aside.exists()


def test_a_dry_run_of_a_folder_of_tables_says_what_would_be_refused_and_writes_nothing(
    ledger: Line, made: Made, tmp_path: Path
):
    folder = tmp_path / "export"
    folder.mkdir()
    told = absence_line(made, str(uuid4()), 9)
    cells = [told["to"], told["by"]["id"], told["data"]["order_id"]]
    rows = [[*cells[:2], str(uuid4()), cells[2], days_ago(n)] for n in (8, -8)]
    (folder / "absences.csv").write_text("\n".join(["Nr;Who;Contact;Event;On", *map(";".join, rows), ""]))
    mapping = tmp_path / "map.toml"
    mapping.write_text(
        """
        separator = ";"
        [constants]
        command = "RecordAbsence"
        appointment_kind = "UPW"
        kind = "FTA"
        "by.role" = "supervisor"
        [columns]
        to = "Nr"
        absence_id = "Contact"
        order_id = "Event"
        date = "On"
        "by.id" = "Who"
        """
    )
    size = ledger("status", "--json").json["facts"]
    ran = ledger("import", str(folder), "--mapping", str(mapping), "--dry-run", "--json")
    assert (ran.code, ran.json["dry_run"], ran.json["recorded"], ran.json["reconciles"]) == (1, True, 1, True)
    assert [(each["file"], each["line"], each["rule"]) for each in ran.json["rejected"]] == [
        ("absences.csv", 3, "GEN-05")
    ]
    assert ran.json["cases"] == {
        told["to"]: {"read": 2, "recorded": 1, "recorded_before": 0, "set_aside": 1},
    }
    shown = ledger("import", str(folder), "--mapping", str(mapping), "--dry-run")
    assert "nothing was written" in shown.out
    assert "absences.csv, line 3: GEN-05" in shown.out
    assert ledger("status", "--json").json["facts"] == size


@pytest.mark.parametrize("name", ["nowhere.jsonl", "", "."])
def test_a_file_that_is_none_is_said(ledger: Line, tmp_path: Path, name: str):
    failed(ledger("import", str(tmp_path / name)), "no file")


def test_a_file_that_may_not_be_read_or_set_aside_is_said(
    ledger: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    file = tmp_path / "secret.jsonl"
    file.write_text("{}\n")

    def refused(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr(Path, "open", refused)
    failed(ledger("import", str(file)), "Permission denied")


# ------------------------------------------------------------------------------------ tokens


def claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_a_token_is_printed_alone_so_that_it_can_be_put_into_a_variable(ledger: Line):
    ran = ledger("token", "--role", "practitioner", "--id", STAFF, "--unit", "North")
    assert ran.code == 0
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", ran.out)
    found = claims(ran.out.strip())
    assert (found["sub"], found["roles"], found["unit"]) == (STAFF, ["practitioner"], "North")
    assert found["exp"] - found["iat"] == 8 * 3600


def test_a_token_may_be_for_several_roles_a_new_member_of_staff_and_another_time(ledger: Line):
    ran = ledger("token", "--role", "pso", "--role", "supervisor", "--hours", "1", "--json")
    found = claims(ran.json["token"])
    assert found["roles"] == ["pso", "supervisor"]
    assert found["sub"] == ran.json["id"]
    assert found["exp"] - found["iat"] == 3600
    assert ran.json["id"] in ran.err


@pytest.mark.parametrize(
    "arguments, word",
    [
        (("--role", "king"), "roles are"),
        (("--role", "pso", "--id", "ann.jones"), "UUID"),
        (("--role", "pso", "--unit", "a\nb"), "code"),
        (("--role", "pso", "--hours", "0"), "hour"),
        (("--role", "pso", "--hours", "-5"), "hour"),
    ],
)
def test_a_token_that_would_not_hold_is_not_issued(ledger: Line, arguments: Sequence[str], word: str):
    failed(ledger("token", *arguments), word)


# ------------------------------------------------------------------------------------ scenarios

PASSING = """\
scenario: A person is recorded
given:
  - {at: 2025-01-06 09:00, by: court-officer, to: offender/ann,
     RecordOffender: {client_id: "0710890", surname: Jones, forenames: Ann, dob: 1990-02-01, gender: F}}
then:
  - ask: offender/ann/enforcement
    expect: {orders: []}
"""
FAILING = PASSING.replace("orders: []", "orders: [{tally: 1}]").replace("is recorded", "is not recorded")


def test_scenarios_pass_or_fail_and_the_exit_code_says_which(ledger: Line, tmp_path: Path):
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(PASSING)
    bad.write_text(PASSING + "---\n" + FAILING)
    ran = ledger("scenario", str(good), str(bad), "--json")
    assert ran.code == 1
    items = ran.json["items"]
    assert [(each["scenario"], each["passed"]) for each in items] == [
        ("A person is recorded", True),
        ("A person is recorded", True),
        ("A person is not recorded", False),
    ]
    assert [each["file"] for each in items] == [str(good), str(bad), str(bad)]
    assert items[2]["failures"]
    shown = ledger("scenario", str(good))
    assert shown.code == 0
    assert "passed  A person is recorded" in shown.out


def test_a_scenario_that_is_not_there_is_said(ledger: Line, tmp_path: Path):
    failed(ledger("scenario", str(tmp_path / "nowhere.yaml")), "nowhere.yaml")
    failed(ledger("scenario", str(tmp_path)), str(tmp_path))


# ------------------------------------------------------------------------------------ verifying, and losses


def admin(clusters: Clusters, made: Made) -> psycopg.Connection:
    name = re.search(r"/(\w+)\?", made.settings.database_url or "")
    assert name is not None
    return psycopg.connect(clusters.ledger.conninfo("postgres", name[1]))


def test_an_untouched_ledger_verifies(ledger: Line):
    ran = ledger("verify", "--json")
    assert ran.code == 0
    assert ran.json["ok"] is True
    assert ran.json["findings"] == []
    shown = ledger("verify")
    assert (shown.code, "everything holds" in shown.out) == (0, True)


def test_what_a_verification_came_to_is_kept_in_the_home_with_its_time(ledger: Line, made: Made):
    ran = ledger("verify", "--json")
    kept = newest(made.settings.home)
    assert kept is not None
    assert kept.ok
    assert kept.values is None
    assert (kept.ledger.size, kept.access_log.size) == (ran.json["size"], ran.json["access_log"]["size"])
    assert timedelta() <= datetime.now(UTC) - kept.at < timedelta(minutes=5)
    assert ledger("verify", "--values").code == 0
    assert ((newest(made.settings.home) or kept).values or 0) > 0


def test_a_verification_that_cannot_be_kept_is_told_all_the_same(ledger: Line, made: Made):
    lock = made.settings.home / ".verification.json.lock"
    lock.unlink(missing_ok=True)
    lock.mkdir()
    try:
        ran = ledger("verify", "--json")
    finally:
        lock.rmdir()
    assert ran.json["ok"] is True
    assert ran.code != 0


@pytest.mark.parametrize("log", [(), ("--access",)], ids=["ledger", "access log"])
def test_from_a_kept_checkpoint_only_what_came_since_is_verified(ledger: Line, tmp_path: Path, log: tuple[str, ...]):
    kept = tmp_path / "kept"
    kept.write_text(ledger("log", "checkpoint", *log).out)
    size = int(kept.read_text().split("\n")[1])
    ran = ledger("verify", "--from", str(kept), "--json")
    assert (ran.code, ran.json["ok"], ran.json["since"]) == (0, True, size)
    shown = ledger("verify", "--from", str(kept))
    assert shown.code == 0
    assert "everything holds" in shown.out
    assert "Not read again" in shown.out
    failed(ledger("verify", "--from", str(kept), "--values"), "leave out")


def test_a_checkpoint_of_another_history_is_not_gone_on_from(ledger: Line, tmp_path: Path):
    kept = tmp_path / "kept"
    lines = ledger("log", "checkpoint").out.split("\n")
    kept.write_text("\n".join([*lines[:2], "A" * 43 + "=", *lines[3:]]))
    ran = ledger("verify", "--from", str(kept), "--json")
    assert (ran.code, ran.json["ok"]) == (1, False)
    assert "checkpoint-unsigned" in ran.json["findings"][0]


def test_a_file_that_is_no_checkpoint_of_this_ledger_is_said(ledger: Line, tmp_path: Path):
    kept = tmp_path / "kept"
    kept.write_text(
        Checkpoint("another.example/ledger", 1, bytes(32)).sign(Signer("another.example/ledger", bytes(32)))
    )
    failed(ledger("verify", "--from", str(kept)), "no checkpoint of this ledger")
    kept.write_text(ledger("log", "checkpoint").out.split("\n")[0] + "\nand no more\n")
    failed(ledger("verify", "--from", str(kept)), str(kept))


def test_a_changed_ledger_does_not_verify_and_says_where_and_may_not_be_written_to(
    ledger: Line, made: Made, clusters: Clusters, tmp_path: Path
):
    change = "UPDATE entries SET entry = replace(encode(entry, 'escape'), {})::bytea WHERE position = 4"
    leaf = "UPDATE entries SET leaf = sha256('\\x00'::bytea || entry) WHERE position = 4"

    def as_admin(*statements: str) -> None:
        with admin(clusters, made) as connection:
            connection.execute("SET LOCAL session_replication_role = replica")
            for each in statements:
                connection.execute(each.encode())

    as_admin(change.format("'North', 'South'"), leaf)
    try:
        ran = ledger("verify", "--json")
        assert ran.code == 1
        assert ran.json["ok"] is False
        assert "position 4" in ran.json["findings"][0]
        kept = newest(made.settings.home)
        assert kept is not None
        assert not kept.ok
        assert "position 4" in kept.ledger.findings[0]
        shown = ledger("verify")
        assert shown.code == 1
        assert "position 4" in shown.out
        status = ledger("status", "--json")
        assert status.code == 1
        assert "not the ones that were acknowledged" in status.json["read_only"]
        file = tmp_path / "more.jsonl"
        file.write_text(json.dumps(absence_line(made, str(uuid4()), 3)) + "\n")
        stopped = ledger("import", str(file), "--json")
        assert stopped.code == 1
        assert stopped.json["rejected"][0]["rule"] == "read-only"
    finally:
        as_admin(change.format("'South', 'North'"), leaf)
    assert ledger("verify").code == 0
    assert ledger("status").code == 0


def test_with_values_every_sealed_one_is_opened_and_one_whose_key_is_gone_is_named(
    ledger: Line, made: Made, clusters: Clusters
):
    ran = ledger("verify", "--values", "--json")
    assert (ran.code, ran.json["values"] > 0) == (0, True)
    assert "sealed values opened" in ledger("verify", "--values").out
    name = re.search(r"/(\w+)\?", made.settings.vault_url or "")
    assert name is not None
    with psycopg.connect(clusters.vault.conninfo("postgres", name[1]), autocommit=True) as vault:
        vault.execute("CREATE TEMPORARY TABLE gone AS SELECT * FROM keys ORDER BY key_id LIMIT 1")
        vault.execute("DELETE FROM keys WHERE key_id IN (SELECT key_id FROM gone)")
        [(key_id,)] = vault.execute("SELECT key_id::text FROM gone").fetchall()
        try:
            found = ledger("verify", "--values", "--json")
            assert found.code == 1
            assert all(each.startswith("value-key-missing") and key_id in each for each in found.json["findings"])
            assert ledger("verify").code == 0
        finally:
            vault.execute("INSERT INTO keys SELECT * FROM gone")
    assert ledger("verify", "--values").code == 0


def test_what_was_refused_is_listed_and_a_word_changed_in_it_is_found_and_named(
    ledger: Line, made: Made, clusters: Clusters, tmp_path: Path
):
    line = absence_line(made, str(uuid4()), 3)
    file = tmp_path / "refused.jsonl"
    file.write_text(json.dumps(line | {"by": {"id": STAFF, "role": "auditor"}}) + "\n")
    importer = str(uuid4())
    assert ledger("import", str(file), "--by", importer).code == 1
    items = ledger("refusals", "--json", "--to", line["to"]).json["items"]
    (item,) = [each for each in items if each["by"]["role"] == "auditor"]
    assert (item["command_name"], item["problem"]) == ("RecordAbsence", "forbidden")
    shown = ledger("refusals")
    assert f"RecordAbsence to {line['to']}: forbidden  (auditor {importer})" in shown.out
    failed(ledger("refusals", "--to", "nobody/1"), "nobody")
    status = ledger("status", "--json").json["access_log"]
    note = ledger("log", "checkpoint", "--access", "--json").json["checkpoint"]
    assert note.split("\n")[:2] == [status["origin"], str(status["facts"])]
    assert status["origin"] in ledger("log", "vkey", "--access").out

    def as_admin(old: str, new: str) -> None:
        with admin(clusters, made) as connection:
            connection.execute("SET LOCAL session_replication_role = replica")
            change = f"UPDATE access.entries SET entry = replace(encode(entry, 'escape'), '{old}', '{new}')::bytea"
            connection.execute(change.encode())

    as_admin("auditor", "pso")
    try:
        ran = ledger("verify", "--json")
        assert (ran.code, ran.json["ok"], ran.json["findings"]) == (1, False, [])
        assert any(f"position {item['position']}" in each for each in ran.json["access_log"]["findings"])
        assert "access log: " in ledger("verify").out
    finally:
        as_admin("pso", "auditor")
    assert ledger("verify").code == 0


def test_a_database_that_is_away_is_said_without_its_password(
    ledger: Line, made: Made, monkeypatch: pytest.MonkeyPatch
):
    url = (made.settings.database_url or "").replace("_login:", "_nobody:")
    password = url.split(":")[2].partition("@")[0]
    monkeypatch.setenv("LEDGER_DATABASE_URL", url)
    monkeypatch.setenv("LEDGER_OWNER_URL", url)
    for verb in (("status",), ("verify",), ("migrate",), ("log", "checkpoint"), ("token", "--role", "pso")):
        ran = ledger(*verb)
        failed(ran, "cannot be reached")
        assert password not in ran.err
    monkeypatch.setenv("LEDGER_DATABASE_URL", "mysql://x")
    failed(ledger("status"), "postgresql://")


def test_a_home_that_cannot_be_made_is_said(ledger: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LEDGER_HOME", str(tmp_path / "file" / "home"))
    failed(ledger("status"), "home")


def test_keys_of_another_home_are_said(ledger: Line, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The database belongs to a home: with another wrapping key nothing of it can be read."""
    monkeypatch.setenv("LEDGER_HOME", str(tmp_path / "other"))
    failed(ledger("status"), "wrapping key")


def test_a_defect_of_ours_is_told_by_its_kind_alone(ledger: Line, monkeypatch: pytest.MonkeyPatch):
    def broken(_: Any) -> None:
        raise ZeroDivisionError(SURNAME)

    monkeypatch.setattr(verbs, "with_ledger", broken)
    ran = ledger("status")
    assert ran.code == 2
    assert "ZeroDivisionError" in ran.err
    assert SURNAME not in ran.err


# ------------------------------------------------------------------------------------ as a process


def test_output_into_a_closed_pipe_is_no_error(made: Made):
    environment = {**os.environ, "LEDGER_HOME": str(made.settings.home), "COLUMNS": "200"}
    first = subprocess.Popen(
        [sys.executable, "-m", "ledger.cli", "events", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )
    assert first.stdout is not None
    assert first.stderr is not None
    first.stdout.read(10)
    first.stdout.close()
    errors = first.stderr.read().decode()
    first.wait(30)
    assert "Traceback" not in errors
    assert "Exception ignored" not in errors


def test_the_command_is_installed_under_its_name():
    found = shutil.which("ledger", path=str(Path(sys.executable).parent))
    assert found is not None
    ran = subprocess.run([found, "rules", "--json"], capture_output=True, text=True, timeout=30, check=False)
    assert ran.returncode == 0
    assert json.loads(ran.stdout)["items"]


def test_the_person_is_nowhere_in_what_status_and_log_print(ledger: Line):
    for arguments in (("status",), ("log", "checkpoint"), ("verify",)):
        ran = ledger(*arguments)
        assert SURNAME not in ran.out + ran.err
        assert PERSON["client_id"] not in ran.out + ran.err


# ------------------------------------------------------------------------------------ who was shown what


def test_who_reads_at_the_command_line_is_recorded_too_and_the_readings_of_a_case_are_listed(ledger: Line, made: Made):
    case, by = f"offender/{made.case}", str(uuid4())
    before = len(ledger("readings", case, "--json").json["items"])
    assert ledger("case", case).code == 0
    assert (
        ledger("case", case, "--view", "progress", "--by", by, "--role", "auditor", "--purpose", "complaint").code == 0
    )
    items = ledger("readings", case, "--json", "--role", "auditor", "--by", STAFF).json["items"][before + 1 :]
    told = [(each["by"]["role"], each["view"], each["purpose"]) for each in items]
    assert told == [("administrator", "enforcement", "administration"), ("auditor", "progress", "complaint")]
    assert items[1]["by"]["id"] == by
    ran = ledger("readings", case)
    assert f"consultation: {case} progress, complaint  (auditor {by})" in ran.out
    person = ledger("readings", case, "--for-subject")
    assert "consultation: complaint  (auditor)" in person.out
    assert by not in person.out


@pytest.mark.parametrize(
    "arguments, word",
    [
        (("--role", "passer-by"), "--role"),
        (("--by", "Ann"), "--by"),
        (("--purpose", "curiosity"), "Ledger-Purpose"),
    ],
)
def test_a_reader_who_is_none_is_shown_nothing(ledger: Line, made: Made, arguments: tuple[str, ...], word: str):
    failed(ledger("case", f"offender/{made.case}", *arguments), word)
