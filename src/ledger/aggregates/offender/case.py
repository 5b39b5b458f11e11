"""The case: a pure fold over the facts of one person, shared by decisions and views.

    case = Case.fold(history)                 as known, for a decision
    case.take(recorded)                       one fact more; a correction folds anew
    case = Case.as_at(history, day)           as known, with only what had happened by the end of that day

A fact about an entity that is not there (struck out, or not yet happened as at that day) is passed over.  Proven by
tests/aggregates/test_case.py: taking fact by fact equals folding at once.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import accumulate
from typing import Any, Final

from ledger.aggregates.corrections import CORRECTING, as_corrected
from ledger.aggregates.offender import facts
from ledger.aggregates.offender.entities import Absence, Allocation, BreachWarning, Order, Person, Session, happened
from ledger.aggregates.offender.moves import MOVES
from ledger.aggregates.shape import Closed, Fact, History, Recorded
from ledger.aggregates.subject import SubjectDataErased

BY_SESSION: Final = (
    facts.SessionAttended,
    facts.LatenessRecorded,
    facts.SentHome,
    facts.WorkStopped,
    facts.HoursCredited,
)
TELLING_LEVEL: Final = (facts.RiskAssessmentCompleted, facts.RiskLevelChanged)  # all that `levels` rests on


@dataclass(slots=True)
class Case:
    """One person's orders and what was done under them.  Changed only by `take`."""

    history: list[Recorded[Any]] = field(default_factory=list[Recorded[Any]])
    person: Person = field(default_factory=Person)
    orders: dict[str, Order] = field(default_factory=dict[str, Order])
    sessions: dict[str, Session] = field(default_factory=dict[str, Session])
    absences: dict[str, Absence] = field(default_factory=dict[str, Absence])
    allocations: dict[str, Allocation] = field(default_factory=dict[str, Allocation])
    ete: dict[str, Recorded[facts.EteActivityAgreed]] = field(
        default_factory=dict[str, Recorded[facts.EteActivityAgreed]]
    )
    letters: dict[str, Absence] = field(default_factory=dict[str, Absence])
    warnings: dict[str, BreachWarning] = field(default_factory=dict[str, BreachWarning])
    documents: dict[str, Recorded[facts.DocumentFiled]] = field(default_factory=dict[str, Any])
    levels: list[tuple[date, int, str | Closed]] = field(default_factory=list[tuple[date, int, "str | Closed"]])
    registrations: list[Recorded[facts.RegistrationNotedOnCase]] = field(
        default_factory=list[Recorded[facts.RegistrationNotedOnCase]]
    )

    merges: list[Recorded[Any]] = field(default_factory=list[Recorded[Any]])  # with other records, and separations
    erasures: list[Recorded[SubjectDataErased]] = field(default_factory=list[Recorded[SubjectDataErased]])

    @property
    def erased(self) -> Recorded[SubjectDataErased] | None:
        """The erasure of the person."""
        return next((each for each in self.erasures if each.fact.kind == "OFFENDER"), None)

    @classmethod
    def fold(cls, history: Sequence[Recorded[Any]]) -> Case:
        """The case as known from these facts of its chain, in order of position.

        Of a `History` it is folded once: it must not be changed.
        """
        if isinstance(history, History) and (kept := history.folded.get("whole")) is not None:
            return kept
        case = cls._of(prepared(history))
        case.history = list(history)
        if isinstance(history, History):
            history.folded["whole"] = case
        return case

    @classmethod
    def as_at(cls, history: Sequence[Recorded[Any]], day: date) -> Case:
        """As known from these facts, counting only what had happened by the end of `day`; plans are exempt.

        Of a `History` it moves on from the day asked for before, where it can: it holds until the next day is asked
        for, and must not be changed.
        """
        if not isinstance(history, History):
            return cls._of(each for each in prepared(history) if each.fact.is_plan or happened(each) <= day)
        sweep: _Sweep = history.folded.get("sweep") or history.folded.setdefault("sweep", _Sweep(history))
        return sweep.at(day)

    @classmethod
    def _of(cls, records: Iterable[Recorded[Any]]) -> Case:
        case = cls()
        for each in records:
            fact: Fact = each.fact
            move = MOVES.get(type(fact))
            if move is not None:
                move(case, each)
        return case

    def take(self, recorded: Recorded[Any]) -> Case:
        """This case with one fact more, at the end; itself, changed, unless the fact corrects an earlier one."""
        if isinstance(recorded.fact, CORRECTING):
            return Case.fold([*self.history, recorded])
        self.history.append(recorded)
        self._move(recorded)
        return self

    def _move(self, recorded: Recorded[Any]) -> None:
        fact: Fact = recorded.fact
        move = MOVES.get(type(fact))
        if move is not None:
            move(self, recorded)

    def level(self) -> str | Closed | None:
        """The present level of risk of serious harm; CLOSED or Erased where it cannot be read, None where none is."""
        return self.level_on(date.max)

    def level_on(self, day: date) -> str | Closed | None:
        """The level at the end of a day."""
        told = [each for each in self.levels if each[0] <= day]
        return max(told, key=lambda each: each[:2])[2] if told else None


class _Sweep:
    """A case as at one day after another.

    The next day's case is this one with the facts of the days between, if that is also their place in the log: a fact
    that was recorded late, and one that others name before it (an order), make it fold anew.
    """

    def __init__(self, history: Sequence[Recorded[Any]]) -> None:
        self._records = prepared(history)
        self._dated = sorted(
            ((happened(each), each.position, each) for each in self._records if not each.fact.is_plan),
            key=lambda each: each[:2],
        )
        self._days = [day for day, _, _ in self._dated]
        self._newest = list(accumulate((position for _, position, _ in self._dated), max))  # up to each of them
        self._upto = -1  # how many of `_dated` the case holds
        self._case = Case()

    def at(self, day: date) -> Case:
        upto = bisect_right(self._days, day)
        if upto != self._upto:
            added = sorted(self._dated[max(self._upto, 0) : upto], key=lambda each: each[1])
            if self._upto < 0 or upto < self._upto or not self._follow(added):
                records = self._records
                self._case = Case._of(each for each in records if each.fact.is_plan or happened(each) <= day)
            else:
                for _, _, each in added:
                    self._case._move(each)
            self._upto = upto
        return self._case

    def _follow(self, added: Sequence[tuple[date, int, Recorded[Any]]]) -> bool:
        newest = self._newest[self._upto - 1] if self._upto else 0
        return added[0][1] > newest and not any(isinstance(each.fact, facts.OrderMade) for _, _, each in added)


def prepared(history: Sequence[Recorded[Any]]) -> list[Recorded[Any]]:
    """As corrected, with attendance facts on the (perhaps corrected) day of their session."""
    if not isinstance(history, History):
        return _prepared(history)
    if "prepared" not in history.folded:
        history.folded["prepared"] = _prepared(history)
    return history.folded["prepared"]


def _prepared(history: Sequence[Recorded[Any]]) -> list[Recorded[Any]]:
    records = as_corrected(history)
    days = {each.fact.session_id: each.fact.date for each in records if type(each.fact) is facts.SessionScheduled}
    for n, each in enumerate(records):
        if type(each.fact) in BY_SESSION:
            day = days.get(each.fact.session_id)
            if day is not None and day != each.effective:
                records[n] = replace(each, effective=day)
    return records
