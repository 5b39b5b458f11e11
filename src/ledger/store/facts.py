"""The fact that an entry's values make, without asking of each again what was asked when it was sealed.

    read_fact(AbsenceRecorded, {"absence_id": "019a…", "date": "2025-04-07", …})

What stands in the log was held against its type on the way in, and hashes protect it since; and only days, instants and
times of day are something else in a fact than in JSON.  So all that is asked here is whether the names are those of the
type: values that lack one, or have one more, are given to pydantic, which says what is wrong with them.

Proven by tests/store/test_mapping.py: of every type of fact the same as pydantic reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from typing import Annotated, Any, Final, Literal, get_args, get_origin

from pydantic import JsonValue

from ledger.aggregates.shape import Closed, Erased, Fact, in_london

Read = Callable[[str], Any]
_set: Final = object.__setattr__


@dataclass(frozen=True, slots=True)
class _How:
    """How facts of a type are read.  `blank`: every field in order, the absent ones as they are then."""

    blank: Mapping[str, Any]
    required: frozenset[str]
    reads: tuple[tuple[str, Read], ...]


def read_fact(fact_class: type[Fact], values: Mapping[str, Any]) -> Fact:
    """The fact of these values as sealed, or CLOSED.  Raises ValidationError where names are missing or unknown."""
    how = how_to_read(fact_class)
    if how is None or not how.required <= values.keys():
        return fact_class.model_validate(dict(values), strict=False)
    made_of = {**how.blank, **values}
    if len(made_of) != len(how.blank):
        return fact_class.model_validate(dict(values), strict=False)
    for name, read in how.reads:
        value = made_of[name]
        if type(value) is str:  # else absent, or closed
            made_of[name] = read(value)
    fact = object.__new__(fact_class)
    _set(fact, "__dict__", made_of)
    _set(fact, "__pydantic_fields_set__", set(values))
    _set(fact, "__pydantic_extra__", None)
    _set(fact, "__pydantic_private__", None)
    return fact


@cache
def how_to_read(fact_class: type[Fact]) -> _How | None:
    """None for a type with a field that only pydantic can read."""
    blank: dict[str, Any] = {}
    reads: list[tuple[str, Read]] = []
    for name, info in fact_class.model_fields.items():
        kinds = set(_kinds(info.annotation))
        texts = kinds & {*_READS, str}  # what a text in JSON may stand for
        if not kinds <= _KNOWN or info.default_factory is not None or len(texts) > 1:
            return None
        blank[name] = None if info.is_required() else info.default
        reads += [(name, _READS[kind]) for kind in kinds & _READS.keys()]
    required = frozenset(name for name, info in fact_class.model_fields.items() if info.is_required())
    return _How(blank, required, tuple(reads))


def _kinds(annotation: Any, *, inside: bool = False) -> Iterator[Any]:
    """What a value of a field may be; a day inside a list or a map is nothing known here."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _kinds(parts[0], inside=inside)
    elif origin is Literal:
        yield from map(type, parts)
    elif parts:
        within = inside or origin in (list, dict)
        for each in parts:
            yield from _kinds(each, inside=within)
    else:
        yield ("inside", annotation) if inside and annotation in _READS else annotation


def _instant(text: str) -> datetime:
    value = datetime.fromisoformat(text)
    return value if value.tzinfo is UTC else in_london(value)


_READS: Final[Mapping[Any, Read]] = {date: date.fromisoformat, datetime: _instant, time: time.fromisoformat}
_KNOWN: Final = frozenset({*_READS, str, int, bool, type(None), Closed, Erased, JsonValue})
