"""Mutants of the rules, and the tests that kill them: `python -m bench.mutants` (`__main__` says more).

changes   what is mutated, and how      reach   which tests reach what
kill      a mutant, and the test that fails under it      page   docs/mutants.md      forks   work in other processes
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
SOURCES: Final = ROOT / "src" / "ledger"
RULES: Final = SOURCES / "rules"
# registry: holds rules and decides nothing; access: has no code; letters: words on paper, whose tests need a server.
NOT_RULES: Final = frozenset({"__init__", "registry", "access", "letters"})
