"""One person's life under an order, as the demonstration tells it: the plan it starts from, and what it has come to.

    Plan     what the court ordered, what the person and the office are like
    Life     the pen, the people around, and a small account of hours, absences and breach

The account is no second rule book: it only keeps the teller from telling what could not have been recorded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, Literal, TypeAlias

from ledger.demonstration.lines import Days, Pen, Staff, in_office
from ledger.demonstration.people import COURTS, Roster
from ledger.demonstration.sites import Site, Sites
from ledger.rules.dates import ONE_DAY, add_months

Promptness: TypeAlias = Literal["prompt", "late", "never"]
Ending: TypeAlias = Literal["completed", "revoked", "lapsed"]


@dataclass(frozen=True)
class Plan:
    """What the court ordered, what the person is like, and how quick the office is."""

    sentence: date
    hours: int = 100
    gender: str = "M"
    unit: str = "North"
    order_type: str = "CO"
    operational_months: int = 0
    years: int = 2
    requirements: tuple[str, ...] = ("UPW",)
    level: str = "LOW"
    turnout: float = 0.9
    modes: tuple[str, ...] = ("GROUP",)
    midweek: bool = False
    rhythm: float = 1.0  # in how many weeks of a hundred, as a share, there is a session
    appointment: Promptness = "prompt"
    upw: Promptness = "prompt"
    risk: Promptness = "prompt"
    six: Promptness = "prompt"
    nine: Promptness = "prompt"
    ete: bool = False
    surname: str = ""  # drawn where none is given, like forenames
    forenames: str = ""

    @property
    def operational_end(self) -> date | None:
        """The last day of the operational period; None for a community order."""
        return add_months(self.sentence, self.operational_months) - ONE_DAY if self.operational_months else None

    @property
    def order_end(self) -> date:
        """The last day of the order."""
        return self.operational_end or add_months(self.sentence, 12 * self.years) - ONE_DAY

    @property
    def single(self) -> bool:
        """Whether unpaid work is all there is."""
        return len(self.requirements) == 1


@dataclass(frozen=True)
class Told:
    """A line that may have to be put right: its key, its time, and who told it."""

    key: str
    moment: datetime
    by: Staff


@dataclass
class Missed:
    """An absence: when it was recorded, and from which days on it counted as unacceptable or no longer did."""

    id: str
    day: date
    recorded: datetime
    told: Told
    turns: list[tuple[date, bool]] = field(default_factory=list[tuple[date, bool]])
    spent: bool = False

    def counts_on(self, day: date) -> bool:
        """Whether it stands as unacceptable at the end of a day."""
        reached = [turn for turn in self.turns if turn[0] <= day]
        return not self.spent and bool(reached) and max(reached, key=lambda turn: turn[0])[1]


@dataclass(frozen=True)
class Lesson:
    """A part of an agreed activity, to be credited on a day."""

    ete_id: str
    day: date
    minutes: int
    evidence: str


@dataclass
class Life:
    """One person under one order."""

    pen: Pen
    days: Days
    roster: Roster
    sites: Sites
    plan: Plan
    order_id: str
    number: int
    site: Site | None = None
    allocation_id: str = ""
    allocated: datetime | None = None
    credited: int = 0
    ete: list[Lesson] = field(default_factory=list[Lesson])
    last_credit: date | None = None
    newest: datetime = datetime.min  # noqa: DTZ901 - of the work recorded so far, in London
    missed: list[Missed] = field(default_factory=list[Missed])
    decided_on: set[str] = field(default_factory=set[str])  # absences a decision on a breach was about
    hearing: date | None = None
    relied_on: list[Missed] = field(default_factory=list[Missed])
    applied_on: date | None = None
    due: date | None = None
    ending: Ending | None = None
    latest: datetime = datetime.min  # noqa: DTZ901 - of anything told so far

    # ------------------------------------------------------------------------------------ telling

    @property
    def rng(self) -> Random:
        return self.pen.rng

    def chance(self, share: float) -> bool:
        """Whether it happens, this time."""
        return self.rng.random() < share

    def staff(self, role: str) -> Staff:
        """Who has this role for the person's unit."""
        return self.roster.one(role, self.plan.unit)

    @property
    def holder(self) -> Staff:
        """Who is responsible: a PSO where unpaid work is all there is, else a probation officer (ALL-10)."""
        return self.staff("pso" if self.plan.single and self.plan.level in ("LOW", "MEDIUM") else "practitioner")

    @property
    def court(self) -> str:
        return COURTS[self.number % len(COURTS)]

    def tell(self, moment: datetime, by: Staff | str, command: str, /, **data: Any) -> Told:
        """Tell a command about this person."""
        self.latest = max(self.latest, moment)
        author = self.staff(by) if isinstance(by, str) else by
        return Told(self.pen.tell(moment, author, command, **data), moment, author)

    def of_order(self, moment: datetime, by: Staff | str, command: str, /, **data: Any) -> Told:
        """The same, for one that names the order."""
        return self.tell(moment, by, command, order_id=self.order_id, **data)

    def office(self, day: date) -> datetime:
        """Some time in the office on a working day."""
        return in_office(self.rng, self.days.working(day))

    # ------------------------------------------------------------------------------------ the account

    @property
    def ordered(self) -> int:
        return self.plan.hours * 60

    @property
    def owing(self) -> int:
        return self.ordered - self.credited

    def credit(self, minutes: int, day: date, moment: datetime) -> None:
        """Minutes count up to the order."""
        self.credited = min(self.ordered, self.credited + minutes)
        self.last_credit = max(self.last_credit or day, day)
        self.newest = max(self.newest, moment)

    def tally(self, day: date) -> list[Missed]:
        """The absences that stand as unacceptable at the end of a day."""
        return [each for each in self.missed if each.counts_on(day)]

    def leave_site(self, moment: datetime, reason: str) -> None:
        """The allocation comes to its end; the place is free from the next day."""
        if self.site is None or self.allocated is None:
            return
        coordinator = self.staff("placement-coordinator")
        data = {"allocation_id": self.allocation_id, "on": moment.date(), "reason": reason}
        self.tell(moment, coordinator, "EndAllocation", **data)
        self.site.taken[-1:] = [(self.allocated.date(), moment.date() + timedelta(days=7))]
        self.site = None
