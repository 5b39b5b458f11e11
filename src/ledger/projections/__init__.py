"""What is asked often: each view a pure fold over the chain of one case, each worklist its rows per case.

    view.show(history, policy, as_at, known, explain)      -> members of the answer
    worklist.rows(history, policy, as_at, known)           -> rows of one case

`history`: the chain of the case (ledger-format.md, *Completeness*) up to the position asked for; `policy` may know
more: `known` cuts it.  A tuple is the registry: a new view or worklist is one file and one name here.  Proven by
tests/projections/.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, Final, cast

from ledger.aggregates.offender import OPENS
from ledger.aggregates.placement import OPENS as PLACEMENT_OPENS
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Recorded, Unread
from ledger.aggregates.staff import OPENS as STAFF_OPENS
from ledger.projections import (
    allocation,
    attendance,
    backlog,
    case_review,
    case_review_worklist,
    child,
    child_protection,
    child_protection_case,
    child_protection_worklist,
    chronology,
    client_details,
    course,
    data_rights,
    enforcement,
    exceptions,
    forms,
    late_recording,
    monthly_report,
    nomination,
    oasys_checks,
    outcomes,
    outlook,
    persons,
    placement,
    progress,
    progress_worklists,
    register,
    register_worklists,
    review_chronology,
    staff,
    who_knew,
)
from ledger.projections.why import Row

History = Sequence[Recorded[Any]]
Others = Callable[[str], History]
Show = Callable[[History, Policy, date, int, bool], Row]
ShowAcross = Callable[[History, Policy, date, int, bool, Others], Row]
RowsOf = Callable[[History, Policy, date, int], list[Row]]
MomentsOf = Callable[[History, Policy, int], Iterable[date]]


@dataclass(frozen=True, slots=True)
class OtherHistories:
    """The chains of other cases that a view has asked for so far, as known then."""

    read: dict[str, History] = field(default_factory=dict[str, History])

    def __call__(self, name: str) -> History:
        """The chain of "child-019a…".  Raises Unread: read it, lay it in `read`, and ask the view again."""
        if name not in self.read:
            raise Unread((name,))
        return self.read[name]


@dataclass(frozen=True, slots=True)
class View:
    """A view of a noun.

    `opens`: the sealed fields it reads, by topic; None for all that the reader may see.  `across`: it looks at other
    cases too, beside its own chain.  `whole`: it lists the facts of those, each record of a person by its own chain, so
    that their values are only for who reads whole files.  `rests_on`: those that it comes to a state or a flag with,
    for every reader, and prints of none; None for those that decisions on such a case rest on.  `level`: the member
    that prints a level of risk all the same, to whom such values are opened.
    """

    name: str
    noun: str
    show: Show | ShowAcross
    opens: Mapping[str, tuple[str, ...]] | None
    across: bool = False
    whole: bool = False
    rests_on: Mapping[str, tuple[str, ...]] | None = None
    level: str = ""

    def answer(self, history: History, policy: Policy, as_at: date, known: int, explain: bool, others: Others) -> Row:
        """The members of the answer.  Raises Unread if it is `across` and `others` does."""
        if self.across:
            return cast("ShowAcross", self.show)(history, policy, as_at, known, explain, others)
        return cast("Show", self.show)(history, policy, as_at, known, explain)


VIEWS: Final = (
    View("person", "offender", persons.view, persons.HEAD, rests_on=persons.RAISED_BY, level="risk_level"),
    View("enforcement", "offender", enforcement.view, OPENS),
    View("progress", "offender", progress.view, OPENS),
    View("outlook", "offender", outlook.view, OPENS),
    View("outcomes", "offender", outcomes.view, outcomes.READS),
    View("allocation", "offender", allocation.view, allocation.OPENS, across=True),
    View("child-protection", "offender", child_protection.view, {}, across=True),
    View("register", "offender", register.view, register.OPENS, across=True),
    View("client-details", "offender", client_details.view, client_details.OPENS, rests_on={}, level="risk_assessment"),
    View("child", "child", child.view, child.OPENS),
    View("client-details", "child", client_details.child, {**child.OPENS, **client_details.CHILD_OPENS}),
    View("register-entry", "register-entry", register.entry_view, register.ENTRY_OPENS, across=True),
    View("oversight", "offender", case_review.oversight, {}),
    View("placement", "placement", placement.view, PLACEMENT_OPENS),
    View("nomination", "nomination", nomination.view, {}),
    View("chronology", "offender", chronology.view, None),
    View(
        "child-protection-matter",
        "child-protection-matter",
        child_protection.matter_view,
        course.OF_A_MATTER,
        across=True,
    ),
    View("case-review", "case-review", case_review.view, course.OF_A_REVIEW, rests_on={}),
    View("chronology", "case-review", review_chronology.view, None, across=True, whole=True),
    View("who-knew", "case-review", who_knew.view, OPENS, across=True),
    View("data-rights", "offender", data_rights.view, data_rights.OPENS),
    View("data-breach", "data-breach", data_rights.breach_view, data_rights.BREACH_OPENS),
    View("register-report", "register-report", monthly_report.view, monthly_report.OPENS),
    View("staff", "staff", staff.view, STAFF_OPENS),
    *(View("forms", noun, forms.view, {}) for noun in forms.NOUNS),
)


def no_ages(row: Row, as_at: date, policy: Policy) -> Row:
    """Most rows say nothing that grows older by the day."""
    del as_at, policy
    return row


OF_THE_PERSON: Final = frozenset({"client_id", "name", "unit", "offender_manager"})  # as `persons` gives them


@dataclass(frozen=True, slots=True)
class Worklist:
    """A worklist: the rows that each case of a noun has on a day.

    `rows`: ids, dates, codes, numbers; never a name or a text, and nothing that only grows older by the day, which is
    added when a row is read (`ages`; the row's dates are ISO texts by then).  `moments`: every day on which rows may
    differ from those of the day before although nothing new is recorded, the days of the facts themselves included.
    `names_case`: the field that names the case.  `rank`: the date field that orders the list, oldest first.  `hears`:
    topics of facts of other streams that rows rest on.  `due`: that day is the one by which something is to be done.
    `names_person`: the field that names whose number, name, unit
    and officer are added when a page is read (`persons`), if any.  `version` changes with what `rows` answers: tables
    of an older one are built anew.
    """

    name: str
    noun: str
    rows: RowsOf
    moments: MomentsOf
    names_case: str = "offender_id"
    rank: str = ""
    due: bool = False
    ages: Callable[[Row, date, Policy], Row] = no_ages
    hears: frozenset[str] = frozenset()
    names_person: str = ""
    version: int = 1

    def rows_of(self, stream: str, history: History, policy: Policy, as_at: date, known: int) -> list[Row]:
        """The rows of one case, naming it."""
        case_id = stream[-36:]
        return [{self.names_case: case_id, **row} for row in self.rows(history, policy, as_at, known)]

    def without_person(self, row: Row) -> Row:
        """A row of a page as its table holds it: without what was read about the person."""
        return {name: value for name, value in row.items() if not self.names_person or name not in OF_THE_PERSON}

    def rank_of(self, row: Row) -> date:
        """The day that orders a row; those without one come first."""
        found = row.get(self.rank)
        return found if isinstance(found, date) else date.min


_WORKLISTS: Final = (
    Worklist(
        "placement-reviews",
        "placement",
        placement.review_rows,
        placement.review_moments,
        names_case="placement_id",
        rank="due",
        due=True,
    ),
    Worklist(
        "nominations",
        "nomination",
        nomination.rows,
        nomination.moments,
        names_case="nomination_id",
        rank="acknowledge_by",
    ),
    Worklist("breach", "offender", enforcement.breach_rows, enforcement.breach_moments, rank="breach_on"),
    Worklist(
        "letters",
        "offender",
        enforcement.letter_rows,
        enforcement.letter_moments,
        rank="date",
        ages=enforcement.letter_ages,
    ),
    Worklist(
        "progress",
        "offender",
        progress_worklists.progress_rows,
        progress_worklists.moments,
        rank="due_on",
        due=True,
        ages=progress_worklists.progress_ages,
    ),
    Worklist("backlog", "offender", backlog.rows, backlog.moments, rank="twelve_month_point", ages=backlog.ages),
    Worklist(
        "first-appointments",
        "offender",
        progress_worklists.first_appointment_rows,
        progress_worklists.first_appointment_moments,
        rank="due",
        due=True,
        ages=progress_worklists.first_appointment_ages,
    ),
    Worklist(
        "assessments",
        "offender",
        progress_worklists.assessment_rows,
        progress_worklists.assessment_moments,
        rank="due",
        due=True,
        ages=progress_worklists.assessment_ages,
    ),
    Worklist(
        "exceptions",
        "offender",
        exceptions.exception_rows,
        exceptions.exception_moments,
        rank="since",
        hears=exceptions.HEARS,
        version=5,
    ),
    Worklist("late-recording", "offender", late_recording.rows, late_recording.moments, rank="date", version=2),
    Worklist(
        "child-protection",
        "offender",
        child_protection_worklist.rows,
        child_protection_worklist.moments,
        rank="due",
        ages=child_protection_worklist.ages,
        hears=child_protection_worklist.HEARS,
        version=3,
    ),
    Worklist(
        "oasys-without-check",
        "offender",
        oasys_checks.rows,
        oasys_checks.moments,
        rank="since",
        ages=oasys_checks.ages,
        hears=oasys_checks.HEARS,
    ),
    Worklist(
        "register-reviews",
        "register-entry",
        register_worklists.review_rows,
        register_worklists.review_moments,
        names_case="entry_id",
        rank="review_due",
        due=True,
        ages=register_worklists.review_ages,
    ),
    Worklist(
        "deregistration",
        "register-entry",
        register_worklists.deregistration_rows,
        register_worklists.deregistration_moments,
        names_case="entry_id",
        rank="occurred_on",
        due=True,
        ages=register_worklists.deregistration_ages,
        hears=register_worklists.HEARS,
        version=4,
    ),
    Worklist(
        "dp-breaches",
        "register-entry",
        register_worklists.breach_rows,
        register_worklists.deregistration_moments,
        names_case="entry_id",
        rank="occurred_on",
        ages=register_worklists.breach_ages,
        hears=register_worklists.HEARS,
        version=3,
    ),
    Worklist(
        "monthly-report",
        "register-entry",
        monthly_report.rows,
        monthly_report.moments,
        names_case="entry_id",
        rank="review_due",
        ages=monthly_report.ages,
        hears=monthly_report.HEARS,
        names_person="offender_id",
    ),
    Worklist(
        "data-rights",
        "offender",
        data_rights.request_rows,
        data_rights.request_moments,
        rank="due",
        due=True,
        ages=data_rights.request_ages,
    ),
    Worklist(
        "retention",
        "offender",
        data_rights.retention_rows,
        data_rights.retention_moments,
        rank="due",
        due=True,
        hears=data_rights.HEARS,
    ),
    Worklist(
        "data-breaches",
        "data-breach",
        data_rights.breach_rows,
        data_rights.breach_moments,
        names_case="breach_id",
        rank="due_on",
        due=True,
    ),
    Worklist(
        "holds",
        "case-review",
        case_review.hold_rows,
        case_review.hold_moments,
        names_case="review_id",
        rank="placed_on",
    ),
    Worklist(
        "case-reviews",
        "case-review",
        case_review_worklist.rows,
        case_review_worklist.moments,
        names_case="review_id",
        rank="due",
        due=True,
        ages=case_review_worklist.ages,
        version=2,
    ),
    Worklist("attendance", "offender", attendance.rows, attendance.moments, rank="day"),
    Worklist("oversight", "staff", staff.rows, staff.moments, names_case="staff_id", rank="due", ages=staff.ages),
)
# The sealed values that rows of a noun rest on, where they are fewer than its decisions rest on.
READ_BY_ROWS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = MappingProxyType(
    {"offender": OPENS, "placement": PLACEMENT_OPENS, "case-review": {}}
)
# Beside them those that rows rest on in a case that concerns a child; there alone they are opened.
READ_OF_CHILD_CASES: Final = child_protection_case.OPENS
concerns_a_child = child_protection_case.concerns
WORKLISTS: Final[Mapping[str, Worklist]] = MappingProxyType({each.name: each for each in _WORKLISTS})
