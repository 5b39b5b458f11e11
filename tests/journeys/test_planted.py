"""The harness of test_kill.py, let loose on a ledger with a bug in it, says so: each of its comparisons once."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.journeys.killing import Fault, Ordeal, at_the_end
from tests.journeys.planted import BUGS
from tests.journeys.process import SECRETIVE, ended

SAID = {
    "signs_before_commit": (Fault(("ledger",), "after the writes before COMMIT"), "acknowledged, and not in the log"),
    "keeps_no_keys": (Fault(("process",), "after COMMIT before the signature"), "has receipts for []"),
    "signs_another_root": (Fault(("vault",)), "has another root than the log"),
    "answers_otherwise_the_second_time": (Fault(("vault",)), "was answered twice, and differently"),
    "skips_a_case": (Fault(("follower",)), "the worklists are not what they are when they are built anew"),
}


@pytest.mark.soak
@pytest.mark.timeout(300)
@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found_under_fire(open_tmp_path: Path, bug: str):
    fault, said = SAID[bug]
    ordeal = Ordeal(open_tmp_path / "home", 7, print, through=("tests.journeys.planted", bug), limit=20.0)
    with ended(ordeal.process):
        found = ordeal.go([fault], seconds=0.5)
    assert any(said in each for each in found), found[:20]


def verified(code: int, says: str) -> subprocess.CompletedProcess[str]:
    return subprocess.CompletedProcess(["ledger", "verify"], code, stdout=says, stderr="")


def test_what_is_wrong_at_the_end_is_said():
    assert at_the_end(0, verified(0, "everything holds"), "serving") == []
    assert at_the_end(-9, verified(0, ""), "") == ["the process ended with -9"]
    assert at_the_end(0, verified(1, "leaf-differs at position 4"), "") == ["ledger verify: leaf-differs at position 4"]
    for word in SECRETIVE:
        assert at_the_end(0, verified(0, ""), f"something {word} something") == [f"its log holds {word!r}"]
