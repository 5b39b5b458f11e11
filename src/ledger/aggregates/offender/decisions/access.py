"""Decisions on who may not read a case (DP-03): a restriction names somebody, what is ended stands, nothing is amended.

Who may set them is the catalogue's *Who*; whom they bind stands in ledger.privacy.limiting.  Proven by
tests/privacy/test_limiting.py.
"""

from __future__ import annotations

from typing import Any

from ledger.aggregates.aggregate import Ruling
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.decisions.ruling import decides
from ledger.aggregates.offender.facts import AccessExcluded, AccessRestricted, AccessRuleEnded
from ledger.aggregates.offender.facts.access import ACCESS_RULES
from ledger.aggregates.shape import Now, Recorded
from ledger.errors import Refusal
from ledger.rules import general
from ledger.rules.access import END_IT_INSTEAD, NAME_WHO_MAY


@decides(AccessRestricted)
def _(case: Case, draft: AccessRestricted, now: Now) -> Ruling:
    del case, now
    return Ruling() if draft.user_ids else Ruling((Refusal("DP-03", NAME_WHO_MAY, rule_book=False),))


@decides(AccessRuleEnded)
def _(case: Case, draft: AccessRuleEnded, now: Now) -> Ruling:
    """It rests on the rule that it ends."""
    del now
    told = [each for each in case.history if isinstance(each.fact, ACCESS_RULES)]
    ended = {each.fact.rule_ref for each in told if isinstance(each.fact, AccessRuleEnded)}
    named = [
        each for each in told if each.id == draft.rule_ref and isinstance(each.fact, AccessExcluded | AccessRestricted)
    ]
    if not named or draft.rule_ref in ended:
        unknown = general.UNKNOWN.format(what="rule of access that stands", id=draft.rule_ref)
        return Ruling((Refusal("GEN-06", unknown, rule_book=False),))
    return Ruling(rests_on=tuple(each.position for each in named))


def stays_as_set(case: Case, record: Recorded[Any], now: Now) -> Refusal | None:
    """A correction is its author's to make, so who may read a case would be no longer the risk manager's to say."""
    del case, now
    return Refusal("DP-03", END_IT_INSTEAD, rule_book=False) if isinstance(record.fact, ACCESS_RULES) else None
