"""What the chain of a person says of their rights: requests and their answers, restriction, retention, erasure.

    rights = rights_of(history)          as known, by what had happened at the end of a day (`upto`)
    rights.requests["019a…"].state(due, day)

Proven by tests/aggregates/test_rights.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from ledger.aggregates.corrections import CORRECTING, RecordCorrected, RecordStruckOut, as_corrected
from ledger.aggregates.offender.facts.file import FileDisclosed, InformationShared
from ledger.aggregates.offender.facts.order import OrderMade, SupervisionEnded
from ledger.aggregates.offender.facts.person import OffenderDetailsCorrected
from ledger.aggregates.shape import Recorded
from ledger.aggregates.subject import (
    OF_A_PERSON,
    ProcessingRestricted,
    RecipientsNotified,
    RecordRetained,
    RecordRetentionEnded,
    RestrictionLifted,
    RightsRequestAnswered,
    RightsRequestReceived,
    SubjectDataErased,
)
from ledger.rules.dates import day_of

# Of what came of these the recipients of the data are told (DPA 2018 s.48).
TOLD_TO_RECIPIENTS: Final = frozenset({"RECTIFICATION", "ERASURE", "RESTRICTION"})
GIVING: Final = (FileDisclosed, InformationShared)
_RIGHTING: Final = (RecordCorrected, RecordStruckOut, OffenderDetailsCorrected)
_ENDING: Final = frozenset({OrderMade, SupervisionEnded, *CORRECTING})
_TELLING: Final = frozenset({*OF_A_PERSON, *GIVING, *_RIGHTING, *CORRECTING})


@dataclass(slots=True)
class Request:
    """One request, its answer, and who was told of it; `righted`: positions of what was put right since it came."""

    received: Recorded[RightsRequestReceived]
    answered: Recorded[RightsRequestAnswered] | None = None
    righted: list[int] = field(default_factory=list[int])
    given: bool = False  # the data had been given to somebody by the time of the answer
    notified: list[Recorded[RecipientsNotified]] = field(default_factory=list[Any])

    def state(self, due: date, day: date) -> str:
        """awaiting-answer, overdue, answered, answered-late."""
        if self.answered is not None:
            return "answered-late" if self.answered.fact.on > due else "answered"
        return "overdue" if day > due else "awaiting-answer"

    @property
    def recipients_to_tell(self) -> bool:
        """Answered, the data had gone out, and nobody who has them was told."""
        kind = self.received.fact.kind
        return kind in TOLD_TO_RECIPIENTS and self.answered is not None and self.given and not self.notified


@dataclass(slots=True)
class Rights:
    """Of one person."""

    requests: dict[str, Request] = field(default_factory=dict[str, Request])
    restricted: Recorded[ProcessingRestricted] | None = None
    retained: Recorded[RecordRetained] | None = None
    erased: Recorded[SubjectDataErased] | None = None  # the person of the case, and no other subject of it


def rights_of(history: Sequence[Recorded[Any]], upto: date = date.max) -> Rights:
    """As known from these facts, by what had happened at the end of a day."""
    telling = [each for each in history if type(each.fact) in _TELLING]
    corrected = [each for each in as_corrected(telling) if day_of(each.effective) <= upto]
    found = Rights()
    # What puts right is itself no more in a corrected history, so it is looked for in the history as it was told.
    righting = [each for each in telling if isinstance(each.fact, _RIGHTING) and day_of(each.effective) <= upto]
    for each in corrected:
        _take(found, each, corrected, righting)
    return found


def _take(found: Rights, each: Recorded[Any], told: Sequence[Recorded[Any]], righting: Sequence[Recorded[Any]]) -> None:
    match each.fact:
        case RightsRequestReceived() as fact:
            found.requests.setdefault(fact.request_id, Request(each))
        case RightsRequestAnswered() as fact if fact.request_id in found.requests:
            request = found.requests[fact.request_id]
            request.answered = request.answered or each
            request.righted = [
                one.position for one in righting if request.received.position < one.position < each.position
            ]
            request.given = any(isinstance(one.fact, GIVING) and one.position < each.position for one in told)
        case RecipientsNotified() as fact if fact.request_id in found.requests:
            found.requests[fact.request_id].notified.append(each)
        case ProcessingRestricted():
            found.restricted = found.restricted or each
        case RestrictionLifted():
            found.restricted = None
        case RecordRetained():
            found.retained = found.retained or each
        case RecordRetentionEnded():
            found.retained = None
        case SubjectDataErased(kind="OFFENDER"):
            found.erased = found.erased or each
        case _:
            pass


def supervision_ended(
    history: Sequence[Recorded[Any]], as_at: date = date.max
) -> tuple[date | None, list[Recorded[SupervisionEnded]]]:
    """The day on which the last order's supervision ended, and the ends; None while one goes on or there was none."""
    telling = [each for each in history if type(each.fact) in _ENDING]
    shown = [each for each in as_corrected(telling) if day_of(each.effective) <= as_at]
    orders = {each.fact.order_id for each in shown if isinstance(each.fact, OrderMade)}
    ends = {each.fact.order_id: each for each in shown if isinstance(each.fact, SupervisionEnded)}
    if not orders or orders - ends.keys():
        return None, []
    return max(each.fact.ended_on for each in ends.values()), list(ends.values())
