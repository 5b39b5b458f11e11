"""Corrections and strikings-out (GEN-06): who may, what not, and what every view reads from then on."""

import pytest
from tests.aggregates.telling import Telling

from ledger.aggregates.corrections import as_corrected
from ledger.aggregates.shape import OFFENDER, OWN


def case():
    """A letter dated 16 Apr that left on the 17th."""
    telling = Telling().order()
    data = {"absence_id": "a1", "order_id": "o1", "appointment_kind": "UPW", "date": "2025-04-12", "kind": "FTA"}
    telling.tell("2025-04-12 17:00", "supervisor", "RecordAbsence", label="the-absence", **data)
    data = {"letter_id": "l1", "absence_id": "a1", "issued_on": "2025-04-16", "channel": "post"}
    return telling.tell("2025-04-17 10:00", "practitioner", "IssueEnforcementLetter", label="the-letter", **data)


def correct(telling, at, field, value, ref="the-letter", by="practitioner", **more):
    data = {"event_ref": ref, "field": field, "corrected_value": value, "reason": "as told"}
    return telling.tell(at, by, "CorrectRecord", **data, **more)


def deadline(telling, as_at="2025-04-24", **more):
    return str(telling.enforcement(as_at, **more)["absences"][0]["letter"]["evidence_deadline"])


def test_a_correction_holds_for_every_date_from_its_recording_on():
    telling = correct(case(), "2025-04-22 09:00", "issued_on", "2025-04-17")
    assert deadline(telling, "2025-04-17") == "2025-04-28"
    assert deadline(telling, "2025-04-17", known_at="2025-04-21 12:00") == "2025-04-25"
    assert telling.enforcement("2025-04-16")["absences"][0]["letter"] is None


def test_a_correction_may_be_corrected_and_struck_out():
    telling = correct(case(), "2025-04-22 09:00", "issued_on", "2025-04-15", label="first")
    correct(telling, "2025-04-23 09:00", "corrected_value", "2025-04-17", ref="first", label="second")
    assert deadline(telling) == "2025-04-28"
    telling.tell("2025-04-24 09:00", "practitioner", "StrikeOutRecord", event_ref="second", reason="x", label="third")
    assert deadline(telling) == "2025-04-24"
    telling.tell("2025-04-24 10:00", "practitioner", "StrikeOutRecord", event_ref="first", reason="x")
    assert deadline(telling) == "2025-04-25"


def test_the_latest_of_two_corrections_holds():
    telling = correct(case(), "2025-04-22 09:00", "issued_on", "2025-04-15")
    correct(telling, "2025-04-22 10:00", "issued_on", "2025-04-17")
    assert deadline(telling) == "2025-04-28"


def test_a_struck_out_record_vanishes_but_stays_in_the_chronology():
    telling = case().tell("2025-04-22 09:00", "practitioner", "StrikeOutRecord", event_ref="the-letter", reason="x")
    assert telling.standing("2025-05-09") == ("no-letter", "2025-04-12", False)
    events = {each["type"]: each for each in telling.ask("chronology", "2025-05-09")["events"]}
    assert events["EnforcementLetterIssued"]["struck_out"] is True
    assert events["RecordStruckOut"]["corrects"] == events["EnforcementLetterIssued"]["position"]
    assert telling.standing("2025-04-21", known_at="2025-04-21 12:00")[0] == "awaiting-evidence"


def test_a_struck_out_striking_out_brings_the_record_back():
    telling = case().tell(
        "2025-04-22 09:00", "practitioner", "StrikeOutRecord", event_ref="the-letter", reason="x", label="struck"
    )
    telling.tell("2025-04-22 10:00", "practitioner", "StrikeOutRecord", event_ref="struck", reason="x")
    assert deadline(telling) == "2025-04-25"


def test_a_corrected_session_moves_its_attendance():
    telling = Telling().order().placed("park")
    data = {"session_id": "s1", "order_id": "o1", "placement_id": "park", "date": "2025-03-22", "start": "09:30"}
    telling.tell("2025-03-17 10:00", "placement-coordinator", "ScheduleSession", label="the-session", **data).attended()
    credit = {"session_id": "s1", "order_id": "o1", "work_minutes": 60, "travel_minutes": 0, "told_to_person": True}
    telling.tell("2025-03-22 16:00", "supervisor", "CreditHours", **credit)
    correct(telling, "2025-03-24 09:00", "date", "2025-03-21", ref="the-session", by="placement-coordinator")
    assert telling.progress("2025-03-21")["credited_minutes"] == 60


@pytest.mark.parametrize(
    "data,by,why",
    [
        ({"event_ref": "nothing"}, "practitioner", "No record "),
        ({"field": "issued"}, "practitioner", "EnforcementLetterIssued has no field issued;"),
        ({"field": "evidence_deadline"}, "practitioner", "evidence_deadline cannot be corrected:"),
        ({"field": "letter_id"}, "practitioner", "letter_id cannot be corrected:"),
        ({"corrected_value": "the 17th"}, "practitioner", "This is no value for issued_on:"),
        ({"corrected_value": 17}, "practitioner", "This is no value for issued_on:"),
        ({"corrected_value": "2025-04-23"}, "practitioner", "An event cannot take effect in the future."),
        ({}, "supervisor", "Only the author of a record, or a senior practitioner or above, may correct it."),
    ],
)
def test_a_correction_is_refused(data, by, why):
    given = {"event_ref": "the-letter", "field": "issued_on", "corrected_value": "2025-04-17", "reason": "as told"}
    assert case().refused("2025-04-22 09:00", by, "CorrectRecord", **given | data)[1].startswith(why)


def test_a_manager_may_correct_what_another_wrote():
    assert deadline(correct(case(), "2025-04-22 09:00", "issued_on", "2025-04-17", by="unit-manager")) == "2025-04-28"


def test_a_corrected_value_goes_under_the_key_of_its_field():
    telling = correct(case(), "2025-04-22 09:00", "issued_on", "2025-04-17")
    assert telling.ledger.records[-1].in_clear == {"corrected_value"}
    correct(telling, "2025-04-22 10:00", "note", "as corrected", ref="the-absence", by="supervisor")
    assert telling.ledger.records[-1].in_clear == frozenset()


def test_the_key_of_a_corrected_value_is_the_fields_own():
    from ledger.aggregates.corrections import key_of

    telling = case()
    absence, letter = telling.ledger.records[-2:]
    assert key_of([absence], absence, "note") == OFFENDER
    assert key_of([letter], letter, "issued_on") is None
    assert OWN.subject == "-"


def judged():
    telling = case().evidence("a1", "2025-04-22 12:00")
    data = {
        "absence_id": "a1",
        "result": "ACCEPTABLE",
        "reason_code": "other",
        "reason": "x",
        "judged_on": "2025-04-23",
    }
    return telling.tell("2025-04-23 12:00", "practitioner", "JudgeAbsence", label="the-judgement", **data)


def test_a_judgement_is_struck_out_by_a_manager():
    data = {"event_ref": "the-judgement", "reason": "as told"}
    telling = judged()
    why = telling.refused("2025-04-24 12:00", "practitioner", "StrikeOutRecord", **data)
    assert why == ("GEN-06", "Only a senior practitioner or above strikes out a judgement or a breach.")
    telling.tell("2025-04-24 12:00", "senior-practitioner", "StrikeOutRecord", **data)
    assert telling.standing("2025-04-24")[0] == "under-consideration"
    why = telling.refused("2025-04-24 13:00", "senior-practitioner", "StrikeOutRecord", **data)
    assert why == ("GEN-06", "This record is already struck out.")


def test_what_a_court_rested_on_is_not_struck_out():
    telling = Telling().order().absence("a1", "2025-06-02", label="a1-recorded").letter("l1", "a1", "2025-06-04")
    telling.absence("a2", "2025-06-09").letter("l2", "a2", "2025-06-11")
    start = {"order_id": "o1", "started_on": "2025-06-20", "court": "Nowhere", "risk_led": False}
    telling.tell("2025-06-20 10:00", "practitioner", "StartBreachAction", label="the-action", **start)
    data = {"order_id": "o1", "proven": True, "result": "CONTINUED", "decided_on": "2025-07-22"}
    telling.tell("2025-07-22 15:00", "court-officer", "RecordBreachOutcome", **data)
    for ref in ("a1-recorded", "the-action"):
        why = telling.refused("2025-07-23 10:00", "senior-practitioner", "StrikeOutRecord", event_ref=ref, reason="x")
        assert why[1] == "A court has dealt with a breach that rests on this record; it cannot be struck out."


def test_a_history_without_corrections_is_read_as_it_is():
    history = case().ledger.records
    assert as_corrected(history) == history
