"""The holds that stand in any chain, and what each one covers (SCR-05).

    holds_of(history, upto=day)        as corrected, in order of position, released ones among them

A hold is about the persons it names and about everybody linked with them, so their chains show it; one on a class of
cases is about the chain of `policy`, where every decision can find it.  Whether it covers an erasure only
`privacy.holds.covers` says, here as in the vault.  Proven by tests/aggregates/test_holds.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from ledger.aggregates.case_review.holding import HoldPlaced, HoldReleased
from ledger.aggregates.corrections import CORRECTING, as_corrected
from ledger.aggregates.shape import Recorded
from ledger.privacy.holds import CaseClass, Reach, Scope, covers
from ledger.rules.dates import day_of

CLASS_MEMBERS: Final = ("offence", "office", "since", "until")
EVERYWHERE: Final = "policy"  # the chain that a hold on a class of cases is about
_TELLING: Final = (HoldPlaced, HoldReleased, *CORRECTING)


@dataclass(frozen=True, slots=True)
class Hold:
    """One hold, and its release if that is known."""

    placed: Recorded[HoldPlaced]
    released: Recorded[HoldReleased] | None = None

    @property
    def hold_id(self) -> str:
        """Its own id."""
        return self.placed.fact.hold_id

    @property
    def review_id(self) -> str:
        """The review that placed it."""
        return self.placed.stream[-36:]

    @property
    def scope(self) -> Scope:
        """What it covers, as the vault compares it."""
        return scope_of(self.placed.fact)

    def covers(self, reach: Reach) -> bool:
        """Whether it stands, and an erasure of this reach would take from what it secures."""
        return self.released is None and covers(self.scope, reach)


def holds_of(*histories: Sequence[Recorded[Any]], upto: date = date.max) -> list[Hold]:
    """The holds of these chains, each once, by what had happened at the end of a day."""
    telling = {each.position: each for history in histories for each in history if type(each.fact) in _TELLING}
    records = as_corrected([telling[position] for position in sorted(telling)])
    shown = [each for each in records if day_of(each.effective) <= upto]
    ended = {_named(each): each for each in shown if isinstance(each.fact, HoldReleased)}
    return [Hold(each, ended.get(_named(each))) for each in shown if isinstance(each.fact, HoldPlaced)]


def _named(record: Recorded[HoldPlaced | HoldReleased]) -> tuple[str, str]:
    """A hold by its review and its id: once released, its id may be given again in another review."""
    return record.stream, record.fact.hold_id


def scope_of(fact: HoldPlaced) -> Scope:
    """Persons by their streams, a class by its members.  Raises ValueError where a day of it is none."""
    told = fact.scope or {}
    since, until = (date.fromisoformat(told[name]) if name in told else None for name in ("since", "until"))
    classes = (CaseClass(told.get("offence"), told.get("office"), since, until),) if told else ()
    return Scope(frozenset(persons_of(fact)), classes)


def persons_of(fact: HoldPlaced) -> Iterator[str]:
    """The chains of the persons a hold names."""
    yield from (f"offender-{each}" for each in fact.offender_refs or ())
    yield from (f"child-{each}" for each in fact.child_refs or ())
