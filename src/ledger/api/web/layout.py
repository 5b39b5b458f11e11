"""How an answer is laid out: what of it is a table, and which ids lead to a page of their own.

    is_rows(answer["reviews"])    a list of maps of single values: a table
    is_parts(answer["review"])    what has a heading of its own
    is_grid(order["checks"])      a map of such maps that are alike: a table with a heading for each row
    page_of(id, "placement_id")   -> "/case/placements/019a…"

Proven by tests/web/test_layout.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from ledger.aggregates import AGGREGATES, noun_of
from ledger.privacy.limiting import named_in
from ledger.projections import VIEWS

WIDEST: Final = 8  # columns of a table beside its reasons; what has more is told one under another
LONG: Final = 5  # rows: more than so many are a table, which is scrolled, even where they are
WIDEST_OF_LONG: Final = 14
_PAGED: Final = frozenset(each.noun for each in VIEWS)  # nouns that have a page


def page_of(value: str, name: str) -> str | None:
    """The page of the case that a field names by its id, such as `placement_id`; None where there is none."""
    for stream in named_in({name: value}):
        if (noun := noun_of(stream)) in _PAGED:
            return f"/case/{AGGREGATES[noun].collection}/{value}"
    return None


def is_rows(value: Any) -> bool:
    """Whether a list is a table: of maps that hold single values or short lists of them, beside their reasons."""
    if not isinstance(value, list) or not value:
        return False
    items = cast("list[Any]", value)
    if not all(_is_row(each) for each in items):
        return False
    columns = {name for each in items for name in _members(each)}
    return len(columns) <= (WIDEST_OF_LONG if len(items) > LONG else WIDEST)


def is_grid(value: Any) -> bool:
    """Whether a map is a table: of two maps or more, by name, that have a member in common."""
    if not isinstance(value, Mapping) or "why" in value:
        return False
    items = list(cast("Mapping[str, Any]", value).values())
    return len(items) > 1 and is_rows(items) and bool(set(_members(items[0])).intersection(*map(_members, items[1:])))


def is_parts(value: Any) -> bool:
    """Whether a member of an answer has parts of its own, and so a heading: a map, or a list of maps."""
    return isinstance(value, Mapping) or (isinstance(value, list) and not _is_short(cast("Any", value)))


def _members(row: Mapping[str, Any]) -> list[str]:
    return [name for name in row if name != "why"]


def _is_row(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    row = cast("Mapping[str, Any]", value)
    return all(_is_short(row[name]) for name in _members(row))


def _is_short(value: Any) -> bool:
    """A single value, or a few of them."""
    if not isinstance(value, list):
        return not isinstance(value, Mapping)
    items = cast("list[Any]", value)
    return len(items) <= WIDEST and not any(isinstance(each, Mapping | list) for each in items)
