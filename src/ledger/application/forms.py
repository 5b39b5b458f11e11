"""The forms of the sources, filled from what is recorded: read, sealed as read, and put on paper.

    printed = await forms.form("child-protection-matter", id, "cp1", reader, of="019a…")
    printed.told(), printed.pdf()

A form is printed by whoever may read of the people on it, children and offenders; what of the rest the role does not
open prints as `[sealed]`.  Who is shown it is sealed in the access log first, with everybody on it.  The same record
prints as the same bytes until it is put right, or somebody on it is erased.

The rows of a monthly report are made again from the log, as the report says they were when it was issued, and held
against the digest it was issued with.  Proven by tests/api/test_forms.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeVar

from ledger.access.purposes import Reader
from ledger.access.readings import Readings, Screen, cases_in, people_of
from ledger.aggregates import FACT_BY_TOPIC
from ledger.aggregates.policy import Policy
from ledger.aggregates.register_report import MonthlyReportIssued, rows_hash
from ledger.aggregates.shape import Subject
from ledger.application.asking import Asked, Asking, Shown
from ledger.application.patience import in_time
from ledger.application.writing import Writing
from ledger.disclosing.seeing import may_open
from ledger.disclosing.table import FieldClass
from ledger.errors import Conflict, DatabaseUnavailable, Forbidden, Inconsistent, Unavailable, VaultUnavailable
from ledger.following import lists
from ledger.printing.forms import Filled, Form, Material, form_of, form_pdf
from ledger.printing.words import instant_in_words
from ledger.projections import WORKLISTS, Others, View, persons
from ledger.projections.letters import address
from ledger.projections.persons import told_of
from ledger.projections.why import Row
from ledger.rules.dates import printed
from ledger.rules.form_words import CONFIDENTIALITY
from ledger.rules.letters import filled as filled_in
from ledger.store.cases import Cases
from ledger.store.opening import Store

T = TypeVar("T")
NOT_FOR_ROLE: Final = "This form is printed in roles that may read of the people on it (docs/disclosing.md); not by {}."
OTHER_ROWS: Final = "The rows of this report do not come out as they were issued; run `ledger verify`."
PAUSED: Final = "{n} cases cannot be read, so the report would lack their rows; /worklists/monthly-report names them."
_WORKLIST: Final = WORKLISTS["monthly-report"]
_EVERY_ROW: Final = 1_000_000
_PEOPLE: Final = {Subject.CHILD: FieldClass.CHILD, Subject.OFFENDER: FieldClass.PERSON}
_PARTICULARS: Final = ("surname", "forenames", "dob", "aliases")


@dataclass(frozen=True, slots=True)
class Printed:
    """A form as it is put on paper.  `asked`: what was asked of the case, where it was not simply what stands now."""

    form: Form
    id: str
    filled: Filled
    notice: str
    shown: Shown
    asked: Asked

    @property
    def digest(self) -> str:
        """SHA-256 of all that it says, in hexadecimal."""
        return self.filled.digest(self.notice)

    @property
    def text(self) -> str:
        """All that it says, as text."""
        return self.filled.text(self.notice)

    @property
    def file(self) -> str:
        """What a file of it is called."""
        return f"{self.form.name}-{self.id}.pdf"

    def told(self) -> Row:
        """As JSON."""
        filled = self.filled
        says = {"notice": self.notice, "above": filled.above, "marking": filled.marking, "title": filled.title}
        return {
            **self.shown.moment(),
            "form": self.form.name,
            "source": self.form.source,
            "rules": list(self.form.rules),
            "digest": self.digest,
            **says,
            "parts": list(filled.parts),
        }

    def pdf(self) -> bytes:
        """Its pages; the same form is the same bytes."""
        foot = [f"What this form says, SHA-256: {self.digest}", f"{self.filled.foot} ({self.form.source})"]
        if self.asked.as_at or self.asked.known_at:
            known = instant_in_words(self.shown.known_at)
            foot.append(f"As at the end of {printed(self.shown.as_at)}, as known at {known}")
        return form_pdf(self.filled, self.notice, foot, self.filled.moment)


@dataclass(frozen=True, slots=True)
class Forms:
    """The printed forms of an open ledger."""

    store: Store
    cases: Cases
    asking: Asking
    readings: Readings

    async def form(
        self,
        noun: str,
        id: str,  # noqa: A002 - the contract's own word
        name: str,
        reader: Reader,
        *,
        of: str = "",
        as_at: date | None = None,
        known_at: datetime | None = None,
    ) -> Printed:
        """A form of a case: that of the record called `of`, the newest where none is named.

        Raises NotFound, Forbidden, LimitedAccess, Conflict, Inconsistent, DatabaseUnavailable, VaultUnavailable,
        AccessLogUnavailable.
        """
        form = form_of(noun, name)
        if not may_print(reader, form):
            raise Forbidden(NOT_FOR_ROLE.format(reader.by.role))
        asked = Asked(noun, id, as_at, known_at, reader=reader)
        words, rows = Words(), list[Row]()
        made: list[Callable[[], Filled]] = []

        def show(history: Any, policy: Policy, day: date, known: int, explain: bool, others: Others) -> Row:
            del policy, known, explain

            def person(offender_id: str) -> Row:
                theirs = others(f"offender-{offender_id}")
                return {**told_of(theirs, _PARTICULARS), "address": address(theirs)}

            made[:] = [lambda: form.fill(Material(history, day, of, person, words, rows))]
            return {"filled": made[0]()}

        view = View(f"form {name}", noun, show, form.opens, across=True, rests_on={})
        shown, answer = await self.asking.answered(view, asked, lambda _: None)
        filled: Filled = answer["filled"]
        policy = (await self._in_time(self.cases.policy(fresh=True))).policy
        named = set(filled.persons)
        if form.lists:
            rows += await self._rows(filled, reader, policy)
            named |= cases_in(rows)
        words(CONFIDENTIALITY, filled.day)
        writing = Writing(self.store.database, self.cases)
        for template, day in words.wanted:
            found = await self._in_time(writing.template(policy, template, day), VaultUnavailable)
            words.texts[template, day] = found.text
        filled = made[0]()
        people = people_of({**form.opens, **(persons.OPENS if form.lists else {})})
        screen = Screen(asked.target, view.name, shown.position, shown.as_at, shown.known_at, people)
        await self.readings.begin(reader, screen, shown.cases | named, shown.policy).sealed()
        notice = filled_in(words(CONFIDENTIALITY, filled.day), {"paper": filled.paper})
        return Printed(form, id, filled, notice, shown, asked)

    async def _rows(self, filled: Filled, reader: Reader, policy: Policy) -> list[Row]:
        """The rows of a monthly report as they were issued, with whom they are about as known then."""
        fact: MonthlyReportIssued = filled.rests_on[0].fact
        upto = fact.rows_position or 0
        question = lists.Question(fact.rows_as_at, most=_EVERY_ROW)
        page = await lists.folded(self.store.database, self.cases, _WORKLIST, question, policy, upto)
        if page.paused:
            raise Conflict(PAUSED.format(n=len(page.paused)))
        if rows_hash(page.items) != fact.rows_hash:
            raise Inconsistent(OTHER_ROWS)
        return await self.asking.named_rows(reader, _WORKLIST, page, fact.rows_as_at)

    async def _in_time(self, reading: Awaitable[T], late: type[Unavailable] = DatabaseUnavailable) -> T:
        return await in_time(self.store.deadline, reading, late)


class Words:
    """The words that an area may change, as far as they are read: what is asked for before is empty, and wanted."""

    def __init__(self) -> None:
        self.texts: dict[tuple[str, date], str] = {}
        self.wanted: dict[tuple[str, date], None] = {}

    def __call__(self, name: str, day: date) -> str:
        """The text of a template on a day."""
        self.wanted[name, day] = None
        return self.texts.get((name, day), "")


def may_print(reader: Reader, form: Form) -> bool:
    """Whether a reader's role may read of all the people on a form, children and offenders."""
    opens: Mapping[str, tuple[str, ...]] = {**form.opens, **(persons.OPENS if form.lists else {})}
    whose = (FACT_BY_TOPIC[topic].whose.get(name) for topic, names in opens.items() for name in names)
    return all(may_open(reader.by, _PEOPLE[each.subject]) for each in whose if each and each.subject in _PEOPLE)
