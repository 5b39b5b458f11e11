"""What a file said then and then: fact by fact, and status by status (contract, *Views*, `compare`).

    facts_between(before, after)        what was added, corrected, struck out, restored or erased meanwhile
    statuses_between(before, after)     what a view says otherwise, with both values and both reasons

Both compare answers as somebody is given them, never the facts behind: what a reader may not see is in neither.  A
value that is erased prints so at every moment, so an erasure is known by its day.  Proven by
tests/projections/test_comparing.py and tests/api/test_compare.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, cast

from ledger.aggregates.child.facts import ChildDataErased
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Erased, Fact, Recorded
from ledger.aggregates.subject import SubjectDataErased
from ledger.projections import chronology
from ledger.projections.why import Row
from ledger.rules.dates import london_day

ERASING: Final = (ChildDataErased, SubjectDataErased)


def facts(history: Sequence[Recorded[Any]], policy: Policy, as_at: date, known: int, explain: bool = False) -> Row:
    """The facts as the chronology tells them, each with the days on which values of it were destroyed (`erased`).

    `erasures`: the days on which an erasure was recorded by then.
    """
    del policy, known, explain
    erased = {each.position: _erased(each.fact) for each in history}
    return {
        "events": [{**each, "erased": erased[each["position"]]} for each in chronology.events(history, as_at)],
        "erasures": sorted({london_day(each.recorded) for each in history if isinstance(each.fact, ERASING)}),
    }


def _erased(fact: Fact) -> dict[str, date]:
    """By field, the day on which its value, or one of its values, was destroyed."""
    found: dict[str, date] = {}
    for name in type(fact).whose:
        value = getattr(fact, name)
        for each in cast("list[Any]", value) if isinstance(value, list) else [value]:
            if isinstance(each, Erased):
                found[name] = max(each.on, found.get(name, date.min))
    return found


# ------------------------------------------------------------------------------------------ fact by fact


@dataclass(frozen=True, slots=True)
class Told:
    """What `facts` answered somebody at a moment, and the day the moment lies on.  Empty: nothing was known yet."""

    events: Sequence[Row]
    erasures: frozenset[date]
    day: date

    @classmethod
    def of(cls, answer: Mapping[str, Any], day: date) -> Told:
        """From an answer; of no answer, that there was nothing."""
        return cls(answer.get("events", ()), frozenset(answer.get("erasures", ())), day)


def facts_between(before: Told, after: Told) -> list[Row]:
    """A row for each fact that is told otherwise, in order of position.

    {position, id, type, title, effective, recorded, by, change, by_position, fields}.  `change`: `added`, `corrected`,
    `struck-out`, `restored` (a correction or a striking-out was itself unsaid) or `erased`; one fact may have several.
    `by_position`: the fact that did it, where one is told.  `fields`: by name, [what it read then, what it reads now];
    of what is erased both are the words that stand for it.
    """
    first, second = (sorted(filter(_is_told, each.events), key=_place) for each in (before, after))
    known, then, now = {_place(each) for each in first}, _Reading(first), _Reading(second)
    found: list[Row] = []
    for event in second:
        if _place(event) not in known:
            found.append(_changed(event, "added", None, {}))
        else:
            found += [*_differs(event, then, now), *_gone(event, before, after)]
    silent = (len(after.events) - len(second)) - (len(before.events) - len(first))
    return found + [dict(LIMITED) for _ in range(silent)]


LIMITED: Final = {"limited": True}  # all that is told of a fact of a case that this reader may not read (DP-03)


def _is_told(event: Row) -> bool:
    return "position" in event


def _place(event: Row) -> int:
    return int(event["position"])


def _differs(event: Row, then: _Reading, now: _Reading) -> Iterator[Row]:
    name = event["id"]
    was, is_ = name in then.struck, name in now.struck
    if was != is_:
        yield _changed(event, "struck-out" if is_ else "restored", now.struck.get(name), {})
    first, second = then.values(event), now.values(event)
    before, after = then.changed.get(name, {}), now.changed.get(name, {})
    fields = [each for each in dict.fromkeys((*before, *after)) if before.get(each) != after.get(each)]
    if fields:  # told even where both values are shut for whoever asks
        at = max(after[each][1] if each in after else 0 for each in fields)
        values = {each: [first.get(each), second.get(each)] for each in fields}
        yield _changed(event, "corrected" if at else "restored", at or None, values)


def _gone(event: Row, before: Told, after: Told) -> Iterator[Row]:
    """What was destroyed between the two moments.

    Reading: on the day of the first moment itself it was destroyed later if no erasure was recorded that day by then.
    """
    days = {name: on for name, on in event.get("erased", {}).items() if before.day <= on <= after.day}
    fields = {
        name: [event["values"].get(name)] * 2
        for name, on in days.items()
        if on > before.day or (on not in before.erasures and on in after.erasures)
    }
    if fields:
        yield _changed(event, "erased", None, fields)


def _changed(event: Row, change: str, by_position: int | None, fields: Row) -> Row:
    told = ("position", "id", "type", "title", "effective", "recorded", "by")
    values = {"values": event["values"]} if change == "added" else {}
    kept = {name: event[name] for name in told}
    return {**kept, "change": change, "by_position": by_position, "fields": fields, **values}


class _Reading:
    """Rows of facts, in order of position, as they are to be read: the latest word first, so nothing unsaid counts."""

    def __init__(self, events: Sequence[Row]) -> None:
        self.struck: dict[str, int] = {}
        self.changed: dict[str, dict[str, tuple[Any, int]]] = {}
        correcting = [each for each in events if each["type"] in ("RecordCorrected", "RecordStruckOut")]
        for each in reversed(correcting):
            if each["id"] in self.struck:
                continue
            told = self.values(each)
            if each["type"] == "RecordStruckOut":
                self.struck.setdefault(told["event_ref"], each["position"])
            else:
                fields = self.changed.setdefault(told["event_ref"], {})
                fields.setdefault(told["field"], (told.get("corrected_value"), each["position"]))

    def values(self, event: Row) -> Row:
        """The values of a fact, corrected."""
        corrected = {name: value for name, (value, _) in self.changed.get(event["id"], {}).items()}
        return {**event["values"], **corrected}


# ------------------------------------------------------------------------------------------ status by status


def statuses_between(view: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Row]:
    """A row for each member of a view's two answers that differs: {view, at, before, after, why_before, why_after}.

    `at` says where it stands: "orders[019a…].absences[019b…].status".  What is there only once is one row, whole; the
    other side is null.  The reasons are the nearest `why` of each answer, null where there is none.
    """
    return [{"view": view, **each} for each in _between("", before, after, (None, None))]


_Whys = tuple[Any, Any]


def _between(at: str, before: Any, after: Any, whys: _Whys) -> Iterator[Row]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _maps(at, cast("Row", before), cast("Row", after), whys)
    elif _of_maps(before) and _of_maps(after):
        yield from _lists(at, cast("list[Row]", before), cast("list[Row]", after), whys)
    elif _plain(before) != _plain(after):
        yield {
            "at": at,
            "before": _plain(before),
            "after": _plain(after),
            "why_before": _why(before, whys[0]),
            "why_after": _why(after, whys[1]),
        }


def _why(value: Any, around: Any) -> Any:
    """The reason of a value: its own, else that of what it stands in."""
    return cast("Row", value).get("why", around) if isinstance(value, Mapping) else around


def _maps(at: str, before: Row, after: Row, whys: _Whys) -> Iterator[Row]:
    own = (before.get("why", whys[0]), after.get("why", whys[1]))
    for name in dict.fromkeys((*before, *after)):
        if name != "why":
            yield from _between(f"{at}.{name}" if at else name, before.get(name), after.get(name), own)


def _lists(at: str, before: list[Row], after: list[Row], whys: _Whys) -> Iterator[Row]:
    """Rows that name the same thing are one and the same; what names nothing is told apart by all it says."""
    first, second = _named(before), _named(after)
    for name in dict.fromkeys((*first, *second)):
        there = (whys[0] if name in first else None, whys[1] if name in second else None)
        yield from _between(f"{at}[{name}]", first.get(name), second.get(name), there)


def _named(rows: list[Row]) -> dict[str, Row]:
    """Rows by what they are about, those about the same numbered from the second on."""
    found: dict[str, Row] = {}
    met: Counter[str] = Counter()
    for n, row in enumerate(rows):
        name = _name_of(row) or str(n)
        met[name] += 1
        found[name if met[name] == 1 else f"{name} {met[name]}"] = row
    return found


_NAMES: Final = ("rule", "flag", "code", "point", "type")


def _name_of(row: Row) -> str:
    """What a row of a list is about: its own id, which stands first; of a gap or an alert its rule, and about what."""
    ids = [str(value) for name, value in row.items() if name.endswith("_id") and value is not None]
    told = [str(row[each]) for each in _NAMES if row.get(each) is not None]
    if told:
        return " ".join((*told, *ids))
    days = (str(value) for name, value in row.items() if name in ("on", "date") or name.endswith(("_on", "_at")))
    return ids[0] if ids else next(days, "")


def _of_maps(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in cast("list[Any]", value))


def _plain(value: Any) -> Any:
    """A value without its reasons."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in cast("Row", value).items() if name != "why"}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in cast("Sequence[Any]", value)]
    return value
