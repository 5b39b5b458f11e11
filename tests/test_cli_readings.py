"""Who asks at the command line is named wherever a value is opened, and what is shown of a case is in the access log.

Which verbs show something of a case is written down here once more: a new verb is in neither list until somebody has
thought about it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tests.api.test_session_sheet import SITE
from tests.doors import SURNAME, days_ago
from tests.test_cli import CRN, STAFF, Line, Made, a_case, failed, ledger, made  # noqa: F401 - fixtures

from ledger.aggregates.ledger_stream import SYSTEM
from ledger.cli import parser

# Each as it shows something of the case.
SHOWING: dict[str, Sequence[str]] = {
    "case": ("case", "{case}"),
    "trail": ("trail", "{decision}"),
    "search": ("search", "--surname", "Feather*", "--by", STAFF),
    "refusals": ("refusals",),
    "readings": ("readings", "{case}"),
    "document": ("document", "get", "{case}", "{document}", "{file}", "--by", STAFF),
    "letter": ("letter", "{id}", "{letter}", "-o", "{file}.pdf", "--by", STAFF),
    "session-sheet": ("session-sheet", "{placement}", "--day", days_ago(0), "-o", "{file}.pdf", "--by", STAFF),
    "form": ("form", "request-for-information", "{matter}", "-o", "{file}.pdf", "--by", STAFF),
    "subject-access": ("subject-access", CRN, "--by", STAFF),
    "outcomes": ("outcomes", "write", "{id}", "-o", "{file}", "--by", STAFF),
    "what-if": ("what-if", "--edition", "sentencing-2026"),
    "report": ("report", "late-recording", "--role", "unit-manager", "--by", STAFF),
    "export": ("export", "{case}", "-o", "{file}", "--purpose", "court", "--recipient", "him", "--by", STAFF),
    "log": ("log", "tiles", "{file}"),
}
# Positions, counts, codes, keys, names of logs, ids of streams where a finding lies, and what the caller gave; a backup
# is ciphertext for whoever holds the keys, and a witness is given proofs. Nobody's case is told.
SHOWS_NOBODY = {
    *("demo", "serve", "follow", "rebuild", "migrate", "status", "import", "scenario", "witness", "verify", "vault"),
    *("backup", "restore", "rules", "events", "token"),
}
NAMED = ("search", "document", "letter", "session-sheet", "form", "subject-access", "outcomes", "export")


def verbs() -> set[str]:
    return set(next(action.choices for action in parser()._actions if action.dest != "help" and action.choices))


def test_of_every_verb_it_is_said_whether_it_shows_something_of_a_case():
    assert verbs() == {*SHOWING} | SHOWS_NOBODY
    assert not SHOWING.keys() & SHOWS_NOBODY


@pytest.fixture(scope="module")
def places(made: Made, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:  # noqa: F811
    """What the arguments are filled with."""
    ids = {name: str(uuid4()) for name in ("document", "letter", "placement", "matter")}
    return {"id": made.case, "case": f"offender/{made.case}", **ids}


def filled(arguments: Sequence[str], places: dict[str, str], folder: Path) -> list[str]:
    return [each.format(**places, file=folder / str(uuid4())) for each in arguments]


def seen(ledger: Line) -> int:  # noqa: F811
    return ledger("status", "--json").json["access_log"]["facts"]


@pytest.mark.parametrize("verb", SHOWING)
def test_a_verb_that_shows_something_of_a_case_leaves_an_entry(
    ledger: Line,  # noqa: F811
    made: Made,  # noqa: F811
    places: dict[str, str],
    tmp_path: Path,
    verb: str,
):
    arguments = SHOWING[verb]
    if verb == "document":
        scan = tmp_path / "scan.pdf"
        scan.write_bytes(b"%PDF-1.7 seen")
        put = ("document", "put", places["case"], places["document"], str(scan), "--by", STAFF)
        file_it(ledger, made, places["document"], tmp_path)
        assert ledger(*put).code == 0
    if verb == "letter":
        written(ledger, made, places["letter"], tmp_path)
    if verb == "session-sheet":
        given(ledger, "OpenPlacement", f"placement/{places['placement']}", SITE, "placement-coordinator", tmp_path)
    if verb == "form":
        asked = {"check_id": str(uuid4()), "offender_id": made.case, "on": days_ago(0), "reason": "PSR"}
        given(ledger, "RequestCheck", f"child-protection-matter/{places['matter']}", asked, "practitioner", tmp_path)
    if verb == "trail":
        events = ledger("case", made.case, "--view", "chronology", "--json").json["events"]
        absences = [each["position"] for each in events if each["type"] == "AbsenceRecorded"]
        places = places | {"decision": str(absences[0])}
    before = seen(ledger)
    ran = ledger(*filled(arguments, {"decision": "", **places}, tmp_path))
    assert ran.code == 0, ran.err
    assert seen(ledger) > before


def given(ledger: Line, command: str, to: str, data: Any, role: str, folder: Path) -> None:  # noqa: F811
    """One command, recorded."""
    file = folder / f"{command}.jsonl"
    file.write_text(json.dumps({"command": command, "to": to, "data": data, "by": {"id": STAFF, "role": role}}) + "\n")
    assert ledger("import", str(file)).code == 0


def written(ledger: Line, made: Made, letter: str, folder: Path) -> None:  # noqa: F811
    """A letter that the ledger writes, though it comes as a line of a file."""
    data = {"letter_id": letter, "absence_id": made.absence, "issued_on": days_ago(18), "channel": "post"}
    to = f"offender/{made.case}"
    given(ledger, "IssueEnforcementLetter", to, data | {"template": "enforcement-letter"}, "practitioner", folder)
    shown = ledger("letter", made.case, letter, "--by", STAFF)
    assert shown.code == 0
    assert "You missed an appointment" in shown.out
    assert SURNAME in shown.out


def test_what_a_letter_would_say_is_shown_and_nothing_is_issued(
    ledger: Line,  # noqa: F811
    made: Made,  # noqa: F811
    tmp_path: Path,
):
    letter, absence = str(uuid4()), str(uuid4())
    missed = {"absence_id": absence, "order_id": made.order, "appointment_kind": "UPW", "kind": "FTA"}
    given(ledger, "RecordAbsence", f"offender/{made.case}", missed | {"date": days_ago(19)}, "supervisor", tmp_path)
    data = {"letter_id": letter, "absence_id": absence, "issued_on": days_ago(18), "channel": "post"}
    line = {"command": "IssueEnforcementLetter", "data": data | {"template": "enforcement-letter"}}
    file, pages = tmp_path / "line.json", tmp_path / "letter.pdf"
    file.write_text(json.dumps(line))
    asked = ("letter", made.case, str(file), "--preview", "--by", STAFF)
    before, facts = seen(ledger), ledger("status", "--json").json["facts"]
    shown = ledger(*asked)
    assert shown.code == 0, shown.err
    assert "You missed an appointment" in shown.out
    assert ledger(*asked, "-o", str(pages)).code == 0
    assert pages.read_bytes().startswith(b"%PDF-")
    assert pages.stat().st_mode & 0o077 == 0
    told = ledger(*asked, "--json").json
    assert told["words"] in shown.out
    assert seen(ledger) == before + 3
    assert ledger("status", "--json").json["facts"] == facts
    assert ledger("letter", made.case, letter, "--by", STAFF).code != 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"command": "IssueEnforcementLetter"}',
        '{"command": "RecordAbsence", "data": {}}',
        '{"command": "IssueEnforcementLetter", "data": []}',
        '{"command": "IssueEnforcementLetter", "data": {}, "to": "offender/1"}',
    ],
)
def test_a_preview_of_what_is_no_letter_is_said(ledger: Line, made: Made, tmp_path: Path, text: str):  # noqa: F811
    file = tmp_path / "line.json"
    file.write_text(text)
    ran = ledger("letter", made.case, str(file), "--preview", "--by", STAFF)
    assert ran.code == 2
    assert "--preview: give a file with one JSON object" in ran.err
    assert str(tmp_path) not in ran.err


def file_it(ledger: Line, made: Made, document: str, folder: Path) -> None:  # noqa: F811
    """The document, filed, so that it can be put beside."""
    data = {"doc_id": document, "kind": "letter", "marking": "OPEN", "section": "letters"}
    line = {"command": "FileDocument", "to": f"offender/{made.case}", "data": data}
    file = folder / "filed.jsonl"
    file.write_text(json.dumps(line | {"by": {"id": STAFF, "role": "practitioner"}}) + "\n")
    assert ledger("import", str(file)).code == 0


@pytest.mark.parametrize("verb", NAMED)
def test_who_opens_a_value_says_who_it_is_and_nothing_is_opened_otherwise(
    ledger: Line,  # noqa: F811
    places: dict[str, str],
    tmp_path: Path,
    verb: str,
):
    arguments = filled(SHOWING[verb], places, tmp_path)
    at = arguments.index("--by")
    before = seen(ledger)
    failed(ledger(*arguments[:at], *arguments[at + 2 :]), "Say who asks: --by ID")
    failed(ledger(*arguments[:at], "--by", SYSTEM.id, *arguments[at + 2 :]), "Say who asks: --by ID")
    failed(ledger(*arguments[:at], "--by", "Ann", *arguments[at + 2 :]), "--by")
    assert seen(ledger) == before
    assert list(tmp_path.iterdir()) == []


def test_a_role_that_opens_values_is_somebodys_whatever_is_asked(ledger: Line, made: Made):  # noqa: F811
    for role in ("practitioner", "auditor", "chief-officer"):
        failed(ledger("case", made.case, "--role", role), "Say who asks: --by ID")
    shown = ledger("case", made.case, "--view", "chronology")
    assert shown.code == 0
    assert "Featherstonehaugh" not in shown.out


def test_who_was_excluded_is_not_found_by_leaving_out_the_name(ledger: Line, made: Made, tmp_path: Path):  # noqa: F811
    other = Made(made.settings, str(uuid4()), str(uuid4()), str(uuid4()))
    lines = a_case(other)
    given = {"user_id": STAFF, "message": "No.", "reason": "No."}
    by = {"id": str(uuid4()), "role": "risk-manager"}
    lines.append({"command": "ExcludeAccess", "to": f"offender/{other.case}", "data": given, "by": by})
    file = tmp_path / "excluded.jsonl"
    file.write_text("".join(json.dumps(each) + "\n" for each in lines))
    assert ledger("import", str(file)).code == 0
    asked = ("search", "--client-id", "0710890", "--json")
    mine, theirs = (ledger(*asked, "--by", by) for by in (STAFF, str(uuid4())))
    assert other.case not in mine.out
    assert other.case in theirs.out
    failed(ledger(*asked), "--by ID")
