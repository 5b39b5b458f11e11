"""Whether judgements are consistent (ENF-15): the same reason with different results, and by whom.

    tally = Tally()
    tally.add(stream, history, day)     each case, as at the end of a day; the sealed fields it needs are `OPENS`
    tally.rows()                        [{"reason_code", "acceptable", "unacceptable", "differs", "by": [{…}]}]

A reason outside the list of ENF-15 is free text and may say anything: those are counted together as `another reason`,
and what cannot be read, because it is erased, as `unreadable`.  Judgements and re-judgements that stand count,
corrected; a re-judgement names no code and has that of the judgement it follows.  `by`: {staff_id, acceptable,
unacceptable} of each who judged.  Proven by tests/projections/test_judgements.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from ledger.aggregates.corrections import RecordCorrected, as_corrected
from ledger.aggregates.offender.entities import happened
from ledger.aggregates.offender.facts import AbsenceJudged, AbsenceRejudged
from ledger.aggregates.shape import Closed, Recorded
from ledger.projections.why import Row
from ledger.rules.enforcement import REASON_CODES

JUDGING: Final = frozenset({AbsenceJudged.topic, AbsenceRejudged.topic})
OPENS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        AbsenceJudged.topic: ("reason_code",),
        AbsenceRejudged.topic: ("to_result",),
        RecordCorrected.topic: ("corrected_value",),
    }
)
OTHER: Final = "another reason"
UNREADABLE: Final = "unreadable"


@dataclass(slots=True)
class Tally:
    """How often each reason was judged which way, by whom."""

    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter[tuple[str, str, str]])
    cases: set[str] = field(default_factory=set[str])

    def add(self, stream: str, history: Sequence[Recorded[Any]], day: date) -> None:
        """The judgements of one case that had been made by the end of a day."""
        codes: dict[str, str] = {}
        for each in as_corrected(history):
            if happened(each) > day:
                continue
            match each.fact:
                case AbsenceJudged() as fact:
                    code = codes[fact.absence_id] = _code(fact.reason_code)
                    result: str | Closed = fact.result
                case AbsenceRejudged() as fact:
                    code, result = codes.get(fact.absence_id, OTHER), fact.to_result
                case _:
                    continue
            if not isinstance(result, Closed):
                self.counts[code, result.lower(), each.by.id] += 1
                self.cases.add(stream)

    def rows(self) -> list[Row]:
        """By reason, in the order of the list; of whoever judged it only one way all the same, for others did not."""
        met = {code for code, *_ in self.counts}
        return [self._row(code) for code in (*REASON_CODES, OTHER, UNREADABLE) if code in met]

    def _row(self, code: str) -> Row:
        staff = sorted({by for of, _, by in self.counts if of == code})
        by: list[Row] = [{"staff_id": each, **self._results(code, each)} for each in staff]
        totals = {name: sum(int(each[name]) for each in by) for name in ("acceptable", "unacceptable")}
        return {"reason_code": code, **totals, "differs": all(totals.values()), "by": by}

    def _results(self, code: str, by: str) -> dict[str, int]:
        return {name: self.counts[code, name, by] for name in ("acceptable", "unacceptable")}


def _code(told: str | Closed) -> str:
    if isinstance(told, Closed):
        return UNREADABLE
    return told if told in REASON_CODES else OTHER
