"""Matching an answer against what a scenario expects of it, with failures a person can read.

Proven by tests/scenarios/test_scenarios.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, cast

from ledger.aggregates.shape import in_london
from ledger.scenarios.reading import instant

_MISSING: Final = object()


def match(expected: Any, came: Any, same: dict[str, Any], at: str = "answer") -> Iterator[str]:
    """Where an answer differs from what is expected of it; nothing if it does not.

    Maps may have more members; lists match one to one unless `{contains: […]}` or `{lacks: […]}`; null matches null or
    a missing member; `{absent: true}` a missing one only; `{same: label}` binds a value, then demands it.
    """
    if isinstance(expected, dict):
        yield from _match_map(cast("dict[str, Any]", expected), came, same, at)
    elif isinstance(expected, list):
        yield from _match_list(cast("list[Any]", expected), came, same, at)
    elif expected is None:
        if came is not None and came is not _MISSING:
            yield f"{at} is {_shown(came)}, expected nothing"
    elif not _equal(expected, came):
        yield f"{at} is {_shown(came)}, expected {_shown(expected)}"


def _match_map(expected: dict[str, Any], came: Any, same: dict[str, Any], at: str) -> Iterator[str]:
    if expected == {"absent": True}:
        if came is not _MISSING:
            yield f"{at} is {_shown(came)}, expected to be absent"
    elif set(expected) == {"same"}:
        yield from match(same.setdefault(expected["same"], came), came, same, at)
    elif expected and set(expected) <= {"contains", "lacks"}:
        yield from _match_some(expected, came, same, at)
    elif not isinstance(came, Mapping):
        yield f"{at} is {_shown(came)}, expected a map"
    else:
        members = cast("Mapping[str, Any]", came)
        for name, each in expected.items():
            yield from match(each, members.get(name, _MISSING), same, f"{at}.{name}")


def _match_list(expected: list[Any], came: Any, same: dict[str, Any], at: str) -> Iterator[str]:
    items = _as_list(came)
    if items is None or len(items) != len(expected):
        yield f"{at} is {_shown(came)}, expected {len(expected)} items: {_shown(expected)}"
        return
    for n, (each, item) in enumerate(zip(expected, items, strict=True)):
        yield from match(each, item, same, f"{at}[{n}]")


def _match_some(expected: dict[str, Any], came: Any, same: dict[str, Any], at: str) -> Iterator[str]:
    items = _as_list(came)
    if items is None:
        yield f"{at} is {_shown(came)}, expected a list"
        return
    for each in expected.get("contains", ()):
        if not any(_matches(each, item, same) for item in items):
            yield f"{at} holds nothing like {_shown(each)}; it is {_shown(items)}"
    for each in expected.get("lacks", ()):
        if any(_matches(each, item, same) for item in items):
            yield f"{at} holds {_shown(each)}, expected not to; it is {_shown(items)}"


def _matches(expected: Any, item: Any, same: dict[str, Any]) -> bool:
    """Whether one item of several is meant; only the one that is binds the labels it holds."""
    bound = dict(same)
    if next(match(expected, item, bound), None) is not None:
        return False
    same.update(bound)
    return True


def _as_list(came: Any) -> list[Any] | None:
    return list(cast("Sequence[Any]", came)) if isinstance(came, list | tuple) else None


def _equal(expected: Any, came: Any) -> bool:
    if isinstance(expected, bool) or isinstance(came, bool):
        return expected is came
    left, right = _as_instant(expected), _as_instant(came)
    if left is not None and right is not None:
        return left == right
    return _printed(expected) == _printed(came)


def _printed(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _as_instant(value: Any) -> datetime | None:
    """A value that names a moment: a day alone does not."""
    if isinstance(value, datetime):
        return in_london(value)
    if not isinstance(value, str) or not re.match(r"\d{4}-\d\d-\d\d[ T]\d", value):
        return None
    return instant(value)


def _shown(value: Any) -> str:
    if value is _MISSING:
        return "missing"
    text = str(value)
    return text if len(text) < 400 else f"{text[:400]}…"
