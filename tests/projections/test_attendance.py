"""Sessions whose day has come and of which nobody has said what came of them: from which day, until when."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.aggregates.telling import Telling

from ledger.projections import WORKLISTS

D = date.fromisoformat
DAY, NEXT = "2025-03-22", "2025-03-23"


def listed(telling, as_at):
    rows = telling.names.named(telling.ledger.ask("worklist/attendance", D(as_at), None)["items"])
    return [(each["session_id"], str(each["day"])) for each in rows]


def cancelled(telling, session, at):
    told = {"session_id": session, "cause": "WEATHER", "on": at[:10]}
    return telling.tell(at, "placement-coordinator", "CancelSession", **told)


def test_a_session_waits_from_its_day_on_until_somebody_says_what_came_of_it():
    telling = Telling().order().session(day=DAY)
    assert listed(telling, "2025-03-21") == []
    assert listed(telling, DAY) == listed(telling, "2025-06-01") == [("s1", DAY)]
    telling.attended(at="2025-03-22 16:00")
    assert listed(telling, DAY) == listed(telling, "2025-06-01") == []


def test_an_absence_is_an_outcome():
    telling = Telling().order().session(day=DAY).absence("a1", DAY, session_id="s1")
    assert listed(telling, DAY) == []


def test_the_rows_say_no_text_and_no_name():
    telling = Telling().order().session(day=DAY)
    (row,) = telling.ledger.ask("worklist/attendance", D(DAY), None)["items"]
    assert row.keys() == {"offender_id", "order_id", "session_id", "placement_id", "day"}


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from(("attended", "missed", "left", "cancelled"))), max_size=6))
@settings(max_examples=30, deadline=None)
def test_rows_change_on_their_moments_only(plan):
    telling = Telling().order()
    for number, (days, what) in enumerate(plan):
        name, day = f"s{number}", str(D(DAY) + timedelta(days=10 * number + days))
        telling.session(name, day, at=f"{D(DAY) + timedelta(days=10 * number)} 07:00")
        if what == "attended":
            telling.attended(name, at=f"{day} 16:00")
        elif what == "missed":
            telling.absence(f"a{number}", day, session_id=name)
        elif what == "cancelled":
            cancelled(telling, name, f"{day} 08:00")
    worklist, policy, known = WORKLISTS["attendance"], telling.ledger.policy(), len(telling.ledger.records)
    history = [each for each in telling.ledger.records if each.stream.startswith("offender-")]
    moments = set(worklist.moments(history, policy, known))
    days = [D("2025-03-01") + timedelta(days=number) for number in range(120)]
    rows = [worklist.rows(history, policy, each, known) for each in days]
    changed = {now for now, before, after in zip(days[1:], rows, rows[1:], strict=False) if before != after}
    assert changed <= moments


@pytest.mark.parametrize("day", [DAY, NEXT])
def test_a_cancelled_session_waits_for_nobody(day):
    telling = Telling().order().session(day=NEXT)
    cancelled(telling, "s1", f"{DAY} 10:00")
    assert listed(telling, day) == []
