"""Mutants of the rules, and the tests that kill them: `python -m bench.mutants` (all), or `… dates enforcement`.

Every mutant of src/ledger/rules (bench.mutating) is met by the tests that reach it and need no server, until one fails.
docs/mutants.md is written anew from what came: the figures, the survivors with their reasons, which are written there
by hand and kept, and for each rule of areas A to E a change of its number with the test that fails under it.  The exit
code is 1 while a survivor has no reason.  `--proofs` asks only whether those tests still fail; takes seconds.

Proven by tests/house/test_mutants.py.
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.mutants import NOT_RULES, ROOT, RULES
from bench.mutants.changes import Mutant, mutants_of
from bench.mutants.forks import in_children
from bench.mutants.kill import Verdict, ask, ask_afresh, collect
from bench.mutants.page import PAGE, Page, proofs_of
from bench.mutants.reach import Reached, reach, users

TESTS: Final = ("tests/rules", "tests/scenarios", "tests/aggregates", "tests/projections")
AT_LEAST: Final = 60.0  # seconds that a mutant is given, and five times what its tests take


def modules() -> list[str]:
    """The modules of rules, by name."""
    return sorted(path.stem for path in RULES.glob("*.py") if path.stem not in NOT_RULES)


def all_mutants(names: Iterable[str]) -> dict[str, Mutant]:
    """The mutants of modules, by name."""
    return {each.name: each for name in names for each in mutants_of(RULES / f"{name}.py")}


def reached(kept: Path | None, at_once: int) -> Reached:
    """What each test reaches; tests that an earlier run has kept are not run again."""
    began = time.monotonic()
    known = json.loads(kept.read_text("utf-8")) if kept and kept.exists() else {}
    _, found = next(in_children([(None, functools.partial(reach, TESTS, known, at_once, kept), 7200.0)], 1))
    if found is None:
        raise SystemExit("The tests do not pass without any mutant.")
    say(f"{len(found)} tests, {len(found.keys() - known.keys())} of them new: {time.monotonic() - began:.0f} s")
    return Reached({test: (seconds, frozenset(what)) for test, (seconds, what) in found.items()})


def run(mutants: Mapping[str, Mutant], came: Reached, at_once: int) -> dict[str, Verdict]:
    """What became of each mutant: first all in forks of one process, then, afresh, what survived of those that are met
    when a module is imported."""
    used = users()
    tests = {name: came.by(each, used) for name, each in mutants.items()}
    limits = {name: AT_LEAST + 10 * sum(came.seconds(test) for test in each) for name, each in tests.items()}
    _, first = next(in_children([(None, functools.partial(_in_forks, mutants, tests, limits, at_once), 14400.0)], 1))
    verdicts = {name: Verdict(test) for name, test in first.items()}
    alive = [name for name, each in verdicts.items() if not each.killed and not mutants[name].live and tests[name]]
    say(f"{sum(not each.killed for each in verdicts.values())} survived; {len(alive)} of them are asked afresh:")
    tasks = ((name, functools.partial(ask_afresh, mutants[name], tests[name]), 60 + limits[name]) for name in alive)
    for name, test in in_children(tasks, at_once):
        verdicts[name] = Verdict(test)
        say(f"{test}  {name}")
    return verdicts


def _in_forks(
    mutants: Mapping[str, Mutant], tests: Mapping[str, Sequence[str]], limits: Mapping[str, float], at_once: int
) -> dict[str, str | None]:
    """In a fork: the test that failed under each mutant."""
    answers: dict[str, str | None] = {}

    def then(items: dict[str, Any]) -> None:
        began = time.monotonic()
        tasks = (
            (name, functools.partial(ask, items, each, tests[name]), limits[name]) for name, each in mutants.items()
        )
        for name, test in in_children(tasks, at_once):
            answers[name] = test
            say(f"{len(answers)} of {len(mutants)}, {time.monotonic() - began:.0f} s: {test}  {name}")

    collect(TESTS, then)
    return answers


def prove(pairs: Sequence[tuple[str, str]], at_once: int) -> list[str]:
    """Of pairs of a mutant's name and a test: those where the test does not fail under the mutant, or fails without."""
    mutants = all_mutants(modules())
    wrong = [f"there is no mutant {name}" for name, _ in pairs if name not in mutants]

    def then(items: dict[str, Any]) -> None:
        wrong.extend(f"there is no test {test}" for _, test in pairs if test not in items)
        known = [(name, test) for name, test in pairs if name in mutants and test in items]
        plain = ((test, functools.partial(ask, items, None, [test]), AT_LEAST) for test in {test for _, test in known})
        wrong.extend(f"{test} fails without any mutant" for test, failed in in_children(plain, at_once) if failed)
        tasks = (((name, test), functools.partial(ask, items, mutants[name], [test]), AT_LEAST) for name, test in known)
        told = in_children(tasks, at_once)
        wrong.extend(f"{test} does not fail under {name}" for (name, test), failed in told if failed == "")

    collect(dict.fromkeys(test.partition("::")[0] for _, test in pairs), then, [test for _, test in pairs])
    return wrong


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("modules", nargs="*", help="modules of src/ledger/rules; all")
    given.add_argument("--at-once", type=int, default=2)
    given.add_argument("--proofs", action="store_true")
    given.add_argument("--reached", type=Path, help="keeps what the tests reach, for the next run; new tests are added")
    asked = given.parse_args()
    page = Page.read(PAGE)
    if asked.proofs:
        wrong = prove(page.proofs, asked.at_once)
        print("\n".join(wrong) or f"{len(page.proofs)} tests fail where they should")
        return 1 if wrong else 0
    began = time.monotonic()
    names = asked.modules or modules()
    mutants = all_mutants(names)
    say(f"{len(mutants)} mutants of {len(names)} modules")
    verdicts = run(mutants, reached(asked.reached, asked.at_once), asked.at_once)
    page = page.after(names, mutants, verdicts, proofs_of(mutants, verdicts))
    PAGE.write_text(page.text, "utf-8")
    killed = sum(each.killed for each in verdicts.values())
    say(f"{killed} of {len(mutants)} killed in {time.monotonic() - began:.0f} s; {PAGE.relative_to(ROOT)} is written")
    for name in page.without_reason:
        print(f"survives, and no reason is given: {name}")
    return 1 if page.without_reason else 0


if __name__ == "__main__":
    sys.exit(main())
