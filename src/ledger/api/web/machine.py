"""The time machine: the moments of a case to stop at, the one before and the one after, and the case as it was then.

    machine(events, moments, path)       -> Machine, which machine.html draws on every tab

A stop is the last fact recorded on a day of London's: looked at from there, the file reads as it did when that day's
work was done.  A list of stops and links to the next ones work anywhere; a script makes a slider of the list.

Proven by tests/web/test_machine.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ledger.api.web.asking import Moments
from ledger.api.web.words import day
from ledger.rules.dates import end_of_day, london_day


@dataclass(frozen=True, slots=True)
class Stop:
    """The last fact recorded on a day: `value` as an address has it, `says` for people."""

    at: datetime
    value: str
    says: str


@dataclass(frozen=True, slots=True)
class Machine:
    """The stops of a case, in order; the one that is looked at (None before the first), and its neighbours."""

    path: str
    stops: list[Stop]
    here: Stop | None
    earlier: Stop | None
    later: Stop | None

    def to(self, stop: Stop) -> str:
        """The same page, as it was known then."""
        return Moments(known_at=stop.at).at(self.path)


def machine(events: Iterable[Mapping[str, Any]], moments: Moments, path: str) -> Machine:
    """The time machine of a page at `path`.  `events`: as ledger.projections.moments."""
    stops = list(_stops(events))
    looked_at = moments.known_at or (end_of_day(moments.as_at) if moments.as_at else None)
    passed = [each for each in stops if looked_at is None or each.at <= looked_at]
    here = passed[-1] if passed else None
    number = len(passed)
    return Machine(
        path=path,
        stops=stops,
        here=here,
        earlier=stops[number - 2] if number > 1 else None,
        later=stops[number] if number < len(stops) else None,
    )


def _stops(events: Iterable[Mapping[str, Any]]) -> Iterable[Stop]:
    by_day: dict[date, list[Mapping[str, Any]]] = {}
    for each in events:
        by_day.setdefault(london_day(each["recorded"]), []).append(each)
    for when, told in by_day.items():
        last = told[-1]
        more = f", {len(told)} facts, last" if len(told) > 1 else ":"
        yield Stop(
            last["recorded"],
            Moments(known_at=last["recorded"]).asked["known_at"],
            f"{day(when)}{more} {last['title'][:1].lower()}{last['title'][1:]}",
        )
