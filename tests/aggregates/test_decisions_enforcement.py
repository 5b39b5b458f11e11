"""Refusals and warnings of area B, most fundamental first: the command, and in the last column rule and message."""

import pytest
from tests.aggregates.telling import Telling


def case():
    return Telling().order().absence("a1", "2025-04-12")


def with_letter():
    return case().letter("l1", "a1", "2025-04-17")


LETTER = {"letter_id": "l9", "absence_id": "a1", "channel": "post"}


@pytest.mark.parametrize(
    "telling,data,why",
    [
        (case, {"issued_on": "2025-04-11"}, ("ENF-03", "A letter cannot precede the absence.")),
        (with_letter, {"issued_on": "2025-04-22"}, ("ENF-03", "A letter has already been issued for this absence.")),
        (case, {"issued_on": "2025-05-31"}, ("GEN-05", "An event cannot take effect in the future.")),
        (case, {"issued_on": "2025-04-17", "evidence_deadline": "2025-04-25"},
         ("ENF-04", "evidence_deadline is 28 Apr 2025; leave it out or give that value.")),
        (with_letter, {"issued_on": "2025-04-22", "letter_id": "l1"}, ("GEN-06", None)),
        (case, {"issued_on": "2025-04-17", "absence_id": "a9"}, ("GEN-06", None)),
    ],
)  # fmt: skip
def test_a_letter_is_refused(telling, data, why):
    rule, message = telling().refused("2025-04-30 10:00", "practitioner", "IssueEnforcementLetter", **LETTER | data)
    assert rule == why[0]
    assert why[1] in (None, message)


def test_a_deadline_given_right_is_accepted():
    case().letter("l1", "a1", "2025-04-17", evidence_deadline="2025-04-28")


LATE = ("ENF-07", "Evidence arrived after 28 Apr 2025; only a senior probation officer may re-judge, with a reason.")
NONE = ("ENF-07", "No evidence arrived by 28 Apr 2025; only a senior probation officer may re-judge, with a reason.")
TWICE = ("ENF-05", "This absence is already judged; only further evidence inside the deadline allows another.")
REASON = ("ENF-05", "Give the reason for this judgement.")
JUDGE = {"absence_id": "a1", "result": "ACCEPTABLE", "reason_code": "medical", "reason": "as told"}


def late():
    return with_letter().evidence("a1", "2025-04-29 00:00:00")


def judged():
    return with_letter().evidence("a1", "2025-04-24 12:00").judge("a1", "2025-04-25", "ACCEPTABLE")


@pytest.mark.parametrize(
    "telling,data,why",
    [
        (late, {}, LATE),
        (with_letter, {}, NONE),
        (late, {"reason": ""}, LATE),
        (judged, {}, TWICE),
        (lambda: judged().evidence("a1", "2025-05-06 10:00"), {},
         LATE),
        (lambda: with_letter().evidence("a1", "2025-04-24 12:00"), {"reason": "  "}, REASON),
        (case, {"judged_on": "2025-06-01"}, ("GEN-05", "An event cannot take effect in the future.")),
    ],
)  # fmt: skip
def test_a_judgement_is_refused(telling, data, why):
    data = {**JUDGE, "judged_on": "2025-05-07", **data}
    assert telling().refused("2025-05-07 10:00", "practitioner", "JudgeAbsence", **data) == why


def test_late_evidence_beside_timely_evidence_leaves_the_judgement_to_the_practitioner():
    with_letter().evidence("a1", "2025-04-24 12:00").evidence("a1", "2025-05-06 10:00").judge(
        "a1", "2025-05-07", "ACCEPTABLE"
    )


def test_prayer_alone_is_warned_of():
    telling = with_letter().evidence("a1", "2025-04-24 12:00")
    telling.judge("a1", "2025-04-25", "ACCEPTABLE", reason_code="religious observance")
    assert telling.warned == [("ENF-16", "Prayer alone is not an acceptable reason; record the adjustment offered.")]


@pytest.mark.parametrize(
    "telling,data,why",
    [
        (late, {"reason": ""}, ("ENF-07", "Give the reason for accepting late evidence.")),
        (
            late,
            {"from_result": "ACCEPTABLE"},
            ("ENF-07", "from_result is UNACCEPTABLE; leave it out or give that value."),
        ),
        (case, {}, ("ENF-07", "This absence has no result yet that could be judged anew.")),
    ],
)
def test_a_new_judgement_is_refused(telling, data, why):
    data = {"absence_id": "a1", "to_result": "ACCEPTABLE", "reason": "as told", "decided_on": "2025-05-07", **data}
    assert telling().refused("2025-05-07 10:00", "senior-practitioner", "RejudgeAbsence", **data) == why


def breached():
    return Telling().order().two_unacceptable()


START = {"order_id": "o1", "started_on": "2025-06-20", "court": "Nowhere", "risk_led": False}


@pytest.mark.parametrize(
    "telling,why",
    [
        (with_letter, ("ENF-11", "Only 1 unacceptable absence stands; breach cannot be started.")),
        (case, ("ENF-11", "Only 0 unacceptable absence stands; breach cannot be started.")),
        (lambda: breached().tell("2025-06-20 09:00", "practitioner", "StartBreachAction", **START),
         ("ENF-09", "Breach action has already been started for this order; record its outcome.")),
    ],
)  # fmt: skip
def test_breach_action_is_refused(telling, why):
    assert telling().refused("2025-06-20 10:00", "practitioner", "StartBreachAction", **START) == why


def test_declining_needs_a_breach_and_a_reason():
    data = {"order_id": "o1", "reason": ""}
    why = (
        Telling()
        .order()
        .two_unacceptable()
        .refused("2025-06-20 10:00", "senior-practitioner", "DeclineBreachAction", **data)
    )
    assert why == ("ENF-09", "Give the reason for not taking breach action.")
    why = case().refused(
        "2025-06-20 10:00", "senior-practitioner", "DeclineBreachAction", **data | {"reason": "as told"}
    )
    assert why == ("ENF-09", "There is no breach of this order to decide on.")


def test_what_is_before_the_court_is_not_declined():
    telling = Telling().order().two_unacceptable()
    act = {"order_id": "o1", "started_on": "2025-06-20", "court": "Nowhere", "risk_led": False}
    telling.tell("2025-06-20 10:00", "practitioner", "StartBreachAction", **act)
    data = {"order_id": "o1", "reason": "as told"}
    rule, message = telling.refused("2025-06-21 10:00", "senior-practitioner", "DeclineBreachAction", **data)
    assert (rule, message.split(";")[0]) == ("ENF-09", "Breach action has already been started for this order")


def test_an_order_whose_breach_was_proven_is_not_struck_out():
    telling = Telling().recorded().tell("2025-01-06 15:00", "court-officer", "RecordOrder", label="order", **ORDER)
    telling.two_unacceptable()
    act = {"order_id": "o1", "started_on": "2025-06-20", "court": "Nowhere", "risk_led": False}
    telling.tell("2025-06-20 10:00", "practitioner", "StartBreachAction", **act)
    outcome = {"order_id": "o1", "proven": True, "result": "CONTINUED", "decided_on": "2025-07-22"}
    telling.tell("2025-07-22 10:00", "court-officer", "RecordBreachOutcome", **outcome)
    strike = {"event_ref": "order", "reason": "as told"}
    rule, _ = telling.refused("2025-07-23 10:00", "senior-practitioner", "StrikeOutRecord", **strike)
    assert rule == "GEN-06"


# ---------------------------------------------------------------------------------------- one outcome per session


ORDER = {
    "order_id": "o1",
    "order_type": "CO",
    "court": "Nowhere",
    "sentence_date": "2025-01-06",
    "order_end_date": "2027-01-05",
    "requirements": ["UPW"],
    "upw_hours": 100,
}


TWO = ("ENF-01", "This session already has an outcome; record a correction.")
ATTENDANCE = {"session_id": "s1", "arrival": "09:30", "departure": "15:30"}
ABSENCE = {"absence_id": "a1", "session_id": "s1", "order_id": "o1", "appointment_kind": "UPW", "date": "2025-03-22"}
SENT = {"session_id": "s1", "reason": "NO_PPE", "reported_to": []}
GIVES = {
    "attended": ("RecordAttendance", ATTENDANCE),
    "FTA": ("RecordAbsence", ABSENCE | {"kind": "FTA"}),
    "failed": ("RecordAbsence", ABSENCE | {"kind": "FAILURE_TO_COMPLY"}),
    "sent home": ("SendHome", SENT),
}


@pytest.mark.parametrize(
    "first,second,refused",
    [
        ("attended", "attended", True),
        ("attended", "FTA", True),
        ("FTA", "attended", True),
        ("FTA", "sent home", True),
        ("sent home", "FTA", True),
        ("sent home", "sent home", True),
        ("sent home", "attended", True),
        ("attended", "sent home", True),
        ("attended", "failed", False),
        ("failed", "attended", False),
        ("sent home", "failed", False),
    ],
)
def test_a_session_has_one_outcome(first, second, refused):
    telling = Telling().order().session()
    command, data = GIVES[first]
    telling.tell("2025-03-22 16:00", "supervisor", command, **data)
    command, data = GIVES[second]
    if refused:
        assert telling.refused("2025-03-22 17:00", "supervisor", command, **data) == TWO
    else:
        telling.tell("2025-03-22 17:00", "supervisor", command, **data)


def test_attendance_is_of_the_day_of_its_session_and_about_its_placement():
    telling = Telling().order().session().attended(at="2025-03-24 09:00")
    record = telling.ledger.records[-1]
    assert str(record.effective) == "2025-03-22"
    assert record.about == (f"placement-{telling.names.id('park')}",)


def test_attendance_of_a_session_to_come_is_refused():
    telling = Telling().order().session()
    why = telling.refused("2025-03-21 16:00", "supervisor", "RecordAttendance", **ATTENDANCE)
    assert why == ("GEN-05", "An event cannot take effect in the future.")
