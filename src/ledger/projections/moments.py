"""The moments of a case: when each of its facts was recorded, and when it took effect, whatever the day asked about.

No view of its own: what pages draw the time machine from, and how they name the facts that a status rests on.  It opens
no sealed value.  Proven by tests/web/test_case.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Fact, Recorded
from ledger.projections.chronology import title
from ledger.projections.why import Row


def view(history: Sequence[Recorded[Any]], policy: Policy, as_at: date, known: int, explain: bool = False) -> Row:
    """`events`: {position, title, effective, recorded, decided} of every fact of the chain, in the order they were
    recorded; `decided`: it has a trail (ledger.trails).  Their `values`, as every list of facts has them, are none.
    """
    del policy, as_at, known, explain
    return {"events": [_event(each) for each in history]}


def _event(record: Recorded[Any]) -> Row:
    fact: Fact = record.fact
    return {
        "position": record.position,
        "title": title(type(fact)),
        "effective": record.effective,
        "recorded": record.recorded,
        "decided": bool(record.under or record.rests_on),
        "values": {},
    }
