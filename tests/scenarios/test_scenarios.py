"""The example cases of areas GEN, A to G, and our own, played on a ledger in memory; reader, names and matcher."""

from pathlib import Path
from uuid import uuid4

import pytest
from tests.aggregates.memory_ledger import MemoryLedger

from ledger.aggregates import FACT_BY_TOPIC
from ledger.scenarios import Names, id_fields, load, match, play

HERE = Path(__file__).parent
FILES = (
    *("gen", "order", "enforcement", "progress", "hours", "allocation"),
    *("placements", "child-protection", "privacy", "oversight"),
)
OWN = sorted(path for path in (HERE / "extra").glob("*.yaml") if path.name != "backgrounds.yaml")
CASES = [each for path in (*(HERE / f"{name}.yaml" for name in FILES), *OWN) for each in load(path)]


@pytest.mark.parametrize("scenario", CASES, ids=lambda each: each.name)
def test_a_scenario_comes_out_as_written(scenario):
    assert play(scenario, MemoryLedger()) == []


def test_every_file_can_be_read():
    files = [path for path in HERE.glob("*.yaml") if path.name != "backgrounds.yaml"]
    assert sum(len(load(path)) for path in files) > 100


# ---------------------------------------------------------------------------------------- reading


def write(folder, text):
    path = folder / "some.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def test_on_and_no_are_words_and_days_stay_text(tmp_path):
    step = "{at: 2025-01-06 09:00, by: pso, to: offender/ann, Give: {on: 2025-01-06, surname: NO, late: false, n: 7}}"
    (scenario,) = write(tmp_path, f"scenario: Words\ngiven:\n  - {step}\n")
    assert scenario.steps[0]["Give"] == {"on": "2025-01-06", "surname": "NO", "late": False, "n": 7}


def test_backgrounds_come_first_at_one_moment_and_everything_given_is_sorted(tmp_path):
    step = "  - {at: 2025-01-%s 09:00, to: offender/ann, Give: {}, as: %s}\n"
    (tmp_path / "backgrounds.yaml").write_text("b:\n" + step % ("06", "second"), encoding="utf-8")
    given, when = step % ("06", "third") + step % ("05", "first"), step % ("04", "last")
    text = f"scenario: Order\nbackground: [b]\ngiven:\n{given}when:\n{when}"
    (scenario,) = write(tmp_path, text)
    assert [step["as"] for step in scenario.steps] == ["first", "second", "third", "last"]


# ---------------------------------------------------------------------------------------- names


def test_short_names_stand_for_random_ids_in_both_directions():
    names = Names()
    drawn = names.id("ann")
    assert names.id("ann") == drawn
    assert names.id(drawn) == drawn
    assert names.named({"who": [drawn, "nobody"], "n": 1}) == {"who": ["ann", "nobody"], "n": 1}
    other = str(uuid4())
    assert names.named(f"Held by {drawn}, {other}.") == f"Held by ann, {other}."


def test_only_fields_of_ids_are_mapped():
    fact = FACT_BY_TOPIC["offender.absence-recorded.v1"]
    assert id_fields(fact) == {"absence_id", "session_id", "order_id"}
    data = Names().data(fact, {"absence_id": "a1", "note": "a1"})
    assert data["note"] == "a1"
    assert data["absence_id"] != "a1"
    assert "offender_refs" in id_fields(FACT_BY_TOPIC["placement.incident-reported.v1"])
    assert "client_id" not in id_fields(FACT_BY_TOPIC["offender.recorded.v1"])


# ---------------------------------------------------------------------------------------- matching


@pytest.mark.parametrize(
    "expected,came,same",
    [
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": 1}, {"a": 2}, False),
        ({"a": None}, {}, True),
        ({"a": None}, {"a": None}, True),
        ({"a": None}, {"a": 0}, False),
        ({"a": {"absent": True}}, {}, True),
        ({"a": {"absent": True}}, {"a": None}, False),
        ([1, 2], [1, 2], True),
        ([1, 2], [1, 2, 3], False),
        ([2, 1], [1, 2], False),
        ({"contains": [{"a": 1}]}, [{"a": 2}, {"a": 1, "b": 3}], True),
        ({"contains": [{"a": 3}]}, [{"a": 2}], False),
        ({"lacks": [{"a": 3}]}, [{"a": 2}], True),
        ({"lacks": [{"a": 2}]}, [{"a": 2}], False),
        ({"contains": [{"a": 2}], "lacks": [{"a": 1}]}, [{"a": 2}], True),
        ({"contains": [{"a": 2}], "lacks": [{"a": 2}]}, [{"a": 2}], False),
        ([{"same": "x"}, {"same": "x"}], [1, 1], True),
        ([{"same": "x"}, {"same": "x"}], [1, 2], False),
        (True, 1, False),
        (1, True, False),
        ("2025-07-01 10:00", "2025-07-01T09:00:00Z", True),
        ("2025-07-01T10:00", "2025-07-01T10:00:00Z", False),
        ("2025-07-01", "2025-07-01", True),
        ([], [], True),
        ({}, {"anything": 1}, True),
    ],
)
def test_what_matches(expected, came, same):
    assert (list(match(expected, came, {})) == []) is same


def test_only_the_item_that_is_meant_binds_its_labels():
    events = [{"n": 1, "type": "A"}, {"n": 2, "type": "B"}, {"corrects": 2, "type": "C"}]
    meant = {"contains": [{"n": {"same": "b"}, "type": "B"}, {"corrects": {"same": "b"}}]}
    assert list(match(meant, events, {})) == []


def test_a_wrong_role_is_a_refusal_without_a_rule(tmp_path):
    person = '{client_id: "9000001", surname: Testcase, forenames: Ann, dob: 1990-02-01, gender: F}'
    step = f"{{at: 2025-01-06 09:00, by: supervisor, to: offender/ann, RecordOffender: {person}, refused: %s}}"
    for expected, failed in (("{status: 403, code: forbidden, rule: null}", 0), ("{rule: GEN-06}", 1)):
        (scenario,) = write(tmp_path, f"scenario: Wrong role\nwhen:\n  - {step % expected}\nthen: []\n")
        assert len(play(scenario, MemoryLedger())) == failed


def test_a_failure_says_where_and_what():
    (failure,) = match({"orders": [{"tally": 2}]}, {"orders": [{"tally": 1}]}, {})
    assert failure == "answer.orders[0].tally is 1, expected 2"


def test_a_step_that_should_be_refused_and_is_not_ends_the_run(tmp_path):
    person = '{client_id: "9000001", surname: Testcase, forenames: Ann, dob: 1990-02-01, gender: F}'
    step = (
        f"{{at: 2025-01-06 09:00, by: court-officer, to: offender/ann, RecordOffender: {person}, refused: {{rule: X}}}}"
    )
    (scenario,) = write(tmp_path, f"scenario: Not refused\nwhen:\n  - {step}\nthen: []\n")
    (failure,) = play(scenario, MemoryLedger())
    assert "expected to be refused by X" in failure
