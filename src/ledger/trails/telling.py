"""A decision trail in the words and values that people and programs read.  Pure.

    row(record, chain)            a fact as view `chronology` has it, with what put it right since
    rules_of(labels)              the rule editions a decision was taken under, with their words
    policy_of(asked, today)       the settings and the calendar it asked for, and what they say today
    rerun_of(...)                 same, differs (what), or that it cannot be taken again
    effects_of(change, ...)       what a later record would have changed

Proven by tests/trails/test_telling.py and through the real door by tests/trails/test_trails.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Any, Final, TypeAlias

from ledger.aggregates.corrections import CORRECTING, struck_out
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import CLOSED, Fact, Recorded
from ledger.errors import Caution, Refusal
from ledger.printing import label_in_words
from ledger.projections.chronology import plain, title
from ledger.projections.why import Row
from ledger.rules.dates import Calendar
from ledger.rules.general import recorded_late_days
from ledger.rules.registry import EDITIONS, rules
from ledger.rules.settings import NOT_SET, SETTINGS
from ledger.trails.again import Asked, Difference, Outcome
from ledger.trails.later import Change, Effect

Word: TypeAlias = "Refusal | Caution"
Worded: TypeAlias = "Callable[[Word], str]"
"""The message of a refusal or a warning, for whoever may read what is in it."""

CANNOT: Final = "Cannot be re-run: {n} inputs withheld or erased."
CANNOT_ONE: Final = "Cannot be re-run: 1 input withheld or erased."
SAME: Final = "Re-run from what was known when it was recorded, it gives the same result."
DIFFERS: Final = "Re-run from what was known when it was recorded, it differs: {what}."
REFUSED: Final = "it would be refused ({rule}: {message})"
NOT_IN_THIS_RELEASE: Final = "This release no longer has the words of this edition; the release that wrote it has them."


def in_full(word: Word) -> str:
    """The whole message: for those who may read the values in it."""
    return word.message


def in_clear(word: Word) -> str:
    """The message without sealed values."""
    return word.in_clear if isinstance(word, Refusal) else word.message


# ------------------------------------------------------------------------------------------ facts


def row(record: Recorded[Any], chain: Sequence[Recorded[Any]]) -> Row:
    """A fact as first recorded, and what of its chain, as known today, puts it right or strikes it out."""
    fact: Fact = record.fact
    late_days = recorded_late_days(record.effective, record.recorded)
    correcting = [each for each in chain if isinstance(each.fact, CORRECTING)]
    target = getattr(fact, "event_ref", None) if isinstance(fact, CORRECTING) else None
    return {
        "position": record.position,
        "id": record.id,
        "stream": record.stream,
        "type": type(fact).__name__,
        "title": title(type(fact)),
        "effective": record.effective,
        "recorded": record.recorded,
        "late_days": late_days,
        "late": late_days > 0,
        "by": {"id": record.by.id, "role": record.by.role, "unit": record.by.unit},
        "values": {name: plain(value) for name, value in fact.given().items()},
        "corrects": next((each.position for each in chain if target and each.id == target), None),
        "corrected_by": [each.position for each in correcting if each.fact.event_ref == record.id],
        "struck_out": record.id in struck_out(chain),
        "proof": f"/log/proof/{record.position}",
    }


def listed(record: Recorded[Any]) -> Row:
    """A decision in the list of a case's decisions."""
    fact: Fact = record.fact
    return {
        "position": record.position,
        "stream": record.stream,
        "type": type(fact).__name__,
        "title": title(type(fact)),
        "effective": record.effective,
        "recorded": record.recorded,
        "by": {"id": record.by.id, "role": record.by.role, "unit": record.by.unit},
        "under": list(record.under),
        "rests_on": list(record.rests_on),
    }


# ------------------------------------------------------------------------------------------ rules, settings, calendar


def rules_of(labels: Iterable[str]) -> list[Row]:
    """Each edition of a rule with its sources and words; one that this release does not have says so."""
    found: list[Row] = []
    for label in labels:
        id, _, edition = label.partition("@")  # noqa: A001
        same = [each for each in rules() if each.label == label]
        found.append(
            {
                "label": label,
                "rule": id,
                "edition": edition,
                "title": EDITIONS[edition].title if edition in EDITIONS else edition,
                "sources": list(dict.fromkeys(each.cite for each in same)),
                "texts": list(dict.fromkeys(each.text for each in same)) or [NOT_IN_THIS_RELEASE],
            }
        )
    return found


def policy_of(asked: Asked, today: Policy) -> Row:
    """The settings a decision asked for, each for a day, with what the ledger says of that day today; its calendar.

    {settings: [{key, on, value, today, unit, source}], calendar: {label, added, removed} or None}: bank holidays that
    were set, or taken back, since.
    """
    return {
        "settings": [
            {
                "key": key,
                "on": on,
                "value": _set(value),
                "today": _set(today.setting(key, on)),
                "unit": SETTINGS[key].unit,
                "source": SETTINGS[key].source,
            }
            for key, (on, value) in sorted(asked.settings.items())
        ],
        "calendar": _calendar(asked.calendar, today.calendar()) if asked.calendar else None,
    }


def _set(value: str | int | None) -> str | int:
    return NOT_SET if value is None else value


def _calendar(then: Calendar, today: Calendar) -> Row:
    return {
        "label": then.label,
        "added": sorted(set(today.holidays) - set(then.holidays)),
        "removed": sorted(set(then.holidays) - set(today.holidays)),
    }


# ------------------------------------------------------------------------------------------ taken again


def rerun_of(
    outcome: Outcome,
    differences: Sequence[Difference],
    closed: Sequence[tuple[int, str]],
    sealed: frozenset[str],
    worded: Worded,
) -> Row:
    """{outcome: same, differs or cannot; says, differences, refusals, warnings, inputs_closed}.

    What could not be read is counted, and then nothing else is claimed.  Of fields in `sealed` no value is told.
    """
    if closed:
        says = CANNOT_ONE if len(closed) == 1 else CANNOT.format(n=len(closed))
        return _rerun("cannot", says, inputs_closed=[{"position": at, "field": name} for at, name in closed])
    if outcome.refusals:
        what = "; ".join(REFUSED.format(rule=each.rule, message=worded(each)) for each in outcome.refusals)
        return _rerun("differs", DIFFERS.format(what=what), refusals=_words(outcome.refusals, worded))
    warnings = _words(outcome.cautions, worded)
    if differences:
        rows = [
            {"what": each.what, "sealed": str(CLOSED), "again": str(CLOSED)}
            if each.what in sealed
            else {"what": each.what, "sealed": _printed(each.sealed), "again": _printed(each.again)}
            for each in differences
        ]
        what = "; ".join(f"{each['what']} was {_said(each['sealed'])}, is {_said(each['again'])}" for each in rows)
        return _rerun("differs", DIFFERS.format(what=what), differences=rows, warnings=warnings)
    return _rerun("same", SAME, warnings=warnings)


def _rerun(outcome: str, says: str, **more: list[Row]) -> Row:
    nothing: Row = {"differences": [], "refusals": [], "warnings": [], "inputs_closed": []}
    return {"outcome": outcome, "says": says, **nothing, **more}


def _words(words: Iterable[Word], worded: Worded) -> list[Row]:
    return [{"rule": each.rule, "message": worded(each)} for each in words]


def _said(value: Any) -> str:
    if value is None or value == () or value == []:
        return "nothing"
    return ", ".join(map(str, _items(value))) if isinstance(value, list | tuple) else str(value)


# ------------------------------------------------------------------------------------------ what came later


def effects_of(change: Change, sealed: frozenset[str], worded: Worded) -> list[Row]:
    """What a later record would have changed: {kind, says} each; fields in `sealed` are told without their value."""
    return [{"kind": each.kind, "says": _effect(each, change.record, sealed, worded)} for each in change.effects]


def _effect(effect: Effect, record: Recorded[Any], sealed: frozenset[str], worded: Worded) -> str:
    if effect.word is not None:
        said = f"{effect.word.rule}: {worded(effect.word)}"
        return _OF_RULES[effect.kind].format(said=said)
    if effect.kind == "other-value":
        if effect.field in sealed:
            return f"{label_in_words(effect.field)} would have been another."
        return f"{label_in_words(effect.field)} would have been {_said(_printed(effect.value))}."
    if effect.kind == "rests-on":
        others = [each for each in effect.positions if each != record.position]
        parts = ["this record"] * (len(others) < len(effect.positions)) + [_records(others)] * bool(others)
        return f"It would have rested on {' and '.join(parts)} too."
    return f"It would not have rested on {_records(effect.positions)}."


_OF_RULES: Final = {
    "refused": "It would have been refused ({said}).",
    "not-refused": "It would not have been refused ({said}).",
    "warned": "Its author would have been told ({said}).",
    "not-warned": "Its author would not have been told ({said}).",
}


def _records(positions: Iterable[int]) -> str:
    found = list(positions)
    return f"record{'s' if len(found) > 1 else ''} {', '.join(map(str, found))}"


def _printed(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else plain(value)


def sealed_fields(record: Recorded[Any]) -> frozenset[str]:
    """The fields of a fact whose values are sealed."""
    fact: Fact = record.fact
    return frozenset(type(fact).whose)


def about_them(value: Any, ids: frozenset[str]) -> Any:
    """Of a view, what is about these ids: of a list in which any item names one, only those that do."""
    if isinstance(value, dict):
        return {name: about_them(each, ids) for name, each in _members(value)}
    if isinstance(value, list):
        items = _items(value)
        named = [each for each in items if _names(each, ids)]
        return [about_them(each, ids) for each in named or items]
    return value


def _names(value: Any, ids: frozenset[str]) -> bool:
    if isinstance(value, dict):
        return any(_names(each, ids) for _, each in _members(value))
    if isinstance(value, list):
        return any(_names(each, ids) for each in _items(value))
    return isinstance(value, str) and value in ids


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    return iter(value.items())


def _items(value: Any) -> list[Any]:
    return [*value]
