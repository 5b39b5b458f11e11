"""How facts about the person, and about who works with them, move the case (rule book E).

Orders, sessions and absences move in `case`.  Facts of other streams stand in the chain of the case: concerns about a
child, registrations.  Proven by tests/aggregates/test_case.py and tests/aggregates/test_allocations.py.
"""

from __future__ import annotations

from typing import Any, Final

from ledger.aggregates.child_protection_matter.facts import ChildProtectionConcernRecorded
from ledger.aggregates.offender import facts
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.moves import moves
from ledger.aggregates.register_entry.facts import RegisterEntryClosed, RegisterEntryMade
from ledger.aggregates.shape import CLOSED, Closed, Recorded
from ledger.aggregates.subject import SubjectDataErased

_GENDERS: Final = {"F": "F", "FEMALE": "F", "M": "M", "MALE": "M", "OTHER": "OTHER"}


@moves(facts.OffenderRecorded)
def _(case: Case, recorded: Recorded[facts.OffenderRecorded]) -> None:
    case.person.gender = recorded.fact.gender


@moves(facts.OffenderDetailsCorrected)
def _(case: Case, recorded: Recorded[facts.OffenderDetailsCorrected]) -> None:
    """A gender put right here counts like one corrected in the record; a word that is none leaves it unknown."""
    fact = recorded.fact
    if isinstance(fact.field, Closed) or fact.field.strip().casefold() != "gender":
        return
    told = fact.new_value
    case.person.gender = told if isinstance(told, Closed) else _GENDERS.get(told.strip().upper(), CLOSED)


def _joins_merges(case: Case, recorded: Recorded[Any]) -> None:
    case.merges.append(recorded)


for _merging in (facts.PersonsMerged, facts.PersonsSeparated):
    moves(_merging)(_joins_merges)


@moves(facts.OffenceRecorded)
def _(case: Case, recorded: Recorded[facts.OffenceRecorded]) -> None:
    case.person.offences.append(recorded)


@moves(facts.DiversityNeedRecorded)
def _(case: Case, recorded: Recorded[facts.DiversityNeedRecorded]) -> None:
    case.person.needs.append(recorded)


@moves(facts.CommunicationNeedRecorded)
def _(case: Case, recorded: Recorded[facts.CommunicationNeedRecorded]) -> None:
    case.person.needs.append(recorded)


@moves(facts.TaskRestrictionSet)
def _(case: Case, recorded: Recorded[facts.TaskRestrictionSet]) -> None:
    case.person.restrictions.append(recorded)


@moves(ChildProtectionConcernRecorded)
def _(case: Case, recorded: Recorded[ChildProtectionConcernRecorded]) -> None:
    case.person.concerns.append(recorded)


def _joins_registrations(case: Case, recorded: Recorded[Any]) -> None:
    case.person.registrations.append(recorded)


for _kind in (RegisterEntryMade, RegisterEntryClosed):
    moves(_kind)(_joins_registrations)


@moves(SubjectDataErased)
def _(case: Case, recorded: Recorded[SubjectDataErased]) -> None:
    case.erasures.append(recorded)


# ------------------------------------------------------------------------------------------ who works with them


def _joins_staff(case: Case, recorded: Recorded[Any]) -> None:
    order = case.orders.get(recorded.fact.order_id)
    if order is not None:
        order.staff.append(recorded)


for _involving in (facts.PractitionerAssigned, facts.TraineeInvolved, facts.PsoInvolvementApproved):
    moves(_involving)(_joins_staff)


@moves(facts.RiskManagerConsulted)
def _(case: Case, recorded: Recorded[facts.RiskManagerConsulted]) -> None:
    order = case.orders.get(recorded.fact.order_id)
    if order is not None:
        order.consultations.append(recorded)
