"""docs/mutants.md: read, brought up to date with what a run found, and written; its reasons stay as people wrote them.

Proven by tests/house/test_mutants.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.mutants import NOT_RULES, ROOT
from bench.mutants.changes import Mutant
from bench.mutants.kill import Verdict

PAGE: Final = ROOT / "docs" / "mutants.md"
AREAS: Final = ("UPW", "ENF", "PRG", "HRS", "ALL")
NO_REASON: Final = "?"
_LEAD: Final = """# Mutants of the rules

A mutant is a module of src/ledger/rules with one small change: a number one more or less, a boundary moved, a sign or
a condition turned round, a member left out, a result one off. `python -m bench.mutants` makes each of them and asks the
tests that reach it, until one fails; it writes this page, and complains of a survivor for which no reason is written
here. Tests that need a server are not asked, so some of the survivors below are killed by others.
"""
_ROW: Final = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True)
class Page:
    """The page: figures by module (mutants, killed), reasons by survivor, and a failing test by rule and mutant.

    A reason may be that of every survivor of a place ("settings[mgt.supervision]"): then it stands there once.
    """

    figures: Mapping[str, tuple[int, int]]
    reasons: Mapping[str, str]
    proven: Sequence[tuple[str, str, str]]

    @classmethod
    def read(cls, path: Path) -> Page:
        """As it stands; empty where there is none."""
        tables = list(_tables(path.read_text("utf-8"))) if path.exists() else [[], [], []]
        figures, reasons, proven = tables
        return cls(
            {row[0]: (int(row[1]), int(row[2])) for row in figures},
            {row[0].strip("`"): row[1] for row in reasons},
            [(row[0], row[1].strip("`"), row[2].strip("`")) for row in proven],
        )

    @property
    def proofs(self) -> list[tuple[str, str]]:
        """Mutants of numbers of rules, each with a test that fails under it."""
        return [(mutant, test) for _, mutant, test in self.proven]

    @property
    def without_reason(self) -> list[str]:
        return [name for name, reason in self.reasons.items() if reason == NO_REASON]

    def after(
        self,
        modules: Iterable[str],
        mutants: Mapping[str, Mutant],
        verdicts: Mapping[str, Verdict],
        proven: Iterable[tuple[str, str, str]],
    ) -> Page:
        """The page after a run over some modules; what it says of others stays."""
        figures = dict(self.figures)
        for module in modules:
            of_module = [name for name, each in mutants.items() if each.module == module]
            figures[module] = len(of_module), sum(verdicts[name].killed for name in of_module)
        told = set(modules)
        reasons = {name: why for name, why in self.reasons.items() if _module(name) not in told}
        for name in (name for name, each in verdicts.items() if not each.killed):
            named = mutants[name].where if mutants[name].where in self.reasons else name
            reasons[named] = self.reasons.get(named, NO_REASON)
        kept = [row for row in self.proven if _module(row[1]) not in told]
        return Page(
            dict(sorted(figures.items())),
            dict(sorted(reasons.items(), key=lambda each: _module(each[0]))),
            sorted({*kept, *proven}),
        )

    @property
    def text(self) -> str:
        total = sum(each[0] for each in self.figures.values()), sum(each[1] for each in self.figures.values())
        rows = [(name, made, killed, made - killed) for name, (made, killed) in self.figures.items()]
        figures = _table(("Module", "Mutants", "Killed", "Let live"), [*rows, ("all", *total, total[0] - total[1])])
        reasons = _table(("Mutant", "Why it may live"), [(f"`{name}`", why) for name, why in self.reasons.items()])
        proven = _table(
            ("Rule", "Mutant", "A test that fails under it"),
            [(rule, f"`{mutant}`", f"`{test}`") for rule, mutant, test in self.proven],
        )
        return "\n".join(
            (
                _LEAD,
                "## Figures\n",
                figures,
                "\n## Survivors\n\nThe reasons are written by hand; that of a place is that of all survivors there.\n",
                reasons,
                "\n## Each rule of areas A to E, and a test that fails when its number changes\n\n"
                "One line for every function and every setting of a rule; a rule that is not here has neither.\n"
                "`python -m bench.mutants --proofs` asks each of these tests again.\n",
                proven,
                "",
            )
        )


def proofs_of(mutants: Mapping[str, Mutant], verdicts: Mapping[str, Verdict]) -> Iterator[tuple[str, str, str]]:
    """For each function and setting of a rule of areas A to E: the rule, its first mutant that a test killed, the test.

    Changes of what it returns or of its number come before others.
    """
    for (rule, _), names in _numbers(mutants).items():
        for name in names:
            test = verdicts[name].test
            if test:
                yield rule, name, test
                break


def places() -> set[tuple[str, str]]:
    """Each function (module.name) and each setting (settings[key]) that makes the number of a rule of areas A to E."""
    from ledger.rules.registry import rules
    from ledger.rules.settings import SETTINGS

    functions = {
        (each.id, f"{each.function.__module__.rpartition('.')[2]}.{each.function.__name__}")
        for each in rules()
        if each.function is not None and each.function.__module__.rpartition(".")[2] not in NOT_RULES
    }
    settings = {(each.rule, f"settings[{key}]") for key, each in SETTINGS.items() if re.search(r"\d", each.value)}
    return {(rule, where) for rule, where in functions | settings if rule.startswith(AREAS)}


def _numbers(mutants: Mapping[str, Mutant]) -> dict[tuple[str, str], list[str]]:
    """The names of the mutants of each place of a rule."""
    found: dict[tuple[str, str], list[str]] = {}
    for rule, where in sorted(places()):
        names = [name for name, each in mutants.items() if each.where == where or each.where.startswith(f"{where}.<")]
        if names:
            found[rule, where] = names
    return found


def _module(name: str) -> str:
    return re.split(r"[.\[:]", name, maxsplit=1)[0]


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    def line(cells: Iterable[object]) -> str:
        return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"

    return "\n".join([line(columns), line("---" for _ in columns), *(line(row) for row in rows)])


def _tables(text: str) -> Iterator[list[list[str]]]:
    """The rows of each table of a page, without its head and its last line where that is a total."""
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        rows = [[cell.strip().replace("\\|", "|") for cell in _ROW.split(line)[1:-1]] for line in block.splitlines()]
        yield [row for row in rows[2:] if row[0] != "all"]
