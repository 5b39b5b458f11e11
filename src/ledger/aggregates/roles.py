"""Who may give a command: the closed list of roles, and what the catalogue's words for them mean (contract, *Roles*).

Proven by tests/aggregates/test_registry.py.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from ledger.aggregates.shape import Fact

ROLES: Final = (
    "practitioner",
    "pso",
    "senior-practitioner",
    "trainee",
    "court-officer",
    "supervisor",
    "placement-coordinator",
    "operations-manager",
    "head-of-unpaid-work",
    "information-officer",
    "information-manager",
    "team-admin",
    "risk-manager",
    "unit-manager",
    "area-manager",
    "aco",
    "chief-officer",
    "case-reviewer",
    "inspector",
    "auditor",
    "victim-liaison",
    "data-protection-officer",
    "police",
    "school",
    "training-unit",
    "administrator",
    "subject-access",  # the service that collects what is held about a person who asked; it does nothing else
    "system",
)
NOT_STAFF: Final = frozenset({"police", "school", "inspector", "auditor", "administrator", "subject-access", "system"})
ANY_STAFF: Final = frozenset(ROLES) - NOT_STAFF
SENIOR_OR_ABOVE: Final = frozenset({"senior-practitioner", "unit-manager", "area-manager", "aco", "chief-officer"})

# An author may be of any role that can record something; whether it is the author, the decision sees (GEN-06).
_SEVERAL: Final = {
    "any-staff": ANY_STAFF,
    "senior-practitioner-or-above": SENIOR_OR_ABOVE,
    "author-or-manager": frozenset(ROLES) - {"auditor", "administrator", "subject-access", "system"},
}


@cache
def roles_for(fact_class: type[Fact]) -> frozenset[str]:
    """The roles that may give the command of a fact; what no page names is refused."""
    return frozenset[str]().union(*(_SEVERAL.get(word) or frozenset({word}) for word in fact_class.who))
