"""A believable caseload, a year deep, dated relative to today: the same for the same day, seed and number of cases.

    caseload(date(2026, 3, 2))           -> lines of JSON Lines, sorted by time, the last of them yesterday evening
    demonstration(date(2026, 3, 2))      -> these and those of one family (ledger.demonstration.family), and its ids

Each case is a `Plan` (what the court ordered, what the person and the office are like) lived week by week; the first
few are shaped by hand so that every state of the views can be seen on any day.  Proven by tests/demonstration/: the
aggregates accept every line, and every state is there.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Final, TypeVar

from ledger.demonstration import family
from ledger.demonstration.beginning import allocate, begin
from ledger.demonstration.enforcing import decline, hear, miss, start_action, undecided
from ledger.demonstration.family import Family
from ledger.demonstration.lines import Book, Days, Line, Pen, a_uuid, at, first_saturday
from ledger.demonstration.lives import Life, Plan, Promptness
from ledger.demonstration.nominations import nominate
from ledger.demonstration.overseeing import oversee
from ledger.demonstration.owing import owe
from ledger.demonstration.people import UNITS, Roster, roster
from ledger.demonstration.progressing import (
    apply_to_court,
    check,
    complete,
    lapse,
    planned_check,
    revoked,
    vary,
)
from ledger.demonstration.protecting import protect
from ledger.demonstration.shaped import SHAPED
from ledger.demonstration.sites import Sites, open_sites
from ledger.demonstration.working import adjust, agree_ete, credit_ete, session_day
from ledger.rules.dates import add_months

ETE_PERCENT: Final = 30
ONE_WEEK: Final = timedelta(days=7)
T = TypeVar("T")
Lived = Callable[[Life], None]


def caseload(today: date, seed: int = 2022, cases: int = 120) -> list[Line]:
    """The lines of a caseload.  Raises CalendarMissing where no bank holidays are known for the years around today."""
    return _told(today, seed, cases)[0].lines()


def demonstration(today: date, seed: int = 2022, cases: int = 120) -> tuple[list[Line], Family]:
    """The lines of a caseload with a family in it, and who they are."""
    book, people, sites = _told(today, seed, cases)
    found = family.tell(book, people, sites, seed)
    return book.lines(), found


def _told(today: date, seed: int, cases: int) -> tuple[Book, Roster, Sites]:
    days, people = Days(today), roster(seed)
    book = Book(days)
    sites = open_sites(book, people, seed)
    nominate(book, people, sites, seed)
    _set_share(book, people, seed)
    plans = [_planned(days, seed, number) for number in range(cases)]
    lives: list[Life] = []
    for number, (plan, lived) in sorted(enumerate(plans), key=lambda each: (each[1][0].sentence, each[0])):
        life = _life(book, people, sites, plan, seed, number)
        lived(life)
        lives.append(life)
    drawn = [each for each in lives if each.number >= len(SHAPED)]
    protect(book, people, drawn, seed)
    owe(book, people, drawn, seed)
    oversee(book, people, sites, drawn, seed)
    return book, people, sites


def _drawn(seed: int, what: str) -> Random:
    return Random(f"{seed}:{what}")  # noqa: S311 - a demonstration is drawn again from its seed


def _set_share(book: Book, people: Roster, seed: int) -> None:
    """The share of hours that may be education, set before anybody's order."""
    day = book.days.working(add_months(book.days.today, -32))
    Pen(book, "policy/policy", _drawn(seed, "policy")).tell(
        at(day, 10),
        people.one("chief-officer"),
        "ChangeSetting",
        key="hrs.ete_max_percent",
        new=str(ETE_PERCENT),
        effective_from=day,
        reason="Agreed with the area's education providers; reviewed each year.",
    )


def _planned(days: Days, seed: int, number: int) -> tuple[Plan, Lived]:
    """A case's plan, and how it is lived: by the hand-shaped script, or week by week."""
    if number < len(SHAPED):
        shaped = SHAPED[number]
        return shaped.plan(days, UNITS[number % len(UNITS)]), shaped.lived
    return draw(_drawn(seed, f"plan {number}"), days, UNITS[number % len(UNITS)]), live


def _life(book: Book, people: Roster, sites: Sites, plan: Plan, seed: int, number: int) -> Life:
    rng = _drawn(seed, f"case {number}")
    pen = Pen(book, f"offender/{a_uuid(rng)}", rng)
    return Life(pen, book.days, people, sites, plan, order_id=pen.id(), number=number)


# ------------------------------------------------------------------------------------------ what a court orders


def _weighted(rng: Random, *shares: tuple[T, int]) -> T:
    return rng.choices([each for each, _ in shares], [share for _, share in shares])[0]


def draw(rng: Random, days: Days, unit: str) -> Plan:
    """An order as courts make them, a person and an office as they are."""
    back = rng.randint(16 * 30, 26 * 30) if rng.random() < 0.08 else rng.randint(4, 15 * 30)
    months = _weighted(rng, (0, 72), (12, 9), (18, 10), (24, 9))
    gender = _weighted(rng, ("M", 85), ("F", 15))
    requirements = _weighted(rng, (("UPW",), 60), (("UPW", "RAR"), 28), (("UPW", "RAR", "CURFEW"), 12))
    return Plan(
        sentence=days.court_day(days.today - timedelta(days=back)),
        hours=_weighted(
            rng, (40, 8), (60, 16), (80, 21), (100, 18), (120, 14), (150, 10), (200, 8), (240, 4), (300, 1)
        ),
        gender=gender,
        unit=unit,
        order_type="SSO" if months else "CO",
        operational_months=months,
        years=_weighted(rng, (1, 30), (2, 55), (3, 15)),
        requirements=requirements,
        level=_weighted(rng, ("LOW", 55), ("MEDIUM", 33), ("HIGH", 11), ("VERY_HIGH", 1)),
        turnout=_weighted(rng, (0.96, 45), (0.86, 35), (0.66, 20)),
        modes=_weighted(rng, (("GROUP",), 84), (("IP",), 9), (("PIP",), 7)),
        midweek=rng.random() < 0.15,
        rhythm=_weighted(rng, (1.0, 58), (0.6, 26), (0.35, 16)),
        appointment=_promptness(rng, 82, 15, 0),
        upw=_promptness(rng, 84, 14, 0),
        risk=_promptness(rng, 82, 15, 0),
        six=_promptness(rng, 76, 16, 8),
        nine=_promptness(rng, 72, 18, 10),
        ete=rng.random() < 0.16,
    )


def _promptness(rng: Random, prompt: int, late: int, never: int) -> Promptness:
    shares: tuple[tuple[Promptness, int], ...] = (("prompt", prompt), ("late", late), ("never", never))
    return _weighted(rng, *shares)


# ------------------------------------------------------------------------------------------ week by week


def live(life: Life) -> None:
    """From the court to yesterday: each week first the office, then the work."""
    begin(life)
    first = allocate(life)
    checks = {6: planned_check(life, 6, life.plan.six), 9: planned_check(life, 9, life.plan.nine)}
    if life.plan.ete and first is not None:
        agree_ete(life, first + 2 * ONE_WEEK, ETE_PERCENT)
    saturday = first_saturday(life.plan.sentence)
    while life.ending is None and saturday <= life.days.today + ONE_WEEK:
        _office(life, saturday, checks)
        if life.ending is None and first is not None:
            _work(life, saturday, first)
        saturday += ONE_WEEK


def _office(life: Life, saturday: date, checks: dict[int, date | None]) -> None:
    """What the office does in the week that ends with a Saturday."""
    since = saturday - ONE_WEEK
    for point, day in checks.items():
        if day is not None and since < day <= saturday:
            check(life, point, day)
    credit_ete(life, saturday)
    _breach(life, saturday)
    if life.ending is None and life.owing and life.hearing is None:
        _twelve_months(life, saturday)


def _breach(life: Life, saturday: date) -> None:
    if life.hearing is not None and life.hearing <= saturday:
        day = life.hearing
        if hear(life) == "REVOKED_RESENTENCED":
            revoked(life, at(day, 16))
        return
    tuesday = life.days.working(saturday - timedelta(days=4))
    if not undecided(life, tuesday) or tuesday > saturday:
        return
    if life.chance(0.45):
        start_action(life, tuesday)
    elif life.chance(0.2):
        decline(life, tuesday)


def _twelve_months(life: Life, saturday: date) -> None:
    """With hours owing: the court is asked after some weeks, or the operational period runs out."""
    end = life.plan.operational_end
    if end is not None and end < saturday:
        lapse(life)
    elif life.applied_on is not None:
        decided = life.days.working(life.applied_on + timedelta(days=24))
        if saturday - ONE_WEEK < decided <= saturday:
            vary(life, decided, _weighted(life.rng, ("EXTENDED", 74), ("REVOKED", 16), ("REFUSED", 10)))
    elif add_months(life.plan.sentence, 12) < saturday - ONE_WEEK and life.chance(0.25):
        apply_to_court(life, life.days.working(saturday - timedelta(days=5)))


def _work(life: Life, saturday: date, first: date) -> None:
    """The sessions of a week; when the hours are done, the end."""
    assert life.site is not None
    weekdays = life.site.plan_days(life.plan.midweek) if life.chance(life.plan.rhythm) else ()
    for weekday in weekdays:
        day = saturday - timedelta(days=5 - weekday)
        if life.owing and day >= first and day > life.newest.date():
            session_day(life, day)
    if not life.plan.single and saturday > first + ONE_WEEK and life.chance(0.015):
        miss(life, life.days.working(saturday - timedelta(days=3)))
    if life.owing > 240 and life.credited > 600 and life.chance(0.008):
        adjust(life, saturday + timedelta(days=2), life.rng.choice((30, 30, -30, 45)), "Sheet totalled wrongly.")
    if not life.owing and life.hearing is None:
        complete(life)
