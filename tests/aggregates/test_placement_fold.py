"""A placement taken fact by fact is the placement folded at once, and knows only what had happened."""

from datetime import date

from tests.aggregates.siting import park, school

from ledger.aggregates import AGGREGATES
from ledger.aggregates.placement.fold import Placement
from ledger.aggregates.placement.way import agreed_by, started_by


def a_life():
    site = school().joined("ann", "o1").joined("bob", "b1")
    site.comes("ann", "o1", "s1", "2025-09-06").comes("bob", "b1", "s2", "2025-09-13")
    site.suspended("2025-09-16").reviewed("2025-11-20")
    return site


def test_fact_by_fact_is_the_same_as_at_once():
    history = a_life().folded().history
    taken = Placement.fold(())
    for each in history:
        taken = taken.take(each)
    assert taken == Placement.fold(history)
    assert len(taken.sessions) == 2


def test_a_correction_folds_anew():
    site = park()
    started = site.folded().of(AGGREGATES["placement"].facts[8])
    data = {"event_ref": started[0].id, "field": "on", "corrected_value": "2025-03-01", "reason": "as told"}
    site.tell("2025-03-04 10:00", "senior-practitioner", "CorrectRecord", **data)
    history = site.folded().history
    taken = Placement.fold(history[:-1]).take(history[-1])
    assert taken == Placement.fold(history)
    assert started_by(taken, date(2025, 3, 2)) is not None
    assert started_by(taken, date(2025, 2, 28)) is None


def test_only_what_had_happened_by_the_day_counts_and_plans_are_exempt():
    history = a_life().folded().history
    early = Placement.as_at(history, date(2025, 8, 17))
    assert agreed_by(early, date.max) is None
    assert agreed_by(Placement.as_at(history, date(2025, 8, 18)), date.max) is not None
    assert early.opened is not None
    assert set(early.sessions) == set(Placement.fold(history).sessions)
    assert not any(each.attended for each in early.sessions.values())


def test_a_session_moved_by_a_correction_takes_its_attendance_along():
    site = park().joined("ann", "o1").comes("ann", "o1", "s1", "2025-03-08")
    planned = next(iter(site.folded().sessions.values())).record
    data = {"event_ref": planned.id, "field": "date", "corrected_value": "2025-03-07", "reason": "as told"}
    site.tell("2025-03-09 10:00", "senior-practitioner", "CorrectRecord", to="offender/ann", **data)
    assert list(site.folded().days) == [date(2025, 3, 7)]
    session = next(iter(Placement.as_at(site.folded().history, date(2025, 3, 7)).sessions.values()))
    assert len(session.attended) == 1
