"""What may be decided: the registry of nouns, their facts, folds and commands.

A tuple is the registry: a new noun is one name here, a new fact one class in its noun's module.
Proven by tests/aggregates/test_registry.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ledger.aggregates.access import ACCESS_FACTS
from ledger.aggregates.aggregate import Aggregate
from ledger.aggregates.case_review import CASE_REVIEW
from ledger.aggregates.child import CHILD
from ledger.aggregates.child_protection_matter import CHILD_PROTECTION_MATTER
from ledger.aggregates.corrections import CORRECTIONS
from ledger.aggregates.data_breach import DATA_BREACH
from ledger.aggregates.nomination import NOMINATION
from ledger.aggregates.offender import OFFENDER_CASE
from ledger.aggregates.placement import PLACEMENT
from ledger.aggregates.policy import LEDGER, POLICY
from ledger.aggregates.register_entry import REGISTER_ENTRY
from ledger.aggregates.register_report import REGISTER_REPORT
from ledger.aggregates.shape import Fact
from ledger.aggregates.staff import STAFF

NOUNS: Final = (
    OFFENDER_CASE,
    PLACEMENT,
    NOMINATION,
    CHILD,
    REGISTER_ENTRY,
    CHILD_PROTECTION_MATTER,
    CASE_REVIEW,
    REGISTER_REPORT,
    DATA_BREACH,
    STAFF,
    POLICY,
    LEDGER,
)

_MONTHLY: Final = REGISTER_REPORT.noun

AGGREGATES: Final[Mapping[str, Aggregate]] = MappingProxyType({each.noun: each for each in NOUNS})
COLLECTIONS: Final[Mapping[str, Aggregate]] = MappingProxyType({each.collection: each for each in NOUNS})
FACTS: Final[tuple[type[Fact], ...]] = (
    *dict.fromkeys(fact for noun in NOUNS for fact in noun.facts),  # a few are of several nouns
    *CORRECTIONS,
    *ACCESS_FACTS,
)
FACT_BY_TOPIC: Final[Mapping[str, type[Fact]]] = MappingProxyType({fact.topic: fact for fact in FACTS})
COMMANDS: Final[Mapping[str, Mapping[str, type[Fact]]]] = MappingProxyType(
    {noun.noun: {fact.command: fact for fact in noun.every_fact if fact.command} for noun in NOUNS}
)
# What is done before it is recorded: the commands of these facts only the way of an erasure may give.
ACTS: Final[Mapping[str, Mapping[str, type[Fact]]]] = MappingProxyType(
    {noun.noun: {fact.act: fact for fact in noun.facts if fact.act} for noun in NOUNS}
)


def told_by(noun: str, command: str) -> type[Fact] | None:
    """The fact that a command or an act of a noun is told by; None if the noun knows none of that name."""
    return COMMANDS.get(noun, {}).get(command) or ACTS.get(noun, {}).get(command)


def noun_of(stream: str) -> str:
    """The noun of a stream's name: "offender-019a…" -> "offender", "register-report-2026-01" -> "register-report"."""
    if stream in AGGREGATES:
        return stream
    return _MONTHLY if stream[:-8] == _MONTHLY else stream[:-37]
