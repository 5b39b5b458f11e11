"""Limited access: the one function that says whether somebody may read a case (DP-03).

    barring(rules, by)             the exclusion or restriction that bars this reader from a case; None: may read it
    concerned(stream, facts)       whose limits bind a reader of this chain: the person, or those it concerns
    unsaid(rows, facts, closed)    a file's rows without those of a matter shared with somebody who is barred
    admit(name, state, draft, by, look)     may this author record such a fact?  Who may not read may not write

A file of one person holds facts of matters that concern another too.  Who may not read of the other is shown that such
a fact is there and nothing of it; a view that is made of such a matter, and an export, which must be whole, are barred.
The texts are silent on this; it is our reading.

The rules of a person stand in the person's own stream, and it is always all that is known now which counts: a limit set
today binds a reader of last year's file too.  A placement, nomination or inspection is about no one person and is not
limited; where a row of a list names a limited person, or a child, entry, matter, review or breach that concerns one, it
stays and says nothing (`nameless`).

Pure; proven by tests/privacy/test_limiting.py and, for every route, by tests/api/test_limited.py.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, cast

from ledger.aggregates import AGGREGATES
from ledger.aggregates.offender.facts.access import ACCESS_RULES, AccessExcluded, AccessRestricted, AccessRuleEnded
from ledger.aggregates.shape import Actor, Fact, Recorded
from ledger.errors import LimitedAccess
from ledger.rules.access import EXCLUDED, RESTRICTED

Rule = Recorded[AccessExcluded] | Recorded[AccessRestricted]

PERSON: Final = "offender-"
# Streams that concern persons without being one's own: their limits are those of everybody they concern.
CONCERNING: Final = ("child-", "register-entry-", "child-protection-matter-", "case-review-", "data-breach-")
LIMITED: Final[Mapping[str, Any]] = MappingProxyType({"limited": True})  # all that is left of a row
_SYSTEM: Final = "system"  # no person: releases, erasures, the house itself
_NAMING: Final = ("id", "ids", "ref", "refs")  # how the names of members end that name cases
_OTHER_NAMES: Final = {
    "breach": "data-breach",
    "entry": "register-entry",
    "matter": "child-protection-matter",
    "review": "case-review",
}


def rules_in(facts: Iterable[Recorded[Any]]) -> list[Rule]:
    """The exclusions and restrictions of one person that are not ended, from the facts of the chain, in order."""
    told = [each for each in facts if type(each.fact) in ACCESS_RULES]
    ended = {each.fact.rule_ref for each in told if isinstance(each.fact, AccessRuleEnded)}
    return [each for each in told if not isinstance(each.fact, AccessRuleEnded) and each.id not in ended]


def barring(rules: Sequence[Rule], by: Actor) -> Rule | None:
    """The rule that bars this reader: an exclusion of that user first, else a restriction if none names the user."""
    if not rules or by.role == _SYSTEM:
        return None
    restrictions: list[Rule] = []
    for each in rules:
        if isinstance(each.fact, AccessRestricted):
            restrictions.append(each)
        elif each.fact.user_id == by.id:
            return each
    named = any(by.id in cast("AccessRestricted", each.fact).user_ids for each in restrictions)
    return restrictions[-1] if restrictions and not named else None


def refused_by(rule: Rule) -> LimitedAccess:
    """What the reader is told of a rule that bars; its message, which is sealed, is added where it can be opened."""
    excluded = isinstance(rule.fact, AccessExcluded)
    return LimitedAccess(
        EXCLUDED if excluded else RESTRICTED, "excluded" if excluded else "restricted", at=rule.position
    )


def concerned(stream: str, facts: Iterable[Recorded[Any]]) -> list[str]:
    """The persons ("offender-019a…") whose limits bind a reader of this chain; none for what is about nobody."""
    if stream.startswith(PERSON):
        return [stream]
    if not stream.startswith(CONCERNING):
        return []
    found = {name: None for each in facts for name in (each.stream, *each.about) if name.startswith(PERSON)}
    return list(found)


def shared(stream: str, facts: Iterable[Recorded[Any]]) -> list[str]:
    """The other cases of persons, by name, whose facts stand in this chain."""
    found = {each.stream: None for each in facts if each.stream.startswith((PERSON, *CONCERNING))}
    return [each for each in found if each != stream]


def unsaid(
    rows: Iterable[Mapping[str, Any]], facts: Iterable[Recorded[Any]], closed: Collection[str]
) -> list[Mapping[str, Any]]:
    """Rows of the facts of a chain, by `position`, without a word of those in a case of `closed` (streams).

    That there is one is told, as in a list, so that whoever reads knows of something left out.
    """
    silent = {each.position for each in facts if each.stream in closed}
    return [dict(LIMITED) if each["position"] in silent else each for each in rows]


def admit(
    stream: str,
    state: Any,
    draft: Fact,
    by: Actor,
    about: Sequence[str],
    look: Callable[[Sequence[str]], Mapping[str, Any]],
) -> None:
    """Who may not read a case records nothing about it.  `state`: the fold of the stream; `about`: whom else it moves.

    Raises LimitedAccess, or Unread for cases that must be read first.  A risk manager whom a restriction does not name
    may still set and end the rules of access, or nobody could.
    """
    keeping = isinstance(draft, ACCESS_RULES)
    own = {stream: state} if stream.startswith(PERSON) else {}
    names = [*concerned(stream, getattr(state, "history", ())), *(each for each in about if each.startswith(PERSON))]
    others = [each for each in dict.fromkeys(names) if each not in own]
    for case in (*own.values(), *(look(others).values() if others else ())):
        rule = barring(rules_in(case.history), by)
        if rule is not None and not (keeping and isinstance(rule.fact, AccessRestricted)):
            raise refused_by(rule)


def barred(rules: Mapping[str, Sequence[Rule]], by: Actor) -> frozenset[str]:
    """Of the persons with rules, by stream, those whom this reader may not read of."""
    return frozenset(name for name, of in rules.items() if barring(of, by) is not None)


def named_in(row: Mapping[str, Any]) -> set[str]:
    """The cases, by stream, that a row names: offender_id, entry_id, child_refs, target_ref …, also in its members."""
    found: set[str] = set()
    for name, value in row.items():
        stem, _, kind = name.rpartition("_")
        noun = _OTHER_NAMES.get(stem, stem.replace("_", "-"))
        members = cast("list[Any]", value) if isinstance(value, list) else [value]
        if kind in _NAMING and noun in AGGREGATES:
            found |= {f"{noun}-{each}" for each in members if isinstance(each, str)}
        if name == "target_ref" and isinstance(value, str) and value.partition("/")[0] in AGGREGATES:
            found.add(value.replace("/", "-", 1))
        for each in members:
            found |= named_in(cast("Mapping[str, Any]", each)) if isinstance(each, Mapping) else set()
    return found


def nameless(row: Mapping[str, Any], shut: Collection[str]) -> dict[str, Any] | None:
    """What stands for a row of a list that names any case of `shut` (streams); None for every other row.

    Nothing of it is left, not even a day: how many there are may be counted, and no more.
    """
    return None if named_in(row).isdisjoint(shut) else dict(LIMITED)
