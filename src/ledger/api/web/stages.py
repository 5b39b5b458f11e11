"""Steps of a course, such as a matter's or a review's: their days, their state in words, and what goes on from them.

    clock("overdue", 3)     -> ("Overdue by 3 days", "overdue"): how a clock of a view stands, and its tone

Proven by tests/web/test_matters.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast

from ledger.aggregates.roles import roles_for
from ledger.aggregates.shape import Fact
from ledger.api.openapi import kebab
from ledger.api.web.words import words

Row = Mapping[str, Any]
Kinds = tuple[type[Fact], ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One step.  `state` in words; `tone` (done, late, overdue, missing, due, waiting) its colour; `row` has its `why`;
    `says`: texts beside it; `then`: whose forms go on from it."""

    title: str
    began: date | None = None
    due: Any = None
    done: date | None = None
    state: str = "Recorded"
    tone: str = ""
    row: Row = field(default_factory=dict[str, Any])
    says: Sequence[str] = ()
    then: Kinds = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the course.  `offers`: (what a form records, its address), first those that a step waits for."""

    id: str
    title: str
    none: str
    steps: Sequence[Step]
    offers: Sequence[tuple[str, str]]


Told = tuple[str, str, str, Iterable[Step], Kinds]  # id, title, what is said without a step, steps, what may begin


def staged(told: Iterable[Told], role: str, at: str) -> list[Stage]:
    """The stages, each with the forms of this role: of what a step waits for first, then of what may begin."""
    found: list[Stage] = []
    for name, title, none, steps, begin in told:
        listed = list(steps)
        kinds = dict.fromkeys((*(kind for each in listed for kind in each.then), *begin))
        offers = [(words(each.command), f"{at}/{kebab(each.command)}") for each in kinds if role in roles_for(each)]
        found.append(Stage(name, title, none, listed, offers))
    return found


def days(count: int) -> str:
    """1 day, 2 days"""
    return f"{count} {'day' if count == 1 else 'days'}"


def within(title: str, count: int, unit: str) -> str:
    """Reply, within 10 days: a step that has a time, by the setting that counts for it."""
    return f"{title}, within {count} {unit}{'' if count == 1 else 's'}"


def clock(state: str, late: int | None) -> tuple[str, str]:
    """How a clock of the view stands, in words, and its tone."""
    match state:
        case "done" | "replied":
            return "Done in time", "done"
        case "done-late" | "replied-late":
            return f"Done {days(late or 0)} late", "late"
        case "overdue":
            return f"Overdue by {days(late or 0)}", "overdue"
        case "awaiting-reply" | "due":
            return "Due", "due"
        case "calendar-missing":
            return "Cannot be counted: no calendar is loaded", "missing"
        case "ended":
            return "Not owed: every registration is closed", ""
        case _:
            return "Not due yet", ""


def late(due: Any, done: date | None, as_at: date) -> int | None:
    """By how many days something came after its day, or is; None without a day."""
    return max(0, ((done or as_at) - due).days) if isinstance(due, date) else None


@dataclass(frozen=True, slots=True)
class Course:
    """The answer of a view that has a `course`, to be asked about."""

    shown: Mapping[str, Any]

    @property
    def as_at(self) -> date:
        """The day it is told as at."""
        return self.shown["as_at"]

    def told(self, *kinds: type[Fact], **ids: Any) -> list[Row]:
        """Its facts of these kinds that say so."""
        names = {each.__name__ for each in kinds}
        return [
            each
            for each in self.shown["course"]
            if each["type"] in names and all(each["says"].get(name) == value for name, value in ids.items())
        ]

    def newest(self, *kinds: type[Fact]) -> Row | None:
        """The last of them by its day; None where there is none."""
        told = self.told(*kinds)
        return told[-1] if told else None

    def flagged(self, flag: str, position: int) -> bool:
        """Whether a flag stands that rests on this fact."""
        alerts = [each for each in self.shown["alerts"] if each["flag"] == flag]
        return any(position in each["why"]["facts"] for each in alerts)


def names_in(given: Any) -> str:
    """Several names in a line, or what stands for them where they may not be read; "" for none."""
    return ", ".join(map(str, cast("list[Any]", given))) if isinstance(given, list) else str(given or "")


def together_with(says: Row, name: str) -> tuple[str, ...]:
    """Who else was there, as told."""
    named = names_in(says.get(name))
    return (f"With {named}",) if named else ()
