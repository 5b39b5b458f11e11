"""A whole caseload's history with faults of ten kinds in it: just those are set aside, and every line is counted."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench.histories import EXPECTED, FAULTS, Histories, wrong_with
from tests.doors import Door
from tests.importing.lines import imported

pytestmark = pytest.mark.slow


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_of_two_thousand_cases_just_the_faulty_lines_are_set_aside_each_by_the_rule_expected(
    door: Door, tmp_path: Path
):
    path = tmp_path / "history.jsonl"
    made = Histories(2_000, 2022, 2).write(path)
    assert set(made.faults.values()) == {*FAULTS} == {*EXPECTED}
    size = door.size
    outcome = imported(door, path)
    assert wrong_with(made, outcome) == []
    assert door.size - size == outcome.recorded == made.lines - len(made.faults)
    again = imported(door, path)
    assert wrong_with(made, again) == []
    assert (again.recorded, again.repeated, door.size - size) == (0, outcome.recorded, outcome.recorded)


def test_a_dry_run_of_a_history_foretells_every_line(door: Door, tmp_path: Path):
    path = tmp_path / "history.jsonl"
    made = Histories(150, 7, 6).write(path)
    size = door.size
    dry = imported(door, path, dry=True)
    assert wrong_with(made, dry) == []
    assert door.size == size
    real = imported(door, path)
    assert (real.rejected, real.by_case, real.by_command) == (dry.rejected, dry.by_case, dry.by_command)


def test_the_check_itself_sees_a_line_too_many_one_too_few_and_another_rule(door: Door, tmp_path: Path):
    path = tmp_path / "history.jsonl"
    made = Histories(60, 9, 10).write(path)
    outcome = imported(door, path)
    assert wrong_with(made, outcome) == []
    first, *rest = outcome.rejected
    outcome.rejected = [first._replace(line=1), *rest[1:], rest[0]._replace(rule="ENF-01")]
    assert len(wrong_with(made, outcome)) >= 3
