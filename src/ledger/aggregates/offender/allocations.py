"""Where allocations and sessions stand: what people recorded, and what PLC-09 derives from risk and offences.

    bar_of(case, day, listed)                       what may keep the person off school premises at the end of a day
    allocation_on(case, allocation, premises, day)  active, suspended, ended, or unknown; why
    session_on(case, session, premises, day)        planned, attended, absent, cancelled, or unknown; why

Nothing is stored when a level rises or an offence is found: the same functions serve decisions and views, as at any
day (ALL-09).  `Premises` looks at the placement only where it matters.  Readings are confessed at PLC-09.  Proven by
tests/aggregates/test_allocations.py and placements.yaml.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Final

from ledger.aggregates.immutable import immutable
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.entities import Allocation, AllocationChange, Session, happened
from ledger.aggregates.offender.facts import AllocationEnded, AllocationResumed, AllocationSuspended
from ledger.aggregates.placement.agreement import HeadTeacherApprovalGiven, HeadTeacherApprovalWithdrawn
from ledger.aggregates.placement.fold import Placement
from ledger.aggregates.placement.standing import approval_of, on_school_premises
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Closed, opened
from ledger.errors import WITHHELD
from ledger.rules import allocation as rules

ACTIVE: Final = "active"
SUSPENDED: Final = "suspended"
ENDED: Final = "ended"
UNKNOWN: Final = "unknown"  # it rested on a value that is erased, or that may not be opened
LISTED: Final = "plc.school_excluded_codes"


@immutable
class Bar:
    """What keeps a person off school premises: the rule, its message, whether it ends an allocation or suspends it.

    `effect` UNKNOWN: a value that decides it cannot be read.
    """

    rule: str
    message: str
    effect: str
    facts: tuple[int, ...]
    kept: str | None = None  # the message without a sealed value in it


@immutable
class Standing:
    """A state at the end of a day, with its cause in words (None without one), rule and facts.

    `derived`: by PLC-09, not by a person; `settled`: a person has recorded the end too.
    """

    state: str
    cause: str | None
    rule: str
    facts: tuple[int, ...]
    derived: bool = False
    settled: bool = False


@immutable
class Premises:
    """Whom a question is about, where, and by which list of offences."""

    offender_id: str
    placement: Callable[[str], Placement]
    policy: Policy
    known: int | None = None

    def listed(self, day: date) -> str:
        """The codes that exclude from school premises on a day."""
        return str(self.policy.setting(LISTED, day, self.known) or "")

    def school(self, placement_id: str) -> Placement | None:
        """The placement if it is on school premises."""
        placement = self.placement(placement_id)
        return placement if on_school_premises(placement) else None


# ------------------------------------------------------------------------------------------ the person


def bar_of(case: Case, day: date, listed: str) -> Bar | None:
    """What may keep the person off school premises at the end of a day; High risk yields to an approval."""
    unread: tuple[int, ...] = ()
    for each in case.person.offences:
        if happened(each) > day:
            continue
        code = each.fact.offence_code
        if isinstance(code, Closed):
            unread = (*unread, each.position)
        elif rules.excludes(code, listed):
            kept = rules.EXCLUDED.format(code=WITHHELD)
            return Bar("PLC-06", rules.EXCLUDED.format(code=code), ENDED, (each.position,), kept)
    told = max((each for each in case.levels if each[0] <= day), key=lambda each: each[:2], default=None)
    level, rests_on = (told[2], (told[1],)) if told else (None, ())
    if level == "VERY_HIGH":
        return Bar("PLC-07", rules.VERY_HIGH, ENDED, rests_on)
    if unread:
        return Bar("PLC-06", rules.PERHAPS_EXCLUDED, UNKNOWN, unread)
    if isinstance(level, Closed):
        return Bar("PLC-09", rules.LEVEL_FIRST, UNKNOWN, rests_on)
    return Bar("PLC-08", rules.HIGH, SUSPENDED, rests_on) if rules.needs_approval(level) else None


def barred(case: Case, premises: Premises, school: Placement, day: date) -> Bar | None:
    """What keeps the person off this school's premises at the end of a day, with the approvals that stand."""
    bar = bar_of(case, day, premises.listed(day))
    if bar is not None and bar.rule == "PLC-08" and approval_of(school, premises.offender_id, day):
        return None
    return bar


def _ever_barred(case: Case, premises: Premises, day: date) -> bool:
    """Whether any day up to this one may have a bar: else nobody need look at the placement."""
    days = {each[0] for each in case.levels} | {happened(each) for each in case.person.offences} | {day}
    return any(bar_of(case, each, premises.listed(each)) for each in days if each <= day)


def _turns(case: Case, premises: Premises, school: Placement, since: date, until: date) -> list[date]:
    """The days from `since` to `until` at whose end a bar may be another than the day before."""
    approvals = school.of(HeadTeacherApprovalGiven), school.of(HeadTeacherApprovalWithdrawn)
    days = {since, until, *(each[0] for each in case.levels), *(happened(each) for each in case.person.offences)}
    days |= {happened(each) for records in approvals for each in records}
    return sorted(day for day in days if since <= day <= until)


# ------------------------------------------------------------------------------------------ an allocation


def begun_by(allocation: Allocation, day: date) -> bool:
    """Whether there is an allocation at the end of a day: from its recording, or its first day if that is earlier."""
    record = allocation.record
    return min(happened(record), record.fact.from_date) <= day


def allocation_on(case: Case, allocation: Allocation, premises: Premises, day: date) -> Standing:
    """Where an allocation stands at the end of a day (ALL-05, PLC-09)."""
    record = allocation.record
    standing = Standing(ACTIVE, None, "ALL-05", (record.position,))
    school = premises.school(record.fact.placement_id) if _ever_barred(case, premises, day) else None
    if school is None and not allocation.changes:
        return standing
    changes = sorted((each for each in allocation.changes if happened(each) <= day), key=_in_order)
    began = happened(record)
    turns = _turns(case, premises, school, began, day) if school is not None else []
    for when in sorted({*turns, *(happened(each) for each in changes)}):
        told = [each for each in changes if happened(each) == when]
        for each in told:
            standing = _as_told(each, standing)
        bar = barred(case, premises, school, when) if school is not None and when >= began else None
        standing = _as_barred(bar, standing)
    return standing


def _in_order(record: AllocationChange) -> tuple[date, int]:
    return happened(record), record.position


def _as_told(record: AllocationChange, before: Standing) -> Standing:
    """What a person records; the end is final, and settles one that PLC-09 had brought about."""
    match record.fact:
        case AllocationEnded() as fact:
            if before.state == ENDED:
                return Standing(ENDED, before.cause, before.rule, before.facts, before.derived, settled=True)
            return Standing(ENDED, str(fact.reason), "ALL-05", (record.position,), settled=True)
        case AllocationSuspended() as fact if before.state != ENDED:
            return Standing(SUSPENDED, str(fact.cause), "PLC-09", (record.position,))
        case AllocationResumed() if before.state != ENDED:
            return Standing(ACTIVE, None, "PLC-09", (record.position,))
        case _:
            return before


def _as_barred(bar: Bar | None, before: Standing) -> Standing:
    if bar is None or before.state == ENDED or (bar.effect == SUSPENDED and before.state == SUSPENDED):
        return before
    return Standing(bar.effect, bar.message, bar.rule, bar.facts, derived=True)


# ------------------------------------------------------------------------------------------ a session


def session_on(case: Case, session: Session, premises: Premises, day: date) -> Standing:
    """Where a session stands at the end of a day: what came of it, else whether it may still be worked.

    Planned sessions at a school stop with the first day, from their planning on, on which the person is barred.
    """
    record = session.record
    came = _outcome(session)
    if came is not None:
        return came
    if session.cancelled is not None:
        fact = session.cancelled.fact
        return Standing("cancelled", str(fact.cause), "PLC-09", (session.cancelled.position,))
    planned = Standing("planned", None, "ENF-01", (record.position,))
    until = min(day, session.date)
    if until < happened(record) or not _ever_barred(case, premises, until):
        return planned
    school = premises.school(record.fact.placement_id)
    if school is None:
        return planned
    bars = (barred(case, premises, school, when) for when in _turns(case, premises, school, happened(record), until))
    found = list(_first_known(bars))
    if not found:
        return planned
    state = UNKNOWN if found[0].effect == UNKNOWN else "cancelled"
    return Standing(state, found[0].message, found[0].rule, found[0].facts, derived=True)


def _first_known(bars: Iterator[Bar | None]) -> list[Bar]:
    """The first bar that can be read, else the first at all."""
    found = [bar for bar in bars if bar is not None]
    return sorted(found, key=lambda bar: bar.effect == UNKNOWN)[:1]


def _outcome(session: Session) -> Standing | None:
    """Attended, if only for a part; else absent, also when not allowed to start."""
    if session.attended:
        return Standing("attended", None, "ENF-01", tuple(each.position for each in session.attended))
    missed = [*session.absences, *session.sent_home]
    return Standing("absent", None, "ENF-01", tuple(each.position for each in missed)) if missed else None


# ------------------------------------------------------------------------------------------ the others at a placement


@immutable
class Member:
    """Somebody else with an allocation at a placement: who, and the allocations' ids."""

    offender_id: str
    allocations: tuple[str, ...]

    @property
    def stream(self) -> str:
        """The stream of their case."""
        return f"offender-{self.offender_id}"


def members_of(placement: Placement, but: str, day: date, mode: str | None = None) -> list[Member]:
    """Who else has an allocation there at the end of a day that no person has ended; of one mode only if named."""
    found: dict[str, list[str]] = {}
    for allocation_id, each in placement.allocations.items():
        who = each.record.stream.removeprefix("offender-")
        over = any(isinstance(change.fact, AllocationEnded) and happened(change) <= day for change in each.changes)
        fits = mode is None or each.record.fact.mode == mode
        if who != but and fits and not over and begun_by(each, day):
            found.setdefault(who, []).append(allocation_id)
    return [Member(who, tuple(ids)) for who, ids in found.items()]


def states_of(case: Case, member: Member, premises: Premises, day: date) -> list[str]:
    """The states of a member's allocations there; those that are gone from their own case left out."""
    held = (case.allocations.get(each) for each in member.allocations)
    return [allocation_on(case, each, premises, day).state for each in held if each is not None]


def gender_of(case: Case) -> str | None:
    """F, M or OTHER; None where it cannot be read."""
    return opened(case.person.gender)


def company(seen: Iterable[tuple[str | None, list[str]]]) -> list[str | None]:
    """Of people with their states at a placement, the genders of those who work there; None for a perhaps."""
    return [gender if ACTIVE in states else None for gender, states in seen if ACTIVE in states or UNKNOWN in states]
