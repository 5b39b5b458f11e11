"""Records that nobody changes, made as fast as those that anybody may.

    @immutable
    class Standing:
        since: date

A frozen dataclass pays for its promise at every field of every instance: seven times what making it costs, and a fold
makes millions.  So here the type checker alone refuses an assignment, and the checks of every commit hold it.

Proven by tests/aggregates/test_immutable.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def immutable(cls: type[T]) -> type[T]:
    """A dataclass with slots, equal by its values and hashable, frozen to whoever writes code."""
    return dataclass(slots=True, unsafe_hash=True)(cls)
