"""Where an absence stands, day by day: no letter, awaiting evidence, under consideration, acceptable, unacceptable.

    deadline_of(absence, policy, known)     until when evidence counts, and what was told
    standings(absence, deadline)            every state it passed through, with its day, rule and facts
    standing_on(standings, day)             the one in force at the end of a day

The same functions serve decisions, views and the tally; each absence has a clock of its own (ENF-13).  Readings are
confessed at ENF-04 to ENF-07.  Proven by tests/aggregates/test_absences.py and enforcement.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from ledger.aggregates.immutable import immutable
from ledger.aggregates.offender.entities import Absence, Judgement, happened
from ledger.aggregates.offender.facts import AbsenceJudged, EvidenceReceived
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Closed, Recorded
from ledger.rules.dates import Calendar, CalendarMissing, london_day
from ledger.rules.enforcement import deemed_from, evidence_deadline, finding_takes_effect, is_late

NO_LETTER: Final = "no-letter"
AWAITING: Final = "awaiting-evidence"
CONSIDERED: Final = "under-consideration"
ACCEPTABLE: Final = "acceptable"
UNACCEPTABLE: Final = "unacceptable"
UNKNOWN: Final = "unknown"  # it rested on a value that is erased, or that may not be opened


@immutable
class Deadline:
    """Until when evidence counts.  `told`: the deadline of the letter, on the calendar known when it was recorded.

    `until`: the same or, if a holiday set later lengthens it, the later day; both None where no calendar is loaded for
    `missing_year`.
    """

    told: date | None
    until: date | None
    working_days: tuple[date, ...]
    days: int
    calendar: Calendar
    lengthened_by: tuple[date, ...] = ()
    missing_year: int | None = None
    later: Calendar | None = None

    @property
    def counted_on(self) -> Calendar:
        """The calendar `until` was counted on: that of the letter, or the later one that lengthened it."""
        return self.later or self.calendar


def deadline_told(issued_on: date, policy: Policy, known: int | None) -> Deadline:
    """The deadline of a letter issued on a day, with the calendar and the setting as known at a position (GEN-01)."""
    days = policy.number("enf.evidence", issued_on, known)
    calendar = policy.calendar(known)
    try:
        told = evidence_deadline(issued_on, days, calendar)
    except CalendarMissing as missing:
        return Deadline(None, None, (), days, calendar, missing_year=missing.year)
    return Deadline(told, told, tuple(calendar.working_days_after(issued_on, days)), days, calendar)


def deadline_of(absence: Absence, policy: Policy, known: int | None = None) -> Deadline | None:
    """The deadline of the absence's letter as known at a position; None without a letter."""
    letter = absence.letter
    if letter is None:
        return None
    issued_on = letter.fact.issued_on
    first = deadline_told(issued_on, policy, letter.position)
    now = policy.calendar(known)
    if first.told is None or now is first.calendar:
        return first
    until = max(first.told, _or_told(first.told, issued_on, first.days, now))
    added = policy.holidays_added(letter.position, known) if until > first.told else {}
    return Deadline(
        told=first.told,
        until=until,
        working_days=first.working_days,
        days=first.days,
        calendar=first.calendar,
        lengthened_by=tuple(sorted(day for day in added if issued_on < day <= until)),
        later=now if until > first.told else None,
    )


def _or_told(told: date, issued_on: date, days: int, calendar: Calendar) -> date:
    try:
        return evidence_deadline(issued_on, days, calendar)
    except CalendarMissing:
        return told


# ------------------------------------------------------------------------------------------ standings


@immutable
class Standing:
    """A state of an absence from a day on; `deemed`: by the passing of the deadline alone (ENF-06)."""

    since: date
    status: str
    rule: str
    facts: tuple[int, ...]
    deemed: bool = False


@immutable
class _Verdict:
    """A judgement with the day it was made and the day it takes effect (None: it waits for a letter)."""

    record: Judgement
    made: date
    effect: date | None
    status: str
    waits: bool  # an early finding of unacceptable, which more evidence can still set aside


def timely(absence: Absence, until: date | None) -> list[Recorded[EvidenceReceived]]:
    """Evidence inside the deadline, in order of arrival."""
    found = [each for each in absence.evidence if not is_late(london_day(each.fact.received_at), until)]
    return sorted(found, key=lambda each: (each.fact.received_at, each.position))


def standings(absence: Absence, deadline: Deadline | None) -> list[Standing]:
    """Every state the absence passed or will pass through unless something happens, oldest first."""
    until = deadline.until if deadline else None
    recorded = absence.record
    found = [Standing(absence.date, NO_LETTER, "ENF-03", (recorded.position,))]
    for _, rank, _, standing in sorted(_points(absence, until), key=lambda each: each[:3]):
        if found[-1].status in _GIVES_WAY[rank]:
            found.append(standing)
    return found


def standing_on(found: Sequence[Standing], day: date) -> Standing:
    """The one in force at the end of a day; before the absence itself, the first."""
    return next((each for each in reversed(found) if each.since <= day), found[0])


_LETTER, _EVIDENCE, _DEADLINE, _DECIDED = range(4)
_ANY: Final = frozenset({NO_LETTER, AWAITING, CONSIDERED, ACCEPTABLE, UNACCEPTABLE, UNKNOWN})
_GIVES_WAY: Final = {
    _LETTER: frozenset({NO_LETTER}),
    _EVIDENCE: frozenset({NO_LETTER, AWAITING}),
    _DEADLINE: _ANY,
    _DECIDED: _ANY,
}
_Point = tuple[date, int, int, Standing]


def _points(absence: Absence, until: date | None) -> Iterator[_Point]:
    base = absence.record.position
    letter = absence.letter
    evidence = timely(absence, until)
    verdicts = _verdicts(absence, until, evidence)
    if letter is not None:
        day = letter.fact.issued_on
        yield day, _LETTER, letter.position, Standing(day, AWAITING, "ENF-04", (base, letter.position))
    for each in evidence:
        day = london_day(each.fact.received_at)
        yield day, _EVIDENCE, each.position, Standing(day, CONSIDERED, "ENF-05", (base, each.position))
    for verdict in verdicts:
        yield from _point_of(verdict, base)
    if letter is not None and until is not None and not evidence and not any(v.made <= until for v in verdicts):
        day = deemed_from(until)
        deemed = Standing(day, UNACCEPTABLE, "ENF-06", (base, letter.position), deemed=True)
        yield day, _DEADLINE, letter.position, deemed


def _point_of(verdict: _Verdict, base: int) -> Iterator[_Point]:
    if verdict.effect is None:
        return
    judged = isinstance(verdict.record.fact, AbsenceJudged)
    standing = Standing(
        verdict.effect, verdict.status, "ENF-05" if judged else "ENF-07", (base, verdict.record.position)
    )
    yield verdict.effect, _DEADLINE if verdict.waits else _DECIDED, verdict.record.position, standing


def _verdicts(absence: Absence, until: date | None, evidence: Sequence[Recorded[EvidenceReceived]]) -> list[_Verdict]:
    """Those that stand: a later one that takes effect no later, or fresh evidence before an early one did, ends one."""
    made = [_verdict(each, until) for each in absence.judgements]
    made.sort(key=lambda each: (each.made, each.record.position))
    return [
        each
        for n, each in enumerate(made)
        if not any(_overtakes(later, each) for later in made[n + 1 :])
        and not (each.waits and any(_is_fresh(other, each) for other in evidence))
    ]


def _overtakes(later: _Verdict, each: _Verdict) -> bool:
    return later.effect is not None and each.effect is not None and later.effect <= each.effect


def _is_fresh(evidence: Recorded[EvidenceReceived], verdict: _Verdict) -> bool:
    return evidence.position > verdict.record.position and london_day(evidence.fact.received_at) >= verdict.made


def _verdict(record: Judgement, until: date | None) -> _Verdict:
    if not isinstance(record.fact, AbsenceJudged):
        made = happened(record)
        return _Verdict(record, made, made, _status(record.fact.to_result), waits=False)
    made = record.fact.judged_on
    unacceptable = record.fact.result == "UNACCEPTABLE"
    effect = finding_takes_effect(unacceptable, made, until)
    return _Verdict(record, made, effect, _status(record.fact.result), waits=unacceptable and effect != made)


def _status(result: str | Closed) -> str:
    return UNKNOWN if isinstance(result, Closed) else result.lower()
