"""Staff at work: supervision, observation, training, vehicles, boards (rule book J; catalogue 11).

Apart from case files, and outliving them: accountability rests on it.  A supervision is about the offenders whose cases
and files it looked at.  Proven by tests/aggregates/test_staff.py and oversight.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator

from ledger.aggregates.aggregate import Aggregate, Ruling, about_ids
from ledger.aggregates.corrections import RecordCorrected
from ledger.aggregates.shape import Fact, Now
from ledger.aggregates.staff.facts import (
    FACTS,
    DriverVerified,
    IdentityCardLost,
    StaffLeft,
    StaffStarted,
    SupervisionHeld,
    TrainingCompleted,
    VehicleUseLogged,
)
from ledger.aggregates.staff.member import Member
from ledger.errors import Refusal
from ledger.rules import general, oversight
from ledger.rules.quality import DRIVER_NOT_VERIFIED

__all__ = ["OPENS", "STAFF"]

# The sealed values the fold reads: in which role somebody works, and which course was completed.
OPENS = {
    StaffStarted.topic: ("role",),
    TrainingCompleted.topic: ("course",),
    RecordCorrected.topic: ("corrected_value",),
}


def _rule_on(member: Member, draft: Fact, now: Now, stream: str) -> Ruling:
    del now
    cases = [*draft.cases_discussed, *draft.file_reviewed] if isinstance(draft, SupervisionHeld) else []
    about = about_ids(draft, stream, *(f"offender-{each}" for each in cases))
    return Ruling(refusals=tuple(_refusals(member, draft)), about=about)


def _refusals(member: Member, draft: Fact) -> Iterator[Refusal]:
    if isinstance(draft, StaffStarted) and member.started is not None and member.left is None:
        yield Refusal("GEN-06", general.ALREADY.format(what="start"), rule_book=False)
    if isinstance(draft, StaffLeft) and (member.started is None or draft.on < member.started.fact.on):
        yield Refusal("GEN-06", oversight.NOT_STARTED, rule_book=False)
    if isinstance(draft, StaffLeft) and member.left is not None:
        yield Refusal("GEN-06", general.ALREADY.format(what="leaving"), rule_book=False)
    if isinstance(draft, IdentityCardLost) and draft.reported_on < draft.on:
        yield Refusal("MGT-12", oversight.REPORTED_BEFORE, rule_book=False)
    if isinstance(draft, VehicleUseLogged) and not any(
        each.fact.on <= draft.on for each in member.told(DriverVerified)
    ):
        yield Refusal("PLC-50", DRIVER_NOT_VERIFIED)


STAFF = Aggregate(noun="staff", collection="staff", facts=FACTS, fold=Member.fold, rule_on=_rule_on, opens=OPENS)
