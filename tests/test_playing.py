"""Scenarios against the real ledger: what passes, what fails and says why, and what is no scenario at all."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Clusters

from ledger import playing
from ledger.access import Access
from ledger.application import Ledger
from ledger.cli import main
from ledger.commands import Command
from ledger.errors import Forbidden, Refusal, Refused, Setup
from ledger.scenarios import Scenario, load
from ledger.store.embedded import EmbeddedCluster

HERE = Path(__file__).parent / "scenarios"
FILES = (
    *("gen", "enforcement", "progress", "hours", "placements", "case-review", "child-protection", "privacy"),
    *("extra/case-review", "extra/child-protection", "extra/child-protection-lists"),
)
CASES = [each for name in FILES for each in load(HERE / f"{name}.yaml")]
PERSON = '{client_id: "9000001", surname: Testcase, forenames: Ann, dob: 1990-02-01, gender: F}'
GIVEN = f'{{at: "2025-01-06 09:00", by: court-officer, to: offender/ann, RecordOffender: {PERSON}}}'
TWICE = GIVEN.replace("09:00", "09:05")


@pytest.fixture(scope="module")
def pair(clusters: Clusters) -> Generator[Sequence[EmbeddedCluster]]:
    """The session's clusters with the databases that scenarios are played in."""
    both = (clusters.ledger, clusters.vault)
    for cluster in both:
        playing.make_stage(cluster)
    yield both
    for cluster in both:
        cluster.drop_database(playing.STAGE)


@pytest.fixture
def on_these(monkeypatch: pytest.MonkeyPatch, pair: Sequence[EmbeddedCluster]) -> None:
    """The command line plays on the session's clusters instead of making its own."""
    from contextlib import nullcontext

    monkeypatch.setattr(playing, "throwaway_clusters", lambda: nullcontext(pair))


def one(folder: Path, text: str) -> Scenario:
    path = folder / "some.yaml"
    path.write_text(text, encoding="utf-8")
    (scenario,) = load(path)
    return scenario


# ---------------------------------------------------------------------------------------- all of them


@pytest.mark.parametrize("scenario", CASES, ids=lambda each: each.name)
def test_a_scenario_comes_out_as_written_on_the_real_ledger(scenario: Scenario, pair: Sequence[EmbeddedCluster]):
    assert playing.play_one(scenario, pair) == []


# ---------------------------------------------------------------------------------------- what fails


def test_a_wrong_expectation_fails_and_says_what_came_instead(tmp_path: Path, pair: Sequence[EmbeddedCluster]):
    then = "{ask: offender/ann/chronology, expect: {events: [{type: AbsenceRecorded}]}}"
    scenario = one(tmp_path, f"scenario: Wrong\ngiven:\n  - {GIVEN}\nthen:\n  - {then}\n")
    (failure,) = playing.play_one(scenario, pair)
    assert failure == "ask offender/ann/chronology: answer.events[0].type is OffenderRecorded, expected AbsenceRecorded"


def test_a_refusal_that_did_not_come_fails(tmp_path: Path, pair: Sequence[EmbeddedCluster]):
    scenario = one(tmp_path, f"scenario: X\nwhen:\n  - {GIVEN[:-1]}, refused: {{rule: GEN-06}}}}\nthen: []\n")
    (failure,) = playing.play_one(scenario, pair)
    assert "expected to be refused by GEN-06, but it was recorded" in failure


def test_a_refusal_that_was_not_expected_fails_with_its_rule_and_message(
    tmp_path: Path, pair: Sequence[EmbeddedCluster]
):
    scenario = one(tmp_path, f"scenario: X\nwhen:\n  - {GIVEN}\n  - {TWICE}\nthen: []\n")
    (failure,) = playing.play_one(scenario, pair)
    assert "refused by GEN-06: Recorded events cannot be changed" in failure


@pytest.mark.parametrize("expected", ["{rule: GEN-06}", "{status: 409}", "{rule: null}", "{}"])
@pytest.mark.parametrize("error", [Refused([Refusal("GEN-06", "No.")]), Forbidden("No.")])
def test_a_refused_step_that_writes_is_caught_whatever_was_expected(
    tmp_path: Path, pair: Sequence[EmbeddedCluster], monkeypatch: pytest.MonkeyPatch, expected: str, error: Exception
):
    execute = Ledger.execute

    async def writes_and_refuses(ledger: Ledger, command: Command) -> Any:
        receipt = await execute(ledger, command)
        if command.id and command.at and command.at.minute == 5:
            raise error
        return receipt

    monkeypatch.setattr(Ledger, "execute", writes_and_refuses)
    step = TWICE[:-1].replace("ann", "bob") + f", refused: {expected}}}"
    scenario = one(tmp_path, f"scenario: X\ngiven:\n  - {GIVEN}\nwhen:\n  - {step}\nthen: []\n")
    failures = playing.play_one(scenario, pair)
    assert any("has written to the ledger" in each and "RecordOffender" in each for each in failures)


def test_a_refusal_that_leaves_no_evidence_is_caught(
    tmp_path: Path, pair: Sequence[EmbeddedCluster], monkeypatch: pytest.MonkeyPatch
):
    async def forgetful(access: Access, command: Command, problem: Exception) -> None:
        return

    scenario = one(tmp_path, f"scenario: X\ngiven:\n  - {GIVEN}\nwhen:\n  - {TWICE[:-1]}, refused: {{}}}}\nthen: []\n")
    assert playing.play_one(scenario, pair) == []
    monkeypatch.setattr(Access, "refused", forgetful)
    (failure,) = playing.play_one(scenario, pair)
    assert "was refused and left no evidence" in failure


def test_a_defect_of_ours_is_a_failure_of_its_scenario_and_not_of_the_next(
    tmp_path: Path, pair: Sequence[EmbeddedCluster], monkeypatch: pytest.MonkeyPatch, on_these: None
):
    async def defective(ledger: Ledger, command: Command) -> Any:
        raise KeyError(command.name)

    path = tmp_path / "two.yaml"
    path.write_text(f"scenario: A\ngiven:\n  - {GIVEN}\nthen: []\n---\nscenario: B\ngiven: []\nthen: []\n")
    monkeypatch.setattr(Ledger, "execute", defective)
    first, second = playing.play_files([path])
    assert "KeyError" in first.failures[0]
    assert second.passed


def test_nothing_is_left_behind(tmp_path: Path, pair: Sequence[EmbeddedCluster], monkeypatch: pytest.MonkeyPatch):
    import tempfile

    import psycopg

    def databases() -> set[str]:
        with psycopg.connect(pair[0].conninfo("postgres", "postgres")) as connection:
            return {row[0] for row in connection.execute("SELECT datname FROM pg_database").fetchall()}

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before, files = databases(), set(tmp_path.iterdir())
    scenario = Scenario("X", (), {}, (), ({"ask": "offender/ann/enforcement", "expect": {}},))
    assert playing.play_one(scenario, pair)
    assert databases() == before
    assert set(tmp_path.iterdir()) == files


# ---------------------------------------------------------------------------------------- the command line


TWO = (
    f"scenario: Good\ngiven:\n  - {GIVEN}\nthen: []\n---\n"
    f"scenario: Bad\ngiven:\n  - {GIVEN}\nthen:\n  - {{ask: offender/ann/nothing, expect: {{}}}}\n"
)


@pytest.mark.usefixtures("on_these")
def test_the_command_line_prints_each_scenario_and_says_1_if_one_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    path = tmp_path / "two.yaml"
    path.write_text(TWO, encoding="utf-8")
    assert main(["scenario", str(path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("passed  Good  (")
    assert lines[1].startswith("FAILED  Bad  (")
    assert "There is no view 'nothing'" in lines[2]
    path.write_text(TWO.split("---")[0], encoding="utf-8")
    assert main(["scenario", str(path)]) == 0


@pytest.mark.usefixtures("on_these")
def test_the_command_line_prints_the_contracts_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "two.yaml"
    path.write_text(TWO, encoding="utf-8")
    assert main(["scenario", "--json", str(path)]) == 1
    good, bad = json.loads(capsys.readouterr().out)["items"]
    assert good == {"scenario": "Good", "file": str(path), "passed": True, "failures": []}
    assert (bad["passed"], len(bad["failures"])) == (False, 1)


@pytest.mark.parametrize(
    "text",
    [
        "scenario: [unclosed",
        "\t- x",
        "just text",
        "[a, list]",
        "given: []\nthen: []",
        "scenario: X\ngiven: 7\nthen: []",
        "scenario: X\ngiven: [7]\nthen: []",
        "scenario: X\nbackground: [nobody]\nthen: []",
        f"scenario: X\ngiven:\n  - {GIVEN.replace('2025-01-06 09:00', 'soon')}\nthen: []",
        f"scenario: X\nwhen:\n  - {GIVEN.replace('2025-01-06 09:00', 'soon')}\nthen: []",
        f"scenario: X\nwhen:\n  - {GIVEN.replace('to: offender/ann, ', '')}\nthen: []",
        "scenario: X\nwhen:\n  - {at: '2025-01-06 09:00', by: pso, to: offender/ann}\nthen: []",
        "scenario: X\nwhen: [7]\nthen: []",
        "scenario: X\nwhen: []\nthen: [7]",
        "scenario: X\nwhen: []\nthen:\n  - {expect: {}}",
        "scenario: X\nwhen: []\nthen:\n  - {ask: policy/policy/x}",
        "scenario: X\nwhen: []\nthen:\n  - {ask: worklist/breach, as_at: soon, expect: {}}",
        "scenario: X\nsettings: 7\nwhen: []\nthen: []",
        "a: &a [*a]",
        "scenario: \x00",
        "scenario: X\ngiven: []\nthen: []\nwhenn: []",
    ],
)
@pytest.mark.usefixtures("on_these")
def test_a_file_that_is_no_scenario_is_named_with_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
):
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    assert main(["scenario", str(path)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "bad.yaml" in said.err
    assert "Traceback" not in said.err


@pytest.mark.usefixtures("on_these")
def test_a_file_that_is_missing_or_no_text_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "missing.yaml", tmp_path, binary):
        assert main(["scenario", str(path)]) == 2
        assert path.name in capsys.readouterr().err
        with pytest.raises(Setup):
            playing.play_files([path])
