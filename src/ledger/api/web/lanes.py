"""A timeline as lanes: what happened along a line of days, what was recorded late, put right, struck out, erased.

    lanes(events, letters, as_at)     -> Lanes, whole units of a canvas, which lanes.html draws; None without facts

A mark stands at the day a fact took effect.  Its shape says what became of it, and a line leads from a late one to the
day it was recorded, so nothing is told by colour alone; everything stands in the table beneath as well.  A letter's
bar is the days until evidence counts no more, as the view `enforcement` counts them.

Proven by tests/web/test_lanes.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from ledger.api.web.words import MONTHS, day
from ledger.rules.dates import add_months, day_of, london_day

WIDTH, LEFT, RIGHT, TOP, LANE = 960, 96, 20, 12, 44
STACK: Final = 3  # marks that stand under each other where days are too near
NEAR: Final = 9
# The lane of a fact by its type's name, the first that fits; the rest are the order's, the file's and the office's.
_LANES: Final = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("Letters", "Letter|Warning"),
        ("Breach", "Breach|ComplianceAction"),
        ("Absences", "Absence|Evidence"),
        ("Sessions", "Session|Hours|Lateness|SentHome|WorkStopped|FirstAppointment|Induction"),
        (
            "Register",
            "^R7|Regist|FormP|Notebook|OffenderChild|MissedReview|Deregist|FileMark|CpCirc|Concern|Conference",
        ),
        ("Reviews", "Review|Check|Assess|RiskLevel|ManagementDecision|ProgressAction"),
    )
)
OTHER: Final = "Other"
ORDER: Final = ("Sessions", "Absences", "Letters", "Breach", "Register", "Reviews", OTHER)
_ERASED: Final = re.compile(r"\[\w+ erased \d\d/\d\d/\d{4}\]")  # as ledger.aggregates.values prints it


@dataclass(frozen=True, slots=True)
class Mark:
    """A fact at `x`, `y`: `shape` is fact, correction, struck-out or erased; `late` the x where it was recorded."""

    x: int
    y: int
    shape: str
    late: int | None
    position: int
    says: str


@dataclass(frozen=True, slots=True)
class Lanes:
    """`rows`: name and y of each lane; `bars`: x, width and y of each letter's days; `ticks`: x and month."""

    height: int
    rows: list[tuple[str, int]]
    marks: list[Mark]
    bars: list[tuple[int, int, int, str]]
    ticks: list[tuple[int, str]]
    today: int | None
    says: str


def lane_of(kind: str) -> str:
    """The lane of a type of fact."""
    return next((name for name, pattern in _LANES if pattern.search(kind)), OTHER)


def shape_of(event: Mapping[str, Any]) -> str:
    """What became of a fact, or what it is."""
    if event["struck_out"]:
        return "struck-out"
    if any(_ERASED.search(str(each)) for each in event["values"].values()):
        return "erased"
    return "correction" if event["corrects"] else "fact"


def marks_in_words(event: Mapping[str, Any]) -> str:
    """The same for people: "recorded 3 days late, struck out"."""
    late, shape = event["late_days"], shape_of(event)
    said = [f"recorded {late} {'day' if late == 1 else 'days'} late"] if event["late"] else []
    said += {
        "struck-out": ["struck out"],
        "erased": ["erased"],
        "correction": [f"corrects fact {event['corrects']}"],
    }.get(shape, [])
    said += ["corrected since"] if event["corrected_by"] and shape != "struck-out" else []
    return ", ".join(said)


def lanes(events: Sequence[Mapping[str, Any]], letters: Iterable[Mapping[str, Any]], as_at: date) -> Lanes | None:
    """The drawing.  `letters`: with `issued_on` and `working_days`; those of other days are left out."""
    told = [each for each in events if "effective" in each]
    if not told:
        return None
    days = [day_of(each["effective"]) for each in told]
    first, last = min(days), max(days)
    kept = [each for each in letters if each["working_days"] and first <= each["issued_on"] <= last]
    last = max([last, *(each["working_days"][-1] for each in kept), first + timedelta(days=27)])
    span = (last - first).days

    def x(when: date) -> int:
        return LEFT + round((min(max(when, first), last) - first).days * (WIDTH - LEFT - RIGHT) / span)

    names = [name for name in ORDER if any(lane_of(each["type"]) == name for each in told)]
    middle = {name: TOP + LANE * number + LANE // 2 for number, name in enumerate(names)}
    height = TOP + LANE * len(names) + 36
    return Lanes(
        height=height,
        rows=list(middle.items()),
        marks=list(_marks(told, x, middle)),
        bars=[_bar(each, x, middle["Letters"]) for each in kept if "Letters" in middle],
        ticks=[(x(each), MONTHS[each.month - 1][:3]) for each in months(first, last)],
        today=x(as_at) if first <= as_at <= last else None,
        says=f"{len(told)} {'fact' if len(told) == 1 else 'facts'} from {day(first)} to {day(max(days))}",
    )


def _marks(told: Sequence[Mapping[str, Any]], x: Any, middle: Mapping[str, int]) -> Iterable[Mark]:
    """Marks of a lane that are too near stand under each other."""
    before: dict[str, tuple[int, int]] = {}
    for each in told:
        lane, at = lane_of(each["type"]), x(day_of(each["effective"]))
        last, level = before.get(lane, (-NEAR, 0))
        level = (level + 1) % STACK if at - last < NEAR else 0
        before[lane] = at, level
        late = x(london_day(each["recorded"])) if each["late"] else None
        marked = marks_in_words(each)
        says = f"{each['title']}, {day(day_of(each['effective']))}{f': {marked}' if marked else ''}"
        yield Mark(at, middle[lane] + (level - 1) * 12, shape_of(each), late, each["position"], says)


def _bar(letter: Mapping[str, Any], x: Any, y: int) -> tuple[int, int, int, str]:
    begins, ends = letter["issued_on"], letter["working_days"][-1]
    says = f"Letter of {day(begins)}: evidence until {day(ends)}"
    return x(begins), max(4, x(ends) - x(begins)), y - 18, says


def months(first: date, last: date) -> Iterable[date]:
    """The first days of months between, thinned where there are many."""
    begin = add_months(first.replace(day=1), 1) if first.day > 1 else first
    count = (last.year - begin.year) * 12 + last.month - begin.month + 1
    step = 1 + count // 14
    return (add_months(begin, number) for number in range(0, max(0, count), step))
