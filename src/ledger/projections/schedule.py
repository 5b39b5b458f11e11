"""A table is a schedule: the rows a case has on a worklist, each from a day until a day, unless something happens.

    project(stream, worklists, history, watch, known) -> Projected      every span of every worklist of its noun

Nothing but facts and passing days moves a row, and each worklist names the days on which its rows may change
(`moments`), so its rows are asked for on those days only and put together to spans.  The same call notes what the
answers asked of the policy, so that a changed setting or holiday folds again only the cases it can move.

Proven by tests/projections/test_schedule.py: on any day the spans give the rows that the worklist itself gives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import orjson

from ledger.aggregates.corrections import CORRECTING
from ledger.aggregates.immutable import immutable
from ledger.aggregates.policy import CALENDAR, Policy
from ledger.aggregates.shape import History, Recorded
from ledger.aggregates.units import unit_of
from ledger.projections import WORKLISTS, Worklist
from ledger.rules.dates import Calendar, CalendarMissing

FOR_EVER: Final = date.max
_ANSWERS_KEPT: Final = 100_000


@immutable
class Span:
    """A row of a worklist from a day until the day before `until`; `rank` is the day the list is ordered by."""

    worklist: str
    row: bytes  # JSON
    rank: date
    since: date
    until: date


@immutable
class Projected:
    """What a case puts on the worklists.

    `asked`: what its rows asked of the policy, by setting (and `calendar`): the latest day they asked for.
    """

    unit: str | None
    spans: tuple[Span, ...]
    asked: Mapping[str, date]


def project(
    stream: str, worklists: Sequence[Worklist], history: Sequence[Recorded[Any]], watch: Watching, known: int
) -> Projected:
    """The spans of a case on these worklists of its noun, as known at a position."""
    watch.begin()
    told: dict[frozenset[str], History] = {}  # what is folded for one worklist serves all that hear the same
    for each in worklists:
        if each.hears not in told:
            told[each.hears] = heard(each, stream, history)
    running = [_Running(each, stream, told[each.hears], watch, known) for each in worklists]
    for day in sorted({day for each in running for day in each.moments}):
        watch.answers_for(day)
        for each in running:
            if day in each.moments:
                each.on(day)
    spans = tuple(span for each in running for span in each.ended())
    return Projected(unit_of(stream, history), spans, dict(watch.asked))


class _Running:
    """The rows of a case on one worklist, put together over the days on which they may change, in order."""

    def __init__(self, worklist: Worklist, stream: str, history: History, watch: Watching, known: int) -> None:
        self.worklist, self.stream, self.history, self.watch, self.known = worklist, stream, history, watch, known
        self.moments = frozenset(worklist.moments(history, watch, known))
        self._open: dict[tuple[int, bytes], tuple[date, date]] = {}  # row (equal ones numbered) -> (rank, since)
        self._spans: list[Span] = []

    def on(self, day: date) -> None:
        """Ask for the rows of a day; those that are no more have ended."""
        now: dict[tuple[int, bytes], date] = {}
        for row in self.worklist.rows_of(self.stream, self.history, self.watch, day, self.known):
            data, n = orjson.dumps(row), 0
            while (n, data) in now:
                n += 1
            now[n, data] = self.worklist.rank_of(row)
        if now.keys() != self._open.keys():
            for key in self._open.keys() - now.keys():
                rank, since = self._open.pop(key)
                self._spans.append(Span(self.worklist.name, key[1], rank, since, day))
            for key, rank in now.items():
                self._open.setdefault(key, (rank, day))

    def ended(self) -> Iterator[Span]:
        """Every span; those that stand now stand for ever, unless something happens."""
        yield from self._spans
        for (_, data), (rank, since) in self._open.items():
            yield Span(self.worklist.name, data, rank, since, FOR_EVER)


def spans_of(worklist: Worklist, stream: str, history: History, watch: Watching, known: int) -> Iterator[Span]:
    """The rows of a case on one worklist."""
    running = _Running(worklist, stream, history, watch, known)
    for day in sorted(running.moments):
        watch.answers_for(day)
        running.on(day)
    return running.ended()


def of_noun(noun: str, names: Iterable[str] = WORKLISTS) -> tuple[Worklist, ...]:
    """The worklists, of these, that cases of a noun are on."""
    return tuple(WORKLISTS[name] for name in names if WORKLISTS[name].noun == noun)


def heard(worklist: Worklist, stream: str, history: Sequence[Recorded[Any]]) -> History:
    """The facts of a chain that the worklist's rows rest on: those of its own stream, and the foreign ones it names."""
    hears = worklist.hears
    return History(
        each
        for each in history
        if each.stream == stream or each.fact.topic in hears or isinstance(each.fact, CORRECTING)
    )


# ------------------------------------------------------------------------------------------ asked of the policy


@dataclass(frozen=True)
class _WatchedCalendar(Calendar):
    """A calendar that notes how far it was asked."""

    asked: dict[str, date] = field(default_factory=dict[str, date])

    def note(self, day: date) -> None:
        if day > self.asked.get(CALENDAR, date.min):
            self.asked[CALENDAR] = day

    def is_working_day(self, day: date) -> bool:
        self.note(day)
        return super().is_working_day(day)

    def working_days_after(self, day: date, n: int) -> list[date]:
        try:
            found = super().working_days_after(day, n)
        except CalendarMissing:
            self.note(FOR_EVER)
            raise
        self.note(found[-1] if found else day)
        return found

    def working_days_between(self, after: date, until: date) -> int:
        self.note(max(after, until))
        return super().working_days_between(after, until)


@dataclass(frozen=True)
class _Asking:
    """What changes while a policy is watched."""

    asked: dict[str, date] = field(default_factory=dict[str, date])
    calendars: dict[int, _WatchedCalendar] = field(default_factory=dict[int, _WatchedCalendar])
    day: list[date] = field(default_factory=lambda: [FOR_EVER])
    answers: dict[tuple[str, date, int | None], str | int | None] = field(
        default_factory=dict[tuple[str, date, "int | None"], "str | int | None"]
    )


@dataclass(frozen=True)
class Watching(Policy):
    """A policy as known at a position that notes what is asked of it, and for which day.

    A setting asked for on the very day an answer is for may move it on any later day: it is noted for ever.
    """

    _asking: _Asking = field(default_factory=_Asking)

    @classmethod
    def of(cls, policy: Policy) -> Watching:
        """The same policy, watched."""
        return cls(policy.history)

    @property
    def asked(self) -> Mapping[str, date]:
        """By setting, and `calendar`: the latest day asked for since `begin`."""
        return self._asking.asked

    def answers_for(self, day: date) -> None:
        """The day that answers are asked for from now on."""
        self._asking.day[0] = day

    def begin(self) -> None:
        """Another case: nothing was asked yet."""
        self._asking.asked.clear()
        self.answers_for(FOR_EVER)

    def setting(self, key: str, on: date, known: int | None = None) -> str | int | None:
        asked, until = self._asking.asked, FOR_EVER if on >= self._asking.day[0] else on
        if until > asked.get(key, date.min):
            asked[key] = until
        answers = self._asking.answers
        if (key, on, known) not in answers:
            if len(answers) > _ANSWERS_KEPT:
                answers.clear()
            answers[key, on, known] = super().setting(key, on, known)
        return answers[key, on, known]

    def calendar(self, known: int | None = None) -> Calendar:
        plain = super().calendar(known)
        found = self._asking.calendars.get(id(plain))
        if found is None:
            found = _WatchedCalendar(plain.holidays, plain.first_year, plain.last_year, plain.label, self._asking.asked)
            self._asking.calendars[id(plain)] = found
        return found


def moved_by(asked: Mapping[str, date], key: str, since: date) -> bool:
    """Whether a changed setting (or a holiday, key `calendar`) that holds from a day can move a case that asked so."""
    return asked.get(key, date.min) >= since
