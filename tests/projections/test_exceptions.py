"""Exception flags: facts that break a rule, recorded all the same."""

from datetime import date

from tests.aggregates.telling import Telling

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
