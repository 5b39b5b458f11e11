"""Whom a row is about: the same from the few facts that are read for a page as from all that is known of the person."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from tests.aggregates.memory_ledger import MemoryLedger
from tests.demonstration.folding import fold
from tests.scenarios.test_scenarios import CASES

from ledger.aggregates import noun_of
from ledger.aggregates.corrections import RecordStruckOut
from ledger.aggregates.offender.facts import CaseTransferred
from ledger.aggregates.shape import Actor, Recorded
from ledger.demonstration.caseload import caseload
from ledger.projections.persons import OPENS, RESTS_ON, person
from ledger.rules.dates import day_of
from ledger.scenarios import play

DAY = timedelta(days=1)


def rested_on(stream, history):
    return [each for each in history if each.stream == stream and each.fact.topic in RESTS_ON]


def test_in_the_demonstration_a_few_facts_say_who_somebody_is_and_with_whom():
    folded, pick, read, known, managed = fold(caseload(date(2026, 11, 2), cases=40)), random.Random(5), 0, 0, 0
    for stream, history in folded.histories.items():
        if noun_of(stream) == "offender":
            for as_at in (date(2026, 11, 2), date(2026, 11, 2) - timedelta(days=pick.randrange(500))):
                whole = person(stream, history, as_at)
                assert person(stream, rested_on(stream, history), as_at) == whole
                managed += whole["offender_manager"] is not None
            read, known = read + len(rested_on(stream, history)), known + len(history)
    assert managed > 20
    assert 0 < read < known / 4


@pytest.mark.parametrize("part", range(3))
def test_and_in_every_scenario_corrected_transferred_or_struck_out(part):
    pick, seen = random.Random(part), 0
    for scenario in CASES[part::3]:
        ledger = MemoryLedger()
        play(scenario, ledger)
        for stream in dict.fromkeys(each.stream for each in ledger.records):
            if noun_of(stream) == "offender":
                history = ledger.history(stream, opens=OPENS)
                as_at = day_of(pick.choice(history).effective) + pick.randrange(-1, 400) * DAY
                assert person(stream, rested_on(stream, history), as_at) == person(stream, history, as_at)
                seen += 1
    assert seen > 20


def test_a_transfer_struck_out_since_moved_nobody_on_any_day():
    stream, day = f"offender-{uuid4()}", datetime(2026, 3, 2, tzinfo=UTC)
    moved = CaseTransferred(
        order_id=str(uuid4()), from_unit="kidderminster", to_unit="elsewhere", notified_on=day.date(), documents=[]
    )
    struck = RecordStruckOut(event_ref=str(uuid4()), reason="another case")
    by, later = Actor(str(uuid4()), "senior-practitioner", "kidderminster"), day + 60 * DAY
    history = [
        Recorded(1, stream, 1, struck.event_ref, moved, day, day, by),
        Recorded(2, stream, 2, str(uuid4()), struck, later, later, by),
    ]
    for as_at in (day.date(), day.date() + 10 * DAY, later.date()):
        assert person(stream, history, as_at)["unit"] != "elsewhere"
