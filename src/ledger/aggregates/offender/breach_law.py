"""Which edition rules each failure of an order, and what the statutory warning makes of it (ENF-08, ENF-11).

    law = Law.of(order, policy, known)
    law.counting(live, day)      by edition, the live failures that count towards a breach at the end of a day
    law.duties(live, day)        what is to be done about each live failure that the Sentencing Code rules

The day of a failure chooses its edition.  Proven by tests/aggregates/test_editions.py and
tests/aggregates/test_warnings.py.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeAlias

from ledger.aggregates.immutable import immutable
from ledger.aggregates.offender.entities import Absence, BreachWarning, Order, Same, happened
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Recorded
from ledger.rules.editions import BREACH, MANUAL, NAMES, Failure
from ledger.rules.registry import edition_label
from ledger.rules.sentencing_2020 import Warned, must_be_referred, still_counts, warned_until

State: TypeAlias = Literal["warn-or-refer", "must-refer", "warned", "referred"]


@immutable
class Duty:
    """What is to be done, or was, about a failure without reasonable excuse.  `facts`: positions it rests on."""

    absence_id: str
    state: State
    facts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Law:
    """The editions of one order's failures.  `of_absence`: by absence id; `days`: of its warnings and referrals."""

    absences: Sequence[Absence]
    order_type: str
    policy: Policy
    known: int | None
    of_absence: Mapping[str, str]
    days: tuple[date, ...]

    @classmethod
    def of(cls, order: Order, policy: Policy, known: int | None) -> Law:
        """As known at a position.  Warnings and referrals are no one's days where the manual alone rules."""
        papers = [(len(each.warnings), len(each.referrals), _withdrawn(each)) for each in order.absences]
        return order.once("law", (Same(policy), known, papers), lambda: cls._of(order, policy, known))

    @classmethod
    def _of(cls, order: Order, policy: Policy, known: int | None) -> Law:
        found = {each.record.fact.absence_id: policy.edition(BREACH, each.date, known) for each in order.absences}
        statutory = any(each != MANUAL for each in found.values())
        days = tuple(map(happened, _records(order.absences))) if statutory else ()
        return cls(order.absences, order.record.fact.order_type, policy, known, found, days)

    def on(self, as_at: date) -> tuple[str, ...]:
        """The editions that rule the order's failures up to a day, oldest first; without any, what rules that day."""
        found = {self.of_absence[each.record.fact.absence_id] for each in self.absences if each.date <= as_at}
        return tuple(each for each in NAMES if each in found) or (self.policy.edition(BREACH, as_at, self.known),)

    def counting(self, live: Collection[str], day: date) -> dict[str, frozenset[str]]:
        """By edition, those of the live failures that count towards a breach at the end of a day."""
        found: dict[str, list[Failure]] = {MANUAL: []}
        for absence_id in live:
            edition = self.of_absence[absence_id]
            failure = Failure(absence_id) if edition == MANUAL else self._failure(absence_id, day)
            found.setdefault(edition, []).append(failure)
        return {edition: BREACH.laws[edition].counting(failures) for edition, failures in found.items()}

    def duties(self, live: Collection[str], day: date) -> Iterator[Duty]:
        """For each live failure that the Sentencing Code rules, by the day it happened."""
        for absence in sorted(self.absences, key=lambda each: (each.date, each.record.position)):
            absence_id = absence.record.fact.absence_id
            if absence_id in live and self.of_absence[absence_id] != MANUAL:
                facts = (absence.record.position, *self._papers(absence, day))
                yield Duty(absence_id, self._duty(absence, day), facts)

    def _duty(self, absence: Absence, day: date) -> State:
        failure = self._failure(absence.record.fact.absence_id, day)
        if failure.referred:
            return "referred"
        if failure.must_be:
            return "must-refer"
        return "warned" if any(counts(each, day) for each in absence.warnings) else "warn-or-refer"

    def _failure(self, absence_id: str, day: date) -> Failure:
        absence = next(each for each in self.absences if each.record.fact.absence_id == absence_id)
        referred = any(happened(each) <= day for each in absence.referrals)
        return Failure(absence_id, referred, must_be_referred(absence.date, self.warned(absence, day)))

    def warned(self, absence: Absence, day: date) -> list[Warned]:
        """The warnings about other failures of the order that count at the end of a day."""
        others = (each for each in self.absences if each is not absence)
        given = (happened(each.record) for other in others for each in other.warnings if counts(each, day))
        return [Warned(given_on, warned_until(given_on, self.order_type)) for given_on in given]

    def _papers(self, absence: Absence, day: date) -> Iterator[int]:
        yield from (each.position for each in absence.referrals if happened(each) <= day)
        for other in self.absences:
            yield from (each.record.position for each in other.warnings if counts(each, day))

    def papers(self, as_at: date) -> Iterator[int]:
        """Positions of the warnings, withdrawals and referrals up to a day, where they are of any account."""
        if self.days:
            yield from (each.position for each in _records(self.absences) if happened(each) <= as_at)


def counts(warning: BreachWarning, day: date) -> bool:
    """Whether a warning was given, and not withdrawn, by the end of a day."""
    return still_counts(happened(warning.record), warning.withdrawn_on, day)


def rule_in(id: str, edition: str) -> str:  # noqa: A002 - the rule book's own word
    """How an answer names a rule: by its id alone under the manual, else with its edition."""
    return id if edition == MANUAL else edition_label(id, edition)


def _withdrawn(absence: Absence) -> int:
    return sum(len(each.withdrawals) for each in absence.warnings)


def _records(absences: Iterable[Absence]) -> Iterator[Recorded[Any]]:
    """Warnings, withdrawals and referrals."""
    for absence in absences:
        for each in absence.warnings:
            yield each.record
            yield from each.withdrawals
        yield from absence.referrals
