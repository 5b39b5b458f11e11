"""A nomination: somebody's idea for a project, acknowledged, and decided with reasons (PLC-01; catalogue 6.3).

    due_of(received, 5, calendar)            the last day of its acknowledgement
    state_of(nomination, due, day)           how it stands at the end of a day

Kept apart from placements: most never become one, yet stay in the register with their reasons.  Proven by
tests/aggregates/test_nomination.py and placements.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final, Literal

from ledger.aggregates.aggregate import Aggregate, Ruling, about_ids
from ledger.aggregates.corrections import as_corrected
from ledger.aggregates.shape import (
    ACTOR,
    TARGET,
    Asked,
    Day,
    Fact,
    Id,
    Now,
    OwnText,
    Recorded,
    StaffId,
    ThirdPartyText,
    later,
)
from ledger.errors import Refusal
from ledger.rules import general
from ledger.rules.dates import Calendar, CalendarMissing, day_of
from ledger.rules.placements import BEFORE_IT_BEGAN, GIVE_REASONS, acknowledge_by

CALENDAR_MISSING: Final = "calendar-missing"
DAYS: Final = "plc.nomination_ack"


class NominationReceived(
    Fact,
    topic="nomination.received.v1",
    command="ReceiveNomination",
    who=("placement-coordinator",),
    rules=("PLC-01",),
    effective="received_on",
):
    """Somebody nominated a project."""

    nomination_id: Annotated[Id, TARGET] = later()
    received_on: Day
    means_of_referral: OwnText
    nominator_name: ThirdPartyText | None = None
    contact: ThirdPartyText | None = None
    site: OwnText
    work_described: OwnText


class NominationAcknowledged(
    Fact,
    topic="nomination.acknowledged.v1",
    command="AcknowledgeNomination",
    who=("placement-coordinator",),
    rules=("PLC-01",),
    effective="on",
):
    """Whoever nominated the project was told that it had arrived."""

    nomination_id: Annotated[Id, TARGET] = later()
    on: Day


class NominationDecided(
    Fact,
    topic="nomination.decided.v1",
    command="DecideNomination",
    who=("placement-coordinator", "operations-manager"),
    rules=("PLC-01",),
    effective="decided_on",
):
    """The nomination was accepted or rejected."""

    nomination_id: Annotated[Id, TARGET] = later()
    decision: Literal["ACCEPTED", "REJECTED"]
    reasons: Annotated[OwnText | None, Asked("PLC-01", GIVE_REASONS)]
    decided_on: Day
    by: Annotated[StaffId, ACTOR] = later()


FACTS: tuple[type[Fact], ...] = (NominationReceived, NominationAcknowledged, NominationDecided)


@dataclass(frozen=True, slots=True)
class Nomination:
    """A nomination and what came of it; `assessed`: the placements whose assessment refers to it."""

    history: tuple[Recorded[Any], ...] = ()
    received: Recorded[NominationReceived] | None = None
    acknowledged: Recorded[NominationAcknowledged] | None = None
    decided: Recorded[NominationDecided] | None = None
    assessed: tuple[Recorded[Any], ...] = ()

    @classmethod
    def fold(cls, history: Sequence[Recorded[Any]], day: date = date.max) -> Nomination:
        """As known from the facts of its chain, counting only what had happened by the end of `day`."""
        records = [each for each in as_corrected(history) if day_of(each.effective) <= day]

        def first(kind: type[Fact]) -> Any:
            return next((each for each in records if isinstance(each.fact, kind)), None)

        return cls(
            history=tuple(history),
            received=first(NominationReceived),
            acknowledged=first(NominationAcknowledged),
            decided=first(NominationDecided),
            assessed=tuple(each for each in records if each.stream.startswith("placement-")),
        )


# ------------------------------------------------------------------------------------------ how it stands

State = Literal[
    "awaiting-acknowledgement",
    "overdue",
    "acknowledged",
    "acknowledged-late",
    "accepted",
    "rejected",
    "calendar-missing",
]


def due_of(received: Recorded[NominationReceived], working_days: int, calendar: Calendar) -> date | None:
    """The last day of its acknowledgement; None where no bank holidays are loaded for it (GEN-01)."""
    try:
        return acknowledge_by(received.fact.received_on, working_days, calendar)
    except CalendarMissing:
        return None


def state_of(nomination: Nomination, due: date | None, day: date) -> State:
    """Decided, else acknowledged in time or late, else waiting for it, at the end of a day."""
    if nomination.decided is not None:
        return "accepted" if nomination.decided.fact.decision == "ACCEPTED" else "rejected"
    if due is None:
        return "calendar-missing"
    if nomination.acknowledged is not None:
        return "acknowledged-late" if nomination.acknowledged.fact.on > due else "acknowledged"
    return "overdue" if day > due else "awaiting-acknowledgement"


# ------------------------------------------------------------------------------------------ what may be decided


def _rule_on(nomination: Nomination, draft: Fact, now: Now, stream: str) -> Ruling:
    del now
    return Ruling(refusals=tuple(_impossible(nomination, draft)), about=about_ids(draft, stream))


def _impossible(nomination: Nomination, draft: Fact) -> Iterator[Refusal]:
    """Each step is taken once, and not before the nomination came."""
    if isinstance(draft, NominationAcknowledged) and nomination.acknowledged is not None:
        yield Refusal("GEN-06", general.ALREADY.format(what="acknowledgement"), rule_book=False)
    if isinstance(draft, NominationDecided) and nomination.decided is not None:
        yield Refusal("GEN-06", general.ALREADY.format(what="decision"), rule_book=False)
    when = draft.effective()
    if nomination.received is not None and when is not None and when < nomination.received.fact.received_on:
        yield Refusal("GEN-06", BEFORE_IT_BEGAN, rule_book=False)


NOMINATION = Aggregate(
    noun="nomination",
    collection="nominations",
    facts=FACTS,
    fold=Nomination.fold,
    rule_on=_rule_on,
    first=NominationReceived,
)
