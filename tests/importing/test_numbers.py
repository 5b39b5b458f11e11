"""Lines of the notebook about somebody's number, given by the importer: a dry run foretells the import (CP-39)."""

from __future__ import annotations

import logging
from pathlib import Path
from uuid import uuid4

import pytest
from tests.doors import PERSON, Door, days_ago
from tests.importing.lines import SOURCE, Line, a_case, imported, line, write

from ledger.rules.register import NOT_RECORDED

NOBODY, KIT, EARLIER = "7306190", "7306191", "7306192"


def noted(to: str, number: str, **more: object) -> Line:
    told = {"entry_no": 1, "entered_on": days_ago(0), "about_client_id": number, "text": "seen"}
    return line("MakeNotebookEntry", to, told, "information-officer", **more)


def child(number: str) -> Line:
    told = {"client_id": number, "surname": "Invented", "forenames": "Kit", "register_name": "CP_REGISTER"}
    return line("RecordChild", f"child/{uuid4()}", told, "information-officer")


def test_a_dry_run_foretells_who_is_on_record_and_who_is_not(
    door: Door, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    assert imported(door, write(tmp_path, [child(EARLIER)], "earlier.jsonl")).rejected == []
    case = a_case(0)
    to = case[0]["to"]
    numbers = (PERSON["client_id"], NOBODY, EARLIER, KIT)
    lines = [
        *case,
        *(noted(to, each) for each in numbers),
        child(KIT),
        noted(to, KIT),
        noted(to, NOBODY, source=SOURCE),
    ]
    path = write(tmp_path, lines)
    with caplog.at_level(logging.WARNING):
        dry = imported(door, path, dry=True)
        real = imported(door, path)
    assert [(each.line, each.rule, each.reason) for each in real.rejected] == [
        (4, "CP-39", NOT_RECORDED),
        (6, "CP-39", NOT_RECORDED),
    ]
    assert dry.rejected == real.rejected
    assert (dry.by_case, dry.by_command) == (real.by_case, real.by_command)
    assert "could not be decided" not in caplog.text
