"""View `chronology` of a case review: the chronology produced last, event by event (SCR-10).

    view(history, policy, as_at, known, explain, others)      as the view `chronology` of an offender, of the family

The facts are those that were counted and hashed when it was produced, read again from the chains of the persons: the
answer says whether they still come to that hash.  Each stands under the case it was recorded in (`case`) with the mark
`after_incident`: recorded once the incident was referred, though it happened before.  Values whose key is destroyed
print as erased.  Whoever may not read a whole file is shown no sealed value of it (ledger.disclosing.seeing).
Proven by tests/aggregates/test_review_chronology.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from ledger.aggregates.case_review.chronicle import Period, listed
from ledger.aggregates.case_review.facts import ChronologyProduced
from ledger.aggregates.case_review.review import Review
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Recorded
from ledger.projections.chronology import events
from ledger.projections.why import Row, explained
from ledger.rules.case_review import chronology_hash

History = Sequence[Recorded[Any]]
Others = Callable[[str], History]
REVIEW: Final = "case-review-"


def view(history: History, policy: Policy, as_at: date, known: int, explain: bool, others: Others) -> Row:
    """The chronology produced last by the end of the day; `produced` is None and nothing is listed before the first."""
    del policy, known
    stream = next((each.stream for each in history if each.stream.startswith(REVIEW)), "")
    own = [each for each in history if each.stream == stream]
    produced = Review.as_at(own, as_at).last(ChronologyProduced)
    if produced is None:
        return {"produced": None, "events": []}
    found = chronology_of(own, produced, others)
    fact = produced.fact
    again = chronology_hash((each.position, each.id) for each in found)
    row: Row = {
        "from_date": fact.from_date,
        "to_date": fact.to_date,
        "as_known_at": fact.as_known_at,
        "event_count": fact.event_count,
        "hash": fact.hash,
        "produced_at": produced.recorded,
        "by": fact.by,
        "agrees": (len(found), again) == (fact.event_count, fact.hash),
    }
    told = explained(row, explain, rules=["SCR-10"], facts=[produced.position])
    return {"produced": told, "events": _rows(own, produced, found)}


def chronology_of(own: History, produced: Recorded[ChronologyProduced], others: Others) -> list[Recorded[Any]]:
    """The facts that a chronology lists, as they were counted when it was produced.  Raises what `others` does."""
    fact = produced.fact
    review = Review.fold([each for each in own if each.position < produced.position])
    period = Period(fact.from_date, fact.to_date, fact.as_known_at, produced.position)
    return listed(review.persons, period, lambda names: {name: others(name) for name in names})


def _rows(own: History, produced: Recorded[Any], found: Sequence[Recorded[Any]]) -> list[Row]:
    by_position: Mapping[int, Recorded[Any]] = {each.position: each for each in found}
    in_order = [by_position[position] for position in sorted(by_position)]
    review = Review.fold([each for each in own if each.position < produced.position])
    return [
        {
            **each,
            "case": by_position[each["position"]].stream,
            "after_incident": review.late(by_position[each["position"]]),
        }
        for each in events(in_order, date.max, [each for each in own if each.position < produced.position])
    ]
