"""Every module's worked example is executed, and every module explains what it makes public."""

import doctest
import importlib
import pkgutil
from types import ModuleType

import pytest

import ledger.transparency

MODULES = [
    importlib.import_module(f"ledger.transparency.{found.name}")
    for found in pkgutil.iter_modules(ledger.transparency.__path__)
]
INSIDE = [
    importlib.import_module(found.name)
    for found in pkgutil.walk_packages(ledger.transparency.__path__, "ledger.transparency.")
    if found.name.count(".") > 2
]
FORMATS = [module for module in MODULES if not module.__name__.endswith(".errors")]


@pytest.mark.parametrize("module", FORMATS, ids=lambda module: module.__name__)
def test_the_worked_example_is_true(module: ModuleType):
    failed, tried = doctest.testmod(module)
    assert tried > 0, f"{module.__name__} has no worked example"
    assert failed == 0


@pytest.mark.parametrize("module", INSIDE, ids=lambda module: module.__name__)
def test_the_examples_within_a_package_are_true(module: ModuleType):
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("module", [*MODULES, *INSIDE], ids=lambda module: module.__name__)
def test_the_public_names_are_explained(module: ModuleType):
    for name in module.__all__:
        found = getattr(module, name)
        assert not callable(found) or found.__doc__, f"{module.__name__}.{name} has no docstring"


def test_the_package_docstring_names_every_module():
    named = ledger.transparency.__doc__ or ""
    assert all(f"    {module.__name__.rsplit('.', 1)[1]} " in named for module in MODULES)
