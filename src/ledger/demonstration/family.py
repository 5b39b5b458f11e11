"""A family in a demonstration: two adults under orders of two units, three children, a case review (docs/FAMILY.md).

    tell(book, people, sites, seed)      -> the ids of those it is about, as `Family`

A worry becomes a referral and a conference; the children are registered with both adults; one unit reviews in time,
the other misses a review; to a second conference nobody goes and nobody writes.  One child is badly hurt: records are
secured, a hold stands, and what is due for erasure waits for it.  The review is signed, the hold released, and the
erasure that waited runs the same day, by itself: no line asks for it.

Numbers are days before today.  Every name is put together like the others, and no text names a child (GEN-10).  Proven
by tests/demonstration/test_family.py and tests/journeys/browser/test_family.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any, Final

from ledger.demonstration import reviewing
from ledger.demonstration.beginning import allocate, begin
from ledger.demonstration.lines import Book, Pen, Staff, a_uuid, at, first_saturday
from ledger.demonstration.lives import Life, Plan
from ledger.demonstration.people import Roster, child
from ledger.demonstration.progressing import check, planned_check
from ledger.demonstration.sites import Sites
from ledger.demonstration.working import session_day
from ledger.rules.data_protection import YELLOW_DOT
from ledger.rules.dates import add_months
from ledger.rules.register import CHILD_REMOVED

SURNAME: Final = "Tiddlecombe"
MOTHER, PARTNER = 990_001, 990_002  # their numbers: nobody else's of a caseload
FIRST_CHILD: Final = 150  # among the numbers of children
OFFICER: Final = "information-officer"
FORTNIGHT: Final = timedelta(days=14)
REVIEW_MONTHS: Final = 4  # cp.register_review, which nobody here changed
REPORTED: Final = 45  # days ago: the register's monthly report


@dataclass(frozen=True)
class Family:
    """Who is who: ids."""

    mother: str
    partner: str
    children: tuple[str, ...]  # the eldest is the one who was hurt
    entries: tuple[str, str]  # the mother's, her partner's
    matter: str
    review: str
    hold: str


def tell(book: Book, people: Roster, sites: Sites, seed: int) -> Family:
    """The family's year, from the orders to last week."""
    mother = _life(book, people, sites, seed, _MOTHER)
    partner = _life(book, people, sites, seed, _PARTNER)
    rng = Random(f"{seed}:family")  # noqa: S311 - a demonstration is drawn again from its seed
    pens = {name: _pen(book, rng, name) for name in ("matter", "review", "mother's entry", "partner's entry")}
    story = Story(book, people, mother, partner, rng, pens)
    story.children = tuple(a_uuid(rng) for _ in range(3))
    story.worry()
    story.conference()
    story.registered()
    story.responsible()
    story.reviews()
    story.nobody_came()
    reviewing.hurt(story)
    story.removed()
    story.reported()
    reviewing.reviewed(story)
    entries = (pens["mother's entry"].target[-36:], pens["partner's entry"].target[-36:])
    matter, review = (pens[name].target[-36:] for name in ("matter", "review"))
    return Family(story.of(mother), story.of(partner), story.children, entries, matter, review, story.hold)


@dataclass(frozen=True)
class _Adult:
    number: int
    sentenced: int
    terms: dict[str, Any]


_MOTHER: Final = _Adult(MOTHER, 330, {"unit": "North", "gender": "F", "forenames": "Leanne"})
_PARTNER: Final = _Adult(PARTNER, 310, {"unit": "South", "gender": "M", "forenames": "Darren"})
_NOUNS: Final = {"matter": "child-protection-matter", "review": "case-review"}


def _life(book: Book, people: Roster, sites: Sites, seed: int, adult: _Adult) -> Life:
    """An order served well, every other Wednesday, away from every school (PLC-06)."""
    days = book.days
    plan = Plan(
        sentence=days.court_day(days.today - timedelta(days=adult.sentenced)),
        hours=160,
        requirements=("UPW", "RAR"),
        level="MEDIUM",
        turnout=1.0,
        modes=("IP",),
        surname=SURNAME,
        **adult.terms,
    )
    rng = Random(f"{seed}:family {adult.number}")  # noqa: S311 - a demonstration is drawn again from its seed
    pen = Pen(book, f"offender/{a_uuid(rng)}", rng)
    life = Life(pen, days, people, sites, plan, order_id=pen.id(), number=adult.number)
    begin(life)
    first = allocate(life)
    assert first is not None
    checks = {6: planned_check(life, 6, plan.six), 9: planned_check(life, 9, plan.nine)}
    wednesday = first_saturday(first) + timedelta(days=4)
    while life.owing and wednesday <= days.today:
        for point, day in checks.items():
            if day is not None and wednesday - FORTNIGHT < day <= wednesday:
                check(life, point, day)
        session_day(life, wednesday)
        wednesday += FORTNIGHT
    return life


def _pen(book: Book, rng: Random, name: str) -> Pen:
    return Pen(book, f"{_NOUNS.get(name, 'register-entry')}/{a_uuid(rng)}", rng)


@dataclass
class Story:
    """What happens around the family, told by those who did it."""

    book: Book
    people: Roster
    mother: Life
    partner: Life
    rng: Random
    pens: dict[str, Pen]
    children: tuple[str, ...] = ()
    conference_id: str = ""
    hold: str = field(default="")
    particulars: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])  # of the children

    @staticmethod
    def of(life: Life) -> str:
        """The id of an adult."""
        return life.pen.target.removeprefix("offender/")

    def day(self, ago: int, then: int = 0) -> date:
        """The day itself, or the last working day before it; or so many working days later."""
        day = self.book.days.court_day(self.book.days.today - timedelta(days=ago))
        return self.book.days.working(day, then) if then else day

    def tell(self, pen: str, ago: int, hour: int, by: Staff | str, command: str, /, **data: Any) -> None:
        """One line of one of the four records; `by`: a role that serves all units, or somebody."""
        author = self.people.one(by) if isinstance(by, str) else by
        self.pens[pen].tell(at(self.day(ago), hour), author, command, **data)

    # ------------------------------------------------------------------------------------ the worry

    def worry(self) -> None:
        """At reception in the South somebody hears of it; it is passed on, asked about, and referred the next day."""
        matter, south, desk = self.pens["matter"], self.partner.holder, self.partner.staff("pso")
        of = {"concern_id": matter.id(), "offender_id": self.of(self.partner)}
        check, referral = {"check_id": matter.id()}, {"referral_id": matter.id()}
        noted, asked, written, answered = (self.day(262, then) for then in (0, 1, 2, 6))
        matter.tell(
            *(at(noted, 10), desk, "RecordConcern"),
            **of,
            source="RECEPTION",
            noted_on=noted,
            grave=False,
            category="SIGNIFICANT_HARM",
            note="He said at the desk that things are being thrown at home, with the children in the room.",
        )
        passed_on = {"concern_id": of["concern_id"], "form": "CNF1", "to_role": "line manager", "on": noted}
        matter.tell(at(noted, 11), desk, "NotifyConcern", **passed_on)
        of_check = {**check, "offender_id": of["offender_id"], "reason": "CHANGE"}
        matter.tell(at(asked, 9), south, "RequestCheck", **of_check, on=asked)
        for hour, form in ((10, "R6"), (11, "R7")):
            told = {"form": form, "on": asked, "confidential": True}
            matter.tell(at(asked, hour), south, "CompleteChildRiskSection", **told)
        made = {"concern_ids": [of["concern_id"]], "made_at": at(asked, 12), "channel": "PHONE"}
        matter.tell(at(asked, 12), south, "MakeReferral", **referral, **made, sent_to="duty desk")
        matter.tell(at(written, 9), south, "ConfirmReferral", **referral, on=written)
        content = "A worry about the home they share was referred; the mother is your case."
        matter.tell(at(written, 14), south, "InformUnit", unit="North", on=written, content=content)
        self.known_in_the_north(self.day(262, 4))
        matter.tell(at(answered, 10), south, "RecordCheckAnswer", **check, on=answered, q1=True, q2=True)
        outline = "Enquiries have begun; a conference is called."
        matter.tell(at(answered, 11), south, "RecordReply", **referral, on=answered, outline=outline)

    def known_in_the_north(self, day: date) -> None:
        """The mother's officer enters what was heard as new information; a risk manager countersigns (CP-09)."""
        note = "She says that she sends the children to their room when it gets loud."
        told = {"offender_id": self.of(self.mother), "on": day, "note": note}
        self.pens["matter"].tell(at(day, 11), self.mother.holder, "RecordNewInformation", **told)
        manager = Staff(a_uuid(self.rng), "risk-manager")
        self.pens["matter"].tell(at(day, 15), manager, "Countersign", on=day)

    def conference(self) -> None:
        """The first conference has its report, its minutes and an action; the core group meets in time."""
        self.conference_id, action = self.pens["matter"].id(), self.pens["matter"].id()
        of, on, south = {"conference_id": self.conference_id}, self.day, self.partner.holder
        self.tell("matter", 252, 9, "team-admin", "RecordInvitation", **of, kind="INITIAL", for_date=on(246))
        self.tell("matter", 251, 9, south, "AnswerInvitation", **of, on=on(251), answer="Both officers will come.")
        sections = {"work_done": "Unpaid work kept; talks about anger begun.", "risk": "Medium; to be reviewed."}
        report = {"sections": sections, "statement_types": ["fact", "opinion"], "shared_with_family_on": on(248)}
        self.tell("matter", 248, 10, south, "SubmitConferenceReport", **of, on=on(248), **report)
        self.tell("matter", 246, 12, south, "RecordConferenceAttendance", **of, on=on(246))
        text = "See him fortnightly with the social worker until the review."
        self.tell("matter", 246, 15, south, "SetConferenceAction", **of, action_id=action, text=text, due=on(160))
        attended = ["probation", "children's services", "school"]
        self.tell("matter", 240, 14, south, "RecordCoreGroup", first=True, on=on(240), attended=attended)
        minutes = {"received_on": on(232), "checked_on": on(231), "accurate": True}
        self.tell("matter", 231, 11, south, "CheckMinutes", **of, **minutes)
        self.tell("matter", 165, 11, south, "CompleteConferenceAction", action_id=action, on=on(165))

    # ------------------------------------------------------------------------------------ the register

    def registered(self) -> None:
        """Both officers ask; one entry names all three children, the other the two who live with him."""
        for n, each in enumerate(self.children):
            pen = Pen(self.book, f"child/{each}", self.rng)
            particulars = child(self.rng, FIRST_CHILD + n, self.book.days.today) | {"surname": SURNAME}
            pen.tell(at(self.day(244), 9, n), self.people.one(OFFICER), "RecordChild", **particulars)
            self.particulars.append(particulars)
        for name, life, children in (
            ("mother's entry", self.mother, self.children),
            ("partner's entry", self.partner, self.children[:2]),
        ):
            told = {"offender_id": self.of(life), "ground": "REGISTER_CHILD"}
            self.tell(name, 244, 10, life.holder, "SubmitR7", **told, on=self.day(244))
            filed = {"copy_of_r7_filed": True, "roh_register_linked": True, "registered_on": self.day(244)}
            self.tell(name, 244, 14, OFFICER, "EnterRegister", **told, **filed, child_ids=list(children))

            self.marked(life, 244 if life is self.mother else 104)

    def responsible(self) -> None:
        """Either officer tells the key worker by form CP1 who has the case and whom it is about (CP-14)."""
        day, telling = (
            self.day(244, 1),
            (
                (self.mother, self.particulars, "Mother of all three, who live with her."),
                (self.partner, self.particulars[:2], "Lives with the two elder ones; father of neither."),
            ),
        )
        for n, (life, children, relationship) in enumerate(telling):
            adult = {"surname": SURNAME, "forenames": life.plan.forenames, "sex": life.plan.gender, "rtoc": True}
            named = [{name: str(each[name]) for name in ("surname", "forenames", "dob")} for each in children]
            self.pens["matter"].tell(
                *(at(day, 10 + n), life.holder, "SendCp1"),
                on=day,
                tick_child_on_register=True,
                tick_risk_to_children=True,
                location="Area office, duty team",
                children=named,
                offenders=[adult],
                relationship=relationship,
                supervision_commenced=life.plan.sentence,
                supervision_expires=life.plan.order_end,
                officer=f"The practitioner of the {life.plan.unit}",
                officer_location=f"{life.plan.unit} office",
                telephone="01632 960000",
            )

    def marked(self, life: Life, ago: int) -> None:
        """A yellow dot on the file (DP-04): the North's at once, the South's not before its missed review came up."""
        day = self.day(ago)
        life.tell(at(day, 16), "team-admin", "MarkFile", marker=YELLOW_DOT, on=day)

    def reviews(self) -> None:
        """The North reviews in time, twice; the South misses one, is asked by the Information Officer, and answers."""
        for name, life, days in (("mother's entry", self.mother, (126, 12)), ("partner's entry", self.partner, (100,))):
            for ago in days:
                self.tell(name, ago, 10, OFFICER, "ReceiveFormP", on=self.day(ago))
                self.tell(name, ago, 11, life.holder, "ReviewRegister", on=self.day(ago), outcome="UNCHANGED")
        raised = {"due_on": add_months(self.day(244), REVIEW_MONTHS), "to_unit": "South", "raised_on": self.day(110)}
        self.tell("partner's entry", 110, 15, OFFICER, "RaiseMissedReview", **raised)
        result = "The officer was on leave and nobody had the case; Form P comes this week."
        self.tell("partner's entry", 104, 15, "team-admin", "FollowUpMissedReview", on=self.day(104), result=result)

    def nobody_came(self) -> None:
        """To the review conference nobody went, and no report was sent: it stands like that to this day (CP-20)."""
        told = {"conference_id": self.pens["matter"].id(), "kind": "REVIEW", "for_date": self.day(155)}
        self.tell("matter", 170, 9, "team-admin", "RecordInvitation", **told)

    def removed(self) -> None:
        """The eldest goes to live elsewhere, off the register: both links end, and the details wait for the hold."""
        for name, life in (("mother's entry", self.mother), ("partner's entry", self.partner)):
            of, day = {"child_id": self.children[0], "ground": CHILD_REMOVED}, self.day(60)
            self.tell(name, 60, 10, life.holder, "NotifyDeregistration", **of, occurred_on=day, notified_on=day)
            self.tell(name, 60, 15, OFFICER, "EndLink", **of, offender_id=self.of(life), on=day)

    def reported(self) -> None:
        """The register's report of a month, with both adults in it, goes out; a risk manager confirms the list."""
        issued, confirmed = self.day(REPORTED), self.day(REPORTED, 3)
        report = Pen(self.book, f"register-report/{issued:%Y-%m}", self.rng)
        recipients = ["Risk manager", "Unit managers"]
        report.tell(
            at(issued, 9), self.people.one(OFFICER), "IssueMonthlyReport", issued_on=issued, recipients=recipients
        )
        manager = Staff(a_uuid(self.rng), "risk-manager")
        report.tell(at(confirmed, 15), manager, "ConfirmRegisterList", on=confirmed)
