"""Rubbish amid a history: each piece is set aside with its rule, nothing else is lost, and no word of it is told."""

from __future__ import annotations

import logging
from pathlib import Path
from uuid import uuid4

import orjson
import pytest
from tests.doors import SURNAME, Door, days_ago
from tests.importing.lines import SOURCE, Line, a_case, absence, aside, imported, line, person, write

from ledger.importing.sources import LONGEST


def correction(to: str, ref: str, **more: object) -> Line:
    data = {"event_ref": ref, "field": "date", "corrected_value": days_ago(4), "reason": SURNAME}
    return line("CorrectRecord", to, data, "supervisor", source=SOURCE, **more)


def test_each_piece_is_set_aside_with_its_rule_and_every_other_line_is_recorded(
    door: Door, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    case, other = a_case(1, source=SOURCE), a_case(1, source=SOURCE)
    to, order_id = case[0]["to"], case[1]["data"]["order_id"]
    first, second, third = (str(uuid4()) for _ in "123")
    unknown = absence(to, str(uuid4()), source=SOURCE) | {"key": third}
    rubbish: list[tuple[str, Line | bytes]] = [
        ("malformed", f"{SURNAME}, not JSON".encode()),
        ("malformed", orjson.dumps(absence(to, order_id, source=SOURCE)).replace(b'"FTA"', b"7")),
        ("malformed", b'{"command": "' + b"x" * (LONGEST + 5) + SURNAME.encode() + b'"}'),
        ("malformed", absence(to, order_id, source=SOURCE) | {"command": "Record" + SURNAME}),
        ("malformed", absence(to, order_id, source=SOURCE, data={"date": "1066-10-14"})),
        ("malformed", absence(to, order_id, source=SOURCE, data={"date": "14/10/2024"})),
        ("malformed", person(f"offender/{uuid4()}", source=SOURCE) | {"data": {"surname": SURNAME + "\x1b[2J"}}),
        (
            "malformed",
            orjson.dumps(absence(to, order_id, source=SOURCE)).replace(b'{"command"', b'{"to":"x","command"'),
        ),
        ("GEN-06", correction(to, first, key=second)),
        ("GEN-06", correction(to, second, key=first)),
        ("GEN-06", correction(to, third)),
        ("GEN-06", unknown),
        ("GEN-06", correction(to, third)),
        ("GEN-06", absence(f"offender/{uuid4()}", order_id, source=SOURCE)),
        ("malformed", absence("offender/123456", order_id, source=SOURCE)),
        ("forbidden", absence(to, order_id, source=SOURCE) | {"by": {"id": str(uuid4()), "role": "inspector"}}),
    ]
    lines: list[Line | bytes] = [*case]
    for _, each in rubbish:
        lines += [each, absence(to, order_id, 9, source=SOURCE)]
    path = write(tmp_path, [*lines, *other])
    with caplog.at_level(logging.DEBUG):
        dry = imported(door, path, dry=True)
        foretold = aside(path)
        outcome = imported(door, path)
    assert aside(path) == foretold
    assert outcome.reconciles
    assert outcome.recorded == dry.recorded == len(case) + len(other) + len(rubbish)
    found = {each["line"]: each for each in aside(path)}
    expected = dict(enumerate((rule for rule, _ in rubbish), start=0))
    assert {(number - len(case) - 1) // 2: each["rule"] for number, each in found.items()} == expected
    told = path.with_name("history.rejected.jsonl").read_text() + caplog.text
    for word in (SURNAME.lower(), "1066", "\x1b", "[2j"):
        assert word not in told.lower()


def test_a_file_of_one_endless_line_is_read_in_pieces(door: Door, tmp_path: Path):
    path = tmp_path / "endless.jsonl"
    with path.open("wb") as file:
        for _ in range(30):
            file.write(b'{"a":' * 200_000)
    outcome = imported(door, path)
    assert (outcome.read, len(outcome.rejected), outcome.reconciles) == (1, 1, True)
    assert "longer than" in aside(path)[0]["reason"]


def test_a_file_without_a_line_reconciles_too(door: Door, tmp_path: Path):
    path = write(tmp_path, [])
    for dry in (True, False):
        outcome = imported(door, path, dry=dry)
        assert (outcome.read, outcome.lines, outcome.reconciles) == (0, 0, True)
