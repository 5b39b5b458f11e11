"""Child protection in a demonstration: the register, its reviews and de-registrations, concerns that came up, a hold.

One of each state that the worklists `register-reviews` and `deregistration` show, on cases that go on, whose
responsible officer may work on them (ALL-14) and who are at no school (PLC-06).  Every name is put together like the
others, and no text names a child (GEN-10).  Proven by tests/demonstration/: every line is accepted, every worklist has
rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from ledger.demonstration.lines import Book, Days, Pen, Staff, at
from ledger.demonstration.lives import Life
from ledger.demonstration.people import Roster, child
from ledger.rules.dates import add_months
from ledger.rules.register import CHILD_REMOVED, CONTACT_CEASED, TEXTS, written

OFFICER: Final = "information-officer"
REVIEW_MONTHS: Final = 4  # cp.register_review, which nobody here changed
FIRST_WEEKS: Final = timedelta(days=45)  # after sentence: both assessments are done, somebody holds the case


@dataclass(frozen=True)
class Entry:
    """A registration; every number is of days before today."""

    registered: int | None  # None: R7 has gone off, nobody has entered it yet
    ground: str = "REGISTER_CHILD"
    children: tuple[int, ...] = ()  # by number: one child may be linked to two persons
    asked: int = 0  # R7, where it is not the day of the registration
    reviewed: tuple[int, ...] = ()
    raised: int | None = None  # the missed review was brought to the unit
    followed_up: int | None = None
    notified: tuple[str, int] | None = None  # the ground for de-registration, and when it arose
    closed: int | None = None


ENTRIES: Final = (
    Entry(300, children=(0,), reviewed=(180,), notified=(CHILD_REMOVED, 70), closed=66),
    Entry(250, children=(1, 2), reviewed=(135, 112)),  # the next is due within a fortnight
    Entry(230, children=(3,), reviewed=(115,), notified=(CONTACT_CEASED, 4)),
    Entry(200, "LOOKED_AFTER", children=(4,), raised=60, followed_up=50),
    Entry(150, children=(5,)),  # its first review is missed, and nobody has raised it
    Entry(90, "CONCERN"),
    Entry(30, children=(2,)),
    Entry(None, "LOOKED_AFTER", asked=5),
)


@dataclass(frozen=True)
class Concern:
    """A concern that came up on site, so many days before today."""

    ago: int
    grave: bool
    category: str
    note: str


CONCERNS: Final = (
    Concern(45, False, "SIGNIFICANT_HARM", "He said on the van that the children are by themselves most evenings."),
    Concern(13, True, "SIGNIFICANT_HARM", "He told the supervisor of a bruise and would not say how it came about."),
    Concern(6, False, "IN_NEED", "He asked where to get food for the family until the end of the month."),
)


def protect(book: Book, people: Roster, lives: Sequence[Life], seed: int) -> None:
    """Tell every registration and every concern, on those of these lives that go on."""
    found = sorted((each for each in lives if _fits(each)), key=lambda each: (each.plan.sentence, each.number))
    register = _Register(book, people, Random(f"{seed}:register"), {})  # noqa: S311 - drawn again from its seed
    for n, entry in enumerate(ENTRIES):
        day = _ago(book.days, entry.asked if entry.registered is None else entry.registered)
        if (life := _next(found, day)) is not None:
            register.enter(life, entry, day, Random(f"{seed}:entry {n}"))  # noqa: S311 - drawn again
    for n, concern in enumerate(CONCERNS):
        day = _ago(book.days, concern.ago)
        if (life := _next(found, day)) is not None:
            _concern(book, life, concern, day, Random(f"{seed}:concern {n}"))  # noqa: S311 - drawn again


def _next(lives: list[Life], day: date) -> Life | None:
    """The first of these that was under way by a day; it goes to the end, so that each has its turn."""
    found = next((each for each in lives if each.plan.sentence + FIRST_WEEKS < day), None)
    if found is not None:
        lives.remove(found)
        lives.append(found)
    return found


def _fits(life: Life) -> bool:
    return (
        life.ending is None
        and life.holder.role == "practitioner"
        and life.site is not None
        and not life.site.kind.school
    )


def _ago(days: Days, n: int) -> date:
    return days.court_day(days.today - timedelta(days=n))


# ------------------------------------------------------------------------------------------ the register


@dataclass
class _Register:
    """Tells what the Information Officer does, and who asks for it."""

    book: Book
    people: Roster
    rng: Random
    children: dict[int, str]  # by number: the id, once recorded

    @property
    def officer(self) -> Staff:
        return self.people.one(OFFICER)

    def enter(self, life: Life, entry: Entry, asked: date, rng: Random) -> None:
        """One registration, from R7 to where it stands."""
        days, offender_id = self.book.days, life.pen.target.removeprefix("offender/")
        pen = Pen(self.book, "", rng)
        pen.target = f"register-entry/{pen.id()}"
        pen.tell(at(asked, 10), life.holder, "SubmitR7", offender_id=offender_id, ground=entry.ground, on=asked)
        if entry.registered is None:
            return
        pen.tell(
            at(asked, 14),
            self.officer,
            "EnterRegister",
            offender_id=offender_id,
            child_ids=[self.child(number, asked) for number in entry.children],
            ground=entry.ground,
            registered_on=asked,
            copy_of_r7_filed=True,
            roh_register_linked=True,
        )
        for ago in entry.reviewed:
            self._reviewed(pen, life, _ago(days, ago))
        self._missed(pen, life, entry, asked)
        self._taken_off(pen, life, entry)

    def child(self, number: int, day: date) -> str:
        """The id of a child, who is recorded when first registered."""
        if number not in self.children:
            pen = Pen(self.book, "", self.rng)
            self.children[number] = pen.id()
            pen.target = f"child/{self.children[number]}"
            pen.tell(at(day, 12, number), self.officer, "RecordChild", **child(self.rng, number, self.book.days.today))
        return self.children[number]

    def _reviewed(self, pen: Pen, life: Life, day: date) -> None:
        pen.tell(at(day, 10), self.officer, "ReceiveFormP", on=day)
        pen.tell(at(day, 11), life.holder, "ReviewRegister", on=day, outcome="UNCHANGED")

    def _missed(self, pen: Pen, life: Life, entry: Entry, registered: date) -> None:
        days = self.book.days
        if entry.raised is not None:
            raised = _ago(days, entry.raised)
            due = add_months(registered, REVIEW_MONTHS)
            data = {"due_on": due, "to_unit": life.plan.unit, "raised_on": raised}
            pen.tell(at(raised, 15), self.officer, "RaiseMissedReview", **data)
        if entry.followed_up is not None:
            day = _ago(days, entry.followed_up)
            result = "Form P was asked for again; the officer was on leave."
            pen.tell(at(day, 15), self.people.one("team-admin"), "FollowUpMissedReview", on=day, result=result)

    def _taken_off(self, pen: Pen, life: Life, entry: Entry) -> None:
        days = self.book.days
        if entry.notified is None:
            return
        ground, ago = entry.notified
        day = _ago(days, ago)
        pen.tell(at(day, 10), life.holder, "NotifyDeregistration", ground=ground, occurred_on=day, notified_on=day)
        if entry.closed is not None:
            closed = _ago(days, entry.closed)
            pen.tell(at(closed, 10), self.officer, "CloseRegisterEntry", ground=ground, closed_on=closed)
            told = {"entry_no": 1, "entered_on": closed, "text": written(TEXTS[ground], closed)}
            life.pen.tell(at(closed, 11), self.officer, "MakeNotebookEntry", **told)


# ------------------------------------------------------------------------------------------ concerns


def _concern(book: Book, life: Life, concern: Concern, day: date, rng: Random) -> None:
    """A concern told on site; the older ones have been passed on, the newest is still to be."""
    pen = Pen(book, "", rng)
    pen.target, concern_id = f"child-protection-matter/{pen.id()}", pen.id()
    offender_id, supervisor = life.pen.target.removeprefix("offender/"), life.staff("supervisor")
    pen.tell(
        at(day, 11),
        supervisor,
        "RecordConcern",
        concern_id=concern_id,
        offender_id=offender_id,
        source="UPW_SITE",
        noted_on=day,
        grave=concern.grave,
        category=concern.category,
        note=concern.note,
    )
    if concern.grave:
        moment = at(day, 11, 20)
        data = {"concern_id": concern_id, "to_agency": "CHILDREN_SERVICES", "escalated_at": moment}
        pen.tell(moment, supervisor, "EscalateConcern", **data)
        _held(book, life, book.days.working(day, 2), rng)
    if concern.category == "IN_NEED":
        return
    data = {"concern_id": concern_id, "form": "CNF1", "to_role": "line manager", "on": day}
    pen.tell(at(day, 12), supervisor, "NotifyConcern", **data)
    _referred(pen, life, concern_id, offender_id, day)


def _held(book: Book, life: Life, day: date, rng: Random) -> None:
    """The safeguarding board looks into it; nothing of the person is erased meanwhile."""
    pen, moment = Pen(book, "", rng), at(day, 9)
    pen.target, aco = f"case-review/{pen.id()}", life.staff("aco")
    persons = [life.pen.target.removeprefix("offender/")]
    pen.tell(
        moment,
        aco,
        "ReferSeriousIncident",
        ground="OTHER_SERIOUS_CONCERN",
        child_refs=[],
        offender_refs=persons,
        referred_at=moment,
        sent_to="safeguarding board",
    )
    pen.tell(at(day, 10), aco, "PlaceHold", hold_id=pen.id(), placed_at=at(day, 10), offender_refs=persons)
    set_on = book.days.working(day, 2)
    panel = {"remit": "How services worked together.", "members": ["Panel member for health"]}
    panel |= {"constituted_on": set_on, "diversity_considered": True}
    pen.tell(at(set_on, 11), aco, "ConstituteReview", **panel)


def _referred(pen: Pen, life: Life, concern_id: str, offender_id: str, day: date) -> None:
    """Children's services are asked and told, and answer in their time."""
    days, check_id, referral_id = pen.book.days, pen.id(), pen.id()
    asked = days.working(day, 1)
    data = {"check_id": check_id, "offender_id": offender_id, "on": asked, "reason": "CHANGE"}
    pen.tell(at(asked, 10), life.holder, "RequestCheck", **data)
    for n, form in enumerate(("R6", "R7")):
        pen.tell(at(asked, 11, 10 * n), life.holder, "CompleteChildRiskSection", form=form, on=asked, confidential=True)
    made = at(asked, 12)
    data = {"referral_id": referral_id, "concern_ids": [concern_id], "made_at": made, "channel": "PHONE"}
    pen.tell(made, life.holder, "MakeReferral", sent_to="duty desk", **data)
    confirmed, answered = days.working(asked, 1), days.working(asked, 12)
    pen.tell(at(confirmed, 10), life.holder, "ConfirmReferral", referral_id=referral_id, on=confirmed)
    pen.tell(at(answered, 10), life.holder, "RecordCheckAnswer", check_id=check_id, on=answered, q1=False, q2=True)
    outline = "An initial assessment is under way."
    pen.tell(at(answered, 11), life.holder, "RecordReply", referral_id=referral_id, on=answered, outline=outline)
