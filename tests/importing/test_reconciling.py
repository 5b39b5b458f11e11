"""Every line of an import comes to one end and is counted there: by command, by case, by rule; killed amid it too."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from tests.doors import SURNAME, Door, days_ago
from tests.importing.lines import (
    IMPORTER,
    SOURCE,
    Line,
    a_case,
    absence,
    aside,
    bank_holiday,
    entries,
    imported,
    line,
    person,
    write,
)

from ledger.importing import Outcome, import_file, reconciling


def mixed() -> list[Line | bytes]:
    """Two whole cases, one with a line that cannot be, rubbish, blank lines, a setting."""
    first, second, third = (a_case(2, source=SOURCE) for _ in "123")
    return [
        *first,
        b"",
        absence(second[0]["to"], str(uuid4()), source=SOURCE),
        *second,
        b"  ",
        f'{{"command": "{SURNAME}"'.encode(),
        *third,
        person(third[0]["to"], source=SOURCE),
        person(f"offender/{uuid4()}") | {"command": SURNAME},
    ]


def test_lines_read_are_those_recorded_before_set_aside_and_blank(door: Door, tmp_path: Path):
    lines = mixed()
    path = write(tmp_path, lines)
    outcome = imported(door, path)
    assert outcome.reconciles
    counts = outcome.listed()
    assert {name: counts[name] for name in ("read", "recorded", "repeated", "set_aside", "blank", "facts")} == {
        "read": 18,
        "recorded": 12,
        "repeated": 0,
        "set_aside": 4,
        "blank": 2,
        "facts": 12,
    }
    assert counts["rules"] == {"GEN-06": 2, "malformed": 2}
    assert counts["commands"]["offender RecordAbsence"] == {
        "read": 7,
        "recorded": 6,
        "recorded_before": 0,
        "set_aside": 1,
    }
    assert counts["commands"][reconciling.UNREADABLE]["set_aside"] == 2
    assert sum(each["read"] for each in counts["commands"].values()) == 16
    assert sum(each["read"] for each in counts["cases"].values()) == 16
    for name, each in counts["cases"].items():
        if name.startswith("offender/") and each["recorded"]:
            assert len(entries(door, name)) == each["recorded"]
    assert SURNAME not in str(counts)
    again = imported(door, path)
    assert (again.recorded, again.repeated, len(again.rejected), again.reconciles) == (0, 12, 4, True)
    assert again.by_rule() == outcome.by_rule()


def test_a_dry_run_foretells_the_import_and_writes_nothing(door: Door, tmp_path: Path):
    path = write(tmp_path, mixed())
    ledger = door.ledger.store
    before = (door.size, door.run(ledger.access.database.head()))
    dry = imported(door, path, dry=True)
    assert (door.size, door.run(ledger.access.database.head())) == before
    foretold = aside(path)
    assert dry.dry
    real = imported(door, path)
    assert (dry.recorded, dry.by_command, dry.by_case) == (real.recorded, real.by_command, real.by_case)
    assert aside(path) == foretold
    after = imported(door, path, dry=True)
    again = imported(door, path)
    assert (after.recorded, after.repeated, after.rejected) == (0, again.repeated, again.rejected)


def test_a_dry_run_decides_under_the_settings_of_the_lines_before(door: Door, tmp_path: Path):
    far = "2031-01-02"
    lines = [bank_holiday(far), bank_holiday(far)]
    path = write(tmp_path, lines)
    size = door.size
    dry = imported(door, path, dry=True)
    assert [(each.line, each.rule) for each in dry.rejected] == [(2, "GEN-01")]
    assert door.size == size
    assert [(each.line, each.rule) for each in imported(door, path).rejected] == [(2, "GEN-01")]


def test_a_dry_run_knows_keys_and_corrections_of_lines_above(door: Door, tmp_path: Path):
    case = a_case(1, source=SOURCE)
    key, other = str(uuid4()), str(uuid4())
    case[2]["key"] = key
    right = {"event_ref": key, "field": "date", "corrected_value": days_ago(4), "reason": "a slip"}
    wrong = absence(case[0]["to"], case[1]["data"]["order_id"], source=SOURCE) | {"key": key}
    lines: list[Line | bytes] = [
        *case,
        line("CorrectRecord", case[0]["to"], right, "supervisor", source=SOURCE, key=other),
        case[2],
        wrong,
        line("CorrectRecord", case[0]["to"], right | {"event_ref": str(uuid4())}, "supervisor", source=SOURCE),
    ]
    path = write(tmp_path, lines)
    dry = imported(door, path, dry=True)
    assert (dry.recorded, dry.repeated) == (4, 1)
    assert [(each.line, each.rule) for each in dry.rejected] == [(6, "key-reused"), (7, "GEN-06")]
    real = imported(door, path)
    assert (real.recorded, real.repeated, real.rejected) == (dry.recorded, dry.repeated, dry.rejected)


def test_a_dry_run_sees_what_does_not_fit_into_an_entry(door: Door, tmp_path: Path):
    case = a_case(0, source=SOURCE)
    contacts = ["x"] * 500
    told = {"on": days_ago(9), "contacts": contacts}
    told = {"with_agency": "POLICE", "information": "x", "recipients": contacts, "on": days_ago(9)} | told
    fields = {"recipients": contacts, "on": days_ago(9)}
    big = line("NotifyRecipients", case[0]["to"], fields, "information-manager", source=SOURCE)
    path = write(tmp_path, [*case, big, big | {"key": str(uuid4())}])
    dry = imported(door, path, dry=True)
    real = imported(door, path)
    assert (dry.recorded, dry.rejected) == (real.recorded, real.rejected)


@pytest.mark.parametrize("after", [1, 7, 12])
def test_an_import_that_was_cut_short_reconciles_to_the_same_when_it_goes_on(door: Door, tmp_path: Path, after: int):
    path = write(tmp_path, mixed())

    class Cut(BaseException):
        """As a kill: nobody catches it."""

    def cut(outcome: Outcome) -> None:
        if outcome.lines >= after:
            raise Cut

    with pytest.raises(Cut):
        door.run(import_file(door.ledger, path, IMPORTER, cut))
    outcome = imported(door, path)
    assert outcome.reconciles
    assert (outcome.recorded + outcome.repeated, len(outcome.rejected), outcome.blank) == (12, 4, 2)
    assert {name: each.set_aside for name, each in outcome.by_command.items() if each.set_aside} == {
        "offender RecordAbsence": 1,
        "offender RecordOffender": 1,
        reconciling.UNREADABLE: 2,
    }
