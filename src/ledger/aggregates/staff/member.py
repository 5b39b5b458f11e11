"""A member of staff as known: what was done with them, and what falls due next (rule book J).

    clocks_of(member, policy, day, known)    -> what is due, by name; empty once somebody left

Proven by tests/aggregates/test_staff.py and oversight.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Final, Literal

from ledger.aggregates.corrections import as_corrected
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Closed, Fact, Recorded
from ledger.aggregates.staff import facts
from ledger.rules import oversight
from ledger.rules.dates import day_of

SUPERVISION: Final = "mgt.supervision"
OBSERVATIONS: Final = "mgt.observations_per_year"
READING: Final = "mgt.hs_reading"
TRAINING: Final = "mgt.hs_training"
PROBATION: Final = "mgt.probation"

State = Literal["not-due", "due", "overdue", "done", "done-late"]


@dataclass(frozen=True, slots=True)
class Member:
    """The facts of one member of staff, corrected, in order of the day they happened."""

    history: tuple[Recorded[Any], ...] = ()
    own: tuple[Recorded[Any], ...] = ()

    @classmethod
    def fold(cls, history: Sequence[Recorded[Any]], day: date = date.max) -> Member:
        """As known from the facts of a chain, counting only what had happened by the end of `day`."""
        told = (each for each in as_corrected(history) if each.stream.startswith("staff-"))
        own = [each for each in told if day_of(each.effective) <= day]
        return cls(tuple(history), tuple(sorted(own, key=lambda each: (day_of(each.effective), each.position))))

    def told(self, kind: type[Fact]) -> tuple[Recorded[Any], ...]:
        """Facts of a kind, in order of the day they happened."""
        return tuple(each for each in self.own if isinstance(each.fact, kind))

    @property
    def started(self) -> Recorded[facts.StaffStarted] | None:
        """The start that counts: the last one."""
        return next(reversed(self.told(facts.StaffStarted)), None)

    @property
    def left(self) -> Recorded[facts.StaffLeft] | None:
        """That somebody left, unless they started again since."""
        left, started = next(reversed(self.told(facts.StaffLeft)), None), self.started
        return left if left and not (started and self._order(started) > self._order(left)) else None

    def away_in(self, year: int) -> bool:
        """Whether a year passed whole between leaving and starting again."""
        ends = [each for each in self.own if isinstance(each.fact, facts.StaffStarted | facts.StaffLeft)]
        gone = [
            (one.fact.on.year, other.fact.on.year)
            for one, other in pairwise(ends)
            if isinstance(one.fact, facts.StaffLeft) and isinstance(other.fact, facts.StaffStarted)
        ]
        return any(left < year < back for left, back in gone)

    @staticmethod
    def _order(record: Recorded[Any]) -> tuple[date, int]:
        return day_of(record.effective), record.position

    def works_as(self, roles: frozenset[str]) -> bool:
        """Whether the role is one of these; one that is not known, or cannot be read, may be."""
        if self.started is None:
            return True
        role = self.started.fact.role
        return isinstance(role, Closed) or oversight.role_named(role) in roles

    def courses(self, names: tuple[str, ...]) -> tuple[Recorded[Any], ...]:
        """Completed courses of these names."""
        completed = self.told(facts.TrainingCompleted)
        return tuple(
            each
            for each in completed
            if not isinstance(each.fact.course, Closed) and oversight.is_course(each.fact.course, names)
        )


@dataclass(frozen=True, slots=True)
class Clock:
    """Something that falls due: the rule, its last day, when it was done (None: not yet), on which facts, settings."""

    name: str
    rule: str
    due: date
    done_on: date | None = None
    facts: tuple[int, ...] = ()
    settings: tuple[tuple[str, int], ...] = ()

    def state(self, day: date) -> State:
        """How it stands at the end of a day."""
        if self.done_on is not None:
            return "done-late" if self.done_on > self.due else "done"
        return "overdue" if day > self.due else "due" if day == self.due else "not-due"


def clocks_of(member: Member, policy: Policy, known: int) -> Iterator[Clock]:
    """Everything that was or is to be done by a day, in the order of the rule book; nothing for who left."""
    if member.left is None:
        yield from _supervised(member, policy, known)
        yield from _observed(member, policy, known)
        if member.started is not None:
            yield from _from_the_start(member, member.started, policy, known)
        yield from _security(member)


def _supervised(member: Member, policy: Policy, known: int) -> Iterator[Clock]:
    begun = [each for each in (member.started,) if each is not None]
    last = max((*begun, *member.told(facts.SupervisionHeld)), key=lambda each: each.fact.on, default=None)
    if last is not None and member.works_as(oversight.SUPERVISED):
        days = policy.number(SUPERVISION, last.fact.on, known)
        due = oversight.supervision_due(last.fact.on, days)
        yield Clock("supervision", "MGT-02", due, None, (last.position,), ((SUPERVISION, days),))


def required(policy: Policy, year: int, known: int) -> int:
    """How many observations a year asks for: the setting on its first day."""
    return policy.number(OBSERVATIONS, date(year, 1, 1), known)


def _observed(member: Member, policy: Policy, known: int) -> Iterator[Clock]:
    held = member.told(facts.SupervisorObserved)
    begun = member.started
    if not (held or begun) or not member.works_as(oversight.OBSERVED):
        return
    first = [begun] if begun is not None else []
    year = max(each.fact.on.year for each in (*held, *first))
    seen = [each for each in held if each.fact.on.year == year]
    due = oversight.observation_due(year, len(seen), required(policy, year, known))
    settings = ((OBSERVATIONS, required(policy, due.year, known)),)
    yield Clock("observation", "MGT-03", due, None, tuple(each.position for each in (*first, *seen)), settings)
    if begun is not None:
        months = policy.number(PROBATION, begun.fact.on, known)
        ends = oversight.months_from_start(begun.fact.on, months)
        earlier = [each for each in held if each.fact.on >= begun.fact.on]
        done = earlier[oversight.OBSERVATIONS_IN_PROBATION - 1 : oversight.OBSERVATIONS_IN_PROBATION]
        rests = (begun.position, *(each.position for each in done))
        done_on = done[0].fact.on if done else None
        yield Clock("probation-observation", "MGT-03", ends, done_on, rests, ((PROBATION, months),))


def _from_the_start(
    member: Member, started: Recorded[facts.StaffStarted], policy: Policy, known: int
) -> Iterator[Clock]:
    on = started.fact.on
    weeks, months = policy.number(READING, on, known), policy.number(TRAINING, on, known)
    read = member.told(facts.HsMaterialsRead)[:1]
    yield _once("hs-reading", oversight.reading_due(on, weeks), started, read, (READING, weeks))
    trained = member.courses(oversight.HEALTH_AND_SAFETY)[:1]
    yield _once("hs-training", oversight.months_from_start(on, months), started, trained, (TRAINING, months))


def _once(
    name: str, due: date, started: Recorded[Any], done: Sequence[Recorded[Any]], setting: tuple[str, int]
) -> Clock:
    done_on = done[0].fact.on if done else None
    return Clock(name, "MGT-04", due, done_on, (started.position, *(each.position for each in done)), (setting,))


def _security(member: Member) -> Iterator[Clock]:
    trained = member.courses(oversight.INFORMATION_SECURITY)
    last = trained[-1] if trained else member.started
    if last is not None:
        due = oversight.security_training_due(last.fact.on)
        yield Clock("information-security", "DP-13", due, None, (last.position,))
