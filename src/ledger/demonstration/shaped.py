"""Cases shaped by hand, so that every state of the views `enforcement` and `progress` can be seen on any day.

Each is a plan dated from today and a short script in the words of the other modules.  `ago(n)` is the nth working day
before today, so a script holds at the turn of the year as well as in June.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

from ledger.demonstration.beginning import allocate, begin
from ledger.demonstration.enforcing import Reply, decline, hear, miss, rejudge, start_action
from ledger.demonstration.lines import Days, at, first_saturday
from ledger.demonstration.lives import Life, Missed, Plan
from ledger.demonstration.progressing import (
    apply_to_court,
    check,
    complete,
    lapse,
    planned_check,
    revoked,
    vary,
)
from ledger.demonstration.righting import correct, strike
from ledger.demonstration.working import (
    adjust,
    agree_ete,
    closed_for_christmas,
    credit_ete,
    late,
    plan_session,
    send_home,
    stopped,
    worked,
)
from ledger.rules.dates import add_months

ONE_WEEK: Final = timedelta(days=7)
EXACT: Final = 383  # minutes that, with any travel, never add up to forty hours exactly
QUIET: Final = Reply()  # a letter, and no answer


@dataclass(frozen=True)
class Shaped:
    """A case shaped by hand."""

    sentence: Callable[[Days], date]
    lived: Callable[[Life], None]
    terms: Plan

    def plan(self, days: Days, unit: str) -> Plan:
        """The plan, dated."""
        return replace(self.terms, sentence=self.sentence(days), unit=unit)


def _months(months: int, later: int = 0) -> Callable[[Days], date]:
    return lambda days: days.months_ago(months, later)


def _shape(sentence: Callable[[Days], date], lived: Callable[[Life], None], **terms: Any) -> Shaped:
    return Shaped(sentence, lived, Plan(sentence=date.min, **terms))


def _saturdays(life: Life, first: date, until: date) -> list[date]:
    day, found = first_saturday(first), list[date]()
    while day <= until:
        if not closed_for_christmas(day):
            found.append(day)
        day += ONE_WEEK
    return found


def _work(life: Life, sessions: int | None = None, until: date | None = None, minutes: int | None = None) -> date:
    """Begin, and work every Saturday, so many sessions or until a day; the first Saturday not worked."""
    begin(life)
    first = allocate(life)
    assert first is not None
    days = _saturdays(life, first, until or life.days.saturday(1))[:sessions]
    for day in days:
        if life.owing:
            worked(life, plan_session(life, day), day, minutes)
    return (days[-1] if days else first_saturday(first)) + ONE_WEEK


# ------------------------------------------------------------------------------------------ letters and evidence


def _no_letter(life: Life) -> None:
    _work(life, 9)
    miss(life, life.days.ago(2), Reply(letter=False))


def _awaiting(life: Life) -> None:
    _work(life, 8)
    miss(life, life.days.ago(4), Reply(lettered_on=life.days.ago(1)))


def _considered(life: Life) -> None:
    _work(life, 10)
    reply = Reply(lettered_on=life.days.ago(5), answer="timely", received_on=life.days.ago(2), judged=False)
    miss(life, life.days.ago(9), reply)


def _accepted(life: Life) -> None:
    _work(life, 11)
    reply = Reply(lettered_on=life.days.ago(28), answer="timely", received_on=life.days.ago(26), good=True)
    miss(life, life.days.ago(30), reply)


def _rejected(life: Life) -> None:
    _work(life, 12)
    reply = Reply(lettered_on=life.days.ago(28), answer="timely", received_on=life.days.ago(26), good=False)
    miss(life, life.days.ago(30), reply)


def _late_entry(life: Life) -> None:
    _work(life, 7)
    missed = miss(life, life.days.ago(40), Reply(answer="late", rejudged=True), late_entry=7)
    correct(
        life, missed.told, life.days.ago(25), "note", "Rang at nine: child ill.", "The call is in reception's book."
    )


def _struck_out(life: Life) -> None:
    """An absence told of the wrong person: struck out, and the attendance entered."""
    day = _work(life, 6)
    session = plan_session(life, day)
    missed = miss(life, day, Reply(letter=False), session=session)
    moment = strike(life, missed.told, life.days.working(day, 1), "Somebody else of the group; this person was there.")
    life.missed.remove(missed)
    life.tell(
        moment + timedelta(minutes=10),
        "supervisor",
        "RecordAttendance",
        session_id=session,
        arrival="09:30",
        departure="15:30",
    )


def _troubled(life: Life) -> None:
    """Late, stopped and sent home, one after the other."""
    day = _work(life, 4)
    late(life, plan_session(life, day), day)
    stopped(life, plan_session(life, day + ONE_WEEK), day + ONE_WEEK)
    send_home(life, plan_session(life, day + 2 * ONE_WEEK), day + 2 * ONE_WEEK, "NO_PPE")


# ------------------------------------------------------------------------------------------ breach


def _two_missed(life: Life, first: int, second: int, reply: Reply = QUIET) -> list[Missed]:
    """Two absences some working days ago, each with a letter two days later."""
    ago = life.days.ago
    return [miss(life, ago(n), replace(reply, lettered_on=ago(n - 2))) for n in (first, second)]


def _triggered(life: Life) -> None:
    _work(life, 6)
    _two_missed(life, 45, 30)


def _started(life: Life) -> None:
    _work(life, 5)
    _two_missed(life, 45, 30)
    _start(life, 15, weeks=6)


def _start(life: Life, ago: int, weeks: int) -> None:
    begun = start_action(life, life.days.ago(ago), weeks)
    assert begun


def _basis_changed(life: Life) -> None:
    """The evidence came in after action was started, and was good."""
    _work(life, 7)
    missed = _two_missed(life, 45, 30, Reply(answer="late", received_on=life.days.ago(10), rejudged=False))
    _start(life, 15, weeks=7)
    rejudge(life, missed[1], life.days.ago(6), acceptable=True)


def _not_taken(life: Life) -> None:
    _work(life, 8)
    _two_missed(life, 48, 33)
    declined = decline(life, life.days.ago(15))
    assert declined


def _dealt_with(life: Life) -> None:
    _work(life, 9)
    _two_missed(life, 70, 58)
    _start(life, 40, weeks=3)
    hear(life, "CONTINUED")
    miss(life, life.days.ago(12), QUIET)


def _dismissed(life: Life) -> None:
    _work(life, 6)
    _two_missed(life, 70, 58)
    _start(life, 40, weeks=3)
    hear(life, "DISMISSED")


def _resentenced(life: Life) -> None:
    _work(life, 5)
    _two_missed(life, 75, 63)
    _start(life, 45, weeks=3)
    day = life.hearing
    assert day is not None
    hear(life, "REVOKED_RESENTENCED")
    revoked(life, at(day, 16, 30))


# ------------------------------------------------------------------------------------------ checks and the end


def _checked(life: Life) -> None:
    """Both checks, as the plan has them; the second says that it will not do."""
    _work(life, 6)
    planned = {6: planned_check(life, 6, life.plan.six), 9: planned_check(life, 9, life.plan.nine)}
    for point, day in planned.items():
        if day is not None:
            check(life, point, day, sufficient=point == 6)


def _worked(life: Life) -> None:
    _work(life, 12)


def _completed(life: Life) -> None:
    _work(life)
    complete(life)


def _proposed(life: Life) -> None:
    _work(life, minutes=EXACT)


def _anniversary(life: Life, days: int) -> date:
    return life.days.working(add_months(life.plan.sentence, 12) + timedelta(days=days))


def _applied(life: Life) -> None:
    _work(life, 9)
    apply_to_court(life, _anniversary(life, 10))


def _extended(life: Life) -> None:
    _work(life, 10)
    apply_to_court(life, _anniversary(life, 8))
    vary(life, _anniversary(life, 28), "EXTENDED")


def _revoked(life: Life) -> None:
    _work(life, 4)
    apply_to_court(life, _anniversary(life, 6), "REVOCATION")
    vary(life, _anniversary(life, 26), "REVOKED")


def _lapsed(life: Life) -> None:
    _work(life, 5)
    lapse(life)


def _educated(life: Life) -> None:
    """Education up to the area's share, and minutes carried over from the paper record."""
    day = _work(life, 3)
    agree_ete(life, day, 30)
    credit_ete(life, life.days.ago(1))
    session = plan_session(life, day + 9 * ONE_WEEK)
    worked(life, session, day + 9 * ONE_WEEK, 360)
    adjust(life, day + 10 * ONE_WEEK, 120, "Carried over from the paper record.")


SHAPED: Final = (
    _shape(_months(5), _triggered, level="HIGH", requirements=("UPW", "RAR")),
    _shape(_months(5), _started, order_type="SSO", operational_months=18),
    _shape(_months(5), _basis_changed),
    _shape(_months(5), _not_taken, hours=120),
    _shape(_months(6), _dealt_with, hours=150),
    _shape(_months(6), _dismissed),
    _shape(_months(6), _resentenced),
    _shape(_months(4), _no_letter),
    _shape(_months(4), _awaiting, gender="F"),
    _shape(_months(4), _considered),
    _shape(_months(4), _accepted),
    _shape(_months(4), _rejected, hours=120),
    _shape(_months(4), _late_entry),
    _shape(_months(4), _struck_out, hours=80),
    _shape(_months(4), _troubled),
    _shape(lambda days: days.ago(1), begin),
    _shape(lambda days: days.ago(4), begin, appointment="late"),
    _shape(lambda days: days.ago(12), begin, appointment="never", upw="late", risk="late"),
    _shape(lambda days: days.ago(26), begin, appointment="late", upw="never", risk="never"),
    _shape(_months(3), _worked, upw="late", risk="late"),
    _shape(_months(6, 8), _checked, six="never", nine="never", hours=80),
    _shape(_months(9, 8), _checked, nine="never", hours=120),
    _shape(_months(11), _checked, six="never", nine="never", hours=150),
    _shape(_months(11), _checked, six="late", nine="late", hours=180),
    _shape(_months(10), _checked, hours=200),
    _shape(_months(13), _worked, hours=120),
    _shape(_months(13), _applied, hours=150),
    _shape(_months(14), _extended, hours=120),
    _shape(_months(14), _revoked),
    _shape(_months(8), _lapsed, order_type="SSO", operational_months=6),
    _shape(_months(7), _completed, hours=40),
    _shape(_months(4), _proposed, hours=40),
    _shape(_months(7), _educated, hours=60),
    _shape(_months(5), _worked, modes=("IP",), gender="F"),
    _shape(_months(5), _worked, modes=("PIP",), requirements=("UPW", "RAR")),
)
