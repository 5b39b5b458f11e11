"""Data protection: restricted papers, the yellow dot (rule book J).

DP-05 and DP-06, which de-registration rests on, stand in `register`.  Messages stand here, at their rules; proven by
tests/aggregates/test_decisions_file.py and privacy.yaml.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from ledger.rules.registry import rule

WMPA: Final = "west-mercia-2007"
RESTRICTED: Final = "RESTRICTED"
REMOVE_FIRST: Final = "Remove the restricted documents first: {documents}."

YELLOW_DOT: Final = "YELLOW_DOT"
FILE_NOT_MARKED: Final = "FILE_NOT_MARKED"


@rule("DP-02", edition=WMPA, cite="WMPA 4.3", anchor="day")
def still_in_the_file(restricted: Iterable[str], removed: Collection[str]) -> list[str]:
    """Child protection papers are marked restricted and leave the file before any disclosure of it.

    Of the ids of restricted documents those not removed, in their order.  Reading: every document marked restricted is
    one that is not to be disclosed; what was filed after the day of the disclosure was not in it.
    """
    return [each for each in restricted if each not in removed]


@rule("DP-04", edition=WMPA, cite="WMPA 2.5", anchor="day")
def is_yellow_dot(marker: str) -> bool:
    """Child protection files carry a yellow dot, put there by team administration.

    Readings: a file is one while any entry of the person in the register is open; it is flagged from the day it was
    registered, or the dot was taken off, until it has one; a dot that nothing asks for any more is no exception.
    """
    return marker.strip().upper().replace(" ", "_") == YELLOW_DOT
