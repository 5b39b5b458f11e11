"""Which unit a case belongs to, as its own facts say.  Proven by tests/following/test_lists.py."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from ledger.aggregates.corrections import as_corrected
from ledger.aggregates.shape import Fact, Recorded


def unit_of(stream: str, history: Sequence[Recorded[Any]]) -> str | None:
    """The unit a case belongs to now: the last that a fact of its stream names, else that of its first recorder.

    As corrected: a transfer that is struck out moved nobody.
    """
    own = [each for each in history if each.stream == stream]
    for each in reversed(as_corrected(own)):
        fact: Fact = each.fact
        for name in _naming_a_unit(type(fact)):
            named = getattr(fact, name)
            if named and isinstance(named, str):
                return named
    return own[0].by.unit if own else None


def names_a_unit(fact_class: type[Fact]) -> bool:
    """Whether a fact of this type may say to which unit its case belongs."""
    return bool(_naming_a_unit(fact_class))


@cache
def _naming_a_unit(fact_class: type[Fact]) -> tuple[str, ...]:
    return tuple(name for name in ("to_unit", "unit") if name in fact_class.model_fields)
