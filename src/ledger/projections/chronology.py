"""View `chronology`: every fact of a case in the order it happened, and what should have happened and did not.

Values stand as first recorded; a correction is an event of its own that names what it corrects.  Ordered by effective
time, then position; a day comes before the instants of its London day.  Sealed values that were not opened print as
`[sealed]`, erased ones as `[record erased dd/mm/yyyy]`.  Proven by tests/projections/test_views.py and gen.yaml.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from typing import Any, Final

from ledger.aggregates.case_review.holding import HoldPlaced
from ledger.aggregates.case_review.holds import holds_of
from ledger.aggregates.corrections import CORRECTING, struck_out
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Closed, Fact, History, Recorded
from ledger.projections.gaps import gaps
from ledger.projections.why import Row
from ledger.rules.dates import chronological
from ledger.rules.general import recorded_late_days


def view(history: Sequence[Recorded[Any]], policy: Policy, as_at: date, known: int, explain: bool = False) -> Row:
    """The facts that had happened by the end of the day, as known, and the gaps between them."""
    del explain  # a fact explains itself; a gap carries its rule
    return {"events": events(history, as_at), "gaps": list(gaps(history, policy, as_at, known))}


def events(history: Sequence[Recorded[Any]], as_at: date, holds: Sequence[Recorded[Any]] = ()) -> list[Row]:
    """The facts of any chain that had happened by the end of the day, in the order they happened.

    `holds`: facts of holds that are not among them.
    """
    alone: dict[int, Alone] = history.alone if isinstance(history, History) else {}
    told = sorted((_alone(each, alone) for each in history), key=_order_of)
    corrected, struck = _corrected_by(history), struck_out(history)
    positions = {each.id: each.position for each in history} if corrected else {}
    marks = Marks(positions, corrected, struck, _held([*history, *holds]))
    return [_event(each, marks) for each in told if each.order[0] <= as_at]


@dataclass(frozen=True, slots=True)
class Alone:
    """What a fact says of itself, whatever else is known: its place and its row, which must not be changed."""

    fact: Fact
    order: tuple[date, bool, float, int]
    row: Row


def _order_of(event: Alone) -> tuple[date, bool, float, int]:
    return event.order


def _corrected_by(history: Sequence[Recorded[Any]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for each in history:
        if type(each.fact) in CORRECTING:
            found.setdefault(each.fact.event_ref, []).append(each.position)
    return found


@dataclass(frozen=True, slots=True)
class Marks:
    """What others say of a fact: by id the positions of all, of its corrections, of its striking-out; while held."""

    positions: Mapping[str, int]
    corrected: Mapping[str, list[int]]
    struck: Mapping[str, int]
    held: Sequence[tuple[int, int | None]]


def _held(history: Sequence[Recorded[Any]]) -> list[tuple[int, int | None]]:
    """From which position of the log until which a hold stood over the case (SCR-05); None: it stands."""
    holds = holds_of(history) if any(isinstance(each.fact, HoldPlaced) for each in history) else []
    return [(each.placed.position, each.released.position if each.released else None) for each in holds]


def _event(event: Alone, marks: Marks) -> Row:
    fact, fact_id, at = event.fact, event.row["id"], event.row["position"]
    return {
        **event.row,
        "corrects": marks.positions.get(fact.event_ref) if isinstance(fact, CORRECTING) else None,
        "corrected_by": marks.corrected.get(fact_id, []),
        "struck_out": fact_id in marks.struck,
        "after_hold": any(placed < at and (until is None or at < until) for placed, until in marks.held),
    }


def _alone(record: Recorded[Any], kept: dict[int, Alone]) -> Alone:
    found = kept.get(record.position)
    if found is None:
        found = kept[record.position] = Alone(
            record.fact, (*chronological(record.effective), record.position), _row(record)
        )
    return found


def _row(record: Recorded[Any]) -> Row:
    fact: Fact = record.fact
    kind, told, by = type(fact), vars(fact), record.by
    late_days = recorded_late_days(record.effective, record.recorded)
    return {
        "position": record.position,
        "proof": f"/log/proof/{record.position}",
        "id": record.id,
        "type": kind.__name__,
        "title": title(kind),
        "effective": record.effective,
        "recorded": record.recorded,
        "late_days": late_days,
        "late": late_days > 0,
        "by": {"id": by.id, "role": by.role, "unit": by.unit},
        "according_to": _according_to(record),
        "values": {
            name: value if type(value) in _AS_IT_IS else plain(value)
            for name in _fields(kind)
            if (value := told[name]) is not None
        },
    }


def _according_to(record: Recorded[Any]) -> Row | None:
    """Of an imported fact: the other system, when it recorded this, and by whom according to it."""
    if record.source_system is None:
        return None
    who = plain(record.source_by) if record.source_by is not None else None
    return {"system": record.source_system, "recorded": record.source_recorded, "by": who}


_AS_IT_IS: Final = frozenset({str, int, bool, date, datetime})


@cache
def _fields(kind: type[Fact]) -> tuple[str, ...]:
    """In the order they are declared in; pydantic's own list costs more than the row."""
    return tuple(kind.model_fields)


def plain(value: Any) -> Any:
    """A value as a page prints it: closed and erased ones as their text, times as HH:MM, lists and maps inside out."""
    if isinstance(value, Closed):
        return str(value)
    if isinstance(value, time):
        return f"{value:%H:%M:%S}" if value.second else f"{value:%H:%M}"
    if isinstance(value, list):
        return [plain(each) for each in _items(value)]
    if isinstance(value, dict):
        return {name: plain(each) for name, each in _members(value)}
    return value


def _items(value: Any) -> list[Any]:
    return list(value)


def _members(value: Any) -> list[tuple[str, Any]]:
    return list(value.items())


_WORDS: Final = {
    "Upw": "unpaid work",
    "Ete": "education and employment",
    "Pso": "PSO",
    "Pqs": "quality standards",
    "Hs": "health and safety",
    "Cp1": "CP1",
    "R7": "R7",
}


@cache
def title(kind: type[Fact]) -> str:
    """A fact's name in plain English: EnforcementLetterIssued -> "Enforcement letter issued"."""
    words: list[str] = re.findall(r"[A-Z][a-z0-9]+", kind.__name__)
    text = " ".join(_WORDS.get(word, word.lower()) for word in words)
    return text[0].upper() + text[1:]
