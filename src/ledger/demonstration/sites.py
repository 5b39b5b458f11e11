"""The work sites of a demonstration: opened, approved, agreed, started; then their log, audits and reviews.

Women work with women only at the community garden or at an individual placement (ALL-07); a school has its mandatory
texts, its Saturdays, and a review every twelve weeks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any, Final

from ledger.demonstration import texts
from ledger.demonstration.lines import Book, Days, Pen, at, first_saturday, in_office, later
from ledger.demonstration.people import Roster
from ledger.rules.dates import add_months

ALL_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_KEPT_FREE: Final = 2  # places a coordinator leaves empty, for those who come back


@dataclass(frozen=True)
class Kind:
    """What is known of a site before it is opened."""

    name: str
    type: str
    unit: str
    mode: str = "GROUP"
    months: int = 30  # before today
    women: bool = False
    school: bool = False
    scores: tuple[int, ...] = (2, 1, 1, 1, 1)
    places: int = 24
    reviewed: int = 75  # days before today: the next review falls due in the coming days


KINDS: Final = (
    Kind("Mizzlecombe Park", "park", "North", scores=(2, 1, 2, 1, 1)),
    Kind("Grimplewick Country Park", "park", "South", scores=(2, 1, 1, 1, 1)),
    Kind("St Nowhere's Churchyard", "churchyard", "East", scores=(1, 1, 1, 1, 1)),
    Kind("Tiddlestead Primary School", "school grounds", "North", months=14, school=True, scores=(1, 2, 1, 1, 1)),
    # Its review is overdue, so it takes nobody on (PLC-27); nor did it before: its two places are kept free.
    Kind("Pocklemere Infant School", "school grounds", "South", months=14, school=True, places=2, reviewed=100),
    Kind("Placeholder Community Garden", "garden", "East", women=True),
    Kind("Specimen Hospice Shop", "charity shop", "South", mode="IP", places=12),
    Kind("Madeup Animal Sanctuary", "sanctuary", "East", mode="PIP", months=20, places=12),
)


@dataclass
class Site:
    """A running site, and from when to when people have been allocated to it."""

    kind: Kind
    id: str
    started: date
    taken: list[tuple[date, date]] = field(default_factory=list[tuple[date, date]])

    def open_to(self, gender: str, modes: tuple[str, ...], day: date) -> bool:
        """Whether a person could be allocated on a day."""
        fits = self.kind.mode in modes and (self.kind.mode != "GROUP" or self.kind.women == (gender == "F"))
        return fits and self.started <= day and self.occupied(day) < self.kind.places - _KEPT_FREE

    def occupied(self, day: date) -> int:
        """How many are allocated on a day."""
        return sum(since <= day <= until for since, until in self.taken)

    def plan_days(self, midweek: bool) -> tuple[int, ...]:
        """On which days of the week a person works here (Monday is 0)."""
        if self.kind.mode != "GROUP":
            return (2,)
        return (2, 5) if midweek and not self.kind.school else (5,)


@dataclass
class Sites:
    """Every site."""

    all: list[Site]

    def choose(self, rng: Random, gender: str, modes: tuple[str, ...], day: date, schools: bool) -> Site:
        """A site with room for a person on a day, the unit's own no sooner than another; the shop takes who is left."""
        found = [each for each in self.all if each.open_to(gender, modes, day) and (schools or not each.kind.school)]
        return rng.choice(found) if found else next(each for each in self.all if each.kind.mode == "IP")


def open_sites(book: Book, roster: Roster, seed: int) -> Sites:
    """Open every site and tell its life up to yesterday."""
    found: list[Site] = []
    for kind in KINDS:
        rng = Random(f"{seed}:{kind.name}")  # noqa: S311 - a demonstration is drawn again from its seed
        pen = Pen(book, "", rng)
        site = Site(kind, pen.id(), book.days.working(add_months(book.days.today, -kind.months)))
        pen.target = f"placement/{site.id}"
        _Telling(pen, roster, book.days, site).all()
        found.append(site)
    return Sites(found)


@dataclass
class _Telling:
    """Tells the life of one site."""

    pen: Pen
    roster: Roster
    days: Days
    site: Site

    def all(self) -> None:
        begun = self.days.working(self.site.started - timedelta(days=49))
        if self.site.kind.school:
            self.meeting(self.days.working(begun, 2))
        self.opened(begun)
        self.assessed(self.days.working(begun, 3))
        self.agreed(self.days.working(begun, 5))
        self.audited(self.days.working(begun, 12), begun)
        if self.site.kind.school:
            self.informed(self.days.working(begun, 13))
        self.tell(at(self.site.started, 9), "placement-coordinator", "StartPlacement", on=self.site.started)
        self.running()

    def tell(self, moment: Any, role: str, command: str, /, **data: Any) -> None:
        self.pen.tell(moment, self.roster.one(role, self.site.kind.unit), command, **data)

    def opened(self, day: date) -> None:
        kind = self.site.kind
        self.tell(
            at(day, 10),
            "placement-coordinator",
            "OpenPlacement",
            name=kind.name,
            type=kind.type,
            on_school_premises=kind.school,
            work_types=["GROUNDS_MAINTENANCE"] if kind.mode == "GROUP" else ["RETAIL"],
            in_school_hours=False,
            mode=kind.mode,
            max_no=kind.places,
            days_available=["Sat", "Sun"] if kind.school else list(ALL_DAYS),
            address=f"1 Nowhere Lane, {kind.name.split()[0]}",
            proposed_start=self.site.started,
            projected_completion=add_months(self.days.today, 24),
            contingency=None if kind.school else "Painting at the unit's workshop",
        )

    def meeting(self, day: date) -> None:
        coordinator = self.roster.one("placement-coordinator")
        self.tell(
            at(day, 10),
            "placement-coordinator",
            "RecordPlanningMeeting",
            on=day,
            head_teacher="H. Headmade",
            staff_id=coordinator.id,
        )

    def assessed(self, day: date) -> None:
        for n, requirement in enumerate(("S1", "S2", "S3", "TOOLS") if self.site.kind.school else ("TOOLS",)):
            self.tell(
                at(day, 10, 10 * n),
                "placement-coordinator",
                "FileRiskAssessment",
                requirement=requirement,
                achievable=True,
                location="project box",
                noted_in_pqs5=True,
                on=day,
            )
        self.tell(at(day, 15), "head-of-unpaid-work", "ApprovePlacement", on=day)

    def agreed(self, day: date) -> None:
        sections: dict[str, Any] = {"6": {"contact_timetable": "every second Saturday"}}
        if self.site.kind.school:
            sections["4"] = ["S1", "S2", "S3"]
        self.tell(at(day, 11), "placement-coordinator", "DraftAgreement", version=1, sections=sections)
        signed = self.days.working(day, 3)
        confirmed = ("briefed_on_risk_assessments", "insurance_confirmed", "information_received", "tasks_agreed")
        self.tell(
            at(signed, 14),
            "placement-coordinator",
            "SignAgreement",
            version=1,
            provider_name="H. Headmade" if self.site.kind.school else "P. Parkkeeper",
            provider_position="Head teacher" if self.site.kind.school else "Site manager",
            provider_signed_on=signed,
            manager_name="M. Madeup",
            manager_signed_on=signed,
            **dict.fromkeys((*confirmed, "contact_agreed", "role_models_agreed"), True),
        )

    def informed(self, day: date) -> None:
        self.tell(at(day, 16), "placement-coordinator", "RecordSchoolInformed", governors_on=day, parents_on=day)

    def audited(self, day: date, first: date) -> None:
        direct = self.site.kind.scores[0] > 1
        scores = [min(2, score + (day > first and self.pen.rng.random() < 0.2)) for score in self.site.kind.scores]
        self.tell(
            at(day, 14),
            "placement-coordinator",
            "AuditQuality",
            audit_id=self.pen.id(),
            cp_unit=self.site.kind.unit,
            type_of_work=self.site.kind.type,
            group_or_individual="group" if self.site.kind.mode == "GROUP" else "individual",
            auditor="A. Auditlike",
            audited_on=day,
            scores=scores if direct else [1, *scores[1:]],
            evidence=["seen"] * 5,
            q1_details={
                "with_direct_beneficiary": direct,
                "with_representative": not direct,
                "by_letter": False,
                "at_placement": True,
                "at_cp_premises": False,
            },
            q5_details={
                "key_skills": True,
                "pre_vocational_skills": False,
                "interpersonal_skills": True,
                "formal_certification": False,
            },
            frequency="weekly",
        )

    def running(self) -> None:
        """Reviews and audits in time, the log every Saturday of the last year, and now and then a spot check."""
        every = timedelta(days=77)
        day = self.days.today - timedelta(days=self.site.kind.reviewed)
        days: list[date] = []
        while day > self.site.started:
            days.insert(0, day)
            day -= every
        for day in days:
            reviewed = self.days.court_day(day)
            self.audited(reviewed, self.site.started)
            if self.site.kind.school:
                self.reviewed(reviewed)
            if self.pen.rng.random() < 0.5:
                self.spot_check(self.days.working(reviewed, 10))
        self.logged()

    def reviewed(self, day: date) -> None:
        self.tell(
            at(day, 16),
            "placement-coordinator",
            "ReviewPlacement",
            done_on=day,
            form_reviewed=True,
            pqs_reviewed=True,
            provider_signed_on=day,
            manager_signed_on=day,
            may_continue=True,
        )

    def spot_check(self, day: date) -> None:
        moment = in_office(self.pen.rng, day)
        findings = self.pen.rng.choice(texts.SPOT_CHECKS)
        self.tell(moment, "operations-manager", "RecordSpotCheck", on=day, unannounced=True, findings=findings)

    def logged(self) -> None:
        since = max(self.site.started, add_months(self.days.today, -12))
        day, sheet = first_saturday(since), 1
        while day < self.days.today:
            kind, entry = self.pen.rng.choice(texts.ENTRIES)
            moment = later(at(day, 16), self.pen.rng.randrange(45))
            self.tell(
                moment, "supervisor", "LogContact", sheet_no=sheet, on=day, initials="S. S.", kind=kind, entry=entry
            )
            day, sheet = day + timedelta(days=7), sheet + 1
