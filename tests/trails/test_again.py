"""A decision taken again rests on what was known to it and on nothing else; what it cannot read it does not decide."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from tests.aggregates.placing import Placing
from tests.aggregates.registering import Registering
from tests.aggregates.telling import Telling
from tests.trails.retelling import again, policy_before, the

from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import CLOSED, Erased, Unread
from ledger.trails import telling
from ledger.trails.again import Asked, closed_inputs, decided, differences, knowing, policy_then

NEXT_YEAR = datetime(2026, 1, 5, tzinfo=UTC)


def judged() -> Telling:
    """An absence, its letter, evidence in time, and the judgement on it."""
    case = Telling().order().absence("a1", "2025-06-02").letter("l1", "a1", "2025-06-04")
    return case.evidence("a1", "2025-06-06 09:00").judge("a1", "2025-06-06", "ACCEPTABLE")


def same(case: Telling, kind: str) -> None:
    record = the(case, kind)
    outcome = again(case, record)
    assert outcome.refusals == ()
    assert differences(record, outcome) == []


DECISIONS = {
    "AbsenceJudged": judged,
    "BreachActionStarted": lambda: (
        Telling()
        .order()
        .two_unacceptable()
        .tell("2025-06-20 10:00", "practitioner", "StartBreachAction", order_id="o1", started_on="2025-06-20",
              court="Nowhere", risk_led=False)
    ),
    "PlacementAllocated": lambda: Placing().park().somebody("bob").allocate("2025-03-10"),
    "RegisterEntryClosed": lambda: Registering().entered(children=("kit",)).notified().closed(),
}  # fmt: skip


@pytest.mark.parametrize("kind", DECISIONS)
def test_a_decision_comes_out_the_same(kind: str):
    same(DECISIONS[kind](), kind)


@pytest.mark.parametrize("kind", DECISIONS)
def test_what_is_told_afterwards_does_not_move_it(kind: str):
    case = DECISIONS[kind]()
    data = {"key": "enf.evidence", "new": "1", "effective_from": "2025-01-01", "reason": "for this test"}
    case.tell("2026-01-05 09:00", "chief-officer", "ChangeSetting", to="policy/policy", **data)
    data = {"key": "enf.breach_threshold", "new": "9", "effective_from": "2025-01-01", "reason": "for this test"}
    case.tell("2026-01-05 09:01", "chief-officer", "ChangeSetting", to="policy/policy", **data)
    data = {"date": "2025-06-05", "name": "A day off", "source_ref": "Gazette"}
    case.tell("2026-01-05 09:02", "chief-officer", "SetBankHoliday", to="policy/policy", **data)
    same(case, kind)


def test_an_altered_decision_differs_and_says_in_what():
    case = judged()
    record = the(case, "EvidenceReceived")
    told = replace(record, fact=record.fact.completed(late=True), rests_on=(), under=())
    found = {each.what: (each.sealed, each.again) for each in differences(told, again(case, told))}
    assert found["late"] == (True, False)
    assert found["rests_on"] == ([], [4, 5])
    assert found["under"][1] == ["ENF-05@manual-2022", "ENF-07@manual-2022"]
    row = telling.rerun_of(again(case, told), differences(told, again(case, told)), [], frozenset(), telling.in_full)
    assert row["outcome"] == "differs"
    assert "late was True, is False" in row["says"]


def test_a_decision_that_the_rules_did_not_allow_is_said_to_be_refused_now():
    case = judged()
    record = the(case, "AbsenceJudged")
    at = the(case, "EvidenceReceived").position  # as if the evidence had not been recorded yet
    late = replace(record, fact=record.fact.completed(judged_on=date(2025, 6, 30)), position=at, recorded=NEXT_YEAR)
    outcome = again(case, late)
    assert [each.rule for each in outcome.refusals] == ["ENF-07"]
    row = telling.rerun_of(outcome, differences(late, outcome), [], frozenset(), telling.in_full)
    assert row["outcome"] == "differs"
    assert "it would be refused (ENF-07: " in row["says"]


def test_it_is_taken_under_the_policy_its_entry_names_and_not_under_all_that_was_recorded_before_it():
    case = Telling(settings={"enf.evidence": "3"})
    whole = Policy.fold(case.ledger.records)
    assert policy_then(whole, 1, 1).setting("enf.evidence", date(2025, 1, 6)) == 3
    assert policy_then(whole, 0, 1).setting("enf.evidence", date(2025, 1, 6)) == 5
    assert policy_then(whole, 1, 0).setting("upw.min_hours", date(2025, 1, 6)) is None


def test_the_settings_and_the_calendar_it_asked_for_are_written_down_and_no_others():
    case, asked = judged(), Asked()
    again(case, the(case, "AbsenceJudged"), asked)
    assert asked.settings == {"enf.evidence": (date(2025, 6, 4), 5)}
    assert asked.calendar is not None
    asked = Asked()
    again(case, the(case, "OrderMade"), asked)
    assert set(asked.settings) == {"upw.min_hours", "upw.max_hours"}
    assert asked.calendar is None


def test_a_setting_that_was_changed_since_is_told_with_what_it_says_today():
    case, asked = judged(), Asked()
    record = the(case, "AbsenceJudged")
    data = {"key": "enf.evidence", "new": "9", "effective_from": "2025-01-01", "reason": "for this test"}
    case.tell("2025-07-01 09:00", "chief-officer", "ChangeSetting", to="policy/policy", **data)
    data = {"date": "2025-06-05", "name": "A day off", "source_ref": "Gazette"}
    case.tell("2025-07-01 09:02", "chief-officer", "SetBankHoliday", to="policy/policy", **data)
    again(case, record, asked)
    found = telling.policy_of(asked, case.ledger.policy())
    assert [(each["key"], each["value"], each["today"]) for each in found["settings"]] == [("enf.evidence", 5, 9)]
    assert (found["calendar"]["added"], found["calendar"]["removed"]) == ([date(2025, 6, 5)], [])


def test_a_case_that_was_not_read_is_asked_for_and_not_taken_for_empty():
    case = DECISIONS["PlacementAllocated"]()
    record = the(case, "PlacementAllocated")

    def chains(name):
        if name != record.stream:
            raise Unread((name,))
        return case.ledger.history(name)

    with pytest.raises(Unread, match="placement-"):
        decided(record, knowing(record, chains, policy_before(case, record)))


# ------------------------------------------------------------------------------------------ what cannot be read


def closing(case: Telling, kind: str, field: str, value=CLOSED):
    """The chains of a case in which one field of one record cannot be read."""
    gone = the(case, kind).position

    def chains(name):
        return [
            replace(each, fact=each.fact.completed(**{field: value})) if each.position == gone else each
            for each in case.ledger.history(name)
        ]

    return chains


@pytest.mark.parametrize("value", [CLOSED, Erased(date(2026, 1, 5))], ids=["withheld", "erased"])
def test_a_decision_that_may_turn_on_a_value_nobody_can_read_cannot_be_re_run(value):
    case = DECISIONS["PlacementAllocated"]()
    record, chains = (
        the(case, "PlacementAllocated"),
        closing(DECISIONS["PlacementAllocated"](), "OffenderRecorded", "gender"),
    )
    chains = closing(case, "OffenderRecorded", "gender", value)
    outcome = again(case, record, chains=chains)
    closed = closed_inputs(record, chains, outcome.looked)
    assert closed == [(the(case, "OffenderRecorded").position, "gender")]
    row = telling.rerun_of(outcome, differences(record, outcome), closed, frozenset(), telling.in_full)
    assert (row["outcome"], row["says"]) == ("cannot", "Cannot be re-run: 1 input withheld or erased.")
    assert (row["differences"], row["refusals"], row["warnings"]) == ([], [], [])


def test_values_of_its_own_count_and_those_that_no_decision_reads_do_not():
    case = judged()
    record = the(case, "AbsenceJudged")
    shut = replace(record, fact=record.fact.completed(reason=CLOSED, reason_code=CLOSED))
    chains = closing(case, "EvidenceReceived", "description")
    closed = closed_inputs(shut, chains, ())
    assert closed == [(record.position, "reason_code"), (record.position, "reason")]
    row = telling.rerun_of(again(case, shut), [], closed, frozenset(), telling.in_full)
    assert row["says"] == "Cannot be re-run: 2 inputs withheld or erased."


def test_what_was_sealed_after_it_is_no_input_of_it():
    case = DECISIONS["PlacementAllocated"]()
    case.tell("2025-04-01 09:00", "practitioner", "ChangeRiskLevel", to="offender/bob", from_level="LOW",
              to_level="HIGH", reason="as told", changed_on="2025-04-01")  # fmt: skip
    record = the(case, "PlacementAllocated")
    assert closed_inputs(record, closing(case, "RiskLevelChanged", "to_level"), ()) == []
