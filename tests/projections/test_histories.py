"""Random histories: what order they were recorded in, corrections taken back, and a recount by somebody slow.

Order of recording changes no live view, except where a rule of BY_ORDER says so.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.aggregates.telling import Telling
from tests.aggregates.test_editions import SENTENCE, everything, happenings, told
from tests.projections.slow_enforcement import DAY, Desk, fifth_working_day

from ledger.projections import enforcement, progress
from ledger.rules.dates import day_of
from ledger.rules.registry import rules

FIXED = settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
# The rules under which it matters which of two facts was recorded first.
BY_ORDER = {
    "GEN-01": "a deadline that was told stands on the calendar known when its letter was recorded",
    "ENF-05": "evidence recorded after an early finding sets it aside",
    "ENF-12": "spent are absences recorded when breach action was started",
    "ENF-14": "how late a fact was recorded is itself told (and lists stand as recorded, where they have no days)",
    "HRS-05": "of credits of one day the one recorded first counts first",
}
PLAIN = ("absence", "comply", "letter", "judge", "rejudge", "hours")  # none of which those rules are about
plain = happenings.map(lambda told: [each for each in told if each[0] in PLAIN])
ages = st.lists(st.integers(0, 700), min_size=3, max_size=3)


def history_of(telling):
    return telling.ledger.history(f"offender-{telling.names.id('ann')}")


def views(telling, history, as_at):
    policy, known = telling.ledger.policy(), len(telling.ledger.records) + len(history)
    (one,) = enforcement.view(history, policy, as_at, known)["orders"]
    (other,) = progress.view(history, policy, as_at, known)["orders"]
    absences = [{**each, "recorded_late_days": None, "judgements": by_day(each)} for each in one["absences"]]
    return {**one, "absences": absences}, other


def by_day(absence):
    """Judgements are listed as they were recorded: only what they say is compared."""
    return sorted(absence["judgements"], key=lambda each: (each["on"], each["result"]))


def rank(record):
    """What another names was recorded before it: the person, the order, the absence."""
    names = ("OffenderRecorded", "OrderMade", "AbsenceRecorded")
    name = type(record.fact).__name__
    return names.index(name) if name in names else len(names)


def shuffled(history, pick):
    """The same facts as if they had been recorded in another order, all at the end."""
    mixed = list(history)
    pick.shuffle(mixed)
    mixed.sort(key=rank)
    places, last = sorted(each.position for each in history), max(each.recorded for each in history)
    return [replace(each, position=at, recorded=last) for at, each in zip(places, mixed, strict=True)]


@FIXED
@given(plain, ages, st.randoms(use_true_random=False))
def test_the_order_of_recording_changes_no_live_view(happened, days, pick):
    telling = told(happened, "CO")
    history = history_of(telling)
    for as_at in (SENTENCE + each * DAY for each in days):
        assert views(telling, shuffled(history, pick), as_at) == views(telling, history, as_at)


def test_the_rules_that_rest_on_the_order_are_rules_of_the_book():
    assert set(BY_ORDER) <= {each.id for each in rules()}


def test_evidence_recorded_after_an_early_finding_sets_it_aside_and_before_it_does_not():
    telling = Telling().order().absence("a1", "2025-06-02").letter("l1", "a1", "2025-06-04")
    telling.judge("a1", "2025-06-05", "UNACCEPTABLE").evidence("a1", "2025-06-05 19:00")
    history = history_of(telling)
    finding, evidence = history[-2:]
    other = [
        *history[:-2],
        replace(evidence, position=finding.position),
        replace(finding, position=evidence.position),
    ]
    found = [views(telling, each, date(2025, 6, 20))[0]["absences"][0]["status"] for each in (history, other)]
    assert found == ["under-consideration", "unacceptable"]


@FIXED
@given(everything, ages, st.integers(0, 5), st.integers(1, 30))
def test_a_correction_that_is_taken_back_restores_every_view(happened, days, which, earlier):
    telling = told(happened, "CO")
    first = history_of(telling)
    absences = [each for each in first if type(each.fact).__name__ == "AbsenceRecorded"]
    if not absences:
        return
    wrong, at = absences[which % len(absences)], max(each.recorded for each in telling.ledger.records) + DAY
    telling.names.label("wrong", wrong.id)
    value = str(max(SENTENCE, wrong.fact.date - earlier * DAY))
    fix = {"event_ref": "wrong", "field": "date", "corrected_value": value, "reason": "misread"}
    telling.tell(f"{at:%Y-%m-%d} 13:00", "senior-practitioner", "CorrectRecord", label="fix", **fix)
    out = {"event_ref": "fix", "reason": "it was right"}
    telling.tell(f"{at:%Y-%m-%d} 14:00", "senior-practitioner", "StrikeOutRecord", **out)
    for as_at in (SENTENCE + each * DAY for each in days):
        assert views(telling, history_of(telling), as_at) == views(telling, first, as_at)


# ------------------------------------------------------------------------------------------ somebody slow


def months_on(start, months):
    """Walk until the calendar has turned so often and shows the day again, or the month's last."""
    at, turned = start, 0
    while turned < months:
        at += DAY
        turned += at.day == 1
    while at.day < start.day and (at + DAY).month == at.month:
        at += DAY
    return at


def desk_of(telling):
    """The same case on the desk of somebody slow."""
    facts = [(day_of(each.effective), each.fact) for each in history_of(telling)]
    return Desk(facts, telling.ledger.policy().calendar().holidays)


def as_the_desk_has_it(telling, as_at):
    """Statuses that are decided, what is spent, and the tally, as the view tells them."""
    order, _ = views(telling, history_of(telling), as_at)
    there = [each for each in order["absences"] if each["date"] <= as_at]
    decided = ("acceptable", "unacceptable")
    statuses = {each["absence_id"]: each["status"] if each["status"] in decided else None for each in there}
    return statuses, frozenset(each["absence_id"] for each in there if each["spent"]), order["tally"]


ENFORCING = ("absence", "absence", "letter", "letter", "evidence", "judge", "rejudge", "start", "decline", "end")


def drawn(pick, acts=ENFORCING):
    """A history as `told` tells it."""
    return [(pick.choice(acts), pick.randint(1, 20), pick.randint(0, 5)) for _ in range(pick.randint(3, 30))]


def test_every_status_and_the_tally_are_what_somebody_slow_finds():
    met = set()
    for seed in range(60):
        pick = random.Random(seed)
        telling = told(drawn(pick), "CO")
        desk = desk_of(telling)
        for as_at in (SENTENCE + pick.randint(0, 500) * DAY for _ in range(4)):
            assert as_the_desk_has_it(telling, as_at) == desk.on(as_at), seed
        met.update(type(each.fact).__name__ for each in history_of(telling))
    evidence_and_judgements = {"EvidenceReceived", "AbsenceJudged", "AbsenceRejudged"}
    assert met >= evidence_and_judgements | {"BreachActionStarted", "BreachActionNotTaken", "BreachOutcomeRecorded"}


@pytest.mark.parametrize("broken", ["midnight", "judged"])
def test_a_desk_that_forgets_one_of_its_habits_is_found_out(monkeypatch, broken):
    monkeypatch.setattr(f"tests.projections.slow_enforcement._Item.{broken}", lambda *_: None)
    with pytest.raises(AssertionError):
        test_every_status_and_the_tally_are_what_somebody_slow_finds()


@FIXED
@given(st.dates(date(2023, 1, 3), date(2027, 12, 31)))
def test_every_day_of_an_order_is_that_of_a_walk_over_the_calendar(sentence):
    telling = Telling().order(sentence=str(sentence), order_end_date=str(sentence + 900 * DAY))
    order = telling.progress(str(sentence))
    holidays = telling.ledger.policy().calendar().holidays
    fifth = fifth_working_day(sentence, holidays)
    fifteenth = fifth_working_day(fifth_working_day(fifth, holidays), holidays)
    assert order["due_on"] == order["twelve_month_point"] == months_on(sentence, 12)
    assert [order["checks"][name]["due"] for name in ("six", "nine")] == [months_on(sentence, n) for n in (6, 9)]
    assert order["first_appointment"]["due"] == fifth
    assert {each["due"] for each in order["assessments"].values()} == {fifteenth}


@pytest.mark.parametrize("months", [6, 9, 12])
def test_the_walk_itself_knows_the_end_of_a_month(months):
    ends = {6: date(2026, 2, 28), 9: date(2026, 5, 31), 12: date(2026, 8, 31)}
    assert months_on(date(2025, 8, 31), months) == ends[months]
