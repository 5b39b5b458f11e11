"""docs/mutants.md holds: a number of areas A to E has a test that fails when it changes, a survivor has its reason."""

import subprocess
import sys

import pytest
from bench.mutants import ROOT
from bench.mutants.__main__ import all_mutants, modules
from bench.mutants.page import AREAS, PAGE, Page, places

TOLD = Page.read(PAGE)


def test_every_number_of_areas_a_to_e_has_a_test_that_fails_when_it_changes():
    proven = {(rule, mutant.partition(": ")[0].partition(".<")[0]) for rule, mutant, _ in TOLD.proven}
    assert {each for each in places() if each not in proven} == set(), "run: python -m bench.mutants MODULE"
    assert {rule[:3] for rule, _, _ in TOLD.proven} == set(AREAS)


@pytest.mark.soak
@pytest.mark.timeout(600)  # some 25 s of the processor, more on a busy machine
def test_those_tests_fail_under_their_mutants():
    run = subprocess.run(
        [sys.executable, "-m", "bench.mutants", "--proofs", "--at-once", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=570,
    )
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]


def test_every_survivor_is_still_a_mutant_and_has_its_reason():
    mutants = all_mutants(modules())
    named = {*mutants, *(each.where for each in mutants.values())}
    assert [name for name in TOLD.reasons if name not in named] == []
    assert TOLD.without_reason == []
