"""What a reading is for: the list of codes, and who reads.

Whoever asks names a purpose (header Ledger-Purpose, `--purpose`); left out, it is that of the role.  A purpose is what
its reader says: it is kept as evidence and decides nothing.  `told`: whether the person the case is about is told of a
reading for it.  Not told is what could harm somebody else, or an inquiry, by being known (Data Protection Act 2018
s.45(4)): that there is a victim who is in contact, a child that is looked after, a review, a report to somebody else.

Proven by tests/access/test_readings.py; printed into docs/readings.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ledger.aggregates.immutable import immutable
from ledger.aggregates.shape import Actor, a_text
from ledger.errors import Malformed

LONGEST_REASON: Final = 1_000  # characters


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a reading may be for; `of` are the roles whose purpose it is where they name none."""

    code: str
    meaning: str
    of: frozenset[str] = frozenset()
    told: bool = True


PURPOSES: Final[Mapping[str, Purpose]] = MappingProxyType(
    {
        each.code: each
        for each in (
            Purpose(
                "supervision",
                "the case is supervised or managed by whoever reads, or helped with",
                frozenset({"practitioner", "pso", "senior-practitioner", "trainee"}),
            ),
            Purpose(
                "unpaid-work",
                "work is found, run and put on record",
                frozenset({"supervisor", "placement-coordinator", "operations-manager", "head-of-unpaid-work"}),
            ),
            Purpose("court", "a court is served: an order, a breach, a report", frozenset({"court-officer"})),
            Purpose(
                "oversight",
                "somebody who answers for the work looks at it",
                frozenset({"unit-manager", "area-manager", "aco", "chief-officer"}),
            ),
            Purpose(
                "records",
                "files and registers are kept, and kept right",
                frozenset({"information-officer", "information-manager", "team-admin"}),
            ),
            Purpose("risk", "somebody's risk is judged or managed", frozenset({"risk-manager"}), told=False),
            Purpose("child-protection", "a child is protected", told=False),
            Purpose("victim-contact", "a victim is kept informed", frozenset({"victim-liaison"}), told=False),
            Purpose("case-review", "a serious case is reviewed", frozenset({"case-reviewer"}), told=False),
            Purpose("sharing", "another agency is told, on a basis the file states", told=False),
            Purpose("inspection", "an inspectorate inspects", frozenset({"inspector"})),
            Purpose("audit", "the ledger is audited", frozenset({"auditor"})),
            Purpose("data-protection", "the law of data protection is seen to", frozenset({"data-protection-officer"})),
            Purpose("subject-access", "the person the case is about has asked", frozenset({"subject-access"})),
            Purpose("complaint", "a complaint is answered"),
            Purpose("training", "staff are trained", frozenset({"training-unit"})),
            Purpose("administration", "the service is run", frozenset({"administrator", "system"})),
            Purpose("other-agency", "another agency reads", frozenset({"police", "school"}), told=False),
        )
    }
)
_BY_ROLE: Final = {role: each.code for each in PURPOSES.values() for role in each.of}


@immutable
class Reader:
    """Who is shown what is recorded, what for, and why in their own words, if they say."""

    by: Actor
    purpose: str
    reason: str | None = None


def reader(by: Actor, purpose: str | None = None, reason: str | None = None) -> Reader:
    """Raises Malformed for a purpose that is not in the list and for a reason that is too long."""
    if purpose is not None and purpose not in PURPOSES:
        told = f"Ledger-Purpose: one of {', '.join(PURPOSES)}."
        raise Malformed(told, {"Ledger-Purpose": "not a purpose of a reading"})
    if reason is not None:
        _check(reason)
    return Reader(by, purpose or default_of(by.role), reason or None)


def _check(reason: str) -> None:
    try:
        if len(a_text(reason)) > LONGEST_REASON:
            raise ValueError(f"at most {LONGEST_REASON} characters")
    except ValueError as wrong:
        raise Malformed(f"Ledger-Reason: {wrong}.", {"Ledger-Reason": str(wrong)}) from wrong


def default_of(role: str) -> str:
    """What those of a role read for, where they do not say."""
    return _BY_ROLE[role]


def is_told(purpose: str) -> bool:
    """Whether the person is told of a reading for this; of a purpose this release does not know, no."""
    return purpose in PURPOSES and PURPOSES[purpose].told
