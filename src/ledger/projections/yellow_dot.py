"""The yellow dot on the file of a child protection case, and since when it is missing (DP-04).

    yellow_dot(history, as_at)        -> (True, False, or None where a mark cannot be read; the facts that say so)
    unmarked_since(history, as_at)    -> the day since when a registered case has no dot; None where nothing misses

Proven by tests/projections/test_yellow_dot.py and privacy.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from ledger.aggregates.corrections import CORRECTING, as_corrected
from ledger.aggregates.offender.facts import FileMarked, FileMarkRemoved
from ledger.aggregates.register_entry.facts import RegisterEntryClosed, RegisterEntryMade
from ledger.aggregates.register_entry.registrations import registrations_of
from ledger.aggregates.shape import Closed, Recorded
from ledger.rules.data_protection import is_yellow_dot
from ledger.rules.dates import day_of

History = Sequence[Recorded[Any]]

OPENS: Final = {FileMarked.topic: ("marker",), FileMarkRemoved.topic: ("marker",)}
HEARS: Final = frozenset({RegisterEntryMade.topic, RegisterEntryClosed.topic})
_MARKS: Final = (FileMarked, FileMarkRemoved)
_REGISTERED: Final = (RegisterEntryMade, RegisterEntryClosed)


def yellow_dot(history: History, as_at: date) -> tuple[bool | None, list[int]]:
    """Whether the file carries a yellow dot at the end of a day, and the facts that say so."""
    marks = _told(history, _MARKS, as_at)
    if any(isinstance(each.fact.marker, Closed) for each in marks):
        return None, [each.position for each in marks]
    dots = _dots(marks)
    return bool(dots) and isinstance(dots[-1].fact, FileMarked), sorted(each.position for each in dots)


def unmarked_since(history: History, as_at: date) -> tuple[date, list[int]] | None:
    """Since when the person has been registered without a dot on the file, and the facts that say so.

    Nothing is said of a file whose marks cannot be read.
    """
    registered = _told(history, _REGISTERED, as_at)
    opened = [each.made for each in registrations_of(registered).values() if each.made and each.is_open]
    if not opened:
        return None
    dot, marks = yellow_dot(history, as_at)
    if dot or dot is None:
        return None
    since, there = min(each.fact.registered_on for each in opened), False
    for each in _dots(_told(history, _MARKS, as_at)):
        if there and isinstance(each.fact, FileMarkRemoved):
            since = max(since, day_of(each.effective))
        there = isinstance(each.fact, FileMarked)
    return since, [*(each.position for each in opened), *marks]


def _dots(marks: History) -> History:
    """Of these marks the yellow dots, by day, then position."""
    found = (each for each in marks if is_yellow_dot(each.fact.marker))
    return sorted(found, key=lambda each: (day_of(each.effective), each.position))


def moments(history: History) -> Iterator[date]:
    """The days on which a registration began or ended, or a mark was set or taken off."""
    return (day_of(each.effective) for each in _told(history, (*_MARKS, *_REGISTERED), date.max))


def _told(history: History, kinds: tuple[type, ...], as_at: date) -> History:
    """The facts of these kinds, as corrected, that had happened by the end of a day."""
    kept = [each for each in history if isinstance(each.fact, kinds) or type(each.fact) in CORRECTING]
    return [each for each in as_corrected(kept) if day_of(each.effective) <= as_at]
