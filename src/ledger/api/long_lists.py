"""Answers that hold one list as long as a person's whole history, told in pages: whatever was recorded, none is longer.

    page_of(answer, LISTS["case-review", "who-knew"], after=0, most=2_000)

The answer keeps its shape; its list holds the rows of so many facts, and `next` is the `cursor` of those that follow,
or null.  The rows of one fact stay together.  A cursor is the position of the last fact shown: what is recorded between
two pages is in the second if it belongs there, and what was shown is not shown again.  Proven by
tests/api/test_long_lists.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from ledger.errors import Malformed

LISTS: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {("case-review", "who-knew"): "knowledge", ("case-review", "chronology"): "events"}
)
FACTS: Final = 2_000  # of a page, and the most that may be asked for
NO_SUCH_PLACE: Final = "cursor: as the page before gave it in `next`."


def page_of(answer: Mapping[str, Any], member: str, after: int, most: int) -> dict[str, Any]:
    """The page after the fact at a position (0: from the beginning).  Raises Malformed where it is not in the list.

    A row without a position, of a record that is closed to the reader, stays with the fact before it.
    """
    rows: list[Any] = answer[member]
    places = [at for at, row in enumerate(rows) if "position" in row and _begins(rows, at)]
    first = 0
    if after:
        behind = next((n for n, at in enumerate(places) if rows[at]["position"] == after), None)
        if behind is None:
            raise Malformed(NO_SUCH_PLACE, {"cursor": "not a cursor"})
        first = behind + 1
    if first + most >= len(places):
        begin = (0 if not after else places[first] if first < len(places) else len(rows)) if places else 0
        return {**answer, member: rows[begin:], "next": None}
    begin = places[first] if after else 0
    end = places[first + most]
    return {**answer, member: rows[begin:end], "next": str(rows[places[first + most - 1]]["position"])}


def _begins(rows: list[Any], at: int) -> bool:
    """Whether a row is the first of its fact."""
    return at == 0 or rows[at - 1].get("position") != rows[at]["position"]
