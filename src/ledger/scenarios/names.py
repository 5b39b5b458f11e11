"""Short names and the random ids they stand for, by the types of a fact's fields.

Proven by tests/scenarios/test_scenarios.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, cast, get_args
from uuid import uuid4

from ledger.aggregates.shape import Fact, Id, is_random_id
from ledger.aggregates.values import REFERS

_ID: Final = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


@dataclass(slots=True)
class Names:
    """Short names and the random ids they stand for, both ways; labels of facts (`as:`) are names too."""

    ids: dict[str, str] = field(default_factory=dict[str, str])
    names: dict[str, str] = field(default_factory=dict[str, str])

    def id(self, name: str) -> str:
        """The id of a name, drawn when it is first met; an id stands for itself."""
        if is_random_id(name):
            return name
        if name not in self.ids:
            self.label(name, str(uuid4()))
        return self.ids[name]

    def label(self, name: str, id: str) -> None:  # noqa: A002
        """From now on `name` stands for `id`."""
        self.ids[name] = id
        self.names[id] = name

    def named(self, value: Any) -> Any:
        """An answer with every id that has a name printed as it, also within a text (the message of a refusal)."""
        if isinstance(value, str):
            return _ID.sub(lambda found: self.names.get(found[0], found[0]), value)
        if isinstance(value, Mapping):
            return {key: self.named(each) for key, each in cast("Mapping[str, Any]", value).items()}
        if isinstance(value, list | tuple):
            return [self.named(each) for each in cast("Sequence[Any]", value)]
        return value

    def data(self, fact_class: type[Fact], data: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of a command with ids for names, by the types of the fact's fields."""
        ids = id_fields(fact_class)
        return {name: self._of_field(value) if name in ids else value for name, value in data.items()}

    def _of_field(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._of_field(each) for each in cast("list[Any]", value)]
        if isinstance(value, Mapping):  # of several things each has an id of its own: the actions of a plan
            members = cast("Mapping[str, Any]", value)
            return {name: self.id(str(each)) if name.endswith("_id") else each for name, each in members.items()}
        return None if value is None else self.id(str(value))


@cache
def id_fields(fact_class: type[Fact]) -> frozenset[str]:
    """The fields of a fact that hold ids, or lists of them."""
    return frozenset(
        name for name, info in fact_class.model_fields.items() if _holds_id(info.annotation, info.metadata)
    )


_ID_MARK: Final = get_args(Id)[1]


def _holds_id(annotation: Any, metadata: Sequence[Any] = ()) -> bool:
    marks = (*metadata, *getattr(annotation, "__metadata__", ()))
    if _ID_MARK in marks or REFERS in marks:
        return True
    return any(_holds_id(each) for each in get_args(annotation))
