"""Requests, restriction and retention: what is owed to the person, by when, and what it stops."""

from datetime import date

import pytest
from tests.aggregates.telling import Telling

D = date.fromisoformat
MANAGER = "information-manager"
TO_RESTRICT = {"ground": "NEEDED_AS_EVIDENCE", "on": "2025-03-03"}
SHARING = {"shared_with": "Nowhere Council", "what_class": "risk", "basis": "protocol"}


def asked(case, request="q1", kind="ACCESS", on="2025-01-31"):
    return case.tell(f"{on} 10:00", MANAGER, "ReceiveRightsRequest", request_id=request, kind=kind, received_on=on)


def answered(case, request="q1", on="2025-02-20", at=None):
    return case.tell(at or f"{on} 15:00", MANAGER, "AnswerRightsRequest", request_id=request, on=on, outcome="told")


def request(case, as_at, n=0):
    return case.ask("data-rights", as_at)["requests"][n]


def listed(case, name, as_at):
    return case.names.named(case.ledger.ask(f"worklist/{name}", D(as_at), None)["items"])


# ---------------------------------------------------------------------------------------- requests (DP-09)


@pytest.mark.parametrize(
    "received,due",
    [("2025-01-31", "2025-02-28"), ("2025-02-28", "2025-03-28"), ("2024-01-31", "2024-02-29")],
)
def test_a_request_is_answered_within_a_month(received, due):
    case = asked(Telling().recorded(), on=received)
    assert str(request(case, received)["due"]) == due
    assert request(case, due)["state"] == "awaiting-answer"
    (row,) = listed(case, "data-rights", due)
    assert (row["offender_id"], row["request_id"], row["state"], row["days_overdue"]) == (
        "ann",
        "q1",
        "awaiting-answer",
        0,
    )


def test_the_day_after_it_is_overdue_and_every_day_is_counted():
    case = asked(Telling().recorded())
    assert request(case, "2025-03-01")["state"] == "overdue"
    (row,) = listed(case, "data-rights", "2025-03-05")
    assert (row["state"], row["days_overdue"]) == ("overdue", 5)


@pytest.mark.parametrize("on,state", [("2025-02-28", "answered"), ("2025-03-01", "answered-late")])
def test_an_answer_takes_it_off_the_list(on, state):
    case = answered(asked(Telling().recorded()), on=on)
    assert (request(case, on)["state"], request(case, on)["outcome"]) == (state, "told")
    assert listed(case, "data-rights", on) == []
    assert listed(case, "data-rights", "2025-02-27") != []


def test_the_month_is_a_setting():
    case = asked(Telling(settings={"dp.request_months": "2"}).recorded())
    assert str(request(case, "2025-02-01")["due"]) == "2025-03-31"


@pytest.mark.parametrize(
    "command,data",
    [
        ("AnswerRightsRequest", {"request_id": "nobody", "on": "2025-02-03", "outcome": "told"}),
        ("AnswerRightsRequest", {"request_id": "q1", "on": "2025-01-30", "outcome": "told"}),
        ("ReceiveRightsRequest", {"request_id": "q1", "kind": "ERASURE", "received_on": "2025-02-03"}),
        ("NotifyRecipients", {"request_id": "nobody", "on": "2025-02-03", "recipients": ["R. Recipientish"]}),
        ("LiftRestriction", {"on": "2025-02-03", "reason": "over"}),
        ("EndRetention", {"on": "2025-02-03", "reason": "over"}),
    ],
)
def test_what_cannot_be_is_refused(command, data):
    case = asked(Telling().recorded())
    assert case.refused("2025-02-03 10:00", MANAGER, command, **data)[0] == "GEN-06"


def test_a_request_is_answered_once():
    case = answered(asked(Telling().recorded()))
    again = {"request_id": "q1", "on": "2025-02-21", "outcome": "told again"}
    assert case.refused("2025-02-21 10:00", MANAGER, "AnswerRightsRequest", **again)[0] == "GEN-06"


# ---------------------------------------------------------------------------------------- rectification (GEN-06)


def test_what_is_put_right_is_shown_with_the_request_and_who_had_the_data_is_to_be_told():
    case = Telling().recorded()
    case.tell("2025-01-10 10:00", "practitioner", "ShareInformation", on="2025-01-10", **SHARING)
    asked(case, kind="RECTIFICATION")
    record = next(each for each in case.ledger.records if type(each.fact).__name__ == "OffenderRecorded")
    data = {"event_ref": record.id, "field": "dob", "corrected_value": "1990-01-02", "reason": "the person says so"}
    case.tell("2025-02-10 10:00", "court-officer", "CorrectRecord", **data)
    right = case.ledger.records[-1].position
    answered(case)
    shown = request(case, "2025-02-20")
    assert (shown["put_right"], shown["recipients_to_tell"]) == ([right], True)
    assert [row["recipients_to_tell"] for row in listed(case, "data-rights", "2025-02-21")] == [True]
    told = {"request_id": "q1", "recipients": ["Nowhere Council"], "on": "2025-02-22"}
    case.tell("2025-02-22 10:00", MANAGER, "NotifyRecipients", **told)
    assert str(request(case, "2025-02-22")["recipients_told_on"]) == "2025-02-22"
    assert listed(case, "data-rights", "2025-02-22") == []


def test_nobody_is_to_be_told_where_nothing_was_given_or_only_access_was_asked():
    case = answered(asked(Telling().recorded(), kind="RECTIFICATION"))
    assert request(case, "2025-02-20")["recipients_to_tell"] is False
    case.tell("2025-03-10 10:00", "practitioner", "ShareInformation", on="2025-03-10", **SHARING)
    answered(asked(case, "q2", "ACCESS", "2025-03-11"), "q2", on="2025-03-12")
    assert request(case, "2025-03-12", 1)["recipients_to_tell"] is False


# ---------------------------------------------------------------------------------------- restriction (DP-05)


def test_what_is_restricted_is_passed_on_to_nobody_until_the_restriction_is_lifted():
    case = Telling().recorded().tell("2025-03-03 09:00", MANAGER, "RestrictProcessing", **TO_RESTRICT)
    disclosing = {"disclosed_to": "S. Solicitorish", "on": "2025-03-04", "removed_docs": []}
    rule, message = case.refused("2025-03-04 10:00", MANAGER, "DiscloseFile", **disclosing)
    assert (rule, message) == (
        "DP-05",
        "What is held of this person is restricted since 3 Mar 2025 and is not passed on; lift the restriction first.",
    )
    sharing = SHARING | {"on": "2025-03-04"}
    assert case.refused("2025-03-04 10:00", "practitioner", "ShareInformation", **sharing)[0] == "DP-05"
    assert case.ask("data-rights", "2025-03-04")["restriction"]["ground"] == "NEEDED_AS_EVIDENCE"
    case.tell("2025-04-01 10:00", MANAGER, "LiftRestriction", on="2025-04-01", reason="the proceedings are over")
    case.tell("2025-04-01 11:00", MANAGER, "DiscloseFile", **(disclosing | {"on": "2025-04-01"}))
    assert case.ask("data-rights", "2025-04-01")["restriction"] is None
    assert case.ask("data-rights", "2025-03-31")["restriction"] is not None


def test_a_restriction_stands_once():
    case = Telling().recorded().tell("2025-03-03 09:00", MANAGER, "RestrictProcessing", **TO_RESTRICT)
    assert case.refused("2025-03-04 09:00", MANAGER, "RestrictProcessing", **TO_RESTRICT)[0] == "GEN-06"


@pytest.mark.parametrize(
    "command,data",
    [
        ("RestrictProcessing", TO_RESTRICT),
        ("RetainRecord", {"ground": "INQUIRY", "on": "2025-03-03", "reason": "as the panel asked"}),
    ],
)
@pytest.mark.parametrize("role", ["senior-practitioner", "chief-officer", MANAGER])
def test_what_keeps_a_record_is_ended_by_whom_it_is_for_and_not_struck_out_or_put_off(command, data, role):
    """A correction is its author's or any senior practitioner's: who ends a restriction would be nobody's to say."""
    case = Telling().recorded().tell("2025-03-03 09:00", MANAGER, command, **data)
    named = {"event_ref": case.ledger.records[-1].id, "reason": "not true"}
    says = ("DP-05", "What keeps a record is not corrected or struck out; end it, and make another.")
    assert case.refused("2025-03-05 10:00", role, "StrikeOutRecord", **named) == says
    amended = named | {"field": "on", "corrected_value": "2025-03-05"}
    assert case.refused("2025-03-05 10:00", role, "CorrectRecord", **amended) == says
    sharing = SHARING | {"on": "2025-03-04"}
    if command == "RestrictProcessing":
        assert case.refused("2025-03-05 11:00", "practitioner", "ShareInformation", **sharing)[0] == "DP-05"


# ---------------------------------------------------------------------------------------- retention (DP-05)


def over(years="2"):
    case = Telling(settings={"dp.retention_years": years} if years else {}).order(sentence="2023-01-09")
    data = {"order_id": "o1", "ended_on": "2024-02-29", "ground": "COMPLETED"}
    return case.tell("2024-02-29 16:00", "practitioner", "EndSupervision", **data)


def test_a_case_is_due_for_destruction_when_its_years_are_over():
    case = over()
    assert listed(case, "retention", "2026-02-27") == []
    (row,) = listed(case, "retention", "2026-02-28")
    assert (row["offender_id"], row["state"], row["ended_on"], row["due"]) == ("ann", "due", "2024-02-29", "2026-02-28")


def test_without_a_period_nothing_is_ever_due():
    case = over("")
    assert listed(case, "retention", "2099-01-01") == []
    assert case.ask("data-rights", "2099-01-01")["retention"]["state"] == "not-set"


def test_another_order_keeps_the_case_open():
    case = over().order("o2", sentence="2025-05-05")
    assert listed(case, "retention", "2030-01-01") == []
    assert case.ask("data-rights", "2026-03-01")["retention"]["state"] == "open"


def test_a_record_to_be_retained_is_shown_as_such_until_its_last_day():
    case = over()
    data = {"ground": "PUBLIC_PROTECTION", "on": "2026-01-05", "until": "2027-01-05", "reason": "as the panel asked"}
    case.tell("2026-01-05 10:00", MANAGER, "RetainRecord", **data)
    states = [listed(case, "retention", day)[0]["state"] for day in ("2026-03-01", "2027-01-05", "2027-01-06")]
    assert states == ["retained", "retained", "due"]
    assert case.refused("2026-01-06 10:00", MANAGER, "RetainRecord", **data)[0] == "GEN-06"


def test_an_exemption_that_ended_leaves_the_case_due():
    case = over().tell("2026-01-05 10:00", MANAGER, "RetainRecord", ground="INQUIRY", on="2026-01-05", reason="asked")
    assert listed(case, "retention", "2090-01-01")[0]["state"] == "retained"
    case.tell("2026-06-01 10:00", MANAGER, "EndRetention", on="2026-06-01", reason="the inquiry is over")
    assert [listed(case, "retention", day)[0]["state"] for day in ("2026-05-31", "2026-06-01")] == ["retained", "due"]
