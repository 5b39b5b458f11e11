"""The offender: a person on probation and every order on that person (rule book A to E; catalogue 6.1).

`facts` says what can happen, `case` and `person` fold it; `absences`, `breach`, `account`, `progress`, `allocations`
and `protection` say what follows from it, `decisions` what may be done next.  Orders are entities of one stream,
because tally, progress and hours need one order of facts.
"""

from __future__ import annotations

from ledger.aggregates.aggregate import Aggregate
from ledger.aggregates.corrections import RecordCorrected
from ledger.aggregates.documents import DocumentStored, keeping
from ledger.aggregates.naming import noticing
from ledger.aggregates.offender import person
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.decisions import rule_on
from ledger.aggregates.offender.decisions.access import stays_as_set
from ledger.aggregates.offender.decisions.enforcement import court_rests_on
from ledger.aggregates.offender.decisions.merging import stays_merged
from ledger.aggregates.offender.decisions.register import children_of
from ledger.aggregates.offender.decisions.rights import stays_as_said
from ledger.aggregates.offender.erasing import not_corrected, stays_erased
from ledger.aggregates.offender.facts import (
    FACTS,
    AbsenceRejudged,
    FileDisclosed,
    FileMarked,
    FileMarkRemoved,
    OffenceRecorded,
    OffenderDetailsCorrected,
    OffenderRecorded,
    OrderMade,
    ProgressActionTaken,
    RiskAssessmentCompleted,
    RiskLevelChanged,
    UpwAssessmentCompleted,
)

__all__ = ["FACTS", "OFFENDER_CASE", "OPENS", "OPENS_TO_DECIDE", "Case", "person"]

# The sealed values that tally, hours, progress and the exceptions rest on; everything else may arrive closed.
OPENS = {
    RiskAssessmentCompleted.topic: ("rosh_level",),
    RiskLevelChanged.topic: ("to_level",),
    AbsenceRejudged.topic: ("to_result",),
    ProgressActionTaken.topic: ("point",),
    FileMarked.topic: ("marker",),
    FileMarkRemoved.topic: ("marker",),
    RecordCorrected.topic: ("corrected_value",),
}
# Those that decisions rest on: who the person is decides where they may work, and who may manage them.
OPENS_TO_DECIDE = {
    **OPENS,
    OffenderRecorded.topic: ("gender",),
    OffenderDetailsCorrected.topic: ("field", "new_value"),  # a gender may be put right there
    OrderMade.topic: ("requirements",),
    OffenceRecorded.topic: ("offence_code",),
    UpwAssessmentCompleted.topic: ("group_preference",),
    FileDisclosed.topic: ("removed_docs",),  # a disclosure put right is ruled on again (DP-02)
}

OFFENDER_CASE = Aggregate(
    noun="offender",
    collection="offenders",
    facts=(*FACTS, DocumentStored),
    fold=Case.fold,
    rule_on=keeping(noticing(rule_on, children_of), lambda case: case.documents, children_of),
    opens=OPENS_TO_DECIDE,
    first=OffenderRecorded,
    protects=lambda case, record, now: (
        stays_erased(case, record)
        or stays_as_set(case, record, now)
        or stays_as_said(record)
        or stays_merged(case, record, now)
        or court_rests_on(case, record, now)
    ),
    fixes=lambda case, record, now: (
        not_corrected(case, record)
        or stays_as_set(case, record, now)
        or stays_as_said(record)
        or stays_merged(case, record, now)
    ),
    takes=Case.take,
    children_of=lambda case: (),  # nobody knows which children a text of the person's own is about
)
