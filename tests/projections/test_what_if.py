"""What another edition would have said: the same from all the facts of a case as from those alone it rests on."""

import random
from datetime import date, timedelta

import pytest
from tests.aggregates.memory_ledger import MemoryLedger
from tests.aggregates.telling import Telling
from tests.demonstration.folding import fold
from tests.scenarios.test_scenarios import CASES

from ledger.aggregates import AGGREGATES, noun_of
from ledger.aggregates.offender import OPENS as OFFENDER_OPENS
from ledger.aggregates.offender import facts
from ledger.aggregates.offender.case import Case
from ledger.aggregates.shape import History
from ledger.demonstration.caseload import caseload
from ledger.projections import enforcement, progress
from ledger.projections.what_if import COMPARED, OPENS, READS, WITH_SESSIONS, compared, reads, standing
from ledger.rules.dates import day_of
from ledger.rules.editions import NAMES
from ledger.scenarios import play

DAY = timedelta(days=1)
PAIRS = [(one, other) for one in NAMES for other in NAMES if one < other]


def rested_on(history):
    topics = reads({each.fact.topic for each in history})
    return [each for each in history if each.fact.topic in topics]


def agree(history, policy, known, as_at):
    """How many orders differ, from the whole case as from what is read of it."""
    count = 0
    for one, other in PAIRS:
        policies = policy.under(one), policy.under(other)
        whole = compared(History(history), *policies, as_at, known)
        assert compared(History(rested_on(history)), *policies, as_at, known) == whole
        count += len(whole)
    return count


def test_sessions_attendance_and_assessments_move_nothing_in_the_demonstration():
    folded, pick, differing, passed_over = fold(caseload(date(2026, 11, 2), cases=40)), random.Random(4), 0, 0
    for stream, history in folded.histories.items():
        if noun_of(stream) == "offender":
            for as_at in (date(2026, 11, 2), date(2026, 11, 2) - timedelta(days=pick.randrange(500))):
                differing += agree(history, folded.policy, folded.known, as_at)
            passed_over += len(history) - len(rested_on(history))
    assert differing > 50
    assert passed_over > 500


@pytest.mark.parametrize("part", range(3))
def test_nor_in_any_scenario_corrected_or_not(part):
    pick, differing = random.Random(part), 0
    for scenario in CASES[part::3]:
        ledger = MemoryLedger()
        play(scenario, ledger)
        for stream in dict.fromkeys(each.stream for each in ledger.records):
            if noun_of(stream) == "offender":
                history = ledger.history(stream, opens=AGGREGATES["offender"].opens)
                as_at = day_of(pick.choice(history).effective) + pick.randrange(-1, 400) * DAY
                differing += agree(history, ledger.policy(), len(ledger.records), as_at)
    assert differing


def test_sessions_are_read_where_one_may_be_of_another_day_or_disqualify_and_nowhere_else():
    assert set(reads({"offender.order-made.v1", "offender.session-scheduled.v1"})) == READS
    for topic in ("record.corrected.v1", "record.struck-out.v1", facts.SentHome.topic, facts.WorkStopped.topic):
        assert set(reads({"offender.session-scheduled.v1", topic})) == WITH_SESSIONS
        assert topic in WITH_SESSIONS


def test_every_sealed_field_that_is_opened_is_of_a_fact_that_is_read_and_none_of_them_says_who_it_is():
    assert set(OPENS) <= WITH_SESSIONS
    assert set(OPENS.items()) <= set(OFFENDER_OPENS.items())


@pytest.mark.parametrize("edition", NAMES)
@pytest.mark.parametrize("as_at", ["2025-06-11", "2025-06-19", "2026-01-06", "2026-01-07"])
def test_a_standing_is_what_the_views_of_that_edition_say(edition, as_at):
    telling = Telling().order().two_unacceptable()
    history, known = telling.ledger.history(f"offender-{telling.names.id('ann')}"), len(telling.ledger.records)
    policy, day = telling.ledger.policy().under(edition), date.fromisoformat(as_at)
    case = Case.as_at(history, day)
    (order,) = case.orders.values()
    found = standing(case, order, policy, day, known)
    (breach,) = enforcement.view(history, policy, day, known)["orders"]
    (hours,) = progress.view(history, policy, day, known)["orders"]
    shown = {**breach, **hours}
    assert set(found) == set(COMPARED)
    assert {name: found[name] for name in shown if name in found} == {
        name: shown[name] for name in found if name in shown
    }
    undone = [each for each in breach.get("statutory", {}).get("failures", ()) if each["duty"] == "warn-or-refer"]
    assert found["to_warn_or_refer"] == len(undone)
