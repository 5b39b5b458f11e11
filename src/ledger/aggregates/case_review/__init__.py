"""A serious case review: referral, secured records, panel, management review (rule book I; catalogue 6.7).

It spans many streams and outlives the case, so it has one of its own; every fact of it is about the offenders and
children that its referral names.  `facts` and `holding` say what can happen, and what cannot yet; `review` folds it,
`holds` tells which holds stand in any chain, `chronicle` what a chronology lists, `plan` the actions that are owed;
`decisions` and `on_holds` say what may be recorded.
"""

from __future__ import annotations

from ledger.aggregates.aggregate import Aggregate
from ledger.aggregates.case_review.decisions import rule_on, stays_as_issued
from ledger.aggregates.case_review.facts import FACTS, ManagementReviewDrafted, SeriousIncidentReferred
from ledger.aggregates.case_review.on_holds import ends_by_release
from ledger.aggregates.case_review.review import Review
from ledger.aggregates.corrections import RecordCorrected

# The sealed values the fold reads: whether a section of the report is empty.
OPENS = {ManagementReviewDrafted.topic: ("sections",), RecordCorrected.topic: ("corrected_value",)}

CASE_REVIEW = Aggregate(
    noun="case-review",
    collection="case-reviews",
    facts=FACTS,
    fold=Review.fold,
    rule_on=rule_on,
    opens=OPENS,
    first=SeriousIncidentReferred,
    protects=ends_by_release,
    fixes=stays_as_issued,
    children_of=lambda review: review.referral.fact.child_refs if review.referral else (),
)
