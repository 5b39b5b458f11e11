"""Which tests reach which code of the rules, and which settings they read: every test run once, with marks in the code.

The marks are put into the functions that may matter when their modules are imported, so it must be a process that has
imported nothing of the ledger yet.

Proven by tests/house/test_mutants.py.
"""

from __future__ import annotations

import ast
import builtins
import functools
import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from itertools import accumulate
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest

from bench.mutants import RULES, SOURCES
from bench.mutants.changes import Mutant
from bench.mutants.forks import in_children
from bench.mutants.kill import collect, first_to_fail, forget

MARK: Final = "__reached__"
AT_A_TIME: Final = 50  # tests run in one fork, one after the other
FIRST: Final = "tests/rules/"
ENOUGH: Final = 8.0  # seconds of tests for a mutant
SLOW: Final = 0.5  # seconds; what only a slower test finds deserves an example of its own


@dataclass(slots=True)
class Reached:
    """By test: how long it takes, in seconds of the processor, and what it reaches: code ("rules/dates.py add_months"),
    or a setting ("setting enf.evidence")."""

    of_test: dict[str, tuple[float, frozenset[str]]] = field(default_factory=dict[str, tuple[float, frozenset[str]]])

    def seconds(self, test: str) -> float:
        return self.of_test[test][0]

    def by(self, mutant: Mutant, users: Mapping[str, set[str]]) -> list[str]:
        """The tests that could fail under a mutant: those of the rules themselves, then the shortest, up to ENOUGH.

        All that are not slow for a default, which is met when a class is made; none for a value that no function uses.
        """
        if mutant.live:
            wanted = {_code(RULES / f"{mutant.module}.py", mutant.function)}
        elif mutant.key:
            wanted = {f"setting {mutant.key}"}
        elif mutant.target:
            wanted = users.get(mutant.target, set())
        else:
            wanted = None
        quick = {test: reached for test, (seconds, reached) in self.of_test.items() if seconds <= SLOW}
        found = (test for test, reached in quick.items() if wanted is None or not reached.isdisjoint(wanted))
        ordered = sorted(found, key=lambda test: (not test.startswith(FIRST), self.seconds(test)))
        taken = accumulate(map(self.seconds, ordered))
        return [test for test, so_far in zip(ordered, taken, strict=True) if so_far <= ENOUGH]


def reach(paths: Iterable[str], known: Mapping[str, Any], at_once: int, kept: Path | None = None) -> dict[str, Any]:
    """In a fork of a process that has imported nothing of the ledger: seconds and what is reached, by test.

    `known`: the answer of an earlier time; only tests that are not in it are run.  `kept`: where to keep the answer as
    far as it has come.
    """
    assert "ledger" not in sys.modules, "something imported the ledger already"
    setattr(builtins, MARK, _met.add)
    sys.meta_path.insert(0, _Marking(_watched()))
    found: dict[str, Any] = {}

    def then(items: dict[str, pytest.Item]) -> None:
        _mark_settings()
        found.update({test: known[test] for test in items if test in known})
        new = [test for test in items if test not in known]
        groups = (new[at : at + AT_A_TIME] for at in range(0, len(new), AT_A_TIME))
        tasks = ((group[0], functools.partial(_run, items, group), 1800.0) for group in groups)
        for first, answer in in_children(tasks, at_once):
            if answer is None:
                raise ValueError(f"the tests from {first} on come to no end")
            found.update(answer)
            if kept:
                kept.write_text(json.dumps(found), "utf-8")

    collect(paths, then)
    return found


_met: set[str] = set()


def _run(items: Mapping[str, pytest.Item], tests: Iterable[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for test in tests:
        forget()
        _met.clear()
        began = time.process_time()
        if first_to_fail(items, [test]):
            print(f"left out, for it fails without any mutant: {test}", file=sys.stderr, flush=True)
            continue
        found[test] = round(time.process_time() - began, 4), sorted(_met)
    return found


def _mark_settings() -> None:
    from ledger.rules.settings import Setting

    read = Setting.read

    def reading(setting: Setting, value: str) -> str | int | None:
        _met.add(f"setting {setting.key}")
        return read(setting, value)

    Setting.read = reading


class _Marking(MetaPathFinder, Loader):
    """Imports the ledger's modules with a mark at the beginning of every function that is watched."""

    def __init__(self, watched: frozenset[str]) -> None:
        self._watched = watched
        self._files = {each.partition(" ")[0] for each in watched}

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if not fullname.startswith("ledger."):
            return None
        file = SOURCES.parent.joinpath(*fullname.split(".")).with_suffix(".py")
        if str(file.relative_to(SOURCES)) not in self._files or not file.exists():
            return None
        return spec_from_loader(fullname, self, origin=str(file))

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        path = Path(str(module.__spec__.origin))
        module.__file__ = str(path)
        tree = ast.parse(path.read_text("utf-8"))
        for name, function in _functions(tree):
            if (code := _code(path, name)) in self._watched:
                after = 1 if ast.get_docstring(function) is not None else 0
                function.body.insert(after, ast.parse(f"{MARK}({code!r})").body[0])
        exec(compile(ast.fix_missing_locations(tree), str(path), "exec"), vars(module))


def _code(path: Path, function: str) -> str:
    """A function: its file below src/ledger and its name, with that of its class."""
    return f"{path.relative_to(SOURCES)} {function}"


def _functions(tree: ast.AST, within: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    """The functions and methods of a module, without those inside others."""
    for each in ast.iter_child_nodes(tree):
        if isinstance(each, ast.FunctionDef):
            yield f"{within}{each.name}", each
        elif isinstance(each, ast.ClassDef):
            yield from _functions(each, f"{within}{each.name}.")


# ------------------------------------------------------------------------------------------ who uses a name


def users() -> dict[str, set[str]]:
    """By name of a value that a module of rules holds: the functions, anywhere, that use it or what is made of it."""
    made_of: dict[str, set[str]] = {}
    for path in RULES.glob("*.py"):
        for name, used in _assigned(path):
            made_of.setdefault(name, set())
            for each in used:
                made_of.setdefault(each, set()).add(name)
    using: dict[str, set[str]] = {}
    for path in SOURCES.rglob("*.py"):
        for name, function in _functions(ast.parse(path.read_text("utf-8"))):
            for each in _names(function):
                if each in made_of:
                    using.setdefault(each, set()).add(_code(path, name))
    return {name: set().union(*(using.get(each, ()) for each in _closure(name, made_of))) for name in made_of}


def _watched() -> frozenset[str]:
    """All functions of the rules, and all that use their values."""
    of_rules = {
        _code(path, name) for path in RULES.glob("*.py") for name, _ in _functions(ast.parse(path.read_text("utf-8")))
    }
    return frozenset(of_rules.union(*users().values()))


def _names(tree: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(tree) if isinstance(each, ast.Name)} | {
        each.attr for each in ast.walk(tree) if isinstance(each, ast.Attribute)
    }


def _assigned(path: Path) -> Iterator[tuple[str, set[str]]]:
    """The names that a module assigns, each with the names its value uses."""
    for statement in ast.parse(path.read_text("utf-8")).body:
        if isinstance(statement, ast.AnnAssign | ast.Assign) and statement.value is not None:
            target = statement.target if isinstance(statement, ast.AnnAssign) else statement.targets[0]
            if isinstance(target, ast.Name):
                yield target.id, _names(statement.value)


def _closure(name: str, leads: Mapping[str, set[str]]) -> set[str]:
    found, ahead = {name}, [name]
    while ahead:
        for each in leads.get(ahead.pop(), ()):
            if each not in found:
                found.add(each)
                ahead.append(each)
    return found
