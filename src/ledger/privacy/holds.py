"""Holds: what a review has secured, and whether an erasure would reach into it (SCR-05).

A hold's scope names streams, of persons or of cases, and classes of cases (an offence, an office, a period).  An
erasure's reach names the streams it would take values from and those of everybody linked with them at any time ("a
hold on an offender covers every child and victim linked to that offender at any time before release"), and what is
known of their cases.  Who makes a reach reads the ledger; here the two are only compared, so that the vault can do it
under its own lock.  Ids, codes and dates only.  Proven by tests/privacy/test_holds.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True)
class CaseClass:
    """Cases that have all of what is named here; what is None leaves it open.  `since`, `until`: days, included."""

    offence: str | None = None
    office: str | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """What a hold covers."""

    streams: frozenset[str] = frozenset()
    classes: tuple[CaseClass, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseReached:
    """What is known of a case that an erasure reaches: its offences and offices ever, and the days it was open.

    `offences`: None where they are not said: they are sealed values, so the vault's journal, which is in clear, keeps
    none of them.
    """

    offences: frozenset[str] | None
    offices: frozenset[str]
    since: date
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """What an erasure would take values from, and who and what is linked with it."""

    streams: frozenset[str]
    cases: tuple[CaseReached, ...] = ()

    def as_kept(self) -> Reach:
        """Without what may not lie in clear."""
        return Reach(self.streams, tuple(replace(each, offences=None) for each in self.cases))


def covers(scope: Scope, reach: Reach, unsaid: bool = False) -> bool:
    """Would the erasure reach into what the hold has secured?  `unsaid`: whether offences not said may be the hold's.

    >>> covers(Scope(frozenset({"offender-1"})), Reach(frozenset({"child-7", "offender-1"})))
    True
    """
    if scope.streams & reach.streams:
        return True
    return any(_belongs(case, kind, unsaid) for case in reach.cases for kind in scope.classes)


def _belongs(case: CaseReached, kind: CaseClass, unsaid: bool) -> bool:
    """A case that was open on one day of the period is of it; one that is still open has no last day."""
    return (
        (kind.offence is None or (unsaid if case.offences is None else kind.offence in case.offences))
        and (kind.office is None or kind.office in case.offices)
        and (kind.until is None or case.since <= kind.until)
        and (kind.since is None or case.until is None or case.until >= kind.since)
    )


T = TypeVar("T", Scope, Reach)

_FORMS: Final[dict[type, TypeAdapter[Any]]] = {kind: TypeAdapter(kind) for kind in (Scope, Reach)}


def to_json(value: Scope | Reach) -> bytes:
    """As the vault keeps it."""
    return _FORMS[type(value)].dump_json(value)


def of_json(kind: type[T], text: bytes) -> T:
    """Read again.  Raises pydantic's ValidationError for what is none."""
    return _FORMS[kind].validate_json(text)
