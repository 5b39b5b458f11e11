"""A corrected record is ruled on by the rules of the command that made it (GEN-06), on the ground it was told on."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.aggregates.memory_ledger import SYSTEM, MemoryLedger, closed
from tests.aggregates.placing import Placing
from tests.aggregates.registering import Registering
from tests.aggregates.siting import park
from tests.aggregates.telling import Telling
from tests.scenarios.test_scenarios import CASES

from ledger.aggregates import AGGREGATES, noun_of
from ledger.aggregates.anew import _folded, _grounds, as_given
from ledger.aggregates.case_review.facts import ActionPlanIssued
from ledger.aggregates.corrections import CORRECTING
from ledger.aggregates.ledger_stream import ReleaseStarted
from ledger.aggregates.policy import PolicySettingChanged
from ledger.aggregates.shape import Now
from ledger.errors import Refused
from ledger.scenarios import play

SENIOR = "senior-practitioner"
HOURS = "UPW hours must be between 40 and 300."


def latest(telling, command):
    """The id of the last record that a command made."""
    return next(each.id for each in reversed(telling.ledger.records) if each.fact.command == command)


def correction(telling, command, field, value):
    return {"event_ref": latest(telling, command), "field": field, "corrected_value": value, "reason": "as told"}


def correct(telling, at, command, field, value, **more):
    return telling.tell(at, SENIOR, "CorrectRecord", **correction(telling, command, field, value), **more)


def not_corrected(telling, at, command, field, value, **more):
    return telling.refused(at, SENIOR, "CorrectRecord", **correction(telling, command, field, value), **more)


# ---------------------------------------------------------------------------------------- the command's own rules


@pytest.mark.parametrize("hours", [0, 1, 39, 301, "1", 10**9])
def test_the_hours_of_an_order_are_corrected_only_to_what_a_court_may_order(hours):
    assert not_corrected(Telling().order(), "2025-02-01 10:00", "RecordOrder", "upw_hours", hours) == ("UPW-01", HOURS)


@pytest.mark.parametrize("hours", [40, 100, 299, "300"])
def test_and_to_all_of_that(hours):
    correct(Telling().order(), "2025-02-01 10:00", "RecordOrder", "upw_hours", hours)


def test_an_order_becomes_a_suspended_sentence_once_it_has_an_operational_period():
    telling = Telling().order()
    assert not_corrected(telling, "2025-02-01 10:00", "RecordOrder", "order_type", "SSO")[0] == "UPW-02"
    correct(telling, "2025-02-01 10:01", "RecordOrder", "operational_period_end", "2026-01-05")
    correct(telling, "2025-02-01 10:02", "RecordOrder", "order_type", "SSO")


def test_work_is_credited_by_a_correction_only_until_it_was_stopped():
    telling, stop = Telling().order().session(), {"stopped_at": "2025-03-22 11:15", "reason": "x", "reported_to": []}
    telling.tell("2025-03-22 11:20", "supervisor", "StopWork", session_id="s1", **stop).attended()
    credit = {"session_id": "s1", "order_id": "o1", "work_minutes": 60, "travel_minutes": 0, "told_to_person": True}
    telling.tell("2025-03-22 16:00", "supervisor", "CreditHours", **credit)
    correct(telling, "2025-03-24 09:00", "CreditHours", "work_minutes", 105)
    told = not_corrected(telling, "2025-03-24 09:01", "CreditHours", "work_minutes", 106)
    assert told == ("HRS-03", "Hours can be credited only up to 11:15.")


def test_a_departure_is_not_corrected_to_before_the_arrival():
    told = not_corrected(
        Telling().order().session().attended(), "2025-03-24 09:00", "RecordAttendance", "departure", "09:00"
    )
    assert told == ("ENF-01", "The departure is before the arrival; check the times.")


@pytest.mark.parametrize("value", [[9, 9, 9, 9, 9], [], [2], [1] * 9, [-5, 2, 2, 2, 2]])
def test_scores_are_corrected_to_scores(value):
    assert not_corrected(park(), "2025-06-01 10:00", "AuditQuality", "scores", value)[0] == "PLC-33"


def test_a_project_that_fails_an_exclusion_is_not_recommended_by_a_correction():
    site = park()
    data = {"answers": {"commercial_edge": "yes"}, "risks": "x", "benefits": "y", "recommendation": "refuse"}
    site.coordinator("2025-06-01 10:00", "AssessProject", on="2025-06-01", **data)
    assert not_corrected(site, "2025-06-02 10:00", "AssessProject", "recommendation", "accept")[0] == "PLC-02"
    correct(site, "2025-06-02 10:00", "AssessProject", "answers", {"commercial_edge": "no"})
    correct(site, "2025-06-02 10:01", "AssessProject", "recommendation", "accept")


def test_an_entry_of_the_register_is_not_moved_before_its_r7():
    case = Registering().entered()
    told = not_corrected(
        case, "2025-01-06 10:00", "EnterRegister", "registered_on", "2024-12-03", to="register-entry/e1"
    )
    assert told == ("CP-31", "R7 must be received first.")


# ---------------------------------------------------------------------------------------- on what stood before it


def enforced(absence="2025-04-12", at="2025-04-17 09:00", letter="2025-04-18"):
    return Telling().order().absence("a1", absence, at=at).letter("l1", "a1", letter)


def test_a_letter_is_not_moved_before_its_absence():
    told = not_corrected(enforced(), "2025-04-22 09:00", "IssueEnforcementLetter", "issued_on", "2025-04-11")
    assert told[0] == "ENF-03"


def test_an_absence_may_be_moved_past_a_letter_that_came_later():
    correct(enforced(), "2025-04-22 09:00", "RecordAbsence", "date", "2025-04-19")


def test_a_letter_follows_its_absence_once_that_is_put_right():
    telling = enforced(absence="2025-04-17")
    assert (
        not_corrected(telling, "2025-04-22 09:00", "IssueEnforcementLetter", "issued_on", "2025-04-14")[0] == "ENF-03"
    )
    correct(telling, "2025-04-22 09:10", "RecordAbsence", "date", "2025-04-12")
    correct(telling, "2025-04-22 09:20", "IssueEnforcementLetter", "issued_on", "2025-04-14")


def test_and_stays_where_it_could_have_been_when_the_absence_moves_on():
    telling = correct(enforced(), "2025-04-22 09:00", "RecordAbsence", "date", "2025-04-17")
    correct(telling, "2025-04-22 09:10", "IssueEnforcementLetter", "issued_on", "2025-04-15")


def test_the_evidence_deadline_follows_the_corrected_letter_and_is_not_in_its_way():
    telling = correct(enforced(), "2025-04-22 09:00", "IssueEnforcementLetter", "issued_on", "2025-04-17")
    letter = telling.enforcement("2025-04-22")["absences"][0]["letter"]
    assert str(letter["evidence_deadline"]) == "2025-04-28"


def test_what_came_after_a_record_does_not_bar_putting_it_right():
    """Judged and re-judged: absence, letter and first judgement are still put right."""
    telling = enforced(letter="2025-04-17").evidence("a1", "2025-04-22 12:00").judge("a1", "2025-04-23", "UNACCEPTABLE")
    telling.evidence("a1", "2025-05-20 12:00").rejudge("a1", "2025-05-21", "ACCEPTABLE")
    correct(telling, "2025-06-01 10:00", "JudgeAbsence", "result", "ACCEPTABLE")
    correct(telling, "2025-06-01 10:01", "JudgeAbsence", "judged_on", "2025-04-24")
    correct(telling, "2025-06-01 10:02", "IssueEnforcementLetter", "issued_on", "2025-04-16")
    correct(telling, "2025-06-01 10:03", "RecordAbsence", "date", "2025-04-11")


def test_a_review_is_put_right_after_the_entry_was_closed():
    case = Registering().entered(children=("kit",)).reviewed("2025-03-04")
    case.notified().ended("kit", "2025-10-10").closed("2025-10-13")
    correct(case, "2025-10-20 10:00", "ReviewRegister", "on", "2025-03-05", to="register-entry/e1")
    told = not_corrected(case, "2025-10-20 10:01", "ReviewRegister", "on", "2024-11-30", to="register-entry/e1")
    assert told[0] == "GEN-06"


def test_a_value_is_put_right_under_the_settings_of_its_time_or_under_those_known_today():
    def with_most(hours, since):
        telling = Telling().order()
        data = {"key": "upw.max_hours", "new": hours, "effective_from": since, "reason": "as told"}
        return telling.tell("2025-02-01 09:00", "chief-officer", "ChangeSetting", to="policy/policy", **data)

    for hours, since, value in (("60", "2025-02-01", 300), ("60", "2025-01-01", 300), ("350", "2025-01-01", 350)):
        correct(with_most(hours, since), "2025-02-02 10:00", "RecordOrder", "upw_hours", value)
    told = not_corrected(with_most("350", "2025-02-01"), "2025-02-02 10:00", "RecordOrder", "upw_hours", 350)
    assert told == ("UPW-01", HOURS)


def test_what_a_correction_says_may_have_happened_until_it_is_told():
    telling = enforced(letter="2025-04-17")
    correct(telling, "2025-04-22 09:00", "IssueEnforcementLetter", "issued_on", "2025-04-22")
    told = not_corrected(telling, "2025-04-22 09:01", "IssueEnforcementLetter", "issued_on", "2025-04-23")
    assert told == ("GEN-05", "An event cannot take effect in the future.")


def test_an_imported_record_has_happened_and_stays_what_it_was_told_as():
    """The rule book flags it, as it did when it came in."""
    telling = Telling().order(hours=30, imported=True)
    correct(telling, "2025-02-01 10:00", "RecordOrder", "court", "Elsewhere")
    correct(telling, "2025-02-01 10:01", "RecordOrder", "upw_hours", 20)
    telling = Telling().order(imported=True)
    correct(telling, "2025-02-01 10:01", "RecordOrder", "upw_hours", 20)
    assert telling.warned == [("UPW-01", HOURS)]


def test_whoever_corrects_is_told_what_the_author_would_have_been_told_and_nothing_twice():
    telling = Telling().order().session().attended(departure="23:30", at="2025-03-22 23:45")
    credit = {"session_id": "s1", "order_id": "o1", "work_minutes": 60, "travel_minutes": 0, "told_to_person": True}
    telling.tell("2025-03-22 23:50", "supervisor", "CreditHours", **credit)
    correct(telling, "2025-03-24 09:00", "CreditHours", "work_minutes", 800)
    assert [rule for rule, _ in telling.warned] == ["HRS-04"]
    correct(telling, "2025-03-24 09:01", "CreditHours", "told_to_person", False)
    assert telling.warned == []


# ---------------------------------------------------------------------------------------- where other cases decide


def test_a_session_is_put_right_after_its_placement_was_closed():
    here = Placing().park().somebody().allocate("2025-03-03").schedule("2025-03-04", "s1", "2025-03-22")
    here.do("2025-03-05", "placement-coordinator", "ClosePlacement", "placement/park", on="2025-03-05", reason="done")
    correct(here, "2025-03-06 10:00", "ScheduleSession", "start", "10:30", to="offender/bob")
    correct(here, "2025-03-06 10:01", "ScheduleSession", "date", "2025-03-21", to="offender/bob")


def test_a_woman_is_not_put_into_a_group_of_men_by_a_correction_whoever_came_and_went_since():
    here = Placing().park().somebody("bob", "M").somebody("ann", "F").somebody("eve", "F")
    here.allocate("2025-03-03", "bob").allocate("2025-03-04", "ann", mode="PIP")
    here.allocate("2025-03-05", "eve", mode="PIP").end("2025-03-05", "bob")
    told = not_corrected(here, "2025-03-06 10:00", "AllocatePlacement", "mode", "GROUP", to="offender/eve")
    assert told[0] == "ALL-07"


def test_and_is_where_they_only_came_later():
    here = Placing().park().somebody("bob", "M").somebody("ann", "F").somebody("eve", "F").somebody("dan", "M")
    here.allocate("2025-03-03", "eve").allocate("2025-03-04", "ann", mode="PIP")
    here.end("2025-03-05", "eve").allocate("2025-03-05", "bob").allocate("2025-03-05", "dan")
    correct(here, "2025-03-06 10:00", "AllocatePlacement", "mode", "GROUP", to="offender/dan")
    ann = next(each.id for each in here.ledger.records if getattr(each.fact, "mode", "") == "PIP")
    data = {"event_ref": ann, "field": "mode", "corrected_value": "GROUP", "reason": "as told"}
    here.tell("2025-03-06 10:01", SENIOR, "CorrectRecord", to="offender/ann", **data)


# ---------------------------------------------------------------------------------------- corrections of corrections


def corrected_once():
    return correct(
        enforced(letter="2025-04-17"), "2025-04-22 09:00", "IssueEnforcementLetter", "issued_on", "2025-04-16"
    )


@pytest.mark.parametrize(
    "field,value,rule",
    [
        ("corrected_value", "nonsense", "GEN-06"),
        ("corrected_value", 17, "GEN-06"),
        ("corrected_value", {}, "GEN-06"),
        ("corrected_value", "2025-04-23", "GEN-05"),
        ("corrected_value", "2025-04-11", "ENF-03"),
        ("field", "channel", "GEN-06"),
        ("field", "no_such_field", "GEN-06"),
        ("event_ref", "x", "GEN-06"),
    ],
)
def test_a_correction_is_corrected_to_what_its_record_may_say(field, value, rule):
    telling = corrected_once()
    assert not_corrected(telling, "2025-04-22 09:30", "CorrectRecord", field, value)[0] == rule
    assert telling.enforcement("2025-04-22")["absences"][0]["letter"] is not None


def test_a_correction_may_be_corrected_to_any_value_of_its_field_and_its_reason_to_any_text():
    telling = correct(corrected_once(), "2025-04-22 09:30", "CorrectRecord", "corrected_value", "2025-04-14")
    assert str(telling.enforcement("2025-04-22")["absences"][0]["letter"]["issued_on"]) == "2025-04-14"
    correct(telling, "2025-04-22 09:31", "CorrectRecord", "reason", "another")


# ---------------------------------------------------------------------------------------- for all of them


@settings(max_examples=40, deadline=None)
@given(told=st.integers(40, 300), wanted=st.integers(0, 400), least=st.integers(1, 200), since=st.sampled_from([1, 3]))
def test_any_hours_the_command_would_have_taken_at_that_time_the_correction_takes(told, wanted, least, since):
    def ordered(hours):
        telling = Telling()
        order = {"order_id": "o1", "order_type": "CO", "court": "Nowhere", "sentence_date": "2025-02-03"}
        order |= {"order_end_date": "2027-01-05", "requirements": ["UPW"], "upw_hours": hours}
        telling.recorded()
        return telling, telling.give("2025-02-03 15:00", "court-officer", "RecordOrder", **order)

    asked = ordered(wanted)[1]
    telling = ordered(told)[0]
    setting = {"key": "upw.min_hours", "new": str(least), "effective_from": f"2025-0{since}-01", "reason": "as told"}
    telling.tell("2025-03-01 09:00", "chief-officer", "ChangeSetting", to="policy/policy", **setting)
    data = correction(telling, "RecordOrder", "upw_hours", wanted)
    answer = telling.give("2025-03-02 09:00", SENIOR, "CorrectRecord", **data)
    if not isinstance(asked, Refused):
        assert not isinstance(answer, Refused), answer.refusals
    correct(
        telling, "2025-03-02 09:01", "RecordOrder", "upw_hours", telling.progress("2025-03-02")["ordered_minutes"] // 60
    )


@pytest.mark.parametrize("scenario", CASES, ids=lambda each: each.name)
def test_a_record_would_be_made_again_on_the_ground_it_was_made_on(scenario):
    """What is asked of a corrected record is what was asked of it at first: else putting right would be a gamble."""
    ledger = MemoryLedger()
    play(scenario, ledger)
    known = Now(ledger.records[-1].recorded, SYSTEM, ledger.policy(), look=ledger.look)
    for record in ledger.records:
        # What another sealed value decides is not opened for a setting or an action plan: those are never corrected.
        if isinstance(record.fact, (ReleaseStarted, PolicySettingChanged, ActionPlanIssued, *CORRECTING)):
            continue
        aggregate = AGGREGATES[noun_of(record.stream)]
        as_read = closed(record, aggregate.opens)
        before, then = next(_grounds(as_read, known))
        state = _folded(ledger.state(record.stream), before)
        assert aggregate._anew(record.stream)(state, as_given(as_read.fact), then)[0] == []
