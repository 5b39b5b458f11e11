"""Who may not read a case: exclusions, restrictions and their end (rule book DP-03; catalogue 6.9, *Further facts*).

As HMPPS has them: an exclusion names one user who may not read the case, a restriction the only ones who may.  What
follows from them is decided in `ledger.privacy.limiting`.  Frozen in tests/golden/facts.json.
"""

from __future__ import annotations

from ledger.aggregates.shape import Fact, Id, Ids, OwnText, StaffId


class AccessExcluded(
    Fact,
    topic="offender.access-excluded.v1",
    command="ExcludeAccess",
    who=("risk-manager",),
    rules=("DP-03",),
):
    """From now on one user may not read the case, and is told the message instead."""

    user_id: StaffId
    message: OwnText
    reason: OwnText


class AccessRestricted(
    Fact,
    topic="offender.access-restricted.v1",
    command="RestrictAccess",
    who=("risk-manager",),
    rules=("DP-03",),
):
    """From now on only these users may read the case, and those of other restrictions; everybody else is told why."""

    user_ids: Ids
    message: OwnText
    reason: OwnText


class AccessRuleEnded(
    Fact,
    topic="offender.access-rule-ended.v1",
    command="EndAccessRule",
    who=("risk-manager",),
    rules=("DP-03",),
):
    """An exclusion or a restriction, named by the id of its fact, is no more."""

    rule_ref: Id
    reason: OwnText


ACCESS_RULES: tuple[type[Fact], ...] = (AccessExcluded, AccessRestricted, AccessRuleEnded)
