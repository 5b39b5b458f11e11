"""The facts of a hold (SCR-05, SCR-06; catalogue 6.7): what a review keeps from being erased, and until when.

A hold names persons, or a class of cases in `scope`: `offence` and `office` as codes, `since` and `until` as days.
Frozen in tests/golden/facts.json.
"""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from pydantic import Field

from ledger.aggregates.shape import ACTOR, TARGET, Code, Fact, Id, Ids, Instant, OwnText, StaffId, later

ClassOfCases: TypeAlias = Annotated[dict[Code, Code], Field(max_length=4)]


class HoldPlaced(
    Fact,
    topic="case-review.hold-placed.v1",
    command="PlaceHold",
    who=("aco",),
    rules=("SCR-05",),
    effective="placed_at",
):
    """From now on nothing of these persons, or of cases of this class, is erased."""

    hold_id: Id
    review_id: Annotated[Id, TARGET] = later()
    scope: ClassOfCases | None = None
    offender_refs: Ids | None = None
    child_refs: Ids | None = None
    placed_at: Instant


class HoldReleased(
    Fact,
    topic="case-review.hold-released.v1",
    command="ReleaseHold",
    who=("chief-officer", "aco"),
    rules=("SCR-06",),
    effective="released_at",
):
    """The hold ended; what waited for it alone is erased the same day."""

    hold_id: Id
    released_at: Instant
    by: Annotated[StaffId, ACTOR] = later()
    authority: OwnText


HOLDS: Final = frozenset({HoldPlaced.command, HoldReleased.command})
"""What more than the ledger must hear of: the vault, which keeps erasures waiting."""
