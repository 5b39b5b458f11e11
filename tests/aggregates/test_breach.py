"""The tally and the breach of an order: what was done, and in the last column tally, breach and its day."""

from datetime import date

import pytest
from tests.aggregates.telling import Telling

STARTED, DEALT = "2025-06-20", "2025-06-30"


def case():
    return Telling().order().two_unacceptable()


def start(telling, day=STARTED):
    data = {"order_id": "o1", "started_on": day, "court": "Nowhere", "risk_led": False}
    return telling.tell(f"{day} 20:00", "practitioner", "StartBreachAction", **data)


def decline(telling, day):
    return telling.tell(f"{day} 20:00", "senior-practitioner", "DeclineBreachAction", order_id="o1", reason="as told")


def outcome(telling, day=DEALT, proven=True, result="CONTINUED"):
    data = {"order_id": "o1", "proven": proven, "result": result, "decided_on": day}
    return telling.tell(f"{day} 21:00", "court-officer", "RecordBreachOutcome", **data)


def third(telling, absence="2025-07-01", letter="2025-07-02"):
    """Deemed on 10 Jul 2025."""
    return telling.absence("a3", absence).letter("l3", "a3", letter)


def fourth(telling):
    """Deemed on 17 Jul 2025."""
    return telling.absence("a4", "2025-07-08").letter("l4", "a4", "2025-07-09")


@pytest.mark.parametrize(
    "tell,as_at,found",
    [
        (lambda t: t, "2025-06-18", (1, "none", "None")),
        (lambda t: t, "2025-06-19", (2, "triggered", "2025-06-19")),
        (third, "2025-07-10", (3, "triggered", "2025-06-19")),
        (lambda t: t.rejudge("a1", "2025-06-23", "ACCEPTABLE"), "2025-06-23", (1, "none", "None")),
        # the day does not move while the tally stays at two
        (lambda t: third(t).rejudge("a1", "2025-07-14", "ACCEPTABLE"), "2025-07-14", (2, "triggered", "2025-06-19")),
        # gone, and dated anew by a later absence
        (lambda t: third(t.rejudge("a1", "2025-06-23", "ACCEPTABLE")), "2025-07-10", (2, "triggered", "2025-07-10")),
        (lambda t: start(t), "2025-06-20", (2, "action-started", "2025-06-19")),
        (lambda t: third(start(t)), "2025-07-10", (3, "action-started", "2025-06-19")),
        (lambda t: decline(t, "2025-06-20"), "2025-07-01", (2, "not-taken", "2025-06-19")),
        # after a decision not to act only a further unacceptable absence triggers anew
        (lambda t: third(decline(t, "2025-06-20")), "2025-07-10", (3, "triggered", "2025-07-10")),
        (lambda t: outcome(start(t)), "2025-06-30", (0, "dealt-with", "2025-06-19")),
        (lambda t: third(outcome(start(t))), "2025-07-10", (1, "dealt-with", "2025-06-19")),
        (lambda t: outcome(start(t), DEALT, False, "DISMISSED"), "2025-07-01", (2, "dealt-with", "2025-06-19")),
        (lambda t: third(outcome(start(t), DEALT, False, "WITHDRAWN")), "2025-07-10", (3, "triggered", "2025-07-10")),
        # an absence that became unacceptable after action was started was not relied on
        (lambda t: outcome(third(start(t)), "2025-07-22"), "2025-07-22", (1, "dealt-with", "2025-06-19")),
        # two of them are a new breach, from the day the court has dealt with the first
        (lambda t: outcome(fourth(third(start(t))), "2025-07-22"), "2025-07-21", (4, "action-started", "2025-06-19")),
        (lambda t: outcome(fourth(third(start(t))), "2025-07-22"), "2025-07-22", (2, "triggered", "2025-07-22")),
        # and beside a dismissed one, whose absences still count, one is enough
        (lambda t: outcome(third(start(t)), "2025-07-22", False), "2025-07-22", (3, "triggered", "2025-07-22")),
    ],
)  # fmt: skip
def test_the_breach_of_an_order(tell, as_at, found):
    assert tell(case()).breach(as_at) == found


@pytest.mark.parametrize(
    "tell,as_at,changed",
    [
        (lambda t: start(t), "2025-06-20", False),
        (lambda t: start(t).rejudge("a1", "2025-06-23", "ACCEPTABLE"), "2025-06-22", False),
        (lambda t: start(t).rejudge("a1", "2025-06-23", "ACCEPTABLE"), "2025-06-23", True),
        # the court knew: a proven outcome on the changed basis raises nothing more
        (lambda t: outcome(start(t).rejudge("a1", "2025-06-23", "ACCEPTABLE")), "2025-07-01", False),
        # it did not: what it relied on fell afterwards
        (lambda t: outcome(start(t)).rejudge("a1", "2025-07-07", "ACCEPTABLE"), "2025-07-07", True),
        (lambda t: third(outcome(start(t))), "2025-07-10", False),
    ],
)  # fmt: skip
def test_the_basis_of_a_breach_changes(tell, as_at, changed):
    telling = tell(case())
    assert telling.enforcement(as_at)["basis_changed"] is changed
    flags = [row["flag"] for row in telling.ledger.ask("worklist/exceptions", _day(as_at), None)["items"]]
    assert flags == (["BREACH_BASIS_CHANGED"] if changed else [])


def test_a_changed_threshold_does_not_touch_a_breach_of_before():
    telling = case()
    data = {"key": "enf.breach_threshold", "new": "3", "effective_from": "2025-07-01", "reason": "invented"}
    telling.tell("2025-06-25 09:00", "chief-officer", "ChangeSetting", to="policy/policy", **data)
    assert telling.breach("2025-06-30") == (2, "triggered", "2025-06-19")


def test_resentencing_revokes_the_requirement():
    telling = outcome(start(case(), "2025-06-20"), "2025-06-30", True, "REVOKED_RESENTENCED")
    assert telling.progress("2025-06-30")["state"] == "revoked"


def test_the_worklist_holds_what_is_to_be_decided():
    telling = case()
    rows = telling.ledger.ask("worklist/breach", _day("2025-06-19"), None)["items"]
    assert [(telling.names.named(row["order_id"]), row["breach"]) for row in rows] == [("o1", "triggered")]
    assert telling.ledger.ask("worklist/breach", _day("2025-06-18"), None)["items"] == []


def _day(text):
    return date.fromisoformat(text)
