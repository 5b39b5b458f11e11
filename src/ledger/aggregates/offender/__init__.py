"""The offender: a person on probation and every order on that person (rule book A to D; catalogue 6.1).

`facts` says what can happen, `case` folds it, `absences`, `breach`, `account` and `progress` say what follows from it,
`decisions` what may be done next.  Orders are entities of one stream, because tally, progress and hours need one order
of facts.
"""

from __future__ import annotations

from ledger.aggregates.aggregate import Aggregate
from ledger.aggregates.corrections import RecordCorrected
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.decisions import rule_on
from ledger.aggregates.offender.decisions.enforcement import court_rests_on
from ledger.aggregates.offender.facts import (
    FACTS,
    AbsenceRejudged,
    OffenderRecorded,
    ProgressActionTaken,
    RiskAssessmentCompleted,
    RiskLevelChanged,
)

# The sealed values the fold reads; everything else may arrive closed.
OPENS = {
    RiskAssessmentCompleted.topic: ("rosh_level",),
    RiskLevelChanged.topic: ("to_level",),
    AbsenceRejudged.topic: ("to_result",),
    ProgressActionTaken.topic: ("point",),
    RecordCorrected.topic: ("corrected_value",),
}

OFFENDER_CASE = Aggregate(
    noun="offender",
    collection="offenders",
    facts=FACTS,
    fold=Case.fold,
    rule_on=rule_on,
    opens=OPENS,
    first=OffenderRecorded,
    protects=court_rests_on,
    takes=Case.take,
)
