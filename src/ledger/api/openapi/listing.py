"""The registries as data: what commands are called at the door, every rule, fact and problem.

Proven by tests/api/test_openapi.py and tests/house/test_docs.py, which hold the documents made of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Any

from ledger.aggregates import AGGREGATES
from ledger.aggregates.access import ACCESS_FACTS
from ledger.aggregates.aggregate import Aggregate
from ledger.aggregates.documents import DocumentStored
from ledger.aggregates.ledger_stream import STREAM
from ledger.aggregates.policy import Policy
from ledger.aggregates.roles import roles_for
from ledger.aggregates.shape import Fact
from ledger.errors import LedgerError
from ledger.rules.editions import part_of
from ledger.rules.registry import EDITIONS, Rule, rules


def kebab(name: str) -> str:
    """RecordAbsence -> record-absence"""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


@cache
def _by_kebab() -> dict[str, str]:
    named = (told_as(fact) for each in AGGREGATES.values() for fact in each.every_fact)
    return {kebab(name): name for name in named if name}


def command_named(text: str) -> str:
    """record-absence -> RecordAbsence; what is no command stays as it is, and is refused as unknown."""
    return _by_kebab().get(text, text)


def told_as(fact: type[Fact]) -> str:
    """The command that a fact is told by, or the act that it is the last step of; "" for one that nobody gives."""
    return fact.command or fact.act


def _has_a_door(fact: type[Fact]) -> bool:
    """Whether it is told at another address than commands are: a document, with its bytes."""
    return fact is DocumentStored


def commands() -> Iterator[tuple[Aggregate, type[Fact]]]:
    for aggregate in AGGREGATES.values():
        for fact in aggregate.every_fact:
            if told_as(fact) and not _has_a_door(fact) and (aggregate.facts and aggregate.noun != STREAM):
                yield aggregate, fact


@cache
def rules_listed() -> list[dict[str, Any]]:
    """The registry of rules, as data."""
    return [
        {
            "id": each.id,
            "name": each.name,
            "edition": each.edition,
            "title": EDITIONS[each.edition].title,
            "source": each.cite,
            "anchor": each.anchor,
            "text": each.text,
        }
        for each in rules()
    ]


def rules_as_at(policy: Policy, day: date) -> list[dict[str, Any]]:
    """The registry, with what is in force on a day.

    `starts`: the first day of its anchor that the rule's edition rules, where a setting says so; None where none does,
    and for a rule that no other edition amends.
    """
    return [{**listed, **_standing(each, policy, day)} for each, listed in zip(rules(), rules_listed(), strict=True)]


def _standing(each: Rule, policy: Policy, day: date) -> dict[str, Any]:
    part = part_of(each)
    if part is None:
        return {"setting": None, "starts": None, "in_force": True}
    rules_then = policy.edition(part, day) == each.edition
    return {"setting": part.key, "starts": policy.starts(part, each.edition), "in_force": rules_then}


@cache
def events_listed() -> list[dict[str, Any]]:
    """The registry of facts and commands, as data."""
    return [
        {
            "event": fact.__name__,
            "type": fact.topic,
            "noun": noun,
            "command": told_as(fact) if noun != STREAM and told_as(fact) else None,
            "who": sorted(roles_for(fact)),
            "rules": list(fact.rules),
            "meaning": (fact.__doc__ or "").strip(),
            "fields": [_field(fact, name) for name in fact.model_fields],
        }
        for noun, facts in (*((each.noun, each.every_fact) for each in AGGREGATES.values()), ("access", ACCESS_FACTS))
        for fact in facts
    ]


def _field(fact: type[Fact], name: str) -> dict[str, Any]:
    supplied = fact.supplied.get(name)
    whose = fact.whose.get(name)
    return {
        "name": name,
        "required": fact.model_fields[name].is_required(),
        "sealed": whose is not None,
        "subject": whose.subject.value if whose else None,
        "supplied_by": supplied.by if supplied else None,
    }


def errors() -> list[type[LedgerError]]:
    """The tree of errors, from its root."""
    found: list[type[LedgerError]] = [LedgerError]
    for each in found:
        found += each.__subclasses__()
    return found


def _words(text: str | None) -> str:
    return " ".join((text or "").split())


def errors_listed() -> list[dict[str, Any]]:
    """Every problem a caller may meet, as data."""
    return [
        {"code": each.code, "status": each.status, "title": each.title, "meaning": _words(each.__doc__)}
        for each in sorted(errors(), key=lambda each: (each.status, each.code))
        if "code" in vars(each)
    ]
