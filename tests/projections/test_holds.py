"""What is shown of holds: oversight, the register, and the worklists `holds`, `deregistration` and `dp-breaches`."""

import random
from datetime import date

import pytest
from tests.aggregates.holding import Holding
from tests.projections.test_schedule import holds_on_every_day

from ledger.aggregates import AGGREGATES
from ledger.scenarios import instant

D = date.fromisoformat


def rows(case, name, as_at):
    return case.names.named(case.ledger.ask(f"worklist/{name}", D(as_at), None)["items"])


def due():
    """Kit left the register on 10 Oct 2025 and the entry was closed on the 13th; hold h1 on ann from 1 Sep to 1 Dec."""
    return Holding().entered(["kit"]).held().notified().closed().released()


def gaps_of(case, as_at):
    """(rule, since) of every gap in ann's case."""
    told = case.ledger.ask(f"offender/{case.names.id('ann')}/chronology", D(as_at), None)
    return {(each["rule"], str(each["since"])) for each in told["gaps"]}


def oversight(case, as_at, person="ann", **more):
    path = f"offender/{case.names.id(person)}/oversight"
    return case.names.named(case.ledger.ask(path, D(as_at), None, **more))["holds"]


# ---------------------------------------------------------------------------------------- oversight, the review


def test_a_hold_shows_where_it_was_placed_and_on_the_person_from_its_day_to_its_release():
    case = due()
    assert oversight(case, "2025-08-31") == []
    (hold,) = oversight(case, "2025-11-30")
    assert (hold["hold_id"], hold["review_id"], hold["released_at"]) == ("h1", "r1", None)
    (hold,) = oversight(case, "2025-12-01")
    assert hold["released_at"] == instant("2025-12-01 10:00")
    review = case.ledger.ask(f"case-review/{case.names.id('r1')}", D("2025-12-01"), None)
    assert case.names.named(review["holds"]) == [hold]


def test_a_hold_says_why():
    (hold,) = oversight(due(), "2025-12-01", explain=True)
    assert hold["why"]["rules"] == ["SCR-05@west-mercia-2007", "SCR-06@west-mercia-2007"]
    assert len(hold["why"]["facts"]) == 2


# ---------------------------------------------------------------------------------------- the register


@pytest.mark.parametrize(
    "as_at,breach,held",
    [
        ("2025-10-10", None, ["h1"]),
        ("2025-10-11", ("deferred-under-hold", 1), ["h1"]),  # though the closing, which no hold stops, is owed too
        ("2025-10-13", ("deferred-under-hold", 3), ["h1"]),
        ("2025-11-30", ("deferred-under-hold", 51), ["h1"]),
        ("2025-12-01", ("done", 52), None),
        ("2026-06-01", ("done", 52), None),
    ],
)
def test_what_waits_for_a_hold_alone_is_deferred_and_done_with_its_release(as_at, breach, held):
    view = due().register(as_at)
    found = view["dp_breach"]
    assert (found and (found["state"], found["days"])) == breach
    assert view["entries"][0]["deregistration"]["held_by"] == held


def test_a_hold_placed_before_the_registration_or_on_the_other_parent_shows_too():
    case = Holding().person_of("ann").held(on="2024-12-01").entered(["kit"]).entered(["kit"], "e2", "bob", "2025-01-08")
    case.notified(entry="e2").closed(entry="e2")
    view = case.register("2025-10-14", "bob")
    assert view["entries"][0]["deregistration"]["held_by"] is None, "kept for ann's entry, so nothing is due"
    case.closed("2025-10-14")
    assert case.register("2025-10-14", "bob")["entries"][0]["deregistration"]["held_by"] == ["h1"]
    assert case.register("2025-10-14", "bob")["dp_breach"]["state"] == "deferred-under-hold"


def test_a_hold_on_an_offence_shows_in_the_register():
    case = Holding().entered(["kit"])
    case.tell("2024-12-05 10:00", "practitioner", "RecordOffence", offence_code="theft", status="CURRENT")
    case.held(scope={"offence": "theft"}).held("h2", scope={"offence": "arson"}).notified().closed()
    entry = case.register("2025-10-14", explain=True)["entries"][0]
    assert entry["deregistration"]["held_by"] == ["h1"]
    assert "SCR-05@west-mercia-2007" in entry["deregistration"]["why"]["rules"]


# ---------------------------------------------------------------------------------------- the worklists


def test_the_list_of_holds_has_those_that_stand():
    case = Holding().entered(["kit"]).held().held("h2", on="2025-10-01", child_refs=["kit"]).released()
    assert [each["hold_id"] for each in rows(case, "holds", "2025-11-30")] == ["h1", "h2"]
    (row,) = rows(case, "holds", "2025-12-01")
    assert (row["review_id"], row["child_refs"], row["placed_on"]) == ("r1", ["kit"], "2025-10-01")


@pytest.mark.parametrize(
    "as_at,state,days",
    [
        ("2025-10-11", "deferred-under-hold", 1),
        ("2025-10-13", "deferred-under-hold", 3),
        ("2025-12-01", "done", 52),
        ("2026-12-01", "done", 52),
    ],
)
def test_the_list_of_breaches_keeps_every_delay(as_at, state, days):
    (row,) = rows(due(), "dp-breaches", as_at)
    assert (row["entry_id"], row["offender_id"], row["state"], row["days"]) == ("e1", "ann", state, days)


def test_who_is_de_registered_on_the_day_is_on_no_list_of_breaches():
    case = Holding().entered(["kit"]).notified().closed("2025-10-10").erasing(on="2025-10-10")
    assert rows(case, "dp-breaches", "2026-01-01") == []
    assert rows(case, "deregistration", "2026-01-01") == []


def test_an_entry_left_open_under_a_hold_is_deferred_and_its_closing_is_still_a_gap():
    case = due()
    (row,) = rows(case, "deregistration", "2025-10-11")
    assert (row["state"], row["closed_on"], row["steps"]["entry"]) == ("deferred-under-hold", None, False)
    assert ("CP-42", "2025-10-10") in gaps_of(case, "2025-10-11")
    assert "CP-42" not in {rule for rule, _ in gaps_of(case, "2025-11-30")}


def test_the_list_of_de_registrations_says_what_is_deferred():
    (row,) = rows(due(), "deregistration", "2025-11-30")
    assert (row["state"], row["done_of_4"]) == ("deferred-under-hold", 2)
    assert rows(due(), "deregistration", "2025-12-01") == []


def test_on_any_day_the_spans_of_every_list_give_its_rows():
    case = due()
    ledger, agreed = case.ledger, 0
    for noun, name in (("register-entry", "e1"), ("case-review", "r1")):
        stream = f"{noun}-{case.names.id(name)}"
        history = ledger.history(stream, opens=AGGREGATES[noun].opens)
        agreed += holds_on_every_day(stream, history, ledger.policy(), len(ledger.records), random.Random(7))
    assert agreed > 10
