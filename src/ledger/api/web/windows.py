"""A timeline year by year: which facts a page of it shows, so that ten years of a case stay legible.

    found = windows(events)                   the years, oldest first; a year of more than FACTS facts in parts
    chosen(found, "2026-2", "", events)       the one an address names, by its name or by a fact that it shows

A fact of a record with limited access, of which no day is told, stays beside the one before it.

Proven by tests/web/test_windows.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from ledger.errors import NotFound
from ledger.rules.dates import day_of

FACTS: Final = 200  # of a timeline on one page
Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Window:
    """Some facts of a timeline that follow each other; `name` as addresses have it."""

    name: str
    says: str
    events: Sequence[Event]


def windows(events: Sequence[Event]) -> list[Window]:
    """All of them, in order; none where there are no facts."""
    found: list[Window] = []
    for year, told in groupby(zip(_years(events), events, strict=True), key=lambda each: each[0]):
        of_year = [event for _, event in told]
        parts = [of_year[at : at + FACTS] for at in range(0, len(of_year), FACTS)]
        if len(parts) == 1:
            found.append(Window(str(year), str(year), of_year))
        else:
            numbered = enumerate(parts, 1)
            found += [Window(f"{year}-{n}", f"{year}, part {n} of {len(parts)}", part) for n, part in numbered]
    return found


def chosen(found: Sequence[Window], name: str, fact: str) -> Window | None:
    """The window of this name, else the one that shows the fact at this position, else the newest; None if there are
    none.  Raises NotFound for a name that none has, and for a fact that none shows."""
    if not name and not fact:
        return found[-1] if found else None
    for each in found:
        if each.name == name or (fact and any(str(event.get("position")) == fact for event in each.events)):
            return each
    raise NotFound(f"The timeline has no {f'fact {fact[:20]}' if fact else f'part {name[:20]}'} by then.")


def _years(events: Sequence[Event]) -> list[int]:
    """The year of each fact; the first that is told gives those before it theirs."""
    told = [day_of(each["effective"]).year for each in events if "effective" in each]
    year, years = told[0] if told else 0, list[int]()
    for each in events:
        year = day_of(each["effective"]).year if "effective" in each else year
        years.append(year)
    return years
