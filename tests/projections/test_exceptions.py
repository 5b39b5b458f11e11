"""Exception flags: facts that break a rule, recorded all the same."""

import random
from datetime import date

from tests.aggregates.telling import Telling
from tests.projections.test_schedule import holds_on_every_day

from ledger.aggregates import AGGREGATES

D = date.fromisoformat


def flags(telling, as_at):
    items = telling.names.named(telling.ledger.ask("worklist/exceptions", D(as_at), None)["items"])
    return [(each["offender_id"], each["order_id"], each["flag"], each["rule"], str(each["since"])) for each in items]


def test_an_extension_beyond_the_operational_period_is_flagged_from_the_courts_day():
    telling = Telling().order(order_type="SSO", operational_period_end="2026-03-05")
    data = {"order_id": "o1", "result": "EXTENDED", "new_end_date": "2026-04-05", "decided_on": "2026-01-08"}
    telling.tell("2026-01-08 15:00", "court-officer", "RecordCourtVariation", court="Nowhere", **data)
    assert flags(telling, "2026-01-07") == []
    assert flags(telling, "2026-01-08") == [
        ("ann", "o1", "EXTENSION_BEYOND_OPERATIONAL_PERIOD", "UPW-06", "2026-01-08")
    ]


def test_what_another_system_did_against_a_rule_is_flagged():
    telling = Telling().order().absence("a1", "2025-04-12").letter("l1", "a1", "2025-04-17")
    data = {"letter_id": "l2", "absence_id": "a1", "issued_on": "2025-04-11", "channel": "post"}
    telling.tell("2025-05-01 10:00", "practitioner", "IssueEnforcementLetter", imported=True, **data)
    assert [rule for rule, _ in telling.warned] == ["ENF-03", "ENF-03"]
    assert flags(telling, "2025-05-01") == [("ann", None, "RULE_BROKEN_BEFORE_IMPORT", "ENF-03", "2025-04-11")]
    assert telling.enforcement("2025-05-01")["absences"][0]["letter"]["letter_id"] == "l1"


def test_history_that_keeps_the_rules_raises_nothing():
    telling = Telling().order()
    data = {"order_id": "o1", "offered_on": "2025-01-07", "offered_for": "2025-01-10"}
    telling.tell("2025-05-01 10:00", "pso", "OfferFirstAppointment", imported=True, **data)
    assert flags(telling, "2025-05-01") == []


def assigned(telling, staff, grade, on):
    data = {"order_id": "o1", "staff_id": staff, "grade": grade, "role": "RESPONSIBLE", "on": on}
    telling.tell(f"{on} 09:00", "senior-practitioner", "AssignPractitioner", **data)


def test_a_trainee_left_responsible_for_a_child_protection_case_is_flagged_until_somebody_else_is():
    telling = Telling().order()
    assigned(telling, "tr1", "TRAINEE", "2025-01-07")
    concern = {"concern_id": "c1", "offender_id": "ann", "source": "UPW_SITE", "noted_on": "2025-10-30"}
    more = {"grave": False, "category": "UNDETERMINED", "note": "as told", "to": "child-protection-matter/m1"}
    telling.tell("2025-11-03 12:00", "supervisor", "RecordConcern", **concern, **more)
    assigned(telling, "po1", "PO", "2025-11-10")
    assert flags(telling, "2025-10-29") == []
    for day in ("2025-10-30", "2025-11-09"):
        assert flags(telling, day) == [("ann", "o1", "REALLOCATE_FROM_TRAINEE", "ALL-13", "2025-10-30")]
    assert flags(telling, "2025-11-10") == []


def test_the_days_on_which_a_trainees_flag_comes_and_goes_are_days_the_list_is_made_anew():
    telling = Telling().order()
    assigned(telling, "tr1", "TRAINEE", "2025-01-07")
    concern = {"concern_id": "c1", "offender_id": "ann", "source": "UPW_SITE", "noted_on": "2025-10-30"}
    more = {"grave": False, "category": "UNDETERMINED", "note": "as told", "to": "child-protection-matter/m1"}
    telling.tell("2025-11-03 12:00", "supervisor", "RecordConcern", **concern, **more)
    telling.tell("2025-11-20 12:00", "practitioner", "EndSupervision", order_id="o1", ended_on="2025-11-19", ground="X")
    stream = f"offender-{telling.names.id('ann')}"
    history = telling.ledger.history(stream, opens=AGGREGATES["offender"].opens)
    args = (stream, history, telling.ledger.policy(), len(telling.ledger.records), random.Random(7))
    assert holds_on_every_day(*args) > 10
    assert flags(telling, "2025-11-18")
    assert flags(telling, "2025-11-19") == []
