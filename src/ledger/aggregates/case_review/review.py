"""The review: a pure fold over the facts of one case review, shared by decisions and views.

Proven by tests/aggregates/test_decisions_case_review.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, TypeVar

from ledger.aggregates.case_review.facts import FACTS, ManagementReviewDrafted, SeriousIncidentReferred
from ledger.aggregates.corrections import as_corrected
from ledger.aggregates.shape import Fact, Recorded
from ledger.rules.dates import day_of

F = TypeVar("F", bound=Fact)
_KNOWN: Final = frozenset(FACTS)


@dataclass(frozen=True, slots=True)
class Review:
    """One serious case review, from the referral on."""

    history: Sequence[Recorded[Any]] = ()
    facts: Sequence[Recorded[Any]] = ()

    @classmethod
    def fold(cls, history: Sequence[Recorded[Any]]) -> Review:
        """The review as known from these facts, in order of position; facts of other nouns are passed over."""
        return cls(tuple(history), _known(as_corrected(history)))

    @classmethod
    def as_at(cls, history: Sequence[Recorded[Any]], day: date) -> Review:
        """As known from these facts, counting only what had happened by the end of `day`."""
        return cls((), _known(each for each in as_corrected(history) if day_of(each.effective) <= day))

    def told(self, kind: type[F]) -> list[Recorded[F]]:
        """Its facts of a kind, as corrected, in order of position."""
        return [each for each in self.facts if isinstance(each.fact, kind)]

    def last(self, kind: type[F]) -> Recorded[F] | None:
        """Its latest fact of a kind, by when it happened."""
        return max(self.told(kind), key=lambda each: (day_of(each.effective), each.position), default=None)

    def of_the_draft(self, kind: type[F]) -> list[Recorded[F]]:
        """Its facts of a kind since the management review was drafted last: a signature is of the draft before it."""
        drafted = max((each.position for each in self.told(ManagementReviewDrafted)), default=0)
        return [each for each in self.told(kind) if each.position > drafted]

    @property
    def referral(self) -> Recorded[SeriousIncidentReferred] | None:
        """The fact it begins with; None if that was struck out, or had not happened yet."""
        return next(iter(self.told(SeriousIncidentReferred)), None)

    def late(self, record: Recorded[Any]) -> bool:
        """Whether a fact was recorded once the incident had been referred, though it happened by then (SCR-10)."""
        referral = self.referral
        return (
            referral is not None
            and record.position > referral.position
            and day_of(record.effective) <= day_of(referral.effective)
        )

    @property
    def offenders(self) -> tuple[str, ...]:
        """The chains of the offenders it is about."""
        return tuple(f"offender-{each}" for each in self.referral.fact.offender_refs) if self.referral else ()

    @property
    def children(self) -> tuple[str, ...]:
        """The chains of the children it is about."""
        return tuple(f"child-{each}" for each in self.referral.fact.child_refs) if self.referral else ()

    @property
    def persons(self) -> tuple[str, ...]:
        """The chains of the offenders and children it is about."""
        return (*self.offenders, *self.children)


def _known(records: Iterable[Recorded[Any]]) -> tuple[Recorded[Any], ...]:
    return tuple(each for each in records if type(each.fact) in _KNOWN)
