"""The demonstration: a caseload made up from a seed, and the ledger that is served with it.

caseload(today, seed, cases)           -> the lines, sorted by time, the last of them yesterday evening
demonstration(today, seed, cases)      -> these with a family's, and who is who in it: what `ledger demo` shows
names_a_line(line)                     -> the key of the line whose fact this one corrects; only the ledger has its id
"""

from __future__ import annotations

from ledger.demonstration.caseload import caseload, demonstration
from ledger.demonstration.lines import Line, names_a_line
from ledger.demonstration.people import roster

__all__ = ["Line", "caseload", "demonstration", "names_a_line", "roster"]
