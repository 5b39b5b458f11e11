"""Where each rule is enforced: the modules that name its id, or call its function, read from the source.

Nothing is written by hand that could go stale, but for rules that people keep and no code can: those say so where they
are stated (`kept`).  Only the printed pages ask (ledger.pages); proven by tests/house/test_rules.py.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ledger.rules.registry import rules

HERE: Final = Path(__file__).parent
RULES: Final = "ledger.rules"
# Where rules are stated, and where people are made up to whom they apply.
_ELSEWHERE: Final = ("rules", "demonstration", "enforced.py")
_ID: Final = re.compile(r"\b[A-Z]+-\d\d\b")


def enforced_in() -> dict[str, tuple[str, ...]]:
    """By id of a rule: the modules of src/ledger that enforce or show it ("aggregates/offender/absences"), in order."""
    found: dict[str, set[str]] = {each.id: set() for each in rules()}
    functions = {
        (each.function.__module__, each.function.__name__): each.id for each in rules() if each.function is not None
    }
    for path in sorted(HERE.rglob("*.py")):
        file = path.relative_to(HERE)
        if file.parts[0] in _ELSEWHERE:
            continue
        text = path.read_text("utf-8")
        called = (functions[each] for each in _used(ast.parse(text)) if each in functions)
        for id in {*_ID.findall(text), *called} & found.keys():  # noqa: A001
            found[id].add(str(file.with_suffix("")).removesuffix("/__init__"))
    return {id: tuple(sorted(modules)) for id, modules in found.items()}  # noqa: A001


def _used(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """What a module uses of the modules of rules: (module, name)."""
    modules: dict[str, str] = {}
    for each in ast.walk(tree):
        if isinstance(each, ast.ImportFrom) and each.module == RULES:
            modules |= {name.asname or name.name: f"{RULES}.{name.name}" for name in each.names}
        elif isinstance(each, ast.ImportFrom) and each.module and each.module.startswith(RULES):
            yield from ((each.module, name.name) for name in each.names)
    for each in ast.walk(tree):
        if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id in modules:
            yield modules[each.value.id], each.attr
