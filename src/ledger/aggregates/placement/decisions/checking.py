"""Decisions on quality checklists and incidents at a placement (PLC-33 to PLC-37, PLC-42).

Proven by tests/aggregates/test_decisions_quality.py and placements.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from ledger.aggregates.aggregate import Ruling
from ledger.aggregates.placement.decisions.ruling import brought_by, decides
from ledger.aggregates.placement.fold import Placement
from ledger.aggregates.placement.quality import (
    IncidentInvestigated,
    IncidentReported,
    IncidentWrittenUp,
    PqsAudited,
    PqsRechecked,
)
from ledger.aggregates.placement.quality_of import CAP, direct_contact
from ledger.aggregates.policy import Policy
from ledger.aggregates.shape import Closed, Now, Personal, blank
from ledger.errors import Refusal
from ledger.rules import general
from ledger.rules import quality as rules


@decides(PqsAudited)
def _(placement: Placement, draft: PqsAudited, now: Now) -> Ruling:
    del placement
    return Ruling(refusals=tuple(_audit(draft, now.policy)))


def _audit(draft: PqsAudited, policy: Policy) -> Iterator[Refusal]:
    scores = draft.scores
    if isinstance(scores, Closed):
        return
    if len(scores) != rules.QUESTIONS or not all(rules.is_score(each) for each in scores):
        yield Refusal("PLC-33", rules.SCORES_ARE, rule_book=False)
        return
    if not (_circled(draft.q1_details, rules.Q1_DETAILS) and _circled(draft.q5_details, rules.Q5_DETAILS)):
        yield Refusal("PLC-33", rules.CIRCLE)
    evidence = draft.evidence
    if not isinstance(evidence, Closed) and [blank(each) for each in evidence] != [False] * rules.QUESTIONS:
        yield Refusal("PLC-33", rules.EVIDENCE)
    yield from _cap(scores, direct_contact(draft), draft.audited_on, policy)


def _circled(details: Personal[dict[str, Any]], asked: Sequence[str]) -> bool:
    """Whether every detail is answered yes or no; what cannot be read was answered once."""
    return isinstance(details, Closed) or all(isinstance(details.get(each), bool) for each in asked)


def _cap(scores: Sequence[int | None], direct: bool, day: date, policy: Policy) -> Iterator[Refusal]:
    cap, first = policy.number(CAP, day), scores[0]
    if first is not None and rules.capped(first, direct, cap) != first:
        yield Refusal("PLC-36", rules.CAPPED.format(cap=cap))


@decides(PqsRechecked)
def _(placement: Placement, draft: PqsRechecked, now: Now) -> Ruling:
    audit = brought_by(placement, PqsAudited, draft.audit_id)
    direct = audit is None or direct_contact(audit.fact)
    return Ruling(refusals=tuple(_recheck(placement, draft, direct, now.policy)))


def _recheck(placement: Placement, draft: PqsRechecked, direct: bool, policy: Policy) -> Iterator[Refusal]:
    revised = draft.revised_scores
    if isinstance(revised, Closed):
        return
    if len(revised) != rules.QUESTIONS or not all(each is None or rules.is_score(each) for each in revised):
        yield Refusal("PLC-33", rules.SCORES_ARE, rule_book=False)
        return
    if any(each.fact.audit_id == draft.audit_id for each in placement.of(PqsRechecked)):
        yield Refusal("PLC-37", rules.NEW_CHECKLIST)
    signatures = draft.signatures
    if not isinstance(signatures, Closed) and all(blank(each) for each in signatures):
        yield Refusal("GEN-08", general.NOT_SIGNED)
    yield from _cap(revised, direct, draft.rechecked_on, policy)


# ------------------------------------------------------------------------------------------ incidents


def _of_incident(placement: Placement, draft: IncidentWrittenUp | IncidentInvestigated, now: Now) -> Ruling:
    """It concerns whom the incident concerned: where that is one person, the report's text is that person's."""
    del now
    incident = brought_by(placement, IncidentReported, draft.incident_id)
    refs = incident.fact.offender_refs if incident else None
    return Ruling(about=tuple(f"offender-{each}" for each in refs or ()))


decides(IncidentWrittenUp)(_of_incident)
decides(IncidentInvestigated)(_of_incident)
