"""Every program of the ledger looks for garbage seldom, and not at what was there when its work began."""

from __future__ import annotations

import subprocess
import sys

SAYS = "import gc; print(gc.isenabled(), *gc.get_threshold(), gc.get_freeze_count() > 10_000)"


def said_by(program: str) -> str:
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    return ended.stdout.splitlines()[-1]


def test_a_verb_of_the_command_line_looks_seldom():
    asked = "import sys; sys.argv = ['ledger', 'events', '--json']; from ledger.cli import program; program()"
    assert said_by(f"{asked}; {SAYS}") == "True 50000 20 20 True"


def test_a_process_that_folds_or_decides_for_another_looks_more_seldom_still():
    for module in ("ledger.following.workers", "ledger.importing.elsewhere"):
        program = f"import gc; gc.disable(); from {module} import main; main(); {SAYS}"
        ended = subprocess.run(
            [sys.executable, "-c", program], input="", capture_output=True, text=True, check=True, timeout=60
        )
        assert ended.stdout.splitlines()[-1] == "True 100000 20 20 True", module
