"""Sessions: planned in the week before, attended or not, credited at their end (rule book B and D)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from ledger.demonstration import texts
from ledger.demonstration.enforcing import miss
from ledger.demonstration.lines import at, in_office, later
from ledger.demonstration.lives import Lesson, Life, Told
from ledger.demonstration.righting import correct

CHRISTMAS: Final = ((12, 23), (1, 2))
WEATHER: Final = 0.012
LATE: Final = 0.06
STOPPED: Final = 0.012
SENT_HOME: Final = 0.02
TRAVEL: Final = (0, 0, 30, 30, 45, 60)
SHEETS_COME: Final = timedelta(days=7)  # until a sheet is in: those of the last week wait
STARTS: Final = "09:30"


def closed_for_christmas(day: date) -> bool:
    """No groups between Christmas and New Year."""
    return (day.month, day.day) >= CHRISTMAS[0] or (day.month, day.day) <= CHRISTMAS[1]


def plan_session(life: Life, day: date) -> str:
    """Plan a session, in the week before; its id."""
    assert life.site is not None
    assert life.allocated is not None
    session = life.pen.id()
    earliest = later(life.allocated, 20)
    moment = max(earliest, in_office(life.rng, life.days.court_day(day - timedelta(days=5))))
    pick_up = "Station forecourt, 08:45" if life.chance(0.3) else None
    data = {"placement_id": life.site.id, "date": day, "start": STARTS, "pick_up": pick_up}
    life.of_order(moment, "placement-coordinator", "ScheduleSession", session_id=session, **data)
    return session


def session_day(life: Life, day: date) -> None:
    """Plan a session and live through it, as this person does."""
    if closed_for_christmas(day):
        return
    session = plan_session(life, day)
    if life.chance(WEATHER):
        cancel(life, session, day, "Storm warning; the site is closed.")
    elif life.chance(life.plan.turnout):
        if day <= life.days.today - SHEETS_COME:
            _came(life, session, day)
    else:
        late_entry = life.rng.randint(3, 9) if life.chance(0.05) else 0
        miss(life, day, session=session, late_entry=late_entry)


def cancel(life: Life, session: str, day: date, cause: str) -> None:
    """The session will not take place."""
    moment = at(day, 7, 30)
    life.tell(moment, "placement-coordinator", "CancelSession", session_id=session, cause=cause, on=day)


def _came(life: Life, session: str, day: date) -> None:
    if life.chance(SENT_HOME):
        send_home(life, session, day, life.rng.choice(texts.SENT_HOME))
    elif life.chance(STOPPED):
        stopped(life, session, day)
    elif life.chance(LATE):
        late(life, session, day)
    else:
        worked(life, session, day)
    if life.chance(0.01):
        _concern(life, day)


def worked(life: Life, session: str, day: date, minutes: int | None = None) -> None:
    """A whole day, with travel for most."""
    entered = life.rng.randint(2, 4) if life.chance(0.02) else 0  # now and then the sheet comes in days later
    minutes = minutes or life.rng.choice((330, 345, 360, 360, 375, 390))
    _attended(life, session, day, "09:30", minutes, life.rng.choice(TRAVEL), entered)


def late(life: Life, session: str, day: date) -> None:
    """Late by some minutes: no travel time."""
    minutes = life.rng.randint(4, 40)
    by = life.staff("supervisor")
    moment = at(day, 9, 30) + timedelta(minutes=minutes + 2)
    data = {"session_id": session, "minutes_late": minutes, "challenged_by": by.id}
    if minutes > 30 and life.chance(0.4):
        life.tell(moment, by, "RecordLateness", stayed=False, **data)
        send_home(life, session, day, "LATE")
        return
    told = life.tell(moment, by, "RecordLateness", stayed=True, **data)
    if life.chance(0.06):
        correct(life, told, life.days.working(day, 1), "minutes_late", minutes + 5, "Read off the wrong line.")
    arrival = at(day, 9, 30) + timedelta(minutes=minutes)
    _attended(life, session, day, f"{arrival:%H:%M}", 360 - 15 * (minutes // 15 + 1), 0, 0)


def stopped(life: Life, session: str, day: date) -> None:
    """Told to stop: credited to that moment, and now and then taken as a failure to comply."""
    stop = at(day, life.rng.randint(11, 14), 15 * life.rng.randrange(4))
    life.tell(
        later(stop, 2),
        "supervisor",
        "StopWork",
        session_id=session,
        stopped_at=stop,
        reason=life.rng.choice(texts.STOPPED),
        reported_to=["practitioner", "operations-manager"],
    )
    _attended(life, session, day, "09:30", int((stop - at(day, 9, 30)).total_seconds()) // 60, 0, 0)
    if life.chance(0.6):
        miss(life, day, session=session, kind="FAILURE_TO_COMPLY", hour=16)


def send_home(life: Life, session: str, day: date, reason: str) -> None:
    """Sent away before work began: no hours, and an enforcement item (HRS-08, PLC-41)."""
    told = ["practitioner", "operations-manager"]
    life.tell(at(day, 10, 20), "supervisor", "SendHome", session_id=session, reason=reason, reported_to=told)
    miss(life, day, session=session, kind="FAILURE_TO_COMPLY", hour=10)


def _attended(life: Life, session: str, day: date, arrival: str, minutes: int, travel: int, entered_after: int) -> None:
    """Attendance and, at the end of the day, the hours; told the same day or when the sheet comes in."""
    come = datetime.fromisoformat(f"{day.isoformat()}T{arrival}")
    leaves = later(come, minutes)
    told = in_office(life.rng, life.days.working(day, entered_after)) if entered_after else later(leaves, 3)
    by = life.staff("supervisor")
    life.tell(told, by, "RecordAttendance", session_id=session, arrival=arrival, departure=f"{leaves:%H:%M}")
    shop = life.site is not None and life.site.kind.mode != "GROUP"
    told = later(told, 1 + life.rng.randrange(12))
    record = life.of_order(
        told,
        by,
        "CreditHours",
        session_id=session,
        work_minutes=minutes,
        travel_minutes=travel,
        told_to_person=True,
        confirmed_by_beneficiary="M. Shopmanager" if shop else None,
    )
    life.credit(minutes + travel, day, told)
    if life.chance(0.004) and life.owing > 600:
        hours_put_right(life, record, day, minutes)


def hours_put_right(life: Life, record: Told, day: date, minutes: int) -> None:
    """The minutes of a session were entered wrongly: the supervisor corrects the record."""
    corrected = life.days.working(max(day, record.moment.date()), 1)
    moment = correct(life, record, corrected, "work_minutes", minutes - 15, "Ended at a quarter to; sheet says so.")
    life.credit(-15, day, moment)


def _concern(life: Life, day: date) -> None:
    category, note = life.rng.choice(texts.CONCERNS)
    life.tell(
        at(day, 16, 55),
        "supervisor",
        "ReportRiskConcern",
        category=category,
        observed_on=day,
        note=note,
        reported_to=["practitioner"],
    )


# ------------------------------------------------------------------------------------------ other hours


def adjust(life: Life, day: date, minutes: int, reason: str) -> None:
    """A credit put right by the operations manager."""
    minutes = min(minutes, life.owing)
    if minutes and life.credited + minutes >= 0:
        moment = in_office(life.rng, life.days.working(day))
        life.of_order(moment, "operations-manager", "AdjustHours", delta_minutes=minutes, reason=reason)
        life.credit(minutes, moment.date(), moment)


def agree_ete(life: Life, day: date, share: int) -> None:
    """Education that counts, agreed beforehand; to be credited in three parts, up to the area's share."""
    activity, purpose, evidence = life.rng.choice(texts.ACTIVITIES)
    ete = life.pen.id()
    moment = in_office(life.rng, life.days.working(day))
    data = {"activity": activity, "purpose": purpose, "agreed_on": moment.date()}
    life.of_order(moment, life.holder, "AgreeEte", ete_id=ete, **data)
    cap = life.ordered * share // 100
    on = moment.date()
    for part in (cap // 3, cap // 3, cap - 2 * (cap // 3)):
        on = life.days.working(on, life.rng.randint(8, 15))
        life.ete.append(Lesson(ete, on, part, evidence))


def credit_ete(life: Life, until: date) -> None:
    """Credit the lessons that were attended by a day."""
    for lesson in [each for each in life.ete if each.day <= until]:
        life.ete.remove(lesson)
        minutes = min(lesson.minutes, life.owing)
        if not minutes:
            continue
        moment = max(in_office(life.rng, lesson.day), later(life.newest, 5))
        data = {"minutes": minutes, "evidence": lesson.evidence, "on": lesson.day}
        life.tell(moment, life.holder, "CreditEteHours", ete_id=lesson.ete_id, **data)
        life.credit(minutes, lesson.day, moment)
