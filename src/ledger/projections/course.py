"""The course of a child protection matter: everything that was recorded of it, in order, as its page is laid out from.

    course(matter)      -> [{position, type, title, on, by, says, …}], by the day each happened

The clocks and flags of a matter stand in its other members; here is what happened beside them: who was told, who met,
what was agreed, over what agencies disagreed.  Codes, days and ids are told to every reader.  Of texts only those of
OPENS, which say what was done and with whom; what was said in confidence (a concern's note, a report, minutes) stands
on the timeline alone.  Proven by tests/projections/test_course.py.
"""

from __future__ import annotations

from typing import Any, Final

from ledger.aggregates.child_protection_matter import facts
from ledger.aggregates.child_protection_matter.matter import Matter
from ledger.aggregates.corrections import RecordCorrected
from ledger.aggregates.shape import Fact, Recorded
from ledger.projections.chronology import plain, title
from ledger.projections.why import Row, explained
from ledger.rules.dates import chronological, day_of

OPENS: Final = {
    facts.ConcernNotified.topic: ("to_role",),
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


def course(matter: Matter, explain: bool = False) -> list[Row]:
    """What happened, by its day, then as recorded; `says`: its fields, texts that are not opened here left out."""
    told = [each for kind in facts.FACTS for each in matter.told(kind)]
    told.sort(key=lambda each: (*chronological(each.effective), each.position))
    return [_row(each, explain) for each in told]


def _row(record: Recorded[Any], explain: bool) -> Row:
    fact: Fact = record.fact
    kind = type(fact)
    opened = OPENS.get(kind.topic, ())
    row: Row = {
        "position": record.position,
        "type": kind.__name__,
        "title": title(kind),
        "on": day_of(record.effective),
        "by": {"id": record.by.id, "role": record.by.role, "unit": record.by.unit},
        "says": {
            name: plain(value) for name, value in fact.given().items() if name not in kind.whose or name in opened
        },
    }
    return explained(row, explain, rules=kind.rules, facts=[record.position, *record.corrected_by])
