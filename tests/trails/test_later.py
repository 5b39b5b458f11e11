"""What was recorded afterwards and would have changed a decision is named; what would not, or came after it, is not."""

from __future__ import annotations

from tests.aggregates.placing import Placing
from tests.aggregates.registering import Registering
from tests.aggregates.telling import Telling
from tests.trails.retelling import changes, the


def judged() -> Telling:
    case = Telling().order().absence("a1", "2025-06-02").letter("l1", "a1", "2025-06-04")
    return case.evidence("a1", "2025-06-06 09:00").judge("a1", "2025-06-09", "ACCEPTABLE")


def in_breach() -> Telling:
    case = Telling().order().two_unacceptable()
    return case.tell("2025-06-20 10:00", "practitioner", "StartBreachAction", order_id="o1", started_on="2025-06-20",
                     court="Nowhere", risk_led=False)  # fmt: skip


def test_nothing_is_named_where_nothing_came_late():
    case = judged().absence("a2", "2025-06-16").letter("l2", "a2", "2025-06-17")
    assert changes(case, the(case, "AbsenceJudged")) == []


def test_evidence_that_had_arrived_and_was_recorded_afterwards_would_have_been_rested_on():
    case = judged().evidence("a1", "2025-06-09 08:00", recorded="2025-06-11 09:00")
    late = the(case, "EvidenceReceived")
    assert changes(case, the(case, "AbsenceJudged")) == [("EvidenceReceived", [("rests-on", (late.position,))])]


def test_evidence_that_arrived_after_it_would_have_changed_nothing():
    case = judged().evidence("a1", "2025-06-10 09:00")
    assert changes(case, the(case, "AbsenceJudged")) == []


def test_evidence_recorded_late_would_have_kept_a_breach_from_being_acted_on():
    case = in_breach().evidence("a2", "2025-06-13 09:00", recorded="2025-06-24 09:00")
    ((kind, effects),) = changes(case, the(case, "BreachActionStarted"))
    assert kind == "EvidenceReceived"
    assert effects == [("refused", "ENF-11")]


def test_what_was_recorded_late_and_taken_back_again_would_have_changed_nothing():
    case = in_breach().evidence("a2", "2025-06-13 09:00", recorded="2025-06-24 09:00")
    evidence = the(case, "EvidenceReceived")
    case.tell("2025-06-25 09:00", "senior-practitioner", "StrikeOutRecord", event_ref=evidence.id, reason="not so")
    assert changes(case, the(case, "BreachActionStarted")) == []


def test_each_of_several_is_named_for_what_it_changed_on_top_of_those_before_it():
    case = in_breach().evidence("a2", "2025-06-13 09:00", recorded="2025-06-24 09:00")
    case.evidence("a1", "2025-06-06 09:00", recorded="2025-06-24 09:30")
    assert changes(case, the(case, "BreachActionStarted")) == [
        ("EvidenceReceived", [("refused", "ENF-11")]),
        ("EvidenceReceived", [("refused", "ENF-11"), ("not-refused", "ENF-11")]),  # not even one is left
    ]


def test_what_a_decision_led_to_is_not_what_would_have_changed_it():
    case = in_breach()
    case.tell("2025-06-27 10:00", "court-officer", "RecordBreachOutcome", order_id="o1", proven=True,
              result="CONTINUED", decided_on="2025-06-20")  # fmt: skip
    assert changes(case, the(case, "BreachActionStarted")) == []


def test_a_striking_out_says_what_was_so_all_along():
    case = judged()
    evidence = the(case, "EvidenceReceived")
    case.tell("2025-07-01 09:00", "senior-practitioner", "StrikeOutRecord", event_ref=evidence.id, reason="not theirs")
    assert changes(case, the(case, "AbsenceJudged")) == [("RecordStruckOut", [("not-on", (evidence.position,))])]


def test_a_deadline_would_have_been_another_where_the_letter_was_dated_wrong():
    case = Telling().order().absence("a1", "2025-06-02").letter("l1", "a1", "2025-06-04")
    case.evidence("a1", "2025-06-12 09:00")  # a day late
    letter = the(case, "EnforcementLetterIssued")
    case.tell("2025-07-01 09:00", "senior-practitioner", "CorrectRecord", event_ref=letter.id, field="issued_on",
              corrected_value="2025-06-05", reason="sent a day later")  # fmt: skip
    found = changes(case, the(case, "EvidenceReceived"))
    assert found == [("RecordCorrected", [("other-value", "late")])]


def test_what_is_told_of_another_case_counts_where_the_decision_looked_there():
    case = Placing().park().somebody("bob").allocate("2025-03-10")
    record = the(case, "PlacementAllocated")
    assert changes(case, record) == []
    suspended = {"on": "2025-03-07", "cause": "unsafe"}
    case.do("2025-03-20", "placement-coordinator", "SuspendPlacement", "placement/park", **suspended)
    ((kind, effects),) = changes(case, record)
    assert kind == "PlacementSuspended"
    assert {each[0] for each in effects} == {"refused"}


def test_others_who_came_the_same_day_are_not_said_to_have_been_there_before():
    case = Placing().park(max_no=2).somebody("bob").somebody("tom").somebody("sam")
    case.allocate("2025-03-10", "bob").allocate("2025-03-10", "tom")
    record = the(case, "PlacementAllocated", 0)
    assert changes(case, record) == []


def test_a_closing_of_the_register_would_have_been_refused_had_a_wrong_ground_been_struck_out():
    case = Registering().entered(children=("kit",)).notified().closed()
    ground = the(case, "DeregistrationNotified")
    record = the(case, "RegisterEntryClosed")
    assert changes(case, record) == []
    case.tell("2025-11-03 09:00", "senior-practitioner", "StrikeOutRecord", to="register-entry/e1",
              event_ref=ground.id, reason="not so")  # fmt: skip
    ((kind, effects),) = changes(case, record)
    assert kind == "RecordStruckOut"
    assert ("refused", "CP-41") in effects
