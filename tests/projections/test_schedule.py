"""A table is a schedule: on any day its spans give the rows that the worklist itself gives, whatever happened."""

import random
from dataclasses import replace
from datetime import date, timedelta

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.aggregates.memory_ledger import MemoryLedger
from tests.aggregates.telling import Telling
from tests.aggregates.test_editions import SENTENCE, everything, told
from tests.demonstration.folding import fold
from tests.scenarios.test_scenarios import CASES

from ledger.aggregates import AGGREGATES, noun_of
from ledger.demonstration.caseload import caseload
from ledger.projections import WORKLISTS
from ledger.projections.schedule import Watching, heard, moved_by, of_noun, project, spans_of
from ledger.rules.dates import day_of
from ledger.rules.editions import MANUAL, NAMES, PARTS
from ledger.rules.settings import KENT_COMMITTEES, SETTINGS
from ledger.scenarios import play

ONE_DAY = timedelta(days=1)
SCENARIOS = CASES


def days_to_try(spans, history, pick):
    """The days around every change and every fact, and some others."""
    edges = {each.since for each in spans} | {each.until for each in spans if each.until < date.max}
    edges |= {day_of(each.effective) for each in history}
    first = min((each.recorded.date() for each in history), default=date(2025, 1, 1)) - timedelta(days=30)
    some = {first + timedelta(days=pick.randrange(1200)) for _ in range(25)}
    return sorted({each + step for each in edges for step in (-ONE_DAY, 0 * ONE_DAY, ONE_DAY)} | some)


def as_json(rows):
    return sorted(orjson.dumps(each) for each in rows)


def holds_on_every_day(stream, history, policy, known, pick, worklists=None):
    """How many rows the spans and the worklist itself agreed on."""
    watch, agreed = Watching.of(policy), 0
    for worklist in worklists or of_noun(noun_of(stream)):
        watch.begin()
        facts = heard(worklist, stream, history)
        spans = list(spans_of(worklist, stream, facts, watch, known))
        for day in days_to_try(spans, history, pick):
            told = as_json(worklist.rows_of(stream, list(facts), policy, day, known))
            kept = sorted(each.row for each in spans if each.since <= day < each.until)
            assert told == kept, f"{worklist.name} of {stream} on {day}"
            agreed += len(told)
    return agreed


def of_cases(ledger):
    return [each for each in dict.fromkeys(each.stream for each in ledger.records) if of_noun(noun_of(each))]


@pytest.mark.parametrize("part", range(6))
def test_on_any_day_the_spans_give_the_rows_of_the_worklist(part):
    pick, agreed = random.Random(part), 0
    for scenario in SCENARIOS[part::6]:
        ledger = MemoryLedger()
        play(scenario, ledger)
        for stream in of_cases(ledger):
            for known in {len(ledger.records), pick.randrange(1, len(ledger.records) + 1)}:
                history = ledger.history(stream, known, AGGREGATES[noun_of(stream)].opens)
                agreed += holds_on_every_day(stream, history, ledger.policy(), known, pick)
    assert agreed > 100


def test_it_holds_for_the_people_of_the_demonstration_too():
    folded, pick, agreed = fold(caseload(date(2026, 11, 2), cases=30)), random.Random(1), 0
    for stream, history in folded.histories.items():
        if of_noun(noun_of(stream)):
            agreed += holds_on_every_day(stream, history, folded.policy, folded.known, pick)
    assert agreed > 1000


@pytest.mark.parametrize("name", ["breach", "letters", "progress", "backlog", "first-appointments", "assessments"])
def test_a_worklist_that_forgets_half_its_moments_is_found_out(name):
    def half(history, policy, known):
        return sorted({*WORKLISTS[name].moments(history, policy, known)})[1::2]

    forgetful = replace(WORKLISTS[name], moments=half)
    folded, found_out = fold(caseload(date(2026, 11, 2), cases=60)), 0
    for stream, history in folded.histories.items():
        if noun_of(stream) == forgetful.noun:
            try:
                holds_on_every_day(stream, history, folded.policy, folded.known, random.Random(2), [forgetful])
            except AssertionError:
                found_out += 1
    assert found_out


def test_a_case_notes_what_its_rows_asked_of_the_policy():
    folded = fold(caseload(date(2026, 11, 2), cases=12))
    watch = Watching.of(folded.policy)
    asked = {}
    for stream, history in folded.histories.items():
        if noun_of(stream) == "offender":
            asked[stream] = project(stream, of_noun("offender"), history, watch, folded.known).asked
    assert all({"enf.evidence", "enf.breach_threshold"} & each.keys() or "calendar" in each for each in asked.values())
    some = next(each for each in asked.values() if "calendar" in each)
    assert moved_by(some, "calendar", some["calendar"])
    assert not moved_by(some, "calendar", some["calendar"] + ONE_DAY)
    assert not moved_by(some, "no.such.setting", date.min + ONE_DAY)


@pytest.mark.parametrize("command", ["absence", "extension"])
def test_what_is_told_of_a_day_before_its_order_shows_from_the_order_on(command):
    case = Telling().order(sentence="2025-03-03", order_type="SSO", operational_period_end="2026-03-02")
    if command == "absence":
        case.absence("a1", "2025-02-03", at="2025-03-04 17:00")
    else:
        told = {"order_id": "o1", "result": "EXTENDED", "new_end_date": "2027-03-02", "decided_on": "2025-02-03"}
        case.tell("2025-03-04 10:00", "court-officer", "RecordCourtVariation", court="Nowhere", imported=True, **told)
    stream = f"offender-{case.names.id('ann')}"
    history = case.ledger.history(stream, opens=AGGREGATES["offender"].opens)
    assert holds_on_every_day(stream, history, case.ledger.policy(), len(case.ledger.records), random.Random(3)) > 10


def test_hours_show_while_one_check_waits_though_another_was_looked_at_too_early():
    case = Telling().order(sentence="2025-01-06")
    check = {"order_id": "o1", "point": 9, "done_on": "2025-07-10", "sufficient": True, "reason": "as told"}
    case.tell("2025-07-10 10:00", "practitioner", "CompleteProgressCheck", imported=True, **check)
    adjusted = {"order_id": "o1", "delta_minutes": 60, "reason": "as told"}
    case.tell("2025-08-01 10:00", "practitioner", "AdjustHours", imported=True, **adjusted)
    stream = f"offender-{case.names.id('ann')}"
    history = case.ledger.history(stream, opens=AGGREGATES["offender"].opens)
    assert holds_on_every_day(stream, history, case.ledger.policy(), len(case.ledger.records), random.Random(3)) > 10


@pytest.mark.parametrize("key", [key for key, each in SETTINGS.items() if each.number or each.is_list])
@pytest.mark.parametrize("value", ["0", "1", "9999"])
def test_no_value_that_a_setting_accepts_takes_a_case_off_its_worklists(key, value):
    if not SETTINGS[key].accepts(value):
        return
    case = Telling().order(sentence="2025-01-06", order_type="SSO", operational_period_end="2200-12-31")
    case.absence("a1", "2025-02-03").letter("l1", "a1", "2025-02-04")
    change = {
        "key": key,
        "new": value,
        "effective_from": "1900-01-01",
        "reason": "as told",
        "endorsed_by": list(KENT_COMMITTEES),
    }
    case.tell("2025-03-03 10:00", "chief-officer", "ChangeSetting", to="policy/policy", **change)
    stream = f"offender-{case.names.id('ann')}"
    history = case.ledger.history(stream, opens=AGGREGATES["offender"].opens)
    assert project(
        stream, of_noun("offender"), history, Watching.of(case.ledger.policy()), len(case.ledger.records)
    ).spans


# ------------------------------------------------------------------------------------------ under each edition

FIXED = settings(max_examples=8, deadline=None, derandomize=True, phases=(Phase.generate,),
                 suppress_health_check=list(HealthCheck))  # fmt: skip


def set_from(telling, edition, day):
    """The edition rules from a day on, by settings recorded when all is told."""
    for part in PARTS:
        if part.under(edition) in part.amendments:
            change = {"key": part.key, "new": part.under(edition), "effective_from": str(day), "reason": "commencement"}
            telling.tell("2028-01-03 09:00", "chief-officer", "ChangeSetting", to="policy/policy", **change)


@pytest.mark.parametrize("edition", NAMES)
@FIXED
@given(happened=everything, order_type=st.sampled_from(["CO", "SSO"]), since=st.integers(-1, 700))
def test_it_holds_whatever_happened_under_each_edition_from_any_day_on(edition, happened, order_type, since):
    telling = told(happened, order_type)
    history = telling.ledger.history(f"offender-{telling.names.id('ann')}", opens=AGGREGATES["offender"].opens)
    set_from(telling, edition, SENTENCE + since * ONE_DAY)
    policy, known = telling.ledger.policy(), len(telling.ledger.records)
    amended = any(policy.edition(each, SENTENCE + 900 * ONE_DAY) != MANUAL for each in PARTS)
    assert amended is (edition != MANUAL)
    stream = f"offender-{telling.names.id('ann')}"
    assert holds_on_every_day(stream, history, policy, known, random.Random(since)) > 0
