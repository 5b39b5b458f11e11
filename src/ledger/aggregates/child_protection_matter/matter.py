"""The matter: a pure fold over the facts of one child protection process, shared by decisions and views.

    matter = Matter.fold(chain)              as known, for a decision
    matter = Matter.as_at(chain, day)        as known, with only what had happened by the end of that day
    matter.told(ReferralReplied, referral_id="019a…")      its facts of one kind, as corrected, as recorded

    concerns_of(history)                     the concerns in any chain: a case with one is a child protection case
    r7s_of(history)                          the R7 forms sent to the Information Officer in an offender's chain

An invitation is a plan, yet it is there only from the day it came: nobody could have known of it before.  Proven by
tests/aggregates/test_decisions_child_protection.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, TypeVar, cast

from ledger.aggregates.child_protection_matter.facts import (
    FACTS,
    ChildProtectionConcernRecorded,
    ChildrenServicesCheckRequested,
    NewInformationRecorded,
)
from ledger.aggregates.corrections import as_corrected
from ledger.aggregates.shape import Fact, Recorded
from ledger.rules.dates import day_of

F = TypeVar("F", bound=Fact)
_KNOWN: Final = frozenset(FACTS)
R7_SUBMITTED: Final = "register-entry.r7-submitted.v1"  # by name: entries of the register build on offenders, we do not
_NAMING: Final = (ChildProtectionConcernRecorded, ChildrenServicesCheckRequested, NewInformationRecorded)


def concerns_of(history: Sequence[Recorded[Any]]) -> list[Recorded[ChildProtectionConcernRecorded]]:
    """The concerns in a chain, as corrected, in order of position; those struck out are passed over (CP-01).

    `history`: any chain: a matter's own, or that of an offender or a child whom concerns name.
    """
    return [each for each in as_corrected(history) if isinstance(each.fact, ChildProtectionConcernRecorded)]


def r7s_of(history: Sequence[Recorded[Any]]) -> list[Recorded[Any]]:
    """The R7 forms in an offender's chain, as corrected, in order of position (CP-08, CP-11)."""
    return [each for each in as_corrected(history) if each.fact.topic == R7_SUBMITTED]


@dataclass(frozen=True, slots=True)
class Matter:
    """One process about one or more children and adults, from the first concern to its last review conference."""

    history: Sequence[Recorded[Any]] = ()
    _told: dict[type[Fact], list[Recorded[Any]]] = field(default_factory=dict[type[Fact], list[Recorded[Any]]])

    @classmethod
    def fold(cls, history: Sequence[Recorded[Any]]) -> Matter:
        """The matter as known from these facts, in order of position; facts of other nouns are passed over."""
        return cls(tuple(history), _by_kind(as_corrected(history)))

    @classmethod
    def as_at(cls, history: Sequence[Recorded[Any]], day: date) -> Matter:
        """As known from these facts, counting only what had happened by the end of `day`."""
        return cls((), _by_kind(each for each in as_corrected(history) if day_of(each.effective) <= day))

    def told(self, kind: type[F], **where: str) -> list[Recorded[F]]:
        """Its facts of a kind that say so, as corrected, in order of position."""
        found = cast("list[Recorded[F]]", self._told.get(kind, []))
        return [each for each in found if all(getattr(each.fact, name) == value for name, value in where.items())]

    @property
    def facts(self) -> list[Recorded[Any]]:
        """All of its facts, as corrected, kind by kind."""
        return [each for told in self._told.values() for each in told]

    @property
    def offenders(self) -> tuple[str, ...]:
        """The chains of its offenders."""
        return tuple(each for each in self.persons if each.startswith("offender-"))

    @property
    def children(self) -> tuple[str, ...]:
        """The ids of the children that its concerns name."""
        named = (each.fact.child_ref for each in self.told(ChildProtectionConcernRecorded))
        return tuple(sorted({each for each in named if each is not None}))

    @property
    def persons(self) -> tuple[str, ...]:
        """The chains of its offenders and children: those its concerns name, and its checks and new information."""
        facts = [each.fact for kind in _NAMING for each in self.told(kind)]
        offenders = {f"offender-{fact.offender_id}" for fact in facts}
        return tuple(sorted(offenders | {f"child-{each}" for each in self.children}))


def _by_kind(records: Iterable[Recorded[Any]]) -> dict[type[Fact], list[Recorded[Any]]]:
    told: dict[type[Fact], list[Recorded[Any]]] = {}
    for each in records:
        fact: Fact = each.fact
        if type(fact) in _KNOWN:
            told.setdefault(type(fact), []).append(each)
    return told
