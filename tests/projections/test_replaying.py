"""Every view and worklist of the registry, at any moment: what was known then is what a ledger that had stopped says.

Each scenario is told; then every view of every case, and every worklist, is asked as known at some moment and as at
some day, twice: of the whole ledger, and of one that holds nothing recorded later, settings and holidays included.
Only what is erased since is erased in both.
"""

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.aggregates.memory_ledger import MemoryLedger
from tests.aggregates.telling import Telling
from tests.scenarios.test_scenarios import CASES

from ledger import projections
from ledger.aggregates import noun_of
from ledger.projections import VIEWS, WORKLISTS
from ledger.rules.dates import day_of, london_day
from ledger.scenarios import play

ONE_DAY = timedelta(days=1)
PARTS = 6


def stopped(ledger, known):
    """The ledger as it was when this was the last position."""
    then = MemoryLedger()
    then.records, then.erased = ledger.records[:known], ledger.erased
    return then


def paths(ledger, known):
    """Every view of every case that had begun by then, and every worklist."""
    streams = dict.fromkeys(each.stream for each in ledger.records[:known])
    for view in VIEWS:
        for stream in streams:
            if noun_of(stream) == view.noun:
                name = stream.removeprefix(f"{view.noun}-")
                yield f"{view.noun}/{name}" + (f"/{view.name}" if view.name != view.noun else "")
    yield from (f"worklist/{name}" for name in WORKLISTS)


def positions_in(value):
    """Every position that an answer names: of facts it rests on, and of events it shows."""
    if isinstance(value, dict):
        if "why" in value:
            yield from value["why"]["facts"]
        if isinstance(value.get("position"), int):
            yield value["position"]
        for each in value.values():
            yield from positions_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from positions_in(each)


def days_around(ledger, known, pick):
    """The day of the moment, and one around a fact, known by then or not."""
    fact = pick.choice(ledger.records)
    return {london_day(ledger.records[known - 1].recorded), day_of(fact.effective) + pick.randrange(-1, 2) * ONE_DAY}


def differences(ledger, known, as_at):
    """The paths that answer otherwise of the whole ledger than of one that had stopped, and how many were asked."""
    then, moment, asked, found = stopped(ledger, known), ledger.records[known - 1].recorded, 0, []
    for path in paths(ledger, known):
        told = ledger.ask(path, as_at, moment, explain=True)
        asked += 1
        if told != then.ask(path, as_at, None, explain=True) or any(each > known for each in positions_in(told)):
            found.append(path)
    return found, asked


def last_of_its_moment(ledger, known):
    """Facts recorded in one instant became known together."""
    return ledger.known(ledger.records[known - 1].recorded)


@pytest.mark.parametrize("part", range(PARTS))
def test_what_was_known_then_is_what_a_ledger_that_had_stopped_says(part):
    pick, asked = random.Random(part), 0
    for scenario in CASES[part::PARTS]:
        ledger = MemoryLedger()
        play(scenario, ledger)
        known = last_of_its_moment(ledger, pick.randrange(1, len(ledger.records) + 1))
        for as_at in sorted(days_around(ledger, known, pick)):
            found, count = differences(ledger, known, as_at)
            assert found == [], f"{scenario.name}, as known at {known}, as at {as_at}"
            asked += count
    assert asked > 500


def test_a_view_that_looks_at_a_setting_made_later_is_found_out(monkeypatch):
    def forgets_when_it_is_asked(history, policy, as_at, known, explain=False):
        return {"evidence": policy.number("enf.evidence", as_at)}

    view = next(each for each in VIEWS if (each.noun, each.name) == ("offender", "enforcement"))
    careless = tuple(replace(each, show=forgets_when_it_is_asked) if each is view else each for each in VIEWS)
    telling = Telling().order().absence("a1", "2025-04-12")
    change = {"key": "enf.evidence", "new": "9", "effective_from": "2025-01-01", "reason": "as told"}
    telling.tell("2025-05-02 09:00", "chief-officer", "ChangeSetting", to="policy/policy", **change)
    known, as_at = len(telling.ledger.records) - 1, day_of(telling.ledger.records[-2].effective)
    assert differences(telling.ledger, known, as_at)[0] == []
    monkeypatch.setattr("tests.aggregates.memory_ledger.VIEWS", careless)
    assert len(differences(telling.ledger, known, as_at)[0]) == 1
    assert projections.VIEWS is VIEWS
