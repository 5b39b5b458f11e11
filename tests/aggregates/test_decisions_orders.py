"""Refusals and warnings of areas GEN and A: the command, and in the last column rule and message."""

import pytest
from tests.aggregates.telling import FIELDS_OF_ANN, Telling

from ledger.errors import Forbidden, Malformed

TOO_FAR = "A suspended sentence order cannot be extended"
SSO = {"order_type": "SSO", "operational_period_end": "2026-03-05"}
EXTEND = {"order_id": "o1", "application": "EXTENSION"}
AT = ("2026-01-08 10:00", "practitioner", "ApplyToCourt")


@pytest.mark.parametrize(
    "order,data,why",
    [
        ({}, {"requested_end_date": "2026-01-06"}, ("UPW-07", "The new date must be after the present one.")),
        (SSO, {"requested_end_date": "2026-03-06"},
         ("UPW-06", f"{TOO_FAR} beyond 5 Mar 2026, the end of the operational period.")),
        (SSO | {"operational_period_end": "2026-01-07"}, {"requested_end_date": "2026-03-06"},
         ("UPW-09", "The operational period ended on 7 Jan 2026; no extension is possible.")),
        ({}, {"made_on": "2026-01-09"}, ("GEN-05", "An event cannot take effect in the future.")),
    ],
)  # fmt: skip
def test_an_application_is_refused(order, data, why):
    data = {"made_on": "2026-01-08", **EXTEND, **data}
    assert Telling().order(**order).refused(*AT, **data) == why


def test_an_application_to_revoke_knows_no_limit():
    telling = Telling().order(**SSO | {"operational_period_end": "2026-01-07"})
    telling.tell(*AT, **EXTEND | {"application": "REVOCATION", "made_on": "2026-01-08"})


VARY = {"order_id": "o1", "result": "EXTENDED", "decided_on": "2026-01-08", "court": "Nowhere"}
AT_COURT = ("2026-01-08 15:00", "court-officer", "RecordCourtVariation")


@pytest.mark.parametrize(
    "data,why",
    [
        ({"new_hours": 301, "new_end_date": "2026-06-01"}, ("UPW-01", "UPW hours must be between 40 and 300.")),
        ({}, ("UPW-08", "Enter the new date the court set.")),
    ],
)
def test_a_variation_is_refused(data, why):
    assert Telling().order().refused(*AT_COURT, **VARY | data) == why


def test_a_court_may_go_too_far_and_is_recorded():
    telling = Telling().order(**SSO).tell(*AT_COURT, **VARY | {"new_end_date": "2026-09-30"})
    assert [rule for rule, _ in telling.warned] == ["UPW-06"]


def test_an_extension_to_an_earlier_day_is_none():
    later = ("UPW-07", "The new date must be after the present one.")
    assert Telling().order().refused(*AT_COURT, **VARY | {"new_end_date": "2025-12-01"}) == later


def test_an_extension_recorded_after_a_later_one_is_measured_against_its_own_day():
    telling = Telling().order().tell(*AT_COURT, **VARY | {"new_end_date": "2026-09-30"})
    telling.tell(*AT_COURT, **VARY | {"new_end_date": "2026-06-30", "decided_on": "2026-01-07"})
    assert str(telling.progress("2026-01-08")["due_on"]) == "2026-09-30"


def test_varied_hours_move_the_balance_from_their_day():
    telling = Telling().order().tell(*AT_COURT, **VARY | {"new_end_date": "2026-06-01", "new_hours": 120})
    assert telling.progress("2026-01-07")["ordered_minutes"] == 6000
    assert telling.progress("2026-01-08")["ordered_minutes"] == 7200


def test_an_incomplete_induction_names_the_items():
    ticks = ("rules_of_order", "rules_of_projects", "details_checked", "offending_history", "clothing_advised")
    data = dict.fromkeys(ticks, True) | {"order_id": "o1", "date": "2025-01-10"}
    telling = Telling().order()
    data |= {"details_checked": False, "conduct_warned": False}
    telling.tell("2025-01-10 10:00", "pso", "CompleteInduction", **data)
    assert telling.warned == [("UPW-11", "Induction incomplete: details checked, conduct warned.")]


COMPLETE = {"order_id": "o1", "completed_on": "2025-03-01", "placement_id": "park"}


@pytest.mark.parametrize(
    "credited,data,why",
    [
        (5910, {}, ("UPW-12", "1.5 hours remain.")),
        (0, {}, ("UPW-12", "100 hours remain.")),
        (6000, {"ete_minutes": 60}, ("UPW-12", "ete_minutes is 0; leave it out or give that value.")),
    ],
)
def test_completion_is_refused(credited, data, why):
    telling = Telling().order().placed()
    telling.tell(
        "2025-03-01 09:00", "operations-manager", "AdjustHours", order_id="o1", delta_minutes=credited, reason="x"
    )
    assert telling.refused("2025-03-01 10:00", "practitioner", "ConfirmCompletion", **COMPLETE | data) == why


def test_completion_carries_what_was_credited():
    telling = Telling().order().placed()
    telling.tell("2025-03-01 09:00", "operations-manager", "AdjustHours", order_id="o1", delta_minutes=6000, reason="x")
    telling.tell("2025-03-01 10:00", "practitioner", "ConfirmCompletion", **COMPLETE)
    fact = telling.ledger.records[-1].fact
    assert (fact.credited_minutes, fact.ete_minutes) == (6000, 0)
    assert telling.refused("2025-03-02 10:00", "practitioner", "ConfirmCompletion", **COMPLETE)[0] == "GEN-06"


# ---------------------------------------------------------------------------------------- the history file

MOVE = {"scope": "SUPERVISION_CASE", "ref": "o1", "on": "2025-07-08"}


def in_history():
    telling = Telling().order().absence("a1", "2025-04-12")
    telling.tell(
        "2025-07-07 16:00", "practitioner", "EndSupervision", order_id="o1", ended_on="2025-07-07", ground="EXPIRED"
    )
    return telling.tell("2025-07-08 10:00", "team-admin", "MoveToHistory", **MOVE)


def test_a_case_goes_to_the_history_file_when_supervision_has_ended():
    why = Telling().order().refused("2025-07-08 10:00", "team-admin", "MoveToHistory", **MOVE)
    assert why == ("UPW-15", "Supervision has not ended; end it first.")


@pytest.mark.parametrize(
    "by,command,data,accepted",
    [
        ("practitioner", "IssueEnforcementLetter",
         {"letter_id": "l1", "absence_id": "a1", "issued_on": "2025-07-09", "channel": "post"}, False),
        ("practitioner", "SetTaskRestriction", {"restriction": "no heights", "from_date": "2025-07-09"}, False),
        ("supervisor", "RecordAbsence",
         {"absence_id": "a2", "order_id": "o1", "appointment_kind": "UPW", "date": "2025-06-30", "kind": "FTA"}, True),
        ("team-admin", "ReceiveEvidence",
         {"absence_id": "a1", "received_at": "2025-07-09 10:00", "kind": "x", "description": "x"}, True),
    ],
)  # fmt: skip
def test_the_history_file_takes_late_facts_but_no_plan_or_decision(by, command, data, accepted):
    telling = in_history()
    if accepted:
        telling.tell("2025-07-09 12:00", by, command, **data)
    else:
        assert telling.refused("2025-07-09 12:00", by, command, **data) == (
            "UPW-15",
            "This case is in the history file.",
        )


def test_a_new_order_begins_a_new_supervision_case():
    telling = in_history().order("o2", sentence="2025-08-01")
    data = {"order_id": "o2", "offered_on": "2025-08-01", "offered_for": "2025-08-04"}
    telling.tell("2025-08-01 16:00", "practitioner", "OfferFirstAppointment", **data)


# ---------------------------------------------------------------------------------------- what every command meets


def test_a_case_begins_with_the_person_and_only_once():
    telling = Telling()
    data = {"language": "Welsh", "need_type": "INTERPRETER"}
    why = telling.refused("2025-01-06 10:00", "practitioner", "RecordCommunicationNeed", **data)
    assert why == ("GEN-06", "Nothing is recorded here yet; begin with RecordOffender.")
    telling.recorded()
    assert telling.refused("2025-01-06 10:00", "team-admin", "RecordOffender", **FIELDS_OF_ANN)[0] == "GEN-06"


def test_an_id_that_repeats_the_target_must_be_the_target():
    why = Telling().refused("2025-01-06 10:00", "team-admin", "RecordOffender", offender_id="bob", **FIELDS_OF_ANN)
    assert why == ("GEN-06", "offender_id is the record this command goes to; leave it out or give that id.")


def test_who_records_is_who_it_says():
    telling = Telling().order().absence("a1", "2025-04-12")
    data = {"absence_id": "a1", "note": "was seen in town", "by": "somebody-else"}
    assert telling.refused("2025-04-14 10:00", "supervisor", "PassOnInformation", **data)[0] == "GEN-08"
    telling.tell("2025-04-14 10:00", "supervisor", "PassOnInformation", **data | {"by": "supervisor"})


def test_another_role_is_turned_away():
    with pytest.raises(Forbidden):
        Telling().give("2025-01-06 10:00", "supervisor", "RecordOffender", **FIELDS_OF_ANN)


@pytest.mark.parametrize("data", [{"surname": 7}, {"nickname": "Annie"}, {"dob": "1990-02-30"}, {"client_id": "123"}])
def test_a_malformed_command_ends_at_the_door(data):
    with pytest.raises(Malformed):
        Telling().give("2025-01-06 10:00", "team-admin", "RecordOffender", **FIELDS_OF_ANN | data)


def test_what_has_happened_elsewhere_is_recorded_with_cautions():
    telling = Telling().order()
    data = {"order_id": "o2", "order_type": "SSO", "court": "Nowhere", "sentence_date": "2025-01-06", "upw_hours": 20}
    data |= {"order_end_date": "2026-01-05", "requirements": ["UPW"]}
    telling.tell("2025-01-07 10:00", "court-officer", "RecordOrder", imported=True, **data)
    assert [rule for rule, _ in telling.warned] == ["UPW-01", "UPW-02"]
    answer = telling.give("2025-01-07 10:00", "court-officer", "RecordOrder", imported=True, **data)
    assert [each.rule for each in answer.refusals] == ["GEN-06"], "a duplicate is set aside all the same"
