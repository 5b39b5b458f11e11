"""Who may have which sealed values opened, for which purpose, and which facts are withheld whole: the one table.

    may_read("supervisor", own=False)    what a page shows in this role
    allowed("practitioner", "court")     what an export by a practitioner for a court opens and withholds

In an export two lists meet: what a role may have opened at all, and what a purpose needs; opened is what stands in
both.  So nobody gets through an export what his role would not show him, and nobody gets more than the purpose needs.
A role that the purpose does not name may not export for it.

Where the texts are silent, the readings are: every member of staff may read every case that is not limited
(ledger.privacy.limiting), in the measure of the role; unpaid work needs who comes and what to beware of, not the
children; administration keeps files, not assessments; victim information is for the offender manager, managers and
victim contact staff (DP-03), so no export but by the first two opens it; names and texts of staff leave no further than
the house (DP-12), where everybody stands under a random staff id anyway; inspectors and auditors read states and dates,
as on every page; the person gets what is about himself, not what others' keys hold, and no free text that may name
somebody (GEN-10); the court gets what its case rests on.  For anyone but probation and the court four kinds of facts
are withheld whole (ledger-format.md, Bundle): that they exist is disclosed, what they are is not.

Proven by tests/disclosing/test_table.py; printed into docs/disclosing.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from ledger.errors import Forbidden, Malformed


class FieldClass(StrEnum):
    """Whose a sealed value is, seen from the person the export is about."""

    PERSON = "person"  # sealed under the person's own key
    RISK = "risk"  # of these what tells of the risk the person poses: assessments, levels, offences, concerns
    NARRATIVE = "narrative"  # free text about the case, or of a stream about nobody
    CHILD = "child"
    VICTIM = "victim"
    THIRD_PARTY = "third-party"  # solicitors, beneficiaries, head teachers …; another person on probation too
    STAFF = "staff"  # names and texts of staff, and what another system said of its own


class EntryClass(StrEnum):
    """Kinds of facts that are withheld whole from anyone but probation and the court."""

    VICTIM = "victims"
    RESTRICTED = "restricted"
    CHILD_PROTECTION = "child-protection"
    ANOTHER_PERSON = "another-person"


MEANING: Final[Mapping[FieldClass | EntryClass, str]] = MappingProxyType(
    {
        FieldClass.PERSON: "values of the person themself",
        FieldClass.RISK: "assessments and levels of risk, offences, concerns",
        FieldClass.NARRATIVE: "free text of the case and of placements",
        FieldClass.CHILD: "values about a child",
        FieldClass.VICTIM: "values about a victim",
        FieldClass.THIRD_PARTY: "values about third parties and other people on probation",
        FieldClass.STAFF: "names and texts of staff, and of other systems' users",
        EntryClass.VICTIM: "facts about victims (DP-03)",
        EntryClass.RESTRICTED: "documents and other facts marked restricted (DP-02)",
        EntryClass.CHILD_PROTECTION: "child protection matters, register entries, case reviews (CP-01 to CP-60, SCR)",
        EntryClass.ANOTHER_PERSON: "facts that name another person",
    }
)

_P, _R, _N, _C, _V, _T, _S = FieldClass
_CASE: Final = frozenset({_P, _R, _N, _C, _T})
_WORK: Final = frozenset({_P, _R, _N, _T, _S})
_FILE: Final = frozenset({_P, _N, _C, _T, _S})
_EVERYTHING: Final = frozenset(FieldClass)
_NOTHING: Final[frozenset[FieldClass]] = frozenset()

MAY_OPEN: Final[Mapping[str, frozenset[FieldClass]]] = MappingProxyType(
    {
        "practitioner": _EVERYTHING,
        "senior-practitioner": _EVERYTHING,
        "unit-manager": _EVERYTHING,
        "area-manager": _EVERYTHING,
        "aco": _EVERYTHING,
        "chief-officer": _EVERYTHING,
        "pso": _CASE | {_S},
        "trainee": _CASE | {_S},
        "risk-manager": _CASE | {_S},
        "case-reviewer": _CASE | {_S},
        "information-manager": _CASE,
        "data-protection-officer": _CASE,
        "information-officer": _FILE,
        "team-admin": _FILE,
        "court-officer": frozenset({_P, _R, _N}),
        "supervisor": _WORK,
        "placement-coordinator": _WORK,
        "operations-manager": _WORK,
        "head-of-unpaid-work": _WORK,
        "victim-liaison": frozenset({_P, _N, _V}),
        "training-unit": frozenset({_S}),
        "inspector": _NOTHING,
        "auditor": _NOTHING,
    }
)
"""By role: the classes of sealed values that are opened for it at all, on a page, in a search or in an export.  A role
that is not here reads no case.  Of victims a practitioner is shown those of the cases assigned to that practitioner
(`may_read`)."""

_OFFENDER_MANAGERS: Final = frozenset({"practitioner", "senior-practitioner", "unit-manager"})
_MANAGERS: Final = frozenset({"unit-manager", "area-manager", "aco", "chief-officer"})
_OF_INFORMATION: Final = frozenset({"information-manager", "data-protection-officer"})


@dataclass(frozen=True, slots=True)
class Purpose:
    """What an export is for: who may ask, which values it needs, and whether facts are withheld whole."""

    code: str
    meaning: str
    roles: frozenset[str]
    needs: frozenset[FieldClass]
    withholds: frozenset[EntryClass]
    source: str


_WITHHELD: Final = frozenset(EntryClass)
_WHOLE: Final[frozenset[EntryClass]] = frozenset()

PURPOSES: Final[Mapping[str, Purpose]] = MappingProxyType(
    {
        each.code: each
        for each in (
            Purpose(
                "court",
                "to the court, for the proceedings on the order",
                _OFFENDER_MANAGERS | {"court-officer"},
                frozenset({_P, _R, _N, _T}),
                _WHOLE,
                "CPOM s1 (breach); ledger-format.md, Bundle",
            ),
            Purpose(
                "supervision",
                "within probation: a transfer, or the file for another unit or area",
                _OFFENDER_MANAGERS | _MANAGERS,
                _EVERYTHING,
                _WHOLE,
                "ALL-22; DP-03; ledger-format.md, Bundle",
            ),
            Purpose(
                "management-review",
                "within probation: the management review of a serious case",
                frozenset({"case-reviewer", "aco", "chief-officer"}),
                _CASE | {_S},
                _WHOLE,
                "SCR-08; WMPA 8.4",
            ),
            Purpose(
                "subject-access",
                "to the person the case is about, or who acts for them",
                _OF_INFORMATION,
                frozenset({_P, _R}),
                _WITHHELD,
                "DP-02; DP-12; GEN-10",
            ),
            Purpose(
                "sharing",
                "to another agency on a basis that the file states",
                _OF_INFORMATION | {"practitioner", "senior-practitioner"},
                frozenset({_P, _R, _N}),
                _WITHHELD,
                "DP-07; DP-02",
            ),
            Purpose(
                "inspection",
                "to an inspectorate: states, dates and order; no personal value",
                frozenset({"inspector"}) | _MANAGERS,
                _NOTHING,
                _WITHHELD,
                "contract, Roles; DP-12",
            ),
            Purpose(
                "audit",
                "to an auditor: that the case is whole and unaltered; no personal value",
                frozenset({"auditor", "data-protection-officer"}),
                _NOTHING,
                _WITHHELD,
                "contract, Roles; GEN-07",
            ),
        )
    }
)

MAY_EXPORT: Final = frozenset[str]().union(*(each.roles for each in PURPOSES.values()))
"""The roles that may export a case for some purpose."""


OF_ASSIGNED: Final = frozenset({"practitioner"})
"""The roles that are shown values about victims in cases assigned to the reader alone (DP-03, *offender manager*)."""


def may_read(role: str, *, own: bool) -> frozenset[FieldClass]:
    """What is opened on a page for this role; `own`: the case is assigned to the reader."""
    opens = MAY_OPEN.get(role, _NOTHING)
    return opens if own or role not in OF_ASSIGNED else opens - {_V}


@dataclass(frozen=True, slots=True)
class Allowed:
    """What an export opens, and what it withholds whole."""

    opens: frozenset[FieldClass]
    withholds: frozenset[EntryClass]


def allowed(role: str, purpose: str) -> Allowed:
    """What an export in this role for this purpose may hold.  Raises Malformed for no such purpose, Forbidden."""
    found = PURPOSES.get(purpose)
    if found is None:
        told = f"purpose: one of {', '.join(PURPOSES)}."
        raise Malformed(told, {"purpose": "not a purpose an export has"})
    if role not in found.roles:
        raise Forbidden(f"An export for {purpose} is made by {', '.join(sorted(found.roles))}; not by {role}.")
    return Allowed(MAY_OPEN[role] & found.needs, found.withholds)
