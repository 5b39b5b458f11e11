"""Requirements that the twelve months have passed and that still owe hours: which, since when, and how many by unit."""

from datetime import date

import pytest
from tests.aggregates.telling import Telling

from ledger.projections.backlog import by_unit

D = date.fromisoformat
POINT = "2026-01-06"  # twelve months from the sentence that Telling tells
NEXT = "2026-01-07"


def rows(telling, as_at):
    return telling.names.named(telling.ledger.ask("worklist/backlog", D(as_at), None)["items"])


def states(telling, as_at):
    return [each["state"] for each in rows(telling, as_at)]


def adjusted(telling, at, minutes):
    told = {"order_id": "o1", "delta_minutes": minutes, "reason": "as told"}
    return telling.tell(at, "operations-manager", "AdjustHours", **told)


def varied(telling, day, result, **more):
    told = {"order_id": "o1", "result": result, "decided_on": day, "court": "Nowhere", **more}
    return telling.tell(f"{day} 10:00", "court-officer", "RecordCourtVariation", **told)


def test_a_requirement_is_behind_from_the_day_after_its_twelve_months_ended():
    telling = Telling().order(unit="north")
    assert rows(telling, POINT) == []
    (row,) = rows(telling, NEXT)
    assert (row["state"], row["balance_minutes"], row["unit"]) == ("outstanding", 6000, "north")
    assert (str(row["twelve_month_point"]), row["days_beyond"]) == (POINT, 1)
    assert rows(telling, "2026-02-05")[0]["days_beyond"] == 30


def test_it_is_behind_until_the_last_minute_is_worked():
    telling = adjusted(Telling().order(), "2026-01-05 10:00", 5999)
    adjusted(telling, "2026-03-02 10:00", 1)
    assert [each["balance_minutes"] for each in rows(telling, "2026-03-01")] == [1]
    assert rows(telling, "2026-03-02") == []


def test_an_extension_by_the_court_leaves_it_beyond_twelve_months_and_says_so():
    telling = varied(Telling().order(), "2026-02-02", "EXTENDED", new_end_date="2026-05-01")
    assert states(telling, "2026-02-01") == ["outstanding"]
    assert states(telling, "2026-02-02") == ["extended"]
    assert states(telling, "2026-05-02") == ["outstanding"]
    assert str(rows(telling, "2026-05-02")[0]["twelve_month_point"]) == POINT


def test_an_application_to_the_court_leaves_it_there():
    told = {"order_id": "o1", "application": "REVOCATION", "made_on": "2026-01-20"}
    telling = Telling().order().tell("2026-01-20 10:00", "practitioner", "ApplyToCourt", **told)
    assert (states(telling, "2026-01-19"), states(telling, "2026-01-20")) == (["outstanding"], ["application-made"])


def test_an_operational_period_that_ended_first_is_beyond_twelve_months_only_after_them():
    telling = Telling().order(order_type="SSO", operational_period_end="2025-10-01")
    assert states(telling, POINT) == []
    assert states(telling, NEXT) == ["operational-period-ended"]


def test_what_the_court_revoked_or_supervision_left_is_behind_no_more():
    assert states(varied(Telling().order(), "2026-02-02", "REVOKED"), "2026-02-02") == []
    told = {"order_id": "o1", "ended_on": "2026-02-02", "ground": "died"}
    ended = Telling().order().tell("2026-02-02 10:00", "practitioner", "EndSupervision", **told)
    assert (states(ended, "2026-02-01"), states(ended, "2026-02-02")) == (["outstanding"], [])


def test_a_requirement_is_counted_where_the_case_was_on_the_day_asked_for():
    told = {"order_id": "o1", "from_unit": "north", "to_unit": "south", "notified_on": "2026-02-02", "documents": []}
    telling = Telling().order(unit="north").tell("2026-02-02 10:00", "senior-practitioner", "TransferCase", **told)
    assert [each["unit"] for day in ("2026-02-01", "2026-02-02") for each in rows(telling, day)] == ["north", "south"]


def test_where_the_law_knows_no_period_nothing_is_behind():
    settings = {"upw.period_edition": "sentencing-2026"}
    assert rows(Telling(settings=settings).order(), "2027-01-07") == []


# ------------------------------------------------------------------------------------------ by unit


def row(unit, state="outstanding", minutes=60, days=1):
    return {"unit": unit, "state": state, "balance_minutes": minutes, "days_beyond": days}


def test_requirements_are_counted_by_unit_and_by_how_they_stand():
    found = by_unit([row("b"), row("a", "extended", 90, 400), row("a", minutes=30, days=12), row(None)])
    nothing = {"outstanding": 0, "application_made": 0, "extended": 0, "operational_period_ended": 0}
    assert found == [
        {"unit": "a", "requirements": 2, **nothing, "outstanding": 1, "extended": 1}
        | {"owing_minutes": 120, "longest_days": 400},
        {"unit": "b", "requirements": 1, **nothing, "outstanding": 1, "owing_minutes": 60, "longest_days": 1},
        {"unit": None, "requirements": 1, **nothing, "outstanding": 1, "owing_minutes": 60, "longest_days": 1},
    ]


@pytest.mark.parametrize("state", ["outstanding", "application-made", "extended", "operational-period-ended"])
def test_each_state_has_its_own_number(state):
    (found,) = by_unit([row("a", state)])
    assert found[state.replace("-", "_")] == found["requirements"] == 1


def test_no_backlog_is_no_row():
    assert by_unit([]) == []
