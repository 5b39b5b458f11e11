"""Plots, as the numbers that a template draws: whole units of a canvas, no script, a table beside each.

    hours(order, day)     hours credited against the straight line, with the marks at six, nine and twelve months

Proven by tests/web/test_plots.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from ledger.api.web.words import day
from ledger.rules.dates import add_months

WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 16, 44
MARKS: Final = (6, 9, 12)
RULES: Final = 4  # horizontal lines


@dataclass(frozen=True, slots=True)
class Mark:
    """A place on an axis and what stands there."""

    at: int
    says: str


@dataclass(frozen=True, slots=True)
class Plot:
    """Lines over days: `straight` and `steps` are the points of polylines ("x,y x,y"), `today` an x or None."""

    straight: str
    steps: str
    months: list[Mark]
    levels: list[Mark]
    today: int | None
    rows: list[tuple[str, int]]  # day, minutes credited by its end
    says: str


def hours(order: dict[str, Any], as_at: date) -> Plot | None:
    """An order of the view `outlook`; None where there is no straight line to be held against."""
    straight: Sequence[dict[str, Any]] = order.get("straight") or ()
    if len(straight) != 2:
        return None
    begins, ends = (each["date"] for each in straight)
    credited: Sequence[dict[str, Any]] = order["credited"]
    last = max([ends, as_at, *(each["date"] for each in credited)])
    most = max([straight[1]["minutes"], *(each["minutes"] for each in credited), 60])
    span = max(1, (last - begins).days)

    def x(when: date) -> int:
        return LEFT + round((when - begins).days * (WIDTH - LEFT - RIGHT) / span)

    def y(minutes: int) -> int:
        return HEIGHT - BOTTOM - round(minutes * (HEIGHT - TOP - BOTTOM) / most)

    points, before = [(LEFT, y(0))], 0
    for each in credited:
        points += [(x(each["date"]), y(before)), (x(each["date"]), y(each["minutes"]))]
        before = each["minutes"]
    points.append((x(min(as_at, last)), y(before)))
    months = [Mark(x(at), f"{count} months") for count in MARKS if (at := add_months(begins, count)) <= last]
    levels = [Mark(y(most * step // RULES), f"{most * step // RULES // 60} h") for step in range(RULES + 1)]
    return Plot(
        f"{x(begins)},{y(0)} {x(ends)},{y(straight[1]['minutes'])}",
        " ".join(f"{left},{top}" for left, top in points),
        months,
        levels,
        x(as_at) if begins <= as_at <= last else None,
        [(day(each["date"]), each["minutes"]) for each in credited],
        f"{before // 60} of {straight[1]['minutes'] // 60} hours were credited by {day(as_at)}.",
    )
