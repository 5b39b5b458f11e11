"""The mutants are what they say: each one change, applied for good, and told apart by their names."""

import sys
from datetime import date, datetime

import pytest
from bench.mutants import RULES
from bench.mutants.changes import mutants_of, shifted
from bench.mutants.forks import in_children
from bench.mutants.kill import Verdict, apply
from bench.mutants.page import NO_REASON, Page

from ledger.rules import enforcement, settings
from ledger.rules.dates import london_day


def names(folder, text):
    path = folder / "some.py"
    path.write_text(text, "utf-8")
    return [each.name for each in mutants_of(path)]


@pytest.mark.parametrize(
    "text,changes",
    [
        ("A = 5", ["some.A: 5 → 6", "some.A: 5 → 4"]),
        ("def f(a, b):\n    a < b", ["some.f: a < b → a <= b", "some.f: a < b → a >= b"]),
        ("def f(a):\n    return a", ["some.f: a → the result, shifted"]),
        (
            "def f(a, b):\n    a and b",
            ["some.f: a and b → a or b", "some.f: a and b → b", "some.f: a and b → a"],
        ),
        ("S = frozenset({'A', 'B'})", ["some.S: 'A' → left out", "some.S: 'B' → left out"]),
        ("def f(a):\n    if a:\n        pass", ["some.f: a → not a"]),
        ("def f(a):\n    -a", ["some.f: -a → a"]),
        (
            "class C:\n    x = True\n    def m(self):\n        return 1",
            ["some.C: True → False", "some.C.m: 1 → 2", "some.C.m: 1 → 0"],
        ),
        (
            "def f(a):\n    match a:\n        case 1 | 2:\n            pass",
            ["some.f: 1 → left out", "some.f: 2 → left out"],
        ),
        ("A = (2, 2)", ["some.A: 2 → left out", "some.A: 2 → left out (2)"]),
    ],
)
def test_a_change_is_named_by_what_it_changes(tmp_path, text, changes):
    assert names(tmp_path, text)[: len(changes)] == changes


@pytest.mark.parametrize(
    "text",
    [
        '"""Told in 5 words."""',
        'A: "int | None"',
        'MESSAGE = "Only up to 5 hours."',
        'stated("ENF-01", "Two of 2.", cite="1")',
        'def f():\n    raise ValueError("1 too many")',
    ],
)
def test_what_is_only_said_is_no_mutant(tmp_path, text):
    assert names(tmp_path, text) == []


def test_a_line_of_settings_is_named_by_its_key(tmp_path):
    assert names(tmp_path, 'A = (Setting("enf.evidence", "5, 9", "5 days", "5", "ENF-04"),)') == [
        f"some[enf.evidence]: '5, 9' → '{each}'" for each in ("6, 9", "4, 9", "5, 10", "5, 8")
    ]


def test_no_two_mutants_of_the_rules_have_one_name():
    told = [each.name for path in RULES.glob("*.py") for each in mutants_of(path)]
    assert len(told) == len(set(told)) > 1000


@pytest.mark.parametrize(
    "value,other",
    [
        (True, False),
        (7, 8),
        (date(2025, 2, 28), date(2025, 3, 1)),
        (datetime(2025, 3, 1, 9, 0), datetime(2025, 3, 1, 9, 1)),
        ("A", "A~"),
        ([1, 2], [2]),
        ({"a": 1, "b": 2}, {"b": 2}),
        (1.5, None),
        (None, False),
    ],
)
def test_a_shifted_result_is_another_of_its_kind(value, other):
    assert shifted(value) == other


def mutant(module, name):
    return next(each for each in mutants_of(RULES / f"{module}.py") if each.name == name)


def in_a_fork(work):
    return next(in_children([(None, work, 30.0)], 1))[1]


def test_a_mutant_of_a_function_is_met_wherever_it_was_imported():
    changed = mutant("dates", "dates.london_day: moment.astimezone(LONDON).date() → the result, shifted")
    moment = datetime.fromisoformat("2025-03-01T12:00:00+00:00")
    assert london_day(moment) == date(2025, 3, 1)

    def work():
        apply(changed)
        return london_day(moment).isoformat()

    assert in_a_fork(work) == "2025-03-02"
    assert london_day(moment) == date(2025, 3, 1)


def test_a_mutant_of_a_value_is_met_wherever_it_was_imported():
    changed = mutant("enforcement", "enforcement.PROVEN_RESULTS: 'AMENDED' → left out")

    def work():
        apply(changed)
        return enforcement.spends(True, "AMENDED"), enforcement.spends(True, "CONTINUED")

    assert in_a_fork(work) == [False, True]


def test_a_mutant_of_a_setting_is_met_in_the_table():
    changed = mutant("settings", "settings[enf.evidence]: '5' → '6'")

    def work():
        apply(changed)
        return settings.SETTINGS["enf.evidence"].value, settings.SETTINGS["enf.breach_threshold"].value

    assert in_a_fork(work) == ["6", "2"]


def test_a_child_that_dies_or_takes_too_long_answers_nothing():
    def forever():
        while True:
            pass

    tasks = [("died", lambda: sys.exit(3), 30.0), ("late", forever, 0.2), ("well", lambda: 1, 30.0)]
    assert dict(in_children(tasks, 3)) == {"died": None, "late": None, "well": 1}


def test_the_page_keeps_reasons_and_drops_those_of_the_killed(tmp_path):
    made = {each.name: each for each in mutants_of(RULES / "progress.py")}
    first, second, third, *others = made
    page = Page(
        {"dates": (2, 1)}, {first: "The same | either way.", second: "Killed now.", "dates.f: 1 → 2": "Why."}, []
    )
    verdicts = {name: Verdict("some test") for name in (second, *others)} | {first: Verdict(""), third: Verdict("")}
    after = page.after(["progress"], made, verdicts, [("PRG-01", second, "tests/a.py::b[x|y]")])
    (tmp_path / "page.md").write_text(after.text, "utf-8")
    again = Page.read(tmp_path / "page.md")
    assert again == after
    assert again.reasons == {"dates.f: 1 → 2": "Why.", first: "The same | either way.", third: NO_REASON}
    assert again.without_reason == [third]
    assert again.figures == {"dates": (2, 1), "progress": (len(made), len(made) - 2)}
    assert again.proofs == [(second, "tests/a.py::b[x|y]")]
