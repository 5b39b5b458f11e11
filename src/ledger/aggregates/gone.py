"""Nobody who is erased comes back by a text: what would be told of them is refused (CP-49).

    aimed(draft, history, children, now)      whether a draft is aimed at somebody erased
    went(history, record, field)              whether a value to be put right went with somebody erased

Aimed at somebody is what names them, and a text about a child that names none in a stream of children all of whom are
erased: it could be about no one else.  Reading: while another child of the stream is there, it is taken to be about
that one; whoever writes about a child that is not named there yet names it, or opens a matter of its own.  A value that
went with somebody is not put right either, whoever else is left: it was destroyed as possibly theirs.

What a case itself refuses of its own erased person stands with its noun; the vault, which has no key for anybody
erased, is behind all of it.  Proven by tests/erasing/test_gone.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from ledger.aggregates.shape import Fact, Now, Recorded, Subject
from ledger.errors import Refusal
from ledger.rules.register import CANNOT_BE_RESTORED

# By name: the nouns they belong to are built on this.
_CHILD_ERASED: Final = "child.data-erased.v1"
_SUBJECT_ERASED: Final = "subject.data-erased.v1"
_NAMED: Final = (("child", "child_id"), ("child", "child_ref"), ("offender", "offender_id"))


def cannot_be_restored() -> Refusal:
    """In the words of CP-49; no history makes it possible."""
    return Refusal("CP-49", CANNOT_BE_RESTORED, rule_book=False)


def aimed(draft: Fact, history: Sequence[Recorded[Any]], children: Iterable[str], now: Now) -> bool:
    """Whether a draft would tell something of somebody erased; `children`: ids of those whom the stream is about."""
    fields = _about_children(type(draft))
    named = [f"{noun}-{id_}" for noun, field in _naming(type(draft)) if (id_ := getattr(draft, field)) is not None]
    if named and any(state.erased is not None for state in now.others(named).values()):
        return True
    if any(each.startswith("child-") for each in named) or all(getattr(draft, field) is None for field in fields):
        return False
    meant = set(children)
    return bool(meant) and meant <= _erased_children(history)


@cache
def _about_children(kind: type[Fact]) -> tuple[str, ...]:
    return tuple(name for name, whose in kind.whose.items() if whose.subject is Subject.CHILD)


@cache
def _naming(kind: type[Fact]) -> tuple[tuple[str, str], ...]:
    """(noun, field) of what names somebody, where more than that is told of them."""
    return tuple(each for each in _NAMED if kind.whose and each[1] in kind.model_fields)


def _erased_children(history: Sequence[Recorded[Any]]) -> set[str]:
    return {each.stream[-36:] for each in history if each.fact.topic == _CHILD_ERASED}


# ------------------------------------------------------------------------------------------ put right


def went(history: Sequence[Recorded[Any]], record: Recorded[Any], field: str) -> bool:
    """Whether a text of a record that names nobody went with a child, or with a victim, erased since.

    Of a text that names somebody only their own erasure matters, and the vault has no key for them.
    """
    fact: Fact = record.fact
    whose = type(fact).whose.get(field)
    if whose is None or whose.subject not in _WENT_WITH:
        return False
    names, takes = _WENT_WITH[whose.subject]
    if any(getattr(fact, each, None) is not None for each in names):
        return False
    return any(takes(each.fact) for each in history if each.position > record.position)


_WENT_WITH: Final[Mapping[Subject, tuple[Sequence[str], Callable[[Fact], bool]]]] = {
    Subject.CHILD: (("child_id", "child_ref"), lambda fact: fact.topic == _CHILD_ERASED),
    Subject.VICTIM: (
        ("victim_id",),
        lambda fact: fact.topic == _SUBJECT_ERASED and getattr(fact, "kind", None) == "VICTIM",
    ),
}
