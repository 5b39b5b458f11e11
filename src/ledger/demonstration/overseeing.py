"""Staff in a demonstration: who was supervised, observed and trained, in time or not; a newcomer; files read (MGT-01).

Numbers are days before today.  Proven by tests/demonstration/: every line is accepted, the worklist has rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from ledger.demonstration.lines import Book, Pen, Staff, at
from ledger.demonstration.lives import Life
from ledger.demonstration.people import UNITS, Roster
from ledger.demonstration.sites import Sites

TWO_YEARS: Final = 730


@dataclass(frozen=True)
class Course:
    """One member of staff: since when, when supervised and observed, when trained in information security."""

    started: int
    supervised: tuple[int, ...]
    observed: tuple[int, ...] = ()
    trained: int | None = None
    read: int | None = None  # the health and safety information, after the start
    package: int | None = None


SUPERVISORS: Final = (
    Course(TWO_YEARS, (130, 92, 51, 12), (500, 320, 140, 40), trained=100, read=20, package=100),  # all in time
    Course(TWO_YEARS, (160, 120, 77), (480, 250), trained=400, read=30, package=150),  # nearly everything is late
    Course(40, (), (9,), read=25),  # began six weeks ago
)
COORDINATOR: Final = Course(TWO_YEARS, (95, 50, 20), trained=340, read=15, package=90)
MANAGER: Final = Course(TWO_YEARS, (90, 42), trained=30, read=10, package=60)  # supervision falls due today
GUIDANCE: Final = (
    "Keep the tool count on paper at each break.",
    "Praise what was done well before naming what was not.",
    "Pass on what you hear about children the same day, in writing.",
)


def oversee(book: Book, people: Roster, sites: Sites, lives: Sequence[Life], seed: int) -> None:
    """Tell every member of staff, and the supervision of the practitioners who hold these lives."""
    for unit, course in zip(UNITS, SUPERVISORS, strict=True):
        _member(book, people, sites, people.one("supervisor", unit), course, seed)
    _member(book, people, sites, people.one("placement-coordinator"), COORDINATOR, seed)
    _member(book, people, sites, people.one("operations-manager"), MANAGER, seed)
    for unit in UNITS:
        held = [each for each in lives if each.plan.unit == unit and each.ending is None][:4]
        officer, ago = people.one("practitioner", unit), 7 + 3 * UNITS.index(unit)
        started = max((each.plan.sentence for each in held), default=book.days.today)
        day = max(_ago(book, ago), book.days.working(started, 1))
        cases = [each.pen.target.removeprefix("offender/") for each in held]
        _supervised(_pen(book, officer, seed), people, day, cases, cases[:1])


def _member(book: Book, people: Roster, sites: Sites, member: Staff, course: Course, seed: int) -> None:
    pen, manager = _pen(book, member, seed), people.one("operations-manager")
    started = _ago(book, course.started)
    role, unit = member.role.replace("-", " "), member.unit
    pen.tell(at(started, 9), manager, "StartStaff", role=role, unit=unit, on=started)
    if course.read is not None:
        day = book.days.working(started + timedelta(days=course.read))
        pen.tell(at(day, 11), member, "ConfirmHsRead", on=day)
    if course.package is not None:
        day = book.days.working(started + timedelta(days=course.package))
        pen.tell(at(day, 16), people.one("training-unit"), "RecordTraining", course="Health and safety package", on=day)
    for ago in course.observed:
        day = _ago(book, ago)
        running = [each for each in sites.all if each.started <= day]
        if not running:
            continue
        pen.tell(
            at(day, 12),
            manager,
            "RecordObservation",
            placement_id=pen.rng.choice(running).id,
            checklist={"punctual": True, "praises_good_work": pen.rng.random() < 0.7},
            feedback="Calm and clear; explain the task to the group once more after the break.",
            on=day,
        )
    for ago in course.supervised:
        _supervised(pen, people, _ago(book, ago), [], [])
    if course.trained is not None:
        day = _ago(book, course.trained)
        pen.tell(at(day, 15), people.one("training-unit"), "RecordTraining", course="Information security", on=day)


def _supervised(pen: Pen, people: Roster, day: date, discussed: Sequence[str], read: Sequence[str]) -> None:
    manager = people.one("operations-manager")
    by = people.one("head-of-unpaid-work") if pen.target.endswith(manager.id) else manager
    pen.tell(
        at(day, 14),
        by,
        "RecordSupervision",
        on=day,
        cases_discussed=list(discussed),
        file_reviewed=list(read),
        guidance=pen.rng.choice(GUIDANCE),
        child_protection_discussed=bool(discussed),
    )


def _pen(book: Book, member: Staff, seed: int) -> Pen:
    return Pen(book, f"staff/{member.id}", Random(f"{seed}:oversight {member.id}"))  # noqa: S311 - drawn again


def _ago(book: Book, n: int) -> date:
    return book.days.court_day(book.days.today - timedelta(days=n))
