"""Why an answer is what it is: the rules with their editions, the facts, the calendar and the settings it rests on.

Every object of a view that holds a status, a date or a flag gets a sibling `why` when explanations are asked for.
Proven by tests/projections/test_views.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ledger.rules.dates import Calendar
from ledger.rules.registry import label

Row = dict[str, Any]


def explained(
    row: Row,
    explain: bool,
    *,
    rules: Iterable[str],
    facts: Iterable[int] = (),
    calendar: Calendar | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Row:
    """The row, with its `why` if asked for: {rules, facts, calendar, settings}; empty members are left out."""
    if explain:
        why: Row = {"rules": [label(each) for each in rules], "facts": sorted(set(facts))}
        if calendar is not None:
            why["calendar"] = calendar.label
        if settings:
            why["settings"] = dict(settings)
        row["why"] = why
    return row
