"""Which test fails under a mutant: tests collected once, a fork for each mutant, those that reach it until one fails.

A mutant in the body of a function takes the place of the function's code, so whatever imported the function runs it;
one at the level of a module gives its name the other value wherever that was imported.  What survives of these is asked
again `afresh`: in a process in which the module was mutated before anything had imported it.

Only tests that need no PostgreSQL are asked.  Proven by tests/house/test_mutants.py.
"""

from __future__ import annotations

import builtins
import gc
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final

import hypothesis
import pytest
from _pytest.runner import runtestprotocol

from bench.mutants import RULES
from bench.mutants.changes import SHIFTED, Mutant, shifted

OPTIONS: Final = (
    *("-qq", "--no-header", "--no-summary", "-p", "no:cacheprovider", "-p", "no:schemathesis"),
    *("-o", "timeout=60", "-o", "addopts=--import-mode=importlib"),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a mutant: the test that failed under it, "" where none did.

    None where the tests came to no end: it was stopped at its time limit, or its process died.
    """

    test: str | None

    @property
    def killed(self) -> bool:
        return self.test != ""


# ------------------------------------------------------------------------------------------ collected tests


class Collected:
    """Tests as pytest collected them, without those that need a server; `then` is called in their place."""

    def __init__(self, then: Callable[[dict[str, pytest.Item]], None], wanted: Sequence[str] = ()) -> None:
        self._then, self._wanted = then, frozenset(wanted)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [each for each in items if "clusters" not in getattr(each, "fixturenames", ())]
        if self._wanted:
            items[:] = [each for each in items if each.nodeid in self._wanted]

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        gc.collect()
        gc.freeze()
        self._then({each.nodeid: each for each in session.items})
        return True


def collect(paths: Iterable[str], then: Callable[[dict[str, pytest.Item]], None], wanted: Sequence[str] = ()) -> int:
    """Collect tests of files or folders and hand them on; pytest's exit code."""
    hypothesis.settings.register_profile(
        "mutants",
        derandomize=True,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    hypothesis.settings.load_profile("mutants")
    return int(pytest.main([*OPTIONS, *paths], plugins=[Collected(then, wanted)]))


def first_to_fail(items: Mapping[str, pytest.Item], tests: Iterable[str]) -> str:
    """Run tests in this process until one fails: its name, "" if none does."""
    for test in tests:
        item = items[test]
        if any(report.failed for report in runtestprotocol(item, log=False, nextitem=None)):
            return test
    return ""


# ------------------------------------------------------------------------------------------ applying


def apply(mutant: Mutant) -> None:
    """Make this process one in which the rules read as the mutant says."""
    setattr(builtins, SHIFTED, shifted)
    module = sys.modules[f"ledger.rules.{mutant.module}"]
    if mutant.live:
        _swap(module, mutant)
    else:
        _rebind(module, mutant)
    forget()


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _codes(each)


def _swap(module: ModuleType, mutant: Mutant) -> None:
    new = next(code for code in _codes(mutant.code) if code.co_qualname == mutant.function)
    holder: Any = module
    *owners, name = mutant.function.split(".")
    for owner in owners:
        holder = getattr(holder, owner)
    _plain(inspect.getattr_static(holder, name)).__code__ = new


def _plain(found: Any) -> FunctionType:
    """The function in a property, a class method, a cache."""
    for inner in ("fget", "func", "__func__", "__wrapped__"):
        if not isinstance(found, FunctionType) and hasattr(found, inner):
            found = getattr(found, inner)
    return found


def _rebind(module: ModuleType, mutant: Mutant) -> None:
    """Work the module's own values out again, and put each that differs wherever the first one was imported."""
    scope = dict(vars(module))
    exec(mutant.values, scope)
    for name, new in scope.items():
        old = vars(module).get(name)
        if name.startswith("__") or old is new or old == new:
            continue
        if isinstance(old, dict):
            old.clear()
            old.update(new)
            continue
        for other in [each for key, each in sys.modules.items() if key.startswith(("ledger", "tests"))]:
            for held, value in list(vars(other).items()):
                if value is old and (held == name or not isinstance(old, int | str)):
                    setattr(other, held, new)


def forget() -> None:
    """What functions of the ledger remember was worked out before."""
    for each in _remembering():
        each.cache_clear()


@cache
def _remembering() -> list[Any]:
    modules = [module for name, module in sys.modules.items() if name.startswith("ledger.")]
    return [each for module in modules for each in list(vars(module).values()) if hasattr(each, "cache_clear")]


class _Mutated(MetaPathFinder, Loader):
    """Imports one module as its mutant."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if fullname != f"ledger.rules.{self._mutant.module}":
            return None
        return spec_from_loader(fullname, self, origin=str(RULES / f"{self._mutant.module}.py"))

    def exec_module(self, module: ModuleType) -> None:
        exec(self._mutant.code, vars(module))


# ------------------------------------------------------------------------------------------ asking


def ask(items: Mapping[str, pytest.Item], mutant: Mutant | None, tests: Sequence[str]) -> str:
    """In a fork: which of these tests fails first under a mutant (None: under none), "" if none does."""
    if mutant is not None:
        apply(mutant)
    return first_to_fail(items, tests)


def ask_afresh(mutant: Mutant, tests: Sequence[str]) -> str:
    """In a fork of a process that has imported nothing of the ledger: the same, mutated from the beginning.

    A mutant under which the tests cannot even be collected fails the first one.
    """
    assert "ledger" not in sys.modules, "something imported the ledger already"
    setattr(builtins, SHIFTED, shifted)
    sys.meta_path.insert(0, _Mutated(mutant))
    found: list[str] = []

    def then(items: dict[str, pytest.Item]) -> None:
        lost = [each for each in tests if each not in items]
        found.append(lost[0] if lost else first_to_fail(items, tests))

    collect(dict.fromkeys(each.partition("::")[0] for each in tests), then, tests)
    return found[0] if found else tests[0]
