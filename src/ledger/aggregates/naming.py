"""Names out of free text (GEN-10): a note that names a child linked to the case warns its author.

    rule_on = noticing(rule_on, children_of)       the same ruling, with the warning where it is due

Reading: only the forenames of children on record are looked for, each as a word of its own, in every text that is not
the child's or a victim's; no dictionary of names is searched, and nobody is refused.  What another system tells is past
warning.  Proven by tests/aggregates/test_child.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast

from ledger.aggregates.aggregate import Ruling
from ledger.aggregates.shape import Closed, Fact, Now, Subject
from ledger.errors import Caution
from ledger.rules.general import NAMES_NO_CHILDREN

if TYPE_CHECKING:
    from ledger.aggregates.child.child import Child

RuleOn = Callable[[Any, Any, Now, str], Ruling]
_THEIR_OWN: Final = frozenset({Subject.CHILD, Subject.VICTIM})
SHORTEST: Final = 2  # letters of a name that is looked for: an initial would be found everywhere


def noticing(rule_on: RuleOn, children_of: Callable[[Any], Iterable[str]]) -> RuleOn:
    """`children_of`: from a state, the ids of the children linked to the case."""

    def ruling(state: Any, draft: Fact, now: Now, stream: str) -> Ruling:
        found = rule_on(state, draft, now, stream)
        texts = [] if now.imported else list(_texts(draft))
        names = [f"child-{each}" for each in children_of(state)] if texts else []
        if names and _names_one(texts, cast("Mapping[str, Child]", now.others(names)).values()):
            return replace(found, cautions=(*found.cautions, Caution("GEN-10", NAMES_NO_CHILDREN)))
        return found

    return ruling


def _texts(draft: Fact) -> Iterator[str]:
    for name, whose in type(draft).whose.items():
        if whose.subject not in _THEIR_OWN:
            yield from _words(getattr(draft, name))


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in cast("list[Any]", value):
            yield from _words(each)
    elif isinstance(value, dict):
        for each in cast("dict[str, Any]", value).values():
            yield from _words(each)


def _names_one(texts: Iterable[str], children: Iterable[Child]) -> bool:
    names = [name for child in children for name in _forenames(child) if len(name) >= SHORTEST]
    if not names:
        return False
    wanted = re.compile(rf"\b(?:{'|'.join(map(re.escape, names))})\b", re.IGNORECASE)
    return any(wanted.search(text) for text in texts)


def _forenames(child: Child) -> list[str]:
    told = child.record.fact.forenames if child.record else ""
    return [] if isinstance(told, Closed) else told.split()
