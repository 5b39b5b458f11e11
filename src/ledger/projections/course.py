"""The course of a matter or a review: everything that was recorded of it, in order, as its page is laid out from.

    course(records, OPENS)      -> [{position, type, title, on, recorded, by, says}], by the day each happened

The clocks and flags stand in the other members of their views; here is what happened beside them: who was told, who
met, what was agreed, over what agencies disagreed, who signed.  Codes, days and ids are told to every reader.  Of texts
only those that say what was done and with whom, and what a review came to; what was said in confidence (a concern's
note, a report to a conference) stands on the timeline alone.  Proven by tests/projections/test_course.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from ledger.aggregates.case_review import facts as review
from ledger.aggregates.child_protection_matter import facts
from ledger.aggregates.corrections import RecordCorrected
from ledger.aggregates.shape import Fact, Recorded
from ledger.projections.chronology import plain, title
from ledger.projections.why import Row, explained
from ledger.rules.dates import chronological, day_of

Opens = Mapping[str, tuple[str, ...]]
OF_A_MATTER: Final = {
    facts.ConcernNotified.topic: ("to_role",),
    facts.ChildrenServicesCheckClosed.topic: ("reason",),
    facts.ReferralMade.topic: ("sent_to",),
    facts.ReferralChased.topic: ("how",),
    facts.StrategyMeetingHeld.topic: ("attended_by",),
    facts.SocialWorkerInformed.topic: ("name",),
    facts.ConferenceAnswered.topic: ("answer",),
    facts.NonAttendanceAgreed.topic: ("reason",),
    facts.ConferenceActionSet.topic: ("text",),
    facts.ConferenceActionNotDone.topic: ("reason",),
    facts.CoreGroupMet.topic: ("attended",),
    facts.DisagreementRaised.topic: ("with_agency", "level", "text"),
    RecordCorrected.topic: ("corrected_value",),
}


OF_A_REVIEW: Final = {
    review.SeriousIncidentReferred.topic: ("sent_to",),
    review.RecordsSecured.topic: ("requested_by",),
    review.ReviewConstituted.topic: ("remit", "members"),
    review.ReviewerNominated.topic: ("staff", "grade"),
    review.ManagementReviewDrafted.topic: ("sections",),
    review.ManagementReviewForwarded.topic: ("forwarded_to",),
    review.ActionPlanIssued.topic: ("actions",),
    review.ReviewActionCompleted.topic: ("evidence",),
    review.ReportArchived.topic: ("report",),
    review.LearningDisseminated.topic: ("audience",),
    RecordCorrected.topic: ("corrected_value",),
}


def course(records: Iterable[Recorded[Any]], opens: Opens, explain: bool = False) -> list[Row]:
    """What happened, by its day, then as recorded; `says`: its fields, texts that are not opened here left out."""
    told = sorted(records, key=lambda each: (*chronological(each.effective), each.position))
    return [_row(each, opens, explain) for each in told]


def _row(record: Recorded[Any], opens: Opens, explain: bool) -> Row:
    fact: Fact = record.fact
    kind = type(fact)
    opened = opens.get(kind.topic, ())
    row: Row = {
        "position": record.position,
        "type": kind.__name__,
        "title": title(kind),
        "on": day_of(record.effective),
        "recorded": record.recorded,
        "by": {"id": record.by.id, "role": record.by.role, "unit": record.by.unit},
        "says": {
            name: plain(value) for name, value in fact.given().items() if name not in kind.whose or name in opened
        },
    }
    return explained(row, explain, rules=kind.rules, facts=[record.position, *record.corrected_by])
