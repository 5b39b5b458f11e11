"""JSON, days and instants as people and programs send them: one strict form at every door.

Which times are within reason the values themselves say (aggregates/values.py), here as everywhere.  A member given
twice leaves open which of the two is meant.

    >>> a_day("2025-04-28")
    datetime.date(2025, 4, 28)
    >>> an_instant("2025-04-28T16:30").isoformat()
    '2025-04-28T15:30:00+00:00'

Proven by tests/api/test_bad_input.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from typing import Any, Final, TypeVar, get_args

import orjson

from ledger.aggregates.shape import Fact, in_london, in_reason

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_When = TypeVar("_When", date, datetime)


def a_day(text: str) -> date:
    """A day as YYYY-MM-DD.  Raises ValueError, which does not repeat the text."""
    if not _DAY.fullmatch(text):
        raise ValueError("use a day such as 2025-04-28")
    return in_reason(_of(date, text))


def an_instant(text: str) -> datetime:
    """An instant in UTC; London's where it names no offset.  Raises ValueError, which does not repeat the text."""
    if not _INSTANT.fullmatch(text):
        raise ValueError("use an instant such as 2025-04-28T16:30:00Z, or London time without an offset")
    return in_london(_of(datetime, text))


def a_time(text: str) -> date | datetime:
    """A day or an instant.  Raises ValueError, which does not repeat the text."""
    return a_day(text) if len(text) == 10 else an_instant(text)


def _of(kind: type[_When], text: str) -> _When:
    try:
        return kind.fromisoformat(text)
    except ValueError as wrong:
        raise ValueError("there is no such time") from wrong


# ------------------------------------------------------------------------------------ JSON


def a_json(text: bytes) -> Any:
    """One JSON value, each member given once.  Raises ValueError, which does not repeat the text."""
    try:
        value = orjson.loads(text)  # the stricter of the two: no NaN, no half surrogates, no endless nesting
        if not _same_quotes(text, value):
            json.loads(text, object_pairs_hook=_each_once)
    except (orjson.JSONDecodeError, RecursionError) as wrong:
        raise ValueError("it is not JSON as RFC 8259 has it") from wrong
    return value


def _same_quotes(text: bytes, value: Any) -> bool:
    """No member was dropped: a name has two quotation marks, and there are as many as in the text.

    Where a mark may be written in another way, this does not know; it saves the slow look at nearly every text.
    """
    if b"\\u" in text:
        return False
    try:
        return text.count(b'"') == orjson.dumps(value).count(b'"')
    except TypeError:  # nested deeper than can be written
        return False


def _each_once(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("it gives a member twice; say each thing once")


# ------------------------------------------------------------------------------------ times among the fields of a fact


def unfit_times(fact_class: type[Fact], data: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with the days and instants among these fields, by field."""
    errors: dict[str, str] = {}
    for name, read in _times(fact_class).items():
        told = data.get(name)
        if told is None:  # whether it may be missing, the fact itself says
            continue
        try:
            read(str(told))
        except ValueError as wrong:
            errors[name] = str(wrong)
    return errors


@cache
def _times(fact_class: type[Fact]) -> dict[str, Callable[[str], date]]:
    """How to read each field of a fact that holds a time."""
    kinds = {name: _kinds(info.annotation) for name, info in fact_class.model_fields.items()}
    return {name: an_instant if datetime in found else a_day for name, found in kinds.items() if found}


def _kinds(annotation: Any) -> set[Any]:
    inner = get_args(annotation)
    return set[Any]().union(*map(_kinds, inner)) if inner else {annotation} & {date, datetime}
