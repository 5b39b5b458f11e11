"""The registrations that stand in any chain: a person's, a child's, an entry's own.

    registrations_of(history)      entry id -> Registration, as corrected, in order of their first fact

Facts of an entry are about its offender and its children, so each of their chains tells which entries there are and
which of them are open.  Proven by tests/aggregates/test_register_entry.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ledger.aggregates.corrections import CORRECTING, as_corrected
from ledger.aggregates.register_entry.facts import (
    OffenderChildLinkEnded,
    R7Submitted,
    RegisterEntryClosed,
    RegisterEntryMade,
)
from ledger.aggregates.shape import Recorded

NOUN: Final = "register-entry"
_TELLING: Final = (R7Submitted, RegisterEntryMade, OffenderChildLinkEnded, RegisterEntryClosed)


@dataclass(slots=True)
class Registration:
    """One entry as its links tell it: sent for by R7, made, child by child ended, closed."""

    entry_id: str
    r7s: list[Recorded[R7Submitted]] = field(default_factory=list[Any])
    made: Recorded[RegisterEntryMade] | None = None
    ended: dict[str, Recorded[OffenderChildLinkEnded]] = field(default_factory=dict[str, Any])
    closed: Recorded[RegisterEntryClosed] | None = None

    @property
    def stream(self) -> str:
        """The chain of the entry."""
        return f"{NOUN}-{self.entry_id}"

    @property
    def offender_id(self) -> str | None:
        """Whom it is about, from the entry or the R7 before it."""
        first = self.made or next(iter(self.r7s), None)
        return first.fact.offender_id if first else None

    @property
    def is_open(self) -> bool:
        """Registered and not closed."""
        return self.made is not None and self.closed is None

    @property
    def child_ids(self) -> tuple[str, ...]:
        """Every child it was made for."""
        return tuple(dict.fromkeys(self.made.fact.child_ids)) if self.made else ()

    @property
    def linked(self) -> tuple[str, ...]:
        """The children still linked by it."""
        return tuple(each for each in self.child_ids if each not in self.ended) if self.is_open else ()

    def end_of(self, child_id: str) -> Recorded[OffenderChildLinkEnded] | Recorded[RegisterEntryClosed] | None:
        """What ended the link with a child: its own end, or the closing; None while it stands."""
        return self.ended.get(child_id) or self.closed


def registrations_of(history: Sequence[Recorded[Any]]) -> dict[str, Registration]:
    """The entries of a chain by id; those whose every fact was struck out are not among them."""
    telling = [each for each in history if type(each.fact) in _TELLING or type(each.fact) in CORRECTING]
    found: dict[str, Registration] = {}
    for each in as_corrected(telling):
        entry_id = each.stream.removeprefix(f"{NOUN}-")
        registration = found.setdefault(entry_id, Registration(entry_id))
        match each.fact:
            case R7Submitted():
                registration.r7s.append(each)
            case RegisterEntryMade():
                registration.made = registration.made or each
            case OffenderChildLinkEnded() as fact:
                registration.ended.setdefault(fact.child_id, each)
            case _:
                registration.closed = registration.closed or each
    return found
