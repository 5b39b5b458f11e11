"""How often this process looks for garbage: seldom, for nearly all that a ledger makes stays or goes by itself.

    seldom()          before the work begins: what is there by now is never looked at again

Python's own setting looks after every 700 new objects, and now and then at all of them; that took a quarter of the
processor of an import, and milliseconds at the tail of a server's answers (bench/RESULTS.md).

Proven by tests/test_collecting.py.
"""

from __future__ import annotations

import gc
from typing import Final

EVERY: Final = 50_000  # new objects: the youngest, so many, are gone through in a few milliseconds
MANY: Final = 100_000  # the same in a process that nobody waits for


def seldom(every: int = EVERY) -> None:
    """Look at so many new objects at once from now on, and at older ones after 20 such looks; enables looking."""
    gc.freeze()
    gc.set_threshold(every, 20, 20)
    gc.enable()
