"""View `nomination` and worklist `nominations`: the register of nominations, decided ones included (PLC-01).

A deadline without a calendar is `calendar-missing`.  Proven by tests/aggregates/test_nomination.py and
placements.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from ledger.aggregates.nomination import CALENDAR_MISSING, DAYS, Nomination, due_of, state_of
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Recorded
from ledger.projections.why import Row, explained
from ledger.rules.dates import ONE_DAY, day_of

History = Sequence[Recorded[Any]]


def view(history: History, policy: Policy, as_at: date, known: int, explain: bool = False) -> Row:
    """How the nomination stands at the end of a day; before it was received nothing but nulls."""
    nomination = Nomination.fold(history, as_at)
    received = nomination.received
    if received is None:
        return _row(nomination, None, None)
    days = policy.number(DAYS, received.fact.received_on, known)
    due = due_of(received, days, policy.calendar(known))
    facts = [each.position for each in (received, nomination.acknowledged, nomination.decided) if each is not None]
    return explained(
        _row(nomination, due or CALENDAR_MISSING, state_of(nomination, due, as_at)),
        explain,
        rules=["PLC-01", "GEN-01"],
        facts=facts,
        calendar=policy.calendar(known),
        settings={DAYS: days},
    )


def _row(nomination: Nomination, due: date | str | None, state: str | None) -> Row:
    received, acknowledged, decided = nomination.received, nomination.acknowledged, nomination.decided
    return {
        "received_on": received.fact.received_on if received else None,
        "acknowledge_by": due,
        "acknowledged_on": acknowledged.fact.on if acknowledged else None,
        "decided_on": decided.fact.decided_on if decided else None,
        "state": state,
        "placements": [each.stream.removeprefix("placement-") for each in nomination.assessed],
    }


def rows(history: History, policy: Policy, as_at: date, known: int) -> list[Row]:
    """Worklist `nominations`: one row for each nomination received by the end of the day."""
    row = view(history, policy, as_at, known)
    del row["placements"]  # other cases' to move
    return [row] if row["state"] is not None else []


def moments(history: History, policy: Policy, known: int) -> Iterator[date]:
    """The days of its facts, and the day after it was to be acknowledged."""
    nomination = Nomination.fold(history)
    yield from (day_of(each.effective) for each in history)
    for each in (nomination.received, nomination.acknowledged, nomination.decided):
        if each is not None:
            yield day_of(each.effective)
    if nomination.received is not None:
        received_on = nomination.received.fact.received_on
        due = due_of(nomination.received, policy.number(DAYS, received_on, known), policy.calendar(known))
        if due is not None:
            yield due + ONE_DAY
